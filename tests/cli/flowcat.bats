#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2094
# flowcat: what other programs write becomes canonical records.

load common

setup_file() {
	data=$BATS_TEST_DIRNAME/../data/dialects
	export data
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

flow='{"date_first_seen":"2024-05-01T08:00:00.100Z","date_last_seen":"2024-05-01T08:00:02.600Z","duration":2.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":40000,"dst_port":443,"protocol":6,"flags":".AP.SF","tos":0,"packets":7,"bytes":1234}'

# converts NAME..: NAME.json gives NAME.want, and nothing is complained of.
converts() {
	local name

	for name; do
		run_ok flowcat "$data/$name.json"
		same "$(<"$data/$name.want")"
	done
}

# sums: number of records, their packets and bytes.
sums() {
	jq -n -c '[inputs] | [length, (map(.packets) | add),
		(map(.bytes) | add)]'
}

# numbers: the members n of the records, on one line.
numbers() {
	jq -c .n "$@" | paste -sd' '
}

# times N..: a record for each, n = N, at second N.
times() {
	local n

	for n; do
		printf '{"date_last_seen":"2024-05-01T08:00:%02dZ","n":%d}\n' \
			"$n" "$n"
	done
}

# wait_for FILE LINES: until it has them, 5 s at most.
wait_for() {
	local i

	for ((i = 0; i < 500; i++)); do
		[[ -e $1 && $(wc -l < "$1") -ge $2 ]] && return
		sleep 0.01
	done
	printf '%s has %d lines, not %d\n' "$1" "$(wc -l < "$1")" "$2"
	return 1
}

# ---- dialects, by records of their schema ----

@test "nfdump's ndjson and its array are converted" {
	converts nfdump nfdump-array
}

@test "ipfixcol2: names, numbers, raw values, both directions, DNS" {
	converts ipfixcol2 ipfixcol2-numeric ipfixcol2-raw ipfixcol2-biflow \
		ipfixcol2-dns
}

@test "ipfixcol 1: with and without its prefix, seconds" {
	converts ipfixcol1 ipfixcol1-bare ipfixcol1-seconds
}

@test "goflow2 is converted" {
	converts goflow2
}

@test "Suricata: flow, netflow, DNS of both versions" {
	converts suricata-flow suricata-netflow suricata-dns2 suricata-dns3 \
		suricata-dns3-request suricata-answers
}

@test "Zeek: conn and DNS, with flattened and nested names" {
	converts zeek-conn zeek-dns zeek-flattened zeek-nested
}

@test "Zeek's history tells TCP flags in conn.log only" {
	run_ok flowcat <<< '{"ts":1692198386.837988,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":53727,"id.resp_h":"198.51.100.2","id.resp_p":443,"version":"TLSv13","server_name":"example.org","history":"ISisH"}'
	has '"tls_sni":"example.org"'
	[[ $output != *flags* ]]
}

@test "pmacct: flags as text and as an array, epoch times" {
	converts pmacct pmacct-flags
}

@test "csv has the columns of a flow, also where the first one lacks them" {
	local flow='{"date_first_seen":"2024-05-01T08:00:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2"'

	run_ok flowcat -f csv < <(echo "$flow"',"protocol":1,"bytes":9}'
		echo "$flow"',"src_port":1,"dst_port":2,"protocol":6,"flags":"......S.","bytes":8}')
	same 'date_first_seen,src_ip_addr,dst_ip_addr,src_port,dst_port,protocol,flags,bytes
2024-05-01T08:00:00.000Z,192.0.2.1,192.0.2.2,,,1,,9
2024-05-01T08:00:00.000Z,192.0.2.1,192.0.2.2,1,2,6,....S.,8'
	# Rows of results are not flows.
	run_ok flowcat -f csv <<< '{"src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","protocol":1,"flows":2}'
	same $'src_ip_addr,dst_ip_addr,protocol,flows\n192.0.2.1,192.0.2.2,1,2'
}

@test "what collectors make of octets and of lengths they do not know" {
	local head='{"@type":"ipfix.entry","iana:flowStartMilliseconds":"2024-05-01T08:00:00.1Z"'

	run_ok flowcat <<< "$head"',"iana:sourceIPv4Address":"8.8.8.8","flowmon:dnsQname":"E.org.","flowmon:dnsCrrType":1,"flowmon:dnsCrrRdata":3405803785}'
	has '"dns_qname":"E.org","dns_rtype":1,"dns_rdata":"203.0.113.9"}' "$output"
	run_ok flowcat <<< '{"ipfix.flowStartMilliseconds":1714550400100,"ipfix.octetDeltaCount":"unknown","ipfix.packetDeltaCount":1,"ipfix.sourceIPv4Address":"10.0.0.1"}'
	has '"src_ip_addr":"10.0.0.1","packets":1}' "$output"
	run_ok flowcat <<< '{"SRC_IP":"8.8.8.8","TIME_FIRST":1714550400.1,"DNS_ATYPE":1,"DNS_RDATA":"3230332E302E3131332E39"}'
	has '"dns_rtype":1,"dns_rdata":"203.0.113.9"}' "$output"
}

