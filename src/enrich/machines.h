/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines: what the kernel counts and limits in each network namespace of a run, and one view of
 * them all. Counters and sockets in use add up. Of a limit that is each namespace's own, sums say
 * nothing: the one that is nearest to its limit stands for all. What is the whole machine's
 * (machine.h) is the same in each, and its limits show in the first namespace of the machine
 * alone.
 */
#ifndef LINGERSTAT_ENRICH_MACHINES_H
#define LINGERSTAT_ENRICH_MACHINES_H

#include <stddef.h>

#include "enrich/machine.h"

/* One namespace. */
struct machine_space {
	uint64_t netns;               /* inode */
	uint64_t key;                 /* that no other namespace of this boot ever has */
	char label[NETNS_LABEL_SIZE]; /* of netns_label() */
	int64_t time_wait_buckets, time_wait_buckets_max;
	int64_t counters[MACHINE_COUNTERS];
	double rates[MACHINE_COUNTERS]; /* per second, where someone filled them in; below 0 */
};

struct machines {
	struct machine here; /* of the namespace that was entered last */
	struct machine all;
	struct machine_space *items; /* in the order of entering */
	size_t count, cap;
};

/* Sets everything to unknown; no namespace was entered. */
void machines_init(struct machines *machines);
void machines_free(struct machines *machines);

/* Reads the parts (enum machine_part) of the namespace that this process is in, from `root`
 * (/proc), and adds them to the view of all. Returns 0 or -ENOMEM. */
int machines_enter(struct machines *machines, uint64_t netns, const char *label, const char *root,
		   unsigned int parts);

/* The namespace with that inode, NULL when it was not entered. */
const struct machine_space *machines_find(const struct machines *machines, uint64_t netns);

#endif
