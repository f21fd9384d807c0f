#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The same questions to our tools and to SQLite, the same answers: generated
# records with IPv6, counters of 64 bits and missing members.

load common

# SQLite's integers have 63 bits and a sign: bytes are two of them, bytes_hi *
# 10^9 + bytes_lo, and text of 20 digits, which orders as they do.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	flowgen -n 20000 -s 7 -6 20 -m 10 > flows.json
	# jq would round the long numbers; text it keeps.
	sed 's/"bytes":\([0-9]*\)/"bytes":"\1"/' flows.json | jq -r '[
		.src_ip_addr, .dst_ip_addr, .src_port, .dst_port, .protocol,
		.flags, .tos, (.duration * 1000 | round), .packets,
		(.bytes | (.[:-9] | if . == "" then "0" else . end),
			(.[-9:] | sub("^0+(?=[0-9])"; "")),
			"00000000000000000000"[length:] + .)
	] | map(. // "" | tostring) | join("|")' > rows
	sqlite3 db <<- 'END'
		CREATE TABLE f (sa TEXT, da TEXT, sp INTEGER, dp INTEGER,
			pr INTEGER, flags TEXT, tos INTEGER, ms INTEGER,
			packets INTEGER, bytes_hi INTEGER, bytes_lo INTEGER,
			bytes TEXT);
		.import rows f
		UPDATE f SET sp = NULL WHERE sp = '';
		UPDATE f SET dp = NULL WHERE dp = '';
		UPDATE f SET packets = NULL WHERE packets = '';
	END
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

sql() {
	sqlite3 -separator $'\t' db "$1"
}

# The sum of bytes, exact; seconds as short as can be.
bytes='(sum(bytes_hi) + sum(bytes_lo) / 1000000000) ||
	printf("%09d", sum(bytes_lo) % 1000000000)'
bytes="ltrim($bytes, '0')"

seconds() {
	printf "rtrim(rtrim(printf('%%d.%%03d', %s / 1000, %s %% 1000), '0'),
		'.')" "$1" "$1"
}

# agree COMMAND.. SQL: the rows are the same, in any order.
agree() {
	local query=${*: -1}

	run_ok "${@:1:$#-1}"
	sql "$query" > theirs
	LC_ALL=C sort <<< "$output" > ours.sorted
	LC_ALL=C sort theirs > theirs.sorted
	# Not nothing, or the test would tell nothing.
	[[ -s theirs ]] || report sqlite3 "$query"
	diff theirs.sorted ours.sorted | head -n 20
	cmp theirs.sorted ours.sorted
}

# groups KEYS COLUMNS AGGREGATES RESULTS: the same for each group.
groups() {
	agree rows "$1" "$3" "SELECT ${2:+$2,} $4 FROM f ${2:+GROUP BY $2}"
}

rows() {
	flowagg -k "$1" -a "$2" "${@:3}" -f tsv flows.json | tail -n +2
}

@test "the records are what they should be" {
	same "20000|$(jq -s 'map(select(.packets == null)) | length' flows.json)" \
		"$(sqlite3 db 'SELECT count(*), sum(packets IS NULL) FROM f')"
	(($(sql 'SELECT count(*) FROM f WHERE sp IS NULL') > 500))
	(($(sql "SELECT count(*) FROM f WHERE sa LIKE '%:%'") > 3000))
	(($(sql 'SELECT count(*) FROM f WHERE bytes_hi > 18446744072') > 500))
	same "$(sed 's/.*"bytes":\([0-9]*\).*/\1/' flows.json)" \
		"$(sql "SELECT ltrim(bytes, '0') FROM f ORDER BY rowid")"
}

@test "counts of groups" {
	local a='n=count()' n='count(*)'

	groups '' '' "$a" "$n"
	groups sa sa "$a" "$n"
	groups dst_port dp "$a" "$n"
	groups pr,flags pr,flags "$a" "$n"
	groups sa,da,sp,dp,pr sa,da,sp,dp,pr "$a" "$n"
	groups 'dp,tos' dp,tos 'p=count() if exists(packets), n=count() if tcp' \
		'count(packets), sum(pr = 6)'
}

@test "the default columns, which are sums" {
	agree flowagg -k sa -f tsv flows.json "SELECT 'src_ip_addr', 'flows',
		'packets', 'bytes' UNION ALL
		SELECT sa, count(*), sum(packets), $bytes FROM f GROUP BY sa"
}

