/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every internet family's answer has in common: struct inet_diag_msg and the attributes
 * that follow it. A family's decoder calls this and then adds what is its own.
 */
#ifndef LINGERSTAT_SOURCE_INET_H
#define LINGERSTAT_SOURCE_INET_H

#include "source/source.h"

/* A list of struct sockaddr_storage; `data` is NULL when the message has none. */
struct inet_list {
	const void *data;
	size_t len;
};

/* Raw attributes that only one family understands; NULL when the message has none. */
struct inet_attrs {
	const void *info; /* INET_DIAG_INFO: struct tcp_info for TCP */
	size_t info_len;
	const struct nlattr *ulp;       /* INET_DIAG_ULP_INFO, nested: what runs on top of TCP */
	struct inet_list locals, peers; /* INET_DIAG_LOCALS, INET_DIAG_PEERS: of SCTP */
	const void
		*memory; /* INET_DIAG_SKMEMINFO: 32-bit numbers, the first SK_MEMINFO_RMEM_ALLOC */
	bool has_protocol; /* INET_DIAG_PROTOCOL: of a raw socket, the protocol it was made for */
	uint8_t protocol;
};

/* Reads one inet_diag message into *sk (addresses, state, queues, uid, inode, cookie, shutdown,
 * cgroup, mark, timer). Returns 0, or -EBADMSG when it is too short. Attributes that are too
 * short for their type are ignored and counted. */
int inet_decode(const struct nlmsghdr *nlh, struct socket *sk, struct inet_attrs *attrs,
		uint64_t *bad_attrs);

/* For families whose two queues are buffer memory: takes the numbers for what they are. An empty
 * queue holds no bytes; how many a fuller one holds is not known. */
void inet_memory_queues(struct socket *sk);

/* Writes a request for one walk over the sockets of one address family and protocol. */
struct nlmsghdr *inet_request(char *buf, uint8_t address_family, uint8_t protocol, uint32_t states,
			      uint8_t ext);
/* The bits of idiag_ext for what the selection wants beside `ext`. */
uint8_t inet_request_ext(const struct selection *sel, uint8_t ext);

/* One pass for each wanted IP version: the request for pass 0 and 1, then NULL. */
struct nlmsghdr *inet_request_each(char *buf, const struct selection *sel, unsigned int pass,
				   uint8_t protocol, uint8_t ext);
/* A request for one socket, from the kernel's own answer about it (inet_diag_find_one_icsk()). */
struct nlmsghdr *inet_request_exact(char *buf, const struct socket *sk, uint8_t protocol);

/* The same by the record's ends, device and cookie, with these attributes (inet_request_ext()). */
struct nlmsghdr *inet_request_one(char *buf, const struct socket *sk, uint8_t protocol,
				  uint8_t ext);

/* Adds the selection's bytecode, if there is any. */
void inet_request_filter(struct nlmsghdr *nlh, const struct selection *sel);
/* Writes a request for TCP over both IP versions in one walk (the kernel's TCPDIAG_GETSOCK: 0.89
 * of the time of two walks). */
struct nlmsghdr *inet_request_both(char *buf, uint32_t states, uint8_t ext);

#endif
