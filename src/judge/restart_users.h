/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands on a port, as restart.c keeps it and restart_verdict.c reads it. For these two only.
 */
#ifndef LINGERSTAT_JUDGE_RESTART_USERS_H
#define LINGERSTAT_JUDGE_RESTART_USERS_H

#include "base/index.h"
#include "judge/restart.h"

/* Protocols have ports of their own. */
enum { PORTS_TCP, PORTS_UDP, PORTS_UDPLITE, PORT_SPACES };

/* How an address meets another of the same port. */
enum reach { V4_ANY, V4_ADDR, V6_ANY, V6_ANY_ONLY, V6_ADDR };

struct place {
	struct in6_addr addr; /* IPv4 as a mapped address */
	uint32_t ifindex;
	uint8_t reach; /* enum reach */
	uint8_t pad[3];
};

/* What becomes of a socket when all who hold it end. */
enum fate {
	FATE_STAYS, /* on its port, closed */
	FATE_GOES,  /* and its port with it */
	FATE_OPEN,  /* by what is not known: SO_LINGER, or when the peer acknowledges */
};

/* Sockets with equal bytes here are one to every bind. */
struct user_key {
	uint64_t cookie;  /* of what listens; else 0 */
	uint64_t holders; /* of the same processes the same */
	struct place place;
	uint32_t uid;
	uint16_t port;
	uint8_t space;
	uint8_t state;
	uint8_t fate;
	uint8_t reuseaddr, reuseport; /* enum tri */
	uint8_t known;                /* enum holders_known */
	uint8_t minisocket;           /* carries no uid */
	uint8_t orphan;
	uint8_t pad[2];
};

_Static_assert(sizeof(struct user_key) == 56, "the key must have no holes");

struct port_user {
	struct user_key key;
	uint32_t next; /* on the same port, plus 1 */
	uint32_t sockets;
	uint32_t pid; /* the first who holds it; 0: nobody */
	bool several; /* and other processes */
	char comm[16];
};

/* The place of a socket's own end; the protocol's space of ports, -1: without rules here; and what
 * tells sets of processes apart, 0 of none. */
struct place port_place(const struct socket *sk);
int port_space(const struct socket *sk);
uint64_t port_holders_id(const struct holder_list *holders);

/* A walk over those on one port. NULL: there is no other. */
const struct port_user *port_users_first(const struct port_users *users, int space, uint16_t port);
const struct port_user *port_users_next(const struct port_users *users,
					const struct port_user *user);

/* Whether a process that holds the listener is connected to its port as a client too. */
bool port_users_calls_itself(const struct port_users *users, const struct socket *listener);

#endif
