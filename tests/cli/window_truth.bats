#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Windows against SQLite, row by row, and sliding windows against a run for
# each of them.  No record may be lost: each test counts.

load common
load windows

setup_file() {
	local n=1500

	[[ $B != *san* ]] || n=300
	cd "$BATS_FILE_TMPDIR" || return
	window_flows $n 1
	sqlite3 db <<- 'END'
		CREATE TABLE f (te INTEGER, sa TEXT, da TEXT, dp INTEGER,
			pr INTEGER, flags TEXT, ms INTEGER, packets INTEGER,
			bytes_hi INTEGER, bytes_lo INTEGER, bytes TEXT);
		.import rows f
		UPDATE f SET dp = NULL WHERE dp = '';
		UPDATE f SET packets = NULL WHERE packets = '';
		CREATE INDEX by_te ON f (te);
	END
}

# Each test has tables of its own.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR"/{flows,rows,db} .
}

sql() {
	sqlite3 -separator $'\t' db "$1"
}

# ---- in SQL ----

# stamp EXPRESSION: of ms.
stamp() {
	printf "strftime('%%Y-%%m-%%dT%%H:%%M:%%S', %s / 1000, 'unixepoch')
		|| printf('.%%03dZ', %s %% 1000)" "$1" "$1"
}

bounds="$(stamp s), $(stamp e)"

# The sum of bytes, exact; seconds as short as can be.
bytes='(sum(bytes_hi) + sum(bytes_lo) / 1000000000) ||
	printf("%09d", sum(bytes_lo) % 1000000000)'
bytes="ltrim($bytes, '0')"

seconds() {
	printf "rtrim(rtrim(printf('%%d.%%03d', %s / 1000, %s %% 1000), '0'),
		'.')" "$1" "$1"
}

# windows SIZE SLIDE: the table w, of all windows that can have a record, and
# in_w, the records of each.
windows() {
	sql "DROP TABLE IF EXISTS w; DROP TABLE IF EXISTS in_w;
		CREATE TABLE w AS WITH RECURSIVE r (s) AS (
			SELECT (min(te) - $1) / $2 * $2 FROM f
			UNION ALL SELECT s + $2 FROM r
				WHERE s + $2 <= (SELECT max(te) FROM f))
			SELECT s, s + $1 AS e FROM r;
		CREATE TABLE in_w AS SELECT w.s, w.e, f.* FROM w
			JOIN f ON f.te >= w.s AND f.te < w.e"
}

# sessions GAP [MAX]: the same table of sessions of each source.  A record is
# the first of one if the one before is GAP away or the first one MAX.
sessions() {
	sql "DROP TABLE IF EXISTS in_w; DROP TABLE IF EXISTS g;
		CREATE TABLE g AS SELECT *, row_number()
			OVER (ORDER BY sa, te) AS i FROM f;
		CREATE UNIQUE INDEX by_i ON g (i);
		CREATE TABLE in_w AS WITH RECURSIVE r (i, sa, last, s) AS (
			SELECT i, sa, te, te FROM g WHERE i = 1
			UNION ALL SELECT g.i, g.sa, g.te,
				iif(g.sa <> r.sa OR g.te - r.last >= $1
					OR g.te - r.s >= ${2:-1e15}, g.te, r.s)
				FROM r JOIN g ON g.i = r.i + 1)
		SELECT s, min(max(last) OVER (PARTITION BY g.sa, s) + $1,
				s + ${2:-1000000000000}) AS e, g.*
			FROM r JOIN g USING (i)"
}

# The same without a maximum, in another way.
plain_sessions() {
	sql "DROP TABLE IF EXISTS in_w;
		CREATE TABLE in_w AS WITH
		a AS (SELECT *, te - lag(te) OVER (PARTITION BY sa ORDER BY te)
			< $1 AS joins FROM f),
		b AS (SELECT *, sum(joins IS NOT 1) OVER
			(PARTITION BY sa ORDER BY te) AS i FROM a)
		SELECT min(te) OVER w AS s, max(te) OVER w + $1 AS e, * FROM b
			WINDOW w AS (PARTITION BY sa, i)"
}

