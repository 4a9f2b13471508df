/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people say about close(), and what Linux does: one test a claim, named after it. A name
 * has the claim, two underscores, and the verdict. Each asks the tool first, then acts, then
 * looks; all three must agree.
 */
#ifndef LINGERSTAT_TESTS_FOLKLORE_H
#define LINGERSTAT_TESTS_FOLKLORE_H

#include <stddef.h>

#include "tcp.h"

struct folklore {
	const char *name;
	void (*run)(int family);
};

/* A chapter: its tests, and how many. */
struct folklore_chapter {
	const struct folklore *tests;
	size_t count;
};

extern const struct folklore_chapter folklore_linger;  /* folklore_linger.c */
extern const struct folklore_chapter folklore_end;     /* folklore_end.c */
extern const struct folklore_chapter folklore_data;    /* folklore_data.c */
extern const struct folklore_chapter folklore_restart; /* folklore_restart.c */

#define FOLKLORE(name)      \
	{                   \
#name, name \
	}

#define STALLED_BYTES 200000 /* more than any receive buffer here takes */

/* A network namespace that has seen nothing yet: no socket of an earlier test sends there again, no
 * counter of it moves. Every test begins with one. */
void fresh_namespace(void);

/* A pair whose near end has written STALLED_BYTES to a peer that does not read: the window is
 * shut, most of them are unsent. Linger is as given. Fails the test if that does not work. */
void open_stalled(struct tcp_pair *pair, int family, bool linger, int seconds);

/* A pair, or a failed test. */
void open_pair(struct tcp_pair *pair, int family);

/* The peer reads on: all of STALLED_BYTES must come, then EOF, and in the meantime nobody sent a
 * RST. */
struct counters;
void check_all_arrives(int far, const struct counters *before);

#endif
