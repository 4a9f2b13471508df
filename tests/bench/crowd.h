/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crowd: very many TCP connections over loopback, both ends in this network namespace, spread
 * over processes, since no process may hold as many descriptors. The processes hold still until
 * the crowd is sent away, and end with the bench however that ends.
 */
#ifndef LINGERSTAT_TESTS_CROWD_H
#define LINGERSTAT_TESTS_CROWD_H

#include <stddef.h>
#include <sys/types.h>

struct crowd {
	pid_t *pids;
	size_t processes;
	size_t sockets; /* established; listeners come on top, one a process */
};

/* Opens at least so many established sockets in so many processes (0: as few as their limit of
 * descriptors permits). Returns 0, or a negative errno after a message. crowd_leave() is due in
 * either case. */
int crowd_gather(struct crowd *crowd, size_t sockets, size_t processes);

/* Ends the processes, and with them their sockets. */
void crowd_leave(struct crowd *crowd);

#endif
