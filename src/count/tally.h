/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The count room: what many sockets add up to. Each counter is fed one struct socket at a time
 * and keeps numbers, never sockets, so that half a million cost no more than one.
 *
 * The tally: sums over everything that was selected, by kind, state, risk and reason. It ends the
 * table on a terminal, is the summary in JSON, and the core of `summary`, `check` and `metrics`.
 */
#ifndef LINGERSTAT_COUNT_TALLY_H
#define LINGERSTAT_COUNT_TALLY_H

#include "model/socket.h"

/* Sockets, and their bytes at stake: lost at a close, or left to nobody's care. */
struct stake {
	uint64_t sockets;
	uint64_t bytes;
	uint64_t unknown; /* sockets among them whose bytes nobody can tell: not in the sum */
};

struct tally {
	uint64_t sockets; /* of every state of the selection */
	uint64_t shown;   /* of these, the ones that were printed */
	uint64_t states[STATE_COUNT];
	uint64_t kinds[NETID_COUNT][STATE_COUNT];
	/* As the machine counts orphans: full sockets without an inode. FIN_WAIT2 minisockets are
	 * none of them (tcp_time_wait() in net/ipv4/tcp_minisocks.c gives the orphan up). */
	uint64_t orphans;
	struct stake risks[RISK_COUNT]; /* by the lower bound */
	uint64_t risks_max[RISK_COUNT]; /* by the upper bound */
	struct stake reasons[REASON_COUNT];
	uint64_t linger_unknown;  /* reason linger-unknown: the verdict hangs on it */
	uint64_t holders_unknown; /* sockets whose holders could not be read */
	struct stake stake;       /* all at risk `possible` and above */
	uint64_t loss_min_bytes, loss_max_bytes, unread_bytes; /* of those that are known */
	uint64_t loss_unknown, unread_unknown; /* sockets that are in none of these sums */
};

/* Adds one socket. Its forecast counts when it was judged, else as risk none. */
void tally_add(struct tally *t, const struct socket *sk, bool shown);

/* Adds one for `n` that are alike in all that the tally asks, and shown. */
void tally_add_alike(struct tally *t, const struct socket *sk, uint64_t n);

#endif
