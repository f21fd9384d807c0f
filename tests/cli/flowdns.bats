#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowdns: statistics of DNS traffic, detections in it.  "Stream4Flow:" names a
# defect of its DNS applications that is none here.

load common

local_net=10.0.0.0/8,2001:db8::/32
# The header's second word: QR AA RD RA.
QUERY=256 ANSWER=33152 AUTHORITATIVE=33792

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# flow SECOND SRC SPORT DST DPORT [MEMBERS]: a record; SECOND of the first
# minute, or a time.
flow() {
	local t=$1

	[[ $t == *T* ]] || t=$(printf '2024-05-01T08:00:%06.3fZ' "$t")
	printf '{"date_first_seen":"%s","date_last_seen":"%s","src_ip_addr":"%s","dst_ip_addr":"%s","src_port":%s,"dst_port":%s,"protocol":%s%s}\n' \
		"$t" "$t" "$2" "$4" "$3" "$5" "${PROTOCOL:-17}" "${6:+,$6}"
}

# query SECOND CLIENT SERVER NAME [TYPE [MEMBERS]]
query() {
	flow "$1" "$2" 40000 "$3" 53 \
		"\"packets\":1,\"bytes\":${BYTES:-70},\"dns_qr\":0,\"dns_flags\":${FLAGS:-$QUERY},\"dns_qname\":\"$4\",\"dns_qtype\":${5:-1}${6:+,$6}"
}

# answer SECOND SERVER CLIENT NAME [TYPE [RCODE [MEMBERS]]]
answer() {
	flow "$1" "$2" 53 "$3" 40000 \
		"\"packets\":1,\"bytes\":${BYTES:-120},\"dns_qr\":1,\"dns_flags\":$((${FLAGS:-$ANSWER} + ${6:-0})),\"dns_qname\":\"$4\",\"dns_qtype\":${5:-1},\"dns_rcode\":${6:-0}${7:+,$7}"
}

# rows [NAME]: $output without what all rows have; of one type, or all.
rows() {
	sed -E 's/"window_start":"[^"]*","window_end":"[^"]*",//
		s/"alert_id":"[0-9a-f]{16}",//' <<< "$output" |
		{ if [[ ${1-} ]]; then
			sed -n "s/^{\"type\":\"$1\",/{/p"
		else cat; fi; }
}

# gives NAME WANTED OPTION..: the rows of a type, of the records in file in.
gives() {
	run_ok flowdns --only "$1" "${@:3}" in
	same "$2" "$(rows "$1")"
}

# shuffled SEED: the lines of the file all in another order.
shuffled() {
	awk -v seed="$1" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' all |
		sort -n | cut -f 2-
}

refuses() {
	run_err 2 flowdns "${@:2}" /dev/null
	same '' && has "flowdns: $1" "${stderr:-}"
}

# ---- statistics ----

@test "record_types: queries and responses apart, all types by name" {
	# Stream4Flow: responses counted as queries, HTTPS and DNSKEY were OTHER
	{
		query 1 10.0.0.1 10.0.0.53 a.example.com 65
		answer 1 10.0.0.53 10.0.0.1 a.example.com 65
		query 2 10.0.0.1 10.0.0.53 a.example.com 65
		query 3 10.0.0.1 10.0.0.53 example.com 48
		query 4 10.0.0.1 10.0.0.53 example.com 64
		query 5 10.0.0.1 10.0.0.53 example.com 65399
	} > in
	gives record_types '{"dns_qtype":65,"dns_qtype_name":"HTTPS","queries":2,"responses":1}
{"dns_qtype":48,"dns_qtype_name":"DNSKEY","queries":1}
{"dns_qtype":64,"dns_qtype_name":"SVCB","queries":1}
{"dns_qtype":65399,"dns_qtype_name":"TYPE65399","queries":1}'
}

@test "response_codes: IANA's names, extended ones, and those without a name" {
	{
		answer 1 10.0.0.53 10.0.0.1 a 1 3
		answer 1 10.0.0.53 10.0.0.1 a 1 3
		answer 1 10.0.0.53 10.0.0.1 a 1 11
		answer 1 10.0.0.53 10.0.0.1 a 1 16
		answer 1 10.0.0.53 10.0.0.1 a 1 13
		query 1 10.0.0.1 10.0.0.53 a
	} > in
	gives response_codes '{"dns_rcode":3,"dns_rcode_name":"NXDOMAIN","responses":2}
{"dns_rcode":11,"dns_rcode_name":"DSOTYPENI","responses":1}
{"dns_rcode":13,"dns_rcode_name":"RCODE13","responses":1}
{"dns_rcode":16,"dns_rcode_name":"BADVERS","responses":1}'
}

@test "clients and servers are counted exactly, however many" {
	awk 'BEGIN {
		for (i = 0; i < 6000; i++)
			printf "{\"date_last_seen\":\"2024-05-01T08:0%d:00Z\"," \
			    "\"src_ip_addr\":\"10.0.%d.%d\"," \
			    "\"dst_ip_addr\":\"10.1.%d.%d\"," \
			    "\"src_port\":40000,\"dst_port\":53," \
			    "\"dns_qr\":0,\"dns_qname\":\"%s\"}\n",
			    i / 3000, i % 2500 / 250, i % 250,
			    i % 2000 / 250, i % 250, "www.example.com"
	}' >in
	gives queried_domains '{"dns_qname":"www.example.com","queries":3000,"clients":2500}
{"dns_qname":"www.example.com","queries":3000,"clients":2500}' --clients 0
	gives queried_domains '{"dns_qname":"www.example.com","queries":6000,"clients":2500}' \
		--clients 0 -w 2m
	gives queried_domains '{"dns_qname":"www.example.com","queries":3000,"clients":2500}
{"dns_qname":"www.example.com","queries":6000,"clients":2500}
{"dns_qname":"www.example.com","queries":3000,"clients":2500}' \
		--clients 0 -w 2m/1m
	gives querying_hosts '{"src_ip_addr":"10.0.0.0","queries":3,"servers":3}' \
		-n 1 -w 2m
}

@test "a count beyond 64 bits stays there" {
	for i in 1 2 3; do
		flow $i 10.0.0.7 40000 10.0.0.1 853 '"bytes":18446744073709551615'
	done >in
	run_ok flowdns --only encrypted_dns in
	[[ $output == *'"flows":3,"bytes":18446744073709551615}' ]]
}

@test "queried_domains: names fold, and have their clients within" {
	{
		query 1 10.0.0.1 10.0.0.53 WWW.Example.com.
		answer 1 10.0.0.53 10.0.0.1 www.example.COM
		query 2 2001:db8::1 10.0.0.53 www.example.com
		query 3 10.0.0.1 10.0.0.53 www.example.com
		query 4 10.0.0.1 10.0.0.53 .
	} > in
	gives queried_domains '{"dns_qname":"www.example.com","queries":3,"responses":1,"clients":2}
{"dns_qname":"www.example.com","src_ip_addr":"10.0.0.1","queries":2,"responses":1}
{"dns_qname":"www.example.com","src_ip_addr":"2001:db8::1","queries":1}
{"dns_qname":".","queries":1,"clients":1}
{"dns_qname":".","src_ip_addr":"10.0.0.1","queries":1}'
	gives queried_domains '{"dns_qname":"www.example.com","queries":3,"responses":1,"clients":2}' \
		-n 1 --clients 0
	gives queried_domains '{"dns_qname":"www.example.com","queries":3,"responses":1,"clients":2}
{"dns_qname":"www.example.com","src_ip_addr":"10.0.0.1","queries":2,"responses":1}' \
		-n 1 --clients 1
}

@test "queried_domains: one that is asked for once counts, too" {
	# Stream4Flow: keys with value 1 were dropped
	query 1 10.0.0.1 10.0.0.53 once.example.com > in
	gives queried_domains \
		'{"dns_qname":"once.example.com","queries":1,"clients":1}' \
		--clients 0
}

