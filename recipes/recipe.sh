# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the recipes have in common: their options.  A recipe says
#
#	. "${0%/*}/recipe.sh"
#	option window 10s 'length of a window'
#	parse "$@"; shift "$parsed"
#
# and has $window, from --window if it was given, and the operands in "$@".
# -h prints the comment at the head of the recipe, and its options.

set -eu -o pipefail

options=

# NAME DEFAULT WHAT
option() {
	options="$options$1	$2	$3
"
	eval "$1=\$2"
}

# NAME ..: options of all recipes that would have no effect on this one.
without() {
	for _name; do
		options=$(printf '%s' "$options" | grep -v "^$_name	" || :)
		options=${options:+$options
}
	done
}

usage() {
	local letter

	sed -n '3,/^$/s/^#[ ]\{0,1\}//p' "$0"
	printf '\nOptions:\n'
	printf '%s' "$options" | while IFS='	' read -r name default what; do
		letter='    '
		case $name in
		local) letter='-L, ' ;;
		output) letter='-o, ' ;;
		format) letter='-f, ' ;;
		esac
		printf '  %s--%-14s %s%s\n' "$letter" "$name" "$what" \
			"${default:+ ($default)}"
	done
}

complain() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# A tool would take an option behind operands for one of its own.
operands() {
	for _name; do
		case $_name in
		-?*) complain "$_name: options come before operands" ;;
		esac
	done
}

# Sets what --NAME VALUE and --NAME=VALUE say, and $parsed to their number.
parse() {
	parsed=0
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--) parsed=$((parsed + 1)); return ;;
		-L) _name=local _n=2 ;;
		-o) _name=output _n=2 ;;
		-f) _name=format _n=2 ;;
		--*=*) _name=${1#--} _name=${_name%%=*} _n=1 ;;
		--*) _name=${1#--} _n=2 ;;
		-?*) _name=$1 _n=1 ;;
		*) operands "$@"; return ;;
		esac
		printf '%s' "$options" | grep -q "^$_name	" ||
			complain "$1: there is no such option; see --help"
		[ $# -ge $_n ] || complain "$1: a value is missing"
		if [ $_n = 1 ]; then _value=${1#*=}; else _value=$2; fi
		eval "$_name=\$_value"
		parsed=$((parsed + _n))
		shift $_n
	done
}

# Sets $late, an option for windows behind flowcat: -l of --lateness, else an
# hour where all operands are files.  A file is complete, a pipe cannot tell.
lateness() {
	late=(${lateness:+-l "$lateness"})
	[ -n "$lateness" ] || [ $# = 0 ] || late=(-l 1h)
	for _name; do
		[ -f "$_name" ] || late=(${lateness:+-l "$lateness"})
	done
}

# NAME: an option without a default must be given.
needed() {
	for _name; do
		eval "_value=\$$_name"
		[ -n "$_value" ] || complain "--$_name is needed; see --help"
	done
}

# Sets $shown, an option for a tool whose rows have not all the same members:
# a table has the columns of its first row, if nobody names them.
shown() {
	shown=()
	case $format in
	table | csv | tsv) shown=(--fields "window_start,window_end,$1") ;;
	esac
}

# The networks or addresses of an option as a list of an expression:
# "A,B" is [A B], @FILE stays.
list() {
	case $1 in
	@*) printf '%s' "$1" ;;
	*) printf '[%s]' "$(printf '%s' "$1" | tr ',' ' ')" ;;
	esac
}

# Of all recipes.
option output - 'where the rows go: a file, kafka://host/topic'
option lateness '' 'how far records may be out of order'
option format json 'of the rows: json, table, csv, tsv'
