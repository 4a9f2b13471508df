/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each network namespace of a summary of all counts and limits by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "present/escape.h"
#include "present/members.h"
#include "present/summary.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_label(struct outbuf *b, const char *label)
{
	escape_text(b, label, strlen(label));
}

void summary_space_cell(struct grid *g, const struct summary *s, uint64_t netns)
{
	const struct machine_space *space = machines_find(s->machines, netns);

	if (space)
		put_label(grid_cell(g, INK_PLAIN), space->label);
	else
		grid_text(g, "?");
}

/* --- order --------------------------------------------------------------------------------- */

static int64_t aborts_of(const struct machine_space *space)
{
	int64_t sum = 0;

	for (int i = 0; i < MACHINE_ABORTS; i++)
		sum += space->counters[i] == UNKNOWN ? 0 : space->counters[i];
	return sum;
}

static double fullness_of(const struct machine_space *space)
{
	return limit_percent(space->time_wait_buckets, space->time_wait_buckets_max);
}

/* The nearest to its limit first, then who has aborted most. */
static int by_fullness(const void *a, const void *b)
{
	const struct machine_space *x = *(const struct machine_space *const *)a;
	const struct machine_space *y = *(const struct machine_space *const *)b;
	double p = fullness_of(x), q = fullness_of(y);

	if (p != q)
		return p > q ? -1 : 1;
	if (aborts_of(x) != aborts_of(y))
		return aborts_of(x) > aborts_of(y) ? -1 : 1;
	return (x->netns > y->netns) - (x->netns < y->netns);
}

/* NULL when memory is short. */
static const struct machine_space **sorted(const struct machines *machines)
{
	const struct machine_space **list = calloc(machines->count + 1, sizeof(*list));

	for (size_t i = 0; list && i < machines->count; i++)
		list[i] = &machines->items[i];
	if (list)
		qsort(list, machines->count, sizeof(*list), by_fullness);
	return list;
}

static const struct port_space *ports_of(const struct summary *s, uint64_t netns)
{
	const struct ports *ports = s->counts->ports;

	for (size_t i = 0; ports && i < ports_spaces(ports); i++)
		if (ports_space(ports, i)->netns == netns)
			return ports_space(ports, i);
	return NULL;
}

static size_t shown_of(const struct summary *s)
{
	return summary_shown(s, s->machines->count);
}

/* --- text ---------------------------------------------------------------------------------- */

static void space_row(struct grid *g, const struct summary *s, const struct machine_space *space)
{
	const struct port_space *ports = ports_of(s, space->netns);

	put_label(grid_cell(g, INK_PLAIN), space->label);
	grid_number(g, space->time_wait_buckets);
	grid_number(g, space->time_wait_buckets_max);
	grid_number(g, ports ? ports->available : UNKNOWN);
	grid_number(g, aborts_of(space));
	grid_number(g, space->counters[MACHINE_LISTEN_OVERFLOWS]);
}

void summary_spaces_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "NAMESPACE", false },   { "TW BUCKETS", true }, { "MAX", true },
		{ "PORTS A PEER", true }, { "ABORTED", true },    { "LISTEN OVERFLOWS", true },
	};
	const struct machine_space **list;
	struct grid *g;

	if (!s->everywhere)
		return;
	list = sorted(s->machines);
	g = list ? grid_new(&s->look, b, columns, ARRAY_SIZE(columns)) : NULL;
	if (g) {
		outbuf_char(b, '\n');
		for (size_t i = 0; i < shown_of(s); i++)
			space_row(g, s, list[i]);
		grid_print(g, b);
		summary_note_more(s, b, s->machines->count, shown_of(s));
	} else {
		outbuf_fail(b, -ENOMEM);
	}
	free(list);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void ports_json(struct outbuf *b, const struct port_space *ports)
{
	bool known = ports && ports->known;

	member_key(b, "ephemeral_ports");
	outbuf_char(b, '{');
	member_number(b, "low", known ? ports->low : UNKNOWN);
	member_number(b, "high", known ? ports->high : UNKNOWN);
	member_number(b, "available", known ? ports->available : UNKNOWN);
	outbuf_char(b, '}');
}

static void space_json(struct outbuf *b, const struct summary *s, const struct machine_space *space)
{
	outbuf_char(b, '{');
	member_count(b, "netns", space->netns);
	member_text(b, "label", space->label);
	member_number(b, "tw_buckets_used", space->time_wait_buckets);
	member_number(b, "tw_buckets_max", space->time_wait_buckets_max);
	ports_json(b, ports_of(s, space->netns));
	member_key(b, "counters");
	outbuf_char(b, '{');
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		member_number(b, machine_counter_row((enum machine_counter)i)->name,
			      space->counters[i]);
	outbuf_str(b, "}}");
}

void summary_spaces_json(struct outbuf *b, const struct summary *s)
{
	const struct machine_space **list = s->everywhere ? sorted(s->machines) : NULL;

	member_key(b, "network_namespaces");
	if (!s->everywhere) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	member_count(b, "count", s->machines->count);
	member_key(b, "fullest");
	outbuf_char(b, '[');
	for (size_t i = 0; list && i < shown_of(s); i++) {
		outbuf_str(b, i ? "," : "");
		space_json(b, s, list[i]);
	}
	outbuf_str(b, "]}");
	if (!list)
		outbuf_fail(b, -ENOMEM);
	free(list);
}
