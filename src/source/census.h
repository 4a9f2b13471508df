/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census: which TCP sockets there are in our network namespace, or in all that share its table,
 * by the BPF program of
 * bpf/census.bpf.c. A dump can pass over sockets (turnover.h); this cannot: who is there from its
 * beginning to its end is in it. It knows who they are and nothing else of them.
 */
#ifndef LINGERSTAT_SOURCE_CENSUS_H
#define LINGERSTAT_SOURCE_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/census_record.h"

struct census;

/* Takes one socket; gives 0 to go on or a negative errno to stop. */
typedef int (*census_sink)(void *ctx, const struct census_record *record);

/* Loads the program: needs CAP_BPF and CAP_PERFMON, up to here. Returns 0 or a negative errno
 * (-EOPNOTSUPP: built without BPF). */
int census_open(struct census **census);
void census_close(struct census *census);

/* Hands on every socket of a table whose state is in the mask (1 << TCP_*); one may come twice.
 * Returns 0 when all of them came, the sink's error, or a negative errno: -E2BIG where one slot
 * has more than CENSUS_RECORDS, -ENOTSUP where this kernel keeps them in another way. */
int census_walk(struct census *census, enum census_table table, uint32_t states, census_sink sink,
		void *ctx);

/* The same of every namespace that has its sockets in the table of the one that the process is in,
 * in whatever state; the record says whose it is, and what `depth` asks for besides. */
int census_walk_every(struct census *census, enum census_table table, enum census_depth depth,
		      census_sink sink, void *ctx);

/* Which table of connections the namespace has that the process is in, by a number that says
 * nothing else, and of how many slots. Returns 0 or a negative errno. */
int census_find_table(struct census *census, uint64_t *table, uint32_t *slots);

#endif
