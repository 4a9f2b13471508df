/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the summary that stand beside a limit: ports, listen queues, the limits themselves,
 * and what has been destroyed so far.
 */
#include "present/cells.h"
#include "present/escape.h"
#include "present/members.h"
#include "present/summary.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const enum ink level_inks[] = {
	[LIMIT_LEVEL_UNKNOWN] = INK_PLAIN,
	[LIMIT_LEVEL_FINE] = INK_PLAIN,
	[LIMIT_LEVEL_NEAR] = INK_WARNING,
	[LIMIT_LEVEL_FULL] = INK_ALARM,
};

static enum ink level_ink(int64_t used, int64_t max)
{
	return level_inks[limit_level(used, max)];
}

static void grid_ratio(struct grid *g, int64_t used, int64_t max)
{
	double percent = limit_percent(used, max);

	if (percent < 0)
		grid_text(g, "?");
	else
		outbuf_printf(grid_cell(g, level_ink(used, max)), "%.1f%%", percent);
	if (percent > 0)
		grid_bar(g, percent / 100, level_ink(used, max));
}

/* --- ports --------------------------------------------------------------------------------- */

static void put_local(struct outbuf *b, const struct socket *sk)
{
	address_number(b, sk->family, &sk->local);
}

static void port_row(struct grid *g, const struct summary *s, size_t i)
{
	const struct destination_use *use;
	const struct destination *d = ports_item(s->counts->ports, i, &use);
	struct socket sk = summary_destination(s, d);

	address_cell(grid_cell(g, INK_PLAIN), &sk, true, s->names);
	put_local(grid_cell(g, INK_PLAIN), &sk);
	grid_number(g, (int64_t)use->ports);
	grid_number(g, (int64_t)use->time_wait);
	if (s->everywhere)
		summary_space_cell(g, s, d->netns);
	grid_ratio(g, (int64_t)use->ports, ports_available_to(s->counts->ports, d));
}

static const char *why_no_ports(const struct summary *s)
{
	if (s->recorded)
		return "a recording does not hold their range";
	return s->counts->ports ? "the range cannot be read"
				: "they are TCP's, which was not listed";
}

static bool range_is_known(const struct summary *s)
{
	return s->counts->ports && ports_available(s->counts->ports) != UNKNOWN;
}

static void note_range(const struct summary *s, struct outbuf *b)
{
	const struct port_range *range = &s->machine->ports;

	if (s->everywhere)
		grid_note(&s->look, b,
			  "Each destination has the ports of its namespace's range at most, less "
			  "those reserved or listening.");
	else
		grid_note(&s->look, b,
			  "Each destination has %lld ports at most (%u to %u, less those reserved "
			  "or listening).",
			  (long long)ports_available(s->counts->ports), range->low, range->high);
}

void summary_ports_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column one[] = {
		{ "EPHEMERAL PORTS TO", false }, { "FROM", false }, { "PORTS", true },
		{ "TIME-WAIT", true },           { "USED", true },
	};
	static const struct grid_column many[] = {
		{ "EPHEMERAL PORTS TO", false }, { "FROM", false },      { "PORTS", true },
		{ "TIME-WAIT", true },           { "NAMESPACE", false }, { "USED", true },
	};
	size_t n, shown;
	struct grid *g;

	if (!range_is_known(s)) {
		outbuf_printf(b, "Ephemeral ports: %s.\n", why_no_ports(s));
		return;
	}
	n = ports_count(s->counts->ports);
	shown = summary_shown(s, n);
	if (n) {
		g = grid_new(&s->look, b, s->everywhere ? many : one,
			     s->everywhere ? ARRAY_SIZE(many) : ARRAY_SIZE(one));
		if (!g)
			return;
		for (size_t i = 0; i < shown; i++)
			port_row(g, s, i);
		grid_print(g, b);
		summary_note_more(s, b, n, shown);
	} else {
		outbuf_str(b, "No socket that was counted uses an ephemeral port.\n");
	}
	note_range(s, b);
}

