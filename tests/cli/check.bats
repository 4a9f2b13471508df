#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `check`: statuses, the line, what is refused, the time limit, and the state file. Numbers come
# from a recording, so that they are the same everywhere.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	: "${TESTDATA:=$BATS_TEST_DIRNAME/../data}"
	dump=$TESTDATA/states.dump
	cd "$BATS_TEST_TMPDIR" || return
}

# ends STATUS ARGUMENT...: runs the check, which must end so and leave standard error empty.
ends() {
	local expected=$1 status=0
	shift
	"$LINGERSTAT" check "$@" >out 2>err </dev/null || status=$?
	[ "$status" -eq "$expected" ] || { echo "$*: status $status, not $expected: $(cat out err)" && return 1; }
	[ ! -s err ] || { echo "$*: on standard error: $(cat err)" && return 1; }
}

# says WORD...: each of them is in the first line.
says() {
	for word; do
		head -n 1 out | grep -qF -- "$word" || { echo "no '$word' in: $(head -n 1 out)" && return 1; }
	done
}

# A usage error: UNKNOWN on standard output, with the words in one line.
refuses() {
	local arguments
	read -ra arguments <<<"$1"
	shift
	ends 3 "${arguments[@]}"
	[ "$(wc -l <out)" -eq 1 ] || { echo "not one line: $(cat out)" && return 1; }
	says "LINGERSTAT UNKNOWN: " "$@"
}

# count STATE: sockets of the recording in that state, as `list` has them.
count() {
	"$LINGERSTAT" -a -H --read "$dump" -C state | grep -c "^$1 *\$" || true
}

@test "check: the statuses follow the thresholds" {
	ends 0 --read "$dump" -w close_wait=1000
	says "LINGERSTAT OK: close_wait " "close_wait=$(count CLOSE-WAIT);1000;;0"
	ends 1 --read "$dump" -w close_wait=0 -c close_wait=1000
	says "LINGERSTAT WARNING: close_wait $(count CLOSE-WAIT) (warning beyond 0)"
	ends 2 --read "$dump" -w close_wait=0 -c close_wait=@1:1000
	says "LINGERSTAT CRITICAL: close_wait $(count CLOSE-WAIT) (critical is @1:1000)"
}

@test "check: the numbers are those of the list" {
	ends 0 --read "$dump" -w total=100000
	for state in ESTAB:established TIME-WAIT:time_wait CLOSE-WAIT:close_wait FIN-WAIT-1:fin_wait1 \
		FIN-WAIT-2:fin_wait2 LISTEN:listen LAST-ACK:last_ack CLOSING:closing SYN-SENT:syn_sent; do
		n=$(count "${state%:*}")
		[ "$n" -gt 0 ] || { echo "the recording has no ${state%:*}" && return 1; }
		says " ${state#*:}=$n;;;0"
	done
	says " total=$("$LINGERSTAT" -a -H --read "$dump" -C state | wc -l);100000;;0"
}

@test "check: the worst comes first" {
	ends 2 --read "$dump" -w time_wait=0 -c close_wait=0 -w listen=1000
	line=$(head -n 1 out)
	[[ ${line%%|*} =~ close_wait.*time_wait.*listen ]] || { echo "$line" && false; }
}

@test "check: a filter narrows what is counted" {
	ends 0 --read "$dump" -w total=100000 state listen
	says "total=$(count LISTEN);"
	ends 0 --read "$dump" -w time_wait=0 state close-wait
	says "time_wait=0;0;;0"
}

