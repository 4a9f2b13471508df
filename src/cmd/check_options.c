/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/check.h"
#include "cmd/vocabulary.h"

#define ARRAY_SIZE(a)   (sizeof(a) / sizeof((a)[0]))
#define TIMEOUT_DEFAULT 10
#define TIMEOUT_MAX     3600

/* --- thresholds ------------------------------------------------------------------------------ */

/* The index of the measure that the first `len` bytes name. */
static int find_measure(const char *option, const char *text, size_t len, size_t *index)
{
	size_t n;
	const struct measure *measures = measure_table(&n);
	const char *near;
	char name[64];

	for (*index = 0; *index < n; (*index)++)
		if (strlen(measures[*index].name) == len &&
		    strncmp(measures[*index].name, text, len) == 0)
			return 0;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	near = nearest_word(name, measures, n, sizeof(*measures));
	if (near)
		message("%s: unknown measure '%s'; did you mean '%s'?", option, name, near);
	else
		message("%s: unknown measure '%s'; 'lingerstat check --measures' lists them",
			option, name);
	return -EINVAL;
}

static int set_threshold(struct check_options *o, const char *option, struct threshold *thresholds,
			 const char *text)
{
	size_t len = strcspn(text, "="), i;
	const char *why;

	if (text[len] != '=') {
		message("%s: '%s' is no NAME=RANGE, such as time_wait=10000", option, text);
		return -EINVAL;
	}
	if (find_measure(option, text, len, &i))
		return -EINVAL;
	if (thresholds[i].set) {
		message("%s: '%.*s' has a range already: %s", option, (int)len, text,
			thresholds[i].range.text);
		return -EINVAL;
	}
	if (range_parse(&thresholds[i].range, text + len + 1, &why)) {
		message("%s: the range of '%s' is malformed: %s", option, text, why);
		return -EINVAL;
	}
	thresholds[i].set = o->thresholds.chosen = true;
	return 0;
}

static int opt_warning(void *options, const char *value)
{
	struct check_options *o = options;

	return set_threshold(o, "-w", o->thresholds.warn, value);
}

static int opt_critical(void *options, const char *value)
{
	struct check_options *o = options;

	return set_threshold(o, "-c", o->thresholds.crit, value);
}

/* --- the other options ----------------------------------------------------------------------- */

static int opt_timeout(void *options, const char *value)
{
	struct check_options *o = options;
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || seconds < 1 || seconds > TIMEOUT_MAX) {
		message("--timeout: '%s' is no number of seconds from 1 to %d", value, TIMEOUT_MAX);
		return -EINVAL;
	}
	o->timeout_seconds = (unsigned int)seconds;
	return 0;
}

static int opt_state_file(void *options, const char *value)
{
	((struct check_options *)options)->state_path = value;
	return 0;
}

static int opt_linger(void *options, const char *value)
{
	struct check_options *o = options;
	size_t i = 0;
	int err = vocabulary_pick("--linger", "HOW", value, &i);

	if (!err && i == LINGER_MODE_GETFD) {
		message("--linger: getfd touches other processes' sockets, which a check that runs "
			"again and again must not; right are auto, bpf and none");
		return -EINVAL;
	}
	o->common.plan.linger = (enum linger_mode)i;
	return err;
}

static int opt_read(void *options, const char *value)
{
	((struct check_options *)options)->common.plan.read = value;
	return 0;
}

#define FLAG(function, field)                                    \
	static int function(void *options, const char *value)    \
	{                                                        \
		(void)value;                                     \
		((struct check_options *)options)->field = true; \
		return 0;                                        \
	}

FLAG(opt_verbose, verbose)
FLAG(opt_quiet, quiet)
FLAG(opt_measures, list_measures)

static const struct option_row rows[] = {
	{ "warning", 'w', "NAME=RANGE", "WARNING when NAME is beyond RANGE", opt_warning },
	{ "critical", 'c', "NAME=RANGE", "CRITICAL when NAME is beyond RANGE", opt_critical },
	{ "timeout", 't', "SECONDS", "UNKNOWN after that long (10)", opt_timeout },
	{ "verbose", 'v', NULL, "every measure on a line of its own", opt_verbose },
	{ "quiet", 'q', NULL, "print nothing when all is OK", opt_quiet },
	{ "state-file", 0, "FILE", "keep counters and CLOSE-WAITs for the next run",
	  opt_state_file },
	{ "measures", 0, NULL, "list what NAME can be", opt_measures },
};

