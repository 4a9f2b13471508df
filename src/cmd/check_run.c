/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "cmd/check.h"
#include "cmd/run.h"
#include "judge/limits.h"
#include "model/words.h"
#include "plan/needs.h"
#include "plan/rights.h"

#define TIMED_OUT PLUGIN_NAME " UNKNOWN: timed out after %u s in the stage: "

static void enter_stage(void *ctx, const char *what, const char *which)
{
	deadline_stage(&((struct check *)ctx)->deadline, what, which);
}

static int start_deadline(struct check *c)
{
	char begin[sizeof(c->deadline.begin)];
	unsigned int seconds = c->options->timeout_seconds;
	int err;

	snprintf(begin, sizeof(begin), TIMED_OUT, seconds);
	err = deadline_start(&c->deadline, seconds, begin, VERDICT_UNKNOWN);
	if (err)
		message("--timeout: no timer can be had: %s", strerror(-err));
	return err;
}

/* --- the state file -------------------------------------------------------------------------- */

static int open_state(struct check *c)
{
	struct state_here here;
	const char *why = "";
	int err;

	if (!c->options->state_path)
		return 0;
	enter_stage(c, "lock of the state file", NULL);
	state_here(&here);
	err = state_file_open(&c->state, c->options->state_path, &here, &why);
	if (err)
		message("--state-file: '%s': %s: %s", c->options->state_path, why, strerror(-err));
	return err;
}

static void take_rates(struct check *c)
{
	const char *why = state_past_text(state_file_past(c->state));

	for (int i = 0; i < MACHINE_COUNTERS; i++) {
		const char *name = machine_counter_row((enum machine_counter)i)->kernel;

		c->facts.rates[i] = state_file_rate(c->state, name, c->facts.machine.counters[i]);
	}
	if (why)
		message("no rates this time: %s", why);
}

/* A run that did not see everything would make the next one forget what it missed. */
static void leave_state(struct check *c)
{
	int err;

	if (!c->state)
		return;
	enter_stage(c, "writing the state file", NULL);
	err = c->facts.dumped ? state_file_commit(c->state) : 0;
	if (err)
		message("--state-file: '%s' cannot be written: %s", c->options->state_path,
			strerror(-err));
}

/* --- measuring ------------------------------------------------------------------------------- */

/* Seconds since the first run that saw a CLOSE_WAIT; 0 without a state file. */
static double age_of(const struct check *c, const struct socket *sk)
{
	return c->state && sk->state == STATE_CLOSE_WAIT ? state_file_seen(c->state, sk->cookie)
							 : 0;
}

static int count_socket(void *ctx, struct socket *sk)
{
	struct check *c = ctx;
	double age = age_of(c, sk);

	facts_add(&c->facts, sk);
	if (age > c->longest_age)
		c->longest_age = age;
	return counts_add(&c->counts, sk);
}

/* A process's limit is read while the run may still read processes. */
static void read_descriptors(void *ctx)
{
	struct check *c = ctx;

	for (size_t i = 0; i < leaks_count(c->counts.leaks); i++) {
		struct leak *leak = leaks_item(c->counts.leaks, i);

		if (leak->kind == LEAK_HELD)
			machine_descriptors("/proc", leak->pid, leak->comm, &leak->descriptors_used,
					    &leak->descriptors_max);
	}
}

static int open_counts(struct check *c)
{
	struct count_request request = {
		.parts = c->plan.count_parts,
		.keep = 1,
		.range = &c->facts.machine.ports,
	};

	return counts_open(&c->counts, &request);
}

/* A CLOSE_WAIT is at least as old as its silence, and as the first run that saw it says. */
static void take_silence(struct check *c)
{
	int64_t ms = c->counts.leaks ? leaks_silent_ms(c->counts.leaks) : UNKNOWN;

	if (ms != UNKNOWN)
		c->facts.silent_seconds = (double)ms / 1000;
	if (c->counts.leaks && c->longest_age > c->facts.silent_seconds)
		c->facts.silent_seconds = c->longest_age;
}

static int dump_sockets(struct check *c)
{
	struct run_plan plan = c->options->common.plan;
	struct run run;
	int err;

	plan.enter_stage = enter_stage;
	plan.stage_ctx = c;
	plan.later_rights = plan.read ? RIGHTS_NOTHING : RIGHT_LOAD_BPF | RIGHT_READ_PROCESSES;
	err = run_open(&run, &plan);
	if (!err) {
		run_dump(&run, count_socket, c);
		counts_finish(&c->counts);
		if (c->plan.needs & NEED_OWNERS && c->counts.leaks)
			read_descriptors(c);
		c->facts.undecided = run.undecided;
		c->facts.dumped = run_verdict(&run, c->counts.tally.sockets,
					      c->counts.tally.holders_unknown) == RESULT_DONE;
		take_silence(c);
	}
	run_close(&run);
	return err;
}

