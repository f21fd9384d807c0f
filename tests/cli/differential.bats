#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2094
# Generated records, with IPv6, 64-bit counters and missing members: the same
# selection as jq's and sqlite's, whatever the shape of the records.

load common

N=20000

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	flowgen -n "$N" -s 42 -6 20 -m 10 > flows
	# jq's view of them, with the counters as text, for sqlite: jq 1.6
	# rounds what has more than 53 bits.
	sed -E 's/"(bytes|packets)":([0-9]+)/"\1":"\2"/g' flows |
		jq -r '[.src_ip_addr, .dst_ip_addr, .src_port, .dst_port,
			.protocol, .flags, .tos, .packets, .bytes, .duration,
			.date_first_seen] | map(. // "") | @csv' > flows.csv
	sqlite3 flows.db <<- 'END'
		create table f (sa text, da text, sp integer, dp integer,
			proto integer, flags text, tos integer, packets integer,
			bytes text, duration real, ts text);
		.import --csv flows.csv f
		update f set sp = null where sp = '';
		update f set dp = null where dp = '';
		update f set packets = null where packets = '';
	END
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

# agrees EXPRESSION JQ: exactly the same lines.
agrees() {
	flowfilter "$1" flows > ours
	jq "if $2 then 1 else 0 end" flows | paste - flows |
		sed -n 's/^1\t//p' > theirs
	cmp ours theirs || {
		printf '%s\n' "$1"
		return 1
	}
	[[ -s ours ]]
	(($(wc -l < ours) < N))
}

# selects EXPRESSION SQL: exactly the same lines.
selects() {
	flowfilter "$1" flows > ours
	sqlite3 flows.db "select rowid from f where $2 order by rowid" |
		sed 's/$/p/' > lines
	sed -n -f lines flows | cmp ours - || {
		printf '%s\n' "$1"
		return 1
	}
	[[ -s ours ]]
	(($(wc -l < ours) < N))
}

@test "jq: protocol and ports" {
	agrees 'proto tcp and dst port 443' '.protocol == 6 and .dst_port == 443'
	agrees 'port in [22 53 1000-2000]' '[.src_port, .dst_port] | any(. == 22
		or . == 53 or (. != null and . >= 1000 and . <= 2000))'
	agrees 'not proto tcp or not src port > 1024' '.protocol != 6 or
		((.src_port != null and .src_port > 1024) | not)'
}

@test "jq: addresses of both families" {
	agrees 'src net 10.0.0.0/8 or dst net 2001:db8::/32' '(.src_ip_addr |
		startswith("10.")) or (.dst_ip_addr | startswith("2001:db8:"))'
	agrees 'ipv6 and not dst ip 2001:db8::' '(.src_ip_addr | contains(":"))
		and .dst_ip_addr != "2001:db8::"'
	agrees 'src ip in [10.0.0.0/8 10.1.0.0/16 11.0.0.0/8 2001:db8:0::/33]' \
		'.src_ip_addr | test("^1[01]\\.") or
		test("^2001:db8:(:|[0-7]?[0-9a-f]{1,3}:)")'
}

@test "jq: flags" {
	agrees 'flags SF' '.protocol == 6 and (.flags | test("SF$"))'
	agrees 'flags S/SA' '.flags | test("^.\\...S.$")'
	agrees 'not flags A' '.flags | test("^.A") | not'
	agrees 'flags any RF' '.flags | test("R|F")'
}

@test "jq: duration, time, type of service" {
	agrees 'duration >= 1.5s and tos 72' '.duration >= 1.5 and .tos == 72'
	agrees 'first seen >= 2015-07-18T17:07:33.480Z' \
		'.date_first_seen >= "2015-07-18T18:07:33.480+01:00"'
	agrees 'te - ts > 20' '.duration > 20'
}

@test "jq: missing members" {
	agrees 'exists(packets) and exists(src_port)' \
		'.packets != null and .src_port != null'
	agrees 'not packets > 10' '(.packets != null and .packets > 10) | not'
	agrees 'packets != 1' '.packets != null and .packets != 1'
}

@test "sqlite: 64-bit counters, exactly" {
	# All have at most 20 digits: text of one length compares as numbers.
	local at

	for at in 18446744073709551000 18446744073709550800 1000 \
		9223372036854775807; do
		selects "bytes > $at" "substr('00000000000000000000' || bytes,
			-20) > substr('00000000000000000000' || '$at', -20)"
	done
	at=$(sqlite3 flows.db "select bytes from f
		where length(bytes) = 20 limit 1")
	selects "bytes = $at" "bytes = '$at'"
	selects "bytes != $at" "bytes != '$at'"
	selects "bytes in [$at, 60, 1000-1400]" "bytes in ('$at', '60') or
		(length(bytes) = 4 and bytes between '1000' and '1400')"
	selects "bytes - $at = 0 or bytes = 1000" "bytes in ('$at', '1000')"
	selects "bytes + bytes = $at + $at" "bytes = '$at'"
	selects "bytes * packets / packets = $at" \
		"bytes = '$at' and packets is not null"
}

