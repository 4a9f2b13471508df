#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/vm itself: what it makes of guests that end well, badly, or not at all. The guests are made
# up; no kernel is booted.
#
# Single quotes are what they seem: scripts of other programs. bats runs each test in a subshell.
# shellcheck disable=SC2016,SC2030,SC2031

setup() {
	top=$BATS_TEST_DIRNAME/../..
	guest=$BATS_TEST_TMPDIR/guest
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$guest" "$bin"
	unset LINGERSTAT_RETRY VM_SECONDS
}

# ---- the judge ----

# A guest in which two tests ran, one of them with cases chosen.
good_guest() {
	cat >"$guest/serial" <<-'END'
		== begin 6.1.0
		== test tests/live/one
		1..2
		ok 1 - first
		ok 2 - second # SKIP no such family
		== exit 0 3
		== test tests/live/two:deaf*
		1..1
		ok 1 - deaf
		== exit 0 4
		== end 2
	END
	echo "Linux version 6.1.0" >"$guest/console"
	echo 0 >"$guest/ended"
	: >"$guest/qemu"
}

# edit FILE SCRIPT: changes a file of the guest with sed.
edit() {
	sed -i -E "$2" "$guest/$1"
}

judge() {
	run bash "$top/tests/vm/judge" 6.1 "$guest" tests/live/one 'tests/live/two:deaf*'
	echo "$output"
}

# fails TALLY [TEXT]...: the judge says so, and says the texts.
fails() {
	local text
	judge
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "$1" ]
	shift
	for text; do
		[[ $output == *"$text"* ]]
	done
}

@test "vm: a guest in which all is well" {
	good_guest
	judge
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "5 passed, 0 failed, 1 skipped" ]
	[[ $output == *"SKIP: 6.1 tests/live/one 2 - second # SKIP no such family"* ]]
}

@test "vm: a case that failed is named, with what it said" {
	good_guest
	edit serial 's/^ok 1 - deaf/not ok 1 - deaf\n# it was 3/'
	fails "4 passed, 1 failed, 1 skipped" "FAIL: 6.1 tests/live/two:deaf* 1 - deaf" "# it was 3"
}

@test "vm: a test that exits with a failure, or was ended by a signal" {
	good_guest
	edit serial 's/^== exit 0 4/== exit 139 4/'
	fails "5 passed, 1 failed, 1 skipped" "ERROR: 6.1 tests/live/two:deaf* - exited with status 139"
}

@test "vm: a test that ended before its plan" {
	good_guest
	edit serial '/^ok 2 - second/d'
	fails "5 passed, 1 failed, 0 skipped" "ERROR: 6.1 tests/live/one - too few tests run"
}

@test "vm: a test of which nothing came" {
	good_guest
	edit serial '/^== test tests.live.two/,/^== exit/d'
	edit serial 's/^== end 2/== end 1/'
	fails "3 passed, 3 failed, 1 skipped" "6.1 tests/live/two:deaf*" "6.1 guest 1 - all 2 tests ended"
}

@test "vm: a case that is skipped without a reason" {
	good_guest
	edit serial 's/(# SKIP) no such family/\1/'
	fails "5 passed, 1 failed, 0 skipped" "second (skipped without a reason)"
}

@test "vm: a pattern that names no case, and a test that skips all without a reason" {
	good_guest
	edit serial '/^1\.\.1/s/.*/1..0/; /^ok 1 - deaf/d'
	fails "4 passed, 1 failed, 1 skipped" "no case was run, without a reason"
	good_guest
	edit serial '/^1\.\.1/s/.*/1..0 # SKIP /; /^ok 1 - deaf/d'
	fails "4 passed, 1 failed, 1 skipped" "no case was run, without a reason"
}

@test "vm: a test that is skipped as a whole, with the reason" {
	good_guest
	edit serial '/^1\.\.1/s/.*/1..0 # SKIP no modules/; /^ok 1 - deaf/d'
	judge
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "4 passed, 0 failed, 2 skipped" ]
	[[ $output == *"SKIP: 6.1 tests/live/two:deaf* - no modules"* ]]
}

@test "vm: a panic: what the kernel said last is shown" {
	good_guest
	edit serial '/^== test tests.live.two/,$d'
	printf 'Kernel panic - not syncing: Fatal exception\r\n' >>"$guest/console"
	fails "2 passed, 4 failed, 1 skipped" "# Kernel panic - not syncing: Fatal exception"
}

@test "vm: a bug that the kernel outlived" {
	good_guest
	echo "BUG: sleeping function called from invalid context" >>"$guest/console"
	fails "4 passed, 1 failed, 1 skipped" "6.1 guest 3 - no bug in its kernel" \
		"# BUG: sleeping function"
}

