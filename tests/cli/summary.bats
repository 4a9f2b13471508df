#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command `summary`: sums of a recorded dump, sections and keys, what is refused.

load recording

# refuses WORD... -- ARGUMENT...: a usage error, one line with each of the words.
refuses() {
	local words=() status=0
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	"$LINGERSTAT" "$@" >"$out" 2>"$err" </dev/null || status=$?
	[ "$status" -eq 2 ] || { echo "$*: status $status: $(cat "$err")" && return 1; }
	[ ! -s "$out" ] && [ "$(wc -l <"$err")" -eq 1 ] || { echo "$*: $(cat "$out" "$err")" && return 1; }
	for word in "${words[@]}"; do
		grep -qF -- "$word" "$err" || { echo "no '$word' in: $(cat "$err")" && return 1; }
	done
}

needs_jq() {
	[ -n "${JQ-}" ] || skip "jq is not installed"
}

@test "summary: a recording, whole" {
	"$LINGERSTAT" summary -n --read "$dump" >"$out" 2>"$err"
	diff -u "$TESTDATA/states.summary.expected" "$out"
	# No owner of a recorded socket can be looked for, and that is no news.
	[ ! -s "$err" ]
}

@test "summary: -s of the list is the same" {
	"$LINGERSTAT" -s -n --read "$dump" | diff "$TESTDATA/states.summary.expected" -
	"$LINGERSTAT" list --summary --numeric --read "$dump" | diff "$TESTDATA/states.summary.expected" -
}

@test "summary: the numbers are those of the list" {
	needs_jq
	"$LINGERSTAT" -a -j --read "$dump" >"$out"
	"$LINGERSTAT" summary -j --read "$dump" >"$BATS_TEST_TMPDIR/sum"
	list=$("$jq" -S '.summary' "$out")
	sum=$("$jq" -S --argjson list "$list" '.summary | with_entries(select(.key | in($list)))' "$BATS_TEST_TMPDIR/sum")
	diff <(echo "$list") <(echo "$sum")
	# And a reader of the rows counts the same.
	rows=$("$jq" -S '[.sockets[].state] | group_by(.) | map({key: .[0], value: length}) | from_entries' "$out")
	states=$("$jq" -S '.summary.kinds.tcp | with_entries(select(.value > 0))' "$BATS_TEST_TMPDIR/sum")
	diff <(echo "$rows") <(echo "$states")
	rows=$("$jq" -S '[.sockets[] | .close.reasons[]] | group_by(.) | map({key: .[0], value: length}) | from_entries' "$out")
	reasons=$("$jq" -S '.summary.at_stake_by_reason | map_values(.sockets) | with_entries(select(.value > 0))' "$BATS_TEST_TMPDIR/sum")
	diff <(echo "$rows") <(echo "$reasons")
	[ "$rows" != "{}" ]
}

@test "summary: every state, reason and risk is there, at zero too" {
	needs_jq
	"$LINGERSTAT" summary -j --read "$dump" state syn-sent >"$out"
	[ "$("$jq" '.summary.kinds.tcp | length' "$out")" -ge 12 ]
	[ "$("$jq" '.summary.kinds.tcp | add' "$out")" -eq "$("$jq" '.summary.kinds.tcp.syn_sent' "$out")" ]
	[ "$("$jq" '.summary.at_stake_by_risk | length' "$out")" -eq 4 ]
	[ "$("$jq" '.summary.at_stake_by_reason | length' "$out")" -ge 17 ]
	[ "$("$jq" '.summary.narrowed' "$out")" = true ]
	"$LINGERSTAT" summary --read "$dump" --sections states state syn-sent >"$out"
	grep -q "^Only the sockets that were selected" "$out"
	grep -Eq '^  CLOSE-WAIT +0 ' "$out"
	grep -Eq '^  SYN-SENT +2 ' "$out"
}

@test "summary: no state twice, and none that the kind cannot be in" {
	needs_jq
	"$LINGERSTAT" summary --sections states --tcp --udp >"$out"
	! grep -qE '^ +(COOKIE|SHUTDOWN)-' "$out" || false
	[ -z "$(awk '{ print $1 }' "$out" | sort | uniq -d)" ]
	[ "$("$LINGERSTAT" summary -j --tcp --read "$dump" |
		"$jq" -r '.summary.kinds.tcp | keys - ["unknown"] | length')" -eq 12 ]
	"$LINGERSTAT" summary -j --udp --sections states >"$out"
	[ "$("$jq" -r '.summary.kinds.udp | keys | join(",")' "$out")" = close,established,unknown ]
	# A state of another kind is no 0, it is not there.
	"$LINGERSTAT" summary --tcp --udp --sections states >"$out"
	grep -Eq '^  LISTEN +[0-9]+ +[0-9]+ +-$' "$out"
}

@test "summary: what a recording does not hold is null, and said" {
	needs_jq
	"$LINGERSTAT" summary -j --read "$dump" >"$out"
	[ "$("$jq" -c '.summary | [.limits, .aborts, .ephemeral_ports, .narrowed]' "$out")" = "[null,null,null,false]" ]
	"$LINGERSTAT" summary --read "$dump" >"$out"
	[ "$(grep -c "a recording does not hold" "$out")" -eq 3 ]
}

