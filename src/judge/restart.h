/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restart: whether the program behind a listener could be restarted now, and which sockets stand
 * in the way. The rules are those of bind(2) on the same address and port, and of listen(2), which
 * asks once more: inet_csk_get_port() and inet_bind_conflict() in net/ipv4/inet_connection_sock.c
 * for TCP, udp_lib_get_port() in net/ipv4/udp.c for UDP and UDP-Lite.
 *
 * The program ends first: what it alone holds closes as judge_exit() says, and what stays is what
 * a new bind meets. The new program is the same user's.
 */
#ifndef LINGERSTAT_JUDGE_RESTART_H
#define LINGERSTAT_JUDGE_RESTART_H

#include "model/restart.h"

/* Sockets on listeners' ports in one network namespace: what a new bind would meet. Those that are
 * alike to a bind are kept as one, so that a server's connections take no room each. */
struct port_users;

/* Returns NULL when memory is short. */
struct port_users *port_users_new(void);
void port_users_free(struct port_users *users);

/* First pass, over TCP's listeners: their ports are the ones to watch. UDP needs none. */
void port_users_watch(struct port_users *users, const struct socket *listener);

/* Whether port_users_add() would remember it: what is not joined yet need not be for the others. */
bool port_users_want(const struct port_users *users, const struct socket *sk);

/* Second pass, over everything, listeners too: remembers TCP sockets on watched ports and all of
 * UDP, with their own SO_REUSEADDR and SO_REUSEPORT where those were read. Connections that no
 * process has accepted, and half-open ones, go with their listener and do not count. Returns 0 or
 * -ENOMEM. */
int port_users_add(struct port_users *users, const struct socket *sk);

/* Takes a socket that restart_applies() to, its options and holders joined (or not); gives the
 * verdict for this moment. `program` NULL: its holders end together. */
void judge_restart(const struct port_users *users, const struct socket *listener,
		   const struct program *program, struct restart *verdict);

/* The same, kept as long as `users`; NULL when memory is short. */
const struct restart *port_users_judge(struct port_users *users, const struct socket *listener,
				       const struct program *program);

#endif
