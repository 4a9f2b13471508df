#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Filters on the command line: on a recording of every TCP state, so that nothing depends on this
# machine's sockets.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	: "${TESTDATA:=$BATS_TEST_DIRNAME/../data}"
	dump=$TESTDATA/states.dump
	err=$BATS_TEST_TMPDIR/err
}

# states ARGUMENT...: the states that a listing of the recording has, each once, sorted.
states() {
	"$LINGERSTAT" --read "$dump" -H -C state "$@" 2>"$err" | sed 's/ *$//' | sort -u | tr '\n' ' '
}

# count ARGUMENT...: how many rows.
count() {
	"$LINGERSTAT" --read "$dump" -H -C state "$@" 2>"$err" | wc -l
}

# refuses COLUMN WORDS ARGUMENT...: one line that names the place, nothing listed, status 2.
refuses() {
	local column=$1 words=$2
	shift 2
	run --separate-stderr "$LINGERSTAT" "$@"
	echo "$stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "lingerstat: filter, column $column: "*"$words"* ]]
}

bats_require_minimum_version 1.5.0

@test "filter: one argument, or a word each" {
	[ "$(states 'state close-wait or state listen')" = "CLOSE-WAIT LISTEN " ]
	[ "$(states state close-wait or state listen)" = "CLOSE-WAIT LISTEN " ]
	[ "$(states state close-wait state listen)" = "CLOSE-WAIT LISTEN " ]
}

@test "filter: options may follow" {
	[ "$(count state established -4)" -gt 0 ]
	[ "$(count state established -4)" -lt "$(count state established)" ]
	[ "$(count state established -6)" -lt "$(count state established)" ]
}

@test "filter: its states replace those of the options" {
	[ "$(states state time-wait)" = "TIME-WAIT " ]
	[ "$(states -l state time-wait)" = "TIME-WAIT " ]
	[ "$(count state all)" -eq "$(count -a)" ]
	[ "$(count exclude listening)" -lt "$(count -a)" ]
	[ "$(count -a)" -eq $(($(count state bucket) + $(count state big))) ]
}

@test "filter: what it asks for need not be a column" {
	[ "$(count -a 'sport > 0')" -eq "$(count -a)" ]
	[ "$(count -a 'inode = 0')" -gt 0 ]
	[ "$(count -a 'not inode = 0')" -eq $(($(count -a) - $(count -a 'inode = 0'))) ]
	[ "$(count -a 'recvq > 0 and recvq <= 4g')" -eq "$(count -a 'recvq != 0')" ]
}

@test "filter: what is not known is left out, and that is said" {
	[ "$(count -a 'linger on')" -eq 0 ]
	grep -q 'sockets are left out: what the filter asks is not known of them' "$err"
	[ "$(count -a 'not linger on')" -lt "$(count -a)" ]
	[ "$(count -a 'linger unknown or linger none')" -eq "$(count -a)" ]
	! grep -q 'left out' "$err" || false
}

@test "filter: a mistake is one line with its column and the nearest word" {
	refuses 1 "unknown word 'sprot'; did you mean 'sport'?" sprot = 80
	refuses 14 "unknown word 'andd'; did you mean 'and'?" 'sport = 8080 andd dport = 1'
	refuses 7 "did you mean 'close_wait'?" state close-wiat
	refuses 9 "'65536' is no port from 0 to 65535 (a vsock port: dst vsock:*:PORT)" sport = 65536
	refuses 9 "'4294967296' is neither a port" sport = 4294967296
	refuses 5 "there is no device 'lo0'; did you mean 'lo'?" dev lo0
	refuses 6 "there is no user 'rooot'; did you mean 'root'?" user rooot
	refuses 15 "the expression ends too early" -t '( sport = 8080'
	refuses 5 "'dst' takes = or != only" 'dst > 10.0.0.1'
}

@test "filter: the nearest service" {
	getent services https >/dev/null || skip "no /etc/services"
	refuses 7 "'htps' is neither a port from 0 to 65535 nor a service name; did you mean 'https'?" \
		dport htps
}

@test "filter: the mistake is shown in its place" {
	run "$LINGERSTAT" 'sport = 80 nad dport = 1'
	[ "$status" -eq 2 ]
	[[ $output == *"(sport = 80 >>nad dport = 1)"* ]]
}

