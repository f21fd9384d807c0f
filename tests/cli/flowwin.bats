#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowwin: the series and what is usual in it; records with the bounds of their
# windows, in files, for commands, in order.  Windows themselves are tested in
# windows.bats and window_truth.bats.

load common
load windows

n=600
[[ $B != *san* ]] || n=200

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat > in <<- 'END'
		{"date_last_seen":"2024-05-01T10:00:01.000Z","src_ip_addr":"192.0.2.1","packets":7,"bytes":1230}
		{"date_last_seen":"2024-05-01T10:00:05.000Z","src_ip_addr":"192.0.2.2","packets":1,"bytes":60}
		{"date_last_seen":"2024-05-01T10:00:09.999Z","src_ip_addr":"192.0.2.1","packets":2,"bytes":100}
		{"date_last_seen":"2024-05-01T10:00:31.000Z","src_ip_addr":"192.0.2.1","packets":5,"bytes":84}
	END
}

# gives WANTED OPTION..: the rows of $in.
gives() {
	run_ok flowwin "${@:2}" in
	same "$1"
}

# refuses MESSAGE OPTION..
refuses() {
	run_err 2 flowwin "${@:2}" in
	same '' && has "flowwin: $1" "${stderr:-}"
}

# The shuffled lines, the same in each run.
shuffled() {
	shuf --random-source=<(yes "$1") "${@:2}"
}

# counts N..: so many records in each 10 s after 2024-05-01T10:00.
counts() {
	awk -v counts="$*" 'BEGIN {
		windows = split(counts, n, " ")
		for (i = 0; i < windows; i++)
			for (k = 0; k < n[i + 1]; k++)
				printf "{\"date_last_seen\":\"2024-05-01T10:%02d:%02d.%03dZ\"}\n",
					i / 6, i % 6 * 10, k
	}'
}

# numbered N: N records of 60 bytes or more, two each second, in order.
numbered() {
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"date_last_seen\":\"2024-05-01T10:%02d:%02d.%d00Z\",\"x\":%d,\"y\":\"a/b \\\"c\\\"\"}\n",
				int(i / 120), int(i / 2) % 60, i % 2 * 5, i
	}'
}

# no_parts [FOLDER]: nothing unfinished was left there.
no_parts() {
	same '' "$(find "${1:-.}" -name '*.part*')"
}

# ---- the series ----

@test "a row for each window, with rates" {
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","flows":3,"packets":10,"bytes":1390,"flows_per_second":0.3,"packets_per_second":1,"bytes_per_second":139}
{"window_start":"2024-05-01T10:00:30.000Z","window_end":"2024-05-01T10:00:40.000Z","flows":1,"packets":5,"bytes":84,"flows_per_second":0.1,"packets_per_second":0.5,"bytes_per_second":8.4}' \
		-w 10s
	gives 'window_start,window_end,flows,packets,bytes,flows_per_second,packets_per_second,bytes_per_second
2024-05-01T10:00:00.000Z,2024-05-01T10:02:00.000Z,4,15,1474,0.03333333333333333,0.125,12.283333333333333' \
		-w 2m -f csv
}

@test "what is unknown has no rate" {
	run_ok flowwin -w 10s <<< '{"date_last_seen":"2024-05-01T10:00:01.000Z","bytes":20}'
	same '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","flows":1,"bytes":20,"flows_per_second":0.1,"bytes_per_second":2}'
}

@test "the series is that of flowagg" {
	local options

	window_flows $n 3
	for options in '-w 10s' '-w 1m/7s' '-w session:20s' '-w count:50' \
		'-w 10s -k sa' '-w 1m/10s -k sa,dp' '-w session:20s -k sa'; do
		# shellcheck disable=SC2086
		flowagg $options -l $lateness flows > wanted
		(($(wc -l < wanted) > 3))
		# shellcheck disable=SC2086
		flowwin $options -l $lateness flows |
			sed 's/,"flows_per_second.*/}/' | cmp - wanted
	done
	flowagg -w 10s -k sa -a 'n=count(),p=p90(byt),t=top(da)' -l $lateness \
		flows > wanted
	flowwin -w 10s -k sa -a 'n=count(),p=p90(byt),t=top(da)' -l $lateness \
		flows | cmp - wanted
}