@test "Suricata: answers in groups, of all types; names of bad members" {
	run_ok flowcat <<< '{"timestamp":"2024-05-01T10:00:00.1+0200","event_type":"dns","src_ip":"203.0.113.7","dns":{"type":"answer","rrname":"e.org","grouped":{"TXT":["v=spf1"],"A":["192.0.2.4","192.0.2.5"],"ODD":["x"]}}}'
	has '"dns_answers":4,"dns_rdata":"192.0.2.4","dns_rdata_all":["v=spf1","192.0.2.4","192.0.2.5","x"],"dns_rtype_all":[16,1,1,null]}' "$output"
	run_err 1 flowcat <<< '{"timestamp":"2024-05-01T10:00:00.1+0200","event_type":"dns","src_ip":"203.0.113.7","dns":{"type":"answer","id":"x"}}'
	has 'dns.id: number expected' "$stderr"
}

@test "UniRec is converted" {
	converts unirec
}

@test "argus: records within a wrapper" {
	converts argus
}

@test "argus' times without a year are refused, not guessed" {
	run_err 1 flowcat <<< '{"type":"flow","stime":"05/01.10:00:00.100000","dur":2.5,"proto":"tcp","saddr":"192.0.2.1","daddr":"198.51.100.2","spkts":7,"sbytes":1332}'
	same ''
	same 'flowcat: -:1: stime: time expected' "$stderr"
}

@test "dialects are recognised record by record" {
	local name all=(nfdump ipfixcol2 goflow2 zeek-conn pmacct unirec
		suricata-flow ipfixcol1 zeek-dns)

	for name in "${all[@]}" "${all[@]}"; do
		cat "$data/$name.json" >> in
		cat "$data/$name.want" >> want
	done
	run_ok flowcat in
	same "$(< want)"
}

@test "--from: the dialect of records that do not tell it" {
	local r='{"proto":"TCP","bytes":5,"packets":1}'

	run_ok flowcat <<< "$r"
	same "$r"
	run_ok flowcat --from goflow2 <<< "$r"
	same '{"protocol":6,"packets":1,"bytes":5}'
	run_err 2 flowcat --from netflow /dev/null
	has '--from netflow: there is no such dialect (there are: canonical ipfix nfdump' \
		"$stderr"
}

@test "--keep: unknown members and the exporter's follow, once" {
	run_ok flowcat --keep "$data/nfdump.json"
	same "${flow%\}},\"date_received\":\"2024-05-01T08:00:03.000Z\",\"exporter_id\":1,\"cnt\":1,\"type\":\"FLOW\",\"ident\":\"r1\",\"fwd_status\":0,\"src4_geo\":\"\",\"dst4_geo\":\"\",\"sampled\":0}"
	run_ok flowcat --keep <<< '{"SRC_IP":"192.0.2.1","BYTES":1,"X":{"a":[1, "}"]},"Y":"\u00e9\""}'
	same '{"src_ip_addr":"192.0.2.1","bytes":1,"X":{"a":[1, "}"]},"Y":"\u00e9\""}'
	# A member that has a field's name does not hide the field.
	run_ok flowcat --keep <<< '{"SRC_IP":"192.0.2.1","BYTES":1,"bytes":2}'
	same '{"src_ip_addr":"192.0.2.1","bytes":1}'
}

# ---- real output of programs, tests/data/lab ----

@test "lab: nfdump's flows, packets and bytes are all there" {
	run_ok flowcat "$(lab nfdump.json)"
	same '[1251,13328,10453922]' "$(sums <<< "$output")"
}

@test "lab: nfacctd's flows, packets and bytes are all there" {
	run_ok flowcat "$(lab nfacctd.json)"
	same '[1251,13328,10453922]' "$(sums <<< "$output")"
}

@test "lab: pmacctd's records, packets and bytes are all there" {
	run_ok flowcat "$(lab pmacct.json)"
	same '[1338,13328,10453922]' "$(sums <<< "$output")"
}