@test "queried_domains: responses alone are enough" {
	{
		answer 1 10.0.0.53 10.0.0.1 b.example.com
		answer 1 10.0.0.53 10.0.0.2 a.example.com
		answer 1 10.0.0.53 10.0.0.1 a.example.com
	} > in
	gives queried_domains '{"dns_qname":"a.example.com","responses":2,"clients":2}
{"dns_qname":"b.example.com","responses":1,"clients":1}' --clients 0
}

@test "--domain: by registrable domain" {
	{
		query 1 10.0.0.1 10.0.0.53 a.b.example.co.uk
		query 1 10.0.0.1 10.0.0.53 c.example.co.uk
		query 1 10.0.0.1 10.0.0.53 co.uk
		query 1 10.0.0.1 10.0.0.53 www.xn--hkyrky-ptac70bc.fi
	} > in
	gives queried_domains '{"dns_qname":"example.co.uk","queries":2,"clients":1}
{"dns_qname":"co.uk","queries":1,"clients":1}
{"dns_qname":"xn--hkyrky-ptac70bc.fi","queries":1,"clients":1}' \
		--domain --clients 0
}

@test "nonexisting_domains: without those on the whitelist, by label" {
	# Stream4Flow: parts of names were looked for, so spamhaus.org.evil.com
	{
		answer 1 10.0.0.53 10.0.0.1 nothing.example.com 1 3
		answer 1 10.0.0.53 10.0.0.1 a.example.com 1 0
		answer 1 10.0.0.53 10.0.0.1 2.0.0.127.zen.spamhaus.org 1 3
		answer 1 10.0.0.53 10.0.0.1 spamhaus.org.evil.com 1 3
		answer 1 10.0.0.53 10.0.0.1 notspamhaus.org 1 3
	} > in
	echo spamhaus.org > white
	gives nonexisting_domains '{"dns_qname":"nothing.example.com","responses":1,"clients":1}
{"dns_qname":"notspamhaus.org","responses":1,"clients":1}
{"dns_qname":"spamhaus.org.evil.com","responses":1,"clients":1}' \
		--clients 0 --whitelist white
}

@test "external_resolvers: what local hosts ask outside; IPv6, too" {
	# Stream4Flow: crash on IPv6
	{
		query 1 10.0.0.1 8.8.8.8 a
		answer 1 8.8.8.8 10.0.0.1 a
		query 2 2001:db8::1 2001:4860:4860::8888 a
		query 2 2001:db8::2 2001:4860:4860::8888 a
		query 3 10.0.0.1 10.0.0.53 a
		query 4 192.0.2.1 10.0.0.53 a
		query 4 10.0.0.1 224.0.0.251 a
		# A local resolver asks an authoritative server: RD is 0.
		FLAGS=0 query 5 10.0.0.53 198.51.100.5 a
		FLAGS=$AUTHORITATIVE answer 5 198.51.100.5 10.0.0.53 a
	} > in
	gives external_resolvers '{"src_ip_addr":"2001:4860:4860::8888","queries":2,"clients":2}
{"src_ip_addr":"2001:4860:4860::8888","dst_ip_addr":"2001:db8::1","queries":1}
{"src_ip_addr":"2001:4860:4860::8888","dst_ip_addr":"2001:db8::2","queries":1}
{"src_ip_addr":"8.8.8.8","queries":1,"responses":1,"clients":1}
{"src_ip_addr":"8.8.8.8","dst_ip_addr":"10.0.0.1","queries":1,"responses":1}' \
		-L "$local_net"
}

@test "external_resolvers: loopback is local in IPv6, too" {
	{
		query 1 10.0.0.1 127.0.0.53 a
		query 1 10.0.0.1 ::1 a
	} > in
	gives external_resolvers '' -L 10.0.0.0/8
}

@test "--clients: as many as there are, and a limit" {
	{
		query 1 10.0.0.1 10.0.0.53 a
		query 1 10.0.0.2 10.0.0.53 a
	} > in
	gives queried_domains '{"dns_qname":"a","queries":2,"clients":2}
{"dns_qname":"a","src_ip_addr":"10.0.0.1","queries":1}
{"dns_qname":"a","src_ip_addr":"10.0.0.2","queries":1}' --clients 1000
	refuses '--clients: expected 0 to 1000' --clients 6148914691236517206
}

@test "local_servers: those that answer hosts outside" {
	# Stream4Flow: external servers that answered local hosts
	{
		query 1 192.0.2.1 10.0.0.53 a
		answer 1 10.0.0.53 192.0.2.1 a
		answer 1 2001:db8::53 2001:4860::1 a
		# Refused, or never answered: no server for others.
		answer 2 10.0.0.54 192.0.2.1 a 1 5
		query 2 192.0.2.1 10.0.0.99 a
		answer 3 8.8.8.8 10.0.0.1 a
	} > in
	gives local_servers '{"src_ip_addr":"10.0.0.53","queries":1,"responses":1,"clients":1}
{"src_ip_addr":"10.0.0.53","dst_ip_addr":"192.0.2.1","queries":1,"responses":1}
{"src_ip_addr":"2001:db8::53","responses":1,"clients":1}
{"src_ip_addr":"2001:db8::53","dst_ip_addr":"2001:4860::1","responses":1}' \
		-L "$local_net"
}

@test "statistics of a window are the same whether windows slide or not" {
	local only=record_types,response_codes,queried_domains,nonexisting_domains
	local i

	only+=,external_resolvers,local_servers,querying_hosts,answering_hosts
	RANDOM=7
	for ((i = 0; i < 600; i++)); do
		local host=10.0.0.$((RANDOM % 4)) other=203.0.113.$((RANDOM % 4))
		local name=n$((RANDOM % 9)).example.com

		FLAGS=$((RANDOM % 2 * QUERY))
		case $((RANDOM % 4)) in
		0) query $((i / 10)) $host $other "$name" ;;
		1) query $((i / 10)) $other $host "$name" ;;
		2) FLAGS=$((32768 + FLAGS)) answer $((i / 10)) $other $host \
			"$name" 1 $((RANDOM % 2 * 3)) ;;
		3) FLAGS=$((32768 + FLAGS)) answer $((i / 10)) $host $other \
			"$name" 1 $((RANDOM % 3 ? 5 : 0)) ;;
		esac
	done >in
	flowdns --only $only -L 10.0.0.0/8 -n 0 -w 20s in >whole
	flowdns --only $only -L 10.0.0.0/8 -n 0 -w 20s/5s in |
		grep '^{"window_start":"[^"]*:[024]0.000Z"' >parts
	[[ $(wc -l <whole) -gt 200 ]]
	cmp whole parts
}

@test "querying_hosts: with the share of NXDOMAIN; answering_hosts" {
	{
		query 1 10.0.0.1 10.0.0.53 a
		answer 1 10.0.0.53 10.0.0.1 a
		query 1 10.0.0.1 10.0.0.54 b
		answer 1 10.0.0.54 10.0.0.1 b 1 3
		query 1 2001:db8::1 2001:db8::53 a
		answer 1 2001:db8::53 2001:db8::1 a 1 2
	} > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":2,"responses":2,"nxdomain":1,"nxdomain_ratio":0.5,"servers":2}
{"src_ip_addr":"2001:db8::1","queries":1,"responses":1,"nxdomain_ratio":0,"servers":1}'
	gives answering_hosts '{"src_ip_addr":"10.0.0.53","responses":1,"clients":1}
{"src_ip_addr":"10.0.0.54","responses":1,"nxdomain":1,"clients":1}
{"src_ip_addr":"2001:db8::53","responses":1,"servfail":1,"clients":1}' \
		--clients 0
}

@test "statistics: the sum of all rows is all there is" {
	# Stream4Flow: the first 100 of each minute, so sums over hours were wrong
	local i

	for i in {1..150}; do
		query 1 10.0.0.1 10.0.0.53 "host$i.example.com"
	done > in
	run_ok flowdns --only queried_domains --clients 0 -n 0 in
	same 150 "$(jq -s 'map(.queries) | add' <<< "$output")"
	run_ok flowdns --only queried_domains --clients 0 in
	same 10 "$(wc -l <<< "$output")"
}

# ---- what records look like ----

