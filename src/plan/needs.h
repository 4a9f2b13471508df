/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what the asked-for columns need to know, so that nothing else is asked of the
 * kernel, and which capabilities that takes, so that each is dropped after its last use.
 */
#ifndef LINGERSTAT_PLAN_NEEDS_H
#define LINGERSTAT_PLAN_NEEDS_H

/* Bits; a table row that shows or tests something names them. */
enum need {
	NEED_TCP_INFO = 1 << 0, /* INET_DIAG_INFO in the dump */
	NEED_OWNERS = 1 << 1,   /* a pass over every descriptor */
	NEED_LINGER = 1 << 2,   /* the same pass, with options */
	NEED_CGROUP = 1 << 3,   /* the groups of the ids that rows have, until the dump ends */
	NEED_LINKS = 1 << 4,    /* device names, once, when a row has an index */
	NEED_NETNS = 1 << 5,    /* our own namespace's inode */
	NEED_FORECAST = 1 << 6, /* the judge */
	NEED_NETNS_NAME = 1 << 7,
	NEED_MARK = 1 << 8,   /* the kernel shows it to CAP_NET_ADMIN, until the dump ends */
	NEED_NAMING = 1 << 9, /* nothing of the kernel, but to be asked for by name */
	/* INET_DIAG_CONG, what the algorithm and the protocol above tell of themselves: some of
	 * that to CAP_NET_ADMIN only (tcp_diag_put_ulp(), subflow_get_info()), until the dump ends
	 */
	NEED_CONGESTION = 1 << 10,
	NEED_MEMORY = 1 << 11,       /* SK_MEMINFO_* in the dump */
	NEED_PEER_NAMES = 1 << 12,   /* of unix sockets: one unix dump before */
	NEED_PEER_HOLDERS = 1 << 13, /* the same, and of TCP one dump of connections to this host */
	NEED_DESCRIPTORS = 1 << 16,  /* /proc/PID of some processes, when the dump has ended */
	NEED_EXTENDED = 1 << 14,     /* what only a family has: ss's -e */
	NEED_TOS = 1 << 15,          /* TOS, traffic class, class id */
	NEED_FILTER = 1 << 17,       /* attached filters: CAP_NET_ADMIN until the dump ends */
	NEED_SUBFLOWS = 1 << 18, /* of MPTCP: one dump of it, and of TCP where it has connections */
	NEED_RESTART = 1 << 19,  /* a dump of TCP on listeners' ports and of UDP, with owners */
	NEED_CONTEXT = 1 << 20,  /* /proc/PID of each holder, when its row is shown */
	NEED_ONE_NETNS = 1 << 22, /* nothing of the kernel, but one namespace: a device's number */
	NEED_SOCKET_CONTEXT = 1 << 21, /* the same, and an attribute of the socket */
	NEED_CGROUP_NAMED = 1 << 23,   /* that of NEED_CGROUP which was asked for by name */
};

#endif
