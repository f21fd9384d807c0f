# SPDX-License-Identifier: MIT
# Flows straight from exporters: made by hand (tests/bin/exporter), and by real
# programs in a network namespace of our own.

load common

setup_file() {
	export PORT=$((20000 + RANDOM % 10000))
}

exporter() {
	"$ROOT/tests/bin/exporter" "$@"
}

# collect OPTIONS.. -- NAMES..: what flowcat writes of messages sent to it;
# its messages are in $T/err.
collect() {
	local kind=${KIND-udp} options=()

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	flowcat --stats=json "${options[@]}" "$kind://:$PORT${QUERY-}" \
		> "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" &
	pid=$!
	listening "$PORT" "$kind"
	exporter "$PORT/$kind" "$@"
	settle "$BATS_TEST_TMPDIR/out"
	kill "$pid"
	status=0
	wait "$pid" || status=$?
}

# Until somebody listens on a port: connections that were there do not count.
listening() {
	for _ in {1..100}; do
		if grep -qi ":$(printf %04x "$1") 0*:0000 0[7A] " \
			"/proc/net/$2"; then
			return
		fi
		sleep 0.05
	done
	return 1
}

# Until a file has not grown for half a second.
settle() {
	local was=-1 now

	for _ in {1..20}; do
		sleep 0.5
		now=$(wc -c < "$1")
		[[ $now != "$was" ]] || return 0
		was=$now
	done
}

count() {
	tail -n 1 "$BATS_TEST_TMPDIR/err" | jq ".$1"
}

one='{"date_first_seen":"2023-11-14T22:13:20.000Z","date_last_seen":"2023-11-14T22:13:21.500Z","duration":1.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":40000,"dst_port":443,"protocol":6,"flags":".AP.SF","tos":0,"packets":1,"bytes":6008}'

