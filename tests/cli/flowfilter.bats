#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2094,SC2016
# flowfilter, the tool: what it keeps, drops, projects and extends.  The
# language has tests of its own, expr.bats.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat > in <<- 'END'
		{"src_ip_addr":"192.0.2.1","protocol":6,"dst_port":443,"packets":7,"bytes":1234,"duration":0.000}
		{"src_ip_addr":"192.0.2.2","protocol":17,"dst_port":53,"packets":1,"bytes":60,"duration":0.000}
		{"src_ip_addr":"2001:db8::1","protocol":6,"dst_port":22,"packets":9,"bytes":900,"duration":1.500}
	END
}

odd=' { "src_ip_addr" : "10.0.0.1","bytes":10 , "duration":0.000,	"x":"q\"\u00e9","n":{"a":[1,{"b":2}]},"e":1E+2,"packets":3 } '

# sets WANTED OPTION..: what becomes of $odd.
sets() {
	run_ok flowfilter -q "${@:2}" any <<< "$odd"
	same "$1"
}

wait_for() {
	local i

	for ((i = 0; i < 500; i++)); do
		[[ -e $1 && $(wc -l < "$1") -ge $2 ]] && return
		sleep 0.01
	done
	return 1
}

@test "records that fit pass byte for byte, the others do not" {
	run_ok flowfilter 'proto tcp' in
	same "$(sed -n '1p;3p' in)"
	run_ok flowfilter any <<< "$odd"
	same "$odd"
	run_ok flowfilter 'not any' in
	same ''
	flowfilter any in | cmp in -
	printf '%s\r\n' '{"bytes":1}' '{"bytes":2}' > crlf
	run_ok flowfilter 'bytes 2' crlf
	same '{"bytes":2}' "${output%$'\r'}"
}

@test "operands are read in order, without one standard input is" {
	run_ok flowfilter 'dst port 22' in - in < in
	same 3 "$(wc -l <<< "$output")"
	run_ok flowfilter 'dst port 22' < in
	same "$(sed -n 3p in)"
	gzip -c in > a
	zstd -qc in > b
	run_ok flowfilter -c 'dst port 22' a b in
	same 3
	run_err 2 flowfilter
	has 'an expression is needed' "$stderr"
}

@test "-v keeps what does not fit, missing fields too" {
	run_ok flowfilter -v 'proto tcp' in
	same "$(sed -n 2p in)"
	run_ok flowfilter -v 'tos 0' in
	same "$(< in)"
	run_ok flowfilter -c -v 'bytes > 1k' in
	same 2
}

@test "-c prints the number alone" {
	run_ok flowfilter -c 'proto tcp' in
	same 2
	run_ok flowfilter -c 'not any' in
	same 0
	run_ok flowfilter -c any /dev/null
	same 0
	run_ok flowfilter -c -f csv any in
	same 3
	run_ok flowfilter -c -o out any in
	same '' && same 3 "$(< out)"
}

@test "-n stops after that many" {
	run_ok flowfilter -n 1 'proto tcp' in
	same "$(sed -n 1p in)"
	run_ok flowfilter -n 0 any in
	same ''
	run_ok flowfilter -c -n 2 any in
	same 2
	run_ok flowfilter -n 5 any in
	same "$(< in)"
}

@test "--where is asked before the expression" {
	run_ok flowfilter --where 'proto tcp' 'packets > 8' in
	same "$(sed -n 3p in)"
	run_ok flowfilter -v --where 'proto tcp' 'packets > 8' in
	same "$(sed -n 1p in)"
}

@test "--fields: these members, in this order, spelled as they were" {
	run_ok flowfilter --fields duration,sa,nothing,dst_port any in
	same '{"duration":0.000,"src_ip_addr":"192.0.2.1","dst_port":443}
{"duration":0.000,"src_ip_addr":"192.0.2.2","dst_port":53}
{"duration":1.500,"src_ip_addr":"2001:db8::1","dst_port":22}'
	sets '{"x":"q\"\u00e9","e":1E+2,"n":{"a":[1,{"b":2}]}}' --fields x,e,n
	sets '{"n.a":[1,{"b":2}]}' --fields n.a
	sets '{}' --fields nothing
	run_ok flowfilter --fields bytes any <<< '{"bytes":1,"bytes":2}'
	same '{"bytes":2}'
	# Twice is once.
	run_ok flowfilter --fields byt,packets,bytes any \
		<<< '{"packets":2,"bytes":1}'
	same '{"bytes":1,"packets":2}'
	run_err 0 flowfilter -c --stats=json any in
	same '3 0' "$(jq -r '"\(.selected) \(.written)"' <<< "$stderr")"
	run_err 2 flowfilter --fields '' any in
	has '--fields: expected names' "$stderr"
}

