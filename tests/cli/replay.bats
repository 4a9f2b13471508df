#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Listings of a recording: sockets in every TCP state over IPv4 and IPv6, as the kernel told them
# to `ss -D` (tests/data/record-states made them). What is expected stands beside the recording.

load recording

# prints NAME ARGUMENT...: the listing is what states.NAME.expected says. With LINGERSTAT_REWRITE
# set it is written there instead.
prints() {
	local expected=$TESTDATA/states.$1.expected
	shift
	list "$@"
	if [ -n "$LINGERSTAT_REWRITE" ]; then
		cp "$out" "$expected"
	else
		diff -u "$expected" "$out"
	fi
}

needs_jq() {
	command -v "$jq" >/dev/null || skip "jq is not installed"
}

# absent PATTERN: no line of the listing matches. (A negated command would not fail the test.)
absent() {
	if grep -En -- "$1" "$out"; then
		return 1
	fi
}

rows() {
	wc -l <"$out"
}

@test "table: connections, as without options" {
	prints connected -n
}

@test "table: -a shows every state" {
	prints all -an
}

@test "table: -l shows listeners" {
	prints listen -ln
}

@test "table: the command's name changes nothing" {
	list -an
	cp "$out" "$out.plain"
	status=0
	"$LINGERSTAT" list --read "$dump" -an >"$out" || status=$?
	[ "$status" -eq 0 ]
	diff -u "$out.plain" "$out"
}

@test "table: -t is understood, in one word with others" {
	list -an
	cp "$out" "$out.plain"
	list -tan
	diff -u "$out.plain" "$out"
	list --tcp --all --numeric
	diff -u "$out.plain" "$out"
}

@test "table: -4 and -6 share the rows out, both together show all" {
	list -anH
	all=$(rows)
	list -anH4
	four=$(rows)
	absent '\['
	list -anH6
	six=$(rows)
	absent '(^| )(127|0)\.'
	[ "$four" -gt 30 ] && [ "$six" -gt 30 ]
	[ $((four + six)) -eq "$all" ]
	list -anH46
	[ "$(rows)" -eq "$all" ]
}

@test "table: ports by name, with -n by number" {
	name=$(getent services 22/tcp | cut -d' ' -f1)
	[ -n "$name" ] || skip "the services file has no 22/tcp"
	# 10002, in network byte order.
	LC_ALL=C sed 's/\x27\x12/\x00\x16/g' "$dump" >"$BATS_TEST_TMPDIR/named"
	dump=$BATS_TEST_TMPDIR/named
	list -l -4
	grep -qF " 127.0.0.1:$name " "$out"
	list -l -4 -n
	grep -qF " 127.0.0.1:22 " "$out"
}

@test "table: hosts by number, with -r by name" {
	name=$(awk '$1 == "127.0.0.1" { print $2; exit }' /etc/hosts)
	[ -n "$name" ] || skip "/etc/hosts has no 127.0.0.1"
	list -l -4 -n
	grep -qF " 127.0.0.1:10002 " "$out"
	list -l -4 -n -r
	grep -qF " $name:10002 " "$out"
	grep -F " 127.0.0.1:" "$out" && return 1
	# An address that nobody may have a name for.
	grep -qF " 0.0.0.0:*" "$out"
}

@test "table: -H leaves the header out and nothing else" {
	list -an -C state,recv-q,peer
	sed 1d "$out" | tr -s ' ' >"$out.rows"
	list -anH -C state,recv-q,peer
	tr -s ' ' <"$out" | diff -u "$out.rows" -
}

@test "table: in a pipe nothing is cut and there is no tally" {
	COLUMNS=40 list -an -C reasons,local,peer
	absent '…|>'
	list -anH
	awk '$1 != "tcp" { exit 1 }' "$out"
}

@test "table: columns in the order they are named" {
	prints columns -an -C peer,local,state,inode,cookie,uid,shutdown,queue-unit
}

@test "table: the forecast in full" {
	prints forecast -an -C state,recv-q,send-q,outcome,risk,risk-max,loss-min,loss-max,unread-loss,block,reasons
}

@test "table: +LIST adds to the default" {
	list -n
	default=$(head -n 1 "$out")
	list -n -C +reasons,unread
	[ "$(head -n 1 "$out" | tr -s ' ')" = "$(echo "$default" | tr -s ' ') REASONS UNREAD" ]
}

@test "table: a column's name as the header, the JSON or a filter has it" {
	list -n -C State,recv_queue,sendq,RISK-MAX,close.outcome
	[ "$(head -n 1 "$out" | tr -s ' ' | sed 's/ $//')" = "STATE RECV-Q SEND-Q RISK-MAX OUTCOME" ]
	"$LINGERSTAT" --read "$dump" -an --sort=-send_queue >"$out"
	"$LINGERSTAT" --read "$dump" -an --sort=-Send-Q | cmp - "$out"
}

@test "table: a column named twice stays where it was first" {
	list -n -C state,peer,state
	[ "$(head -n 1 "$out" | tr -s ' ' | sed 's/ $//')" = "STATE PEER" ]
}

