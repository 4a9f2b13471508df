#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A filter from a file (-F), on a recording of every TCP state.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	: "${TESTDATA:=$BATS_TEST_DIRNAME/../data}"
	dump=$TESTDATA/states.dump
	err=$BATS_TEST_TMPDIR/err
	file=$BATS_TEST_TMPDIR/file
}

bats_require_minimum_version 1.5.0

# rows ARGUMENT...: what a listing of the recording has.
rows() {
	"$LINGERSTAT" --read "$dump" -aHn -C state,local,peer "$@" 2>"$err"
}

# refuses WORDS ARGUMENT...: one line with these words, nothing listed, status 2.
refuses() {
	local words=$1
	shift
	run --separate-stderr "$LINGERSTAT" --read "$dump" "$@"
	echo "$stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "lingerstat: --filter"*"$words"* ]]
}

@test "filter file: the same as the words on the command line" {
	printf 'state close-wait\n\tor state listen\n' >"$file"
	[ -n "$(rows -F "$file")" ]
	[ "$(rows -F "$file")" = "$(rows state close-wait or state listen)" ]
	[ "$(rows --filter="$file")" = "$(rows state close-wait or state listen)" ]
	[ "$(rows -F - <"$file")" = "$(rows state close-wait or state listen)" ]
}

@test "filter file: comments, empty lines, and lines that end as elsewhere" {
	printf '# those that wait\r\n\r\nstate close-wait\r\n#or state listen\nor\n# (\n\nstate time-wait' >"$file"
	[ -n "$(rows -F "$file")" ]
	[ "$(rows -F "$file")" = "$(rows state close-wait or state time-wait)" ]
}

@test "filter file: beside words of the command line both hold, each as a whole" {
	echo 'state close-wait or state listen' >"$file"
	[ -n "$(rows -F "$file" state listen or state time-wait)" ]
	[ "$(rows -F "$file" state listen or state time-wait)" = "$(rows state listen)" ]
	[ "$(rows state time-wait or state listen -F "$file")" = "$(rows state listen)" ]
}

@test "filter file: nothing in it selects everything" {
	: >"$file"
	[ "$(rows -F "$file")" = "$(rows)" ]
	printf '\n# nothing\n   \n' >"$file"
	[ "$(rows -F "$file")" = "$(rows)" ]
	[ "$(rows -F "$file" state listen)" = "$(rows state listen)" ]
}

@test "filter file: the kernel's part of it goes to the kernel" {
	printf 'sport = 80\nand uid = 1\n' >"$file"
	run "$LINGERSTAT" -F "$file" --explain-filter state listen
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "states asked for:  listen" ]
	[ "${lines[1]}" = "kernel decides:    sport = 80" ]
	[ "${lines[2]}" = "decided here:      uid = 1" ]
}

@test "filter file: explain takes one too" {
	echo 'state close-wait' >"$file"
	run "$LINGERSTAT" explain --read "$dump" -F "$file"
	[ "$status" -eq 0 ]
	[[ $output == *CLOSE-WAIT* ]]
	[[ $output != *LISTEN* ]]
	run "$LINGERSTAT" explain -F "$file" zero-linger
	[ "$status" -eq 2 ]
}

@test "filter file: a mistake is shown with its line and column" {
	printf '# comment\nstate listen\nor sprot = 80\nor state close-wait\n' >"$file"
	refuses "line 3, column 4: unknown word 'sprot'; did you mean 'sport'?  (or >>sprot = 80)" -F "$file"
	printf 'state listen\n  or\n\n\n' >"$file"
	refuses "line 2, column 5: the expression ends too early" -F "$file"
	printf 'state listen\nsport = 99999' >"$file"
	refuses "'$file', line 2, column 9: '99999'" -F "$file"
	# The words of the command line are told as ever.
	echo 'state listen' >"$file"
	run "$LINGERSTAT" --read "$dump" -F "$file" state foo
	[ "$status" -eq 2 ]
	[[ $output == *"filter, column 7: "* ]]
}

@test "filter file: what is no text" {
	printf 'state listen\nstate\0close' >"$file"
	refuses "line 2: a NUL byte" -F "$file"
	head -c 2000000 /dev/zero | tr '\0' ' ' >"$file"
	refuses "File too large" -F "$file"
	printf '\177ELF\002\001\033[31m' >"$file"
	refuses "line 1, column 1: unknown word '?ELF" -F "$file"
}

@test "filter file: one that cannot be read" {
	refuses "cannot read '/nonexistent/filter': No such file" -F /nonexistent/filter
	refuses "cannot read '$BATS_TEST_TMPDIR': Is a directory" -F "$BATS_TEST_TMPDIR"
	refuses "'/dev/null' is the second" -F /dev/null -F /dev/null
	run --separate-stderr "$LINGERSTAT" --read - -F - <"$dump"
	[ "$status" -eq 2 ]
	[[ $stderr == *"only one of them can be standard input"* ]]
}
