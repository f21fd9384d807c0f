#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
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
	is "$(field "$nfdump" date_first_seen)" '"2024-03-31T02:30:00.100Z"'
	is "$(field "$nfdump" date_first_seen --tz Asia/Tokyo)" \
		'"2024-03-30T17:30:00.100Z"'
	# The machine's zone does not matter.
	is "$(TZ=Asia/Tokyo field "$nfdump" date_first_seen)" \
		'"2024-03-31T02:30:00.100Z"'
	# An hour that Prague's clocks left out: it is read by the offset
	# before or behind the change, never an hour beside both.
	local at
	at=$(field "$nfdump" date_first_seen --tz Europe/Prague)
	[ "$at" = '"2024-03-31T01:30:00.100Z"' ] ||
		is "$at" '"2024-03-31T00:30:00.100Z"'
	# An hour that came twice: one of both.
	at=$(field "${nfdump//2024-03-31/2024-10-27}" date_first_seen \
		--tz Europe/Prague)
	[ "$at" = '"2024-10-27T00:30:00.100Z"' ] ||
		is "$at" '"2024-10-27T01:30:00.100Z"'
	# The length of the flow is right all the same.
	is "$(field "$nfdump" duration --tz Europe/Prague)" 2.500
	run_err 2 cat_of "$nfdump" --tz Europe/Nowhere
	has "$stderr" 'there is no such time zone'
}

@test "trap 2: nfdump writes invalid JSON for TLS flows" {
	local tls="${nfdump%\}},\"in_tls\" : TLS1.2,\"sni\":\"www.example.org\"}"

	is "$(field "$tls" tls_version)" 771
	is "$(field "$tls" tls_sni)" '"www.example.org"'
	is "$(field "${tls/TLS1.2/TLS1.3}" tls_version)" 772
	is "$(field "${tls/TLS1.2/\"TLS1.2\"}" tls_version)" 771
	# A version that nfdump does not know is bare too; the record stays.
	is "$(field "${tls/TLS1.2/0x7f1c}" dst_port)" 443
	# A name with a space, and one that occurs twice.
	is "$(field "${nfdump%\}},\"ja3 hash\":\"0f0e\"}" tls_ja3)" '"0f0e"'
	is "$(field "${nfdump%\}},\"inServiceID\":1,\"inServiceID\":2}" \
		dst_port)" 443
	# Records of events and options have no addresses: they are no flows.
	run_ok cat_of '{"type":"EVENT","export_sysid":1,"first":"2024-05-01T10:00:00.100","last":"2024-05-01T10:00:00.100","proto":0}'
	is "$output" ''
	has "$stderr" '1 records are no flows'
}

@test "trap 2: an unescaped quote in a name spoils its record only" {
	local bad="${nfdump%\}},\"ident\":\"a\"b\\c\"}"

	run_err 1 cat_of "$nfdump
$bad
$nfdump"
	is "$(wc -l <<<"$output")" 2
	has "$stderr" 'flowcat: -:2: '
}

@test "trap 3: offsets with and without a colon, and fractions of any length" {
	local eve='{"timestamp":"2024-05-01T10:01:05.000000+0200","event_type":"flow","src_ip":"192.0.2.1","dest_ip":"198.51.100.2","proto":"TCP","flow":{"pkts_toserver":7,"bytes_toserver":1332,"start":"2024-05-01T10:00:00.100000+0200","end":"2024-05-01T10:00:02.600000+02:00"}}'

	is "$(field "$eve" date_first_seen)" '"2024-05-01T08:00:00.100Z"'
	is "$(field "$eve" date_last_seen)" '"2024-05-01T08:00:02.600Z"'
	is "$(field "$eve" duration)" 2.500
	local end
	for end in 2024-05-01T08:00:02.6Z 2024-05-01T08:00:02.600000001Z \
		2024-05-01T02:30:02.6009-0530; do
		is "$(field "${eve/2024-05-01T10:00:02.600000+02:00/$end}" \
			date_last_seen)" '"2024-05-01T08:00:02.600Z"'
	done
}

