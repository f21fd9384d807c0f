#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2094,SC2086
# Bad input: what is said, the exit status, and that nothing good is lost.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

good='{"date_last_seen":"2024-05-01T08:00:01Z","src_ip_addr":"192.0.2.1","x":"abc","n":1}'

# among BAD MESSAGE [OPTION..]: a bad line among good ones of the same shape.
# Both tools say so with its number, end with 1, keep the good ones and write
# the bad one to --rejects; with --strict they stop there.
among() {
	local bad=$1 message=$2 tool

	printf '%s\n%s\n' "$good" "$good" > in
	printf '%b\n' "$bad" > bad
	cat bad >> in
	printf '%s\n' "$good" >> in
	for tool in flowcat 'flowfilter any'; do
		run_err 1 $tool --rejects rejected in
		same "$good
$good
$good"
		same "${tool%% *}: in:3: $message" "$stderr"
		cmp bad rejected
		run_err 2 $tool --strict in
		same "${tool%% *}: in:3: $message" "$stderr"
	done
}

# member TEXT MESSAGE: a bad value of the member x.
member() {
	among "{\"date_last_seen\":\"2024-05-01T08:00:01Z\",\"src_ip_addr\":\"192.0.2.1\",\"x\":$1,\"n\":1}" "$2"
}

# ---- lines that are not JSON ----

@test "text, other values and rests of values are not records" {
	among 'hello' 'not a JSON object'
	among '"text"' 'not a JSON object'
	among '17' 'not a JSON object'
	among '{"a":1} {"b":2}' 'more than one value on the line'
	among '{"a":1}x' 'more than one value on the line'
	among '{"a":1' "expected ',' or '}'"
	among '{"a":' 'expected a value'
	among '{"a"}' "expected ':'"
	among "{'a':1}" 'expected a member name in quotes'
	among '{"a":1,}' 'expected a member name in quotes'
}

@test "values that JSON does not know" {
	member 'tru' 'expected a value'
	member 'NaN' 'expected a value'
	member '+1' 'expected a value'
	member '.5' 'expected a value'
	member '01' 'number with a leading zero'
	member '1.' 'no digit behind the decimal point'
	member '-' 'number without digits'
	member '1e' 'no digit in the exponent'
	member '[1,]' 'expected a value'
	member '"a" "b"' "expected ',' or '}'"
	member '"\\q"' 'unknown escape in string'
	member '"\\u12"' '\u without four hexadecimal digits'
}

@test "NUL bytes" {
	among '\0' 'not a JSON object'
	member '"a\0b"' 'control character in string'
	printf '%s\n\0%s\n%s\n' "$good" "$good" "$good" > in
	run_err 1 flowcat in
	same 2 "$(wc -l <<< "$output")"
	has 'in:2: not a JSON object' "$stderr"
	# Between objects that share a line they are bad as well.
	printf '{"n":1}{"n":2}\0{"n":3}\n' > in
	run_err 1 flowcat --rejects rejected in
	same '{"n":1}
{"n":2}
{"n":3}'
}

@test "control characters, and a newline within a string" {
	member '"a\001b"' 'control character in string'
	member '"a\tb"' 'control character in string'
	printf '%s\n{"x":"a\nb"}\n%s\n' "$good" "$good" > in
	run_err 1 flowcat --rejects rejected in
	same "$good
$good"
	same '{"x":"a
b"}' "$(< rejected)"
}

@test "bytes that are not UTF-8, and lone surrogates" {
	member '"a\xff"' 'invalid UTF-8 in string'
	member '"\xc0\xaf"' 'invalid UTF-8 in string'
	member '"\xed\xa0\x80"' 'invalid UTF-8 in string'
	member '"\xf4\x90\x80\x80"' 'invalid UTF-8 in string'
	member '"a\xe2\x82"' 'invalid UTF-8 in string'
	member '"\\ud800"' 'lone surrogate in string'
	member '"\\udc00\\ud800"' 'lone surrogate in string'
	member '"\\ud800\\u0041"' 'lone surrogate in string'
	among '{"a\xff":1}' 'invalid UTF-8 in string'
}

@test "nesting 10 000 deep" {
	local open close

	open=$(printf '[%.0s' {1..10000})
	close=$(printf ']%.0s' {1..10000})
	member "$open$close" 'nested too deeply'
	member "$open" 'nested too deeply'
	open=$(printf '{"a":%.0s' {1..10000})
	close=$(printf '}%.0s' {1..10000})
	member "${open}1$close" 'nested too deeply'
	# What people write is not too deep.
	run_ok flowcat <<< "{\"x\":${open:0:250}1${close:0:50}}"
	run_ok flowfilter any <<< "{\"x\":${open:0:250}1${close:0:50}}"
}

