/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the summary that count sockets: by kind and state, by risk and reason.
 */
#include "present/members.h"
#include "present/summary.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KINDS_ALWAYS  6 /* that many columns are shown even when they are empty */

static double share_of(uint64_t n, uint64_t most)
{
	return most ? (double)n / (double)most : 0;
}

/* --- states -------------------------------------------------------------------------------- */

/* A state that only a newer kernel gives has a row too once it has a socket. */
static bool kind_has_state(const struct tally *t, int kind, int state)
{
	return state_is_shown((enum sock_state)state) &&
	       (netid_states((enum netid)kind) & STATE_BIT(state) || t->kinds[kind][state]);
}

static bool any_has_state(const struct tally *t, uint32_t kinds, int state)
{
	for (int kind = 0; kind < NETID_COUNT; kind++)
		if (kinds & NETID_BIT(kind) && kind_has_state(t, kind, state))
			return true;
	return false;
}

static uint64_t kind_total(const struct tally *t, int kind)
{
	uint64_t n = 0;

	for (int i = 0; i < STATE_COUNT; i++)
		n += t->kinds[kind][i];
	return n;
}

static int count_bits(uint32_t bits)
{
	return __builtin_popcount(bits);
}

/* Empty columns are left out where there are many. */
static size_t choose_kinds(const struct summary *s, int kinds[NETID_COUNT])
{
	size_t n = 0;

	for (int i = 0; i < NETID_COUNT; i++)
		if (s->netids & NETID_BIT(i) &&
		    (count_bits(s->netids) <= KINDS_ALWAYS || kind_total(&s->counts->tally, i)))
			kinds[n++] = i;
	return n;
}

static uint64_t largest_state(const struct tally *t)
{
	uint64_t most = 0;

	for (int i = 0; i < STATE_COUNT; i++)
		if (t->states[i] > most)
			most = t->states[i];
	return most;
}

static enum ink state_ink(int state)
{
	if (state == STATE_CLOSE_WAIT)
		return INK_NOTICE;
	return state == STATE_TIME_WAIT ? INK_FAINT : INK_PLAIN;
}

static void state_row(struct grid *g, const struct tally *t, int state, const int *kinds, size_t n)
{
	outbuf_str(grid_cell(g, state_ink(state)), state_label((enum sock_state)state));
	grid_number(g, (int64_t)t->states[state]);
	for (size_t i = 0; i < n; i++)
		if (state == STATE_UNKNOWN || kind_has_state(t, kinds[i], state))
			grid_number(g, (int64_t)t->kinds[kinds[i]][state]);
		else
			grid_text(g, "-");
	grid_bar(g, share_of(t->states[state], largest_state(t)), state_ink(state));
}

static void total_row(struct grid *g, const struct tally *t, const int *kinds, size_t n)
{
	grid_text(g, "all");
	grid_number(g, (int64_t)t->sockets);
	for (size_t i = 0; i < n; i++)
		grid_number(g, (int64_t)kind_total(t, kinds[i]));
}

void summary_states_text(struct outbuf *b, const struct summary *s)
{
	struct grid_column columns[NETID_COUNT + 2] = { { "STATES", false }, { "SOCKETS", true } };
	const struct tally *t = &s->counts->tally;
	int kinds[NETID_COUNT];
	size_t n = choose_kinds(s, kinds);
	struct grid *g;

	for (size_t i = 0; i < n; i++)
		columns[i + 2] = (struct grid_column){ netid_name((enum netid)kinds[i]), true };
	g = grid_new(&s->look, b, columns, n + 2);
	if (!g)
		return;
	for (int i = 1; i < STATE_COUNT; i++)
		if (any_has_state(t, s->netids, i))
			state_row(g, t, i, kinds, n);
	if (t->states[STATE_UNKNOWN])
		state_row(g, t, STATE_UNKNOWN, kinds, n);
	total_row(g, t, kinds, n);
	grid_print(g, b);
}

void summary_states_json(struct outbuf *b, const struct summary *s)
{
	const struct tally *t = &s->counts->tally;

	member_key(b, "kinds");
	outbuf_char(b, '{');
	for (int kind = 0; kind < NETID_COUNT; kind++) {
		if (!(s->netids & NETID_BIT(kind)))
			continue;
		member_key(b, netid_name((enum netid)kind));
		outbuf_char(b, '{');
		for (int i = 1; i < STATE_COUNT; i++)
			if (kind_has_state(t, kind, i))
				member_count(b, state_json_name((enum sock_state)i),
					     t->kinds[kind][i]);
		member_count(b, "unknown", t->kinds[kind][STATE_UNKNOWN]);
		outbuf_char(b, '}');
	}
	outbuf_char(b, '}');
	member_count(b, "orphans", t->orphans);
}

/* --- risk ---------------------------------------------------------------------------------- */

