# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of a recording share: where it is, and how it is listed. Loaded by their files.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	: "${TESTDATA:=$BATS_TEST_DIRNAME/../data}"
	dump=$TESTDATA/states.dump
	jq=${JQ:-jq}
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
}

# list ARGUMENT...: lists the recording into $out; it must succeed and say nothing else.
list() {
	status=0
	"$LINGERSTAT" --read "$dump" "$@" >"$out" 2>"$err" || status=$?
	if [ "$status" -ne 0 ] || [ -s "$err" ]; then
		echo "status $status: $(cat "$err")"
		return 1
	fi
}
