#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# -w: the same output however the records come, nothing lost, calendars,
# sketches, errors.  What the rows hold is compared with SQLite in
# window_truth.bats; how soon they come, in window_live.bats.

load common
load windows

n=1000
[[ $B != *san* ]] || n=200

# Commands of all kinds of windows, without blanks in their words.
list='n=count(),s=sum(byt),a=avg(td),min(te),f=first(da),l=last(byt),ds=distinct(da)'
list+=',p=p90(byt),set=set(dp),t=top(da),b=bits(flags),e=entropy(dp),d=stddev(td)'
forms=(
	"flowagg -w 10s -k sa -a $list"
	"flowagg -w 1m/7s -k sa,dp -a $list"
	"flowagg -w 1m/10s -k da -a $list --having n>1 -b s -n 5"
	"flowagg -w session:20s -k sa -a $list"
	"flowagg -w session:20s/1m -k sa -a $list"
	'flowtopn -w 1m/10s -k sa -k dp -b bytes -n 3 --others'
	'flowtopn -w 1m -k sa -b distinct(da) -n 3 --group pr'
)

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	window_flows $n 2
	rows_of : flows > wanted
	(($(wc -l < wanted) > n))
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/{flows,rows,wanted} .
}

# rows_of COMMAND [FILE..]: of all forms; the command writes their input.
rows_of() {
	local form words

	for form in "${forms[@]}"; do
		read -ra words <<< "$form"
		eval "$1" | "${words[@]}" -l $lateness "${@:2}" || return
	done
}

# few_flows: less of them, for what is slow, and their rows.
few_flows() {
	head -n 150 "$BATS_FILE_TMPDIR/flows" > flows
	head -n 150 "$BATS_FILE_TMPDIR/rows" > rows
	rows_of : flows > wanted
}

# counts: what stands in the arrival of records, not in their times.
counts() {
	forms=("flowagg -w count:100 -k sa -a $list"
		"flowagg -w count:90/40 -k sa,dp -a $list")
}

# record TIME [MEMBERS]
record() {
	printf '{"date_last_seen":"%s"%s}\n' "$1" "${2:+,$2}"
}

# seconds FROM TO [MEMBERS]: a record each second after 2024-05-01T10:00.
seconds() {
	awk -v from="$1" -v to="$2" -v more="${3:+,$3}" 'BEGIN {
		for (i = from; i <= to; i++)
			printf "{\"date_last_seen\":\"2024-05-01T10:%02d:%02d.000Z\"%s}\n",
				i / 60, i % 60, more
	}'
}

# ---- the same, however the records come ----

@test "the same from one file, each time, and with any processor" {
	rows_of : flows | cmp wanted
	PIPE4FLOW_CPU=portable rows_of : flows | cmp wanted
	rows_of 'cat flows' | cmp wanted
	flowagg -w 10s -l $lateness flows > wanted
	flowagg -w 10s -l $lateness < flows | cmp wanted
	flowagg -w 10s -l $lateness - < flows | cmp wanted
}

@test "the same from writes of one byte" {
	few_flows
	rows_of 'dd ibs=1 obs=1 status=none < flows' | cmp wanted
	counts
	rows_of : flows > wanted
	rows_of 'dd ibs=1 obs=1 status=none < flows' | cmp wanted
}

@test "the same from writes of any size" {
	local size

	for size in 16 997 5000; do
		rows_of "$ROOT/tests/bin/drip $size < flows" | cmp wanted
	done
}

@test "the same from several files, dealt out line by line" {
	awk '{ print > "part" NR % 3 }' flows
	rows_of : part0 part1 part2 | cmp wanted
	rows_of : part2 part0 part1 | cmp wanted
	rows_of : part1 part2 part0 | cmp wanted
}

@test "the same from several files, cut by time" {
	by_time | awk -F '\t' -v n="$n" '
		NR == FNR { t[NR] = $1; next }
		{
			i = ($1 >= t[int(n / 3)]) + ($1 >= t[int(n * 2 / 3)])
			print $2 > "part" i
		}' <(by_time | sort -n) -
	[[ -s part0 && -s part1 && -s part2 ]]
	rows_of : part0 part1 part2 | cmp wanted
	rows_of : part2 part1 part0 | cmp wanted
	rows_of : part1 part2 part0 | cmp wanted
}

@test "the same from one file cut in two" {
	split -n l/2 flows part.
	rows_of : part.aa part.ab | cmp wanted
	rows_of : part.ab part.aa | cmp wanted
	counts
	rows_of : flows > wanted
	rows_of : part.aa part.ab | cmp wanted
}

@test "the same from files and pipes" {
	awk '{ print > "part" NR % 3 }' flows
	mkfifo pipe
	# A pipe is read once.
	forms=("${forms[1]}")
	rows_of : flows > wanted
	rows_of 'cat part0' - part1 part2 | cmp wanted
	rows_of 'cat part0' part1 - part2 | cmp wanted
	rows_of 'cat part0' part2 part1 - | cmp wanted
	cat part1 > pipe &
	rows_of 'cat part0' part2 pipe - | cmp wanted
}

