#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Recipes on flows whose truth is known: tests/bin/planted makes two hours of a
# quiet network and one event.  Each recipe finds just that.

load common

setup() { cd "$BATS_TEST_TMPDIR" || exit; }

recipe() { "$ROOT/recipes/$1" "${@:2}"; }

# EVENT RECIPE JQ [option ...]: the rows of an event, and none when it is quiet.
finds() {
	local event=$1 recipe=$2 columns=$3 wanted
	shift 3

	wanted=$(cat)
	"$ROOT/tests/bin/planted" > quiet
	"$ROOT/tests/bin/planted" "$event" > flows
	same '' "$(recipe "$recipe" "$@" quiet)"
	same "$wanted" "$(recipe "$recipe" "$@" flows | jq -c "$columns")"
}

alert='.alert,.alert_state'

@test "port-scans: a target a second, with all targets at the end" {
	finds scan-horizontal port-scans \
		"[$alert,.src_ip_addr,.dst_port,.targets]" <<- EOT
	["scan-horizontal","begin","203.0.113.5",23,20]
	["scan-horizontal","end","203.0.113.5",23,120]
	EOT
}

@test "port-scans: 400 ports, downwards, over IPv6" {
	finds scan-vertical port-scans \
		"[$alert,.src_ip_addr,.dst_ip_addr,.targets,.flows]" <<- EOT
	["scan-vertical","begin","2001:db8:9::5","2001:db8:1::10",50,50]
	["scan-vertical","end","2001:db8:9::5","2001:db8:1::10",400,400]
	EOT
}

@test "port-scans: both kinds, whole lines, and into a file" {
	"$ROOT/tests/bin/planted" scan-horizontal scan-vertical > flows
	recipe port-scans flows > piped
	recipe port-scans -o file flows
	same "$(sort piped)" "$(sort file)"
	same '4' "$(jq -r .alert piped | wc -l)"
}

@test "ssh-guessing: the average is right, and the end has all flows" {
	finds ssh-guessing ssh-guessing \
		"[$alert,.src_ip_addr,.dst_ip_addr,.flows,.packets_avg]" <<- EOT
	["ssh-guessing","begin","203.0.113.22","192.0.2.22",10,15]
	["ssh-guessing","end","203.0.113.22","192.0.2.22",60,15]
	EOT
}

@test "ddos: a victim that answers nothing, until it is over" {
	finds ddos ddos "[$alert,.host,.window_start,.window_end,.sources,
		.attackers[:2]]" -L 192.0.2.0/24,2001:db8:1::/48 <<- EOT
	["ddos","begin","192.0.2.30","2026-11-23T09:23:00.000Z","2026-11-23T09:23:30.000Z",6,["192.0.2.53","198.51.100.154"]]
	["ddos","end","192.0.2.30","2026-11-23T09:23:00.000Z","2026-11-23T09:38:30.000Z",7,["198.51.100.94","203.0.113.100"]]
	EOT
}

# AT FROM TO PACKETS: a flow of 20 seconds.
burst() {
	printf '{"date_first_seen":"2026-11-23T%s:00Z",' "$1"
	printf '"date_last_seen":"2026-11-23T%s:20Z",' "$1"
	printf '"src_ip_addr":"%s","dst_ip_addr":"%s","packets":%s}\n' "${@:2}"
}

@test "ddos: a download of a host that was silent is none, a flood is" {
	local at

	for at in 08:00 09:00; do
		{ burst 08:00 192.0.2.1 203.0.113.1 9
		burst $at 203.0.113.9 192.0.2.7 400000
		burst $at 192.0.2.7 203.0.113.9 200000; } > flows
		run_ok recipe ddos -L 192.0.2.0/24 flows
		same '' "$output"
		burst $at 203.0.113.9 192.0.2.8 400000 >> flows
		run_ok recipe ddos -L 192.0.2.0/24 flows
		same '"192.0.2.8" "192.0.2.8"' \
			"$(jq .host <<< "$output" | xargs -d '\n')"
	done
}