@test "check: what cannot be known is UNKNOWN when it was asked for, and has no perfdata" {
	# A recording tells nothing of the machine's limits.
	ends 3 --read "$dump" -w orphans_percent=80 -w close_wait=1000
	says "LINGERSTAT UNKNOWN: orphans_percent unknown, close_wait"
	! grep -q 'orphans_percent=' out || false
	# Bad is worse than unknown.
	ends 2 --read "$dump" -w orphans_percent=80 -c close_wait=0
	says "LINGERSTAT CRITICAL: close_wait" "orphans_percent unknown"
	# Without linger a risk has only bounds; a range that holds both ends is decided.
	ends 3 --read "$dump" -c risk_possible=50
	says "LINGERSTAT UNKNOWN: risk_possible between 40 and 60"
	ends 2 --read "$dump" -c risk_possible=30
	says "LINGERSTAT CRITICAL: risk_possible between 40 and 60 (critical beyond 30)"
	ends 0 --read "$dump" -c risk_possible=100000
	! grep -q ' risk_possible=' out || false
}

@test "check: the default thresholds" {
	ends 0
	says "LINGERSTAT OK: " "close_wait " "ports_percent " "close_wait=" ";1000;10000;0" "time_wait_percent="
}

@test "check: sockets that are not known make the default thresholds UNKNOWN" {
	# A limit of the machine that a recording does not have was nobody's wish.
	ends 0 --read "$dump" state close-wait
	says "LINGERSTAT OK: close_wait" "time_wait_percent unknown"
	# Nobody knows which of the sockets the filter means.
	ends 3 --read "$dump" linger = 0
	says "LINGERSTAT UNKNOWN: "
	# A part of the recording is missing.
	head -c 3000 "$dump" >part
	ends 3 --read part
	says "LINGERSTAT UNKNOWN: " "close_wait unknown"
}

@test "check: of other kinds only the states that they have" {
	ends 0 --udp -w total=1000000
	says " established=" " unread_bytes="
	! grep -qE ' (listen|close_wait|time_wait|syn_sent)=' out || false
	ends 0 --unix -w total=1000000
	says " listen=" " established="
	! grep -qE ' (close_wait|time_wait|fin_wait1)=' out || false
	# What is asked for is told: there is none.
	ends 0 --unix -w time_wait=5
	says "time_wait=0;5;;0"
	# Ports are counted for TCP.
	ends 3 --udp -w ports_percent=80
	says "LINGERSTAT UNKNOWN: ports_percent unknown"
}

@test "check: --quiet says nothing only when all is OK" {
	ends 0 -q --read "$dump" -w close_wait=1000
	[ ! -s out ]
	ends 1 -q --read "$dump" -w close_wait=0
	says "LINGERSTAT WARNING: "
	ends 3 -q --read /nonexistent
	says "LINGERSTAT UNKNOWN: --read: cannot open '/nonexistent'"
}

@test "check: --verbose has a line for each measure" {
	ends 0 -v --read "$dump" -w close_wait=1000
	[ "$(grep -c '^close_wait .*: sockets in CLOSE-WAIT.*; -w 1000$' out)" -eq 1 ]
}

@test "check: malformed thresholds are refused" {
	refuses "-w tme_wait=3" "-w: unknown measure 'tme_wait'" "did you mean 'time_wait'?"
	refuses "-c frobnications=3" "-c: unknown measure 'frobnications'" "--measures"
	refuses "-w time_wait" "-w: 'time_wait' is no NAME=RANGE"
	refuses "-w 5" "-w: '5' is no NAME=RANGE"
	refuses "-w time_wait=" "'time_wait='" "empty"
	refuses "-w time_wait=20:10" "start is above its end"
	refuses "-w time_wait=10k" "without a unit"
	refuses "-c time_wait=10:~" "no lower end only"
	refuses "-w time_wait=1 -w time_wait=2" "has a range already: 1"
	refuses "-w aborts_on_data_rate=1" "'aborts_on_data_rate'" "needs --state-file"
}

@test "check: other usage errors are UNKNOWN too" {
	refuses "--frobnicate" "unknown option '--frobnicate'"
	refuses "--waring=close_wait=1" "did you mean '--warning'?"
	refuses "-w" "needs a value"
	refuses "-t 0" "--timeout: '0' is no number of seconds from 1 to 3600"
	refuses "-t 5s" "--timeout: '5s'"
	refuses "-t -1" "--timeout: '-1'"
	refuses "-t 99999999999999999999" "--timeout"
	refuses "sport = = 4" "filter, column 9"
	refuses "--linger=getfd" "--linger: getfd"
	refuses "--linger=bfp" "did you mean 'bpf'?"
	refuses "--read $dump --state-file s" "leave out --read"
	refuses "--read /nonexistent" "cannot open '/nonexistent'"
}

