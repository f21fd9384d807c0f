#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowmatch: the defects of the method's first implementation, which are not
# ours; pattern files; pairs; bounds.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$ROOT/tests/data/patterns/"*.json .
}

# connections N START STEP DURATION SRC DST PORT "PACKETS BYTES" "PACKETS BYTES" [FLAGS]:
# N connections of both directions, seconds after 10:00, ports from PORT on.
connections() {
	awk -v n="$1" -v start="$2" -v step="$3" -v duration="$4" -v src="$5" \
		-v dst="$6" -v port="$7" -v request="$8" -v response="$9" \
		-v flags="${10:-.AP.SF}" '
	function at(s) {
		return sprintf("2024-05-01T%02d:%02d:%06.3fZ",
			10 + int(s / 3600), int(s / 60) % 60, s % 60)
	}
	function flow(s, from, to, sport, dport, size) {
		split(size, of, " ")
		printf "{\"date_first_seen\":\"%s\",\"date_last_seen\":\"%s\",\"duration\":%.4f,\"src_ip_addr\":\"%s\",\"dst_ip_addr\":\"%s\",\"src_port\":%d,\"dst_port\":%d,\"protocol\":6,\"flags\":\"%s\",\"tos\":0,\"packets\":%d,\"bytes\":%d}\n",
			at(s), at(s + duration), duration, from, to, sport, dport,
			flags, of[1], of[2]
	}
	BEGIN {
		for (i = 0; i < n; i++) {
			s = start + i * step
			flow(s, src, dst, port + i, 22, request)
			flow(s, dst, src, 22, port + i, response)
		}
	}'
}

attacker=192.0.2.66 server=198.51.100.1

# hydra N [START STEP]: the published hydra, exactly.
hydra() {
	connections "$1" "${2:-0}" "${3:-10}" 11.9595 $attacker $server 40000 \
		'16 1973' '25 3171'
}

# found: what is said of alerts at their end.
found() {
	jq -r 'select(.alert_state == "end") | [.src_ip_addr, .dst_ip_addr, .pattern, .connections] | @tsv' |
		tr '\t' ' ' | sort
}

# finds WANTED OPTION..
finds() {
	run_ok flowmatch "${@:2}"
	same "$1" "$(found <<< "$output")"
}

