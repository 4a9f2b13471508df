#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What goes wrong on the command line and in files: one line that says what, and the exit status.

load recording

# ends STATUS ARGUMENT...: runs the tool, which must end with that status.
ends() {
	local expected=$1 status=0
	shift
	"$LINGERSTAT" "$@" >"$out" 2>"$err" </dev/null || status=$?
	if [ "$status" -ne "$expected" ]; then
		echo "$*: status $status, not $expected: $(cat "$err")"
		return 1
	fi
}

# says WORD...: one line on standard error, the program's name first, and each word in it.
says() {
	if [ "$(wc -l <"$err")" -ne 1 ] || [ "$(wc -c <"$err")" -gt 400 ]; then
		echo "not one line: $(cat "$err")"
		return 1
	fi
	for word in "lingerstat: " "$@"; do
		grep -qF -- "$word" "$err" || { echo "no '$word' in: $(cat "$err")" && return 1; }
	done
}

# refuses ARGUMENTS WORD...: a usage error about the (blank-separated) arguments.
refuses() {
	local arguments
	read -ra arguments <<<"$1"
	shift
	ends 2 "${arguments[@]}"
	[ ! -s "$out" ] || { echo "on standard output: $(cat "$out")" && return 1; }
	says "$@"
}

@test "an unknown option, and the one that was meant" {
	refuses --jsno "unknown option '--jsno'" "did you mean '--json'?"
	refuses --no-headers "'--no-headers'" "'--no-header'"
	refuses --colour=never "'--colour'" "'--color'"
	refuses "--all --numerical" "'--numerical'" "'--numeric'"
	refuses "list --jsno" "'--jsno'" "'--json'"
	refuses "explain --jsno" "'--jsno'" "'--json'"
}

@test "an unknown option that is near to none" {
	refuses --frobnicate "unknown option '--frobnicate'" --help
	refuses -Y "unknown option '-Y'" --help
	refuses -anY "unknown option '-Y'"
	refuses --killall "unknown option '--killall'"
}

@test "an option that ss has and this tool leaves out: why" {
	for option in -K -tanK --kill "explain -K"; do
		refuses "$option" "left out" "never disturbs" "'ss -K'"
	done
	refuses --bpf-map-id=3 "left out" "'ss --bpf-map-id'"
	refuses -v "left out" -V
}

@test "an unknown option of any length and any bytes" {
	long=$(printf '%04000d' 0)
	ends 2 "--$long"
	says "unknown option"
	grep -q "did you mean" "$err" && return 1
	ends 2 "$(printf -- '--js\033[31mon\nx')"
	says "unknown option"
	grep -q "$(printf '\033')" "$err" && return 1
	ends 2 "$(printf -- '-\377')"
	says "unknown option"
}

@test "an ambiguous option" {
	refuses --re "'--re'" ambiguous
	refuses --l "'--l'" ambiguous
	# Short for one option only.
	ends 0 --vers
}

@test "a missing value, and one too many" {
	refuses --format "'--format'" "needs a value" FORMAT
	refuses --read "'--read'" "needs a value"
	refuses -C "'-C'" "needs a value"
	refuses --linger "'--linger'" "needs a value"
	refuses --json=yes "'--json'" "takes no value"
	refuses --all=1 "'--all'" "takes no value"
}

@test "a bad word: what would be right" {
	refuses --format=xml "--format" "'xml'" table json ndjson
	refuses --format=jsno "'jsno'" "did you mean 'json'?"
	refuses --format= "--format" "''"
	refuses --color=blue "--color" "'blue'" auto always never
	refuses --color=allways "did you mean 'always'?"
	refuses --risk=high "--risk" "'high'" none possible likely certain
	refuses --risk=likley "did you mean 'likely'?"
	refuses --linger=maybe "--linger" "'maybe'" auto bpf getfd none
	refuses --linger=get "did you mean 'getfd'?"
	refuses "explain --risk=likley" "did you mean 'likely'?"
}

@test "what does not go with events" {
	refuses "-E -j" "--events" "--format=ndjson"
	refuses "-E --read $dump" "--read"
	refuses "-E -D /dev/null" "--diag"
	refuses "-E --sort=state" "--sort"
	refuses "-E -s" "--summary"
	refuses "-E --risk" "--risk"
	refuses "-E -l" "-l and -B"
	refuses "-Ex" "TCP and UDP"
	refuses "-E state established" "'state'"
	refuses "-E pid 1" "filter"
	refuses "-E linger on" "filter"
	refuses "-E --linger=bpf" "--linger"
	refuses "-Ep" "-p and -T"
	refuses "-EZ" "-Z and -z"
	refuses "-E --count=0" "--count" "'0'"
	refuses "-E --count=-1" "'-1'"
	refuses "-E --count=1x" "'1x'"
	refuses "--count=1" "for --events"
}