@test "sqlite: arithmetic and fields with fields" {
	selects 'src_port > dst_port' 'sp > dp'
	selects 'bytes / packets > 1000 and bytes < 1M' \
		'length(bytes) < 8 and cast(bytes as integer) < 1000000 and
		cast(bytes as real) / packets > 1000'
	selects '(packets * 3 + 1) % 7 = 2' '(packets * 3 + 1) % 7 = 2'
	selects 'bytes % 1000 = 615' \
		"substr('000' || bytes, -3) = '615'"
	selects 'proto udp and (src_port ^ dst_port) & 0xff = 1' \
		'proto = 17 and (((sp | dp) - (sp & dp)) & 255) = 1'
	selects 'bps > 1M and bytes < 1G' \
		'length(bytes) < 10 and duration > 0 and
		cast(bytes as integer) * 8 / duration > 1000000'
}

@test "sqlite: and, or, not of what may be missing" {
	selects 'not (src port 443 or packets > 5) and proto tcp' \
		'not (coalesce(sp = 443, 0) or coalesce(packets > 5, 0)) and
		proto = 6'
	selects 'proto tcp or proto udp and port 53' \
		'proto = 6 or (proto = 17 and (sp = 53 or dp = 53))'
	selects 'if(packets > 100, 1, if(src port 53, 2, 3)) = 2' \
		'coalesce(packets > 100, 0) = 0 and sp = 53'
}

@test "the sum of what is kept and what is dropped is all" {
	local filter

	for filter in 'bytes > 1k' 'src port 53' 'flags S' 'nothing = 1'; do
		same "$N" $(($(flowfilter -c "$filter" flows) +
			$(flowfilter -v -c "$filter" flows)))
		flowfilter "$filter" flows > kept
		flowfilter "not ($filter)" flows > dropped
		cmp <(sort kept dropped) <(sort flows)
	done
}

@test "the shape of a record does not matter: order, space, escapes" {
	local filter

	# The members of every third record backwards, of every third with
	# space and unknown members, escaped names.
	awk -v RS='\n' '
	NR % 3 == 0 {
		gsub(/^{|}$/, "")
		n = split($0, m, ",")
		line = "{"
		for (i = n; i > 0; i--)
			line = line m[i] (i > 1 ? "," : "}")
		print line
		next
	}
	NR % 3 == 1 {
		gsub(/,/, " ,\t")
		gsub(/":/, "\" : ")
		sub(/^{/, "{ \"x\":{\"bytes\":[1,{\"y\":\"}\\\"\"}]},")
		sub(/bytes/, "bytes")
		sub(/"protocol"/, "\"proto\\u0063ol\"")
		print
		next
	}
	{ print }' flows > shapes
	same "$N" "$(wc -l < shapes)"
	# flowcat passes them byte for byte.
	flowcat shapes | cmp shapes -
	for filter in 'proto tcp and dst port 443' 'src net 10.0.0.0/8' \
		'bytes > 18446744073709551000' 'not packets > 10' \
		'flags S and bytes / packets > 100' \
		'first seen > 2015-07-18T17:07:33.480Z or src port in [53 80]'; do
		flowfilter "$filter" flows |
			grep -nxFf - flows | cut -d: -f1 > want
		flowfilter "$filter" shapes |
			grep -nxFf - shapes | cut -d: -f1 | cmp want - || {
			echo "$filter"
			return 1
		}
		[[ -s want ]]
	done
}

@test "blocks of any size and pipes give the same bytes" {
	local filter='proto tcp and bytes > 1k' want n

	head -n 2000 flows > some
	want=$(flowfilter "$filter" some | cksum)
	for n in 1 7 4096 65537; do
		same "$want" "$("$ROOT/tests/bin/drip" $n < some |
			flowfilter "$filter" | cksum)"
		same "$want" "$("$ROOT/tests/bin/drip" $n < some |
			flowcat --where "$filter" | cksum)"
	done
	for n in portable avx2; do
		same "$want" "$(PIPE4FLOW_CPU=$n flowfilter "$filter" some |
			cksum)"
	done
}
