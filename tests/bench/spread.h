/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A spread: network namespaces that share the machine's table of connections, as those of
 * containers do, with a crowd (crowd.h) in each.
 */
#ifndef LINGERSTAT_TESTS_SPREAD_H
#define LINGERSTAT_TESTS_SPREAD_H

#include <stddef.h>
#include <sys/types.h>

struct spread {
	pid_t *pids;
	size_t namespaces;
};

/* Makes so many namespaces with so many established sockets in each. Returns 0, or a negative errno
 * after a message. spread_end() is due in either case. */
int spread_make(struct spread *spread, size_t namespaces, size_t sockets_each);

/* Ends the processes, and with them their sockets and namespaces. */
void spread_end(struct spread *spread);

#endif
