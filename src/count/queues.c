/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/queues.h"

#include <stdlib.h>
#include <string.h>

struct queues {
	uint64_t listeners, waiting;
	int64_t smallest;
	size_t keep, count;
	struct listen_queue items[];
};

struct queues *queues_new(size_t keep)
{
	struct queues *q = calloc(1, sizeof(*q) + keep * sizeof(q->items[0]));

	if (!q)
		return NULL;
	q->keep = keep;
	q->smallest = UNKNOWN;
	return q;
}

void queues_free(struct queues *queues)
{
	free(queues);
}

static bool is_fuller(const struct listen_queue *a, const struct listen_queue *b)
{
	/* Both numbers are 32 bits wide and positive, so that products fit. */
	uint64_t x = (uint64_t)a->waiting * (uint64_t)b->fits;
	uint64_t y = (uint64_t)b->waiting * (uint64_t)a->fits;

	return x != y ? x > y : a->waiting > b->waiting;
}

/* The copies move with their item. */
static void point_at_copies(struct listen_queue *l)
{
	if (l->sk.un.name)
		l->sk.un.name = l->name;
	if (l->sk.holders.items)
		l->sk.holders.items = &l->holder;
	l->holder.comm = l->comm;
}

static void copy_names(struct listen_queue *l, const struct socket *sk)
{
	if (sk->un.name) {
		l->sk.un.name_len =
			sk->un.name_len < QUEUE_NAME_MAX ? sk->un.name_len : QUEUE_NAME_MAX;
		memcpy(l->name, sk->un.name, l->sk.un.name_len);
	}
	if (sk->holders.count) {
		l->holder = sk->holders.items[0];
		strncpy(l->comm, l->holder.comm, sizeof(l->comm) - 1);
		l->sk.holders.count = 1;
	}
	l->sk.message = NULL;
	l->sk.message_len = 0;
}

void queues_add(struct queues *queues, const struct socket *sk)
{
	struct listen_queue new = { .sk = *sk,
				    .waiting = sk->recv_queue,
				    .fits = (int64_t)sk->send_queue + 1 };
	size_t at = queues->count;

	if (sk->queue_unit != QUEUE_CONNECTIONS)
		return;
	queues->listeners++;
	if (queues->smallest == UNKNOWN || new.fits < queues->smallest)
		queues->smallest = new.fits;
	if (!sk->recv_queue)
		return;
	queues->waiting++;
	while (at && is_fuller(&new, &queues->items[at - 1]))
		at--;
	if (at == queues->keep)
		return;
	copy_names(&new, sk);
	if (queues->count < queues->keep)
		queues->count++;
	memmove(&queues->items[at + 1], &queues->items[at], (queues->count - 1 - at) * sizeof(new));
	queues->items[at] = new;
	for (size_t i = at; i < queues->count; i++)
		point_at_copies(&queues->items[i]);
}

int64_t queues_smallest(const struct queues *queues)
{
	return queues->smallest;
}

uint64_t queues_listeners(const struct queues *queues)
{
	return queues->listeners;
}

uint64_t queues_waiting(const struct queues *queues)
{
	return queues->waiting;
}

size_t queues_count(const struct queues *queues)
{
	return queues->count;
}

const struct listen_queue *queues_item(const struct queues *queues, size_t i)
{
	return &queues->items[i];
}
