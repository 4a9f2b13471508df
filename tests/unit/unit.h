/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every unit test includes first: cmocka, which wants its headers in this order, and what
 * several of them use.
 */
#ifndef LINGERSTAT_TESTS_UNIT_UNIT_H
#define LINGERSTAT_TESTS_UNIT_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* xorshift64 (Marsaglia): the same sequence on every machine. */
static inline uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

#endif