# simple LIMIT WEIGHTS [MEMBERS]: a set of patterns of 1 and of 100 packets.
simple() {
	jq -n -c "{name: \"simple\", vectors: \"simple\", key: [\"src_ip_addr\"],
		features: [\"packets\"], window: \"1m\", limit: $1, weights: $2,
		intervals: ([range($2 | length)]), patterns: [
		{name: \"p\", vector: [1]}, {name: \"q\", vector: [100]}]} +
		{${3:-}}" > simple.json
}

# records SECOND PACKETS..: of 10.0.0.1, each of so many packets.
records() {
	local n
	for n in "${@:2}"; do
		printf '{"date_last_seen":"2024-05-01T10:%02d:%02dZ","src_ip_addr":"10.0.0.1","packets":%d}\n' \
			$(($1 / 60)) $(($1 % 60)) "$n"
	done
}

# ---- the nine defects ----

@test "defect 1: numbers that do not stand for the features are refused" {
	run_err 2 flowmatch misaligned.json /dev/null
	has 'misaligned.json: patterns[0].request: 3 numbers for 4 features' \
		"${stderr:-}"
	# An exact hydra flow has the distance 0.
	hydra 1 > in
	run_ok flowmatch --distances published.json in
	jq -e '.distances.hydra == 0' <<< "$output"
}

@test "defect 2: refused connections and short sessions are no attack" {
	connections 12 0 5 0 192.0.2.1 $server 40000 '1 60' '1 40' '...RS.' > in
	connections 12 0 7 0.9 192.0.2.2 $server 50000 '14 2100' '20 9000' >> in
	finds '' ssh-guessing in
	# Half the size is as far as twice the size.
	{
		connections 1 0 1 2 192.0.2.3 $server 1025 '8 8' '8 8'
		connections 1 0 1 2 192.0.2.4 $server 1025 '16 8' '8 8'
		connections 1 0 1 2 192.0.2.5 $server 1025 '4 8' '8 8'
	} > in
	run_ok flowmatch --distances eight.json in
	same '[0,1,1]' "$(jq -c -s 'map(.distances.eight)' <<< "$output")"
}

@test "defect 3: exact hydra flows are called hydra, not a tie" {
	hydra 12 > in
	finds "$attacker $server hydra-published 12" ssh-guessing in
	finds "$attacker $server hydra 12" published.json in
}

@test "defect 3: real ties are told as ties" {
	connections 12 0 5 2 $attacker $server 40000 '8 8' '8 8' > in
	finds "$attacker $server eight,eight-too 12" ties.json in
}

@test "defect 4: attacks are found however the flows are cut into batches" {
	hydra 12 > in
	# All requests a second before all responses, and in any order.
	grep '"dst_port":22,' in > requests
	grep '"src_port":22,' in |
		sed -E 's/(date_first_seen":"[^"]*:[0-9]{2})\.000Z/\1.400Z/' > responses
	for order in 'cat requests responses' 'cat responses requests' \
		'paste -d \n requests responses' \
		'shuf --random-source=requests requests responses'; do
		if [[ $order == shuf* ]]; then
			cat requests responses | shuf --random-source=in > mixed
		else
			$order > mixed
		fi
		run_ok flowmatch published.json mixed
		[[ -e wanted ]] || printf '%s\n' "$output" > wanted
		same "$(< wanted)"
		same "$attacker $server hydra 12" "$(found <<< "$output")"
	done
	# Each window boundary once between the connections.
	for offset in 0 1 2 3 4 5 6 7 8 9; do
		hydra 12 $((290 + offset)) 1 > in
		finds "$attacker $server hydra 12" published.json in
	done
}

@test "the pairs are the same in any order within the lateness" {
	cat > t.json <<- 'END'
		{"name": "t", "features": ["packets"], "window": "7s/3s", "limit": 4,
		 "patterns": [{"name": "a", "request": [2], "response": [2]}]}
	END
	# A's partner is b, unless c is there, which ends as late as it may: at
	# the edge of the lateness when d is there.
	flow() {
		printf '{"date_first_seen":"2024-05-01T10:00:%sZ","date_last_seen":"2024-05-01T10:00:%sZ","src_ip_addr":"%s","dst_ip_addr":"%s","src_port":%d,"dst_port":%d,"protocol":6,"packets":%d,"flags":"%s"}\n' \
			"$@"
	}
	for end in 29.200 29.201 29.225; do
		flow 10.189 19.200 192.0.2.2 192.0.2.1 22 2000 3 SA > a
		flow 10.225 19.225 192.0.2.1 192.0.2.2 2000 22 2 S > b
		flow 10.225 $end 192.0.2.2 192.0.2.1 22 2000 10 S > c
		flow 34.200 34.200 192.0.2.9 192.0.2.8 1 2 1 S > d
		wanted=
		for order in 'a b c d' 'a b d c' 'c b a d' 'b a d c'; do
			# shellcheck disable=SC2086
			cat $order > in
			run_ok flowmatch --distances -l 5s t.json in
			[[ -n $wanted ]] || wanted=$(sort <<< "$output")
			same "$wanted" "$(sort <<< "$output")"
		done
	done
	# A port that is used all the time, each record up to 5 s late.
	awk -v seed=1 'BEGIN {
		srand(seed)
		for (i = 0; i < 150; i++) {
			first = int(rand() * 240) / 4
			last = first + int(rand() * 3) * 5 + int(rand() * 3) / 1000
			if (seen[forth = rand() < 0.5, first, last]++)
				continue
			printf "{\"date_first_seen\":%.3f,\"date_last_seen\":%.3f,", \
				first + 1714557600, last + 1714557600
			printf "\"src_ip_addr\":\"192.0.2.%d\",\"dst_ip_addr\":\"192.0.2.%d\",", \
				2 - forth, 1 + forth
			printf "\"src_port\":%d,\"dst_port\":%d,\"protocol\":6,\"packets\":%d}\n", \
				forth ? 2000 : 22, forth ? 22 : 2000, 1 + i % 7
		}
	}' > flows
	for seed in {1..8}; do
		awk -v seed="$seed" -F '[:,]' 'BEGIN { srand(seed) }
			{ printf "%.3f\t%s\n", $4 + 5 * rand(), $0 }' flows |
			sort -n | cut -f 2- > in
		run_ok flowmatch --distances -l 5s t.json in
		[[ $seed != 1 ]] || sort <<< "$output" > wanted
		same "$(< wanted)" "$(sort <<< "$output")"
		run_ok flowmatch -l 5s t.json in
		[[ $seed != 1 ]] || printf '%s\n' "$output" > rows
		same "$(< rows)"
	done
}

@test "defect 5: large sessions of the same pair do not hide an attack" {
	hydra 6 > in
	connections 7 0 8 600 $attacker $server 50000 '3000 200000' \
		'5000 7000000' >> in
	finds "$attacker $server hydra-published 6" -w 15m/10s ssh-guessing in
	# Three connections are no attack.
	hydra 3 > in
	finds '' ssh-guessing in
}

@test "defect 6: ports that are used again make no cross products" {
	# Twelve times the same port, all starts within the tolerance.
	for i in {0..11}; do
		connections 1 0.0$((i + 10)) 1 11.9595 $attacker $server 40000 \
			'16 1973' '25 3171'
	done > in
	run_ok flowmatch --distances published.json in
	same 12 "$(wc -l <<< "$output")"
	# And the time of many does not grow with their square.
	connections 60000 0 0.0001 0 $attacker $server 0 '16 1973' '25 3171' |
		sed -E 's/_port":[0-9]{3,}/_port":40000/' > in
	timeout 60 flowmatch --distances published.json in > out 2> err || :
	(($(wc -l < out) >= 60000))
}

@test "defect 7: without a filter; missing members; IPv4 and IPv6 at once" {
	jq 'del(.filter)' published.json > open.json
	hydra 12 > in
	hydra 12 | sed "s/$attacker/2001:db8::66/; s/$server/2001:db8::1/" >> in
	echo '{"date_last_seen":"2024-05-01T10:00:02Z","src_ip_addr":"192.0.2.9","dst_ip_addr":"192.0.2.8","protocol":1}' >> in
	finds "$attacker $server hydra 12
2001:db8::66 2001:db8::1 hydra 12" open.json in
	# Without packets a connection is near to nothing.
	hydra 12 | sed 's/"packets":[0-9]*,//' > in
	finds '' published.json in
}

@test "defect 8: learned from labelled flows, evaluated, with times and counts" {
	{ hydra 12; connections 12 0 10 3 192.0.2.7 $server 40000 '30 9000' '40 20000'; } |
		jq -c '.label = if .src_ip_addr == "192.0.2.66" or .dst_ip_addr == "192.0.2.66" then "tool" else "benign" end' > in
	flowfilter 'label == "tool"' in > tool
	flowfilter 'label == "benign"' in > benign
	flowmatch --learn tool --against benign template.json tool > learned.json \
		2> err
	same 'flowmatch: 1 of 1 keys of the examples reach the limit, 7' \
		"$(< err)"
	same '[16,1973,11.9595]' "$(jq -c '.patterns[0].request' learned.json)"
	run_ok flowmatch learned.json in
	jq -e -s 'all(.window_start and .window_end and .connections and
		.certainty <= 1)' <<< "$output"
	run_ok flowmatch --evaluate label learned.json in
	same '["benign","-",1]
["tool","tool",1]
["precision",1,"recall",1,"f1",1]' "$(jq -c 'if .found then
		[.truth, .found, .keys] elif .f1 then ["precision", .precision,
		"recall", .recall, "f1", .f1] else empty end' <<< "$output")"
}

@test "defect 9: windows slide by event time, and results are those of a replay" {
	hydra 12 > in
	run_ok flowmatch ssh-guessing in
	wanted=$output
	run_ok flowmatch ssh-guessing <(head -9 in) <(tail -n +10 in)
	run_ok bash -c 'cat in | flowmatch -l 1h ssh-guessing'
	same "$wanted"
}

# ---- --compat ----

@test "--compat: the distances of the published formulas to the last digit" {
	{
		hydra 1
		connections 1 20 1 6.079 192.0.2.2 $server 40000 '18 2528' '25 3715'
		connections 1 40 1 2.5495 192.0.2.3 $server 40000 '13 2860' '14 2103'
		connections 1 60 1 0 192.0.2.4 $server 40000 '1 60' '1 40'
		connections 1 80 1 700.25 192.0.2.5 $server 40000 '3000 200000' '5000 700000'
	} > in
	run_ok flowmatch --compat --distances misaligned.json in
	printf '%s\n' "$output" > got
	# What Python 2 does, by Python 3's //.
	python3 - misaligned.json got <<- 'END'
		import json, math, sys
		patterns = json.load(open(sys.argv[1]))["patterns"]
		def div(a, b):
		    both = isinstance(a, int) and isinstance(b, int)
		    return a // b if both else a / b
		def half(v, p):
		    return sum(div(a - b, b) ** 2 for a, b in zip(v, p))
		n = 0
		for line in open(sys.argv[2]):
		    row = json.loads(line)
		    v = row["vector"]
		    for p in patterns:
		        d = math.sqrt(half(v[:4], p["request"]) +
		            half(v[4:], p["response"]))
		        assert row["distances"][p["name"]] == d, (row, p, d)
		        n += 1
		assert n == 20, n
	END
	# The floor under each distance that the misalignment makes: sqrt 2.
	jq -e -s '.[0].distances | (.hydra * 1000 | floor) == 1414' got
	# And an exact hydra flow is in the first interval of three patterns.
	jq -e -s '.[0].distances | [.[] | . < 2] == [true, false, true, true]' \
		got
	# Of simple vectors nothing is rounded.
	simple 1 '[1, 0]' 'patterns: [{name: "p", vector: [4]}]'
	records 0 3 5 > in
	run_ok flowmatch --compat --distances simple.json in
	same '[0.25,0.25]' "$(jq -c -s 'map(.distances.p)' <<< "$output")"
}

# ---- life of an alert ----

@test "an alert begins, is updated and ends, with exact totals" {
	{ hydra 12 0 30; hydra 12 3000 30; } > in
	run_ok flowmatch --update 2m -w 5m/10s published.json in
	same 'begin update update update update end
begin update update update update end' "$(jq -r .alert_state <<< "$output" |
		tr '\n' ' ' | sed 's/end /end\n/g' | sed 's/ $//')"
	same '12 12' "$(jq -r 'select(.alert_state == "end").connections' \
		<<< "$output" | tr '\n' ' ' | sed 's/ $//')"
	same 2 "$(jq -r .alert_id <<< "$output" | sort -u | wc -l)"
}

