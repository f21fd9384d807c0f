#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowagg: keys, aggregates, order and forms of its rows.  Larger inputs are
# compared with SQLite in sqlite.bats.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat > in <<- 'END'
		{"date_last_seen":"2024-05-01T08:00:02.000Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.1","dst_port":443,"protocol":6,"flags":".A..S.","packets":7,"bytes":1234,"duration":0.1}
		{"date_last_seen":"2024-05-01T10:00:01.000+02:00","src_ip_addr":"192.0.2.1","dst_ip_addr":"9.255.0.2","dst_port":80,"protocol":6,"flags":"...R.F","packets":1,"bytes":60,"duration":0.2}
		{"date_last_seen":"2024-05-01T08:00:03.000Z","src_ip_addr":"2001:db8::1","dst_ip_addr":"2001:db8::53","dst_port":53,"protocol":17,"packets":2,"bytes":100,"dns_qname":"www.example.co.uk"}
		{"date_last_seen":"2024-05-01T08:00:00.000Z","src_ip_addr":"192.0.2.9","dst_ip_addr":"10.0.0.1","protocol":1,"bytes":84}
	END
}

# Sanitizers and tiny buffers take their time.
many=200000
[[ $B != *san* ]] || many=3000

# gives WANTED OPTION..: the rows of $in.
gives() {
	run_ok flowagg "${@:2}" in
	same "$1"
}

