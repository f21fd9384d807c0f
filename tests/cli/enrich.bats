#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# flowcat adds what records do not say: places, networks, tables, endpoints;
# and makes addresses anonymous.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# write FILE TYPE: a database of what stands on standard input.
write() {
	perl "$ROOT/tests/cli/mmdb.pl" "$2" "$1"
}

# The databases of most tests: country.mmdb, city.mmdb, asn.mmdb.
databases() {
	write country.mmdb Test-Country <<- END
		192.0.2.0/24 {"country":{"iso_code":"CZ"},"continent":{"code":"EU"}}
		2001:db8::/32 {"country_code":"SK"}
	END
	write city.mmdb Test-City <<- END
		192.0.2.0/24 {"country":{"iso_code":"AT"},"city":{"names":{"en":"Brno"}},"subdivisions":[{"iso_code":"64"}],"location":{"latitude":49.2,"longitude":16.6}}
		198.51.100.0/24 {"city":{"names":{"en":"A \"b\" c"}}}
	END
	write asn.mmdb Test-ASN <<- END
		192.0.2.0/25 {"autonomous_system_number":2852,"autonomous_system_organization":"CESNET"}
		192.0.2.128/25 {"asn":"AS64500"}
		2001:db8::/32 {"autonomous_system_number":4200000000}
	END
}

# flow SRC DST MEMBERS: a record.
flow() {
	printf '{"src_ip_addr":"%s","dst_ip_addr":"%s"%s}\n' "$1" "$2" \
		"${3:+,$3}"
}

# ---- --geo ----

@test "--geo: country, city and AS of both ends, from several databases" {
	databases
	flow 192.0.2.1 2001:db8::1 '"bytes":1' > in
	run_ok flowcat --geo country.mmdb --geo city.mmdb --geo asn.mmdb in
	same '{"src_ip_addr":"192.0.2.1","dst_ip_addr":"2001:db8::1","bytes":1,"src_as":2852,"src_as_name":"CESNET","src_country":"CZ","src_continent":"EU","src_subdivision":"64","src_city":"Brno","src_latitude":49.2,"src_longitude":16.6,"dst_as":4200000000,"dst_country":"SK"}'
	# Of several databases the first that knows it tells it.
	run_ok flowcat --geo city.mmdb --geo country.mmdb in
	has '"src_country":"AT"'
	# AS as text, text with quotes, an address that is in no database.
	flow 192.0.2.200 198.51.100.1 > in
	run_ok flowcat --geo city.mmdb --geo asn.mmdb in
	has '"src_as":64500,"src_country":"AT"'
	has '"dst_city":"A \"b\" c"'
	flow 10.0.0.1 :: > in
	run_ok flowcat --geo country.mmdb in
	same "$(cat in)"
}

@test "--geo: what the record says wins, unless --override" {
	databases
	flow 192.0.2.1 192.0.2.2 '"src_country":"DE","src_as":null,"dst_as": 7' > in
	run_ok flowcat --geo country.mmdb --geo asn.mmdb in
	same '{"src_ip_addr":"192.0.2.1","dst_ip_addr":"192.0.2.2","src_country":"DE","src_as":2852,"dst_as": 7,"src_as_name":"CESNET","dst_country":"CZ","dst_continent":"EU"}'
	run_ok flowcat --geo country.mmdb --geo asn.mmdb --override in
	has '"src_country":"CZ","src_as":2852,"dst_as": 2852,'
	run_err 2 flowcat --override in
	has '--override goes with --geo or --lookup' "$stderr"
}