static void port_json(struct outbuf *b, const struct summary *s, size_t i)
{
	const struct destination_use *use;
	const struct destination *d = ports_item(s->counts->ports, i, &use);
	struct socket sk = summary_destination(s, d);

	outbuf_str(b, i ? ",{" : "{");
	member_key(b, "local_address");
	outbuf_char(b, '"');
	put_local(b, &sk);
	outbuf_char(b, '"');
	member_key(b, "peer_address");
	outbuf_char(b, '"');
	address_number(b, sk.family, &sk.peer);
	outbuf_char(b, '"');
	member_count(b, "peer_port", sk.peer.port);
	member_text(b, "interface", sk.interface);
	member_count(b, "used", use->ports);
	member_count(b, "time_wait", use->time_wait);
	member_percent(b, "percent",
		       limit_percent((int64_t)use->ports, ports_available_to(s->counts->ports, d)));
	member_number(b, "netns", d->netns ? (int64_t)d->netns : UNKNOWN);
	outbuf_char(b, '}');
}

void summary_ports_json(struct outbuf *b, const struct summary *s)
{
	const struct ports *ports = s->counts->ports;

	member_key(b, "ephemeral_ports");
	if (!range_is_known(s)) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	/* Of several there is no one range: each is with its namespace. */
	member_number(b, "low", s->everywhere ? UNKNOWN : s->machine->ports.low);
	member_number(b, "high", s->everywhere ? UNKNOWN : s->machine->ports.high);
	member_number(b, "available", ports_available(ports));
	member_count(b, "destination_count", ports_count(ports));
	member_key(b, "destinations");
	outbuf_char(b, '[');
	for (size_t i = 0; i < summary_shown(s, ports_count(ports)); i++)
		port_json(b, s, i);
	outbuf_str(b, "]}");
}

/* --- listen queues ------------------------------------------------------------------------- */

static void holder_name(struct outbuf *b, const struct socket *sk)
{
	const struct holder *h = sk->holders.items;

	if (!sk->holders.count) {
		outbuf_str(b, sk->holders.known == HOLDERS_COMPLETE ? "unseen" : "?");
		return;
	}
	escape_text(b, h->comm, strlen(h->comm));
	outbuf_printf(b, "/%u", h->pid);
}

static void queue_row(struct grid *g, const struct summary *s, const struct listen_queue *l)
{
	outbuf_str(grid_cell(g, INK_PLAIN), netid_name(l->sk.netid));
	address_cell(grid_cell(g, INK_PLAIN), &l->sk, false, s->names);
	holder_name(grid_cell(g, INK_PLAIN), &l->sk);
	grid_number(g, l->waiting);
	grid_number(g, l->fits);
	if (s->everywhere)
		summary_space_cell(g, s, l->sk.netns);
	grid_ratio(g, l->waiting, l->fits);
}

static void note_no_queue(struct outbuf *b, uint64_t listeners)
{
	if (listeners == 0)
		outbuf_str(b, "No listener was counted.\n");
	else if (listeners == 1)
		outbuf_str(b, "No connection waits at the one listener.\n");
	else
		outbuf_printf(b, "No connection waits at any of %llu listeners.\n",
			      (unsigned long long)listeners);
}

void summary_listeners_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column one[] = {
		{ "LISTENERS", false }, { "LOCAL", false }, { "PROCESS", false },
		{ "WAITING", true },    { "FIT", true },    { "FULL", true },
	};
	static const struct grid_column many[] = {
		{ "LISTENERS", false }, { "LOCAL", false }, { "PROCESS", false },
		{ "WAITING", true },    { "FIT", true },    { "NAMESPACE", false },
		{ "FULL", true },
	};
	const struct queues *q = s->counts->queues;
	struct grid *g;

	if (!queues_waiting(q)) {
		note_no_queue(b, queues_listeners(q));
		return;
	}
	g = grid_new(&s->look, b, s->everywhere ? many : one,
		     s->everywhere ? ARRAY_SIZE(many) : ARRAY_SIZE(one));
	if (!g)
		return;
	for (size_t i = 0; i < queues_count(q); i++)
		queue_row(g, s, queues_item(q, i));
	grid_print(g, b);
	summary_note_more(s, b, queues_waiting(q), queues_count(q));
}

