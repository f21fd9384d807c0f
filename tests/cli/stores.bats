#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The recipes store-*: what they load is what there is, once, however often.

load common

recipe() { "$ROOT/recipes/$1" "${@:2}"; }

# PostgreSQL does not run as root.
as_postgres() {
	if [[ $EUID == 0 ]]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups \
			env HOME=/ "$@"
	else
		"$@"
	fi
}

# A server of our own, on a socket in the folder of this file's tests.
setup_file() {
	local programs

	programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	export PGHOST=$BATS_FILE_TMPDIR/postgres PGUSER=postgres PGDATABASE=postgres
	mkdir "$PGHOST"
	if [[ $EUID == 0 ]]; then
		chmod o+x "$BATS_RUN_TMPDIR" "${BATS_FILE_TMPDIR%/*}" \
			"$BATS_FILE_TMPDIR"
		chown postgres: "$PGHOST"
	fi
	(
		cd /
		as_postgres "$programs/initdb" -D "$PGHOST/data" -U postgres \
			-A trust -E UTF8 --no-sync
		as_postgres "$programs/pg_ctl" -w -D "$PGHOST/data" \
			-l "$PGHOST/log" -o "-F -c listen_addresses= -k $PGHOST" \
			start
	) > "$BATS_FILE_TMPDIR/postgres.log" 2>&1 3>&- ||
		{ cat "$BATS_FILE_TMPDIR/postgres.log" "$PGHOST/log"; return 1; }
}

teardown_file() {
	local pid

	[[ -s $PGHOST/data/postmaster.pid ]] || return 0
	pid=$(head -n 1 "$PGHOST/data/postmaster.pid")
	kill -INT "$pid"
	timeout 20 tail --pid="$pid" -f /dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	flows=$(lab_flows)
	# Two flows that are equal, and both true; one with an odd text.
	{
		head -n 3 "$flows"
		head -n 1 "$flows"
	} > few
	# Two windows of a row each; then the second one has changed.
	for n in 1 2; do
		printf '{"window_start":"2024-05-01T10:0%s:00Z","src_ip_addr":"192.0.2.1","n":%s,"share":0.5,"name":"o'\''x, \\"%s\\" \\\\ ä","list":[1,2]}\n' \
			"$n" "$n" "$n"
	done > rows
	sed -n '2s/"n":2/"n":7/p' rows > changed
	printf '{"window_start":"2024-05-01T10:01:00Z","n":9}\n' > keyless
}

# Figures of flows that a store must have, too.
figures() {
	jq -rs '"\(length)|\(map(.bytes) | add)|\(map(select(.src_port)) | length)"' \
		"$@"
}
flow_query='select count(*), sum(bytes), count(src_port) from flows'

# STORE QUERY..: loads all there is to load, twice, and asks.
loads_flows() {
	local store=$1

	shift
	recipe "$store" "$@" "$flows"
	same "$(figures "$flows")" "$(ask "$flow_query")"
	recipe "$store" "$@" < "$flows"
	same "$(figures "$flows")" "$(ask "$flow_query")"
	recipe "$store" "$@" few
	same "$(figures "$flows" few)" "$(ask "$flow_query")"
	# a load by its name
	recipe "$store" "$@" --load few-1 few
	recipe "$store" "$@" --load few-1 <(head -n 2 few)
	same "$(figures "$flows" few <(head -n 2 few))" "$(ask "$flow_query")"
	# what is bad is left out, and told
	run_err 1 recipe "$store" "$@" <(echo 1; head -n 1 few)
	same "$(figures "$flows" few <(head -n 2 few) <(head -n 1 few))" \
		"$(ask "$flow_query")"
}

loads_rows() {
	local store=$1 text=$2

	shift 2
	for file in rows rows changed rows changed; do
		recipe "$store" "$@" --table r --rows window_start,src_ip_addr \
			"$file"
	done
	same '1 7' "$(ask 'select n from r order by window_start' | paste -sd ' ')"
	same 'o'\''x, "1" \ ä' "$(ask 'select name from r where n = 1')"
	same "$text" "$(ask 'select share, list from r where n = 1')"
	# a key that is unknown is one, too
	for i in 1 2; do
		recipe "$store" "$@" --table k \
			--rows window_start,src_ip_addr <(cat rows keyless)
	done
	same '3' "$(ask 'select count(*) from k')"
	same '9' "$(ask 'select n from k where src_ip_addr is null')"
}

refuses_names() {
	run_err 2 recipe "$@" --table "a'b" few
	run_err 2 recipe "$@" --load 'x"y' few
	run_err 2 recipe "$@" --rows 'a;b' few
}

