# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests with real consumers: a network namespace of the test's own, where ports are free
# and every socket is the test's; daemons that are started and stopped by pid; waiting with a
# deadline of minutes, since what takes a second here takes many on a busy machine. Where there may
# be a namespace of processes too, its end takes with it whatever a daemon has left behind.

contrib=${TOP_SRCDIR:-$BATS_TEST_DIRNAME/../..}/contrib/monitoring
leak=${TOP_BUILDDIR:-$BATS_TEST_DIRNAME/../../build}/tests/consumers/leak
: "${LINGERSTAT:=lingerstat}"

# needs PROGRAM...: skips where one is missing, or where there is no namespace to be had.
needs() {
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
	[ "$(id -u)" -eq 0 ] || skip "needs root: network namespaces"
	unshare --net true 2>/dev/null || skip "no network namespaces here"
	command -v ip >/dev/null || skip "iproute2 is not installed"
}

# in_namespace FUNCTION: runs it in a network namespace of its own, in the test's folder; every
# process that it began ends with it.
in_namespace() {
	local apart=(--net --pid --fork --kill-child --mount-proc)
	unshare "${apart[@]}" true 2>/dev/null || apart=(--net)
	# What is exported is the function that $1 names.
	# shellcheck disable=SC2163
	export -f "$1" wait_for start stop_all give_leak end_leak
	export contrib leak LINGERSTAT
	cd "$BATS_TEST_TMPDIR" || return
	run unshare "${apart[@]}" bash -c "set -eE; pids=(); trap stop_all EXIT; ip link set lo up; $1"
	echo "$output"
	[ "$status" -eq 0 ]
}

# start NAME COMMAND...: in the background, its output in NAME.log. The command is a program, or a
# function that becomes one (exec): what is stopped is the process itself.
start() {
	local name=$1
	shift
	"$@" >"$name.log" 2>&1 </dev/null 3>&- 4>&- &
	pids+=($!)
}

stop_all() {
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}

# wait_for WHAT COMMAND...: until the command succeeds.
wait_for() {
	local end=$((SECONDS + 300)) what=$1
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited in vain for: $what"
			tail -n 5 ./*.log
			return 1
		fi
		sleep 0.2
	done
}

# give_leak N: a process with N sockets in CLOSE_WAIT.
give_leak() {
	coproc LEAK { exec "$leak" "$1" 3>&- 4>&-; }
	read -r -t 300 word <&"${LEAK[0]}" && [ "$word" = ready ]
}

end_leak() {
	local to=${LEAK[1]}
	exec {to}>&-
	wait "$LEAK_PID" || true
}
