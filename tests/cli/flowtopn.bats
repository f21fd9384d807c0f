#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowtopn: rankings, shares, the rest, bounded memory.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat > in <<- 'END'
		{"date_last_seen":"2024-05-01T08:00:02.000Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.1","dst_port":443,"protocol":6,"packets":7,"bytes":1200,"duration":0.5}
		{"date_last_seen":"2024-05-01T08:00:01.000Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.2","dst_port":80,"protocol":6,"packets":1,"bytes":60,"duration":0.1}
		{"date_last_seen":"2024-05-01T08:00:03.000Z","src_ip_addr":"2001:db8::1","dst_ip_addr":"10.0.0.2","dst_port":53,"protocol":17,"packets":12,"bytes":100,"duration":0.2}
		{"date_last_seen":"2024-05-01T08:00:00.000Z","src_ip_addr":"192.0.2.9","dst_ip_addr":"10.0.0.1","protocol":1,"bytes":100}
		{"date_last_seen":"2024-05-01T08:00:05.000Z","src_ip_addr":"10.1.1.1","dst_ip_addr":"10.0.0.3","protocol":17,"packets":1,"bytes":40}
	END
}

many=200000
[[ $B != *san* ]] || many=3000

# gives WANTED OPTION..: the rows of $in.
gives() {
	run_ok flowtopn "${@:2}" in
	same "$1"
}

# ranks WANTED OPTION..: columns of the rows of $in, by csv.
ranks() {
	run_ok flowtopn -f csv "${@:2}" in
	same "$1" "$(tail -n +2 <<< "$output")"
}

# refuses MESSAGE OPTION..
refuses() {
	run_err 2 flowtopn "${@:2}" in
	same '' && has "flowtopn: $1" "${stderr:-}"
}

# total COLUMN: of csv rows with a header, exact beyond 64 bits.
total() {
	awk -F , -v name="$1" 'NR == 1 {
			while ($(++column) != name)
				continue
			next
		} {
			n = length($column)
			low += substr($column, n > 9 ? n - 8 : 1)
			if (n > 9)
				high += substr($column, 1, n - 9)
		} END {
			high += int(low / 1e9)
			if (high)
				printf "%.0f%09.0f\n", high, low % 1e9
			else
				printf "%.0f\n", low
		}'
}

# rss COMMAND..: the KiB that it takes; a small shell starts it, since a
# process begins with the memory of the one that it was.
rss() {
	sh -c '"$@" > out; exit $?' sh "$@" --stats=json 2>&1 |
		tail -n 1 | jq .max_rss_kib
}

# ---- ranks ----

@test "by bytes, the greatest first, with shares" {
	gives '{"rank":1,"src_ip_addr":"192.0.2.1","flows":2,"packets":8,"bytes":1260,"bytes_pct":84,"bytes_cum_pct":84}
{"rank":2,"src_ip_addr":"192.0.2.9","flows":1,"bytes":100,"bytes_pct":6.67,"bytes_cum_pct":90.67}
{"rank":3,"src_ip_addr":"2001:db8::1","flows":1,"packets":12,"bytes":100,"bytes_pct":6.67,"bytes_cum_pct":97.33}
{"rank":4,"src_ip_addr":"10.1.1.1","flows":1,"packets":1,"bytes":40,"bytes_pct":2.67,"bytes_cum_pct":100}' \
		-k sa
	same "$output" "$(flowtopn -k src_ip_addr -b bytes < in)"
	same "$output" "$(tac in | flowtopn -k sa -b byt)"
	run_ok flowtopn -k sa /dev/null
	same ''
}

