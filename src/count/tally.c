/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count/tally.h"

static void add_known(uint64_t *sum, int64_t v)
{
	if (v > 0)
		*sum += (uint64_t)v;
}

static void add_stake(struct stake *s, const struct close_forecast *f)
{
	s->sockets++;
	s->unknown += f->at_stake_bytes == UNKNOWN;
	add_known(&s->bytes, f->at_stake_bytes);
}

static void add_reasons(struct tally *t, const struct close_forecast *f)
{
	for (reason_set left = f->reasons; left; left &= left - 1)
		add_stake(&t->reasons[__builtin_ctz(left)], f);
	t->linger_unknown += !!(f->reasons & REASON_BIT(REASON_LINGER_UNKNOWN));
}

static void add_forecast(struct tally *t, const struct close_forecast *f)
{
	add_stake(&t->risks[f->risk], f);
	t->risks_max[f->risk_max]++;
	if (f->risk != RISK_NONE)
		add_stake(&t->stake, f);
	add_reasons(t, f);
	add_known(&t->loss_min_bytes, f->loss_min_bytes);
	add_known(&t->loss_max_bytes, f->loss_max_bytes);
	add_known(&t->unread_bytes, f->unread_bytes);
	t->loss_unknown += f->loss_max_bytes == UNKNOWN;
	t->unread_unknown += f->unread_bytes == UNKNOWN;
}

void tally_add(struct tally *t, const struct socket *sk, bool shown)
{
	t->sockets++;
	t->shown += shown;
	t->states[sk->state]++;
	t->kinds[sk->netid][sk->state]++;
	t->orphans += socket_is_orphan(sk) && sk->queue_unit == QUEUE_BYTES;
	t->holders_unknown += sk->inode && sk->holders.known != HOLDERS_COMPLETE;
	add_forecast(t, &sk->close);
}
