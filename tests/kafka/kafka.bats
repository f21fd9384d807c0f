#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Kafka as a source and as a sink, on a real broker, with kcat as the other
# side.

# shellcheck disable=SC2154 # bats sets them

load ../cli/common
load ../cli/windows
load kafka

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	broker_open || return 0
	window_flows 20000 11
	mv flows many
	window_flows 3000 7
	flowcat --partition-key sa -o "$(at 'flows?partitions=6')" flows
	flowcat --partition-key sa -o "$(at 'many?partitions=6')" many
	topic empty 2
}

teardown_file() {
	broker_close
}

setup() {
	broker_needed
	cd "$BATS_TEST_TMPDIR" || return
	flows=$BATS_FILE_TMPDIR/flows
	many=$BATS_FILE_TMPDIR/many
	t=test$BATS_TEST_NUMBER
}

teardown() {
	end_all
}

# long N: a record of N bytes.
long() {
	awk -v n="$1" 'BEGIN {
		s = sprintf("%*s", n - 8, "")
		gsub(/ /, "x", s)
		printf "{\"a\":\"%s\"}\n", s
	}'
}

# ---- messages ----

@test "kcat reads what we write, and we what it writes, with each codec" {
	local codec

	head -n 1000 "$flows" > some
	for codec in none gzip snappy lz4 zstd; do
		run_ok flowcat -X compression.codec=$codec \
			-o "$(at "$t.$codec?partitions=1")" some
		get "$t.$codec" | cmp - some
		run_ok flowcat "$(at "$t.$codec?exit-eof")"
		same "$(< some)"
		put "$t.$codec" -z $codec < some
		run_ok flowfilter any "$(at "$t.$codec?exit-eof&offset=1000")"
		same "$(< some)"
	done
}