# ---- comparisons ----

# ours SPEC KEYS LIST [OPTION..]: rows without a header in the file ours; the
# column n of counts is added in front of LIST.
ours() {
	flowagg -w "$1" -l $lateness -k "$2" -a "n=count(), $3" -f tsv \
		--stats=json "${@:4}" flows > table 2> stats || report
	same 1 "$(wc -l < stats)"
	same '0 0' "$(stat rejected) $(stat late)"
	tail -n +2 table > ours
	# In the order of their ends.
	cut -f 2 ours | sort -c
}

# agree SPEC KEYS COLUMNS LIST RESULTS [OPTION..]: the rows are the same.
agree() {
	ours "$1" "$2" "$4" "${@:6}"
	sql "SELECT $bounds, ${3:+$3,} count(*), $5 FROM in_w
		GROUP BY s, e${3:+, $3}" > theirs
	# Not nothing, or the test would tell nothing.
	[[ -s theirs ]]
	LC_ALL=C sort ours > ours.sorted
	LC_ALL=C sort theirs > theirs.sorted
	diff theirs.sorted ours.sorted | head -n 20
	cmp theirs.sorted ours.sorted
}

# quotients SPEC KEYS COLUMNS: means are quotients of exact sums, rounded once,
# all digits; deviations are roots of such, equal but for the last bits.
quotients() {
	ours "$1" "$2" 'a=avg(pkt), d=stddev(pkt), e=stddev(td)'
	sql "SELECT $bounds, ${3:+$3,} count(*), count(packets), sum(packets),
			sum(packets * packets), sum(ms), sum(ms * ms)
		FROM in_w GROUP BY s, e${3:+, $3}" > theirs
	[[ -s theirs ]]
	awk -F '\t' '
		function deviation(n, s, q, unit) {
			return n < 2 ? "" :
				sqrt((n * q - s * s) / (n * (n - 1))) / unit
		}
		function near(got, want) {
			if (got == "" || want == "")
				return got want == ""
			return (got - want) ^ 2 <= (want * 1e-14) ^ 2
		}
		{
			m = NF - (NR == FNR ? 6 : 4)
			key = ""
			for (i = 1; i <= m + 1; i++)
				key = key $i "\t"
		}
		NR == FNR {
			mean[key] = $(m + 2) ? $(m + 3) / $(m + 2) : ""
			d[key] = deviation($(m + 2), $(m + 3), $(m + 4), 1)
			e[key] = deviation($(m + 1), $(m + 5), $(m + 6), 1000)
			wanted++
			next
		}
		{
			rows++
			if (key in mean &&
			    sprintf("%.17g", $(m + 2)) == sprintf("%.17g",
				mean[key]) && (mean[key] == "") == ($(m + 2) == "") &&
			    near($(m + 3), d[key]) && near($(m + 4), e[key]))
				next
			print $0, "want", mean[key], d[key], e[key]
			bad = 1
		}
		END { exit bad || rows != wanted }' theirs ours
}

# all_of SPEC KEYS COLUMNS: everything that SQL can count.
all_of() {
	agree "$@" 'sum(pkt), b=sum(byt), sum(td), min(byt), max(byt), min(pkt),
		max(pkt), min(td), max(td), min(te), max(te), distinct(da),
		distinct(dp), tcp=count() if tcp' \
		"sum(packets), $bytes, $(seconds 'sum(ms)'),
		ltrim(min(bytes)), ltrim(max(bytes)), min(packets),
		max(packets), $(seconds 'min(ms)'), $(seconds 'max(ms)'),
		$(stamp 'min(te)'), $(stamp 'max(te)'), count(DISTINCT da),
		count(DISTINCT dp), sum(pr = 6)"
	quotients "$@"
}