@test "a rate is the value by the seconds of the window" {
	window_flows $n 4
	flowwin -w 1m/7s -l $lateness -f tsv \
		-k sa --where 'bytes < 1000000' flows |
		awk -F '\t' 'NR > 1 && NF == 9 {
			for (i = 4; i <= 6; i++) {
				d = $(i + 3) - $i / 60
				bad += $i == "" ? $(i + 3) != "" :
					d * d > 1e-18 * (1 + $i * $i)
			}
			rows++
		}
		END { exit bad || rows < 20 }'
}

@test "--fill: windows without records, totals are the same" {
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","n":3,"s":1390,"ds":2,"m":60}
{"window_start":"2024-05-01T10:00:10.000Z","window_end":"2024-05-01T10:00:20.000Z","n":0,"s":0,"ds":0}
{"window_start":"2024-05-01T10:00:20.000Z","window_end":"2024-05-01T10:00:30.000Z","n":0,"s":0,"ds":0}
{"window_start":"2024-05-01T10:00:30.000Z","window_end":"2024-05-01T10:00:40.000Z","n":1,"s":84,"ds":1,"m":84}' \
		-w 10s --fill -a 'n=count(),s=sum(byt),ds=distinct(sa),m=min(byt)'
	gives '{"window_start":"2024-05-01T10:00:10.000Z","window_end":"2024-05-01T10:00:20.000Z","flows":0,"packets":0,"bytes":0,"flows_per_second":0,"packets_per_second":0,"bytes_per_second":0}
{"window_start":"2024-05-01T10:00:20.000Z","window_end":"2024-05-01T10:00:30.000Z","flows":0,"packets":0,"bytes":0,"flows_per_second":0,"packets_per_second":0,"bytes_per_second":0}' \
		-w 10s --fill --having 'flows == 0'
	window_flows $n 5
	flowwin -w 10s --fill -l 1d -f tsv -a 'n=count()' flows > rows.tsv
	same $n "$(sum_of n rows.tsv)"
	# Each begins where the one before ends, and some are empty.
	awk -F '\t' 'NR > 2 && $1 != end { bad = 1 }
		{ end = $2 }
		NR > 1 && $3 == 0 { empty++ }
		END { exit bad || empty < 100 }' rows.tsv
	flowwin -w 10s -l $lateness -f tsv -a 'n=count()' flows > wanted
	awk -F '\t' '$3 != "0"' rows.tsv | cmp - wanted
}

@test "-k and --having" {
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","src_ip_addr":"192.0.2.1","n":2}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","src_ip_addr":"192.0.2.2","n":1}
{"window_start":"2024-05-01T10:00:30.000Z","window_end":"2024-05-01T10:00:40.000Z","src_ip_addr":"192.0.2.1","n":1}' \
		-w 10s -k sa -a 'n=count()'
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","src_ip_addr":"192.0.2.1","n":2}' \
		-w 10s -k sa -a 'n=count()' --having 'n > 1'
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","src_ip_addr":"192.0.2.1","flows":2,"packets":9,"bytes":1330,"flows_per_second":0.2,"packets_per_second":0.9,"bytes_per_second":133}' \
		-w 10s -k sa --having 'bytes_per_second > 100'
	gives '' -w 10s -k sa --having 'flows > 2'
}

# ---- what is usual ----

# The weights of the ewma for --roll 3 are 1, 1/2, 1/4.
@test "--roll: what was in the windows before" {
	counts 2 4 0 6 1 > in
	flowwin -w 10s --roll 3 -a 'flows=count()' -f csv in |
		cut -d , -f 3- > got
	same 'flows,flows_sum,flows_mean,flows_stddev,flows_ewma,flows_z
2,0,,,,
4,2,2,,2,
6,6,2,2,1.4285714285714286,2
1,10,3.3333333333333335,3.0550504633038935,4,-0.7637626158259734' "$(< got)"
}

