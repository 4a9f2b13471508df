/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

/* A unix socket and its name, which begins at `at` among the names. */
struct named {
	uint32_t inode;
	uint32_t at;
	uint16_t len;
	bool named, abstract;
};

/* A client that nobody has accepted, and the listener (among the named) where it waits. */
struct waiting {
	uint32_t inode;
	uint32_t listener;
};

/* The two ends of a TCP connection, as one of its sockets sees them; IPv4 as IPv6 has it inside. */
struct ends {
	struct in6_addr local, peer;
	uint16_t local_port, peer_port;
};

struct connection {
	struct ends ends;
	uint32_t inode;
	bool several; /* sockets with the same ends, as VRFs allow */
};

struct peers {
	struct named *named;
	struct waiting *waiting;
	struct connection *connections;
	char *names;
	uint32_t n_named, n_waiting, n_connections, n_names;
	uint32_t cap_named, cap_waiting, cap_connections, cap_names;
	struct index by_inode, by_client, by_ends;
	peers_missing missing; /* NULL: nobody can help */
	void *missing_ctx;
};

struct peers *peers_new(void)
{
	return calloc(1, sizeof(struct peers));
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	free(peers->named);
	free(peers->waiting);
	free(peers->connections);
	free(peers->names);
	index_free(&peers->by_inode);
	index_free(&peers->by_client);
	index_free(&peers->by_ends);
	free(peers);
}

/* --- unix ---------------------------------------------------------------------------------- */

static const struct named *find_named(const struct peers *p, uint32_t inode)
{
	uint32_t hash = index_hash(&inode, sizeof(inode)), at = 0, i;

	while ((i = index_next(&p->by_inode, hash, &at)) != INDEX_NONE)
		if (p->named[i].inode == inode)
			return &p->named[i];
	return NULL;
}

static const struct named *find_listener(const struct peers *p, uint32_t client)
{
	uint32_t hash = index_hash(&client, sizeof(client)), at = 0, i;

	while ((i = index_next(&p->by_client, hash, &at)) != INDEX_NONE)
		if (p->waiting[i].inode == client)
			return &p->named[p->waiting[i].listener];
	return NULL;
}

static int keep_name(struct peers *p, const char *name, uint16_t len)
{
	uint32_t cap = p->cap_names ? p->cap_names : 4096;
	char *bigger;

	while (cap - p->n_names < len) {
		if (cap > UINT32_MAX / 2)
			return -ENOMEM;
		cap *= 2;
	}
	if (!p->names || cap > p->cap_names) {
		bigger = realloc(p->names, cap);
		if (!bigger)
			return -ENOMEM;
		p->names = bigger;
		p->cap_names = cap;
	}
	if (name)
		memcpy(p->names + p->n_names, name, len);
	p->n_names += len;
	return 0;
}

static int add_waiting(struct peers *p, uint32_t client, uint32_t listener)
{
	int err;

	if (!client)
		return 0; /* it has gone, and left its place in the queue */
	err = index_room((void **)&p->waiting, p->n_waiting, &p->cap_waiting, sizeof(*p->waiting));
	if (err)
		return err;
	p->waiting[p->n_waiting] = (struct waiting){ client, listener };
	return index_add(&p->by_client, index_hash(&client, sizeof(client)), p->n_waiting++);
}

static int add_unix(struct peers *p, const struct socket *sk)
{
	const struct unix_end *un = &sk->un;
	uint32_t self = p->n_named;
	int err;

	if (!sk->inode || find_named(p, sk->inode))
		return 0;
	err = index_room((void **)&p->named, p->n_named, &p->cap_named, sizeof(*p->named));
	if (err)
		return err;
	p->named[p->n_named++] = (struct named){
		.inode = sk->inode,
		.at = p->n_names,
		.len = un->name ? un->name_len : 0,
		.named = un->name,
		.abstract = un->abstract,
	};
	err = keep_name(p, un->name, p->named[self].len);
	if (!err)
		err = index_add(&p->by_inode, index_hash(&sk->inode, sizeof(sk->inode)), self);
	for (uint16_t i = 0; !err && i < un->n_waiting; i++)
		err = add_waiting(p, un->waiting[i], self);
	return err;
}

