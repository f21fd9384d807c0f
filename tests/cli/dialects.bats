#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowcat: single members and elements, and what they mean together.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# made RECORD FIELD..: these members of what flowcat makes of the record, null
# where there is none.
made() {
	printf '%s\n' "$1" | flowcat | members "${@:2}"
}

# sent ELEMENTS FIELD..: the same of elements as an exporter sends them.
sent() {
	"$ROOT/tests/bin/exporter" file "$1" | flowcat | members "${@:2}"
}

members() {
	local list

	list=$(printf ',.%s' "$@")
	jq -c "[${list#,}]"
}

at=1700000000123
times=(date_first_seen date_last_seen duration)

@test 'IPFIX: a start or an end, and the duration' {
	local late='["2023-11-14T22:13:20.123Z","2023-11-14T22:13:22.623Z",2.5]'
	local early='["2023-11-14T22:13:17.623Z","2023-11-14T22:13:20.123Z",2.5]'
	local both='["2023-11-14T22:13:20.123Z","2023-11-14T22:13:20.124Z",0.001]'

	run_ok sent "8/4=192.0.2.1,152/8=$at,161/4=2500" "${times[@]}"
	same "$late"
	run_ok sent "8/4=192.0.2.1,162/4=2500000,153/8=$at" "${times[@]}"
	same "$early"
	run_ok sent "8/4=192.0.2.1,152/8=$at,153/8=$((at + 1)),161/4=9" \
		"${times[@]}"
	same "$both"
	run_ok made "{\"@type\":\"ipfix.entry\",\"iana:sourceIPv4Address\":\"192.0.2.1\",\"iana:flowStartMilliseconds\":$at,\"iana:flowDurationMicroseconds\":2500000}" "${times[@]}"
	same "$late"
	run_ok made "{\"@type\":\"ipfix.entry\",\"en0:id8\":\"192.0.2.1\",\"en0:id153\":$at,\"en0:id161\":2500}" "${times[@]}"
	same "$early"
}

# zeek TYPE CODE ADDRESS: Zeek's record of ICMP.
zeek() {
	made '{"ts":1,"id.orig_h":"'"$3"'","id.orig_p":'"$1"',"id.resp_h":"'"$3"'","id.resp_p":'"$2"',"proto":"icmp","conn_state":"OTH"}' \
		protocol icmp_type icmp_code src_port dst_port
}

@test 'Zeek: ICMP, of which an answer is expected or not' {
	local pair

	for pair in 8,0 0,8 13,14 14,13 15,16 17,18 10,9; do
		run_ok zeek "${pair%,*}" "${pair#*,}" 192.0.2.1
		same "[1,${pair%,*},null,null,null]"
	done
	for pair in 128,129 129,128 133,134 135,136 136,135 130,131 139,140 \
		144,145; do
		run_ok zeek "${pair%,*}" "${pair#*,}" 2001:db8::1
		same "[58,${pair%,*},null,null,null]"
	done
	run_ok zeek 3 13 192.0.2.1
	same '[1,3,13,null,null]'
	run_ok zeek 3 0 2001:db8::1
	same '[58,3,0,null,null]'
	run_ok zeek 11 0 192.0.2.1
	same '[1,11,0,null,null]'
}

@test "Zeek: _path says which log it is; syslog and ldap are no flows" {
	local ends='"ts":1,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2"'

	cat > in <<- END
		{"_path":"conn",$ends,"duration":1.5,"service":"conn"}
		{"_path":"dns",$ends,"service":"dns"}
		{"_path":"http",$ends,"proto":"tcp","conn_state":"SF"}
		{$ends,"proto":"udp","facility":"LOCAL0","message":"hi"}
		{$ends,"proto":"tcp","message_id":1,"opcode":"bind simple"}
		{$ends,"trans_id":7,"service":"also"}
	END
	run_err 0 flowcat in
	same 'conn dns also' "$(jq -r .service <<< "$output" | xargs)"
	has '3 records are no flows' "$stderr"
}

@test "durations: from what was received, and none that leads out of time" {
	cat > in <<- 'END'
		{"@type":"ipfix.entry","iana:collectionTimeMilliseconds":1700000000000,"iana:flowDurationMilliseconds":5000,"iana:sourceIPv4Address":"192.0.2.1"}
		{"@type":"ipfix.entry","iana:flowStartMilliseconds":1700000000000,"iana:flowDurationMilliseconds":18446744073709551615,"iana:sourceIPv4Address":"192.0.2.1"}
	END
	run_ok flowcat in
	same '2023-11-14T22:13:15.000Z 2023-11-14T22:13:20.000Z 5
2023-11-14T22:13:20.000Z 2023-11-14T22:13:20.000Z 0' \
		"$(jq -r '"\(.date_first_seen) \(.date_last_seen) \(.duration)"' \
			<<< "$output" | sed 's/[.]0*$//')"
}