# model N: a row key, window, x, sum, mean, stddev, ewma, z from the rows of
# --roll N in tsv, and from the file rows; x is the count.
model() {
	awk -v roll="$1" '
	function near(got, wanted) {
		d = got - wanted
		return got != "" && d * d <= 1e-18 * (1 + wanted * wanted)
	}
	FNR == NR {
		split($0, r, "|")
		w = int((r[1] - 1714521600000) / 10000)
		count[r[2], w]++
		if (first == "" || w < first)
			first = w
		if (!((r[2], w) in seen))
			groups++
		seen[r[2], w] = 1
		next
	}
	FNR == 1 { FS = "\t"; next }
	{
		split($0, c, "\t")
		t = substr(c[1], 12)
		w = (substr(t, 1, 2) * 3600 + substr(t, 4, 2) * 60 + substr(t, 7, 2)) / 10
		k = w - first < roll ? w - first : roll
		sum = weighted = weights = squares = 0
		weight = 1
		for (i = 1; i <= k; i++) {
			x = count[c[3], w - i] + 0
			sum += x
			weighted += weight * x
			weights += weight
			weight *= 1 - 2 / (roll + 1)
		}
		for (i = 1; i <= k; i++)
			squares += (count[c[3], w - i] - sum / k) ^ 2
		x = count[c[3], w]
		ok = c[4] == x && c[5] == sum
		if (k > 0)
			ok = ok && near(c[6], sum / k) && near(c[8], weighted / weights)
		else
			ok = ok && c[6] == "" && c[8] == ""
		if (k > 1)
			ok = ok && near(c[7], sqrt(squares / (k - 1)))
		else
			ok = ok && c[7] == ""
		if (k > 1 && squares > 0)
			ok = ok && near(c[9], (x - sum / k) / sqrt(squares / (k - 1)))
		else
			ok = ok && c[9] == ""
		if (squares > 0)
			known++
		if (!ok) {
			print "wrong: " $0
			bad++
		}
		n++
	}
	END {
		if (bad || n != groups || (roll > 1 && known < 50))
			print bad + 0 " wrong of " n ", wanted " groups
	}' rows "$2"
}

@test "--roll: sum, mean, stddev, ewma and z, by a model" {
	local roll

	window_flows $n 6
	for roll in 1 2 7 100; do
		flowwin -w 10s -k sa --roll $roll -a 'x=count()' -l $lateness \
			-f tsv flows > got
		same '' "$(model $roll got)"
	done
}

@test "--roll: a key that was absent had zeros" {
	awk 'BEGIN {
		for (i = 0; i < 5; i++)
			printf "{\"date_last_seen\":\"2024-05-01T10:00:%02d.000Z\",\"k\":\"a\"}\n",
				i * 10
		for (i = 0; i < 4; i++)
			printf "{\"date_last_seen\":\"2024-05-01T10:00:40.%03dZ\",\"k\":\"b\"}\n", i
	}' > in
	run_ok flowwin -w 10s -k .k --roll 4 -a 'n=count()' in --having 'n > 1'
	same '{"window_start":"2024-05-01T10:00:40.000Z","window_end":"2024-05-01T10:00:50.000Z","k":"b","n":4,"n_sum":0,"n_mean":0,"n_stddev":0,"n_ewma":0}'
}

@test "--exclude-alerting: an attack does not become usual" {
	counts 2 4 9 9 9 3 > in
	run_ok flowwin -w 10s --roll 2 -a 'n=count()' --having 'n > 5' \
		--exclude-alerting -f csv in
	same '9,6,3
9,6,3
9,6,3' "$(cut -d , -f 3-5 <<< "$output" | sed 1d)"
	run_ok flowwin -w 10s --roll 2 -a 'n=count()' --having 'n > 5' \
		-f csv in
	same '9,6,3
9,13,6.5
9,18,9' "$(cut -d , -f 3-5 <<< "$output" | sed 1d)"
	# Also when the expression is about what is usual: z is 7 / 1.41.
	run_ok flowwin -w 10s --roll 2 -a 'n=count()' --having 'n_z > 4' \
		--exclude-alerting -f csv in
	same '9,6,3
9,6,3
9,6,3' "$(cut -d , -f 3-5 <<< "$output" | sed 1d)"
}

# ---- --collect ----

@test "--collect: the last windows as arrays, zero padded" {
	counts 1 2 0 4 5 > in
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:30.000Z","n":[1,2,0]}
{"window_start":"2024-05-01T10:00:30.000Z","window_end":"2024-05-01T10:01:00.000Z","n":[4,5,0]}' \
		-w 10s --collect 3 -a 'n=count()'
	gives '{"window_start":"2024-05-01T09:59:40.000Z","window_end":"2024-05-01T10:00:10.000Z","n":[0,0,1]}
{"window_start":"2024-05-01T09:59:50.000Z","window_end":"2024-05-01T10:00:20.000Z","n":[0,1,2]}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:30.000Z","n":[1,2,0]}
{"window_start":"2024-05-01T10:00:10.000Z","window_end":"2024-05-01T10:00:40.000Z","n":[2,0,4]}
{"window_start":"2024-05-01T10:00:20.000Z","window_end":"2024-05-01T10:00:50.000Z","n":[0,4,5]}' \
		-w 10s --collect 3/1 -a 'n=count()'
	gives '{"window_start":"2024-05-01T09:59:40.000Z","window_end":"2024-05-01T10:00:20.000Z","n":[0,0,1,2]}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:40.000Z","n":[1,2,0,4]}
{"window_start":"2024-05-01T10:00:20.000Z","window_end":"2024-05-01T10:01:00.000Z","n":[0,4,5,0]}' \
		-w 10s --collect 4/2 -a 'n=count()'
}

