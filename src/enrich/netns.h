/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces: the one we are in, by inode, its name where `ip netns` gave it one, and the
 * way into another. What `ip netns` names is a file in /run/netns (ip-netns(8)).
 */
#ifndef LINGERSTAT_ENRICH_NETNS_H
#define LINGERSTAT_ENRICH_NETNS_H

#include <stddef.h>
#include <stdint.h>

/* The inode of this process's network namespace; 0 when /proc does not show it, and this user may
 * not ask in another way. */
uint64_t netns_self(void);

/* A descriptor of it, or a negative errno. The caller closes it. */
int netns_open_self(void);

/* The folders in which a namespace's file is its name. */
const char *const *netns_folders(size_t *count);

/* Copies the name of a namespace (an entry of /run/netns with that inode) into `name`; returns 0,
 * or -ENOENT when it has none. */
int netns_name(uint64_t inode, char *name, unsigned long size);

/* Finds the file of a namespace by a word: a path (it has a slash), a name in /run/netns, or the
 * number of a process in the procfs `proc`. Returns 0 with the path, -ENOENT when there is none, or
 * -ENAMETOOLONG. */
int netns_find(const char *word, const char *proc, char *path, size_t size);

/* Copies the name in /run/netns that is nearest to a mistyped one. Returns 0, or -ENOENT when none
 * is near. */
int netns_nearest(const char *word, char *name, size_t size);

/* Moves this process into the namespace of a file: from here on its sockets, its /proc/net and its
 * /proc/sys/net are those of that namespace. Returns 0; -EPERM without CAP_SYS_ADMIN, -EINVAL when
 * the file is no network namespace, or what open() gave. */
int netns_enter(const char *path);

#endif
