/* SPDX-License-Identifier: MIT */
/*
 * Flowmon's elements of DNS as libfixbuf writes them, through flowcat: an
 * encoder that is not ours.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowcat/registry.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { TEMPLATE = 256, EXPORT_TIME = 1700000000 };

/* In memory as the template below has it: no gaps between members. */
struct answer {
	uint64_t first, last, packets, bytes;
	uint32_t src, dst, ttl;
	uint16_t src_port, dst_port;
	uint16_t id, flags, answers, qtype, qclass, rtype;
	uint8_t protocol, padding[3];
	fbVarfield_t qname, rname, rdata;
};

static fbInfoElementSpec_t elements[] = {
	{ (char *)"flowStartMilliseconds", 8, 0 },
	{ (char *)"flowEndMilliseconds", 8, 0 },
	{ (char *)"packetDeltaCount", 8, 0 },
	{ (char *)"octetDeltaCount", 8, 0 },
	{ (char *)"sourceIPv4Address", 4, 0 },
	{ (char *)"destinationIPv4Address", 4, 0 },
	{ (char *)"flowmon_dnsCrrTtl", 4, 0 },
	{ (char *)"sourceTransportPort", 2, 0 },
	{ (char *)"destinationTransportPort", 2, 0 },
	{ (char *)"flowmon_dnsId", 2, 0 },
	{ (char *)"flowmon_dnsFlagsCodes", 2, 0 },
	{ (char *)"flowmon_dnsAnswrecCount", 2, 0 },
	{ (char *)"flowmon_dnsQtype", 2, 0 },
	{ (char *)"flowmon_dnsQclass", 2, 0 },
	{ (char *)"flowmon_dnsCrrType", 2, 0 },
	{ (char *)"protocolIdentifier", 1, 0 },
	{ (char *)"paddingOctets", 3, 0 },
	{ (char *)"flowmon_dnsQname", FB_IE_VARLEN, 0 },
	{ (char *)"flowmon_dnsCrrName", FB_IE_VARLEN, 0 },
	{ (char *)"flowmon_dnsCrrRdata", FB_IE_VARLEN, 0 },
	FB_IESPEC_NULL,
};

static fbVarfield_t
field(const char *p, size_t n)
{
	return (fbVarfield_t){ .buf = (uint8_t *)(uintptr_t)p, .len = n };
}

static const char *
write_messages(const char *path)
{
	struct answer a = { .first = EXPORT_TIME * 1000ull,
		.last = EXPORT_TIME * 1000ull + 25,
		.packets = 1,
		.bytes = 120,
		.src = 0xc6336435,
		.dst = 0xc0000202,
		.ttl = 300,
		.src_port = 53,
		.dst_port = 50000,
		.id = 4711,
		.flags = 0x8180,
		.answers = 1,
		.qtype = 28,
		.qclass = 1,
		.rtype = 28,
		.protocol = 17,
		.qname = field("www.example.org", 15),
		.rname = field("www.example.org", 15),
		.rdata =
		    field("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) };
	FILE *f = fopen(path, "wb");
	fbSession_t *session = fbSessionAlloc(registry_model());
	fbTemplate_t *template = fbTemplateAlloc(registry_model());
	GError *e = NULL;
	fBuf_t *buf;
	bool good;

	fbSessionSetDomain(session, 7);
	good = f && fbTemplateAppendSpecArray(template, elements, 0, &e) &&
	       fbSessionAddTemplate(session, TRUE, TEMPLATE, template, &e) &&
	       fbSessionAddTemplate(session, FALSE, TEMPLATE, template, &e);
	buf = fBufAllocForExport(session, fbExporterAllocFP(f));
	fBufSetExportTime(buf, EXPORT_TIME);
	good = good && fbSessionExportTemplates(session, &e) &&
	       fBufSetInternalTemplate(buf, TEMPLATE, &e) &&
	       fBufSetExportTemplate(buf, TEMPLATE, &e) &&
	       fBufAppend(buf, (uint8_t *)&a, sizeof a, &e) &&
	       fBufEmit(buf, &e);
	if (f)
		fclose(f);
	return good ? NULL : e ? e->message : path;
}

int
main(void)
{
	static const char wanted[] =
	    "{\"date_first_seen\":\"2023-11-14T22:13:20.000Z\",\"date_last_seen"
	    "\":\"2023-11-14T22:13:20.025Z\",\"duration\":0.025,\"src_ip_addr\":"
	    "\"198.51.100.53\",\"dst_ip_addr\":\"192.0.2.2\",\"src_port\":53,"
	    "\"dst_port\":50000,\"protocol\":17,\"packets\":1,\"bytes\":120,"
	    "\"dns_id\":4711,\"dns_qr\":1,\"dns_opcode\":0,\"dns_flags\":33152,"
	    "\"dns_qname\":\"www.example.org\",\"dns_qtype\":28,\"dns_qclass\":"
	    "1,\"dns_rcode\":0,\"dns_answers\":1,\"dns_rname\":\"www.example."
	    "org\",\"dns_rtype\":28,\"dns_ttl\":300,\"dns_rdata\":\"2001:db8::1"
	    "\"}\n";
	char *path = sample_name("flowmon.ipfix"), command[400], got[2000];
	const char *err = write_messages(path);
	FILE *f;

	OK(!err);
	if (err)
		printf("# %s\n", err);
	snprintf(command, sizeof command, "flowcat '%s'", path);
	f = popen(command, "r");
	got[f ? fread(got, 1, sizeof got - 1, f) : 0] = '\0';
	OK(f && pclose(f) == 0);
	OK(strcmp(got, wanted) == 0);
	if (strcmp(got, wanted) != 0)
		printf("# %s", got);
	return DONE();
}
