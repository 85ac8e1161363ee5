# Reads pairs of versions, tab-separated; prints how Dpkg::Version (Debian: libdpkg-perl) orders each; "!" for an error.
use strict;
use warnings;
use Dpkg::Version;

while (my $line = <STDIN>) {
    chomp $line;
    my ($left, $right) = map { Dpkg::Version->new($_, check => 1) } split /\t/, $line;
    if (!defined $left || !defined $right || !$left->is_valid || !$right->is_valid) { print "!\n"; next; }
    print substr('<=>', ($left <=> $right) + 1, 1), "\n";
}