static const enum ink risk_inks[RISK_COUNT] = {
	[RISK_NONE] = INK_PLAIN,
	[RISK_POSSIBLE] = INK_NOTICE,
	[RISK_LIKELY] = INK_WARNING,
	[RISK_CERTAIN] = INK_ALARM,
};

/* A sum without those that nobody can count is a lower bound. */
static void stake_cell(struct grid *g, const struct stake *stake)
{
	struct outbuf *b = grid_cell(g, INK_PLAIN);

	if (stake->unknown && stake->unknown == stake->sockets) {
		outbuf_char(b, '?');
		return;
	}
	if (stake->unknown)
		outbuf_char(b, '>');
	outbuf_u64(b, stake->bytes);
}

static void stake_row(struct grid *g, const char *name, const struct stake *stake, uint64_t most,
		      enum ink ink)
{
	if (!stake->sockets)
		ink = INK_PLAIN;
	outbuf_str(grid_cell(g, ink), name);
	grid_number(g, (int64_t)stake->sockets);
	stake_cell(g, stake);
	grid_bar(g, share_of(stake->sockets, most), ink);
}

static void risk_grid(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "RISK AT CLOSE", false },
		{ "SOCKETS", true },
		{ "BYTES AT STAKE", true },
	};
	const struct tally *t = &s->counts->tally;
	struct grid *g = grid_new(&s->look, b, columns, ARRAY_SIZE(columns));

	if (!g)
		return;
	for (int i = RISK_COUNT - 1; i >= 0; i--)
		stake_row(g, risk_name((enum risk)i), &t->risks[i], t->sockets, risk_inks[i]);
	grid_print(g, b);
	if (t->linger_unknown)
		grid_note(&s->look, b,
			  "%llu of them hang on an unknown linger: at worst %llu certain, %llu "
			  "likely, %llu possible",
			  (unsigned long long)t->linger_unknown,
			  (unsigned long long)t->risks_max[RISK_CERTAIN],
			  (unsigned long long)t->risks_max[RISK_LIKELY],
			  (unsigned long long)t->risks_max[RISK_POSSIBLE]);
	if (t->stake.unknown)
		grid_note(&s->look, b, "> is more than that: of %llu socket%s nobody can tell",
			  (unsigned long long)t->stake.unknown, t->stake.unknown == 1 ? "" : "s");
}

static uint64_t largest_reason(const struct tally *t)
{
	uint64_t most = 0;

	for (int i = 0; i < REASON_COUNT; i++)
		if (t->reasons[i].sockets > most)
			most = t->reasons[i].sockets;
	return most;
}

static void reason_grid(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "REASONS", false },
		{ "SOCKETS", true },
		{ "BYTES AT STAKE", true },
	};
	const struct tally *t = &s->counts->tally;
	uint64_t most = largest_reason(t);
	struct grid *g;

	if (!most) {
		outbuf_str(b, "No socket has a reason to be at risk, or unsure.\n");
		return;
	}
	g = grid_new(&s->look, b, columns, ARRAY_SIZE(columns));
	if (!g)
		return;
	for (int i = 0; i < REASON_COUNT; i++)
		if (t->reasons[i].sockets)
			stake_row(g, reason_name((enum reason)i), &t->reasons[i], most, INK_PLAIN);
	grid_print(g, b);
	grid_note(&s->look, b, "lingerstat explain REASON says what one means");
}

void summary_risk_text(struct outbuf *b, const struct summary *s)
{
	risk_grid(b, s);
	outbuf_char(b, '\n');
	reason_grid(b, s);
}

static void stake_json(struct outbuf *b, const char *key, const struct stake *stake)
{
	member_key(b, key);
	outbuf_char(b, '{');
	member_count(b, "sockets", stake->sockets);
	member_count(b, "at_stake_bytes", stake->bytes);
	member_count(b, "at_stake_unknown_sockets", stake->unknown);
	outbuf_char(b, '}');
}

void summary_risk_json(struct outbuf *b, const struct summary *s)
{
	const struct tally *t = &s->counts->tally;

	member_key(b, "at_stake_by_risk");
	outbuf_char(b, '{');
	for (int i = 0; i < RISK_COUNT; i++)
		stake_json(b, risk_name((enum risk)i), &t->risks[i]);
	outbuf_char(b, '}');
	member_key(b, "at_stake_by_reason");
	outbuf_char(b, '{');
	for (int i = 0; i < REASON_COUNT; i++)
		stake_json(b, reason_name((enum reason)i), &t->reasons[i]);
	outbuf_char(b, '}');
	member_key(b, "risks_max");
	outbuf_char(b, '{');
	for (int i = 0; i < RISK_COUNT; i++)
		member_count(b, risk_name((enum risk)i), t->risks_max[i]);
	outbuf_char(b, '}');
}
