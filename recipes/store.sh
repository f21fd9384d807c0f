# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the recipes store-* have in common: what is loaded, in a file, and which
# columns that has.  recipe.sh comes first.

without output lateness format

# Columns of a table of flows: the usual ones of the canonical fields.
flow_columns='date_first_seen time
date_last_seen time
duration real
src_ip_addr ip
dst_ip_addr ip
src_port int
dst_port int
protocol int
flags text
tos int
packets big
bytes big
icmp_type int
icmp_code int
src_as int
dst_as int
in_if int
out_if int'

option table flows 'the table, which is made if it is not there'
option load '' 'name of the load'
option rows '' 'rows, not flows; their key is the members "A,B"'

# OPTION VALUE: it will stand in SQL, between quotes.
plain() {
	case $2 in
	*[!A-Za-z0-9_.:,-]*)
		complain "--$1 $2: there may be letters, digits and _.:,-" ;;
	esac
}

# TEXT: for the first word of each line, TEXT with it in place of NAME, between
# commas.
each() {
	local name list=

	while read -r name _; do
		list="$list${list:+, }${1//NAME/$name}"
	done
	printf '%s' "$list"
}

# [operand ...]: makes $scratch, $scratch/rows with an object a line, and
# $columns, lines of names and types.  $load is set if it was not given.
# $key is --rows, a name a line.  $skipped is the status to end with: 1 if some
# input could not be read.
gather() {
	local file

	plain table "$table"
	plain load "$load"
	plain rows "$rows"
	key=${rows//,/$'\n'}
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	file=$scratch/rows
	columns=$flow_columns skipped=0
	if [ -z "$rows" ]; then
		flowcat "$@" | flowfilter any --fields \
			"$(cut -d ' ' -f 1 <<< "$flow_columns" | paste -sd ,)" \
			> "$file" || skipped=$?
	else
		flowfilter any "$@" > "$file" || skipped=$?
		columns=$(row_columns < "$file")
	fi
	[ "$skipped" -le 1 ] || exit "$skipped"
	[ -n "$load" ] || load=$(sha256sum < "$file" | cut -c 1-32)
}

# What members rows have, and of which types.
row_columns() {
	jq -r 'to_entries[] | "\(.key) " +
		if .key | test("^window_|^date_") then "time"
		elif .key | test("_ip_addr$") then "ip"
		elif .value | type == "number" then "number"
		elif .value | type == "string" then "text"
		else "json" end' | awk '!seen[$1]++' | grep -E '^[A-Za-z0-9_.-]+ '
}
