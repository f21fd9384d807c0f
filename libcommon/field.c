/* SPDX-License-Identifier: MIT */
#include "libcommon/field.h"

#include <stddef.h>

#include "libcommon/xalloc.h"

#define INT FIELD_INT, 0
#define STR FIELD_STR, 0
#define ADDRESS FIELD_IP, 0
#define TIME FIELD_TIME, 0
#define NAMED(set) FIELD_NAMED, set

const struct field fields[] = {
	{ "date_first_seen", "ts", TIME, "Date first seen",
	    "start of the flow" },
	{ "date_last_seen", "te", TIME, "Date last seen", "end of the flow" },
	{ "duration", "td", FIELD_REAL, 0, "Duration", "seconds" },
	{ "src_ip_addr", "sa", ADDRESS, "Src IP Addr", "source address" },
	{ "dst_ip_addr", "da", ADDRESS, "Dst IP Addr", "destination address" },
	{ "src_port", "sp", INT, "Src Port", "source port" },
	{ "dst_port", "dp", INT, "Dst Port", "destination port" },
	{ "protocol", "pr", NAMED(NAMES_PROTOCOL), "Proto", "IP protocol" },
	{ "flags", "flg", FIELD_FLAGS, 0, "Flags", "TCP flags seen" },
	{ "tos", NULL, INT, "Tos", "type of service" },
	{ "packets", "pkt", INT, "Packets", "packets" },
	{ "bytes", "byt", INT, "Bytes", "bytes of the IP packets" },
	{ "flows", "fl", INT, "Flows", "flows aggregated, 1 if absent" },
	{ "packets_rev", "opkt", INT, "Out Pkt", "packets, reverse direction" },
	{ "bytes_rev", "obyt", INT, "Out Byte", "bytes, reverse direction" },
	{ "flags_rev", NULL, FIELD_FLAGS, 0, "Flags rev",
	    "TCP flags, reverse" },
	{ "tos_rev", NULL, INT, "Tos rev", "type of service, reverse" },
	{ "date_first_seen_rev", NULL, TIME, "First rev", "start, reverse" },
	{ "date_last_seen_rev", NULL, TIME, "Last rev", "end, reverse" },
	{ "flows_rev", NULL, INT, "Flows rev", "flows, reverse" },
	{ "icmp_type", NULL, INT, "ICMP type", "ICMP type" },
	{ "icmp_code", NULL, INT, "ICMP code", "ICMP code" },
	{ "ip_version", NULL, INT, "IP", "4 or 6" },
	{ "ip_ttl_min", NULL, INT, "TTL min", "least time to live" },
	{ "ip_ttl_max", NULL, INT, "TTL max", "greatest time to live" },
	{ "end_reason", NULL, NAMED(NAMES_END_REASON), "End",
	    "why the flow ended (IPFIX flowEndReason)" },
	{ "date_received", "tr", TIME, "Received",
	    "when the collector got it" },
	{ "src_as", "sas", INT, "Src AS", "source AS number" },
	{ "dst_as", "das", INT, "Dst AS", "destination AS number" },
	{ "prev_as", NULL, INT, "Prev AS", "previous adjacent AS" },
	{ "next_as", NULL, INT, "Next AS", "next adjacent AS" },
	{ "src_as_name", NULL, STR, "Src AS name", "source AS name" },
	{ "dst_as_name", NULL, STR, "Dst AS name", "destination AS name" },
	{ "src_country", "sc", STR, "Src", "source country, ISO 3166" },
	{ "dst_country", "dc", STR, "Dst", "destination country" },
	{ "src_continent", NULL, STR, "Src cont", "source continent" },
	{ "dst_continent", NULL, STR, "Dst cont", "destination continent" },
	{ "src_city", NULL, STR, "Src city", "source city" },
	{ "dst_city", NULL, STR, "Dst city", "destination city" },
	{ "src_subdivision", NULL, STR, "Src sub",
	    "source region, ISO 3166-2" },
	{ "dst_subdivision", NULL, STR, "Dst sub", "destination region" },
	{ "src_latitude", NULL, FIELD_REAL, 0, "Src lat", "source latitude" },
	{ "dst_latitude", NULL, FIELD_REAL, 0, "Dst lat",
	    "destination latitude" },
	{ "src_longitude", NULL, FIELD_REAL, 0, "Src lon", "source longitude" },
	{ "dst_longitude", NULL, FIELD_REAL, 0, "Dst lon",
	    "destination longitude" },
	{ "src_net", NULL, STR, "Src net", "source prefix" },
	{ "dst_net", NULL, STR, "Dst net", "destination prefix" },
	{ "src_mask", "smk", INT, "Src mask", "source prefix length" },
	{ "dst_mask", "dmk", INT, "Dst mask", "destination prefix length" },
	{ "next_hop_ip_addr", "nh", ADDRESS, "Next hop", "next hop" },
	{ "bgp_next_hop_ip_addr", "nhb", ADDRESS, "BGP next hop",
	    "BGP next hop" },
	{ "exporter_ip_addr", "ra", ADDRESS, "Exporter", "exporter address" },
	{ "exporter_id", NULL, INT, "Exp ID", "exporter number" },
	{ "observation_domain_id", NULL, INT, "Domain", "observation domain" },
	{ "in_if", "in", INT, "In if", "ingress interface" },
	{ "out_if", "out", INT, "Out if", "egress interface" },
	{ "direction", NULL, STR, "Direction",
	    "ingress or egress; in, out, local or transit" },
	{ "src_mac_addr", "smac", STR, "Src MAC", "source MAC address" },
	{ "dst_mac_addr", "dmac", STR, "Dst MAC", "destination MAC address" },
	{ "src_vlan", "svln", INT, "Src VLAN", "source VLAN" },
	{ "dst_vlan", "dvln", INT, "Dst VLAN", "destination VLAN" },
	{ "sampling_rate", NULL, INT, "Sampling", "N of 1:N" },
	{ "sampling", NULL, STR, "Unsampled",
	    "how packets and bytes were scaled up" },
	{ "service", NULL, STR, "Service", "application protocol" },
	{ "flow_id", NULL, STR, "Flow ID", "identifier of the exporter" },
	{ "community_id", NULL, STR, "Community ID", "Community ID" },
	{ "host", NULL, ADDRESS, "Host", "the endpoint it is about" },
	{ "peer", NULL, ADDRESS, "Peer", "the other end" },
	{ "dir", NULL, STR, "Dir", "in or out, as the host sees it" },
	{ "packets_in", NULL, INT, "Packets in", "packets to the host" },
	{ "packets_out", NULL, INT, "Packets out", "packets from the host" },
	{ "bytes_in", NULL, INT, "Bytes in", "bytes to the host" },
	{ "bytes_out", NULL, INT, "Bytes out", "bytes from the host" },
	{ "dns_id", NULL, INT, "ID", "DNS transaction" },
	{ "dns_qr", NULL, INT, "QR", "0 query, 1 response" },
	{ "dns_opcode", NULL, INT, "Opcode", "DNS opcode" },
	{ "dns_flags", NULL, INT, "DNS flags", "second word of the header" },
	{ "dns_qname", NULL, STR, "QName", "name asked for" },
	{ "dns_qtype", NULL, NAMED(NAMES_DNS_TYPE), "QType", "type asked for" },
	{ "dns_qclass", NULL, NAMED(NAMES_DNS_CLASS), "QClass",
	    "class asked for" },
	{ "dns_rcode", NULL, NAMED(NAMES_DNS_RCODE), "RCode", "response code" },
	{ "dns_answers", NULL, INT, "Answers", "number of answers" },
	{ "dns_rname", NULL, STR, "RName", "name of the first answer" },
	{ "dns_rtype", NULL, NAMED(NAMES_DNS_TYPE), "RType",
	    "type of the first answer" },
	{ "dns_ttl", NULL, INT, "TTL", "time to live of the first answer" },
	{ "dns_rdata", NULL, STR, "RData", "data of the first answer" },
	{ "dns_rdata_all", NULL, FIELD_ANY, 0, "RData", "data, all answers" },
	{ "dns_rtype_all", NULL, FIELD_ANY, 0, "RTypes", "types, all answers" },
	{ "dns_ttl_all", NULL, FIELD_ANY, 0, "TTLs", "TTLs of all answers" },
	{ "dns_rtt", NULL, FIELD_REAL, 0, "RTT", "seconds to the response" },
	{ "tls_sni", NULL, STR, "SNI", "TLS server name" },
	{ "tls_version", NULL, NAMED(NAMES_TLS_VERSION), "TLS", "TLS version" },
	{ "tls_alpn", NULL, STR, "ALPN", "application protocol" },
	{ "tls_cipher", NULL, STR, "Cipher", "cipher suite" },
	{ "tls_client_ciphers", NULL, STR, "Offered ciphers",
	    "cipher suites that the client offers" },
	{ "tls_ja3", NULL, STR, "JA3", "JA3 of the client" },
	{ "tls_ja3s", NULL, STR, "JA3S", "JA3 of the server" },
	{ "tls_ja4", NULL, STR, "JA4", "JA4 of the client" },
	{ "tls_ja4s", NULL, STR, "JA4S", "JA4 of the server" },
	{ "tls_subject", NULL, STR, "Subject", "certificate's subject" },
	{ "tls_issuer", NULL, STR, "Issuer", "certificate's issuer" },
	{ "quic_sni", NULL, STR, "SNI", "QUIC server name" },
	{ "quic_version", NULL, INT, "QUIC", "QUIC version" },
	{ "quic_user_agent", NULL, STR, "User agent", "QUIC user agent" },
	{ "http_host", NULL, STR, "Host", "HTTP host" },
	{ "http_method", NULL, STR, "Method", "HTTP method" },
	{ "http_url", NULL, STR, "URL", "HTTP URL" },
	{ "http_status", NULL, INT, "Status", "HTTP status" },
	{ "http_user_agent", NULL, STR, "User agent", "HTTP user agent" },
	{ "http_referer", NULL, STR, "Referer", "HTTP referer" },
	{ "http_content_type", NULL, STR, "Content type", "HTTP content type" },
	{ "window_start", NULL, TIME, "Window start", "of a result row" },
	{ "window_end", NULL, TIME, "Window end", "of a result row" },
	{ 0 },
};

