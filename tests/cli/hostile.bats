#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-tap: live
#
# Names that mean harm: of processes, unix sockets, control groups, interfaces, files. No byte of
# them steers a terminal, and none breaks a format.

load recording

# Each in at most 15 bytes: a colour, a title, C1 as a byte and as a character, line ends, what
# formats quote, invalid UTF-8, direction, no width, wide characters, labels, perfdata.
evil=(
	$'a\e[31mb\a' $'\e]0;t\a' $'c\x9b31m' $'d\xc2\x9b31m' $'n\nl\r\tt' $'q",;\\"x' "p'|=1;2;3"
	$'\xff\xfe\xc3' $'\xe2\x80\xaegpj' $'z\xe2\x80\x8bw' $'\xe6\xbc\xa2\xe5\xad\x97' 'l{a="b"} 1'
)

teardown() {
	exec 9>&-
	[ -z "${group-}" ] || leave_group
}

# hold ARGUMENT...: a holder with those arguments; its port is in $port.
hold() {
	local holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket
	[ -x "$holder" ] || skip "$holder is not built"
	exec 9>&-
	rm -f "$BATS_TEST_TMPDIR/stdin" "$BATS_TEST_TMPDIR/port"
	mkfifo "$BATS_TEST_TMPDIR/stdin"
	"${before[@]}" "$holder" "$@" <"$BATS_TEST_TMPDIR/stdin" >"$BATS_TEST_TMPDIR/port" 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/stdin"
	for _ in $(seq 600); do
		[ -s "$BATS_TEST_TMPDIR/port" ] && break
		sleep 0.05
	done
	port=$(cat "$BATS_TEST_TMPDIR/port")
	[ -n "$port" ]
}

hex() {
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

# harmless FILE: text, and nothing in it steers a terminal or hides.
harmless() {
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || { echo "no UTF-8: $(od -c "$1" | head)" && return 1; }
	for bytes in $'[\001-\011\013-\037\177]' $'\xc2[\x80-\x9f\xad]' $'\xe2\x80[\x8b-\x8f\xa8-\xae]' \
		$'\xe2\x81[\xa0-\xaf]'; do
		if LC_ALL=C grep -q "$bytes" "$1"; then
			echo "harm in: $(LC_ALL=C grep "$bytes" "$1" | od -c | head)"
			return 1
		fi
	done
}

# shows ARGUMENT...: one run, both streams harmless, in a UTF-8 locale and in none.
shows() {
	local locale
	for locale in C.UTF-8 C; do
		status=0
		LC_ALL=$locale "$LINGERSTAT" "$@" >"$out" 2>"$err" || status=$?
		tr -d '\r' <"$out" >"$out.text"
		harmless "$out.text" || { echo "$*" && return 1; }
		harmless "$err" || { echo "$*: stderr" && return 1; }
		[ "$locale" = C.UTF-8 ] || [[ " $* " == *format=* ]] || ! LC_ALL=C grep -q $'[\x80-\xff]' "$out"
	done
}

# lists_one ARGUMENT...: exactly one row of a table, without a header.
lists_one() {
	shows "$@"
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$out")" -eq 1 ] || { echo "not one row: $(cat "$out")" && return 1; }
}

# is_csv FILE: as many fields in each record as the header has, quotes taken into account.
is_csv() {
	"${AWK:-awk}" -v RS='\r\n' '
		{
			line = $0; fields = 1; quoted = 0
			for (i = 1; i <= length(line); i++) {
				c = substr(line, i, 1)
				if (c == "\"") quoted = !quoted
				if (c == "," && !quoted) fields++
			}
			if (NR == 1) expected = fields
			if (fields != expected || quoted) { print "record " NR ": " line; exit 1 }
		}' "$1"
}

@test "process names: one row each, in every command and format" {
	for name in "${evil[@]}"; do
		hold "$name"
		lists_one -ltnH "sport = $port"
		lists_one -ltnpH "sport = $port"
		shows explain -ltn "sport = $port"
		shows summary --by process -l "sport = $port"
		shows -ltn --format=csv "sport = $port"
		is_csv "$out"
		shows -ltj --format=json "sport = $port"
		shows check --tcp -w listen=0 "sport = $port"
		[ "$(head -n 1 "$out" | tr -cd '|' | wc -c)" -le 1 ] || { cat "$out" && return 1; }
	done
}

@test "process names: JSON has the exact bytes" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	for name in "${evil[@]}"; do
		hold "$name"
		shows -ltj --format=json "sport = $port"
		"$jq" -j '.sockets[0].holders[0] | if .comm_base64 then .comm_base64 | @base64d else .comm end' \
			"$out" >"$out.name"
		[ "$("$jq" -r '.sockets[0].holders[0].comm_base64 // ""' "$out" | base64 -d 2>/dev/null | od -An -v -tx1 | tr -d ' \n')" = "$(hex "$name")" ] ||
			[ "$(od -An -v -tx1 <"$out.name" | tr -d ' \n')" = "$(hex "$name")" ]
	done
}

