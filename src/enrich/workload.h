/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the path of a control group to the unit and the container that it belongs to. A pure
 * function and two const tables. The path is input: whoever has a part of the tree to himself
 * names what is in it as he likes.
 *
 * The unit is the one that systemd's own rule gives (cg_path_get_unit() and
 * cg_path_get_user_unit() in src/basic/cgroup-util.c): the first group below the slices, and where
 * that is a user's manager, the first below its slices. What is further down is the affair of
 * whoever the unit was delegated to, and no unit of this host.
 *
 * The container is the innermost that has the form of a runtime: of Docker in Docker the inner.
 * What only looks like one (a service called docker-x, a monitor such as conmon) is none.
 */
#ifndef LINGERSTAT_ENRICH_WORKLOAD_H
#define LINGERSTAT_ENRICH_WORKLOAD_H

#include "base/intern.h"
#include "model/workload.h"

/* Reads a path as /proc/PID/cgroup shows it. Returns 0, or -ENOMEM. */
int workload_read(struct intern *texts, const char *path, struct workload *workload);

#endif