@test "-b: every measure, with shares where there is a whole" {
	ranks '1,6,2,40,40
2,17,2,40,80
3,1,1,20,100' -k pr -b flows -a 'flows=count()'
	ranks '1,17,13,61.9,61.9
2,6,8,38.1,100
3,1,,,' -k pr -b packets -a 'packets=sum(pkt)'
	ranks '1,6,630
2,1,100
3,17,70' -k pr -b mean -a 'mean=avg(byt)'
	ranks '1,6,2,630
2,1,1,100
3,17,2,70' -k pr -b 'mean=avg(byt)' -a 'n=count()'
	ranks '1,6,2,1200
2,1,1,100
3,17,2,100' -k pr -b 'max(byt)' -a 'n=count()'
	ranks '1,17,2,2024-05-01T08:00:05.000Z
2,6,2,2024-05-01T08:00:02.000Z
3,1,1,2024-05-01T08:00:00.000Z' -k pr -b 'last=max(te)' -a 'n=count()'
	ranks '1,6,2,157.5
2,17,2,10.76923076923077
3,1,1,' -k pr -b 'bpp=sum(byt)/sum(pkt)' -a 'n=count()'
	ranks '1,6,2,60,100,100
2,1,1,,,
3,17,2,,,' -k pr -b 'web=sum(byt) if dst port 80' -a 'n=count()'
}

@test "-b: distinct()" {
	gives '{"rank":1,"protocol":6,"n":2,"da_distinct":2}
{"rank":2,"protocol":17,"n":2,"da_distinct":2}
{"rank":3,"protocol":1,"n":1,"da_distinct":1}' -k pr -b 'distinct(da)' \
		-a 'n=count()'
}

@test "-b: blanks around the name's =" {
	ranks '1,6,2,2,40,40
2,17,2,2,40,80
3,1,1,1,20,100' -k pr -b 'n = count()' -a 'm = count()'
}

@test ":a ranks the least first" {
	ranks '1,10.1.1.1,40,2.67,2.67
2,192.0.2.9,100,6.67,9.33
3,2001:db8::1,100,6.67,16
4,192.0.2.1,1260,84,100' -k sa -b bytes:a -a 'bytes=sum(byt)'
	ranks '1,1,1,1
2,6,2,2' -k pr -b 'hosts=distinct(da):a' -a 'n=count()' -n 2
	# Nothing is neither the greatest nor the least.
	ranks '1,6,8,38.1,38.1
2,17,13,61.9,100
3,1,,,' -k pr -b packets:a -a 'packets=sum(pkt)'
}

@test "-n: 10 if not given, 0 is all" {
	seq 25 | sed 's/.*/{"src_port":&,"bytes":10}/' > ports
	run_ok flowtopn -k sp ports
	same 10 "$(wc -l <<< "$output")"
	run_ok flowtopn -k sp -n 0 ports
	same "$(seq 25)" "$(jq .rank <<< "$output")"
	run_ok flowtopn -k sp -n 3 ports
	# Of equals the first keys, as numbers.
	same '{"rank":1,"src_port":1,"flows":1,"bytes":10,"bytes_pct":4,"bytes_cum_pct":4}
{"rank":2,"src_port":2,"flows":1,"bytes":10,"bytes_pct":4,"bytes_cum_pct":8}
{"rank":3,"src_port":3,"flows":1,"bytes":10,"bytes_pct":4,"bytes_cum_pct":12}'
	same "$output" "$(shuf --random-source=<(yes) ports |
		flowtopn -k sp -n 3)"
	run_ok flowtopn -k sp -b bytes:a -n 1 ports
	has '"src_port":1,'
}

@test "keys: several, networks, expressions, missing" {
	ranks '1,192.0.2.0/24,3,60,60
2,10.1.1.0/24,1,20,80
3,2001:db8::/64,1,20,100' -k sa/24,/64 -b n -a 'n=count()'
	ranks '1,192.0.2.1,6,1260,84,84' -k sa,pr -n 1 -a 'b=sum(byt)' -b b
	ranks '1,tcp,1260
2,udp,140
3,,100' -k 'l4=map(pr, 6:"tcp", 17:"udp")' -b max -a 'max=sum(byt) + 0'
	gives '{"rank":1,"n":2,"n_pct":40,"n_cum_pct":40}
{"rank":2,"dst_port":53,"n":1,"n_pct":20,"n_cum_pct":60}' -k dp -n 2 -b n \
		-a 'n=count()'
}