@test "--collect: keys that were absent, values that are unknown" {
	gives '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:01:00.000Z","src_ip_addr":"192.0.2.1","n":[2,0,0,1,0,0],"m":[100,0,0,84,0,0]}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:01:00.000Z","src_ip_addr":"192.0.2.2","n":[1,0,0,0,0,0],"m":[60,0,0,0,0,0]}' \
		-w 10s --collect 6 -k sa -a 'n=count(),m=min(byt)'
}

@test '--collect: keys that are long gone take neither memory nor time' {
	flows() {
		for ((i = 0; i < 4000; i++)); do
			printf '{"date_last_seen":%d,"src_port":%d,"bytes":1}\n' \
				$((1700000000 + 10 * i)) "$i"
		done
	}
	flows | flowwin -w 10s --collect 300 -k sp -l 0s --stats=json 2>&1 |
		tail -n 1 > stats
	jq -e '.written == 4000' stats
	# A sanitizer keeps books of its own.
	[[ $B == *san* ]] || jq -e '.max_rss_kib < 30000' stats
}

@test "--collect: arrays add up to the windows" {
	window_flows $n 7
	flowwin -w 10s -k sa --collect 6 -l 1d -a 'n=count()' flows > got
	same $n "$(jq -s 'map(.n | add) | add' got)"
	same true "$(jq -s 'all(.[]; .n | length == 6)' got)"
	# The same in windows of a minute, without the shape.
	flowagg -w 1m -k sa -l $lateness -a 'n=count()' flows |
		jq -c '[.window_start, .window_end, .src_ip_addr, .n]' > wanted
	jq -c '[.window_start, .window_end, .src_ip_addr, (.n | add)]' got |
		cmp - wanted
}

# ---- --tag ----

@test "--tag: bounds in front, the rest byte for byte" {
	run_ok flowwin -w 10s --tag <<- 'END'
		{ "date_last_seen" : "2024-05-01T10:00:01.000Z" , "x": 1.50,"y":"\u0041\/" }
		{"date_last_seen":"2024-05-01T12:00:10+02:00","z":{"window_start":1}}
	END
	same '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","date_last_seen" : "2024-05-01T10:00:01.000Z" , "x": 1.50,"y":"\u0041\/" }
{"window_start":"2024-05-01T10:00:10.000Z","window_end":"2024-05-01T10:00:20.000Z","date_last_seen":"2024-05-01T12:00:10+02:00","z":{"window_start":1}}'
	window_flows $n 8
	flowwin -w 10s --tag flows > got
	sed 's/^{"window_start":"[^"]*","window_end":"[^"]*",/{/' got | cmp - flows
	same $n "$(grep -c '^{"window_start":"' got)"
	# In the windows that flowagg has.
	jq -r '.window_start' got | sort | uniq -c |
		awk '{ print $2 "\t" $1 }' > counts
	flowagg -w 10s -a 'n=count()' -l $lateness -f tsv flows |
		sed 1d | cut -f 1,3 | cmp - counts
}

@test "--tag: a record for each of its windows" {
	window_flows $n 9
	flowwin -w 1m/10s --tag flows > got
	same $((n * 6)) "$(wc -l < got)"
	awk '{ for (i = 0; i < 6; i++) print }' flows > wanted
	sed 's/^{"window_start":"[^"]*","window_end":"[^"]*",/{/' got |
		cmp - wanted
	jq -r '.window_start' got | sort | uniq -c |
		awk '{ print $2 "\t" $1 }' > counts
	flowagg -w 1m/10s -a 'n=count()' -l $lateness -f tsv flows |
		sed 1d | cut -f 1,3 | cmp - counts
}

