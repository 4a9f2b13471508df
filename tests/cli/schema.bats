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
	{
		recorded -j
		recorded --format=ndjson
		recorded --format=ndjson 'idle > 1s' 2>/dev/null
	} >"$out"
	schema whole <"$out"
}

@test "schema: this machine's sockets" {
	{
		every_kind -j
		every_kind --format=ndjson --linger=none
		every_kind -j state listening 2>/dev/null
	} >"$out"
	schema whole <"$out"
	every_kind -j -C netid,state,recv-q,send-q,local,peer | schema check
}

@test "schema: each column alone" {
	for column in $("$LINGERSTAT" -C help | awk '{ print $1 }'); do
		recorded --format=ndjson -C "$column"
	done >"$out"
	[ "$(wc -l <"$out")" -gt 500 ]
	schema check <"$out"
}

@test "schema: explain, and what a reason means" {
	{
		"$LINGERSTAT" explain --read "$dump" -a -j
		"$LINGERSTAT" explain -a -j
		"$LINGERSTAT" explain -j zero-linger
	} >"$out"
	schema whole <"$out"
}

@test "schema: details of every kind" {
	{
		every_kind -j -iomeT --cgroup --tos --inet-sockopt -b --tipcinfo
		every_kind --format=ndjson -z
	} 2>/dev/null >"$out"
	schema whole <"$out"
}

# Of the kinds that this machine lacks too.
@test "schema: every key of the details, and no other" {
	[ -x "$words" ] || skip "contrib/completion/words is not built"
	diff <("$words" | awk -F '\t' '$1 == "detail" { print $2, $3, $4 }' |
		sed 's/^\([a-z]*\)-/\1_/; s/ word$/ text/; s/ lines$/ words/' | sort -u) \
		<(schema details | sort)
}

@test "schema: summary, by every key" {
	{
		"$LINGERSTAT" summary -a -j
		"$LINGERSTAT" summary -a -j --linger=none state listening
		for key in process pid user cgroup unit container netns local-port peer peer-port state reason; do
			"$LINGERSTAT" summary -a -A all -j --by "$key"
		done
	} >"$out"
	schema check <"$out"
	"$LINGERSTAT" summary -a -j | schema mutate
}

@test "schema: events" {
	python3 -c '
import socket, subprocess, sys
tool = subprocess.Popen([sys.argv[1], "-E", "-uie", "--count=1", "--format=ndjson"],
                        stdout=subprocess.PIPE)
header = tool.stdout.readline()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
sys.stdout.buffer.write(header + tool.stdout.read())
sys.exit(tool.wait())' "$LINGERSTAT" >"$out"
	schema check <"$out"
	grep '"type":"event"' "$out" | schema whole
}

@test "schema: contexts" {
	every_kind -j -Zz 2>/dev/null >"$out"
	schema whole <"$out"
}

@test "schema: a dump that was cut off" {
	head -c 2000 "$dump" >"$out"
	"$LINGERSTAT" --read "$out" -a -j >"$out.json" 2>/dev/null || [ $? -eq 3 ]
	schema whole <"$out.json"
	grep -q '"complete":false' "$out.json"
}

@test "schema: the keys of a socket are the columns' paths" {
	diff <("$LINGERSTAT" -C help | awk '{ print $2 }' | sort) \
		<(schema keys | grep -vxE 'type|close|explain|event' | sort)
}

@test "schema: its words are the tool's" {
	[ -x "$words" ] || skip "contrib/completion/words is not built"
	diff <("$words" | awk -F '\t' '$1 == "json" { print $2, $3 }' | sort -u) <(schema words | sort)
}

@test "schema: keys may be added" {
	{
		recorded -j
		"$LINGERSTAT" explain -j zero-linger
		"$LINGERSTAT" summary -a -j
	} >"$out"
	schema open <"$out"
}

@test "schema: what is misspelt, missing, or of another type is refused" {
	{
		every_kind -j
		"$LINGERSTAT" explain --read "$dump" -a -j
	} >"$out"
	schema mutate <"$out"
}

@test "schema: an unknown that is told as a value is refused" {
	[ -n "${JQ-}" ] || skip "jq is not installed"
	recorded -j >"$out"
	"$JQ" . "$out" | schema whole
	while read -r change; do
		"$JQ" "$change" "$out"
	done >"$out.wrong" <<-'END'
		.sockets[0].recv_queue = null
		.sockets[0].linger = false
		.sockets[0].linger = {"on": false, "seconds": 0, "forever": false, "source": "none"}
		.sockets[0].linger = {"on": true, "seconds": 5, "forever": true, "source": "bpf"}
		.sockets[0].close.outcome = "unknown"
		.sockets[0].close |= (.outcome = null | .outcomes = ["fin"])
		.sockets[0].close |= (.outcome = "fin" | .outcomes = ["fin", "reset"])
		.sockets[0].cookie = 74
		.sockets[0].local.port = 65536
		.summary.states.ESTAB = 1
		del(.summary.reasons.orphan)
		.header.schema = 2
	END
	schema refuse <"$out.wrong" >"$out.said"
	[ "$(cat "$out.said")" = "12 objects" ]
}
