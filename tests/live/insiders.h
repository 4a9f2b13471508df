/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Insiders: processes that live apart, as in containers of several kinds, each with a listener of
 * which the test knows all: its number where it lives and where the test lives, its descriptor.
 * The test itself lives in a PID namespace of its own too, so that nothing of the machine is in
 * sight.
 */
#ifndef LINGERSTAT_TESTS_INSIDERS_H
#define LINGERSTAT_TESTS_INSIDERS_H

#include <stdint.h>
#include <sys/types.h>

/* How far apart; a mount namespace it has in any case. */
enum apart {
	APART_PIDS = 1 << 0,
	APART_NET = 1 << 1,
	APART_PROC = 1 << 2,    /* a /proc of its own; the test's is at OUTER_PROC then */
	APART_USER = 1 << 3,    /* made by user 65534, who is root there */
	APART_SYSCTLS = 1 << 4, /* its /proc/sys/net/ipv4 is another network namespace's */
};

#define OUTER_PROC     "/media" /* where nobody builds */
#define STRANGE_LIMIT  4321     /* net.ipv4.tcp_max_tw_buckets in that other namespace */
#define INSIDER_LINGER 5        /* seconds, of its listener */

struct insider {
	pid_t inner; /* its own number */
	pid_t outer; /* where the test lives */
	uint16_t port;
	uint32_t inode;
	int fd;
	int error;        /* a negative errno */
	const char *step; /* that failed */
};

/*
 * For main(), before anything else: the rest of the program runs in a PID and a mount namespace of
 * its own, with their /proc. Returns in a new process, the only one there but its init. Where that
 * is not permitted it prints `1..0 # SKIP` with the reason and ends the program; the program's
 * status is that of the new process.
 */
void insiders_begin(void);

/* Makes a process that lives apart; it ends with the test. `error` and `step` say why not. */
struct insider insider_make(unsigned int apart);

#endif