@test "sums: beyond 64 bits, of decimals, of what is missing" {
	local a='b=sum(bytes), p=sum(packets), d=sum(duration)' s

	s="$bytes, sum(packets), $(seconds 'sum(ms)')"
	groups '' '' "$a" "$s"
	groups src_ip_addr sa "$a" "$s"
	groups dp dp "$a" "$s"
	groups protocol,tos pr,tos "$a" "$s"
	groups da,dp da,dp "$a" "$s"
	(($(sql "SELECT max(length(b)) FROM (SELECT $bytes AS b FROM f
		GROUP BY pr)") > 20))
}

@test "least and greatest" {
	local a='min(byt), max(byt), min(pkt), max(pkt), min(td), max(td)' s

	s="ltrim(min(bytes), '0'), ltrim(max(bytes), '0'), min(packets),
		max(packets), $(seconds 'min(ms)'), $(seconds 'max(ms)')"
	groups '' '' "$a" "$s"
	groups sp sp "$a" "$s"
	groups protocol,flags pr,flags "$a" "$s"
	groups sa,dp sa,dp "$a" "$s"
	groups pr pr 'min(sp), max(dp)' 'min(sp), max(dp)'
}

# same_means THEIRS OURS: the quotients of exact sums, rounded once, all digits.
same_means() {
	awk -F '\t' 'NR == FNR {
			want[$1] = $3 ? sprintf("%.17g", $2 / $3) : ""
			next
		} {
			rows++
			got = $2 == "" ? "" : sprintf("%.17g", $2)
			if (got == want[$1])
				next
			print $1, got, want[$1]
			bad = 1
		}
		END { exit bad || rows != length(want) }' "$@"
}

@test "means" {
	local by

	for by in sa dp tos; do
		sql "SELECT $by, sum(packets), count(packets) FROM f
			GROUP BY $by" > theirs
		rows $by 'avg(packets)' > ours
		same_means theirs ours
	done
}

@test "distinct values, as many as are counted exactly" {
	groups sa sa 'distinct(da), distinct(dp), distinct(pr)' \
		'count(DISTINCT da), count(DISTINCT dp), count(DISTINCT pr)'
	agree rows dp,pr 'distinct(sp), distinct(flags)' \
		--where 'not dst port in [80 443]' \
		'SELECT dp, pr, count(DISTINCT sp), count(DISTINCT flags) FROM f
			WHERE coalesce(dp, 0) NOT IN (80, 443) GROUP BY dp, pr'
	# SQLite has no distinct pairs.
	agree rows '' 'n=distinct(protocol), m=distinct(tos + protocol)' \
		'SELECT count(DISTINCT pr), count(DISTINCT tos + pr) FROM f'
}

@test "networks and expressions as keys" {
	local net="CASE WHEN sa LIKE '%:%' THEN 6
		ELSE substr(sa, 1, instr(sa, '.') - 1) || '.0.0.0/8' END"

	agree rows 'net=if(ipv6, "6", prefix(sa, 8))' 'n=count(), b=sum(byt)' \
		"SELECT $net, count(*), $bytes FROM f GROUP BY 1"
	agree rows 'low=min(sp, dp)' 'n=count(), sum(pkt)' \
		'SELECT min(sp, dp), count(*), sum(packets) FROM f GROUP BY 1'
	agree rows 'class=bucket(pkt, 0, 10, 100, 1000)' 'n=count()' \
		'SELECT CASE WHEN packets < 10 THEN 0 WHEN packets < 100 THEN 10
			WHEN packets < 1000 THEN 100 WHEN packets >= 1000
			THEN 1000 END, count(*) FROM f GROUP BY 1'
}

@test "--where, --having, --sort and -n" {
	agree rows dp 'n=count(), sum(pkt)' --where 'tcp and not dst port 443' \
		'SELECT dp, count(*), sum(packets) FROM f
			WHERE pr = 6 AND dp IS NOT 443 GROUP BY dp'
	agree rows sa 'n=count(), p=sum(pkt)' --having 'n > 3 and p / n > 100' \
		'SELECT sa, count(*) AS n, sum(packets) AS p FROM f GROUP BY sa
			HAVING n > 3 AND p > 100 * n'
	run_ok rows sp 'n=count(), p=sum(pkt)' -b n,p:a -n 50
	same "$(sql 'SELECT sp, count(*) AS n, sum(packets) AS p FROM f
		GROUP BY sp ORDER BY n DESC, p, sp LIMIT 50')"
}

# An odd total, so that no share is half of what is shown.
@test "a ranking, with its shares" {
	run_ok flowtopn -k dst_port -b flows -n 300 -f tsv -a 'flows=count()' \
		--where 'bytes > 158' flows.json
	awk -F '\t' -v OFS='\t' 'NR > 1 { $4 = sprintf("%.0f", $4 * 100)
		$5 = sprintf("%.0f", $5 * 100); print }' <<< "$output" > ours
	sql "CREATE TEMP TABLE g AS SELECT row_number() OVER w AS i, dp, n,
			sum(n) OVER w AS c, sum(n) OVER () AS total
		FROM (SELECT dp, count(*) AS n FROM f
			WHERE bytes > '00000000000000000158' GROUP BY dp)
		WINDOW w AS (ORDER BY n DESC, dp);
		SELECT i, dp, n, (20000 * n + total) / (2 * total),
			(20000 * c + total) / (2 * total) FROM g
			WHERE total % 2 = 1 AND i <= 300 ORDER BY i" > theirs
	same 300 "$(wc -l < theirs)"
	cmp theirs ours
}

