#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The package of `make deb' in a bare system.  Root only; the system is made
# once a month, and kept in $XDG_CACHE_HOME or ~/.cache.

load ../cli/common

# A minimal system of this release, from where apt gets its packages.
bare_system() {
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/pipe4flow
	local release tarball file
	local -a sources=()

	release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	tarball=$cache/bare-$release.tar
	if [[ ! -e $tarball || $(find "$tarball" -mtime +30) ]]; then
		for file in /etc/apt/sources.list \
			/etc/apt/sources.list.d/{debian,ubuntu}.sources; do
			[[ ! -s $file ]] || sources+=("$file")
		done
		mkdir -p "$cache"
		mmdebstrap --quiet --variant=minbase --format=tar \
			"$release" "$tarball.$$" "${sources[@]}" >&2 || return
		mv "$tarball.$$" "$tarball"
	fi
	mkdir "$1"
	tar -C "$1" -xf "$tarball"
	cp /etc/resolv.conf "$1/etc/"
}

setup_file() {
	[[ $EUID == 0 ]] || skip 'not root'
	DEB=$(echo "$B"/deb/*.deb)
	root=$BATS_FILE_TMPDIR/root
	bare_system "$root"
	inside apt-get -qq update
	files > "$BATS_FILE_TMPDIR/before"
	cp "$DEB" "$root/tmp/pipe4flow.deb"
	cp "$(lab nfdump.json)" "$root/tmp/nfdump.json"
	cp "$(lab_flows)" "$root/tmp/flows.json"
	export DEB root
}

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# What is in the system, without what apt and dpkg remember.
files() {
	(cd "$root" && find . -xdev \( -path ./var -o -path ./tmp \) -prune -o \
		-print | LC_ALL=C sort)
}

tools() { sed -n 's/^tools = //p' "$ROOT/Makefile"; }

@test "version and build dependencies have one place each" {
	same "$(< "$ROOT/VERSION")" "$(dpkg-deb -f "$DEB" Version)"
	# A compiler, libc and make are there wherever packages are built.
	same "$(sed -nE '/^\tbuild\)/,/;;/p' "$ROOT/scripts/deps" |
		grep -oE '[a-z0-9.-]+(-dev|-config)' |
		grep -v libc6-dev | sort)" \
		"$(sed -nE '/^Build-Depends/,/^[^ ]*-Version/p' \
			"$ROOT/debian/control" |
			grep -oE '[a-z0-9.-]+(-dev|-config)' | sort)"
}

@test "it installs" {
	run inside apt-get -qq -y --no-install-recommends \
		install /tmp/pipe4flow.deb
	[[ $status == 0 ]] || report
}

@test "everything that is to be installed is there" {
	local tool page file

	for tool in $(tools); do
		[[ -x $root/usr/bin/$tool ]]
		[[ -e $root/usr/share/bash-completion/completions/$tool ]]
		[[ -e $root/usr/share/zsh/vendor-completions/_$tool ]]
		[[ -e $root/usr/share/fish/vendor_completions.d/$tool.fish ]]
	done
	for page in "$ROOT"/man/*.[1-8]; do
		[[ -e $root/usr/share/man/man${page##*.}/${page##*/}.gz ]]
	done
	for file in "$ROOT"/contrib/systemd/*.{service,socket}; do
		cmp "$file" "$root/lib/systemd/system/${file##*/}"
	done
	for file in "$ROOT"/recipes/* "$ROOT"/share/patterns/*; do
		[[ ! -e $file ]] || cmp "$file" \
			"$root/usr/share/pipe4flow/$(basename "${file%/*}")/${file##*/}"
	done
}

@test "each tool is hardened, and runs" {
	local tool headers

	for tool in $(tools); do
		headers=$(readelf -hdlW "$root/usr/bin/$tool")
		has 'Position-Independent Executable' "$headers"
		has BIND_NOW "$headers"
		has GNU_RELRO "$headers"
		same "$tool $(< "$ROOT/VERSION")" "$(inside "$tool" -V)"
		inside "$tool" --help | grep -q "^usage: $tool "
	done
}

@test "they give what they give here" {
	local command

	same "$(lab_flows | xargs cat)" "$(inside flowcat /tmp/nfdump.json)"
	for command in 'flowfilter "flags S/SA"' 'flowwin -w 10s --roll 2' \
		'flowagg -k "domain(\"a.example.co.uk\")" -w 1m -f es-bulk --index x' \
		'flowtopn -k sa --tz Europe/Prague -f table'; do
		[[ $command != *--tz* || -e $root/usr/share/zoneinfo/Europe ]] ||
			continue
		same "$(sh -c "$command $root/tmp/flows.json")" \
			"$(inside sh -c "$command /tmp/flows.json")"
	done
}

@test "a recipe runs from where it is installed" {
	local recipe=recipes/top-n

	[[ -e $ROOT/$recipe ]] || skip 'there is none'
	same "$("$ROOT/$recipe" "$root/tmp/flows.json")" \
		"$(inside "/usr/share/pipe4flow/$recipe" /tmp/flows.json)"
}

@test "it installs over itself" {
	run inside apt-get -qq -y --reinstall install /tmp/pipe4flow.deb
	[[ $status == 0 ]] || report
}

@test "it goes without a trace" {
	run inside apt-get -qq -y --auto-remove purge pipe4flow
	[[ $status == 0 ]] || report
	run inside dpkg -s pipe4flow
	[[ $status == 1 ]]
	diff "$BATS_FILE_TMPDIR/before" <(files)
}