# of WANTED LIST VALUE..: an aggregate of members x.
of() {
	run_ok flowagg -a "$2" < <((($# == 2)) || printf '{"x":%s}\n' "${@:3}")
	same "$1"
}

# refuses MESSAGE OPTION..
refuses() {
	run_err 2 flowagg "${@:2}" in
	same '' && has "flowagg: $1" "${stderr:-}"
}

# The shuffled lines, the same in each run.
shuffled() {
	shuf --random-source=<(yes "$1") "${@:2}"
}

# rss COMMAND..: the KiB that it takes; a small shell starts it, since a
# process begins with the memory of the one that it was.
rss() {
	sh -c '"$@" > out; exit $?' sh "$@" --stats=json 2>&1 |
		tail -n 1 | jq .max_rss_kib
}

# ---- columns and keys ----

@test "without options: flows, packets and bytes of everything" {
	gives '{"flows":4,"packets":10,"bytes":1478}'
	run_ok flowagg < in
	same '{"flows":4,"packets":10,"bytes":1478}'
	gives '{"flows":8,"packets":20,"bytes":2956}' in
	run_ok flowagg <<< '{"flows":3,"bytes":1}
{"bytes":2}'
	same '{"flows":4,"bytes":3}'
}

@test "of nothing there are counts, and no groups" {
	run_ok flowagg /dev/null -a 'count(), sum(byt), distinct(sa), avg(byt)'
	same '{"count":0,"sa_distinct":0}'
	run_ok flowagg -k sa /dev/null
	same ''
}

@test "keys: fields, short names, in their order" {
	gives '{"src_ip_addr":"192.0.2.1","flows":2,"packets":8,"bytes":1294}
{"src_ip_addr":"192.0.2.9","flows":1,"bytes":84}
{"src_ip_addr":"2001:db8::1","flows":1,"packets":2,"bytes":100}' -k sa
	gives "$output" -k src_ip_addr
	gives '{"protocol":1,"dst_ip_addr":"10.0.0.1","n":1}
{"protocol":6,"dst_ip_addr":"9.255.0.2","n":1}
{"protocol":6,"dst_ip_addr":"10.0.0.1","n":1}
{"protocol":17,"dst_ip_addr":"2001:db8::53","n":1}' -k pr,da -a 'n=count()'
	gives '{"date_last_seen":"2024-05-01T08:00:00.000Z","bytes":84}
{"date_last_seen":"2024-05-01T08:00:01.000Z","bytes":60}
{"date_last_seen":"2024-05-01T08:00:02.000Z","bytes":1234}
{"date_last_seen":"2024-05-01T08:00:03.000Z","bytes":100}' -k te \
		-a 'bytes=sum(byt)'
}

@test "a record without a key is in a group without it" {
	gives '{"bytes_sum":84}
{"dst_port":53,"bytes_sum":100}
{"dst_port":80,"bytes_sum":60}
{"dst_port":443,"bytes_sum":1234}' -k dp -a 'sum(bytes)'
	gives '{"dst_port":443,"n":1}
{"dns_qname":"www.example.co.uk","dst_port":53,"n":1}' -k dns_qname,dp \
		-a 'n=count()' --where 'dst_port != 80'
	run_ok flowagg -k .a,.b -a 'n=count()' <<< '{"a":1}
{"b":1}
{"a":null,"b":1}
{}'
	same 3 "$(wc -l <<< "$output")"
	has '":1,"n":2}'
}

@test "networks of addresses" {
	gives '{"src_net":"192.0.2.0/24","n":3}
{"src_net":"2001:db8::/64","n":1}' -k sa/24,/64 -a 'n=count()'
	gives "$output" -k sa/24 -a 'n=count()'
	gives '{"dst_net":"8.0.0.0/7","protocol":6,"n":1}
{"dst_net":"10.0.0.0/7","protocol":1,"n":1}
{"dst_net":"10.0.0.0/7","protocol":6,"n":1}
{"dst_net":"2001::/16","protocol":17,"n":1}' -k 'dst_ip_addr/7, /16, pr' \
		-a 'n=count()'
	gives '{"net":"192.0.2.1/32","n":2}
{"net":"192.0.2.9/32","n":1}
{"net":"2001:db8::1/128","n":1}' -k net=sa/32,/128 -a 'n=count()'
	run_ok flowagg -k sa/0,/0 -a 'n=count()' -b n in
	same '{"src_net":"0.0.0.0/0","n":3}
{"src_net":"::/0","n":1}'
}

@test "keys: a number is the same however it is written" {
	local k

	for k in dst_port protocol,dst_port dst_port,service; do
		run_ok flowagg -k "$k" -a 'n=count()' <<-'END'
			{"dst_port":443}
			{"dst_port":"443"}
			{"dst_port":443.0}
			{"dst_port":4.43e2}
			{"dst_port":0}
			{"dst_port":-0}
			{"dst_port":12345678}
			{"dst_port":123456789}
			{"dst_port":null}
			{}
		END
		same '{"n":2}
{"dst_port":0,"n":2}
{"dst_port":443,"n":4}
{"dst_port":12345678,"n":1}
{"dst_port":123456789,"n":1}' "$output"
	done
}

@test "expressions as keys, with names and without" {
	gives '{"svc":"dns","n":1}
{"svc":"other","n":1}
{"svc":"web","n":2}' -a 'n=count()' \
		-k 'svc=map(dp, 443:"web", 80:"web", 53:"dns", "other")'
	gives '{"n":3}
{"site":"example.co.uk","n":1}' -k 'site=domain(dns_qname)' -a 'n=count()'
	gives '{"time":"2024-05-01T08:00:00.000Z","big":false,"n":2}
{"time":"2024-05-01T08:00:02.000Z","big":false,"n":1}
{"time":"2024-05-01T08:00:02.000Z","big":true,"n":1}' -a 'n=count()' \
		-k 'time=bucket(te, 2s), big=bytes > 1k'
	run_ok flowagg -k 'domain(dns_qname)' -a 'n=count()' in
	same '{"domain_dns_qname":"example.co.uk","n":1}' \
		"$(tail -n 1 <<< "$output")"
}

@test "numbers, whole or not, are in one order" {
	run_ok flowagg -k duration -a 'n=count()' < <(
		printf '{"duration":%s}\n' 2 0.5 10 1.5 2.000 1)
	same '{"duration":0.5,"n":1}
{"duration":1,"n":1}
{"duration":1.5,"n":1}
{"duration":2,"n":2}
{"duration":10,"n":1}'
}

@test "equal numbers are one group, however they are written" {
	run_ok flowagg -k .x -a 'n=count()' < <(
		printf '{"x":%s}\n' 2 2.0 2e0 1000000000000000000 1e18)
	same '"n":3 "n":2' "$(grep -o '"n":.' <<< "$output" | paste -sd ' ')"
}

@test "a member may begin with an underscore, a column too" {
	run_ok flowagg -k ._id -a '_n=count()' <<< '{"_id":7}'
	has '_id":7' && has '"_n":1'
}

@test "text as a key: any, and long" {
	local x

	run_ok flowagg -k 'x=.x' -a 'n=count()' <<- 'END'
		{"x":"a\u0000b"}
		{"x":"a"}
		{"x":"a\u0000"}
		{"x":"é\"\\"}
		{"x":"\u0061"}
		{"x":""}
		{"x":"\u00e9\u0022\u005c"}
	END
	same '{"x":"","n":1}
{"x":"a","n":2}
{"x":"a\u0000","n":1}
{"x":"a\u0000b","n":1}
{"x":"é\"\\","n":2}'
	x=$(printf 'x%.0s' {1..5000})
	run_ok flowagg -k .x -a 'n=count()' <<< "{\"x\":\"${x}1\"}
{\"x\":\"${x}2\"}
{\"x\":\"${x}1\"}"
	same "{\"x\":\"${x}1\",\"n\":2}
{\"x\":\"${x}2\",\"n\":1}"
}

# It is data, so no record of it may end the run.
@test "text of more than a megabyte as a key is not fatal" {
	{
		echo '{"x":1}'
		printf '{"x":"%s"}\n' "$(head -c 1200000 /dev/zero | tr '\0' a)"
		echo '{"x":1}'
	} > long
	both flowagg -k .x -a 'n=count()' long
	[[ $status != 2 ]] || report "$(cut -c 1-200 <<< "${stderr:-}")"
	same '{"x":1,"n":2}' "$(grep -v aaa <<< "$output")"
}

# ---- functions ----

@test "count()" {
	gives '{"count":4}' -a 'count()'
	gives '{"n":2,"none":0}' -a 'n=count() if tcp, none=count() if gre'
	gives '{"protocol":1,"n":0}
{"protocol":6,"n":2}
{"protocol":17,"n":1}' -k pr -a 'n=count() if exists(dst_port)'
}

@test "sum(): exact beyond 64 bits" {
	of '{"s":55340232221128654845}' 's=sum(.x)' 18446744073709551615{,,}
	of '{"s":-9223372036854775808}' 's=sum(.x)' -9223372036854775807 -1
	run_ok flowagg -a 's=sum(byt*1000000000)' <<< '{"bytes":18446744073709551615}
{"bytes":18446744073709551615}'
	same '{"s":36893488147419103230000000000}'
}

@test "sum(): of decimals, exact to nine places" {
	of '{"s":0.3}' 's=sum(.x)' 0.1 0.2
	gives '{"duration_sum":0.3}' -a 'sum(duration)'
	of '{"s":1}' 's=sum(.x)' 0.000000001 0.999999999
	of '{"s":1}' 's=sum(.x)' 0.1{,,,,,,,,,}
	of '{"s":0}' 's=sum(.x)' 0.1 0.2 -0.3
}

@test "sum(): of decimals, exact where they are large" {
	of '{"s":10000000.000000001}' 's=sum(.x)' 10000000 0.000000001
	of '{"s":18446744073709551615.5}' 's=sum(.x)' 18446744073709551615 0.5
}

@test "sum(): beyond 128 bits there is no wrong result" {
	both flowagg -a 's=sum(byt*4000000000)' < <(
		yes '{"bytes":18446744073709551615}' | head -n 4)
	[[ $status == 2 || $output == '{"s":295147905179352825840000000000}' ]] ||
		report flowagg
}

@test "avg()" {
	gives '{"bytes_avg":369.5,"packets_avg":3.3333333333333335}' \
		-a 'avg(bytes), avg(packets)'
	of '{"m":0.15}' 'm=avg(.x)' 0.1 0.2
	of '{}' 'm=avg(.x)'
	of '{"m":12345678901}' 'm=avg(.x)' 12345678901{,,}
	# Rounded once.
	of '{"m":180473415053}' 'm=avg(.x)' 180473415053
	of '{"m":-8554072795}' 'm=avg(.x)' -15221894660 -1886250930
	of '{"m":1.6666666666666667}' 'm=avg(.x)' -3.5 1.6 6.9
}

@test "min() and max(): numbers, addresses, times, text" {
	gives '{"byt_min":60,"byt_max":1234,"dp_min":53,"dp_max":443}' \
		-a 'min(byt), max(byt), min(dp), max(dp)'
	gives '{"da_min":"9.255.0.2","da_max":"2001:db8::53"}' \
		-a 'min(da), max(da)'
	gives '{"te_min":"2024-05-01T08:00:00.000Z","te_max":"2024-05-01T08:00:03.000Z"}' \
		-a 'min(te), max(te)'
	of '{"a":"Z","b":"é"}' 'a=min(.x), b=max(.x)' '"b"' '"é"' '"Z"' '"a"'
	of '{"a":-1.5,"b":18446744073709551615}' 'a=min(.x), b=max(.x)' \
		9223372036854775808 -1.5 18446744073709551615 -1
	of '{}' 'a=min(.x), b=max(.x)'
}

@test "first() and last() go by event time, whatever the order" {
	local want='{"da_first":"10.0.0.1","da_last":"2001:db8::53","dp_first":80,"dp_last":53,"qname":"www.example.co.uk"}'
	local a='first(da), last(da), first(dp), last(dp), qname=first(dns_qname)'

	gives "$want" -a "$a"
	tac in > back
	run_ok flowagg -a "$a" back
	same "$want"
	run_ok flowagg -a "$a" < <(shuffled 1 in)
	same "$want"
	# Another field for the time.
	run_ok flowagg -t ts -a 'a=first(.x), b=last(.x)' <<< \
		'{"x":1,"date_first_seen":3,"date_last_seen":1}
{"x":2,"date_first_seen":2,"date_last_seen":2}
{"x":3,"date_first_seen":1,"date_last_seen":3}'
	same '{"a":3,"b":1}'
	# Of equal times the least and the greatest.
	run_ok flowagg -k te -a 'a=first(dp), b=last(dp)' <<< \
		'{"date_last_seen":1,"dst_port":5}
{"date_last_seen":1,"dst_port":10}
{"date_last_seen":1,"dst_port":7}'
	same '{"date_last_seen":"1970-01-01T00:00:01.000Z","a":5,"b":10}'
}

@test "first(): a record without a time is not the earliest" {
	run_ok flowagg -a 'a=first(dp), b=last(dp)' <<< \
		'{"date_last_seen":"2024-05-01","dst_port":1}
{"dst_port":2}
{"date_last_seen":"2024-05-02","dst_port":3}'
	same '{"a":1,"b":3}'
}

@test "first(): a time that cannot be read is a bad record" {
	run_err 1 flowagg -a 'a=first(dp)' <<< \
		'{"date_last_seen":"yesterday","dst_port":1}
{"date_last_seen":"2024-05-02","dst_port":2}'
	same '{"a":2}'
	has 'flowagg: -:1: date_last_seen: ' "$stderr"
}

@test "stddev() of the sample" {
	of '{"s":2.138089935299395}' 's=stddev(.x)' 2 4 4 4 5 5 7 9
	of '{"s":0}' 's=stddev(.x)' 0.1 0.1 0.1
	of '{}' 's=stddev(.x)' 5
	# No digits are lost between large numbers.
	of '{"s":1}' 's=stddev(.x)' 1000000001 1000000002 1000000003
	of '{"s":1}' 's=stddev(.x)' 18446744073709551613 18446744073709551614 \
		18446744073709551615
}

@test "distinct(): exact up to 1024" {
	gives '{"sa_distinct":3,"dp_distinct":3,"gre":0}' \
		-a 'distinct(sa), distinct(dp), gre=distinct(sa) if gre'
	of '{"n":4}' 'n=distinct(.x)' 1 1.0 '"1"' true 1.5 1 null
	run_ok flowagg --explain -a 'n=distinct(.x)' < <(
		seq 1024 | sed 's/.*/{"x":"&"}\n{"x":"&"}/')
	same '{"n":1024,"n_error":0}'
}

@test "distinct(): within 3 percent beyond" {
	local n=100000

	[[ $B != *san* ]] || n=5000
	run_ok flowagg --explain -a 'n=distinct(.x)' < <(
		seq $n | sed 's/.*/{"x":"10.0.&"}/')
	same 0.008125 "$(jq .n_error <<< "$output")"
	jq -e "(.n / $n - 1) | fabs < 0.03" <<< "$output"
}

@test "p50() to p99.9(), median(): within 1 percent" {
	run_ok flowagg -a 'median(.x), p50(.x), p5(.x), p95(.x), p99.9(.x),
		p0(.x), p100(.x)' < <(
		seq 0 2000 | sed 's/.*/{"x":&}/' | shuffled 2)
	same '[true,true,true,true,true,true,true]' "$(
		jq -c 'def near($v): (. - $v | fabs) <= $v / 100;
			[.[]] | [(.[0] | near(1000)), (.[1] | near(1000)),
			(.[2] | near(100)), (.[3] | near(1900)),
			(.[4] | near(1998)), (.[5] | near(0)),
			(.[6] | near(2000))]' <<< "$output")"
	of '{}' 'p=p50(.x)'
}

@test "set(): the first in order, up to a limit" {
	gives '{"protocol":1,"da_set":["10.0.0.1"]}
{"protocol":6,"da_set":["9.255.0.2","10.0.0.1"]}
{"protocol":17,"da_set":["2001:db8::53"]}' -k pr -a 'set(da)'
	of '{"s":[1,3]}' 's=set(.x, 2)' 10 3 1 3 7 1
	of '{"s":["","a\"b","b"]}' 's=set(.x)' '"b"' '"a\"b"' '""' '"b"'
	run_ok flowagg -a 's=set(.x)' < <(seq 40 -1 1 | sed 's/.*/{"x":&}/')
	same '{"s":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}'
	gives '{"s":["...R.F",".A..S."]}' -a 's=set(flags)'
}

@test "set(): numbers, whole or not, in one order" {
	of '{"s":[0.5,1,1.5,2,10]}' 's=set(.x)' 2 0.5 10 1.5 1
}

@test "top(): the most frequent, of equals the first" {
	gives '{"da_top":"10.0.0.1"}' -a 'top(da)'
	of '{"t":7}' 't=top(.x)' 9 7 7 9 1
	of '{"t":"b"}' 't=top(.x)' '"a"' '"b"' '"b"'
	of '{}' 't=top(.x)'
}

@test "bits(): all that occur, flags as flags" {
	gives '{"flags_bits":".A.RSF"}' -a 'bits(flags)'
	gives '{"protocol":1}
{"protocol":6,"flags_bits":".A.RSF"}
{"protocol":17}' -k pr -a 'bits(flags)'
	of '{"b":7}' 'b=bits(.x)' 1 2 4 1
	of '{"b":18446744073709551615}' 'b=bits(.x)' 18446744073709551614 1
	run_err 1 flowagg -a 'bits(.x)' <<< '{"x":18446744073709551616}'
	same '{}'
}

@test "entropy()" {
	of '{"e":0}' 'e=entropy(.x)' 5 5 5
	of '{"e":1}' 'e=entropy(.x)' '"a"' '"b"'
	of '{"e":2}' 'e=entropy(.x)' 1 2 3 4 4 3 2 1
	of '{"e":0.8112781244591328}' 'e=entropy(.x)' 1 1 1 2
}

@test "of nothing there is neither a set nor entropy" {
	gives '{"protocol":1,"n":1}' -k pr -a 'n=count(), set(dp), entropy(dp)' \
		--where icmp
}

# More values than can be remembered must not make the order decide.
@test "top() and entropy() of many values do not depend on the order" {
	local n=70000 a='t=top(.x), e=entropy(.x)'

	{
		seq $n
		printf "$n\n%.0s" 1 2 3
	} | sed 's/.*/{"x":&}/' > values
	run_ok flowagg -a "$a" values
	same "$(tac values | flowagg -a "$a")"
	same $n "$(jq .t <<< "$output")"
}

@test "if: only records for which it holds" {
	gives '{"n":1,"b":1234,"m":60,"hosts":2}' -a 'n=count() if dst port 53,
		b=sum(byt) if dst port 443 and tcp, m=min(byt) if tcp,
		hosts=distinct(sa) if dst_port > 50'
	gives '{"protocol":1}
{"protocol":6,"b":60}
{"protocol":17,"b":100}' -k pr -a 'b=sum(byt) if dst port in [53, 80]'
}

@test "arithmetic over aggregates and over columns to the left" {
	gives '{"mean":147.8}' -a 'mean=sum(byt)/sum(pkt)'
	gives '{"n":4,"b":1478,"x":369.5,"y":370.5}' \
		-a 'n=count(), b=sum(byt), x=b/n, y=x+1'
	gives '{"protocol":1}
{"protocol":6,"r":161.75}
{"protocol":17,"r":50}' -k pr -a 'r=sum(byt)/sum(pkt)'
	gives '{"hi":1234,"cls":"big"}' \
		-a 'hi=max(byt), cls=if(hi > 1k, "big", "small")'
	gives '{"x":1478,"y":10}' \
		-a 'x=max(sum(byt), sum(pkt)), y=min(sum(byt), sum(pkt))'
	gives '{"protocol":17,"t":2}' -k pr -a 't=count() * 2' --where udp
}

@test "text in arithmetic is text, though it looks like a function" {
	gives '{"t":"sum(bytes)"}' -a 't=if(count() > 0, "sum(bytes)", "none")'
}

@test "names of columns that have none" {
	run_ok flowagg -f csv -a 'count(), sum(bytes), min(byt), p99.9(byt),
		set(da), sum(byt)/count()' in
	same count,bytes_sum,byt_min,byt_p99.9,da_set,sum_byt_count \
		"$(head -n 1 <<< "$output")"
}

@test "--explain: the error of what is an estimate, behind all columns" {
	run_err 0 flowagg --explain -f csv in \
		-a 'h=distinct(sa), p=p60(.none), n=count(), s=set(.none, 1)'
	same 'h,p,n,s,h_error,p_error' "$(head -n 1 <<< "$output")"
	has '3,,4,' && has ',0,0.01'
	gives '{"flows":4,"packets":10,"bytes":1478}' --explain
}

@test "--explain: no column has a name that the user did not give" {
	run_ok flowagg --explain -a 'x=distinct(sa)/count()' in
	[[ $output != *'"_'* ]] || report flowagg
}

# ---- rows ----

@test "--having" {
	gives '{"src_ip_addr":"192.0.2.1","flows":2,"packets":8,"bytes":1294}
{"src_ip_addr":"2001:db8::1","flows":1,"packets":2,"bytes":100}' -k sa \
		--having 'packets > 1'
	gives '{"src_ip_addr":"192.0.2.9","n":1}' -k sa -a 'n=count()' \
		--having 'n < 2 and src_ip_addr = 192.0.2.9'
	gives '' -k sa --having 'bytes > 1M'
	# Missing in a row: neither holds.
	gives '' -k sa --having 'packets > 5 or packets <= 5' --where icmp
	gives '{"dst_port":53,"hosts":1}' -k dp -a 'hosts=distinct(sa)' \
		--having 'exists(dst_port) and dst_port < 60'
}

@test "--sort: greatest first, least with :a, equals by key" {
	local a='{"protocol":6,"n":2,"p":8}' b='{"protocol":17,"n":1,"p":2}'
	local c='{"protocol":1,"n":1}' list='n=count(), p=sum(pkt)'

	gives "$a"$'\n'"$c"$'\n'"$b" -k pr -a "$list" --sort n
	gives "$c"$'\n'"$b"$'\n'"$a" -k pr -a "$list" -b n:a
	gives "$c"$'\n'"$b"$'\n'"$a" -k pr -a "$list" -b n:a,protocol:a
	gives "$b"$'\n'"$c"$'\n'"$a" -k pr -a "$list" -b n:a,pr
	# What is unknown comes last, either way.
	gives "$a"$'\n'"$b"$'\n'"$c" -k pr -a "$list" -b p
	gives "$b"$'\n'"$a"$'\n'"$c" -k pr -a "$list" -b p:a
}

@test "--sort: by text and times, by expressions" {
	gives '{"date_last_seen":"2024-05-01T08:00:03.000Z","n":1}' -k te -b te \
		-a 'n=count()' -n 1
	gives '{"src_ip_addr":"2001:db8::1","n":1}' -k sa -b sa -n 1 \
		-a 'n=count()'
	run_ok flowagg -k dns_qname -b dns_qname -a 'n=count()' in
	same '{"n":3}' "$(tail -n 1 <<< "$output")"
	run_ok flowagg -k pr -a 'r=sum(byt)/count()' -b r:a in
	same '{"protocol":1,"r":84}
{"protocol":17,"r":100}
{"protocol":6,"r":647}'
}

@test "--sort: networks in the order of their keys, or the opposite" {
	run_ok flowagg -k sa/24,/64 -a 'n=count()' in
	gives "$output" -k sa/24,/64 -a 'n=count()' -b src_net:a
	gives "$(tac <<< "$output")" -k sa/24,/64 -a 'n=count()' -b src_net
}

# Text and numbers, mixed, must have an order too.
@test "--sort: by members of several types, whatever the order of the input" {
	printf '{"x":%s}\n' '"9"' 10 '"100"' '"abc"' 9.5 true > mixed
	run_ok flowagg -k .x -b .x -a 'n=count()' mixed
	same "$(tac mixed | flowagg -k .x -b .x -a 'n=count()')"
	same "$(shuffled 3 mixed | flowagg -k .x -b .x -a 'n=count()')"
	same "$(shuffled 4 mixed | flowagg -k .x -b .x -a 'n=count()')"
	# That of their keys, or the opposite.
	printf '{"x":%s}\n' -1 '[1]' >> mixed
	run_ok flowagg -k .x -a 'n=count()' mixed
	same "$(flowagg -k .x -b .x:a -a 'n=count()' mixed)"
	same "$(flowagg -k .x -b .x -a 'n=count()' mixed | tac)"
}

@test "-n: the first rows, after --having" {
	gives '{"protocol":1,"n":1}' -k pr -a 'n=count()' -n 1
	gives '{"protocol":17,"n":1}' -k pr -a 'n=count()' -b pr -n 1 \
		--having 'n = 1'
	gives '' -k pr -n 0
	gives '{"protocol":6,"n":2}' -k pr -a 'n=count()' -b n -n 1
}

@test "--where: only these records" {
	gives '{"flows":2,"packets":8,"bytes":1294}' --where tcp
	gives '{"flows":0}' --where gre -a 'flows=count()'
}

@test "csv and tsv" {
	gives 'src_ip_addr,flows,packets,bytes
192.0.2.1,2,8,1294
192.0.2.9,1,,84
2001:db8::1,1,2,100' -k sa -f csv
	run_ok flowagg -k 'x=.x' -a 'n=count(), s=set(.x)' -f csv < <(
		printf '{"x":"%s"}\n' 'a,b' 'say \"a\"' ' c' 'd\ne')
	same 'x,n,s
" c",1,"["" c""]"
"a,b",1,"[""a,b""]"
"d
e",1,"[""d\ne""]"
"say ""a""",1,"[""say \""a\""""]"'
	run_ok flowagg -k 'x=.x' -a 'n=count()' -f tsv < <(
		printf '{"x":"%s"}\n' 'a,b' 'c\td' 'e\\f')
	same "$(printf 'x\tn\na,b\t1\nc\\td\t1\ne\\\\f\t1')"
	gives 'bits,sa
.A.RSF,192.0.2.9' -f csv -a 'bits=bits(flags), sa=max(sa) if ipv4'
}

@test "table: names of protocols, numbers to the right, times in the zone" {
	gives 'protocol  flows  packets  bytes
ICMP          1              84
TCP           2        8   1294
UDP           1        2    100' -k pr -f table
	gives 'time                        mean
2024-05-01 10:00:00.000   80.000
2024-05-01 10:00:02.000  248.000' -f table --tz +02:00 \
		-k 'time=bucket(te, 2s)' -a 'mean=avg(dp)'
	run_ok flowagg -k te -a 'n=count()' -f table --tz +02:00 -n 1 in
	same 'date_last_seen           n
2024-05-01 10:00:00.000  1'
	gives "$(flowagg -k pr -f table in)" -k pr -f line
	echo '{"x":-1.5e300}' > in
	gives '        x  n
-1.5e+300  1' -k x -a 'n=count()' -f table
}

@test "-o" {
	gives '' -k pr -a 'n=count()' -o out
	same '{"protocol":1,"n":1}' "$(head -n 1 out)"
}

# ---- what the result does not depend on ----

list='n=count(),f=sum(fl),sum(byt),sum(td),avg(byt),avg(td),min(sa),max(da),min(te),
	max(flags),first(da),last(da),first(td),last(byt),stddev(byt),stddev(td),distinct(da),
	distinct(sp),p1(byt),p50(byt),p99.9(td),set(dp),set(da,3),top(sp),top(da),
	bits(flags),entropy(da),entropy(flags),r=sum(byt)/sum(pkt),
	t=sum(byt) if tcp'

@test "the order of the input" {
	local keys other n=6000

	[[ $B != *san* ]] || n=1000
	flowgen -n $n -s 3 -6 20 -m 10 -H 300 > flows
	tac flows > back
	shuf --random-source=<(yes 5) flows > mixed
	sort flows > sorted
	for keys in '' pr sa dp,flags sa/8; do
		flowagg -k "$keys" -a "$list" --explain flows > wanted
		[[ -s wanted ]]
		for other in back mixed sorted; do
			flowagg -k "$keys" -a "$list" "$other" --explain |
				cmp wanted -
		done
	done
	cmp <(flowagg -k sa -b flows mixed) <(flowagg -k sa -b flows flows)
}

@test "how the input comes: files, pipes, compressed, with any processor" {
	flowgen -n 1000 -s 4 -6 20 -m 10 > flows
	run_ok flowagg -k sa,dp -a "$list" flows
	split -l 300 flows part.
	same "$(flowagg -k sa,dp -a "$list" part.*)"
	gzip -c flows > gz
	same "$(flowagg -k sa,dp -a "$list" gz)"
	same "$("$ROOT/tests/bin/drip" 997 < flows | flowagg -k sa,dp -a "$list")"
	same "$(PIPE4FLOW_CPU=portable flowagg -k sa,dp -a "$list" flows)"
}

# ---- what cannot be done ----

@test "nfdump's names of fields" {
	local in='{"src_ip_addr":"192.0.2.1","dst_port":53,"protocol":17,"in_if":3,"bytes":9}'

	run_ok flowagg -k srcip,dstport,proto,inif -a 'sum(bytes)' <<< "$in"
	same '{"src_ip_addr":"192.0.2.1","dst_port":53,"protocol":17,"in_if":3,"bytes_sum":9}'
	run_ok flowfilter -c 'proto udp and dstport 53 and proto = 17' <<< "$in"
	same 1
	run_ok flowfilter --fields srcip any <<< "$in"
	same '{"src_ip_addr":"192.0.2.1"}'
	run_ok flowagg -k 'src ip,dst port' -a 'sum(bytes)' <<< "$in"
	same '{"src_ip_addr":"192.0.2.1","dst_port":53,"bytes_sum":9}'
	refuses '-k: src or dst? (flowcat --by-endpoint counts both ends)' -k ip
	refuses "-k srcip/bytes: behind an address '/' is a prefix length, as /24; -b says what to sort by" \
		-k srcip/bytes
}

@test "a member that no record has is told" {
	local in='{"src_ip_addr":"192.0.2.1","bytes":9}'

	run_err 0 flowagg -k sa,foo -a 'sum(bytes)' <<< "$in"
	same '{"src_ip_addr":"192.0.2.1","bytes_sum":9}'
	same "flowagg: no record has 'foo'" "$stderr"
	run_err 0 flowfilter -c 'ibyt > 5 or foo.bar = 2' <<< "$in"
	same "flowfilter: no record has 'ibyt'
flowfilter: no record has 'foo.bar'" "$stderr"
	run_err 0 flowwin -w 5m -t arrival -k saddr <<< "$in"
	same "flowwin: no record has 'saddr'" "$stderr"
	run_ok flowfilter -c 'foo.bar = 2' <<< '{"foo":{"bar":2}}'
	run_ok flowagg -k foo <<< "$in"$'\n{"foo":1}'
	run_ok flowagg -k sa,foo < /dev/null
	run_ok flowagg -k src_as --where 'flags S' <<< "$in"
}

@test "sums of decimals are as exact as they are written, with conditions too" {
	run_ok flowagg -a 's=sum(duration),t=sum(duration) if duration > 5,x=sum(.x)' \
		<<< $'{"duration":10000000.000000001,"x":123456789.123456789}\n{"duration":10000000.000000001,"x":1e28}'
	same '{"s":20000000.000000002,"t":20000000.000000002,"x":10000000000000000000123456789.123456789}'
}

@test "columns of values of several types have one order" {
	local given=('{"k":1,"x":"b"}' '{"k":2,"x":[1]}' '{"k":3,"x":"c"}' '{"k":4,"x":7}')
	local wanted

	wanted=$(printf '%s\n' "${given[@]}" | flowagg -k .k -a 'c=max(.x)' -b c)
	for _ in 1 2 3; do
		given=("${given[@]:1}" "${given[0]}")
		run_ok flowagg -k .k -a 'c=max(.x)' -b c < <(printf '%s\n' "${given[@]}")
		same "$wanted"
	done
	has $'{"k":3,"c":"c"}\n{"k":1,"c":"b"}' "$output"
}

@test "the time is read where it counts; of a row it is its window's end" {
	run_ok flowagg -a 'm=max(bytes),b=bits(flags),t=top(bytes)' \
		<<< '{"date_last_seen":"x","bytes":1,"flags":2}'
	run_err 1 flowagg -a 'm=first(bytes)' <<< '{"date_last_seen":"x","bytes":1}'
	printf '{"window_end":"2020-01-01T00:00:%02dZ","date_last_seen":null,"b":%d}\n' 10 1 5 2 > in
	run_ok flowagg -w 1m -a 'f=first(.b),l=last(.b)' in
	has '"f":2,"l":1}' "$output"
}

@test "csv and tsv have their header without rows, too" {
	run_ok flowagg -k sa -a 'n=count()' -f csv /dev/null
	same 'src_ip_addr,n'
	run_ok flowfilter --fields sa,da -f tsv any /dev/null
	same $'src_ip_addr\tdst_ip_addr'
}

@test "what may be given once" {
	refuses '--aggregate is given twice: count() and sum(bytes)' \
		-a 'count()' -a 'sum(bytes)'
	refuses '--key is given twice' -k sa -k da
	refuses '--where is given twice' --where tcp --where udp
	run_ok flowagg -f csv -f json /dev/null
}

@test "records without any address: a hint at flowcat" {
	local hint="; flowcat converts other formats"

	echo '{"src_addr":"192.0.2.1","dst_addr":"192.0.2.2","bytes":5}' > goflow2
	both flowagg -k sa goflow2
	same '{"flows":1,"bytes":5}'
	same "flowagg: no record has 'src_ip_addr'$hint" "$stderr"
	both flowfilter -c 'dst ip 192.0.2.2' goflow2
	same "flowfilter: no record has 'dst_ip_addr'$hint" "$stderr"
	run_ok flowfilter -c 'exists(sa)' goflow2
	hint="; flowcat --by-endpoint makes such"
	run_err 0 flowagg -k host -a 'n=count()' goflow2
	same "flowagg: no record has 'host'$hint" "$stderr"
	# Rows of flowdns about hosts have one address.
	echo '{"type":"querying_hosts","src_ip_addr":"192.0.2.1"}' > hosts
	run_ok flowfilter -c 'ip 192.0.2.1' hosts
	same 1
	run_ok flowagg -k sa /dev/null
}

@test "keys that are refused" {
	refuses '-k sa/33: no such prefix length' -k sa/33
	refuses '-k sa/24,/129: no such prefix length' -k sa/24,/129
	refuses '-k sa/-1: no such prefix length' -k sa/-1
	refuses "-k: there is no function 'nothing'" -k 'nothing(sa)'
	refuses "two columns are called 'src_ip_addr'" -k sa,sa
	refuses "two columns are called 'window_end'" -k window_end=sa -w 5m
	refuses '-k: more than 32 keys' \
		-k "$(printf 'k%d=bytes+%d,' {1..33}{,})"
	refuses "-k: unknown word 'src_prot'; did you mean" -k src_prot
}

@test "aggregates that are refused" {
	refuses "-a: there is no function 'foo'
  foo(byt)
  ^" -a 'foo(byt)'
	refuses "-a: there is no function 'p101'" -a 'p101(byt)'
	refuses "-a: there is no function 'mean'; did you mean 'avg'?" -a 'mean(byt)'
	refuses "-a: there is no column 'count'; the function is count()" \
		-a 'sum(byt), count'
	refuses "-a: there is no column 'byt'; of a field it is sum(byt), max(byt) .." \
		-a 'flows=count(), byt'
	# what was written, and not what is made of it
	refuses "-a: 'as' has no meaning here: write name=expression
  2*p5(byt) + sum(byt) as b
                       ^" -a '2*p5(byt) + sum(byt) as b'
	refuses '-a: sum of src_ip_addr, which is no number' -a 'sum(sa)'
	refuses '-a: avg of date_last_seen, which is no number' -a 'avg(te)'
	refuses '-a: p50 of dns_qname, which is no number' -a 'p50(dns_qname)'
	refuses '-a: bits of src_ip_addr, which is no number' -a 'bits(sa)'
	refuses '-a: count takes no argument' -a 'count(sa)'
	refuses '-a: sum needs an argument' -a 'sum()'
	refuses "-a: set: unexpected '0'" -a 'set(sa, 0)'
	refuses "-a: set: unexpected 'x'" -a 'set(sa, x)'
	refuses "-a: sum: unexpected '3'" -a 'sum(byt, 3)'
	refuses '-a: expected aggregates' -a ''
	refuses "two columns are called 'count'" -a 'count(), count()'
	refuses "-a: there is no column 'y'
  y+1
  ^" -a 'x=y+1'
	refuses "-a: there is no column 'n'" -a 'x=n*2, n=count()'
	refuses '-a: ' -a 'sum(byt'
	refuses '-a: ' -a 'count() if'
	refuses "-a: expected a field, a value or '('
  tcp +
       ^" -a 'count() if tcp +'
}

@test "conditions, orders and options that are refused" {
	refuses "--having: unknown word 'byts'; did you mean 'bytes'?" \
		--having 'byts > 1'
	refuses '--having: ' --having 'bytes >'
	refuses '--having: ' -a 'n=count()' --having 'bytes > 1'
	refuses "--sort: there is no column 'nothing'" -b nothing
	refuses "--sort: there is no column 'packets'" -a 'n=count()' -b packets
	refuses '--limit x: number expected' -n x
	refuses '-f xml: the formats are json, line, table, csv, tsv and es-bulk' -f xml
	refuses '' --nothing
}

@test "orders that are refused: no such direction, a ninth column" {
	refuses '--sort' -b bytes:z
	refuses '--sort' -k pr,sa,da,dp,te,flags \
		-b flows,packets,bytes,pr,sa,da,dp,te,nothing
}

# ---- bad records ----

@test "a bad record counts nowhere" {
	cat > bad <<- 'END'
		{"src_ip_addr":"192.0.2.1","packets":1,"bytes":10}
		{"src_ip_addr":"192.0.2.2","packets":2,"bytes":"many"}
		{"src_ip_addr":"host","packets":4,"bytes":10}
		{"src_ip_addr":"192.0.2.1","packets":8,"bytes":18446744073709551616}
		{"src_ip_addr":"192.0.2.1","packets":16,"bytes":10,"dst_port":"x"}
	END
	run_err 1 flowagg -k sa --rejects rejects bad
	same '{"src_ip_addr":"192.0.2.1","flows":2,"packets":17,"bytes":20}'
	has 'flowagg: bad:2: bytes: number expected' "$stderr"
	has 'flowagg: bad:3: src_ip_addr: ' "$stderr"
	has 'flowagg: bad:4: bytes: ' "$stderr"
	same "$(sed -n 2,4p bad)" "$(< rejects)"
	both flowagg -q -k sa bad
	same 1 "$status" && same '' "${stderr:-}"
	run_err 2 flowagg --strict -k sa bad
	# A member of any type that is no number.
	run_err 1 flowagg -a 's=sum(.x), n=count()' <<< '{"x":1}
{"x":"a"}
{"x":[1]}
{"x":2}'
	same '{"s":3,"n":2}'
}

# ---- memory ----

@test "a group costs its key, its accumulators and 64 bytes" {
	local one each cost

	awk -v n=$many 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"src_ip_addr\":\"10.%d.%d.%d\",\"a\":1}\n",
				i / 65536, i / 256 % 256, i % 256
	}' > flows
	one=$(rss flowagg -k .a -a 'count()' flows)
	each=$(rss flowagg -k sa -a 'count()' flows)
	same $many "$(wc -l < out)"
	cost=$(((each - one) * 1024 / many))
	printf 'bytes a group: %d\n' $cost
	# An address has 17 bytes, a count 8.
	[[ $B == *san* ]] || ((cost <= 17 + 8 + 64))
}

@test "an order costs a group no more" {
	local one each cost

	awk -v n=$many 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"src_ip_addr\":\"10.%d.%d.%d\",\"bytes\":%d}\n",
				i / 65536, i / 256 % 256, i % 256, i
	}' > flows
	one=$(rss flowagg -k pr -b bytes flows)
	each=$(rss flowagg -k sa -b bytes flows)
	same $many "$(wc -l < out)"
	cost=$(((each - one) * 1024 / many))
	printf 'bytes a group: %d\n' $cost
	# Three sums of 24 bytes.
	[[ $B == *san* ]] || ((cost <= 17 + 72 + 64))
}

@test "memory does not grow with the input" {
	local few much

	flowgen -n 2000 -H 100 > some
	for _ in {1..5}; do # more than a block of the input
		cat some
	done > flows
	for _ in {1..10}; do
		cat flows
	done > longer
	few=$(rss flowagg -k sa,dp -a "$list" flows)
	much=$(rss flowagg -k sa,dp -a "$list" longer)
	printf '%d KiB, %d KiB\n' "$few" "$much"
	[[ $B == *san* ]] || ((much < few + 512))
}

@test "memory does not grow with addresses that are written with escapes" {
	local few much

	yes '{"src_ip_addr":"10.0.0.1"}' | head -n $many > plain
	yes '{"src_ip_addr":"10\u002e0.0.1"}' | head -n $many > escaped
	few=$(rss flowagg -k sa plain)
	much=$(rss flowagg -k sa escaped)
	printf '%d KiB, %d KiB\n' "$few" "$much"
	[[ $B == *san* ]] || ((much < few + 512))
}