# reaches YES|NO PACKETS..: whether these are an alert of simple.json.
reaches() {
	local w
	records 0 "${@:2}" > in
	for w in 1m 1m/10s; do
		run_ok flowmatch --update 1h -w $w simple.json in
		same "$([[ $1 == NO ]] || echo 'begin end')" \
			"$(jq -r .alert_state <<< "$output" | paste -s -d ' ')"
	done
}

@test "what sums up to the limit is an alert, and nothing less" {
	for limit in 1 3 7 9 12 13 49; do
		simple $limit '[1, 0]'
		mapfile -t ones < <(yes 1 | head -n $limit)
		reaches YES "${ones[@]}"
		reaches NO "${ones[@]:1}"
	done
	# Weights that are no binary fractions; 1, 2 and 4 packets are 0, 1 and
	# 2 far from 1.
	simple 0.8 '[0.7, 0.1, 0]'
	reaches YES 1 2
	reaches NO 2 2 2 2 2 2 2
	reaches YES 2 2 2 2 2 2 2 2
	simple 0.3 '[0.1, 0]'
	reaches YES 1 1 1
	reaches NO 1 1
	simple 1 '[0.999999, 0.000001, 0]'
	reaches NO 1
	reaches YES 1 2
	# Limits of patterns: a third and two thirds.
	simple 3 '[1, 0]' 'patterns: [{name: "p", vector: [1]},
		{name: "q", vector: [100], limit: 6, weights: [4, 0]}]'
	reaches YES 1 100
	reaches NO 1 1
	reaches NO 100
	# However large and small.
	simple 1 '[1e10, 0]'
	reaches YES 1 1
	simple 1 '[1e300, 0]'
	reaches YES 1 1
	simple 3e-12 '[1e-12, 0]'
	reaches YES 1 1 1
	reaches NO 1 1
}

