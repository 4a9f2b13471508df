#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-tap: live
#
# A host that withholds what a run would like to read, in mounts of the test's own: no /proc, no
# /sys, processes that do not show, a disk that is full.

load recording

# on_host SCRIPT: a shell in namespaces of its own, with $LINGERSTAT, $1 the folder of the test.
on_host() {
	unshare -m -n -p -f --mount-proc true 2>/dev/null || skip "no namespaces can be made"
	unshare -m -n -p -f --mount-proc bash -c "$1" bash "$BATS_TEST_TMPDIR"
}

# said WORD...: each stands on standard error, and each line there is a message.
said() {
	! grep -qv '^lingerstat: ' "$err" || { cat "$err" && return 1; }
	for word; do
		grep -qF -- "$word" "$err" || { echo "no '$word' in: $(cat "$err")" && return 1; }
	done
}

@test "no /proc: rows come all the same, and what is not known is null" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	! grep -q __asan_init "$LINGERSTAT" || skip "AddressSanitizer itself reads /proc"
	status=0
	on_host 'stat -Lc %i /proc/self/ns/net >"$1/netns" && mount -t tmpfs none /proc &&
		"$LINGERSTAT" list -A all -a -j' >"$out" 2>"$err" || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || { cat "$err" && return 1; }
	[ "$("$jq" .summary.complete "$out")" = "$([ "$status" -eq 0 ] && echo true || echo false)" ]
	[ "$status" -eq 0 ] || said "incomplete"
	# A kernel that can be asked for a socket's namespace needs no /proc for it.
	"$jq" -e --argjson own "$(cat "$BATS_TEST_TMPDIR/netns")" '.header.netns as $said |
		($said == null or $said == $own) and all(.sockets[]; .netns == $said)' "$out"
	status=0
	on_host 'mount -t tmpfs none /proc && "$LINGERSTAT" check' >"$out" 2>"$err" || status=$?
	grep -q '^LINGERSTAT .*unknown' "$out"
	on_host 'mount -t tmpfs none /proc && "$LINGERSTAT" metrics' >"$out" 2>"$err"
	! grep -q '^lingerstat_limit_used{limit="orphans"}' "$out" || false
	on_host 'mount -t tmpfs none /proc && "$LINGERSTAT" summary -n' >"$out" 2>"$err"
	grep -q -- '-' "$out"
}

@test "no library for the names of devices: their numbers, and once why" {
	local library
	holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket
	[ -x "$holder" ] || skip "$holder is not built"
	command -v ip >/dev/null || skip "ip is not installed"
	library=$(ldconfig -p | awk '$1 ~ /^libnl-route-3\.so/ { print $NF; exit }')
	[ -n "$library" ] || skip "there is no library that could be hidden"
	export holder library
	on_host 'ip link set lo up && mkfifo "$1/stdin" && mount --bind /dev/null "$library" || exit 77
		"$holder" plain "" lo <"$1/stdin" >"$1/port" &
		exec 9>"$1/stdin"
		for _ in $(seq 600); do
			[ ! -s "$1/port" ] || break
			sleep 0.05
		done
		"$LINGERSTAT" -lt -C netid,interface,ifindex' >"$out" 2>"$err"
	[ "$(sed -n 2p "$out" | tr -s " ")" = "tcp 1 1" ] || { cat "$out" && false; }
	said "devices show by number" "libnl-route-3.so"
	[ "$(wc -l <"$err")" -eq 1 ]
}

@test "no /sys: the column of control groups says why it is unknown" {
	holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket
	[ -x "$holder" ] || skip "$holder is not built"
	command -v ip >/dev/null || skip "ip is not installed"
	export holder
	on_host 'ip link set lo up && mkfifo "$1/stdin" && mount -t tmpfs none /sys || exit 77
		"$holder" plain <"$1/stdin" >"$1/port" &
		exec 9>"$1/stdin"
		for _ in $(seq 600); do
			[ ! -s "$1/port" ] || break
			sleep 0.05
		done
		"$LINGERSTAT" -lt -C netid,cgroup' >"$out" 2>"$err"
	[ "$(wc -l <"$out")" -eq 2 ]
	! grep -q '^tcp .*?' "$out" || said "control groups"
}

@test "processes that do not show (hidepid=2): holders are not said to be all" {
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	command -v "$jq" >/dev/null || skip "jq is not installed"
	cp "$LINGERSTAT" "$BATS_TEST_TMPDIR/tool"
	on_host 'mount -o remount,hidepid=2 /proc 2>/dev/null || mount -t proc -o hidepid=2 proc /proc || exit 77
		chmod 755 "$1"
		exec setpriv --reuid=65534 --regid=65534 --clear-groups "$1/tool" list -x -a -j' >"$out" 2>"$err" || status=$?
	[ "${status-0}" -ne 77 ] || skip "hidepid cannot be set"
	[ "${status-0}" -ne 126 ] || skip "another user cannot run the tool here"
	"$jq" -e '.summary.complete' "$out"
	"$jq" -e '[.sockets[] | select(.close.reasons | index("holder-unseen"))] | length == 0' "$out"
}

@test "a full disk: the old metrics stay, byte for byte, and nothing is left beside them" {
	status=0
	on_host 'mount -t tmpfs -o size=8k none "$1" && cd "$1" && printf old >metrics || exit 77
		cat /dev/zero >filler 2>/dev/null
		"$LINGERSTAT" metrics --output metrics; status=$?
		[ "$(cat metrics)" = old ] && [ "$(ls -A)" = "$(printf "filler\nmetrics")" ] || status=88
		exit $status' >"$out" 2>"$err" || status=$?
	[ "$status" -ne 77 ] || skip "no tmpfs can be mounted"
	[ "$status" -eq 1 ] || { echo "status $status" && cat "$out" "$err" && return 1; }
	said "No space left on device"
}

@test "closed streams: every set of them, and no run is ended by a signal" {
	for command in "list -a" "summary -n" "check" "metrics" "explain -a"; do
		for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
			status=0
			on_host "exec \"\$LINGERSTAT\" $command $closed" >"$out" 2>"$err" || status=$?
			[ "$status" -le 3 ] || { echo "$command $closed: $status" && return 1; }
			[[ $closed != '>&-'* && $closed != *' >&-'* ]] || [ "$status" -ne 0 ] ||
				{ echo "$command $closed: nothing could be written, and all was well" && return 1; }
		done
	done
}
