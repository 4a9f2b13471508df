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
};

/* All conditions of a rule must hold. */
struct stall_rule {
	enum reason reason;
	struct stall_condition conditions[STALL_CONDITIONS_MAX]; /* field NULL: unused */
};

/* The table, and its length. */
const struct stall_rule *stall_rules(size_t *count);

/* Takes a socket with outstanding data; gives the set of reasons to believe it is stuck (empty
 * for none, and always empty when nothing is outstanding). */
reason_set stall_evidence(const struct socket *sk);

/* How long the send queue will take to be delivered at the rate of late, in milliseconds,
 * rounded up: outstanding bytes over the lesser of tcpi_delivery_rate and tcpi_pacing_rate. 0 when
 * nothing is outstanding; UNKNOWN behind a shut window, and where the rate was limited by the
 * sender (tcpi_delivery_rate_app_limited), so that the path was never measured. */
int64_t drain_estimate_ms(const struct socket *sk);

#endif
