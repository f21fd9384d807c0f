#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# The sixteen traps of other programs' JSON, a test each.

load common

# cat_of RECORD [OPTION..]: what flowcat makes of it.
cat_of() {
	printf '%s\n' "$1" | flowcat "${@:2}"
}

# field RECORD NAME [OPTION..]: the text of one member of the result.
field() {
	cat_of "$1" "${@:3}" |
		grep -o "\"$2\":\(\"[^\"]*\"\|[^,}]*\)" | cut -d: -f2-
}

nfdump='{"type":"FLOW","first":"2024-03-31T02:30:00.100","last":"2024-03-31T02:30:02.600","in_packets":7,"in_bytes":1234,"proto":6,"tcp_flags":"...AP.SF","src_port":40000,"dst_port":443,"src_tos":0,"src4_addr":"192.0.2.1","dst4_addr":"198.51.100.2"}'

@test "trap 1: nfdump times carry no zone" {
	same '"2024-03-31T02:30:00.100Z"' "$(field "$nfdump" date_first_seen)"
	same '"2024-03-30T17:30:00.100Z"' \
		"$(field "$nfdump" date_first_seen --tz Asia/Tokyo)"
	# The machine's zone does not matter.
	same '"2024-03-31T02:30:00.100Z"' \
		"$(TZ=Asia/Tokyo field "$nfdump" date_first_seen)"
	# An hour that Prague's clocks left out: it is read by the offset
	# before or behind the change, never an hour beside both.
	local at
	at=$(field "$nfdump" date_first_seen --tz Europe/Prague)
	[ "$at" = '"2024-03-31T01:30:00.100Z"' ] ||
		same '"2024-03-31T00:30:00.100Z"' "$at"
	# An hour that came twice: one of both.
	at=$(field "${nfdump//2024-03-31/2024-10-27}" date_first_seen \
		--tz Europe/Prague)
	[ "$at" = '"2024-10-27T00:30:00.100Z"' ] ||
		same '"2024-10-27T01:30:00.100Z"' "$at"
	# The length of the flow is right all the same.
	same 2.500 "$(field "$nfdump" duration --tz Europe/Prague)"
	run_err 2 cat_of "$nfdump" --tz Europe/Nowhere
	has 'there is no such time zone' "$stderr"
}

@test "trap 2: nfdump writes invalid JSON for TLS flows" {
	local tls="${nfdump%\}},\"in_tls\" : TLS1.2,\"sni\":\"www.example.org\"}"

	same 771 "$(field "$tls" tls_version)"
	same '"www.example.org"' "$(field "$tls" tls_sni)"
	same 772 "$(field "${tls/TLS1.2/TLS1.3}" tls_version)"
	same 771 "$(field "${tls/TLS1.2/\"TLS1.2\"}" tls_version)"
	# A version that nfdump does not know is bare too; the record stays.
	same 443 "$(field "${tls/TLS1.2/0x7f1c}" dst_port)"
	# A name with a space, and one that occurs twice.
	same '"0f0e"' "$(field "${nfdump%\}},\"ja3 hash\":\"0f0e\"}" tls_ja3)"
	same 443 "$(field "${nfdump%\}},\"inServiceID\":1,\"inServiceID\":2}" \
		dst_port)"
	# Records of events and options have no addresses: they are no flows.
	run_err 0 cat_of '{"type":"EVENT","export_sysid":1,"first":"2024-05-01T10:00:00.100","last":"2024-05-01T10:00:00.100","proto":0}'
	same ''
	has '1 records are no flows' "$stderr"
}

@test "trap 2: an unescaped quote in a name spoils its record only" {
	local bad="${nfdump%\}},\"ident\":\"a\"b\\c\"}"

	run_err 1 cat_of "$nfdump
$bad
$nfdump"
	same 2 "$(wc -l <<<"$output")"
	has 'flowcat: -:2: ' "$stderr"
}

@test "trap 3: offsets with and without a colon, and fractions of any length" {
	local eve='{"timestamp":"2024-05-01T10:01:05.000000+0200","event_type":"flow","src_ip":"192.0.2.1","dest_ip":"198.51.100.2","proto":"TCP","flow":{"pkts_toserver":7,"bytes_toserver":1332,"start":"2024-05-01T10:00:00.100000+0200","end":"2024-05-01T10:00:02.600000+02:00"}}'

	same '"2024-05-01T08:00:00.100Z"' "$(field "$eve" date_first_seen)"
	same '"2024-05-01T08:00:02.600Z"' "$(field "$eve" date_last_seen)"
	same 2.500 "$(field "$eve" duration)"
	local end
	for end in 2024-05-01T08:00:02.6Z 2024-05-01T08:00:02.600000001Z \
		2024-05-01T02:30:02.6009-0530; do
		same '"2024-05-01T08:00:02.600Z"' "$(field "${eve/2024-05-01T10:00:02.600000+02:00/$end}" \
			date_last_seen)"
	done
}

