#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowagg --partial and --merge, --alert and --update, and --spread.

# shellcheck disable=SC2154 # bats sets them

load common
load windows

list='n=count(),s=sum(byt),avg(td),min(te),ma=max(byt),f=first(da),l=last(byt)'
list+=',ds=distinct(da),p=p90(byt),set=set(dp),t=top(da),b=bits(flags)'
list+=',e=entropy(dp),d=stddev(td),r=sum(byt)/count(),big=sum(byt) if byt > 1000'

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	window_flows 400 7
}

# partials PARTS OPTION..: the flows in so many parts, each by a process of its
# own, the parts in any order; then merged.
partials() {
	local parts=$1 p

	shift
	split -n "r/$parts" flows part.
	for p in part.*; do
		flowagg --partial "$@" "$p" || return
	done | shuf > partials
	rm part.*
	flowagg --merge "$@" partials
}

@test "--partial and --merge give what one process gives, byte for byte" {
	local window keys parts

	for window in '' '-w 10s' '-w 1m/10s' '-w 25s/10s' '-w session:20s' \
		'-w 1h --align Asia/Kathmandu'; do
		for keys in '' '-k sa' '-k sa,dp,net=prefix(da,24,64)'; do
			# shellcheck disable=SC2086 # options, split at blanks
			flowagg $window $keys -a "$list" flows > wanted
			[[ -s wanted ]]
			for parts in 1 3; do
				# shellcheck disable=SC2086
				run_ok partials $parts $window $keys -a "$list"
				same "$(< wanted)"
			done
		done
	done
}

@test "--merge asks partial rows for no members" {
	printf '{"rack":%d}\n' 1 2 1 > in
	run_ok flowagg -k .rack -a 'n=distinct(.rack)' --partial -o p in
	run_ok flowagg -k .rack -a 'n=distinct(.rack)' --merge p
	same '{"rack":1,"n":1}
{"rack":2,"n":1}'
}

@test "--merge does what comes behind: --having, -b, -n, -f" {
	run_ok partials 3 -w 1m -k sa -a "$list"
	local rest=(--having 'n > 3' -b s -n 2 -f csv)

	run_ok flowagg --merge -w 1m -k sa -a "$list" "${rest[@]}" partials
	same "$(flowagg -w 1m -k sa -a "$list" "${rest[@]}" -l 1d flows)"
}

@test "partials of whole windows make longer ones" {
	flowagg --partial -w 10s -k sa -l 1d flows > partials
	run_ok flowagg --merge -w 1m -k sa partials
	same "$(flowagg -w 1m -k sa -l 1d flows)"
	# Of one that lies across a boundary it is not known what to do.
	run_err 1 flowagg --merge -w 25s -k sa partials
	has 'a partial of other windows' "$stderr"
}

@test "what is no partial, or one of something else, is rejected" {
	flowagg --partial -k sa flows > partials
	run_err 1 flowagg --merge -k da partials
	has 'a partial of other -k, -a or -w' "$stderr"
	run_err 1 flowagg --merge -k sa -a 'n=count()' partials
	run_err 1 flowagg --merge -k sa -w 1m partials
	run_err 1 flowagg --merge -k sa flows
	has 'not a partial row' "$stderr"
	sed 's/:\([0-9]*\)"\]}$/:x\1"]}/' partials > damaged
	run_err 1 flowagg --merge -k sa damaged
	has 'a damaged partial' "$stderr"
	sed 's/\["1",/["2",/' partials > newer
	run_err 1 flowagg --merge -k sa newer
	has 'a partial of another version' "$stderr"
}

