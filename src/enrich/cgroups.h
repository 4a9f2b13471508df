/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups: the path of the control group that a socket was created in, from the id that
 * sock_diag gives with it. The id is the inode of the group's directory in the cgroup v2
 * hierarchy (kernfs); the tree is walked once, when the first path is needed.
 */
#ifndef LINGERSTAT_ENRICH_CGROUPS_H
#define LINGERSTAT_ENRICH_CGROUPS_H

#include <stdint.h>

struct cgroups;

/* Returns NULL when memory is short. Reads nothing yet. */
struct cgroups *cgroups_new(void);
void cgroups_free(struct cgroups *cgroups);

/* The path below the mount point, "/" for the root, valid until cgroups_free(). NULL when no
 * such group is in sight: removed since, or outside this cgroup namespace. */
const char *cgroups_path(struct cgroups *cgroups, int64_t id);

#endif