@test "--geo: a missing, broken or useless database is fatal and named" {
	databases
	run_err 2 flowcat --geo none.mmdb < /dev/null
	same 'flowcat: none.mmdb: No such file or directory' "$stderr"
	echo rubbish > rubbish.mmdb
	run_err 2 flowcat --geo rubbish.mmdb < /dev/null
	has 'flowcat: rubbish.mmdb: ' "$stderr"
	: > empty.mmdb
	run_err 2 flowcat --geo empty.mmdb < /dev/null
	[[ $stderr == 'flowcat: empty.mmdb: '*'MaxMind DB'* ]]
	head -c 900 country.mmdb > cut.mmdb
	run_err 2 flowcat --geo cut.mmdb < /dev/null
	has 'flowcat: cut.mmdb: ' "$stderr"
	write other.mmdb Test-Domain <<< '192.0.2.0/24 {"domain":"example.com"}'
	run_err 2 flowcat --geo other.mmdb < /dev/null
	has 'other.mmdb: a database (Test-Domain) without countries' "$stderr"
}

@test "--geo: broken data is told once, and makes the status 1" {
	databases
	# The entry of CESNET becomes a pointer out of the data.
	perl -pe 's/\x46CESNET/\x3f\xff\xff\xff\xffET/' asn.mmdb > broken.mmdb
	[[ $(md5sum < asn.mmdb) != $(md5sum < broken.mmdb) ]]
	flow 192.0.2.1 192.0.2.200 > in
	flow 192.0.2.2 192.0.2.201 >> in
	run_err 1 flowcat --geo broken.mmdb in
	same 1 "$(grep -c 'broken.mmdb: broken data' <<< "$stderr")"
	same "$(sed 's/}$/,"src_as":2852,"dst_as":64500}/' in)"
}

@test "--geo: converted records, and those of several dialects" {
	databases
	cat > in <<- END
		{"time_received_ns":1714550403000000000,"src_addr":"192.0.2.1","dst_addr":"198.51.100.2","proto":"UDP","bytes":80,"src_as":0}
		{"src_ip_addr":"192.0.2.1"}
	END
	run_ok flowcat --geo asn.mmdb in
	same 2 "$(grep -c '"src_as":2852,"src_as_name":"CESNET"' <<< "$output")"
}

@test "--geo: many entries, more than are kept, in any order" {
	seq 0 19999 | awk '{
		printf "10.%d.%d.0/24 {\"autonomous_system_number\":%d}\n",
			$1 / 256, $1 % 256, $1 + 1 }' | write many.mmdb Test-ASN
	seq 0 19999 | awk '{
		printf "{\"src_ip_addr\":\"10.%d.%d.1\"}\n",
			$1 / 256, $1 % 256 }' > once
	cat once once > in
	run_ok flowcat --geo many.mmdb in -o out
	seq 1 20000 > wanted
	cat wanted wanted > both
	sed 's/.*"src_as"://; s/}//' out | cmp - both
}

