/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces: the one we are in, by inode, and its name where `ip netns` gave it one.
 */
#ifndef LINGERSTAT_ENRICH_NETNS_H
#define LINGERSTAT_ENRICH_NETNS_H

#include <stdint.h>

/* The inode of this process's network namespace, 0 when /proc does not show it. */
uint64_t netns_self(void);

/* Copies the name of a namespace (an entry of /run/netns with that inode) into `name`; returns 0,
 * or -ENOENT when it has none. */
int netns_name(uint64_t inode, char *name, unsigned long size);

#endif
