# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the labs share: their arguments, the check for programs, hosts that are
# network namespaces joined by a router, servers with a limit of time, and the
# end of all of them.  No namespace is linked to the machine's own network, so
# no packet leaves the lab.  A lab defines usage() and:
#   needs         lines of PROGRAM:PACKAGE
#   lab_options   options that it takes beside --install: --short, --keep-pcap
#   limit         seconds that a command of a host may take
#   lifetime      seconds that a server may live
# and calls: arguments "$@"; check_programs; set_trap; make_router; add_end..

# The collectors print local time; the samples must not depend on the machine.
export TZ=UTC LC_ALL=C
# Only Debian's programs: the README names the versions of its packages.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

limit=75 lifetime=240 lab_options='' needs=''
lab_root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	say "$*"
	exit 1
}

wrong_usage() {
	usage >&2
	exit 2
}

# arguments "$@": sets $outdir, $install, $short and $keep_pcap.
# shellcheck disable=SC2034 # not every lab reads them all
arguments() {
	outdir='' keep_pcap='' install=no short=no
	while [ $# -gt 0 ]; do
		case $1 in
		--install | -h | --help) ;;
		-*) [[ " $lab_options " == *" $1 "* ]] || wrong_usage ;;
		esac
		case $1 in
		--install) install=yes ;;
		--short) short=yes ;;
		--keep-pcap)
			[ $# -ge 2 ] || wrong_usage
			keep_pcap=$2
			shift
			;;
		-h | --help) usage; exit 0 ;;
		*)
			[ -z "$outdir" ] || wrong_usage
			outdir=$1
			;;
		esac
		shift
	done
	[ -n "$outdir" ] || wrong_usage
	[ "$(id -u)" = 0 ] || { say 'must run as root (network namespaces)'; exit 2; }
}