@test "certainty is that of the highest score of a window so far" {
	simple 1 '[1, 0]' 'certainty: [[1, 0.5], [2, 0.7], [5, 0.99]]'
	# An alert that lasts is no more certain for that.
	for s in {0..5}; do records $((s * 60)) 1; done > in
	run_ok flowmatch simple.json in
	same '[0.5,0.5,0.5,0.5,0.5,0.5,0.5]' "$(jq -c -s 'map(.certainty)' \
		<<< "$output")"
	# It was as certain as it was, and begins anew.
	{
		records 0 1
		records 60 1 1
		records 120 1
		records 240 1
	} > in
	wanted='["begin",0.5]
["update",0.7]
["update",0.7]
["end",0.7]
["begin",0.5]
["end",0.5]'
	run_ok flowmatch simple.json in
	same "$wanted" "$(jq -c '[.alert_state, .certainty]' <<< "$output")"
	# Also where a window has no row.
	run_ok flowmatch --update 1h simple.json in
	same "$(grep -v update <<< "$wanted")" \
		"$(jq -c '[.alert_state, .certainty]' <<< "$output")"
	# Windows that slide, and --evaluate.
	run_ok flowmatch --update 1h -w 1m/10s simple.json in
	same '[0.5,0.7,0.5,0.5]' "$(jq -c -s 'map(.certainty)' <<< "$output")"
	run_err 0 flowmatch --evaluate label simple.json in
	same 0.7 "$(jq 'select(.certainty).certainty' <<< "$output")"
	# As it is learned: a key with this score was right.
	run_err 0 flowmatch --against /dev/null simple.json in
	same '[[1,0.666667]]' "$(jq -c .certainty <<< "$output")"
}

@test "certainty is what was learned, also where a score has many digits" {
	simple 3 '[1, 0]'
	records 0 1 1 1 1 1 1 1 1 > in
	{
		records 0 1 1 1 | sed 's/10.0.0.1/10.0.0.2/'
		for i in {3..9}; do records 0 1 | sed "s/10.0.0.1/10.0.0.$i/"; done
	} > benign
	flowmatch -q --against benign --false-positives 0.5 simple.json in > learned.json
	same '[[1,0.333333],[2.66667,0.666667]]' "$(jq -c .certainty learned.json)"
	run_ok flowmatch learned.json in
	same '[0.667,0.667]' "$(jq -c -s 'map(.certainty)' <<< "$output")"
}

