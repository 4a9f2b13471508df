/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/states.h"

#include <errno.h>

#ifdef WITH_BPF

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>

#include "bpf/iterator.h"
#include "bpf/states_counts.h"

#ifdef WORDS_BIGENDIAN
#include "bpf/states.lskel.eb.h"
#else
#include "bpf/states.lskel.el.h"
#endif

_Static_assert(STATE_NEW_SYN_RECV < STATES_COUNTS_STATES, "room for the kernel's states");

struct states {
	struct states_bpf *skel;
	int fd;
};

static int open_iterator(struct states *states)
{
	states->skel = states_bpf__open();
	if (!states->skel)
		return -ENOMEM;
	if (states_bpf__load(states->skel) < 0 || states_bpf__attach(states->skel) < 0)
		return -EINVAL;
	states->fd = iterator_create(states->skel->links.count_states_fd);
	return states->fd < 0 ? states->fd : 0;
}

struct states *states_open(void)
{
	struct states *states = calloc(1, sizeof(*states));

	if (!states)
		return NULL;
	states->fd = -1;
	if (open_iterator(states) == 0)
		return states;
	states_close(states);
	return NULL;
}

/* The program writes nothing, so that one read is the whole pass. */
int states_count(struct states *states)
{
	char nothing[64];
	ssize_t got = iterator_read(states->fd, nothing, sizeof(nothing));

	if (got < 0)
		return (int)got;
	return got == 0 && states->skel->bss->counts.whole ? 0 : -EIO;
}

/* Its queues are as the decoder in tcp.c has them: a minisocket has none. */
static struct socket alike(uint8_t family, enum states_counts_kind kind, unsigned int state)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.protocol = IPPROTO_TCP;
	sk.family = family;
	sk.state = state > STATE_NEW_SYN_RECV ? STATE_UNKNOWN : (enum sock_state)state;
	sk.queue_unit = kind == STATES_COUNTS_MINI ? QUEUE_NONE : QUEUE_BYTES;
	sk.inode = kind == STATES_COUNTS_FULL;
	return sk;
}

static int hand_on(const struct socket *sk, uint64_t n, const struct selection *sel,
		   alike_sink sink, void *ctx, uint64_t *sockets)
{
	if (!n || !selection_has_state(sel, sk->state))
		return 0;
	*sockets += n;
	return sink(ctx, sk, n);
}

static int hand_on_version(const struct states *states, bool v6, const struct selection *sel,
			   alike_sink sink, void *ctx, uint64_t *sockets)
{
	const struct states_counts *counts = &states->skel->bss->counts;
	int err = 0;

	for (int kind = 0; kind < STATES_COUNTS_KINDS; kind++)
		for (unsigned int i = 0; i < STATES_COUNTS_STATES && !err; i++) {
			const struct socket sk = alike(v6 ? AF_INET6 : AF_INET, kind, i);

			err = hand_on(&sk, counts->sockets[v6][kind][i], sel, sink, ctx, sockets);
		}
	return err;
}

int states_each(const struct states *states, const struct selection *sel, alike_sink sink,
		void *ctx, uint64_t *sockets)
{
	int err = 0;

	*sockets = 0;
	if (sel->ipv4)
		err = hand_on_version(states, false, sel, sink, ctx, sockets);
	if (!err && sel->ipv6)
		err = hand_on_version(states, true, sel, sink, ctx, sockets);
	return err;
}

void states_close(struct states *states)
{
	if (!states)
		return;
	if (states->fd >= 0)
		close(states->fd);
	states_bpf__destroy(states->skel);
	free(states);
}

#else /* !WITH_BPF */

struct states *states_open(void)
{
	return NULL;
}

int states_count(struct states *states)
{
	(void)states;
	return -EOPNOTSUPP;
}

int states_each(const struct states *states, const struct selection *sel, alike_sink sink,
		void *ctx, uint64_t *sockets)
{
	(void)states;
	(void)sel;
	(void)sink;
	(void)ctx;
	*sockets = 0;
	return -EOPNOTSUPP;
}

void states_close(struct states *states)
{
	(void)states;
}

#endif
