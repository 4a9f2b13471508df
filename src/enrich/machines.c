/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/machines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

void machines_init(struct machines *machines)
{
	*machines = (struct machines){ .items = NULL };
	machine_init(&machines->here);
	machine_init(&machines->all);
}

void machines_free(struct machines *machines)
{
	free(machines->items);
	machines->items = NULL;
	machines->count = machines->cap = 0;
}

/* Inodes are given again to later namespaces; the cookie (Linux 5.14) is not (__net_init of
 * net/core/net_namespace.c, gen_cookie_next()). */
static uint64_t key_of_this(uint64_t netns)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(uint64_t);
	uint64_t cookie = 0;

	if (fd < 0)
		return netns;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		cookie = netns;
	close(fd);
	return cookie;
}

/* What one of them does not tell nobody can tell of all. */
static int64_t sum(int64_t a, int64_t b)
{
	int64_t s;

	if (a == UNKNOWN || b == UNKNOWN || __builtin_add_overflow(a, b, &s))
		return UNKNOWN;
	return s;
}

/* How full, for comparison alone: an unknown one is fuller than any, as it may be. */
static double fullness(int64_t used, int64_t max)
{
	if (used == UNKNOWN || max == UNKNOWN)
		return 2;
	return used ? (double)used / (max ? (double)max : 1) : 0;
}

static void keep_known(int64_t *to, int64_t value)
{
	if (*to == UNKNOWN)
		*to = value;
}

/* Of the whole machine. */
static void add_shared(struct machine *all, const struct machine *one)
{
	keep_known(&all->tcp_allocated, one->tcp_allocated);
	keep_known(&all->orphans, one->orphans);
	keep_known(&all->orphans_max, one->orphans_max);
	keep_known(&all->tcp_memory_bytes, one->tcp_memory_bytes);
	keep_known(&all->tcp_memory_pressure_bytes, one->tcp_memory_pressure_bytes);
	keep_known(&all->tcp_memory_max_bytes, one->tcp_memory_max_bytes);
}

static void add_own(struct machine *all, const struct machine *one)
{
	all->tcp_in_use = sum(all->tcp_in_use, one->tcp_in_use);
	all->tcp6_in_use = sum(all->tcp6_in_use, one->tcp6_in_use);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		all->counters[i] = sum(all->counters[i], one->counters[i]);
	if (one->backlog_max < all->backlog_max)
		all->backlog_max = one->backlog_max;
	if (fullness(one->time_wait_buckets, one->time_wait_buckets_max) <=
	    fullness(all->time_wait_buckets, all->time_wait_buckets_max))
		return;
	all->time_wait_buckets = one->time_wait_buckets;
	all->time_wait_buckets_max = one->time_wait_buckets_max;
}

static void fill_in(struct machine_space *space, const struct machine *m)
{
	space->time_wait_buckets = m->time_wait_buckets;
	space->time_wait_buckets_max = m->time_wait_buckets_max;
	for (int i = 0; i < MACHINE_COUNTERS; i++) {
		space->counters[i] = m->counters[i];
		space->rates[i] = UNKNOWN;
	}
}

static struct machine_space *add_space(struct machines *machines)
{
	struct machine_space *bigger;
	size_t cap = machines->cap ? machines->cap * 2 : 16;

	if (machines->count == machines->cap) {
		bigger = reallocarray(machines->items, cap, sizeof(*bigger));
		if (!bigger)
			return NULL;
		machines->items = bigger;
		machines->cap = cap;
	}
	return &machines->items[machines->count++];
}

int machines_enter(struct machines *machines, uint64_t netns, const char *label, const char *root,
		   unsigned int parts)
{
	struct machine_space *space = add_space(machines);

	if (!space)
		return -ENOMEM;
	*space = (struct machine_space){ .netns = netns, .key = key_of_this(netns) };
	snprintf(space->label, sizeof(space->label), "%s", label);
	machine_init(&machines->here);
	machine_read(&machines->here, root, parts);
	fill_in(space, &machines->here);
	if (machines->count == 1) {
		machines->all = machines->here;
		return 0;
	}
	add_shared(&machines->all, &machines->here);
	add_own(&machines->all, &machines->here);
	return 0;
}

const struct machine_space *machines_find(const struct machines *machines, uint64_t netns)
{
	for (size_t i = 0; i < machines->count; i++)
		if (machines->items[i].netns == netns)
			return &machines->items[i];
	return NULL;
}