/* A default that asks for a limit which the machine does not show, as in a container, was not asked
 * for by anybody: the line names it, and it does not alert. Sockets that could not be read, or of
 * which the filter could not decide, are another matter: then nobody knows that all is well. */
static bool is_forgiven(const struct check *c, const struct measure *m)
{
	return !c->options->thresholds.chosen &&
	       (!m->states || (c->facts.dumped && !c->facts.undecided));
}

/* What was found out beside what was asked for is told too, but for states that none of the kinds
 * named can be in. */
static bool is_worth_telling(const struct check *c, const struct measure *m)
{
	uint32_t states = 0;

	if (!c->facts.named || !m->states)
		return true;
	for (int i = 0; i < NETID_COUNT; i++)
		if (c->facts.named & NETID_BIT(i))
			states |= netid_states((enum netid)i);
	return m->states & states;
}

/* All that the plan finds out is told, but only what has a threshold is judged. */
static void judge(struct check *c)
{
	struct plugin_report *r = &c->report;
	unsigned int judged = 0;
	size_t n;
	const struct measure *measures = measure_table(&n);

	r->thresholds = &c->options->thresholds;
	for (size_t i = 0; i < n; i++) {
		bool asked = thresholds_has(r->thresholds, i);

		r->measured[i] = measure_plan_covers(&c->plan, &measures[i]) &&
				 (asked || is_worth_telling(c, &measures[i]));
		if (!r->measured[i])
			continue;
		r->values[i] = measure_get(&measures[i], &c->facts);
		if (!asked)
			continue;
		r->verdicts[i] = thresholds_judge(r->thresholds, i, r->values[i]);
		if (r->verdicts[i] == VERDICT_UNKNOWN && is_forgiven(c, &measures[i]))
			continue;
		r->verdict = verdict_worse(r->verdict, r->verdicts[i]);
		judged++;
	}
	if (!judged)
		r->verdict = VERDICT_UNKNOWN;
}

int check_measure(struct check *c, const struct check_options *options)
{
	int err;

	*c = (struct check){ .options = options, .plan = check_plan(options) };
	facts_init(&c->facts, &c->counts);
	c->facts.named = options->common.netids;
	err = start_deadline(c);
	if (!err)
		err = open_state(c);
	if (err)
		return err;
	enter_stage(c, "reading the machine's limits", NULL);
	if (!options->common.plan.read)
		machine_read(&c->facts.machine, "/proc", c->plan.machine_parts);
	if (c->state)
		take_rates(c);
	err = open_counts(c);
	if (err) {
		message("%s", strerror(-err));
		return err;
	}
	c->facts.dumped = c->plan.states == 0;
	if (c->plan.states && (err = dump_sockets(c)))
		return err;
	leave_state(c);
	judge(c);
	return 0;
}

/* --- offenders ------------------------------------------------------------------------------- */

/* Of a measure in seconds only the sockets that are beyond the threshold themselves are to blame:
 * a process with many young CLOSE_WAITs is not behind the old one of another. */
static bool is_to_blame(const struct check *c, size_t i, const struct socket *sk)
{
	double age = age_of(c, sk), silent = (double)sk->tcp.last_ack_recv_ms / 1000;
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
		if (c->offenders[i] && is_to_blame(c, i, sk))
			err = offenders_add(c->offenders[i], sk);
	return err;
}

static bool is_bad(const struct check *c, size_t i)
{
	enum verdict v = c->report.verdicts[i];

	return c->report.measured[i] && (v == VERDICT_WARNING || v == VERDICT_CRITICAL);
}

/* The destinations are in the counts; all others are found by a dump. Returns the states to ask
 * for. */
static uint32_t open_offenders(struct check *c)
{
	uint32_t states = 0;
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++) {
		enum offender kind = measures[i].offender;

		if (!is_bad(c, i) || kind == OFFENDER_NONE || kind == OFFENDER_DESTINATION)
			continue;
		c->offenders[i] = offenders_new(&measures[i], &c->facts.machine.ports);
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

void check_blame(struct check *c)
{
	struct run_plan plan = c->options->common.plan;
	uint32_t states = open_offenders(c);
	struct run run;

	if (!states || plan.read)
		return;
	plan.selection.states &= states;
	plan.needs |= needs_of_offenders(c);
	plan.enter_stage = enter_stage;
	plan.stage_ctx = c;
	if (run_open(&run, &plan) == 0)
		run_dump(&run, blame_socket, c);
	run_close(&run);
	for (size_t i = 0; i < MEASURES_MAX; i++)
		if (c->offenders[i])
			offenders_finish(c->offenders[i]);
}

void check_close(struct check *c)
{
	for (size_t i = 0; i < MEASURES_MAX; i++)
		offenders_free(c->offenders[i]);
	counts_close(&c->counts);
	state_file_close(c->state);
}