@test "summary: only the sections that are asked for, in their own order" {
	"$LINGERSTAT" summary --read "$dump" --sections limits,states >"$out"
	[ "$(grep -c '^[^ ]' "$out")" -eq 2 ]
	[[ "$(head -1 "$out")" == STATES* ]]
	"$LINGERSTAT" summary --read "$dump" --sections states --sections=aborts >"$out"
	[ "$(grep -c '^[^ ]' "$out")" -eq 2 ]
}

@test "summary: groups by each key add up" {
	needs_jq
	total=$("$LINGERSTAT" summary -j --read "$dump" | "$jq" .summary.sockets)
	for key in pid process user cgroup unit container netns local-port peer peer-port state; do
		"$LINGERSTAT" summary --by "$key" --top 100000 -j --read "$dump" >"$out"
		[ "$("$jq" -r .summary.groups.by "$out")" = "$key" ]
		[ "$("$jq" '[.summary.groups.largest[].sockets] | add' "$out")" -eq "$total" ]
		[ "$("$jq" '.summary.groups.largest | length' "$out")" -eq "$("$jq" .summary.groups.count "$out")" ]
		# The largest first.
		[ "$("$jq" '[.summary.groups.largest[].sockets] | . == (sort | reverse)' "$out")" = true ]
		# No section unless asked for.
		[ "$("$jq" '.summary | has("kinds") or has("close_wait")' "$out")" = false ]
	done
}

@test "summary: groups by state and by port are what the rows say" {
	needs_jq
	rows=$("$LINGERSTAT" -a -j --read "$dump" | "$jq" -c '[.sockets[].state] | group_by(.) | map({(.[0]): length}) | add')
	groups=$("$LINGERSTAT" summary --by state --top 99 -j --read "$dump" |
		"$jq" -cS '[.summary.groups.largest[] | {(.key): .sockets}] | add')
	[ "$rows" = "$groups" ]
	rows=$("$LINGERSTAT" -a -j --read "$dump" |
		"$jq" -cS '[.sockets[].peer.port | select(. != null and . > 0) | tostring] | group_by(.) | map({(.[0]): length}) | add')
	groups=$("$LINGERSTAT" summary --by peer-port --top 99 -j --read "$dump" |
		"$jq" -cS '[.summary.groups.largest[] | select(.value == "known") | {(.key | tostring): .sockets}] | add')
	[ "$rows" = "$groups" ]
}

@test "summary: --top cuts, and says what it cuts" {
	"$LINGERSTAT" summary --by state --top 2 --read "$dump" >"$out"
	[ "$(grep -c '^  [A-Z]' "$out")" -eq 2 ]
	shown=$(awk '/^  [A-Z]/ { n += $2 } END { print n }' "$out")
	rest=$(sed -n 's/^  and 8 more with \([0-9]*\) sockets.*/\1/p' "$out")
	all=$("$LINGERSTAT" summary --sections states --read "$dump" | awk '$1 == "all" { print $2 }')
	[ "$((shown + rest))" -eq "$all" ]
}

@test "summary: risk narrows what is counted" {
	needs_jq
	rows=$("$LINGERSTAT" -a --risk=certain -j --read "$dump" | "$jq" '.sockets | length')
	[ "$rows" -gt 0 ]
	[ "$("$LINGERSTAT" summary --risk=certain -j --read "$dump" | "$jq" .summary.sockets)" -eq "$rows" ]
}

@test "summary: a recording cut short is said, and the status is 3" {
	head -c 3000 "$dump" >"$BATS_TEST_TMPDIR/cut"
	status=0
	"$LINGERSTAT" summary --read "$BATS_TEST_TMPDIR/cut" --sections states >"$out" 2>"$err" || status=$?
	[ "$status" -eq 3 ]
	grep -q "were readable" "$err"
	[[ "$(head -1 "$out")" == INCOMPLETE:* ]]
	grep -q "^STATES" "$out"
	status=0
	"$LINGERSTAT" summary -j --read "$BATS_TEST_TMPDIR/cut" >"$out" 2>"$err" || status=$?
	[ "$status" -eq 3 ]
	[ -z "${JQ-}" ] || [ "$("$jq" -c '.summary | [.complete, .problem == null]' "$out")" = "[false,false]" ]
}

@test "summary: what is not needed is not asked for" {
	needs_jq
	for arguments in "--sections states" "--by state" "--by peer" "--by local-port" "--by user" "--sections aborts,ports"; do
		# shellcheck disable=SC2086
		"$LINGERSTAT" summary $arguments -j >"$out" 2>"$err"
		[ "$("$jq" -c '.header | [.linger_source, .owners_source]' "$out")" = "[null,null]" ] ||
			{ echo "$arguments: $("$jq" -c .header "$out")" && false; }
		[ ! -s "$err" ]
		[ "$("$jq" '.summary | has("risks")' "$out")" = false ]
	done
}