@test "several rankings in one pass" {
	local each

	gives '{"ranking":"sa","rank":1,"src_ip_addr":"192.0.2.1","n":2,"n_pct":40,"n_cum_pct":40}
{"ranking":"da/24","rank":1,"dst_net":"10.0.0.0/24","n":5,"n_pct":100,"n_cum_pct":100}
{"ranking":"pr,dp","rank":1,"protocol":1,"n":1,"n_pct":20,"n_cum_pct":20}' \
		-k sa -k da/24 -k pr,dp -n 1 -b n -a 'n=count()'
	gives 'ranking,rank,src_ip_addr,n,n_pct,n_cum_pct
sa,1,192.0.2.1,2,40,40

ranking,rank,protocol,n,n_pct,n_cum_pct
pr,1,6,2,40,40' -k sa -k pr -n 1 -b n -a 'n=count()' -f csv
	gives 'ranking  rank  src_ip_addr  n  n_pct  n_cum_pct
sa          1  192.0.2.1    2  40.00      40.00

ranking  rank  protocol  n  n_pct  n_cum_pct
pr          1  TCP       2  40.00      40.00' -k sa -k pr -n 1 -b n \
		-a 'n=count()' -f table
	# Those of each window, too.
	printf '{"date_last_seen":%d,"src_ip_addr":"192.0.2.1"}\n' 1 61 > in
	run_ok flowtopn -k sa -k pr -b n -a 'n=count()' -w 1m -f csv in
	same 3 "$(grep -c '^$' <<< "$output")"
	same 4 "$(grep -c '^window_start' <<< "$output")"
	# The same as one by one.
	flowgen -n 2000 -s 1 -6 20 -m 10 > flows
	flowtopn -k sa -k da -k dp,pr --others flows > together
	for each in sa da dp,pr; do
		flowtopn -k $each --others flows |
			sed "s/{/{\"ranking\":\"$each\",/"
	done | cmp - together
}

@test "--group: a ranking in each, shares of the group" {
	gives '{"rank":1,"protocol":1,"src_ip_addr":"192.0.2.9","bytes":100,"bytes_pct":100,"bytes_cum_pct":100}
{"rank":1,"protocol":6,"src_ip_addr":"192.0.2.1","bytes":1260,"bytes_pct":100,"bytes_cum_pct":100}
{"rank":1,"protocol":17,"src_ip_addr":"2001:db8::1","bytes":100,"bytes_pct":71.43,"bytes_cum_pct":71.43}
{"rank":2,"protocol":17,"src_ip_addr":"10.1.1.1","bytes":40,"bytes_pct":28.57,"bytes_cum_pct":100}' \
		--group pr -k sa -a 'bytes=sum(byt)'
	gives '{"rank":1,"src_net":"10.1.1.0/24","dst_ip_addr":"10.0.0.3","n":1,"n_pct":100,"n_cum_pct":100}
{"rank":1,"src_net":"192.0.2.0/24","dst_ip_addr":"10.0.0.1","n":2,"n_pct":66.67,"n_cum_pct":66.67}
{"src_net":"192.0.2.0/24","n":1,"n_pct":33.33,"n_cum_pct":100,"others":1}' --group sa/24,/64 -k da -n 1 --others -a 'n=count()' -b n \
		--where ipv4
	run_ok flowtopn --group pr,dp -k sa -k da -n 1 in
	same '1 1 1 1 1 1 1 1 1 1' "$(jq .rank <<< "$output" | paste -sd ' ')"
}

@test "--min" {
	ranks '1,192.0.2.1,1260,84,84
2,192.0.2.9,100,6.67,90.67
3,2001:db8::1,100,6.67,97.33' -k sa --min 100 -a 'bytes=sum(byt)'
	ranks '1,192.0.2.1,1260,84,84' -k sa --min 1k -a 'bytes=sum(byt)'
	ranks '1,6,2,2
2,17,2,2' -k pr --min 2 -b 'h=distinct(da)' -a 'n=count()'
	ranks '1,10.1.1.1,1,2024-05-01T08:00:05.000Z
2,2001:db8::1,1,2024-05-01T08:00:03.000Z' -k sa -b 'l=max(te)' \
		--min 2024-05-01T08:00:03Z -a 'n=count()'
	ranks '1,6,0.6,75,75' -k pr -b d --min 0.5 -a 'd=sum(td)'
	gives '' -k sa --min 1M
	# What has no measure has not enough.
	ranks '1,17,13,61.9,61.9
2,6,8,38.1,100' -k pr -b p --min 0 -a 'p=sum(pkt)'
}