@test "transactions: both sides in one record, as Zeek has them" {
	{
		flow 1 10.0.0.1 40000 10.0.0.53 53 '"dns_qname":"a.example.com","dns_qtype":1,"dns_rcode":3'
		flow 1 10.0.0.1 40000 10.0.0.53 53 '"dns_qname":"a.example.com","dns_qtype":1,"dns_rcode":0,"dns_answers":1,"dns_rdata_all":["192.0.2.1"]'
		# Nobody answered.
		flow 1 10.0.0.1 40000 10.0.0.53 53 '"dns_qname":"a.example.com","dns_qtype":1'
	} > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":3,"responses":2,"nxdomain":1,"nxdomain_ratio":0.5,"servers":1}'
	gives answering_hosts '{"src_ip_addr":"10.0.0.53","responses":2,"nxdomain":1,"clients":1}' \
		--clients 0
}

@test "transactions: a flow of both directions" {
	flow 1 10.0.0.1 40000 10.0.0.53 53 '"packets":1,"bytes":70,"packets_rev":1,"bytes_rev":150,"dns_flags":33155,"dns_qname":"a","dns_qtype":1' > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":1,"responses":1,"nxdomain":1,"nxdomain_ratio":1,"servers":1}'
}

@test "flags: what the word says need not be said twice" {
	{
		flow 1 10.0.0.1 40000 10.0.0.53 53 '"dns_flags":256,"dns_qname":"a","dns_qtype":1'
		flow 1 10.0.0.53 53 10.0.0.1 40000 '"dns_flags":33155,"dns_qname":"a","dns_qtype":1'
	} > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":1,"responses":1,"nxdomain":1,"nxdomain_ratio":1,"servers":1}'
	gives response_codes '{"dns_rcode":3,"dns_rcode_name":"NXDOMAIN","responses":1}'
}

@test "ports: they tell what no flag does" {
	{
		flow 1 10.0.0.1 40000 10.0.0.53 53 '"packets":1,"dns_rcode":0,"dns_qname":"a","dns_qtype":1'
		flow 1 10.0.0.53 53 10.0.0.1 40000 '"packets":1,"dns_rcode":0,"dns_qname":"a","dns_qtype":1'
		# From port 53 to port 53: the flag decides.
		flow 1 10.0.0.2 53 10.0.0.53 53 '"packets":1,"dns_qr":0,"dns_qname":"a","dns_qtype":1'
	} > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":1,"responses":1,"nxdomain_ratio":0,"servers":1}
{"src_ip_addr":"10.0.0.2","queries":1,"servers":1}'
}

