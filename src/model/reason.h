/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a close is judged as it is: stable words, the same in the table, JSON, metrics, explain
 * and the man pages. A socket carries a set of them, one bit each.
 */
#ifndef LINGERSTAT_MODEL_REASON_H
#define LINGERSTAT_MODEL_REASON_H

#include <stdint.h>

typedef uint32_t reason_set;

enum reason {
	REASON_UNREAD_DATA,
	REASON_SIBLING_UNREAD,
	REASON_ZERO_LINGER,
	REASON_UNACCEPTED,
	REASON_REPAIR,
	REASON_NEGATIVE_LINGER2,
	REASON_UNSENT,
	REASON_UNACKED,
	REASON_ZERO_WINDOW,
	REASON_RETRANSMITTING,
	REASON_NO_PROGRESS,
	REASON_ORPHAN_LIMIT,
	REASON_ORPHAN,
	REASON_MAYBE_CORKED,
	REASON_SUBFLOW,
	REASON_ENDPOINT,
	REASON_SHARED,
	REASON_HOLDER_UNSEEN,
	REASON_LINGER_UNKNOWN,
	REASON_COUNT,
};

#define REASON_BIT(r) ((reason_set)1 << (r))

/* The stable word, such as `unread-data`. */
const char *reason_name(enum reason reason);

/* One line that says what the word means. */
const char *reason_help(enum reason reason);

#endif
