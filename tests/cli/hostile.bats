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

# hold ARGUMENT...: one more holder with those arguments; its port is in $port, its process in $pid.
# They all end when nobody holds their standard input any more.
hold() {
	local holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket stdin=$BATS_TEST_TMPDIR/stdin
	[ -x "$holder" ] || skip "$holder is not built"
	if ! [ -p "$stdin" ]; then
		mkfifo "$stdin"
		exec 9<>"$stdin"
	fi
	: >"$BATS_TEST_TMPDIR/port"
	"${before[@]}" "$holder" "$@" <"$stdin" >"$BATS_TEST_TMPDIR/port" 3>&- 9>&- &
	pid=$!
	for _ in $(seq 600); do
		[ -s "$BATS_TEST_TMPDIR/port" ] && break
		sleep 0.05
	done
	port=$(cat "$BATS_TEST_TMPDIR/port")
	[ -n "$port" ]
}

# hold_all: a holder of each name; a filter for all of their ports is in $where, their number in
# $held.
hold_all() {
	where='' held=0
	for name in "${evil[@]}"; do
		hold "$name"
		where="${where:+$where or }sport = $port"
		held=$((held + 1))
	done
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

# lists NUMBER ARGUMENT...: so many rows of a table without a header, one line each.
lists() {
	local rows=$1
	shift
	shows "$@"
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$out")" -eq "$rows" ] || { echo "not $rows rows: $(cat "$out")" && return 1; }
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
	hold_all
	lists "$held" -ltnH "$where"
	lists "$held" -ltnpH "$where"
	shows explain -ltn "$where"
	shows summary --by process -l "$where"
	shows -ltn --format=csv "$where"
	is_csv "$out"
	shows -lt --format=json "$where"
	shows check --tcp -w listen=0 "$where"
	[ "$(head -n 1 "$out" | tr -cd '|' | wc -c)" -le 1 ] || { cat "$out" && return 1; }
}

@test "process names: JSON has the exact bytes" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	hold_all
	shows -lt --format=json "$where"
	"$jq" -r '.sockets[].holders[0] | .comm_base64 // (.comm | @base64)' "$out" | sort >"$out.names"
	for name in "${evil[@]}"; do
		printf %s "$name" | base64
	done | sort | diff - "$out.names"
}

@test "process names on a terminal" {
	command -v script >/dev/null || skip "script is not installed"
	hold_all
	LC_ALL=C.UTF-8 TERM=dumb script -qec "$LINGERSTAT -ltnpO --color=never '$where'" /dev/null \
		</dev/null | tr -d '\r' >"$out"
	[ "$(grep -c LISTEN "$out")" -ge "$held" ]
	harmless "$out"
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

@test "unix names: one row each, and no name is lost in JSON" {
	local where='' held=0
	for name in "${evil[@]}" "$(printf 'L%.0s' $(seq 90))"; do
		hold plain "00$(hex "$name")004142"
		where="${where:+$where or }pid = $pid"
		held=$((held + 1))
	done
	lists "$held" -lxnpH "$where"
	shows -lxn --format=csv "$where"
	is_csv "$out"
	shows explain -lxn "$where"
	shows -lx --format=json "$where"
	! command -v "$jq" >/dev/null || "$jq" -e --argjson held "$held" '.sockets | length == $held' "$out"
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
	lists 1 -ltnH -C cgroup "sport = $port"
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
	lists 1 -N "$pid" -ltnH "sport = $port"
	lists 1 -N "$pid" -ltnH -C local,interface "sport = $port"
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
