/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listen queues: the listeners whose waiting connections come nearest to the backlog. The kernel
 * turns a connection away when more than the backlog wait (sk_acceptq_is_full() in
 * include/net/sock.h compares with >), so backlog + 1 is what fits.
 */
#ifndef LINGERSTAT_COUNT_QUEUES_H
#define LINGERSTAT_COUNT_QUEUES_H

#include "model/socket.h"

#define QUEUE_NAME_MAX 108 /* sun_path */

/* One listener, with copies of what does not outlive its row. */
struct listen_queue {
	struct socket sk; /* its own fields and ends; `un.name` and `holders` point below */
	char name[QUEUE_NAME_MAX];
	struct holder holder; /* the first */
	char comm[16];
	int64_t waiting;
	int64_t fits; /* backlog + 1 */
};

struct queues;

/* Takes how many of the fullest to keep, 1 or more. Returns NULL when memory is short. */
struct queues *queues_new(size_t keep);
void queues_free(struct queues *queues);

/* Adds a socket; those that are no listener of a family whose queue is counted in connections
 * change nothing. */
void queues_add(struct queues *queues, const struct socket *sk);

/* What fits in the smallest queue of all listeners; UNKNOWN when there is no listener. */
int64_t queues_smallest(const struct queues *queues);

/* Listeners seen, and those of them that have connections waiting. */
uint64_t queues_listeners(const struct queues *queues);
uint64_t queues_waiting(const struct queues *queues);

/* The kept ones that have connections waiting, the fullest first (equal ones: the longer queue,
 * then the first that came). */
size_t queues_count(const struct queues *queues);
const struct listen_queue *queues_item(const struct queues *queues, size_t i);

#endif