@test "certainty of counted values is of a window, values are of all" {
	simple 1 '[1, 0]' 'count: "dst_port",
		certainty: [[1, 0.5], [2, 0.7], [3, 0.99]]'
	for i in 1 2 3; do
		records $((i * 60)) 1 | sed "s/}/,\"dst_port\":$i}/"
	done > in
	run_ok flowmatch simple.json in
	same '[[0.5,1],[0.5,2],[0.5,3],[0.5,3]]' \
		"$(jq -c -s 'map([.certainty, .values])' <<< "$output")"
}

@test "what sums up to the limit counts as found when it is learned, too" {
	simple 3 '[1, 0]'
	records 0 1 1 1 > in
	run_err 0 flowmatch --against /dev/null simple.json in
	has '1 of 1 keys of the examples reach the limit, 3' "${stderr:-}"
	same '[[1,0.666667]]' "$(jq -c .certainty <<< "$output")"
}

# ---- bounds ----

@test "--max-keys: the weakest are given up, are counted, the scan is found" {
	# 30000 sources that are not there, and one that looks at 30 hosts.
	awk 'function syn(s, from, to) {
			printf "{\"date_first_seen\":\"2024-05-01T10:%02d:%06.3fZ\",\"date_last_seen\":\"2024-05-01T10:%02d:%06.3fZ\",\"duration\":0,\"src_ip_addr\":\"%s\",\"dst_ip_addr\":\"%s\",\"src_port\":%d,\"dst_port\":22,\"protocol\":6,\"flags\":\"....S.\",\"packets\":1,\"bytes\":44}\n",
				s / 60, s % 60, s / 60, s % 60, from, to, 1024 + s }
		BEGIN { for (i = 0; i < 30000; i++) {
			syn(i / 100, "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256,
				"198.51.100.1")
			if (i >= 15000 && i < 18000 && i % 100 == 0)
				syn(i / 100, "192.0.2.77", "203.0.113." i / 100)
		} }' > in
	run_err 0 flowmatch --max-keys 1000 -w 10m scan-horizontal in
	same '192.0.2.77 true' "$(jq -r 'select(.alert_state == "end") |
		"\(.src_ip_addr) \(.values >= 25)"' <<< "$output")"
	has 'weakest keys were given up, for there were more than --max-keys 1000' \
		"${stderr:-}"
	has 'flows did not wait for the other direction' "${stderr:-}"
	# The same each time; and the set for passwords does not care.
	wanted=$output
	run_err 0 flowmatch --max-keys 1000 -w 10m scan-horizontal in
	same "$wanted"
	run_ok flowmatch --max-keys 1000 -w 10m ssh-guessing in
}

@test "counting values: a scan is many hosts, not many connections to one" {
	for i in {1..30}; do
		connections 1 "$i" 1 0 192.0.2.77 "203.0.113.$i" $((40000 + i)) \
			'1 44' '0 0' '....S.'
		connections 1 "$i" 1 0 192.0.2.78 203.0.113.1 $((40000 + i)) \
			'1 44' '0 0' '....S.'
	done | grep -v '"packets":0' > in
	run_ok flowmatch syn.json in
	same '192.0.2.77 30' "$(jq -r 'select(.alert_state == "end") |
		"\(.src_ip_addr) \(.values)"' <<< "$output")"
}

@test "sets with the same key that count different things do not mix them up" {
	connections 6 0 1 0 192.0.2.1 $server 40000 '1 44' '1 40' ....S. |
		jq -c 'select(.dst_port == 22) | .dst_port = .src_port' > in
	jq -n '{name: "hosts", key: ["src_ip_addr"], count: "dst_ip_addr",
		features: ["packets"], window: "5m", limit: 3, patterns: [{
		name: "p", request: [1], response: [0]}]}' > hosts.json
	jq '.name = "ports" | .count = [.count, "dst_port"]' hosts.json > ports.json
	for sets in hosts.json,ports.json ports.json,hosts.json; do
		run_ok flowmatch --update 1h "$sets" in
		same '["ports",6]' "$(jq -c 'select(.alert_state == "end") |
			[.type, .values]' <<< "$output")"
	done
}

@test "several sets, each with its windows, in one pass" {
	hydra 12 > in
	run_ok flowmatch -f csv published.json,syn.json,ssh-guessing in
	same 'published ssh-guessing' "$(cut -d , -f 3 <<< "$output" | tail -n +2 |
		sort -u | tr '\n' ' ' | sed 's/ $//')"
}

# ---- records of both directions ----

@test "records that have both directions are connections already" {
	hydra 12 > in
	flowcat --biflow 500ms in > both
	same 12 "$(wc -l < both)"
	run_ok flowmatch published.json in
	wanted=$output
	run_ok flowmatch published.json both
	same "$wanted"
}

