/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the summary that stand beside a limit: leaked CLOSE-WAIT, ports, listen queues, the
 * limits themselves, and what has been destroyed so far.
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

static size_t at_most(size_t n, size_t most)
{
	return n < most ? n : most;
}

static void note_more(const struct summary *s, struct outbuf *b, size_t n, size_t shown)
{
	if (n > shown)
		grid_note(&s->look, b, "and %zu more; --top N shows more", n - shown);
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

/* --- CLOSE-WAIT ---------------------------------------------------------------------------- */

static void put_duration(struct outbuf *b, int64_t ms)
{
	if (ms < 0)
		outbuf_char(b, '?');
	else if (ms < 60000)
		outbuf_printf(b, "%lld.%llds", (long long)(ms / 1000),
			      (long long)(ms % 1000 / 100));
	else if (ms < 3600000)
		outbuf_printf(b, "%lldm%02llds", (long long)(ms / 60000),
			      (long long)(ms % 60000 / 1000));
	else
		outbuf_printf(b, "%lldh%02lldm", (long long)(ms / 3600000),
			      (long long)(ms % 3600000 / 60000));
}

static void leak_name(struct outbuf *b, const struct leak *leak)
{
	static const char *const names[] = {
		[LEAK_UNSEEN] = "nobody in sight",
		[LEAK_UNKNOWN] = "?",
		[LEAK_UNACCEPTED] = "not accepted yet",
	};

	if (leak->kind != LEAK_HELD) {
		outbuf_str(b, names[leak->kind]);
		return;
	}
	escape_text(b, leak->comm, strlen(leak->comm));
	outbuf_printf(b, "/%u", leak->pid);
}

static void leak_descriptors(struct outbuf *b, const struct leak *leak)
{
	size_t kept = at_most(leak->fd_count, LEAK_DESCRIPTORS);

	for (size_t i = 0; i < kept; i++)
		outbuf_printf(b, "%s%u", i ? "," : "", leak->fds[i]);
	if (leak->fd_count > kept)
		outbuf_str(b, ",...");
	if (!kept)
		outbuf_char(b, '-');
}

/* Somebody holds it, and nobody here can tell who. */
static bool is_hidden(const struct leak *leak)
{
	return leak->kind == LEAK_UNKNOWN || leak->kind == LEAK_UNSEEN;
}

static void leak_row(struct grid *g, const struct leak *leak, uint64_t most)
{
	leak_name(grid_cell(g, INK_PLAIN), leak);
	grid_number(g, (int64_t)leak->sockets);
	put_duration(grid_cell(g, INK_PLAIN), leak->silent_ms);
	if (leak->kind == LEAK_HELD) {
		leak_descriptors(grid_cell(g, INK_PLAIN), leak);
		grid_number(g, leak->descriptors_used);
		grid_number(g, leak->descriptors_max);
	} else {
		for (int i = 0; i < 3; i++)
			grid_text(g, is_hidden(leak) ? "?" : "-");
	}
	grid_bar(g, most ? (double)leak->sockets / (double)most : 0, INK_NOTICE);
}

static void note_oldest(const struct summary *s, struct outbuf *b)
{
	int64_t ms = leaks_silent_ms(s->counts->leaks);
	struct outbuf time;

	if (ms < 0 || outbuf_open(&time, -1) < 0)
		return;
	put_duration(&time, ms);
	grid_note(&s->look, b,
		  "The oldest of %llu has been silent for %.*s: it is in CLOSE-WAIT that long at "
		  "least.",
		  (unsigned long long)s->counts->tally.states[STATE_CLOSE_WAIT], (int)time.len,
		  time.data);
	outbuf_close(&time);
}

void summary_close_wait_text(struct outbuf *b, const struct summary *s)
{
	static const struct grid_column columns[] = {
		{ "CLOSE-WAIT", false },  { "SOCKETS", true }, { "SILENT", true },
		{ "DESCRIPTORS", false }, { "OPEN", true },    { "LIMIT", true },
	};
	struct leaks *leaks = s->counts->leaks;
	size_t n = leaks_count(leaks), shown = at_most(n, s->top);
	struct grid *g;

	if (!n) {
		outbuf_str(b, "No socket that was counted is in CLOSE-WAIT.\n");
		return;
	}
	g = grid_new(&s->look, columns, ARRAY_SIZE(columns));
	if (!g)
		return;
	for (size_t i = 0; i < shown; i++)
		leak_row(g, leaks_item(leaks, i), leaks_item(leaks, 0)->sockets);
	grid_print(g, b);
	note_more(s, b, n, shown);
	note_oldest(s, b);
}

static void leak_descriptors_json(struct outbuf *b, const struct leak *leak)
{
	outbuf_char(b, '[');
	for (size_t i = 0; i < at_most(leak->fd_count, LEAK_DESCRIPTORS); i++)
		outbuf_printf(b, "%s%u", i ? "," : "", leak->fds[i]);
	outbuf_char(b, ']');
}

static void leak_json(struct outbuf *b, const struct leak *leak)
{
	static const char *const kinds[] = { "held", "unseen", "unknown", "unaccepted" };
	bool held = leak->kind == LEAK_HELD;

	outbuf_char(b, '{');
	member_text(b, "kind", kinds[leak->kind]);
	member_number(b, "pid", held ? (int64_t)leak->pid : UNKNOWN);
	member_text(b, "comm", held ? leak->comm : NULL);
	member_count(b, "sockets", leak->sockets);
	member_number(b, "silent_ms", leak->silent_ms);
	member_key(b, "descriptors");
	if (is_hidden(leak))
		outbuf_str(b, "null");
	else
		leak_descriptors_json(b, leak);
	member_number(b, "descriptor_count", is_hidden(leak) ? UNKNOWN : (int64_t)leak->fd_count);
	member_number(b, "open_descriptors", leak->descriptors_used);
	member_number(b, "open_descriptors_max", leak->descriptors_max);
	outbuf_char(b, '}');
}

void summary_close_wait_json(struct outbuf *b, const struct summary *s)
{
	struct leaks *leaks = s->counts->leaks;

	member_key(b, "close_wait");
	outbuf_char(b, '{');
	member_count(b, "sockets", s->counts->tally.states[STATE_CLOSE_WAIT]);
	member_number(b, "silent_ms", leaks_silent_ms(leaks));
	member_number(b, "process_count", leaks_processes(leaks));
	member_key(b, "processes");
	outbuf_char(b, '[');
	for (size_t i = 0; i < at_most(leaks_count(leaks), s->top); i++) {
		if (i)
			outbuf_char(b, ',');
		leak_json(b, leaks_item(leaks, i));
	}
	outbuf_str(b, "]}");
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
	shown = at_most(n, s->top);
	if (n) {
		g = grid_new(&s->look, s->everywhere ? many : one,
			     s->everywhere ? ARRAY_SIZE(many) : ARRAY_SIZE(one));
		if (!g)
			return;
		for (size_t i = 0; i < shown; i++)
			port_row(g, s, i);
		grid_print(g, b);
		note_more(s, b, n, shown);
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
	for (size_t i = 0; i < at_most(ports_count(ports), s->top); i++)
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
	g = grid_new(&s->look, s->everywhere ? many : one,
		     s->everywhere ? ARRAY_SIZE(many) : ARRAY_SIZE(one));
	if (!g)
		return;
	for (size_t i = 0; i < queues_count(q); i++)
		queue_row(g, s, queues_item(q, i));
	grid_print(g, b);
	note_more(s, b, queues_waiting(q), queues_count(q));
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
	g = grid_new(&s->look, columns, ARRAY_SIZE(columns));
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
	g = grid_new(&s->look, columns, ARRAY_SIZE(columns));
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
