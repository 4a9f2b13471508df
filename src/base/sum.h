/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sum: adding up numbers that a recording may make as large as it likes. A sum never wraps; it
 * stays within what a JSON reader with signed 64-bit numbers takes.
 */
#ifndef LINGERSTAT_BASE_SUM_H
#define LINGERSTAT_BASE_SUM_H

#include <stdint.h>

/* Adds `n` times `value`; one below 0, which is unknown, adds nothing. The sum, which is at most
 * INT64_MAX, stays there when there is more. */
static inline void sum_add(uint64_t *sum, int64_t value, uint64_t n)
{
	uint64_t more;

	if (value <= 0)
		return;
	if (__builtin_mul_overflow((uint64_t)value, n, &more) || more > INT64_MAX - *sum)
		*sum = INT64_MAX;
	else
		*sum += more;
}

#endif