@test "options that do not go together" {
	refuses "-D /dev/null --sort=state" "-D" "--sort"
	refuses "-D /dev/null -j" "-D" "--json"
	refuses "-D /dev/null -C state" "-D" "--columns"
	refuses "-D /dev/null -p" "-D" "--processes"
	refuses "-D /dev/null -u" "-D" "TCP"
	refuses "-O -j" "-O" "--format=ndjson"
	refuses "-H --format=ndjson" "-H" "JSON"
	refuses "-Q -C recv-q" "-Q" "no column"
	refuses "-B -u" "-B" "TCP"
	refuses "-B -x" "-B" "TCP"
	refuses "--read $dump --linger=bpf" "--linger" "leave out"
	refuses "summary --read $dump --linger=getfd" "--linger" "leave out"
}

@test "a bad namespace" {
	refuses "-N no-such-namespace" "--net" "'no-such-namespace'" /run/netns
	refuses "-N /no/such/file" "'/no/such/file'"
	refuses "-N 99999999999" "'99999999999'"
	refuses "-N .." "'..'"
	refuses "--net=" "''"
	refuses "-N one -N other" "--net" "'one'" "'other'" "--all-netns"
	refuses "summary --net=one -N other" "--net" "'one'" "'other'"
	refuses "-N no-such-namespace -N no-such-namespace" "no namespace 'no-such-namespace'"
	refuses "--read $dump -N /proc/self/ns/net" "--net" "leave out"
	ends 1 -N /dev/null
	says "'/dev/null' is no network namespace"
	ends 1 -N /proc/self/ns/uts
	says "is no network namespace"
}

@test "a bad column" {
	refuses "-C stat" "'stat'" "did you mean 'state'?"
	refuses "-C state,xyzzy" "'xyzzy'"
	refuses "-C +resons" "'resons'" "did you mean 'reasons'?"
	refuses "-C state,,risk" empty "'state,,risk'"
	refuses "-C ," empty
	refuses "--columns=" empty
	refuses "-C +" empty
	refuses "-j -C stat" "'stat'"
}

@test "a bad filter" {
	refuses "state establshed" "establshed"
	refuses ")" ")"
	refuses "-a state listen (" "("
	refuses "lst" "lst"
	refuses "explain zero-lingr" "did you mean 'zero-linger'?"
	refuses "state nope" "'nope'" "one of: established, syn_sent" "listen, closing"
}

@test "a command that does not stand first" {
	refuses "-a summary" "'summary' is a command" "'lingerstat summary'"
	refuses "-t explain linger = 0" "'explain' is a command"
	refuses "list metrics" "'metrics' is a command"
	refuses "sport = 22 check" "'check' is a command"
	# As a value it is one.
	ends 0 -a --read "$dump" sport = 1 or comm = summary
}

@test "a word without its option, and an option without its hyphens" {
	refuses "--risk certain" "unknown word 'certain'" "did you mean '--risk=certain'?"
	refuses "-a --color always" "did you mean '--color=always'?"
	refuses "summary --risk likely -t" "did you mean '--risk=likely'?"
	refuses "tcp" "did you mean '--tcp'?"
	refuses "help" "did you mean '--help'?"
	refuses "close-wait" "did you mean 'state close-wait'?"
	refuses "sport = 22 ESTAB" "did you mean 'state ESTAB'?"
	ends 3 check certain
	grep -F "unknown word 'certain'" "$out"
	! grep -F "did you mean" "$out"
}

@test "an option of another command" {
	refuses "--top 5" "unknown option '--top'" "the command 'summary' has it"
	refuses "-q" "unknown option '-q'" "the command 'check' has it"
	refuses "summary -p" "unknown option '-p'" "the command 'list' has it"
	ends 3 check -a
	grep -F "unknown option '-a'; the command 'list' has it" "$out"
}

@test "the first error is the one that is told" {
	refuses "--jsno --format=xml" "'--jsno'"
	refuses "--format=xml --jsno" "'xml'"
}

@test "a bad option beside --help is still refused" {
	refuses "--jsno --help" "'--jsno'"
}

# --- recordings ------------------------------------------------------------------------------------

@test "--read: a file that is not there, or is none" {
	ends 1 --read /nonexistent/recording
	says "--read" "'/nonexistent/recording'" "No such file"
	[ ! -s "$out" ]
	ends 1 --read "$BATS_TEST_TMPDIR"
	says "'$BATS_TEST_TMPDIR'" "directory"
	[ ! -s "$out" ]
	ends 1 --read "$(printf 'no\nsuch\033file')"
	says "no?such?file"
}

@test "--read: a file that may not be read" {
	[ "$(id -u)" -ne 0 ] || skip "root may read all"
	: >"$BATS_TEST_TMPDIR/secret"
	chmod 0 "$BATS_TEST_TMPDIR/secret"
	ends 1 --read "$BATS_TEST_TMPDIR/secret"
	says "'$BATS_TEST_TMPDIR/secret'" "Permission denied"
}