@test "--tag: bounds that are there are replaced" {
	run_ok flowwin -w 10s --tag <<- 'END'
		{"date_last_seen":"2024-05-01T10:00:01.000Z","window_end":null,"x":[1, 2]}
		{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:02.000Z","n":7}
		{"window_start":"2024-05-01T10:00:08.000Z","n":8,"window_end":"2024-05-01T10:00:10.000Z"}
	END
	same '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","date_last_seen":"2024-05-01T10:00:01.000Z","x":[1, 2]}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","n":7}
{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","n":8}'
	flowwin -w 10s --tag in > once
	flowwin -w 10s --tag once | cmp - once
}

@test "--tag: bounds whose names have escapes are replaced, too" {
	printf '%s\n' '{"window\u005fstart":5,"a":1,"\u0077indow_end":9,"date_last_seen":"2024-01-01T00:00:01Z"}' > esc
	run_ok flowwin -w 1s --tag esc
	same '{"window_start":"2024-01-01T00:00:01.000Z","window_end":"2024-01-01T00:00:02.000Z","a":1,"date_last_seen":"2024-01-01T00:00:01Z"}'
}

@test "-t .arrival: a member, not the clock" {
	run_ok flowwin -w 60s -t .arrival -f csv \
		<<< '{"arrival":"2020-01-01T00:00:00Z"}'
	has 2020-01-01T00:00:00 "$output"
}

@test "-t: a member with a dot, with quotes, by a path" {
	echo '{"mine":5000000000,"odd name":7000000000,"a":{"t":9000000000}}' > one
	for t in .mine mine '."mine"' '."odd name"' .a.t a.t; do
		flowwin -w 1s -t "$t" -f csv one | sed -n '2s/Z.*//p'
	done > got
	same '2128-06-11T08:53:20.000 2128-06-11T08:53:20.000 2128-06-11T08:53:20.000 2191-10-27T12:26:40.000 2255-03-14T16:00:00.000 2255-03-14T16:00:00.000' "$(xargs < got)"
}

@test "--roll, --collect: what is no number" {
	run_err 0 flowwin -w 10s --collect 2 -a 'n=count(), last=max(te)' in
	same 'flowwin: --collect: column last has what is no number, taken for 0' \
		"$stderr"
	printf '{"date_last_seen":%d,"x":"a"}\n' 1 2 3 > text
	run_ok flowwin -w 1s --roll 2 -a 'n=count(), x=first(.x)' text
	same '[1,1,"a",null]' \
		"$(tail -n 1 <<< "$output" | jq -c '[.n, .n_mean, .x, .x_mean]')"
}

@test "--tag: nothing is late" {
	window_flows $n 10
	shuffled 1 flows > mixed
	run_ok flowwin -w 10s -l 0s --tag mixed
	same $n "$(wc -l <<< "$output")"
}

# ---- --split ----

@test "--split: a file for each window" {
	run_ok flowwin -w 10s --split 'a/b/%Y-%m-%d/%H%M%S.ndjson' in
	same '' "$output"
	same 'a/b/2024-05-01/100000.ndjson
a/b/2024-05-01/100030.ndjson' "$(find a -type f | sort)"
	head -n 3 in | cmp - a/b/2024-05-01/100000.ndjson
	tail -n 1 in | cmp - a/b/2024-05-01/100030.ndjson
	# Those of an earlier run are replaced.
	head -n 1 in > less
	run_ok flowwin -w 10s --split 'a/b/%Y-%m-%d/%H%M%S.ndjson' less
	cmp less a/b/2024-05-01/100000.ndjson
	no_parts
}

@test "--split: no file that is read, or written already" {
	cp in input
	run_err 2 flowwin -w 10s --split input input
	has 'input: it is read, so it cannot be written' "$stderr"
	cmp in input
	run_err 2 flowwin -w 10s --split 'late%H' --late late10 in
	has 'late10: it is written already, so it cannot be written' "$stderr"
	cp in in.part
	run_err 2 flowwin -w 10s --split in in.part
	has 'in.part: it is read, so it cannot be written' "$stderr"
	cmp in in.part
	rm in.part
	mkdir -p o/10
	run_err 2 flowwin -w 10s --split 'o/%H' in
	has 'o/10: Is a directory' "$stderr"
	no_parts
}

@test "--split: no device, pipe or link is replaced" {
	mkfifo o1
	ln -s /dev/null o2
	ln -s "$PWD/in" o3
	for name in o1 o2 o3; do
		run_err 2 flowwin -w 1h --split $name in
		has "$name is no regular file, so it cannot be replaced" "$stderr"
		no_parts
	done
	[[ -p o1 && -L o2 && -L o3 ]]
}

@test "--split: the time of the name is of a zone" {
	run_ok flowwin -w 10s --tz Europe/Prague --split 'tz-%H%M%S' in
	run_ok flowwin -w 1d --align Europe/Prague --split 'day-%d-%H%M' in
	same 'day-01-0000
tz-120000
tz-120030' "$(printf '%s\n' tz-* day-* | sort)"
}

@test "--split: %z, %Z and %s do not depend on TZ" {
	echo '{"date_last_seen":1704067200}' > one
	for TZ in UTC Asia/Tokyo; do
		export TZ
		run_ok flowwin -w 30m --tz Europe/Prague --split 'z/%T%z_%Z_%s_%%s' one
		run_ok flowwin -w 30m --split 'z/%T%z_%Z_%s' one
	done
	same '00:00:00+0000_UTC_1704067200
01:00:00+0100_+0100_1704067200_%s' "$(ls z)"
	# Both hours of autumn.
	printf '{"date_last_seen":%d}\n' 1729987200 1729990800 > two
	run_ok flowwin -w 1h --tz Europe/Prague --split 'hours/%H%z' two
	run_ok flowwin -w 30m --split 'flags/%Es-%-s-%_12s-%010s-%Os' one
	same '1704067200-1704067200-1704067200-1704067200-1704067200' \
		"$(cd flags && echo *)"
	same '02+0100 02+0200' "$(cd hours && echo *)"
}

@test "--split: the union of files is the input, plain and compressed" {
	local suffix

	window_flows $n 11
	sort flows > wanted
	for suffix in '' .gz .zst; do
		run_ok flowwin -w 10s -l $lateness \
			--split "f$suffix/%d-%H%M%S$suffix" flows
		no_parts "f$suffix"
		find "f$suffix" -type f | sort > names
		# As many as windows.
		same "$(flowagg -w 10s -l $lateness flows | wc -l)" \
			"$(wc -l < names)"
		case $suffix in
		.gz) xargs gzip -dc < names ;;
		.zst) xargs zstd -qdc < names ;;
		*) xargs cat < names ;;
		esac | sort | cmp - wanted
	done
	# Those of a window are in its file.
	same 1 "$(flowwin -w 10s "$(head -n 1 names)" | wc -l)"
}