@test "of a record that has both directions the source is the initiator" {
	connections 1 0 1 2 192.0.2.1 $server 40000 '12 500' '7 900' |
		flowcat --biflow 500ms |
		jq -c '.flags = "SA" | .flags_rev = "S" | .src_port = 22 |
			.dst_port = 40000 | .date_first_seen_rev =
			"2024-05-01T09:59:59.800Z"' > in
	run_ok flowmatch --distances published.json in
	same '[["192.0.2.1","198.51.100.1"],[12,500,2,7,900,2.2]]' \
		"$(jq -c '[.key, .vector]' <<< "$output")"
}

# ---- pattern files ----

# refuses MESSAGE JQ: the published file, changed so.
refuses() {
	jq "$2" published.json > bad.json
	run_err 2 flowmatch bad.json /dev/null
	same "flowmatch: patterns bad.json: $1" "${stderr:-}"
}

@test "pattern files: errors say where and what" {
	refuses "top: there is no member 'fliter'" '.fliter = "proto tcp"'
	refuses "features[1]: unknown word 'byts'; did you mean 'bytes'? (.byts is a member of that name), at 'byts'" \
		'.features[1] = "byts"'
	refuses "features[1]: there is another 'packets'" '.features[1] = "packets"'
	refuses "features[0]: there is no member 'flor' of a feature" \
		'.features[0] = {name: "a", value: "bytes", flor: 1}'
	refuses 'patterns[0].response: 2 numbers for 3 features' \
		'.patterns[0].response = [1, 2]'
	refuses "patterns[1]: there is another 'hydra'" '.patterns[1].name = "hydra"'
	refuses "patterns[0]: there is no member 'vector' of a biflow's pattern" \
		'.patterns[0].vector = [1, 2, 3]'
	refuses 'top.intervals: they must ascend, but 1 follows 2' \
		'.intervals = [0, 2, 1] | .weights = [1, 1, 1]'
	refuses 'top.intervals: the first must begin at 0' \
		'.intervals = [1, 2] | .weights = [1, 1]'
	refuses 'top.weights: 1 weights for 4 intervals' '.weights = [1]'
	refuses 'top.limit: expected a number greater than 0' '.limit = 0'
	refuses 'window: expected windows of a length, "5m/10s"' \
		'.window = "session:5m"'
	refuses "distance: there is no distance 'cosine'" '.distance = "cosine"'
	refuses 'patterns[0]: mahalanobis needs a covariance' \
		'.distance = "mahalanobis"'
	refuses 'vectors: expected "biflow" or "simple"' '.vectors = "triple"'
	refuses 'certainty: certainties must not descend' \
		'.certainty = [[1, 0.9], [2, 0.5]]'
	printf '{"name":"x","name":"y"}' > bad.json
	run_err 2 flowmatch bad.json /dev/null
	has "bad.json: 1:18: duplicate object key" "${stderr:-}"
	printf '{"name":"x"} {}' > bad.json
	run_err 2 flowmatch bad.json /dev/null
	has 'end of file expected' "${stderr:-}"
}

@test "patterns are found by name, by path; unknown ones are told" {
	run_ok flowmatch ./published.json /dev/null
	run_err 2 flowmatch ssh-gessing /dev/null
	has 'ssh-gessing: there are no such patterns (there are: ' "${stderr:-}"
	has ssh-guessing "${stderr:-}"
	mkdir own
	cp published.json own/mine.json
	PIPE4FLOW_PATTERNS=own run_ok flowmatch mine /dev/null
}

@test "all installed patterns can be read" {
	for file in "$ROOT"/share/patterns/*.json; do
		name=${file##*/} name=${name%.json}
		run_ok flowmatch "$name" /dev/null
		same "$name" "$(jq -r .name "$file")"
		jq -e .learned_from "$file" > /dev/null
	done
}

# ---- distances ----

@test "distances: each by its formula" {
	connections 1 0 1 2 192.0.2.1 $server 40000 '12 500' '7 900' > in
	for d in log-ratio relative euclidean manhattan mahalanobis; do
		jq --arg d $d '.distance = $d' metric.json > one.json
		run_ok flowmatch --distances one.json in
		printf '%s\n' "$output" > "got.$d"
	done
	python3 - metric.json <<- 'END'
		import json, math, sys
		s = json.load(open(sys.argv[1]))
		f, p = s["features"], s["patterns"][0]
		p, c = p["request"] + p["response"], p["covariance"]
		f = f + f
		v = [12, 500, 7, 900]
		d = [(a - b) / g.get("scale", 1) for a, b, g in zip(v, p, f)]
		# C is diagonal but for one pair of features.
		x = [a - b for a, b in zip(v, p)]
		det = c[0][0] * c[1][1] - c[0][1] ** 2
		m = (c[1][1] * x[0] ** 2 - 2 * c[0][1] * x[0] * x[1] +
		    c[0][0] * x[1] ** 2) / det
		m += x[2] ** 2 / c[2][2] + x[3] ** 2 / c[3][3]
		wanted = {
		    "log-ratio": math.sqrt(sum((math.log2(max(a, g.get("floor",
		        .5)) / max(b, g.get("floor", .5))) / g.get("scale", 1)) ** 2
		        for a, b, g in zip(v, p, f))),
		    "relative": math.sqrt(sum(((a - b) / b) ** 2
		        for a, b in zip(v, p))),
		    "euclidean": math.sqrt(sum(a * a for a in d)),
		    "manhattan": sum(abs(a) for a in d),
		    "mahalanobis": math.sqrt(m),
		}
		for name, d in wanted.items():
		    got = json.load(open("got." + name))["distances"]["one"]
		    assert abs(got - d) < 1e-12 * d, (name, got, d)
	END
}