static void join_unix(const struct peers *p, struct socket *sk)
{
	struct other_end *other = &sk->other;
	const struct named *named =
		sk->un.peer_hidden ? find_listener(p, sk->inode) : find_named(p, sk->un.peer_inode);

	other->inode = sk->un.peer_inode;
	other->found = sk->un.peer_inode || named;
	if (!named)
		return;
	other->name_known = true;
	other->name = (struct unix_end){
		.name = named->named ? p->names + named->at : NULL,
		.name_len = named->len,
		.abstract = named->abstract,
	};
}

/* --- TCP ----------------------------------------------------------------------------------- */

/* Without holes, as the bytes are hashed and compared. */
_Static_assert(sizeof(struct ends) == 36, "struct ends has holes");

static struct in6_addr whole_address(uint8_t family, const struct endpoint *ep)
{
	struct in6_addr addr = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (family == AF_INET6)
		return ep->addr.v6;
	memcpy(&addr.s6_addr[12], &ep->addr.v4, sizeof(ep->addr.v4));
	return addr;
}

static struct ends ends_of(uint8_t family, const struct endpoint *local,
			   const struct endpoint *peer)
{
	return (struct ends){ whole_address(family, local), whole_address(family, peer),
			      local->port, peer->port };
}

static struct connection *find_connection(const struct peers *p, const struct ends *ends)
{
	uint32_t hash = index_hash(ends, sizeof(*ends)), at = 0, i;

	while ((i = index_next(&p->by_ends, hash, &at)) != INDEX_NONE)
		if (memcmp(&p->connections[i].ends, ends, sizeof(*ends)) == 0)
			return &p->connections[i];
	return NULL;
}

static void await_connection(const struct peers *p, const struct ends *ends)
{
	index_await(&p->by_ends, index_hash(ends, sizeof(*ends)));
}

static int add_connection(struct peers *p, const struct ends *ends, uint32_t inode)
{
	struct connection *same = find_connection(p, ends);
	int err;

	if (!ends->peer_port)
		return 0;
	if (same) {
		same->several |= same->inode != inode;
		return 0;
	}
	err = index_room((void **)&p->connections, p->n_connections, &p->cap_connections,
			 sizeof(*p->connections));
	if (err)
		return err;
	p->connections[p->n_connections] = (struct connection){ *ends, inode, false };
	return index_add(&p->by_ends, index_hash(ends, sizeof(*ends)), p->n_connections++);
}

static struct ends held_ends(const struct owner_record *record)
{
	const struct owner_ends *both = record->ends;

	return ends_of(both->family, &both->local, &both->peer);
}

void peers_await_held(const struct peers *peers, const struct owner_record *record)
{
	struct ends ends = held_ends(record);

	await_connection(peers, &ends);
}

int peers_add_held(struct peers *peers, const struct owner_record *record)
{
	struct ends ends = held_ends(record);

	return add_connection(peers, &ends, record->inode);
}

void peers_on_missing(struct peers *peers, peers_missing missing, void *ctx)
{
	peers->missing = missing;
	peers->missing_ctx = ctx;
}

static void join_connection(const struct peers *p, struct socket *sk)
{
	struct ends ends = ends_of(sk->family, &sk->peer, &sk->local);
	const struct connection *found;

	if (!sk->peer.port)
		return;
	found = find_connection(p, &ends);
	if (!found && p->missing && p->missing(p->missing_ctx, sk))
		found = find_connection(p, &ends);
	if (!found || found->several)
		return;
	sk->other.found = true;
	sk->other.inode = found->inode;
}

/* --- both ---------------------------------------------------------------------------------- */

static bool is_tcp(const struct socket *sk)
{
	return (sk->family == AF_INET || sk->family == AF_INET6) && sk->protocol == IPPROTO_TCP;
}

int peers_add(void *ctx, struct socket *sk)
{
	struct ends ends;

	if (sk->family == AF_UNIX)
		return add_unix(ctx, sk);
	if (!is_tcp(sk))
		return 0;
	ends = ends_of(sk->family, &sk->local, &sk->peer);
	return add_connection(ctx, &ends, sk->inode);
}

void peers_await(const struct peers *peers, const struct socket *sk)
{
	struct ends ends;

	if (!is_tcp(sk))
		return;
	ends = ends_of(sk->family, &sk->peer, &sk->local);
	await_connection(peers, &ends);
}

void peers_join(struct peers *peers, struct socket *sk)
{
	if (sk->family == AF_UNIX)
		join_unix(peers, sk);
	else if (is_tcp(sk))
		join_connection(peers, sk);
}