@test "table: --color=always colours, --color=never and NO_COLOR do not" {
	escape=$(printf '\033')
	list -an --color=always
	grep -q "$escape" "$out"
	sed "s/$escape\[[0-9;]*m//g" "$out" >"$out.bare"
	list -an --color=never
	absent "$escape"
	diff -u "$out" "$out.bare"
	NO_COLOR=1 list -an --color=auto
	absent "$escape"
	NO_COLOR=1 list -an --color=always
	grep -q "$escape" "$out"
}

@test "table: every state is there" {
	list -anH -C state
	for state in ESTAB SYN-SENT SYN-RECV FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSE-WAIT LAST-ACK \
		LISTEN CLOSING; do
		grep -q "^$state *\$" "$out" || { echo "no $state" && false; }
	done
}

@test "what was not read is unknown: linger and processes of another machine" {
	list -anH -C inode,linger,process
	awk '$1 > 0 && ($2 != "?" || $3 != "?") { print; bad = 1 } END { exit bad }' "$out"
	list -anH -C state,inode,linger,process
	awk '$1 == "TIME-WAIT" && $3 != "-" { print; bad = 1 } END { exit bad }' "$out"
}

# Another program's reading of the same bytes. ss stops at the first end mark, so it sees the IPv4
# walk only.
@test "the rows are those that ss prints" {
	command -v ss >/dev/null || skip "ss is not installed"
	TCPDIAG_FILE=$dump ss -tanH | awk '{ print $1, $2, $3, $4, $5 }' >"$out.ss"
	[ -s "$out.ss" ] || skip "this ss reads no recordings"
	list -anH4 -C state,recv-q,send-q,local,peer
	sed 's/%1:/%lo:/' "$out" | awk '{ print $1, $2, $3, $4, $5 }' >"$out.rows"
	diff -u "$out.ss" "$out.rows"
}

@test "--risk: the rows at or above each level, by the lower bound" {
	needs_jq
	list -aj
	cp "$out" "$out.json"
	for level in none possible likely certain; do
		list -anH --risk=$level
		wanted=$("$jq" --arg level $level '["none", "possible", "likely", "certain"] as $order |
			[.sockets[] | select((.close.risk as $r | $order | index($r)) >=
				($level as $l | $order | index($l)))] | length' "$out.json")
		echo "$level: $(rows) rows, $wanted in JSON"
		[ "$(rows)" -eq "$wanted" ]
	done
	[ "$wanted" -gt 0 ]
	list -anH --risk
	plain=$(rows)
	list -anH --risk=likely
	[ "$(rows)" -eq "$plain" ]
}

# --- JSON ------------------------------------------------------------------------------------------

# One socket of each state and set of reasons, with the keys that are promised; others may come.
promised() {
	"$jq" -S '[.sockets | group_by([.family, .state, .close.reasons])[] | .[0] | {
		type, netid, family, state, netns, netns_name, local, peer, interface, recv_queue,
		send_queue, unread_bytes, outstanding_bytes, unsent_bytes, linger, shutdown, uid,
		inode, cookie, cgroup, holders, references,
		close: (.close | {outcome, outcomes, risk, risk_max, reasons, loss_min_bytes,
			loss_max_bytes, unread_bytes, block_seconds})
	}] | .[]' -c "$out"
}

@test "json: as expected" {
	needs_jq
	list -aj
	promised >"$out.promised"
	if [ -n "$LINGERSTAT_REWRITE" ]; then
		cp "$out.promised" "$TESTDATA/states.ndjson.expected"
	fi
	diff -u "$TESTDATA/states.ndjson.expected" "$out.promised"
}

@test "json: every promised key is there, null or not" {
	needs_jq
	list -aj
	"$jq" -e '["netid", "family", "state", "netns", "netns_name", "local", "peer", "interface",
		"recv_queue", "send_queue", "unread_bytes", "outstanding_bytes", "unsent_bytes",
		"linger", "shutdown", "uid", "inode", "cookie", "cgroup", "unit", "container", "holders", "references",
		"close"] as $keys | all(.sockets[]; . as $s | all($keys[]; . as $k | $s | has($k)))' "$out"
	"$jq" -e '["outcome", "outcomes", "risk", "risk_max", "reasons", "loss_min_bytes",
		"loss_max_bytes", "unread_bytes", "block_seconds"] as $keys |
		all(.sockets[].close; . as $c | all($keys[]; . as $k | $c | has($k)))' "$out"
}

@test "json: header and summary say what is known, and null for the rest" {
	needs_jq
	list -aj
	"$jq" -e '.header | .type == "header" and .schema == 1 and .source == "replay" and
		.host == null and .time == null and .kernel == null and .netns == null and
		.linger_source == null and .owners_source == null and
		(.version | test("^[0-9]+\\.[0-9]+"))' "$out"
	"$jq" -e '.summary.type == "summary" and .summary.complete == true and
		.summary.problem == null and .summary.sockets == (.sockets | length)' "$out"
	"$jq" -e '(.summary.states | add) == (.sockets | length) and
		(.summary.risks | add) == (.sockets | length)' "$out"
	for state in listen time_wait close_wait fin_wait1; do
		"$jq" -e --arg s $state \
			'.summary.states[$s] == ([.sockets[] | select(.state == $s)] | length)' "$out"
	done
}