@test "each cut partial is rejected, and the others count" {
	flowagg --partial flows > partials
	local row at

	row=$(< partials)
	for ((at = 12; at < ${#row} - 2; at += 7)); do
		printf '%s\n' "${row:0:at}"
	done > 'cut'
	both flowagg --merge --stats=json cut partials
	same 1 "$status"
	same "$(flowagg flows)"
}

@test "options that partials do not go with" {
	run_err 2 flowagg --partial --having 'flows > 1' flows
	run_err 2 flowagg --partial -n 1 flows
	run_err 2 flowagg --partial -f csv flows
	run_err 2 flowagg --partial --merge flows
	run_err 2 flowagg --partial -w count:10 flows
	run_err 2 flowagg --partial -w session:10s/1m flows
	run_err 2 flowagg --merge --spread -w 1m flows
	run_err 2 flowagg --merge --where any flows
	has '--where goes with --partial, not with --merge' "$stderr"
}

# ---- alerts ----

# A record each half second for 50 s; from 10 s to 25 s three more of a scanner.
scan_flows() {
	awk 'BEGIN {
		for (i = 0; i < 100; i++) {
			t = 1437242850 + i / 2
			printf "{\"date_last_seen\":%.1f,\"src_ip_addr\":" \
				"\"10.0.0.1\",\"bytes\":100}\n", t
			for (k = 0; i >= 20 && i < 50 && k < 3; k++)
				printf "{\"date_last_seen\":%.1f," \
					"\"src_ip_addr\":\"10.0.0.2\"," \
					"\"dst_port\":%d,\"bytes\":7}\n", t, i
		}
	}' > flows
}

# alert_rows OPTION..: state, start, end and flows of each row.
alert_rows() {
	flowagg -k sa -a 'flows=count(),b=sum(byt),ports=distinct(dp)' \
		--alert scan "$@" flows |
		jq -r '[.alert_state, .window_start[14:19], .window_end[14:19],
			.flows, .b, .ports, .src_ip_addr] | map(tostring) |
			join(" ")'
}

@test "--alert: begins, goes on, ends, with exact totals" {
	scan_flows
	run_ok alert_rows -w 5s --having 'flows > 25'
	same 'begin 07:40 07:45 30 210 10 10.0.0.2
update 07:40 07:50 60 420 20 10.0.0.2
update 07:40 07:55 90 630 30 10.0.0.2
end 07:40 07:55 90 630 30 10.0.0.2'
}

@test "--alert: windows that overlap count no record twice" {
	local start end flows bytes ports

	scan_flows
	run_ok alert_rows -w 5s/1s --having 'flows > 25'
	same 'end 07:40 07:55 90 630 30 10.0.0.2' "${lines[-1]}"
	same 12 "${#lines[@]}"
	# Each row against the records between its bounds.
	while read -r _ start end flows bytes ports _; do
		same "$flows $bytes $ports" "$(flowagg -f tsv \
			-a 'f=count(),b=sum(byt),p=distinct(dp)' --where \
			"sa 10.0.0.2 and te >= '2015-07-18T18:$start' and \
			te < '2015-07-18T18:$end'" flows |
			tail -n 1 | tr '\t' ' ')"
	done <<< "$output"
}

@test "--alert: no name, and columns that rows have already" {
	local tool

	for tool in 'flowagg --having n>1' flowtopn; do
		# shellcheck disable=SC2086 # options
		run_err 2 $tool -k sa -a 'n=count()' -w 5s --alert '' /dev/null
		[[ $stderr == *'--alert: a name is expected'* ]]
	done
	run_err 2 flowagg -k sa -a 'alert=count()' -w 5s --having 'alert > 1' \
		--alert scan /dev/null
	[[ $stderr == *"two columns are called 'alert'"* ]]
	run_err 2 flowtopn -k sa -a 'alert_id=count()' -b alert_id -w 5s \
		--alert scan /dev/null
	[[ $stderr == *"two columns are called 'alert_id'"* ]]
	run_err 2 flowtopn -k sa -a 'rank=count()' -b rank /dev/null
	[[ $stderr == *"two columns are called 'rank'"* ]]
	run_err 2 flowwin -w 5s -a 'window_start=count()' /dev/null
	[[ $stderr == *"two columns are called 'window_start'"* ]]
}

