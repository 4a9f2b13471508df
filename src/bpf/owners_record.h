/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF program writes for each descriptor that is a socket, and owners_bpf.c reads.
 * Both sides include this file, so it uses nothing but fixed-width types. All numbers are in the
 * host's byte order. The struct has no holes: the kernel copies it out byte by byte.
 */
#ifndef LINGERSTAT_BPF_OWNERS_RECORD_H
#define LINGERSTAT_BPF_OWNERS_RECORD_H

#include <stdint.h>

#define OWNERS_RECORD_COMM 16 /* TASK_COMM_LEN of include/linux/sched.h */

/*
 * Bits of `known`: the kernel has the field and the socket is of a kind that uses it. Without
 * its bit a value is 0 and means nothing.
 */
#define OWNERS_KNOWS_LINGER       (1u << 0) /* `linger_ticks`, OWNERS_LINGER_ON */
#define OWNERS_KNOWS_FILE_FLAGS   (1u << 1) /* `file_flags` */
#define OWNERS_KNOWS_REUSEADDR    (1u << 2) /* OWNERS_REUSEADDR */
#define OWNERS_KNOWS_REPAIR       (1u << 3) /* OWNERS_REPAIR; TCP only */
#define OWNERS_KNOWS_LINGER2      (1u << 4) /* OWNERS_LINGER2_NEGATIVE; TCP only */
#define OWNERS_KNOWS_USER_TIMEOUT (1u << 5) /* `user_timeout_ms`; TCP only */
#define OWNERS_KNOWS_REUSEPORT    (1u << 6) /* OWNERS_REUSEPORT */
#define OWNERS_KNOWS_ENDS         (1u << 7) /* `netns` to `peer`; TCP with a peer only */

/* Bits of `values`: options that are on. */
#define OWNERS_LINGER_ON        (1u << 0)    /* SOCK_LINGER in sk_flags */
#define OWNERS_REPAIR           (1u << 2)    /* tcp_sock.repair */
#define OWNERS_LINGER2_NEGATIVE (1u << 3)    /* tcp_sock.linger2 < 0 */
#define OWNERS_REUSEPORT        (1u << 4)    /* sk_reuseport */
#define OWNERS_REUSEADDR        (0xffu << 8) /* sk_reuse, a number; 0 is off */
#define OWNERS_REUSEADDR_ONE    (1u << 8)
#define OWNERS_TYPE             (0xffu << 16) /* sk_type, a number; always known */
#define OWNERS_TYPE_ONE         (1u << 16)

struct owners_record {
	uint64_t inode;        /* i_ino of the socket's file */
	uint64_t linger_ticks; /* sk_lingertime, in jiffies */
	uint32_t pid;          /* of the process (thread group), in the reader's PID namespace */
	uint32_t fd;
	uint32_t known;
	uint32_t values;
	uint32_t file_flags; /* f_flags: O_NONBLOCK has another number on each architecture */
	uint32_t user_timeout_ms;
	uint32_t tid; /* of the thread that was met; the pid, but for tables that it does not share
		       */
	uint32_t table; /* tells the descriptor tables of one process apart, and means nothing else
			 */
	char comm[OWNERS_RECORD_COMM]; /* of the process's first thread; ends in a NUL */
	uint32_t netns;                /* inode of the socket's network namespace */
	uint32_t family;
	uint32_t local_port;
	uint32_t peer_port;
	uint32_t local4; /* in network order; where `family` is IPv4 */
	uint32_t peer4;
	uint8_t local6[16]; /* in network order; where it is IPv6 */
	uint8_t peer6[16];
};

_Static_assert(sizeof(struct owners_record) == 120, "the record must have no holes");

#endif