@test "the same shuffled within the lateness" {
	local seed

	for seed in 1 2 3; do
		by_time | awk -F '\t' -v OFS='\t' -v seed=$seed '
			BEGIN { srand(seed) }
			{ print $1 + int(rand() * 59000), $2 }' |
			sort -n | cut -f 2 > shuffled
		[[ $(< flows) != "$(< shuffled)" ]]
		rows_of : shuffled | cmp wanted
		rows_of 'cat shuffled' | cmp wanted
	done
	by_time | sort -n | cut -f 2 > sorted
	rows_of : sorted | cmp wanted
}

@test "the same through gzip and zstd" {
	gzip -k flows
	zstd -q flows
	rows_of : flows.gz | cmp wanted
	rows_of 'cat flows.gz' | cmp wanted
	rows_of : flows.zst | cmp wanted
	split -l 300 flows part.
	gzip part.aa
	rows_of : part.* | cmp wanted
	counts
	rows_of : flows > wanted
	rows_of : flows.gz | cmp wanted
}

@test "the same replayed" {
	rows_of 'flowcat --replay 100000 flows' | cmp wanted
	counts
	rows_of : flows > wanted
	rows_of 'flowcat --replay 100000 flows' | cmp wanted
}

# ---- which window ----

@test "a record on a boundary belongs to the later window" {
	record 2024-05-01T10:00:09.999Z > in
	record 2024-05-01T10:00:09.999999999Z >> in
	record 2024-05-01T10:00:10.000Z >> in
	run_ok flowagg -w 10s -a 'n=count()' in
	same '{"window_start":"2024-05-01T10:00:00.000Z","window_end":"2024-05-01T10:00:10.000Z","n":2}
{"window_start":"2024-05-01T10:00:10.000Z","window_end":"2024-05-01T10:00:20.000Z","n":1}'
	# Before the epoch too.
	run_ok flowagg -w 10s -a 'n=count()' -f csv <<< '{"date_last_seen":-0.001}
{"date_last_seen":-10}
{"date_last_seen":-10.001}
{"date_last_seen":0}'
	same 'window_start,window_end,n
1969-12-31T23:59:40.000Z,1969-12-31T23:59:50.000Z,1
1969-12-31T23:59:50.000Z,1970-01-01T00:00:00.000Z,2
1970-01-01T00:00:00.000Z,1970-01-01T00:00:10.000Z,1'
}

@test "sliding windows begin before the first record, and end behind the last" {
	seconds 10 10 > in
	run_ok flowagg -w 6s/2s -a 'n=count()' in -f csv
	same 'window_start,window_end,n
2024-05-01T10:00:06.000Z,2024-05-01T10:00:12.000Z,1
2024-05-01T10:00:08.000Z,2024-05-01T10:00:14.000Z,1
2024-05-01T10:00:10.000Z,2024-05-01T10:00:16.000Z,1'
	# 45 times 7 s and 23 s since the epoch's minute.
	run_ok flowagg -w 10s/7s -a 'n=count()' -f csv <<< \
		'{"date_last_seen":29}'
	same 'window_start,window_end,n
1970-01-01T00:00:21.000Z,1970-01-01T00:00:31.000Z,1
1970-01-01T00:00:28.000Z,1970-01-01T00:00:38.000Z,1'
}

@test "a session ends at its gap; its greatest length cuts it" {
	seconds 0 0 > in
	seconds 9 9 >> in
	seconds 19 19 >> in
	seconds 20 20 >> in
	run_ok flowagg -w session:10s -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-05-01T10:00:00.000Z,2024-05-01T10:00:19.000Z,2
2024-05-01T10:00:19.000Z,2024-05-01T10:00:30.000Z,2'
	run_ok flowagg -w session:11s/19s -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-05-01T10:00:00.000Z,2024-05-01T10:00:19.000Z,2
2024-05-01T10:00:19.000Z,2024-05-01T10:00:31.000Z,2'
	run_ok flowagg -w session:11s/20s -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-05-01T10:00:00.000Z,2024-05-01T10:00:20.000Z,3
2024-05-01T10:00:20.000Z,2024-05-01T10:00:31.000Z,1'
}

@test "windows of a number of records, with a rest, and sliding" {
	seconds 1 5 > in
	run_ok flowagg -w count:2 -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-05-01T10:00:01.000Z,2024-05-01T10:00:02.000Z,2
2024-05-01T10:00:03.000Z,2024-05-01T10:00:04.000Z,2
2024-05-01T10:00:05.000Z,2024-05-01T10:00:05.000Z,1'
	# By arrival, whatever their times are.
	tac in > back
	run_ok flowagg -w count:3 -a 'n=count(),f=first(te)' -f csv back -l 0
	same 'window_start,window_end,n,f
2024-05-01T10:00:03.000Z,2024-05-01T10:00:05.000Z,3,2024-05-01T10:00:03.000Z
2024-05-01T10:00:01.000Z,2024-05-01T10:00:02.000Z,2,2024-05-01T10:00:01.000Z'
	seconds 1 6 > in
	run_ok flowagg -w count:4/2 -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-05-01T10:00:01.000Z,2024-05-01T10:00:02.000Z,2
2024-05-01T10:00:01.000Z,2024-05-01T10:00:04.000Z,4
2024-05-01T10:00:03.000Z,2024-05-01T10:00:06.000Z,4'
}

