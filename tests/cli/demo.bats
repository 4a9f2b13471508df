#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration: every forecast holds, as root and as an ordinary user, and one that does not
# hold is noticed.
#
# run-tap: live (real sockets, and times)

setup() {
	: "${LINGERSTAT:=lingerstat}"
	source=$BATS_TEST_DIRNAME/../../contrib/demo
	demo=${TOP_BUILDDIR-}/contrib/demo/lingerstat-demo
	[ -x "$demo" ] || skip "the demonstration is not built"
	# Where another user may run both, too.
	place=$(mktemp -d)
	chmod 755 "$place"
	cp "$demo" "$LINGERSTAT" "$place"
	demo=$place/lingerstat-demo
	export LINGERSTAT=$place/lingerstat
}

teardown() {
	[ -z "${place-}" ] || rm -rf "$place"
}

skip_without_linger() {
	[[ $output != *"could not read SO_LINGER"* ]] || skip "linger cannot be read on this machine"
}

as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
	else
		"$@"
	fi
}

all_held() {
	[ "$status" -eq 0 ]
	[[ $output == *"10 of 10 forecasts held" ]]
	[[ $output != *"DID NOT HOLD"* ]]
}

@test "demo: as root, with the segments" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	run "$demo"
	skip_without_linger
	all_held
	[[ $output == *"the segments are caught"* ]] || skip "no network namespace of one's own"
	# zero-linger: handshake, data, and the reset right after the close
	run "$demo" zero-linger
	[ "$status" -eq 0 ]
	order=$(echo "$output" | grep -oE 'SYN(, ACK)?$|: data|close\(\)$|: RST$|server: reads' | uniq | tr -d ': ' | tr '\n' ' ')
	[[ $order =~ ^"SYN SYN,ACK "(data )+"close() RST serverreads " ]]
	# a close while data waits: the FIN comes behind all of it
	run "$demo" close-unsent
	[ "$status" -eq 0 ]
	echo "$output" | grep -A1 ': data .*:200001,' | grep -q ': FIN$'
	! echo "$output" | grep -q ': RST$' || false
}

@test "demo: as an ordinary user" {
	[ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "setpriv is not installed"
	run as_user "$demo"
	skip_without_linger
	all_held
	[[ $output == *"(by getfd)"* ]]
}

@test "demo: as an ordinary user, on the machine's loopback" {
	[ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "setpriv is not installed"
	run as_user "$demo" --here
	skip_without_linger
	all_held
	[[ $output == *"on this machine's loopback"* ]]
}

# A tool that lies: its words are changed on the way.
lying_tool() {
	printf "#!/bin/sh\n'%s' \"\$@\" | sed '%s'\n" "$LINGERSTAT" "$1" >"$place/liar"
	chmod 755 "$place/liar"
	export LINGERSTAT=$place/liar
}

@test "demo: a wrong outcome is noticed" {
	lying_tool 's/"outcome":"reset"/"outcome":"background"/'
	run "$demo" --here zero-linger-idle
	skip_without_linger
	[ "$status" -eq 1 ]
	[[ $output == *"DID NOT HOLD"*"0 of 1 forecasts held" ]]
}

@test "demo: a wrong number of bytes is noticed" {
	lying_tool 's/"loss_max_bytes":[0-9]*/"loss_max_bytes":7/'
	run "$demo" --here zero-linger
	skip_without_linger
	[ "$status" -eq 1 ]
	[[ $output =~ "bytes it loses"[^$'\n']*"DID NOT HOLD" ]]
}

@test "demo: a wrong risk is noticed" {
	# A busy machine makes of "possible" a "likely".
	lying_tool 's/"risk":"[a-z]*"/"risk":"none"/'
	run "$demo" --here close-answered
	skip_without_linger
	[ "$status" -eq 1 ]
	[[ $output =~ "risk of loss"[^$'\n']*"DID NOT HOLD" ]]
}

@test "demo: an overlooked second descriptor is noticed" {
	lying_tool 's/"references":2/"references":1/; s/,*"shared"//'
	run "$demo" --here child-connection
	skip_without_linger
	[ "$status" -eq 1 ]
	[[ $output =~ "first close()"[^$'\n']*"DID NOT HOLD" ]]
}

@test "demo: a tool that cannot be run, a word it does not know" {
	LINGERSTAT=$place/none run "$demo" zero-linger
	[ "$status" -eq 3 ]
	[[ $output == *"$place/none"* ]]
	run "$demo" no-such
	[ "$status" -eq 2 ]
	[[ $output == *"'no-such': no such experiment"* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "demo: the installed sources compile and run with one command" {
	command -v cc >/dev/null || skip "no C compiler"
	mkdir "$place/examples"
	cp "$source"/*.c "$source"/*.h "$source"/run "$place/examples"
	run sh "$place/examples/run" --here zero-linger
	skip_without_linger
	[ "$status" -eq 0 ]
	[[ $output == *"1 of 1 forecasts held" ]]
}
