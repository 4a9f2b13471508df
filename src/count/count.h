/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting behind one function: a command says which counters it wants, feeds them socket after
 * socket, and reads the results. What is not wanted costs nothing, neither here nor in the kernel.
 */
#ifndef LINGERSTAT_COUNT_COUNT_H
#define LINGERSTAT_COUNT_COUNT_H

#include "count/groups.h"
#include "count/leaks.h"
#include "count/ports.h"
#include "count/queues.h"
#include "count/tally.h"

/* Counters beside the tally, which is always there. */
enum count_part {
	COUNT_PORTS = 1 << 0,
	COUNT_QUEUES = 1 << 1,
	COUNT_LEAKS = 1 << 2,
};

struct count_request {
	unsigned int parts;
	const struct group_by *by;      /* NULL: no groups */
	size_t keep;                    /* how many listen queues to keep */
	const struct port_range *range; /* for COUNT_PORTS; must stay until counts_close() */
};

/* What is not wanted is NULL. */
struct counts {
	struct tally tally;
	struct ports *ports;
	struct queues *queues;
	struct leaks *leaks;
	struct groups *groups;
};

/* Returns 0 or -ENOMEM; counts_close() is due in both cases. */
int counts_open(struct counts *counts, const struct count_request *request);
void counts_close(struct counts *counts);

/* Adds one socket, enriched and judged as far as the request needs it. Returns 0 or -ENOMEM. */
int counts_add(struct counts *counts, const struct socket *sk);

/* Whether sockets of one kind, state and IP version need not be told apart (but orphans, and
 * minisockets): counts_add_alike() will do. */
bool counts_take_alike(const struct count_request *request);

/* Adds one for `n` sockets that are alike so far. Returns 0 or -ENOMEM. */
int counts_add_alike(struct counts *counts, const struct socket *sk, uint64_t n);

/* Begins another network namespace, with its inode; to be called before the request's range is that
 * of the new one. Returns 0 or -ENOMEM. */
int counts_enter(struct counts *counts, uint64_t netns);

/* Ends the counting; only then may the parts be read. Returns 0 or -ENOMEM. */
int counts_finish(struct counts *counts);

#endif
