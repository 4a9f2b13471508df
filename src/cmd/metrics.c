/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `metrics`: the counts, the limits and the risks as Prometheus text, to standard output or into a
 * file that is replaced whole (node_exporter's textfile collector may read it at any instant).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "base/replace.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/dumps.h"
#include "cmd/muster.h"
#include "cmd/run.h"
#include "cmd/vocabulary.h"
#include "enrich/machines.h"
#include "enrich/netns.h"
#include "plan/needs.h"
#include "present/prometheus.h"

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define NETIDS_DEFAULT (NETID_BIT(NETID_TCP) | NETID_BIT(NETID_MPTCP))

struct metrics_options {
	struct common_options common; /* first: parsing casts to it */
	const char *output;
	bool units;
	size_t top; /* 0: not given */
};

/* What one run collects. */
struct collection {
	struct counts counts;
	struct machines machines;
	struct run_plan plan;
	struct run run;
	struct prometheus_facts facts;
};

static int opt_output(void *options, const char *value)
{
	((struct metrics_options *)options)->output = value;
	return 0;
}

static int opt_linger(void *options, const char *value)
{
	struct metrics_options *o = options;
	size_t i = 0;
	int err = vocabulary_pick("--linger", "HOW", value, &i);

	if (!err && i == LINGER_MODE_GETFD) {
		message("--linger: getfd touches other processes' sockets, which a collector that "
			"runs again and again must not; right are auto, bpf and none");
		return -EINVAL;
	}
	o->common.plan.linger = (enum linger_mode)i;
	return err;
}

/* A table of one word, so that another label is a row. */
static int opt_by(void *options, const char *value)
{
	size_t i = 0;
	int err = vocabulary_pick("--by", "LABEL", value, &i);

	((struct metrics_options *)options)->units = true;
	return err;
}

static int opt_top(void *options, const char *value)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || n < 1 || n > PROMETHEUS_UNITS_MAX) {
		message("--top: '%s' is no number of units; it takes 1 to %d", value,
			PROMETHEUS_UNITS_MAX);
		return -EINVAL;
	}
	((struct metrics_options *)options)->top = n;
	return 0;
}

static const struct option_row rows[] = {
	{ "output", 0, "FILE", "replace FILE as a whole, or leave it as it is", opt_output },
	{ "tcp", 't', NULL, "TCP (without any of these: TCP and MPTCP)", common_opt_tcp },
	{ "mptcp", 'M', NULL, "MPTCP connections", common_opt_mptcp },
	{ "udp", 'u', NULL, "UDP", common_opt_udp },
	{ "sctp", 'S', NULL, "SCTP endpoints and associations", common_opt_sctp },
	{ "unix", 'x', NULL, "unix stream, seqpacket and datagram", common_opt_unix },
	{ "by", 0, "LABEL", "sockets of the largest systemd units too: unit", opt_by },
	{ "top", 0, "N", "units with series of their own (20, at most 200)", opt_top },
	{ "linger", 0, "HOW", "read SO_LINGER by auto, bpf or none", opt_linger },
	{ "net", 'N', "NETNS", "of this network namespace: name, PID or path", common_opt_net },
	{ "all-netns", 0, NULL, "the sum over every network namespace", common_opt_all_netns },
	{ "proc", 0, "DIR", "processes as this procfs has them, not /proc", common_opt_proc },
};

static const struct option_row about_rows[] = {
	{ "help", 'h', NULL, "this text", common_opt_help },
	{ "version", 'V', NULL, "version and how it was built", common_opt_version },
};

static const struct option_group own = { rows, ARRAY_SIZE(rows) };
static const struct option_group about = { about_rows, ARRAY_SIZE(about_rows) };
static const struct option_table table = { "lingerstat metrics", { &own, &about } };

static enum result print_help(void)
{
	size_t n;
	const struct metric *metrics = metric_table(&n);

	fputs("lingerstat metrics writes counts, limits and close risks as Prometheus text.\n"
	      "\n"
	      "Examples:\n"
	      "  lingerstat metrics\n"
	      "  lingerstat metrics --output /var/lib/node_exporter/lingerstat.prom\n"
	      "  lingerstat metrics --by unit --top 50\n"
	      "\n"
	      "Usage: lingerstat metrics [OPTION]...\n"
	      "\n",
	      stdout);
	options_help(&table);
	fputs("\nMetrics:\n", stdout);
	for (size_t i = 0; i < n; i++)
		printf("  %s%s%s%s\n", metrics[i].name, *metrics[i].labels ? "{" : "",
		       metrics[i].labels, *metrics[i].labels ? "}" : "");
	fputs("\nExit status: 0 done, 1 failed, 2 usage, 3 incomplete.  See lingerstat(8).\n",
	      stdout);
	return RESULT_DONE;
}

/* --- collecting ------------------------------------------------------------------------------ */

