#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# mmdb.pl TYPE FILE: writes a MaxMind DB.  Standard input has a network and its
# entry as JSON on each line.
use strict;
use warnings;
use JSON::PP;
use MaxMind::DB::Writer::Tree;

my ($type, $file) = @ARGV;
my %types = (
    asn                            => 'utf8_string',
    autonomous_system_number       => 'uint32',
    autonomous_system_organization => 'utf8_string',
    city                           => 'map',
    code                           => 'utf8_string',
    continent                      => 'map',
    country                        => 'map',
    country_code                   => 'utf8_string',
    en                             => 'utf8_string',
    iso_code                       => 'utf8_string',
    latitude                       => 'double',
    location                       => 'map',
    longitude                      => 'double',
    names                          => 'map',
    subdivisions                   => [ 'array', 'map' ],
);
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version               => 6,
    record_size              => 24,
    database_type            => $type,
    languages                => ['en'],
    description              => { en => 'a test' },
    remove_reserved_networks => 0,
    map_key_type_callback    => sub { $types{ $_[0] } // 'utf8_string' },
);
while (<STDIN>) {
    my ($network, $entry) = split ' ', $_, 2;
    $network =~ s{^(\d+\..*)/(\d+)$}{"::$1/" . ($2 + 96)}e;
    $tree->insert_network($network, decode_json($entry));
}
open my $out, '>:raw', $file or die "$file: $!";
$tree->write_tree($out);
