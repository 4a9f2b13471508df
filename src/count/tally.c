/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/tally.h"

#include "base/sum.h"

/* Each function adds one socket for `n` that are alike. */

static void add_stake(struct stake *s, const struct close_forecast *f, uint64_t n)
{
	s->sockets += n;
	s->unknown += f->at_stake_bytes == UNKNOWN ? n : 0;
	sum_add(&s->bytes, f->at_stake_bytes, n);
}

static void add_reasons(struct tally *t, const struct close_forecast *f, uint64_t n)
{
	for (reason_set left = f->reasons; left; left &= left - 1)
		add_stake(&t->reasons[__builtin_ctz(left)], f, n);
	t->linger_unknown += (f->reasons & REASON_BIT(REASON_LINGER_UNKNOWN)) ? n : 0;
}

static void add_forecast(struct tally *t, const struct close_forecast *f, uint64_t n)
{
	add_stake(&t->risks[f->risk], f, n);
	t->risks_max[f->risk_max] += n;
	if (f->risk != RISK_NONE)
		add_stake(&t->stake, f, n);
	add_reasons(t, f, n);
	sum_add(&t->loss_min_bytes, f->loss_min_bytes, n);
	sum_add(&t->loss_max_bytes, f->loss_max_bytes, n);
	sum_add(&t->unread_bytes, f->unread_bytes, n);
	t->loss_unknown += f->loss_max_bytes == UNKNOWN ? n : 0;
	t->unread_unknown += f->unread_bytes == UNKNOWN ? n : 0;
}

static void add(struct tally *t, const struct socket *sk, uint64_t shown, uint64_t n)
{
	bool orphan = socket_is_orphan(sk) && sk->queue_unit == QUEUE_BYTES;

	t->sockets += n;
	t->shown += shown;
	t->states[sk->state] += n;
	t->kinds[sk->netid][sk->state] += n;
	t->orphans += orphan ? n : 0;
	t->holders_unknown += sk->inode && sk->holders.known != HOLDERS_COMPLETE ? n : 0;
	add_forecast(t, &sk->close, n);
}

void tally_add(struct tally *t, const struct socket *sk, bool shown)
{
	add(t, sk, shown, 1);
}

void tally_add_alike(struct tally *t, const struct socket *sk, uint64_t n)
{
	add(t, sk, n, n);
}
