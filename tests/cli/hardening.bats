#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The flags that configure adds to harden the tool, seen in the program that was built: a flag that
# got lost on its way from configure to the compiler or the linker changes nothing else.

# wanted NAME: skips unless configure took this flag. One it neither took nor refused is a failure.
wanted() {
	[ -n "${HARDENING_TAKEN+set}" ] || skip "only make check knows how the tool was built"
	[ -z "$HARDENING_OFF" ] || skip "built without: $HARDENING_OFF"
	case " $HARDENING_REFUSED " in *" $1 "*) skip "the compiler does not take the flag" ;; esac
	case " $HARDENING_TAKEN " in *" $1 "*) ;; *) return 1 ;; esac
	command -v readelf >/dev/null || skip "readelf is missing"
}

# Machine code is compared for one architecture only.
disassemble() {
	[ "$(uname -m)" = x86_64 ] || skip "the instructions are known for x86_64 only"
	command -v objdump >/dev/null || skip "objdump is missing"
	objdump -d --no-show-raw-insn "$LINGERSTAT" >"$BATS_TEST_TMPDIR/code"
}

@test "hardening: the program is position independent" {
	wanted pie
	readelf -hW "$LINGERSTAT" | grep 'Type: *DYN'
	readelf -dW "$LINGERSTAT" | grep 'FLAGS_1.*PIE'
}

@test "hardening: all symbols are bound at the start, and read-only after it" {
	wanted relro
	wanted now
	readelf -lW "$LINGERSTAT" | grep GNU_RELRO
	readelf -dW "$LINGERSTAT" | grep 'FLAGS_1.*NOW'
}

@test "hardening: the stack is not executable" {
	wanted noexecstack
	readelf -lW "$LINGERSTAT" | grep 'GNU_STACK.* RW '
}

@test "hardening: functions with arrays guard their stack frame" {
	wanted stack-protector
	readelf --dyn-syms -W "$LINGERSTAT" | grep __stack_chk_fail
}

@test "hardening: the C library's functions check the size of what they write to" {
	wanted fortify
	readelf --dyn-syms -W "$LINGERSTAT" | grep '__snprintf_chk'
}

@test "hardening: a stack frame of more than a page is touched page by page" {
	wanted stack-clash
	disassemble
	grep -A1 'sub  *\$0x1000,%rsp' "$BATS_TEST_TMPDIR/code" | grep -E '(or|mov)q  *\$0x0,\(%rsp\)'
}

# The C library's start files have a few of their own.
@test "hardening: a function that may be called through a pointer says so" {
	wanted control-flow
	disassemble
	[ "$(grep -c endbr64 "$BATS_TEST_TMPDIR/code")" -gt 100 ]
}
