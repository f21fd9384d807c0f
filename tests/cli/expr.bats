#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# The expression language: nfdump's primitives with nfdump's meaning, its
# defects mended, and what goes beyond it.

load common
shopt -s extglob

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

all='{"date_first_seen":"2024-05-01T08:00:00.100Z","date_last_seen":"2024-05-01T08:00:02.600Z","duration":2.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"10.16.1.2","src_port":40000,"dst_port":443,"protocol":6,"flags":".AP.SF","tos":4,"packets":7,"bytes":1234,"flows":2,"packets_rev":5,"bytes_rev":4321,"tos_rev":8,"ip_ttl_min":63,"ip_ttl_max":64,"src_as":2852,"dst_as":64500,"prev_as":1,"next_as":2,"src_country":"CZ","dst_country":"IN","src_mask":24,"dst_mask":16,"next_hop_ip_addr":"192.0.2.254","bgp_next_hop_ip_addr":"192.0.2.253","exporter_ip_addr":"203.0.113.1","exporter_id":5,"in_if":3,"out_if":4,"direction":"ingress","src_mac_addr":"02:00:00:00:00:01","dst_mac_addr":"02:00:00:00:00:02","src_vlan":10,"dst_vlan":20,"dns_qname":"www.Example.co.uk","dns_qtype":28,"dns_rcode":3,"tls_version":771}'

# holds YES EXPRESSION..: each holds (1) for $record, or does not (0).
holds() {
	local yes=$1 expression

	for expression in "${@:2}"; do
		run_ok flowfilter -qc -- "$expression" <<< "${record:-$all}"
		[[ $output == "$yes" ]] || {
			printf '%s: %s\n' "$expression" "$output"
			return 1
		}
	done
}

# agrees EXPRESSION JQ: both choose the same of the lab's flows.
agrees() {
	local flows

	flows=$(lab_flows)
	flowfilter "$1" "$flows" > ours
	jq "if $2 then 1 else 0 end" "$flows" | paste - "$flows" |
		sed -n 's/^1\t//p' > theirs
	cmp ours theirs || {
		printf '%s: %d of ours, %d of jq\n' "$1" "$(wc -l < ours)" \
			"$(wc -l < theirs)"
		return 1
	}
	# Neither all nor nothing, or the test would tell nothing.
	[[ -s ours ]] && ! cmp -s ours "$flows"
}

# refuses EXPRESSION MESSAGE COLUMN: the caret stands under that column.
refuses() {
	run_err 2 flowfilter -c -- "$1" /dev/null
	same "flowfilter: the filter: $2
  $1
  $(printf '%*s' "$3" '')^" "$stderr"
}

# ---- nfdump's primitives, against jq on the lab's flows ----

@test "proto: by name, by number, in any case" {
	agrees 'proto tcp' '.protocol == 6'
	agrees 'PROTO UDP' '.protocol == 17'
	agrees 'proto 58' '.protocol == 58'
	agrees 'proto icmp6' '.protocol == 58'
	agrees 'proto = icmp or proto in [udp, 58]' \
		'[.protocol] | inside([1, 17, 58])'
	agrees 'proto != tcp' '.protocol != 6'
	agrees 'tcp' '.protocol == 6'
}

@test "ip, host and net: source, destination, either, both" {
	agrees 'src ip 198.51.100.80' '.src_ip_addr == "198.51.100.80"'
	agrees 'dst host 198.51.100.80' '.dst_ip_addr == "198.51.100.80"'
	agrees 'ip 2001:db8:1::12' '[.src_ip_addr, .dst_ip_addr] |
		index("2001:db8:1::12")'
	# An address, however it is written.
	agrees 'src host 2001:0DB8:0001:0:0:0:0:12' \
		'.src_ip_addr == "2001:db8:1::12"'
	agrees 'net 203.0.113.0/24' '[.src_ip_addr, .dst_ip_addr] |
		any(startswith("203.0.113."))'
	agrees 'src net 198.51.100.0 255.255.255.0' \
		'.src_ip_addr | startswith("198.51.100.")'
	agrees 'dst net 2001:db8:2::/48' \
		'.dst_ip_addr | startswith("2001:db8:2:")'
	agrees 'src and dst net 198.51.100.0/24 or
		src or dst ip 203.0.113.66' '([.src_ip_addr, .dst_ip_addr] |
		all(startswith("198.51.100."))) or
		.src_ip_addr == "203.0.113.66" or
		.dst_ip_addr == "203.0.113.66"'
	agrees 'dst ip in [198.51.100.192/27]' '.dst_ip_addr |
		test("^198\\.51\\.100\\.(19[2-9]|2[01][0-9]|22[0-3])$")'
}

@test "ipv4 and ipv6" {
	agrees ipv4 '.src_ip_addr | contains(":") | not'
	agrees ipv6 '.src_ip_addr | contains(":")'
}

@test "port: comparisons, lists and ranges; none of ICMP" {
	agrees 'port 53' '.src_port == 53 or .dst_port == 53'
	agrees 'dst port < 100' '.dst_port != null and .dst_port < 100'
	agrees 'src port gt 1024 and dst port le 53' \
		'.src_port > 1024 and .dst_port != null and .dst_port <= 53'
	agrees 'dst port in [22 80,443]' '[.dst_port] | inside([22, 80, 443])'
	agrees 'dst port in [1-21, 23..79]' '.dst_port as $p | $p != null and
		$p >= 1 and $p <= 79 and $p != 22'
	agrees 'src port in [0x16 53]' '.src_port == 22 or .src_port == 53'
}

@test "packets, bytes, duration and rates" {
	agrees 'packets > 10' '.packets > 10'
	agrees 'packets 1' '.packets == 1'
	agrees 'bytes > 1k and bytes <= 100K' \
		'.bytes > 1000 and .bytes <= 100000'
	agrees 'bytes >= 1.5k' '.bytes >= 1500'
	agrees 'duration > 1' '.duration > 1'
	agrees 'duration > 500ms' '.duration > 0.5'
	agrees 'bpp > 100' '.bytes / .packets > 100'
	agrees 'pps > 20' '.duration > 0 and .packets / .duration > 20'
	agrees 'bps > 10k' '.duration > 0 and .bytes * 8 / .duration > 10000'
}