@test "summary: no bars and no colour in a pipe" {
	TERM=xterm LC_ALL=C.UTF-8 "$LINGERSTAT" summary --read "$dump" >"$out"
	! grep -q '█\|#' "$out" || false
	! grep -q "$(printf '\033')" "$out" || false
	! grep -q ' $' "$out" || false
	TERM=xterm "$LINGERSTAT" summary --color=always --read "$dump" | grep -q "$(printf '\033')"
}

# on_terminal COLUMNS LOCALE ARGUMENT...: the tool's output on a terminal of that width.
on_terminal() {
	local columns=$1 locale=$2
	shift 2
	command -v script >/dev/null || skip "script is not installed"
	TERM=xterm NO_COLOR=1 LC_ALL=$locale script -qec "stty cols $columns; $LINGERSTAT $*" /dev/null </dev/null | tr -d '\r'
}

@test "summary: bars on a terminal, of blocks or of #" {
	on_terminal 80 C.UTF-8 summary --sections states --read "$dump" >"$out"
	[ "$(grep -c '█' "$out")" -ge 3 ]
	on_terminal 80 C summary --sections states --read "$dump" >"$out"
	[ "$(grep -c '#$' "$out")" -ge 3 ]
	! grep -q '█' "$out" || false
	[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' "$out")" -le 80 ]
	# The largest has the longest; nothing has none.
	grep -Eq '^  ESTAB +30 .* #{30,40}$' "$out"
	! grep -Eq '^  UNCONN +0 .*#' "$out" || false
	# Too narrow for bars that say anything.
	on_terminal 30 C summary --sections states --read "$dump" >"$out"
	! grep -q '#' "$out" || false
}

@test "summary: ports are not known where TCP was not listed" {
	needs_jq
	"$LINGERSTAT" summary --unix -j --sections ports,limits >"$out"
	[ "$("$jq" -c '.summary | [.ephemeral_ports, .limits.ephemeral_ports.used, .limits.ephemeral_ports.level]' "$out")" = '[null,null,"unknown"]' ]
	"$LINGERSTAT" summary --unix --sections ports | grep -q "^Ephemeral ports: they are TCP's"
	"$LINGERSTAT" summary --tcp -j --sections limits >"$out"
	[ "$("$jq" -r '.summary.limits.ephemeral_ports.used | type' "$out")" = number ]
}

@test "summary: every line fits a terminal of 80 columns" {
	widest() {
		awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }' "$out"
	}
	on_terminal 80 C summary -n --read "$dump" >"$out"
	[ "$(widest)" -le 80 ] && [ "$(wc -l <"$out")" -gt 30 ]
	on_terminal 80 C summary --sections limits,aborts >"$out"
	[ "$(widest)" -le 80 ] && [ "$(wc -l <"$out")" -gt 10 ]
	# In a pipe a sentence is one line.
	"$LINGERSTAT" summary --sections aborts | grep -q '^  Connections, counted since .* gone\.$'
}

@test "summary: a kind that this kernel lacks is not counted as none" {
	run "$LINGERSTAT" summary --dccp
	[ "$status" -ne 0 ] || skip "this kernel lists DCCP"
	[ "$status" -eq 3 ]
	[[ $output == *"INCOMPLETE: this kernel does not list every kind"* ]]
}

@test "summary: wrong words" {
	refuses --by "'prcess'" "did you mean 'process'" -- summary --by prcess
	refuses --by "needs a value" -- summary --by
	refuses --sections "'stats'" "did you mean 'states'" -- summary --sections states,stats
	refuses --sections "''" -- summary --sections states,
	for n in 0 -1 x 1x 100001 99999999999999999999 ''; do
		refuses --top "'$n'" 100000 -- summary --top "$n"
	done
	refuses "'--jsno'" "'--json'" -- summary --jsno
	refuses "'sumary'" "did you mean 'summary'" -- sumary
	refuses "takes no value" -- summary --json=yes
}

@test "summary: what -s does not go with" {
	refuses -s --columns -- -s -C state
	refuses -s --sort -- -s --sort state
	refuses -s --processes -- -sp
	refuses -s --no-header -- -s -H
	refuses -s csv -- -s --format=csv
	refuses -s --diag -- -s -D "$BATS_TEST_TMPDIR/dump"
	[ ! -e "$BATS_TEST_TMPDIR/dump" ]
}

@test "summary: help fits, and names every key and section" {
	"$LINGERSTAT" summary --help >"$out"
	[ "$(awk 'length > 79' "$out" | wc -l)" -eq 0 ]
	for word in process pid user cgroup unit container netns local-port peer peer-port state reason states risk close-wait ports listeners limits aborts; do
		grep -q "^  $word  *[a-zA-Z]" "$out" || { echo "not in the help: $word" && false; }
	done
	"$LINGERSTAT" summary --sections help >"$out"
	[ "$(wc -l <"$out")" -eq 7 ]
}

@test "summary: a full disk is an error" {
	[ -w /dev/full ] || skip "no /dev/full"
	status=0
	"$LINGERSTAT" summary --read "$dump" >/dev/full 2>"$err" || status=$?
	[ "$status" -eq 1 ]
	grep -q "standard output" "$err"
}