@test "vm: no closing line, though every test has ended" {
	good_guest
	edit serial '/^== end/d'
	fails "4 passed, 1 failed, 1 skipped" "6.1 guest 1 - all 2 tests ended"
}

@test "vm: a closing line that counts fewer tests" {
	good_guest
	edit serial 's/^== end 2/== end 1/'
	fails "4 passed, 1 failed, 1 skipped" "6.1 guest 1 - all 2 tests ended"
}

@test "vm: a guest that had to be ended hangs, even after its closing line" {
	for status in 124 137; do
		good_guest
		echo $status >"$guest/ended"
		fails "4 passed, 1 failed, 1 skipped" "6.1 guest 2 - it went down by itself"
	done
}

@test "vm: a guest of which nothing came: what qemu said is shown" {
	good_guest
	: >"$guest/serial"
	: >"$guest/console"
	echo "could not load kernel" >"$guest/qemu"
	fails "2 passed, 5 failed, 0 skipped" "# qemu: could not load kernel"
}

@test "vm: what was unsteady is noted for the run's end" {
	good_guest
	edit serial 's/^ok 1 - deaf/# unsteady: tests\/live\/two: not ok 1 - deaf\n&/'
	LINGERSTAT_RETRY=$BATS_TEST_TMPDIR/notes judge
	[ "$status" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/notes")" = "6.1: tests/live/two: not ok 1 - deaf" ]
}

# ---- the run as a whole ----

# program NAME BODY: one that stands first in PATH.
program() {
	printf '#!/bin/bash\n%s\n' "$2" >"$bin/$1"
	chmod +x "$bin/$1"
}