@test "--geo: a real database, of npm" {
	command -v npm > /dev/null || skip 'no npm here'
	local package=@ip-location-db/geo-whois-asn-country-mmdb license

	license=$(npm view "$package" license 2> /dev/null) ||
		skip 'npm finds no packages here'
	same CC0-1.0 "$license"
	npm pack "$package" > /dev/null 2>&1 || [[ ${CI-} != true ]] ||
		report npm pack
	[[ -e $(echo ./*.tgz) ]] || skip 'npm got nothing'
	tar xzf ./*.tgz
	{
		flow 8.8.8.8 195.113.144.1
		flow 193.0.6.139 2001:718::1
	} > in
	run_ok flowcat --geo package/geo-whois-asn-country.mmdb in
	has '"src_country":"US","dst_country":"CZ"}'
	has '"src_country":"NL","dst_country":"CZ"}'
}

# ---- -L ----

@test "-L: in, out, local, transit; IPv6, lists and files" {
	cat > nets <<- END
		# ours
		10.0.0.0/8
		2001:db8::/32  lab
	END
	{
		flow 192.0.2.1 10.0.0.1
		flow 2001:db8::1 192.0.2.1
		flow 10.0.0.1 2001:db8::1 '"direction":"ingress"'
		flow 192.0.2.1 2001:db9::1
		echo '{"src_ip_addr":"10.0.0.1"}'
	} > in
	run_ok flowcat -L @nets in
	same "$(sed -e '1s/}/,"direction":"in"}/' -e '2s/}/,"direction":"out"}/' \
		-e 's/ingress/local/' -e '4s/}/,"direction":"transit"}/' in)"
	same "$output" "$(flowcat --local 10/8,2001:db8::/32 in)"
	run_ok flowfilter -c 'direction in or direction = out' <<< "$output"
	same 2
}

@test "-L: what is wrong with networks" {
	run_err 2 flowcat -L 10.0.0.0/33 < /dev/null
	has '-L 10.0.0.0/33: prefix length expected' "$stderr"
	printf '10/8\nlocalhost\n' > nets
	run_err 2 flowcat -L @nets < /dev/null
	same 'flowcat: nets:2: IP prefix expected' "$stderr"
	run_err 2 flowcat -L @none < /dev/null
	same 'flowcat: none: No such file or directory' "$stderr"
	run_err 2 flowcat -L '' < /dev/null
}

@test "an address that none is makes a bad record where it is needed" {
	flow here 10.0.0.1 > in
	run_ok flowcat in
	run_err 1 flowcat -L 10/8 --rejects bad in
	same 'flowcat: in:1: src_ip_addr: IP address expected' "$stderr"
	same '' "$output"
	cmp in bad
}

# ---- --by-endpoint ----

@test "--by-endpoint: a record for each end, counters as the host sees them" {
	flow 192.0.2.1 10.0.0.1 '"packets":3,"bytes":100,"packets_rev":5,"bytes_rev":0.0' > in
	run_ok flowcat --by-endpoint in
	same "$(sed 's/}$/,"host":"192.0.2.1","peer":"10.0.0.1","dir":"out","packets_in":5,"packets_out":3,"bytes_in":0.0,"bytes_out":100}/' in
		sed 's/}$/,"host":"10.0.0.1","peer":"192.0.2.1","dir":"in","packets_in":3,"packets_out":5,"bytes_in":100,"bytes_out":0.0}/' in)"
	# One way: what is not known is not there, also if it was before.
	flow 192.0.2.1 10.0.0.1 '"bytes":7,"packets_in":9,"dir":"x"' > in
	run_ok flowcat --by-endpoint in
	same '{"src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.1","bytes":7,"dir":"out","host":"192.0.2.1","peer":"10.0.0.1","bytes_out":7}
{"src_ip_addr":"192.0.2.1","dst_ip_addr":"10.0.0.1","bytes":7,"dir":"in","host":"10.0.0.1","peer":"192.0.2.1","bytes_in":7}'
}

@test "--by-endpoint: ends that are missing; records without any pass" {
	printf '%s\n' '{"dst_ip_addr":"::1","bytes":1}' '{"bytes":2}' > in
	run_ok flowcat --by-endpoint in
	same '{"dst_ip_addr":"::1","bytes":1,"host":"::1","dir":"in","bytes_in":1}
{"bytes":2}'
}

@test "--by-endpoint: sums per host, words of expressions" {
	{
		flow 10.0.0.1 192.0.2.1 '"bytes":1,"bytes_rev":10'
		flow 192.0.2.1 10.0.0.1 '"bytes":100'
		flow 10.0.0.1 10.0.0.2 '"bytes":1000'
	} > in
	flowcat -L 10/8 --by-endpoint in > ends
	run_ok flowagg -k host ends -a 'n=count(), i=sum(bytes_in), o=sum(bytes_out), peers=distinct(peer)' -f csv
	same 'host,n,i,o,peers
10.0.0.1,3,110,1001,2
10.0.0.2,1,1000,,1
192.0.2.1,2,1,110,1'
	run_ok flowfilter -c 'dir in' ends
	same 3
	# Our own hosts: as the flow's direction, or both ends.
	run_ok flowfilter --fields host,dir 'direction in and dir in or direction out and dir = out or direction in [local]' ends
	same '{"host":"10.0.0.1","dir":"out"}
{"host":"10.0.0.1","dir":"in"}
{"host":"10.0.0.1","dir":"out"}
{"host":"10.0.0.2","dir":"in"}'
	run_ok flowagg -k host -a 's=sum(if(dir = out, bytes, bytes_rev))' -n 1 ends
	same '{"host":"10.0.0.1","s":1001}'
	run_ok flowfilter -c 'dir ingress or dir egress or dir = local' ends
	same 0
}

@test "--by-endpoint: -n counts records, --skip and --sample flows" {
	seq 1 40 | while read -r i; do
		flow "10.0.0.$i" 192.0.2.1 "\"bytes\":$i"
	done > in
	run_ok flowcat --by-endpoint --skip 1 -n 3 in
	same '2
2
3' "$(sed 's/.*"bytes":\([0-9]*\),.*/\1/' <<< "$output")"
	flowcat --sample 3 in | flowcat --by-endpoint > wanted
	flowcat --sample 3 --by-endpoint --anon-keep 0/0 --anon <(printf %032d 1) in |
		cmp - wanted
}

# ---- --lookup ----

@test "--lookup: numbers and their ranges; '*' is for the others" {
	cat > ports.csv <<- END
		dst_port,service,risk,zip
		22,ssh,5,"01"
		8000-8999,web,,02
		8080,"proxy, ""open""",1.5,true
		*,other,,
	END
	for port in 22 8001 8080 9000; do
		echo "{\"dst_port\":$port}"
	done > in
	echo '{"dst_port":"22"}' >> in
	echo '{"bytes":1}' >> in
	run_ok flowcat --lookup dp=ports.csv in
	same '{"dst_port":22,"service":"ssh","risk":5,"zip":"01"}
{"dst_port":8001,"service":"web","zip":"02"}
{"dst_port":8080,"service":"proxy, \"open\"","risk":1.5,"zip":true}
{"dst_port":9000,"service":"other"}
{"dst_port":"22","service":"ssh","risk":5,"zip":"01"}
{"bytes":1}'
}

@test "--lookup: addresses, prefixes, ranges; the innermost counts" {
	printf '%s\r\n' 'net,*_site,*_vlan' '0.0.0.0/0,v4,' '10.0.0.0/8,ours,1' \
		'10.1.0.0-10.1.2.255,range,2' '10.1.2.3,one,3' '::/0,v6,' > nets.csv
	{
		flow 10.1.2.3 10.1.2.4
		flow 10.2.0.1 192.0.2.1
		flow ::ffff:10.1.2.3 2001:db8::1
	} > in
	run_ok flowcat --lookup sa=nets.csv --lookup dst_ip_addr=nets.csv in
	same '{"src_ip_addr":"10.1.2.3","dst_ip_addr":"10.1.2.4","src_site":"one","src_vlan":3,"dst_site":"range","dst_vlan":2}
{"src_ip_addr":"10.2.0.1","dst_ip_addr":"192.0.2.1","src_site":"ours","src_vlan":1,"dst_site":"v4"}
{"src_ip_addr":"::ffff:10.1.2.3","dst_ip_addr":"2001:db8::1","src_site":"one","src_vlan":3,"dst_site":"v6"}'
	# The same with a column for each bound.
	printf '%s\n' start_ip,end_ip,owner 10.0.0.0,10.255.255.255,me > ranges.csv
	run_ok flowcat --lookup da=ranges.csv -n 1 in
	has '"dst_ip_addr":"10.1.2.4","owner":"me"}'
}

@test "--lookup: text, other members, nested ones, what a step has added" {
	databases
	printf 'key,os\n"a""b",quote\nplain,text\n' > text.csv
	printf '{"x":"a\\"b"}\n{"x":"a\\u0022b"}\n{"x":"no"}\n' > in
	run_ok flowcat --lookup x=text.csv in
	same '{"x":"a\"b","os":"quote"}
{"x":"a\u0022b","os":"quote"}
{"x":"no"}'
	run_ok flowcat --lookup tls.v=text.csv <<< '{"tls":{"v":"plain"}}'
	same '{"tls":{"v":"plain"},"os":"text"}'
	printf 'as,*_kind,src_country\n2852,university,XX\n' > as.csv
	flow 192.0.2.1 192.0.2.200 > in
	run_ok flowcat --geo asn.mmdb --geo country.mmdb --lookup src_as=as.csv in
	has '"src_as":2852,'
	has '"src_country":"CZ",'
	has '"src_kind":"university"}'
	# A member that is no field: 7 and "7" are one number, others are none.
	printf 'vni,tenant\n7,x\n10-20,y\n' > vni.csv
	run_ok flowcat --lookup vni=vni.csv <<< '{"vni":7}{"vni":"12"}{"vni":[7]}'
	same '{"vni":7,"tenant":"x"}
{"vni":"12","tenant":"y"}
{"vni":[7]}'
}

@test "--lookup: values of fields are written as their type" {
	printf 'p,protocol,bytes,src_latitude\n1,udp,10k,49\n' > t.csv
	run_ok flowcat --lookup p=t.csv <<< '{"p":1}'
	same '{"p":1,"protocol":17,"bytes":10000,"src_latitude":49}'
	for cell in udpx,1,1 tcp,1.5,1 tcp,x,1 tcp,1,north; do
		printf 'p,protocol,bytes,src_latitude\n1,%s\n' "$cell" > t.csv
		run_err 2 flowcat --lookup p=t.csv < /dev/null
		has 'flowcat: t.csv:2: ' "$stderr"
	done
}

# wrong MESSAGE TABLE: fatal, with that message.
wrong() {
	printf "$2" > t.csv
	run_err 2 flowcat --lookup "${field:-dst_port}=t.csv" < /dev/null
	same "flowcat: $1" "$stderr"
}

@test "--lookup: what is wrong with a table is told with its line" {
	wrong 't.csv:3: 3 cells, but the header has 2' 'a,b\n1,2\n3,4,5\n'
	wrong 't.csv:2: a quote is not closed' 'a,b\n1,"x\n\n'
	wrong 't.csv:4: expected a comma behind the closing quote' 'a,b\n1,"x\n"\n2,"x"y\n'
	wrong 't.csv:2: a quote within a cell that does not begin with one' 'a,b\n1,x"y"\n'
	wrong 't.csv:3: expected a number or a range of numbers' 'a,b\n1,x\nhttp,y\n'
	wrong 't.csv:3: expected a number or a range of numbers' 'a,b\n1,x\n9-5,y\n'
	wrong 't.csv:4: the key of line 2 again, or a range that crosses it' 'a,b\n1-5,x\n2-3,y\n4-8,z\n'
	wrong 't.csv:3: the key of line 2 again, or a range that crosses it' 'a,b\n1,x\n1,y\n'
	wrong 't.csv:3: the key of line 2 again' 'a,b\n*,x\n*,y\n'
	wrong 't.csv:1: expected a header: the key'\''s name, then members' 'a\n1\n'
	wrong 't.csv:1: expected a header: the key'\''s name, then members' ''
	wrong 't.csv:1: two columns have the same name' 'a,b,b\n'
	wrong 't.csv:1: a column has no name' 'a,,b\n'
	wrong 't.csv:2: not UTF-8' 'a,b\n1,\xff\n'
	field=x wrong "t.csv:1: '*_b': '*' stands for src or dst, but x begins with neither" 'a,*_b\n1,2\n'
	field=src_ip_addr wrong 't.csv:2: expected an address, a prefix or a range of addresses' 'a,b\n10.0.0.0/40,2\n'
	field=duration wrong 't.csv: only numbers, addresses and text can be looked up' 'a,b\n1,2\n'
	run_err 2 flowcat --lookup dst_port < /dev/null
	has 'expected FIELD=TABLE' "$stderr"
	run_err 2 flowcat --lookup dst_port=none.csv < /dev/null
	same 'flowcat: none.csv: No such file or directory' "$stderr"
}

@test "--lookup: a name that no record has, and that is nearly a field's" {
	printf 'port,service\n53,dns\n' > t.csv
	flow 192.0.2.1 192.0.2.2 > in
	both flowcat --lookup dst_prot=t.csv in
	same 0 "$status"
	same "flowcat: --lookup: no record has 'dst_prot'; did you mean 'dst_port'?" "$stderr"
	run_ok flowcat --lookup dst_prot=t.csv < /dev/null
	run_ok flowcat --lookup something=t.csv in
	echo '{"dst_prot":53}' > in
	run_ok flowcat --lookup dst_prot=t.csv in
	has '"service":"dns"'
}

@test "--lookup: a field that is not of its type makes a bad record" {
	printf 'a,b\n1,2\n' > t.csv
	run_err 1 flowcat --lookup dst_port=t.csv <<< '{"dst_port":"x"}{"dst_port":1}'
	has 'dst_port: number expected' "$stderr"
	same '{"dst_port":1,"b":2}'
}

# ---- all together ----

@test "--where is asked of what was added, and before addresses change" {
	databases
	printf '%032d' 1 > key
	{
		flow 192.0.2.1 10.0.0.1
		flow 10.0.0.1 10.0.0.2
	} > in
	for where in 'src country CZ' 'src as 2852' 'direction = in' 'src ip 192.0.2.1'; do
		run_ok flowcat --geo country.mmdb --geo asn.mmdb -L 10/8 \
			--where "$where" --by-endpoint --anon key in
		same 2 "${#lines[@]}"
		has '"src_country":"CZ"'
		has '"direction":"in","host":"'
		[[ $output != *10.0.0.1* && $output != *192.0.2.1* ]]
	done
}

@test "formats: what may be added has a column, also if the first lacks it" {
	databases
	{
		flow 10.0.0.1 10.0.0.2
		flow 192.0.2.1 10.0.0.1
	} > in
	run_ok flowcat --geo country.mmdb --by-endpoint -f csv -n 3 in
	same 'src_ip_addr,dst_ip_addr,host,peer,dir,src_country,src_continent,dst_country,dst_continent,packets_in,packets_out,bytes_in,bytes_out
10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.2,out,,,,,,,,
10.0.0.1,10.0.0.2,10.0.0.2,10.0.0.1,in,,,,,,,,
192.0.2.1,10.0.0.1,192.0.2.1,10.0.0.1,out,CZ,EU,,,,,,'
	run_ok flowcat --by-endpoint -f line in
	same 5 "${#lines[@]}"
}

@test "--merge, --replay, --keep and --unwrap go with it" {
	databases
	local at='"date_last_seen":"2026-01-01T00:00:0'

	flow 192.0.2.1 10.0.0.1 "${at}1Z\"" > a
	flow 192.0.2.2 10.0.0.1 "${at}0Z\"" > b
	run_ok flowcat --merge --by-endpoint --geo asn.mmdb --replay 1000 a b
	same '192.0.2.2 10.0.0.1 192.0.2.1 10.0.0.1' "$(
		sed 's/.*"host":"\([^"]*\)".*/\1/' <<< "$output" | paste -sd ' ')"
	run_ok flowcat --keep --unwrap e -L 10/8 <<< '{"e":"{\"src_addr\":\"10.0.0.1\",\"dst_addr\":\"::1\",\"time_received_ns\":1714550403000000000,\"etype\":\"IPv4\",\"my\":1}"}'
	has '"my":1'
	has '"direction":"out"}'
}

# ---- --anon ----

@test "--anon: the vectors of Crypto-PAn" {
	perl -e 'print "0x", unpack "H*", pack "C*", 21, 34, 23, 141, 51, 164,
		207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131,
		121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2' > key
	{
		flow 128.11.68.132 129.118.74.4
		flow 141.223.7.43 192.41.57.43
		flow ::1 2001:db8::1
	} > in
	run_ok flowcat --anon key in
	same "$(flow 135.242.180.132 134.136.186.123
		flow 141.167.8.160 252.222.221.184
		flow 78ff:f001:9fc0:20df:8380:b1f1:704:ed \
			4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e)"
}

@test "--anon: every address, wherever it stands, and nothing else" {
	printf '0123456789abcdef0123456789abcdef\n' > key
	run_ok flowcat --anon key <<- 'END'
		{"a":["10.0.0.1",{"10.0.0.2":"10.1.0.0/16"}],"e":"10\u002e0.0.1","u":"http://10.0.0.1/","q":"a\"10.0.0.1\\","v":"1.2","n":10.5,"":""}
	END
	same '{"a":["58.1.207.134",{"58.1.207.132":"58.0.0.0/16"}],"e":"58.1.207.134","u":"http://10.0.0.1/","q":"a\"10.0.0.1\\","v":"1.2","n":10.5,"":""}'
	flow 10.0.0.1 10.9.0.1 > in
	run_ok flowcat --anon key --anon-keep 10.9/16 in
	same "$(flow 58.1.207.134 10.9.0.1)"
	# Byte for byte.
	flow ::FFFF:10.9.0.1 2001:DB8::0 '"a":"10.9.1.2/16","b":"2001:DB8::0/48"' > kept
	run_ok flowcat --anon key --anon-keep 10.9/16,2001:db8::/32 kept
	same "$(< kept)"
	# Only the network of the second one is in 10/8.
	echo '{"src_ip_addr":"10.1.1.1","a":["10.2.3.4/7","11.2.3.4/7"]}' > wider
	run_ok flowcat --anon key --anon-keep 10/8 wider
	same '{"src_ip_addr":"10.1.1.1","a":["10.2.3.4/7","10.0.0.0/7"]}'
	# 32 characters, or 64 hexadecimal digits, also without 0x.
	printf '%s' "$(od -v -An -tx1 -N32 key | tr -d ' \n')" > hex
	same "$(flowcat --anon key in)" "$(flowcat --anon hex in)"
	run_ok flowcat --by-endpoint --anon key in
	has '"host":"58.1.207.134"'
}

@test "--anon: what is wrong with keys" {
	for key in '' short 0x12 "$(printf %064d 0)0" "0x$(printf %063d 0)g"; do
		printf '%s' "$key" > key
		run_err 2 flowcat --anon key < /dev/null
		same 'flowcat: key: expected a key: 32 characters, or 0x and 64 hexadecimal digits' "$stderr"
	done
	run_err 2 flowcat --anon none < /dev/null
	same 'flowcat: none: No such file or directory' "$stderr"
	run_err 2 flowcat --anon-keep 10/8 < /dev/null
	run_err 2 flowcat --anon-nfanon < /dev/null
}

# Flows of IPv4 and IPv6 as NetFlow v9, to a port.
send_flows() {
	python3 - "$1" <<- 'END'
		import random, socket, struct, sys

		random.seed(7)
		common = [(7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (22, 4), (21, 4)]

		def template(number, ends):
		    fields = ends + common
		    return struct.pack('!HH', number, len(fields)) + b''.join(
		        struct.pack('!HH', *f) for f in fields)

		def address(n):
		    return random.choice([random.randbytes(n), bytes(n - 1) + b'\1',
		        b'\x0a\x01' + random.randbytes(n - 2)])

		def data(number, n, first):
		    records = b''.join(address(n) + address(n) + struct.pack(
		        '!HHBIIII', i, 53, 17, 100, 1, 1000, 2000)
		        for i in range(first, first + 5))
		    records += bytes(-len(records) % 4)
		    return struct.pack('!HH', number, 4 + len(records)) + records

		templates = template(256, [(8, 4), (12, 4)]) + template(
		    257, [(27, 16), (28, 16)])
		templates = struct.pack('!HH', 0, 4 + len(templates)) + templates
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for i in range(20):
		    s.sendto(struct.pack('!HHIIII', 9, 12, 100000, 1700000000, i, 1) +
		        templates + data(256, 4, 10 * i + 1) + data(257, 16, 10 * i + 6),
		        ('127.0.0.1', int(sys.argv[1])))
	END
}

@test "--anon: as nfanon has it" {
	local port=$((20000 + RANDOM % 10000)) pid file

	command -v nfanon > /dev/null || skip 'no nfanon here'
	mkdir nf
	nfcapd -w nf -b 127.0.0.1 -p $port -t 3600 > nfcapd.log 2>&1 3>&- &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		! grep -qi "$(printf ':%04X' $port)" /proc/net/udp || break
		sleep 0.1
	done
	send_flows $port
	sleep 0.5
	kill $pid
	wait $pid || :
	file=$(echo nf/nfcapd.2*)
	printf 'A key of thirty-two characters.!' > key
	nfanon -q -r "$file" -w theirs.nf -K "$(cat key)" > nfanon.log
	nfdump -r theirs.nf -q -o json | flowcat > theirs
	nfdump -r "$file" -q -o json | flowcat --anon key > ours
	same 200 "$(wc -l < ours)"
	flowfilter ipv4 ours > ours4
	flowfilter ipv4 theirs | cmp - ours4
	# Of IPv6 nfanon takes the source for the destination, once more.
	nfdump -r "$file" -q -o json | flowcat --anon key --anon-nfanon |
		flowfilter --fields sa ipv6 > once
	flowfilter --fields sa ipv6 theirs | cmp - once
	same 100 "$(wc -l < once)"
	flowcat --anon key --anon-nfanon once > twice
	flowfilter --fields da ipv6 theirs | sed 's/dst/src/' | cmp - twice
}

@test "--lookup: a column for both sides has the field's type, too" {
	printf 'net,*_as_name,*_as\n10.0.0.0/8,360,65000\n' > names.csv
	run_ok flowcat --lookup src_ip_addr=names.csv \
		<<< '{"src_ip_addr":"10.0.0.1"}'
	same '{"src_ip_addr":"10.0.0.1","src_as_name":"360","src_as":65000}'
	sed -i 's/65000/AS65000/' names.csv
	run_err 2 flowcat --lookup src_ip_addr=names.csv <<< '{}'
	has 'names.csv:2: src_as: a number expected' "$stderr"
}

@test "--geo: text that is a number is that AS" {
	databases
	flow 192.0.2.1 192.0.2.2 '"src_as":"2852"' > in
	run_ok flowcat --geo asn.mmdb in
	has '"src_as":"2852","src_as_name":"CESNET"' "$output"
}

@test "-L replaces no direction for a table" {
	printf 'service,direction\nx,foo\n' > directions.csv
	run_ok flowcat -L 10.0.0.0/8 --lookup service=directions.csv \
		<<< '{"service":"x","direction":"ingress"}'
	same '{"service":"x","direction":"ingress"}'
}

@test "--anon: an address with a zone is one" {
	printf '%032d' 7 > key
	run_ok flowcat --anon key \
		<<< '{"a":"2001:db8:1111:2222:3333:4444:5555:6666%enp129s0f1np1"}'
	same 0 "$(grep -c 1111 <<< "$output")"
	run_ok flowcat --anon key <<< '{"a":"fe80::1","b":"fe80::1%eth0","c":"7%"}'
	same "$(jq -r .a <<< "$output")%eth0" "$(jq -r .b <<< "$output")"
	same 0 "$(grep -c fe80 <<< "$output")"
	has '"c":"7%"' "$output"
}