@test "a bad record takes no place in a window of records" {
	{
		seconds 1 1 '"bytes":1'
		seconds 2 2 '"bytes":"x"'
		seconds 3 4 '"bytes":1'
	} > in
	run_err 1 flowagg -w count:2 -a 'n=count(), sum(byt)' -f csv in
	same 'window_start,window_end,n,byt_sum
2024-05-01T10:00:01.000Z,2024-05-01T10:00:03.000Z,2,2
2024-05-01T10:00:04.000Z,2024-05-01T10:00:04.000Z,1,1'
	# Nor is there a window for it alone.
	seconds 5 5 '"bytes":"x"' >> in
	run_err 1 flowagg -w count:3/1 -a 'n=count(), sum(byt)' -f csv in
	same 'window_start,window_end,n,byt_sum
2024-05-01T10:00:01.000Z,2024-05-01T10:00:01.000Z,1,1
2024-05-01T10:00:01.000Z,2024-05-01T10:00:03.000Z,2,2
2024-05-01T10:00:01.000Z,2024-05-01T10:00:04.000Z,3,3'
}

@test "rows of other tools have the last instant of their window" {
	seconds 0 59 '"bytes":1' > in
	run_ok flowagg -w 30s -a 'bytes=sum(byt)' in
	has 10:00:30
	same "$(flowagg -w 10s -a 'bytes=sum(byt)' in |
		flowagg -w 30s -a 'bytes=sum(byt)')"
	same "$(flowagg -w 10s -a 'bytes=sum(byt)' in |
		flowagg -w 30s -t window_end -a 'bytes=sum(byt)')"
}

@test "-t: another field for the time" {
	run_ok flowagg -w 10s -t ts -a 'n=count()' <<< \
		'{"date_first_seen":5,"date_last_seen":15}'
	has 1970-01-01T00:00:00.000Z
	run_ok flowagg -w 10s -t when -a 'n=count()' <<< '{"when":25}'
	has '"window_start":"1970-01-01T00:00:20.000Z"'
	run_ok flowagg -w 10s -t a.b -a 'n=count()' <<< '{"a":{"b":35}}'
	has '"window_start":"1970-01-01T00:00:30.000Z"'
}

# ---- nothing is lost ----

