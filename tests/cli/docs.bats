#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Manuals, completions and --help say the same, and the examples are true.

load common

tools() {
	local tool

	for tool in flowcat flowfilter flowwin flowagg flowtopn flowdns flowmatch; do
		[[ ! -x $B/$tool ]] || printf '%s\n' "$tool"
	done
}

# The words of standard input, sorted, each once.
sorted() { tr -s ' ' '\n' | sed '/^$/d' | LC_ALL=C sort -u; }

help_options() {
	"$1" --help |
		sed -nE 's/^  (-.|  )[ ,] --([a-z-]+).*/\1 --\2/p' | sorted
}

page_options() {
	sed -nE '/^\.It Fl/p' "$ROOT/man/$1.1" |
		grep -oE 'Fl -?[A-Za-z-]+' | sed 's/^Fl /-/' | sorted
}

# Asks bash what it would complete: WORD.. are the words of the line.
bash_completes() {
	local tool=$1

	bash -c 'source "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		"_$1" "$1" "${!##=}" "${@: -2:1}"
		printf "%s\n" "${COMPREPLY[@]}"' \
		- "$ROOT/completions/bash/$tool" "$@" | sed 's/ *$//'
}

bash_options() {
	{ bash_completes "$1" -; bash_completes "$1" --; } |
		sed 's/=$//' | sorted
}

zsh_options() {
	grep -E "^[[:space:]]*'" "$ROOT/completions/zsh/_$1" |
		sed -E 's/\[.*//; s/\([^)]*\)//g' |
		grep -oE -- '--?[A-Za-z][A-Za-z-]*' | sorted
}

fish_options() {
	sed -nE "s/^complete -c $1( -s (.))?( -l ([a-z-]+))?.*/-\2 --\4/p" \
		"$ROOT/completions/fish/$1.fish" |
		sed -E 's/(^| )--?( |$)/ /g' | sorted
}

# Values of an option, as --help has them.
dialects() {
	# The help is wrapped: its lines are joined first.
	flowcat --help | tr -s ' \n' '  ' |
		sed -nE 's/.*DIALECT ([^(]*) \(.*/\1/p' | tr -d ,
}

# ---- options ----

@test "options: the manual has those of --help" {
	local tool

	for tool in $(tools); do
		same "$(help_options "$tool")" "$(page_options "$tool")"
	done
}

@test "options: the bash completions have those of --help" {
	local tool

	for tool in $(tools); do
		same "$(help_options "$tool")" "$(bash_options "$tool")"
	done
}

@test "options: the zsh completions have those of --help" {
	local tool

	for tool in $(tools); do
		same "$(help_options "$tool")" "$(zsh_options "$tool")"
	done
}

@test "options: the fish completions have those of --help" {
	local tool

	for tool in $(tools); do
		same "$(help_options "$tool")" "$(fish_options "$tool")"
	done
}

@test "completions: formats and dialects" {
	local tool dialect

	for tool in $(tools); do
		same "$(printf '%s\n' csv es-bulk json line table tsv)" \
			"$(bash_completes "$tool" -f '' | sorted)"
		for shell in "bash/$tool" "zsh/_$tool" "fish/$tool.fish"; do
			grep -q 'json line table csv tsv es-bulk' \
				"$ROOT/completions/$shell"
		done
	done
	same "$(dialects | sorted)" \
		"$(bash_completes flowcat --from '' | sorted)"
	for shell in bash/flowcat zsh/_flowcat fish/flowcat.fish; do
		for dialect in $(dialects); do
			grep -qw "$dialect" "$ROOT/completions/$shell"
		done
	done
}

@test "flowdns: its manual and completions have its statistics and detections" {
	local names

	[[ -x $B/flowdns ]] || return 0
	names=$(flowdns --only none 2>&1 | sed -n 's/.* but //p' | sorted)
	same "$names" "$(bash_completes flowdns --only '' | sorted)"
	same "$names" "$(sed -n '/^.Ss Statistics/,/^.Sh OPTIONS/ {
		s/^.It Cm \([a-z_]*\).*/\1/p
	}' "$ROOT/man/flowdns.1" | sorted)"
	for shell in zsh/_flowdns fish/flowdns.fish; do
		for name in $names; do
			grep -qw "$name" "$ROOT/completions/$shell"
		done
	done
}