@test "a line of 20 MiB" {
	{
		printf '%s\n{"x":"' "$good"
		head -c 20971520 /dev/zero | tr '\0' a
		printf ' {\\"src_ip_addr\\":\\"6.6.6.6\\"}"}\n'
	} > in
	sed 1d in > long
	yes "$good" | head -n 30000 >> in
	for tool in flowcat 'flowfilter any'; do
		run_err 1 $tool -o out --rejects rejected --stats=json in
		has "${tool%% *}: in:2: line too long (see --max-line)" "$stderr"
		same "[30001,1,30001,$(stat -c %s in)]" \
			"$(tail -n 1 <<< "$stderr" |
				jq -c '[.records, .rejected, .written, .bytes]')"
		same 30001 "$(wc -l < out)"
		same "$good" "$(sort -u out)"
		cmp long rejected
		# The same in a pipe.
		run_err 1 $tool -o out --rejects rejected < <(cat in)
		same 30001 "$(wc -l < out)"
		cmp long rejected
		run_err 2 $tool --strict in
		has 'in:2: line too long' "$stderr"
		run_ok $tool --max-line 30M -o out in
		cmp in out
	done
}

@test "a long line at the end, and one whose end looks like a record" {
	{
		printf '%s\n' "$good"
		head -c 700000 /dev/zero | tr '\0' a
		printf '\n'
		head -c 700000 /dev/zero | tr '\0' a
		printf '%s\n%s\n' "$good" "$good"
		head -c 700000 /dev/zero | tr '\0' a
	} > in
	run_err 1 flowcat --max-line 100k in
	same "$good
$good"
	run_err 1 flowcat --max-line 100k < <(cat in)
	same "$good
$good"
	# Blocks that are read end anywhere.
	{
		printf '%s\n' "$good"
		head -c 20971520 /dev/zero | tr '\0' a
		printf ' %s\n%s\n' '{"src_ip_addr":"6.6.6.6"}' "$good"
	} > in
	run_err 1 flowcat in
	same "$good
$good"
}

@test "a byte order mark at the beginning of a file is no harm" {
	printf '\xef\xbb\xbf%s\r\n%s\r\n' "$good" "$good" > in
	run_ok flowcat in in
	same 4 "$(grep -c '^{' <<< "$output")"
	run_ok flowfilter -c any in
	same 2
	printf '\xef\xbb\xbf[%s,%s]' "$good" "$good" > in
	run_ok flowcat in
	same 2 "$(wc -l <<< "$output")"
	# Elsewhere it is.
	among '\xef\xbb\xbf{"a":1}' 'not a JSON object'
}

# ---- fields that cannot be read ----

@test "numbers that a needed field cannot be" {
	local r='{"first":"2024-05-01T10:00:00.100","last":"2024-05-01T10:00:02.600","in_packets":7,"in_bytes":1234,"proto":6,"src4_addr":"192.0.2.1","dst_port":443}'
	local bad

	for bad in in_packets:99999999999999999999 in_packets:1e300 \
		in_packets:1.5 'in_packets:"abc"' in_packets:true \
		in_packets:'{}' 'src4_addr:"999.1.1.1"' \
		'src4_addr:"192.0.2"' 'first:"garbage"' 'first:"T"' \
		'first:"2024-13-01T00:00:00"' \
		'first:"2024-02-30T00:00:00"' 'dst_port:"http-x"'; do
		sed -E "s/\"${bad%%:*}\":(\"[^\"]*\"|[0-9]+)/\"${bad%%:*}\":${bad#*:}/" \
			<<< "$r" > bad
		{
			echo "$r"
			cat bad
			echo "$r"
		} > in
		run_err 1 flowcat --rejects rejected in || {
			echo "$bad"
			return 1
		}
		same 2 "$(wc -l <<< "$output")"
		has "flowcat: in:2: ${bad%%:*}: " "$stderr"
		cmp bad rejected
	done
}

@test "an integer beyond 64 bits is an error where it is needed, else it passes" {
	printf '{"packets":%s}\n' 18446744073709551615 18446744073709551616 1 > in
	run_err 1 flowfilter --rejects rejected 'packets > 0' in
	same '{"packets":18446744073709551615}
{"packets":1}'
	same 'flowfilter: in:2: packets: number beyond 64 bits' "$stderr"
	same '{"packets":18446744073709551616}' "$(< rejected)"
	run_ok flowfilter any in
	same "$(< in)"
	run_ok flowcat in
	same "$(< in)"
	run_err 2 flowfilter --strict 'packets > 0' in
	# Sums have 128, in rows that are read again.
	sed 's/packets/s/' in > rows
	run_ok flowfilter '.s > 18446744073709551615' rows
	same '{"s":18446744073709551616}'
	run_ok flowagg -a 'most=max(.s)' --having 'most > 18446744073709551615' rows
	same '{"most":18446744073709551616}'
	run_ok flowtopn -k .s -b .s -n 1 --min 18446744073709551616 -f csv rows
}

