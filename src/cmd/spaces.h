/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spaces: the network namespaces of a run with --all-netns, one after the other. The process
 * enters each (setns(2)), so that everything which hangs on the namespace - the dump, the names of
 * devices, /proc/net - is that namespace's without more ado. Sources and surroundings of those
 * left behind stay open until the end, since rows that wait for a second look refer to them.
 */
#ifndef LINGERSTAT_CMD_SPACES_H
#define LINGERSTAT_CMD_SPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "enrich/namespaces.h"

struct run;
struct socket;
struct left_space;
struct port_users;

struct spaces {
	struct namespaces all;
	size_t next;             /* of all.items, to be entered */
	struct left_space *left; /* those that were dumped */
	size_t n_left;
	int home; /* our own, to come back to; -1: not opened */
	/* To which no way led: whether they are gone is asked when all others were dumped. */
	const struct namespace **lost;
	size_t n_lost;
	uint64_t missing;    /* that are there and could not be dumped; told */
	struct intern texts; /* what those without a name are called */
};

/* Of a run in one namespace: nothing is open. */
#define SPACES_NONE                         \
	{                                   \
		.all.again = -1, .home = -1 \
	}

/* Finds the namespaces. The run is in its own, which is the first. Returns 0 or a negative errno
 * after a message. */
int spaces_open(struct run *run);

/* Looks for who lives in the first one, when its surroundings are open. */
void spaces_begin(struct run *run);

/*
 * Leaves the namespace that was dumped for the next one that can be entered, and opens the run's
 * source and surroundings there. What cannot be entered is told and counted. Returns 1, 0 when
 * there is no other, or -ENOMEM.
 */
int spaces_next(struct run *run);

/* Ends the walk: looks once more for what was lost, and comes back to where the run began. */
void spaces_end(struct run *run);

/* True when the kernel still has this very socket, asked in the socket's own namespace. `ctx` is
 * the struct run. */
bool spaces_have_socket(void *ctx, const struct socket *sk);

/* What was learned of the ports in a namespace that was left; NULL: nothing. */
struct port_users *spaces_ports(const struct spaces *spaces, uint64_t netns);

void spaces_close(struct spaces *spaces);

#endif
