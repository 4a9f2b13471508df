/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census: where a plan asks of TCP's sockets no more than how many there are in each state, the
 * kernel counts them (source/states.h) and lists none.
 *
 * It is held where every state is asked for, without a filter, of CENSUS_LEAST sockets or more by
 * the kernel's own sockstat: to load the program costs as much as to dump some thousands, and a
 * mask of few states is quicker to dump than to count. Where BPF is not to be had the dump counts,
 * and nobody need be told: the counts are the same.
 *
 * Sockets that are bound and nothing else stand in no table that the program sees. A dump shows
 * them before the first connection (inet_diag_dump_icsk() in net/ipv4/inet_diag.c), and is given up
 * there.
 */
#ifndef LINGERSTAT_CMD_CENSUS_H
#define LINGERSTAT_CMD_CENSUS_H

#include "cmd/run.h"

#define CENSUS_LEAST 10000

/* Whether one would serve this run. It has the right to load BPF then, as far as this user has. */
bool census_serves(const struct run *run);

/* Counts, and hands the plan's sink what was counted. Returns how many sockets it was; -EAGAIN when
 * there is no counting: a dump of TCP is due then; or what the sink gave. */
int64_t census_take(struct run *run, const struct selection *sel);

#endif
