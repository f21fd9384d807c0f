# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests with a broker share: load kafka, behind ../cli/common

# No test may hang, whatever the tools do.
export BATS_TEST_TIMEOUT=60

# Sessions of consumers end soon after a kill.
export session=(-X session.timeout.ms=1500 -X heartbeat.interval.ms=300)

# broker COMMAND..: see tests/kafka/broker.
broker() {
	"$ROOT/tests/kafka/broker" "$@" 3>&-
}

# In setup_file: a broker for this file of tests; its addresses in plaintext,
# ssl and sasl, the certificate of its CA in ca.  False where there can be none,
# which $missing tells.
broker_open() {
	local name value

	export PIPE4FLOW_BROKER_DIR=$BATS_FILE_TMPDIR/broker
	export plaintext ssl sasl ca missing=
	unset PIPE4FLOW_KAFKA
	# shellcheck disable=SC2154 # bats sets them
	run broker start
	if ((status != 0)); then
		# shellcheck disable=SC2154
		echo "$output"
		# Programs or jars.
		[[ $status == 2 || $output == *Maven* ]] || exit 1
		missing=${output##*$'\n'}
	fi
	command -v kcat > /dev/null || missing='no kcat'
	[[ -z $missing ]] || return
	while read -r name value; do
		case $name in
		plaintext | ssl | sasl | ca) printf -v "$name" %s "$value" ;;
		esac
	done < <(broker status)
}

# In setup.
broker_needed() {
	[[ -z $missing ]] || skip "$missing"
}

# In teardown_file.
broker_close() {
	[[ ! -d $PIPE4FLOW_BROKER_DIR ]] || broker clean
}

# at TOPIC[?..]: the address of a topic.
at() {
	printf 'kafka://%s/%s\n' "$plaintext" "$1"
}

# The tools, when they are run in the foreground.
flowcat() { timeout --foreground -s KILL 20 flowcat "$@"; }
flowfilter() { timeout --foreground -s KILL 20 flowfilter "$@"; }
flowwin() { timeout --foreground -s KILL 20 flowwin "$@"; }
flowagg() { timeout --foreground -s KILL 20 flowagg "$@"; }
flowtopn() { timeout --foreground -s KILL 20 flowtopn "$@"; }

# topic NAME PARTITIONS: makes one.
topic() {
	flowcat -o "$(at "$1?partitions=$2")" /dev/null
}

# put TOPIC [OPTION..]: standard input as messages, by kcat.
put() {
	local topic=$1

	shift
	timeout -s KILL 20 kcat -P -b "$plaintext" -t "$topic" "$@"
}

# get TOPIC [OPTION..]: all messages of a topic, by kcat.
get() {
	local topic=$1

	shift
	timeout -s KILL 20 kcat -C -b "$plaintext" -t "$topic" -e -q \
		-X fetch.wait.max.ms=10 -o beginning "$@"
}

# ---- tools in the background ----

# start COMMAND..: in the background, without the functions above, so that $pid
# is the tool's; it is ended with the test.  Redirections are the caller's, and
# its descriptor 8 is not for the tool.
start() {
	(exec "$@") <&0 3>&- 8>&- &
	pid=$!
	echo "$pid" >> "$BATS_TEST_TMPDIR/.pids"
}

# In teardown.
end_all() {
	local pid

	[[ -f $BATS_TEST_TMPDIR/.pids ]] || return 0
	while read -r pid; do
		kill -KILL "$pid" 2> /dev/null || :
	done < "$BATS_TEST_TMPDIR/.pids"
}

# ended PID SECONDS: waits; its status in $status.
ended() {
	local until=$((${EPOCHREALTIME/./} + $2 * 1000000))

	while kill -0 "$1" 2> /dev/null; do
		if ((${EPOCHREALTIME/./} > until)); then
			echo "still running after $2 s"
			return 1
		fi
		sleep 0.02
	done
	status=0
	wait "$1" || status=$?
}

# stopped PID [STATUS]: SIGTERM ends it with the status.
stopped() {
	kill -TERM "$1"
	ended "$1" 10
	[[ $status == "${2-0}" ]] || report "stopped, $(tail -n 3 ./*err*)"
}

# wait_for SECONDS COMMAND..: until it is true.
wait_for() {
	local until=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		if ((${EPOCHREALTIME/./} > until)); then
			echo "in vain: $*"
			return 1
		fi
		sleep 0.02
	done
}

# lines N FILE: whether so many have come.
lines() {
	(($(wc -l < "$2") >= $1))
}

# settled FILE: waits until something has come, and then nothing for a while.
settled() {
	local before=

	wait_for 10 test -s "$1"
	until [[ $before == "$(wc -c < "$1")" ]]; do
		before=$(wc -c < "$1")
		sleep 0.4
	done
}

# slowly FROM TO: copies lines from a pipe, 10000 a second, in the background;
# its process id in $reader.
slowly() {
	awk '{ print } NR % 100 == 0 { fflush(); system("sleep 0.01") }' \
		"$1" > "$2" 3>&- &
	reader=$!
	echo $reader >> "$BATS_TEST_TMPDIR/.pids"
}

# ---- comparisons ----

# same_set FILE FILE..: the lines of the first are those of the others.
same_set() {
	local wanted=$1

	shift
	cmp <(sort "$wanted") <(sort "$@") || {
		diff <(sort "$wanted") <(sort "$@") | head -n 20
		return 1
	}
}

# took MS COMMAND..: runs it, and it may take so long.
took() {
	local most=$1 began=${EPOCHREALTIME/./} lag

	shift
	"$@" || return
	lag=$(((${EPOCHREALTIME/./} - began) / 1000))
	((lag <= most)) || {
		echo "$lag ms: $*"
		return 1
	}
}