# counts EXPRESSION SQL
counts() {
	local theirs ours

	theirs=$(sql "SELECT count(*) FROM f WHERE $2")
	ours=$(flowfilter -c "$1" flows.json)
	[[ $ours == "$theirs" && $theirs != 0 && $theirs != 20000 ]] || {
		printf '%s: %s of ours, %s of SQLite\n' "$1" "$ours" "$theirs"
		return 1
	}
}

@test "filters: ports, protocols, addresses" {
	counts 'proto tcp and dst port 443' 'pr = 6 AND dp = 443'
	counts 'port 53' '53 IN (sp, dp)'
	counts 'not port 53' 'NOT coalesce(53 IN (sp, dp), 0)'
	counts 'port != 53' 'sp <> 53 AND dp <> 53'
	counts 'udp and (src port 53 or dst port 123)' \
		'pr = 17 AND (sp = 53 OR dp = 123)'
	counts 'dst port in [22 80 1000-2000]' \
		'dp IN (22, 80) OR dp BETWEEN 1000 AND 2000'
	counts 'dst port not in [22 80 1000-2000]' \
		'NOT coalesce(dp IN (22, 80) OR dp BETWEEN 1000 AND 2000, 0)'
	counts 'ipv6' "sa LIKE '%:%'"
	counts 'src net 104.0.0.0/8' "sa LIKE '104.%'"
	counts 'net 104.0.0.0/8 and not dst net 104.0.0.0/8' \
		"sa LIKE '104.%' AND da NOT LIKE '104.%'"
	counts 'exists(src_port) and not exists(packets)' \
		'sp IS NOT NULL AND packets IS NULL'
}

@test "filters: numbers of 64 bits, decimals, arithmetic" {
	counts 'bytes > 9223372036854775808' "bytes > '09223372036854775808'"
	counts 'bytes <= 18446744073709551000' "bytes <= '18446744073709551000'"
	counts 'bytes = 18446744073709551615' "bytes = '18446744073709551615'"
	counts 'bytes > 100k' "bytes > '00000000000000100000'"
	counts 'packets 1' 'packets = 1'
	counts 'packets >= 10 and packets < 1k' 'packets BETWEEN 10 AND 999'
	counts 'duration > 1.5s' 'ms > 1500'
	counts 'duration = 0' 'ms = 0'
	counts 'bpp > 700' 'bytes_hi > 700 * packets / 1000000000 AND
		bytes_hi * 1000000000.0 + bytes_lo > 700 * packets OR
		bytes_hi = 0 AND bytes_lo > 700 * packets'
	counts 'src_port > dst_port' 'sp > dp'
	counts 'packets % 7 = 3 and tos & 8 = 8' 'packets % 7 = 3 AND tos & 8 = 8'
}

@test "filters: flags" {
	counts 'flags S/SA' \
		"flags LIKE '%S%' AND flags NOT LIKE '%A%'"
	counts 'flags SA' "flags LIKE '%A%S%'"
	counts 'flags any RF' "flags LIKE '%R%' OR flags LIKE '%F%'"
	counts 'flags only A' "flags = '.A....'"
	counts 'not flags A' "flags NOT LIKE '%A%'"
}