@test "--update, --align: a day of 23 hours is a day" {
	local day

	for day in 0 1 2 3 4; do
		echo "{\"date_last_seen\":$((1711620000 + day * 86400))}"
	done > in
	run_ok flowagg -w 1d --align Europe/Prague -a 'n=count()' \
		--having 'n > 0' --alert x --update 1d in
	same 'begin update update update update end' \
		"$(jq -r .alert_state <<< "$output" | xargs)"
}

@test "--update: a row each so often while an alert lasts" {
	scan_flows
	run_ok alert_rows -w 5s/1s --having 'flows > 25' --update 5s
	same 'begin 07:40 07:45 30
update 07:40 07:50 60
update 07:40 07:55 90
end 07:40 07:55 90' "$(cut -d ' ' -f 1-4 <<< "$output")"
}

@test "an alert that holds at the end of the input ends with it" {
	scan_flows
	run_ok alert_rows -w 10s --having 'flows > 15 and sa = 10.0.0.1'
	same end "$(tail -n 1 <<< "$output" | cut -d ' ' -f 1)"
	same 1 "$(grep -c '^end' <<< "$output")"
}

@test "the id of an alert is the same whenever it is computed" {
	scan_flows
	flowagg -k sa -w 5s --having 'flows > 25' --alert scan flows |
		jq -r .alert_id | sort -u > one
	shuf flows | flowagg -k sa -w 5s --having 'flows > 25' --alert scan \
		-l 1h | jq -r .alert_id | sort -u > two
	same 1 "$(wc -l < one)"
	same "$(< one)" "$(< two)"
}

# Also where the highest byte of a number comes first.
@test "the id of an alert is the same on every machine" {
	printf '%s\n' '{"date_last_seen":"2015-07-18T18:00:01Z",
		"src_ip_addr":"192.0.2.1"}' | tr -d '\n' > one
	run_ok flowagg -k sa -w 1m --having 'flows > 0' --alert x one
	same 0b3bd54598db0206 "$(jq -r .alert_id <<< "$output" | sort -u)"
}

@test "flowtopn --alert: with --min alone, as --having of flowagg" {
	local windows

	scan_flows
	for windows in 5s 5s/1s; do
		flowagg -k sa -w $windows --having 'flows >= 26' --alert scan \
			--update 2s flows > wanted
		grep -q '"end"' wanted
		flowtopn -k sa -b flows -n 0 --min 26 -w $windows --alert scan \
			--update 2s flows | cmp wanted -
		flowtopn -k sa -b flows:a -n 50 --min 26 -w $windows \
			--alert scan --update 2s flows | cmp wanted -
	done
}

@test "flowtopn --alert: keys enter the ranking and leave it" {
	scan_flows
	flowtopn -k sa -b n=count\(\) -a byt=sum\(byt\) -n 1 -w 5s/1s flows |
		jq -r '"\(.window_end) \(.src_ip_addr)"' | sort > ranked
	flowtopn -k sa -b n=count\(\) -a byt=sum\(byt\) -n 1 -w 5s/1s --alert top \
		flows > alerts
	jq -r 'select(.alert_state != "end") |
		"\(.window_end) \(.src_ip_addr)"' alerts | sort | cmp ranked -
	same '10.0.0.1 10.0.0.2 10.0.0.1' "$(jq -r 'select(.alert_state ==
		"end") | .src_ip_addr' alerts | xargs)"
	same 3 "$(jq -r .alert_id alerts | sort -u | wc -l)"
	# An alert tells of all records from its begin to its end.
	jq -c 'select(.alert_state == "end") | [.src_ip_addr, .window_start,
		.window_end, .byt]' alerts | tr -d '[]"' |
		while IFS=, read -r address start end bytes; do
			same "$bytes" "$(flowagg -a 'b=sum(byt)' -f tsv --where \
				"sa $address and te >= '$start' and te < '$end'" \
				flows | tail -n 1)"
		done
}

