/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/states.h"

#include <errno.h>
#include <stdlib.h>

#include "source/census.h"

#define KERNEL_STATES 16 /* above the kernel's TCP_MAX_STATES */

_Static_assert(STATE_NEW_SYN_RECV < KERNEL_STATES, "room for the kernel's states");

/* The rows of a count. */
enum kind {
	KIND_FULL,   /* a socket that a process has, or had to accept */
	KIND_ORPHAN, /* a full socket that has been closed, and nobody has it */
	KIND_MINI,   /* a FIN_WAIT2 minisocket, a TIME_WAIT, a request */
	KINDS,
};

struct states {
	struct census *census;
	uint64_t sockets[2][KINDS][KERNEL_STATES]; /* [IPv6], [kind], [as the kernel numbers it] */
};

struct states *states_open(void)
{
	struct states *states = calloc(1, sizeof(*states));

	if (states && census_open(&states->census) == 0)
		return states;
	free(states);
	return NULL;
}

/* Under the state that sock_diag would give it (inet_diag_dump_icsk(), inet_twsk_diag_fill(),
 * inet_req_diag_fill()), so that the two agree. */
static int count(void *ctx, const struct census_record *record)
{
	struct states *states = ctx;
	unsigned int state = record->state;
	enum kind kind = record->orphan ? KIND_ORPHAN : KIND_FULL;

	if (state == STATE_TIME_WAIT || state == STATE_NEW_SYN_RECV) {
		state = state == STATE_TIME_WAIT ? record->substate : STATE_SYN_RECV;
		kind = KIND_MINI;
	}
	states->sockets[record->family == AF_INET6][kind][state % KERNEL_STATES]++;
	return 0;
}

int states_count(struct states *states)
{
	int err = census_walk(states->census, CENSUS_CONNECTIONS, UINT32_MAX, count, states);

	return err ? err : census_walk(states->census, CENSUS_LISTENERS, UINT32_MAX, count, states);
}

/* Its queues are as the decoder in tcp.c has them: a minisocket has none. */
static struct socket alike(uint8_t family, enum kind kind, unsigned int state)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.protocol = IPPROTO_TCP;
	sk.family = family;
	sk.state = state > STATE_NEW_SYN_RECV ? STATE_UNKNOWN : (enum sock_state)state;
	sk.queue_unit = kind == KIND_MINI ? QUEUE_NONE : QUEUE_BYTES;
	sk.inode = kind == KIND_FULL;
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
	int err = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (unsigned int i = 0; i < KERNEL_STATES && !err; i++) {
			const struct socket sk = alike(v6 ? AF_INET6 : AF_INET, kind, i);

			err = hand_on(&sk, states->sockets[v6][kind][i], sel, sink, ctx, sockets);
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
	census_close(states->census);
	free(states);
}