@test "a field that an expression needs and cannot read" {
	printf '%s\n' "$good" '{"src_ip_addr":"192.0.2.300"}' \
		'{"src_ip_addr":7}' "$good" > in
	run_err 1 flowfilter --rejects rejected 'src ip 192.0.2.1' in
	same "$good
$good"
	same 'flowfilter: in:2: src_ip_addr: IP address expected
flowfilter: in:3: src_ip_addr: IP address expected' "$stderr"
	same "$(sed -n 2,3p in)" "$(< rejected)"
	run_err 1 flowfilter -c 'not src ip 192.0.2.1' in
	same 0
	run_err 1 flowfilter --set 'a=src_ip_addr' any in
	same 2 "$(wc -l <<< "$output")"
	# What is not looked at does not matter.
	run_ok flowfilter -c any in
	same 4
	run_err 1 flowcat --where 'src ip 192.0.2.1' in
	same "$good
$good"
}

@test "names that occur twice: the last counts" {
	run_ok flowcat <<< '{"SRC_IP":"192.0.2.1","BYTES":1,"BYTES":2}'
	same '{"src_ip_addr":"192.0.2.1","bytes":2}'
	run_ok flowfilter 'n = 2' <<< '{"n":1,"n":2}'
	same '{"n":1,"n":2}'
	run_ok flowfilter 'n = 1' <<< '{"n":1,"n":2}'
	same ''
}

@test "the first bad records are told one by one, then counted" {
	yes bad | head -n 1000 > in
	printf '%s\n' "$good" >> in
	run_err 1 flowcat in
	same "$good"
	(($(wc -l <<< "$stderr") < 20))
	has 'in:1: not a JSON object' "$stderr"
	same 'flowcat: 1000 bad records in all' "$(tail -n 1 <<< "$stderr")"
	run -1 --separate-stderr flowcat -q --rejects rejected in
	same '' "$stderr"
	same 1000 "$(wc -l < rejected)"
}

@test "lines are counted anew in each operand, and blank ones are counted" {
	printf '\n%s\nbad\n' "$good" > a
	printf '%s\nworse\n' "$good" > b
	run_err 1 flowcat a b
	same 'flowcat: a:3: not a JSON object
flowcat: b:2: not a JSON object' "$stderr"
}

@test "a bad record of an array is told, the others are kept" {
	printf '[\n{"n":1},\n{"n":x},\n{"n":3}\n]\n' > in
	run_err 1 flowcat in
	same '{"n":1}
{"n":3}'
	has 'expected a value' "$stderr"
	printf '[{"n":1},7,"}",{"n":3}]' > in
	run_err 1 flowcat in
	has '{"n":1}'
	printf '[{"n":1},{"n":2},{"n":' > in
	run_err 1 flowcat in
	same '{"n":1}
{"n":2}'
}

# ---- files that cannot be read ----

@test "truncated and damaged gzip and zstd: what is before is kept" {
	local i

	for i in {1..4000}; do
		printf '{"n":%d,"x":%d}\n' "$i" $((i * 7919 % 10007))
	done > all
	gzip -c all | head -c 12000 > a
	zstd -qc all | head -c 9000 > b
	zstd -qc all > c
	for f in a b; do
		run_err 1 flowcat -o out "$f"
		has "flowcat: $f: the " "$stderr"
		has 'data ends too early' "$stderr"
		cmp <(head -n "$(wc -l < out)" all) out
		[[ $f == b ]] || (($(wc -l < out) > 500))
		# The next operand is read all the same.
		run_err 1 flowfilter -c 'exists(n)' "$f" c
		((output >= 4000))
		run_err 2 flowcat --strict "$f"
	done
	{
		gzip -c all | head -c 4000
		head -c 4000 all
	} > d
	run_err 1 flowcat d
	has 'flowcat: d: ' "$stderr"
	printf '\x1f\x8b' > e
	run_err 1 flowcat e
	has 'flowcat: e: the gzip data ends too early' "$stderr"
	printf '\x1f' > f
	run_err 1 flowcat f
	printf '\x28\xb5\x2f\xfdrubbish' > g
	run_err 1 flowcat g
	has 'flowcat: g: ' "$stderr"
	# Rubbish behind a whole gzip member.
	{
		gzip -c all
		echo rubbish
	} > h
	run_err 1 flowcat h
	same "$(< all)"
}