# ---- learning ----

@test "learning: clusters of tools, the same each time, in any order" {
	{
		hydra 20 0 7
		connections 20 0 7 2.5 192.0.2.8 $server 50000 '100 9000' '90 8000'
	} > in
	run_ok flowmatch --learn tool template.json in
	same '["tool-1","tool-2"]' "$(jq -c '[.patterns[].name]' <<< "$output")"
	same '[[16,1973,11.9595],[100,9000,2.5]]' \
		"$(jq -c '[.patterns[].request] | sort' <<< "$output")"
	wanted=$output
	run_ok flowmatch --learn tool template.json in
	same "$wanted"
	# Learned again, they replace the old ones.
	printf '%s\n' "$output" > again.json
	run_ok flowmatch --learn tool again.json in
	same "$wanted"
	run_ok flowmatch --learn tool -o again.json again.json in
	same "$wanted" "$(< again.json)"
	run_err 2 flowmatch --learn tool template.json /dev/null
	has 'too few to learn from' "${stderr:-}"
}

@test "learning: the median is between both middle values" {
	simple 1 '[1, 0]' 'distance: "euclidean"'
	records 0 10 11 14 90 > in
	run_err 2 flowmatch --learn x --clusters 9 simple.json in
	has '--clusters: expected 1 to 8' "$stderr"
	run_ok flowmatch --learn x --clusters 1 simple.json in
	same '{"name":"x","vector":[12.5],"mean":[31.25]}' "$(jq -c '.patterns[] |
		select(.name == "x") | {name, vector, mean}' <<< "$output")"
	records 0 11 10 90 > in
	run_ok flowmatch --learn x --clusters 1 simple.json in
	same '[11]' "$(jq -c '.patterns[] | select(.name == "x").vector' \
		<<< "$output")"
}

@test "learning: the limit is above what benign traffic reaches" {
	hydra 12 > in
	connections 40 0 5 12 192.0.2.9 $server 40000 '16 2000' '25 3200' > benign
	run_err 0 flowmatch --learn tool --against benign template.json in
	jq -e '.limit > 100' <<< "$output"
	has '0 of 1 keys of the examples reach the limit' "${stderr:-}"
	run_err 0 flowmatch --learn tool --against benign --false-positives 0.9 \
		template.json in
	jq -e '.limit > 100' <<< "$output"
}

@test "learning: keys of equal scores have one certainty" {
	simple 2 '[1, 0]'
	for i in {1..8}; do
		records "$i" 1
		[[ $i -gt 2 ]] || records "$i" 1 | sed 's/\.1"/.2"/'
	done > benign
	for host in 3 4 5 6; do
		for i in {1..8}; do records "$i" 1; done | sed "s/\.1\"/.$host\"/"
	done > in
	run_err 0 flowmatch --against benign --false-positives 0.5 simple.json in
	# Of five keys that have 8 connections four are attacks.
	same '[2.4,[[1,0.714286]]]' "$(jq -c '[.limit, .certainty]' \
		<<< "$output")"
}

@test "learning: a label leaves alone what was learned as another" {
	hydra 12 > in
	flowmatch --learn tool-9 -o one.json template.json in
	run_ok flowmatch --learn tool one.json in
	same '["tool-9","tool"]' "$(jq -c '[.patterns[].name]' <<< "$output")"
	same '["tool-9","tool"]' "$(jq -c .labels <<< "$output")"
}

@test "learning: limits of single patterns are raised, too" {
	simple 2 '[1, 0]'
	jq '.patterns[0].limit = 4' simple.json > own.json
	records 0 1 1 1 1 1 1 1 1 > in
	run_err 0 flowmatch --against in own.json in
	same '[4.8,9.6]' "$(jq -c '[.limit, .patterns[0].limit]' <<< "$output")"
	has '0 of 1 keys of the examples reach the limit' "${stderr:-}"
}

@test "learning: benign traffic that cannot be read is fatal" {
	hydra 12 > in
	run_err 2 flowmatch --learn tool --against typo template.json in
	has '--against typo: No such file' "${stderr:-}"
	same ''
}