# The machine has it all, and apt the kernel of each version; nothing is real.
machine() {
	local tool
	for tool in dpkg-deb depmod modprobe cpio strip; do
		program $tool true
	done
	program uname 'echo x86_64'
	program apt-cache 'v=${!#}; v=${v#^linux-image-}; v=${v%%[[]*}
		echo "linux-image-${v//\\/}0-9-cloud-amd64 - Linux for x86-64"'
	program apt-get 'echo "E: no network" >&2; exit 100'
	program qemu-system-x86_64 'exit 1'
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/tests/vm" "$BATS_TEST_TMPDIR/build"
	cp "$top"/tests/vm/{check-vm,judge,kernel} "$tree/tests/vm"
	cp "$top/tests/tally" "$tree/tests"
	ln -s "$(realpath "$top/build-aux")" "$tree/build-aux"
	printf '#!/bin/sh\ntouch "$3"\n' >"$tree/tests/vm/initramfs"
	chmod +x "$tree"/tests/vm/*
	PATH=$bin:$PATH
	export VM_CACHE=$BATS_TEST_TMPDIR/cache
}

cached() {
	local version
	for version; do
		mkdir -p "$VM_CACHE/linux-image-$version.0-9-cloud-amd64/boot"
		touch "$VM_CACHE/linux-image-$version.0-9-cloud-amd64/boot/vmlinuz-$version"
	done
}

# qemu BODY: in place of a guest. $console and $serial are its lines.
qemu() {
	program qemu-system-x86_64 'echo $$ >>"$BATS_TEST_TMPDIR/pids"
		files=($(printf "%s\n" "$@" | sed -n "s/^file://p"))
		console=${files[0]} serial=${files[1]}
		'"$1"
}

check_vm() {
	TOP_BUILDDIR=$BATS_TEST_TMPDIR/build run "$tree/tests/vm/check-vm" "$@"
	echo "$output"
}

GOOD='echo booted >$console
printf "== begin\n== test tests/live/one\n1..1\nok 1 - a\n== exit 0 1\n== end 1\n" >$serial'

@test "vm: two guests, at once, told in the order they were asked for" {
	machine
	cached 6.1 6.12
	# Each waits for the other.
	qemu 'until [ "$(wc -l <"$BATS_TEST_TMPDIR/pids")" -eq 2 ]; do sleep 0.1; done
		case $serial in */6.1/*) sleep 1 ;; esac
		'"$GOOD"
	VM_SECONDS=60 check_vm 6.1 6.12 -- tests/live/one
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "8 passed, 0 failed, 0 skipped" ]
	[ "$(grep '^=== Linux' <<<"$output" | tr '\n' ' ')" = "=== Linux 6.1 === Linux 6.12 " ]
	[ "$(grep -c '^4 passed, 0 failed, 0 skipped$' <<<"$output")" -eq 2 ]
}

@test "vm: a guest that hangs is ended, and the other one counts" {
	machine
	cached 6.1 6.12
	qemu 'case $serial in */6.1/*) exec sleep 600 ;; esac
		'"$GOOD"
	VM_SECONDS=8 check_vm 6.1 6.12 -- tests/live/one
	[ "$status" -eq 1 ]
	[[ $output == *"FAIL: 6.1 guest 2 - it went down by itself"* ]]
	[ "${lines[-1]}" = "5 passed, 4 failed, 0 skipped" ]
}

# alive PID: and not only left for its parent to see.
alive() {
	grep -q '^State:[^ZX]*$' "/proc/$1/status" 2>/dev/null
}

# guests_alive COUNT
guests_alive() {
	local pid count=0
	while read -r pid; do
		! alive "$pid" || count=$((count + 1))
	done <"$BATS_TEST_TMPDIR/pids"
	[ "$count" -eq "$1" ]
}

# within_a_minute COMMAND...: waits until it holds.
within_a_minute() {
	for ((i = 0; i < 600; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

@test "vm: guests end with the run that is ended" {
	local pid
	machine
	cached 6.1 6.12
	: >"$BATS_TEST_TMPDIR/pids"
	qemu 'exec sleep 600'
	TOP_BUILDDIR=$BATS_TEST_TMPDIR/build "$tree/tests/vm/check-vm" 6.1 6.12 -- tests/live/one \
		>/dev/null 2>&1 3>&- &
	pid=$!
	within_a_minute guests_alive 2
	kill "$pid"
	wait "$pid" || true
	within_a_minute guests_alive 0
}

@test "vm: a second run in the same folder is refused, and harms the first in nothing" {
	local work=$BATS_TEST_TMPDIR/build/check-vm
	machine
	cached 6.1
	qemu "$GOOD"
	mkdir -p "$work/6.1"
	touch "$work/6.1/serial"
	exec 8>"$work/lock"
	flock -n 8
	check_vm 6.1 -- tests/live/one
	exec 8>&-
	[ "$status" -eq 1 ]
	[ "$output" = "check-vm: another run is at work in $work" ]
	[ -e "$work/6.1/serial" ]
	check_vm 6.1 -- tests/live/one
	[ "$status" -eq 0 ]
}

@test "vm: without qemu every kernel is skipped, with the reason" {
	local tool
	machine
	rm "$bin/qemu-system-x86_64"
	# A PATH of its own, as qemu may be installed here.
	for tool in bash dirname env flock mkdir rm touch cat awk tail; do
		ln -s "$(command -v $tool)" "$bin/$tool"
	done
	PATH=$bin check_vm 6.1 6.12 -- tests/live/one
	[ "$status" -eq 0 ]
	[[ $output == *"SKIP: 6.1: qemu-system-x86_64 is not installed"* ]]
	[[ $output == *"SKIP: 6.12: qemu-system-x86_64 is not installed"* ]]
	[ "${lines[-1]}" = "0 passed, 0 failed, 2 skipped" ]
}

@test "vm: packages that cannot be fetched are skipped, with what apt said" {
	machine
	check_vm 6.1 6.12 -- tests/live/one
	[ "$status" -eq 0 ]
	[[ $output == *"SKIP: 6.1: linux-image-6.1.0-9-cloud-amd64 could not be fetched: E: no network"* ]]
	[ "${lines[-1]}" = "0 passed, 0 failed, 2 skipped" ]
}

@test "vm: a kernel in the cache serves where apt has none" {
	machine
	program apt-cache true
	cached 6.1
	run env -u HOME "$tree/tests/vm/kernel" 6.1
	[ "$status" -eq 0 ]
	[ "$output" = "$VM_CACHE/linux-image-6.1.0-9-cloud-amd64" ]
}

@test "vm: without a home the reason is told all the same" {
	machine
	program apt-cache true
	unset VM_CACHE XDG_CACHE_HOME
	run env -u HOME "$tree/tests/vm/kernel" 6.99
	[ "$status" -eq 1 ]
	[ "$output" = "apt knows no package linux-image-6.99.*-cloud-amd64" ]
}

@test "vm: a version that apt does not know is skipped" {
	machine
	program apt-cache true
	check_vm 6.99 -- tests/live/one
	[ "$status" -eq 0 ]
	[[ $output == *"SKIP: 6.99: apt knows no package linux-image-6.99."* ]]
	[ "${lines[-1]}" = "0 passed, 0 failed, 1 skipped" ]
}

@test "vm: without the live tests every kernel is skipped" {
	machine
	check_vm 6.1 --
	[ "$status" -eq 0 ]
	[[ $output == *"SKIP: 6.1: no live tests were built"* ]]
}

@test "vm: an initramfs that cannot be made is a failure" {
	machine
	cached 6.1
	printf '#!/bin/sh\nexit 1\n' >"$tree/tests/vm/initramfs"
	check_vm 6.1 -- tests/live/one
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}

@test "vm: neither kernels nor tests is a wrong call" {
	machine
	check_vm -- tests/live/one
	[ "$status" -eq 2 ]
	check_vm 6.1
	[ "$status" -eq 2 ]
}