/* What nfdump calls them in -s and -A. */
static const struct {
	const char *name, *field;
} nfdump_names[] = {
	{ "srcip", "src_ip_addr" },
	{ "dstip", "dst_ip_addr" },
	{ "srcport", "src_port" },
	{ "dstport", "dst_port" },
	{ "proto", "protocol" },
	{ "srcas", "src_as" },
	{ "dstas", "dst_as" },
	{ "srcgeo", "src_country" },
	{ "dstgeo", "dst_country" },
	{ "srcmask", "src_mask" },
	{ "dstmask", "dst_mask" },
	{ "srcvlan", "src_vlan" },
	{ "dstvlan", "dst_vlan" },
	{ "inif", "in_if" },
	{ "outif", "out_if" },
	{ "nhip", "next_hop_ip_addr" },
	{ "nhbip", "bgp_next_hop_ip_addr" },
	{ "router", "exporter_ip_addr" },
};

const struct field *
field_named(struct slice name)
{
	for (const struct field *f = fields; f->name; f++)
		if (slice_is(name, f->name))
			return f;
	return NULL;
}

const struct field *
field_find(struct slice name)
{
	const struct field *f;

	for (f = fields; f->name; f++)
		if (slice_is(name, f->name) ||
		    (f->alias && slice_is(name, f->alias)))
			return f;
	for (size_t i = 0; i < sizeof nfdump_names / sizeof *nfdump_names; i++)
		if (slice_is(name, nfdump_names[i].name))
			return field_find(slice_str(nfdump_names[i].field));
	return NULL;
}

