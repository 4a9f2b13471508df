/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/subflows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

struct connection {
	int64_t token;
	uint32_t inode;
	uint32_t first, count; /* its subflows */
	bool listed;
};

struct subflows {
	struct connection *connections;
	struct socket *items; /* as they came, then by connection */
	uint32_t *of;         /* the connection of each item, as they came */
	uint32_t n_connections, n_items;
	uint32_t cap_connections, cap_items, cap_of;
	struct index by_token, by_inode;
};

struct subflows *subflows_new(void)
{
	return calloc(1, sizeof(struct subflows));
}

void subflows_free(struct subflows *subflows)
{
	if (!subflows)
		return;
	for (uint32_t i = 0; i < subflows->n_items; i++)
		free((void *)subflows->items[i].message);
	free(subflows->connections);
	free(subflows->items);
	free(subflows->of);
	index_free(&subflows->by_token);
	index_free(&subflows->by_inode);
	free(subflows);
}

static uint32_t find_token(const struct subflows *s, int64_t token)
{
	uint32_t at = 0, i;

	if (token == UNKNOWN)
		return INDEX_NONE;
	while ((i = index_next(&s->by_token, index_hash(&token, sizeof(token)), &at)) != INDEX_NONE)
		if (s->connections[i].token == token)
			return i;
	return INDEX_NONE;
}

static uint32_t find_inode(const struct subflows *s, uint32_t inode)
{
	uint32_t at = 0, i;

	if (!inode)
		return INDEX_NONE;
	while ((i = index_next(&s->by_inode, index_hash(&inode, sizeof(inode)), &at)) != INDEX_NONE)
		if (s->connections[i].inode == inode)
			return i;
	return INDEX_NONE;
}

/* The connection that an MPTCP socket is, or that a TCP socket belongs to. */
static uint32_t find(const struct subflows *s, const struct socket *sk)
{
	uint32_t by_token = find_token(s, sk->mptcp.token);

	return by_token != INDEX_NONE ? by_token : find_inode(s, sk->inode);
}

int subflows_connection(void *ctx, struct socket *sk)
{
	struct subflows *s = ctx;
	int64_t token = sk->mptcp.token;
	uint32_t self = s->n_connections;
	int err;

	if (find(s, sk) != INDEX_NONE)
		return 0;
	err = index_room((void **)&s->connections, self, &s->cap_connections,
			 sizeof(*s->connections));
	if (err)
		return err;
	s->connections[s->n_connections++] =
		(struct connection){ .token = token, .inode = sk->inode };
	if (token != UNKNOWN)
		err = index_add(&s->by_token, index_hash(&token, sizeof(token)), self);
	if (!err && sk->inode)
		err = index_add(&s->by_inode, index_hash(&sk->inode, sizeof(sk->inode)), self);
	return err;
}

bool subflows_wanted(const struct subflows *subflows)
{
	return subflows->n_connections > 0;
}

/* An older kernel does not say that it is one; to have the connection's inode is to be one. */
static void make_subflow(struct socket *sk)
{
	sk->subflow = true;
	sk->linger.kind = LINGER_NONE;
}

int subflows_add(void *ctx, struct socket *sk)
{
	struct subflows *s = ctx;
	uint32_t connection = find(s, sk);
	void *message;

	if (connection == INDEX_NONE)
		return 0;
	if (index_room((void **)&s->items, s->n_items, &s->cap_items, sizeof(*s->items)) ||
	    index_room((void **)&s->of, s->n_items, &s->cap_of, sizeof(*s->of)))
		return -ENOMEM;
	message = malloc(sk->message_len + 1u);
	if (!message)
		return -ENOMEM;
	if (sk->message_len)
		memcpy(message, sk->message, sk->message_len);
	s->items[s->n_items] = *sk;
	s->items[s->n_items].message = message;
	make_subflow(&s->items[s->n_items]);
	s->of[s->n_items++] = connection;
	s->connections[connection].count++;
	return 0;
}

int subflows_finish(struct subflows *subflows)
{
	struct socket *sorted = calloc(subflows->n_items + 1u, sizeof(*sorted));
	uint32_t first = 0;

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < subflows->n_connections; i++) {
		subflows->connections[i].first = first;
		first += subflows->connections[i].count;
		subflows->connections[i].count = 0;
	}
	for (uint32_t i = 0; i < subflows->n_items; i++) {
		struct connection *c = &subflows->connections[subflows->of[i]];

		sorted[c->first + c->count++] = subflows->items[i];
	}
	free(subflows->items);
	subflows->items = sorted;
	return 0;
}

struct socket *subflows_of(struct subflows *subflows, const struct socket *sk, uint32_t *count,
			   bool *known)
{
	uint32_t i = find(subflows, sk);

	*known = i != INDEX_NONE;
	*count = *known ? subflows->connections[i].count : 0;
	return *count ? &subflows->items[subflows->connections[i].first] : NULL;
}

void subflows_listed(struct subflows *subflows, const struct socket *sk)
{
	uint32_t i = find(subflows, sk);

	if (i != INDEX_NONE)
		subflows->connections[i].listed = true;
}

/* One that joined since is not among those that were listed. */
bool subflows_has_listed(const struct subflows *subflows, const struct socket *sk)
{
	uint32_t i = find(subflows, sk);
	const struct connection *c;

	if (i == INDEX_NONE || !subflows->connections[i].listed)
		return false;
	c = &subflows->connections[i];
	for (uint32_t k = 0; k < c->count; k++)
		if (subflows->items[c->first + k].cookie == sk->cookie)
			return true;
	return false;
}
