#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual's words about check and metrics are those of their tables.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	man=$BATS_TEST_DIRNAME/../../man
	page=$man/lingerstat-check.8
}

@test "lingerstat-check(8): every measure, and none that is not" {
	measures=$("$LINGERSTAT" check --measures | awk '{ print $1 }')
	[ "$(wc -w <<<"$measures")" -gt 20 ]
	for name in $measures; do
		grep -Eq "^\.It Cm (.* )?$name( |\$)" "$page" || missing="$missing $name"
	done
	[ -z "$missing" ] || { echo "not in the page:$missing" && false; }
	for name in $(sed -n '/^\.Ss Measures/,/^\.Ss Defaults/s/^\.It Cm //p' "$page" | tr -d ,); do
		grep -qx "$name" <<<"$measures" || { echo "not a measure: $name" && false; }
	done
}

@test "lingerstat-check(8): every option, and none that is not" {
	options=$("$LINGERSTAT" check --help | grep -oE '^ +(-., )?--[a-z0-9-]+' | sed 's/.*--//')
	[ "$(wc -w <<<"$options")" -gt 10 ]
	for option in $options; do
		grep -Eq -- "^\.It Fl .*\\\\-$option( |\$)" "$page" || { echo "not in the page: $option" && false; }
	done
	for option in $(grep -oE '^\.(It|Op) Fl .*' "$page" | grep -oE '\\-[a-z][a-z0-9-]*' | sed 's/^\\-//' | sort -u); do
		grep -qx -- "$option" <<<"$options" || { echo "not an option: $option" && false; }
	done
}

@test "lingerstat-check(8): the defaults" {
	# label=value;warn;crit;min: those that have a range. In a namespace that hides a limit its
	# value is unknown, so the page may have more.
	defaults=$("$LINGERSTAT" check | head -n 1 | sed 's/.*|//' | tr ' ' '\n' |
		awk -F'[=;]' '$3 != "" || $4 != "" { print $1, $3 == "" ? "-" : $3, $4 == "" ? "-" : $4 }')
	[ "$(wc -l <<<"$defaults")" -ge 3 ]
	sed -n '/^\.Ss Defaults/,/^\.Ss What/s/^\.It \([a-z_]*\) Ta \([0-9]*\) Ta \([0-9-]*\)$/\1 \2 \3/p' "$page" >"$BATS_TEST_TMPDIR/page"
	while read -r line; do
		grep -qx -- "$line" "$BATS_TEST_TMPDIR/page" || { echo "not in the page: $line" && false; }
	done <<<"$defaults"
}

@test "lingerstat(8): every metric with its labels, and every limit and cause" {
	"$LINGERSTAT" metrics --help | sed '1,/^Metrics:/d; /^$/,$d' >"$BATS_TEST_TMPDIR/metrics"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/metrics")" -gt 10 ]
	while read -r metric; do
		name=${metric%%\{*}
		labels=$(sed -n 's/.*{\(.*\)}/\1/; s/,/ , /; /[{]/!p' <<<"${metric#"$name"}")
		grep -Fxq ".It Cm $name${labels:+ Ns Brq Cm $labels}" "$man/lingerstat.8" || { echo "not in the page: $metric" && false; }
	done <"$BATS_TEST_TMPDIR/metrics"
	for word in $("$LINGERSTAT" metrics | sed -n 's/.*\(limit\|cause\|bound\)="\([a-z_]*\)".*/\2/p' | sort -u); do
		grep -Eq "^\.Cm $word( |\$)" "$man/lingerstat.8" || { echo "not in the page: $word" && false; }
	done
}

@test "lingerstat-check(8): clean under mandoc" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	run mandoc -T lint -W warning "$page"
	[ "$status" -eq 0 ] && [ -z "$output" ]
}