@test "--split: a record is in the file of each of its windows" {
	run_ok flowwin -w 20s/10s --split 'o/%H%M%S' in
	same '095950
100000
100020
100030' "$(ls o)"
	head -n 3 in | tee o/wanted | cmp - o/095950
	cmp o/wanted o/100000
	tail -n 1 in | tee o/wanted | cmp - o/100020
	cmp o/wanted o/100030
}

@test "--split: large windows, many at once" {
	numbered 4000 > in
	run_ok flowwin -w 30m/10m -l 1h --split 'o/%H%M.gz' in
	no_parts
	same '0940 1200
0950 2400
1000 3600
1010 2800
1020 1600
1030 400' "$(for name in 0940 0950 1000 1010 1020 1030; do
		echo "$name $(gzip -dc o/$name.gz | wc -l)"
	done)"
	same 6 "$(find o -type f | wc -l)"
	gzip -dc o/1000.gz | cmp - <(head -n 3600 in)
}

@test "--split: two windows with one name are fatal" {
	numbered 4000 > in
	run_err 2 flowwin -w 10m --split 'o/%Y' in
	has 'flowwin: --split o/%Y: two windows would have the file o/2024' \
		"${stderr:-}"
	# The first one is complete.
	head -n 1200 in | cmp - o/2024
}

@test "--split: a folder that cannot be made is fatal" {
	: > file
	run_err 2 flowwin -w 10s --split 'file/%H%M%S' in
	no_parts
}

@test "--split: where there is no room, nothing is left but whole files" {
	mkdir o
	numbered 4000 > many
	for name in o/%M o/%M.gz; do
		run_err 2 bash -c "trap '' XFSZ; ulimit -f 16
			flowwin -w 10m --split $name many"
		has 'File too large' "${stderr:-}"
		no_parts
	done
	# No room for the file itself.
	run_err 2 bash -c "trap '' XFSZ; ulimit -f 1
		flowwin -w 10s --split o/x many"
	no_parts
}

# ---- --exec ----

@test "--exec: a command for each window, with its bounds and records" {
	# shellcheck disable=SC2016
	run_ok flowwin -w 10s --exec \
		'echo "$WINDOW_START $WINDOW_END"; cat' in
	same "2024-05-01T10:00:00.000Z 2024-05-01T10:00:10.000Z
$(head -n 3 in)
2024-05-01T10:00:30.000Z 2024-05-01T10:00:40.000Z
$(tail -n 1 in)"
	window_flows $n 12
	run_ok flowwin -w 10s -l $lateness --exec cat flows
	same "$(sort flows)" "$(sort <<< "$output")"
}

