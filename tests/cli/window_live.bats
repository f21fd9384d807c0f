#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# When rows come: windows of records that come one by one.  Times are of a
# machine that does little else; CI and sanitizers get more.

load common

# Microseconds that a row may take.
limit=50000
[[ -z ${CI:-} && $B != *san* ]] || limit=500000

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# begin COMMAND..: its input is 8, its output 9.
begin() {
	mkfifo to from
	"$@" < to > from 2> err 3>&- &
	pid=$!
	exec 8> to 9< from
}

# end STATUS: of its input, and of it.
end() {
	exec 8>&-
	cat <&9 > rest
	exec 9<&-
	status=0
	wait $pid || status=$?
	[[ $status == "$1" ]] || report "$(< err)"
}

# send MS: a record of this time after 2024-05-01.
send() {
	sent=${EPOCHREALTIME/./}
	printf '{"date_last_seen":%d}\n' $((1714521600000 + $1)) >&8
}

# nothing_yet: there is no row to read.
nothing_yet() {
	! read -r -t 0 -u 9
}

# row: waits for one, in row; its delay in lag.
row() {
	row=
	read -r -t 5 -u 9 row
	now=${EPOCHREALTIME/./}
	lag=$((now - sent))
}

# median LAG..
median() {
	printf '%d\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# A record each 100 ms of the clock, and half a second of event time.
@test "a row is out within 50 ms of the record that closes its window" {
	local i lags=() middle

	begin flowagg -w 1s -l 0 -a 'n=count()'
	for ((i = 0; i <= 40; i++)); do
		nothing_yet
		send $((i * 500))
		if ((i >= 2 && i % 2 == 0)); then
			row
			[[ $row == *"00:00:$(printf %02d $((i / 2))).000Z\",\"n\":2}" ]]
			lags+=("$lag")
		fi
		sleep 0.1
	done
	nothing_yet
	end 0
	same 1 "$(wc -l < rest)"
	same 20 ${#lags[@]}
	middle=$(median "${lags[@]}")
	printf '# median of 20 windows: %d us\n' "$middle"
	((middle < limit))
}

@test "lateness is waited for" {
	begin flowagg -w 1s -l 2s -a 'n=count()'
	send 0
	send 500
	send 1000
	send 2999
	sleep 0.3
	nothing_yet
	send 3000
	row
	has '"window_end":"2024-05-01T00:00:01.000Z","n":2}' "$row"
	((lag < 10 * limit))
	sleep 0.1
	nothing_yet
	end 0
	same '1 1 1' "$(jq .n rest | paste -sd ' ')"
}

@test "a sliding window comes with each slide" {
	local i

	begin flowtopn -w 3s/1s -l 0 -k dp -b flows -a 'flows=count()'
	send 0
	for i in {1..5}; do
		nothing_yet
		send $((i * 1000))
		row
		has "\"window_end\":\"2024-05-01T00:00:0$i.000Z\"" "$row"
		has "\"flows\":$((i < 3 ? i : 3))," "$row"
		((lag < 20 * limit))
	done
	end 0
}

# Each record is of another hour, for windows that have been closed stay so.
@test "--idle: windows are closed within 50 ms of so long a silence" {
	local i lags=() middle

	begin flowagg -w 1h -l 1h --idle 500ms -a 'n=count()' --stats=json
	for i in {0..4}; do
		send $((i * 3600000))
		sleep 0.3
		send $((i * 3600000 + 1))
		row
		has "\"window_start\":\"2024-05-01T0$i:00:00.000Z\"" "$row"
		has '"n":2}' "$row"
		((lag >= 500000))
		lags+=("$lag")
	done
	# One that comes behind is late.
	send 3600000
	end 1
	same '' "$(< rest)"
	has 'flowagg: 1 record came too late for its window: -l 7201s, without --idle, would have caught it' "$(< err)"
	same '10 1' "$(tail -n 1 err | jq -r '"\(.selected - .late) \(.late)"')"
	middle=$(median "${lags[@]}")
	printf '# median of 5 windows: %d us\n' "$middle"
	((middle < 500000 + limit))
}

@test "--idle: sessions too" {
	begin flowagg -w session:1h --idle 500ms -a 'n=count()'
	send 0
	send 1
	row
	has '"window_end":"2024-05-01T01:00:00.001Z","n":2}' "$row"
	((lag >= 500000 && lag < 500000 + 10 * limit))
	# One that would have belonged to it begins another.
	send 1000
	row
	has '"window_start":"2024-05-01T00:00:01.000Z"' "$row"
	end 0
}

# Ten years ahead.
@test "--idle: the window of a broken clock closes no other" {
	begin flowagg -w 1s -l 0 --idle 300ms -a 'n=count()'
	send 0
	send 1
	send 315360000000
	row
	has '"window_start":"2024-05-01T00:00:00.000Z"' "$row"
	sleep 0.5
	send 10000
	send 11000
	row
	[[ $row != *2034* ]] || row
	has '"window_start":"2024-05-01T00:00:10.000Z"' "$row"
	end 0
}

@test "--late: a late record is written before more is waited for" {
	local i

	begin flowagg -w 1s -l 0 -a 'n=count()' --late late
	send 0
	send 1000
	row
	send 500
	for ((i = 0; i < 100; i++)); do
		[[ ! -s late ]] || break
		sleep 0.01
	done
	same '{"date_last_seen":1714521600500}' "$(< late)"
	end 1
}

# Three at once, for it takes a while.
@test "without --idle the clock goes on after 10 s, and closes nothing early" {
	local i waited

	for i in '1s -l 0' '1h -l 0' 1s; do
		mkfifo "$i"
		# shellcheck disable=SC2086 # options
		flowagg -w $i -a 'n=count()' < "$i" > "out $i" 2> err 3>&- &
	done
	exec 6> '1s -l 0' 7> '1h -l 0' 8> 1s
	for i in 6 7 8; do
		printf '{"date_last_seen":%s}\n' 1714521600 1714521600.5 >&$i
	done
	sent=${EPOCHREALTIME/./}
	sleep 9.5
	[[ ! -s 'out 1s -l 0' ]]
	for ((i = 0; i < 300; i++)); do
		[[ ! -s 'out 1s -l 0' ]] || break
		sleep 0.01
	done
	waited=$((${EPOCHREALTIME/./} - sent))
	printf '# %d us\n' $waited
	((waited >= 10000000 && waited < 10000000 + 10 * limit))
	# The window is not over; it is, but lateness has not passed.
	sleep 1
	[[ ! -s 'out 1h -l 0' && ! -s 'out 1s' ]]
	exec 6>&- 7>&- 8>&-
	wait
	same 3 "$(cat 'out '* | grep -c '"n":2}')"
	same '' "$(< err)"
}

@test "-t arrival: a window is out when it is over" {
	local i end lags=() middle

	begin flowagg -w 500ms -t arrival -a 'n=count()'
	for i in {1..5}; do
		send 0
		row
		end=$(jq -r .window_end <<< "$row")
		lag=$((now - $(date -d "$end" +%s%6N)))
		((lag >= 0))
		lags+=("$lag")
	done
	end 0
	middle=$(median "${lags[@]}")
	printf '# median of 5 windows: %d us\n' "$middle"
	((middle < limit))
}
