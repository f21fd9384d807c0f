#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --progress: on a terminal only, and never mixed up with what stays there.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	local i

	for i in 1 2 3; do
		printf '{"date_last_seen":"2024-05-01T10:00:0%s.000Z","bytes":%s}\n' \
			"$i" "$i" > "$i.json"
	done
}

# Runs a command line with a terminal: $output is what that would be sent.
on_terminal() {
	SHELL=$BASH TERM=xterm run script -qec "$1" /dev/null < /dev/null
	output=${output//$'\r\n'/$'\n'}
}

# A stream's line after a pause; tiny buffers show the record before, too.
counted() { [[ $output == *'flowcat: records '[12]', '* ]] || report; }

# What stands on the terminal in the end: of each line, what was not erased.
standing() { sed $'s/.*\e\\[K//; s/\r//g' <<< "$output"; }

@test "nothing without a terminal" {
	run_ok flowcat --progress 1.json
	same "$(< 1.json)"
}

@test "nothing with -q, nor on a terminal that cannot erase" {
	on_terminal 'flowcat --progress -q 1.json > out'
	[[ $status == 0 && $output != *records* ]]
	on_terminal 'TERM=dumb flowcat --progress 1.json > out'
	[[ $status == 0 && $output != *records* ]]
}

@test "each tool has it, and erases it in the end" {
	local tool

	for tool in 'flowcat --progress' 'flowfilter --progress any' \
		'flowagg --progress -k ts' 'flowtopn --progress -k ts'; do
		on_terminal "$tool 1.json > out; echo done"
		has "${tool%% *}:   0 %, records 0, 0/s, 0 B [                    ]"
		has $'\e[K\r\r\e[Kdone'
	done
}

@test "files: how far, of the bytes of all" {
	on_terminal 'flowcat --progress --replay 1 1.json 2.json 3.json > out'
	[[ $status == 0 ]]
	has ' 66 %, records 2, '
	has '[=============       ]'
	has '100 %, records 3, '
	gzip 2.json
	on_terminal 'flowcat --progress --replay 1 2.json.gz 3.json > out'
	has '100 %, records 2, '
	on_terminal 'flowcat --progress --merge --replay 1 2.json.gz 3.json > out'
	has '100 %, records 2, '
}

@test "files: bytes, and how long the rest takes; the bar has what is left" {
	local i

	for i in {0..9}; do
		printf '{"date_last_seen":"2024-05-01T10:00:0%s.000Z","a":"%0999d"}\n' \
			"$i" 0
	done > ten.json
	on_terminal 'flowcat --progress --replay 4 ten.json ten.json > out'
	has '0 %, records 0, 0/s, 0 B [                    ]'
	[[ $output =~ ' 50 %, records '[0-9]+', '[0-9.]+'/s, 10.5 kB, 0:0'[23]' left ['=+' '+']' ]]
	on_terminal 'stty cols 60
		flowcat --progress --replay 4 ten.json ten.json > out'
	[[ $output =~ ' 50 %, records '[0-9]+', '[0-9.]+'/s, 10.5 kB, 0:0'[23]' left'$'\e' ]]
}

@test "streams: records without percent" {
	on_terminal '{ cat 1.json; sleep 1; cat 2.json; } |
		flowcat --progress > out'
	counted
	[[ $output != *%* && $output != *']'* ]]
	on_terminal 'flowcat --progress 1.json <(cat 2.json) > out'
	has 'flowcat: records 0, '
	[[ $output != *%* ]]
}

@test "a narrow terminal: the line is cut, it never wraps" {
	on_terminal 'stty cols 20; flowcat --progress 1.json > out'
	has $'\rflowcat:   0 %, rec\e[K\r'
}

@test "messages and the summary stand alone" {
	on_terminal '{ echo 1; cat 1.json; } |
		flowcat --progress --stats - nowhere > out'
	[[ $status == 1 ]]
	has $'\e[K\r\r\e[Kflowcat: -:1: not a JSON object'
	has $'\nflowcat: nowhere: '
	[[ $(standing) == *$'\nflowcat: records 1, rejected 1, '* ]]
	on_terminal 'flowcat --progress --strict <(echo 1) > out'
	[[ $status == 2 ]]
	has $'\e[K\r\r\e[Kflowcat: /dev/fd/'
}

@test "records on the same terminal stand alone" {
	on_terminal '{ cat 1.json; sleep 1; cat 2.json; sleep 1; cat 3.json; } |
		flowcat --progress -f json'
	counted
	same "$(cat [123].json)" "$(standing)"
}

@test "nothing stays when the reader of the output has gone" {
	on_terminal '{ cat 1.json; sleep 1; cat 2.json; sleep 1; } |
		env --default-signal=PIPE flowcat --progress |
		head -n 1'
	counted
	same "$(< 1.json)" "$(standing | sed '/^$/d')"
}
