#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ranges of -w and -c beside Monitoring::Plugin::Range, the library that Perl plugins use:
# both must say the same of every range and value of a generated set.

setup() {
	: "${TOP_BUILDDIR:=$BATS_TEST_DIRNAME/../../build}"
	program=$TOP_BUILDDIR/tests/unit/test_range
	[ -x "$program" ] || skip "tests/unit/test_range was not built (no cmocka)"
	perl -MMonitoring::Plugin::Range -e 1 2>/dev/null || skip "libmonitoring-plugin-perl is not installed"
}

@test "ranges: Monitoring::Plugin::Range agrees on 20000 pairs of range and value" {
	"$program" --oracle 20000 >"$BATS_TEST_TMPDIR/ours"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ours")" -eq 20000 ]
	run perl -MMonitoring::Plugin::Range -e '
		local $SIG{__WARN__} = sub { };
		my ($same, $refused, $alerts) = (0, 0, 0);
		while (<>) {
			my ($text, $value, $ours) = split;
			# Its text, which is what Perl would take for the truth of it, is empty for "0:".
			my $range = Monitoring::Plugin::Range->parse_range_string($text);
			my $theirs = defined $range ? ($range->check_range($value) ? 1 : 0) : "refused";
			die "$text of $value: we say $ours, it says $theirs\n" if $theirs ne $ours;
			$same++;
			$refused++ if $ours eq "refused";
			$alerts++ if $ours eq "1";
		}
		print "$same $refused $alerts\n";' "$BATS_TEST_TMPDIR/ours"
	echo "$output"
	[ "$status" -eq 0 ]
	# All of them were compared, and each verdict was among them.
	read -r same refused alerts <<<"$output"
	[ "$same" -eq 20000 ] && [ "$refused" -gt 1000 ] && [ "$alerts" -gt 5000 ] && [ "$alerts" -lt 15000 ]
}
