#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Output that cannot be written, streams that are closed, help and version, and what hostile names
# may do to a terminal.

load recording

teardown() {
	# The holder, if any, ends when nobody holds its standard input.
	exec 9>&-
}

# All the ways to print something.
every_output() {
	"$1" --read "$dump" -an
	"$1" --read "$dump" -aj
	"$1" --read "$dump" -a --format=ndjson
	"$1" --read "$dump" -an -C state
	"$1" --help
	"$1" --version
	"$1" -C help
	"$1" explain --help
	"$1" explain --read "$dump" -a
	"$1" explain unsent
}

write_error() {
	if [ "$status" -ne 1 ]; then
		echo "status $status: $(cat "$err")"
		return 1
	fi
	[ "$(wc -l <"$err")" -eq 1 ]
	grep -q "^lingerstat: cannot write to standard output: $1" "$err" || { cat "$err" && return 1; }
}

# --- a full disk, a closed stream -------------------------------------------------------------------

to_full_disk() {
	status=0
	"$LINGERSTAT" "$@" >/dev/full 2>"$err" || status=$?
	echo "to a full disk: $*"
	write_error "No space left on device"
}

@test "a full disk: status 1 and one line" {
	[ -c /dev/full ] || skip "there is no /dev/full"
	every_output to_full_disk
}

to_closed_stdout() {
	status=0
	"$LINGERSTAT" "$@" 2>"$err" >&- || status=$?
	echo "to a closed stream: $*"
	write_error "Bad file descriptor"
}

@test "standard output closed: status 1 and one line" {
	every_output to_closed_stdout
}

# A netlink socket or a recording must not become "standard output" by taking its number.
@test "standard output closed: nothing is written to what is opened instead" {
	cp "$dump" "$BATS_TEST_TMPDIR/copy"
	"$LINGERSTAT" --read "$BATS_TEST_TMPDIR/copy" -an >&- 2>/dev/null || true
	cmp "$dump" "$BATS_TEST_TMPDIR/copy"
	status=0
	"$LINGERSTAT" -an --linger=none -C state >&- 2>"$err" || status=$?
	write_error "Bad file descriptor"
}

with_closed_stdin() {
	"$LINGERSTAT" "$@" >"$out.open" 2>"$err"
	"$LINGERSTAT" "$@" <&- >"$out" 2>"$err"
	cmp "$out.open" "$out"
	[ ! -s "$err" ]
}

@test "standard input closed: nothing changes" {
	every_output with_closed_stdin
}

@test "standard input closed: it cannot be a recording" {
	status=0
	"$LINGERSTAT" --read - -an <&- >"$out" 2>"$err" || status=$?
	[ "$status" -eq 1 ]
	[ "$(wc -l <"$err")" -eq 1 ]
}

@test "standard error closed: nothing changes but the words" {
	"$LINGERSTAT" --read "$dump" -an >"$out.open"
	"$LINGERSTAT" --read "$dump" -an >"$out" 2>&-
	cmp "$out.open" "$out"
	status=0
	"$LINGERSTAT" --jsno >"$out" 2>&- || status=$?
	[ "$status" -eq 2 ]
	[ ! -s "$out" ]
	head -c 5000 "$dump" >"$BATS_TEST_TMPDIR/cut"
	status=0
	"$LINGERSTAT" --read "$BATS_TEST_TMPDIR/cut" -anH >"$out" 2>&- || status=$?
	[ "$status" -eq 3 ]
	[ "$(awk '$1 == "tcp"' "$out" | wc -l)" -eq "$(wc -l <"$out")" ]
}

@test "all three closed: an error, not a crash" {
	status=0
	"$LINGERSTAT" --read "$dump" -an <&- >&- 2>&- || status=$?
	[ "$status" -eq 1 ]
}

# --- a reader that has seen enough -------------------------------------------------------------------

@test "head -1: one line, and no complaint" {
	"$LINGERSTAT" --read "$dump" -an 2>"$err" | head -1 >"$out"
	[ "$(wc -l <"$out")" -eq 1 ]
	[ ! -s "$err" ]
}

# without_reader COMMAND...: runs it with its standard output into a pipe that nobody reads any
# more; its exit status in $status.
without_reader() {
	local pipe=$BATS_TEST_TMPDIR/pipe
	rm -f "$pipe"
	mkfifo "$pipe"
	# A pipe opens for writing only while it has a reader: the first descriptor is that.
	exec 7<>"$pipe"
	exec 8>"$pipe"
	exec 7<&-
	status=0
	"$@" >&8 2>"$err" 8>&- || status=$?
	exec 8>&-
}

to_nobody() {
	without_reader "$LINGERSTAT" "$@"
	echo "to nobody: $*: status $status: $(cat "$err")"
	# Ended by SIGPIPE: 128 + 13.
	[ "$status" -eq 141 ]
	[ ! -s "$err" ]
}

@test "a reader that has gone: ended by SIGPIPE, quietly" {
	every_output to_nobody
}

with_sigpipe_ignored() {
	(
		trap '' PIPE
		exec "$@"
	)
}

@test "SIGPIPE ends it even where it is inherited as ignored" {
	without_reader with_sigpipe_ignored "$LINGERSTAT" --read "$dump" -an
	[ "$status" -eq 141 ]
	[ ! -s "$err" ]
}

# --- help and version -------------------------------------------------------------------------------

# helps ARGUMENT...: a help text in $out, under 80 columns, the examples before the options.
helps() {
	"$LINGERSTAT" "$@" >"$out" 2>"$err"
	[ ! -s "$err" ]
	awk 'length > 79 { print "too long: " $0; bad = 1 } / $/ { print "blank at the end: " $0; bad = 1 }
		END { exit bad }' "$out"
	awk '/^Examples:/ { examples = NR } /^Usage:/ { usage = NR } /--help/ && !option { option = NR }
		END { exit !(examples && usage && option && examples < usage && usage < option) }' "$out"
}

