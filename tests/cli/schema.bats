#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The JSON against contrib/lingerstat.schema.json: what the tool writes is as described, and what
# is not so described is refused.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	dump=${TESTDATA:-$BATS_TEST_DIRNAME/../data}/states.dump
	schema=$BATS_TEST_DIRNAME/../../contrib/lingerstat.schema.json
	out=$BATS_TEST_TMPDIR/out
	words=${TOP_BUILDDIR:-.}/contrib/completion/words
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
}

schema() {
	python3 "$BATS_TEST_DIRNAME/schema.py" "$1" "$schema"
}

recorded() {
	"$LINGERSTAT" --read "$dump" -a "$@"
}

# every_kind ARGUMENT...: this machine's sockets, of every family that the tool has.
every_kind() {
	local kinds=-tuxM
	"$LINGERSTAT" --help | grep -q -e '--query' && kinds=--query=all
	"$LINGERSTAT" -a "$kinds" "$@"
}

@test "schema: a recording, as one document and as lines" {
	recorded -j | schema whole
	recorded --format=ndjson | schema whole
}

@test "schema: this machine's sockets" {
	every_kind -j | schema whole
	every_kind --format=ndjson | schema whole
}

@test "schema: without linger, without owners, and with a filter" {
	every_kind -j --linger=none | schema whole
	every_kind -j -C netid,state,recv-q,send-q,local,peer | schema check
	every_kind -j state listening 2>/dev/null | schema whole
	recorded --format=ndjson 'idle > 1s' 2>/dev/null | schema whole
}

@test "schema: each column alone" {
	for column in $("$LINGERSTAT" -C help | awk '{ print $1 }'); do
		recorded --format=ndjson -C "$column"
	done >"$out"
	[ "$(wc -l <"$out")" -gt 500 ]
	schema check <"$out"
}

@test "schema: explain, and what a reason means" {
	recorded -j >/dev/null
	"$LINGERSTAT" explain --read "$dump" -a -j | schema whole
	"$LINGERSTAT" explain -a -j | schema whole
	"$LINGERSTAT" explain -j zero-linger | schema whole
}

@test "schema: a dump that was cut off" {
	head -c 2000 "$dump" >"$out"
	"$LINGERSTAT" --read "$out" -a -j >"$out.json" 2>/dev/null || [ $? -eq 3 ]
	schema whole <"$out.json"
	grep -q '"complete":false' "$out.json"
}

@test "schema: the keys of a socket are the columns' paths" {
	diff <("$LINGERSTAT" -C help | awk '{ print $2 }' | sort) \
		<(schema keys | grep -vxE 'type|close|explain' | sort)
}

@test "schema: its words are the tool's" {
	[ -x "$words" ] || skip "contrib/completion/words is not built"
	diff <("$words" | awk -F '\t' '$1 == "json" { print $2, $3 }' | sort) <(schema words | sort)
}

@test "schema: keys may be added" {
	recorded -j | schema open
	"$LINGERSTAT" explain -j zero-linger | schema open
}

@test "schema: what is misspelt, missing, or of another type is refused" {
	recorded --format=ndjson | schema mutate
	every_kind -j | schema mutate
	"$LINGERSTAT" explain --read "$dump" -a -j state established | schema mutate
}

# refuses FILTER: what jq makes of a good document is refused.
refuses() {
	recorded -j | "$JQ" "$1" >"$out.wrong"
	! schema whole <"$out.wrong" >/dev/null
}

@test "schema: an unknown that is told as a value is refused" {
	[ -n "${JQ-}" ] || skip "jq is not installed"
	recorded -j | "$JQ" . | schema whole
	refuses '.sockets[0].recv_queue = null'
	refuses '.sockets[0].linger = false'
	refuses '.sockets[0].linger = {"on": false, "seconds": 0, "forever": false, "source": "none"}'
	refuses '.sockets[0].linger = {"on": true, "seconds": 5, "forever": true, "source": "bpf"}'
	refuses '.sockets[0].close.outcome = "unknown"'
	refuses '.sockets[0].close |= (.outcome = null | .outcomes = ["fin"])'
	refuses '.sockets[0].close |= (.outcome = "fin" | .outcomes = ["fin", "reset"])'
	refuses '.sockets[0].cookie = 74'
	refuses '.sockets[0].local.port = 65536'
	refuses '.summary.states.ESTAB = 1'
	refuses 'del(.summary.reasons.orphan)'
	refuses '.header.schema = 2'
}
