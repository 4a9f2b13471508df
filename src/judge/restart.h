/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restart: whether the program behind a listener could bind its port again now, and which
 * sockets stand in the way (inet_csk_bind_conflict() in net/ipv4/inet_connection_sock.c). TCP.
 */
#ifndef LINGERSTAT_JUDGE_RESTART_H
#define LINGERSTAT_JUDGE_RESTART_H

#include "model/socket.h"

/* Sockets on listeners' ports: what a new bind would meet. */
struct port_users;

/* Returns NULL when memory is short. */
struct port_users *port_users_new(void);
void port_users_free(struct port_users *users);

/* First pass, over listeners: their ports are the ones to watch. */
void port_users_watch(struct port_users *users, const struct socket *listener);

/* Second pass, over everything, listeners too: remembers the sockets on watched ports, with
 * their own SO_REUSEADDR and SO_REUSEPORT where those were read. Connections that no process has
 * accepted, and half-open ones, go with their listener and do not count. Returns 0 or -ENOMEM. */
int port_users_add(struct port_users *users, const struct socket *sk);

/* What stands on a listener's port, at an address and device that overlap its own. */
struct restart {
	uint32_t total;
	uint32_t states[STATE_COUNT];
	uint32_t listeners; /* of these, other listeners */
	uint32_t assumed;   /* of these, sockets whose options are not known and were taken to
			     * be the listener's: TIME_WAIT, orphans, unread holders */
	enum tri reuseaddr; /* a bind with SO_REUSEADDR works */
	enum tri reuseport; /* a bind with SO_REUSEPORT, by the same user, works */
};

/* Takes a LISTEN socket whose options were read (or not); gives the verdict for this moment,
 * after its last descriptor is closed. */
void judge_restart(const struct port_users *users, const struct socket *listener,
		   struct restart *verdict);

#endif