@test "SQLite: flows, each load once" {
	ask() { sqlite3 flows.db "$1"; }
	loads_flows store-sqlite --db flows.db
	same '2026-11-23T14:21:34.880Z|ff02::1:ffc9:93f2|58|integer|real' \
		"$(ask 'select date_first_seen, dst_ip_addr, protocol,
			typeof(bytes), typeof(duration) from flows limit 1')"
	refuses_names store-sqlite --db flows.db
	run_err 2 recipe store-sqlite few
}

@test "SQLite: rows, each key once" {
	ask() { sqlite3 flows.db "$1"; }
	loads_rows store-sqlite '0.5|[1,2]' --db flows.db
}

@test "SQLite: loads at the same time wait for each other" {
	for i in 1 2 3 4; do
		recipe store-sqlite --db flows.db --load "$i" few 3>&- &
	done
	wait
	same 16 "$(sqlite3 flows.db 'select count(*) from flows')"
}

@test "PostgreSQL: flows, each load once" {
	ask() { psql -XAtc "$1"; }
	loads_flows store-postgresql
	same '2026-11-23 14:21:34.88+00|ff02::1:ffc9:93f2|58|0' \
		"$(ask "set time zone 'UTC'; select date_first_seen, dst_ip_addr,
			protocol, duration from flows
			order by date_first_seen limit 1" | tail -n 1)"
	refuses_names store-postgresql
	# all or nothing
	run_err 3 recipe store-postgresql --table "none" \
		<(head -n 1 few; echo '{"date_last_seen":"2024-05-01T10:00:00Z","src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","protocol":6,"packets":1,"bytes":1,"in_if":99999999999999999999}')
	same '' "$(ask "select 1 from pg_tables where tablename = 'none'")"
}

@test "PostgreSQL: rows, each key once" {
	ask() { psql -XAtc "$1"; }
	loads_rows store-postgresql '0.5|[1, 2]'
}

@test "ClickHouse: the table and the rows that it is given" {
	cat > client <<- 'EOT'
	#!/bin/bash
	printf '%s\n' "$*" >> queries
	[[ $* != *INSERT* ]] || cat >> given
	EOT
	chmod +x client
	recipe store-clickhouse --client './client -h db' few
	grep -q '^-h db --query CREATE TABLE IF NOT EXISTS "flows" (load String, n UInt64, "date_first_seen" ' queries
	grep -q 'ReplacingMergeTree ORDER BY ("load", "n")' queries
	grep -q 'INSERT INTO "flows" FORMAT JSONEachRow$' queries
	same "$(jq -c . few)" "$(jq -c 'del(.load, .n)' given)"
	same '1 2 3 4' "$(jq .n given | paste -sd ' ')"
	same 1 "$(jq .load given | sort -u | wc -l)"
	cp given once
	rm given
	recipe store-clickhouse --client ./client < few
	cmp once given
	rm queries given
	recipe store-clickhouse --client ./client --table r \
		--rows window_start,src_ip_addr rows
	grep -q '"window_start" Nullable(DateTime64(3, '\''UTC'\'')), *"src_ip_addr" String, *"n" Nullable(Float64)' queries
	grep -q 'ORDER BY ("window_start", "src_ip_addr")' queries
	cmp rows given
	refuses_names store-clickhouse --client ./client
}

@test "Elasticsearch: flows and rows, each once" {
	"$ROOT/tests/bin/bulk-store" "$PWD" 3>&- &
	local store=$! tries=100
	local -a load

	while [[ ! -e port ]] && ((tries--)); do sleep 0.1; done
	load=(recipe store-elasticsearch --url "http://127.0.0.1:$(< port)")
	"${load[@]}" --index 'flows-%Y.%m.%d' --lines 100 "$flows"
	"${load[@]}" --index 'flows-%Y.%m.%d' < "$flows"
	"${load[@]}" --index 'flows-%Y.%m.%d' few
	same "$(cat "$flows" few | wc -l)" "$(wc -l < documents)"
	same flows-2026.11.23 "$(cut -d ' ' -f 1 documents | uniq)"
	same "$(cat "$flows" few | sort)" "$(cut -d ' ' -f 3- documents |
		sed 's/,"@timestamp":"[^"]*"}$/}/' | sort)"
	flowagg -w 10s -k sa -f es-bulk --index senders "$flows" > body
	"${load[@]}" body
	"${load[@]}" < body
	same "$(flowagg -w 10s -k sa "$flows" | wc -l)" \
		"$(grep -c ^senders documents)"
	# a store that refuses one row, and none at all
	run_err 2 "${load[@]}" <(printf '%s\n' \
		'{"index":{"_index":"x"}}' '{"refuse":1}')
	has 'the store refused rows' "$stderr"
	kill "$store"
	wait "$store" || :
	both "${load[@]}" body
	[[ $status != 0 ]]
}

@test "--help" {
	for store in sqlite postgresql clickhouse elasticsearch; do
		run_ok recipe "store-$store" --help
		has "store-$store "
		has --load
	done
}