@test "--set replaces in place" {
	sets "${odd/10 ,/11 ,}" --set bytes=bytes+1
	sets "${odd/10 ,/3 ,}" --set bytes=packets
	sets "${odd/\"q\\\"\\u00e9\"/\"q\\\"é\"}" --set x=x
	sets "${odd/0.000/2.5}" --set duration=2.5
	sets "${odd/10.0.0.1/10.0.0.0\/8}" \
		--set 'src_ip_addr=prefix(src_ip_addr,8)'
	sets "${odd/\"b\":2/\"b\":5}" --set n.a.1.b=5
	sets "${odd/'{"a":[1,{"b":2}]}'/true}" --set 'n=bytes > 5'
	# An alias names the same member.
	sets "${odd/10 ,/1 ,}" --set byt=1
}

@test "--set appends what was not there" {
	sets "${odd/ \} / ,\"m\":13\} }" --set m=bytes+packets
	sets "${odd/ \} / ,\"src_port\":80,\"z\":\"abc\"\} }" --set sp=80 \
		--set 'z=lower("ABC")'
	run_ok flowfilter --set a=1 any <<< '{}'
	same '{"a":1}' "${output// /}"
	run_ok flowfilter --set a=1 any <<< '{ }'
	same '{"a":1}' "${output// /}"
	run_ok flowfilter --set c=b any <<< '{"b":1 }'
	same '{"b":1 ,"c":1}'
	run_ok flowfilter --set c=1 any < <(printf '{"b":1}\r\n')
	same '{"b":1,"c":1}' "${output%$'\r'}"
}

@test "--set escapes strings, and keeps those that were" {
	run_ok flowfilter --set 'y=x' any <<< '{"x":"a\"\\\u0001\n\u00e9😀"}'
	same '{"x":"a\"\\\u0001\n\u00e9😀","y":"a\"\\\u0001\né😀"}'
	jq -e '.x == .y' <<< "$output"
	run_ok flowfilter --set 'a"b=1' --set 'y="\"\u0041"' any <<< '{}'
	same '{"a\"b":1,"y":"\"\\u0041"}' "${output// /}"
	# Long ones, cut within no character.
	run_ok flowfilter --set y=x any \
		< <(printf '{"x":"%s"}\n' "$(printf 'é%.0s' {1..500})")
	jq -e '.x == .y' <<< "$output"
}

@test "--set: numbers are integers where they can be" {
	run_ok flowfilter --fields a,b,c,d,e,f --set a=bytes/4 --set b=bytes/5 \
		--set c=bytes*1.5 --set 'd=18446744073709551615+1' \
		--set e=0-5 --set f=1e3 any <<< "$odd"
	same '{"a":2.5,"b":2,"c":15,"d":18446744073709551616,"e":-5,"f":1000}'
	run_ok flowfilter --fields t,flags --set 't=ts+1.5' \
		--set 'flags=flags | 2' any \
		<<< '{"date_first_seen":"2024-05-01T10:00:00.100+02:00","flags":".A...."}'
	same '{"t":"2024-05-01T08:00:01.600Z","flags":".A..S."}'
}

@test "--set: what is unknown is absent, never null" {
	sets "$odd" --set z=nothing+1
	sets "$odd" --set z=1/0
	sets '{"bytes":10}' --set z=1/0 --fields z,bytes
	run_ok flowfilter --set bytes=1/0 any <<< '{"packets":1,"bytes":2,"tos":0}'
	[[ $output != *null* ]]
	same 1 "$(jq .packets <<< "$output")"
	run_ok flowfilter --set bytes=1/0 any <<< '{"bytes":2}'
	same '{}' "${output// /}"
	# The first to come after all others went.
	run_ok flowfilter -q --set a=1/0 --set b=1/0 --set c=3 any <<- 'END'
		{"a":1}
		{"a":1, "b":2 }
		{"a":1,"x":0,"b":2}
		{}
	END
	same '{"c":3} {"c":3} {"x":0,"c":3} {"c":3}' "$(jq -c . <<< "$output" |
		paste -sd ' ')"
	printf '{"a":\r1,\r"b":2}\n' > cr
	run_ok flowfilter -q --set a=1/0 any cr
	same '{"b":2}' "${output/$'\r'/}"
}

@test "--set: an element of an array that became unknown is null" {
	run_ok flowfilter --set a.1=1/0 any <<< '{"a":[1,2,3]}'
	same '{"a":[1,null,3]}'
	run_ok flowfilter --set a.0=1/0 --set a.1.b=1/0 any \
		<<< '{"a":[ "x",{"b":1}]}'
	same '{"a":[ null,{}]}'
}

@test "--set twice: the last counts, and it sees the record as it was" {
	sets "${odd/10 ,/2 ,}" --set bytes=1 --set bytes=2
	sets "${odd/10 ,/11 ,}" --set bytes=bytes+100 --set bytes=bytes+1
}

@test "--set of a member that occurs twice changes the one that counts" {
	run_ok flowfilter --set b=b+1 any <<< '{"b":1,"c":0,"b":2}'
	same 3 "$(jq .b <<< "$output")"
}