@test "records without a time, or with a bad one, are rejected" {
	local spec

	cat > in <<- 'END'
		{"date_last_seen":"2024-05-01T10:00:00Z","bytes":1}
		{"bytes":2}
		{"date_last_seen":"yesterday","bytes":3}
		{"date_last_seen":null,"bytes":4}
		{"date_last_seen":"2024-05-01T10:00:01Z","bytes":"x"}
		[1]
		{"date_last_seen":"2024-05-01T10:00:02Z","bytes":6}
	END
	for spec in 10s 10s/5s session:10s count:10; do
		both flowagg -w $spec -a 'n=count(), b=sum(byt)' --stats=json \
			--rejects rejects -f tsv in
		same 1 "$status"
		has 'in:2: date_last_seen: ' "$stderr"
		has 'in:3: date_last_seen: ' "$stderr"
		same "$(sed -n 2,6p in)" "$(< rejects)"
		printf '%s\n' "$output" > table
		printf '%s\n' "$stderr" > stats
		same '5 2 0' "$(stat rejected) $(stat selected) $(stat late)"
		same $'2\t7' "$(tail -n 1 table | cut -f 3-)"
		[[ $spec == */* ]] || all_in table
	done
	# What --where leaves out needs none.
	both flowagg -w 10s -a 'n=count()' --where 'bytes > 5' in
	[[ $stderr != *date_last_seen* ]] || report
}

@test "a window with nothing but a bad record is no window" {
	{
		seconds 0 0 '"bytes":1'
		seconds 30 30 '"bytes":"x"'
		seconds 59 59 '"bytes":1'
	} > in
	both flowagg -w 10s -a 'n=count(), sum(byt)' -f csv in
	same 'window_start,window_end,n,byt_sum
2024-05-01T10:00:00.000Z,2024-05-01T10:00:10.000Z,1,1
2024-05-01T10:00:50.000Z,2024-05-01T10:01:00.000Z,1,1'
}

# late_ones SIZE SLIDE LATENESS: in ms; by the definition.  A window with a
# record has been emitted once the latest time less the lateness is not before
# its end, with all that end before; the first window of a record must not be.
late_ones() {
	by_time | awk -F '\t' -v size="$1" -v slide="$2" -v late="$3" '
		function emit(mark, end) {
			for (end in open)
				if (end + 0 <= mark) {
					if (end + 0 > emitted)
						emitted = end + 0
					delete open[end]
				}
		}
		{
			if ($1 > max) {
				max = $1
				# One time alone might be that of a broken clock.
				if (NR > 1)
					emit(max - late)
			}
			first = ($1 - size) - ($1 - size) % slide + slide
			if (first + size <= emitted) {
				print $2
				next
			}
			for (; first <= $1; first += slide)
				open[first + size]
		}'
}

# needed: the lateness that would have caught them all, by what was said.
needed() {
	sed -n 's/.*: -l \([0-9]*s\) would have .*/\1/p' stats
}

# loses SPEC SIZE SLIDE LATENESS COMMAND..
loses() {
	run_err 1 "${@:5}" -w "$1" -l "$4ms" --late late --stats=json \
		-f tsv flows
	printf '%s\n' "$output" > table
	printf '%s\n' "$stderr" > stats
	late_ones "$2" "$3" "$4" > wanted
	cmp wanted late
	[[ -s late ]]
	same "$(wc -l < late)" "$(stat late)"
	same 0 "$(stat rejected)"
	has "${5##*/}: $(wc -l < late) records came too late for their windows: -l " \
		"$stderr"
	run_ok "${@:5}" -w "$1" -l "$(needed)" flows
}

# Before the gap.
@test "late records: counted, told, written, and these only" {
	local late

	head -n $((n / 2)) "$BATS_FILE_TMPDIR/flows" > flows
	head -n $((n / 2)) "$BATS_FILE_TMPDIR/rows" > rows
	for late in 0 500 10000; do
		loses 1s 1000 1000 $late flowagg -k sa -a 'n=count()'
		all_in table
		loses 10s 10000 10000 $late flowagg -k sa -a 'n=count()'
		all_in table
		loses 30s/10s 30000 10000 $late flowagg -k sa -a 'n=count()'
		same "$((3 * ($(stat selected) - $(stat late))))" \
			"$(sum_of n table)"
		loses 10s/7s 10000 7000 $late flowagg -a 'n=count()'
	done
	late=1000
	loses 10s 10000 10000 $late flowtopn -k sa -a 'n=count()' -b n -n 0
	loses 2s 2000 2000 $late flowtopn -k sa -k da -n 1
}

# late_sessions GAP MAX LATENESS KEYS: in seconds.  Whatever came late, a session begins
# with its first record, and ends GAP behind its last one or after MAX.
late_sessions() {
	both flowagg -w "session:$1s/$2s" -l "$3s" -k "$4" --late late -f tsv \
		-a 'a=min(te), b=max(te), n=count()' --stats=json flows
	same 1 "$status"
	printf '%s\n' "$output" > table
	printf '%s\n' "$stderr" > stats
	all_in table
	[[ -s late ]]
	same "$(wc -l < late)" "$(stat late)"
	sort late | comm -23 - <(sort flows) > wrong
	same '' "$(< wrong)"
	tail -n +2 table | awk -F '\t' -v gap="$1" -v max="$2" '
		function ms(t, s) {
			s = substr(t, 12, 2) * 3600 + substr(t, 15, 2) * 60
			return s * 1000 + substr(t, 18, 2) * 1000 + substr(t, 21, 3)
		}
		{
			first = ms($(NF - 2))
			last = ms($(NF - 1))
			end = last + gap * 1000
			if (end > first + max * 1000)
				end = first + max * 1000
			if (ms($1) != first || ms($2) != end || last >= end)
				print
		}' > wrong
	same '' "$(< wrong)"
	run_ok flowagg -w "session:$1s/$2s" -l "$(needed)" -k "$4" flows
}

@test "late records of sessions" {
	late_sessions 2 100000 0 sa
	late_sessions 10 100000 0 sa
	late_sessions 1 100000 5 ''
}

@test "late records of sessions of a greatest length" {
	late_sessions 10 20 0 ''
	late_sessions 10 20 5 sa
	late_sessions 10 30 0 pr
	late_sessions 5 60 5 pr
}

@test "what --where leaves out is not late" {
	head -n $((n / 2)) "$BATS_FILE_TMPDIR/flows" > flows
	both flowagg -w 1s -l 0 -a 'n=count()' --late late --stats=json \
		--where 'proto 1' -f tsv flows
	printf '%s\n' "$output" > table
	printf '%s\n' "$stderr" > stats
	all_in table
	same "$(grep -c '"protocol":1,' flows)" "$(stat selected)"
	same 0 "$(grep -vc '"protocol":1,' late)"
}

# late_of OPTION..: how many are late.
late_of() {
	both flowagg -w 1s -a 'n=count()' --stats=json "$@"
	tail -n 1 <<< "$stderr" | jq .late
}

@test "lateness: an hour for files, a minute for streams" {
	{
		seconds 0 1
		record 2024-05-01T11:00:00.999Z
		seconds 0 0
	} > in
	same 0 "$(late_of in)"
	same 0 "$(late_of < in)"
	same 0 "$(late_of - < in)"
	gzip -k in
	same 0 "$(late_of in.gz)"
	sed s/11:00:00.999/11:00:01/ in > later
	same 1 "$(late_of later)"
	same 1 "$(late_of < later)"
	gzip later
	same 1 "$(late_of later.gz)"
	same 0 "$(late_of < <(seconds 0 60; seconds 0 0))"
	same 1 "$(late_of < <(seconds 0 61; seconds 0 0))"
	same 0 "$(late_of <(seconds 0 60; seconds 0 0))"
	same 1 "$(late_of <(seconds 0 61; seconds 0 0))"
	same 0 "$(late_of -l 2m < <(seconds 0 121; seconds 2 2))"
	same 1 "$(late_of -l 2m < <(seconds 0 121; seconds 0 0))"
	# What is late is no longer late with the lateness that is named.
	run_err 1 flowagg -w 1s -a 'n=count()' < <(seconds 0 120; seconds 50 70)
	same 'flowagg: 10 records came too late for their windows: -l 70s would have caught them all' \
		"$stderr"
	run_ok flowagg -w 1s -l 70s -a 'n=count()' < <(
		seconds 0 120; seconds 50 70)
	run_err 1 flowagg -w 1s -l 69s -a 'n=count()' < <(
		seconds 0 120; seconds 50 70)
	has 'flowagg: 1 record came too late' "$stderr"
}

# ---- broken clocks ----

# beside LINE [OPTION..]: the rows of flows are not changed by this record
# between others, and it has rows of its own.
beside() {
	local form words at

	# Rows of one record, too.
	for form in "${forms[@]/--having*/}"; do
		read -ra words <<< "$form"
		"${words[@]}" -l $lateness flows > wanted
		for at in 1 2 17 100; do
			sed "${at}i $1" flows > broken
			run_ok "${words[@]}" -l $lateness broken
			grep -v "\"window_start\":\"${1:19:4}-" <<< "$output" |
				cmp wanted
			(($(wc -l <<< "$output") > $(wc -l < wanted)))
		done
	done
}

@test "a clock ten years ahead costs nothing but its own window" {
	beside '{"date_last_seen":"2034-05-01T00:00:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.1","dst_port":80,"protocol":6,"bytes":1}'
}

@test "a broken clock in the first record of an operand costs nothing" {
	record 2034-05-01T00:00:00Z > broken
	awk '{ print > "part" NR % 2 }' flows
	cat part1 >> broken
	run_ok flowagg -w 10s -l $lateness -a 'n=count()' broken part0
	same "$n" "$(grep -v 2034 <<< "$output" | jq -s 'map(.n) | add')"
	same "$output" "$(flowagg -w 10s -l $lateness -a 'n=count()' part0 broken)"
}

@test "a clock ten years behind, in the first record, costs nothing" {
	{
		record 2014-05-01T00:00:00Z
		cat flows
	} > broken
	run_ok flowagg -w 10s -l $lateness -a 'n=count()' broken
	same "$(flowagg -w 10s -l $lateness -a 'n=count()' flows)" \
		"$(tail -n +2 <<< "$output")"
}

# moves LATE FUTURE: after 20 s of records and those in the file ahead, is a
# record of the last of these windows late?
moves() {
	both flowagg -w 10s -l 0 -a 'n=count()' --stats=json \
		"${@:2}" < <(seconds 0 19; cat ahead; seconds 18 18)
	same "$1" "$(tail -n 1 <<< "$stderr" | jq .late)"
}

@test "sixteen records in a row are no broken clock" {
	yes "$(record 2034-05-01T00:00:00Z)" | head -n 16 > many
	head -n 15 many > ahead
	moves 0
	cp many ahead
	moves 1
	# In a row.
	{
		head -n 15 many
		seconds 19 19
		head -n 15 many
	} > ahead
	moves 0
	{
		head -n 15 many
		seconds 19 19
		cat many
	} > ahead
	moves 1
	# Each after its own fashion: the least is believed, and 2035 still open.
	local i
	for i in {30..45} 35; do
		record 20$i-05-01T00:00:00Z
	done > ahead
	moves 1
}

@test "--max-future: what is believed at once" {
	record 2024-05-01T10:59:00Z > ahead
	moves 1
	record 2024-05-01T11:01:00Z > ahead
	moves 0
	moves 1 --max-future 2h
	record 2024-05-01T10:01:00Z > ahead
	moves 0 --max-future 30s
	moves 1 --max-future 1m
}

@test "a gap of a day is crossed" {
	{
		seconds 0 19
		seconds 0 19 | sed 's/05-01/05-02/'
		seconds 18 18
	} > in
	run_err 1 flowagg -w 10s -l 0 -a 'n=count()' in --stats=json
	same '10 10 10 10' "$(jq .n <<< "$output" | paste -sd ' ')"
	same '41 1 4' "$(tail -n 1 <<< "$stderr" |
		jq -r '"\(.selected) \(.late) \(.windows)"')"
	# With a window before the gap that is still open.
	run_ok flowagg -w 1d/12h -l 1d -a 'n=count()' in
	same '21 21 20 20' "$(jq .n <<< "$output" | paste -sd ' ')"
}

# ---- sketches ----

# Each value once, ascending with time: quantiles are known.
ascending() {
	awk -v n="$1" -v ms="$2" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"date_last_seen\":%.3f,\"x\":%d}\n",
				1714564800 + int(i * ms / n) / 1000, i + 1
	}'
}

