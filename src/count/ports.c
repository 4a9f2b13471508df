/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count/top.h"

struct ports {
	const struct port_range *range;
	struct port_set listening;
	struct top *destinations;
};

struct ports *ports_new(const struct port_range *range)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->range = range;
	p->destinations = top_new(sizeof(struct destination), sizeof(struct destination_use));
	if (p->destinations)
		return p;
	free(p);
	return NULL;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	top_free(ports->destinations);
	free(ports);
}

static bool is_free_to_take(const struct ports *p, unsigned int port)
{
	return port >= p->range->low && port <= p->range->high &&
	       !port_set_has(&p->range->reserved, (uint16_t)port) &&
	       !port_set_has(&p->listening, (uint16_t)port);
}

static void put_address(uint8_t to[16], uint8_t family, const struct endpoint *ep)
{
	memset(to, 0, 16);
	if (family == AF_INET)
		memcpy(to, &ep->addr.v4, sizeof(ep->addr.v4));
	else
		memcpy(to, &ep->addr.v6, sizeof(ep->addr.v6));
}

static bool is_mapped(const struct socket *sk)
{
	return sk->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&sk->local.addr.v6) &&
	       IN6_IS_ADDR_V4MAPPED(&sk->peer.addr.v6);
}

static struct endpoint unmapped(const struct endpoint *ep)
{
	struct endpoint v4 = { .port = ep->port };

	memcpy(&v4.addr.v4, &ep->addr.v6.s6_addr[12], sizeof(v4.addr.v4));
	return v4;
}

static struct destination destination_of(const struct socket *sk)
{
	uint8_t family = is_mapped(sk) ? AF_INET : sk->family;
	struct endpoint local = is_mapped(sk) ? unmapped(&sk->local) : sk->local;
	struct endpoint peer = is_mapped(sk) ? unmapped(&sk->peer) : sk->peer;
	struct destination d = { .family = family, .peer_port = peer.port };

	put_address(d.local, family, &local);
	put_address(d.peer, family, &peer);
	if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&peer.addr.v6))
		d.scope = sk->ifindex;
	return d;
}

int ports_add(struct ports *ports, const struct socket *sk)
{
	struct destination d;
	struct destination_use *use;

	if (sk->netid != NETID_TCP || !ports->range->known)
		return 0;
	if (sk->state == STATE_LISTEN)
		port_set_add(&ports->listening, sk->local.port);
	/* Bound and idle sockets, and listeners, have no destination. */
	if (!sk->peer.port || !is_free_to_take(ports, sk->local.port))
		return 0;
	d = destination_of(sk);
	use = top_at(ports->destinations, &d);
	if (!use)
		return -ENOMEM;
	use->ports++;
	use->time_wait += sk->state == STATE_TIME_WAIT;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct destination *x = a, *y = b;
	int peer = memcmp(x->peer, y->peer, sizeof(x->peer));

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (peer)
		return peer;
	if (x->peer_port != y->peer_port)
		return x->peer_port < y->peer_port ? -1 : 1;
	return memcmp(x->local, y->local, sizeof(x->local));
}

void ports_finish(struct ports *ports)
{
	top_sort(ports->destinations, by_address);
}

int64_t ports_available(const struct ports *ports)
{
	int64_t n = 0;

	if (!ports->range->known)
		return UNKNOWN;
	for (unsigned int port = ports->range->low; port <= ports->range->high; port++)
		n += is_free_to_take(ports, port);
	return n;
}

size_t ports_count(const struct ports *ports)
{
	return top_count(ports->destinations);
}

const struct destination *ports_item(const struct ports *ports, size_t i,
				     const struct destination_use **use)
{
	const void *value;
	const struct destination *d = top_item(ports->destinations, i, &value);

	*use = value;
	return d;
}

int64_t ports_used(const struct ports *ports)
{
	const struct destination_use *use;

	if (!ports->range->known)
		return UNKNOWN;
	if (!ports_count(ports))
		return 0;
	ports_item(ports, 0, &use);
	return (int64_t)use->ports;
}
