/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/tally.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "socket" : "sockets";
}

static void line_risks(struct outbuf *b, const struct tally *t)
{
	outbuf_printf(b, "at risk: %llu certain, %llu likely, %llu possible",
		      (unsigned long long)t->risks[RISK_CERTAIN].sockets,
		      (unsigned long long)t->risks[RISK_LIKELY].sockets,
		      (unsigned long long)t->risks[RISK_POSSIBLE].sockets);
	if (t->linger_unknown)
		outbuf_printf(b, ", %llu of all hang on an unknown linger",
			      (unsigned long long)t->linger_unknown);
	outbuf_printf(b, "; %llu bytes at stake", (unsigned long long)t->stake.bytes);
	if (t->stake.unknown)
		outbuf_printf(b, " and an unknown number in %llu %s",
			      (unsigned long long)t->stake.unknown, plural(t->stake.unknown));
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
	for (int i = STATE_ESTABLISHED; i < STATE_COUNT; i++)
		if (state_is_shown((enum sock_state)i))
			json_count(b, i == STATE_ESTABLISHED, state_json_name((enum sock_state)i),
				   t->states[i]);
	json_count(b, false, "unknown", t->states[STATE_UNKNOWN]);
	outbuf_char(b, '}');
}

static void json_risks(struct outbuf *b, const struct tally *t)
{
	outbuf_str(b, ",\"risks\":{");
	for (int i = 0; i < RISK_COUNT; i++)
		json_count(b, i == 0, risk_name((enum risk)i), t->risks[i].sockets);
	outbuf_str(b, "},\"reasons\":{");
	for (int i = 0; i < REASON_COUNT; i++)
		json_count(b, i == 0, reason_name((enum reason)i), t->reasons[i].sockets);
	outbuf_char(b, '}');
	json_count(b, false, "at_stake_bytes", t->stake.bytes);
	json_count(b, false, "at_stake_unknown_sockets", t->stake.unknown);
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
