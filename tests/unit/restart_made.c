/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/restart_made.h"

const struct holder own = { .pid = 12, .fd = 3, .comm = "own", .tid = 12 };
const struct holder another = { .pid = 13, .fd = 3, .comm = "another", .tid = 13 };

struct holder_list held_by(const struct holder *holder)
{
	return (struct holder_list){ HOLDERS_COMPLETE, 1, holder };
}

struct socket at(const char *address, uint16_t port, enum sock_state state)
{
	static uint64_t cookie;
	struct socket sk;

	socket_init(&sk);
	sk.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(sk.family, address, &sk.local.addr), 1);
	sk.local.port = port;
	sk.state = state;
	sk.inode = 4711;
	sk.cookie = ++cookie;
	sk.uid_known = state != STATE_TIME_WAIT;
	sk.linger.kind = LINGER_OFF;
	sk.unread_bytes = sk.outstanding_bytes = 0;
	sk.holders = held_by(&another);
	return sk;
}

struct socket listener_at(const char *address, enum tri v6only, enum tri reuseaddr)
{
	struct socket sk = at(address, PORT, STATE_LISTEN);

	sk.v6only = v6only;
	sk.options.reuseaddr = reuseaddr;
	sk.holders = held_by(&own);
	return sk;
}

struct port_users *watching(const struct socket *listener)
{
	struct port_users *users = port_users_new();

	assert_non_null(users);
	port_users_watch(users, listener);
	return users;
}