@test "lab: nfdump and nfacctd give the same records" {
	# softflowd 1.1.0 exports no ICMP type and code that nfacctd 1.7.7
	# would print; nfdump prints 0 for what it did not get.
	local icmp='s/,"icmp_type":[0-9]*,"icmp_code":[0-9]*//'

	flowcat "$(lab nfdump.json)" > nfdump
	flowcat "$(lab nfacctd.json)" > nfacctd
	diff <(grep -v icmp_type nfdump | sort) \
		<(grep -Ev '"protocol":(1|58),' nfacctd | sort)
	diff <(sed "$icmp" nfdump | sort) <(sort nfacctd)
	same 29 "$(grep -c icmp_type nfdump)"
}

@test "lab: nothing of a known flow is left behind" {
	run_ok flowcat --where 'src port 41898 and dst port 25' \
		"$(lab nfdump.json)"
	same '{"date_first_seen":"2026-11-23T14:21:47.213Z","date_last_seen":"2026-11-23T14:21:47.213Z","duration":0.000,"src_ip_addr":"203.0.113.66","dst_ip_addr":"198.51.100.80","src_port":41898,"dst_port":25,"protocol":6,"flags":"....S.","tos":0,"packets":1,"bytes":44}'
}

# ---- canonical records ----

@test "canonical input passes byte for byte" {
	cat > in <<- 'END'
		{"date_first_seen":"2015-07-18T18:07:33.475+01:00","duration":0.000,"src_ip_addr":"192.0.2.1","packets":1}
		{"date_first_seen":"2015-07-18T18:07:33.475+01:00","duration":0.000,"src_ip_addr":"192.0.2.2","packets":1}
		 { "date_first_seen" : "2015-07-18T18:07:33.475+01:00" , "x" : [ 1 , { "y" : [ ] } ] }	
		{"src_ip_addr":"192.0.2.1","bytes":1E+2,"duration":-0.0,"z":18446744073709551616,"e":1e400}
		{"src_ip_addr":"192.0.2.1","s":"\u00e9\ud83d\ude00\/\"\\","src_\u0070ort":7,"":null,"é":"é"}
		{"src_ip_addr":"192.0.2.1","bytes":1,"bytes":2}
		{}
		{"a":true,"b":false,"c":null}
	END
	flowcat in > out
	cmp in out
	flowcat < in | cmp in -
	flowcat in in | cmp <(cat in in) -
}

@test "lines with CRLF pass, blank lines do not" {
	printf '%s\r\n%s\r\n' "$flow" "$flow" > in
	flowcat in > out
	same "$(tr -d '\r' < in)" "$(tr -d '\r' < out)"
	printf '\n%s\n\n \t\r\n%s' "$flow" "$flow" > in
	run_ok flowcat in
	same "$flow
$flow"
}

@test "gzip and zstd are known by content, also in several members" {
	times 1 2 3 > a
	gzip -c a > a.txt
	zstd -qc a > a.json
	cat a.txt a.txt > two
	cat a.json a.json > four
	run_ok flowcat a a.txt a.json two four
	same '1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3' \
		"$(numbers <<< "$output")"
	run_ok flowcat < a.txt
	same '1 2 3' "$(numbers <<< "$output")"
	# In a pipe, byte by byte.
	run_ok flowcat < <("$ROOT/tests/bin/drip" 1 < a.json)
	same '1 2 3' "$(numbers <<< "$output")"
	: | gzip > empty
	run_ok flowcat empty /dev/null
	same ''
	# Frames to be skipped, first, as pzstd has them, and between.
	{
		printf '\x50\x2a\x4d\x18\x04\0\0\0abcd'
		cat a.json
		printf '\x5f\x2a\x4d\x18\0\0\0\0'
		cat a.json
	} > skipping
	run_ok flowcat skipping
	same '1 2 3 1 2 3' "$(numbers <<< "$output")"
	run_ok flowcat < <("$ROOT/tests/bin/drip" 1 < skipping)
	same '1 2 3 1 2 3' "$(numbers <<< "$output")"
}

