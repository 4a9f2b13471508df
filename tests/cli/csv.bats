#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CSV, sorting and recording, on a recorded dump: no root, the same answer everywhere.

setup() {
	: "${LINGERSTAT:=lingerstat}" "${TESTDATA:=$BATS_TEST_DIRNAME/../data}"
	dump=$TESTDATA/states.dump
	work=$(mktemp -d)
}

teardown() {
	rm -rf "$work"
}

@test "csv: a header of column names, CRLF, as many fields in each record" {
	"$LINGERSTAT" --read "$dump" -an --format=csv >"$work/csv"
	[ "$(head -n 1 "$work/csv" | tr -d '\r' | cut -d, -f1-3)" = netid,family,state ]
	[ "$(grep -c $'\r$' "$work/csv")" -eq "$(wc -l <"$work/csv")" ]
	rows=$("$LINGERSTAT" --read "$dump" -anH | wc -l)
	[ "$(wc -l <"$work/csv")" -eq $((rows + 1)) ]
}

@test "csv: a field with a comma is quoted, others are not" {
	run "$LINGERSTAT" --read "$dump" -anH --format=csv -C state,reasons
	[ "$status" -eq 0 ]
	[[ $output == *'"unread-data,unaccepted"'* ]]
	[[ $output != *'"ESTAB"'* ]]
}

@test "csv: the same cells as the table" {
	"$LINGERSTAT" --read "$dump" -anH --format=csv -C state,recv-q,send-q,local | tr -d '\r' >"$work/csv"
	"$LINGERSTAT" --read "$dump" -anH -C state,recv-q,send-q,local | tr -s ' ' , >"$work/table"
	[ -s "$work/csv" ]
	cmp "$work/csv" "$work/table"
}

@test "--sort: numbers as numbers, both ways" {
	"$LINGERSTAT" --read "$dump" -anH -C send-q --sort=send-q | tr -d ' ' >"$work/up"
	sort -n "$work/up" | cmp - "$work/up"
	"$LINGERSTAT" --read "$dump" -anH -C send-q --sort=-send-q | tr -d ' ' >"$work/down"
	sort -rn "$work/down" | cmp - "$work/down"
	[ "$(sort "$work/up" | uniq | wc -l)" -gt 2 ]
}

@test "--sort: risk by its order, not by its letters" {
	[ -r "$dump" ]
	words=$("$LINGERSTAT" --read "$dump" -anH -C risk-max --sort=risk-max | uniq | tr -s ' \n' ' ')
	[[ "none possible likely certain " == *"$(echo "$words" | cut -d' ' -f1)"* ]]
	[ "$words" = "$(for w in none possible likely certain; do
		echo "$words" | tr ' ' '\n' | grep -x "$w"
	done | tr '\n' ' ')" ]
}

@test "--sort: what is unknown comes last" {
	run "$LINGERSTAT" --read "$dump" -anH -C unread --sort=-unread
	[ "$status" -eq 0 ]
	[ "$(echo "${lines[-1]}" | tr -d ' ')" = '?' ]
	[ "$(echo "${lines[0]}" | tr -d ' ')" != '?' ]
}

@test "--sort: a wrong column suggests the nearest" {
	run "$LINGERSTAT" --sort=sned-q
	[ "$status" -eq 2 ]
	[ "$output" = "lingerstat: --sort: unknown column 'sned-q'; did you mean 'send-q'?" ]
}

@test "-D: a recording of a recording is the same sockets, and ends once" {
	"$LINGERSTAT" --read "$dump" -a -D "$work/again"
	"$LINGERSTAT" --read "$dump" -an >"$work/one"
	"$LINGERSTAT" --read "$work/again" -an >"$work/two"
	cmp "$work/one" "$work/two"
}

@test "-D: the filter is applied, to standard output too" {
	"$LINGERSTAT" --read "$dump" -a -D - state listen >"$work/listen"
	run "$LINGERSTAT" --read "$work/listen" -anH -C state
	[ "$status" -eq 0 ]
	[ "$(echo "$output" | tr -d ' ' | sort -u)" = LISTEN ]
}

@test "-D: ss reads it whole" {
	command -v ss >/dev/null || skip "ss is not installed"
	"$LINGERSTAT" --read "$dump" -a -D "$work/again"
	ours=$("$LINGERSTAT" --read "$dump" -anH | wc -l)
	[ "$(TCPDIAG_FILE=$work/again ss -tanH | wc -l)" -eq "$ours" ]
}

@test "-D: only TCP, and a file that can be written" {
	run "$LINGERSTAT" -u -D "$work/x"
	[ "$status" -eq 2 ]
	[[ $output == *"a recording holds TCP sockets only"* ]]
	run "$LINGERSTAT" --read "$dump" -D "$work/no/such"
	[ "$status" -eq 1 ]
	[ "$output" = "lingerstat: cannot write to '$work/no/such': No such file or directory" ]
	run "$LINGERSTAT" --read "$dump" -a -D /dev/full
	[ "$status" -eq 1 ]
}

@test "--sort: addresses by their bytes and port, not by their letters" {
	ports=$("$LINGERSTAT" --read "$dump" -an4H -C local --sort=local 'src 127.0.0.1' | sed 's/.*://; s/ *$//; s/\*/0/')
	[ "$(echo "$ports" | wc -l)" -gt 5 ]
	[ "$ports" = "$(echo "$ports" | sort -n)" ]
}