@test "options that alerts need and do not go with" {
	run_err 2 flowtopn -k sa --alert x flows
	run_err 2 flowtopn -k sa --alert x -w count:5 flows
	run_err 2 flowtopn -k sa --alert x -w 5s --others flows
	run_err 2 flowtopn -k sa --alert x -w 5s --group pr flows
	run_err 2 flowtopn -k sa --alert x -w 5s --approx 5 flows
	run_err 2 flowtopn -k sa -k da --alert x -w 5s flows
	run_err 2 flowtopn -k sa --update 5s -w 5s flows
	run_err 2 flowtopn -k sa --alert x --update soon -w 5s flows
	run_err 2 flowagg --alert x -w 5s flows
	run_err 2 flowagg --alert x --having 'flows > 1' flows
	run_err 2 flowagg --alert x --having 'flows > 1' -w session:5s flows
	run_err 2 flowagg --alert x --having 'flows > 1' -w 5s -n 3 flows
	run_err 2 flowagg --update 5s -w 5s flows
}

# ---- --spread ----

@test "--spread divides in proportion, and totals stay" {
	cat > flows <<- 'F'
		{"date_first_seen":"2015-07-18T18:07:31.500Z","date_last_seen":"2015-07-18T18:07:38.500Z","duration":7.000,"packets":10,"bytes":1001}
		{"date_last_seen":"2015-07-18T18:07:38.500Z","packets":1,"bytes":5}
	F
	run_ok flowagg -w 2s --spread -f tsv \
		-a 'f=sum(flows),n=count(),p=sum(packets),b=sum(bytes),d=sum(td)' \
		flows
	same $'0\t0\t0\t71\t0.5
0\t0\t3\t286\t2
0\t0\t3\t286\t2
0\t0\t3\t286\t2
2\t2\t2\t77\t0.5' "$(tail -n +2 <<< "$output" | cut -f 3-)"
}

@test "--spread: sums of all windows are those of the records" {
	local all='f=sum(flows),p=sum(packets),b=sum(bytes)'
	local window

	flowcat "$(lab nfdump.json)" > sample
	for window in 1s 10s 7s; do
		run_ok flowagg -w $window --spread -a "$all" -l 1d sample
		same "$(flowagg -a "$all" sample)" "$(flowagg \
			-a 'f=sum(f),p=sum(p),b=sum(b)' <<< "$output")"
	done
}

@test "--spread: a flow that ends on a boundary counts once" {
	echo '{"date_first_seen":1437242850,"date_last_seen":1437242855,"bytes":50}' \
		> flows
	run_ok flowagg -w 1s --spread -f tsv -a 'f=sum(flows),b=sum(bytes)' flows
	same $'0\t10
0\t10
0\t10
0\t10
0\t10
1\t0' "$(tail -n +2 <<< "$output" | cut -f 3-)"
}

@test "--spread: counters of any spelling, of hosts too" {
	local bytes

	for bytes in 100 '"100"' 100.0 1e2; do
		echo '{"date_first_seen":"2024-05-01T10:00:05Z",' \
			'"date_last_seen":"2024-05-01T10:00:15Z","flows_rev":1,' \
			'"bytes":'"$bytes"',"bytes_out":10,"duration":"10.5"}' |
			tr -d ' ' > flows
		run_ok flowagg -w 10s --spread -f tsv -a 'b=sum(bytes),
			o=sum(bytes_out),d=sum(duration),r=sum(flows_rev)' flows
		same "50	5	5.25	0
50	5	5.25	1" "$(tail -n +2 <<< "$output" | cut -f 3-)"
	done
}

@test "--spread: where a flow begins must be readable" {
	echo '{"date_first_seen":"x","date_last_seen":"2024-05-01T10:00:15Z"}' \
		> flows
	run_err 1 flowagg -w 10s --spread flows
	has 'date_first_seen: time expected (needed for --spread)' "$stderr"
}

@test "--spread: too many windows, and what it does not go with" {
	echo '{"date_first_seen":0,"date_last_seen":1437242855,"bytes":50}' > flows
	run_err 1 flowagg -w 1s --spread flows
	has 'covers too many windows' "$stderr"
	run_err 2 flowagg --spread flows
	run_err 2 flowagg --spread -w session:5s flows
}