@test "trap 4: numbers beyond 2^53 stay exact" {
	local go='{"time_flow_start_ns":1681583295157626123,"time_flow_end_ns":1681583295157626123,"src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"TCP","packets":9007199254740993,"bytes":18446744073709551615}'
	local own='{"date_first_seen":"2024-05-01T08:00:00.1Z","bytes":18446744073709551615,"duration":0.000,"n":1681583295157626123,"x":1.10}'

	is "$(field "$go" bytes)" 18446744073709551615
	is "$(field "$go" packets)" 9007199254740993
	is "$(field "$go" date_first_seen)" '"2023-04-15T18:28:15.157Z"'
	is "$(cat_of "$own")" "$own"
	run_ok flowfilter --set n=n+1 'n = 1681583295157626123' <<<"$own"
	is "$output" "${own/626123/626124}"
	run_ok flowfilter 'n = 1681583295157626124' <<<"$own"
	is "$output" ''
}

@test "trap 5: ICMP type and code hide in ports" {
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.orig_p":8,"id.resp_h":"198.51.100.2","id.resp_p":0,"proto":"icmp","orig_pkts":1,"orig_ip_bytes":84}'
	local unirec='{"SRC_IP":"192.0.2.1","DST_IP":"198.51.100.2","TIME_FIRST":1714550400.1,"SRC_PORT":0,"DST_PORT":2048,"PROTOCOL":1,"PACKETS":1,"BYTES":84}'
	local pmacct='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","port_src":0,"port_dst":769,"ip_proto":"icmp","packets":1,"bytes":84}'
	local r

	for r in "$zeek" "$unirec"; do
		is "$(field "$r" icmp_type)" 8
		is "$(field "$r" icmp_code)" 0
		is "$(field "$r" src_port)" ''
		is "$(field "$r" dst_port)" ''
	done
	is "$(field "$pmacct" icmp_type)/$(field "$pmacct" icmp_code)" 3/1
	# Zeek's code is the port of the one who answers.
	zeek=${zeek/\"id.orig_p\":8/\"id.orig_p\":3}
	zeek=${zeek/\"id.resp_p\":0/\"id.resp_p\":13}
	is "$(field "$zeek" icmp_type)/$(field "$zeek" icmp_code)" 3/13
	# ipfixcol2: one element holds both.
	is "$(field '{"@type":"ipfix.entry","iana:icmpTypeCodeIPv6":34304,"iana:protocolIdentifier":"IPv6-ICMP","iana:packetDeltaCount":1,"iana:sourceIPv6Address":"fe80::1"}' icmp_type)" 134
	# nfdump says type and code, and no ports.
	is "$(field '{"first":"2024-05-01T10:00:00.100","last":"2024-05-01T10:00:00.100","in_packets":1,"proto":1,"icmp_type":0,"icmp_code":0,"src4_addr":"192.0.2.1"}' icmp_type)" 0
}

@test "trap 6: of several counters of bytes, that of the IP packets" {
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"198.51.100.2","id.resp_p":443,"proto":"tcp","orig_bytes":900,"resp_bytes":4000,"orig_pkts":7,"orig_ip_bytes":1234,"resp_pkts":5,"resp_ip_bytes":4321}'

	is "$(field "$zeek" bytes)" 1234
	is "$(field "$zeek" bytes_rev)" 4321
	zeek=${zeek/\"orig_ip_bytes\":1234,/}
	is "$(field "$zeek" bytes)" 900
}

@test "trap 7: an IPFIX element that occurs twice is an array, an empty one null" {
	local r='{"@type":"ipfix.entry","iana:octetDeltaCount":1234,"iana:packetDeltaCount":7,"iana:ingressInterface":[3,4],"iana:vlanId":null,"iana:flowStartMilliseconds":"2024-05-01T08:00:00.100Z","iana:flowEndMilliseconds":"2024-05-01T08:00:02.600Z","iana:sourceIPv4Address":"192.0.2.1","iana:destinationIPv4Address":"198.51.100.2","iana:protocolIdentifier":"TCP"}'

	is "$(field "$r" bytes)" 1234
	is "$(field "$r" in_if)" 3
	is "$(field "$r" src_vlan)" ''
	has "$(cat_of "$r" --keep)" '"bytes":1234'
}

@test "trap 8: an unknown end is the start, and no flow ends before its start" {
	local r='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","ip_proto":"tcp","timestamp_start":"2024-05-01 08:00:00.100000","timestamp_end":"END","packets":7,"bytes":1234}'
	local end

	for end in '0000-00-00 00:00:00.000000' 0.000000 0; do
		is "$(field "${r/END/$end}" date_last_seen)" \
			'"2024-05-01T08:00:00.100Z"'
		is "$(field "${r/END/$end}" duration)" 0.000
	done
	is "$(field "${r/\"END\"/0}" duration)" 0.000
	is "$(field "${r/\"timestamp_end\":\"END\",/}" duration)" 0.000
	# An exporter's clock that was set back.
	run_ok cat_of "${r/END/2024-05-01 07:59:59.000000}"
	has "$output" '"date_last_seen":"2024-05-01T08:00:00.100Z"'
	has "$output" '"duration":0.000'
	has "$stderr" '1 flows ended before their start'
	# Text that is no time is neither 0 nor absent.
	run_err 1 cat_of "${r/END/never}"
	has "$stderr" 'timestamp_end: '
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
		is "$(field "${r/FLAGS/$form}" flags)" '".AP.SF"'
	done
	is "$(field "${r/FLAGS/\"tcp_flags\":\"194\"}" flags)" '"CE....S."'
	is "$(field "${r/FLAGS/\"tcp_flags\":[]}" flags)" '"......"'
	# Suricata: hexadecimal without a mark; the client's are the flow's.
	local eve='{"event_type":"flow","src_ip":"192.0.2.1","dest_ip":"198.51.100.2","proto":"TCP","flow":{"pkts_toserver":7},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1a","tcp_flags_tc":"12","syn":true,"ack":true}}'
	is "$(field "$eve" flags)" '".AP.S."'
	is "$(field "$eve" flags_rev)" '".A..S."'
	# Zeek: letters of what happened, upper case from the originator.
	local zeek='{"ts":1714550400.1,"id.orig_h":"192.0.2.1","id.resp_h":"198.51.100.2","proto":"tcp","history":"ShADadFfR","orig_pkts":7}'
	is "$(field "$zeek" flags)" '".APRSF"'
	is "$(field "$zeek" flags_rev)" '".AP.SF"'
}

@test "trap 10: envelopes of kcat and of log shippers" {
	local r='{"src_ip_addr":"192.0.2.1","bytes":18446744073709551615,"x":"a\"b"}'
	local q=${r//\\/\\\\}
	q=${q//\"/\\\"}

	is "$(cat_of "{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"tstype\":\"create\",\"ts\":1,\"broker\":0,\"key\":null,\"payload\":\"$q\"}")" "$r"
	is "$(cat_of "{\"topic\":\"t\",\"payload\":$r}")" "$r"
	is "$(cat_of "{\"@timestamp\":\"x\",\"message\":\"$q\\n\"}" \
		--unwrap message)" "$r"
	is "$(cat_of "{\"log\":{\"flow\":$r}}" --unwrap log.flow)" "$r"
	# Dialects are recognised inside.
	is "$(field "{\"m\":$nfdump}" bytes --unwrap m)" 1234
	run_err 1 cat_of '{"topic":"t","payload":"no json"}'
	has "$stderr" 'flowcat: -:1: not a JSON object'
	run_err 1 cat_of '{"topic":"t","payload":""}'
	has "$stderr" 'flowcat: -:1: '
}

@test "trap 11: event_type is pmacct's and Suricata's" {
	local pm='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","packets":1,"bytes":40}'
	local eve='{"event_type":"flow","src_ip":"192.0.2.3","dest_ip":"198.51.100.2","flow":{"pkts_toserver":2,"bytes_toserver":80}}'

	is "$(field "$pm" src_ip_addr)" '"192.0.2.1"'
	is "$(field "$eve" src_ip_addr)" '"192.0.2.3"'
	# Record by record: streams may be mixed.
	is "$(field "$pm
$eve
$pm" bytes | tr '\n' ' ')" '40 80 40 '
	# Suricata's alerts and statistics are no flows.
	run_ok cat_of '{"event_type":"stats","timestamp":"2024-05-01T10:01:05.000000+0200","stats":{"uptime":1}}'
	is "$output" ''
	has "$stderr" '1 records are no flows'
}

@test "trap 12: pmacct writes null for what it does not count" {
	local r='{"event_type":"purge","ip_src":"192.0.2.1","ip_dst":"198.51.100.2","packets":7,"flows":null,"bytes":1234}'

	is "$(field "$r" flows)" ''
	is "$(field "$r" bytes)" 1234
	is "$(field "${r/null/3}" flows)" 3
}

@test "trap 13: goflow2 writes records that are not IP" {
	run_ok cat_of '{"type":"SFLOW_5","time_received_ns":1714550403000000000,"etype":"ARP","src_addr":"","dst_addr":"","src_mac":"02:00:00:00:00:01","proto":"","bytes":64,"packets":1}'
	[[ $output != *ip_addr* && $output != *protocol* ]]
	run_ok cat_of '{"type":"SFLOW_5","time_received_ns":1714550403000000000,"time_flow_start_ns":0,"etype":"IPv4","src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"UDP","src_port":1,"dst_port":2,"tcp_flags":0,"icmp_type":0,"icmp_code":0,"next_hop":"","src_as":0,"src_mac":"00:00:00:00:00:00","bytes":64,"packets":1,"sampling_rate":0}'
	is "$output" '{"date_first_seen":"2024-05-01T08:00:03.000Z","date_last_seen":"2024-05-01T08:00:03.000Z","duration":0.000,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":1,"dst_port":2,"protocol":17,"packets":1,"bytes":64}'
}

@test "trap 14: Zeek's times and names depend on the site" {
	local r='{"ts":1714550400.1,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":40000,"id.resp_h":"198.51.100.2","id.resp_p":443,"proto":"tcp","duration":2.5,"orig_pkts":7,"orig_ip_bytes":1234}'
	local want ts name
	want=$(cat_of "$r")

	has "$want" '"date_first_seen":"2024-05-01T08:00:00.100Z","date_last_seen":"2024-05-01T08:00:02.600Z","duration":2.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":40000,"dst_port":443'
	for ts in '"2024-05-01T08:00:00.100000Z"' 1714550400100 \
		1714550400.100000; do
		is "$(cat_of "${r/1714550400.1/$ts}")" "$want"
	done
	is "$(cat_of "${r//id./id_}")" "$want"
	name='"id":{"orig_h":"192.0.2.1","orig_p":40000,"resp_h":"198.51.100.2","resp_p":443},"proto"'
	is "$(cat_of "$(sed "s/\"id[^u]*\"proto\"/$name/" <<<"$r")")" "$want"
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
	is "$(wc -l <<<"$output")" 2
	# Without its brackets, as nfdump -q has it.
	run_ok cat_of "$(sed '1d;$d' <<<"$pretty")"
	is "$(wc -l <<<"$output")" 2
	# Cut within the second record.
	run_err 1 cat_of "${pretty:0:300}"
	is "$(wc -l <<<"$output")" 1
	has "$stderr" 'flowcat: -:2: '
	# Of nothing, and with a text in it, as when no flow matched.
	run_ok cat_of '[ ]'
	is "$output" ''
	run_err 1 cat_of "[
No matching flows
]"
	is "$output" ''
}

@test "trap 16: sampled counters stay raw, beside their rate" {
	local r='{"time_flow_start_ns":1714550400100000000,"sampling_rate":100,"src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"TCP","packets":7,"bytes":1234}'

	is "$(field "$r" packets)/$(field "$r" bytes)" 7/1234
	is "$(field "$r" sampling_rate)" 100
	run_ok flowfilter --fields b --set 'b=bytes*coalesce(sampling_rate,1)' \
		any <<<"$(cat_of "$r")"
	is "$output" '{"b":123400}'
	# 0 and 1 say nothing.
	is "$(field "${r/100,/0,}" sampling_rate)" ''
	is "$(field '{"@type":"ipfix.entry","iana:samplingInterval":1000,"iana:packetDeltaCount":1,"iana:sourceIPv4Address":"192.0.2.1"}' sampling_rate)" 1000
}
