/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/leaks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count/top.h"

struct key {
	uint32_t kind;
	uint32_t pid;
};

struct leaks {
	struct top *processes;
	uint64_t sockets;
	int64_t silent_ms;
};

struct leaks *leaks_new(void)
{
	struct leaks *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->silent_ms = UNKNOWN;
	l->processes = top_new(sizeof(struct key), sizeof(struct leak));
	if (l->processes)
		return l;
	free(l);
	return NULL;
}

void leaks_free(struct leaks *leaks)
{
	if (!leaks)
		return;
	top_free(leaks->processes);
	free(leaks);
}

static void keep_longest(int64_t *longest, int64_t ms)
{
	if (ms > *longest)
		*longest = ms;
}

/* The entry of a key, a new one with nothing known. NULL when memory is short. */
static struct leak *leak_at(struct leaks *l, enum leak_kind kind, uint32_t pid)
{
	struct key key = { kind, pid };
	struct leak *leak = top_at(l->processes, &key);

	if (leak && !leak->sockets) {
		leak->kind = kind;
		leak->pid = pid;
		leak->silent_ms = leak->descriptors_used = leak->descriptors_max = UNKNOWN;
	}
	return leak;
}

static int add_alone(struct leaks *l, enum leak_kind kind, const struct socket *sk)
{
	struct leak *leak = leak_at(l, kind, 0);

	if (!leak)
		return -ENOMEM;
	leak->sockets++;
	keep_longest(&leak->silent_ms, sk->tcp.last_ack_recv_ms);
	return 0;
}

static void add_descriptor(struct leak *leak, uint32_t fd)
{
	if (leak->fd_count < LEAK_DESCRIPTORS)
		leak->fds[leak->fd_count] = fd;
	leak->fd_count++;
}

/* Descriptors of one process come together. */
static int add_held(struct leaks *l, const struct socket *sk)
{
	for (uint32_t i = 0; i < sk->holders.count; i++) {
		const struct holder *h = &sk->holders.items[i];
		struct leak *leak = leak_at(l, LEAK_HELD, h->pid);

		if (!leak)
			return -ENOMEM;
		if (i == 0 || sk->holders.items[i - 1].pid != h->pid)
			leak->sockets++;
		strncpy(leak->comm, h->comm, sizeof(leak->comm) - 1);
		add_descriptor(leak, h->fd);
		keep_longest(&leak->silent_ms, sk->tcp.last_ack_recv_ms);
	}
	return 0;
}

int leaks_add(struct leaks *leaks, const struct socket *sk)
{
	if (sk->state != STATE_CLOSE_WAIT)
		return 0;
	leaks->sockets++;
	keep_longest(&leaks->silent_ms, sk->tcp.last_ack_recv_ms);
	if (!sk->inode)
		return add_alone(leaks, LEAK_UNACCEPTED, sk);
	if (sk->holders.count)
		return add_held(leaks, sk);
	return add_alone(leaks, sk->holders.known == HOLDERS_COMPLETE ? LEAK_UNSEEN : LEAK_UNKNOWN,
			 sk);
}

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

void leaks_finish(struct leaks *leaks)
{
	top_sort(leaks->processes, by_key);
}

size_t leaks_count(const struct leaks *leaks)
{
	return top_count(leaks->processes);
}

struct leak *leaks_item(struct leaks *leaks, size_t i)
{
	const void *value;

	top_item(leaks->processes, i, &value);
	return (struct leak *)value;
}

int64_t leaks_processes(struct leaks *leaks)
{
	int64_t n = 0;

	for (size_t i = 0; i < leaks_count(leaks); i++) {
		enum leak_kind kind = leaks_item(leaks, i)->kind;

		if (kind == LEAK_UNKNOWN || kind == LEAK_UNSEEN)
			return UNKNOWN;
		n += kind == LEAK_HELD;
	}
	return n;
}

int64_t leaks_silent_ms(const struct leaks *leaks)
{
	return leaks->sockets ? leaks->silent_ms : 0;
}