# estimates WINDOWS: rows with n, from, d, p50, p90, p99: the x are from,
# from + 1 .. from + n - 1; 3.5 standard deviations; 1 percent.
estimates() {
	printf '%s\n' "$output" > estimates
	same "$1" "$(wc -l < estimates)"
	jq -es 'def off($want): (. / $want - 1) | fabs;
		all(.[];
			. as {$n, $from} |
			def value($p): $from + ($p * ($n - 1) | floor);
			(.d | off($n)) <= 3.5 * 1.04 / 128 and
			(.p50 | off(value(0.50))) <= 0.01 and
			(.p90 | off(value(0.90))) <= 0.01 and
			(.p99 | off(value(0.99))) <= 0.01)' estimates
}

@test "sketches of a million values are within their errors" {
	local many=1000000
	local list='n=count(),from=min(.x),d=distinct(.x),p50(.x),p90(.x),p99(.x)'

	[[ $B != *san* ]] || many=20000
	list=$(sed 's/p\([0-9]*\)(.x)/p\1=&/g' <<< "$list")
	ascending $many 20000 > values
	run_ok flowagg -w 1d -a "$list" values
	same $many "$(jq .n <<< "$output")"
	estimates 1
	run_ok flowagg -w 10s -a "$list" values
	estimates 2
	run_ok flowagg -w 10s/2s -a "$list" values
	estimates 14
	run_ok flowagg -w session:1s -a "$list" values
	same $many "$(jq .n <<< "$output")"
	estimates 1
}

