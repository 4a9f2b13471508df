/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Residents: what to call a network namespace that has no name, after the container or the service
 * whose process lives in it. Which that is its control group says (workload.h): of a process, not
 * of a socket, so that a namespace without sockets has one too. The namespace that process 1 lives
 * in is the host's, and every service's that has none of its own: it is called after nobody.
 */
#ifndef LINGERSTAT_ENRICH_RESIDENTS_H
#define LINGERSTAT_ENRICH_RESIDENTS_H

#include <stdint.h>

#include "base/intern.h"

/*
 * Takes a process, below `root` (/proc), that was found in the namespace with that inode, and
 * gives its container, `RUNTIME:ID` with the digits that its tools show or `RUNTIME:NAME`, or its
 * unit; valid until intern_free(). NULL where the process is in neither, has gone, is somewhere
 * else by now or may not be read, and when memory is short.
 */
const char *resident_name(struct intern *texts, const char *root, uint32_t pid, uint64_t netns);

#endif