@test "evaluation: a member that no record has is told" {
	hydra 12 > in
	run_err 0 flowmatch --evaluate lable published.json in
	has "no record has 'lable'" "${stderr:-}"
}

# ---- options ----

@test "options that do not go together" {
	run_err 2 flowmatch
	has 'which patterns? (there are: ' "${stderr:-}"
	run_err 2 flowmatch '' /dev/null
	has 'which patterns? (there are: ' "${stderr:-}"
	run_err 2 flowmatch "$(lab_flows)"
	has 'these are records: patterns come before files' "${stderr:-}"
	run_err 2 flowmatch --spread published.json /dev/null
	run_err 2 flowmatch --learn x --evaluate y published.json /dev/null
	run_err 2 flowmatch --learn x published.json,ties.json /dev/null
	run_err 2 flowmatch -w count:5 published.json /dev/null
	run_err 2 flowmatch published.json,./published.json /dev/null
	run_err 2 flowmatch --false-positives 2 --learn x published.json /dev/null
	run_err 2 flowmatch --max-keys 0 published.json /dev/null
	# What would do nothing.
	run_err 2 flowmatch --clusters 2 published.json /dev/null
	has '--clusters and --seed go with --learn' "${stderr:-}"
	run_err 2 flowmatch --seed 0 --against /dev/null published.json /dev/null
	run_err 2 flowmatch --false-positives 0.1 published.json /dev/null
	has '--false-positives goes with --against' "${stderr:-}"
	run_err 2 flowmatch --learn x --false-positives 0.1 published.json /dev/null
	run_err 2 flowmatch --distances --update 1m published.json /dev/null
	run_err 2 flowmatch --evaluate x --update 1m published.json /dev/null
	run_err 2 flowmatch --against /dev/null -w 1m published.json /dev/null
	has 'the windows are those of the file' "${stderr:-}"
	run_err 2 flowmatch --learn x -f csv published.json /dev/null
	has 'patterns are written as JSON' "${stderr:-}"
}

@test "bad records are told and passed over" {
	hydra 12 > in
	sed 's/"192.0.2.66"/"no address"/' in | head -1 >> in
	echo 'no json' >> in
	both flowmatch published.json in
	same 1 "$status"
	has 'in:25: src_ip_addr:' "${stderr:-}"
	same "$attacker $server hydra 12" "$(found <<< "$output")"
}

# ---- flowcat --biflow ----

@test "flowcat --biflow: one record of both directions, initiator first" {
	connections 1 0 1 2 192.0.2.1 $server 40000 '12 500' '7 900' > in
	wanted='{"date_first_seen":"2024-05-01T10:00:00.000Z","date_last_seen":"2024-05-01T10:00:02.000Z","duration":2.0000,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":40000,"dst_port":22,"protocol":6,"flags":".AP.SF","tos":0,"packets":12,"bytes":500,"packets_rev":7,"bytes_rev":900,"flags_rev":".AP.SF","tos_rev":0,"date_first_seen_rev":"2024-05-01T10:00:00.000Z","date_last_seen_rev":"2024-05-01T10:00:02.000Z"}'
	run_ok flowcat --biflow 500ms in
	same "$wanted"
	tac in > turned
	run_ok flowcat --biflow 500ms turned
	same "$wanted"
	# What has both directions, or no partner, passes as it is.
	run_ok flowcat --biflow 500ms <(printf '%s\n' "$wanted")
	same "$wanted"
	head -1 in > half
	run_ok flowcat --biflow 500ms half
	same "$(< half)"
	run_ok flowcat --biflow 500ms -n 1 in half
	same "$wanted"
	run_err 2 flowcat --biflow soon in
	run_err 2 flowcat --biflow 0 in
}

@test "flowcat --biflow: the order of the flows does not matter" {
	hydra 50 0 1 | sed -E '/"src_port":22,/s/\.000Z/.030Z/' > in
	run_ok flowcat --biflow 500ms in
	wanted=$output
	same 50 "$(wc -l <<< "$wanted")"
	shuf --random-source=in in > mixed
	run_ok flowcat --biflow 500ms mixed
	same "$wanted"
}

@test "flowcat --biflow: flows without a partner pass at the time-out" {
	{
		connections 1 0 1 0 192.0.2.1 $server 40000 '1 40' '1 40' | head -1
		connections 1 70 1 0 192.0.2.2 $server 40000 '1 40' '1 40'
		connections 1 71 1 0 192.0.2.2 $server 40000 '1 40' '1 40'
	} > in
	mkfifo pipe
	flowcat --biflow 500ms pipe > out &
	exec 9> pipe
	cat in >&9
	for _ in {1..50}; do
		[[ $(wc -l < out) == 3 ]] && break
		sleep 0.1
	done
	same 1 "$(grep -c 192.0.2.1 out)"
	exec 9>&-
	wait
}
