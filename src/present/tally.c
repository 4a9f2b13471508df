/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/tally.h"

static void add_known(uint64_t *sum, int64_t v)
{
	if (v > 0)
		*sum += (uint64_t)v;
}

static void add_stake(struct tally *t, const struct close_forecast *f)
{
	if (f->risk == RISK_NONE)
		return;
	if (f->at_stake_bytes == UNKNOWN)
		t->stake_unknown++;
	add_known(&t->stake_bytes, f->at_stake_bytes);
}

void tally_add(struct tally *t, const struct socket *sk, bool shown)
{
	const struct close_forecast *f = &sk->close;

	t->sockets++;
	t->shown += shown;
	t->states[sk->state]++;
	t->risks[f->risk]++;
	for (int i = 0; i < REASON_COUNT; i++)
		t->reasons[i] += !!(f->reasons & REASON_BIT(i));
	t->linger_unknown += !!(f->reasons & REASON_BIT(REASON_LINGER_UNKNOWN));
	t->holders_unknown += sk->inode && sk->holders.known != HOLDERS_COMPLETE;
	add_stake(t, f);
	add_known(&t->loss_min_bytes, f->loss_min_bytes);
	add_known(&t->loss_max_bytes, f->loss_max_bytes);
	add_known(&t->unread_bytes, f->unread_bytes);
	t->loss_unknown += f->loss_max_bytes == UNKNOWN;
	t->unread_unknown += f->unread_bytes == UNKNOWN;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "socket" : "sockets";
}

static void line_risks(struct outbuf *b, const struct tally *t)
{
	outbuf_printf(b, "at risk: %llu certain, %llu likely, %llu possible",
		      (unsigned long long)t->risks[RISK_CERTAIN],
		      (unsigned long long)t->risks[RISK_LIKELY],
		      (unsigned long long)t->risks[RISK_POSSIBLE]);
	if (t->linger_unknown)
		outbuf_printf(b, ", %llu of all hang on an unknown linger",
			      (unsigned long long)t->linger_unknown);
	outbuf_printf(b, "; %llu bytes at stake", (unsigned long long)t->stake_bytes);
	if (t->stake_unknown)
		outbuf_printf(b, " and an unknown number in %llu %s",
			      (unsigned long long)t->stake_unknown, plural(t->stake_unknown));
	outbuf_str(b, "; ");
}

void tally_line(struct outbuf *b, const struct tally *t, bool judged)
{
	outbuf_printf(b, "%llu %s", (unsigned long long)t->sockets, plural(t->sockets));
	if (t->shown != t->sockets)
		outbuf_printf(b, " (%llu shown)", (unsigned long long)t->shown);
	outbuf_str(b, "; ");
	if (judged)
		line_risks(b, t);
	outbuf_printf(b, "%llu TIME-WAIT, %llu CLOSE-WAIT",
		      (unsigned long long)t->states[STATE_TIME_WAIT],
		      (unsigned long long)t->states[STATE_CLOSE_WAIT]);
}

static void json_count(struct outbuf *b, bool first, const char *name, uint64_t n)
{
	outbuf_printf(b, "%s\"%s\":%llu", first ? "" : ",", name, (unsigned long long)n);
}

static void json_states(struct outbuf *b, const struct tally *t)
{
	outbuf_str(b, "\"states\":{");
	for (int i = STATE_ESTABLISHED; i <= STATE_CLOSING; i++)
		json_count(b, i == STATE_ESTABLISHED, state_json_name((enum sock_state)i),
			   t->states[i]);
	json_count(b, false, "unknown", t->states[STATE_UNKNOWN]);
	outbuf_char(b, '}');
}

static void json_risks(struct outbuf *b, const struct tally *t)
{
	outbuf_str(b, ",\"risks\":{");
	for (int i = 0; i < RISK_COUNT; i++)
		json_count(b, i == 0, risk_name((enum risk)i), t->risks[i]);
	outbuf_str(b, "},\"reasons\":{");
	for (int i = 0; i < REASON_COUNT; i++)
		json_count(b, i == 0, reason_name((enum reason)i), t->reasons[i]);
	outbuf_char(b, '}');
	json_count(b, false, "at_stake_bytes", t->stake_bytes);
	json_count(b, false, "at_stake_unknown_sockets", t->stake_unknown);
	json_count(b, false, "loss_min_bytes", t->loss_min_bytes);
	/* A sum without those that nobody can count is no upper bound. */
	if (t->loss_unknown)
		outbuf_str(b, ",\"loss_max_bytes\":null");
	else
		json_count(b, false, "loss_max_bytes", t->loss_max_bytes);
	json_count(b, false, "loss_unknown_sockets", t->loss_unknown);
	json_count(b, false, "unread_bytes", t->unread_bytes);
	json_count(b, false, "unread_unknown_sockets", t->unread_unknown);
	json_count(b, false, "linger_unknown_sockets", t->linger_unknown);
}

void tally_json(struct outbuf *b, const struct tally *t, bool judged)
{
	json_count(b, true, "sockets", t->shown);
	json_count(b, false, "selected_sockets", t->sockets);
	outbuf_char(b, ',');
	json_states(b, t);
	if (judged)
		json_risks(b, t);
}