@test "flowmatch: its manual and completions have the patterns" {
	local names shell

	names=$(basename -s .json "$ROOT"/share/patterns/*.json | sorted)
	same "$names" "$(bash_completes flowmatch '' | grep -xF "$names" | sorted)"
	same "$names" "$(sed -n '/^.Ss Sets/,/^.Sh OPTIONS/ {
		s/^.It Li //p
	}' "$ROOT/man/flowmatch.1" | tr -d , | sorted)"
	for shell in zsh/_flowmatch fish/flowmatch.fish; do
		same "$names" "$(grep -oE '[a-z]+(-[a-z]+)?' \
			"$ROOT/completions/$shell" | grep -xF "$names" | sorted)"
	done
}

@test "completions: values behind a sign, and behind a blank" {
	local tool

	cd "$BATS_TEST_TMPDIR" || return
	touch table.json
	for tool in $(tools); do
		same 'table tsv' "$(bash_completes "$tool" --format = t |
			sorted | xargs)"
		same table.json "$(bash_completes "$tool" --rejects = t)"
		same 'always auto never' "$(bash_completes "$tool" --color = |
			xargs)"
		same json "$(bash_completes "$tool" --stats = j)"
		same table.json "$(bash_completes "$tool" --color t | sorted |
			grep json)"
	done
}

@test "completions: each option once" {
	local shell

	for shell in "$ROOT"/completions/{zsh,fish}/*; do
		same '' "$(grep -oE -- "(--| -l )[a-z-]+" <(sed 's/\[.*//; s/ -d .*//' \
			"$shell" | grep -v '}') | sort | uniq -d)"
	done
}

@test "completions: files as operands and values" {
	local tool

	cd "$BATS_TEST_TMPDIR" || return
	touch flows-of-today.json
	for tool in $(tools); do
		same flows-of-today.json \
			"$(bash_completes "$tool" flows-of)"
		same flows-of-today.json \
			"$(bash_completes "$tool" --rejects flows-of)"
		same flows-of-today.json \
			"$(bash_completes "$tool" -o flows-of)"
	done
}

@test "completions: the shells that are here can read them" {
	local tool

	for tool in $(tools); do
		bash -n "$ROOT/completions/bash/$tool"
		if command -v zsh > /dev/null; then
			zsh -n "$ROOT/completions/zsh/_$tool"
		fi
		if command -v fish > /dev/null; then
			fish -n "$ROOT/completions/fish/$tool.fish"
			same "$(help_options "$tool" | grep -e --)" "$(
				HOME=$BATS_TEST_TMPDIR fish -c "
					source $ROOT/completions/fish/$tool.fish
					complete -C '$tool --'" 2> /dev/null |
					cut -f 1 | sed 's/=$//' | sorted)"
		fi
	done
}

# ---- manuals ----

@test "manuals: mandoc has no complaint" {
	! command -v mandoc > /dev/null ||
		mandoc -T lint -W warning "$ROOT"/man/*.[1-8]
}

@test "manuals: references within the project exist" {
	local page name

	while read -r name page; do
		[[ -e $ROOT/man/$name.$page ]] || report "$name($page)"
	done < <(sed -nE 's/^\.Xr (flow[a-z]*|pipe4flow) ([1-8]).*/\1 \2/p' \
		"$ROOT"/man/*.[1-8] | sort -u)
}

@test "manuals: flowrec(5) has the fields, with their short names" {
	same "$(sed -nE 's/^\t\{ "([a-z_0-9]+)", (NULL|"([a-z]+)"),.*/\1 \3/p' \
		"$ROOT/libcommon/field.c" | sed 's/ $//')" \
		"$(sed -nE 's/^\.It Li ([a-z_0-9]+) Ta( Li ([a-z]+))? Ta.*/\1 \3/p' \
		"$ROOT/man/flowrec.5" | sed 's/ $//')"
}