@test "a directory and a missing file as operand" {
	printf '%s\n' "$good" > in
	mkdir dir
	for tool in flowcat 'flowfilter any'; do
		run_err 1 $tool dir in none in
		same "$good
$good"
		same "${tool%% *}: dir: Is a directory
${tool%% *}: none: No such file or directory" "$stderr"
		run_err 1 $tool none
		run_err 2 $tool --strict none in
		same ''
	done
}

@test "standard input that is a directory or closed" {
	run_err 1 flowcat < .
	has 'Is a directory' "$stderr"
	run_err 1 timeout 5 bash -c 'flowcat <&-'
	has 'Bad file descriptor' "$stderr"
}

@test "SIGTERM while a pipe is opened that nobody writes to" {
	mkfifo pipe
	run_ok timeout --preserve-status 1 flowcat pipe
	same ''
}

# ---- what cannot be written: fatal ----

@test "a full disk" {
	printf '%s\n' "$good" > in
	run_err 2 flowcat -o /dev/full in
	same 'flowcat: /dev/full: No space left on device' "$stderr"
	run_err 2 flowfilter -o /dev/full any in
	run_err 2 flowfilter -c -o /dev/full any in
	run_err 2 bash -c 'flowcat in > /dev/full'
	same 'flowcat: standard output: No space left on device' "$stderr"
	run_err 2 bash -c 'flowcat --help > /dev/full'
	has 'No space left on device' "$stderr"
	echo bad > in
	run_err 2 flowcat --rejects /dev/full in
	has '/dev/full: No space left on device' "$stderr"
	# On all of much output, not only at its end.
	flowgen -n 20000 > in
	run_err 2 flowcat -o /dev/full in
	run_err 2 flowfilter --set a=1 -o /dev/full any in
}

@test "a closed standard output" {
	printf '%s\n' "$good" > in
	run_err 2 bash -c 'flowcat in >&-'
	same 'flowcat: standard output: Bad file descriptor' "$stderr"
	run_err 2 bash -c 'flowfilter any in >&-'
}

@test "a broken pipe ends a tool quietly" {
	flowgen -n 20000 > in
	run -0 --separate-stderr bash -c \
		'flowcat in | head -n 1 > /dev/null; trap "" PIPE
		flowcat in | head -n 1 > /dev/null'
	same '' "$stderr"
}

@test "files that options name and that cannot be opened" {
	printf '%s\n' "$good" > in
	run_err 2 flowcat --rejects no/file in
	same 'flowcat: no/file: No such file or directory' "$stderr"
	same ''
	run_err 2 flowfilter --filter-file none in
	run_err 2 flowfilter 'src ip in @none' in
	has 'none: No such file or directory' "$stderr"
	mkdir dir
	run_err 2 flowfilter 'src ip in @dir' in
	has 'dir: Is a directory' "$stderr"
	run_err 2 flowcat -o dir in
	has 'dir: Is a directory' "$stderr"
}

# ---- memory ----

# rss COMMAND..: its largest resident set, in KiB; its input is standard input.
rss() {
	"$@" --stats=json 2>&1 > /dev/null | tail -n 1 | jq .max_rss_kib
}

