/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF program counts and source/states.c reads. Both sides include this file, so it uses
 * nothing but fixed-width types.
 */
#ifndef LINGERSTAT_BPF_STATES_COUNTS_H
#define LINGERSTAT_BPF_STATES_COUNTS_H

#include <stdint.h>

#define STATES_COUNTS_STATES 16 /* a power of two above the kernel's TCP_MAX_STATES */

/* The rows of a count. */
enum states_counts_kind {
	STATES_COUNTS_FULL,   /* a socket that a process has, or had to accept */
	STATES_COUNTS_ORPHAN, /* a full socket without a struct socket, that has been closed */
	STATES_COUNTS_MINI,   /* a FIN_WAIT2 minisocket, a TIME_WAIT, a request */
	STATES_COUNTS_KINDS,
};

struct states_counts {
	/* [IPv6], [kind], [state as the kernel numbers it] */
	uint64_t sockets[2][STATES_COUNTS_KINDS][STATES_COUNTS_STATES];
	uint64_t whole; /* the iterator came to its end */
};

#endif