@test "process names on a terminal" {
	command -v script >/dev/null || skip "script is not installed"
	for name in "${evil[@]}"; do
		hold "$name"
		LC_ALL=C.UTF-8 TERM=dumb script -qec "$LINGERSTAT -ltnpO --color=never 'sport = $port'" /dev/null \
			</dev/null | tr -d '\r' >"$out"
		grep -q LISTEN "$out"
		harmless "$out"
	done
}

# What is wide takes two columns, so what stands behind it stays under its header.
@test "wide names keep the columns" {
	hold "$(printf '\xe6\xbc\xa2\xe5\xad\x97')"
	LC_ALL=C.UTF-8 "$LINGERSTAT" -ltn -C process,local "sport = $port" >"$out" 2>"$err"
	[ "$(sed -n 1p "$out" | "${AWK:-awk}" '{ print index($0, "LOCAL") }')" -gt 0 ]
	# In bytes the row's second column begins two later: four columns in six bytes.
	[ "$(LC_ALL=C "${AWK:-awk}" 'NR == 1 { print index($0, "LOCAL") + 2 }' "$out")" -eq \
		"$(LC_ALL=C "${AWK:-awk}" 'NR == 2 { print index($0, "127.0.0.1") }' "$out")" ] || { cat "$out" && return 1; }
}

@test "unix names: one row each, and the exact bytes in JSON" {
	local long
	long=$(printf 'L%.0s' $(seq 90))
	for name in "${evil[@]}" "$long"; do
		hold plain "00$(hex "$name")004142"
		lists_one -lxnpH "src = unix:@*" and pid = "$pid" || lists_one -lxnpH "pid = $pid"
		shows -lxn --format=csv "pid = $pid"
		is_csv "$out"
		shows explain -lxn "pid = $pid"
		shows -lx --format=json "pid = $pid"
		! command -v "$jq" >/dev/null || "$jq" -e '.sockets | length == 1' "$out" >/dev/null
	done
}

# --- control groups ---------------------------------------------------------------------------------

leave_group() {
	exec 9>&-
	wait
	rmdir "$group"
}

@test "control groups" {
	local root
	root=$("${AWK:-awk}" '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$root" ] || skip "no cgroup2 file system is mounted"
	group=$root/lingerstat$$$(printf 'a\033[31m,"\302\233\377')
	mkdir "$group" 2>/dev/null || { group= && skip "no control group can be made"; }
	before=(bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group")
	hold plain
	lists_one -ltnH -C cgroup "sport = $port"
	grep -qF 'a\x1b[31m' "$out"
	shows -ltn --format=csv "sport = $port"
	is_csv "$out"
	shows summary --by cgroup -l "sport = $port"
	shows -lt --format=json "sport = $port"
	! command -v "$jq" >/dev/null || "$jq" -e '.sockets[0].cgroup | contains("\u001b[31m")' "$out"
}

# --- interfaces -------------------------------------------------------------------------------------

@test "interfaces" {
	local device
	device=$(printf 'a\033[31m"\302\233\377')
	command -v ip >/dev/null || skip "ip is not installed"
	unshare -n true 2>/dev/null || skip "no network namespace can be made"
	unshare -n ip link add name "$device" type bridge 2>/dev/null || skip "no such interface can be made"
	before=(unshare -n bash -c 'ip link set lo up && ip link add name "$0" type bridge && exec "$@"' "$device")
	hold plain "" "$device"
	lists_one -N "$pid" -ltnH "sport = $port"
	lists_one -N "$pid" -ltnH -C local,interface "sport = $port"
	shows -N "$pid" -ltn --format=csv
	is_csv "$out"
	shows -N "$pid" -lt --format=json
	! command -v "$jq" >/dev/null || "$jq" -e '.sockets[0].interface | startswith("a\u001b[31m")' "$out"
	shows -N "$pid" -ltn "dev = '$device'"
}

# --- what messages repeat ---------------------------------------------------------------------------

@test "words of the command line in messages" {
	for name in $'a\e[31mb\a' $'\e]0;t\a' $'c\x9b31m' $'d\xc2\x9b31m\n' $'\xe2\x80\xaegpj'; do
		for word in "--read=$name" "--net=$name" "--filter=$name" "--sort=$name" "--columns=$name" \
			"--format=$name" "--$name" "$name" "sport = $name"; do
			shows "$word"
			[ "$status" -ne 0 ]
			[ "$(wc -l <"$err")" -eq 1 ] || { cat "$err" && return 1; }
		done
		shows check -w "$name"
		shows check --read "/nonexistent/$name" -w time_wait=1
		shows explain "$name"
		head -c 5000 "$dump" >"$BATS_TEST_TMPDIR/$name"
		shows --read "$BATS_TEST_TMPDIR/$name" -an
		[ "$status" -eq 3 ]
	done
}

@test "metrics are what promtool takes, whoever holds the sockets" {
	command -v promtool >/dev/null || skip "promtool is not installed"
	hold $'a"\\\n\xff{}'
	shows metrics
	promtool check metrics <"$out"
}