# ---- the rest ----

@test "--others: how many, and their sums" {
	gives '{"rank":1,"src_ip_addr":"192.0.2.1","flows":2,"packets":8,"bytes":1260,"bytes_pct":84,"bytes_cum_pct":84}
{"flows":3,"packets":13,"bytes":240,"bytes_pct":16,"bytes_cum_pct":100,"others":3}' \
		-k sa -n 1 --others
	gives 'rank,protocol,n,hosts,n_pct,n_cum_pct,others
1,6,2,2,40,40,
,,3,,60,100,2' -k pr -n 1 -b n -a 'n=count(), hosts=distinct(da)' --others \
		-f csv
	# What --min leaves out is among them; no row where all are ranked.
	ranks '1,192.0.2.1,1260,84,84,
,,240,16,100,3' -k sa --min 1k --others -a 'bytes=sum(byt)'
	run_ok flowtopn -k sa --others in
	same 4 "$(wc -l <<< "$output")"
	run_ok flowtopn -k sa --others --min 1M in
	same '{"flows":5,"packets":21,"bytes":1500,"bytes_pct":100,"bytes_cum_pct":100,"others":4}'
}

@test "--others: what none of them tells is unknown" {
	printf '%s\n' '{"sa":1,"packets":5,"bytes":10}' '{"sa":2,"packets":4}' \
		'{"sa":3,"packets":3}' > in
	run_ok flowtopn -k .sa -b packets -n 1 --others -f csv in
	same ',,2,7,,58.33,100,2' "$(tail -n 1 <<< "$output")"
	run_err 0 flowtopn -k .sa -b packets -n 1 --group .none --others -f csv in
	same ',,2,7,,58.33,100,2' "$(tail -n 1 <<< "$output" | cut -c 2-)"
	echo '{"sa":4,"packets":1,"bytes":0}' >> in
	run_ok flowtopn -k .sa -b packets -n 1 --others -f csv in
	same ',,3,8,0,61.54,100,3' "$(tail -n 1 <<< "$output")"
}

@test "--others: sums of decimals are as exact as others" {
	printf '{"src_port":%d,"duration":%s}\n' 1 5.5 2 0.1 3 0.2 > decimals
	run_ok flowtopn -k sp -b 'd=sum(td)' -a 'n=count()' -n 1 --others \
		-f csv decimals
	same ',,2,0.3,5.17,100,2' "$(tail -n 1 <<< "$output")"
}

@test "ranks and others make up the totals, beyond 64 bits too" {
	local seed keys by column

	for seed in 1 2 3; do
		flowgen -n 1500 -s $seed -6 20 -m 20 > flows
		flowagg -f csv flows > totals
		for keys in sa da,dp pr tos,flags dp; do
			for by in bytes packets flows:a 'x=distinct(da)'; do
				flowtopn -k $keys -b "$by" -n 5 --others \
					-f csv flows > rows
				for column in flows packets bytes; do
					same "$(total $column < totals)" \
						"$(total $column < rows)"
				done
			done
		done
		same "$(flowagg -k sa flows | wc -l)" "$(
			flowtopn -k sa -n 5 --others flows | jq -s \
				'length - 1 + .[-1].others')"
	done
	# More than a double holds.
	(($(total bytes < totals | wc -c) > 21))
}

@test "ranks and others of each group make up its totals" {
	flowgen -n 1500 -s 4 -6 20 -m 20 > flows
	flowtopn --group pr -k sa -n 3 --others -f csv flows > rows
	for protocol in 1 6 17; do
		flowagg -f csv --where "proto $protocol" flows > totals
		grep -e rank -e "^[0-9]*,$protocol," rows > of-it
		for column in flows packets bytes; do
			same "$(total $column < totals)" \
				"$(total $column < of-it)"
		done
	done
	same '100 100 100' "$(grep -A 1 '^3' rows | grep ^, | cut -d , -f 8 |
		paste -sd ' ')"
}