@test "--read: an empty file is no empty list" {
	: >"$BATS_TEST_TMPDIR/empty"
	ends 1 --read "$BATS_TEST_TMPDIR/empty"
	says "'$BATS_TEST_TMPDIR/empty'" "byte 0"
	ends 1 --read - # standard input is /dev/null
	says "byte 0"
}

@test "--read: what is no recording" {
	head -c 3000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	ends 1 --read "$BATS_TEST_TMPDIR/zeros"
	says "not a netlink message" "byte 0"
	"$LINGERSTAT" --read "$dump" -an >"$BATS_TEST_TMPDIR/text"
	ends 1 --read "$BATS_TEST_TMPDIR/text"
	says "not a netlink message" "byte 0"
}

# cut BYTES: the recording's beginning; lists it into $out, which must end as incomplete.
cut_at() {
	head -c "$1" "$dump" >"$BATS_TEST_TMPDIR/cut"
	ends 3 --read "$BATS_TEST_TMPDIR/cut" -anH
	says "'$BATS_TEST_TMPDIR/cut'"
	byte=$(sed -n 's/.* at byte \([0-9]*\).*/\1/p' "$err")
	readable=$(sed -n 's/.* \([0-9]*\) sockets.*/\1/p' "$err")
}

@test "--read: a truncated file: what is readable, the byte, and status 3" {
	"$LINGERSTAT" --read "$dump" -anH -C netid,local,peer >"$BATS_TEST_TMPDIR/whole"
	size=$(wc -c <"$dump")
	for bytes in $((size - 1)) $((size / 2)) 5000 1001; do
		cut_at "$bytes"
		echo "$bytes: byte $byte, $readable sockets"
		[ "$byte" -le "$bytes" ] && [ $((bytes - byte)) -lt 1000 ]
		[ "$readable" -gt 0 ]
		[ "$(wc -l <"$out")" -eq "$readable" ]
		# The same rows as of the whole recording.
		ends 3 --read "$BATS_TEST_TMPDIR/cut" -anH -C netid,local,peer
		tr -s ' ' <"$BATS_TEST_TMPDIR/whole" | head -n "$readable" >"$BATS_TEST_TMPDIR/rows"
		tr -s ' ' <"$out" | diff -u "$BATS_TEST_TMPDIR/rows" -
	done
}

@test "--read: the byte that is named is where the last whole message ends" {
	cut_at 12345
	first=$byte
	rows=$readable
	cut_at "$first"
	[ "$byte" -eq "$first" ]
	[ "$readable" -eq "$rows" ]
}

@test "--read: damage in the middle: what came before is shown" {
	cut_at 12345
	good=$byte
	rows=$readable
	{
		head -c "$good" "$dump"
		head -c 100 /dev/zero
		tail -c +$((good + 101)) "$dump"
	} >"$BATS_TEST_TMPDIR/damaged"
	ends 3 --read "$BATS_TEST_TMPDIR/damaged" -anH
	says "not a netlink message" "byte $good" "$rows sockets"
	[ "$(wc -l <"$out")" -eq "$rows" ]
}

@test "--read: a truncated file in JSON is valid and says that it is not complete" {
	command -v "$jq" >/dev/null || skip "jq is not installed"
	head -c 5000 "$dump" >"$BATS_TEST_TMPDIR/cut"
	ends 3 --read "$BATS_TEST_TMPDIR/cut" -aj
	says "byte"
	"$jq" -e '.summary.complete == false and (.summary.problem | type == "string") and
		(.sockets | length) > 0 and (.sockets | length) == .summary.sockets' "$out"
	ends 3 --read "$BATS_TEST_TMPDIR/cut" -a --format=ndjson
	tail -n 1 "$out" | "$jq" -e '.type == "summary" and .complete == false'
}

@test "--read: only TCP can be asked of a recording" {
	for letter in u x M; do
		refuses "--read $dump -$letter" --read
	done
}

@test "--proc: what is no procfs, and what does not go with it" {
	refuses "--proc /nonexistent" "--proc: cannot open '/nonexistent'" "No such file"
	refuses "summary --proc /" "--proc: '/' is not where a procfs is mounted"
	refuses "explain --proc /proc/self" "'/proc/self' is not where a procfs"
	refuses "--proc /proc --read some.dump" "--proc: a recording has no processes"
	refuses "-E --proc /proc" "--events does not go with --proc"
	ends 3 check --proc /nonexistent
	grep -q "^LINGERSTAT UNKNOWN: --proc: cannot open '/nonexistent'" "$out"
}

@test "a filter for a control group is not for one namespace only" {
	ends 0 --all-netns --explain-filter container = docker:1
	ends 2 --all-netns --explain-filter dev lo
}
