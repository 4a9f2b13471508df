#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-tap: live
#
# Under valgrind: no memory that nobody points to any more (what libraries keep until the end is
# none), nothing read that was never written, no descriptor left open.

load recording

setup_file() {
	command -v valgrind >/dev/null || skip "valgrind is not installed"
	unshare -n -p -f --mount-proc true 2>/dev/null || skip "no namespaces can be made"
	unshare -n -p -f --mount-proc valgrind -q --error-exitcode=99 "${LINGERSTAT:-lingerstat}" --version >/dev/null 2>&1 ||
		skip "valgrind cannot run this program: is it built with sanitizers?"
}

# clean STATUS ARGUMENT...: one run in namespaces of its own, where the machine's sockets are not
# seen, and those inherited descriptors that valgrind names are the only ones open at the end.
clean() {
	local expected=$1 status=0
	shift
	unshare -n -p -f --mount-proc valgrind --log-file="$out.valgrind" --leak-check=full \
		--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
		--error-exitcode=99 --track-fds=yes "$LINGERSTAT" "$@" >"$out" 2>"$err" || status=$?
	if [ "$status" -ne "$expected" ]; then
		echo "$*: status $status, not $expected: $(cat "$err" "$out.valgrind")"
		return 1
	fi
	"${AWK:-awk}" -v command="$*" '
		/Open .*(file descriptor|socket)/ { open = $0; next }
		open != "" { if (!/inherited from parent/) { print command ": " open; bad = 1 } open = "" }
		END { exit bad }' "$out.valgrind"
}

@test "list, with owners, sorted, as JSON" {
	clean 0 -a -t -u -x -p
	clean 0 -a -t -x --format=ndjson --sort state
}

@test "summary, check, metrics, explain" {
	clean 0 summary
	clean 0 summary -j --by process
	clean 0 check -w time_wait=100000
	clean 0 metrics --output "$BATS_TEST_TMPDIR/metrics"
	clean 0 explain -a -n
}

@test "a recording, and one that is cut" {
	clean 0 --read "$dump" -a --format=csv
	clean 0 explain --read "$dump" -a
	head -c 5000 "$dump" >"$BATS_TEST_TMPDIR/cut"
	clean 3 --read "$BATS_TEST_TMPDIR/cut" -a -j
}

@test "what is refused, and what fails" {
	clean 2 --sort=nothing
	clean 2 'sport = 80 and'
	clean 1 --read /nonexistent -a
	clean 1 -D /nonexistent/file
	clean 1 metrics --output /nonexistent/file
	clean 3 check -w nothing=1
}
