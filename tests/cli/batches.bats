#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Records that come in a row are read in columns and added in batches; with
# --where each is taken alone.  Both ways must tell the same.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	awk 'BEGIN {
		srand(11)
		split("1.2.3 fe80::1 2001:db8::7 ::ffff:10.0.0.3 01.2.3.4 -", \
			addresses, " ")
		split("1.5 1e3 -3 99999999 100000000 18446744073709551615 " \
			"null true \"7\" 0", numbers, " ")
		split("x 18:06:60.000+01:00 18:06:35+01:00 18:06:35.2234+01:00 " \
			"18:06:3x.223+01:00 18:06:35.22a+01:00 23:59:59.999+01:00 " \
			"02:00:00.000+01:00 18:16:35.223Z 18:06:35.223", \
			times, " ")
		for (i = 0; i < 12000; i++) {
			s = i / 20 + rand() * rand() * 30
			time = sprintf("%02d:%02d:%02d.%03d+01:00", 18, s / 60 % 60,
				s % 60, s * 1000 % 1000)
			sa = sprintf("10.0.%d.%d", rand() * 3, rand() * 30)
			da = sprintf("10.1.0.%d", rand() * 256)
			dp = int(rand() * 90)
			pkt = int(rand() * 2000)
			odd = int(rand() * 500)
			if (i % 2000 < 200) # many in a row
				odd = 4 + int(i / 2000) % 4
			else if (odd == 10)
				time = substr(time, 1, 6) (rand() < .5 ? 60 : 75) ".500+01:00"
			else if (odd == 11)
				time = substr(time, 1, 6) "2/.500+01:00"
			else if (odd == 12)
				time = substr(time, 1, 9) "1:0+01:00"
			else if (odd == 13)
				time = substr(time, 1, 8) "/223+01:00"
			if (odd == 0)
				sa = addresses[1 + int(rand() * 6)]
			if (odd == 1)
				pkt = numbers[1 + int(rand() * 10)]
			if (odd == 2)
				dp = numbers[1 + int(rand() * 10)]
			if (odd == 3)
				time = times[1 + int(rand() * 10)]
			line = sprintf("\"date_last_seen\":\"2015-07-18T%s\"," \
				"\"src_ip_addr\":\"%s\",\"dst_ip_addr\":\"%s\"," \
				"\"dst_port\":%s,\"protocol\":%d,\"packets\":%s", \
				time, sa, da, dp, rand() < .5 ? 6 : 17, pkt)
			if (odd != 4)
				line = line ",\"bytes\":" int(rand() * 10000000)
			if (odd == 5)
				line = line ",\"flows\":2"
			if (odd == 6)
				line = line ",\"packets\":1"
			if (odd == 7)
				line = "\"dst_port\":5," line
			line = "{" line "}"
			print odd == 8 ? substr(line, 1, 90) : odd == 9 ? "" : line
		}
	}' > flows
}

# either_way TOOL OPTION..: the same rows, late and bad records and numbers of
# them, whether records are taken in batches or alone.  Of these files:
files=(flows)
either_way() {
	local tool=$1 where way
	shift

	for way in batches alone; do
		where=()
		[[ $way == batches ]] || where=(--where any)
		"$tool" "$@" "${where[@]}" -f json --stats=json --rejects "$way.bad" \
			-q "${files[@]}" > "$way.rows" 2> "$way.stats" || [[ $? == 1 ]]
		jq -c 'del(.seconds, .max_rss_kib)' "$way.stats" > "$way.counts"
	done
	[[ -s batches.rows && -s batches.bad ]]
	cmp batches.rows alone.rows
	cmp batches.bad alone.bad
	diff batches.counts alone.counts
}

@test "without windows" {
	either_way flowagg
	either_way flowagg -k sa
	either_way flowagg -k dp,sa,pr -a 'n=count(),p=sum(packets)'
	either_way flowtopn -k sa -b packets
	either_way flowtopn -k da -k dp -k pr -b flows
}

@test "in windows" {
	local w

	for w in 10s 7s/3s 60s/5s; do
		either_way flowagg -k sa -w $w
		either_way flowagg -k dp,da -a 'n=count(),b=sum(bytes),p=sum(packets)' -w $w
		either_way flowagg -w $w
		either_way flowtopn -k sa -b packets -w $w
		either_way flowtopn -k sa -k pr -b flows -w $w
		either_way flowwin -w $w
		either_way flowwin -w $w -k pr --roll 3
	done
}

@test "late records are the same" {
	local way where w l

	for w in 10s 7s/3s 60s/5s; do
		for l in 0 2s 20s; do
			either_way flowagg -k sa -w $w -l $l
			either_way flowtopn -k dp -b packets -w $w -l $l
			grep -q '"late":[1-9]' batches.counts
			either_way flowwin -w $w -l $l
			for way in batches alone; do
				where=()
				[[ $way == batches ]] || where=(--where any)
				flowagg -k sa -w $w -l $l --late $way.late \
					"${where[@]}" -q flows > /dev/null || [[ $? == 1 ]]
			done
			[[ -s batches.late ]]
			cmp batches.late alone.late
		done
	done
}

@test "a file has times of its own, whatever its first record is" {
	local files=(first second third) tool

	# The second one is older, and begins with no time.
	sed -n 6001,9000p flows > first
	sed -n 301,3300p flows | sed '1s/T18:/T88:/' > second
	sed -n 9001,12000p flows > third
	for tool in 'flowagg -k sa' 'flowtopn -k sa -b bytes' flowwin; do
		for l in 0 20s 1h; do
			either_way $tool -w 10s -l $l
			either_way $tool -w 20s/5s -l $l
			[[ $l != 0 ]] || grep -q '"late":[1-9][0-9][0-9]' batches.counts
		done
	done
}

@test "a record without a time does not make those behind it silent" {
	# record SECOND HOW-MANY
	record() {
		for _ in $(seq "$2"); do
			echo "{\"date_last_seen\":\"2015-07-18T17:00:$1.000Z\"," \
				'"src_ip_addr":"10.0.0.1","packets":1,"bytes":10}'
		done
	}
	live() {
		echo "$(record 01 30)" # in one piece
		sleep 1.2
		echo "$(record 77 1 && record 12 7)"
		sleep 1.4
		echo "$(record 05 8)"
		sleep .2
	}
	run_err 1 flowagg -k sa -w 10s -l 60s --idle 2s -f json < <(live)
	[[ $stderr != *late* ]]
	(($(jq -s 'map(.flows) | add' <<< "$output") == 45))
}

@test "there is no 75th second, nor one of other bytes than digits" {
	local text='^[{"]*date_last_seen":"[^"]*:(75|2/|../|..\.1:)'

	either_way flowwin -w 10s
	grep -E "$text" flows | grep '}$' > wanted
	(($(wc -l < wanted) > 20))
	grep -E "$text" batches.bad | grep '}$' | cmp - wanted
}