@test "check: a word with a bar begins no performance data" {
	ends 3 "--read" "/no|where=1"
	says "'/no!where=1'"
}

@test "check: a failed write is UNKNOWN" {
	[ -e /dev/full ] || skip "no /dev/full"
	status=0
	"$LINGERSTAT" check --read "$dump" -w close_wait=1000 >/dev/full 2>err || status=$?
	[ "$status" -eq 3 ] && grep -q 'cannot write' err
	status=0
	"$LINGERSTAT" check --help >/dev/full 2>err || status=$?
	[ "$status" -eq 3 ]
}

@test "check: after --timeout it is UNKNOWN and names the stage" {
	mkfifo pipe
	exec 7<>pipe # a writer that never writes
	ends 3 -t 3 --read pipe -w close_wait=1
	exec 7>&-
	says "LINGERSTAT UNKNOWN: timed out after 3 s in the stage: dump of tcp"
	command -v flock >/dev/null || skip "flock is not installed"
	: >state
	chmod 600 state
	exec 8<state
	flock 8
	ends 3 -t 3 --state-file state -w close_wait=100000
	exec 8<&-
	says "in the stage: lock of the state file"
}

@test "check: rates come with the second run of a state file" {
	rm -f state
	ends 3 --state-file state -w aborts_on_data_rate=1000000000
	says "aborts_on_data_rate unknown"
	grep -q 'no rates this time: no earlier run' out
	ends 0 --state-file state -w aborts_on_data_rate=1000000000
	says "aborts_on_data_rate=" "close_wait_silent_seconds="
	[ "$(stat -c %a state)" = 600 ]
	grep -q '^counter TCPAbortOnData [0-9]*$' state
	# Another boot: the numbers of the file belong to a machine that is no more.
	sed -i 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' state
	ends 3 --state-file state -w aborts_on_data_rate=1000000000
	grep -q 'the machine was started since' out
	ends 0 --state-file state -w aborts_on_data_rate=1000000000
	# A counter that goes back is no rate, and not a huge one.
	sed -i 's/^counter TCPAbortOnData .*/counter TCPAbortOnData 900000000000/' state
	ends 3 --state-file state -w aborts_on_data_rate=1000000000
	ends 0 --state-file state -w aborts_on_data_rate=1000000000
}

@test "check: a state file that others may have put there is refused" {
	: >target
	ln -s target link
	ends 3 --state-file link
	says "LINGERSTAT UNKNOWN: --state-file: 'link': it is a symbolic link"
	[ ! -s target ]
	ends 3 --state-file /nonexistent/state
	says "its folder cannot be opened"
}

@test "check_lingerstat is lingerstat check" {
	ln -s "$LINGERSTAT" check_lingerstat
	./check_lingerstat --read "$dump" -w close_wait=1000 >out
	says "LINGERSTAT OK: close_wait"
	status=0
	./check_lingerstat --frob >out 2>err || status=$?
	[ "$status" -eq 3 ] && says "LINGERSTAT UNKNOWN: unknown option '--frob'"
}

@test "check: --help is under 80 columns, --measures names every measure of the perfdata" {
	"$LINGERSTAT" check --help >help
	! grep -q '.\{80\}' help || false
	"$LINGERSTAT" check --measures >measures
	! grep -q '.\{90\}' measures || false
	ends 0 --read "$dump" -w total=100000 -c risk_certain=100000
	for name in $(head -n 1 out | sed 's/.*|//' | grep -oE '[a-z0-9_]+=' | tr -d =); do
		grep -q "^$name " measures
	done
}
