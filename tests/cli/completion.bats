#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion: the shells are asked to complete, and what they offer is what the tool takes. The
# words expected come from the tool's own --help and -C help, not from the tables that the scripts
# are made of.

setup() {
	: "${LINGERSTAT:=lingerstat}"
	scripts=${TOP_BUILDDIR:-.}/contrib/completion
	[ -r "$scripts/lingerstat" ] || scripts=$TOP_SRCDIR/contrib/completion
	fishscript=$scripts/lingerstat.fish
	out=$BATS_TEST_TMPDIR/out
	cd "$BATS_TEST_TMPDIR" || return
}

# in_bash WORD...: what bash offers for the last word of a command line, sorted, on one line.
in_bash() {
	bash -c '
		set -u
		source "$0"
		COMP_WORDS=(lingerstat "$@")
		COMP_CWORD=$#
		_lingerstat
		for word in ${COMPREPLY[@]+"${COMPREPLY[@]}"}; do echo "$word"; done' \
		"$scripts/lingerstat" "$@" | sort | xargs
}

in_fish() {
	fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$fishscript" "$1" | cut -f1 | sort | xargs
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

commands() {
	echo list
	"$LINGERSTAT" --help >/dev/null
	for command in explain summary check metrics; do
		"$LINGERSTAT" "$command" --help 2>/dev/null | grep -q "lingerstat $command" && echo "$command"
	done
}

# long_options COMMAND: as its --help shows them.
long_options() {
	"$LINGERSTAT" "$1" --help | grep -oE '^ +(-., )?--[a-z0-9-]+' | sed 's/.*--/--/' | sort
}

columns() {
	"$LINGERSTAT" -C help | awk '{ print $1 }' | sort
}

@test "bash: the commands, and words of a filter, stand first" {
	[ "$(in_bash ex)" = "exclude explain" ]
	[ "$(in_bash li)" = "linger list" ]
	[ "$(in_bash list ex)" = exclude ]
}

@test "bash: every option of every command" {
	for command in $(commands); do
		[ "$(in_bash "$command" -- | tr -d = | tr ' ' '\n' | sort)" = "$(long_options "$command")" ]
	done
	[ "$(in_bash --for)" = --format= ]
	[ "$(in_bash --ris)" = --risk ]
	[ "$(in_bash explain --form)" = '' ]
}

@test "bash: short options" {
	for letter in a l t C j; do
		[[ " $(in_bash -) " == *" -$letter "* ]]
	done
}

@test "bash: every column, in a list, behind + and behind others" {
	wanted=$( (columns && echo help) | sort | xargs)
	[ "$(in_bash -C '')" = "$wanted" ]
	[ "$(in_bash --columns = '')" = "$wanted" ]
	[ "$(in_bash --columns =)" = "$wanted" ]
	[ "$(in_bash list -aC '')" = "$wanted" ]
	[ "$(in_bash -C rec)" = recv-q ]
	[ "$(in_bash -C +out)" = "+outcome +outcomes +outstanding" ]
	[ "$(in_bash -C netid,out)" = "netid,outcome netid,outcomes netid,outstanding" ]
	[ "$(in_bash -C +netid,outcome,out)" = "+netid,outcome,outcomes +netid,outcome,outstanding" ]
	[ "$(in_bash -C netid,hel)" = "" ]
	[ "$(in_bash --columns=netid,rec)" = "--columns=netid,recv-q" ]
}

@test "bash: --sort, up and down" {
	[ "$(in_bash --sort = '')" = "$(columns | xargs)" ]
	[ "$(in_bash --sort = -rec)" = -recv-q ]
	[ "$(in_bash --sort -rec)" = -recv-q ]
}

@test "bash: the words of the other arguments" {
	[ "$(in_bash --format = '')" = "csv json ndjson table" ]
	[ "$(in_bash --format nd)" = ndjson ]
	[ "$(in_bash --format=nd)" = --format=ndjson ]
	[ "$(in_bash --risk = '')" = "certain likely none possible" ]
	[ "$(in_bash explain --color = a)" = "always auto" ]
	[ "$(in_bash --linger = '')" = "auto bpf getfd none" ]
	[ "$(in_bash --linger none --li)" = "--linger= --listening" ]
}

@test "bash: an optional argument is completed behind its = only" {
	[ "$(in_bash --risk lik)" = '' ]
	[ "$(in_bash --risk sta)" = state ]
}

@test "bash: files" {
	touch 'one.dump' 'one other.dump' two
	[ "$(in_bash --read one.)" = one.dump ]
	[ "$(in_bash --read = tw)" = two ]
	[ "$(in_bash -D tw)" = two ]
	[ "$(in_bash --diag=tw)" = --diag=two ]
	mkdir three
	[ "$(in_bash --proc thr)" = three ]
}

@test "bash: reasons for explain, as its first word only" {
	reasons=$("$LINGERSTAT" explain --help | sed -n '/^Reasons:/,$ p' | tail -n +2 | xargs -n1 | sort)
	[ "$(echo "$reasons" | wc -l)" -gt 10 ]
	for reason in $reasons; do
		[[ " $(in_bash explain '') " == *" $reason "* ]]
	done
	[ "$(in_bash explain zero-l)" = zero-linger ]
	[ "$(in_bash explain zero-linger zero-l)" = '' ]
	[ "$(in_bash zero-l)" = '' ]
}

@test "bash: states behind state and exclude" {
	[ "$(in_bash state time)" = time_wait ]
	[ "$(in_bash exclude synchro)" = synchronized ]
	[ "$(in_bash -a state established state syn)" = "syn-rcv syn_recv syn_sent synchronized" ]
	for state in $(in_bash state ''); do
		"$LINGERSTAT" --explain-filter state "$state" >/dev/null
	done
}

@test "bash: the values of a filter's words" {
	[ "$(in_bash risk '>=' lik)" = likely ]
	[ "$(in_bash risk =)" = "certain likely none possible" ]
	[ "$(in_bash risk ge '')" = "certain likely none possible" ]
	[ "$(in_bash reason zero-)" = "zero-linger zero-window" ]
	[ "$(in_bash netid u_)" = "u_dgr u_seq u_str" ]
	[ "$(in_bash user = roo)" = root ]
	[[ " $(in_bash dev '') " == *" lo "* ]]
	[ "$(in_bash dport '')" = '' ]
}

@test "bash: a filter goes on" {
	[ "$(in_bash state established an)" = and ]
	[ "$(in_bash risk = likely and unse)" = unsent ]
	[ "$(in_bash autobound o)" = "or outstanding" ]
	[ "$(in_bash state established list)" = '' ]
}

@test "bash: nothing is printed, and nothing is left in the environment of the user" {
	run bash -c 'before=$(compgen -v); source "$0"; COMP_WORDS=(lingerstat -C ne) COMP_CWORD=2; _lingerstat
		comm -13 <(echo "$before" | sort) <(compgen -v | sort) |
			grep -vxE "before|COMP_[A-Z]+|COMPREPLY|FUNCNAME|PIPESTATUS|_|_lingerstat_[a-z]+"' "$scripts/lingerstat"
	[ -z "$output" ]
}

@test "fish: the script is sound" {
	need fish
	fish --no-execute "$fishscript"
}

@test "fish: every option of every command" {
	need fish
	for command in $(commands); do
		[ "$(in_fish "lingerstat $command --" | tr -d = | tr ' ' '\n' | sort -u)" = "$(long_options "$command")" ]
	done
	[ "$(in_fish 'lingerstat --form')" = --format ]
}

@test "fish: commands, columns, words and values" {
	need fish
	touch two
	[ "$(in_fish 'lingerstat ex')" = "exclude explain" ]
	[ "$(in_fish 'lingerstat --format=')" = "--format=csv --format=json --format=ndjson --format=table" ]
	[ "$(in_fish 'lingerstat --format nd')" = ndjson ]
	[ "$(in_fish 'lingerstat -C rec')" = recv-q ]
	[ "$(in_fish 'lingerstat -C +outc')" = "+outcome +outcomes" ]
	[ "$(in_fish 'lingerstat -C netid,outc')" = "netid,outcome netid,outcomes" ]
	[ "$(in_fish 'lingerstat --columns=netid,outc')" = "--columns=netid,outcome --columns=netid,outcomes" ]
	[ "$(in_fish 'lingerstat --sort=-rec')" = --sort=-recv-q ]
	[ "$(in_fish 'lingerstat --risk=lik')" = --risk=likely ]
	[ "$(in_fish 'lingerstat --read tw')" = two ]
	[ "$(in_fish 'lingerstat explain zero-l')" = zero-linger ]
	[ "$(in_fish 'lingerstat state time')" = time_wait ]
	[ "$(in_fish 'lingerstat risk = lik')" = likely ]
	[ "$(in_fish 'lingerstat state time_wait an')" = and ]
	[ "$(in_fish 'lingerstat user roo')" = root ]
}

# in_zsh LINE...: presses the key of completion behind each line in an interactive zsh on a
# terminal of its own; prints for each line what was offered, sorted, on one line.
in_zsh() {
	timeout 600 zsh -f "$BATS_TEST_DIRNAME/complete.zsh" "$scripts" "$out" "$@"
}

@test "zsh: the script is sound" {
	need zsh
	zsh -n "$scripts/_lingerstat"
}

@test "zsh: commands, options, columns, words and values" {
	need zsh
	touch two
	in_zsh 'lingerstat expl' 'lingerstat --form' 'lingerstat --format=' 'lingerstat --format nd' \
		'lingerstat -C rec' 'lingerstat -C +outc' 'lingerstat -C netid,outc' 'lingerstat --sort=-rec' \
		'lingerstat --risk=lik' 'lingerstat explain zero-l' 'lingerstat state time' \
		'lingerstat risk = lik' 'lingerstat risk=lik' 'lingerstat state time_wait an' \
		'lingerstat --read tw' 'lingerstat explain --form' 'lingerstat user = roo' >"$out.said"
	diff -u - "$out.said" <<-'END'
		lingerstat expl: explain
		lingerstat --form: --format
		lingerstat --format=: csv json ndjson table
		lingerstat --format nd: ndjson
		lingerstat -C rec: recv-q
		lingerstat -C +outc: outcome outcomes
		lingerstat -C netid,outc: outcome outcomes
		lingerstat --sort=-rec: recv-q
		lingerstat --risk=lik: likely
		lingerstat explain zero-l: zero-linger
		lingerstat state time: time_wait
		lingerstat risk = lik: likely
		lingerstat risk=lik: likely
		lingerstat state time_wait an: and
		lingerstat --read tw: two
		lingerstat explain --form:
		lingerstat user = roo: root
	END
}

@test "zsh: every option of every command" {
	need zsh
	for command in $(commands); do
		[ "$(in_zsh "lingerstat $command --" | sed 's/^[^:]*: *//' | tr ' ' '\n' | sed 's/=$//' | sort)" = "$(long_options "$command")" ]
	done
}