@test "memory stays below 16 MiB on 100 MB of input" {
	local limit=16384

	# A sanitizer keeps books of its own.
	[[ $B != *san* ]] || limit=2000000
	(($(flowgen -n 370000 -s 1 -6 20 | rss flowcat) < limit))
	(($(flowgen -n 370000 -s 1 -6 20 | rss flowfilter 'src net 10.0.0.0/8 or
		dst port in [80 443] and bytes / packets > 100') < limit))
}

@test "memory stays below 16 MiB whatever the records are" {
	local limit=16384 i f

	[[ $B != *san* ]] || limit=2000000
	for f in "$ROOT"/tests/data/dialects/*.json; do
		cat "$f"
	done > some
	for i in {1..300}; do
		cat some
	done > many
	for i in {1..3000}; do
		printf '{"src_ip_addr":"192.0.2.1","k%d":1}\n' "$i"
	done > shapes
	(($(rss flowcat < many) < limit))
	(($(rss flowcat --keep --where 'bytes > 1' < many) < limit))
	(($(rss flowcat -f table < many) < limit))
	(($(rss flowcat --rejects rejected < <(yes bad | head -n 300000)) < limit))
	(($(rss flowcat < shapes) < limit))
	(($(rss flowfilter --set 'x=lower(src_ip_addr)' any < shapes) < limit))
	(($(rss flowcat < <(zstd -19 -qc many)) < limit))
	(($(rss flowcat < <(printf '['; paste -sd, shapes; printf ']')) < limit))
	# A line that is too long is not kept.
	(($(rss flowcat < <(head -c 50000000 /dev/zero | tr '\0' a)) < limit))
}

@test "an output that is read, too, stays as it is" {
	local line='{"src_ip_addr":"192.0.2.1","protocol":6,"bytes":1}'

	refuses_to_write() {
		echo "$line" > same.json
		run_err 2 "$@" < same.json
		has 'same.json: it is read, so it cannot be written' "$stderr"
		same "$line" "$(< same.json)"
	}
	refuses_to_write flowfilter any same.json -o same.json
	refuses_to_write flowfilter any same.json --rejects same.json
	refuses_to_write flowagg -k sa /dev/null same.json -o ./same.json
	refuses_to_write flowwin -w 1m -t arrival same.json --late same.json
	refuses_to_write flowcat -o same.json
	refuses_to_write flowcat --merge same.json same.json -o same.json
	line='192.0.2.0/24'
	refuses_to_write flowfilter 'ip in @same.json' -o same.json
	refuses_to_write flowcat -L @same.json -o same.json
	line='packets > 1'
	refuses_to_write flowfilter --filter-file same.json -o same.json
	line='bad.example'
	refuses_to_write flowdns --blacklist same.json -o same.json
	line='dst_port,service'
	refuses_to_write flowcat --lookup dst_port=same.json -o same.json
	line=0123456789abcdef0123456789abcdef
	refuses_to_write flowcat --anon same.json -o same.json
	line='client.id=me'
	refuses_to_write flowcat -F same.json -o same.json
	# What is read as a whole may be added to.
	echo 192.0.2.1 > list
	flowfilter 'sa in @list' --fields ttl <<< '{"src_ip_addr":"192.0.2.1","ttl":9}' >> list
	same '192.0.2.1
{"ttl":9}' "$(< list)"
	# Nor is it emptied where the command is wrong.
	run_err 2 flowfilter 'foo bar' /dev/null -o same.json
	same "$line" "$(< same.json)"
	run_ok flowfilter any /dev/null -o same.json
	same '' "$(< same.json)"
}

@test "files of other formats: what is to be done with them" {
	hint() {
		printf "$1" > in
		run_err 1 flowcat in
		has "in: $2" "$stderr"
		same ''
	}
	hint '\x0c\xa5\x02\x00' "nfdump's own format: nfdump -r FILE -o json"
	hint '\xd4\xc3\xb2\xa1\x02\x00' 'packets (pcap)'
	hint '\x0a\x0d\x0d\x0a\x01' 'packets (pcapng)'
	hint '\xfd7zXZ\x00' 'compressed by xz'
	hint 'BZh91' 'compressed by bzip2'
	hint '\x04\x22\x4d\x18\x64' 'compressed by lz4'
	run_err 0 flowcat -o csv /dev/null
	has '-f is the format' "$stderr"
}

@test "text of programs that can write JSON: what is to be done with it" {
	hint() {
		run_err 1 flowcat <<< "$1"
		has "flowcat: -:1: not a JSON object but $2" "$stderr"
		has 'flowcat: -:2: not a JSON object' "$stderr"
		same ''
	}
	hint $'ts,te,td,sa,da,sp\nx' 'text of nfdump: nfdump -o json'
	hint $'firstSeen,duration,proto\nx' 'text of nfdump: nfdump -o json'
	hint $'Date first seen         Duration\nx' 'text of nfdump: nfdump -o json'
	hint $'StartTime,Dur,Flgs,Proto\nx' 'text of argus: ra -M json -n'
	hint $'         StartTime      Flgs\nx' 'text of argus: ra -M json -n'
	hint $'#separator \\x09\n#set_separator\t,' \
		'a TSV log of Zeek: LogAscii::use_json=T makes JSON'
	hint $'SRC_IP,DST_IP,PACKETS\nx' 'text of pmacct: print_output: json'
}

@test "times at the ends of what is possible: the next one of the minute" {
	local first second

	for first in 2262-04-11T23:47:10.000Z:30 1677-09-21T00:12:50.000Z:10; do
		second=${first%:??.000Z:*}:${first##*:}.000Z
		printf '{"date_last_seen":"%s"}\n' "${first%:*}" "$second" > ends
		run_err 1 flowagg -w 10s ends
		has '1677 to 2262' "$stderr"
		same 1 "$(jq .flows <<< "$output")"
	done
}
