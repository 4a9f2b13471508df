/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence that outstanding data is stuck: each kind from named tcp_info fields, with its
 * thresholds in one table that the man page lists too.
 */
#ifndef LINGERSTAT_JUDGE_STALL_H
#define LINGERSTAT_JUDGE_STALL_H

#include <stdbool.h>
#include <stddef.h>

#include "model/socket.h"

#define STALL_CONDITIONS_MAX 3

/* One condition on a field of struct tcp_evidence. A field that is unknown never satisfies. */
struct stall_condition {
	const char *field; /* the kernel's name, for people */
	size_t offset;     /* in struct tcp_evidence */
	bool exact;        /* equal to `value`; otherwise at least `value` */
	int64_t value;
	int64_t lossy; /* what is added to `value` on a lossy path (stall_path_is_lossy()) */
};

/* All conditions of a rule must hold. */
struct stall_rule {
	enum reason reason;
	struct stall_condition conditions[STALL_CONDITIONS_MAX]; /* field NULL: unused */
};

/* The table, and its length. */
const struct stall_rule *stall_rules(size_t *count);

/* Whether at least every twentieth segment had to be sent again, before those that time out now. */
bool stall_path_is_lossy(const struct tcp_evidence *tcp);

/* Takes a socket with outstanding data; gives the set of reasons to believe it is stuck (empty
 * for none, and always empty when nothing is outstanding). */
reason_set stall_evidence(const struct socket *sk);

#endif