static void queue_json(struct outbuf *b, const struct summary *s, const struct listen_queue *l)
{
	const struct holder *h = l->sk.holders.items;
	bool held = l->sk.holders.count;

	outbuf_char(b, '{');
	member_text(b, "netid", netid_name(l->sk.netid));
	member_key(b, "local");
	json_local(b, &l->sk);
	member_number(b, "pid", held ? (int64_t)h->pid : UNKNOWN);
	member_text(b, "comm", held ? h->comm : NULL);
	member_number(b, "waiting", l->waiting);
	member_number(b, "fits", l->fits);
	member_percent(b, "percent", limit_percent(l->waiting, l->fits));
	member_number(b, "netns", s->everywhere ? (int64_t)l->sk.netns : UNKNOWN);
	outbuf_char(b, '}');
}

void summary_listeners_json(struct outbuf *b, const struct summary *s)
{
	const struct queues *q = s->counts->queues;

	member_key(b, "listen_queues");
	outbuf_char(b, '{');
	member_count(b, "listeners", queues_listeners(q));
	member_count(b, "waiting_listeners", queues_waiting(q));
	member_key(b, "fullest");
	outbuf_char(b, '[');
	for (size_t i = 0; i < queues_count(q); i++) {
		if (i)
			outbuf_char(b, ',');
		queue_json(b, s, queues_item(q, i));
	}
	outbuf_str(b, "]}");
}

/* --- limits -------------------------------------------------------------------------------- */

/* Nothing is there that could run into the limit: it has none, which is not an unknown one. */
static bool is_idle(const struct limit_row *row, struct limit_use use)
{
	return row->count_parts && use.used == 0 && use.max == UNKNOWN;
}

static const char *level_word(const struct limit_row *row, struct limit_use use)
{
	enum limit_level level = limit_level(use.used, use.max);

	if (level != LIMIT_LEVEL_UNKNOWN)
		return limit_level_name(level);
	return is_idle(row, use) ? "-" : "?";
}

static void limit_row_text(struct grid *g, const struct summary *s, enum limit_name name)
{
	const struct limit_row *row = limit_row(name);
	struct limit_use use = limit_measure(name, s->counts, s->machine);
	enum limit_level level = limit_level(use.used, use.max);

	grid_text(g, row->name);
	grid_text(g, limit_scope_name(row->scope));
	grid_number(g, use.used);
	if (is_idle(row, use))
		grid_text(g, "-");
	else
		grid_number(g, use.max);
	outbuf_str(grid_cell(g, level_inks[level]), level_word(row, use));
	if (row->hits == MACHINE_COUNTERS)
		grid_text(g, "-");
	else
		grid_number(g, use.hits);
	if (use.max == UNKNOWN)
		grid_text(g, level_word(row, use));
	else
		grid_ratio(g, use.used, use.max);
}

/* tcp_max_orphans and tcp_mem are in /proc of the first namespace alone (ipv4_table in
 * net/ipv4/sysctl_net_ipv4.c); how much is used is everywhere. */
static bool hides_limits(const struct summary *s)
{
	const struct machine *m = s->machine;

	return m->orphans != UNKNOWN && m->orphans_max == UNKNOWN &&
	       m->tcp_memory_max_bytes == UNKNOWN && m->time_wait_buckets_max != UNKNOWN;
}

