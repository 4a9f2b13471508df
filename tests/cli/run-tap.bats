#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/run-tap itself, on programs that fail as they are told.

setup() {
	runner=$BATS_TEST_DIRNAME/../run-tap
	notes=$BATS_TEST_TMPDIR/notes
	mkdir -p "$BATS_TEST_TMPDIR/tests/live" "$BATS_TEST_TMPDIR/tests/unit"
	cd "$BATS_TEST_TMPDIR" || return
	: >runs
	unset LINGERSTAT_RETRY
}

# program FILE BODY: one that notes that it ran.
program() {
	printf '#!/bin/sh\necho ran >>runs\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

# The first run fails its second test, all others pass.
FAILS_ONCE='echo 1..2
echo "ok 1 - easy"
if [ "$(wc -l <runs)" -gt 1 ]; then echo "ok 2 - hard"; exit 0; fi
echo "not ok 2 - hard"
echo "# it was 3"
exit 1'

FAILS_ALWAYS='echo 1..1
echo "not ok 1 - hard"
exit 1'

runs_are() {
	[ "$(wc -l <runs)" -eq "$1" ]
}

lacks() {
	if grep -- "$1" <<<"$output"; then
		return 1
	fi
}

@test "run-tap: a failure is a failure, and is not tried again unasked" {
	program tests/live/once "$FAILS_ONCE"
	run sh "$runner" tests/live/once
	[ "$status" -eq 0 ] # told by "not ok"
	[[ $output == *"not ok 2 - hard"* ]]
	lacks unsteady
	runs_are 1
}

@test "run-tap: a live test that failed once: the second result, and a note of the first" {
	program tests/live/once "$FAILS_ONCE"
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/live/once
	[ "$status" -eq 0 ]
	lacks '^not ok'
	[ "$(grep -c '^ok 2 - hard$' <<<"$output")" -eq 1 ]
	[ "$(grep -c '^1\.\.2$' <<<"$output")" -eq 1 ]
	[ "${lines[0]}" = "# unsteady: tests/live/once: not ok 2 - hard" ]
	[ "${lines[1]}" = "# unsteady: tests/live/once: # it was 3" ]
	[ "$(cat "$notes")" = "${lines[0]}
${lines[1]}" ]
	runs_are 2
}

@test "run-tap: a live test that fails always: fails, after two runs" {
	program tests/live/always "$FAILS_ALWAYS"
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/live/always
	[ "$(grep -c '^not ok 1 - hard$' <<<"$output")" -eq 1 ]
	[ "$(wc -l <"$notes")" -eq 1 ]
	runs_are 2
}

@test "run-tap: a live test that passes runs once, and nothing is noted" {
	program tests/live/good 'echo 1..1; echo "ok 1 - easy"'
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/live/good
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = "ok 1 - easy" ]
	[ ! -e "$notes" ]
	runs_are 1
}

@test "run-tap: an end without a word is a failure too" {
	program tests/live/dies 'echo 1..1; [ "$(wc -l <runs)" -gt 1 ] || exit 7; echo "ok 1 - easy"'
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/live/dies
	[ "$status" -eq 0 ]
	[ "$(cat "$notes")" = "# unsteady: tests/live/dies: exit status 7" ]
	runs_are 2
	: >runs
	program tests/live/dies 'echo 1..1; exit 7'
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/live/dies
	[ "$status" -eq 7 ]
}

@test "run-tap: a script in tests/live is live, too" {
	program tests/live/once.t "$FAILS_ONCE"
	LINGERSTAT_RETRY=$notes run sh "$runner" sh tests/live/once.t
	[ "$status" -eq 0 ]
	lacks '^not ok'
	runs_are 2
}

@test "run-tap: what is not live is not tried again" {
	program tests/unit/once "$FAILS_ONCE"
	LINGERSTAT_RETRY=$notes run sh "$runner" tests/unit/once
	[[ $output == *"not ok 2 - hard"* ]]
	[ ! -e "$notes" ]
	runs_are 1
}

@test "run-tap: of the bats files those are live that say so" {
	program bats "$FAILS_ONCE"
	: >tests/plain.bats
	BATS=$PWD/bats LINGERSTAT_RETRY=$notes run sh "$runner" tests/plain.bats
	[[ $output == *"not ok 2 - hard"* ]]
	runs_are 1
	: >runs
	echo '# run-tap: live (opens sockets)' >tests/marked.bats
	BATS=$PWD/bats LINGERSTAT_RETRY=$notes run sh "$runner" tests/marked.bats
	lacks '^not ok'
	[ "${lines[0]}" = "# unsteady: tests/marked.bats: not ok 2 - hard" ]
	runs_are 2
}

@test "run-tap: cmocka's skipped test is one, with its reason" {
	program tests/unit/skips 'echo 1..1; echo "# no such thing here"; echo "not ok 1 # SKIP rare"'
	run sh "$runner" tests/unit/skips
	[ "$status" -eq 0 ]
	[ "${lines[2]}" = "ok 1 - rare # SKIP no such thing here" ]
}
