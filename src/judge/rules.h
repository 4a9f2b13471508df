/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the judge room: the rules of closing, one table a kind of socket, in the kernel's order.
 */
#ifndef LINGERSTAT_JUDGE_RULES_H
#define LINGERSTAT_JUDGE_RULES_H

#include "model/socket.h"

/* A linger setting as the rules see it. */
struct linger_case {
	bool on;
	bool zero;
	bool forever;
	int64_t seconds; /* UNKNOWN when nobody could read it */
};

/* One case under judgement. */
struct hearing {
	const struct socket *sk;
	struct linger_case linger;
	reason_set stall;
	bool unread;  /* there is received data, of a known number of bytes or not */
	bool exiting; /* the process dies: a linger time is not waited for */
};

struct rule {
	bool (*fits)(const struct hearing *h);
	void (*verdict)(const struct hearing *h, struct close_forecast *f);
};

/* The rules for a kind of socket: the first that fits decides, the last always fits. A verdict
 * fills outcomes, risks, losses and waits, and adds the reasons that only it knows. */
const struct rule *rules_for(enum netid netid);

/* The same for every kind but TCP and MPTCP. */
const struct rule *rules_for_others(enum netid netid);

/* --- what the tables share ------------------------------------------------------------------- */

void rule_set_outcome(struct close_forecast *f, enum outcome outcome);
void rule_set_risk(struct close_forecast *f, enum risk risk);

bool rule_always(const struct hearing *h);

/* A state that this program has no name for: anything may happen. */
bool rule_is_strange(const struct hearing *h);
void rule_cannot_say(const struct hearing *h, struct close_forecast *f);

/* TIME_WAIT and SYN_RECV minisockets. */
bool rule_is_over(const struct hearing *h);
void rule_nothing_to_close(const struct hearing *h, struct close_forecast *f);

/* Closed by its process, and still delivering. */
bool rule_is_orphan(const struct hearing *h);
void rule_already_closed(const struct hearing *h, struct close_forecast *f);

/* A connection that no process has accepted: its listener's close resets it. */
bool rule_is_unaccepted(const struct hearing *h);
void rule_dies_with_listener(const struct hearing *h, struct close_forecast *f);

/* A listener, whose receive queue counts the connections that wait. */
bool rule_is_listener(const struct hearing *h);
void rule_close_listener(const struct hearing *h, struct close_forecast *f);

bool rule_has_unread(const struct hearing *h);
bool rule_has_zero_linger(const struct hearing *h);

#endif
