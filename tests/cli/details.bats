#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# -i, -m, -o, -e and their like, on a recorded dump, in every format. What is expected of some
# rows stands beside the recording.

load recording

# One socket of each kind of state.
some='sport = 10000 or state syn-sent or state time-wait or sport = 10107'
# The groups, after a column that says whose they are.
columns=local,info,memory,timer,extended

# prints NAME ARGUMENT...: the rows are what details.NAME.expected says. With LINGERSTAT_REWRITE
# set it is written there instead.
prints() {
	local expected=$TESTDATA/details.$1.expected
	shift
	list "$@" "$some"
	if [ -n "$LINGERSTAT_REWRITE" ]; then
		cp "$out" "$expected"
	else
		diff -u "$expected" "$out"
	fi
}

needs_jq() {
	command -v "$jq" >/dev/null || skip "jq is not installed"
}

@test "details: beneath the rows of a table" {
	prints table -an -C "$columns"
}

@test "details: in CSV" {
	prints csv -an --format=csv -C "$columns"
}

@test "details: in JSON, and the same in lines" {
	needs_jq
	list -an -j -C "$columns" "$some"
	"$jq" -c '.sockets[]' "$out" >"$out.json"
	list -an --format=ndjson -C "$columns" "$some"
	"$jq" -c 'select(.type == "socket")' "$out" >"$out.lines"
	diff -u "$out.json" "$out.lines"
	if [ -n "$LINGERSTAT_REWRITE" ]; then
		cp "$out.lines" "$TESTDATA/details.json.expected"
	else
		diff -u "$TESTDATA/details.json.expected" "$out.lines"
	fi
}

@test "details: the options are the columns" {
	list -an -imoe -C local
	cp "$out" "$out.options"
	list -an -C "$columns"
	cmp "$out" "$out.options"
	list -an --info --memory --options --extended -C local
	cmp "$out" "$out.options"
	list -an -iimmooee -C local
	cmp "$out" "$out.options"
	list -an --tos --inet-sockopt -b --cgroup -C local
	cp "$out" "$out.options"
	list -an -C local,tos,sockopt,bpf-filter,cgroup
	cmp "$out" "$out.options"
}

@test "details: the rows themselves stay as they are" {
	list -an
	cp "$out" "$out.plain"
	list -an -imoe
	grep -v "^$(printf '\t')" "$out" | cmp - "$out.plain"
	# One line of details for each row, whatever there is to say.
	[ "$(grep -c "^$(printf '\t')" "$out")" -eq $(($(wc -l <"$out.plain") - 1)) ]
}

@test "details: -O puts them into the row's line" {
	list -an -im
	sed -n "s/^$(printf '\t')//p" "$out" >"$out.details"
	list -anO -im
	[ "$(grep -c ' info: .* memory: ' "$out")" -eq "$(wc -l <"$out.details")" ]
	sed -n 's/.* \(info: \)/\1/p' "$out" | cmp - "$out.details"
	list -an
	cp "$out" "$out.plain"
	list -anO
	cmp "$out" "$out.plain"
}

@test "details: alone, they need no row" {
	list -an -C info
	[ "$(grep -c '^info: ' "$out")" -eq "$(wc -l <"$out")" ]
	list -anO -C info
	[ "$(grep -c '^info: ' "$out")" -eq "$(wc -l <"$out")" ]
}

@test "details: not a part of all columns" {
	needs_jq
	list -aj
	"$jq" -e '[.sockets[] | has("info", "memory", "timer", "extended", "rtt_us")] | any | not' "$out"
	list -aj -i
	"$jq" -e '[.sockets[] | has("info") and has("close")] | all' "$out"
}

@test "details: a null, and not 0, for what the record is too short for" {
	needs_jq
	list -aj -i
	# A listener has other keys; the rest have the same ones, known or not.
	"$jq" -e '[.sockets[].info | select(. != null and has("rtt_us")) | keys | length] | unique | length <= 2' "$out"
	"$jq" -e '[.sockets[].info | select(. != null and has("rtt_us")) | .max_pacing_rate_bytes_per_second] | all(. == null)' "$out"
	"$jq" -e '[.sockets[] | select(.state == "time_wait") | .info] | length > 0 and all(. == null)' "$out"
}

@test "details: CSV has the keys and numbers of JSON" {
	needs_jq
	list -aj -C info
	"$jq" -r '.sockets[].info | if . == null then "-" else
		to_entries | map("\(.key)=\(if .value == null then "?" else .value end)") | join(" ") end' "$out" >"$out.json"
	list -aH -C info --format=csv
	tr -d '\r' <"$out" | diff -u "$out.json" -
}

@test "details: sorted rows have theirs" {
	list -anH -O -C local,info
	sort "$out" >"$out.sorted"
	list -anH -O -C local,info --sort=-recv-q
	sort "$out" | cmp - "$out.sorted"
}

@test "details: single numbers sort as numbers, what is not known last" {
	list -anH -C rtt --sort=rtt
	tr -d ' ' <"$out" | grep -v '[?-]' >"$out.numbers"
	[ "$(wc -l <"$out.numbers")" -gt 5 ]
	sort -n "$out.numbers" | cmp - "$out.numbers"
	tr -d ' ' <"$out" | sed -n '/[?-]/,$p' >"$out.last"
	[ -s "$out.last" ]
	[ "$(grep -c '[0-9]' "$out.last")" -eq 0 ]
}

@test "details: -Q leaves the queues out, in every format" {
	needs_jq
	list -an
	[[ $(head -n 1 "$out") == *RECV-Q*SEND-Q* ]]
	list -anQ
	[[ $(head -n 1 "$out") != *-Q* ]]
	list -ajQ
	"$jq" -e '[.sockets[] | has("recv_queue") or has("send_queue")] | any | not' "$out"
	list -aQ -C recv-q,local
	[ "$(head -n 1 "$out")" = LOCAL ]
}

@test "details: a recording has them again" {
	needs_jq
	# Whatever TCP sockets there are.
	"$LINGERSTAT" -ta -D "$out.dump" 2>"$err"
	"$LINGERSTAT" -a --read "$out.dump" -j -imoe --tos --inet-sockopt >"$out" 2>"$err"
	"$jq" -e '[.sockets[] | select(.queue_unit != "none") |
		.info != null and .memory != null and .timer != null and .tos != null and .sockopt != null] | all' "$out"
}
