#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowmatch's library on the attack lab's flows for testing: tools, rates, words
# and a server that the patterns were not learned from.

load common

# flows: the decompressed set, made once.
flows() {
	local copy=$BATS_FILE_TMPDIR/test.json

	[[ -e $copy ]] || gzip -dc "$ROOT/tests/data/lab-attacks/test.json.gz" \
		> "$copy"
	printf '%s\n' "$copy"
}

# evaluates SET: prints its confusion matrix; its rows are in $output.
evaluates() {
	run_ok flowmatch --evaluate label -f table "$1" "$(flows)"
	sed 's/^/# /' <<< "$output" >&3
	run_ok flowmatch --evaluate label "$1" "$(flows)"
	measures=$(jq -c 'select(.f1) | [.precision, .recall]' <<< "$output")
}

@test "lab: every run of SSH guessing is found, no benign SSH is reported" {
	evaluates ssh-guessing
	same '[1,1]' "$measures"
	# Each run that is in the truth is in the matrix, with its tool.
	same 'hydra 9
medusa 4
ncrack 4' "$(jq -r -s '[.[] | select(.found and .found != "-")] |
		group_by(.truth)[] | "\(.[0].truth) \(map(.keys) | add)"' <<< "$output")"
	same "$(jq -r '.runs[] | select(.set == "test" and
		(.label | IN("hydra", "medusa", "ncrack"))).label' \
		"$ROOT/tests/data/lab-attacks/truth.json" | sort | uniq -c |
		awk '{ print $2, $1 }')" "$(jq -r -s '[.[] |
		select(.found and .found != "-")] | group_by(.truth)[] |
		"\(.[0].truth) \(map(.keys) | add)"' <<< "$output")"
	# What is benign, and seen.
	jq -e -s 'map(select(.truth == "ssh-benign" and .found == "-").keys) |
		add >= 13' <<< "$output"
	run_ok flowmatch ssh-guessing "$(flows)"
	jq -e -s 'all(.certainty >= 0.8)' <<< "$output"
}

@test "lab: scans and floods are found, nothing else is called so" {
	for set in scan-horizontal scan-vertical scan-slow syn-flood; do
		evaluates $set
		same '[1,1]' "$measures"
		run_ok flowmatch $set "$(flows)"
		jq -e -s 'all(.certainty >= 0.8)' <<< "$output"
	done
}

@test "lab: the other sets" {
	for set in ftp-guessing telnet-guessing slow-http beaconing; do
		evaluates $set
		same '[1,1]' "$measures"
	done
	# Nothing there is reflected.
	run_ok flowmatch reflection,rdp-guessing "$(flows)"
	same ''
}

@test "lab: all sets at once say the same as one by one, in any order of flows" {
	sets=$(jq -r .name "$ROOT"/share/patterns/*.json | paste -sd ,)
	run_ok flowmatch --update 1h "$sets" "$(flows)"
	all=$(sort <<< "$output")
	each=$(for set in ${sets//,/ }; do
		flowmatch --update 1h "$set" "$(flows)"
	done | sort)
	key='[.type, .alert_id, .alert_state, .connections, .values]'
	same "$(jq -c "$key" <<< "$each")" "$(jq -c "$key" <<< "$all")"
	shuf --random-source="$(flows)" "$(flows)" > mixed
	run_ok flowmatch --update 1h "$sets" mixed
	same "$all" "$(sort <<< "$output")"
}

@test "lab: what the files say of themselves is what comes out" {
	for file in "$ROOT"/share/patterns/*.json; do
		wanted=$(jq -r .measured "$file")
		[[ $wanted != 'not measured'* ]] || continue
		evaluates "$(jq -r .name "$file")"
		same "$wanted" "$(jq -r 'select(.f1) | "precision " +
			"\(.precision), recall \(.recall), F1 \(.f1) of \(.keys) keys in test.json"' \
			<<< "$output")"
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}