static double seconds_of(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int count_socket(void *ctx, struct socket *sk)
{
	struct collection *c = ctx;

	return counts_add(&c->counts, sk);
}

static int read_machine(struct collection *c, uint64_t netns)
{
	return machines_enter(&c->machines, netns, "", "/proc",
			      MACHINE_SOCKSTAT | MACHINE_LIMITS | MACHINE_PORTS | MACHINE_NETSTAT);
}

static int come_to(void *ctx, const struct surroundings *here)
{
	struct collection *c = ctx;
	int err = counts_enter(&c->counts, here->netns);

	return err ? err : read_machine(c, here->netns);
}

static int open_collection(struct collection *c, const struct metrics_options *o)
{
	struct count_request request = {
		.parts = COUNT_PORTS | COUNT_QUEUES,
		.keep = 1,
		.range = &c->machines.here.ports,
	};
	int err = 0;

	c->plan = o->common.plan;
	c->plan.needs |= NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO;
	if (o->units) {
		request.by = &group_by_lasting;
		c->plan.needs |= group_by_lasting.needs;
		c->facts.units = o->top ? o->top : PROMETHEUS_UNITS;
	}
	c->plan.quiet_rows = muster_may_tell(&c->plan);
	c->plan.selection.netids = o->common.netids ? o->common.netids : NETIDS_DEFAULT;
	c->plan.selection.states = STATES_ALL;
	machines_init(&c->machines);
	if (c->plan.all_netns)
		c->plan.in_namespace = come_to;
	else
		err = read_machine(c, netns_self());
	if (!err)
		err = counts_open(&c->counts, &request);
	if (err)
		message("%s", strerror(-err));
	return err;
}

/* Counters of a sum would fall when a namespace ends, which a counter must not; limits that are a
 * namespace's own are not known where one is missing. */
static void settle_machines(struct collection *c)
{
	c->facts.namespaces = c->machines.count;
	c->facts.namespaces_missing = c->run.spaces.missing;
	if (!c->plan.all_netns)
		return;
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		c->machines.all.counters[i] = UNKNOWN;
	if (!c->facts.complete)
		machine_forget_namespace(&c->machines.all);
}

/* Ports and queues are TCP's: without it they are not known, and not 0. */
static void forget_uncounted(struct collection *c)
{
	if (c->plan.selection.netids & NETID_BIT(NETID_TCP) && c->facts.complete)
		return;
	ports_free(c->counts.ports);
	queues_free(c->counts.queues);
	c->counts.ports = NULL;
	c->counts.queues = NULL;
}

static enum result take_result(struct collection *c)
{
	int err = counts_finish(&c->counts);

	if (!err)
		return run_verdict(&c->run, c->counts.tally.sockets, 0);
	message("%s", strerror(-err));
	return RESULT_FAILED;
}

static enum result collect(struct collection *c, const struct metrics_options *o)
{
	double start = seconds_of(CLOCK_MONOTONIC);
	enum result result = RESULT_FAILED;

	c->facts = (struct prometheus_facts){
		.counts = &c->counts,
		.machine = &c->machines.all,
		.time = seconds_of(CLOCK_REALTIME),
#ifdef WITH_BPF
		.bpf = true,
#endif
	};
	if (open_collection(c, o))
		return RESULT_FAILED;
	if (run_open(&c->run, &c->plan) == 0) {
		run_dump(&c->run, count_socket, c);
		result = take_result(c);
		c->facts.netids =
			c->plan.selection.netids & ~c->run.missing_netids & ~c->run.unread_netids;
		c->facts.complete = result == RESULT_DONE;
		settle_machines(c);
		forget_uncounted(c);
	}
	c->facts.run_seconds = seconds_of(CLOCK_MONOTONIC) - start;
	return result;
}

/* --- writing --------------------------------------------------------------------------------- */

static int write_to(int fd, const struct prometheus_facts *facts)
{
	struct outbuf out;
	int err = outbuf_open(&out, fd);

	if (err)
		return err;
	prometheus_write(&out, facts);
	return outbuf_close(&out);
}

static int write_file(const char *path, const struct prometheus_facts *facts)
{
	struct replacement replacement;
	int err = replace_open(&replacement, path, 0644);

	if (err)
		return err;
	err = write_to(replacement.fd, facts);
	if (!err)
		return replace_commit(&replacement);
	replace_abandon(&replacement);
	return err;
}

static enum result write_metrics(const struct metrics_options *o, const struct collection *c,
				 enum result result)
{
	bool file = o->output && strcmp(o->output, "-") != 0;
	int err;

	if (result == RESULT_FAILED)
		return result;
	err = file ? write_file(o->output, &c->facts) : write_to(STDOUT_FILENO, &c->facts);
	if (!err)
		return result;
	if (file)
		message("--output: cannot write to '%s': %s", o->output, strerror(-err));
	else
		message("cannot write to standard output: %s", strerror(-err));
	return RESULT_FAILED;
}

static enum result metrics_run(int argc, char **argv)
{
	struct metrics_options o = { 0 };
	struct collection c = { .run = RUN_NOT_OPENED };
	enum result result;
	int rest, err;

	err = common_parse(&table, &o.common, "metrics", argc, argv, &rest);
	if (err)
		return common_refusal(err);
	if (o.common.help)
		return print_help();
	if (o.common.version)
		return common_version();
	if (rest < argc) {
		message("metrics: '%s' is one word too many: metrics takes no filter; 'lingerstat "
			"check' and 'lingerstat summary' do",
			argv[rest]);
		return RESULT_USAGE;
	}
	if (o.top && !o.units) {
		message("--top: it is for '--by unit', which is not there");
		return RESULT_USAGE;
	}
	/* There are no words to read: it enters --net's namespace. */
	err = common_filter(&o.common, argc, argv, rest);
	if (err)
		return common_refusal(err);
	result = collect(&c, &o);
	result = write_metrics(&o, &c, result);
	run_close(&c.run); /* the names of units are its */
	counts_close(&c.counts);
	machines_free(&c.machines);
	return result;
}

const struct command command_metrics = {
	.name = "metrics",
	.summary = "counts, limits and risks as Prometheus text",
	.run = metrics_run,
	.options = &table,
};