# all_keys SPEC: of no key, one, two.
all_keys() {
	all_of "$1" '' ''
	all_of "$1" sa sa
	all_of "$1" pr,dp pr,dp
}

# ---- the records ----

@test "the records are what they should be" {
	local records size

	records=$(wc -l < flows)
	same "$records" "$(sql 'SELECT count(*) FROM f')"
	# Out of order, but not by more than is said; boundaries; ties.
	same '1 1' "$(awk -F '|' '$1 < max { n++ }
		max - $1 > late { late = max - $1 }
		$1 > max { max = $1 }
		END { print (n > NR / 2), (late > 30000 && late < 60000) }' rows)"
	(($(sql 'SELECT sum(te % 10000 = 0) FROM f') * 10 > records))
	(($(sql 'SELECT count(*) - count(DISTINCT te) FROM f') * 20 > records))
	(($(sql "SELECT sum(sa LIKE '%:%') FROM f") * 5 > records))
	(($(sql 'SELECT sum(packets IS NULL) FROM f') * 20 > records))
	(($(sql 'SELECT sum(bytes_hi > 9223372036) FROM f') * 20 > records))
	# Windows that are empty lie between others.
	for size in 1000 60000; do
		windows $size $size
		(($(sql 'SELECT count(*) FROM w') >
			$(sql 'SELECT count(DISTINCT s) FROM in_w')))
	done
}

# ---- SQLite ----

@test "tumbling windows" {
	local size

	for size in 10000 7000 500; do
		sql "DROP TABLE IF EXISTS in_w; CREATE TABLE in_w AS
			SELECT te - te % $size AS s,
				te - te % $size + $size AS e, * FROM f"
		all_keys ${size}ms
		all_in table
	done
	same "$(wc -l < flows)" "$(stat selected)"
}

@test "tumbling windows, some of the records" {
	sql 'DROP TABLE IF EXISTS in_w; CREATE TABLE in_w AS
		SELECT te - te % 60000 AS s, te - te % 60000 + 60000 AS e, *
			FROM f WHERE pr = 6'
	agree 1m da da 'sum(pkt)' 'sum(packets)' --where tcp
	all_in table
	same "$(sql 'SELECT sum(pr = 6) FROM f')" "$(stat selected)"
	agree 60s '' '' 'sum(pkt)' 'sum(packets)' --where 'proto tcp'
}

@test "sliding windows, the slide a part of the window" {
	windows 60000 10000
	all_keys 1m/10s
	# Each record in six of them.
	same $((6 * $(stat selected))) "$(sum_of n table)"
	windows 120000 2000
	all_of 2m/2s sa sa
	same $((60 * $(stat selected))) "$(sum_of n table)"
	windows 3600000 900000
	all_of 1h/15m da da
	same $((4 * $(stat selected))) "$(sum_of n table)"
}

@test "sliding windows, the slide no part of the window" {
	windows 60000 7000
	all_keys 1m/7s
	windows 30000 20000
	all_keys 30s/20s
	windows 10000 9999
	all_of 10s/9999ms sa sa
}

@test "sliding windows: boundaries belong to the later one, and --where" {
	sql 'DELETE FROM f WHERE te % 10000 <> 0'
	windows 30000 10000
	agree 30s/10s sa sa 'min(te), max(te)' \
		"$(stamp 'min(te)'), $(stamp 'max(te)')" \
		--where 'te = bucket(te, 10s)'
	same $((3 * $(stat selected))) "$(sum_of n table)"
	sql 'SELECT DISTINCT e - max(te) FROM in_w GROUP BY s' > left
	same 10000 "$(sort -n left | head -n 1)"
}

@test "--having, of windows of one pane and of several" {
	windows 60000 60000
	having 1m
	windows 60000 10000
	having 1m/10s
}

