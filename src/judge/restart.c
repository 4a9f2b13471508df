/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/restart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How an address meets another of the same port. */
enum reach { V4_ANY, V4_ADDR, V6_ANY, V6_ANY_ONLY, V6_ADDR };

struct user {
	struct in6_addr addr; /* IPv4 as a mapped address */
	uint64_t cookie;
	uint32_t ifindex;
	uint16_t port;
	uint8_t state;
	uint8_t reach;     /* enum reach */
	uint8_t reuseaddr; /* enum tri */
	uint8_t reuseport;
};

struct port_users {
	uint8_t watched[65536 / 8];
	struct user *items;
	size_t count, cap;
};

struct port_users *port_users_new(void)
{
	return calloc(1, sizeof(struct port_users));
}

void port_users_free(struct port_users *users)
{
	if (!users)
		return;
	free(users->items);
	free(users);
}

void port_users_watch(struct port_users *users, const struct socket *listener)
{
	users->watched[listener->local.port / 8] |= (uint8_t)(1u << (listener->local.port % 8));
}

static struct in6_addr mapped(const struct socket *sk)
{
	struct in6_addr addr = sk->local.addr.v6;

	if (sk->family != AF_INET)
		return addr;
	memset(&addr, 0, sizeof(addr));
	addr.s6_addr[10] = addr.s6_addr[11] = 0xff;
	memcpy(&addr.s6_addr[12], &sk->local.addr.v4, 4);
	return addr;
}

static enum reach reach_of(const struct socket *sk, const struct in6_addr *addr)
{
	static const uint8_t any_v4[16] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(addr, any_v4, sizeof(any_v4)) == 0)
		return V4_ANY;
	if (IN6_IS_ADDR_V4MAPPED(addr))
		return V4_ADDR;
	if (!IN6_IS_ADDR_UNSPECIFIED(addr))
		return V6_ADDR;
	return sk->v6only == TRI_YES ? V6_ANY_ONLY : V6_ANY;
}

/* These vanish with the listener itself. */
static bool goes_with_listener(const struct socket *sk)
{
	return socket_is_unaccepted(sk) || sk->state == STATE_SYN_RECV;
}

int port_users_add(struct port_users *users, const struct socket *sk)
{
	struct in6_addr addr = mapped(sk);

	if (!(users->watched[sk->local.port / 8] & 1u << (sk->local.port % 8)) ||
	    goes_with_listener(sk))
		return 0;
	if (users->count == users->cap) {
		size_t cap = users->cap ? users->cap * 2 : 256;
		struct user *bigger = reallocarray(users->items, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		users->items = bigger;
		users->cap = cap;
	}
	users->items[users->count++] = (struct user){
		.addr = addr,
		.cookie = sk->cookie,
		.ifindex = sk->ifindex,
		.port = sk->local.port,
		.state = (uint8_t)sk->state,
		.reach = (uint8_t)reach_of(sk, &addr),
		.reuseaddr = (uint8_t)sk->options.reuseaddr,
		.reuseport = (uint8_t)sk->options.reuseport,
	};
	return 0;
}

/* Who meets whom (inet_rcv_saddr_equal()): a dual-stack wildcard meets everything, an IPv6-only
 * one all of IPv6, an IPv4 one all of IPv4; two addresses meet when they are the same. */
static const bool meets[5][5] = {
	[V4_ANY] = { [V4_ANY] = true, [V4_ADDR] = true, [V6_ANY] = true },
	[V4_ADDR] = { [V4_ANY] = true, [V4_ADDR] = true, [V6_ANY] = true },
	[V6_ANY] = { true, true, true, true, true },
	[V6_ANY_ONLY] = { [V6_ANY] = true, [V6_ANY_ONLY] = true, [V6_ADDR] = true },
	[V6_ADDR] = { [V6_ANY] = true, [V6_ANY_ONLY] = true, [V6_ADDR] = true },
};

static bool is_address(enum reach reach)
{
	return reach == V4_ADDR || reach == V6_ADDR;
}

static bool overlaps(const struct socket *listener, const struct user *user)
{
	struct in6_addr own = mapped(listener);
	enum reach reach = reach_of(listener, &own);

	if (listener->ifindex && user->ifindex && listener->ifindex != user->ifindex)
		return false;
	if (!meets[reach][user->reach])
		return false;
	return !is_address(reach) || !is_address(user->reach) ||
	       memcmp(&own, &user->addr, sizeof(own)) == 0;
}

/* All must agree: one NO is enough, and an unknown leaves it open. */
static enum tri both(enum tri a, enum tri b)
{
	if (a == TRI_NO || b == TRI_NO)
		return TRI_NO;
	return a == TRI_YES && b == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

static void add_user(struct restart *verdict, const struct socket *listener,
		     const struct user *user)
{
	enum tri reuseaddr = user->reuseaddr, reuseport = user->reuseport;

	verdict->total++;
	verdict->states[user->state]++;
	verdict->listeners += user->state == STATE_LISTEN;
	verdict->assumed += reuseaddr == TRI_UNKNOWN;
	if (reuseaddr == TRI_UNKNOWN)
		reuseaddr = listener->options.reuseaddr;
	if (reuseport == TRI_UNKNOWN)
		reuseport = listener->options.reuseport;
	/* SO_REUSEADDR never shares a port with a listener. */
	if (user->state == STATE_LISTEN)
		reuseaddr = TRI_NO;
	verdict->reuseaddr = both(verdict->reuseaddr, reuseaddr);
	verdict->reuseport = both(verdict->reuseport, reuseport);
}

void judge_restart(const struct port_users *users, const struct socket *listener,
		   struct restart *verdict)
{
	*verdict = (struct restart){ .reuseaddr = TRI_YES, .reuseport = TRI_YES };
	for (size_t i = 0; i < users->count; i++) {
		const struct user *user = &users->items[i];

		if (user->port == listener->local.port && user->cookie != listener->cookie &&
		    overlaps(listener, user))
			add_user(verdict, listener, user);
	}
}
