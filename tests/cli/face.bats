#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a person at a terminal sees: colours, tables that fit, times in the
# zone, and what a mistyped word was perhaps meant to be.

load common

BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	flows=$(lab_flows)
	printf '{"window_end":"2024-05-01T10:00:00Z","alert_state":"%s","bytes":1}\n' \
		begin update end > alerts
	printf '{"src_ip_addr":"2001:db8:1111:2222:3333:4444:5555:6666","dns_rrname":"%s","bytes":123456789012345,"note":"x"}\n' \
		a-rather-long-name-of-a-host.example.com short > long
	unset NO_COLOR COLUMNS
}

# Runs a command line with a terminal: $output is what that would be sent.
on_terminal() {
	SHELL=$BASH TERM=${TERMINAL-xterm} run script -qec "$1" /dev/null \
		< /dev/null
	output=${output//$'\r\n'/$'\n'}
	output=${output%$'\r'}
}

widest() { wc -L <<< "$output"; }

# ---- colours ----

@test "colours: headings on a terminal, and nothing without one" {
	on_terminal "flowagg -a 'n=count()' $flows"
	same "${BOLD}   n$PLAIN"$'\n1251'
	on_terminal "flowcat -n 1 $flows"
	[[ $output == "$BOLD"'Date first seen'*"Flows$PLAIN"$'\n'2026* ]]
	run_ok flowagg -a 'n=count()' -f table "$flows"
	same $'   n\n1251'
	on_terminal "flowagg -a 'n=count()' -f csv $flows"
	same $'n\n1251'
}

@test "colours: NO_COLOR, TERM and --color" {
	on_terminal "NO_COLOR=1 flowagg -a 'n=count()' $flows"
	same $'   n\n1251'
	on_terminal "NO_COLOR= flowagg -a 'n=count()' $flows"
	has "$BOLD"
	TERMINAL=dumb on_terminal "flowagg -a 'n=count()' $flows"
	same $'   n\n1251'
	on_terminal "flowagg --color=never -a 'n=count()' $flows"
	same $'   n\n1251'
	on_terminal "NO_COLOR=1 flowagg --color -a 'n=count()' $flows"
	has "$BOLD"
	run_ok flowagg --color=always -a 'n=count()' -f table "$flows"
	has "$BOLD"
	run_ok flowagg --color=auto -a 'n=count()' -f table "$flows"
	same $'   n\n1251'
	run_ok flowagg --color=always -a 'n=count()' "$flows"
	same '{"n":1251}'
	run_err 2 flowagg --color=sometimes "$flows"
	has 'expected always, auto or never' "$stderr"
}

@test "colours: alerts that begin and end" {
	run_ok flowfilter any --color --fields bytes,alert_state -f table alerts
	same "${BOLD}bytes  alert_state$PLAIN
${RED}    1  begin$PLAIN
    1  update
${GREEN}    1  end$PLAIN"
}

# ---- tables that fit ----

@test "width: long texts are cut, the widest first; numbers and addresses never" {
	on_terminal "stty cols 80; flowfilter any --color=never -f table long"
	same 'src_ip_addr                             dns_rrname                   bytes  note
2001:db8:1111:2222:3333:4444:5555:6666  a-rather-long-na…  123456789012345  x
2001:db8:1111:2222:3333:4444:5555:6666  short              123456789012345  x'
	on_terminal "stty cols 30; flowfilter any --color=never -f table long"
	has '5555:6666  a-rathe…  123456789012345  x'
	on_terminal "stty cols 200; flowfilter any -f table long"
	[[ $output == *of-a-host.example.com* && $output != *…* ]]
}

@test "width: COLUMNS goes first; without a terminal all is written" {
	on_terminal "stty cols 200; COLUMNS=80 flowfilter any -f table long"
	[[ $(widest) -le 88 ]] # with colours
	has …
	run_ok env COLUMNS=40 flowfilter any -f table long
	has of-a-host.example.com
	on_terminal "COLUMNS=40 flowfilter any -f csv long"
	has of-a-host.example.com
	on_terminal "COLUMNS=x; stty cols 0; flowfilter any -f table long"
	has of-a-host.example.com
}

@test "width: characters count, not bytes; headings are cut, too" {
	printf '{"a_very_long_heading":"%s","b":1}\n' ääääääääääää > umlauts
	on_terminal 'stty cols 18; flowfilter any --color=never -f table umlauts'
	same 'a_very_long_he…  b
ääääääääääää     1'
	on_terminal 'stty cols 14; flowfilter any --color=never -f table umlauts'
	same 'a_very_lon…  b
ääääääääää…  1'
}

@test "texts cannot command the terminal" {
	printf '{"a":"x\\u001b[31m\\u007f\\u009b31m\\u00a0"}\n' > evil
	run_ok flowfilter any -f table evil
	same $'a\nx?[31m??31m\u00a0'
}

# ---- times ----

@test "times: tables in the zone of --tz, other formats in UTC" {
	run_ok flowagg -w 1h -a 'n=count()' --tz Europe/Prague -f table "$flows"
	has '2026-11-23 15:00:00.000  2026-11-23 16:00:00.000  1251'
	run_ok flowagg -w 1h -a 'n=count()' -f table "$flows"
	has '2026-11-23 14:00:00.000  2026-11-23 15:00:00.000  1251'
	run_ok env TZ=Europe/Prague flowcat --tz local -f line -n 1 "$flows"
	has '2026-11-23 15:21:34.880'
	for format in json csv tsv; do
		run_ok flowagg -w 1h --tz Europe/Prague -f "$format" "$flows"
		has 2026-11-23T14:00:00.000Z
	done
}

# ---- mistyped words ----

# hints TEXT COMMAND..: the command is refused, and says so.
hints() {
	run_err 2 "${@:2}"
	has "$1" "$stderr"
}

@test "hints: zones, units, networks, names that are empty" {
	hints 'expected UTC, local, +02:00 or' flowagg --tz +2 "$flows"
	hints 'expected UTC, local, +02:00 or' flowagg -w 1d --align +2 "$flows"
	hints 'they are k, M, G, T, P' flowagg -n 1kB "$flows"
	hints 'IPv4 and IPv6 share a field: srcip/24,/64' \
		flowagg -k srcip4/24 "$flows"
	hints 'IPv4 and IPv6 share a field: dstip/24,/64' \
		flowtopn -k dstip6/64 "$flows"
	hints "flowcat: '': No such file" flowcat -o '' "$flows"
	run_err 1 flowcat ''
	same "flowcat: '': No such file or directory" "$stderr"
	run_err 1 flowcat :2055
	same 'flowcat: :2055: No such file or directory' "$stderr"
}

# meant WORD COMMAND..: the command is refused and WORD suggested.
meant() {
	local word=$1

	shift
	run_err 2 "$@"
	has "did you mean '$word'?" "$stderr"
}

@test "suggestions: options" {
	meant --window flowagg --widnow 1m "$flows"
	meant --window flowagg --widnow=1m "$flows"
	meant --format flowcat --formt csv "$flows"
	meant --where flowfilter --wehre any "$flows"
	run_err 2 flowagg --quux "$flows"
	[[ $stderr != *mean* ]]
}

@test "suggestions: values of options" {
	meant table flowagg -f tabel "$flows"
	meant nfdump flowcat --from nfdmp "$flows"
	run_err 2 flowagg -f xml "$flows"
	[[ $stderr != *mean* ]]
}

@test "suggestions: fields and functions" {
	meant src_ip_addr flowagg -k src_ip_adr "$flows"
	meant bytes flowagg -a 'sum(byts)' "$flows"
	meant sum flowagg -a 'smu(bytes)' "$flows"
	meant distinct flowagg -a 'n=distnct(sa)/count()' "$flows"
	meant domain flowagg -k 'domian(dns_rrname)' "$flows"
	meant bytes flowagg -b byte "$flows"
	meant targets flowagg -k sa -a 'targets=distinct(da)' -b target "$flows"
	meant bytes flowtopn -k sa -b byts "$flows"
	meant bytes flowagg -k sa --having 'byts > 3' "$flows"
	meant duration flowfilter 'durtion > 3' "$flows"
	meant src_ip_addr flowfilter 'src_ip = 192.0.2.1' "$flows"
}

@test "suggestions: a name of --fields that no record has" {
	both flowfilter any --fields src_ip_adr,dst_ip_addr -n 1 "$flows"
	[[ $status == 0 && $stderr == *"did you mean 'src_ip_addr'"* ]]
	run_ok flowfilter any --fields byts -n 1 <<< '{"byts":1,"bytes":2}'
	same '{"byts":1}'
	run_ok flowfilter any --set byts=bytes --fields byts <<< '{"bytes":2}'
	same '{"byts":2}'
}