@test "tls-clients: GREASE apart, ties unknown, bad dictionaries refused" {
	cat > flows <<- EOT
	{"date_last_seen":"2026-11-23T08:00:01Z","tls_client_ciphers":"0x1301,0x1302,0x1303,0xC02B,0xC02F,0xC02C,0xC030"}
	{"date_last_seen":"2026-11-23T08:00:02Z","tls_client_ciphers":"0x1302,0x1303,0x1301,0xC02C,0xC030,0x009F,0xCCA9,0xCCA8"}
	{"date_last_seen":"2026-11-23T08:00:02Z","tls_client_ciphers":"0x0005"}
	{"date_last_seen":"2026-11-23T08:00:02Z","src_port":1}
	EOT
	same '["os","Linux",2]
["os","Unknown",1]
["browser","Unknown",2]
["browser","Chromium",1]' "$(recipe tls-clients flows |
		jq -c 'select(.ranking != "application") |
		[.ranking,.os // .browser,.flows]')"
	printf '%s\n' '0x2A2A,0x1301;Desktop;Linux;Browser;A' > own
	sed 's/"0x0005"/"0x1301"/' flows > again
	same '["A",1]' "$(recipe tls-clients --dictionary own again |
		jq -c 'select(.browser == "A") | [.browser,.flows]')"
	echo '0x1301;Desktop;Linux' >> own
	run recipe tls-clients --dictionary own flows
	same 2 "$status"
	[[ $output == *'own:2: five columns expected'* ]]
}

@test "reflection: answers to other ports than 53 are seen" {
	finds reflection reflection \
		"[$alert,.server,.peer,.bytes_in,.bytes_out]" \
		--servers 192.0.2.53,2001:db8:1::53 <<- EOT
	["reflection","begin","192.0.2.53","203.0.113.77",3500,150000]
	["reflection","end","192.0.2.53","203.0.113.77",3500,150000]
	EOT
}

@test "syn-dos: one row when it begins and one with the totals" {
	finds syn-dos syn-dos "[$alert,.dst_ip_addr,.flows]" <<- EOT
	["syn-dos","begin","192.0.2.31",1050]
	["syn-dos","end","192.0.2.31",3000]
	EOT
}

@test "protocols: the integration test of Stream4Flow, with packets and bytes" {
	"$ROOT/tests/bin/exporter" file twelve{,,,,,,,,,} > flows.ipfix
	recipe protocols flows.ipfix | jq -c '[.protocol,.flows,.packets,.bytes]' > rows
	same '["other",20,20,1680]
["tcp",60,60,360480]
["udp",40,40,5600]' "$(cat rows)"
	same '[{"flows":120,"packets":120,"bytes":367760}]' \
		"$(flowcat flows.ipfix | flowagg | jq -sc .)"
}

@test "hosts: what a host sent, IPv6 too, with flags by their names" {
	cat > flows <<- EOT
	{"date_last_seen":"2026-11-23T08:00:01Z","duration":1.5,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":1,"dst_port":80,"protocol":6,"flags":274,"packets":2,"bytes":100}
	{"date_last_seen":"2026-11-23T08:00:02Z","duration":0.5,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.2","src_port":2,"dst_port":53,"protocol":17,"packets":1,"bytes":60}
	{"date_last_seen":"2026-11-23T08:00:03Z","duration":0,"src_ip_addr":"2001:db8::1","dst_ip_addr":"2001:db8::2","src_port":3,"dst_port":22,"protocol":6,"flags":".AP.SF","packets":9,"bytes":900}
	{"date_last_seen":"2026-11-23T08:00:03Z","duration":0,"src_ip_addr":"198.51.100.1","dst_ip_addr":"192.0.2.1","src_port":80,"dst_port":1,"protocol":6,"flags":".AP.SF","packets":9,"bytes":900}
	EOT
	same '["192.0.2.1",2,3,160,2,2,1,0,1,0,1,0]
["2001:db8::1",1,9,900,1,1,0,1,1,1,1,0]' \
	"$(recipe hosts -L 192.0.2.0/24,2001:db8::/32 flows | jq -c '[
		.src_ip_addr,.flows,.packets,.bytes,.peers,.dst_ports,
		.duration_avg,.fin,.syn,.psh,.ack,.cwr]')"
}

@test "top-n-hosts: all hosts, with records of HTTP or without" {
	"$ROOT/tests/bin/planted" > quiet
	recipe top-n-hosts -L 192.0.2.0/27 --window 1h --top 1 quiet > rows
	same '22' "$(jq -r 'select(.ranking == "dst_port") | .src_ip_addr' rows |
		sort -u | wc -l)"
	same '' "$(jq -c 'select(.ranking == "http_host")' rows)"
}

@test "host-profile: the hours of a day in a time zone" {
	cat > flows <<- EOT
	{"date_last_seen":"2026-11-22T23:30:00Z","src_ip_addr":"192.0.2.1","packets":1,"bytes":10}
	{"date_last_seen":"2026-11-23T05:30:00Z","src_ip_addr":"192.0.2.1","packets":2,"bytes":20}
	{"date_last_seen":"2026-11-23T05:40:00Z","src_ip_addr":"192.0.2.1","packets":3,"bytes":30}
	EOT
	same '["2026-11-22T23:00:00.000Z",[1,0,0,0,0,0,5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]]' \
	"$(recipe host-profile -L 192.0.2.0/24 --zone Europe/Prague flows |
		jq -c '[.window_start,.packets]')"
}

