#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# -f es-bulk: what the bulk API of Elasticsearch and OpenSearch reads.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	flows=$(lab_flows)
	records=$(wc -l < "$flows")
}

# bulk COMMAND..: its output has documents, indices and ids: $1.
checked() {
	local wanted=$1

	shift
	run_ok "$@" -f es-bulk --index 'x-%Y.%m.%d'
	same "$wanted" "$(printf '%s\n' "$output" | "$ROOT/tests/bin/bulk-check")"
}

# The rows without actions and @timestamp.
documents() { sed -n 'n;s/,"@timestamp":"[^"]*"}$/}/;p'; }

@test "each tool writes what the stores read, with the rows of json" {
	local rows

	checked "$records 1 0" flowcat "$flows"
	same "$(< "$flows")" "$(documents <<< "$output")"
	checked "$records 1 0" flowfilter any "$flows"
	for tool in 'flowagg -w 10s/1s -k sa,da' 'flowagg -w session:5s -k sa' \
		'flowwin -w 10s -k dp --roll 2' 'flowwin -w 10s --collect 2' \
		'flowtopn -w 10s -k sa -k da -n 3 --others' \
		'flowtopn -w 10s --group sa -k dp -n 3'; do
		# shellcheck disable=SC2086 # a list of words
		rows=$($tool "$flows" | tee rows.json | wc -l)
		# shellcheck disable=SC2086
		checked "$rows 1 $rows" $tool "$flows"
		same "$(< rows.json)" "$(documents <<< "$output")"
	done
}

@test "alerts: each row is one of its own" {
	checked '11 1 11' flowagg -w 10s/1s -k sa -a 'targets=distinct(da)' \
		--having 'targets >= 20' --alert scan "$flows"
}

@test "windows of a number of records may be alike: no ids" {
	for tool in 'flowagg -k sa' 'flowwin -k sa' 'flowtopn -k sa'; do
		# shellcheck disable=SC2086 # a list of words
		rows=$($tool -w count:5/1 "$flows" | wc -l)
		# shellcheck disable=SC2086
		checked "$rows 1 0" $tool -w count:5/1 "$flows"
	done
}

@test "a replay gives the same ids; other records of a window do, too" {
	local -a row=(flowagg -w 1h -k sa -f es-bulk --index x)

	"${row[@]}" "$flows" | sed -n 'p;n' > once
	"${row[@]}" < "$flows" | sed -n 'p;n' > again
	cmp once again
	head -n 900 "$flows" | "${row[@]}" | sed -n 'p;n' > fewer
	[[ -s fewer && -z $(comm -13 <(sort once) <(sort fewer)) ]]
	# another key is another row
	"${row[@]}" -k da "$flows" | sed -n 'p;n' > other
	[[ -z $(comm -12 <(sort once) <(sort other)) ]]
}

@test "the day is that of the window's end, or of the record" {
	printf '%s\n' '{"date_last_seen":"2024-02-29T23:59:59.999Z","bytes":1}' \
		'{"date_last_seen":"2024-03-01T00:00:00.000Z","bytes":2}' > f
	same 'f-20240229 f-20240301' \
		"$(flowfilter any -f es-bulk --index f-%Y%m%d f |
			jq -r '.index._index // empty' | paste -sd ' ')"
	same 'f-03-01 f-03-01' "$(flowwin -w 1h -f es-bulk --index f-%m-%d f |
		jq -r '.index._index // empty' | paste -sd ' ')"
	# the zone is of times that name none
	run_ok flowfilter --tz +02:00 any -f es-bulk --index f-%d <<< \
		'{"window_end":"2024-03-01T01:00:00","date_last_seen":1}'
	same '{"index":{"_index":"f-29"}}
{"window_end":"2024-03-01T01:00:00","date_last_seen":1,"@timestamp":"2024-02-29T23:00:00.000Z"}'
}

@test "without a time: a bad record if the index has a day, else none at all" {
	run_ok flowfilter any -f es-bulk --index f <<< '{"a":1} '
	same $'{"index":{"_index":"f"}}\n{"a":1} '
	run_ok flowfilter any -f es-bulk --index f <<< '{}'
	same $'{"index":{"_index":"f"}}\n{}'
	run_err 1 flowfilter any -f es-bulk --index f-%d <<< '{"a":1}'
	has '-:1: no time, of which --index has the day' "$stderr"
	same ''
	run_ok flowagg -f es-bulk --index f "$flows"
	same '{"index":{"_index":"f"}}' "${output%%$'\n'*}"
	[[ $output != *@timestamp* ]]
	run_err 2 flowagg -f es-bulk --index f-%d "$flows"
	has 'rows without a window have no time' "$stderr"
}

@test "an @timestamp that is there stays, and stays alone" {
	run_ok flowfilter any -f es-bulk --index f <<< \
		'{"@timestamp":"x","date_last_seen":"2024-03-01T00:00:00Z"}'
	has '{"@timestamp":"x","date_last_seen":"2024-03-01T00:00:00Z"}'
}

@test "several rankings: no empty lines between them" {
	run_ok flowtopn -k sa -k da -f es-bulk --index f "$flows"
	[[ $output != *$'\n\n'* && $output == *'"ranking":"da"'* ]]
}

@test "usage" {
	run_err 2 flowcat -f es-bulk "$flows"
	has 'go together' "$stderr"
	run_err 2 flowcat --index f "$flows"
	has 'go together' "$stderr"
	run_err 2 flowcat -f es-bulk --index Flows "$flows"
	has 'no capitals' "$stderr"
	run_err 2 flowagg -f es-bulk --index f-%H "$flows"
	has 'the patterns are %Y, %m and %d' "$stderr"
	run_err 2 flowcat -f es-bulk --index f -o kafka://localhost/t "$flows"
	has 'which Kafka would part' "$stderr"
	run_err 2 flowagg --partial -w 1m -f es-bulk --index f "$flows"
}