@test "shares add up" {
	flowgen -n 3000 -s 5 > flows
	flowtopn -k dp -b packets -n 0 flows > rows
	same 100 "$(tail -n 1 rows | jq .packets_cum_pct)"
	jq -es '(map(.packets) | add) as $all | reduce .[] as $row ({ok: true};
		.sum += $row.packets | .ok = (.ok and
		($row.packets_pct - $row.packets / $all * 100 | fabs) <= 0.0051
		and ($row.packets_cum_pct - .sum / $all * 100 | fabs) <= 0.0051)
		) | .ok' rows
	jq -es 'map(.packets) | . == (sort | reverse)' rows
}

# ---- --approx ----

# bounded K MEASURE AGGREGATE FILE: each row of --approx K against the exact
# sums: count - error <= true <= count, no key with more than 1/K left out.
bounded() {
	flowtopn -k sa --approx "$1" -b "$2" -n 0 -f csv "$4" > approx
	flowagg -k sa -a "n=$3" -f csv "$4" > exact
	awk -F , -v k="$1" '
		NR == FNR {
			if (FNR > 1) {
				true_n[$1] = $2
				sum += $2
			}
			next
		}
		FNR == 1 { next }
		{
			rows++
			counted += $3
			seen[$2] = 1
			if (!($3 >= true_n[$2] && $3 - $6 <= true_n[$2] &&
			    $6 <= sum / k && $1 == rows &&
			    (rows == 1 || $3 <= last))) {
				print
				bad = 1
			}
			last = $3
		}
		END {
			for (a in true_n)
				if (true_n[a] > sum / k && !(a in seen)) {
					print "missing", a
					bad = 1
				}
			exit bad || rows > k || !rows || counted != sum
		}' exact approx
}

@test "--approx: the true value is within the error, and no great key missing" {
	local seed k n=5000

	[[ $B != *san* ]] || n=1000
	for seed in 1 2; do
		flowgen -n $n -s $seed -6 20 -H 3000 > flows
		for k in 1 2 20 300; do
			bounded $k bytes 'sum(byt)' flows
			bounded $k flows 'count()' flows
			bounded $k packets 'sum(pkt)' flows
		done
	done
}

@test "--approx: with counters enough it is exact" {
	flowgen -n 2000 -s 3 -6 20 -m 10 -H 100 > flows
	flowtopn -k sa -b bytes -n 20 -a 'bytes=sum(byt)' --others -f csv flows |
		cut -d , -f 1-5 > exact
	flowtopn -k sa -b bytes -n 20 --approx 1000 --others -f csv flows |
		tee approx | cut -d , -f 1-5 | cmp exact -
	same 0 "$(sed '1d;$d' approx | cut -d , -f 6 | sort -u)"
}

@test "--approx: ranks and others make up the total" {
	flowgen -n 3000 -s 6 > flows
	run_ok flowtopn -k sa --approx 50 -n 5 --others -f csv flows
	same "$(flowagg -f csv flows | total bytes)" \
		"$(total bytes <<< "$output")"
	has ',100,,' "$(tail -n 1 <<< "$output")"
}

@test "shares of negative numbers, and of very great ones" {
	printf '{"k":"%s","x":%s}\n' a -60 b 160 > in
	run_ok flowtopn -k .k -b x -a 'x=sum(.x)' -f csv in
	same 'rank,k,x,x_pct,x_cum_pct
1,b,160,160,160
2,a,-60,-60,100'
	printf '{"k":"%s","x":%s}\n' a 1e17 b -99999999999999999 > in
	run_ok flowtopn -k .k -b x -a 'x=sum(.x)' -f csv in
	same '1,a,100000000000000000,1e+19,1e+19' \
		"$(sed -n 2p <<< "$output")"
}

@test "--approx: the greatest of what is not negative" {
	printf '{"k":%d,"x":%d}\n' 1 10 2 -30 3 20 > in
	run_err 1 flowtopn -k .k -b 's=sum(.x)' --approx 10 -f csv in
	has 'in:2: --approx ranks by numbers that are not negative' "$stderr"
	same '3 1' "$(cut -d , -f 2 <<< "$output" | sed 1d | xargs)"
	run_err 2 flowtopn -k .k -b 's=sum(.x):a' --approx 10 in
	has 'the greatest first' "$stderr"
}