@test "-j: decompressed in threads, the same comes out" {
	local i j n=20000

	[[ $B != *san* ]] || n=600
	flowgen -n "$n" -s 3 -6 20 > flows
	gzip -kc flows > flows.gz
	zstd -qc flows > flows.zst
	{ printf '['; paste -sd, flows; printf ']'; } > array
	head -c -1000 flows.gz > cut.gz
	for i in flows flows.gz flows.zst array; do
		for j in 1 2 3; do
			flowcat -j "$j" "$i" | cmp - flows
		done
	done
	flowcat -j 3 flows flows.gz cut.gz flows.zst > want3 2> err3 || same 1 $?
	flowcat flows flows.gz cut.gz flows.zst > want1 2> err1 || same 1 $?
	cmp want1 want3
	cmp err1 err3
	[[ $(< err3) == *'cut.gz: the gzip data ends too early'* ]]
	# Each operand of --merge has a reader of its own.
	flowcat -j 4 --merge flows flows.gz flows.zst > merged
	flowcat --merge flows flows.gz flows.zst | cmp - merged
	flowagg -j 2 -k protocol flows.gz | cmp - <(flowagg -k protocol flows)
	# What was read ahead is not worked off when the rest is not wanted.
	flowcat -j 2 -n 1 flows | cmp - <(head -n 1 flows)
	run_err 2 flowcat -j x flows
}

@test "a gzip file padded with zeros, as tapes leave it, is read" {
	times 1 2 | gzip > a
	head -c 1024 /dev/zero >> a
	run_ok flowcat a
	same '1 2' "$(numbers <<< "$output")"
}

@test "objects without newlines between them, or over several lines" {
	printf '{"n":1}{"n":2} {"n":3}\n{"n":4}{"n":[5,\n{"a":"}"}]}' > in
	run_ok flowcat in
	same '{"n":1}
{"n":2}
{"n":3}
{"n":4}
{"n":[5, {"a":"}"}]}'
	times 1 2 3 | jq . > pretty
	run_ok flowcat pretty
	same '1 2 3' "$(numbers <<< "$output")"
	times 1 2 3 | jq -s . > array
	run_ok flowcat array
	same '1 2 3' "$(numbers <<< "$output")"
	times 1 2 3 | jq -sc . > array
	run_ok flowcat array pretty array
	same '1 2 3 1 2 3 1 2 3' "$(numbers <<< "$output")"
	run_ok flowcat < <("$ROOT/tests/bin/drip" 1 < array)
	same '1 2 3' "$(numbers <<< "$output")"
}

@test "operands are read in order, - is standard input" {
	times 1 > a
	times 3 > b
	run_ok flowcat a - b < <(times 2)
	same '1 2 3' "$(numbers <<< "$output")"
	# The last line of a file need not end.
	printf '{"n":1}' > a
	run_ok flowcat a a
	same '1 1' "$(numbers <<< "$output")"
}

@test "-o writes to a file" {
	run_ok flowcat -o out "$data/nfdump.json"
	same ''
	same "$flow" "$(< out)"
	run_ok flowcat --output - "$data/nfdump.json"
	same "$flow"
	# what users of nfdump mean by it
	both flowcat -o fmt:%ts "$data/nfdump.json"
	has '-o fmt:%ts writes to a file of that name; -f is the format' \
		"$stderr"
	run_err 2 flowcat -o no/out "$data/nfdump.json"
	same 'flowcat: no/out: No such file or directory' "$stderr"
}

# ---- which records ----

@test "-n and --skip count records, not lines" {
	times 1 2 3 4 5 > a
	run_ok flowcat -n 2 a
	same '1 2' "$(numbers <<< "$output")"
	run_ok flowcat --skip 3 a a
	same '4 5 1 2 3 4 5' "$(numbers <<< "$output")"
	run_ok flowcat --skip 1 -n 2 <<< $'\n'"$(< a)"
	same '2 3' "$(numbers <<< "$output")"
	run_ok flowcat -n 0 a
	same ''
	run_ok flowcat --skip 1k a
	same ''
	run_ok flowcat --skip 1 --where 'n > 2' a
	same '4 5' "$(numbers <<< "$output")"
	run_err 2 flowcat -n -1 a
	run_err 2 flowcat -n x a
}

@test "-n ends without waiting for more" {
	mkfifo p
	timeout 5 flowcat -n 1 < p > out 3>&- &
	exec 4> p
	times 1 2 >&4
	wait $!
	exec 4>&-
	same 1 "$(numbers out)"
}