# ROLE of TYPE in the DNS lab's truth: addresses.
dns_truth() {
	jq -r --arg type "$1" '.truth[] | select(.type == $type and
		.role == "attack").src_ip_addr[]' "$dns/truth.json" | sort -u
}

@test "external-resolvers, open-resolvers: just those of the DNS lab" {
	local dns=$ROOT/tests/data/lab-dns local_networks

	local_networks=$(jq -r '.local_networks | join(",")' "$dns/truth.json")
	same "$(dns_truth external_resolver)" "$(recipe external-resolvers \
		-L "$local_networks" "$dns/records.json.gz" |
		jq -r .src_ip_addr | sort -u)"
	same "$(dns_truth open_resolver)" "$(recipe open-resolvers \
		-L "$local_networks" "$dns/records.json.gz" |
		jq -r .src_ip_addr | sort -u)"
	same '["begin",2],["end",2]' "$(recipe open-resolvers --window 10m \
		-L "$local_networks" "$dns/records.json.gz" | jq -r -s '
		group_by(.alert_state) | map([.[0].alert_state, length]) |
		map(tojson) | join(",")')"
}

@test "dns-statistics: every statistic, and none counts what it should not" {
	local dns=$ROOT/tests/data/lab-dns local_networks

	local_networks=$(jq -r '.local_networks | join(",")' "$dns/truth.json")
	recipe dns-statistics -L "$local_networks" --top 0 --window 1d \
		"$dns/records.json.gz" > rows
	same '8' "$(jq -r .type rows | sort -u | wc -l)"
	gzip -dc "$dns/records.json.gz" > records
	same "$(jq -s 'map(select(.dns_qr == 1 and .dns_rcode == 3)) | length' \
		records)" "$(jq -s 'map(select(.type == "response_codes" and
		.dns_rcode_name == "NXDOMAIN").responses) | add' rows)"
	same '["HTTPS",65]' "$(jq -c 'select(.type == "record_types" and
		.dns_qtype == 65) | [.dns_qtype_name, .dns_qtype]' rows)"
}

@test "patterns: the tools of the attack lab, and no benign SSH" {
	local lab=$ROOT/tests/data/lab-attacks

	recipe patterns "$lab/test.json.gz" > rows
	gzip -dc "$lab/test.json.gz" |
		jq -r 'select(.dst_port == 22 and
			(.label | IN("hydra", "medusa", "ncrack"))) |
			"\(.src_ip_addr) \(.dst_ip_addr)"' | sort -u > wanted
	jq -r '"\(.src_ip_addr) \(.dst_ip_addr)"' rows | sort -u | cmp wanted
	same 2 "$(jq -r .alert_state rows | grep -c 'begin\|end' |
		awk -v n="$(wc -l < wanted)" '{ print $1 / n }')"
}

@test "the six operations of the benchmark" {
	"$ROOT/tests/bin/planted" > quiet
	recipe identity quiet | cmp - quiet
	same "$(grep -c '"src_ip_addr":"192.0.2.10"' quiet)" \
		"$(recipe filter --source 192.0.2.10 quiet | wc -l)"
	same "$(jq -s 'map(select(.src_ip_addr == "192.0.2.10").packets) | add' \
		quiet)" "$(recipe count --source 192.0.2.10 quiet | jq .packets)"
	recipe aggregation quiet | jq -c '[.src_ip_addr,.packets]' | sort > ours
	jq -sc 'group_by(.src_ip_addr)[] |
		[.[0].src_ip_addr, (map(.packets) | add)]' quiet | sort > theirs
	cmp ours theirs
	same "$(jq -s 'group_by(.src_ip_addr) | map(map(.packets) | add) |
		sort | reverse | .[:3][]' quiet)" \
		"$(recipe top-n --top 3 quiet | jq .packets)"
}

@test "incident: when, who, what, and what else" {
	"$ROOT/tests/bin/planted" scan-horizontal > flows
	run recipe incident --host 203.0.113.5 --top 2 flows
	same 0 "$status"
	[[ $output == *'2026-11-23 08:16:40.000'* ]]
	[[ $output == *'TCP'*'23'*'2026-11-23 08:16:40.000'*'120'* ]]
	[[ $output == *'What else its peers spoke to'* ]]
}