@test "--approx: columns, conditions, several rankings, the same each time" {
	gives '{"rank":1,"src_ip_addr":"192.0.2.1","bytes":1260,"bytes_pct":84,"bytes_cum_pct":84,"bytes_error":0}' \
		-k sa --approx 10 -n 1
	gives '{"rank":1,"protocol":6,"n":2,"n_pct":100,"n_cum_pct":100,"n_error":0}' \
		-k pr --approx 10 -b 'n=count() if tcp'
	gives '{"ranking":"sa","rank":1,"src_ip_addr":"192.0.2.1","flows":2,"flows_pct":40,"flows_cum_pct":40,"flows_error":0}
{"ranking":"pr","rank":1,"protocol":6,"flows":2,"flows_pct":40,"flows_cum_pct":40,"flows_error":0}' \
		-k sa -k pr --approx 10 -b flows -n 1
	ranks '1,192.0.2.1,1260,84,84,0' -k sa --approx 10 --min 1k
	flowgen -n 3000 -s 7 > flows
	run_ok flowtopn -k sa,dp --approx 20 -n 0 -b flows flows
	same "$(flowtopn -k sa,dp --approx 20 -n 0 -b flows flows)"
	same 20 "$(wc -l <<< "$output")"
}

@test "--approx: decimals are exact" {
	printf '{"src_port":1,"duration":%s}\n' 0.1 0.2 > decimals
	run_ok flowtopn -k sp -b 'sum(td)' --approx 5 decimals
	same '{"rank":1,"src_port":1,"td_sum":0.3,"td_sum_pct":100,"td_sum_cum_pct":100,"td_sum_error":0}'
}

@test "--approx: memory does not grow with the keys" {
	local one each

	awk -v n=$many 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"src_ip_addr\":\"10.%d.%d.%d\",\"bytes\":%d}\n",
				i / 65536, i / 256 % 256, i % 256, i % 1000
	}' > flows
	one=$(rss flowtopn -k pr --approx 1000 flows)
	each=$(rss flowtopn -k sa --approx 1000 flows)
	printf '%d KiB, %d KiB\n' "$one" "$each"
	[[ $B == *san* ]] || ((each < one + 1024))
}

@test "a group costs its key, its accumulators and 64 bytes" {
	local one each cost

	awk -v n=$many 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"src_ip_addr\":\"10.%d.%d.%d\",\"bytes\":%d}\n",
				i / 65536, i / 256 % 256, i % 256, i % 1000
	}' > flows
	one=$(rss flowtopn -k pr flows)
	each=$(rss flowtopn -k sa flows)
	cost=$(((each - one) * 1024 / many))
	printf 'bytes a group: %d\n' $cost
	# An address has 17 bytes, three sums 72.
	[[ $B == *san* ]] || ((cost <= 17 + 72 + 64))
}

# ---- forms ----

@test "csv, tsv, table" {
	local csv

	gives 'rank,protocol,flows,packets,bytes,bytes_pct,bytes_cum_pct
1,6,2,8,1260,84,84
2,17,2,13,140,9.33,93.33
3,1,1,,100,6.67,100' -k pr -f csv
	csv=$output
	run_ok flowtopn -k pr -f tsv in
	same "${csv//,/$'\t'}"
	gives 'rank  protocol  flows  packets  bytes  bytes_pct  bytes_cum_pct
   1  TCP           2        8   1260      84.00          84.00
   2  UDP           2       13    140       9.33          93.33
   3  ICMP          1             100       6.67         100.00' -k pr -f table
	gives "$(flowtopn -k pr -f table in)" -k pr -f line
	gives 'rank  src_ip_addr  bytes  bytes_pct  bytes_cum_pct  others
   1  192.0.2.1     1260      84.00          84.00        
                     240      16.00         100.00       3' -k sa -n 1 \
		-a 'bytes=sum(byt)' --others -f table
}

# ---- what cannot be done ----

