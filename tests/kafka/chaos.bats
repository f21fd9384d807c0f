#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Members of consumer groups are killed, stopped for a while, join and leave:
# what they write is as if nothing had happened.  The broker goes and comes, too,
# where transactions have no part in it: one that has no others to lead in its
# place loses marks of transactions when it ends (broker marks tells which).
# Then a transaction that was aborted is committed with the next one of its
# producer, or one that was committed is never seen.  See chaos --help.

load ../cli/common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	PIPE4FLOW_BROKER_DIR=$PWD/big/broker
	export PIPE4FLOW_BROKER_DIR
	run "$BATS_TEST_DIRNAME/broker" start
	((status == 0)) || {
		echo "$output"
		# Programs or jars are missing.
		[[ ${CI-} != true && ($status == 2 || $output == *Maven*) ]] ||
			return 1
		skip 'no broker'
	}
}

teardown_file() {
	brokers clean
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || return
}

brokers() {
	local folder

	for folder in "$BATS_FILE_TMPDIR"/*/broker; do
		[[ ! -d $folder ]] || PIPE4FLOW_BROKER_DIR=$folder \
			timeout -s KILL 60 "$BATS_TEST_DIRNAME/broker" "$1" \
			>/dev/null 2>&1 || :
	done
}

tell() {
	printf '# %s\n' "$@" >&3
}

# chaos SECONDS ARGS..: it ends all that it started, when it is told to.
chaos() {
	local limit=$1 status=0

	shift
	timeout -k 60 "$limit" "$BATS_TEST_DIRNAME/chaos" "$@" >chaos.out 2>&1 ||
		status=$?
	brokers stop
	((status == 0)) && return
	echo "chaos: status $status"
	cat chaos.out
	tail -n 50 */log
	return 1
}

# With sanitizers, processes need seconds to start.
is_slow() { [[ $B == *san* ]]; }

# once FOLDER: whether its run is still to come.  It is not tried twice.
once() {
	[[ ! -e $1/over ]] || return
	if [[ -e $1/log ]]; then
		echo "the run of $1 has failed"
		exit 1
	fi
}

big() {
	local options=(-n 1600000 -r 2 -k 10)

	once big || return 0
	! is_slow || options=(-n 300000 -r 0.5 -k 3)
	chaos 280 "${options[@]}" -b 0 big \
		agg 'flowagg -k src_ip_addr -w 10s -l 5s --exactly-once' \
		filter 'flowfilter "dst port 53 or dst port 443" --exactly-once' \
		topn 'flowtopn -k src_ip_addr -n 50 -w 10s -l 5s --exactly-once' ||
		return
	touch big/over
}

# The broker goes and comes.
gone() {
	local options=(-n 1000000 -r 2 -k 4)

	once gone || return 0
	! is_slow || options=(-n 200000 -r 0.5 -k 2)
	chaos 280 "${options[@]}" -b 3 gone \
		rows 'flowagg -k src_ip_addr -w 10s -l 5s' \
		copy 'flowfilter "dst port 53 or dst port 443"' || return
	touch gone/over
}

# Windows of all kinds; times that are out of order, late by minutes, of a
# broken clock, and none at all.
many() {
	local options=(-r 6 -k 3)

	once many || return 0
	mkdir -p many
	flowgen -n 2000000 -H 20000 | awk -v FS=, -v OFS=, '
		function stamp(s) {
			return substr(time, 1, 29) sprintf("%02d:%02d:%02d",
				s / 3600, s / 60 % 60, s % 60) substr(time, 38)
		}
		NR % 10 == 0 {
			time = $2
			$1 = $2
			sub(/last/, "first", $1)
			$1 = "{" $1
			split(substr(time, 30, 8), t, ":")
			s = 3600 * t[1] + 60 * t[2] + t[3]
			draw = NR / 10 * 7919 % 1000
			if (draw < 300)
				$2 = stamp(s - draw % 5)
			else if (draw < 310)
				$2 = stamp(s - 60 - 10 * (draw - 300))
			else if (draw == 400 && NR % 3 == 0)
				$2 = stamp(s + 7200)
			else if (draw < 405 && draw > 400)
				$2 = "\"none\":0"
			print
		}' >many/flows
	! is_slow || options=(-r 3 -k 1)
	chaos 280 "${options[@]}" -b 0 -i many/flows -t date_first_seen many \
		sliding 'flowagg -k sa -w 10s/2s -l 5s --exactly-once' \
		session 'flowagg -k sa -w session:3s -l 5s --exactly-once' \
		count 'flowagg -k dp -w count:1000 --exactly-once' \
		alert "flowagg -k sa -a 'n=count(),b=sum(byt)' -w 10s/2s -l 5s \
			--having 'n >= 20' --alert many --exactly-once" \
		parts 'flowagg -k sa -w 10s -l 5s --partial --exactly-once' \
		merged:parts 'flowagg -k sa -w 10s -l 30s --merge --exactly-once' \
		win 'flowwin -w 10s -l 5s --exactly-once' || return
	touch many/over
}