static const struct option_row selecting_rows[] = {
	{ "tcp", 0, NULL, "count TCP (of these kinds only the named)", common_opt_tcp },
	{ "mptcp", 0, NULL, "count MPTCP connections", common_opt_mptcp },
	{ "udp", 0, NULL, "count UDP", common_opt_udp },
	{ "sctp", 0, NULL, "count SCTP endpoints and associations", common_opt_sctp },
	{ "unix", 0, NULL, "count unix sockets", common_opt_unix },
	{ "ipv4", '4', NULL, "only IPv4", common_opt_ipv4 },
	{ "ipv6", '6', NULL, "only IPv6", common_opt_ipv6 },
	{ "linger", 0, "HOW", "read SO_LINGER by auto, bpf or none", opt_linger },
	{ "proc", 0, "DIR", "processes as this procfs has them, not /proc", common_opt_proc },
	{ "read", 0, "FILE", "check a recording (ss -D)", opt_read },
	{ "net", 'N', "NETNS", "of this network namespace: name, PID or path", common_opt_net },
	{ "all-netns", 0, NULL, "the sum over every network namespace", common_opt_all_netns },
	{ "help", 'h', NULL, "this text", common_opt_help },
	{ "version", 'V', NULL, "version and how it was built", common_opt_version },
};

static const struct option_group own = { rows, ARRAY_SIZE(rows) };
static const struct option_group selecting = { selecting_rows, ARRAY_SIZE(selecting_rows) };
const struct option_table check_table = { "lingerstat check", { &own, &selecting } };

/* --- the plan -------------------------------------------------------------------------------- */

void check_options_init(struct check_options *o)
{
	*o = (struct check_options){ .timeout_seconds = TIMEOUT_DEFAULT };
}

/* With a state file CLOSE_WAITs and abort counters are watched from run to run, whether a
 * threshold asks for them or not: the next one may. */
static void watch(struct measure_plan *plan)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++)
		if (measures[i].state_file ||
		    strcmp(measures[i].name, "close_wait_silent_seconds") == 0)
			measure_plan_add(plan, &measures[i]);
}

struct measure_plan check_plan(const struct check_options *o)
{
	struct measure_plan plan = { 0 };
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++)
		if (thresholds_has(&o->thresholds, i))
			measure_plan_add(&plan, &measures[i]);
	if (o->state_path)
		watch(&plan);
	return plan;
}

static int check_state_file(const struct check_options *o)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	if (o->state_path && o->common.plan.read) {
		message("--state-file: a recording is of another time; leave out --read");
		return -EINVAL;
	}
	for (size_t i = 0; i < n && !o->state_path; i++) {
		if (!measures[i].state_file || !thresholds_has(&o->thresholds, i))
			continue;
		message("'%s' is a difference between two runs: it needs --state-file",
			measures[i].name);
		return -EINVAL;
	}
	return 0;
}

/* Only the states that both the measures and the filter speak of. */
static void choose_sockets(struct check_options *o)
{
	struct run_plan *plan = &o->common.plan;
	struct measure_plan needed = check_plan(o);
	uint32_t states;

	plan->needs |= needed.needs;
	plan->selection.netids = o->common.netids ? o->common.netids : needed.netids;
	plan->selection.states = needed.states;
	if (filter_states(plan->filter, &states))
		plan->selection.states &= states;
	plan->touch_states = plan->selection.states;
}

int check_options_parse(struct check_options *o, int argc, char **argv)
{
	int rest, err = common_parse(&check_table, &o->common, "check", argc, argv, &rest);

	if (err || o->common.help || o->common.version || o->list_measures)
		return err;
	if (!o->thresholds.chosen)
		thresholds_default(&o->thresholds);
	err = check_state_file(o);
	if (!err)
		err = common_filter(&o->common, argc, argv, rest);
	if (!err)
		choose_sockets(o);
	return err;
}
