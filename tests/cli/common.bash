# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests of the tools share: load common

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
: "${B:=$ROOT/build}"
[[ $B == /* ]] || B=$ROOT/$B
PATH=$B:$PATH
export B ROOT PATH TZ=UTC LC_ALL=C.UTF-8
export PIPE4FLOW_PATTERNS=$ROOT/share/patterns
unset PIPE4FLOW_CPU

# Runs a command: $status, $output (standard output only) and $stderr.
both() {
	run --separate-stderr "$@"
}

# What a failed test shows.
report() {
	printf 'command: %s\nstatus: %s\nstdout: %s\nstderr: %s\n' \
		"$*" "${status-}" "${output-}" "${stderr-}"
	return 1
}

# run_ok COMMAND..: must end with status 0 and say nothing on standard error.
run_ok() {
	both "$@"
	[[ $status == 0 && -z ${stderr:-} ]] || report "$@"
}

# run_err STATUS COMMAND..: must end with that status and a message.
run_err() {
	local wanted=$1

	shift
	both "$@"
	[[ $status == "$wanted" && -n ${stderr:-} ]] || report "$@"
}

# same WANTED [GOT]: exact comparison, of $output if GOT is not given.
same() {
	local got=${2-${output-}}

	[[ $1 == "$got" ]] ||
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$got")
}

# lab FILE: prints the name of a decompressed copy of tests/data/lab/FILE,
# made once for each file of tests.  FILE with or without .gz.
lab() {
	local name=${1%.gz}
	local copy=$BATS_FILE_TMPDIR/lab/$name from=$ROOT/tests/data/lab/$name

	if [[ ! -e $copy ]]; then
		mkdir -p "${copy%/*}"
		if [[ -e $from ]]; then
			cp "$from" "$copy.$$"
		else
			gzip -dc "$from.gz" > "$copy.$$"
		fi
		mv "$copy.$$" "$copy"
	fi
	printf '%s\n' "$copy"
}

# lab_flows: the same of the lab's flows as canonical records.
lab_flows() {
	local copy=$BATS_FILE_TMPDIR/lab/flows.json raw

	if [[ ! -e $copy ]]; then
		raw=$(lab nfdump.json)
		flowcat "$raw" > "$copy.$$"
		mv "$copy.$$" "$copy"
	fi
	printf '%s\n' "$copy"
}

# has PART [GOT]: a part of $output if GOT is not given.
has() {
	local got=${2-${output-}}

	[[ $got == *"$1"* ]] && return
	printf 'wanted: .. %s ..\ngot: %s\n' "$1" "$got"
	return 1
}