@test "manuals: flowexpr(7) has the functions" {
	same "$(sed -nE -e 's/^\t\{ "([a-z]+)", [0-9].*fn_.*/\1/p' -e \
		's/^static .* special\[\] = \{ (.*) \};/\1/p' \
		"$ROOT/libcommon/expr_fn.c" | tr -d '",' | sorted)" \
		"$(sed -nE 's/^\.It Ic ([a-z]+)\(.*/\1/p' \
		"$ROOT/man/flowexpr.7" | sorted)"
}

@test "manuals: flowagg(1) has the functions" {
	[[ -x $B/flowagg ]] || return 0
	same "$(sed -nE '/ accum_fns\[\] = /,$s/^\t +\.name = "([a-z]+)",/\1/p' \
		"$ROOT/libcommon/accum.c")" \
		"$(sed -nE '/^\.Ss Functions/,/^\.El/ {
			s/^\.It Ic ([a-z]+)[0-9]*\(.*/\1/p
		}' "$ROOT/man/flowagg.1")"
}

# The examples of a page: N.sh is a command ("$ ", then lines that begin with
# "> "), N.out what stands below it.
examples() {
	awk -v dir="$2" '
	/^\.Bd -literal|^```console/ { inside = 1; next }
	/^\.Ed|^```$/ { inside = showing = 0; next }
	!inside { next }
	{
		sub(/^\\&/, "")
		gsub(/\\e/, "\\")
	}
	/^\$ / { n++; showing = 1; kind = "sh" }
	!showing { next }
	!/^(\$|>) / { kind = "out" }
	kind == "sh" { sub(/^(\$|>) /, "") }
	{ print > sprintf("%s/%03d.%s", dir, n, kind) }' "$1"
}

# What stands for programs and files that a test does not have.
stage() {
	local raw flows

	raw=$(lab nfdump.json)
	flows=$(lab_flows)
	mkdir "$1" "$1/bin" "$1/work"
	printf '#!/bin/sh\ncat %s\n' "$raw" > "$1/bin/nfdump"
	chmod +x "$1/bin/nfdump"
	cp "$flows" "$1/work/flows.json"
	dnsgen -n 3000 -c 300 -d 1000 > "$1/work/dns.json"
}

try() {
	local page=$1 dir=$2 example status=0

	stage "$dir"
	examples "$page" "$dir"
	cd "$dir/work" || return
	for example in "$dir"/*.sh; do
		PATH=$dir/bin:$PATH bash -o pipefail "$example" \
			> "$dir/got" 2>&1 || status=$?
		[[ ! -e ${example%.sh}.out ]] ||
			diff -u "${example%.sh}.out" "$dir/got" || status=1
		# A tool whose reader has seen enough ends by SIGPIPE.
		[[ $status == 141 ]] && grep -q '| head' "$example" && status=0
		[[ $status == 0 ]] && continue
		printf '%s: status %s of\n' "${page##*/}" "$status"
		cat "$example"
		[[ -e ${example%.sh}.out ]] || cat "$dir/got"
		return 1
	done
}

try_pages() {
	local page name

	for page; do
		name=${page##*/}
		[[ $name != *.1 || -x $B/${name%.1} ]] || continue
		(try "$page" "$BATS_TEST_TMPDIR/$name")
	done
}

@test "examples of the manuals" {
	try_pages "$ROOT"/man/*.[1-8]
}

# All in one folder, where the sample is and a variable stays set.
@test "examples of README" {
	local dir=$BATS_TEST_TMPDIR/readme example flows

	mkdir "$dir"
	ln -s "$ROOT/tests" "$ROOT/recipes" "$BATS_TEST_TMPDIR"
	examples "$ROOT/README.md" "$dir"
	cd "$BATS_TEST_TMPDIR"
	for example in "$dir"/*.sh; do
		# shellcheck disable=SC1090
		source "$example" > "$dir/got" 2>&1
		[[ ! -e ${example%.sh}.out ]] ||
			diff -u "${example%.sh}.out" "$dir/got"
	done
	[[ -e $dir/008.sh ]]
}

@test "examples: three or more on each page" {
	local page

	for page in "$ROOT"/man/*.[1-8]; do
		mkdir "$BATS_TEST_TMPDIR/${page##*/}"
		examples "$page" "$BATS_TEST_TMPDIR/${page##*/}"
		[[ -e $BATS_TEST_TMPDIR/${page##*/}/003.sh ]] || report "$page"
	done
}

# ---- what is installed ----

@test "make install: units run the recipes that are there; uninstall" {
	local to=$BATS_TEST_TMPDIR/to recipe

	unset MAKEFLAGS MAKELEVEL
	make -C "$ROOT" -o all B="$B" DESTDIR="$to" PREFIX=/opt/p install
	while read -r recipe; do
		[[ -x $to$recipe ]] || report "$recipe"
	done < <(sed -nE 's|^ExecStart=(/[^ %]*).*|\1|p' \
		"$to"/opt/p/lib/systemd/system/*)
	grep -q '^ExecStart=/opt/p/share/pipe4flow/recipes/%i ' \
		"$to/opt/p/lib/systemd/system/pipe4flow-recipe@.service"
	make -C "$ROOT" -o all B="$B" DESTDIR="$to" PREFIX=/opt/p uninstall
	same '' "$(find "$to" -type f)"
}

@test "--help: examples at its end; --version" {
	local tool

	for tool in $(tools); do
		run_ok "$tool" --help
		[[ $output == *$'\nexamples:\n'* ]]
		run_ok "$tool" -V
		[[ $output == "$tool "[0-9]* ]]
	done
}