@test "ports in elements of a protocol; argus' names of UDP; a server's JA3" {
	run_ok flowcat <<< '{"@type":"ipfix.entry","iana:flowStartMilliseconds":1700000000000,"iana:sourceTransportPort":0,"iana:destinationTransportPort":0,"iana:tcpSourcePort":5,"iana:tcpDestinationPort":6,"iana:sourceIPv4Address":"192.0.2.1"}'
	has '"src_port":5,"dst_port":6' "$output"
	run_ok flowcat <<< '{"stime":"2024-05-01T10:00:00","dur":1.5,"proto":"rtp","saddr":"192.0.2.1","sport":"53","daddr":"192.0.2.2","dport":"5353","spkts":1,"sbytes":2}'
	has '"src_port":53,"dst_port":5353,"protocol":17' "$output"
	run_ok flowcat <<< '{"type":"FLOW","first":"2024-05-01T10:00:00.100","src4_addr":"192.0.2.1","src_port":443,"dst_port":50000,"ja3 hash":"00"}'
	has '"tls_ja3s":"00"' "$output"
	run_ok flowcat <<< '{"type":"FLOW","first":"2024-05-01T10:00:00.100","src4_addr":"192.0.2.1","src_port":50000,"dst_port":443,"ja3 hash":"00"}'
	has '"tls_ja3":"00"' "$output"
}

