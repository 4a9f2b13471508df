/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the census's BPF program: the linker puts its walks in place of source/census.h's
 * (FAKE_CENSUS in tests/local.mk). They hand on what the test has written down before.
 */
#ifndef LINGERSTAT_TESTS_UNIT_FAKE_CENSUS_H
#define LINGERSTAT_TESTS_UNIT_FAKE_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "source/census.h"

#define FAKE_TABLES  3 /* connections, listeners, bound */
#define FAKE_RECORDS 64

struct fake_census {
	struct census_record records[FAKE_TABLES][FAKE_RECORDS];
	size_t counts[FAKE_TABLES];
	int errors[FAKE_TABLES];              /* what a walk fails with at its end */
	enum census_depth depth[FAKE_TABLES]; /* that was asked for */
	unsigned int walks;
	uint64_t table; /* of the namespace that the process is in */
	uint32_t slots;
	int find_error;
	size_t many; /* so many of the first connection, instead of those there are */
};

extern struct fake_census census;

/* What stands for a census; nothing looks into it. */
#define FAKE_CENSUS ((struct census *)&census)

/* Adds an established IPv4 connection, or whatever `table` has, of a namespace; gives it for
 * changes. */
struct census_record *add_record(enum census_table table, uint32_t netns);

#endif
