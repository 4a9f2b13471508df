/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets made up for tests of what counts them.
 */
#ifndef LINGERSTAT_TESTS_UNIT_MADE_H
#define LINGERSTAT_TESTS_UNIT_MADE_H

#include <arpa/inet.h>
#include <string.h>

#include "model/socket.h"
#include "unit/unit.h"

static inline struct socket tcp(enum sock_state state, const char *local, uint16_t local_port,
				const char *peer, uint16_t peer_port)
{
	bool v6 = strchr(local, ':');
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.family = v6 ? AF_INET6 : AF_INET;
	sk.state = state;
	sk.queue_unit = state == STATE_TIME_WAIT ? QUEUE_NONE
			: state == STATE_LISTEN  ? QUEUE_CONNECTIONS
						 : QUEUE_BYTES;
	assert_int_equal(inet_pton(sk.family, local, &sk.local.addr), 1);
	assert_int_equal(inet_pton(sk.family, peer, &sk.peer.addr), 1);
	sk.local.port = local_port;
	sk.peer.port = peer_port;
	return sk;
}

static inline struct socket connection(enum sock_state state, uint16_t local_port)
{
	return tcp(state, "10.0.0.1", local_port, "10.0.0.2", 443);
}

#endif