@test 'collect: a file of IPFIX messages, also compressed, from a pipe, mixed with others' {
	cd "$BATS_TEST_TMPDIR"
	exporter file twelve > flows.ipfix
	gzip -k flows.ipfix
	run_ok flowcat flows.ipfix
	same "$one" "${lines[0]}"
	[[ ${#lines[@]} == 12 ]]
	all=$output
	run_ok flowcat flows.ipfix.gz
	same "$all"
	run_ok flowcat < flows.ipfix
	same "$all"
	run_ok bash -c "'$ROOT/tests/bin/drip' 7 < flows.ipfix | flowcat"
	same "$all"
	run_ok bash -c "printf '%s\n' '$one' | flowcat flows.ipfix - flows.ipfix"
	[[ ${#lines[@]} == 25 ]]
}

@test 'collect: a file of IPFIX messages that is followed and rotated' {
	cd "$BATS_TEST_TMPDIR"
	exporter file twelve > flows.ipfix
	cp flows.ipfix next
	flowcat --follow flows.ipfix > out 2> err 3>&- &
	for lines in 12 24; do
		for ((i = 0; i < 500 && $(wc -l < out) < lines; i++)); do
			sleep 0.01
		done
		[[ $(wc -l < out) == "$lines" ]]
		mv next flows.ipfix 2> /dev/null || :
	done
	kill $!
	wait $!
	same '' "$(< err)"
}

@test 'collect: a file that is cut off is told' {
	cd "$BATS_TEST_TMPDIR"
	exporter file twelve | head -c -5 > cut.ipfix
	run_err 1 flowcat cut.ipfix
	[[ ${#lines[@]} == 6 && $stderr == *'1 bad messages'* ]]
	[[ $stderr == *'cut.ipfix: the last message is cut off'* ]]
	(exporter file twelve && echo garbage) > tail.ipfix
	run_err 1 flowcat tail.ipfix - <<< "$one"
	[[ ${#lines[@]} == 13 ]]
	[[ $stderr == *'tail.ipfix: no IPFIX message; the rest is left out'* ]]
}

@test 'collect: twelve flows, ten times, by datagrams; repeated numbers drop nothing' {
	collect -- twelve{,,,,,,,,,}
	[[ $status == 0 && $(count restarts) == 9 && $(count flows) == 120 ]]
	run_ok flowagg -k protocol -a 'count(),sum(packets),sum(bytes)' \
		"$BATS_TEST_TMPDIR/out"
	same '{"protocol":1,"count":20,"packets_sum":20,"bytes_sum":1680}
{"protocol":6,"count":60,"packets_sum":60,"bytes_sum":360480}
{"protocol":17,"count":40,"packets_sum":40,"bytes_sum":5600}'
}

@test 'collect: by TCP' {
	KIND=tcp collect -- twelve dns
	[[ $status == 0 && $(wc -l < "$BATS_TEST_TMPDIR/out") == 13 ]]
	same "$one" "$(head -n 1 "$BATS_TEST_TMPDIR/out")"
}

@test 'collect: what has arrived when it is asked to stop is written' {
	cd "$BATS_TEST_TMPDIR"
	for kind in udp tcp; do
		flowcat "$kind://:$PORT" > out 2> err 3>&- &
		pid=$!
		listening "$PORT" "$kind"
		kill -STOP "$pid"
		exporter "$PORT/$kind" twelve{,,,,,,,,,}{,,,,,,,,,}
		kill -TERM "$pid"
		kill -CONT "$pid"
		wait "$pid"
		same 1200 "$(wc -l < out)"
		same '' "$(< err)"
	done
}

@test 'collect: half a message when it is asked to stop is no bad one' {
	cd "$BATS_TEST_TMPDIR"
	flowcat "tcp://:$PORT" > out 2> err 3>&- &
	pid=$!
	listening "$PORT" tcp
	exec 4<> "/dev/tcp/127.0.0.1/$PORT"
	exporter file twelve twelve | head -c -5 >&4
	settle out
	kill "$pid"
	wait "$pid"
	exec 4>&-
	[[ $(wc -l < out) -ge 12 ]]
	same '' "$(< err)"
}

# certificate NAME SUBJECT [CA]: $T/NAME.pem, signed by CA or by itself.
certificate() {
	local ca=${3-$1}

	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.crt" -days 2 -subj "/CN=$2" \
		-addext "subjectAltName=IP:127.0.0.1" \
		${3+-CA "$ca.crt" -CAkey "$ca.key"} 2> /dev/null
	cat "$1.crt" "$1.key" > "$1.pem"
}

@test 'collect: by TLS, where both show a certificate; others are refused' {
	cd "$BATS_TEST_TMPDIR" || return
	certificate ca ca
	certificate collector collector ca
	certificate probe probe ca
	certificate stranger stranger
	export TLS_DIR=$PWD TLS_NAME
	files="cert=$PWD/collector.crt&key=$PWD/collector.key&ca=$PWD/ca.crt"
	flowcat --stats=json "tls://:$PORT?$files" > out 2> err &
	pid=$!
	listening "$PORT" tcp
	TLS_NAME=probe
	exporter "$PORT/tls" twelve dns
	TLS_NAME=stranger
	exporter "$PORT/tls" twelve || :
	TLS_NAME=
	exporter "$PORT/tls" twelve || :
	exporter "$PORT/tcp" twelve || :
	TLS_NAME=probe
	exporter "$PORT/tls" twelve{,,,,,,,,,,,,,,,,,,,}
	settle out
	kill $pid
	wait $pid
	[[ $(wc -l < out) == 253 && $(count refused) == 3 ]]
	same "$one" "$(head -n 1 out)"
	# One of three in ten seconds.
	[[ $(grep -c '127.0.0.1 port .*: TLS: certificate verify failed' err) == 1 ]]
	run_err 2 flowcat "tls://:$PORT"
	run_err 2 flowcat "tcp://:$PORT?$files"
	run_err 2 flowcat "tls://:$PORT?$files&key=/dev/null"
	[[ $stderr == *'key=/dev/null: '* ]]
	run_err 2 flowcat "tls://:$PORT?$files&ca=nowhere"
	[[ $stderr == *'ca=nowhere: No such file or directory' ]]
}

@test 'collect: silent connections make room for new ones' {
	cd "$BATS_TEST_TMPDIR" || return
	flowcat --stats=json "tcp://:$PORT" > out 2> err &
	pid=$!
	listening "$PORT" tcp
	python3 - "$PORT" <<-'END' &
		import socket, sys, time
		all = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		       for _ in range(100)]
		time.sleep(2)
	END
	sleep 1
	exporter "$PORT/tcp" twelve
	settle out
	kill $pid
	wait $pid
	[[ $(wc -l < out) == 12 && $(count displaced) -ge 30 ]]
}

@test 'collect: an exporter killed in a message, then restarted with other templates' {
	cd "$BATS_TEST_TMPDIR" || return
	collect -- half garbage other_templates
	[[ $status == 1 && $(count bad_messages) == 10 && $(wc -l < out) == 13 ]]
	flowcat --stats=json "tcp://:$PORT" > out 2> err &
	pid=$!
	listening "$PORT" tcp
	exporter "$PORT/tcp" half
	exporter "$PORT/tcp" garbage || : # it is hung up on
	exporter "$PORT/tcp" other_templates
	settle out
	kill $pid
	wait $pid && return 1
	[[ $(wc -l < out) == 13 && $(count bad_messages) == 2 ]]
	same '{"src_ip_addr":"2001:db8::1","dst_ip_addr":"2001:db8::2","protocol":6,"bytes":77}' \
		"$(tail -n 1 out)"
}

@test 'collect: NetFlow v5; a next hop of zeros is unknown' {
	collect -- v5
	[[ $status == 0 ]]
	same '{"date_first_seen":"2023-11-14T22:13:18.500Z","date_last_seen":"2023-11-14T22:13:20.000Z","duration":1.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":40000,"dst_port":443,"protocol":6,"flags":".AP.SF","tos":0,"packets":10,"bytes":1500,"src_as":64500,"dst_as":64501,"src_mask":24,"dst_mask":16,"in_if":1,"out_if":2}' \
		"$(head -n 1 "$BATS_TEST_TMPDIR/out")"
}

@test 'collect: NetFlow v9; an uptime from before its clock ran over' {
	collect -- v9
	[[ $status == 0 ]]
	same '{"date_first_seen":"2023-11-14T22:13:14.000Z","date_last_seen":"2023-11-14T22:13:19.000Z","duration":5.000,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":40000,"dst_port":22,"protocol":6,"flags":"....S.","packets":10,"bytes":1500}' \
		"$(cat "$BATS_TEST_TMPDIR/out")"
}

@test 'collect: DNS elements of Flowmon, unknown elements with --keep' {
	cd "$BATS_TEST_TMPDIR"
	exporter file dns > dns.ipfix
	run_ok flowcat --keep dns.ipfix
	same '{"date_first_seen":"2023-11-14T22:13:20.000Z","date_last_seen":"2023-11-14T22:13:20.000Z","duration":0.000,"src_ip_addr":"198.51.100.53","dst_ip_addr":"192.0.2.2","src_port":53,"dst_port":50000,"protocol":17,"packets":1,"bytes":120,"observation_domain_id":7,"dns_id":4711,"dns_qr":1,"dns_opcode":0,"dns_flags":33152,"dns_qname":"www.example.org","dns_qtype":1,"dns_qclass":1,"dns_rcode":0,"dns_answers":1,"dns_rname":"www.example.org","dns_rtype":1,"dns_ttl":300,"dns_rdata":"203.0.113.80","export_version":10,"export_sequence":0,"ipfix_9999_7":"0x010203"}'
}

@test 'collect: biflows; times of NTP' {
	cd "$BATS_TEST_TMPDIR"
	exporter file biflow > bi.ipfix
	run_ok flowcat bi.ipfix
	same '{"date_first_seen":"2023-11-14T22:13:20.500Z","date_last_seen":"2023-11-14T22:13:21.000Z","duration":0.500,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.1","src_port":40000,"dst_port":443,"protocol":6,"packets":5,"bytes":500,"packets_rev":9,"bytes_rev":7000,"flags_rev":".A..S."}'
	# 475 ms and 1 ms, cut off.
	exporter file 8/4=192.0.2.1,154/8=0xe8fe6f8079999999,155/8=0xe8fe6f8100418937 \
		8/4=192.0.2.1,156/8=0xe8fe6f8079999999,157/8=0xe8fe6f8100418937 > ntp.ipfix
	run_ok flowcat ntp.ipfix
	same "$(printf '{"date_first_seen":"2023-11-14T22:13:20.475Z","date_last_seen":"2023-11-14T22:13:21.001Z","duration":0.526,"src_ip_addr":"192.0.2.1"}\n%.0s' 1 2)"
}

@test 'collect: times of zero, and others that are none, are unknown' {
	cd "$BATS_TEST_TMPDIR"
	exporter file 8/4=192.0.2.1,152/8=0,150/4=1700000000,153/8=0x7fffffffffffffff \
		8/4=192.0.2.2,154/8=0xe8fe6f8000000000,155/8=0 \
		8/4=192.0.2.3,156/8=0,151/4=0 \
		8/4=192.0.2.4,22/4=1000,21/4=2000,160/8=0 > zero.ipfix
	run_ok flowcat zero.ipfix
	same "$(
		for i in 1 2; do
			echo '{"date_first_seen":"2023-11-14T22:13:20.000Z","date_last_seen":"2023-11-14T22:13:20.000Z","duration":0.000,"src_ip_addr":"192.0.2.'$i'"}'
		done
		printf '{"src_ip_addr":"192.0.2.%s"}\n' 3 4
	)"
}

@test 'collect: a sampling interval of options; --unsample scales and says so' {
	cd "$BATS_TEST_TMPDIR"
	exporter file sampled > s.ipfix
	run_ok flowcat s.ipfix
	same '1 60 100 null' "$(jq -r '"\(.packets) \(.bytes) \(.sampling_rate) \(.sampling)"' <<< "$output")"
	run_ok flowcat --unsample s.ipfix
	same '100 6000 100 scaled by 100' "$(jq -r '"\(.packets) \(.bytes) \(.sampling_rate) \(.sampling)"' <<< "$output")"
}

# rates FILE..: the rates of their flows.
rates() {
	flowcat "$@" | jq .sampling_rate | paste -sd' '
}

@test 'collect: a flow has the rate of the sampler that it names' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file samplers > s.ipfix
	run_ok rates s.ipfix
	same '10 20 null 7 null 500 500 500 500 200 null'
	exporter file unnamed_sampler > s.ipfix
	run_ok rates s.ipfix
	same '10 10 null'
	exporter file many_samplers > s.ipfix
	run_ok rates s.ipfix
	same '2 null null 38979 40001'
}

@test 'collect: a sampler that is told no more hides no rate' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file replaced_sampler > s.ipfix
	run_ok rates s.ipfix
	same '10 null null null null 20 20 null 10 null null null'
}

@test 'collect: the rate of a sequence of samplers, if it is known of each' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file sequences > s.ipfix
	run_ok rates s.ipfix
	same '200 10 null null null'
}

@test 'collect: NetFlow v9: samplers by number and rates of interfaces' {
	collect -- v9_samplers
	[[ $status == 0 && $(count options) == 4 ]]
	run_ok jq -c .sampling_rate "$BATS_TEST_TMPDIR/out"
	same '10 20 10 40 30 null null' "$(paste -sd' ' <<< "$output")"
}

@test 'collect: sampling as sizes, probabilities and gaps' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file ratios > s.ipfix
	run_ok rates s.ipfix
	same '65 65 100 100 4 4 3 3'
}

@test 'collect: the records are those that ipfixDump shows' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file twelve replaced dns > f.ipfix
	ipfixDump --in f.ipfix | "$ROOT/tests/bin/dumped" > theirs
	flowcat f.ipfix | jq -r '[.src_ip_addr, .dst_ip_addr, .src_port,
		.dst_port, .protocol, .packets, .bytes, .date_first_seen,
		.date_last_seen] | map(. // "-") | join(" ")' > ours
	# A message of ICMP has its type in place of the port.
	sed -i '/ 1 1 84 /s/ 0 2048 / - - /' theirs
	[[ $(wc -l < theirs) == 15 ]]
	diff ours theirs
}

@test 'collect: the records are those that tshark shows' {
	local field

	cd "$BATS_TEST_TMPDIR" || return
	exporter file twelve > f.ipfix
	# A line a message, a list a field: as many columns as records.
	for field in srcaddr dstaddr srcport dstport protocol packets octets; do
		tshark -r f.ipfix -T fields -e "cflow.$field" 2> /dev/null |
			tr , '\n' | sed '/^$/d' > "$field"
	done
	paste -d ' ' srcaddr dstaddr srcport dstport protocol packets octets |
		sed '/ 1 1 84$/s/ 0 2048 / - - /' > theirs
	flowcat f.ipfix | jq -r '[.src_ip_addr, .dst_ip_addr, .src_port,
		.dst_port, .protocol, .packets, .bytes] | map(. // "-") |
		join(" ")' > ours
	[[ $(wc -l < theirs) == 12 ]]
	diff ours theirs
}

@test 'collect: data before its template, withdrawn and replaced templates' {
	cd "$BATS_TEST_TMPDIR"
	exporter file data_first > a.ipfix
	run_ok flowcat a.ipfix
	[[ ${#lines[@]} == 1 && $output == *'"192.0.2.9"'* ]]
	exporter file withdrawn > b.ipfix
	run_err 1 flowcat b.ipfix
	[[ ${#lines[@]} == 1 && $stderr == *'1 data sets without a template'* ]]
	exporter file replaced > c.ipfix
	run_ok flowcat c.ipfix
	same '{"src_ip_addr":"2001:db8::1","dst_ip_addr":"2001:db8::2","protocol":6,"bytes":77}' \
		"${lines[1]}"
}

@test 'collect: padding behind templates withdraws none, and too many fields none reads' {
	cd "$BATS_TEST_TMPDIR" || return
	exporter file padded > p.ipfix
	run_err 1 flowcat p.ipfix
	[[ ${#lines[@]} == 3 && $stderr == *'1 bad templates'* ]]
	[[ $stderr == *'1 data sets without a template'* ]]
}

@test 'collect: a record that is cut off is told' {
	collect -- cut_text
	[[ $status == 1 && $(count bad_messages) == 1 && $(count flows) == 1 ]]
	collect -- cut_number
	[[ $status == 1 && $(count bad_messages) == 1 && $(count flows) == 3 ]]
}

@test 'collect: gaps are counted' {
	collect -- gap
	[[ $status == 1 && $(count lost_flows) == 5 ]]
	grep -q '5 flows lost on the way, 5 in all: 127.0.0.1 domain 10: 5$' \
		"$BATS_TEST_TMPDIR/err"
	same '{"exporter_ip_addr":"127.0.0.1","observation_domain_id":10,"flows":2,"lost_flows":5,"lost_messages":0,"no_template":0}' \
		"$(count 'exporters[]' | jq -c .)"
}

@test 'collect: counts of 255 domains, and of all others together' {
	collect -- many_domains
	[[ $status == 0 && $(count flows) == 300 ]]
	[[ $(count 'exporters | length') == 256 ]]
	same '{"flows":45,"lost_flows":0,"lost_messages":0,"no_template":0}' \
		"$(count 'exporters[-1]' | jq -c .)"
	exporter file many_domains | flowcat --stats 2> "$BATS_TEST_TMPDIR/text" > /dev/null
	grep -q 'collector: domain 254: flows 1, ' "$BATS_TEST_TMPDIR/text"
	grep -q 'collector: others: flows 45, ' "$BATS_TEST_TMPDIR/text"
}

@test 'collect: the first bad message is told with its sender' {
	collect -- sflow garbage
	[[ $status == 1 && $(count bad_messages) == 10 ]]
	same 'flowcat: 127.0.0.1: a message that is none of NetFlow v5, v9 or IPFIX, or not whole; it looks like sFlow' \
		"$(grep 'a message' "$BATS_TEST_TMPDIR/err")"
}

@test 'collect: garbage, ten thousand templates, data without any; then good ones' {
	collect -- garbage many_templates never twelve
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status == 1 && $(wc -l < "$BATS_TEST_TMPDIR/out") == 12 ]]
	[[ $(count bad_messages) == 9 && $(count bad_templates) == 2 ]]
	[[ $(count no_template) == 1 && $(count evicted) -gt 400 ]]
	[[ ${ASAN_OPTIONS-} || $(grep -o '"max_rss_kib":[0-9]*' \
		"$BATS_TEST_TMPDIR/err" | cut -d: -f2) -lt 32768 ]] ||
		[[ $B == *san* ]]
}

@test 'collect: allow= refuses others, and says how many' {
	QUERY='?allow=10.0.0.0/8,2001:db8::/32' collect -- twelve
	[[ $status == 0 && ! -s $BATS_TEST_TMPDIR/out && $(count refused) == 3 ]]
	QUERY='?allow=10.0.0.0/8,127.0.0.1&rcvbuf=100000' collect -- twelve
	[[ $(wc -l < "$BATS_TEST_TMPDIR/out") == 12 ]]
}

@test 'collect: sockets that systemd passes' {
	cd "$BATS_TEST_TMPDIR"
	cat > pass.py <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("127.0.0.1", int(sys.argv[1])))
		os.dup2(s.fileno(), 3)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.execvp("flowcat", ["flowcat", "udp://:" + sys.argv[1]])
	END
	python3 pass.py "$PORT" > out &
	pid=$!
	listening "$PORT" udp
	sleep 0.5
	exporter "$PORT" twelve
	settle out
	kill $pid
	wait $pid
	[[ $(wc -l < out) == 12 ]]
}

@test 'collect: what is no address is refused' {
	run_err 2 flowcat udp://
	run_err 2 flowcat udp://:
	run_err 2 flowcat udp://2055
	run_err 2 flowcat udp://:70000
	run_err 2 flowcat 'udp://:2055?allow=nobody'
	run_err 2 flowcat 'udp://:2055?colour=red'
	run_err 2 flowcat udp://no.such.host.invalid:2055
	run_err 2 flowcat udp://192.0.2.77:2055
	run_err 1 flowfilter any udp://:2055
	[[ $stderr == *'flowcat collects from udp://'* ]]
}

# Real exporters send the same packets' flows to nfcapd and to flowcat.
real() {
	[[ $(id -u) == 0 ]] || {
		[[ ${CI-} != true ]] || return 1
		skip 'needs root, for a network namespace'
	}
	ns=p4f-collect-$$
	ip netns add "$ns"
	in_ns() { ip netns exec "$ns" "$@"; }
	in_ns ip link set lo up
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	# A test that failed: else its collector would be waited for.
	[[ -z ${pid-} ]] || kill -KILL "$pid" 2> /dev/null || :
	[[ -z ${ns-} ]] || {
		ip netns pids "$ns" | xargs -r kill -KILL 2> /dev/null || :
		ip netns del "$ns"
	}
}

# Ping, TCP and UDP on IPv4 and IPv6, recorded.
record() {
	timeout 60 ip netns exec "$ns" tcpdump -U -i lo -w p.pcap \
		> tcpdump.log 2>&1 &
	sleep 1
	in_ns ping -c 3 -i 0.2 127.0.0.1 > /dev/null
	in_ns ping -6 -c 2 -i 0.2 ::1 > /dev/null
	in_ns python3 - <<-'END'
		import socket, threading
		for family, address in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
		    s = socket.socket(family)
		    s.bind((address, 0))
		    s.listen()
		    def serve():
		        for _ in range(10):
		            c, _a = s.accept()
		            c.recv(100)
		            c.sendall(b"x" * 5000)
		            c.close()
		    t = threading.Thread(target=serve)
		    t.start()
		    for i in range(10):
		        c = socket.create_connection(s.getsockname()[:2])
		        c.sendall(b"hello")
		        while c.recv(4096):
		            pass
		        c.close()
		    t.join()
		    u = socket.socket(family, socket.SOCK_DGRAM)
		    for i in range(5):
		        u.sendto(b"y" * 100, (address, 9000 + i))
	END
	sleep 0.5
	kill -INT $!
	wait $! || :
}

# between COMMAND..: what both collectors have of what it sends: us, nfd.
between() {
	rm -rf nf
	mkdir nf
	ip netns exec "$ns" nfcapd -w nf -b 127.0.0.1 -p 2055 > nfcapd.log 2>&1 &
	local theirs=$!
	ip netns exec "$ns" flowcat --stats=json udp://:2056 > out 2> err &
	local ours=$!
	sleep 1
	in_ns "$@" > command.log 2>&1 || :
	settle out
	kill $ours $theirs
	wait $ours
	wait $theirs || :
	sort out > us
	nfdump -R nf -q -o json | flowcat | sort > nfd
	[[ $(wc -l < us) -gt 20 ]]
}

# nfcapd 1.7.1 reads no ICMP type of IPv6 in v9.
same_flows() {
	cmp us nfd || diff <(sed "$1" us) <(sed "$1" nfd)
}

@test 'collect: softflowd by v5, v9 and IPFIX, and nfreplay, as nfcapd has it' {
	real
	record
	for v in 5 9 10; do
		between softflowd -d -c none -p pid -r p.pcap -v $v -A milli \
			-n 127.0.0.1:2055,127.0.0.1:2056
		no_icmp=
		[[ $v != 9 ]] || no_icmp='/"protocol":58/s/"icmp_.*/}/'
		same_flows "$no_icmp"
	done
	between bash -c 'for p in 2055 2056; do
		nfreplay -H 127.0.0.1 -p $p -v 9 -r '"$(
			mv nf old && echo old/nfcapd.2*)"'; done'
	same_flows ''
}

@test 'collect: nfprobe of pmacctd by v9 and IPFIX, as nfcapd has it' {
	real
	record
	for v in 9 10; do
		cat > pm.conf <<-END
			plugins: nfprobe[a],nfprobe[b]
			nfprobe_receiver[a]: 127.0.0.1:2055
			nfprobe_receiver[b]: 127.0.0.1:2056
			nfprobe_version: $v
			aggregate: src_host,dst_host,src_port,dst_port,proto,tos,tcpflags
			daemonize: false
			pcap_savefile: p.pcap
		END
		between timeout -s INT 6 pmacctd -f pm.conf
		no_icmp=
		[[ $v != 9 ]] || no_icmp='s/"icmp_.*/}/'
		same_flows "$no_icmp"
	done
}
