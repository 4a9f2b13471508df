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

#define STALL_CONDITIONS_MAX 4

/* What the rules look at: the kernel's fields, and what several of them say together. */
struct stall_facts {
	struct tcp_evidence tcp;
	int64_t still_shut; /* window probes sent when the peer last said that its window is shut */
	int64_t unanswered; /* retransmissions or window probes in a row that nobody answered */
	int64_t tries;      /* the same of retransmissions, with those that our own queue dropped */
	int64_t dropped;    /* of these the ones that our own queue dropped */
	int64_t base_rto_us; /* the RTO as it was before it was doubled */
};

/* One condition on a fact. A fact that is unknown never satisfies. */
struct stall_condition {
	const char *field; /* the kernel's names, for people */
	size_t offset;     /* in struct stall_facts */
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

/* Takes the kernel's fields; gives them with what they say together, UNKNOWN where one of those
 * that it takes is. */
struct stall_facts stall_facts(const struct tcp_evidence *tcp);

/* The set of reasons whose rules these facts satisfy. */
reason_set stall_reasons(const struct stall_facts *facts);

/* Takes a socket with outstanding data; gives the set of reasons to believe it is stuck (empty
 * for none, and always empty when nothing is outstanding). */
reason_set stall_evidence(const struct socket *sk);

#endif