@test "--sample takes the same flows in any order, in both directions" {
	local n

	flowgen -n 4000 -s 5 -6 20 > in
	flowcat --sample 4 in > one
	n=$(wc -l < one)
	((n > 500 && n < 1800))
	shuf --random-source=in in | flowcat --sample 4 | sort |
		cmp <(sort one) -
	# Halves of a connection stay together.
	jq -c '[.src_ip_addr, .src_port, .dst_ip_addr, .dst_port] as [$a, $b, $c, $d] |
		.src_ip_addr = $c | .src_port = $d | .dst_ip_addr = $a |
		.dst_port = $b | {src_ip_addr, dst_ip_addr, src_port, dst_port,
		protocol}' in > back
	jq -c '{src_ip_addr, dst_ip_addr, src_port, dst_port, protocol}' \
		in > forth
	flowcat --sample 4 forth | wc -l > n
	flowcat --sample 4 back | wc -l | cmp n -
	paste -d'\n' forth back | flowcat --sample 4 | wc -l |
		cmp <(echo $((2 * $(< n)))) -
	run_err 2 flowcat --sample 0 in
	run_ok flowcat --sample 1 in
	same "$(< in)"
}

@test "--where asks of the canonical fields, whatever the dialect" {
	cat "$data"/{nfdump,ipfixcol2,goflow2,zeek-conn,pmacct,unirec}.json > in
	run_ok flowcat --where 'src ip 192.0.2.1 and dst port 443 and
		flags SF and packets = 7 and bytes 1234 and
		date_first_seen = 2024-05-01T08:00:00.100' in
	same 6 "$(wc -l <<< "$output")"
	run_ok flowcat --where 'not dst port 443' in
	same ''
	run_ok flowcat --where 'src_ip_addr = 192.0.2.1' <<< "$flow"
	same "$flow"
	# Of many records of one shape, all are converted.
	run_ok flowcat --where 'bytes > 0' "$data"/nfdump{,,,,}.json
	same 5 "$(grep -cxF "$flow" <<< "$output")"
	cat "$data"/nfdump{,,,,}.json > in
	run_ok flowcat --where 'bytes > 0' in
	same 5 "$(grep -cxF "$flow" <<< "$output")"
	run_err 2 flowcat --where 'dst prt 443' in
	has '--where: ' "$stderr"
}

# ---- order and time ----

@test "--merge: by event time, equal times by operand" {
	cat > a <<- 'END'
		{"date_last_seen":"2024-05-01T08:00:01Z","n":1}
		{"date_last_seen":"2024-05-01T08:00:03Z","n":2}
		{"date_last_seen":"2024-05-01T08:00:05Z","n":3}
	END
	cat > b <<- 'END'
		{"date_last_seen":"2024-05-01T08:00:01Z","n":11}
		{"date_last_seen":1714550402,"n":12}
		{"date_last_seen":"2024-05-01T10:00:03.000+02:00","n":13}
		{"date_last_seen":"2024-05-01T08:00:09Z","n":15}
	END
	gzip a
	run_ok flowcat --merge a.gz b
	same '1 11 12 2 13 3 15' "$(numbers <<< "$output")"
	run_ok flowcat --merge b a.gz
	same '11 1 12 13 2 3 15' "$(numbers <<< "$output")"
	run_ok flowcat --merge -n 3 b a.gz
	same '11 1 12' "$(numbers <<< "$output")"
	run_ok flowcat --merge - b < a.gz
	same '1 11 12 2 13 3 15' "$(numbers <<< "$output")"
	run_ok flowcat --merge b
	same "$(< b)"
}

@test "--merge: by another field, and of several dialects" {
	printf '%s\n' '{"date_first_seen":"2024-05-01T08:00:01Z","n":1}' \
		'{"date_first_seen":"2024-05-01T08:00:03Z","n":2}' > a
	run_ok flowcat --merge -t date_first_seen a "$data/nfdump.json"
	same "$flow
$(< a)"
	run_ok flowcat --merge -t ts "$data/zeek-nested.json" a
	same 1 "$(jq -s '.[1].n' <<< "$output")"
}

@test "--merge: files that are not sorted, records without a time are told" {
	times 1 3 > a
	times 2 5 4 > b
	run_err 0 flowcat --merge a b
	same 'flowcat: b: 1 records are not in order of their date_last_seen: flowwin --reorder sorts' \
		"$stderr"
	same '1 2 3 5 4' "$(numbers <<< "$output")"
	times 2 4 > b
	printf '{"n":3}\n' >> b
	run_err 0 flowcat --merge a b
	same 'flowcat: b: 1 records have no date_last_seen, they follow the ones before them' \
		"$stderr"
	run_ok flowcat --merge -q a b
}

@test "--merge: a missing or a bad operand is told by the exit status" {
	times 1 3 > a
	times 2 > b
	run_err 1 flowcat --merge a none b
	same 'flowcat: none: No such file or directory' "$stderr"
	same '1 2 3' "$(numbers <<< "$output")"
	printf 'bad\n' >> b
	run_err 1 flowcat --merge --rejects rejected a b
	same 'flowcat: b:2: not a JSON object' "$stderr"
	same '1 2 3' "$(numbers <<< "$output")"
	same bad "$(< rejected)"
	run_err 2 flowcat --strict --merge a b
	has 'flowcat: b:2: ' "$stderr"
}

