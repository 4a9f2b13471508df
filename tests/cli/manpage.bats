#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The words in the manual page are the tool's: every option, column and reason is in it, and
# nothing that looks like an option is there that the tool would refuse.

setup() {
	page=$BATS_TEST_DIRNAME/../../man/lingerstat.8
	: "${LINGERSTAT:=lingerstat}"
}

# lacking WORD...: those that the page does not name as the argument of a macro or in a list.
lacking() {
	for word; do
		grep -Eq -- "^\.[A-Z].*(^| )(Cm|Sy|Ql|It|,) ([a-z, _-]* )?$word( |$)" "$page" || echo "$word"
	done
}

@test "man page: every long option" {
	options=$({ "$LINGERSTAT" --help; "$LINGERSTAT" summary --help; } | grep -oE '^ +(-., )?--[a-z0-9-]+' | sed 's/.*--//')
	[ "$(echo "$options" | wc -l)" -gt 10 ]
	for option in $options; do
		grep -Eq -- "^\.It Fl .*\\\\-$option( |\$)" "$page" || lacks="$lacks $option"
	done
	[ -z "$lacks" ] || { echo "not in the page:$lacks" && false; }
}

@test "man page: no option that the tool does not have" {
	options=$(grep -oE '^\.(It|Op) Fl .*' "$page" | grep -oE '\\-[a-z][a-z0-9-]*' | sed 's/^\\-//' | sort -u)
	[ "$(echo "$options" | wc -l)" -gt 10 ]
	help=$("$LINGERSTAT" --help; "$LINGERSTAT" summary --help; "$LINGERSTAT" metrics --help)
	for option in $options; do
		[[ $help == *"--$option"* ]] || extra="$extra $option"
	done
	[ -z "$extra" ] || { echo "not in the tool:$extra" && false; }
}

@test "man page: every column" {
	columns=$("$LINGERSTAT" -C help | awk '{ print $1 }')
	[ "$(echo "$columns" | wc -l)" -gt 10 ]
	missing=$(lacking $columns)
	[ -z "$missing" ] || { echo "not in the page: $missing" && false; }
}

@test "man page and README: every reason" {
	[ -n "${JQ-}" ] || skip "jq is not installed"
	reasons=$("$LINGERSTAT" -j | "$JQ" -r '.summary.reasons | keys[]')
	[ "$(echo "$reasons" | wc -l)" -gt 10 ]
	missing=$(lacking $reasons)
	for reason in $reasons; do
		grep -q -- "$reason" "$BATS_TEST_DIRNAME/../../README" || missing="$missing README:$reason"
	done
	[ -z "$missing" ] || { echo "not in the page: $missing" && false; }
}

@test "man page: every key, section and limit of summary" {
	[ -n "${JQ-}" ] || skip "jq is not installed"
	help=$("$LINGERSTAT" summary --help)
	keys=$(sed -n '/^KEYS/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$help")
	sections=$("$LINGERSTAT" summary --sections help | awk '{ print $1 }')
	limits=$("$LINGERSTAT" summary --sections limits -j | "$JQ" -r '.summary.limits | keys[]')
	for words in "$keys" "$sections" "$limits"; do
		[ "$(wc -w <<<"$words")" -gt 5 ]
		missing="$missing$(lacking $words)"
	done
	[ -z "$missing" ] || { echo "not in the page: $missing" && false; }
}

@test "man page: every JSON member that the sections of summary add" {
	[ -n "${JQ-}" ] || skip "jq is not installed"
	base=" $("$LINGERSTAT" -j | "$JQ" -r '.summary | keys | join(" ")') "
	all=states,risk,close-wait,ports,listeners,limits,aborts
	members=$("$LINGERSTAT" summary --by pid -j --sections $all | "$JQ" -r '.summary | keys[],
		(.groups, .close_wait, .ephemeral_ports, .listen_queues, .aborts, .limits.orphans | keys[])')
	[ "$(wc -w <<<"$members")" -gt 30 ]
	for member in $members; do
		[[ $base == *" $member "* ]] || grep -Eq "^\.Ql $member( |\$)" "$page" || missing="$missing $member"
	done
	[ -z "$missing" ] || { echo "not in the page:$missing" && false; }
}

@test "man page: clean under mandoc" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	run mandoc -T lint -W warning "$page"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
