/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subflows: which TCP sockets an MPTCP connection is made of. One dump of MPTCP says which
 * connections there are, one of TCP gives their subflows, which are kept: memory grows with
 * their number. They are matched by token, and where the kernel shows none, by inode: every
 * subflow has that of its connection (mptcp_sock_graft(), mptcp_subflow_create_socket()).
 */
#ifndef LINGERSTAT_ENRICH_SUBFLOWS_H
#define LINGERSTAT_ENRICH_SUBFLOWS_H

#include "model/socket.h"

struct subflows;

/* Returns NULL when memory is short. */
struct subflows *subflows_new(void);
void subflows_free(struct subflows *subflows);

/* A socket_sink: takes note of an MPTCP socket. */
int subflows_connection(void *ctx, struct socket *sk);

/* True when there is any connection, and so something to look for among the TCP sockets. */
bool subflows_wanted(const struct subflows *subflows);

/* A socket_sink: keeps a TCP socket that belongs to one of them, with its message. */
int subflows_add(void *ctx, struct socket *sk);

/* Puts the subflows of each connection together. Nothing is added after this. Returns 0 or
 * -ENOMEM. */
int subflows_finish(struct subflows *subflows);

/* The subflows of an MPTCP socket, to be enriched and judged by the caller; *known is false for
 * a connection that is younger than the dump. Valid until subflows_free(). */
struct socket *subflows_of(struct subflows *subflows, const struct socket *sk, uint32_t *count,
			   bool *known);

/* Takes note that an MPTCP socket is listed, with its subflows. */
void subflows_listed(struct subflows *subflows, const struct socket *sk);

/* True for a TCP socket that was listed with its connection. */
bool subflows_has_listed(const struct subflows *subflows, const struct socket *sk);

#endif