# ---- long sessions ----

@test "a record of a long session costs no more than one of a short one" {
	local many=100000 spec

	[[ $B != *san* ]] || many=2000
	awk -v n=$many 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"date_last_seen\":%.3f}\n",
				1714564800 + i / 100
	}' > in
	for spec in session:30s session:30s/1h; do
		run_ok timeout 5 flowagg -w $spec -a 'n=count()' -l 1m in
		same $many "$(jq .n <<< "$output")"
	done
}

# ---- calendars ----

# hours FROM TO: a record in the middle of each hour, of UTC.
hours() {
	awk -v from="$(date -d "$1" +%s)" -v to="$(date -d "$2" +%s)" 'BEGIN {
		for (t = from; t < to; t += 3600)
			printf "{\"date_last_seen\":%d}\n", t + 1800
	}'
}

@test "--align: days of 23, 24 and 25 hours" {
	run_ok flowagg -w 1d --align Europe/Prague -a 'n=count()' -f csv \
		< <(hours 2024-03-29T23:00Z 2024-04-01T22:00Z)
	same 'window_start,window_end,n
2024-03-29T23:00:00.000Z,2024-03-30T23:00:00.000Z,24
2024-03-30T23:00:00.000Z,2024-03-31T22:00:00.000Z,23
2024-03-31T22:00:00.000Z,2024-04-01T22:00:00.000Z,24'
	run_ok flowagg -w 1d --align Europe/Prague -a 'n=count()' -f csv \
		< <(hours 2024-10-25T22:00Z 2024-10-28T23:00Z)
	same 'window_start,window_end,n
2024-10-25T22:00:00.000Z,2024-10-26T22:00:00.000Z,24
2024-10-26T22:00:00.000Z,2024-10-27T23:00:00.000Z,25
2024-10-27T23:00:00.000Z,2024-10-28T23:00:00.000Z,24'
}

@test "--align: each day of two years, as date(1) has them" {
	local d

	for ((d = 0; d <= 731; d++)); do
		printf '2023-01-01 + %d days\n' $d
	done | TZ=Europe/Prague date -f - +%s | awk '
		NR > 1 { print last "\t" $1 "\t" ($1 - last) / 3600 }
		{ last = $1 }' > theirs
	flowagg -w 1d --align Europe/Prague -a 'n=count()' -f tsv < <(
		hours 2022-12-31T23:00Z 2024-12-31T23:00Z) | tail -n +2 |
		awk -F '\t' '{ print $1 "\n" $2 }' | date -f - +%s |
		paste - - > bounds
	flowagg -w 1d --align Europe/Prague -a 'n=count()' < <(
		hours 2022-12-31T23:00Z 2024-12-31T23:00Z) | jq .n |
		paste bounds - | diff theirs -
}

@test "--align: sliding days" {
	run_ok flowagg -w 2d/1d --align Europe/Prague -a 'n=count()' -f csv \
		< <(hours 2024-10-26T22:00Z 2024-10-28T23:00Z)
	same 'window_start,window_end,n
2024-10-25T22:00:00.000Z,2024-10-27T23:00:00.000Z,25
2024-10-26T22:00:00.000Z,2024-10-28T23:00:00.000Z,49
2024-10-27T23:00:00.000Z,2024-10-29T23:00:00.000Z,24'
}

@test "--align: hours of a zone with minutes" {
	run_ok flowagg -w 1h --align Asia/Kathmandu -a 'n=count()' -f csv < <(
		record 2024-05-01T10:14:59.999Z
		record 2024-05-01T10:15:00Z)
	same 'window_start,window_end,n
2024-05-01T09:15:00.000Z,2024-05-01T10:15:00.000Z,1
2024-05-01T10:15:00.000Z,2024-05-01T11:15:00.000Z,1'
	run_ok flowagg -w 1h -a 'n=count()' -f csv < <(
		record 2024-05-01T10:14:59.999Z)
	has 2024-05-01T10:00:00.000Z,2024-05-01T11:00:00.000Z,1
	# The same windows as the zone's by its offset.
	hours 2024-03-29T23:00Z 2024-04-02T22:00Z > in
	run_ok flowagg -w 1d --align +05:45 in
	has T18:15:00.000Z
	same "$(flowagg -w 1d --align Asia/Kathmandu in)"
}

