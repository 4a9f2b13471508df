/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Churn: processes that open and close TCP connections over loopback as fast as they can, some with
 * a reset, some orderly, beside a crowd of connections that stay. In a network namespace with few
 * hash slots every chain of the kernel's table then changes while it is listed.
 */
#ifndef LINGERSTAT_TESTS_CHURNERS_H
#define LINGERSTAT_TESTS_CHURNERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHURNERS_MAX 8

struct churners {
	pid_t pids[CHURNERS_MAX];
	size_t count;
	uint64_t *closed; /* connections that were closed so far: a shared page */
};

/* Gives the process a namespace of its own whose TCP table has so many slots (a power of two, 16 at
 * least). Returns 0, or a negative errno; -ENOENT where the kernel cannot (before 6.1). */
int churn_namespace(unsigned int slots);

/* Starts that many processes. Returns 0 or a negative errno; churners_end() is due in either
 * case. */
int churners_start(struct churners *churners, size_t count);

/* How many connections they have closed so far. */
uint64_t churners_closed(const struct churners *churners);

void churners_end(struct churners *churners);

#endif