@test 'Zeek: logs other than conn, dns and ssl are no flows' {
	local id='"ts":1,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":1,"id.resp_h":"192.0.2.2","id.resp_p":2' log
	local others=(
		'"trans_depth":1,"method":"GET","host":"h","uri":"/","version":"1.1","request_body_len":0,"status_code":404,"tags":[]'
		'"version":"1","client_initial_dcid":"95","server_name":"h","client_protocol":"h3","history":"ISisH"'
		'"name":"above_hole_data_without_any_acks","notice":false,"peer":"zeek","source":"TCP"'
		'"proto":"tcp","note":"SSL::Invalid_Server_Cert","msg":"m","src":"192.0.2.1","dst":"192.0.2.2","p":443,"actions":[],"suppress_for":1.0'
		'"fuid":"F1","source":"HTTP","depth":0,"analyzers":[],"duration":0.1,"local_orig":false,"is_orig":false,"seen_bytes":3'
		'"proto":"tcp","analyzer":"HTTP","failure_reason":"not a http request line"'
		'"request_type":"TGS","client":"a","service":"b","cipher":"aes256-cts-hmac-sha1-96"'
		'"version":2,"auth_attempts":0,"client":"SSH-2.0","cipher_alg":"aes128-ctr"'
	)
	local flows=(
		'"proto":"tcp","conn_state":"S0"'
		'"proto":"udp"'
		'"proto":"tcp","duration":1.5,"history":"S"'
		'"proto":"udp","trans_id":7,"query":"h","rcode":0'
		'"version":"TLSv13","server_name":"h","established":true'
		'"conn_state":null,"proto":"tcp","orig_bytes":1'
	)

	run_err 0 flowcat < <(printf "{$id,%s}\\n" "${others[@]}")
	same ''
	has '8 records are no flows' "$stderr"
	run_err 0 flowcat --from zeek < <(printf "{$id,%s}\\n" "${others[@]}")
	same ''
	run_ok flowcat < <(printf "{$id,%s}\\n" "${flows[@]}")
	[[ ${#lines[@]} == 6 ]]
	for log in "${flows[@]}"; do
		run_ok flowcat <<< "{$id,$log}"
		has '"src_ip_addr":"192.0.2.1"'
	done
}

@test 'ipfixcol 1: without a prefix, whatever element it has' {
	local r='"flowStartSeconds":1714550400,"sourceIPv4Address":"192.0.2.1","DNSName":"example.org"'

	run_ok made "{\"@type\":\"ipfix.entry\",$r}" src_ip_addr dns_qname
	same '["192.0.2.1","example.org"]'
	run_ok made "{$r}" date_first_seen dns_qname
	same '["2024-05-01T08:00:00.000Z","example.org"]'
	run_ok made '{"destinationIPv6Address":"2001:db8::1"}' dst_ip_addr
	same '["2001:db8::1"]'
	run_ok made '{"@type":"ipfix.entry","ipfix.flowEndSeconds":1714550400,"ipfix.packetDeltaCount":2}' \
		date_first_seen packets
	same '["2024-05-01T08:00:00.000Z",2]'
}

@test 'IPFIX: numbers of one octet that are sent in more, and numbers beyond' {
	local fields=(protocol tos src_mask ip_ttl_min)

	run_ok sent 8/4=192.0.2.1,4/2=17,5/4=46,9/2=24,52/8=64 "${fields[@]}"
	same '[17,46,24,64]'
	run_ok sent 8/4=192.0.2.1,4/2=300,5/2=256,9/2=129,52/2=256 \
		"${fields[@]}"
	same '[null,null,null,null]'
	run_ok made '{"SRC_IP":"192.0.2.1","PROTOCOL":256,"TOS":300}' "${fields[@]}"
	same '[null,null,null,null]'
}

# argus PROTOCOL SPORT DPORT: what becomes of argus' ports.
argus() {
	made '{"stime":1.5,"saddr":"192.0.2.1","daddr":"192.0.2.2","proto":"'"$1"'"'"${2:+,\"sport\":$2}${3:+,\"dport\":$3}"',"spkts":1}' \
		protocol icmp_type icmp_code src_port dst_port
}

@test 'argus: ICMP in its ports; no ports of what is not IP' {
	local case

	# argus 5, then 3: the code in the upper octet, another port behind.
	for case in '8,0 [1,8,null,null,null]' '3,3 [1,3,3,null,null]' \
		'"0x0003","0x0001" [1,3,1,null,null]' \
		'"0x0008",null [1,8,null,null,null]' \
		'"0x0303","0x4fa8" [1,3,3,null,null]' \
		'"0x0d03","0x0005" [1,3,13,null,null]' \
		'"0x000b","0x4fa8" [1,11,null,null,null]' \
		'"0x0008","0x0005" [1,8,null,null,null]'; do
		run_ok argus icmp "${case%%,*}" "$(cut -d, -f2 <<< "${case%% *}")"
		same "${case#* }"
	done
	run_ok argus ipv6-icmp 135
	same '[58,135,null,null,null]'
	run_ok argus llc 66 66
	same '[null,null,null,null,null]'
	run_ok argus udp 66 67
	same '[17,null,null,66,67]'
}

@test '--biflow: the answer tells how many flows it was, and what it alone knows' {
	local ends='"src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","src_port":40000,"dst_port":443,"protocol":6'
	local back='"src_ip_addr":"192.0.2.2","dst_ip_addr":"192.0.2.1","src_port":443,"dst_port":40000,"protocol":6'
	local at='"date_first_seen":"2024-05-01T08:00:00.000Z","date_last_seen":"2024-05-01T08:00:01.000Z"'

	run_ok flowcat --biflow 1s << END
{$at,$ends,"flags":"....S.","flows":2,"tls_sni":"a.example","tls_version":null}
{$at,$back,"flags":".A..S.","flows":4,"in_if":4,"service":"ssl","tls_sni":"b.example","tls_version":772,"tls_ja3s":"j\"3"}
END
	same "{$at,$ends,\"flags\":\"....S.\",\"flows\":2,\"tls_sni\":\"a.example\",\"flags_rev\":\".A..S.\",\"date_first_seen_rev\":\"2024-05-01T08:00:00.000Z\",\"date_last_seen_rev\":\"2024-05-01T08:00:01.000Z\",\"flows_rev\":4,\"service\":\"ssl\",\"tls_version\":772,\"tls_ja3s\":\"j\\\"3\"}"
}

@test 'nfdump: the names of TLS in json and in ndjson' {
	local flow='"first":"2024-05-01T08:00:00.1","in_packets":1,"src4_addr":"192.0.2.1"'
	local fields=(tls_sni tls_ja3 tls_ja4) want='["h.example","308b","t12i"]'

	run_ok made "{$flow,\"in_sni\":\"h.example\",\"in_ja3 hash\":\"308b\",\"in_ja4 hash\":\"t12i\"}" "${fields[@]}"
	same "$want"
	run_ok made "{$flow,\"sni\":\"h.example\",\"ja3 hash\":\"308b\",\"ja4 hash\":\"t12i\"}" "${fields[@]}"
	same "$want"
}

@test 'nfdump 1.7.5: TLS of the client, JA4S, layer 2' {
	run_ok made '{"first":"2024-05-01T08:00:00.1","in_packets":1,"src4_addr":"192.0.2.1","src_port":50000,"dst_port":443,"tls":"TLS1.3","ja4s hash":"t13","vlanID":7,"post_vlanID":8}' \
		tls_version tls_ja4s src_vlan dst_vlan
	same '[772,"t13",7,8]'
}

@test 'nfdump 1.6: start and end have other names' {
	run_ok made '{"type":"FLOW","export_sysid":1,"t_first":"2023-11-14T22:13:20.123","t_last":"2023-11-14T22:13:22.623","proto":17,"src4_addr":"192.0.2.1","dst4_addr":"192.0.2.2","in_packets":2,"in_bytes":90,"t_received":"2023-11-14T22:13:23.7","label":"<none>"}' \
		"${times[@]}"
	same '["2023-11-14T22:13:20.123Z","2023-11-14T22:13:22.623Z",2.5]'
}

@test 'Zeek: what ssl.log tells of TLS' {
	local r='{"ts":1,"id.orig_h":"192.0.2.1","version":"TLSv12","cipher":"TLS_AES_128_GCM_SHA256","server_name":"h.example","next_protocol":"h2","established":true,"subject":"CN=h.example","issuer":"CN=CA","ja3":"a3","ja3s":"b3","ja4":"a4","ja4s":"b4"}'

	run_ok made "$r" tls_sni tls_version tls_alpn tls_cipher tls_ja3 \
		tls_ja3s tls_ja4 tls_ja4s tls_subject tls_issuer
	same '["h.example",771,"h2","TLS_AES_128_GCM_SHA256","a3","b3","a4","b4","CN=h.example","CN=CA"]'
	run_ok made "${r/TLSv12/DTLSv12}" tls_version
	same '[65277]'
}

@test 'Zeek: the word of flags of DNS, and times below a millisecond' {
	local r='{"ts":1,"id.orig_h":"192.0.2.1","proto":"udp","trans_id":7,"rtt":0.000213,"query":"h","rcode":3,"AA":false,"TC":false,"RD":true,"RA":true,"Z":2,"opcode":4}'

	run_ok made "$r" dns_flags dns_opcode dns_rtt
	same '[41379,4,0.000213]'
	run_ok made "${r/,\"opcode\":4/}" dns_flags dns_opcode
	same '[33187,null]'
	run_ok flowcat <<< "${r/0.000213/0.02}"
	has '"dns_rtt":0.020'
	run_ok flowcat <<< "${r/0.000213/0.038371086120605}"
	has '"dns_rtt":0.038371086}'
}

@test 'IPFIX: elements that are other names of what has a field' {
	local ends=8/4=192.0.2.1,12/4=192.0.2.2

	run_ok sent 60/1=6,2/4=1 ip_version
	same '[6]'
	run_ok sent "$ends,60/1=4,192/1=63,195/1=46,243/2=10,254/2=20" \
		ip_version ip_ttl_min tos src_vlan dst_vlan
	same '[null,63,184,10,20]'
	run_ok sent "$ends,52/1=50,192/1=63,5/1=185,195/1=46,58/2=7,243/2=10" \
		ip_ttl_min tos src_vlan
	same '[50,185,7]'
	run_ok sent "$ends,23/4=200,24/4=2" bytes packets
	same '[200,2]'
	run_ok sent "$ends,23/4=200,24/4=2,1/4=100,2/4=1" bytes packets
	same '[100,1]'
	run_ok sent "$ends,4/1=17,180/2=1,181/2=53,182/2=0,183/2=0" \
		src_port dst_port
	same '[1,53]'
	run_ok sent "$ends,4/1=6,182/2=40000,183/2=443" src_port dst_port
	same '[40000,443]'
	run_ok sent "$ends,459/v=GET,460/v=h.example,461/v=/x,457/2=404,468/v=ua,469/v=text/html" \
		http_method http_host http_url http_status http_user_agent \
		http_content_type
	same '["GET","h.example","/x",404,"ua","text/html"]'
}

@test 'IPFIX: times of observation and collection where there is no other' {
	local host=8/4=192.0.2.1 want='["2023-11-14T22:13:20.500Z","2023-11-14T22:13:20.500Z",0]'

	run_ok sent "$host,322/4=1700000000" date_first_seen
	same '["2023-11-14T22:13:20.000Z"]'
	run_ok sent "$host,323/8=1700000000500" "${times[@]}"
	same "$want"
	run_ok sent "$host,324/8=0x$(printf %x80000000 $((1700000000 + 2208988800)))" \
		"${times[@]}"
	same "$want"
	run_ok sent "$host,258/8=1700000000500" "${times[@]}" date_received
	same "${want%]},null]"
	run_ok sent "$host,258/8=1700000009000,152/8=1700000000500" "${times[@]}"
	same "$want"
}

@test 'IPFIX: elements of IPv4 and IPv6 in one record, and zeros in one of them' {
	local none=8/4=0.0.0.0,12/4=0.0.0.0 icmp=(protocol icmp_type icmp_code)

	run_ok sent "$none,27/16=2001:db8::1,28/16=2001:db8::2" src_ip_addr \
		dst_ip_addr
	same '["2001:db8::1","2001:db8::2"]'
	run_ok sent 27/16=::,28/16=::,8/4=0.0.0.0,12/4=192.0.2.2 src_ip_addr \
		dst_ip_addr
	same '["0.0.0.0","192.0.2.2"]'
	run_ok sent "$none,27/16=::,28/16=ff02::1" src_ip_addr dst_ip_addr
	same '["::","ff02::1"]'
	run_ok sent "$none" src_ip_addr
	same '["0.0.0.0"]'
	run_ok sent 27/16=::,12/4=192.0.2.2 src_ip_addr
	same '["::"]'
	run_ok made '{"@type":"ipfix.entry","iana:sourceIPv4Address":"0.0.0.0","iana:sourceIPv6Address":"2001:db8::1"}' src_ip_addr
	same '["2001:db8::1"]'
	run_ok sent 27/16=fe80::1,4/1=58,32/2=0,139/2=0x8704 "${icmp[@]}"
	same '[58,135,4]'
	run_ok sent 8/4=192.0.2.1,4/1=1,32/2=0x0301,139/2=0 "${icmp[@]}"
	same '[1,3,1]'
	run_ok sent 8/4=192.0.2.1,4/1=1,32/2=0,139/2=0 "${icmp[@]}"
	same '[1,0,0]'
	run_ok sent 27/16=fe80::1,4/1=58,176/1=0,177/1=0,178/1=1,179/1=4 \
		"${icmp[@]}"
	same '[58,1,4]'
}

@test 'goflow and the first goflow2: names of their own, seconds' {
	local fields=("${times[@]}" src_ip_addr dst_port protocol flags bytes
		src_mask dst_as sampling_rate ip_ttl_min src_mac_addr)
	local want='["2023-11-14T22:13:20.000Z","2023-11-14T22:13:22.000Z",2,"2001:db8::1",443,6,".A..S.",90,48,64500,100,64,"02:00:00:00:00:01"]'
	local r='{"Type":"SFLOW_5","TimeReceived":1700000009,"SamplingRate":100,"SamplerAddress":"192.0.2.9","TimeFlowStart":1700000000,"TimeFlowEnd":1700000002,"Bytes":90,"Packets":1,"SrcAddr":"2001:db8::1","DstAddr":"2001:db8::2","Etype":34525,"Proto":6,"SrcPort":50001,"DstPort":443,"IPTTL":64,"TCPFlags":18,"SrcAS":0,"DstAS":64500,"NextHop":"<nil>","SrcNet":48,"DstNet":0,"SrcMac":"02:00:00:00:00:01","DstMac":"00:00:00:00:00:00"}'

	run_ok made "$r" "${fields[@]}"
	same "$want"
	# goflow has all values in quotes.
	run_ok made "$(jq -c 'map_values(tostring)' <<< "$r")" "${fields[@]}"
	same "$want"
	run_ok made '{"time_received":1700000009,"time_flow_start":1700000000,"time_flow_start_ms":1700000000123,"time_flow_end":1700000002,"time_flow_end_ms":1700000002623,"src_addr":"192.0.2.1","bytes":1,"packets":1}' \
		"${times[@]}"
	same '["2023-11-14T22:13:20.123Z","2023-11-14T22:13:22.623Z",2.5]'
	run_ok made '{"TimeFlowStart":1700000000,"Etype":2054,"Proto":0,"SrcPort":0,"DstPort":0,"SrcAddr":"","Bytes":64,"Packets":1}' \
		protocol src_port bytes
	same '[null,null,64]'
}

@test 'goflow2: prefixes, or the lengths alone' {
	local head='{"time_flow_start_ns":1700000000123000000,"src_addr":"192.0.2.1"'

	run_ok made "$head"',"src_net":"192.0.2.0/25","dst_net":"0.0.0.0/0"}' \
		src_net src_mask dst_net dst_mask
	same '["192.0.2.0/25",25,null,null]'
	run_ok made "$head"',"src_net":25,"dst_net":"invalid Prefix"}' \
		src_net src_mask dst_net dst_mask
	same '[null,25,null,null]'
}

@test 'goflow2: a frame without IP has no protocol' {
	local r='{"type":"SFLOW_5","time_received_ns":1714550403000000000,"bytes":64,"packets":1,"src_addr":"","dst_addr":"","etype":"ARP","proto":"HOPOPT","src_port":0,"dst_port":0,"tcp_flags":0,"ip_tos":0,"icmp_type":0,"icmp_code":0,"src_mac":"02:00:00:00:00:01"}'

	run_ok flowcat <<< "$r"
	same '{"date_first_seen":"2024-05-01T08:00:03.000Z","date_last_seen":"2024-05-01T08:00:03.000Z","duration":0.000,"packets":1,"bytes":64,"src_mac_addr":"02:00:00:00:00:01"}'
	run_ok made "${r/ARP/2054}" protocol
	same '[null]'
	run_ok made "${r/ARP/IPv6}" protocol tos
	same '[0,0]'
	run_ok made "${r/\"etype\":\"ARP\",}" protocol
	same '[0]'
}

@test 'Suricata: answers in its first format, MAC addresses, unknown names' {
	local head='{"timestamp":"2024-05-01T10:00:00.1+0200","src_ip":"192.0.2.1","proto":"UDP"'
	local dns=(dns_qname dns_qtype dns_rname dns_rtype dns_ttl dns_rdata)
	local mac='["02:00:00:00:00:01","02:00:00:00:00:02"]' ttl

	for ttl in 60 0; do
		run_ok made "$head"',"event_type":"dns","dns":{"type":"answer","id":7,"rcode":"NOERROR","rrname":"e.org","rrtype":"A","ttl":'"$ttl"',"rdata":"192.0.2.4"}}' "${dns[@]}"
		same "[null,null,\"e.org\",1,$ttl,\"192.0.2.4\"]"
	done
	run_ok made "$head"',"event_type":"dns","dns":{"type":"answer","id":7,"rcode":"NXDOMAIN","rrname":"e.org"}}' "${dns[@]}"
	same '["e.org",null,null,null,null,null]'
	run_ok made "$head"',"event_type":"dns","dns":{"type":"query","rrname":"e.org","rrtype":"NEW","rcode":"NEW"}}' \
		dns_qname dns_qtype dns_rcode
	same '["e.org",null,null]'
	run_ok made "$head"',"event_type":"flow","ether":{"src_macs":["02:00:00:00:00:01"],"dest_macs":["02:00:00:00:00:02"]},"app_proto":"failed"}' \
		src_mac_addr dst_mac_addr service
	same "${mac/]/,null]}"
	run_ok made "$head"',"event_type":"netflow","ether":{"src_mac":"02:00:00:00:00:01","dest_mac":"02:00:00:00:00:02"}}' \
		src_mac_addr dst_mac_addr
	same "$mac"
	run_ok made "${head/UDP/IP-in-IP}"',"event_type":"flow"}' protocol
	same '[4]'
}

@test 'Zeek: an answer with a TTL of 0' {
	run_ok made '{"ts":1,"id.orig_h":"192.0.2.1","proto":"udp","trans_id":7,"query":"h","answers":["192.0.2.9"],"TTLs":[0.0]}' \
		dns_answers dns_ttl dns_rdata
	same '[1,0,"192.0.2.9"]'
}

@test 'unirec2json: octets and MAC addresses as Python shows them' {
	local head='{"SRC_IP":"192.0.2.1","TIME_FIRST":1714550400.1'

	run_ok made "$head"',"SRC_MAC":"UnirecMACAddr('"'02:00:00:00:00:01'"')","DST_MAC":"UnirecMACAddr('"'00:00:00:00:00:00'"')","TLS_JA3":"bytearray(b'"'\\\\x01a\\\\n\\\\\\\\'"')"}' \
		src_mac_addr dst_mac_addr tls_ja3
	same '["02:00:00:00:00:01",null,"01610a5c"]'
	run_ok made "$head"',"DNS_RDATA":"bytearray(b'"'203.0.113.9'"')"}' \
		dns_rdata
	same '["203.0.113.9"]'
	run_ok made "$head"',"DNS_RDATA":"bytearray(b\"it'"'s"'\")"}' dns_rdata
	same '["it'"'s"'"]'
	run_ok made "$head"',"DNS_RDATA":"bytearray(b'"''"')","TLS_JA3":"bytearray(b'"'\\\\x00'"')"}' \
		dns_rdata tls_ja3
	same '[null,null]'
}

@test "unirec2json: ipfixprobe's fields of TLS, QUIC and HTTP" {
	run_ok made '{"SRC_IP":"192.0.2.1","TIME_FIRST":1714550400.1,"IP_TTL":64,"VLAN_ID":7,"TLS_VERSION":771,"TLS_ALPN":"h2","TLS_JA4":"t13d","QUIC_VERSION":1,"QUIC_USER_AGENT":"u","HTTP_REQUEST_METHOD":"GET","HTTP_REQUEST_URL":"/","HTTP_REQUEST_AGENT":"a","HTTP_REQUEST_REFERER":"r","HTTP_RESPONSE_STATUS_CODE":200,"HTTP_RESPONSE_CONTENT_TYPE":"text/html"}' \
		ip_ttl_min src_vlan tls_version tls_alpn tls_ja4 quic_version \
		quic_user_agent http_method http_url http_user_agent \
		http_referer http_status http_content_type
	same '[64,7,771,"h2","t13d",1,"u","GET","/","a","r",200,"text/html"]'
	run_ok made '{"SRC_IP":"192.0.2.1","TIME_FIRST":1,"TLS_VERSION":0,"QUIC_VERSION":0}' \
		tls_version quic_version
	same '[null,null]'
}

@test 'IPFIX and ipfixcol2: what CESNET and Flowmon probes tell of TLS and HTTP' {
	local hash=0123456789abcdef0123456789abcdef
	local fields=(tls_ja3 tls_version tls_alpn http_method http_status
		http_referer dns_rtype dns_rdata)
	local want='["'$hash'",771,"h2","GET",200,"r",1,"192.0.2.7"]'

	run_ok sent "8/4=192.0.2.1,152/8=$at,39499.357/16=0x$hash,39499.333/2=771,39499.337/v=h2,8057.200/v=GET,39499.12/2=200,39499.3/v=r,8057.809/v=t13d,8057.11/2=1,8057.7/v=192.0.2.7" \
		"${fields[@]}"
	same "$want"
	run_ok made '{"@type":"ipfix.entry","iana:sourceIPv4Address":"192.0.2.1","flowmon:tlsJa3Fingerprint":"0x'"${hash^^}"'","flowmon:tlsServerVersion":771,"flowmon:tlsAlpn":"h2","cesnet:httpMethod":"GET","flowmon:httpStatusCode":200,"flowmon:httpReferer":"r","cesnet:DNSAType":1,"cesnet:DNSRData":"192.0.2.7"}' \
		"${fields[@]}"
	same "$want"
}

@test 'escapes in values are read, as those in names are' {
	run_ok made '{"event_type":"\u0066low","timestamp":"2024\u002d05-01T08:00:00Z","src_ip":"\u0031.2.3.4","proto":"\u0054CP","app_proto":"h\u00e9\"","tcp":{"tcp_flags_ts":"\u0031b"}}' \
		date_first_seen src_ip_addr protocol service flags
	same '["2024-05-01T08:00:00.000Z","1.2.3.4",6,"hé\"",".AP.SF"]'
	run_ok made '{"@type":"ipfix\u002eentry","iana:sourceIPv4Address":"1.2.3.4"}' src_ip_addr
	same '["1.2.3.4"]'
	run_ok made '{"ts":1,"id.orig_h":"1.2.3.4","version":"T\u004cSv13"}' tls_version
	same '[772]'
}

@test 'examples that read nfdump say of which zone its times are' {
	local page

	run_ok flowcat --help
	has 'flowcat --tz local >'
	for page in "$ROOT"/man/*.[1-8]; do
		run grep -n 'nfdump .*-o json | flowcat\b' "$page"
		[[ $output != *flowcat* || $output == *'flowcat --tz local'* ]]
	done
}

@test 'pmacct: an end of zeros with a zone is unknown, too' {
	local zone

	for zone in '' Z +00:00 +01:00 -05:00; do
		run_ok made '{"event_type":"purge","ip_src":"192.0.2.1","timestamp_start":"2023-11-14T22:13:20.123000Z","timestamp_end":"0000-00-00T00:00:00.000000'"$zone"'","packets":1}' \
			date_last_seen
		same '["2023-11-14T22:13:20.123Z"]'
	done
}

@test 'pmacct: what it tells of neighbours, places and protocols' {
	local r='{"event_type":"purge","ip_src":"192.0.2.1","packets":1,"peer_as_src":64500,"peer_as_dst":64501,"lat_ip_src":-1.5,"lon_ip_src":14.25,"lat_ip_dst":0.0,"lon_ip_dst":0.0,"class":"dns","export_proto_sysid":7,"sampling_direction":"e"}'

	run_ok made "$r" prev_as next_as src_latitude src_longitude \
		dst_latitude dst_longitude service direction
	same '[64500,64501,-1.5,14.25,null,null,"dns",null]'
	run_ok flowcat --keep <<< "$r"
	same '["egress",7]' \
		"$(jq -c '[.direction,.observation_domain_id]' <<< "$output")"
	run_ok made "${r//'"dns"'/'"unknown"'}" service
	same '[null]'
}

@test 'pmacct: a list of flags with any blanks between' {
	run_ok made $'{"ip_src":"192.0.2.1","ip_proto":"tcp","tcp_flags":["SYN",\t"ACK"\t,\t"FIN"]}' flags
	same '[".A..SF"]'
}

@test 'IPFIX: --keep leaves out padding' {
	run_ok flowcat --keep <("$ROOT/tests/bin/exporter" file \
		8/4=192.0.2.1,210/2=0,4/1=6,210/1=0)
	has '"protocol":6'
	[[ $output != *padding* ]]
}

@test 'what is no JSON within a member does not come out' {
	run_ok flowcat --keep <<<'{"in_packets":1,"a":[x],"b":{"c":TLS1.2},"d":[1]}'
	same '{"packets":1,"d":[1]}'
	run_ok made $'{"id.orig_h":"192.0.2.1","query":"a","answers":["b","\xff",c]}' \
		dns_answers dns_rdata_all
	same '[3,["b",null,null]]'
	run_ok made '{"event_type":"dns","src_ip":"192.0.2.1","dns":{"answers":[{"rdata":"b","ttl":1},{"rdata":{"a":x},"ttl":y}]}}' \
		dns_rdata_all dns_ttl_all
	same '[["b",null],[1,null]]'
}

@test '--unsample: counters have 64 bits, or none is scaled up' {
	local r='{"type":"SFLOW_5","time_received_ns":1714550403000000000,"src_addr":"192.0.2.1","bytes":18446744073709551,"packets":7,"sampling_rate":1000}'

	run_ok flowcat --unsample <<< "$r"
	has '"packets":7000,"bytes":18446744073709551000,"sampling_rate":1000,"sampling":"scaled by 1000"'
	run_err 0 flowcat --unsample <<< "${r/9551,/9552,}"
	has '"packets":7,"bytes":18446744073709552,"sampling_rate":1000}'
	has '1 flows were not scaled up' "$stderr"
	run_err 0 flowcat --unsample <<< "${r/:1000/:18446744073709551615}"
	has '"packets":7,"bytes":18446744073709551,"sampling_rate":18446744073709551615}'
}

@test 'ipfixcol2: sampling rates in parts' {
	local one='{"@type":"ipfix.entry","iana:sourceIPv4Address":"192.0.2.1",'

	run_ok made "$one\"iana:samplingPacketInterval\":2,\"iana:samplingPacketSpace\":4}" sampling_rate
	same '[3]'
	run_ok made "$one\"en0:id309\":2,\"en0:id310\":129}" sampling_rate
	same '[65]'
	run_ok made "$one\"iana:samplingProbability\":0.01}" sampling_rate
	same '[100]'
	run_ok made "$one\"iana:samplerRandomInterval\":50}" sampling_rate
	same '[50]'
	run_ok made "$one\"iana:samplingInterval\":7,\"iana:samplingProbability\":0.01}" sampling_rate
	same '[7]'
	run_ok made "$one\"iana:samplingProbability\":1}" sampling_rate
	same '[null]'
}

@test 'IPFIX: an interval of zero beside one that is known' {
	run_ok flowcat --unsample <("$ROOT/tests/bin/exporter" file \
		8/4=192.0.2.1,50/4=100,34/4=0,2/4=1)
	has '"packets":100,"sampling_rate":100'
	run_ok flowcat <("$ROOT/tests/bin/exporter" file zero_interval)
	has '"sampling_rate":100'
}
