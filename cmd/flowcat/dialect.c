/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/dialect.h"

#include "cmd/flowcat/dialect_rules.h"

const char *const dialect_names[DIALECTS] = {
	[DIALECT_NONE] = "auto",
	[DIALECT_CANONICAL] = "canonical",
	[DIALECT_IPFIX] = "ipfix",
	[DIALECT_NFDUMP] = "nfdump",
	[DIALECT_IPFIXCOL2] = "ipfixcol2",
	[DIALECT_IPFIXCOL1] = "ipfixcol1",
	[DIALECT_GOFLOW2] = "goflow2",
	[DIALECT_PMACCT] = "pmacct",
	[DIALECT_SURICATA] = "suricata",
	[DIALECT_ZEEK] = "zeek",
	[DIALECT_UNIREC] = "unirec",
	[DIALECT_ARGUS] = "argus",
};

/* pmacct before Suricata: both write event_type. */
const struct sign signs[] = {
	{ DIALECT_IPFIX, "export_version", NULL },
	{ DIALECT_CANONICAL, "date_first_seen", NULL },
	{ DIALECT_CANONICAL, "date_last_seen", NULL },
	{ DIALECT_CANONICAL, "window_end", NULL },
	{ DIALECT_CANONICAL, "src_ip_addr", NULL },
	{ DIALECT_PMACCT, "ip_src", NULL },
	{ DIALECT_PMACCT, "ip_dst", NULL },
	{ DIALECT_PMACCT, "event_type", "purge" },
	{ DIALECT_PMACCT, "writer_id", NULL },
	{ DIALECT_ZEEK, "id.orig_h", NULL },
	{ DIALECT_ZEEK, "id_orig_h", NULL },
	{ DIALECT_GOFLOW2, "time_flow_start_ns", NULL },
	{ DIALECT_GOFLOW2, "time_received_ns", NULL },
	{ DIALECT_GOFLOW2, "time_flow_start", NULL },
	{ DIALECT_GOFLOW2, "TimeFlowStart", NULL },
	{ DIALECT_NFDUMP, "src4_addr", NULL },
	{ DIALECT_NFDUMP, "src6_addr", NULL },
	{ DIALECT_NFDUMP, "in_packets", NULL },
	{ DIALECT_NFDUMP, "export_sysid", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.protocolIdentifier", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.octetDeltaCount", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.packetDeltaCount", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.sourceIPv4Address", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.sourceIPv6Address", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.destinationIPv4Address", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.destinationIPv6Address", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.flowStartMilliseconds", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.flowStartSeconds", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.flowEndMilliseconds", NULL },
	{ DIALECT_IPFIXCOL1, "ipfix.flowEndSeconds", NULL },
	{ DIALECT_IPFIXCOL1, "protocolIdentifier", NULL },
	{ DIALECT_IPFIXCOL1, "octetDeltaCount", NULL },
	{ DIALECT_IPFIXCOL1, "packetDeltaCount", NULL },
	{ DIALECT_IPFIXCOL1, "sourceIPv4Address", NULL },
	{ DIALECT_IPFIXCOL1, "sourceIPv6Address", NULL },
	{ DIALECT_IPFIXCOL1, "destinationIPv4Address", NULL },
	{ DIALECT_IPFIXCOL1, "destinationIPv6Address", NULL },
	{ DIALECT_IPFIXCOL1, "flowStartMilliseconds", NULL },
	{ DIALECT_IPFIXCOL1, "flowStartSeconds", NULL },
	{ DIALECT_IPFIXCOL1, "flowEndMilliseconds", NULL },
	{ DIALECT_IPFIXCOL1, "flowEndSeconds", NULL },
	{ DIALECT_IPFIXCOL2, "@type", NULL },
	{ DIALECT_UNIREC, "SRC_IP", NULL },
	{ DIALECT_UNIREC, "TIME_FIRST", NULL },
	{ DIALECT_SURICATA, "event_type", NULL },
	{ DIALECT_ARGUS, "stime", NULL },
	{ DIALECT_ARGUS, "saddr", NULL },
	{ 0 },
};

/*
 * conn.log, dns.log and ssl.log are about flows; http.log, files.log, weird.log
 * and many others name the addresses of one that conn.log has.
 */
const struct mark zeek_marks[] = {
	{ "_path", "conn", true },
	{ "_path", "dns", true },
	{ "_path", "ssl", true },
	{ "_path", "", false },
	{ "conn_state", "", true },
	{ "orig_pkts", "", true },
	{ "resp_pkts", "", true },
	{ "orig_ip_bytes", "", true },
	{ "resp_ip_bytes", "", true },
	{ "orig_bytes", "", true },
	{ "resp_bytes", "", true },
	{ "missed_bytes", "", true },
	{ "query", "", true },
	{ "qclass", "", true },
	{ "qclass_name", "", true },
	{ "trans_id", "", true },
	{ "answers", "", true },
	{ "qtype", "", true },
	{ "qtype_name", "", true },
	{ "rcode", "", true },
	{ "rcode_name", "", true },
	{ "rejected", "", true },
	{ "version", "TLS", true },
	{ "version", "SSL", true },
	{ "version", "DTLS", true },
	{ "curve", "", true },
	{ "established", "", true },
	{ "resumed", "", true },
	{ "ssl_history", "", true },
	{ "cert_chain_fps", "", true },
	{ "cert_chain_fuids", "", true },
	{ "note", "", false },     /* notice.log */
	{ "analyzer", "", false }, /* dpd.log, analyzer.log */
	{ "analyzer_name", "", false },
	{ "sig_id", "", false },     /* signatures.log */
	{ "facility", "", false },   /* syslog.log */
	{ "message_id", "", false }, /* ldap.log */
	{ "proto", "", true },       /* conn.log, the least of it */
	{ "ip_proto", "", true },
	{ 0 },
};

const struct rule *const dialect_rules[DIALECTS] = {
	[DIALECT_IPFIX] = rules_ipfix,
	[DIALECT_NFDUMP] = rules_nfdump,
	[DIALECT_IPFIXCOL2] = rules_ipfixcol2,
	[DIALECT_IPFIXCOL1] = rules_ipfixcol1,
	[DIALECT_GOFLOW2] = rules_goflow2,
	[DIALECT_PMACCT] = rules_pmacct,
	[DIALECT_SURICATA] = rules_suricata,
	[DIALECT_ZEEK] = rules_zeek,
	[DIALECT_UNIREC] = rules_unirec,
	[DIALECT_ARGUS] = rules_argus,
};
