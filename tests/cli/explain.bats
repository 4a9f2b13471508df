#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `lingerstat explain` on the command line: what each reason word means, and the sockets of a
# recording in sentences and as data.

load recording

# explain ARGUMENT...: stdout in $out, stderr in $err, the exit status in $status.
explain() {
	status=0
	"$LINGERSTAT" explain "$@" >"$out" 2>"$err" || status=$?
}

# succeeds ARGUMENT...: exit 0 and nothing on stderr.
succeeds() {
	explain "$@"
	if [ "$status" -ne 0 ] || [ -s "$err" ]; then
		echo "explain $*: status $status: $(cat "$err")"
		return 1
	fi
}

# refuses WORDS ARGUMENT...: exit 2, nothing on stdout, one line on stderr that has the words.
refuses() {
	local words=$1
	shift
	explain "$@"
	if [ "$status" -ne 2 ] || [ -s "$out" ] || [ "$(wc -l <"$err")" -ne 1 ] ||
		! grep -qF -- "$words" "$err"; then
		echo "explain $*: status $status: $(cat "$err") $(cat "$out")"
		return 1
	fi
}

# The reason words that the help lists.
reasons() {
	"$LINGERSTAT" explain --help | sed -n '/^Reasons:/,$ p' | sed 1d
}

# narrow FILE: no line is wider than a terminal of 80 columns shows with its last one free.
narrow() {
	local wide
	wide=$(awk 'length($0) > 79 { print length($0) ": " $0 }' "$1")
	[ -z "$wide" ] || { echo "too wide: $wide" && false; }
}

# lacks PATTERN FILE: no line matches. (A bare `! grep` in the middle of a test cannot fail it.)
lacks() {
	if grep -- "$1" "$2"; then
		return 1
	fi
}

needs_jq() {
	command -v "$jq" >/dev/null || skip "jq is not installed"
}

# --- reason words ------------------------------------------------------------------------------

@test "explain --help: lists reasons, under 80 columns, no space at a line's end" {
	succeeds --help
	narrow "$out"
	[ "$(reasons | wc -w)" -ge 15 ]
	lacks ' $' "$out"
}

@test "explain REASON: every word of the help has a text" {
	for reason in $(reasons); do
		succeeds "$reason"
		head -n 1 "$out" | grep -q "^$reason: ."
		# A summary, an empty line, and a meaning at some length.
		[ "$(wc -l <"$out")" -ge 4 ]
		grep -q '^$' "$out"
	done
}

@test "explain REASON: every text is wrapped under 80 columns" {
	for reason in $(reasons); do
		succeeds "$reason"
		narrow "$out"
	done
}

@test "explain REASON: no two words share a text" {
	for reason in $(reasons); do
		succeeds "$reason"
		sed "s/^$reason: //" "$out" | cksum
	done | sort >"$BATS_TEST_TMPDIR/sums"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/sums")" -eq "$(reasons | wc -w)" ]
	[ -z "$(uniq -d "$BATS_TEST_TMPDIR/sums")" ]
}

@test "explain -j REASON: one JSON object, with the words of the text" {
	needs_jq
	for reason in $(reasons); do
		succeeds "$reason"
		tr -s ' \n' '  ' <"$out" >"$BATS_TEST_TMPDIR/text"
		succeeds -j "$reason"
		[ "$("$jq" -r .type "$out")" = reason ]
		[ "$("$jq" -r .reason "$out")" = "$reason" ]
		[ "$("$jq" -s length "$out")" -eq 1 ]
		grep -qF -- "$("$jq" -r .summary "$out")" "$BATS_TEST_TMPDIR/text"
		grep -qF -- "$("$jq" -r .meaning "$out")" "$BATS_TEST_TMPDIR/text"
	done
}

@test "explain REASON: the reasons of a listing are the words of the help" {
	needs_jq
	"$LINGERSTAT" --read "$dump" -j | "$jq" -r '.summary.reasons | keys[]' | sort >"$out"
	reasons | tr -s ' ' '\n' | sed '/^$/ d' | sort | diff -u - "$out"
}

@test "explain REASON: a wrong word suggests the nearest" {
	refuses "did you mean 'zero-linger'?" zero-lingr
	refuses "did you mean 'unread-data'?" unread-dta
	refuses "did you mean 'holder-unseen'?" holder-unsen
}

@test "explain REASON: a word like none is named, and says where the words are" {
	refuses "'frobnicate'" frobnicate
	refuses "explain --help" frobnicate
	refuses "''" ""
}

@test "explain REASON: words that are no reasons and no filter are refused" {
	refuses "" a b
	refuses "" zero-linger unread-data
	refuses "" zero-linger nonsense
}

@test "explain REASON: an option that selects sockets is refused, not ignored" {
	refuses zero-linger -a zero-linger
	refuses zero-linger zero-linger -t
	refuses zero-linger --risk=certain zero-linger
	refuses zero-linger --read "$dump" zero-linger
}

@test "explain: an unknown option is refused" {
	refuses "--jsn" --jsn
	refuses "-Z" -Z
}

# --- a recording -------------------------------------------------------------------------------