@test "--exec: large windows, and commands that read nothing" {
	numbered 4000 > in
	mkdir tmp
	TMPDIR=$PWD/tmp run_ok flowwin -w 1h --exec 'cat > copy' in
	cmp in copy
	TMPDIR=$PWD/tmp run_ok flowwin -w 1m --exec : in
	same '' "$(ls -A tmp)"
}

@test "--exec: what it keeps is its own, and nobody else reads it" {
	mkdir tmp
	cp in kept
	# Somebody has guessed the name.
	# shellcheck disable=SC2016
	TMPDIR=$PWD/tmp run_ok sh -c '
		ln -s ../kept tmp/.flowwin-$$-476266.part
		exec flowwin -w 1h --exec "stat -c %A tmp/.flowwin*part" in'
	has '-rw-------' "$output"
	cmp in kept
}

@test "--exec: a status other than 0 is told, and others are run" {
	# shellcheck disable=SC2016
	both flowwin -w 10s --exec 'wc -l; case $WINDOW_START in
		*:00.000Z) exit 3;; esac' in
	same 1 "$status"
	same '3
1'
	same 'flowwin: --exec: the command ended with status 3 for the window of 2024-05-01T10:00:00.000Z' \
		"${stderr:-}"
	# shellcheck disable=SC2016
	run_err 1 flowwin -w 1h --exec 'kill -9 $$' in
	has 'ended with status 137' "${stderr:-}"
}

# ---- --reorder ----

@test "--reorder: in order of time, then of bytes" {
	window_flows $n 13
	by_time | LC_ALL=C sort -t "$(printf '\t')" -k 1,1n -k 2 | cut -f 2- > wanted
	run_ok flowwin --reorder -l $lateness flows
	same "$(< wanted)"
	shuffled 2 flows > mixed
	flowwin --reorder -l 1d mixed | cmp - wanted
	tac flows | flowwin --reorder -l 1d | cmp - wanted
	awk '{ print > "part" NR % 2 }' mixed
	flowwin --reorder -l 1d part0 part1 | cmp - wanted
}

@test "--reorder: the last instant that can be told" {
	printf '{"date_last_seen":%s}\n' 9223372036854775807 1577836802 \
		1577836801 > in
	run_ok flowwin --reorder in
	same "$(tac in)"
}

@test "--reorder --idle: in silence the last record comes, too" {
	local second

	mkfifo fifo
	for second in 05 01 03; do
		[[ $second != 03 ]] || sleep 2
		echo '{"date_last_seen":"2024-05-01T10:00:'$second'Z"}'
	done > fifo &
	run --separate-stderr flowwin --reorder --idle 500ms --late late fifo
	wait
	has '10:00:03Z' "$(< late)"
	same '{"date_last_seen":"2024-05-01T10:00:01Z"}
{"date_last_seen":"2024-05-01T10:00:05Z"}'
}

@test "--reorder: late records are counted and kept" {
	{
		cat in
		tac in
	} > more.json
	both flowwin --reorder -l 1s --late late --stats=json more.json
	same 1 "$status"
	has '3 records came too late' "${stderr:-}"
	has '-l 31s would have caught them all' "${stderr:-}"
	same "$(cat in; tail -n 1 in)"
	same "$(tac in | tail -n 3)" "$(< late)"
	same 3 "$(tail -n 1 <<< "${stderr:-}" | jq .late)"
	run_ok flowwin --reorder -l 31s more.json
	same "$(sort more.json)"
}

# ---- accounting ----

