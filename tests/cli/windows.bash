# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests of windows share: load windows, behind common

# No record of window_flows is further behind the latest than this.
export lateness=60s

# window_flows N SEED: N records to the file flows, and the same to rows, for
# SQL.  Out of order by up to 55 s, with ties, times on boundaries of 10 s,
# empty windows, a gap of 3 h in the middle, IPv6, missing members, counters of
# 64 bits (two numbers in rows: above and below 10^9; and text).
window_flows() {
	rm -f rows
	awk -v n="$1" -v seed="$2" '
	function draw(m) {
		seed = seed * 16807 % 2147483647
		return seed % m
	}
	# ms since 2024-05-01
	function stamp(ms, zone, s) {
		ms += zone * 3600000
		s = int(ms / 1000)
		return sprintf("2024-05-%02dT%02d:%02d:%02d.%03d%s",
			1 + int(s / 86400), int(s / 3600) % 24,
			int(s / 60) % 60, s % 60, ms % 1000,
			zone ? "+0" zone ":00" : "Z")
	}
	function host(h) {
		return h < 4 ? "2001:db8::" h + 1 : "192.0.2." h
	}
	BEGIN {
		now = 12 * 3600000
		split("1 6 6 6 17 17", protocols)
		split("53 80 443 22 8080", ports)
		split("....S. .A.... .AP.SF .A.R..", flags)
		for (i = 0; i < 20; i++)
			draw(2)
		for (i = 0; i < n; i++) {
			now += draw(2000)
			if (draw(100) < 2)
				now += 30000 + draw(300000)
			if (i == int(n / 2))
				now += 3 * 3600000
			t = now - draw(45000)
			c = draw(10)
			if (c < 2)
				t -= t % 10000
			else if (c == 2 && now - last < 50000)
				t = last
			last = t
			sa = host(draw(14))
			da = host(draw(40))
			pr = protocols[1 + draw(6)]
			dp = pr == 1 || !draw(20) ? "" : ports[1 + draw(5)]
			fl = pr == 6 ? flags[1 + draw(4)] : "......"
			td = draw(3) ? draw(60000) : 0
			pkt = draw(10) ? 1 + draw(1000) : ""
			high = 0
			low = 40 + draw(100000)
			if (!draw(10)) {
				high = "18446744073"
				low = 709551615 - draw(1000)
			}
			byt = high ? high sprintf("%09d", low) : low
			printf "{\"date_last_seen\":\"%s\"", stamp(t, draw(3))
			printf ",\"duration\":%d.%03d", td / 1000, td % 1000
			printf ",\"src_ip_addr\":\"%s\"", sa
			printf ",\"dst_ip_addr\":\"%s\"", da
			if (dp)
				printf ",\"dst_port\":%d", dp
			printf ",\"protocol\":%d,\"flags\":\"%s\"", pr, fl
			if (pkt)
				printf ",\"packets\":%d", pkt
			printf ",\"bytes\":%s}\n", byt
			printf "17145%08d|%s|%s|%s|%s|%s|%d|%s|%s|%d|%20s\n",
				21600000 + t, sa, da, dp, pr, fl, td, pkt,
				high, low, byt >> "rows"
		}
	}' > flows
}

# by_time: the records of flows behind their time in ms and a tab.
by_time() {
	paste <(cut -d '|' -f 1 rows) flows
}

# sum_of COLUMN FILE: of tsv rows with a header; 0 of none.
sum_of() {
	awk -F '\t' -v name="$1" 'NR == 1 {
			while ($(++column) != name)
				continue
		}
		NR > 1 { sum += $column }
		END { printf "%d\n", sum }' "$2"
}

# stat NAME: a number of the summary in the file stats.
stat() {
	tail -n 1 stats | jq ".$1"
}

# all_in FILE: each selected record is late or, by the sum of its column n, in
# one window of the rows in FILE.
all_in() {
	local n

	n=$(sum_of n "$1")
	(($(stat selected) == n + $(stat late) && n > 0)) ||
		report "$n in windows; $(< stats)"
}
