/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tally: what the listed sockets add up to. It ends the table on a terminal and is the
 * summary in JSON.
 */
#ifndef LINGERSTAT_PRESENT_TALLY_H
#define LINGERSTAT_PRESENT_TALLY_H

#include "base/outbuf.h"
#include "model/socket.h"

struct tally {
	uint64_t sockets; /* of every state of the selection */
	uint64_t shown;   /* of these, the ones that were printed */
	uint64_t states[STATE_COUNT];
	uint64_t risks[RISK_COUNT]; /* by the lower bound */
	uint64_t reasons[REASON_COUNT];
	uint64_t linger_unknown;  /* reason linger-unknown: the verdict hangs on it */
	uint64_t holders_unknown; /* sockets whose holders could not be read */
	uint64_t stake_bytes;     /* at risk `possible` and above */
	uint64_t stake_unknown;   /* sockets at risk whose bytes nobody can tell */
	uint64_t loss_min_bytes, loss_max_bytes, unread_bytes; /* of those that are known */
	uint64_t loss_unknown, unread_unknown; /* sockets that are in none of these sums */
};

void tally_add(struct tally *t, const struct socket *sk, bool shown);

/* One line for people, without a line feed. `judged`: the forecast was made; without it the line
 * says nothing of risk. */
void tally_line(struct outbuf *b, const struct tally *t, bool judged);

/* The members of a JSON object (no braces): counts by state, risk and reason, sums of bytes. */
void tally_json(struct outbuf *b, const struct tally *t, bool judged);

#endif
