/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mounted /proc: whose processes it shows, and so what a process's number there means. A procfs
 * belongs to the PID namespace that it was mounted in (fs/proc/root.c), wherever it is seen from:
 * in a container /proc may be another namespace's, or the host's may stand elsewhere. What it shows
 * of the network (net, sys/net) is always the reader's own.
 */
#ifndef LINGERSTAT_BASE_PROCFS_H
#define LINGERSTAT_BASE_PROCFS_H

#include <stdbool.h>

enum procfs_view {
	PROCFS_NONE,  /* there is none */
	PROCFS_OURS,  /* of the PID namespace that this process is in: numbers are ours */
	PROCFS_OUTER, /* of one around it, so that all of ours show under other numbers */
	PROCFS_OTHER, /* of one that this process is not in */
};

/* Why a folder is no /proc to look up processes in. */
enum procfs_fault {
	PROCFS_USABLE,
	PROCFS_UNREADABLE, /* `error` of struct procfs says why; -ENOENT: it is not there */
	PROCFS_NO_PROC,    /* another file system, or a folder within a procfs */
	PROCFS_HIDDEN,     /* process 1 does not show, or nothing of it: hidepid, or it has ended */
};

struct procfs {
	enum procfs_view view;
	enum procfs_fault fault;
	int error; /* a negative errno, 0: none */
};

/* Looks at a folder. Takes no privilege: proc_self_get_link() gives our number there, or nothing
 * where we have none, and our `status` has a number for each namespace from that of the mount down
 * to ours (task_state() in fs/proc/array.c). `root` may end in slashes. */
void procfs_look(const char *root, struct procfs *procfs);

/* True when this process is in a PID namespace, or a user namespace, that is not the first one.
 * False also when nobody can tell. */
bool procfs_pids_are_inside(void);
bool procfs_users_are_inside(void);

/*
 * False when an open file below the procfs at `root`, named by `path` from there, is in another
 * mount than it should be. What is in `net` and `sys/net` is the reader's own only where it is
 * looked up on the way (proc_tgid_net_lookup(), proc_sys_lookup()): a mount of such a folder stays
 * with the network namespace in which it was made. Kernels that cannot tell mounts (before 5.8) are
 * trusted.
 */
bool procfs_is_own(const char *root, const char *path, int fd);

#endif