# Several of the packages start a daemon; a lab needs only the programs.
install_programs() {
	policy=/usr/sbin/policy-rc.d # the trap reads it

	if [ -e $policy ]; then policy=''; fi
	if [ -n "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	"$lab_root/scripts/deps" lab || die 'scripts/deps failed'
	[ -z "$policy" ] || rm -f "$policy"
	trap - EXIT
}

# Sets $packages, and makes OUTDIR: one that cannot be made should not cost the
# minutes of a run.
check_programs() {
	local need missing=()

	[ "$install" = no ] || install_programs
	packages=()
	for need in $needs; do
		packages+=("${need#*:}")
		command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		say "missing packages, which --install installs: ${missing[*]}"
		exit 2
	fi
	mkdir -p -- "$outdir"
}

# Our own tools, for the labs that write canonical records
find_tools() {
	local build=${B:-build}

	[[ $build == /* ]] || build=$lab_root/$build
	[ -x "$build/flowcat" ] || die "no $build/flowcat: run make first"
	PATH=$build:$PATH
}

versions() { # for the README
	# shellcheck disable=SC2016 # dpkg-query expands these
	printf '%s\n' "${packages[@]}" | sort -u |
		xargs dpkg-query -W -f '  ${Package} ${Version}\n'
	printf '  debian %s\n' "$(cat /etc/debian_version)"
}

# ---- cleanup ----

hosts=() # namespaces that exist now

# Whatever still runs in our namespaces was started here.
end_all() {
	local signal=$1 host

	for host in "${hosts[@]}"; do
		ip netns pids "p4f-$host-$$" 2>/dev/null |
			xargs -r kill "-$signal" 2>/dev/null || true
	done
}

cleanup() {
	local status=$? host i

	trap '' INT TERM HUP
	set +e
	jobs -rp | xargs -r kill 2>/dev/null
	end_all TERM
	for i in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(for host in "${hosts[@]}"; do ip netns pids "p4f-$host-$$" 2>/dev/null; done)" ] || break
		sleep 0.2
	done
	end_all KILL
	wait
	for host in "${hosts[@]}"; do
		ip netns del "p4f-$host-$$" 2>/dev/null
	done
	# 2 is for usage and missing packages; a program that failed is 1.
	if [ $status -gt 0 ] && [ $status -lt 128 ]; then status=1; fi
	if [ $status -ne 0 ]; then
		say "failed, status $status; last messages:"
		tail -n 3 "$tmp"/*.log >&2 2>/dev/null
	fi
	rm -rf "$tmp"
	exit $status
}

# Makes $tmp; what is in it, and all that was started, ends with the script.
set_trap() {
	tmp=$(mktemp -d /tmp/p4f-lab-XXXXXX)
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# ---- programs on hosts ----

# at HOST COMMAND...: runs a command on a host. The limit keeps the run bounded.
at() {
	local host=$1
	shift
	ip netns exec "p4f-$host-$$" timeout "$limit" "$@"
}

# start HOST NAME COMMAND...: runs a server; messages go to NAME.log, the
# process id to $started. The limit ends it even if this script is killed.
start() {
	local host=$1 log=$tmp/$2.log
	shift 2
	ip netns exec "p4f-$host-$$" timeout "$lifetime" "$@" >"$log" 2>&1 </dev/null &
	started=$!
}

# start_private HOST NAME COMMAND...: a server that people log in to.  It has the
# files of $tmp/etc for those of /etc, and private mounts: so it has no account of
# this machine, finds its run folder, and does not write login records here.
start_private() {
	local host=$1 name=$2
	shift 2
	# shellcheck disable=SC2016 # the inner shell expands these
	start "$host" "$name" sh -c 'mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd &&
		mount -t tmpfs none /var/log && mount -t tmpfs -o mode=700 none /root &&
		for file in "$0"/etc/*; do mount --bind "$file" "/etc/${file##*/}" || exit; done &&
		exec "$@"' "$tmp" "$@"
}

# until_true WHAT COMMAND...: waits up to 10 seconds.
until_true() {
	local what=$1 i
	shift
	for ((i = 0; i < 50; i++)); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.2
	done
	die "$what does not work"
}

# In a namespace, so that end_all also ends a pause.
pause() { at router sleep "$1"; }

# connects ADDRESS PORT: true when a server answers there
# shellcheck disable=SC2016 # the inner shell expands these
connects() { at router bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2"; }

# A host's programs ask this name server; the mount is seen by the command only.
# with_dns HOST SERVER COMMAND...
with_dns() {
	local host=$1 conf=$tmp/resolv.$2
	[ -e "$conf" ] ||
		printf 'nameserver %s\noptions timeout:2 attempts:2\n' "$2" >"$conf"
	shift 2
	# shellcheck disable=SC2016 # the inner shell expands these
	at "$host" sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$conf" "$@"
}

# ---- hosts ----

add_host() {
	local host=$1
	hosts+=("$host") # first, so that an interrupt in between leaves nothing
	ip netns add "p4f-$host-$$"
	ip -n "p4f-$host-$$" link set lo up
}

# The router joins three networks, its bridges: "lan" has the clients, "srv" the
# servers and "wan" the outside.  Every packet to and from a network crosses the
# bridge of its name.
make_router() {
	local bridge n=0

	add_host router
	for bridge in lan:192.0.2.1 srv:198.51.100.1 wan:203.0.113.1; do
		n=$((n + 1))
		ip -n "p4f-router-$$" link add "${bridge%:*}" type bridge
		ip -n "p4f-router-$$" link set "${bridge%:*}" up
		ip -n "p4f-router-$$" addr add "${bridge#*:}/24" dev "${bridge%:*}"
		ip -n "p4f-router-$$" addr add 2001:db8:$n::1/64 dev "${bridge%:*}" nodad
	done
	at router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# add_end HOST BRIDGE NUMBER: a host with the last number NUMBER in the networks
# of the bridge.  Its address of version 6 ends in the same digits.
add_end() {
	local ns=p4f-$1-$$ router=p4f-router-$$ net net_6

	case $2 in
	lan) net=192.0.2 net_6=2001:db8:1: ;;
	srv) net=198.51.100 net_6=2001:db8:2: ;;
	wan) net=203.0.113 net_6=2001:db8:3: ;;
	esac
	add_host "$1"
	ip -n "$ns" link add eth0 type veth peer name "$1" netns "$router"
	# Without this a capture would show packets of up to 64 KB.
	at "$1" ethtool -K eth0 tx off tso off gso off >/dev/null
	ip -n "$router" link set "$1" master "$2" up
	ip -n "$ns" link set eth0 up
	add_address "$1" "$net.$3/24" "$net_6:$3/64"
	ip -n "$ns" route add default via "$net.1"
	ip -n "$ns" route add default via "$net_6:1"
}

add_address() { # HOST V4/LEN V6/LEN
	ip -n "p4f-$1-$$" addr add "$2" dev eth0
	ip -n "p4f-$1-$$" addr add "$3" dev eth0 nodad
}

# ---- capture, export, output ----

# capture INTERFACE SNAPLEN [FILTER]: the router records an interface to
# $tmp/INTERFACE.pcap until end_capture.
captures=()
capture() {
	start router "tcpdump-$1" tcpdump -i "$1" -n -s "$2" -U -Z root \
		-w "$tmp/$1.pcap" "${3:-ip or ip6}"
	captures+=("$1:$started")
	until_true tcpdump grep -q 'listening on' "$tmp/tcpdump-$1.log"
}

end_capture() {
	local one

	for one in "${captures[@]}"; do
		kill "${one#*:}" # SIGTERM: tcpdump writes the rest of its buffer
		wait "${one#*:}" || true
		grep -q '^0 packets dropped by kernel' "$tmp/tcpdump-${one%:*}.log" ||
			die 'tcpdump lost packets'
	done
	captures=()
}

# start_nfcapd and end_nfcapd: a collector on the router's port 9995; the flows
# are in the folder $tmp/nfcapd then.
start_nfcapd() {
	mkdir "$tmp/nfcapd"
	start router nfcapd nfcapd -b 127.0.0.1 -p 9995 -B 4000000 -w "$tmp/nfcapd" -P "$tmp/nfcapd.pid"
	nfcapd_pid=$started
	until_true nfcapd at router grep -q ":$(printf %04X 9995) " /proc/net/udp
}

end_nfcapd() {
	kill "$nfcapd_pid" # SIGTERM: nfcapd closes and names its file
	wait "$nfcapd_pid" || true
}

# export_file PCAP PORT [FILTER...]: softflowd exports what was captured.  Without
# -A its version 9 dates are months off when it reads a file; with a control
# socket (-c) it does not end.  It knows no timeouts then: a connection is one
# flow in each direction.
export_file() {
	local pcap=$1 port=$2
	shift 2
	at router softflowd -d -c none -p "$tmp/softflowd.pid" -A milli -v 9 \
		-r "$pcap" -n "127.0.0.1:$port" "$@" >"$tmp/softflowd.log" 2>&1
	sleep 2
}

# deliver FILE LIMIT: installs FILE in OUTDIR, compressed if over LIMIT bytes.
deliver() {
	local file=$1 name=${1##*/}

	rm -f -- "$outdir/$name" "$outdir/$name.gz"
	if [ "$(stat -c %s "$file")" -gt "$2" ]; then
		gzip -9n "$file"
		file=$file.gz
	fi
	install -m 644 -- "$file" "$outdir/${file##*/}"
}
