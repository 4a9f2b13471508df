/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The enrich room: adds to a socket what the kernel's answer does not say. Everything here is
 * filled when a plan or a row first needs it.
 */
#ifndef LINGERSTAT_ENRICH_ENRICH_H
#define LINGERSTAT_ENRICH_ENRICH_H

#include "enrich/births.h"
#include "enrich/cgroups.h"
#include "enrich/links.h"
#include "enrich/owners.h"
#include "enrich/peers.h"
#include "enrich/subflows.h"
#include "judge/restart.h"

/* What is each network namespace's own. */
struct surroundings {
	struct links *links;
	struct peers *peers;       /* made by the caller; NULL: no ends are matched */
	struct subflows *subflows; /* likewise; NULL: they are not looked for */
	struct port_users *ports;  /* likewise; NULL: not asked for, or not known */
	enum tri migrates;         /* net.ipv4.tcp_migrate_req; unknown until a row needs it */
	uint64_t netns;
	const char *netns_name;     /* NULL: it has none */
	const char *netns_resident; /* set by whoever knows; NULL: nobody that is known */
};

struct enrichment {
	unsigned int needs; /* of plan/needs.h */
	struct owners *owners;
	struct cgroups *cgroups;
	/* What the kernel says of a user that has no number in our user namespace, and of one that
	 * has this very number; UNKNOWN in the first user namespace, where all have theirs. */
	int64_t overflow_uid;
	struct births *births; /* read by the caller; NULL: nobody knows of them */
	/* Nearly all of net.ipv4.tcp_max_orphans are in use; unknown until a row needs it. */
	enum tri orphans_full;
	bool lacks_links; /* devices of rows have no names: there is no library for these */
	struct surroundings here;
	char own_name[64]; /* of the namespace that the run began in */
};

/* Makes what the needs ask for; owners are gathered by the caller. `live` is false for a
 * recording, whose indexes and ids are another machine's. Returns 0 or -ENOMEM. */
int enrichment_open(struct enrichment *e, unsigned int needs, bool live);
void enrichment_close(struct enrichment *e);

/* Asks at once for what only shows in the namespace that the run began in: before another is
 * entered. */
void enrichment_look_around(struct enrichment *e);

/* Makes anew what is the namespace's own, for the one that this process has entered; what was there
 * is the caller's, to be freed with surroundings_free() when no row refers to it. The name must
 * stay. Returns 0 or -ENOMEM. */
int enrichment_enter(struct enrichment *e, uint64_t netns, const char *name);
void surroundings_free(struct surroundings *here);

/* Adds holders, linger, names and paths to one socket. */
void enrich_socket(struct enrichment *e, struct socket *sk);

#endif