@test "csv and tsv have their headers without rows, too" {
	local head=flows,packets,bytes,bytes_pct,bytes_cum_pct

	run_ok flowtopn -k pr -f csv /dev/null
	same "rank,protocol,$head"
	run_ok flowtopn -k pr -w 1m -f csv --approx 5 -b n='count()' /dev/null
	same window_start,window_end,rank,protocol,n,n_pct,n_cum_pct,n_error
	run_ok flowtopn -k pr -k sp -f csv /dev/null
	same "ranking,rank,protocol,$head

ranking,rank,src_port,$head"
	run_ok flowtopn -k pr -f tsv --min 10 <<< '{"protocol":6,"bytes":9}'
	same "$(tr , '\t' <<< "rank,protocol,$head")"
	for format in json table line; do
		run_ok flowtopn -k pr -k sp -f "$format" /dev/null
		same ''
	done
}

@test "options that are refused" {
	refuses '-k is needed'
	refuses "-b: there is no column 'nothing'" -k sa -b nothing
	refuses '--by is given twice: flows and bytes' -k sa -b flows -b bytes
	refuses "-b, which is bytes if not given: there is no column 'bytes'" \
		-k sa -a 'n=count()'
	refuses "-a: there is no function 'foo'" -k sa -b 'foo(byt)'
	refuses '-a: sum of dst_ip_addr, which is no number' -k sa -b 'sum(da)'
	refuses '-k sa/33: no such prefix length' -k sa/33
	refuses '--min x: expected a number' -k sa --min x
	refuses '--limit -1: number expected' -k sa -n -1
	refuses '--approx ranks by flows, packets, bytes, count() or sum()' \
		-k sa --approx 5 -b 'distinct(da)'
	refuses '--approx ranks by' -k sa --approx 5 --group pr
	refuses '--approx -1: number expected' -k sa --approx -1
	refuses "two columns are called 'src_ip_addr'" -k sa --group sa
	refuses '--key sa: too many rankings' -k{,,,,,,,,,,,,,,,,}sa
	refuses '-f xml: the formats are' -k sa -f xml
}

@test "options that are refused: no counters, no such direction" {
	refuses '--approx' -k sa --approx 0
	refuses '-b' -k sa -b bytes:z
}

# ---- bad records ----

@test "a bad record counts in no ranking" {
	cat > bad <<- 'END'
		{"src_ip_addr":"192.0.2.1","dst_port":80,"bytes":10}
		{"src_ip_addr":"192.0.2.2","dst_port":"x","bytes":20}
		{"src_ip_addr":"192.0.2.3","dst_port":80,"bytes":"many"}
	END
	run_err 1 flowtopn -k sa --rejects rejects bad
	same '{"rank":1,"src_ip_addr":"192.0.2.2","flows":1,"bytes":20,"bytes_pct":66.67,"bytes_cum_pct":66.67}
{"rank":2,"src_ip_addr":"192.0.2.1","flows":1,"bytes":10,"bytes_pct":33.33,"bytes_cum_pct":100}'
	same "$(sed -n 3p bad)" "$(< rejects)"
	run_err 1 flowtopn -k sa --approx 10 bad
	has '"src_ip_addr":"192.0.2.2","bytes":20'
}

@test "a record that one ranking cannot read counts in no other" {
	printf '{"src_ip_addr":"192.0.2.%d","dst_port":%s,"bytes":5}\n' \
		1 80 2 '"x"' 3 80 > bad
	run_err 1 flowtopn -k sa -k dp --others bad
	same '{"ranking":"sa","rank":1,"src_ip_addr":"192.0.2.1","flows":1,"bytes":5,"bytes_pct":50,"bytes_cum_pct":50}
{"ranking":"sa","rank":2,"src_ip_addr":"192.0.2.3","flows":1,"bytes":5,"bytes_pct":50,"bytes_cum_pct":100}
{"ranking":"dp","rank":1,"dst_port":80,"flows":2,"bytes":10,"bytes_pct":100,"bytes_cum_pct":100}'
	run_err 1 flowtopn -k sa -k dp --approx 10 bad
	has '"src_ip_addr":"192.0.2.1","bytes":5,"bytes_pct":50,'
}

@test "--min of the least ones: those below it are passed over" {
	for i in {1..20}; do
		echo "{\"dst_port\":$i,\"bytes\":$i}"
	done > in
	run_ok flowtopn -k dp -b bytes:a -n 2 --min 10 in
	same '10 11' "$(jq .dst_port <<< "$output" | xargs)"
}