@test "first seen and last seen" {
	agrees 'first seen > 2026-11-23T14:22' \
		'.date_first_seen > "2026-11-23T14:22:00.000Z"'
	agrees 'last seen <= 2026-11-23T14:21:47.213' \
		'.date_last_seen <= "2026-11-23T14:21:47.213Z"'
	agrees 'first seen < 2026-11-23T15:22:00+01:00' \
		'.date_first_seen < "2026-11-23T14:22:00.000Z"'
}

@test "flags: letters are a mask, of which all must be set" {
	agrees 'flags S' '.flags != null and (.flags[4:5] == "S")'
	agrees 'flags SF' '.flags != null and (.flags[4:6] == "SF")'
	agrees 'flags AS' '.flags != null and .flags[4:5] == "S" and
		.flags[1:2] == "A"'
	agrees 'flags =S' '.flags == "....S."'
	agrees 'flags RA and not flags S' '.flags != null and
		.flags[1:2] == "A" and .flags[3:4] == "R" and
		.flags[4:5] != "S"'
	agrees 'flags > 20' '.flags != null and
		([.flags | explode[] | if . == 46 then 0 else 1 end] |
		reduce .[] as $b (0; . * 2 + $b)) > 20'
}

@test "icmp-type and icmp-code" {
	agrees 'icmp-type 8' '.icmp_type == 8'
	agrees 'proto icmp and icmp type 0 and icmp-code = 0' \
		'.protocol == 1 and .icmp_type == 0'
}

@test "tos" {
	agrees 'tos > 0' '.tos > 0'
	agrees 'not tos 0' '.tos != 0'
}

@test "not before and before or, parentheses before all" {
	agrees 'proto tcp or proto udp and port 53' \
		'.protocol == 6 or (.protocol == 17 and
		(.src_port == 53 or .dst_port == 53))'
	agrees '(proto tcp or proto udp) and packets 1' \
		'(.protocol == 6 or .protocol == 17) and .packets == 1'
	agrees 'not proto udp and packets 1' \
		'.protocol != 17 and .packets == 1'
	agrees 'not (proto udp and packets 1)' \
		'(.protocol == 17 and .packets == 1) | not'
	agrees '! proto udp && packets 1 || port 53' \
		'(.protocol != 17 and .packets == 1) or
		.src_port == 53 or .dst_port == 53'
	agrees 'not not proto tcp' '.protocol == 6'
}

# ---- the primitives that the lab's flows lack ----

@test "any holds for every record" {
	holds 1 any 'not not any' 'any and proto tcp'
	holds 0 'not any'
}

@test "counters of both directions" {
	holds 1 'in packets 7' 'out packets = 5' 'in bytes < 1300' \
		'out bytes > 4k' 'flows 2' 'flows > 1'
	holds 0 'out packets 7' 'in bytes 4321'
}

@test "flows is 1 where a record does not say" {
	record='{"src_ip_addr":"192.0.2.1"}'
	holds 1 'flows 1' 'flows < 2' 'flows * 2 = 2'
}

@test "AS, masks, VLANs, interfaces, MAC addresses, TTL" {
	holds 1 'src as 2852' 'as 64500' 'dst as in [1, 64500]' 'prev as 1' \
		'next as 2' 'as in [2800-2900]' 'src mask 24' 'mask < 20' \
		'in if 3' 'out if != 3' 'src vlan 10' 'vlan in [20]' \
		'mac 02:00:00:00:00:02' 'src mac 02:00:00:00:00:01' \
		'min ttl 63' 'max ttl > 63'
	holds 0 'dst as 2852' 'as 1' 'out if 3' 'dst vlan 10' \
		'dst mac 02:00:00:00:00:01' 'min ttl 64'
}

@test "next hops, exporter, direction, TOS of both directions" {
	holds 1 'next ip 192.0.2.254' 'bgp next ip 192.0.2.253' \
		'router ip 203.0.113.1' 'exporter ip in [203.0.113.0/24]' \
		'exporter id 5' 'flowdir ingress' 'dir ingress' 'src tos 4' \
		'tos 4' 'dst tos 8'
	holds 0 'next ip 192.0.2.253' 'flowdir egress' 'dst tos 4'
}

# ---- the pain points of nfdump's users ----

@test "P1: flags by mask, and by any, all, none, only" {
	holds 1 'flags S' 'flags s' 'flags AS' 'flags sa' 'flags SA/SA' \
		'flags S/SR' 'flags any SR' 'flags all SA' 'flags none RU' \
		'flags only APSF' 'flags =FSPA' 'flags != S' 'flags 27' \
		'flags & 0x12 = 0x12' 'flags in [2, 27]'
	holds 0 'flags S/SA' 'flags =S' 'flags only SA' 'flags none SR' \
		'flags any RU' 'flags X' 'flags SR'
	# The idiom for SYN only has one meaning: not all of them.
	record='{"protocol":6,"flags":".A..S."}'
	holds 1 'flags S and not flags AFRPU' 'flags S and not flags R'
	holds 0 'flags S and flags none AFRPU' 'flags S/SA'
	record='{"protocol":6,"flags":"....S."}'
	holds 1 'flags S/SA' 'flags S and flags none AFRPU' 'flags only S' \
		'flags S/AFRPSU'
	# ECN, in each spelling of the flags.
	for record in '{"protocol":6,"flags":"CE....S."}' \
		'{"protocol":6,"flags":194}' '{"protocol":6,"flags":"0xc2"}' \
		'{"protocol":6,"flags":"CWR|ECE|SYN"}'; do
		holds 1 'flags CE' 'flags S/SA' 'flags =CES' 'flags SE'
		holds 0 'flags =S' 'flags only S'
	done
	# What has no flags has none that are set; nor does it lack them.
	record='{"protocol":17}'
	holds 0 'flags S' 'flags any S' 'flags none S' 'flags != S'
	holds 1 'not flags S'
}