having() {
	ours "$1" sa 'p=sum(pkt), d=distinct(da)' --having 'd > 3 and p > 900'
	sql "SELECT $bounds, sa, count(*), sum(packets), count(DISTINCT da)
		FROM in_w GROUP BY s, sa
		HAVING count(DISTINCT da) > 3 AND sum(packets) > 900" > theirs
	[[ -s theirs ]]
	cmp <(LC_ALL=C sort theirs) <(LC_ALL=C sort ours)
}

@test "-b and -n: the first of each window" {
	windows 60000 60000
	first_ones 1m
	windows 60000 10000
	first_ones 1m/10s
}

first_ones() {
	ours "$1" dp 'p=sum(pkt)' -b n,p:a -n 2
	sql "SELECT $bounds, dp, n, p FROM (SELECT s, e, dp, count(*) AS n,
			sum(packets) AS p, row_number() OVER (PARTITION BY s
				ORDER BY count(*) DESC,
				sum(packets) IS NULL, sum(packets),
				dp IS NOT NULL, dp) AS i
			FROM in_w GROUP BY s, dp)
		WHERE i <= 2 ORDER BY s, i" > theirs
	[[ -s theirs ]]
	diff theirs ours
}

@test "first and last, of ties the least and the greatest" {
	windows 60000 10000
	sql 'DELETE FROM in_w WHERE packets IS NULL'
	ours 1m/10s sa 'a=first(pkt), b=last(pkt)' --where 'exists(packets)'
	sql "SELECT DISTINCT $bounds, sa, count(*) OVER g,
		first_value(packets) OVER (g ORDER BY te, packets),
		first_value(packets) OVER (g ORDER BY te DESC, packets DESC)
		FROM in_w WINDOW g AS (PARTITION BY s, sa)" > theirs
	[[ -s theirs ]]
	cmp <(LC_ALL=C sort theirs) <(LC_ALL=C sort ours)
}

@test "sessions" {
	local gap

	for gap in 30000 5000 60000; do
		plain_sessions $gap
		all_of session:${gap}ms sa sa
		all_in table
		sql 'SELECT s, e, te FROM in_w ORDER BY 1, 2, 3' > before
		sessions $gap
		sql 'SELECT s, e, te FROM in_w ORDER BY 1, 2, 3' | cmp before -
	done
}

@test "sessions of one key, and of two" {
	sql 'UPDATE f SET sa = 1'
	sessions 2000
	all_of session:2s '' ''
	all_in table
	cp "$BATS_FILE_TMPDIR/db" .
	sql "UPDATE f SET sa = pr || '|' || coalesce(dp, '')"
	sessions 20000
	all_of session:20s pr,dp pr,dp
	all_in table
}