@test "explain --read: paragraphs under 80 columns" {
	succeeds --read "$dump" -a -n
	grep -q '^tcp ESTAB ' "$out"
	grep -q '^tcp TIME-WAIT ' "$out"
	# A title holds addresses and reasons, which cannot be broken.
	grep '^ ' "$out" >"$BATS_TEST_TMPDIR/body"
	narrow "$BATS_TEST_TMPDIR/body"
}

@test "explain --read: a paragraph for each socket of the listing" {
	succeeds --read "$dump" -a -n
	[ "$(grep -c '^tcp ' "$out")" -eq "$("$LINGERSTAT" --read "$dump" -a -H | wc -l)" ]
	[ "$(grep -c '^ State ' "$out")" -eq "$(grep -c '^tcp ' "$out")" ]
	[ "$(grep -c '^ close() ' "$out")" -eq "$(grep -c '^tcp ' "$out")" ]
}

@test "explain --read: nothing is made up that a recording does not hold" {
	succeeds --read "$dump" -a -n
	grep -q 'SO_LINGER is not known' "$out"
	grep -q 'Who holds it is not known' "$out"
	lacks '^ Restart' "$out"
	lacks 'SO_LINGER is o' "$out"
	lacks '(fd ' "$out"
}

@test "explain --read -j: valid JSON with every key" {
	needs_jq
	succeeds --read "$dump" -a -j
	[ "$("$jq" -s length "$out")" -eq 1 ]
	[ "$("$jq" -r .header.source "$out")" = replay ]
	[ "$("$jq" -r .summary.complete "$out")" = true ]
	[ "$("$jq" '.sockets | length' "$out")" -gt 20 ]
	"$jq" -c '.sockets[].explain | keys_unsorted' "$out" | sort -u >"$BATS_TEST_TMPDIR/keys"
	[ "$(cat "$BATS_TEST_TMPDIR/keys")" = '["state","queues","linger","close","exit","kill","certainty","holders","subflows","restart","advice"]' ]
	"$jq" -e '[.sockets[].explain | (del(.advice) | .[] | . == null or (type == "string" and length > 0)), (.advice | type == "array" and all(type == "string"))] | all' "$out"
	"$jq" -e '[.sockets[].explain.restart == null] | all' "$out"
}

@test "explain --read: text and JSON have the same sentences" {
	needs_jq
	succeeds --read "$dump" -a -n
	tr -s ' \n' '  ' <"$out" >"$BATS_TEST_TMPDIR/text"
	succeeds --read "$dump" -a -j
	"$jq" -r '.sockets[].explain | del(.kill) | .. | strings' "$out" | sort -u |
		while IFS= read -r sentence; do
			grep -qF -- "$sentence" "$BATS_TEST_TMPDIR/text" ||
				{ echo "not in the text: $sentence" && false; }
		done
}

@test "explain --read --risk: only what is at risk" {
	needs_jq
	succeeds --read "$dump" -a -j --risk=certain
	[ "$("$jq" '.sockets | length' "$out")" -gt 0 ]
	"$jq" -e '[.sockets[].close.risk == "certain"] | all' "$out"
}

@test "explain --read: a selection without sockets says so" {
	# The end mark of the recording and nothing else.
	tail -c 20 "$dump" >"$BATS_TEST_TMPDIR/one"
	succeeds --read "$BATS_TEST_TMPDIR/one" -a
	[ "$(cat "$out")" = "No socket is selected." ]
	needs_jq
	succeeds --read "$BATS_TEST_TMPDIR/one" -a -j
	"$jq" -e '.sockets == [] and .summary.complete' "$out"
}

@test "explain --read: an unread byte is told, the peer's FIN is not one" {
	needs_jq
	succeeds --read "$dump" -a -j
	"$jq" -e '[.sockets[] | select(.unread_bytes != null and .unread_bytes > 0 and .state != "listen") |
		.unread_bytes as $n | .explain.queues | contains("\($n) bytes received and not read")] | length > 0 and all' "$out"
	"$jq" -e '[.sockets[] | select(.state == "close_wait" and .recv_queue == 1) |
		.explain.queues | contains("Nothing received is unread")] | length > 0 and all' "$out"
}

@test "explain --read: a missing or cut recording is told" {
	explain --read "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 1 ]
	grep -q "none" "$err"
	head -c 1000 "$dump" >"$BATS_TEST_TMPDIR/cut"
	explain --read "$BATS_TEST_TMPDIR/cut" -a
	[ "$status" -eq 3 ]
	[ "$(wc -l <"$err")" -eq 1 ]
	grep -q '^tcp ' "$out"
}

@test "explain: a full disk is an error" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	status=0
	"$LINGERSTAT" explain zero-linger >/dev/full 2>"$err" || status=$?
	[ "$status" -eq 1 ]
	grep -q 'standard output' "$err"
	status=0
	"$LINGERSTAT" explain --read "$dump" -a >/dev/full 2>"$err" || status=$?
	[ "$status" -eq 1 ]
}

@test "explain: one word that can only be a filter is one" {
	run "$LINGERSTAT" explain 'recvq>999999999'
	[ "$status" -eq 0 ]
	[ "$output" = "No socket is selected." ]
	run "$LINGERSTAT" explain 'recvq>'
	[ "$status" -eq 2 ]
	[[ $output == *"filter, column"* ]]
}