@test "P2: lists with overlapping and mixed families, in any order" {
	local i list want nets=(10.0.0.0/8 10.16.1.0/24 2607:f8b0::/32
		10.16.0.0/12 2607:f8b0:4000::/36 192.0.2.7 0.0.0.0/5 ::/64
		198.51.100.128/25 128.0.0.0/3)
	local naive

	flowgen -n 3000 -s 2 -6 30 | sed 's/2001:db8:/2607:f8b0:/' > in
	naive=$(printf ' or src net %s' "${nets[@]}")
	want=$(flowfilter "${naive# or }" in | cksum)
	for i in {1..8}; do
		mapfile -t nets < <(printf '%s\n' "${nets[@]}" |
			shuf --random-source=<(yes "$i"))
		same "$want" "$(flowfilter "src ip in [${nets[*]}]" in | cksum)"
		list=$(printf '%s,' "${nets[@]}")
		same "$want" "$(flowfilter "src ip in [$list]" in | cksum)"
		printf '%s # why\n' "${nets[@]}" > list
		same "$want" "$(flowfilter 'src ip in @list' in | cksum)"
	done
}

@test "P2: ::/0 and 0.0.0.0/0 are the two families" {
	flowgen -n 500 -s 3 -6 40 > in
	same "$(grep -c '"src_ip_addr":"[^"]*:' in)" \
		"$(flowfilter -c 'src net ::/0' in)"
	same "$(grep -vc '"src_ip_addr":"[^"]*:' in)" \
		"$(flowfilter -c 'src net 0.0.0.0/0' in)"
	same 500 "$(flowfilter -c 'ip in [::/0 0.0.0.0/0]' in)"
}

@test "P3: prefixes of both families at once" {
	holds 1 'prefix(src_ip_addr,24,48) = 192.0.2.0/24' \
		'prefix(dst_ip_addr,8) = 10.0.0.0/8'
	holds 0 'prefix(src_ip_addr,24,48) = 192.0.2.0/25' \
		'prefix(src_ip_addr,24) = 198.51.100.0/24'
	record='{"src_ip_addr":"2001:db8:1:2:3::4"}'
	holds 1 'prefix(src_ip_addr,24,48) = 2001:db8:1::/48' \
		'prefix(src_ip_addr,24) = 2001:db8:1:2::/64'
	run_ok flowfilter --fields a,b,c --set 'a=prefix(sa,24,48)' \
		--set 'b=prefix(sa,24)' --set 'c=prefix(sa,33,129)' any \
		<<< "$record"
	same '{"a":"2001:db8:1::/48","b":"2001:db8:1:2::/64"}'
}

@test "P5: rates of a flow without duration are unknown" {
	record='{"duration":0.000,"bytes":100,"packets":0}'
	holds 0 'bps > 0' 'bps = 0' 'bps >= 0' 'pps < 1' 'bpp > 0'
	holds 1 'not bps > 0' 'not bpp < 5'
	# nfdump cuts off what is behind the point, we do not.
	record=$all
	holds 1 'bps = 3948.8' 'pps = 2.8' 'bpp > 176.28'
}

@test "P6: durations are seconds, with or without a unit" {
	holds 1 'duration = 2.5' 'duration = 2.5s' 'duration = 2500ms' \
		'duration 2500ms' 'duration < 1m' 'duration > 0.0006h' \
		'duration > 2000000us'
	holds 0 'duration > 2500' 'duration < 250ms'
}

@test "P7: times in RFC 3339, without a zone, and since the epoch" {
	holds 1 'first seen = 2024-05-01T08:00:00.100' \
		'first seen = 2024-05-01T08:00:00.1Z' \
		'first seen = "2024-05-01 10:00:00.100+0200"' \
		'first seen = 1714550400.1' 'first seen = 1714550400100' \
		'first seen = 1714550400100000' \
		'first seen = 1714550400100000000' \
		'first seen > 2024' 'first seen < 2025' \
		'first seen > 2024-05-01' 'first seen > 2024-05-01T08' \
		'last seen < 2024-05-01T08:01' 'ts < te'
	run_ok flowfilter -c --tz Europe/Prague \
		'first seen = 2024-05-01T10:00:00.100' <<< "$all"
	same 1
}

@test "P8: no country, direction or name clashes with a word" {
	local cc

	holds 1 'dst country IN' 'src geo CZ' 'country IN' "country 'IN'" \
		'dst country in [IN, SK]' 'not src country IN'
	for cc in IN LT GE LE GT EQ NE AS OR AND IS MASK; do
		record="{\"src_country\":\"$cc\"}"
		holds 1 "src country $cc" "country in [$cc]" \
			"src country = $cc and any" "not dst country $cc"
	done
}

# ---- beyond nfdump: lists ----

@test "@FILE: addresses, prefixes, ports and names, with comments" {
	printf '# bad hosts\n192.0.2.0/24\t# ours\r\n\n2001:db8::1 2001\n' > a
	printf '22\n80-90, what follows is a remark\n400..500' > p
	printf 'CZ\nSK\n' > c
	holds 1 'src ip in @a' 'host in @a' 'dst port in @p' 'country in @c' \
		'src ip in [10.0.0.0/8 @a]' 'not dst ip in @a' \
		'dst ip not in @a'
	holds 0 'dst ip in @a' 'src port in @p' 'dst country in @c'
	printf '192.0.2.1\n192.0.2.300\n' > bad
	run_err 2 flowfilter 'src ip in @bad' /dev/null
	same 'flowfilter: the filter: bad:2: IP prefix expected
  src ip in @bad
            ^' "$stderr"
	run_err 2 flowfilter 'src ip in @none' /dev/null
	has 'none: No such file or directory' "$stderr"
	: > empty
	holds 0 'src ip in @empty'
	holds 1 'not src ip in @empty'
}

@test "@FILE: a million prefixes load in under a second" {
	local began took

	awk 'BEGIN { for (i = 0; i < 1000000; i++)
		printf "%d.%d.%d.%d/32\n", 11 + i % 200, i / 200 % 250,
		i / 50000 % 250, i % 7 }' > many
	echo 192.0.2.0/24 >> many
	began=${EPOCHREALTIME/./}
	holds 1 'src ip in @many'
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	printf '%d ms\n' "$took"
	# Twice that where a sanitizer watches.
	((took < 1000)) || [[ $B == *san* && $took -lt 8000 ]]
}

@test "ranges and != of ports" {
	holds 1 'dst port in [443]' 'dst port in [1-65535]' \
		'dst port in [440..450]' 'dst port != 80' 'port != 80' \
		'dst port not in [80, 8080]'
	# Of the two ports, none is: as "not port 443".
	holds 0 'port != 443' 'not port 443' 'src port in [1-39999]'
}

# ---- beyond nfdump: arithmetic ----

@test "fields are compared with fields and with sums of them" {
	holds 1 'src_port > dst_port' 'src port > dst port' \
		'src_ip_addr != dst_ip_addr' 'src ip != dst ip' \
		'bytes_rev > bytes * 3' 'bytes + packets * 2 = 1248' \
		'(bytes + packets) * 2 = 2482' 'bytes - packets - 1 = 1226' \
		'bytes / 2 / 617 = 1' 'bytes % packets = 2' \
		'bytes / packets > 176.2' 'te - ts = 2.5' \
		'ts + 2.5 = te' '- bytes < 0' 'bytes = packets * 176 + 2'
	holds 0 'bytes < packets' 'te - ts > 2.5' 'src ip = dst ip'
	# A word before a member is a member, not a text.
	record='{"a":"x","b":"a","c":"x"}'
	holds 0 'a = .b' '.a = .b'
	holds 1 'a = .c' '.a = .c' 'a != .b' '.b = a'
}

@test "a bare word is text only next to text or names" {
	record='{"bytes":10,"packets":2,"limit":3,"m":2,"n":3}'
	holds 1 'bytes / packets > limit' 'bpp > limit' 'limit < bpp' \
		'2 * m > n' '.n > m' 'min(packets, 90) = m'
	# Short names of fields are words, too.
	record='{"src_country":"TR","dst_country":"SA","flags_rev":18,"dns_qclass":1,"protocol":6,"name":"CZ"}'
	holds 1 'src_country = TR' 'src_country != SA' 'dns_qclass = IN' \
		'any(src_country, dst_country) = SA' 'flags_rev = SA' \
		'SA = dst_country' 'lower(.name) = cz' \
		'pr = protocol' 'map(protocol, 6:http, 17:dns) = http'
	holds 0 'src_country = SA' 'src_country != TR' \
		'src_country = dst_country'
}

@test "names of hosts are compared with each other without case and dot" {
	record='{"dns_qname":"Example.com.","tls_sni":"example.com","name":"EXAMPLE.com"}'
	holds 1 'dns_qname = tls_sni' 'dns_qname = .name' '.name = dns_qname' \
		'map(dns_qname, "EXAMPLE.com":1) = 1' \
		'any(dns_qname, tls_sni) = .name' 'not dns_qname = http_host'
	holds 0 'dns_qname != tls_sni' 'dns_qname = http_host' \
		'dns_qname != http_host'
}

@test "names of hosts: what is no name is compared as what it is" {
	record='{"http_host":"2001:DB8:0:0::1","dst_ip_addr":"2001:db8::1","dst_port":443,"dns_qname":"443.0","tls_sni":"10.1.2.3","k":true,"sa":1}'
	holds 1 'http_host = dst_ip_addr' 'http_host = da' \
		'dns_qname = dst_port' 'tls_sni = 10.0.0.0/8' \
		'any(http_host, tls_sni) = 10.0.0.0/8'
	holds 0 'http_host != dst_ip_addr' 'dns_qname != dst_port' \
		'tls_sni != dst_port' 'tls_sni != 10.0.0.0/8' 'tls_sni != .k'
}

@test "a network may stand in front" {
	holds 1 '192.0.2.0/24 = 192.0.2.0/24' \
		'map(192.0.2.0/24, 192.0.2.0/24:bytes, 2) = 1234'
	holds 0 '192.0.2.0/24 = 10.0.0.0/8'
	holds 1 '192.0.2.0/24 = src_ip_addr' '192.0.2.0/24 = sa'
	holds 0 '192.0.2.0/24 != src_ip_addr' '192.0.3.0/24 = src_ip_addr'
}

@test "what an expression cannot finish is told, not taken for no" {
	printf '{"a":"%s"}\n' "$(printf 'a%.0s' {1..55})b" > in
	run_err 1 flowfilter -c '.a ~ "(a+)+c|ab$"' in
	has 'in:1: match limit exceeded' "$stderr"
	refuses 'dns_qname under @names' 'expected one domain' 16
	refuses 'sa under 10.0.0.0/8' "expected a domain (of networks it is 'ip in [..]')" 9
}

@test "regular expressions see characters" {
	record='{"a":"é","b":"\u00c9t\u00e9"}'
	holds 1 '.a ~ "^.$"' '.b ~ "(?i)^éTÉ$"' '.b ~ "^...$"'
}

@test "bits: & | ^ << >>, the C way of binding" {
	holds 1 'bytes & 0xff = 210' '1 << 3 | 1 = 9' 'bytes >> 1 = 617' \
		'6 ^ 5 & 4 = 2' 'bytes ^ bytes = 0' '1 << 64 > 0' \
		'1 << 2 + 1 = 8' '1 << 126 >> 126 = 1' '-1 >> 200 = -1'
	# Nothing is lost: beyond 127 bits they are decimal numbers.
	holds 1 '1 << 127 > 1 << 126' '3 << 126 > 1 << 126' \
		'1 << 200 = (1 << 100) * (1 << 100)' \
		'(0 - 1 << 200) < 0 - (1 << 100)' 'abs(0 - 1 << 127) > 0' \
		'(0 - 1 << 127) / (0 - 1) > 0' '(0 - 1 << 127) % (0 - 1) = 0'
	holds 0 'bucket(0 - 1 << 127, 3) > 0' \
		'te + 170141183460469231731687303715 > ts'
	holds 0 'exists(a) or 1 << -1 = 0 or 1.5 << 1 = 3'
}

@test "integers are exact to 64 bits, and sums of them beyond" {
	record='{"bytes":18446744073709551615,"packets":9007199254740993,"neg":-9223372036854775808}'
	holds 1 'bytes = 18446744073709551615' 'bytes > 18446744073709551614' \
		'packets = 9007199254740993' 'packets != 9007199254740992' \
		'bytes + 1 > 18446744073709551615' \
		'bytes + bytes - bytes = 18446744073709551615' \
		'bytes * packets / packets = 18446744073709551615' \
		'bytes % 10 = 5' 'packets > 9007199254740992' \
		'.neg < 0' '.neg = -9223372036854775808' '.neg - 1 < .neg' \
		'bytes in [18446744073709551615]' 'bytes > 9007199254740993'
	holds 0 'bytes = 18446744073709551614' 'packets = 9007199254740992' \
		'packets < 9007199254740993' 'bytes > 18446744073709551615' \
		'bytes - 1 = bytes'
	run_ok flowfilter --fields s --set 's=bytes+bytes' any <<< "$record"
	same '{"s":36893488147419103230}'
}

@test "a division by zero is unknown, and unknown compares false" {
	holds 0 'bytes / 0 > 0' 'bytes / 0 = 0' 'bytes % 0 = 0' \
		'bytes / 0 != 0' 'bytes / (packets - 7) < 1' \
		'bytes / 0 = bytes / 0' 'bytes / 0.0 > 0' \
		'bucket(bytes, 0) >= 0' 'bucket(ts, 0) > 2000-01-01'
	holds 1 'not bytes / 0 > 0' 'not (bytes / 0 = 0 or bytes % 0 = 0)'
	# No width that is too small to be one.
	holds 0 'bucket(ts, 0.0000000001) < 2000-01-01'
	# Nor what no number holds.
	holds 0 '1e308 * 10 > 0' '-9223372036854775808 % 0 = 0'
}

@test "units: 1000 for k, M, G, 1024 for Ki; hexadecimal" {
	record='{"bytes":1500,"x":2048}'
	holds 1 'bytes 1.5k' 'bytes 1.5K' 'bytes < 1M' 'bytes = 0x5dc' \
		'.x = 2Ki' '.x > 2k' 'bytes < 1T' 'bytes = 15e2'
	refuses 'bps > 1m' 'bps: a number expected, as 10k, 2M or 64Ki' 6
	refuses 'bytes > 5Q' 'not a number, a time or an address, as 10k, 1.5s, 2015-07-18T18:07 or 10.0.0.0/8' 8
}

# ---- beyond nfdump: text and functions ----

@test "regular expressions" {
	holds 1 'dns_qname ~ "Example"' 'dns_qname ~ "(?i)^WWW\."' \
		"dns_qname ~ '\\.uk\$'" 'dns_qname !~ "^mail"' \
		'not dns_qname ~ "example"' 'src_ip_addr ~ "^192\."' \
		'dst_port ~ "^4+3$"'
	holds 0 'dns_qname ~ "example"' 'dns_qname !~ "Example"'
	# What is not there matches nothing.
	holds 0 'tls_sni ~ ""'
	record='{"x":"\u017elu\u0165\u2028\n","y":"a\"b"}'
	holds 1 '.x ~ "žluť"' '.y ~ "a\"b"' ".y ~ 'a\"b'"
}

@test "under: a name or what is below it, by labels" {
	holds 1 'dns_qname under example.co.uk' 'dns_qname under "co.uk"' \
		'dns_qname under .UK' 'dns_qname under www.example.co.uk.'
	holds 0 'dns_qname under ample.co.uk' 'dns_qname under a.www.example.co.uk' \
		'tls_sni under uk'
	holds 1 'not tls_sni under uk'
}

@test "functions of text" {
	holds 1 'lower(dns_qname) = "www.example.co.uk"' \
		'domain(dns_qname) = "example.co.uk"' 'len(dns_qname) = 17' \
		'entropy(dns_qname) > 3.4' 'entropy(dns_qname) < 3.6' \
		'entropy("aaaa") = 0' 'entropy("abcd") = 2' \
		'domain("co.uk") = "x" or not exists(nothing)'
	record='{"dns_qname":"a.github.io."}'
	holds 1 'domain(dns_qname) = "a.github.io"'
	record='{"dns_qname":"localhost"}'
	holds 0 'domain(dns_qname) ~ ""'
}

@test "functions of numbers and times" {
	holds 1 'abs(packets - bytes) = 1227' 'floor(duration) = 2' \
		'floor(0 - 1.5) = -2' 'min(bytes, packets, 9) = 7' \
		'max(bytes, packets) = 1234' 'coalesce(nothing, packets) = 7' \
		'bucket(bytes, 1000) = 1000' 'bucket(duration, 0.5) = 2.5' \
		'bucket(bytes, 10, 1k, 5k) = 1000' \
		'bucket(ts, 1h) = 2024-05-01T08:00' \
		'bucket(ts, 60) = 2024-05-01T08:00:00' \
		'bucket(0 - 1, 10) = -10'
}

@test "lists: decimals, negative numbers, times; each element by itself" {
	record='{"a":1.0,"b":-2,"c":1.5,"d":"12","e":36893488147419103230,"bytes":81,"packets":2,"duration":0.1,"date_first_seen":"2015-07-18T18:30:00Z"}'
	holds 1 'bpp in [40-50]' '.a in [1-3]' '.c in [1.25-1.75]' \
		'.b in [-3..-1]' '.b in [-2]' '.c in [1, 1.5]' '.c in [1.5 1]' \
		'duration in [100ms]' 'duration in [0-1]' \
		'first seen in [2015-07-18T18:00..2015-07-18T19:00]' \
		'.e in [36893488147419103230]' '.e in [1e10-1e27]'
	holds 1 'coalesce(ts, te) in [2015-07-18..2015-07-19]' \
		'bucket(ts, 1d) in [2015-07-18]' '.b in [-9--1 2015-07-18]' \
		'.e = 36893488147419103230'
	refuses '.n in [10-5]' 'the range is upside down' 7
	holds 0 '.a not in [1-3]' '.c in [1 2]' '.b in [2]' '.c in [2-3]' \
		'duration in [1-2]' '.e in [36893488147419103231]' \
		'first seen in [2015-07-18T18:31..2015-07-18T19:00]'
	holds 1 '.d in ["12" "x"]' '.d in ["x" "12"]' '.d in [x 12]' \
		'.d in [12 x 10.0.0.0/8]' '.a in [x 10.0.0.0/8 1]'
	holds 0 '.d in ["13" x 10.0.0.0/8]'
	record='{"x":"10.1.2.3","dst_port":443}'
	holds 1 '.x in [foo 10.0.0.0/8 12]' 'dst port in [http https]' \
		'port in [https]'
	holds 0 '.x in [foo 11.0.0.0/8 10]' 'dst port in [http]'
	refuses 'dst port in [htp]' 'a number expected, as 10k, 2M or 64Ki' 13
}

@test "if and map" {
	holds 1 'if(bytes > 1k, packets, 0) = 7' \
		'if(proto udp, 1, 2) = 2' \
		'if(nothing > 1, 1, 2) = 2' \
		'map(dst_port, 80:"http", 443:"https", "other") = "https"' \
		'map(src_port, 80:"http", "other") = "other"' \
		'map(protocol, tcp:1, udp:2) = 1' \
		'if(if(bytes > 1, 1, 2) = 1, 3, 4) = 3'
	# Values may be computed.
	holds 1 'map(dst_port, 443:sa) = 192.0.2.1' \
		'map(dst_port, 443:dst_port + 1) = 444' \
		'map(dst_port, 80:1, sa) = 192.0.2.1' \
		'map(sa, 10.0.0.0/8:1, 192.0.2.0/24:dp) = 443' \
		'map(dns_qname, "WWW.example.co.uk.":dp) = 443'
	holds 1 '(map(dp, 443:bytes, 1) + map(dp, 80:1, bytes)) * 2 = 4936' \
		'map(dp, 443:if(bytes > 1, bytes, 2), 1:3) = 1234' \
		"map(dp, $(seq -f '%g:pkt' -s , 1000 1999), 443:byt) = 1234"
	local deep=dp i

	for i in {1..50}; do
		deep="map($deep, 443:dp, 1:2, 1)"
	done
	holds 1 "$deep = 443"
	holds 0 'map(src_port, 80:1) > 0' 'map(dst_port, 80:sa) = 192.0.2.1'
	holds 1 'not map(src_port, 80:1) > 0'
}

@test "map: a key that is a network; bucket: bounds in any order" {
	holds 1 'map(sa, 10.0.0.0/8:1, 192.0.2.0/24:2, 3) = 2' \
		'map(da, 10.0.0.0/8:1, 192.0.2.0/24:2, 3) = 1' \
		'map(exporter_ip_addr, 10.0.0.0/8:1, 3) = 3' \
		'bucket(bytes, 5000, 1000, 0, 100) = 1000' \
		'bucket(bytes, 0, 100, 1000, 5000) = 1000'
}

@test "networks are compared and looked up" {
	holds 1 'prefix(sa, 24) = 192.0.2.0/24' 'prefix(sa, 24) in [192.0.0.0/16]' \
		'prefix(sa, 24) in [192.0.2.0/25 192.0.2.128/25]'
	holds 0 'prefix(sa, 24) in [192.0.2.0/25]' 'prefix(sa, 24) != 192.0.2.0/24'
	run_ok flowfilter -c 'src_net = 192.0.2.0/24 and src_net in [192.0.0.0/16]
		and not src_net != 192.0.2.0/24 and src_net = "192.0.2.0/24"' \
		<<< '{"src_net":"192.0.2.0/24"}'
	same 1
	run_ok flowagg -k sa/24 --having 'src_net = 192.0.2.0/24' <<< "$all"
	has '"src_net":"192.0.2.0/24"' "$output"
	run_ok flowagg -k sa/24 --having 'src_net != 192.0.2.0/24' <<< "$all"
	same ''
}

@test "ports by the names of services; flags as they are printed" {
	holds 1 'dst port https' 'dp = https' 'port http or port https'
	holds 0 'src port https' 'dp != https'
	holds 1 'flags .AP.SF' 'flags = .AP.SF' 'flags ...AP.SF' \
		'not flags .A....' '(flags .AP.SF)' 'flags != ......S.' \
		'flags ~ "S" and flags ~ "^.AP"'
	holds 0 'flags ......S.' 'flags ~ "R"'
}

@test "MAC addresses are compared without case" {
	local e

	echo '{"src_mac_addr":"00:11:22:aA:44:55"}' > in
	for e in 'mac 00:11:22:AA:44:55' 'src mac in [00:11:22:aa:44:55]' \
		'src_mac_addr = "00:11:22:AA:44:55"'; do
		run_ok flowfilter "$e" in
		same "$(< in)"
		run_ok flowfilter -v "$e" in
		same ''
	done
}

@test "names of hosts are compared without case and the last dot" {
	holds 1 'dns_qname = "www.example.CO.UK"' 'dns_qname = www.example.co.uk' \
		'dns_qname = "www.example.co.uk."' 'dns_qname != "example.co.uk"' \
		'dns_qname in [a.example WWW.example.co.uk]'
	holds 0 'dns_qname != "www.example.co.uk"' 'dns_qname = "example.co.uk"' \
		'tls_sni = "a"' 'tls_sni != "a"'
	record='{"dns_qname":"Example.ORG."}' holds 1 'dns_qname = "example.org"'
	printf 'www.EXAMPLE.co.uk\n' > names
	holds 1 'dns_qname in @names'
}

@test "numbers of protocols in any form" {
	holds 1 'protocol = 0x6' 'proto 0x6' 'pr in [0x6]' 'protocol < 1k'
}

@test "whole numbers may have a point or an exponent" {
	run_ok flowagg -a 'b=sum(bytes)' \
		<<< $'{"bytes":1500.0}\n{"bytes":1e3}\n{"bytes":"2.50e1"}'
	same '{"b":2525}'
	run_err 1 flowagg -a 'b=sum(bytes)' <<< '{"bytes":1.5}'
	has 'bytes: whole number expected' "$stderr"
}

@test "a dot says that a member is meant, be it called as a short name is" {
	local row='{"in":5,"sa":"x","src_ip_addr":"192.0.2.1","odd name":1}'

	run_ok flowfilter -c '.in > 4 and ."in" = 5 and .sa = "x" and sa = 192.0.2.1' <<< "$row"
	same 1
	run_ok flowfilter --fields '.in,.sa,sa,."odd name"' any <<< "$row"
	same '{"in":5,"sa":"x","src_ip_addr":"192.0.2.1","odd name":1}'
	run_ok flowfilter --set '.sa="y"' --set '."odd name"=2' any <<< "$row"
	same '{"in":5,"sa":"y","src_ip_addr":"192.0.2.1","odd name":2}'
	run_ok flowfilter -f csv any <<< "$row"
	same $'in,sa,src_ip_addr,odd name\n5,x,192.0.2.1,1'
}

@test "any(src, dst): either address" {
	holds 1 'any(src, dst) = 192.0.2.1' 'any(dst,src) in [10.0.0.0/8]' \
		'all(src, dst) in [10.0.0.0/8 192.0.2.0/24]'
	holds 0 'all(src, dst) in [10.0.0.0/8]'
	# not in, !~: of none
	holds 1 'all(sp, dp) not in [22]' 'any(sp, dp) not in [22]' \
		'src and dst port not in [80]' 'all(sa, da) !~ "^9"'
	holds 0 'all(sp, dp) not in [443]' 'any(sp, dp) not in [443]' \
		'src and dst port not in [443]' 'all(sa, da) !~ "^10"'
}

@test "any and all" {
	holds 1 'any(src_port, dst_port) = 443' \
		'all(src_port, dst_port) > 400' \
		'any(src_ip_addr, dst_ip_addr) in [10.0.0.0/8]' \
		'all(sa, da) in [10.0.0.0/8 192.0.2.0/24]' \
		'any(src_as, nothing) = 2852' 'not all(src_as, nothing) > 0' \
		'any(dns_qname, tls_sni) under uk'
	holds 0 'all(src_port, dst_port) = 443' 'all(src_as, nothing) > 0'
}

@test "names for numbers: protocols, DNS types and codes, TLS versions" {
	holds 1 'dns_qtype = AAAA' 'dns_qtype in [A, AAAA]' \
		'dns_rcode = NXDOMAIN' 'dns_rcode != NOERROR' \
		'tls_version = 1.2' 'proto in [tcp udp]' 'dns_qtype = 28' \
		'dns_qtype = aaaa' 'tls_version < 1.3'
	refuses 'dns_rcode = NOPE' "dns_rcode has no value 'NOPE'" 12
}

# ---- missing and odd members ----

@test "a missing field makes a comparison false, and its not true" {
	record='{"packets":1}'
	holds 0 'bytes > 0' 'bytes = 0' 'bytes < 5' 'bytes != 5' \
		'src ip 192.0.2.1' 'src ip != 192.0.2.1' 'ipv4' 'ipv6' \
		'src ip in [0.0.0.0/0 ::/0]' 'port 80' 'port != 80' \
		'proto tcp' 'proto != tcp' 'nothing = nothing' \
		'bytes > packets' 'first seen > 2000-01-01'
	holds 1 'not bytes > 0' 'not bytes = 0' 'not src ip 192.0.2.1' \
		'not src ip in [0.0.0.0/0 ::/0]' 'not port 80' \
		'not proto tcp' 'not (bytes > 0 or packets > 1)' \
		'bytes not in [1]' 'tls_sni !~ "x"'
	# null is as missing.
	record='{"packets":1,"bytes":null,"src_ip_addr":null}'
	holds 0 'bytes > 0' 'bytes != 5' 'src ip != 192.0.2.1' 'exists(bytes)'
	holds 1 'not bytes > 0' 'not exists(bytes)' 'exists(packets)'
}

@test "true and false are compared; a member alone is no test" {
	local e before

	record='{"packets":1,"seen":true,"gone":false,"zero":null}'
	holds 1 'seen = true' 'gone = false' 'not gone = true' true \
		'seen != gone' '.seen != .gone' 'not zero = true' \
		'not nothing = true' 'if(any, seen, gone)'
	holds 0 'gone = true' 'not seen = true' 'zero = false' false \
		'not true' 'if(any, gone, seen)'
	for e in seen .seen 'not seen' 'not nothing' 'any and seen' 'packets' \
		'not packets' 'any and packets + 1' 'any or not (seen)' \
		'if(seen, 1, 2) = 1' 'if(any, 1, if(seen, 1, 2)) = 1'; do
		before=${e%%@(.seen|seen|packets|nothing)*}
		refuses "$e" 'expected a comparison' ${#before}
	done
}

@test "nested members by path" {
	record='{"dns":{"rrname":"a.example.com","answers":[{"ttl":60,"rdata":"192.0.2.9"},{"ttl":"5"}],"x.y":1},"a.b":2,"c":{"d":{"e":[[1,2],[3]]}}}'
	holds 1 'dns.rrname = "a.example.com"' 'dns.rrname under example.com' \
		'.dns.rrname ~ "^a"' 'dns.answers.0.ttl = 60' \
		'dns.answers.0.rdata in [192.0.2.0/24]' \
		'dns.answers.1.ttl = 5' '.a.b = 2' '."a.b" = 2' \
		'c.d.e.1.0 = 3' 'exists(c.d.e)' 'exists(dns.answers.1)'
	holds 0 'dns.answers.2.ttl > 0' 'exists(c.d.f)' 'c.d = 1' \
		'exists(dns.answers.2)' 'c.d.e.0.2 > 0'
}

@test "quoted members" {
	record='{"my name":1,"x\"y":2,"a\\b":3,"and":4,"é":5,"":6,"\u0062ytes":7}'
	holds 1 '."my name" = 1' '."x\"y" = 2' '."a\\b" = 3' '.and = 4' \
		'."and" = 4' '."é" = 5' 'bytes = 7' 'exists(."my name")'
	holds 0 '."my  name" = 1'
}

@test "numbers as text and text as numbers" {
	record='{"src_port":"40000","bytes":"1234","x":"17","y":17,"ip":"192.0.2.77","t":"2024-05-01T08:00:00Z","protocol":"tcp","date_first_seen":"1714550400.5","f":"1.5"}'
	holds 1 'src port 40000' 'src_port = "40000"' 'bytes > 1k' \
		'bytes + 1 = 1235' '.x = .y' '.x = 17' '.x + 1 = 18' \
		'.y = "17"' '.x in [16-18]' '.ip = 192.0.2.77' \
		'.ip in [192.0.2.0/24]' '.ip = 192.0.2.0/24' \
		'.t > 2024-05-01T07:00' 'proto tcp' 'protocol = 6' \
		'first seen = 1714550400.5' '.f > 1' '.f * 2 = 3'
	holds 0 '.x > 17' '.ip = 192.0.2.78' '.x = "017"'
}

@test "numbers in every spelling of JSON" {
	record='{"bytes":1e3,"packets":-0,"x":1.50,"y":1E+2,"z":-1.5e-1}'
	holds 1 '.x = 1.5' '.y = 100' '.z = -0.15' '.y > 99.9' 'packets = 0'
}

@test "of a name that occurs twice, the last counts" {
	record='{"bytes":1,"bytes":2}'
	holds 1 'bytes 2'
	holds 0 'bytes 1'
}

@test "comments, newlines and white space" {
	holds 1 'proto tcp # and udp
		and	dst port 443' '( proto tcp )and(dst port 443)' \
		'bytes>1k&&packets<10' 'dst port in[443]'
}

# ---- what an error says ----

@test "errors: the place, what was expected" {
	refuses 'dst port' "expected a field, a value or '('" 8
	refuses 'proto tcp and' "expected a field, a value or '('" 13
	refuses '(proto tcp' "expected ')'" 10
	refuses 'proto tcp)' "expected an operator, 'and', 'or' or the end" 9
	refuses 'src ip 1.2.3' 'expected an address or a network' 7
	refuses 'src ip in [1.2.3.4, 10.0.0.0/33]' 'prefix length expected' 20
	refuses 'dst port in [80' "expected ']'" 15
	refuses 'dst port in [80-70]' 'the range is upside down' 13
	refuses 'flags SZ' \
		'expected TCP flags: letters of CEUAPRSF, as S/SA' 6
	refuses 'flags S/A' \
		"flags before the '/' must be among those behind it" 6
	refuses 'first seen > yesterday' 'date_first_seen: time expected' 13
	refuses 'ts > 2015/07/18' \
		'date_first_seen: time expected, as 2015-07-18T18:07' 5
	refuses 'flags not A' "'not' goes before flags, or none behind it" 6
	refuses 'dns_qname ~ abc' 'expected a pattern in quotes' 12
	refuses 'dns_qname ~ "a[b"' \
		'missing terminating ] for character class' 16
	refuses '"abc' 'string not closed' 0
	refuses 'abs(1, 2)' 'wrong number of arguments: abs(x): without its sign' 0
	refuses '' 'the expression is empty' 0
}

@test "errors: words of other languages, and what is written here" {
	local none="records have no field for '%s': compare the member that has it by its name, as .name = 1"
	local end="expected an operator, 'and', 'or' or the end"
	local operand="expected a field, a value or '('" word
	local list="('in' goes before a list, .0 is an element of an array)"

	refuses 'mpls label1 3' "${none/\%s/mpls}" 0
	refuses 'not nat event add' "${none/\%s/nat}" 4
	refuses 'engine-type 1' "${none/\%s/engine-type}" 0
	refuses 'tcp and ttl 64' "'ttl' has no meaning here: write min ttl or max ttl" 8
	refuses 'if 3' "'if' has no meaning here: write in if or out if" 0
	refuses 'dns_qname contains "x"' \
		"'contains' has no meaning here: write x ~ \"text\"" 10
	refuses 'startswith(dns_qname, "x")' \
		"'startswith' has no meaning here: write x ~ \"^text\"" 0
	for word in dst_port service .note; do
		refuses "$word = null" \
			"'null' has no meaning here: write exists(x) or not exists(x)" \
			$((${#word} + 3))
		refuses "$word in [null, 5]" \
			"'null' has no meaning here: write exists(x) or not exists(x)" \
			$((${#word} + 5))
	done
	refuses '5 >= out bytes' "'out' has no meaning here: write out if, out packets or out bytes first in a comparison" 5
	refuses 'port [22 80]' "$operand $list" 5
	refuses '.a.b[0] = 3' "$end $list" 4
	refuses 'port 80,443' "$end ('in [..]' has several values)" 7
	refuses 'port 80 or 443' "expected a comparison ('in [..]' has several values)" 11
	refuses '$dst_port = 80' "$operand (names have no '\$')" 0
	refuses 'service =~ "a"' "$operand ('~' alone matches a pattern)" 9
	refuses 'ipv6-icmp' "$end (proto goes before a name with a hyphen)" 4
	refuses 'bytes > 1 M' "$end (no blank goes before a unit)" 10
	refuses 'packets + 5 10' "$end" 12
	# A type of DNS, which tunnels use, has this name.
	for word in 'dns_qtype = NULL' 'dns_qtype in [A, NULL]'; do
		run_ok flowfilter "$word" <<< '{"dns_qtype":10}'
		same '{"dns_qtype":10}'
	done
	# They are members all the same.
	same '{"nat":3,"null":null,"ttl":4}' "$(
		echo '{"nat":3,"null":null,"ttl":4}' |
			flowfilter '.nat = 3 and ttl = 4 and not exists(.null)')"
	same '{"note":"null"}' \
		"$(echo '{"note":"null"}' | flowfilter '.note in ["null"]')"
}

@test "errors: the nearest word" {
	refuses 'packts > 5' "unknown word 'packts'; did you mean 'packets'? (.packts is a member of that name)" 0
	refuses 'proto tcp and srcprt 80' "unknown word 'srcprt'; did you mean 'src_port'? (.srcprt is a member of that name)" 14
	refuses 'dst prt 80' \
		"expected ip, net, port, as, country .. behind 'dst'" 4
	run_err 2 flowfilter 'proto tcp adn bytes > 5' /dev/null
	has "did you mean 'and'?" "$stderr"
	run_err 2 flowfilter 'proto tpc' /dev/null
	has "did you mean 'tcp'?" "$stderr"
	run_err 2 flowfilter 'lowr(dns_qname) = "a"' /dev/null
	has "did you mean 'lower'?" "$stderr"
	# Nobody is told to write what he wrote.
	run_err 2 flowfilter 'and proto tcp' /dev/null
	[[ $stderr != *"did you mean 'and'"* ]]
}

@test "errors: of several lines, the one with the place" {
	run_err 2 flowfilter 'proto tcp
and dst prto 80
or any' /dev/null
	has '
  and dst prto 80
' "$stderr"
	[[ $stderr != *'or any'* ]]
}

@test "errors: nesting ends before the stack does" {
	local deep

	deep=$(printf '(%.0s' {1..5000})
	run_err 2 flowfilter "${deep}any" /dev/null
	has 'nested too deeply' "$stderr"
	deep=$(printf 'not %.0s' {1..5000})
	run_err 2 flowfilter "${deep}any" /dev/null
	deep=$(printf 'bytes > %d or %.0s' {1..3000})
	holds 1 "${deep}any"
}
