/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Latecomers: sockets that no process in sight held when the owners were read, and those whose
 * other end nobody held. Most are merely
 * newer than that pass. They are held back, looked for once more after the dump, and only then
 * said to be unseen.
 */
#ifndef LINGERSTAT_CMD_LATE_H
#define LINGERSTAT_CMD_LATE_H

#include "enrich/owners.h"
#include "source/source.h"

#define LATE_MAX 1024 /* more than these are not held back, and their holders stay unknown */

struct late;

/* Returns NULL when memory is short. */
struct late *late_new(void);
void late_free(struct late *late);

/* Takes a socket after owners_join(); true when it was held back. */
bool late_keep(struct late *late, const struct socket *sk);

/* For one that late_keep() would take but nobody can look for again: its holders, and those of its
 * other end, are unknown where none was seen. True when there were such. */
bool late_give_up(struct socket *sk);

/* How many were held back. */
size_t late_count(const struct late *late);

/* True when the kernel still has this very socket. `ctx` is that of late_resolve(). */
typedef bool (*socket_exists)(void *ctx, const struct socket *sk);

/*
 * Makes the second pass and joins what it finds; a socket that is still without a holder is
 * asked for once more, and some milliseconds later again: one that is gone by then was being
 * closed, and has unknown holders, not none. The socket at the other end is asked for once.
 * `again` is the descriptor of owners_bpf_read_first(), `first` the index of that pass. Then hands
 * each on. Returns 0 or the sink's error.
 */
int late_resolve(struct late *late, int again, const struct owners_status *status,
		 struct owners *first, socket_exists exists, socket_sink sink, void *ctx);

/* True when the second pass failed, so that nobody knows more of those that were held back. */
bool late_unread(const struct late *late);

#endif