@test "messages of many lines are the same lines" {
	local last

	head -n 1050 "$flows" > some
	run_ok flowcat -o "$(at "$t?partitions=1&lines=100")" some
	get "$t" -f '%s\n' | cmp - some
	same 11 "$(get "$t" -f '%o\n' | wc -l)"
	run_ok flowcat "$(at "$t?exit-eof")"
	same "$(< some)"
	# Of kcat, with and without a newline at the end.
	for last in '\n' ''; do
		topic "$t.${last#?}" 1
		head -n 90 some | awk -v ORS= -v last="$last" '
			{ print (NR % 30 == 1 ? "" : "\n") $0 }
			NR % 30 == 0 { print last "@" }' |
			put "$t.${last#?}" -D @
		same 3 "$(get "$t.${last#?}" -f '%o\n' | wc -l)"
		run_ok flowcat "$(at "$t.${last#?}?exit-eof")"
		same "$(head -n 90 some)"
	done
}

@test "empty messages, tombstones, keys, blank lines and UTF-8" {
	topic "$t" 1
	printf 'k:\n' | put "$t" -K : -Z
	printf 'k:\nk:{"a":1}\n' | put "$t" -K :
	printf '\n\n{"a":"Příliš žluťoučký 🐎"}\r\n\n@{"a":3}@' | put "$t" -D @
	same '4' "$(get "$t" -f '%o\n' | tail -n 1)"
	run_ok flowfilter any "$(at "$t?exit-eof")"
	wanted=$'{"a":1}\n{"a":"Příliš žluťoučký 🐎"}\r\n{"a":3}'
	same "$wanted"
	run_ok flowfilter -o "$(at "$t.copy?partitions=1")" any \
		"$(at "$t?exit-eof")"
	same "$wanted" "$(get "$t.copy")"
}

@test "a bad line in a message is told by topic, partition and offset" {
	topic "$t" 2
	printf '{"a":1}@{"a":2}\nbad 1\n{"a":3}@bad 2@{"a":4}' |
		put "$t" -p 1 -D @
	run_err 1 flowfilter --rejects rejects any "$(at "$t?exit-eof")"
	same $'{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}'
	same $'bad 1\nbad 2' "$(< rejects)"
	same "flowfilter: ${t}[1]:1: not a JSON object
flowfilter: ${t}[1]:2: not a JSON object" "$stderr"
	run_err 2 flowfilter --strict any "$(at "$t?exit-eof")"
	has "${t}[1]:1: not a JSON object" "$stderr"
}

@test "messages of nearly 1 MB, and lines longer than --max-line" {
	long 990000 > big
	run_ok flowcat -o "$(at "$t?partitions=1")" big
	put "$t" < big
	flowfilter any "$(at "$t?exit-eof")" | cmp - <(cat big big)
	long 1100000 > bigger
	run_err 2 flowcat -o "$(at "$t")" bigger
	has 'message.max.bytes' "$stderr"
	has "$(at "$t")" "$stderr"
	# What does not fit into one message goes into several.
	for _ in {1..30}; do
		long 40000
	done > lines
	run_ok flowcat -o "$(at "$t.lines?partitions=1&lines=100")" lines
	get "$t.lines" | cmp - lines

	topic "$t.long" 1
	{
		echo '{"a":1}'
		long 5000
		echo '{"a":2}'
	} | put "$t.long" -D @
	long 3000 | put "$t.long"
	echo '{"a":3}' | put "$t.long"
	run_err 1 flowfilter --max-line 1000 --rejects rejects any \
		"$(at "$t.long?exit-eof")"
	same $'{"a":1}\n{"a":2}\n{"a":3}'
	has "$t.long[0]:0: line too long" "$stderr"
	has "$t.long[0]:1: line too long" "$stderr"
	same 2 "$(wc -l < rejects)"
}

# ---- where to begin and to end ----

@test "offset= says where to begin and where to end" {
	local i at2 from case

	topic "$t" 1
	for i in 0 1 2 3; do
		echo "{\"i\":$i}" | put "$t"
	done
	at2=$(get "$t" -o 2 -c 1 -f '%T')
	from=$(date -ud "@${at2:0:-3}.${at2: -3}" +%FT%T.%3NZ)
	for case in beginning:0123 end: 0:0123 3:3 4: 100: -1:3 -100:0123 \
		s@0:0123 "s@$at2:23" "s@${from//:/%3A}:23" \
		"s@$((at2 + 100000)):" "e@$at2:01" "e@${from//:/%3A}:01" \
		e@0: "s@$at2&offset=e@$((at2 + 1)):2" s@2120-01-01: \
		e@2120-01-01:0123; do
		run_ok flowcat "$(at "$t?exit-eof&offset=${case%:*}")"
		[[ ${output//[^0-9]/} == "${case##*:}" ]] ||
			report "offset=${case%:*}"
	done
	# An end without exit-eof.
	run_ok flowcat "$(at "$t?offset=e@$from")"
	same $'{"i":0}\n{"i":1}'
	# Behind the end means what comes.
	start flowcat "$(at "$t?offset=end")" > live
	start flowcat "$(at "$t?offset=100")" > behind
	sleep 0.5
	echo '{"i":4}' | put "$t"
	wait_for 5 test -s live
	same '{"i":4}' "$(< live)"
	[[ ! -s behind ]]
}

@test "partition=, several topics and patterns" {
	local p

	for p in a b c; do
		topic "$t.$p" 2
		echo "{\"t\":\"${p}0\"}" | put "$t.$p" -p 0
		echo "{\"t\":\"${p}1\"}" | put "$t.$p" -p 1
	done
	run_ok flowcat "$(at "$t.a?partition=1&exit-eof")"
	same '{"t":"a1"}'
	run_ok flowcat "$(at "$t.a,$t.c?exit-eof")"
	same $'"a0"\n"a1"\n"c0"\n"c1"' "$(cut -c6-9 <<< "$output" | sort)"
	run_ok flowcat "$(at "^$t.[ab]\$?exit-eof&partition=0")"
	same $'"a0"\n"b0"' "$(cut -c6-9 <<< "$output" | sort)"
	run_ok flowcat "$(at "^$t.[b-c]\$?exit-eof&group=$t")"
	same 4 "$(wc -l <<< "$output")"
	run_ok flowcat "$(at "$t.b?exit-eof")" "$(at "$t.a?exit-eof")" - \
		<<< '{"t":"in"}'
	same '"b "b "a "a "i' "$(cut -c6-7 <<< "$output" | xargs -d '\n')"
	# A comma that is part of a pattern.
	run_ok flowcat "$(at "^$t.b{1%2C2}\$?exit-eof")"
	same 2 "$(wc -l <<< "$output")"
	run_err 2 flowcat "$(at "$t.a?partition=2&exit-eof")"
	run_err 2 flowcat "$(at "^$t.[d]?exit-eof")"
	run_err 2 flowcat "$(at "^$t.(?exit-eof")"
}

@test "flowdns and flowmatch, killed within a group, give the rows of files" {
	local lab=$ROOT/tests/data command results

	dns() { flowdns -w 1m -l 10m -L 192.0.2.0/24 --only tunnel "$@"; }
	ssh() { flowmatch -w 5m/10s -l 1h --update 1h ssh-guessing "$@"; }
	export -f dns ssh
	flowcat "$lab/lab-dns/records.json.gz" > dns.json
	flowcat "$lab/lab-attacks/test.json.gz" > ssh.json
	for command in dns ssh; do
		"$command" "$command.json" | sort > wanted
		[[ -s wanted ]]
		flowcat -o "$(at "$t-$command?partitions=2")" \
			--partition-key 'if(sa < da, sa, da)' "$command.json"
		results=$(at "$t-$command-rows?partitions=1")
		timeout -s KILL 2 bash -c '"$@"' - "$command" --exactly-once \
			"${session[@]}" -X transaction.timeout.ms=5000 -o "$results" \
			"$(at "$t-$command?group=$t-$command&exit-eof&offset=beginning")" ||
			:
		"$command" --exactly-once "${session[@]}" \
			-X transaction.timeout.ms=5000 -o "$results" \
			"$(at "$t-$command?group=$t-$command&exit-eof&offset=beginning")"
		flowfilter any "$(at "$t-$command-rows?offset=beginning&exit-eof")" |
			sort | cmp - wanted
	done
}

@test "exit-eof ends at the end that was there, also of a topic that grows" {
	local n before after

	run_ok flowcat "$(at 'empty?exit-eof')"
	same ''
	run_ok flowagg "$(at 'empty?exit-eof')"
	run_ok flowcat "$(at "empty?exit-eof&group=$t")"
	same ''
	topic "$t" 3
	for n in {1..200}; do
		echo '{"a":1}'
	done | put "$t" -p 1
	mkfifo to
	while echo '{"a":2}'; do
		sleep 0.001
	done > to 2> /dev/null 3>&- &
	start flowcat -o "$(at "$t?lines=10")" - < to 2> err
	wait_for 10 grown "$t" 300
	before=$(get "$t" -f '%s\n' | wc -l)
	for n in '' "&group=$t"; do
		run_ok flowfilter any "$(at "$t?exit-eof$n")"
		after=$(get "$t" -f '%s\n' | wc -l)
		((${#lines[@]} >= before && ${#lines[@]} < after)) ||
			report "$before $after"
		before=${#lines[@]}
	done
}

# grown TOPIC N
grown() {
	(($(get "$1" -f '%s\n' | wc -l) > $2))
}

@test "messages that are deleted before they were read are told" {
	local group

	for group in '' "&group=$t"; do
		topic "$t.${group:+g}" 1
		cat "$flows" "$flows" "$flows" "$many" |
			put "$t.${group:+g}"
		mkfifo "to$group"
		start flowcat -o "to$group" -X queued.max.messages.kbytes=100 \
			"$(at "$t.${group:+g}?exit-eof$group")" 2> err
		{
			read -r _
			broker trim "$t.${group:+g}" 0 28990
			cat > rest
		} < "to$group"
		ended "$pid" 20
		same 1 $status
		has "$t.${group:+g}[0]: messages " "$(< err)"
		has ' to 28989 were deleted before they were read' "$(< err)"
		(($(wc -l < rest) < 28990))
	done
}

@test "messages that are deleted after they were fetched are not missed" {
	local copy="$t.copy"

	topic "$t" 1
	topic "$copy" 1
	cat "$flows" "$flows" "$flows" "$many" | put "$t"
	# With marks of transactions between them.
	flowcat --exactly-once -X auto.commit.interval.ms=50 \
		-o "$(at "$copy")" "$(at "$t?exit-eof&group=$t")"
	mkfifo copied
	start flowcat -o copied "$(at "$copy?exit-eof")" 2> err
	{
		read -r _
		sleep 1
		broker trim "$copy" 0 20000
		sleep 1
		cat > rest
	} < copied
	ended "$pid" 20
	same '' "$(< err)"
	same 0 $status
	same 28999 "$(wc -l < rest)"
}

# ---- windows ----

@test "windows of all partitions are those of a file, byte for byte" {
	local window

	for window in '-w 10s' '-w 10s/2s' '-w session:5s' ''; do
		# shellcheck disable=SC2086 # options, split at blanks
		{
			flowagg -k sa $window "$flows" > wanted
			run_ok flowagg -k sa $window "$(at 'flows?exit-eof')"
		}
		[[ -s wanted ]]
		cmp wanted - <<< "$output"
	done
	flowtopn -k da -n 3 -w 10s "$flows" > wanted
	run_ok flowtopn -k da -n 3 -w 10s "$(at 'flows?exit-eof')"
	cmp wanted - <<< "$output"
	flowwin -w 10s -k pr "$flows" > wanted
	run_ok flowwin -w 10s -k pr "$(at 'flows?exit-eof')"
	cmp wanted - <<< "$output"
}

@test "SIGTERM flushes open windows where there is no group" {
	flowagg -k sa -w 10s "$flows" > wanted
	start flowagg -k sa -w 10s "$(at flows)" > rows 2> err
	settled rows
	(($(wc -l < rows) < $(wc -l < wanted)))
	stopped $pid
	cmp wanted rows
}

# sec N: a record of this second.
sec() {
	printf '{"date_last_seen":"2024-05-01T00:00:%02dZ"}\n' "$1"
}

# The time from $began until FILE has N lines is between those, in ms.
came() {
	local lag

	wait_for 10 lines "$2" "$1"
	lag=$(((${EPOCHREALTIME/./} - began) / 1000))
	((lag >= $3 && lag <= $4)) || {
		echo "after $lag ms"
		return 1
	}
}

@test "a silent partition holds windows back no longer than --idle" {
	topic "$t" 2
	start flowagg -w 10s -l 0 --idle 2s "$(at "$t")" > rows 2> err
	began=${EPOCHREALTIME/./}
	# The other one is not silent.
	for s in 0 10 20 {30..39}; do
		sec "$s" | put "$t" -p 1
		sleep 0.2
	done &
	came rows 3 1500 2700
	wait $!
	same 3 "$(wc -l < rows)"
	# It speaks again.
	sec 35 | put "$t" -p 0
	sec 41 | put "$t" -p 0
	sec 41 | put "$t" -p 1
	wait_for 3 lines 4 rows
	stopped "$pid"
	same '1 1 1 11 2' "$(jq .flows rows | xargs)"
}

@test "when all partitions are silent windows are closed after --idle" {
	topic "$t" 2
	start flowagg -w 10s -l 0 --idle 1s "$(at "$t")" > rows 2> err
	sleep 0.3
	{
		sec 0
		sec 10
	} | put "$t" -p 1
	began=${EPOCHREALTIME/./}
	came rows 2 500 1600
	stopped "$pid"
}

# ---- groups ----

# group OPTION..: two flowfilters of a group begin to read many, and both have
# got something; their process ids in first and second.
group() {
	mkfifo pipe1 pipe2
	slowly pipe1 got1
	start flowfilter "$@" any "$(at "many?exit-eof&group=$t")" \
		> pipe1 2> err1
	first=$pid
	reader1=$reader
	wait_for 10 test -s got1
	slowly pipe2 got2
	start flowfilter "$@" any "$(at "many?exit-eof&group=$t")" \
		> pipe2 2> err2
	second=$pid
	wait_for 10 test -s got2
}

@test "a group shares the partitions, and ends with the last of them" {
	group "${session[@]}"
	ended $first 20
	same 0 $status
	ended $second 20
	same 0 $status
	wait $reader1 $reader
	same '' "$(cat err1 err2)"
	same_set "$many" got1 got2
	run_ok flowfilter any "$(at "many?exit-eof&group=$t")"
	same ''
}

@test "more members than partitions" {
	local n pids=()

	flowcat -o "$(at "$t?partitions=2")" "$flows"
	for n in 1 2 3 4; do
		start flowfilter any "$(at "$t?exit-eof&group=$t")" \
			> got$n 2> err$n
		pids+=("$pid")
	done
	for pid in "${pids[@]}"; do
		ended $pid 20
		same 0 $status
	done
	same_set "$flows" got?
}

@test "what a killed member leaves is read by another that has finished" {
	group "${session[@]}"
	kill -KILL $first
	ended $second 20
	same 0 $status
	wait $reader1 $reader
	same '' "$(cat err1 err2)"
	# Once or more; and the last line of the first may be cut.
	same '' "$(comm -23 <(sort -u "$many") <(sort -u got1 got2))"
	(($(wc -l < got2) < $(wc -l < "$many")))
}

@test "SIGTERM in a group: the next one goes on there" {
	mkfifo pipe
	slowly pipe got1
	start flowfilter any "$(at "many?group=$t")" > pipe 2> err
	wait_for 10 test -s got1
	stopped $pid
	wait $reader
	same '' "$(< err)"
	(($(wc -l < got1) < $(wc -l < "$many")))
	flowfilter any "$(at "many?exit-eof&group=$t")" > got2
	[[ -s got2 ]]
	same_set "$many" got1 got2
}

@test "SIGTERM in a group: open windows are finished by the next one" {
	local window n=0

	for window in '-w 10s' '-w 10s/2s' '-w session:5s'; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # options, split at blanks
		{
			flowagg -k sa $window "$flows" > wanted
			start flowagg -k sa $window \
				"$(at "flows?group=$t.$n")" \
				> rows1 2> err
			settled rows1
			stopped $pid
			same '' "$(< err)"
			(($(wc -l < rows1) < $(wc -l < wanted)))
			run_ok flowagg -k sa $window -o rows2 \
				"$(at "flows?exit-eof&group=$t.$n")"
			same_set wanted rows1 rows2
		}
	done
}

# began GROUP: it has committed something.
began() {
	broker offsets "$1" 2> offsets_err | awk -v group="$1" '
		$1 == group && $4 ~ /^[0-9]+$/ { n++ }
		END { exit !n }'
}

# Who takes over has records of before to read, and then none: the clock closes
# a window, of which there are records behind the first one of the next.
clock_closes() {
	topic "$t" 1
	printf '{"date_last_seen":"2026-01-01T00:00:%sZ","k":"%s"}\n' \
		08 a 13 b 09 a | put "$t" -p 0
	flowagg -k k "$@" -a 'count()' -l 9s "$(at "$t?exit-eof")" > wanted
	start flowagg -k k "$@" -a 'count()' -l 50s "$(at "$t?group=$t")" \
		> rows1 2> err
	wait_for 20 began "$t"
	stopped "$pid"
	start flowagg -k k "$@" -a 'count()' -l 9s "$(at "$t?group=$t")" \
		> rows2 2> err
	wait_for 20 test -s rows2
	stopped "$pid"
	run_ok flowagg -k k "$@" -a 'count()' -l 9s -o rows3 \
		"$(at "$t?exit-eof&group=$t")"
	same '' "$(< rows1)"
	same_set wanted rows2 rows3
}

@test "SIGTERM in a group: what the clock has closed is not written again" {
	clock_closes -w 10s
}

@test "SIGTERM in a group: a session that the clock has closed is not, either" {
	clock_closes -w session:2s
}

# A record comes behind the clock, and its window is open: it has its row once,
# even if who takes over ends before he has committed anything.
@test "--exactly-once: a record behind the clock has its row" {
	local flags=(-k k -a 'count()' -w 1s -l 5s --exactly-once
		-o "$(at "$t.out")")

	topic "$t" 1
	topic "$t.out" 1
	printf '{"date_last_seen":"2026-01-01T00:00:00Z","k":"%s"}\n' a a |
		put "$t"
	start flowagg "${flags[@]}" "$(at "$t?group=$t")" 2> err
	wait_for 20 grown "$t.out" 0
	printf '{"date_last_seen":"2026-01-01T00:00:03Z","k":"b"}\n' | put "$t"
	sleep 3
	stopped "$pid"
	start flowagg "${flags[@]}" "$(at "$t?group=$t")" \
		-X auto.commit.interval.ms=60000 2> err
	sleep 4
	stopped "$pid"
	run_ok flowagg "${flags[@]}" "$(at "$t?exit-eof&group=$t")"
	get "$t.out" -X isolation.level=read_committed | jq -r .k > got
	same 'a b' "$(xargs < got)"
}

@test "a group of two gives the rows of one process, keys being apart" {
	local one

	flowagg -k sa -w 10s "$flows" > wanted
	start flowagg -k sa -w 10s "$(at "flows?exit-eof&group=$t")" > rows1
	one=$pid
	start flowagg -k sa -w 10s "$(at "flows?exit-eof&group=$t")" > rows2
	ended $pid 20
	same 0 $status
	ended $one 20
	same 0 $status
	same_set wanted rows1 rows2
}

# ---- sinks ----

# apart TOPIC: each key is in one partition only, and there are several.
apart() {
	get "$1" -f '%p %k\n' | sort -u > keys
	same '' "$(cut -d ' ' -f 2- keys | sort | uniq -d)"
	(($(cut -d ' ' -f 1 keys | sort -u | wc -l) > 1))
}

@test "--partition-key: a key is always in the same partition" {
	local to

	to=$(at "$t.a?partitions=3")
	run_ok flowcat --partition-key sa -o "$to" "$flows"
	apart "$t.a"
	same_set "$flows" <(get "$t.a")
	# As Java and kcat do it.
	put "$t.a" -X partitioner=murmur2_random -K '|' \
		< <(jq -r '"\(.src_ip_addr)|{}"' "$flows" | sort -u)
	apart "$t.a"
	run_ok flowcat --partition-key sa,dp -o "$(at "$t.b?partitions=3")" \
		"$flows"
	apart "$t.b"
	has $'192.0.2.4\x1f443' "$(< keys)"
	run_ok flowcat --partition-key 'prefix(sa,24,64)' \
		-o "$(at "$t.c?partitions=6")" "$flows"
	get "$t.c" -f '%p %k\n' | sort -u > keys
	same 2 "$(wc -l < keys)"
	has '192.0.2.0' "$(< keys)"
	# What the rows of a window are keyed by is chosen in the same way.
	run_ok flowagg -k sa -w 1m --partition-key src_ip_addr \
		-o "$(at "$t.d?partitions=3")" "$flows"
	apart "$t.d"
	run_err 2 flowcat --partition-key 'nosuch(' -o "$to" "$flows"
	has '--partition-key' "$stderr"
	run_err 2 flowcat -f csv --partition-key sa -o "$to" "$flows"
	run_err 2 flowcat --partition-key sa "$flows"
}

@test "lines=N with a key and without, and the same keys apart" {
	run_ok flowcat --partition-key sa -o \
		"$(at "$t.a?partitions=3&lines=50")" "$flows"
	get "$t.a" -f '%s\n' | same_set "$flows" /dev/stdin
	(($(get "$t.a" -f '%o\n' | wc -l) < 100))
	for p in 0 1 2; do
		get "$t.a" -p $p -f '%s\n' | jq -r .src_ip_addr | sort -u
	done | sort > all
	same "$(sort -u all)" "$(< all)"
	run_ok flowagg -k sa "$(at "$t.a?exit-eof")"
	same "$(flowagg -k sa "$flows")"
	run_ok flowcat -f csv -o "$(at "$t.csv?partitions=1&lines=1000")" \
		"$flows"
	same "$(flowcat -f csv "$flows")" "$(get "$t.csv" -f '%s\n')"
}

@test "--header, partitions=N, and a topic that is not there" {
	run_ok flowcat --header probe=a1 --header 'site=Brno=2' --header e= \
		-o "$(at "$t?partitions=5")" <(head -n 3 "$flows")
	same 'probe=a1,site=Brno=2,e=' "$(get "$t" -f '%h\n' | sort -u)"
	same 5 "$(kcat -L -b "$plaintext" -t "$t" |
		grep -c '^    partition ')"
	# It exists: that is all right, and it stays as it is.
	run_ok flowcat -o "$(at "$t?partitions=2")" <(head -n 3 "$flows")
	same 5 "$(kcat -L -b "$plaintext" -t "$t" |
		grep -c '^    partition ')"
	run_err 2 flowcat -o "$(at "$t.not")" "$flows"
	has "$(at "$t.not")" "$stderr"
	has 'partitions=N' "$stderr"
	run_err 2 flowcat "$(at "$t.not?exit-eof")"
	has "$(at "$t.not")" "$stderr"
	run_err 2 flowcat "$(at "$t.not?exit-eof&group=$t")"
	has "$(at "$t.not")" "$stderr"
	run_err 2 flowcat -o "$(at "$t,$t.not")" "$flows"
	run_err 2 flowcat --header probe -o "$(at "$t")" "$flows"
	run_err 2 flowcat --header a=b "$flows"
}

@test "rows come while the input goes on: -o is not held back" {
	mkfifo to
	{
		head -n 5 "$flows"
		sleep 5
	} > to 3>&- &
	echo $! >> .pids
	start flowcat -o "$(at "$t?partitions=1&lines=100")" - < to 2> err
	sleep 1
	get "$t" -f '%s\n' | cmp - <(head -n 5 "$flows")
	kill -KILL $pid
}

# ---- more than one process ----

@test "--partial by many and --merge by a group: each row of one process" {
	local list='n=count(),s=sum(byt),d=distinct(da),m=p90(byt)' p part
	local pids=()

	flowagg -k sa,pr -w 1m -a "$list" "$flows" > wanted
	topic "$t" 4
	split -n r/3 "$flows" part.
	for part in part.*; do
		start flowagg --partial -k sa,pr -w 1m -a "$list" \
			-o "$(at "$t")" "$part" 2> "err.$part"
		pids+=("$pid")
	done
	for p in "${pids[@]}"; do
		ended "$p" 20
		same 0 $status
	done
	# By the keys of the rows, without being asked.
	apart "$t"
	run_ok flowagg --merge -k sa,pr -w 1m -a "$list" "$(at "$t?exit-eof")"
	same "$(< wanted)"
	pids=()
	for p in 1 2; do
		start flowagg --merge -k sa,pr -w 1m -a "$list" \
			"$(at "$t?exit-eof&group=$t")" > rows$p 2> err$p
		pids+=("$pid")
	done
	for p in "${pids[@]}"; do
		ended "$p" 20
		same 0 $status
	done
	same '' "$(cat err1 err2)"
	same_set wanted rows1 rows2
}

@test "--exactly-once: from a group to a topic" {
	local committed=(-X isolation.level=read_committed)

	topic "$t.out" 2
	topic "$t.rows" 2
	run_ok flowfilter --exactly-once -o "$(at "$t.out")" 'proto tcp' \
		"$(at "flows?exit-eof&group=$t")"
	flowfilter 'proto tcp' "$flows" > wanted
	get "$t.out" "${committed[@]}" > got
	same_set wanted got
	run_ok flowfilter --exactly-once -o "$(at "$t.out")" 'proto tcp' \
		"$(at "flows?exit-eof&group=$t")"
	get "$t.out" "${committed[@]}" > got
	same_set wanted got
	# A tool with windows, stopped and gone on with.
	flowagg -k sa -w 10s "$flows" > wanted
	start flowagg --exactly-once -k sa -w 10s -o "$(at "$t.rows")" \
		"$(at "flows?group=$t.w")" 2> err
	sleep 1.5
	stopped "$pid"
	same '' "$(< err)"
	run_ok flowagg --exactly-once -k sa -w 10s -o "$(at "$t.rows")" \
		"$(at "flows?exit-eof&group=$t.w")"
	get "$t.rows" "${committed[@]}" > got
	same_set wanted got
	flowfilter any "$(at "$t.rows?exit-eof")" > got
	same_set wanted got

	run_err 2 flowfilter --exactly-once any "$(at "flows?group=$t")"
	run_err 2 flowfilter --exactly-once -o "$(at "$t.out")" any \
		"$(at 'flows?exit-eof')"
	run_err 2 flowfilter --exactly-once -o "$(at "$t.out")" any "$flows"
}

# ---- properties ----

@test "-X, -F, \$PIPE4FLOW_KAFKA and the address: the later counts" {
	local wrong=bootstrap.servers=127.0.0.1:1
	local right=bootstrap.servers=$plaintext

	head -n 10 "$flows" > some
	flowcat -o "$(at "$t?partitions=1")" some
	printf '# a comment\n\n  # another\n %s\n\tclient.id = my own \n' \
		"$right" > good
	echo "$wrong" > bad
	run_ok flowcat -F good "kafka:///$t?exit-eof"
	same "$(< some)"
	PIPE4FLOW_KAFKA=good run_ok flowcat "kafka:///$t?exit-eof"
	same "$(< some)"
	PIPE4FLOW_KAFKA=bad run_ok flowcat -F good "kafka:///$t?exit-eof"
	same "$(< some)"
	run_ok flowcat -F bad -X "$right" "kafka:///$t?exit-eof"
	same "$(< some)"
	run_ok flowcat -X "$wrong" -X "$right" "kafka:///$t?exit-eof"
	same "$(< some)"
	run_ok flowcat -X "$wrong" "kafka:///$t?exit-eof&${right/:/%3A}"
	same "$(< some)"
	run_ok flowcat -X "$wrong" "kafka://127.0.0.1:1,$plaintext/$t?exit-eof"
	same "$(< some)"
	run_err 2 flowcat --timeout 1s -X "$right" "kafka:///$t?exit-eof&$wrong"
	# What is wrong is named.
	run_err 2 flowcat "kafka:///$t?exit-eof"
	has 'bootstrap.servers' "$stderr"
	printf '%s\n#\nno.such=1\n' "$right" > wrong
	run_err 2 flowcat -F wrong "kafka:///$t?exit-eof"
	has 'wrong:3:' "$stderr"
	has 'no.such' "$stderr"
	printf '%s\nnonsense\n' "$right" > wrong
	run_err 2 flowcat -F wrong "kafka:///$t?exit-eof"
	has 'wrong:2:' "$stderr"
	run_err 2 flowcat -F not.there "kafka:///$t?exit-eof"
	has 'not.there' "$stderr"
	run_err 2 flowcat -X no.such=1 "$(at "$t?exit-eof")"
	has 'no.such' "$stderr"
	run_err 2 flowcat -X fetch.wait.max.ms=x "$(at "$t?exit-eof")"
	has 'fetch.wait.max.ms' "$stderr"
	run_err 2 flowcat -X nonsense "$(at "$t?exit-eof")"
	run_err 2 flowcat -X enable.auto.commit=true "$(at "$t?exit-eof")"
	has 'enable.auto.commit' "$stderr"
}

@test "addresses: unknown parameters and percent escapes" {
	local case

	head -n 10 "$flows" > some
	flowcat -o "$(at "$t.1?partitions=1")" some
	run_ok flowcat "$(at "$t%2E%31?exit-eof")"
	same "$(< some)"
	run_ok flowcat "$(at "$t.1?exit%2Deof&offset=%2D2&client.id=a%26b%25")"
	same "$(tail -n 2 some)"
	for case in foo=1 foo offset=soon offset= partition=-1 partition=x \
		offset=s@soon offset=stored lines=2 partitions=2 group=; do
		run_err 2 flowcat "$(at "$t.1?exit-eof&$case")"
		has "${case%=*}" "$stderr"
	done
	for case in foo=1 partitions=0 partitions=x lines=0 group=g \
		offset=end exit-eof; do
		run_err 2 flowcat -o "$(at "$t.1?$case")" some
		has "${case%=*}" "$stderr"
	done
	for case in kafka:// kafka://x kafka:///x "kafka://$plaintext/"; do
		run_err 2 flowcat "$case"
	done
}

@test "usage: what does not go together" {
	local option

	run_err 2 flowcat "$(at flows)" "$(at 'empty?exit-eof')"
	has 'exit-eof' "$stderr"
	run_err 2 flowcat "$(at flows)" "$flows"
	run_err 2 flowcat "$(at "flows?exit-eof&group=$t")" "$flows"
	has 'group' "$stderr"
	run_err 2 flowcat "$flows" "$(at "flows?exit-eof&group=$t")"
	for option in '--split x' '--exec cat' --fill '--roll 3' \
		'--collect 3'; do
		# shellcheck disable=SC2086 # options, split at blanks
		run_err 2 flowwin -w 10s $option \
			"$(at "flows?exit-eof&group=$t")"
		has 'group' "$stderr"
	done
	run_err 2 flowwin --reorder "$(at "flows?exit-eof&group=$t")"
	has 'group' "$stderr"
	run_err 2 flowagg -k sa -w session:5s/1m \
		"$(at "flows?exit-eof&group=$t")"
	has 'maximum' "$stderr"
	run_err 2 flowcat --timeout soon "$(at 'flows?exit-eof')"
	has '--timeout' "$stderr"
}

@test "--stats counts what came from Kafka; --help tells the options" {
	local tool option

	flowfilter --stats=json 'proto tcp' "$(at 'flows?exit-eof')" \
		2> stats | wc -l > n
	same "$(wc -l < "$flows")" "$(stat records)"
	same "$(< n)" "$(stat written)"
	(($(< n) > 1000 && $(< n) < 2000))
	same 0 "$(stat rejected)"
	same "$(wc -c < "$flows")" "$(stat bytes)"
	flowcat --stats=json -o "$(at "$t?partitions=1")" "$flows" 2> stats
	same "$(wc -l < "$flows")" "$(stat written)"
	same "$(wc -l < "$flows")" "$(stat delivered)"
	flowcat --stats=json -o "$(at "$t?lines=100")" "$flows" 2> stats
	same $((($(wc -l < "$flows") + 99) / 100)) "$(stat delivered)"
	for tool in flowcat flowfilter flowwin flowagg flowtopn; do
		run_ok $tool --help
		for option in -X -F --exactly-once --partition-key --header \
			--timeout kafka://; do
			has "$option" || report "$tool"
		done
	done
}

@test "what is committed was written: records that are bad, and late" {
	topic "$t" 1
	{
		sec 1
		sec 50
		sec 2
		echo bad
	} | put "$t"
	touch rejects late
	start flowagg -w 10s -l 0 -X auto.commit.interval.ms=100 \
		--rejects rejects --late late -o "$(at "$t.rows?partitions=1")" \
		"$(at "$t?group=$t")" 2> err
	wait_for 10 lines 1 rejects
	wait_for 10 lines 1 late
	sleep 0.5 # until the commit behind it
	kill -KILL "$pid"
	same bad "$(< rejects)"
	same "$(sec 2)" "$(< late)"
	# And it is not told again by who goes on.
	put "$t" <<< "$(sec 60)"
	run_ok flowagg -w 10s -l 0 "${session[@]}" "$(at "$t?exit-eof&group=$t")"
	same 2 "$(wc -l <<< "$output")"
}

# ---- what goes wrong ----

@test "no broker: status 2 within --timeout, and the message says which" {
	local use

	for use in 'flowcat kafka://127.0.0.1:1/x' \
		'flowcat kafka://127.0.0.1:1/x?group=g' \
		'flowagg -w 10s -o kafka://127.0.0.1:1/x'; do
		# shellcheck disable=SC2086 # words
		took 3000 run_err 2 $use --timeout 1s < "$flows"
		has 'kafka://127.0.0.1:1/x' "$stderr"
		has 'bootstrap.servers' "$stderr"
	done
	took 4000 run_err 2 flowcat --timeout 2s kafka://no.such.invalid/x
	has 'no.such.invalid' "$stderr"
}

@test "-o fails in a group: nothing is committed, the next one has it all" {
	run_err 2 flowfilter "${session[@]}" -o /dev/full any \
		"$(at "flows?exit-eof&group=$t")"
	has '/dev/full' "$stderr"
	run_ok flowfilter -o got any "$(at "flows?exit-eof&group=$t")"
	same_set "$flows" got
	run_err 2 flowagg "${session[@]}" -k sa -w 10s -o /dev/full \
		"$(at "flows?exit-eof&group=$t.w")"
	run_ok flowagg -k sa -w 10s -o got \
		"$(at "flows?exit-eof&group=$t.w")"
	flowagg -k sa -w 10s "$flows" > wanted
	same_set wanted got
}

@test "SASL: who, with which password, and what he may do" {
	local as=(-X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN
		-X sasl.username=alice)
	local from=kafka://$sasl/$t

	head -n 10 "$flows" > some
	flowcat -o "$(at "$t?partitions=1")" some
	took 3000 run_err 2 flowcat --timeout 5s "${as[@]}" \
		-X sasl.password=wrong "$from?exit-eof"
	has "$from" "$stderr"
	has 'sasl.password' "$stderr"
	as+=(-X sasl.password=alice-pw)
	took 6000 run_err 2 flowcat --timeout 5s "${as[@]}" "$from?exit-eof"
	has "$from" "$stderr"
	has 'sasl.username' "$stderr"
	has 'authorization failed' "$stderr"
	took 6000 run_err 2 flowcat --timeout 5s "${as[@]}" -o "$from" some
	has 'authorization failed' "$stderr"
	broker acl --add --topic "$t" --allow-principal User:alice \
		--operation Read --operation Describe
	took 6000 run_err 2 flowcat --timeout 5s "${as[@]}" \
		"$from?exit-eof&group=$t"
	has 'roup authorization failed' "$stderr"
	has "$from" "$stderr"
	took 6000 run_err 2 flowcat --timeout 5s "${as[@]}" -o "$from" some
	has 'authorization failed' "$stderr"
	has 'sasl.username' "$stderr"
	broker acl --add --topic "$t" --group "$t" --consumer --producer \
		--allow-principal User:alice
	run_ok flowcat "${as[@]}" "$from?exit-eof&group=$t"
	same "$(< some)"
	run_ok flowcat "${as[@]}" -o "$from" some
	same 20 "$(get "$t" | wc -l)"
}

@test "SASL: who reads without a group needs no permission for one" {
	head -n 10 "$flows" > some
	flowcat -o "$(at "$t?partitions=1")" some
	broker acl --add --topic "$t" --allow-principal User:bob \
		--operation Read --operation Describe
	set -- -X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN \
		-X sasl.username=bob -X sasl.password=bob-pw
	same "$(< some)" "$(kcat -C -b "$sasl" -t "$t" -e -q "$@")"
	run_ok flowcat "$@" "kafka://$sasl/$t?exit-eof"
	same "$(< some)"
}

@test "TLS: with the CA, without it, and with none at all" {
	local from=kafka://$ssl/$t

	head -n 10 "$flows" > some
	run_ok flowcat -X security.protocol=ssl -X ssl.ca.location="$ca" \
		-o "$from?partitions=1" some
	run_ok flowcat -X security.protocol=ssl -X ssl.ca.location="$ca" \
		"$from?exit-eof"
	same "$(< some)"
	took 4000 run_err 2 flowcat --timeout 3s -X security.protocol=ssl \
		"$from?exit-eof"
	has "$from" "$stderr"
	has 'ssl.ca.location' "$stderr"
	run_err 2 flowcat -X security.protocol=ssl -X ssl.ca.location=none \
		"$from?exit-eof"
	has 'ssl.ca.location' "$stderr"
	# Plain text to a TLS listener.
	took 4000 run_err 2 flowcat --timeout 2s "$from?exit-eof"
	has 'security.protocol' "$stderr"
}

# Threads of librdkafka are within OpenSSL when the main one ends.
@test "TLS: a fatal error ends the program, and nothing more" {
	local n to=$t.no

	for n in {1..30}; do
		run_err 2 flowcat -X security.protocol=ssl \
			-X ssl.ca.location="$ca" \
			"kafka://$ssl/flows,$to?exit-eof"
	done
	has "$to" "$stderr"
}

@test "a topic that is deleted: SIGTERM ends its readers, or a time-out does" {
	local group n=0 pids=()

	topic "$t" 2
	put "$t" < "$flows"
	for group in '' "&group=$t.1" '' "&group=$t.2"; do
		start flowcat --timeout $((n < 2 ? 60 : 2))s \
			"$(at "$t?offset=beginning$group")" > got$n 2> err$n
		pids+=("$pid")
		wait_for 10 lines 3000 got$n
		n=$((n + 1))
	done
	broker drop "$t"
	for n in 2 3; do
		ended "${pids[n]}" 10
		same 2 $status
		has "topic $t: Broker: Unknown topic" "$(< err$n)"
	done
	for n in 0 1; do
		stopped "${pids[n]}"
		same '' "$(< err$n)"
	done
}

# These stop the broker.

# committed GROUP N: so many messages.
committed() {
	(($(broker offsets "$1" 2> offsets_err | awk -v group="$1" '
		$1 == group && $4 ~ /^[0-9]+$/ { n += $4 }
		END { print n + 0 }') >= $2))
}

@test "a broker that goes away and comes back: nothing is lost" {
	local copy reader member refused soon=(-X reconnect.backoff.max.ms=500)

	topic "$t" 3
	topic "$t.copy" 3
	mkfifo to
	exec 8<> to
	start flowcat "${soon[@]}" -o "$(at "$t")" - < to 2> err1
	copy=$pid
	start flowfilter "${soon[@]}" any "$(at "$t")" > got 2> err2
	reader=$pid
	start flowfilter "${soon[@]}" -o "$(at "$t.copy")" any \
		"$(at "$t?group=$t")" 2> err3
	member=$pid
	broker topic "$t.small" 1 max.message.bytes=1000
	mkfifo few
	exec 9<> few
	start flowcat "${soon[@]}" -o "$(at "$t.small")" - < few 2> err4 9>&-
	refused=$pid
	head -n 1 "$flows" >&9
	head -n 1000 "$flows" >&8
	wait_for 10 lines 1000 got
	wait_for 10 grown "$t.copy" 999
	broker stop
	sed -n 1001,2000p "$flows" >&8
	sleep 1
	broker start
	sed -n 2001,3000p "$flows" >&8
	exec 8>&-
	long 5000 >&9
	exec 9>&-
	ended "$copy" 20
	same 0 $status
	# Why it was away is not why something is refused later.
	ended "$refused" 20
	same 2 $status
	same "flowcat: $(at "$t.small"): 1 of 2 messages were not delivered:\
 Broker: Message size too large (see message.max.bytes)" "$(< err4)"
	wait_for 20 lines 3000 got
	wait_for 20 grown "$t.copy" 2999
	# Thrown out of its group meanwhile, it does the work once more.
	wait_for 20 committed "$t" 3000
	stopped "$reader"
	stopped "$member"
	same '' "$(cat err1 err2 err3)"
	same_set "$flows" got
	run_ok flowfilter any "$(at "$t?exit-eof&group=$t")"
	same ''
	get "$t.copy" | sort -u | cmp - <(sort -u "$flows")
}

# The time in ms that each of $pids needs to end after $began, in lags; it waits
# 15 s at most.
lags_of() {
	local n left=${#pids[@]} lag=0

	lags=()
	while ((left > 0 && lag < 15000)); do
		sleep 0.05
		lag=$(((${EPOCHREALTIME/./} - began) / 1000))
		for n in "${!pids[@]}"; do
			[[ -z ${lags[n]-} ]] || continue
			kill -0 "${pids[n]}" 2> /dev/null && continue
			lags[n]=$lag
			left=$((left - 1))
		done
	done
}

@test "a broker that is killed: status 2 within --timeout" {
	local n pids=() lags began bad=
	local held=(-X auto.commit.interval.ms=60000)

	topic "$t" 2
	topic "$t.copy" 2
	mkfifo to
	exec 8<> to
	start flowcat --timeout 2s -o "$(at "$t")" - < to 2> err0
	pids+=("$pid")
	start flowfilter --timeout 2s any "$(at "$t")" > got1 2> err1
	pids+=("$pid")
	start flowfilter --timeout 2s any "$(at "$t?group=$t.a")" \
		> got2 2> err2
	pids+=("$pid")
	start flowagg -k sa -w 10s --timeout 2s \
		-o "$(at "$t.rows?partitions=1")" "$(at "$t?group=$t.b")" \
		2> err3
	pids+=("$pid")
	start flowfilter --timeout 2s --exactly-once -o "$(at "$t.copy")" any \
		"$(at "$t?group=$t.c")" 2> err4
	pids+=("$pid")
	# One that is to stop while it has something to commit.
	start flowfilter --timeout 2s "${held[@]}" any \
		"$(at "$t?group=$t.d")" > got5 2> err5
	pids+=("$pid")
	head -n 100 "$flows" >&8
	wait_for 10 grown "$t.copy" 99
	for n in 1 2 5; do
		wait_for 10 lines 100 got$n
	done
	# The second of these has not been committed yet.
	sed -n 101p "$flows" >&8
	wait_for 10 lines 101 got2
	sleep 0.2
	sed -n 102p "$flows" >&8
	wait_for 10 lines 102 got2
	broker kill
	began=${EPOCHREALTIME/./}
	kill -TERM "$pid"
	sed -n 103,200p "$flows" >&8
	exec 8>&-
	lags_of
	for n in "${!pids[@]}"; do
		ended "${pids[n]}" 1 || status=none
		echo "$n: status $status after ${lags[n]-15000} ms, $(< err$n)"
		[[ $status == 2 && $(< err$n) == *"$(at "$t")"* ]] || bad=1
		((${lags[n]-15000} < 5000)) || bad=1
	done
	[[ -z $bad ]]
	# The reason, not the record.
	[[ $(< err0) != *date_last_seen* ]]
}