const char *
field_option(const char *text)
{
	const struct field *f = field_find(slice_str(text));
	size_t n = strlen(text);

	if (*text == '.' && n > 3 && text[1] == '"' && text[n - 1] == '"')
		return xstrndup(text + 2, n - 3);
	if (*text == '.' && n > 1)
		return text + 1;
	return f ? f->name : text;
}

bool
field_is_end(const struct field *f)
{
	return strcmp(f->name, "src_ip_addr") == 0 ||
	       strcmp(f->name, "dst_ip_addr") == 0;
}

bool
field_is_endpoint(const struct field *f)
{
	return strcmp(f->name, "host") == 0 || strcmp(f->name, "peer") == 0;
}

bool
field_is_host(const struct field *f)
{
	static const char *const names[] = { "dns_qname", "dns_rname",
		"tls_sni", "quic_sni", "http_host", "src_mac_addr",
		"dst_mac_addr" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(f->name, names[i]) == 0)
			return true;
	return false;
}

int
field_index(const struct field *f)
{
	return (int)(f - fields);
}

bool
field_is_part(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '_' && field_find(slice_of(name.p, i)))
			return true;
	return false;
}

void
field_near(struct near *near)
{
	for (const struct field *f = fields; f->name; f++)
		near_look(near, f->name);
}