void summary_limits_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "LIMITS", false }, { "SHARED BY", false }, { "USED", true }, { "MAX", true },
		{ "LEVEL", false },  { "HITS", true },       { "FULL", true },
	};
	struct grid *g;

	if (s->recorded) {
		outbuf_str(b, "Limits: a recording does not hold them.\n");
		return;
	}
	g = grid_new(&s->look, b, columns, ARRAY_SIZE(columns));
	if (!g)
		return;
	for (int i = 0; i < LIMIT_COUNT; i++)
		limit_row_text(g, s, (enum limit_name)i);
	grid_print(g, b);
	if (hides_limits(s))
		grid_note(
			&s->look, b,
			"Limits shared by the whole machine cannot be read here: the kernel shows "
			"them in its first network namespace only.");
	if (s->everywhere)
		grid_note(
			&s->look, b,
			"Of a limit that each network namespace has for itself, the fullest; hits "
			"are of all.");
	summary_spaces_text(b, s);
}

static void limit_json(struct outbuf *b, const struct summary *s, enum limit_name name)
{
	const struct limit_row *row = limit_row(name);
	struct limit_use use = limit_measure(name, s->counts, s->machine);

	member_key(b, row->name);
	outbuf_char(b, '{');
	member_text(b, "scope", limit_scope_name(row->scope));
	member_text(b, "knob", row->knob);
	member_text(b, "unit", row->unit);
	member_number(b, "used", use.used);
	member_number(b, "max", use.max);
	member_percent(b, "percent",
		       use.max == UNKNOWN ? UNKNOWN : limit_percent(use.used, use.max));
	member_text(b, "level", limit_level_name(limit_level(use.used, use.max)));
	member_number(b, "hits", use.hits);
	outbuf_char(b, '}');
}

void summary_limits_json(struct outbuf *b, const struct summary *s)
{
	member_key(b, "limits");
	if (s->recorded) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	for (int i = 0; i < LIMIT_COUNT; i++)
		limit_json(b, s, (enum limit_name)i);
	outbuf_char(b, '}');
	summary_spaces_json(b, s);
}

/* --- aborts -------------------------------------------------------------------------------- */

static void abort_row(struct grid *g, const struct summary *s, enum machine_counter counter)
{
	const struct machine_counter_row *row = machine_counter_row(counter);

	grid_text(g, row->name);
	grid_number(g, s->machine->counters[counter]);
	grid_text(g, row->kernel);
	grid_text(g, row->help);
}

void summary_aborts_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "ABORTED SO FAR", false },
		{ "COUNT", true },
		{ "COUNTER", false },
		{ "BECAUSE", false },
	};
	struct grid *g;

	if (s->recorded) {
		outbuf_str(b, "Aborts: a recording does not hold them.\n");
		return;
	}
	g = grid_new(&s->look, b, columns, ARRAY_SIZE(columns));
	if (!g)
		return;
	for (int i = 0; i < MACHINE_ABORTS; i++)
		abort_row(g, s, (enum machine_counter)i);
	if (s->machine->counters[MACHINE_SCTP_ABORTS] != UNKNOWN)
		abort_row(g, s, MACHINE_SCTP_ABORTS);
	grid_print(g, b);
	if (s->everywhere)
		grid_note(
			&s->look, b,
			"Connections, added up over %zu network namespace%s, each counted since it "
			"was made; what was queued then is gone.",
			s->machines->count, s->machines->count == 1 ? "" : "s");
	else
		grid_note(&s->look, b,
			  "Connections, counted since this network namespace was made; what was "
			  "queued then is gone.");
}

void summary_aborts_json(struct outbuf *b, const struct summary *s)
{
	member_key(b, "aborts");
	if (s->recorded) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	for (int i = 0; i < MACHINE_ABORTS; i++)
		member_number(b, machine_counter_row((enum machine_counter)i)->name,
			      s->machine->counters[i]);
	member_number(b, machine_counter_row(MACHINE_SCTP_ABORTS)->name,
		      s->machine->counters[MACHINE_SCTP_ABORTS]);
	outbuf_char(b, '}');
}