@test "records are in windows, late or rejected" {
	local lines

	window_flows $n 14
	{
		cat flows
		printf '%s\n' nonsense '{"bytes":1}' '{"date_last_seen":"x"}'
	} > more.json
	shuffled 3 more.json > mixed
	lines=$((n + 3))

	flowwin -w 10s -l 1m --late late --stats=json -q -f tsv -a 'n=count()' \
		mixed > rows.tsv 2> stats && return 1
	all_in rows.tsv
	same 3 "$(stat rejected)"
	same "$(stat late)" "$(wc -l < late)"
	(($(stat late) > 0))
	same $lines $(($(sum_of n rows.tsv) + $(stat late) + $(stat rejected)))
	same "$(stat windows)" "$(sed 1d rows.tsv | wc -l)"

	flowwin -w 10s -l 1m --late late --stats=json -q --split 'o/%d%H%M%S' \
		mixed 2> stats && return 1
	same $lines $(($(cat o/* | wc -l) + $(stat late) + $(stat rejected)))
	cat o/* late | sort | cmp - <(sort flows)
	same "$(stat windows)" "$(find o -type f | wc -l)"

	flowwin --reorder -l 1m --late late --stats=json -q mixed \
		> sorted 2> stats && return 1
	same $lines $(($(wc -l < sorted) + $(stat late) + $(stat rejected)))
	sort sorted late | cmp - <(sort flows)

	flowwin -w 10s --tag --stats=json -q mixed > tagged 2> stats && return 1
	same $lines $(($(wc -l < tagged) + $(stat rejected)))
	same 3 "$(stat rejected)"
	same 0 "$(stat late)"
}

# ---- the end ----

# ended BY OPTION..: the output of one that is ended after $in.
ended() {
	local pid status=0 i

	rm -f fifo
	mkfifo fifo
	flowwin "${@:2}" < fifo > got 2> err 3>&- &
	pid=$!
	exec 8> fifo
	cat in >&8
	# Until it has read them and waits for more.
	for ((i = 0; i < 50; i++)); do
		sleep 0.02
	done
	kill -s "$1" $pid
	wait $pid || status=$?
	exec 8>&-
	[[ $status == 0 && ! -s err ]] || report "$status: $(< err)"
}

@test "SIGTERM and SIGINT: what is open is written" {
	ended TERM -w 1h -a 'n=count()'
	same '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T11:00:00.000Z","n":4}' \
		"$(< got)"
	ended TERM -w 1h --split 'o/%H'
	cmp in o/10
	no_parts
	ended TERM -w 1h --exec 'wc -l'
	same 4 "$(< got)"
	ended TERM --reorder
	cmp in got
	ended TERM -w 10s --collect 6 -a 'n=count()'
	same '[3,0,0,1,0,0]' "$(jq -c .n got)"
	ended TERM -w 10s --tag
	same 4 "$(wc -l < got)"
}

# ---- errors ----

@test "usage: windows are needed, modes exclude each other" {
	local a b modes=(--tag '--split=x%H%M%S' '--exec=true' --reorder)

	refuses '-w is needed'
	refuses '-w is needed' --tag
	refuses '-w bad' -w bad
	for a in 0 1 2 3; do
		for ((b = a + 1; b < 4; b++)); do
			refuses "${modes[b]%%=*} does not go with ${modes[a]%%=*}" \
				-w 10s "${modes[b]}" "${modes[a]}"
		done
	done
	refuses '--reorder goes without -w' --reorder -w 10s
}

@test "usage: records are passed on without the options of the series" {
	local mode option

	for mode in --tag --split=x%H%M%S --exec=true; do
		for option in -ksa '-acount()' '--having=flows > 1' --fill \
			--roll=3 --collect=3 --spread; do
			refuses "${mode%%=*} passes records on" -w 10s "$mode" \
				"$option"
		done
		refuses "${mode%%=*} passes records on as they are" -w 10s \
			"$mode" -f csv
		run_ok flowwin -w 10s "$mode" -f json in
	done
	refuses '--reorder passes records on' --reorder -k sa
}

@test "usage: options of the series" {
	refuses '--fill' -w 10s --fill -k sa
	refuses '--fill' -w 10s --fill --collect 3
	refuses '--roll does not go with --collect' -w 10s --roll 2 --collect 2
	refuses '--roll 0: expected a number' -w 10s --roll 0
	refuses '--exclude-alerting needs' -w 10s --exclude-alerting --roll 2
	refuses '--exclude-alerting needs' -w 10s --exclude-alerting \
		--having 'flows > 1'
	refuses '--having does not go' -w 10s --collect 2 --having 'flows > 1'
	refuses '--roll 2000000: too many' -w 10s --roll 2000000
	for list in 0 x 2/0 2/x /2 2/ ''; do
		refuses "--collect $list: expected a number" -w 10s \
			--collect "$list"
	done
	for list in session:10s count:2; do
		refuses '--tag goes with windows of a length' -w $list --tag
		refuses '--fill, --roll and --collect go' -w $list --roll 2
	done
	refuses '--split and --exec go with' -w session:10s --split x
	refuses '--having' -w 10s --having 'nothing > 1'
}
