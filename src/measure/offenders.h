/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offenders: who is behind a number that alerts, the largest first. Each has a label that is made
 * of the socket: a process, a peer, a listener.
 */
#ifndef LINGERSTAT_MEASURE_OFFENDERS_H
#define LINGERSTAT_MEASURE_OFFENDERS_H

#include "measure/measures.h"

#define OFFENDER_LABEL_MAX 240
#define OFFENDER_FDS       4

struct offender_entry {
	uint64_t weight; /* sockets; bytes where the measure counts bytes; waiting connections */
	uint32_t fds[OFFENDER_FDS];
	uint32_t fd_count; /* the first OFFENDER_FDS are kept */
};

struct offenders;

/* For one measure. `ports`, which may change between two sockets, tells a client's TIME_WAIT from a
 * server's (by its local port). With `namespaces` a label ends with the socket's network namespace.
 * Returns NULL when memory is short. */
struct offenders *offenders_new(const struct measure *measure, const struct port_range *ports,
				bool namespaces);
void offenders_free(struct offenders *offenders);

/* Adds a socket that the owners were joined to; one that the measure does not count changes
 * nothing. Returns 0 or -ENOMEM. */
int offenders_add(struct offenders *offenders, const struct socket *sk);

/* Ends the adding: the heaviest comes first. */
void offenders_finish(struct offenders *offenders);

const struct measure *offenders_measure(const struct offenders *offenders);
size_t offenders_count(const struct offenders *offenders);

/* The label, escaped for people, of the i-th; its numbers in *entry. */
const char *offenders_item(const struct offenders *offenders, size_t i,
			   const struct offender_entry **entry);

#endif
