/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of test_guards.c, where there is nothing to make its programs with.
 */
#include <stdio.h>

int main(void)
{
	puts("1..0 # SKIP built without BPF, without clang, or without libbpf 1.0");
	return 0;
}
