/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is behind a measure that alerts: processes, peers, listeners, destinations; and with
 * --all-netns the namespaces whose own numbers are beyond the threshold.
 */
#include <math.h>
#include <string.h>

#include "cmd/check.h"
#include "cmd/dumps.h"
#include "cmd/run.h"
#include "judge/limits.h"
#include "plan/needs.h"
#include "present/address.h"
#include "present/escape.h"

#define OFFENDERS_SHOWN 5 /* of each measure */

/* --- looking for them ------------------------------------------------------------------------ */

/* Of a measure in seconds only the sockets that are beyond the threshold themselves are to blame:
 * a process with many young CLOSE_WAITs is not behind the old one of another. */
static bool is_to_blame(const struct check *c, size_t i, const struct socket *sk)
{
	double age = check_age(c, sk), silent = (double)sk->tcp.last_ack_recv_ms / 1000;
	enum verdict v;

	if (strcmp(offenders_measure(c->offenders[i])->uom, "s") != 0)
		return true;
	if (silent > age) /* below 0 where it is not known */
		age = silent;
	v = thresholds_judge(c->report.thresholds, i, (struct measured){ age, age });
	return v == VERDICT_WARNING || v == VERDICT_CRITICAL;
}

static int blame_socket(void *ctx, struct socket *sk)
{
	struct check *c = ctx;
	int err = 0;

	for (size_t i = 0; i < MEASURES_MAX && !err; i++)
		if (c->offenders[i] &&
		    check_counts(c, offenders_measure(c->offenders[i])->netids, sk) &&
		    is_to_blame(c, i, sk))
			err = offenders_add(c->offenders[i], sk);
	return err;
}

static bool is_bad(const struct check *c, size_t i)
{
	enum verdict v = c->report.verdicts[i];

	return c->report.measured[i] && (v == VERDICT_WARNING || v == VERDICT_CRITICAL);
}

/* Destinations are in the counts, namespaces among the machines; all others are found by a dump.
 * Returns the states to ask for. */
static uint32_t open_offenders(struct check *c)
{
	uint32_t states = 0;
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++) {
		enum offender kind = measures[i].offender;

		if (!is_bad(c, i) || kind == OFFENDER_NONE || kind == OFFENDER_DESTINATION ||
		    kind == OFFENDER_NAMESPACE)
			continue;
		c->offenders[i] = offenders_new(&measures[i], &c->machines.here.ports,
						c->options->common.plan.all_netns);
		if (c->offenders[i])
			states |= measures[i].states;
	}
	return states;
}

static unsigned int needs_of_offenders(const struct check *c)
{
	unsigned int needs = NEED_OWNERS;

	for (size_t i = 0; i < MEASURES_MAX; i++)
		if (c->offenders[i])
			needs |= offenders_measure(c->offenders[i])->needs;
	return needs;
}

/* Which ports connect() picks is each namespace's own. */
static int read_range(void *ctx, const struct surroundings *here)
{
	struct check *c = ctx;

	(void)here;
	machine_read(&c->machines.here, "/proc", MACHINE_PORTS);
	return 0;
}

void check_blame(struct check *c)
{
	struct run_plan plan = c->options->common.plan;
	uint32_t states = open_offenders(c);
	struct run run;

	if (!states || plan.read)
		return;
	plan.selection.states &= states;
	plan.needs |= needs_of_offenders(c);
	plan.enter_stage = check_stage;
	plan.stage_ctx = c;
	plan.in_namespace = plan.all_netns ? read_range : NULL;
	plan.spaces_told = true;
	if (run_open(&run, &plan) == 0)
		run_dump(&run, blame_socket, c);
	run_close(&run);
	for (size_t i = 0; i < MEASURES_MAX; i++)
		if (c->offenders[i])
			offenders_finish(c->offenders[i]);
}

/* --- printing -------------------------------------------------------------------------------- */

static void put_fds(struct outbuf *b, const struct offender_entry *e)
{
	for (uint32_t i = 0; i < e->fd_count && i < OFFENDER_FDS; i++)
		outbuf_printf(b, "%s %u", i ? "" : " (fd", e->fds[i]);
	if (e->fd_count)
		outbuf_str(b, e->fd_count > OFFENDER_FDS ? " ...)" : ")");
}