@test "--align: weeks begin on Monday" {
	record 2024-05-05T21:59:59Z > in
	record 2024-05-05T22:00:00Z >> in
	run_ok flowagg -w 1w --align Europe/Prague -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-04-28T22:00:00.000Z,2024-05-05T22:00:00.000Z,1
2024-05-05T22:00:00.000Z,2024-05-12T22:00:00.000Z,1'
	run_ok flowagg -w 1w --align UTC -a 'n=count()' -f csv in
	same 'window_start,window_end,n
2024-04-29T00:00:00.000Z,2024-05-06T00:00:00.000Z,2'
	# Weeks of the epoch begin as it did.
	run_ok flowagg -w 1w -a 'n=count()' -f csv in
	has 2024-05-02T00:00:00.000Z,2024-05-09T00:00:00.000Z,2
}

@test "--align: each record is within its window when clocks are set back" {
	local spec

	# 2024-10-26T20:20Z to 05:00Z, where 01:00Z is the time to set back.
	awk 'BEGIN {
		for (t = 1729974000; t < 1730005200; t += 240)
			printf "{\"date_last_seen\":%d}\n", t + t % 7
	}' > in
	for spec in 30m 1h 2h 3h 45m 90m 7m 5h; do
		run_ok flowagg -w $spec -l 1h --align Europe/Prague in -f csv \
			-a 'n=count(), a=min(te), b=max(te)'
		same 130 "$(tail -n +2 <<< "$output" |
			awk -F , '{ n += $3 } END { print n }')"
		# In order, without a gap or a record outside.
		tail -n +2 <<< "$output" | awk -F , '
			$4 < $1 || $5 >= $2 || NR > 1 && $1 != last
			{ last = $2 }' > wrong
		same '' "$(< wrong)"
		tac in | flowagg -w $spec -l 1d --align Europe/Prague -f csv \
			-a 'n=count(), a=min(te), b=max(te)' |
			cmp - <(printf '%s\n' "$output")
	done
}

# ---- the end of the input ----

# Its row tells that it has read what came behind, too.
@test "SIGTERM writes the windows that are open" {
	local form pid i

	for form in 'flowagg -w 10m' 'flowagg -w 10m/5m' \
		'flowagg -w session:10m' 'flowtopn -w 10m/2m -k pr' \
		'flowagg -w count:2'; do
		mkfifo in
		# shellcheck disable=SC2086 # words
		${form/ / -l 0 } < in > out 2> err 3>&- &
		pid=$!
		exec 7> in
		{
			seconds 0 1 '"bytes":1'
			seconds 3000 3002 '"bytes":1'
		} > records
		cat records >&7
		for ((i = 0; i < 1000; i++)); do
			[[ ! -s out ]] || break
			sleep 0.01
		done
		has '"bytes":2' "$(head -n 1 out)"
		[[ $form != *10m* || $(< out) != *T10:50:0* ]]
		kill -TERM $pid
		wait $pid
		exec 7>&-
		same '' "$(< err)"
		case $form in
		*count*) has '"bytes":1' "$(tail -n 1 out)" ;;
		*) has '"bytes":3' "$(tail -n 1 out)" ;;
		esac
		rm in out
	done
}

# It is input that was not read, like all behind it.
@test "SIGTERM in the middle of a line: that is no bad record" {
	local pid i

	mkfifo in
	flowagg -w 10s -l 0 -a 'n=count()' --rejects rejects < in > out 2> err 3>&- &
	pid=$!
	exec 7> in
	{
		seconds 0 20
		printf '{"date_last_seen":"20'
	} > records
	cat records >&7
	for ((i = 0; i < 1000; i++)); do
		[[ ! -s out ]] || break
		sleep 0.01
	done
	kill -TERM $pid
	wait $pid
	exec 7>&-
	same '10 10 1' "$(jq .n out | paste -sd ' ')"
	same '' "$(cat err rejects)"
}

# ---- errors ----

# refuses MESSAGE OPTION..
refuses() {
	run_err 2 flowagg "${@:2}" flows
	same '' && has "flowagg: $1" "${stderr:-}"
}

@test "windows that are refused" {
	refuses '-w 10s/20s: the slide is longer than the window' -w 10s/20s
	refuses '-w count:10/20: the slide is longer than the window' \
		-w count:10/20
	refuses '-w x: ' -w x
	refuses '-w : ' -w ''
	refuses '-w 0s: must be positive' -w 0s
	refuses '-w -5m: ' -w -5m
	refuses '-w 5m/: ' -w 5m/
	refuses '-w 5m/0s: must be positive' -w 5m/0s
	refuses '-w 5m/1m/10s: ' -w 5m/1m/10s
	refuses '-w 5 apples: ' -w '5 apples'
	refuses '-w session:: ' -w session:
	refuses '-w session:0s: must be positive' -w session:0s
	refuses '-w session:5s/0s: must be positive' -w session:5s/0s
	refuses '-w sessions:5s: ' -w sessions:5s
	refuses '-w count:0: must be positive' -w count:0
	refuses '-w count:1.5: ' -w count:1.5
	refuses '-w count:5s: ' -w count:5s
	refuses '-w 1d/1us: too many slides in a window' -w 1d/1us
}

