/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States: how many TCP sockets of this network namespace there are in each state, by the census
 * (source/census.h). Who wants to know no more of a socket than its
 * state, its IP version and whether it is an orphan need not have each of them told: a message of
 * the dump costs more than a look.
 *
 * The counts are the dump's: what it calls TIME_WAIT, SYN_RECV or FIN_WAIT2 is counted there. Only
 * sockets that are bound and nothing else (STATE_BOUND_INACTIVE) are in no table that the census
 * walks; a dump of that state alone adds them.
 */
#ifndef LINGERSTAT_SOURCE_STATES_H
#define LINGERSTAT_SOURCE_STATES_H

#include "source/source.h"

/* Takes one socket for `n` that are alike: of *sk netid, family, state and protocol are filled, and
 * what socket_is_orphan() and the queue's unit hang on. Gives 0 or a negative errno. */
typedef int (*alike_sink)(void *ctx, const struct socket *sk, uint64_t n);

struct states;

/* Loads the program, which needs CAP_BPF and CAP_PERFMON; what follows needs neither. Returns NULL
 * when it is not to be had, for whatever reason. */
struct states *states_open(void);

/* Counts, once, the sockets of the namespace that the process is in. Returns 0 or a
 * negative errno: a dump may take its place then. */
int states_count(struct states *states);

/* Hands what was counted of the selection on, alike by alike; how many sockets it was goes to
 * *sockets. Returns 0 or what the sink gave. */
int states_each(const struct states *states, const struct selection *sel, alike_sink sink,
		void *ctx, uint64_t *sockets);

void states_close(struct states *states);

#endif
