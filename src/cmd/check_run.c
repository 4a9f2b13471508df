/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "cmd/check.h"
#include "cmd/dumps.h"
#include "cmd/run.h"
#include "enrich/netns.h"
#include "judge/limits.h"
#include "model/words.h"
#include "plan/needs.h"
#include "plan/rights.h"

#define TIMED_OUT PLUGIN_NAME " UNKNOWN: timed out after %u s in the stage: "

void check_stage(void *check, const char *what, const char *which)
{
	deadline_stage(&((struct check *)check)->deadline, what, which);
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

static bool is_everywhere(const struct check *c)
{
	return c->options->common.plan.all_netns;
}

/* --- the state file -------------------------------------------------------------------------- */

static int open_state(struct check *c)
{
	struct state_here here;
	const char *why = "";
	int err;

	if (!c->options->state_path)
		return 0;
	check_stage(c, "lock of the state file", NULL);
	state_here(&here);
	if (is_everywhere(c))
		here.netns = STATE_EVERYWHERE;
	err = state_file_open(&c->state, c->options->state_path, &here, &why);
	if (err)
		message("--state-file: '%s': %s: %s", c->options->state_path, why, strerror(-err));
	return err;
}

/* The sum over the namespaces; UNKNOWN where one of them is. */
static double sum_rates(struct check *c, int counter)
{
	const char *name = machine_counter_row((enum machine_counter)counter)->kernel;
	double sum = 0;

	for (size_t i = 0; i < c->machines.count; i++) {
		struct machine_space *space = &c->machines.items[i];
		double rate =
			state_file_rate_in(c->state, space->key, name, space->counters[counter]);

		space->rates[counter] = rate;
		sum = rate < 0 || sum < 0 ? UNKNOWN : sum + rate;
	}
	return sum;
}

static void take_rates(struct check *c)
{
	const char *why = state_past_text(state_file_past(c->state));

	/* Of namespaces that are missing nobody knows what they counted. */
	if (is_everywhere(c) && !c->facts.dumped)
		return;
	for (int i = 0; i < MACHINE_COUNTERS; i++) {
		const char *name = machine_counter_row((enum machine_counter)i)->kernel;

		c->facts.rates[i] =
			is_everywhere(c)
				? sum_rates(c, i)
				: state_file_rate(c->state, name, c->facts.machine.counters[i]);
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
	check_stage(c, "writing the state file", NULL);
	err = c->facts.dumped ? state_file_commit(c->state) : 0;
	if (err)
		message("--state-file: '%s' cannot be written: %s", c->options->state_path,
			strerror(-err));
}

/* --- measuring ------------------------------------------------------------------------------- */

bool check_counts(const struct check *c, uint32_t netids, const struct socket *sk)
{
	return c->facts.named || !netids || (netids & NETID_BIT(sk->netid));
}

double check_age(const struct check *c, const struct socket *sk)
{
	return c->state && sk->state == STATE_CLOSE_WAIT ? state_file_seen(c->state, sk->cookie)
							 : 0;
}

static int count_socket(void *ctx, struct socket *sk)
{
	struct check *c = ctx;
	double age = check_age(c, sk);

	facts_add(&c->facts, sk);
	if (age > c->longest_age)
		c->longest_age = age;
	if (!check_counts(c, c->plan.tallied, sk))
		return 0;
	return counts_add(&c->counts, sk);
}

/* A process's limit is read while the run may still read processes. */
static void read_descriptors(void *ctx)
{
	struct check *c = ctx;
	const char *proc = processes_root(&c->options->common.plan);

	for (size_t i = 0; i < leaks_count(c->counts.leaks); i++) {
		struct leak *leak = leaks_item(c->counts.leaks, i);

		if (leak->kind == LEAK_HELD)
			machine_descriptors(proc, leak->pid, leak->comm, &leak->descriptors_used,
					    &leak->descriptors_max);
	}
}

static int open_counts(struct check *c)
{
	struct count_request request = {
		.parts = c->plan.count_parts,
		.keep = 1,
		.range = &c->machines.here.ports,
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

/* Of the machine: one namespace, or one of all. */
static int read_machine(struct check *c, const struct surroundings *here)
{
	char label[NETNS_LABEL_SIZE];

	netns_label(here->netns, here->netns_name, here->netns_resident, label);
	return machines_enter(&c->machines, here->netns, label, "/proc", c->plan.machine_parts);
}

static int come_to(void *ctx, const struct surroundings *here)
{
	struct check *c = ctx;
	int err = counts_enter(&c->counts, here->netns);

	return err ? err : read_machine(c, here);
}

static int take_counts(struct check *c, const struct run *run)
{
	int err = counts_finish(&c->counts);

	if (c->plan.needs & NEED_OWNERS && c->counts.leaks)
		read_descriptors(c);
	c->facts.undecided = run->undecided;
	c->facts.dumped = run_verdict(run, c->counts.tally.sockets,
				      c->counts.tally.holders_unknown) == RESULT_DONE;
	take_silence(c);
	return err;
}

static int dump_sockets(struct check *c)
{
	struct run_plan plan = c->options->common.plan;
	struct run run;
	int err;

	plan.enter_stage = check_stage;
	plan.stage_ctx = c;
	plan.later_rights = plan.read ? RIGHTS_NOTHING : RIGHT_LOAD_BPF | RIGHT_READ_PROCESSES;
	if (is_everywhere(c)) {
		plan.in_namespace = come_to;
		plan.later_rights |= RIGHT_ENTER_NETNS;
		/* Only to read what each counts itself. */
		if (!c->plan.states)
			plan.selection.netids = 0;
	}
	err = run_open(&run, &plan);
	if (!err) {
		run_dump(&run, count_socket, c);
		err = take_counts(c, &run);
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
	/* What a namespace has that could not be read nobody knows, whatever was asked. */
	if (is_everywhere(c) && !c->facts.dumped)
		r->verdict = verdict_worse(r->verdict, VERDICT_UNKNOWN);
}

/* Fills in the facts. Returns 0, or a negative errno after a message. */
static int find_out(struct check *c)
{
	const struct surroundings here = { .netns = netns_self() };
	int err = 0;

	c->facts.dumped = c->plan.states == 0;
	if (!is_everywhere(c) && !c->options->common.plan.read)
		err = read_machine(c, &here);
	if (err)
		message("%s", strerror(-err));
	else if (c->plan.states || is_everywhere(c))
		err = dump_sockets(c);
	c->facts.machine = c->machines.all;
	if (is_everywhere(c) && !c->facts.dumped)
		machine_forget_namespace(&c->facts.machine);
	return err;
}

int check_measure(struct check *c, const struct check_options *options)
{
	int err;

	*c = (struct check){ .options = options, .plan = check_plan(options) };
	facts_init(&c->facts, &c->counts);
	machines_init(&c->machines);
	c->facts.named = options->common.netids;
	c->facts.tallied = c->plan.tallied;
	/* Told when it was found out, while the options were read. */
	if (options->common.plan.netns_error)
		return options->common.plan.netns_error;
	err = start_deadline(c);
	if (!err)
		err = open_state(c);
	if (err)
		return err;
	check_stage(c, "reading the machine's limits", NULL);
	err = open_counts(c);
	if (err) {
		message("%s", strerror(-err));
		return err;
	}
	err = find_out(c);
	if (err)
		return err;
	if (c->state)
		take_rates(c);
	leave_state(c);
	judge(c);
	return 0;
}

void check_close(struct check *c)
{
	for (size_t i = 0; i < MEASURES_MAX; i++)
		offenders_free(c->offenders[i]);
	counts_close(&c->counts);
	state_file_close(c->state);
	machines_free(&c->machines);
}
