/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Churn: a process with many TCP connections over loopback, both ends its own, that replaces the
 * oldest of them all the time. They end in every way that matters to the tool: orderly with a
 * TIME-WAIT left, reset by zero linger, reset by data that nobody read.
 */
#ifndef LINGERSTAT_TESTS_CHURN_H
#define LINGERSTAT_TESTS_CHURN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the process says of itself while it runs. */
struct churn_counts {
	volatile uint64_t replaced; /* pairs that were closed and opened anew */
	volatile int ready;         /* all are open */
	volatile int err;           /* a negative errno: it has given up */
};

struct churn {
	pid_t pid;
	size_t sockets;
	struct churn_counts *counts; /* shared with the process */
};

/* Starts it with so many sockets, and so many pairs to replace a second. Returns 0 once all are
 * open, or a negative errno after a message. churn_stop() is due in either case. */
int churn_start(struct churn *churn, size_t sockets, size_t rate);

void churn_stop(struct churn *churn);

#endif