@test "--merge and --stats count all operands" {
	times 1 3 > a
	times 2 > b
	run_err 0 flowcat --merge --stats=json a b
	same '[3,0,3]' \
		"$(jq -c '[.records, .rejected, .written]' <<< "$stderr")"
}

@test "--sample: long addresses count" {
	cd "$BATS_TEST_TMPDIR"
	for i in {1000..1999}; do
		printf '{"src_ip_addr":"2001:db8:1111:2222:3333:4444:5555:%s","dst_ip_addr":"2001:db8:1111:2222:3333:4444:5555:6666","protocol":58}\n' "$i"
	done > in
	n=$(flowcat --sample 10 in | wc -l)
	((n > 50 && n < 200))
}

@test "escapes in addresses and ports of flows that are paired" {
	local times='"date_first_seen":"2020-01-01T00:00:00Z","date_last_seen":"2020-01-01T00:00:01Z"'

	cd "$BATS_TEST_TMPDIR"
	cat > in <<-END
		{$times,"src_ip_addr":"192.0.2.\u0031","dst_ip_addr":"192.0.2.2","src_port":"5\u0030001","dst_port":22,"protocol":"t\u0063p","packets":2,"bytes":80}
		{$times,"src_ip_addr":"192.0.2.2","dst_ip_addr":"192.0.2.1","src_port":22,"dst_port":50001,"protocol":6,"packets":1,"bytes":40}
	END
	run_ok flowcat --biflow 1s in
	has '"packets_rev":1'
	run_ok flowmatch --distances ssh-guessing in
	has '"vector":[2,80,null,1,40,null]'
}

@test "--replay paces records by their time" {
	local began=$EPOCHREALTIME took

	times 1 2 3 5 > a
	run_ok flowcat --replay 8 a
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	same "$(< a)"
	((took >= 495 && took < 3000))
	# Out of order, or without a time: at once.
	run_ok timeout 5 flowcat --replay 1 < <(times 3 1; echo '{"n":9}')
	same '3 1 9' "$(numbers <<< "$output")"
	run_err 2 flowcat --replay 0 a
	run_err 2 flowcat --replay x a
}

@test "--replay: a record leaves when it is due, not later" {
	times 1 2 30 > a
	flowcat --replay 10 a > out 3>&- &
	wait_for out 2
	same 2 "$(wc -l < out)"
	kill $!
	wait $!
}

@test "--follow: what is appended arrives, also in a rotated file" {
	times 1 2 > a
	flowcat --follow a > out 2> err 3>&- &
	wait_for out 2
	times 3 >> a
	wait_for out 3
	# Half a line waits for the other half.
	printf '{"n":' >> a
	sleep 0.2
	same 3 "$(wc -l < out)"
	printf '4}\n' >> a
	wait_for out 4
	mv a a.1
	times 5 > a.new
	mv a.new a
	wait_for out 5
	times 6 >> a
	wait_for out 6
	# Cut and written anew.
	times 7 > a
	wait_for out 7
	kill $!
	wait $!
	same '1 2 3 4 5 6 7' "$(numbers out)"
	same '' "$(< err)"
}

@test 'what stands behind a file that is followed, or a socket, is not left unread' {
	: > "$BATS_TEST_TMPDIR/a"
	cd "$BATS_TEST_TMPDIR"
	run_err 2 timeout 5 flowcat --follow a b
	[[ $stderr == *'a does not end, so that b would never be read'* ]]
	run_err 2 timeout 5 flowcat udp://:2055 udp://:4739
	[[ $stderr == *'udp://:2055 does not end, so that udp://:4739 would'* ]]
	run_err 1 timeout 5 flowcat --follow - gone < /dev/null
}

@test "--follow: a line whose first half was in a file that was copied and cut" {
	times 1 > a
	printf '{"n":' >> a
	flowcat --follow a > out 2> err 3>&- &
	wait_for out 1
	sleep 0.2
	: > a
	sleep 0.2
	printf '2}\n' >> a
	wait_for out 2
	kill $!
	wait $!
	same '1 2' "$(numbers out)"
	same '' "$(< err)"
}