@test "ndjson: the same objects, one a line" {
	needs_jq
	list -aj
	"$jq" -c '.header, .sockets[], .summary' "$out" >"$out.json"
	list -a --format=ndjson
	"$jq" -c . "$out" | diff -u "$out.json" -
	[ "$(rows)" -eq "$(wc -l <"$out.json")" ]
	list -a --format=json
	"$jq" -c '.header, .sockets[], .summary' "$out" | diff -u "$out.json" -
}

# every_number COLUMN PATH: the column of the table and the key of JSON say the same.
every_number() {
	list -aj -C "$1"
	"$jq" -r ".sockets[] | .$2" "$out" >"$out.values"
	list -anH -C "$1"
	sed 's/ //g; s/^[?-]$/null/' "$out" >"$out.table"
	diff -u "$out.values" "$out.table"
}

@test "json: every number equals the table's" {
	needs_jq
	numbers=0
	"$LINGERSTAT" -C help >"$out.help"
	while read -r column path rest; do
		case $path in
		*queue | *bytes | uid | inode | netns | references | *second | *seconds | *_ms | *_us | *_segments | mark | drops) ;;
		*) continue ;;
		esac
		numbers=$((numbers + 1))
		every_number "$column" "$path"
	done <"$out.help"
	[ "$numbers" -ge 14 ]
}

@test "json: every word equals the table's" {
	needs_jq
	list -aj
	cp "$out" "$out.json"
	for column in netid family cookie; do
		every_number "$column" "$column"
	done
	list -anH -C risk-max
	sed 's/ //g' "$out" >"$out.table"
	"$jq" -r '.sockets[].close.risk_max' "$out.json" | diff -u - "$out.table"
	list -anH -C risk
	sed 's/[ ?]//g' "$out" >"$out.table"
	"$jq" -r '.sockets[].close.risk' "$out.json" | diff -u - "$out.table"
	list -anH -C reasons
	sed 's/ //g; s/^-$//' "$out" >"$out.table"
	"$jq" -r '.sockets[].close.reasons | join(",")' "$out.json" | diff -u - "$out.table"
	list -anH -C outcomes
	sed 's/ //g' "$out" >"$out.table"
	"$jq" -r '.sockets[].close.outcomes | join("|")' "$out.json" | diff -u - "$out.table"
	list -anH -C state
	sed 's/ //g; s/^ESTAB$/ESTABLISHED/; s/-//g' "$out" >"$out.table"
	"$jq" -r '.sockets[].state | ascii_upcase | gsub("_"; "")' "$out.json" | diff -u - "$out.table"
}

@test "json: -C trims the keys" {
	needs_jq
	list -aj -C state,local,risk,reasons
	"$jq" -e 'all(.sockets[]; keys == ["close", "local", "state", "type"] and
		(.close | keys) == ["reasons", "risk"] and
		(.local | keys) == ["address", "port"])' "$out"
	list -aj -C netid
	"$jq" -e 'all(.sockets[]; keys == ["netid", "type"])' "$out"
}

@test "json: cookies are strings, no number passes 2^53" {
	needs_jq
	list -aj
	"$jq" -e 'all(.sockets[]; .cookie | type == "string" and test("^[0-9a-f]+$"))' "$out"
	"$jq" -e '[.. | numbers] | all(. >= 0 and . < 9007199254740992)' "$out"
}

@test "json: one outcome is the outcome, several are none" {
	needs_jq
	list -aj
	"$jq" -e 'all(.sockets[].close; if (.outcomes | length) == 1
		then .outcome == .outcomes[0] else .outcome == null end)' "$out"
	"$jq" -e 'any(.sockets[].close; .outcome == null)' "$out"
}

@test "json: a selection without sockets is an empty list, and valid" {
	needs_jq
	head -c 10000 "$dump" >"$out.cut" # IPv4 only
	"$LINGERSTAT" --read "$out.cut" -j6 >"$out" 2>"$err" || status=$?
	"$jq" -e '.sockets == []' "$out"
}

@test "a recording is read from standard input too" {
	list -an
	cp "$out" "$out.file"
	"$LINGERSTAT" --read - -an <"$dump" >"$out"
	diff -u "$out.file" "$out"
	cat "$dump" | "$LINGERSTAT" --read=- -an >"$out"
	diff -u "$out.file" "$out"
}

@test "--columns help: every column with its JSON key, under 80 columns" {
	"$LINGERSTAT" -C help >"$out" 2>"$err"
	[ ! -s "$err" ]
	[ "$(rows)" -gt 25 ]
	cp "$out" "$out.help"
	awk 'length > 79 { print; bad = 1 } END { exit bad }' "$out"
	while read -r column rest; do
		list -n -C "$column"
		[ "$(rows)" -gt 50 ]
	done <"$out.help"
}
