#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-tap: live
#
# --all-netns on a host with two named network namespaces, `left` and `right`, of the test's own: in
# each a process listens on a port. What else the machine has is not looked at.

load recording

# in_spaces SCRIPT: a shell beside both, with $l and $r the ports and $1 the folder of the test.
in_spaces() {
	holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket
	[ -x "$holder" ] || skip "$holder is not built"
	command -v ip >/dev/null || skip "ip is not installed"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	! grep -q __asan_init "$LINGERSTAT" || skip "AddressSanitizer reads the outer /proc"
	unshare -m -n -p -f --mount-proc true 2>/dev/null || skip "no namespaces can be made"
	inject=$(realpath "${TOP_BUILDDIR:-.}/tests/faults/inject.so")
	[ -e "$inject" ] || skip "$inject is not built"
	export holder inject
	status=0
	unshare -m -n -p -f --mount-proc bash -c "$prepare$1" bash "$BATS_TEST_TMPDIR" >"$out" 2>"$err" ||
		status=$?
	[ "$status" -ne 77 ] || skip "no named namespaces can be made: $(cat "$err")"
}

# The shell is the first process of its PID namespace: with it all end.
# shellcheck disable=SC2016
prepare='
	mkdir -p /run/netns && mount -t tmpfs none /run/netns || exit 77
	for name in left right; do
		ip netns add "$name" && ip -n "$name" link set lo up && mkfifo "$1/$name" || exit 77
		ip netns exec "$name" "$holder" plain <"$1/$name" >"$1/$name.port" &
	done
	exec 8>"$1/left" 9>"$1/right"
	for _ in $(seq 600); do
		[ ! -s "$1/left.port" ] || [ ! -s "$1/right.port" ] || break
		sleep 0.05
	done
	l=$(cat "$1/left.port") r=$(cat "$1/right.port")
	[ -n "$l" ] && [ -n "$r" ] || exit 1
	echo "$l $r" >"$1/ports"
	# Only BPF shows the namespaces of others, which could fill what is short.
	without_bpf() {
		LD_PRELOAD=$inject INJECT=bpf:1:0:1 "$@"
	}
'

# What others have may end meanwhile, or be closed to us.
came_through() {
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
}

both() {
	read -r l r <"$BATS_TEST_TMPDIR/ports"
	[ "$l" ] && [ "$r" ]
}

@test "--all-netns: the listeners of each namespace, with its name" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	in_spaces '"$LINGERSTAT" --all-netns -lt -j "sport = :$l or sport = :$r"'
	came_through
	both
	"$jq" -e --argjson l "$l" --argjson r "$r" '
		([.sockets[] | select(.netns_name == "left") | .local.port] == [$l]) and
		([.sockets[] | select(.netns_name == "right") | .local.port] == [$r]) and
		([.sockets[] | select(.netns_name) | .netns] | unique | length == 2) and
		([.sockets[] | select(.netns_name) | .holders[0].comm] == ["plain", "plain"])' "$out"
}

@test "--all-netns without BPF: files and processes lead to them, and what cannot be seen is said" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	in_spaces 'without_bpf "$LINGERSTAT" --all-netns -lt -j'
	[ "$status" -eq 0 ]
	both
	"$jq" -e --argjson l "$l" --argjson r "$r" '
		[.sockets[] | [.netns_name, .local.port]] | sort == [["left", $l], ["right", $r]]' "$out"
	grep -q "cannot be seen without BPF" "$err"
	! grep -qv '^lingerstat: ' "$err"
}

@test "--all-netns: a namespace without a name is found by the process in it, and by who holds it open" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	in_spaces 'exec 7</run/netns/right
		umount -l /run/netns/left /run/netns/right || exit 77
		without_bpf "$LINGERSTAT" --all-netns -lt -j'
	[ "$status" -eq 0 ]
	both
	"$jq" -e --argjson l "$l" --argjson r "$r" '
		([.sockets[].netns_name] == [null, null]) and
		([.sockets[].local.port] | sort == ([$l, $r] | sort))' "$out"
}

@test "--all-netns: namespaces that may not be entered are named, and the list is incomplete" {
	in_spaces 'setpriv --bounding-set -bpf,-perfmon,-sys_admin "$LINGERSTAT" --all-netns -lt'
	[ "$status" -eq 3 ]
	grep -q 'the list is incomplete: network namespace [0-9]* (left): ' "$err"
	grep -q 'the list is incomplete: network namespace [0-9]* (right): ' "$err"
}

@test "summary --all-netns: a row a namespace, and groups by namespace" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	in_spaces 'without_bpf "$LINGERSTAT" summary --all-netns -t >"$1/table" || exit
		"$LINGERSTAT" summary --all-netns -t --by netns -j "sport = :$l or sport = :$r"'
	came_through
	"$jq" -e '[.summary.groups.largest[] | select(.netns_name) | [.netns_name, .sockets]] |
		sort == [["left", 1], ["right", 1]]' "$out"
	grep -Eq '^ +left +0 +[0-9]+ +[0-9]+ +0 +0$' "$BATS_TEST_TMPDIR/table"
	grep -Eq '^ +right +0 +[0-9]+ +[0-9]+ +0 +0$' "$BATS_TEST_TMPDIR/table"
}

@test "check --all-netns: who is to blame, and in which namespace" {
	in_spaces 'without_bpf "$LINGERSTAT" check --all-netns -w total=0 "sport = :$l and state listen"'
	[ "$status" -eq 1 ]
	grep -q '^LINGERSTAT WARNING: total [0-9]* (warning beyond 0) |' "$out"
	grep -Eq '^total: 1 plain/[0-9]+ in namespace left \(fd [0-9]+\)$' "$out"
}

@test "check --all-netns: a listener whose queue fills up, with its address" {
	in_spaces 'mkfifo "$1/hold"
		exec 6<>"$1/hold"
		ip netns exec left bash -c "exec 7<>/dev/tcp/127.0.0.1/$l; touch \"$1/connected\"; cat <&6" &
		for _ in $(seq 600); do
			[ ! -e "$1/connected" ] || break
			sleep 0.05
		done
		without_bpf "$LINGERSTAT" check --all-netns -w listen_queue_percent=10 "sport = :$l and state listen"'
	[ "$status" -eq 1 ]
	both
	grep -q '^LINGERSTAT WARNING: listen_queue_percent 50% (warning beyond 10) |' "$out"
	grep -Eq "^listen_queue_percent: 1 127.0.0.1:$l plain/[0-9]+ in namespace left\$" "$out"
}