@test "sessions of a greatest length" {
	sessions 30000 60000
	all_of session:30s/1m sa sa
	all_in table
	# Some were cut.
	(($(sql 'SELECT count(*) FROM (SELECT DISTINCT sa, s, e FROM in_w)
		WHERE e - s = 60000') > 5))
	sessions 30000 7000
	all_of session:30s/7s sa sa
	all_in table
	sessions 5000 3600000
	all_of session:5s/1h sa sa
	all_in table
}

# Of arrival: the table w in_w has the bounds of the times that came.
@test "windows of a number of records" {
	sql 'DROP TABLE IF EXISTS in_w; CREATE TABLE in_w AS
		SELECT min(te) OVER w AS s, max(te) OVER w AS e, * FROM f
			WINDOW w AS (PARTITION BY (rowid - 1) / 100)'
	ours count:100 sa 'sum(pkt)'
	all_in table
	sql "SELECT $bounds, sa, count(*), sum(packets) FROM in_w
		GROUP BY s, e, sa" > theirs
	cmp <(LC_ALL=C sort theirs) <(LC_ALL=C sort ours)
}

# ---- a run for each window ----

every='n=count(),c=count() if tcp,s=sum(byt),td=sum(td),a=avg(byt),m=avg(td),
	lo=min(byt),hi=max(te),net=min(da),f=first(da),l=last(byt),
	sd=stddev(td),ds=distinct(da),p=p50(byt),q=p99.9(td),md=median(pkt),
	set=set(dp),few=set(da,3),t=top(da),b=bits(flags),e=entropy(da),
	r=sum(byt)/sum(pkt),x=max(pkt) if udp'

# same_as_each SPEC COMMAND..: its windows, and a run for the records of each.
same_as_each() {
	local start end

	"${@:2}" -w "$1" -l $lateness flows > together
	flowagg -w "$1" -l $lateness -f tsv flows | tail -n +2 > all
	(($(wc -l < all) > 3))
	while read -r start end _; do
		"${@:2}" flows --where \
			"te >= \"$start\" and te < \"$end\"" | sed \
			"s/{/{\"window_start\":\"$start\",\"window_end\":\"$end\",/"
	done < all > each
	[[ -s each ]]
	diff each together | head -n 20
	cmp each together
}

# few_flows N: fewer records, for there is a run for each window.
few_flows() {
	local n=$1

	[[ $B != *san* ]] || n=$((n / 5))
	head -n $n "$BATS_FILE_TMPDIR/flows" > flows
}

@test "sliding windows: all functions, as in a run for each" {
	few_flows 300
	same_as_each 1m/20s flowagg -a "$every"
	same_as_each 2m/35s flowagg -k sa -a "$every"
	same_as_each 1m/10s flowagg -k pr,dp -a "$every"
}

@test "sliding windows: each function alone" {
	local i items

	few_flows 200
	# Commas within parentheses are no ends.
	mapfile -t items < <(tr -d '\n\t' <<< "$every" |
		sed 's/,\([a-z]*=\)/\n\1/g')
	((${#items[@]} > 20))
	for i in "${items[@]}"; do
		same_as_each 1m/20s flowagg -k sa -a "$i"
	done
}

@test "sliding windows: --having, -b and -n, as in a run for each" {
	few_flows 300
	same_as_each 1m/20s flowagg -k sa -a "$every" \
		--having 'n > 1 and (lo < 5000 or ds > 2)'
	same_as_each 1m/20s flowagg -k sa -a "$every" -b lo,ds:a
	same_as_each 1m/20s flowagg -k da -a "$every" -b n -n 3
	same_as_each 2m/15s flowagg -k sa,dp -a "$every" --having 'n > 1' \
		-b p:a,e -n 4
}

@test "flowtopn: sliding windows, as in a run for each" {
	few_flows 300
	same_as_each 1m/20s flowtopn -k sa -n 3 --others
	same_as_each 1m/20s flowtopn -k da -b packets:a -n 2 --others
	same_as_each 2m/15s flowtopn -k sa -k dp -b 'h=distinct(da)' -n 0
	same_as_each 1m/20s flowtopn --group pr -k sa -n 1 --others
	same_as_each 1m/10s flowtopn -k dp -b 'max(byt)' --min 20k -n 3
}

@test "flowtopn: ranks and others make up the total of each window" {
	local spec

	for spec in 10s 1m/10s 1m/7s; do
		flowtopn -w $spec -l $lateness -k sa -n 2 --others \
			--stats=json -a 'n=count(), p=sum(pkt)' -b n flows \
			> rows.json 2> stats
		jq -r '[.window_start, .window_end, .n, .p // 0] | @tsv' \
			rows.json | awk -F '\t' -v OFS='\t' '
			$2 != last {
				if (last)
					print start, last, n, p
				n = p = 0
				start = $1
				last = $2
			}
			{ n += $3; p += $4 }
			END { print start, last, n, p }' > ours
		flowagg -w $spec -l $lateness -f tsv flows \
			-a 'n=count(), p=sum(pkt)' | tail -n +2 |
			awk -F '\t' -v OFS='\t' '{ $4 += 0; print }' | diff - ours
		grep -q '"others":' rows.json
		[[ $spec == */* ]] || { (echo n; jq .n rows.json) > table; all_in table; }
	done
}
