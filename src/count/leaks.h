/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CLOSE_WAIT: connections whose peer has closed and whose process has not, by process. The kernel
 * keeps no time of entry; the FIN that led there was an acknowledgement too, so the time since the
 * last one (tcpi_last_ack_recv) is a lower bound, which keepalive answers reset.
 */
#ifndef LINGERSTAT_COUNT_LEAKS_H
#define LINGERSTAT_COUNT_LEAKS_H

#include "model/socket.h"

#define LEAK_DESCRIPTORS 8 /* that are kept of each process */

/* Key of a process. `pid` 0: none or not known, see `kind`. */
enum leak_kind {
	LEAK_HELD,       /* by the process */
	LEAK_UNSEEN,     /* by nobody in sight: in flight, io_uring, elsewhere */
	LEAK_UNKNOWN,    /* holders could not be read */
	LEAK_UNACCEPTED, /* it waits in its listener's queue, nobody has leaked it yet */
};

struct leak {
	uint64_t sockets; /* a socket of several processes counts for each */
	enum leak_kind kind;
	uint32_t pid;
	char comm[16];
	int64_t silent_ms; /* of the one that is silent longest; UNKNOWN */
	uint32_t fds[LEAK_DESCRIPTORS];
	uint32_t fd_count; /* of its descriptors; the first LEAK_DESCRIPTORS are kept */
	/* Of the process, where someone filled them in; UNKNOWN. */
	int64_t descriptors_used;
	int64_t descriptors_max; /* RLIMIT_NOFILE, the soft one */
};

struct leaks;

/* Returns NULL when memory is short. */
struct leaks *leaks_new(void);
void leaks_free(struct leaks *leaks);

/* Adds a socket; those not in CLOSE_WAIT change nothing. Returns 0 or -ENOMEM. */
int leaks_add(struct leaks *leaks, const struct socket *sk);

/* Ends the counting: the process with the most comes first. */
void leaks_finish(struct leaks *leaks);

size_t leaks_count(const struct leaks *leaks);
struct leak *leaks_item(struct leaks *leaks, size_t i);

/* How many processes hold some; UNKNOWN where the holders of one could not be read. */
int64_t leaks_processes(struct leaks *leaks);

/* Milliseconds since the oldest of all has heard from its peer: 0 without CLOSE_WAIT, UNKNOWN
 * where of none of them the kernel told. */
int64_t leaks_silent_ms(const struct leaks *leaks);

#endif