@test "--set with --fields: what was computed can be chosen" {
	run_ok flowfilter --fields rate,sa --set 'rate=bytes/packets' \
		'dst port 22' in
	same '{"rate":100,"src_ip_addr":"2001:db8::1"}'
}

@test "--set: errors are usage errors" {
	run_err 2 flowfilter --set x any in
	has '--set x: expected NAME=EXPRESSION' "$stderr"
	run_err 2 flowfilter --set =1 any in
	run_err 2 flowfilter --set 'x=1 +' any in
	same "flowfilter: --set: expected a field, a value or '('
  1 +
     ^" "$stderr"
	run_err 2 flowfilter --set 'x=' any in
}

@test "--filter-file: comments and several lines" {
	printf '# web\nproto tcp # only\nand\n\tdst port in [80, 443]\n' > f
	run_ok flowfilter --filter-file f in
	same "$(sed -n 1p in)"
	run_ok flowfilter --filter-file f in in
	same 2 "$(wc -l <<< "$output")"
	printf 'proto tcp\nand foo(1)\nor any\n' > f
	run_err 2 flowfilter --filter-file f in
	has '
  and foo(1)
      ^' "$stderr"
	run_err 2 flowfilter --filter-file none in
	same 'flowfilter: none: No such file or directory' "$stderr"
	run_err 2 flowfilter --filter-file . in
	same 'flowfilter: .: Is a directory' "$stderr"
	: > empty
	run_err 2 flowfilter --filter-file empty in
	has 'the expression is empty' "$stderr"
}

@test "--explain prints the program and reads nothing" {
	run_ok flowfilter --explain 'proto tcp and (dst port in [80,443] or not src net 10.0.0.0/8)' none
	same '  0 range protocol 6..6 ? 1 : 4
  1 in numbers dst_port 2 ranges ? 3 : 2
  2 in addresses src_ip_addr 1 prefixes ? 4 : 3
  3 true
  4 false'
	# The same words make the same program.
	run_ok flowfilter --explain 'src ip in [10.0.0.0/8 10.1.0.0/16]'
	has 'src_ip_addr 1 prefixes'
	run_ok flowfilter --explain 'bytes / packets > 100'
	has 'arith /'
}

@test "--fields: rates are computed, not members" {
	echo '{"bytes":100,"duration":2}' > in
	both flowfilter --fields byt,bps any in
	same '{"bytes":100}'
	same "flowfilter: --fields: no record has 'bps'; --set bps=bps computes it" \
		"$stderr"
	run_ok flowfilter --fields byt,bps --set bps=bps any in
	same '{"bytes":100,"bps":400}'
}

@test "formats: a member that cannot be read is named" {
	run_err 1 flowfilter -f csv any <<< $'{"bytes":1}\n{"bytes":"x"}'
	same $'bytes\n1'
	same 'flowfilter: -:2: bytes: number expected' "$stderr"
}

@test "formats: csv, tsv and table have the chosen columns" {
	run_ok flowfilter -f csv --fields sa,dp 'proto tcp' in
	same 'src_ip_addr,dst_port
192.0.2.1,443
2001:db8::1,22'
	run_ok flowfilter -f tsv --set 'mean=bytes/packets' 'dst port 22' in
	same $'src_ip_addr\tprotocol\tdst_port\tpackets\tbytes\tduration\tmean
2001:db8::1\t6\t22\t9\t900\t1.5\t100'
	run_ok flowfilter -f table --fields pr,nothing,byt any in
	same 'protocol  nothing  bytes
TCP                 1234
UDP                   60
TCP                  900'
	run_ok flowfilter -f line 'dst port 53' in
	has '192.0.2.2:0 '
}

@test "a record of a live pipe leaves at once" {
	mkfifo p
	flowfilter 'proto tcp' < p > out 3>&- &
	exec 4> p
	head -n 1 in >&4
	wait_for out 1
	tail -n 2 in >&4
	wait_for out 2
	exec 4>&-
	wait $!
	same "$(sed -n '1p;3p' in)" "$(< out)"
}

@test "SIGTERM ends a waiting flowfilter, and nothing is lost" {
	mkfifo p
	flowfilter -c 'proto tcp' < p > out 3>&- &
	exec 4> p
	cat in >&4
	sleep 0.2
	kill $!
	wait $!
	exec 4>&-
	same 2 "$(< out)"
}

@test "a reader that ends is no error" {
	flowgen -n 20000 > many
	run -0 bash -c 'set -o pipefail
		flowfilter any many | head -n 1 > /dev/null
		[[ ${PIPESTATUS[0]} == 141 || ${PIPESTATUS[0]} == 0 ]]'
	same ''
}

@test "options: unknown ones, help, version" {
	run_err 2 flowfilter --field sa,da --setting x any in
	has "did you mean '--set'?" "$stderr"
	run_ok flowfilter --help
	has '
examples:
  '
	run_ok flowfilter -V
	same "flowfilter $(< "$ROOT/VERSION")"
	# An expression may begin with a minus.
	run_ok flowfilter -c -- '-bytes < 0' in
	same 3
}