@test "--follow: what comes late to a rotated file, and its last line" {
	times 1 > a
	flowcat --follow a > out 2> err 3>&- &
	wait_for out 1
	mv a a.1
	times 3 > a
	# Whoever writes does not know yet.
	sleep 0.4
	printf '%s' "$(times 2)" >> a.1
	wait_for out 3
	# Rotated twice in short time.
	mv a a.1
	times 4 > a
	sleep 0.4
	mv a a.2
	times 5 > a
	wait_for out 5
	kill $!
	wait $!
	same '1 2 3 4 5' "$(numbers out)"
	same '' "$(< err)"
}

@test "a record of a live pipe comes out before the next one" {
	mkfifo p
	flowcat < p > out 3>&- &
	exec 4> p
	times 1 >&4
	wait_for out 1
	cat "$data/nfdump.json" >&4
	wait_for out 2
	exec 4>&-
	wait $!
	same "$(times 1)
$flow" "$(< out)"
}

@test "a record of a live array or of a gzip stream comes out at once" {
	mkfifo p
	flowcat < p > out 3>&- &
	exec 4> p
	printf '[ {"n":1}\n,\n{"n"' >&4
	wait_for out 1
	printf ':2}\n' >&4
	wait_for out 2
	printf ']\n' >&4
	exec 4>&-
	wait $!
	same '1 2' "$(numbers out)"
}

@test "an array that is cut off is told, its whole records are kept" {
	run_err 1 flowcat <<< '[{"n":1},'
	same '{"n":1}' "$output"
	has 'flowcat: -: the array is not closed' "$stderr"
	run_ok flowcat <<< '[{"n":1}]'
	same '{"n":1}' "$output"
}

@test "SIGTERM and SIGINT end a waiting flowcat, and nothing is lost" {
	local signal

	mkfifo p
	for signal in TERM INT; do
		# A shell's background job ignores SIGINT: env sets it back.
		env --default-signal=INT flowcat < p > out 3>&- &
		exec 4> p
		times 1 2 >&4
		wait_for out 2
		kill -s "$signal" $!
		wait $!
		exec 4>&-
		same '1 2' "$(numbers out)"
	done
}

# ---- formats ----

@test "-f csv quotes what needs it, and tells of members without a column" {
	run_err 0 flowcat -f csv <<- 'END'
		{"src_ip_addr":"192.0.2.1","x":"a,b","y":"\"q\"","z":" e"}
		{"src_ip_addr":"192.0.2.2","x":"a\nb","z":true,"more":1}
		{"x":"é"}
	END
	same 'src_ip_addr,x,y,z
192.0.2.1,"a,b","""q"""," e"
192.0.2.2,"a
b",,true
,é,,'
	same "flowcat: no column for 'more', which the first record lacks; flowfilter --fields names columns" "$stderr"
	# Each is named once, but of many the first ones.
	run_err 0 flowcat -f csv <<< '{"a":1}{"a":1,"b":1,"c":2}{"b":1,"c":1,"d":1}'
	same "flowcat: no column for 'b', which the first record lacks; flowfilter --fields names columns
flowcat: no column for 'c', which the first record lacks
flowcat: no column for 'd', which the first record lacks" "$stderr"
	run_err 0 flowcat -f csv <<< '{"a":1}{"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}{"g":1}'
	[[ $(wc -l <<< "$stderr") == 6 ]]
	has 'flowcat: no columns for more members' "$stderr"
	# Another program reads the same.
	flowcat -f csv "$(lab nfdump.json)" > lab.csv 2> /dev/null
	same 10453922 "$(sqlite3 :memory: '.import --csv lab.csv t' \
		'select sum(bytes) from t')"
}

@test "-f tsv writes tabs, newlines and backslashes as escapes" {
	run_ok flowcat -f tsv <<< '{"src_ip_addr":"192.0.2.1","x":"a\tb\nc\\d"}'
	same $'src_ip_addr\tx\n192.0.2.1\ta\\tb\\nc\\\\d'
}

@test "-f table aligns columns and names protocols" {
	run_ok flowcat -f table <<- 'END'
		{"src_ip_addr":"192.0.2.1","protocol":6,"bytes":5}
		{"src_ip_addr":"2001:db8::1","protocol":17,"bytes":12345}
	END
	same 'src_ip_addr  protocol  bytes
192.0.2.1    TCP           5
2001:db8::1  UDP       12345'
}

@test "-f line has nfdump's columns" {
	run_ok flowcat -f line "$data/nfdump.json"
	same 'Date first seen           Duration Proto      Src IP Addr:Port         Dst IP Addr:Port     Flags Tos  Packets     Bytes Flows
2024-05-01 08:00:00.100      2.500 TCP         192.0.2.1:40000 ->      198.51.100.2:443    .AP.SF   0        7      1234     1'
	run_ok flowcat -f line --tz Europe/Prague "$data/nfdump.json"
	has '2024-05-01 08:00:00.100 '
	run_ok flowcat -f line --tz Europe/Prague "$data/goflow2.json"
	has '2024-05-01 10:00:00.100 '
}