@test "--help: under 80 columns, examples first" {
	helps --help
	helps -h
	helps list --help
	helps explain --help
}

@test "--help: every option takes its letter and its name" {
	"$LINGERSTAT" --help >"$out"
	grep -oE '^ +(-., )?--[a-z0-9-]+=?' "$out" | while read -r first second; do
		case "$first$second" in
		*=) continue ;; # takes a value
		esac
		# With --version behind it nothing is listed.
		for word in ${first%,} $second; do
			"$LINGERSTAT" "$word" --version >/dev/null || { echo "$word" && return 1; }
		done
	done
}

@test "--version: the name, a number, with or without BPF" {
	for word in --version -V; do
		"$LINGERSTAT" $word >"$out" 2>"$err"
		[ ! -s "$err" ]
		[ "$(wc -l <"$out")" -eq 1 ]
		grep -Eq '^lingerstat [0-9]+\.[0-9]+(\.[0-9]+)?[^ ]* \(with(out)? BPF\)$' "$out"
	done
}

# --- names that mean harm ----------------------------------------------------------------------------

# hold NAME: a process of that name with a listening socket; its port is in $port.
hold() {
	local holder=${TOP_BUILDDIR:-.}/tests/cli/hold-socket
	[ -x "$holder" ] || skip "$holder is not built"
	mkfifo "$BATS_TEST_TMPDIR/stdin"
	"$holder" "$1" <"$BATS_TEST_TMPDIR/stdin" >"$BATS_TEST_TMPDIR/port" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/stdin"
	for _ in $(seq 600); do
		[ -s "$BATS_TEST_TMPDIR/port" ] && break
		sleep 0.05
	done
	port=$(cat "$BATS_TEST_TMPDIR/port")
	[ -n "$port" ]
}

@test "a process name with control bytes and invalid UTF-8 reaches no terminal" {
	hold "$(printf 'a\033[31m\r\\\302\233\377')"
	for letter in "" -p; do
		"$LINGERSTAT" -lnH $letter --color=never >"$out" 2>"$err"
		grep -qF 'a\x1b[31m\x0d\\\xc2\x9b\xff/' "$out"
		LC_ALL=C grep -q "$(printf '[\033\r\377]')" "$out" && return 1
		iconv -f UTF-8 -t UTF-8 "$out" >/dev/null
	done
}

@test "a process name that is no UTF-8 in JSON: U+FFFD, and the bytes in base64" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	hold "$(printf 'b"\033\n\377')"
	"$LINGERSTAT" -lj >"$out" 2>"$err"
	iconv -f UTF-8 -t UTF-8 "$out" >/dev/null
	LC_ALL=C grep -q "$(printf '\033')" "$out" && return 1
	"$jq" -e --argjson port "$port" '.sockets[] | select(.local.port == $port) | .holders[0] |
		.comm == "b\"\u001b\n\ufffd" and .comm_base64 == "YiIbCv8=" and .pid > 0 and .fd >= 0' "$out"
}

@test "a process name that is UTF-8 stays as it is" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	hold "$(printf 'gr\303\274\303\237')"
	"$LINGERSTAT" -lnH >"$out" 2>"$err"
	grep -qF "$(printf 'gr\303\274\303\237/')" "$out"
	"$LINGERSTAT" -lj >"$out" 2>"$err"
	"$jq" -e --argjson port "$port" '.sockets[] | select(.local.port == $port) | .holders[0] |
		.comm == "gr\u00fc\u00df" and (has("comm_base64") | not)' "$out"
}

# --- rows before the end ----------------------------------------------------------------------------

# has_lines NUMBER FILE: waits for them, half a minute on a slow machine.
has_lines() {
	for _ in $(seq 300); do
		[ "$(wc -l <"$2")" -lt "$1" ] || return 0
		sleep 0.1
	done
	echo "only $(wc -l <"$2") lines of $2 came"
	return 1
}

# half_a_dump ARGUMENT...: feeds half of the recording through a pipe that stays open; what was
# written by then is in $out.half, the whole in $out.
half_a_dump() {
	local pipe=$BATS_TEST_TMPDIR/half half=$(($(wc -c <"$dump") / 2)) pid
	rm -f "$pipe"
	mkfifo "$pipe"
	exec 6<>"$pipe"
	"$LINGERSTAT" --read "$pipe" -a "$@" >"$out" 2>"$err" 6<&- &
	pid=$!
	head -c "$half" "$dump" >&6
	# Of the 75 sockets more than 25 are whole in the first half.
	has_lines 25 "$out"
	kill -0 "$pid"
	cp "$out" "$out.half"
	tail -c +$((half + 1)) "$dump" >&6
	exec 6<&-
	wait "$pid"
	[ ! -s "$err" ]
}

@test "ndjson: the first rows are written before the dump ends" {
	half_a_dump --format=ndjson
	[ "$(head -1 "$out.half" | cut -c1-16)" = '{"type":"header"' ]
	! grep -q '"type":"summary"' "$out.half" || false
	cmp "$out" <("$LINGERSTAT" --read "$dump" -a --format=ndjson)
}

@test "csv: the first rows are written before the dump ends" {
	half_a_dump --format=csv
	[ "$(wc -l <"$out.half")" -lt "$(wc -l <"$out")" ]
	cmp "$out" <("$LINGERSTAT" --read "$dump" -a --format=csv)
}

@test "json: what is known is written before the dump ends" {
	half_a_dump -j
	cmp "$out" <("$LINGERSTAT" --read "$dump" -a -j)
}