@test "trap 4: numbers beyond 2^53 stay exact" {
	local go='{"time_flow_start_ns":1681583295157626123,"time_flow_end_ns":1681583295157626123,"src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"TCP","packets":9007199254740993,"bytes":18446744073709551615}'
	local own='{"date_first_seen":"2024-05-01T08:00:00.1Z","bytes":18446744073709551615,"duration":0.000,"n":1681583295157626123,"x":1.10}'

	same 18446744073709551615 "$(field "$go" bytes)"
	same 9007199254740993 "$(field "$go" packets)"
	same '"2023-04-15T18:28:15.157Z"' "$(field "$go" date_first_seen)"
	same "$own" "$(cat_of "$own")"
	run_ok flowfilter --set n=n+1 'n = 1681583295157626123' <<<"$own"
	same "${own/626123/626124}"
	run_ok flowfilter 'n = 1681583295157626124' <<<"$own"
	same ''
}

@test "trap 5: ICMP type and code hide in ports" {
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.orig_p":8,"id.resp_h":"198.51.100.2","id.resp_p":0,"proto":"icmp","orig_pkts":1,"orig_ip_bytes":84}'
	local unirec='{"SRC_IP":"192.0.2.1","DST_IP":"198.51.100.2","TIME_FIRST":1714550400.1,"SRC_PORT":0,"DST_PORT":2048,"PROTOCOL":1,"PACKETS":1,"BYTES":84}'
	local pmacct='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","port_src":0,"port_dst":769,"ip_proto":"icmp","packets":1,"bytes":84}'
	local r

	for r in "$zeek" "$unirec"; do
		same 8 "$(field "$r" icmp_type)"
		same '' "$(field "$r" src_port)"
		same '' "$(field "$r" dst_port)"
	done
	# Zeek has the reply's type there, which is no code.
	same '' "$(field "$zeek" icmp_code)"
	same 0 "$(field "$unirec" icmp_code)"
	same 3/1 "$(field "$pmacct" icmp_type)/$(field "$pmacct" icmp_code)"
	# Of others it is the code.
	zeek=${zeek/\"id.orig_p\":8/\"id.orig_p\":3}
	zeek=${zeek/\"id.resp_p\":0/\"id.resp_p\":13}
	same 3/13 "$(field "$zeek" icmp_type)/$(field "$zeek" icmp_code)"
	# ipfixcol2: one element holds both.
	same 134 "$(field '{"@type":"ipfix.entry","iana:icmpTypeCodeIPv6":34304,"iana:protocolIdentifier":"IPv6-ICMP","iana:packetDeltaCount":1,"iana:sourceIPv6Address":"fe80::1"}' icmp_type)"
	# nfdump says type and code, and no ports.
	same 0 "$(field '{"first":"2024-05-01T10:00:00.100","last":"2024-05-01T10:00:00.100","in_packets":1,"proto":1,"icmp_type":0,"icmp_code":0,"src4_addr":"192.0.2.1"}' icmp_type)"
}

@test "trap 6: of several counters of bytes, that of the IP packets" {
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"198.51.100.2","id.resp_p":443,"proto":"tcp","orig_bytes":900,"resp_bytes":4000,"orig_pkts":7,"orig_ip_bytes":1234,"resp_pkts":5,"resp_ip_bytes":4321}'

	same 1234 "$(field "$zeek" bytes)"
	same 4321 "$(field "$zeek" bytes_rev)"
	zeek=${zeek/\"orig_ip_bytes\":1234,/}
	same 900 "$(field "$zeek" bytes)"
}

@test "trap 7: an IPFIX element that occurs twice is an array, an empty one null" {
	local r='{"@type":"ipfix.entry","iana:octetDeltaCount":1234,"iana:packetDeltaCount":7,"iana:ingressInterface":[3,4],"iana:vlanId":null,"iana:flowStartMilliseconds":"2024-05-01T08:00:00.100Z","iana:flowEndMilliseconds":"2024-05-01T08:00:02.600Z","iana:sourceIPv4Address":"192.0.2.1","iana:destinationIPv4Address":"198.51.100.2","iana:protocolIdentifier":"TCP"}'

	same 1234 "$(field "$r" bytes)"
	same 3 "$(field "$r" in_if)"
	same '' "$(field "$r" src_vlan)"
	has '"bytes":1234' "$(cat_of "$r" --keep)"
}

@test "trap 8: an unknown end is the start, and no flow ends before its start" {
	local r='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","ip_proto":"tcp","timestamp_start":"2024-05-01 08:00:00.100000","timestamp_end":"END","packets":7,"bytes":1234}'
	local end

	for end in '0000-00-00 00:00:00.000000' 0.000000 0; do
		same '"2024-05-01T08:00:00.100Z"' \
			"$(field "${r/END/$end}" date_last_seen)"
		same 0.000 "$(field "${r/END/$end}" duration)"
	done
	same 0.000 "$(field "${r/\"END\"/0}" duration)"
	same 0.000 "$(field "${r/\"timestamp_end\":\"END\",/}" duration)"
	# An exporter's clock that was set back.
	run_err 0 cat_of "${r/END/2024-05-01 07:59:59.000000}"
	has '"date_last_seen":"2024-05-01T08:00:00.100Z"'
	has '"duration":0.000'
	has '1 flows ended before their start' "$stderr"
	# Text that is no time is neither 0 nor absent.
	run_err 1 cat_of "${r/END/never}"
	has 'timestamp_end: ' "$stderr"
}

@test "trap 9: TCP flags in every form" {
	local form forms=(
		'"tcp_flags":".AP.SF"' '"tcp_flags":"...AP.SF"'
		'"tcp_flags":27' '"tcp_flags":"27"' '"tcp_flags":"0x1b"'
		'"tcp_flags":["FIN","SYN","PSH","ACK"]'
		'"tcp_flags":[ "ACK", "PSH", "SYN", "FIN" ]'
	)
	local r='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","ip_proto":"tcp",FLAGS,"packets":7}'

	for form in "${forms[@]}"; do
		same '".AP.SF"' "$(field "${r/FLAGS/$form}" flags)"
	done
	same '"CE....S."' "$(field "${r/FLAGS/\"tcp_flags\":\"194\"}" flags)"
	same '"......"' "$(field "${r/FLAGS/\"tcp_flags\":[]}" flags)"
	# Suricata: hexadecimal without a mark; the client's are the flow's.
	local eve='{"event_type":"flow","src_ip":"192.0.2.1","dest_ip":"198.51.100.2","proto":"TCP","flow":{"pkts_toserver":7},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1a","tcp_flags_tc":"12","syn":true,"ack":true}}'
	same '".AP.S."' "$(field "$eve" flags)"
	same '".A..S."' "$(field "$eve" flags_rev)"
	# Zeek: letters of what happened, upper case from the originator.
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.resp_h":"198.51.100.2","proto":"tcp","history":"ShADadFfR","orig_pkts":7}'
	same '".APRSF"' "$(field "$zeek" flags)"
	same '".AP.SF"' "$(field "$zeek" flags_rev)"
}

@test "trap 10: envelopes of kcat and of log shippers" {
	local r='{"src_ip_addr":"192.0.2.1","bytes":18446744073709551615,"x":"a\"b"}'
	local q=${r//\\/\\\\}
	q=${q//\"/\\\"}

	same "$r" "$(cat_of "{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"tstype\":\"create\",\"ts\":1,\"broker\":0,\"key\":null,\"payload\":\"$q\"}")"
	same "$r" "$(cat_of "{\"topic\":\"t\",\"payload\":$r}")"
	same "$r" "$(cat_of "{\"@timestamp\":\"x\",\"message\":\"$q\\n\"}" \
		--unwrap message)"
	same "$r" "$(cat_of "{\"log\":{\"flow\":$r}}" --unwrap log.flow)"
	# Dialects are recognised inside, of every record of one shape.
	local e="{\"m\":$nfdump}"
	same 3 "$(field "$e
$e
$e" bytes --unwrap m | grep -cx 1234)"
	q=${nfdump//\"/\\\"}
	e="{\"topic\":\"t\",\"offset\":1,\"payload\":\"$q\"}"
	same 3 "$(field "$e
$e
$e" bytes | grep -cx 1234)"
	same 1234 "$(field "{\"m\":$nfdump}" bytes --unwrap m)"
	run_err 1 cat_of '{"topic":"t","payload":"no json"}'
	has 'flowcat: -:1: not a JSON object' "$stderr"
	run_err 1 cat_of '{"topic":"t","payload":""}'
	has 'flowcat: -:1: ' "$stderr"
}

@test "trap 11: event_type is pmacct's and Suricata's" {
	local pm='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","packets":1,"bytes":40}'
	local eve='{"event_type":"flow","src_ip":"192.0.2.3","dest_ip":"198.51.100.2","flow":{"pkts_toserver":2,"bytes_toserver":80}}'

	same '"192.0.2.1"' "$(field "$pm" src_ip_addr)"
	same '"192.0.2.3"' "$(field "$eve" src_ip_addr)"
	# Record by record: streams may be mixed.
	same '40 80 40 ' "$(field "$pm
$eve
$pm" bytes | tr '\n' ' ')"
	# Suricata's alerts and statistics are no flows.
	run_err 0 cat_of '{"event_type":"stats","timestamp":"2024-05-01T10:01:05.000000+0200","stats":{"uptime":1}}'
	same ''
	has '1 records are no flows' "$stderr"
}

@test "trap 12: pmacct writes null for what it does not count" {
	local r='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","packets":7,"flows":null,"bytes":1234}'

	same '' "$(field "$r" flows)"
	same 1234 "$(field "$r" bytes)"
	same 3 "$(field "${r/null/3}" flows)"
}

@test "trap 13: goflow2 writes records that are not IP" {
	run_ok cat_of '{"type":"SFLOW_5","time_received_ns":1714550403000000000,"etype":"ARP","src_addr":"","dst_addr":"","src_mac":"02:00:00:00:00:01","proto":"","bytes":64,"packets":1}'
	[[ $output != *ip_addr* && $output != *protocol* ]]
	run_ok cat_of '{"type":"SFLOW_5","time_received_ns":1714550403000000000,"time_flow_start_ns":0,"etype":"IPv4","src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"UDP","src_port":1,"dst_port":2,"tcp_flags":0,"icmp_type":0,"icmp_code":0,"next_hop":"","src_as":0,"src_mac":"00:00:00:00:00:00","bytes":64,"packets":1,"sampling_rate":0}'
	same '{"date_first_seen":"2024-05-01T08:00:03.000Z","date_last_seen":"2024-05-01T08:00:03.000Z","duration":0.000,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":1,"dst_port":2,"protocol":17,"packets":1,"bytes":64}'
}

@test "trap 14: Zeek's times and names depend on the site" {
	local r='{"ts":1714550400.1,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"198.51.100.2","id.resp_p":443,"proto":"tcp","duration":2.5,"orig_pkts":7,"orig_ip_bytes":1234}'
	local want ts name
	want=$(cat_of "$r")

	has '"date_first_seen":"2024-05-01T08:00:00.100Z","date_last_seen":"2024-05-01T08:00:02.600Z","duration":2.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":40000,"dst_port":443' "$want"
	for ts in '"2024-05-01T08:00:00.100000Z"' 1714550400100 \
		1714550400.100000; do
		same "$want" "$(cat_of "${r/1714550400.1/$ts}")"
	done
	same "$want" "$(cat_of "${r//id./id_}")"
	name='"id":{"orig_h":"192.0.2.1","orig_p":40000,"resp_h":"198.51.100.2","resp_p":443},"proto"'
	r=${r/'"id.orig_h"'*'"proto"'/"$name"}
	same "$want" "$(cat_of "$r")"
}

@test "trap 15: an array over many lines, also one that ends too early" {
	local pretty="[
{
	\"type\" : \"FLOW\",
	\"first\" : \"2024-05-01T10:00:00.100\",
	\"last\" : \"2024-05-01T10:00:02.600\",
	\"in_packets\" : 7,
	\"label\" : \"a } ] , { b\",
	\"src4_addr\" : \"192.0.2.1\"
}
,
$nfdump
]"

	run_ok cat_of "$pretty"
	same 2 "$(wc -l <<<"$output")"
	# Without its brackets, as nfdump -q has it.
	run_ok cat_of "$(sed '1d;$d' <<<"$pretty")"
	same 2 "$(wc -l <<<"$output")"
	# Cut within the second record.
	run_err 1 cat_of "${pretty:0:300}"
	same 1 "$(wc -l <<<"$output")"
	has 'flowcat: -:2: ' "$stderr"
	# Of nothing, and with a text in it, as when no flow matched.
	run_ok cat_of '[ ]'
	same ''
	run_err 1 cat_of "[
No matching flows
]"
	same ''
}

@test "trap 16: sampled counters stay raw, beside their rate" {
	local r='{"time_flow_start_ns":1714550400100000000,"sampling_rate":100,"src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"TCP","packets":7,"bytes":1234}'

	same 7/1234 "$(field "$r" packets)/$(field "$r" bytes)"
	same 100 "$(field "$r" sampling_rate)"
	run_ok flowfilter --fields b --set 'b=bytes*coalesce(sampling_rate,1)' \
		any <<<"$(cat_of "$r")"
	same '{"b":123400}'
	# 0 and 1 say nothing.
	same '' "$(field "${r/100,/0,}" sampling_rate)"
	same 1000 "$(field '{"@type":"ipfix.entry","iana:samplingInterval":1000,"iana:packetDeltaCount":1,"iana:sourceIPv4Address":"192.0.2.1"}' sampling_rate)"
}