@test "Zeek and Suricata, through flowcat" {
	cat > zeek <<- 'END'
		{"ts":1714550400.1,"uid":"C2","id.orig_h":"10.0.0.1","id.orig_p":5353,"id.resp_h":"8.8.8.8","id.resp_p":53,"proto":"udp","trans_id":7,"rtt":0.02,"query":"example.org","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["alias.example.org","203.0.113.9"],"TTLs":[60.0,60.0],"rejected":false}
		{"ts":1714550400.2,"uid":"C3","id.orig_h":"10.0.0.1","id.orig_p":40001,"id.resp_h":"203.0.113.9","id.resp_p":443,"proto":"tcp","duration":1.0,"orig_pkts":4,"orig_ip_bytes":400,"resp_pkts":4,"resp_ip_bytes":4000,"conn_state":"SF","history":"ShADadFf"}
	END
	flowcat zeek > in
	gives external_resolver '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","queries":1,"responses":1,"flows":1}
{"alert_state":"end","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","queries":1,"responses":1,"flows":1}' \
		-L 10.0.0.0/8
	# Suricata: the address is the second answer
	cat > answers <<- 'END'
		{"timestamp":"2024-05-01T10:00:00.000000+0200","event_type":"dns","src_ip":"8.8.8.8","src_port":53,"dest_ip":"10.0.0.1","dest_port":5353,"proto":"UDP","dns":{"version":2,"type":"answer","id":7,"flags":"8180","qr":true,"rd":true,"ra":true,"rrname":"example.org","rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"example.org","rrtype":"CNAME","ttl":60,"rdata":"alias.example.org"},{"rrname":"alias.example.org","rrtype":"A","ttl":60,"rdata":"203.0.113.9"}]}}
		{"timestamp":"2024-05-01T10:00:03.000000+0200","event_type":"flow","src_ip":"10.0.0.1","src_port":40001,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP","flow":{"pkts_toserver":4,"pkts_toclient":4,"bytes_toserver":400,"bytes_toclient":4000,"start":"2024-05-01T10:00:00.200000+0200","end":"2024-05-01T10:00:01.200000+0200"}}
	END
	flowcat answers > in
	gives external_resolver '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","responses":1,"flows":1}
{"alert_state":"end","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","responses":1,"flows":1}' \
		-L 10.0.0.0/8
	cat > suricata <<- 'END'
		{"timestamp":"2024-05-01T10:00:00.000000+0200","event_type":"dns","src_ip":"10.0.0.1","src_port":5353,"dest_ip":"10.0.0.53","dest_port":53,"proto":"UDP","dns":{"version":2,"type":"query","id":7,"rrname":"example.org","rrtype":"A"}}
		{"timestamp":"2024-05-01T10:00:00.100000+0200","event_type":"dns","src_ip":"10.0.0.53","src_port":53,"dest_ip":"10.0.0.1","dest_port":5353,"proto":"UDP","dns":{"version":2,"type":"answer","id":7,"flags":"8183","qr":true,"rd":true,"ra":true,"rrname":"example.org","rrtype":"A","rcode":"NXDOMAIN"}}
	END
	flowcat suricata > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":1,"responses":1,"nxdomain":1,"nxdomain_ratio":1,"servers":1}'
}

@test "Suricata gives an answer the ends of its flow: it is no query" {
	cat > suricata <<- 'END'
		{"timestamp":"2024-05-01T10:00:00.000000+0200","event_type":"dns","src_ip":"10.0.0.1","src_port":40001,"dest_ip":"8.8.8.8","dest_port":53,"proto":"UDP","dns":{"type":"query","id":7,"rrname":"example.org","rrtype":"A"}}
		{"timestamp":"2024-05-01T10:00:00.100000+0200","event_type":"dns","src_ip":"10.0.0.1","src_port":40001,"dest_ip":"8.8.8.8","dest_port":53,"proto":"UDP","dns":{"version":2,"type":"answer","id":7,"flags":"8180","qr":true,"rd":true,"ra":true,"rrname":"example.org","rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"example.org","rrtype":"A","ttl":60,"rdata":"203.0.113.9"}]}}
	END
	flowcat suricata > in
	gives querying_hosts '{"src_ip_addr":"10.0.0.1","queries":1,"responses":1,"nxdomain_ratio":0,"servers":1}'
	gives external_resolvers '{"src_ip_addr":"8.8.8.8","queries":1,"responses":1,"clients":1}' \
		-L 10.0.0.0/8 --clients 0
}

@test "flowcat --biflow: whatever code the query has" {
	local code

	for code in 0 null; do
		{
			query 1 10.0.0.1 10.0.0.53 a 1 '"packets_rev" : null,"dns_ttl":null,"dns_rcode":'$code',"x":{"dns_rcode":0}'
			answer 1 10.0.0.53 10.0.0.1 a 1 3 '"dns_rname":"dns_ttl","dns_ttl":5'
		} | flowcat --biflow 500ms > in
		same 1 "$(jq -c 'select(.dns_rcode == 3 and .x.dns_rcode == 0)' in | wc -l)"
		same 1 "$(grep -o '[{,]"dns_rcode":3' in | wc -l)"
		same 1 "$(grep -o '"dns_ttl":' in | wc -l)"
		same 1 "$(grep -o '"packets_rev"' in | wc -l)"
		gives response_codes '{"dns_rcode":3,"dns_rcode_name":"NXDOMAIN","responses":1}'
	done
}

@test "flowcat --biflow: null is not known" {
	printf '%s\n' '{"date_first_seen":null,"date_last_seen":"2024-05-01T08:00:01Z","src_ip_addr":"10.0.0.1","dst_ip_addr":"10.0.0.2","src_port":4000,"dst_port":53,"packets":1,"packets_rev":null}' \
		'{"date_last_seen":"2024-05-01T08:00:01Z","src_ip_addr":"10.0.0.2","dst_ip_addr":"10.0.0.1","src_port":53,"dst_port":4000,"packets":null,"bytes":7}' > in
	run_ok flowcat --biflow 5s in
	same 1 "$(wc -l <<< "$output")"
	has '"bytes_rev":7,"date_last_seen_rev"' "$output"
}

@test "flowcat --biflow: the code is the answer's" {
	{
		query 1 10.0.0.1 10.0.0.53 none.example.com
		FLAGS=33155 answer 1 10.0.0.53 10.0.0.1 none.example.com |
			sed 's/,"dns_rcode":0//'
	} | flowcat --biflow 500ms > in
	same 1 "$(grep -c '"dns_rcode":3' in)"
	gives response_codes '{"dns_rcode":3,"dns_rcode_name":"NXDOMAIN","responses":1}'
	# Of the query's flags alone no code is made.
	sed -i 's/,"dns_rcode":3//' in
	gives response_codes ''
}

@test "zeros that fill a template are no DNS" {
	flowcat > in <<- 'END'
		{"@type":"ipfix.entry","iana:octetDeltaCount":1234,"iana:packetDeltaCount":7,"iana:flowStartMilliseconds":"2024-05-01T08:00:00.1Z","iana:sourceIPv4Address":"10.0.0.1","iana:destinationIPv4Address":"1.1.1.1","iana:protocolIdentifier":"TCP","iana:sourceTransportPort":40000,"iana:destinationTransportPort":853,"flowmon:dnsId":0,"flowmon:dnsFlagsCodes":0,"flowmon:dnsQname":"","flowmon:dnsQtype":0,"flowmon:dnsCrrType":0,"flowmon:dnsCrrTtl":0}
	END
	same 0 "$(grep -c dns_ in)"
	run --separate-stderr flowdns --only record_types,encrypted_dns in
	same '{"type":"encrypted_dns","alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"1.1.1.1","service":"dot","flows":1,"bytes":1234}' \
		"$(rows | head -n 1)"
}

@test "open_resolver: an own name behind an alias is no one else's" {
	answer 1 10.0.0.53 203.0.113.7 www.example.net 1 0 \
		'"dns_answers":2,"dns_rtype":5,"dns_rdata":"web.example.net","dns_rdata_all":["web.example.net","10.0.0.80"]' > in
	gives open_resolver '' -L 10.0.0.0/8
	answer 1 10.0.0.53 203.0.113.7 www.example.net 1 0 \
		'"dns_rdata_all":["198.51.100.80"]' > in
	gives open_resolver '{"alert_state":"begin","src_ip_addr":"10.0.0.53","responses":1,"clients":1,"names":1,"dns_qname":"www.example.net"}
{"alert_state":"end","src_ip_addr":"10.0.0.53","responses":1,"clients":1,"names":1,"dns_qname":"www.example.net"}' \
		-L 10.0.0.0/8
}

@test "external_resolvers, local_servers: what counts, record by record" {
	{
		query 1 10.0.0.53 8.8.8.8 a.example.com
		FLAGS=0 query 2 10.0.0.53 8.8.8.8 a.example.com
		FLAGS=0 query 3 10.0.0.53 8.8.8.8 a.example.com
		answer 4 10.0.0.53 203.0.113.7 a.example.com 1 0
		answer 5 10.0.0.53 203.0.113.7 a.example.com 1 5
		answer 6 10.0.0.53 203.0.113.7 a.example.com 1 5
	} > in
	gives external_resolvers '{"src_ip_addr":"8.8.8.8","queries":1,"clients":1}
{"src_ip_addr":"8.8.8.8","dst_ip_addr":"10.0.0.53","queries":1}' \
		-L 10.0.0.0/8
	gives local_servers '{"src_ip_addr":"10.0.0.53","responses":1,"refused":2,"clients":1}
{"src_ip_addr":"10.0.0.53","dst_ip_addr":"203.0.113.7","responses":1,"refused":2}' \
		-L 10.0.0.0/8
}

@test "querying_hosts: a multicast group asks nothing" {
	flow 1 10.0.0.9 5353 224.0.0.251 5353 \
		'"dns_qr":1,"dns_flags":33792,"dns_qname":"foo.local","dns_qtype":1,"dns_rdata":"10.0.0.9"' > in
	gives querying_hosts ''
	gives answering_hosts '{"src_ip_addr":"10.0.0.9","responses":1,"clients":0}'
	gives queried_domains '{"dns_qname":"foo.local","responses":1,"clients":0}'
}

@test "--blacklist: many names a line, comments, rules of ad blockers" {
	cat > list <<- 'END'
		! Title: rules
		0.0.0.0 a1.com a2.com a3.com a4.com a5.com a6.com a7.com a8.com a9.com
		0.0.0.0 hosty.com#comment
		||ads.com^
		page.com##.banner
		page.com#@#.banner
	END
	query 1 10.0.0.1 10.0.0.53 page.com > in
	for name in a7.com a9.com hosty.com x.ads.com; do
		query 1 10.0.0.1 10.0.0.53 "$name"
	done >> in
	run_ok flowdns --only blacklisted_domain --blacklist list in
	same "a7.com a9.com ads.com hosty.com" \
		"$(jq -r 'select(.alert_state == "begin").listed' <<< "$output" | xargs)"
	echo 'label.net malware' >> list
	run_err 0 flowdns --only blacklisted_domain --blacklist list in
	has 'list:7: no name; 1 of its names is none' "$stderr"
}

# ---- hostile input ----

@test "names: what stands in them is data" {
	# Stream4Flow: a quote in a name added members to the result
	{
		query 1 10.0.0.1 10.0.0.53 'a\",\"queries\":999999,\"x\":\"'
		query 1 10.0.0.1 10.0.0.53 'nul\u0000\u0001\\..example.com'
		query 1 10.0.0.1 10.0.0.53 'ž.example.com'
		query 1 10.0.0.1 10.0.0.53 ''
	} > in
	run_ok flowdns --only queried_domains --clients 0 -n 0 in
	same 4 "$(jq -s 'map(.queries) | add' <<< "$output")"
	jq -r .dns_qname <<< "$output" | grep -Fqx 'a","queries":999999,"x":"'
	run_ok flowdns --only queried_domains --domain -n 0 in
	jq . <<< "$output" > /dev/null
}

@test "names: as long as can be, and longer" {
	local label name

	label=$(printf 'x%.0s' {1..255})
	name=$label.$label.$label
	{
		query 1 10.0.0.1 10.0.0.53 "$label"
		query 1 10.0.0.1 10.0.0.53 "$name"
		query 1 10.0.0.1 10.0.0.53 "$name.$name"
	} > in
	run_err 1 flowdns --only queried_domains in
	has "flowdns: in:3: dns_qname: longer than names can be" "${stderr:-}"
	same "$label $name" "$(jq -r .dns_qname <<< "$output" | sort -u |
		sort | xargs)"
}

# Each way in which a name of N bytes is kept or compared; others of that length
# differ in one byte.
@test "names: of each length, in any case, with a dot or without" {
	local n

	for n in {1..17} {30..34} {62..66} {92..100} 253; do
		awk -v n=$n 'BEGIN {
			while (length(name) < n)
				name = name substr("ab.cd-e", length(name) % 7 + 1, 1)
			sub(/[.]$/, "x", name)
			print name
			print toupper(name)
			print name "."
			for (i = 1; i <= n; i++)
				print substr(name, 1, i - 1) "z" substr(name, i + 1)
		}' > names
		while read -r name; do
			query 1 10.0.0.1 10.0.0.53 "$name"
		done < names > in
		run_ok flowdns -q --only queried_domains -n 0 --clients 0 in
		same "$(sed 's/[.]$//' names | tr '[:upper:]' '[:lower:]' |
			sort | uniq -c | awk '{ print $1, $2 }' | sort)" \
			"$(sed -E 's/.*"dns_qname":"([^"]*)","queries":([0-9]*).*/\2 \1/' \
				<<< "$output" | sort)"
	done
}

@test "addresses: however long they are written" {
	local ip

	for ip in 10.0.0.1 ::ffff:10.0.0.1 0:0:0:0:0:ffff:10.0.0.1 \
		0000:0000:0000:0000:0000:ffff:10.0.0.1 \
		0000:0000:0000:0000:0000:FFFF:010.000.000.001; do
		query 1 "$ip" 0000:0000:0000:0000:0000:ffff:255.255.255.250 a.org
	done > in
	run flowdns -q --only querying_hosts in
	same '{"src_ip_addr":"10.0.0.1","queries":4,"servers":1}' \
		"$(rows querying_hosts)"
}

@test "fields that cannot be read" {
	{
		query 1 10.0.0.1 10.0.0.53 a
		query 1 10.0.0.x 10.0.0.53 a
		query 1 10.0.0.1 10.0.0.53 a '"nonsense"'
		flow 1 10.0.0.1 1 10.0.0.53 53 '"dns_qname":7'
		flow 1 10.0.0.1 1 10.0.0.53 53 '"dns_qname":"a","dns_qtype":4294967297'
		answer 1 10.0.0.53 10.0.0.1 a 4294967299
		flow 1 10.0.0.1 1 10.0.0.53 53 '"dns_qname":"a","dns_rcode":-1'
		flow 1 10.0.0.1 1 10.0.0.53 53 '"dns_qname":null,"dns_qtype":"AAAA","dns_flags":null'
		echo '{"date_last_seen":"2024-05-01T08:00:00Z","dns_qname":"b"}'
	} > in
	run_err 1 flowdns --rejects bad in
	same 5 "$(wc -l < bad)"
	has 'in:5: dns_qtype: out of range' "${stderr:-}"
	has 'in:2: src_ip_addr: ' "${stderr:-}"
	has 'in:3: dns_qtype: unknown name' "${stderr:-}"
	has 'in:4: dns_qname: text expected' "${stderr:-}"
}

# ---- detections ----

@test "blacklisted_domain: plain, hosts and RPZ lists, by label" {
	printf '%s\r\n' '# names' '' Bad.Example.com. '*.worse.example  # all' \
		> plain
	cat > hosts <<- 'END'
		127.0.0.1 localhost
		::1 localhost ip6-localhost
		0.0.0.0 bad.example.com worse.example # both
	END
	cat > rpz <<- 'END'
		$TTL 300
		@ IN SOA rpz.local. root.rpz.local. ( 1
		  3600 600
		  86400 300 )
		  IN NS localhost.
		bad.example.com 60 IN CNAME .
		*.worse.example CNAME .
		good.worse.example CNAME rpz-passthru.
		32.4.3.2.1.rpz-ip CNAME .
		ns.evil.example.rpz-nsdname CNAME .
	END
	{
		query 1 10.0.0.1 10.0.0.53 x.BAD.example.com
		answer 1 10.0.0.53 10.0.0.1 bad.example.com
		query 1 10.0.0.1 10.0.0.53 notbad.example.com
		query 1 10.0.0.1 10.0.0.53 bad.example.com.evil.org
		query 1 2001:db8::1 10.0.0.53 a.b.worse.example
		query 1 10.0.0.2 10.0.0.53 ns.evil.example
		query 1 10.0.0.2 10.0.0.53 localhost
	} > in
	for list in plain hosts rpz; do
		gives blacklisted_domain '{"alert_state":"begin","src_ip_addr":"10.0.0.1","listed":"bad.example.com","queries":1,"responses":1,"names":2,"dns_qname":"bad.example.com"}
{"alert_state":"begin","src_ip_addr":"2001:db8::1","listed":"worse.example","queries":1,"names":1,"dns_qname":"a.b.worse.example"}
{"alert_state":"end","src_ip_addr":"10.0.0.1","listed":"bad.example.com","queries":1,"responses":1,"names":2,"dns_qname":"bad.example.com"}
{"alert_state":"end","src_ip_addr":"2001:db8::1","listed":"worse.example","queries":1,"names":1,"dns_qname":"a.b.worse.example"}' \
			--blacklist $list
	done
	query 1 10.0.0.1 10.0.0.53 x.good.worse.example > in
	gives blacklisted_domain '' --blacklist rpz
	echo good.worse.example > white
	gives blacklisted_domain '' --blacklist plain --whitelist white
}

@test "--blacklist: lines longer than what is read at once, none at the end" {
	{
		printf '\xef\xbb\xbffirst.bad.org\r\n0.0.0.0'
		seq -f ' n%.0f.long.bad.org' 30000 | tr -d '\n'
		printf '\nlast.bad.org'
	} > list
	(($(wc -c < list) > 500000))
	for name in first.bad.org N1.long.bad.org n30000.long.bad.org \
		last.bad.org long.bad.org n30001.long.bad.org; do
		query 1 10.0.0.1 10.0.0.53 $name
	done > in
	run_ok flowdns --only blacklisted_domain --blacklist list in
	same 'first.bad.org last.bad.org n1.long.bad.org n30000.long.bad.org' \
		"$(jq -r .listed <<< "$output" | sort -u | xargs)"
}

@test "blacklisted_domain: names in Unicode meet those in punycode" {
	printf '%s\n' 'bücher.example' 'Žluťoučký.CZ' 'faß.de' > list
	{
		query 1 10.0.0.1 10.0.0.53 www.xn--bcher-kva.example
		query 1 10.0.0.1 10.0.0.53 xn--luouk-uva4it5a4g.cz
		query 1 10.0.0.1 10.0.0.53 xn--fa-hia.de
		query 1 10.0.0.1 10.0.0.53 fass.de
	} > in
	run_ok flowdns --only blacklisted_domain --blacklist list in
	same 'xn--bcher-kva.example xn--fa-hia.de xn--luouk-uva4it5a4g.cz' \
		"$(jq -r 'select(.alert_state == "begin").listed' \
			<<< "$output" | sort | xargs)"
}

@test "blacklisted_domain: lists that cannot be read" {
	refuses '--blacklist none: No such file or directory' --blacklist none
	refuses '--resolvers none: No such file or directory' --resolvers none
	refuses 'blacklisted_domain needs --blacklist' --only blacklisted_domain
	{
		echo good.example
		printf 'x%.0s' {1..300}
		echo
	} > list
	: > in
	both flowdns --blacklist list in
	has 'flowdns: --blacklist list:2: no name; 1 of its names is none' "${stderr:-}"
}

@test "blacklisted_domain: a million names within two seconds" {
	[[ $B != *san* ]] || skip 'sanitizers: all is slow'
	local TIMEFORMAT='%U %S' spent

	dnsgen -b 1000000 > list
	: > in
	# Of the processor, for others may use it, too.
	spent=$({ time flowdns --only blacklisted_domain --blacklist list in; } 2>&1)
	awk -v spent="$spent" 'BEGIN {
		split(spent, t, " ")
		exit !(t[1] + t[2] < 2)
	}'
}

@test "--blacklist is read anew on SIGHUP, and no record is lost" {
	local i pid

	echo first.example > list
	mkfifo pipe
	flowdns --only blacklisted_domain,querying_hosts --blacklist list \
		pipe > out 2> err 7>&- &
	pid=$!
	exec 7> pipe
	query 1 10.0.0.1 10.0.0.53 first.example >&7
	query 1 10.0.0.1 10.0.0.53 second.example >&7
	for ((i = 0; i < 100; i++)); do
		query 1 10.0.0.1 10.0.0.53 other.example >&7
	done
	sleep 0.5
	echo second.example > list
	kill -HUP "$pid"
	sleep 0.2
	query 2 10.0.0.1 10.0.0.53 first.example >&7
	query 2 10.0.0.1 10.0.0.53 second.example >&7
	# A list that is gone, or is a page in its place: the old one stays.
	rm list
	kill -HUP "$pid"
	sleep 0.2
	query 2 10.0.0.1 10.0.0.53 other.example >&7
	sleep 0.2
	echo '<html><body>404/not found</body></html>' > list
	kill -HUP "$pid"
	sleep 0.2
	query 3 10.0.0.1 10.0.0.53 second.example >&7
	exec 7>&-
	wait "$pid"
	output=$(< out)
	same '{"alert_state":"begin","src_ip_addr":"10.0.0.1","listed":"first.example","queries":1,"names":1,"dns_qname":"first.example"}
{"alert_state":"begin","src_ip_addr":"10.0.0.1","listed":"second.example","queries":2,"names":1,"dns_qname":"second.example"}' \
		"$(rows blacklisted_domain | grep begin)"
	has '"queries":106' "$(rows querying_hosts)"
	has 'flowdns: --blacklist list: not read anew: No such file' "$(< err)"
	has 'flowdns: --blacklist list: not read anew: no name in it' "$(< err)"
}

# What an external resolver told, and the flow to it.
confirmed='{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","responses":1,"flows":1}'

told() {
	answer "$1" 8.8.8.8 10.0.0.1 www.example.com "${3:-1}" 0 \
		"\"dns_answers\":1,\"dns_rdata\":\"${2:-192.0.2.80}\""
}

begins() {
	run_ok flowdns --only external_resolver -L "$local_net" "${@:2}" in
	same "$1" "$(rows external_resolver | grep begin)"
}

@test "external_resolver: a flow to what was answered; in any order" {
	# Stream4Flow: the answer had to come first, or in the same batch
	{
		told 1
		PROTOCOL=6 flow 2 10.0.0.1 40001 192.0.2.80 443
	} > in
	begins "$confirmed"
	tac in > turned
	mv turned in
	begins "$confirmed"
}

@test "external_resolver: UDP and QUIC, AAAA, several addresses" {
	# Stream4Flow: A and TCP only
	told 1 > in
	flow 2 10.0.0.1 40001 192.0.2.80 443 >> in
	begins "$confirmed"
	{
		answer 1 2001:4860:4860::8888 2001:db8::1 a 28 0 \
			'"dns_rdata_all":["alias.example.com","2001:db9::1","2001:db9::2"]'
		PROTOCOL=6 flow 2 2001:db8::1 40001 2001:db9::2 443
	} > in
	begins '{"alert_state":"begin","src_ip_addr":"2001:db8::1","dst_ip_addr":"2001:4860:4860::8888","responses":1,"flows":1}'
}

@test "external_resolver: not without a flow, elsewhere, or too late" {
	{
		told 1
		PROTOCOL=6 flow 1 10.0.0.1 40001 192.0.2.81 443
		PROTOCOL=6 flow 1 10.0.0.2 40001 192.0.2.80 443
		PROTOCOL=6 flow 7 10.0.0.1 40001 192.0.2.80 443
		PROTOCOL=1 flow 1 10.0.0.1 0 192.0.2.80 0
		# A local resolver asks an authoritative server.
		FLAGS=$AUTHORITATIVE answer 1 198.51.100.5 10.0.0.53 a 1 0 \
			'"dns_rdata":"192.0.2.80"'
		PROTOCOL=6 flow 1 10.0.0.53 40001 192.0.2.80 443
	} > in
	begins ''
	begins "$confirmed" --within 6s
	begins '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","responses":1}' \
		--unconfirmed
}

@test "external_resolver: a flow counts once, however often it was answered" {
	# Stream4Flow: once for each batch with an answer
	{
		told 1
		told 2
		told 3
		answer 2 9.9.9.9 10.0.0.1 www.example.com 1 0 \
			'"dns_rdata":"192.0.2.80"'
		PROTOCOL=6 flow 4 10.0.0.1 40001 192.0.2.80 443
		told 5
	} > in
	begins '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","responses":4,"flows":1}
{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"9.9.9.9","responses":1,"flows":1}'
}

@test "external_resolver: any order of any records gives the same" {
	local k wanted=

	for k in {1..40}; do
		told "$((k * 7 % 50))" "192.0.2.$((k % 5))"
		PROTOCOL=6 flow "$((k * 11 % 50))" 10.0.0.1 40001 \
			"192.0.2.$((k % 7))" 443
	done > all
	for k in {1..8}; do
		shuffled "$k" > in
		run_ok flowdns --only external_resolver -L 10.0.0.0/8 \
			-w 10s in
		: "${wanted:=$output}"
		same "$wanted"
	done
	has '"flows":' "$wanted"
}

# lasts FROM TO: a flow to what was answered.
lasts() {
	PROTOCOL=6 flow "$2" 10.0.0.1 40001 192.0.2.80 443 |
		sed -E "s/(first_seen\":\"[^\"]*:)[0-9.]*Z/\1$1Z/"
}

@test "external_resolver: two answers are no nearer than each of them" {
	local w
	local both=${confirmed/'"responses":1'/'"responses":2'}

	{
		told 10
		told 18
		lasts 15.5 16
	} > in
	for w in 1m 15s 1m/15s; do
		run_ok flowdns --only external_resolver -L 10.0.0.0/8 -w $w in
		has '"flows":1' "$output"
	done
	begins "$both"
	{
		told 10
		told 18
		lasts 23.5 24
	} > in
	begins ''
}

@test "external_resolver: a begin that cannot be read" {
	{
		told 10
		lasts 11 12 | sed -E 's/(first_seen":)"[^"]*"/\1"soon"/'
		lasts 11 12 | sed -E 's/(first_seen":)"[^"]*"/\1null/'
	} > in
	run_err 1 flowdns --only external_resolver -L 10.0.0.0/8 in
	has 'in:2: date_first_seen: time expected' "${stderr:-}"
	has '"flows":1' "$output"
}

@test "external_resolver: a flow that is told of when it ends" {
	{
		told 1
		printf '%s\n' '{"date_first_seen":"2024-05-01T08:00:02Z","date_last_seen":"2024-05-01T08:05:01Z","src_ip_addr":"10.0.0.1","dst_ip_addr":"192.0.2.80","protocol":6}'
	} > in
	begins '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"8.8.8.8","flows":1}'
}

@test "external_resolver: what waits is bounded, and what is forgotten told" {
	local i

	{
		told 1
		for i in {1..50}; do
			PROTOCOL=6 flow 2 10.0.0.1 40001 "198.51.100.$i" 443
		done
		PROTOCOL=6 flow 3 10.0.0.1 40001 192.0.2.80 443
	} > in
	begins "$confirmed"
	both flowdns --only external_resolver -L 10.0.0.0/8 --pending 10 in
	has 'flowdns: 42 answers and flows did not wait for each other: --pending is too small' "${stderr:-}"
}

@test "external_resolver: many flows of a client to an address" {
	local i

	{
		for i in {1..70}; do
			PROTOCOL=6 flow 2 10.0.0.1 40001 192.0.2.80 443
		done
		for i in {1..10}; do told 1; done
	} > in
	both flowdns --only external_resolver -L 10.0.0.0/8 in
	has '"responses":10,"flows":64}' "$output"
	has '6 answers and flows did not wait for each other: 64 of the same client and address did already' "${stderr:-}"
	[[ $stderr != *--pending* ]]
}

@test "open_resolver: recursion for foreigners; no authoritative server" {
	# Stream4Flow: who is authoritative was reported
	local data='"dns_answers":1,"dns_rdata":"192.0.2.80"'

	{
		answer 1 10.0.0.66 198.51.100.1 www.example.com 1 0 "$data"
		answer 2 10.0.0.66 198.51.100.2 www.example.org 28 0 "$data"
		answer 2 2001:db8::66 2001:db9::1 www.example.org 28 0 "$data"
		# An authoritative server, a referral, a refusal, our own hosts, our
		# own names.
		FLAGS=$AUTHORITATIVE answer 1 10.0.0.53 198.51.100.1 www.example.com 1 0 "$data"
		answer 1 10.0.0.54 198.51.100.1 www.example.com 1 0 '"dns_answers":0'
		answer 1 10.0.0.55 198.51.100.1 www.example.com 1 5 "$data"
		answer 1 10.0.0.56 10.0.0.1 www.example.com 1 0 "$data"
		answer 1 10.0.0.57 198.51.100.1 www.ours.example 1 0 "$data"
		answer 1 10.0.0.58 198.51.100.1 www.example.com 1 0 \
			'"dns_answers":1,"dns_rdata":"10.0.0.80"'
	} > in
	echo ours.example > white
	gives open_resolver '{"alert_state":"begin","src_ip_addr":"10.0.0.66","responses":2,"clients":2,"names":2,"dns_qname":"www.example.com"}
{"alert_state":"begin","src_ip_addr":"2001:db8::66","responses":1,"clients":1,"names":1,"dns_qname":"www.example.org"}
{"alert_state":"end","src_ip_addr":"10.0.0.66","responses":2,"clients":2,"names":2,"dns_qname":"www.example.com"}
{"alert_state":"end","src_ip_addr":"2001:db8::66","responses":1,"clients":1,"names":1,"dns_qname":"www.example.org"}' \
		-L "$local_net" --whitelist white
}

@test "open_resolver: the whitelist means labels; none means nobody" {
	# Stream4Flow: google.com.evil.org was on it; without a file all CNAMEs were
	local data='"dns_answers":1,"dns_rdata":"alias.google.com"'

	{
		answer 1 10.0.0.1 198.51.100.1 www.google.com 5 0 "$data"
		answer 1 10.0.0.2 198.51.100.1 google.com.evil.org 5 0 "$data"
		answer 1 10.0.0.3 198.51.100.1 notgoogleXcom.cz 5 0 "$data"
	} > in
	printf '\ngoogle.com\n\n' > white
	run_ok flowdns --only open_resolver -L 10.0.0.0/8 --whitelist white in
	same '10.0.0.2 10.0.0.3' "$(jq -r 'select(.alert_state == "begin") |
		.src_ip_addr' <<< "$output" | xargs)"
	run_ok flowdns --only open_resolver -L 10.0.0.0/8 in
	same 3 "$(grep -c begin <<< "$output")"
}

# Responses of a server about few names, and their queries.
reflected() {
	local i

	for ((i = 0; i < $1; i++)); do
		[[ ${3-} == alone ]] || BYTES=70 query "$((i % 60))" 203.0.113.9 10.0.0.53 isc.org 255
		BYTES=$2 answer "$((i % 60))" 10.0.0.53 203.0.113.9 isc.org 255
	done
}

@test "amplification: large responses from port 53, small queries" {
	# Stream4Flow: looked for responses to port 53, so found none at all
	reflected 30 3000 > in
	gives amplification '{"alert_state":"begin","src_ip_addr":"10.0.0.53","dst_ip_addr":"203.0.113.9","queries":30,"responses":30,"packets":30,"query_bytes":2100,"response_bytes":90000,"factor":42.857142857142854,"names":1}
{"alert_state":"end","src_ip_addr":"10.0.0.53","dst_ip_addr":"203.0.113.9","queries":30,"responses":30,"packets":30,"query_bytes":2100,"response_bytes":90000,"factor":42.857142857142854,"names":1}'
}

@test "amplification: queries that nobody saw; then volume must say it" {
	reflected 30 3000 alone > in
	gives amplification ''
	reflected 120 3000 alone > in
	run_ok flowdns --only amplification in
	has '"src_ip_addr":"10.0.0.53","dst_ip_addr":"203.0.113.9","responses":120,"packets":120,"response_bytes":360000,"names":1' \
		"$(rows amplification | head -n 1)"
}

@test "amplification: not what hosts and resolvers usually get" {
	local i

	{
		# Small responses, many names of large ones, few large ones.
		for i in {1..100}; do
			query 1 10.0.0.1 10.0.0.53 www.example.com
			answer 1 10.0.0.53 10.0.0.1 www.example.com
			query 1 10.0.0.53 192.5.6.30 "host$i.com"
			BYTES=900 answer 1 192.5.6.30 10.0.0.53 "host$i.com"
		done
		reflected 5 3000
	} > in
	gives amplification ''
}

@test "amplification: IPv6, and flows of many packets" {
	flow 1 2001:db8::53 53 2001:db9::1 4444 '"packets":1000,"bytes":3000000,"dns_qr":1,"dns_qname":"isc.org"' > in
	run_ok flowdns --only amplification in
	has '"src_ip_addr":"2001:db8::53","dst_ip_addr":"2001:db9::1","responses":1,"packets":1000' \
		"$(rows amplification | head -n 1)"
}

@test "tunnel: long names that look random and do not repeat" {
	local i random

	for i in {1..60}; do
		random=$(printf '%s' "$i" | sha256sum | base32 | head -c 40)
		query "$((i % 60))" 10.0.0.7 10.0.0.53 "$random.t1.tunnel.example" 16
	done > in
	run_ok flowdns --only tunnel in
	has '"src_ip_addr":"10.0.0.7","domain":"tunnel.example","queries":60,"query_bytes":4200,"names":60' \
		"$(rows tunnel | head -n 1)"
	# Few of them; the same one again and again; names that people chose.
	head -n 40 in > few
	mv few in
	gives tunnel ''
	for i in {1..60}; do
		query 1 10.0.0.7 10.0.0.53 \
			"an-extremely-long-name-of-a-host-somewhere.cdn.example"
		query 1 10.0.0.7 10.0.0.53 "host$i.cdn.example"
		query 1 10.0.0.7 10.0.0.53 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.$i.8.b.d.0.1.0.0.2.ip6.arpa" 12
	done > in
	gives tunnel ''
}

@test "tunnel: not the local resolver that passes it on; not the whitelist" {
	local i random

	for i in {1..60}; do
		random=$(printf '%s' "$i" | sha256sum | base32 | head -c 40)
		FLAGS=0 query 1 10.0.0.53 192.0.2.5 "$random.tunnel.example" 16
	done > in
	gives tunnel ''
	sed -i 's/"dns_flags":0/"dns_flags":256/' in
	run_ok flowdns --only tunnel in
	has tunnel.example
	echo example > white
	gives tunnel '' --whitelist white
}

@test "generated_domain: one domain after the other that does not exist" {
	local i random

	for i in {1..25}; do
		random=$(printf 'seed%s' "$i" | md5sum | tr 0-9 g-p | head -c 14)
		answer "$i" 10.0.0.53 10.0.0.8 "$random.com" 1 3
	done > in
	run_ok flowdns --only generated_domain in
	has '"src_ip_addr":"10.0.0.8","responses":25,"domains":25,"length":14,' \
		"$(rows generated_domain | head -n 1)"
	# One domain; the browser's probes; names that exist.
	for i in {1..30}; do
		random=$(printf 'seed%s' "$i" | md5sum | tr 0-9 g-p | head -c 14)
		answer 1 10.0.0.53 10.0.0.8 "$random.example.com" 1 3
		answer 1 10.0.0.53 10.0.0.8 "$random" 1 3
		answer 1 10.0.0.53 10.0.0.8 "$random.net" 1 0
	done > in
	gives generated_domain ''
}

@test "encrypted_dns: TLS, QUIC, HTTPS to known resolvers" {
	{
		PROTOCOL=6 flow 1 10.0.0.1 40000 192.0.2.1 853 '"bytes":100,"bytes_rev":200'
		flow 1 10.0.0.1 40000 192.0.2.1 853 '"bytes":100'
		PROTOCOL=6 flow 1 10.0.0.2 40000 1.1.1.1 443 '"bytes":100'
		PROTOCOL=6 flow 1 1.1.1.1 443 10.0.0.2 40000 '"bytes":300'
		flow 1 2001:db8::1 40000 2620:fe::fe 443 '"bytes":100'
		PROTOCOL=6 flow 1 10.0.0.2 40000 192.0.2.80 443 '"bytes":100'
	} > in
	run_ok flowdns --only encrypted_dns in
	same '{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"192.0.2.1","service":"doq","flows":1,"bytes":100}
{"alert_state":"begin","src_ip_addr":"10.0.0.1","dst_ip_addr":"192.0.2.1","service":"dot","flows":1,"bytes":100,"bytes_rev":200}
{"alert_state":"begin","src_ip_addr":"10.0.0.2","dst_ip_addr":"1.1.1.1","service":"doh","flows":1,"bytes":100,"bytes_rev":300}
{"alert_state":"begin","src_ip_addr":"2001:db8::1","dst_ip_addr":"2620:fe::fe","service":"doh","flows":1,"bytes":100}' \
		"$(rows encrypted_dns | grep begin)"
	echo 192.0.2.80 > list
	run_ok flowdns --only encrypted_dns --resolvers list in
	has '"dst_ip_addr":"192.0.2.80","service":"doh"'
	[[ $output != *1.1.1.1* ]]
	# One record of both directions, in which the server stands first.
	PROTOCOL=6 flow 1 192.0.2.1 853 10.0.0.3 40000 '"bytes":300,"bytes_rev":100' > turned
	run_ok flowdns --only encrypted_dns turned
	has '"src_ip_addr":"10.0.0.3","dst_ip_addr":"192.0.2.1","service":"dot","flows":1,"bytes":100,"bytes_rev":300}'
	# Only local hosts, and only servers outside.
	run_ok flowdns --only encrypted_dns -L 10.0.0.0/8,192.0.2.0/24 in
	same '10.0.0.2 1.1.1.1' "$(jq -r 'select(.alert_state == "begin") |
		[.src_ip_addr, .dst_ip_addr] | join(" ")' <<< "$output")"
}

# ---- the life of alerts ----

@test "alerts: begin, update, end; totals are exact" {
	# Stream4Flow: no end, and what came after the last report was lost
	local m

	echo bad.example > list
	for m in 00 01 02 05; do
		query "2024-05-01T08:$m:01.000Z" 10.0.0.1 10.0.0.53 bad.example
	done > in
	run_ok flowdns --only blacklisted_domain --blacklist list in
	same 'begin 1
update 2
update 3
end 3
begin 1
end 1' "$(jq -r '[.alert_state, .queries] | join(" ")' <<< "$output")"
	same 2 "$(jq -r .alert_id <<< "$output" | sort -u | wc -l)"
	run_ok flowdns --only blacklisted_domain --blacklist list \
		--update 10m in
	same 'begin end begin end' "$(jq -r .alert_state <<< "$output" | xargs)"
	run_ok flowdns --only blacklisted_domain --blacklist list -w 10m in
	same 'begin 4 end 4' "$(jq -r '[.alert_state, .queries] | join(" ")' \
		<<< "$output" | xargs)"
}

@test "windows: sliding ones count each record once in an alert" {
	local s

	echo bad.example > list
	for s in 5 15 25 35; do
		query "$s" 10.0.0.1 10.0.0.53 bad.example
	done > in
	run_ok flowdns --only blacklisted_domain --blacklist list -w 20s/10s in
	same 'end 4' "$(jq -r '[.alert_state, .queries] | join(" ")' \
		<<< "$output" | tail -n 1)"
	run_ok flowdns --only queried_domains --clients 0 -w 20s/10s in
	same '1 2 2 2 1' "$(jq -r .queries <<< "$output" | xargs)"
	same '1 1 1 1 1' "$(jq -r .clients <<< "$output" | xargs)"
}

@test "windows: whatever the order of records, the same rows" {
	local i

	for i in {1..200}; do
		query "$((i % 60))" "10.0.0.$((i % 7))" 10.0.0.53 \
			"host$((i % 11)).example.com" $((i % 3 + 1))
		answer "$((i * 7 % 60))" 10.0.0.53 "10.0.0.$((i % 7))" \
			"host$((i % 11)).example.com" 1 $((i % 4))
	done > all
	cp all in
	run_ok flowdns -L 10.0.0.0/8 -w 10s in
	wanted=$output
	shuffled 1 > in
	run_ok flowdns -L 10.0.0.0/8 -w 10s in
	same "$wanted"
	run_ok flowdns -L 10.0.0.0/8 -w 10s <(head -n 150 all) \
		<(tail -n +151 all)
	same "$wanted"
}

# ---- real traffic ----

@test "lab: each detection finds its attack, and nobody else" {
	local data=$ROOT/tests/data/lab-dns window nets

	[[ -e $data/records.json.gz ]] || skip 'no records of the DNS lab'
	nets=$(jq -r '.local_networks | join(",")' "$data/truth.json")
	for window in 1m 5m 20s 1m/10s; do
		run_ok flowdns -w "$window" -L "$nets" \
			--blacklist "$data/blacklist.txt" \
			--resolvers "$data/resolvers.txt" \
			"$data/records.json.gz"
		printf '%s\n' "$output" > rows
		"$ROOT/tests/lab/confusion" "$data/truth.json" < rows > matrix ||
			report "$window: $(< matrix)"
		sed "s/^/# /" matrix >&3
	done
}

@test "lab: who asks outside without doing anything is told with --unconfirmed" {
	local data=$ROOT/tests/data/lab-dns nets

	[[ -e $data/records.json.gz ]] || skip 'no records of the DNS lab'
	nets=$(jq -r '.local_networks | join(",")' "$data/truth.json")
	run_ok flowdns --only external_resolver --unconfirmed -L "$nets" \
		"$data/records.json.gz"
	same "$(jq -r '.truth[] | select(.type == "external_resolver") |
		.src_ip_addr[0]' "$data/truth.json" | sort -u)" \
		"$(jq -r 'select(.src_ip_addr | test("^192")).src_ip_addr' \
			<<< "$output" | sort -u)"
}

# ---- options ----

@test "--only: chooses, knows no other names" {
	query 1 10.0.0.1 10.0.0.53 a > in
	run_ok flowdns --only record_types,querying_hosts in
	same 'record_types querying_hosts' "$(jq -r .type <<< "$output" | xargs)"
	refuses "--only: there is no 'nothing', but amplification " --only nothing
	refuses "--only: there is no 'asked'" --only asked
	refuses "--only: there is no 'queried_domain'; did you mean 'queried_domains'?" \
		--only queried_domain
}

@test "without -L: what needs it is left out, and told; named it is an error" {
	query 1 10.0.0.1 8.8.8.8 a > in
	both flowdns in
	[[ $status == 0 ]]
	same 'flowdns: without -L there is no external_resolvers, local_servers, external_resolver, open_resolver' \
		"${stderr:-}"
	run_ok flowdns -q in
	refuses 'open_resolver needs -L' --only open_resolver
}

@test "-L: prefixes and files; what is none" {
	query 1 10.0.0.1 8.8.8.8 a > in
	printf '%s\n' '# ours' 10.0.0.0/8 > nets
	gives external_resolvers \
		'{"src_ip_addr":"8.8.8.8","queries":1,"clients":1}' \
		-L 192.0.2.0/24,@nets --clients 0
	refuses '-L 10.0.0.0/99: ' -L 10.0.0.0/99
	refuses 'none: No such file' -L @none
}

@test "-w: of a length" {
	refuses '-w session:30s: expected windows of a length, 5m or 5m/10s' \
		-w session:30s
	refuses '-w count:10: expected windows of a length' -w count:10
	refuses '--spread: ' --spread
}

@test "formats: each table has its own header" {
	{
		query 1 10.0.0.1 10.0.0.53 a
		answer 1 10.0.0.53 10.0.0.1 a 1 3
	} > in
	run_ok flowdns --only record_types,response_codes -f csv in
	same 'window_start,window_end,type,dns_qtype,queries,responses
2024-05-01T08:00:00.000Z,2024-05-01T08:01:00.000Z,record_types,1,1,1

window_start,window_end,type,dns_rcode,responses
2024-05-01T08:00:00.000Z,2024-05-01T08:01:00.000Z,response_codes,3,1'
	run_ok flowdns --only response_codes -f table in
	same 'window_start             window_end               type            dns_rcode  responses
2024-05-01 08:00:00.000  2024-05-01 08:01:00.000  response_codes  NXDOMAIN           1'
}

@test "no record with DNS fields is told" {
	PROTOCOL=6 flow 2 10.0.0.1 40001 192.0.2.80 443 > in
	both flowdns -L 10.0.0.0/8 in
	same 0 "$status"
	same 'flowdns: no record had DNS fields, such as dns_qname' "$stderr"
	both flowdns -q -L 10.0.0.0/8 in
	same '' "${stderr:-}"
	run_ok flowdns --only encrypted_dns in
	run_ok flowdns -L 10.0.0.0/8 < /dev/null
}