@test "hourly: complete or absent, safe to run twice, tells a resolver once" {
	cat > flows <<- EOT
	{"date_last_seen":"2026-11-23T08:10:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"8.8.8.8","dst_port":53,"protocol":17,"packets":1,"bytes":10}
	{"date_last_seen":"2026-11-23T08:10:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.53","dst_port":53,"protocol":17,"packets":1,"bytes":10}
	{"date_last_seen":"2026-11-23T08:10:00Z","src_ip_addr":"192.0.2.53","dst_ip_addr":"9.0.0.1","dst_port":53,"protocol":17,"packets":1,"bytes":10,"dns_flags":0}
	{"date_last_seen":"2026-11-23T09:10:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"8.8.8.8","dst_port":53,"protocol":17,"packets":1,"bytes":10}
	{"date_last_seen":"2026-11-23T09:10:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"9.9.9.9","dst_port":53,"protocol":17,"packets":1,"bytes":10}
	EOT
	recipe hourly --state s -L 192.0.2.0/24 --hour 2026-11-23T08 flows > first &
	recipe hourly --state s -L 192.0.2.0/24 --hour 2026-11-23T08 flows > second
	wait $!
	cmp first second
	same '8.8.8.8' "$(tail -n 1 first)"
	run recipe hourly --state s -L 192.0.2.0/24 --hour 2026-11-23T09 missing
	[ "$status" -ne 0 ]
	[ ! -e s/report-20261123T09 ]
	same '9.9.9.9' "$(recipe hourly --state s -L 192.0.2.0/24 \
		--hour 2026-11-23T09 flows | tail -n 1)"
	same '8.8.8.8
9.9.9.9' "$(cat s/resolvers)"
	same '' "$(ls -d s/.new-* 2> /dev/null)"
}

@test "archive: a file for each five minutes" {
	"$ROOT/tests/bin/planted" > quiet
	recipe archive --to a quiet
	same 24 "$(find a -name '*.zst' | wc -l)"
	cmp <(flowcat a/2026/11/23/* | sort) <(sort quiet)
}

@test "rows of several kinds: a table has the members of all of them" {
	local scans=scan-vertical,scan-horizontal

	"$ROOT/tests/bin/planted" scan-horizontal scan-vertical > flows
	run_ok recipe port-scans -f csv flows
	has '203.0.113.5,,23,'
	has '2001:db8:9::5,2001:db8:1::10,,'
	run_ok recipe patterns --patterns "$scans" -f csv flows
	has '203.0.113.5,,,23,'
	has '2001:db8:9::5,2001:db8:1::10,,,'
	# Keys of a file of one's own.
	sed 's/"src_ip_addr", "dst_port"/"src_ip_addr", "to=dst_port"/' \
		"$ROOT/share/patterns/scan-horizontal.json" > own.json
	run_ok recipe patterns --patterns own.json -f csv flows
	has ',src_ip_addr,to,'
	run_ok recipe top-n-hosts -f csv --window 2h --top 1 -L 192.0.2.53/32 flows
	has ',dst_ip_addr,1,192.0.2.53,,192.0.2.'
	echo '{"date_last_seen":"2026-11-23T08:00:02Z","tls_client_ciphers":"0x0005"}' > flows
	run_ok recipe tls-clients -f csv flows
	has ',browser,1,,Unknown,,,1,'
}

@test "options: help, a wrong one, a missing one, an unreadable file" {
	local r

	for r in "$ROOT"/recipes/*; do
		[[ $r != *.sh ]] || continue
		run "$r" --help
		same 0 "$status"
		[[ $output == "${r##*/} "*'Options:'* ]]
		[[ $output != *shellcheck* ]]
	done
	run_ok recipe hosts --help
	has '-L, --local'
	has '-o, --output'
	run recipe port-scans --treshold 3
	same 2 "$status"
	run recipe port-scans -w 10s flows
	same 2 "$status"
	has 'port-scans: -w: there is no such option'
	run recipe port-scans flows --update 1d
	same 2 "$status"
	has 'port-scans: --update: options come before operands'
	# what would have no effect
	run recipe archive --to a -o file
	same 2 "$status"
	run recipe store-sqlite --db a --lateness 1h
	same 2 "$status"
	run recipe hosts flows
	same 2 "$status"
	[[ $output == *'--local is needed'* ]]
	run recipe protocols missing
	same 1 "$status"
}