# tally FOLDER NAME: sets kills, rows and so on; see chaos --help.
tally() {
	local pair

	read -ra pairs <"$1/$2.tally"
	for pair in "${pairs[@]}"; do
		declare -g "$pair"
	done
	tell "$2: $(<"$1/$2.tally")"
	[[ ! -s $1/$2.err ]] || sed "s/^/# $2: /" "$1/$2.err" >&3
}

# equal FOLDER NAME: the same rows, each as often.
equal() {
	tally "$1" "$2"
	[[ -s $1/$2.want ]]
	cmp -s "$1/$2.want" "$1/$2.got" && return
	echo "rows that are missing: $(comm -23 "$1/$2.want" "$1/$2.got" | wc -l)"
	echo "rows too many: $(comm -13 "$1/$2.want" "$1/$2.got" | wc -l)"
	echo "rows that are there twice: $(uniq -d "$1/$2.got" | wc -l)"
	diff "$1/$2.want" "$1/$2.got" | head -n 20
	cat "$1/log"
	echo "marks of transactions that the broker has lost:"
	PIPE4FLOW_BROKER_DIR=$1/broker "$BATS_TEST_DIRNAME/broker" marks
	return 1
}

# whole FOLDER NAME: the same rows, some of them more often.
whole() {
	local missing different

	tally "$1" "$2"
	missing=$(comm -23 "$1/$2.want" "$1/$2.got" | wc -l)
	different=$(uniq "$1/$2.got" | comm -13 "$1/$2.want" - | wc -l)
	tell "at least once: $((rows - $(wc -l <"$1/$2.want"))) of $rows \
rows more than once"
	((missing == 0 && different == 0 && rows > 0)) ||
		report "missing $missing, different $different"
}

# went_on [SECONDS]: work was done and committed while all of this happened, in
# so many of its seconds.
went_on() {
	((early * 2 > rows && seconds >= ${1:-10})) || is_slow
}

@test 'chaos: flowagg --exactly-once' {
	big
	tell "$(head -n 1 big/log)"
	equal big agg
	went_on
	((least >= 10)) || is_slow
}

@test 'chaos: flowfilter --exactly-once' {
	big
	equal big filter
	went_on
	[[ -z $(uniq -d big/filter.want) ]]
}

@test 'chaos: flowtopn --exactly-once' {
	big
	equal big topn
	went_on
}

@test 'chaos: at least once, and the broker goes and comes' {
	gone
	(($(grep -c 'broker: stop and start' gone/log) == 3))
	# There are no more than ten windows.
	whole gone rows
	went_on 5
	whole gone copy
	went_on
}

@test 'chaos: sliding windows' {
	many
	equal many sliding
}

@test 'chaos: sessions' {
	many
	equal many session
}

@test 'chaos: windows of 1000 records' {
	many
	equal many count
}

@test 'chaos: alerts' {
	many
	equal many alert
	grep -q alert_id many/alert.got
}

@test 'chaos: flowwin' {
	many
	equal many win
}

@test 'chaos: partials and merge' {
	many
	equal many parts
	equal many merged
}
