# SPDX-License-Identifier: MIT
# The labs (tests/lab) and the records that were made with them and kept.

load common

kept() { # FILE..: only canonical records, which flowcat does not change
	local file

	for file; do
		gzip -dc "$file" > "$BATS_TEST_TMPDIR/kept"
		run_ok flowcat "$BATS_TEST_TMPDIR/kept" -o "$BATS_TEST_TMPDIR/out"
		cmp "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/out"
		[[ -s $BATS_TEST_TMPDIR/out ]]
	done
}

# A run in earnest, where everything for it is installed.
real() { # LAB
	[[ $B != */san ]] || skip 'sanitizers: once is enough'
	[[ $(id -u) == 0 ]] || skip 'not root'
	run "$ROOT/tests/lab/$1" --short "$BATS_TEST_TMPDIR/lab"
	[[ $status != 2 ]] || skip "lab: $output"
	[[ $status == 0 ]] || report "tests/lab/$1"
	kept "$BATS_TEST_TMPDIR"/lab/*.gz
}

@test "the records of the DNS lab are canonical, and of all its hosts" {
	local records=$ROOT/tests/data/lab-dns/records.json.gz

	kept "$records"
	# Each attack has queries or flows of a host that the truth names.
	jq -r '.truth[] | .src_ip_addr | join(" ")' \
		"$ROOT/tests/data/lab-dns/truth.json" > "$BATS_TEST_TMPDIR/hosts"
	while read -r four six; do
		run_ok flowfilter "host $four or host $six" "$records"
		[[ -n $output ]] || report "no record of $four"
	done < "$BATS_TEST_TMPDIR/hosts"
}

@test "the records of the attack lab are canonical, and of all its runs" {
	local data=$ROOT/tests/data/lab-attacks one

	kept "$data/learn.json.gz" "$data/test.json.gz"
	for one in learn test; do
		gzip -dc "$data/$one.json.gz" |
			jq -r '[.run, .label] | @tsv' | sort -u > "$BATS_TEST_TMPDIR/have"
		jq -r --arg set $one '.runs[] | select(.set == $set) | [.run, .label] | @tsv' \
			"$data/truth.json" | sort -u > "$BATS_TEST_TMPDIR/want"
		diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/have"
	done
}

@test "dnsrec: a message is a record, with the size of its packets" {
	# What tshark writes of a query, a response in fragments, and one by TCP
	run_ok "$ROOT/tests/lab/dnsrec" <<-'END'
	[{"_source": {"layers": {
	"frame": {"frame.time_epoch": "1700000000.123456789"},
	"ip": {"ip.src": "192.0.2.1", "ip.dst": "198.51.100.53"},
	"udp": {"udp.srcport": "5353", "udp.dstport": "53", "udp.length": "39"},
	"dns": {"dns.id": "0x1234", "dns.flags": "0x0100", "Queries": {"a": {
	  "dns.qry.name": "Lab.example", "dns.qry.type": "1", "dns.qry.class": "0x0001"}}}}}},
	{"_source": {"layers": {
	"frame": {"frame.time_epoch": "1700000000.2"},
	"ip": {"ip.src": "198.51.100.53", "ip.dst": "192.0.2.1",
	  "ip.fragments": {"ip.fragment": "1", "ip.fragment": "2", "ip.fragment.count": "2"}},
	"udp": {"udp.srcport": "53", "udp.dstport": "5353", "udp.length": "2000"},
	"dns": {"dns.id": "0x1234", "dns.flags": "0x8180", "Queries": {"a": {
	  "dns.qry.name": "Lab.example", "dns.qry.type": "1", "dns.qry.class": "0x0001"}},
	  "Answers": {
	  "a": {"dns.resp.name": "Lab.example", "dns.resp.type": "1", "dns.resp.ttl": "60", "dns.a": "192.0.2.9"},
	  "a": {"dns.resp.name": "Lab.example", "dns.resp.type": "46", "dns.resp.ttl": "60"}}}}}},
	{"_source": {"layers": {
	"frame": {"frame.time_epoch": "1700000001"},
	"ipv6": {"ipv6.src": "2001:db8::53", "ipv6.dst": "2001:db8::1"},
	"tcp": {"tcp.srcport": "53", "tcp.dstport": "5353", "tcp.hdr_len": "32"},
	"dns": {"dns.length": "30", "dns.id": "0x0001", "dns.flags": "0x8183", "Queries": {"a": {
	  "dns.qry.name": "<Root>", "dns.qry.type": "2", "dns.qry.class": "0x0001"}}}}}}]
	END
	same '{"date_first_seen":"2023-11-14T22:13:20.123Z","date_last_seen":"2023-11-14T22:13:20.123Z","duration":0.000,"src_ip_addr":"192.0.2.1","dst_ip_addr":"198.51.100.53","src_port":5353,"dst_port":53,"protocol":17,"packets":1,"bytes":59,"dns_id":4660,"dns_qr":0,"dns_opcode":0,"dns_flags":256,"dns_qname":"Lab.example","dns_qtype":1,"dns_qclass":1}
{"date_first_seen":"2023-11-14T22:13:20.200Z","date_last_seen":"2023-11-14T22:13:20.200Z","duration":0.000,"src_ip_addr":"198.51.100.53","dst_ip_addr":"192.0.2.1","src_port":53,"dst_port":5353,"protocol":17,"packets":2,"bytes":2040,"dns_id":4660,"dns_qr":1,"dns_opcode":0,"dns_flags":33152,"dns_qname":"Lab.example","dns_qtype":1,"dns_qclass":1,"dns_rcode":0,"dns_answers":2,"dns_rname":"Lab.example","dns_rtype":1,"dns_ttl":60,"dns_rdata":"192.0.2.9","dns_rdata_all":["192.0.2.9",null],"dns_rtype_all":[1,46],"dns_ttl_all":[60,60]}
{"date_first_seen":"2023-11-14T22:13:21.000Z","date_last_seen":"2023-11-14T22:13:21.000Z","duration":0.000,"src_ip_addr":"2001:db8::53","dst_ip_addr":"2001:db8::1","src_port":53,"dst_port":5353,"protocol":6,"packets":1,"bytes":104,"dns_id":1,"dns_qr":1,"dns_opcode":0,"dns_flags":33155,"dns_qname":".","dns_qtype":2,"dns_qclass":1,"dns_rcode":3,"dns_answers":0}'
}

@test "the DNS lab makes records" {
	real dns
	grep -q '"role":' "$BATS_TEST_TMPDIR/lab/truth.json"
}

@test "the attack lab makes records with labels" {
	real attacks
	gzip -dc "$BATS_TEST_TMPDIR/lab/learn.json.gz" | jq -r .label | sort -u > "$BATS_TEST_TMPDIR/labels"
	same 'dns
hydra
refused
scan-horizontal
scan-vertical
ssh-benign
syn-flood
web' "$(cat "$BATS_TEST_TMPDIR/labels")"
}
