/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count/top.h"

struct ports {
	const struct port_range *range;
	struct port_set listening; /* in the namespace that is being counted */
	uint64_t netns;
	bool entered; /* by ports_enter(); one namespace alone needs none */
	struct top *destinations;
	struct port_space *spaces;
	size_t n_spaces;
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
	free(ports->spaces);
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

static struct destination destination_of(const struct socket *sk, uint64_t netns)
{
	uint8_t family = is_mapped(sk) ? AF_INET : sk->family;
	struct endpoint local = is_mapped(sk) ? unmapped(&sk->local) : sk->local;
	struct endpoint peer = is_mapped(sk) ? unmapped(&sk->peer) : sk->peer;
	struct destination d = { .netns = netns, .family = family, .peer_port = peer.port };

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
	d = destination_of(sk, ports->netns);
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
	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return memcmp(x->local, y->local, sizeof(x->local));
}

static int64_t count_available(const struct ports *p)
{
	int64_t n = 0;

	for (unsigned int port = p->range->low; port <= p->range->high; port++)
		n += is_free_to_take(p, port);
	return n;
}

/* Ends a namespace, as long as the range is its own. */
static int leave(struct ports *p)
{
	struct port_space *bigger = reallocarray(p->spaces, p->n_spaces + 1, sizeof(*p->spaces));

	if (!bigger)
		return -ENOMEM;
	p->spaces = bigger;
	bigger[p->n_spaces++] = (struct port_space){
		.netns = p->netns,
		.known = p->range->known,
		.low = p->range->low,
		.high = p->range->high,
		.available = p->range->known ? count_available(p) : UNKNOWN,
	};
	return 0;
}

int ports_enter(struct ports *ports, uint64_t netns)
{
	int err = ports->entered ? leave(ports) : 0;

	memset(&ports->listening, 0, sizeof(ports->listening));
	ports->entered = true;
	ports->netns = netns;
	return err;
}

static int by_netns(const void *a, const void *b)
{
	const struct port_space *x = a, *y = b;

	return (x->netns > y->netns) - (x->netns < y->netns);
}

int ports_finish(struct ports *ports)
{
	int err = leave(ports);

	top_sort(ports->destinations, by_address);
	if (!err)
		qsort(ports->spaces, ports->n_spaces, sizeof(*ports->spaces), by_netns);
	return err;
}

size_t ports_spaces(const struct ports *ports)
{
	return ports->n_spaces;
}

const struct port_space *ports_space(const struct ports *ports, size_t i)
{
	return &ports->spaces[i];
}

int64_t ports_available_to(const struct ports *ports, const struct destination *d)
{
	struct port_space key = { .netns = d->netns };
	const struct port_space *space =
		ports->n_spaces
			? bsearch(&key, ports->spaces, ports->n_spaces, sizeof(key), by_netns)
			: NULL;

	return space ? space->available : UNKNOWN;
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

static bool ranges_are_known(const struct ports *p)
{
	for (size_t i = 0; i < p->n_spaces; i++)
		if (!p->spaces[i].known)
			return false;
	return p->n_spaces;
}

struct fullest {
	int64_t used, available;
};

static bool is_fuller(struct fullest a, struct fullest b)
{
	return a.used * b.available > b.used * a.available;
}

static struct fullest find_fullest(const struct ports *p)
{
	struct fullest fullest = { UNKNOWN, UNKNOWN }, one;
	const struct destination_use *use;

	if (!ranges_are_known(p))
		return fullest;
	fullest = (struct fullest){ 0, p->spaces[0].available };
	for (size_t i = 1; i < p->n_spaces; i++)
		if (p->spaces[i].available < fullest.available)
			fullest.available = p->spaces[i].available;
	for (size_t i = 0; i < ports_count(p); i++) {
		const struct destination *d = ports_item(p, i, &use);

		one = (struct fullest){ (int64_t)use->ports, ports_available_to(p, d) };
		if (is_fuller(one, fullest))
			fullest = one;
	}
	return fullest;
}

int64_t ports_used(const struct ports *ports)
{
	return find_fullest(ports).used;
}

int64_t ports_available(const struct ports *ports)
{
	return find_fullest(ports).available;
}
