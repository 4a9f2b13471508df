/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups: the path of the control group that a socket was created in, and what the path says of
 * unit and container, from the id that sock_diag gives with the socket. The id is that of the
 * group's directory in the cgroup v2 hierarchy (kernfs). With CAP_DAC_READ_SEARCH the kernel opens
 * a directory by it (open_by_handle_at(2), FILEID_KERNFS, Linux 5.5); without, the tree is walked
 * once, when the first path is needed.
 */
#ifndef LINGERSTAT_ENRICH_CGROUPS_H
#define LINGERSTAT_ENRICH_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/workload.h"

struct cgroups;

/* Why ids have no path: how many sockets were asked about in vain, by reason. */
struct cgroups_unknown {
	bool no_hierarchy; /* cgroup v2 is not mounted in sight: no id has a path */
	uint64_t removed;  /* the group is gone, and the socket is not */
	uint64_t outside;  /* the group is not below the root that this process sees */
	uint64_t either;   /* one of the two: a walk cannot tell */
	int error;         /* a negative errno: something failed, and left groups without a path */
};

/* Returns NULL when memory is short. Reads nothing yet. */
struct cgroups *cgroups_new(void);
void cgroups_free(struct cgroups *cgroups);

/* The path below the mount point, "/" for the root, valid until cgroups_free(). NULL when no
 * such group is in sight: removed since, or outside this cgroup namespace. *workload likewise. */
const char *cgroups_path(struct cgroups *cgroups, int64_t id, const struct workload **workload);

/* What could not be answered so far. */
struct cgroups_unknown cgroups_unknown(const struct cgroups *cgroups);

#endif