@test "zones and times that are refused" {
	refuses '' -w 1d --align Nowhere/Land
	has '--align Nowhere/Land: there is no such time zone' "$stderr"
	refuses '' -w session:5s --align UTC
	has 'only windows of a length are aligned' "$stderr"
	refuses '' -w count:5 --align UTC
	refuses '' --align UTC
	has 'go with -w' "$stderr"
	refuses '-l x: ' -w 5m -l x
	refuses '-l -5s: ' -w 5m -l -5s
	refuses '--idle soon: ' -w 5m --idle soon
	refuses '--max-future x: ' -w 5m --max-future x
}

@test "flowtopn ranks neither sessions nor, by --approx, what slides" {
	run_err 2 flowtopn -w session:5s -k sa flows
	has 'flowtopn: -w session: ' "$stderr"
	run_err 2 flowtopn -w 10s/5s --approx 10 -k sa flows
	has '--approx' "$stderr"
}

@test "flowtopn --approx: tumbling windows, exact with counters enough" {
	flowtopn -w 1m -k sa -b bytes -a 'bytes=sum(byt)' --others -f csv \
		-l $lateness flows | cut -d , -f 1-7 > exact
	flowtopn -w 1m -k sa -b bytes --approx 1000 --others -f csv \
		-l $lateness flows | cut -d , -f 1-7 | cmp exact -
}

@test "count: records without a time are not counted" {
	local tool

	awk 'BEGIN {
		for (i = 0; i < 40; i++) {
			printf "{\"date_last_seen\":\"2024-05-01T00:00:%02dZ\"}\n", i
			if (i % 4 == 0)
				print "{\"bytes\":1}"
		}
	}' > some
	for tool in flowagg flowwin; do
		run_err 1 "$tool" -w count:10 -a 'n=count()' some
		same '10 10 10 10' "$(jq .n <<< "$output" | xargs)"
	done
	run_err 1 flowtopn -k exists\(bytes\) -b flows -w count:10 some
	same '10 10 10 10' "$(jq .flows <<< "$output" | xargs)"
}

# Sums alone are whole numbers in logs of panes, see libcommon/livesums.h; with
# count() they are states as of all other aggregates.
without_c() {
	sed 's/,"c":[0-9]*//'
}

@test "sliding sums of what fits into logs, and of what does not" {
	local keys sums='a=sum(x),m=avg(x),k=count(),b=sum(byt)' order windows
	local slow='c=count() if dst_port >= 0' # a group with states in each pane

	awk -v n=$((8 * n)) 'BEGIN {
		srand(5)
		split("1 0 4294967295 4294967296 1.5 0.000000001 " \
			"9000000000000000000 18446744073709551615 1e3", odd, " ")
		for (i = 0; i < n; i++) {
			t = 1714521600 + i / 20 - int(rand() * 30)
			host = int(rand() * rand() * 60)
			printf "{\"date_last_seen\":%d", t
			if (rand() < .95)
				printf ",\"src_ip_addr\":\"10.0.0.%d\"", host
			if (rand() < .9 || host % 3)
				printf ",\"x\":%s", rand() < .1 && host % 3 == 0 ? \
					odd[1 + int(rand() * 9)] : int(rand() * 2000)
			printf ",\"dst_port\":%d,\"bytes\":%d}\n", rand() * 3, i
		}
	}' > odd
	for keys in sa dp 'sa,dp' "n='$(printf '%080d' 0)'"; do
		for order in a a:a m b k 'b,m' ''; do
			flowagg -k "$keys" -a "$sums" ${order:+-b "$order"} \
				-w 30s/5s -l 40s odd > narrow
			flowagg -k "$keys" -a "$sums,$slow" \
				${order:+-b "$order"} -w 30s/5s -l 40s odd |
				without_c | cmp - narrow
			# Of one group a row a window, of others many.
			windows=$(jq -r .window_end narrow | sort -u | wc -l)
			((windows >= 8 * n / 20 / 5))
			[[ $keys == n=* ]] ||
				(($(wc -l < narrow) > 2 * windows))
		done
		flowagg -k "$keys" -a "$sums" -w 30s/5s --having 'm > 900' odd \
			> narrow
		flowagg -k "$keys" -a "$sums,$slow" -w 30s/5s \
			--having 'm > 900' odd | without_c |
			cmp - narrow
	done
	flowagg -k sa -a 'k=count(),b=sum(byt)' -w 30s/5s odd > narrow
	flowagg -k sa -a "k=count(),b=sum(byt),$slow" -w 30s/5s odd | without_c |
		cmp - narrow
	flowtopn -k sa -k dp -b a -a a=sum\(x\) -n 4 --others -w 30s/5s odd > narrow
	flowtopn -k sa -k dp -b a -a "a=sum(x),$slow" -n 4 --others \
		-w 30s/5s odd | without_c | cmp - narrow
	flowtopn --group dp -k sa -b a -a a=sum\(x\) -n 4 --others -w 30s/5s odd \
		> narrow
	flowtopn --group dp -k sa -b a -a "a=sum(x),$slow" -n 4 --others \
		-w 30s/5s odd | without_c | cmp - narrow
}
