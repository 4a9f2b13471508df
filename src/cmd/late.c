/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOSE_MS 5

struct late {
	struct socket items[LATE_MAX]; /* each with its own copy of the message */
	bool gone[LATE_MAX];           /* closed since, so nobody knows who held it */
	size_t count;
	bool unread;           /* the second pass failed */
	struct owners *owners; /* what the second pass finds of them */
	socket_exists exists;
	void *ctx;
};

struct late *late_new(void)
{
	struct late *late = calloc(1, sizeof(*late));

	if (!late)
		return NULL;
	late->owners = owners_new();
	if (!late->owners) {
		free(late);
		return NULL;
	}
	return late;
}

void late_free(struct late *late)
{
	if (!late)
		return;
	for (size_t i = 0; i < late->count; i++)
		free((void *)late->items[i].message);
	owners_free(late->owners);
	free(late);
}

static bool is_unseen(uint32_t inode, const struct holder_list *list)
{
	return inode && list->known == HOLDERS_COMPLETE && list->count == 0;
}

/* The other end's holders are unknown where nobody asked for them. */
static bool other_is_unseen(const struct socket *sk)
{
	return sk->other.found && is_unseen(sk->other.inode, &sk->other.holders);
}

/* Sockets of the kernel's own never had a holder. */
static bool is_late(const struct socket *sk)
{
	if (socket_is_kernels(sk))
		return false;
	return is_unseen(sk->inode, &sk->holders) || other_is_unseen(sk);
}

bool late_give_up(struct socket *sk)
{
	if (!is_late(sk))
		return false;
	if (is_unseen(sk->inode, &sk->holders))
		sk->holders.known = HOLDERS_UNKNOWN;
	if (other_is_unseen(sk))
		sk->other.holders.known = HOLDERS_UNKNOWN;
	return true;
}

bool late_keep(struct late *late, const struct socket *sk)
{
	struct socket *kept = &late->items[late->count];
	void *message;

	if (late->count == LATE_MAX || !is_late(sk))
		return false;
	message = malloc(sk->message_len);
	if (!message)
		return false;
	memcpy(message, sk->message, sk->message_len);
	*kept = *sk;
	kept->message = message;
	/* A unix name lies within the message. */
	if (sk->un.name)
		kept->un.name = (const char *)message + (sk->un.name - (const char *)sk->message);
	late->count++;
	return true;
}

size_t late_count(const struct late *late)
{
	return late->count;
}

/* The index of the second pass holds nothing but the latecomers. */
static int add_wanted(void *ctx, const struct owner_record *record)
{
	struct late *late = ctx;

	for (size_t i = 0; i < late->count; i++)
		if (late->items[i].inode == record->inode ||
		    late->items[i].other.inode == record->inode)
			return owners_add(late->owners, record);
	return 0;
}

/* One whose process is in close() this moment has lost its descriptor and has its inode still, for
 * as long as its FIN takes to be sent: __tcp_close() in net/ipv4/tcp.c orphans it after that. */
static void let_closes_end(void)
{
	const struct timespec ms = { .tv_nsec = CLOSE_MS * 1000000L };

	nanosleep(&ms, NULL);
}

/* True if neither pass met a holder. */
static bool is_unseen_still(const struct late *late, const struct socket *sk)
{
	struct socket again = *sk;

	if (!is_unseen(sk->inode, &sk->holders))
		return false;
	owners_join(late->owners, &again);
	return again.holders.count == 0;
}

/* Marks those without a holder that are no more; gives how many are left without one. */
static size_t mark_gone(struct late *late)
{
	size_t left = 0;

	for (size_t i = 0; i < late->count; i++) {
		if (late->gone[i] || !is_unseen_still(late, &late->items[i]))
			continue;
		late->gone[i] = !late->exists(late->ctx, &late->items[i]);
		left += !late->gone[i];
	}
	return left;
}

static void resolve_own(struct late *late, bool read, bool gone, struct socket *sk)
{
	if (read)
		owners_join(late->owners, sk);
	if (sk->holders.count == 0 && (!read || gone))
		sk->holders.known = HOLDERS_UNKNOWN;
}

/* Only the inode is known of a unix peer: it is asked for with a cookie that means any
 * (INET_DIAG_NOCOOKIE, twice). Of TCP an inode is nothing to ask for. */
static bool has_other(const struct late *late, const struct socket *sk)
{
	struct socket other;

	if (sk->family != AF_UNIX)
		return false;
	socket_init(&other);
	other.family = AF_UNIX;
	other.netid = sk->netid;
	other.inode = sk->other.inode;
	other.cookie = UINT64_MAX;
	other.netns = sk->netns;
	return late->exists(late->ctx, &other);
}

static void resolve_other(struct late *late, bool read, struct socket *sk)
{
	if (read)
		owners_join_other(late->owners, sk);
	if (sk->other.holders.count == 0 && !(read && has_other(late, sk)))
		sk->other.holders.known = HOLDERS_UNKNOWN;
}

/* What was found in the first pass is looked up again: the lists did not outlive their row. */
static void resolve(struct late *late, bool read, struct owners *first, size_t i)
{
	struct socket *sk = &late->items[i];
	bool own = is_unseen(sk->inode, &sk->holders), other = other_is_unseen(sk);

	owners_join(first, sk);
	if (own)
		resolve_own(late, read, late->gone[i], sk);
	if (sk->other.holders.count)
		owners_join_other(first, sk);
	if (other)
		resolve_other(late, read, sk);
}

bool late_unread(const struct late *late)
{
	return late->unread;
}

int late_resolve(struct late *late, int again, const struct owners_status *status,
		 struct owners *first, socket_exists exists, socket_sink sink, void *ctx)
{
	bool read = owners_bpf_read_again(again, add_wanted, late) == 0;
	int err = 0;

	late->exists = exists;
	late->ctx = ctx;
	late->unread = !read;
	owners_finish(late->owners, status->hz, status);
	if (status->linger == LINGER_FROM_NOWHERE)
		owners_forget_options(late->owners);
	if (read && mark_gone(late)) {
		let_closes_end();
		mark_gone(late);
	}
	for (size_t i = 0; i < late->count && !err; i++) {
		resolve(late, read, first, i);
		err = sink(ctx, &late->items[i]);
	}
	return err;
}
