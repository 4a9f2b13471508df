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

#endif
