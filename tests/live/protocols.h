/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The close lab for what is not TCP, as tables: kinds of sockets, and what is done to each and
 * foretold of it.
 */
#ifndef LINGERSTAT_TESTS_PROTOCOLS_H
#define LINGERSTAT_TESTS_PROTOCOLS_H

#include "ends.h"

#define OFF (-1)

/* What is done before the tool is asked. */
enum before { NOTHING, SHUT_READ, SHUT_WRITE, PEER_SHUT_WRITE, SECOND_DESCRIPTOR };

struct scenario {
	const char *name;
	int linger;    /* seconds, or OFF */
	size_t unread; /* bytes that the near end has not read */
	size_t sent;   /* bytes that the far end has not read */
	bool stalled;  /* more than the far end's buffer takes, instead */
	enum before before;
	const char *outcomes[3];
	const char *risk, *risk_max;
	const char *reason; /* NULL: there must be none */
	int block_seconds;
};

/* Kinds, each crossed with each of the scenarios. */
struct group {
	const struct kind *kinds;
	size_t n_kinds;
	const struct scenario *scenarios;
	size_t n_scenarios;
};

#define GROUPS 6

extern const struct group groups[GROUPS];

/* Kinds that can listen. */
#define LISTENING_KINDS 6

extern const struct kind *const listening_kinds[LISTENING_KINDS];

#endif