static void put_offenders(struct outbuf *b, const struct offenders *o)
{
	size_t count = offenders_count(o);

	for (size_t i = 0; i < count && i < OFFENDERS_SHOWN; i++) {
		const struct offender_entry *entry;
		const char *label = offenders_item(o, i, &entry);

		outbuf_printf(b, "%s: %llu ", offenders_measure(o)->name,
			      (unsigned long long)entry->weight);
		plugin_text(b, label);
		put_fds(b, entry);
		outbuf_char(b, '\n');
	}
	if (count > OFFENDERS_SHOWN)
		outbuf_printf(b, "%s: and %zu more\n", offenders_measure(o)->name,
			      count - OFFENDERS_SHOWN);
}

static void put_address(struct outbuf *b, const struct destination *d, const uint8_t *bytes,
			uint16_t port)
{
	struct endpoint end = { .port = port };

	memcpy(&end.addr, bytes, d->family == AF_INET6 ? 16 : 4);
	outbuf_str(b, d->family == AF_INET6 ? "[" : "");
	address_number(b, d->family, &end);
	outbuf_str(b, d->family == AF_INET6 ? "]" : "");
	if (port)
		outbuf_printf(b, ":%u", port);
}

static void put_namespace(struct outbuf *b, const char *label)
{
	struct outbuf text;

	if (outbuf_open(&text, -1) < 0)
		return;
	escape_text(&text, label, strlen(label));
	outbuf_char(&text, '\0');
	outbuf_str(b, " in namespace ");
	plugin_text(b, text.data);
	outbuf_close(&text);
}

/* Of one namespace alone nobody needs to be told which it is. */
static void put_place(struct outbuf *b, const struct check *c, uint64_t netns)
{
	const struct machine_space *space = machines_find(&c->machines, netns);

	if (c->options->common.plan.all_netns && space)
		put_namespace(b, space->label);
}

static void put_destinations(struct outbuf *b, const struct check *c)
{
	const struct ports *ports = c->counts.ports;

	for (size_t i = 0; ports && i < ports_count(ports) && i < OFFENDERS_SHOWN; i++) {
		const struct destination_use *use;
		const struct destination *d = ports_item(ports, i, &use);

		outbuf_printf(b, "ports_percent: %llu from ", (unsigned long long)use->ports);
		put_address(b, d, d->local, 0);
		outbuf_str(b, " to ");
		put_address(b, d, d->peer, d->peer_port);
		outbuf_printf(b, ", %llu of them in TIME-WAIT", (unsigned long long)use->time_wait);
		put_place(b, c, d->netns);
		outbuf_char(b, '\n');
	}
}

/* The namespace with the highest number below `bound`, or equal to it and behind `after`. */
static const struct machine_space *next_space(const struct check *c, const struct measure *m,
					      const struct machine_space *after)
{
	double bound = after ? measure_get_in(m, after).least : INFINITY, best = 0;
	const struct machine_space *found = NULL;

	for (size_t i = 0; i < c->machines.count; i++) {
		const struct machine_space *space = &c->machines.items[i];
		double value = measure_get_in(m, space).least;

		if (value <= best || value > bound || (value == bound && space <= after))
			continue;
		best = value;
		found = space;
	}
	return found;
}

static void put_spaces(struct outbuf *b, const struct check *c, const struct measure *m)
{
	const struct machine_space *space = NULL;

	if (!c->options->common.plan.all_netns)
		return;
	for (int i = 0; i < OFFENDERS_SHOWN && (space = next_space(c, m, space)); i++) {
		outbuf_printf(b, "%s: ", m->name);
		plugin_number(b, measure_get_in(m, space).least);
		outbuf_str(b, m->uom);
		put_namespace(b, space->label);
		outbuf_char(b, '\n');
	}
}

void check_put_blame(struct outbuf *b, const struct check *c)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (c->offenders[i])
			put_offenders(b, c->offenders[i]);
		else if (measures[i].offender == OFFENDER_DESTINATION && is_bad(c, i))
			put_destinations(b, c);
		else if (measures[i].offender == OFFENDER_NAMESPACE && is_bad(c, i))
			put_spaces(b, c, &measures[i]);
	}
}
