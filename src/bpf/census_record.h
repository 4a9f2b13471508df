/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What census.bpf.c and source/census.c share: one mapped area with what is asked, how far the walk
 * has come, and the sockets it has found. Both sides include this file, so it uses nothing but
 * fixed-width types. All numbers are in the host's byte order unless said otherwise.
 */
#ifndef LINGERSTAT_BPF_CENSUS_RECORD_H
#define LINGERSTAT_BPF_CENSUS_RECORD_H

#include <stdint.h>

/* As many as one call hands over; a longer chain cannot be taken whole. */
#define CENSUS_RECORDS 4096

struct census_record {
	uint64_t cookie;            /* skc_cookie; 0: nobody has asked for it yet */
	uint32_t local[4], peer[4]; /* network order; of IPv4 the first word */
	uint32_t ifindex;
	uint16_t local_port; /* host order */
	uint16_t peer_port;  /* network order */
	uint16_t family;     /* AF_INET or AF_INET6 */
	uint8_t state;       /* TCP_*; of every minisocket but a request TCP_TIME_WAIT */
	uint8_t substate;    /* of such a minisocket: TCP_TIME_WAIT or TCP_FIN_WAIT2 */
	uint8_t orphan;      /* closed, and no struct socket is left of it */
	uint8_t plain; /* with the inode: no protocol above TCP (MPTCP, TLS) is known to be there */
	uint8_t zero[2];
	/* Where every namespace is asked for, else 0: the inode of the socket's; and, of a socket
	 * that is no minisocket, where they are asked for: the queues as sock_diag tells them, and
	 * the inode of the socket itself, 0 where no process has it. */
	uint32_t netns;
	uint32_t recv_queue;
	uint32_t send_queue;
	uint32_t inode;
};

_Static_assert(sizeof(struct census_record) == 72, "the record must have no holes");

enum census_table {
	CENSUS_CONNECTIONS,
	CENSUS_LISTENERS,
	CENSUS_BOUND,   /* bound and nothing else, as far as this kernel's dump lists them */
	CENSUS_NO_WALK, /* finds the table of connections, and no more */
};

/* How much is asked of each, with every namespace's: what is further down includes the above. */
enum census_depth {
	CENSUS_ENDS,
	CENSUS_QUEUES,
	CENSUS_INODES,
};

/* Why a call ended. */
enum census_end {
	CENSUS_GOING,    /* it took its share of steps: call again */
	CENSUS_WHOLE,    /* behind the last slot */
	CENSUS_FULL,     /* no room for the rest of a slot: read the records and call again */
	CENSUS_TOO_LONG, /* one slot alone has more sockets than there is room for */
	CENSUS_LOST,     /* the tables are not where this program looks, or a chain had no end */
};

struct census_area {
	uint32_t table;  /* asked: enum census_table */
	uint32_t states; /* asked: mask of 1 << TCP_* */
	uint32_t slot;   /* where to begin, then where the next call goes on */
	uint32_t slots;  /* how many the table has: found out */
	uint32_t end;    /* enum census_end */
	uint32_t count;  /* records */
	uint32_t kept;   /* of them, those of the slots before */
	uint32_t in_chain;
	uint32_t again; /* chains that were walked once more: a socket was moved meanwhile */
	uint32_t every; /* asked: sockets of every namespace whose table this is */
	uint64_t heads; /* addresses in the kernel */
	uint64_t node;
	uint64_t net;
	/* Of CENSUS_BOUND: where it was that led to node; the next of a bucket's sockets, and what
	 * led to that. */
	uint64_t from;
	uint64_t owner;
	uint64_t owner_from;
	uint32_t depth; /* asked, with every: enum census_depth */
	uint32_t zero;
	struct census_record records[CENSUS_RECORDS];
};

#endif