@test "filter: a long expression shows the part around the mistake" {
	local many
	many=$(printf 'dport = %d or ' $(seq 100 130))
	run "$LINGERSTAT" "$many sprot = 1 or $many dport = 1"
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "${#output}" -lt 230 ]
	[[ $output == *"(..."*" or  >>sprot = 1 or "*"...)" ]]
	run "$LINGERSTAT" "$(printf '(%.0s' $(seq 20000)) dport = 1"
	[ "$status" -eq 2 ]
	[[ $output == *"nested too deeply"* ]]
}

@test "filter: control bytes of a mistake do not reach the terminal" {
	run "$LINGERSTAT" "$(printf 'abc\033[31m\007')"
	[ "$status" -eq 2 ]
	[[ $output != *$'\033'* && $output != *$'\007'* ]]
}

@test "filter: autobound is the kernel's to decide" {
	run "$LINGERSTAT" --read "$dump" autobound
	[ "$status" -eq 2 ]
	[[ $output == *"'autobound' is for the kernel alone to decide"* ]]
	run "$LINGERSTAT" 'autobound or recvq > 0'
	[ "$status" -eq 2 ]
}

@test "filter: --explain-filter says what is decided where" {
	run "$LINGERSTAT" --explain-filter 'state listening sport = 80 and recvq > 0'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "states asked for:  listen" ]
	[ "${lines[1]}" = "kernel decides:    sport = 80" ]
	[ "${lines[2]}" = "decided here:      recvq > 0" ]
}

@test "filter: --explain-filter of a recording: there is no kernel" {
	run "$LINGERSTAT" --read "$dump" --explain-filter 'sport = 80'
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = "kernel decides:    nothing" ]
	[ "${lines[2]}" = "decided here:      sport = 80" ]
}

@test "filter: --explain-filter without a filter" {
	run "$LINGERSTAT" --explain-filter
	[ "$status" -eq 0 ]
	[[ $output == "no filter: "* ]]
}

@test "filter: explain takes one too" {
	run "$LINGERSTAT" explain --read "$dump" 'state close-wait and sport > 0'
	[ "$status" -eq 0 ]
	[[ $output == *CLOSE-WAIT* ]]
	[[ $output != *LISTEN* ]]
	run "$LINGERSTAT" explain --explain-filter 'sport = 80 uid = 1'
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = "kernel decides:    sport = 80" ]
}

# predicates: the words of the manual page's lists of tests.
predicates() {
	sed -n '/^\.Sh FILTER/,/^\.Sh SS OPTIONS/p' "$BATS_TEST_DIRNAME/../../man/lingerstat.8" |
		sed -n 's/^\.It Cm //p' | grep -v '^\(not\|and\|or\) ,' | sed 's/ , Cm /\n/g' | cut -d' ' -f1
}

@test "filter: the manual page has the words that the tool has, and no other" {
	words=$(predicates)
	[ "$(echo "$words" | wc -l)" -ge 27 ]
	for word in $words; do
		run "$LINGERSTAT" --explain-filter "$word $word"
		[[ $output != *"column 1: unknown word"* ]] || { echo "not in the tool: $word"; false; }
	done
	known=$(grep -ohE '\{ "[a-z]+",' "$BATS_TEST_DIRNAME/../../src/filter/predicates.c" |
		grep -oE '[a-z]+')
	[ "$(echo "$known" | wc -l)" -ge 20 ]
	for word in $known; do
		grep -qx "$word" <<<"$words" || { echo "not in the page: $word"; false; }
	done
}

@test "restart: a recording has listeners, and nothing is known of their ports" {
	[ "$("$LINGERSTAT" --read "$dump" -a -H -C restart | sed 's/ *$//' | sort -u | tr '\n' ' ')" = "- ?:not-judged " ]
	[ "$("$LINGERSTAT" --read "$dump" -a -j -C restart state listening |
		jq -c '.sockets[0].restart | [.works, .reason, .blockers, .bind.plain]')" = '[null,"not-judged",null,null]' ]
	[ "$("$LINGERSTAT" --read "$dump" -a -j -C restart state established | jq -c '.sockets[0].restart')" = null ]
	[ "$(states -a 'restart = unknown')" = "LISTEN " ]
	[ "$(count -a 'restart = yes')" -eq 0 ]
	grep -q 'left out' "$err"
	[ "$(count -a 'state established and restart != yes')" -eq 0 ]
	refuses 11 "unknown answer of restart 'nope'" -a 'restart = nope'
	refuses 9 "" -a 'restart < yes'
}