@test "-f line: every row is as wide as its head, of ICMPv6 too" {
	run_ok flowcat -f line <<- 'END'
		{"src_ip_addr":"::1","dst_ip_addr":"ff02::1","protocol":58,"icmp_type":135,"icmp_code":0,"packets":1,"bytes":72}
		{"src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","protocol":6,"flags":"CE.AP.SF","src_port":65535,"dst_port":1,"tos":255,"packets":12345678,"bytes":18446744073709551615}
		{"src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","protocol":50}
	END
	same '      4 126' "$(awk '{ print length }' <<< "$output" | uniq -c)"
}

@test "an unknown format is refused" {
	run_err 2 flowcat -f xml /dev/null
	has '-f xml: the formats are json, line, table, csv, tsv and es-bulk' "$stderr"
}

# ---- the rest of the house ----

@test "options that do not exist are refused, the nearest is named" {
	run_err 2 flowcat --mergr
	has "unknown option '--mergr'; did you mean '--merge'?" "$stderr"
	run_err 2 flowcat -Z
	has "unknown option '-Z'" "$stderr"
	run_err 2 flowfilter --f json any
	has "'--f' is not clear: --fields, --filter-file .." "$stderr"
	run_err 2 flowcat -r nfcapd.current
	has "unknown option '-r'; files are operands" "$stderr"
	run_err 2 flowtopn -s srcip/bytes
	has "unknown option '-s'; to rank: flowtopn -k" "$stderr"
	run_err 2 flowcat -C -b broker -t flows
	has "unknown option '-C'; topics are operands" "$stderr"
	run_err 2 flowcat --ojson=x
	has "unknown option '--ojson'; -f is the format" "$stderr"
	run_err 2 flowcat 'kafka://127.0.0.1:1/flows?exit-eof=1'
	has "exit-eof is of a source, and has no value" "$stderr"
	run_err 2 flowcat -o 'kafka://127.0.0.1:1/flows?exit-eof' /dev/null
	has "exit-eof is of a source, and has no value" "$stderr"
	run_err 2 flowcat --skip
	has "option '--skip' needs an argument" "$stderr"
}

@test "--help ends with examples, --version tells the version" {
	run_ok flowcat --help
	has '
examples:
  '
	run_ok flowcat --version
	same "flowcat $(< "$ROOT/VERSION")"
	run_ok flowcat -V
}

@test "--stats tells what happened, on standard error" {
	run_err 1 flowcat --stats=json <<< "$flow
bad
$flow"
	same '[2,1,2]' "$(tail -n 1 <<< "$stderr" |
		jq -c '[.records, .rejected, .written]')"
	run_err 0 flowcat --stats <<< "$flow"
	has 'flowcat: records 1, rejected 0, selected 1, written 1' "$stderr"
	run_err 2 flowcat --stats=xml <<< "$flow"
}

@test "-q: no messages but fatal ones" {
	run -1 --separate-stderr flowcat -q none <<< "$flow"
	same '' "$stderr"
	run_err 2 flowcat -q -o no/out <<< "$flow"
}

@test "Stream4Flow's octets: addresses of answers, and what a TLS client offers" {
	local head='{"@type":"ipfix.entry","ipfix.packetDeltaCount":1,"ipfix.octetDeltaCount":9,"ipfix.sourceIPv4Address":"192.0.2.1",'

	run_ok flowcat <<- EOT
	$head"ipfix.DNSCrrType":1,"ipfix.DNSRData":"0xc000020a"}
	$head"ipfix.DNSCrrType":28,"ipfix.DNSRData":"0x20010db8000000000000000000000001"}
	$head"ipfix.DNSCrrType":5,"ipfix.DNSRData":"0x0377777700"}
	$head"ipfix.TLSClientCipherSuites":"0x1a1a02130113fafa0313000000000000"}
	$head"ipfix.TLSClientCipherSuites":"0x00000000000000000000000000000000"}
	EOT
	same '192.0.2.10
2001:db8::1
0x0377777700
0x1302,0x1301,0x1303
null' "$(jq -r '.dns_rdata // .tls_client_ciphers' <<< "$output")"
	run_err 1 flowcat <<< "$head"'"ipfix.TLSClientCipherSuites":"0x021"}'
}
