/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `summary`: how many sockets there are, by state, by risk, by a key, and beside the limits that
 * they run into.
 */
#include "cmd/summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/about.h"
#include "cmd/cmd.h"
#include "cmd/dumps.h"
#include "cmd/listing.h"
#include "cmd/muster.h"
#include "cmd/vocabulary.h"
#include "plan/needs.h"
#include "present/json.h"
#include "present/summary.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define JUDGE         (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO)

/* --- options ------------------------------------------------------------------------------- */

struct summary_options {
	struct common_options common;
	struct summary_request request;
	bool list_sections;
};

static int opt_by(void *options, const char *value)
{
	struct summary_options *o = options;
	size_t n, i = 0;
	const struct group_by *keys = group_table(&n);
	int err = vocabulary_pick("--by", "KEY", value, &i);

	if (!err)
		o->request.by = &keys[i];
	return err;
}

static int opt_top(void *options, const char *value)
{
	struct summary_options *o = options;
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || n < 1 || n > SUMMARY_TOP_MAX) {
		message("--top: '%s' is no number of lines; it takes 1 to %d", value,
			SUMMARY_TOP_MAX);
		return -EINVAL;
	}
	o->request.top = n;
	return 0;
}

static int add_section(struct summary_options *o, const char *word)
{
	size_t i = 0;
	int err;

	if (strcmp(word, "help") == 0) {
		o->list_sections = true;
		return 0;
	}
	err = vocabulary_pick("--sections", "SECTIONS", word, &i);
	if (!err)
		o->request.sections |= 1u << i;
	return err;
}

static int opt_sections(void *options, const char *value)
{
	char *words = strdup(value), *at = NULL, *rest = words;
	int err = words ? 0 : -ENOMEM;

	while (!err && (at = strsep(&rest, ",")))
		err = add_section(options, at);
	if (!words)
		message("%s", strerror(ENOMEM));
	free(words);
	return err;
}

static int opt_json(void *options, const char *value)
{
	(void)value;
	((struct summary_options *)options)->request.json = true;
	return 0;
}

static const struct option_row rows[] = {
	{ "by", 0, "KEY", "count by process, peer, ...; see KEYS below", opt_by },
	{ "top", 0, "N", "lines of each list (10)", opt_top },
	{ "sections", 0, "SECTIONS", "only these sections; help names all", opt_sections },
	{ "json", 'j', NULL, "one JSON document", opt_json },
};

static const struct option_group own = { rows, ARRAY_SIZE(rows) };
static const struct option_table table = { "lingerstat summary", { &own, &common_group } };

static void print_sections(void)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);

	for (size_t i = 0; i < n; i++)
		printf("  %-12s %s\n", sections[i].name, sections[i].help);
}

static enum result print_help(void)
{
	size_t n;
	const struct group_by *keys = group_table(&n);

	fputs("lingerstat summary counts sockets, beside the limits that they run into.\n"
	      "\n"
	      "Examples:\n"
	      "  sudo lingerstat summary                     all there is to say\n"
	      "  sudo lingerstat summary --by process        who has most sockets\n"
	      "  lingerstat summary --by peer state time-wait\n"
	      "  lingerstat summary --sections states,limits --json\n"
	      "\n"
	      "Usage: lingerstat summary [OPTION]... [FILTER]\n"
	      "\n",
	      stdout);
	options_help(&table);
	fputs("\nKEYS:\n", stdout);
	for (size_t i = 0; i < n; i++)
		printf("  %-12s %s\n", keys[i].name, keys[i].help);
	fputs("\nSECTIONS (all, or none with --by):\n", stdout);
	print_sections();
	return RESULT_DONE;
}

/* --- one summary --------------------------------------------------------------------------- */

struct view {
	const struct common_options *common;
	const struct summary_request *request;
	struct run_plan plan;
	struct run run;
	struct counts counts;
	struct machines machines;
	unsigned int machine_parts;
	unsigned int sections;
	int error; /* of counting */
};

static bool has_section(const struct view *v, size_t i)
{
	return v->sections & 1u << i;
}

/* What the chosen sections need, in each of the three senses. */
struct wanted_parts {
	unsigned int needs, count_parts, machine_parts;
};

static struct wanted_parts want_parts(const struct view *v)
{
	struct wanted_parts w = { 0 };
	size_t n;
	const struct summary_section *sections = summary_sections(&n);

	for (size_t i = 0; i < n; i++) {
		if (!has_section(v, i))
			continue;
		w.needs |= sections[i].needs;
		w.count_parts |= sections[i].count_parts;
		w.machine_parts |= sections[i].machine_parts;
	}
	if (v->request->by)
		w.needs |= v->request->by->needs;
	if (v->common->least_risk > RISK_NONE)
		w.needs |= JUDGE;
	return w;
}

static void choose_sections(struct view *v)
{
	size_t n;

	summary_sections(&n);
	v->sections = v->request->sections;
	if (!v->sections && !v->request->by)
		v->sections = (1u << n) - 1;
}

static int count_socket(void *ctx, struct socket *sk)
{
	struct view *v = ctx;

	if (sk->close.risk < v->common->least_risk)
		return 0;
	v->error = counts_add(&v->counts, sk);
	return v->error;
}

static int count_alike(void *ctx, const struct socket *sk, uint64_t n)
{
	struct view *v = ctx;

	v->error = counts_add_alike(&v->counts, sk, n);
	return v->error;
}

/* Of the processes that will be shown, while their /proc may be read. */
static void read_descriptors(void *ctx)
{
	struct view *v = ctx;
	struct leaks *leaks = v->counts.leaks;
	const char *proc;

	v->error = counts_finish(&v->counts);
	if (!leaks || v->plan.read)
		return;
	proc = processes_root(&v->plan);
	for (size_t i = 0; i < leaks_count(leaks) && i < v->request->top; i++) {
		struct leak *leak = leaks_item(leaks, i);

		if (leak->kind == LEAK_HELD)
			machine_descriptors(proc, leak->pid, leak->comm, &leak->descriptors_used,
					    &leak->descriptors_max);
	}
}

static bool is_narrowed(const struct view *v)
{
	const struct selection *sel = &v->plan.selection;

	return v->plan.filter || v->common->least_risk > RISK_NONE || !sel->ipv4 || !sel->ipv6 ||
	       (sel->states & STATES_ALL) != STATES_ALL;
}

static struct summary make_summary(struct view *v, struct names *names)
{
	bool people = !v->request->json;

	return (struct summary){
		.counts = &v->counts,
		.machine = &v->machines.all,
		.machines = &v->machines,
		.recorded = v->plan.read,
		.everywhere = v->plan.all_netns,
		.narrowed = is_narrowed(v),
		.judged = v->plan.needs & NEED_FORECAST,
		/* A recording holds TCP alone. */
		.netids = v->plan.read ? NETID_BIT(NETID_TCP)
				       : v->plan.selection.netids & ~v->run.missing_netids,
		.top = v->request->top,
		.numeric = v->common->numeric,
		.names = names,
		.links = v->run.enrich.here.links,
		.look = { .color = people && style_wanted(v->common->color, STDOUT_FILENO),
			  .utf8 = about_utf8(),
			  .width = about_width() },
	};
}

/* What the counts do not hold. */
static void put_caveats(struct outbuf *b, const struct view *v, const struct summary *s)
{
	bool incomplete = dump_incomplete(&v->run.report);
	bool lacking = v->plan.named_netids & v->run.missing_netids;

	if (lacking)
		grid_sentence(&s->look, b,
			      "INCOMPLETE: this kernel does not list every kind that was named; "
			      "those that it does not list are not counted.");
	if (incomplete)
		grid_sentence(&s->look, b,
			      "INCOMPLETE: not every socket could be read, so there are more than "
			      "are counted here.");
	if (s->narrowed)
		grid_sentence(&s->look, b,
			      "Only the sockets that were selected are counted, for the limits of "
			      "destinations, listeners and processes too; the other limits and the "
			      "aborts are whole.");
	if (lacking || incomplete || s->narrowed)
		outbuf_char(b, '\n');
}

static void put_text(struct outbuf *b, const struct view *v, const struct summary *s)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);
	bool first = !v->request->by;

	put_caveats(b, v, s);
	if (v->request->by)
		summary_groups_text(b, s);
	for (size_t i = 0; i < n; i++) {
		if (!has_section(v, i))
			continue;
		if (!first)
			outbuf_char(b, '\n');
		first = false;
		sections[i].text(b, s);
	}
}

static void put_json(struct outbuf *b, struct view *v, const struct summary *s)
{
	struct run_result result = {
		.tally = &v->counts.tally,
		.dump = &v->run.report,
		.complete = !dump_incomplete(&v->run.report),
		.judged = s->judged,
		.undecided = v->run.undecided,
		.problem = about_problem(&v->run.report),
	};
	struct about about;
	size_t n;
	const struct summary_section *sections = summary_sections(&n);

	about_run(&about, &v->run);
	outbuf_str(b, "{\"header\":");
	json_header(b, &about.info);
	outbuf_str(b, ",\n\"summary\":{");
	json_summary(b, &result);
	outbuf_printf(b, ",\"narrowed\":%s", s->narrowed ? "true" : "false");
	if (v->request->by)
		summary_groups_json(b, s);
	for (size_t i = 0; i < n; i++)
		if (has_section(v, i))
			sections[i].json(b, s);
	outbuf_str(b, "}}\n");
}

/* Made in memory: nothing is printed of a summary that memory was too short for. */
static int write_summary(struct view *v, const struct summary *s, struct outbuf *text)
{
	int err = outbuf_open(text, -1);

	if (err)
		return err;
	text->ascii = !v->request->json && !about_utf8();
	if (v->request->json)
		put_json(text, v, s);
	else
		put_text(text, v, s);
	return text->error;
}

/* Gives 0, or a negative errno after a message. */
static int print_summary(struct view *v)
{
	bool people = !v->request->json;
	struct names *names =
		names_new(people && !v->common->numeric, people && v->common->resolve);
	struct summary s = make_summary(v, names);
	struct outbuf text = { 0 }, out;
	int err = names ? write_summary(v, &s, &text) : -ENOMEM;

	if (!err)
		err = outbuf_open(&out, STDOUT_FILENO);
	if (err) {
		message("%s", strerror(-err));
	} else {
		outbuf_put(&out, text.data, text.len);
		err = close_output(&out, NULL);
	}
	outbuf_close(&text);
	names_free(names);
	return err;
}

static int read_machine(struct view *v, const struct surroundings *here)
{
	char label[NETNS_LABEL_SIZE];

	netns_label(here->netns, here->netns_name, here->netns_resident, label);
	return machines_enter(&v->machines, here->netns, label, "/proc", v->machine_parts);
}

static int come_to(void *ctx, const struct surroundings *here)
{
	struct view *v = ctx;
	int err = counts_enter(&v->counts, here->netns);

	return err ? err : read_machine(v, here);
}

/* Ports are TCP's: where it was not listed they are not known, and not 0. */
static void forget_uncounted(struct view *v)
{
	uint32_t netids = v->plan.read ? NETID_BIT(NETID_TCP) : v->plan.selection.netids;

	if (netids & ~v->run.missing_netids & NETID_BIT(NETID_TCP))
		return;
	ports_free(v->counts.ports);
	v->counts.ports = NULL;
}

static enum result count_and_print(struct view *v)
{
	run_dump(&v->run, count_socket, v);
	if (v->error) {
		message("%s", strerror(-v->error));
		return RESULT_FAILED;
	}
	forget_uncounted(v);
	/* Of those that are missing nobody knows what they count. */
	if (v->plan.all_netns && v->run.report.namespaces)
		machine_forget_namespace(&v->machines.all);
	if (print_summary(v))
		return RESULT_FAILED;
	return run_verdict(&v->run, v->counts.tally.sockets, v->counts.tally.holders_unknown);
}

static void make_plan(struct view *v, const struct wanted_parts *want)
{
	v->plan = v->common->plan;
	v->plan.needs |= want->needs;
	v->plan.dumped = read_descriptors;
	v->plan.in_namespace = v->plan.all_netns ? come_to : NULL;
	v->machine_parts = want->machine_parts;
	v->plan.touch_states = v->plan.selection.states;
	if (v->plan.touch_states & STATE_BIT(STATE_BOUND_INACTIVE))
		v->plan.touch_states |= STATE_BIT(STATE_CLOSE);
}

/* Groups by a socket's user want what only the kernel's answer has; they need nothing of it, so by
 * its needs that key cannot be told from those which want the ends alone. */
static bool is_quiet(const struct run_plan *plan, const struct group_by *by)
{
	if (!plan->needs || !muster_may_tell(plan))
		return false;
	return !by || by->alike || by->needs;
}

enum result summary_run(const struct common_options *common, const struct summary_request *request)
{
	struct view v = { .common = common, .request = request };
	struct count_request count = { .by = request->by,
				       .keep = request->top,
				       .range = &v.machines.here.ports };
	enum result result = RESULT_FAILED;
	struct wanted_parts want;

	choose_sections(&v);
	want = want_parts(&v);
	make_plan(&v, &want);
	machines_init(&v.machines);
	count.parts = want.count_parts;
	if (counts_take_alike(&count))
		v.plan.take_alike = count_alike;
	v.plan.quiet_rows = is_quiet(&v.plan, request->by);
	if (run_open(&v.run, &v.plan) == 0) {
		int err = 0;

		/* Opening the run may have changed the namespace. */
		if (!v.plan.read && !v.plan.all_netns)
			err = read_machine(&v, &v.run.enrich.here);
		if (!err && counts_open(&v.counts, &count) == 0)
			result = count_and_print(&v);
		else
			message("%s", strerror(ENOMEM));
	}
	counts_close(&v.counts);
	machines_free(&v.machines);
	run_close(&v.run);
	return result;
}

void summary_select(struct common_options *common)
{
	if (!common->listening)
		common->plan.selection.states = STATES_ALL;
}

static enum result summary_command(int argc, char **argv)
{
	struct summary_options o = { .request = { .top = SUMMARY_TOP } };
	enum result result;
	int rest, err;

	err = common_parse(&table, &o.common, "summary", argc, argv, &rest);
	if (err)
		return common_refusal(err);
	if (o.common.help)
		return print_help();
	if (o.common.version)
		return common_version();
	if (o.list_sections) {
		print_sections();
		return RESULT_DONE;
	}
	summary_select(&o.common);
	err = common_filter(&o.common, argc, argv, rest);
	if (err)
		result = common_refusal(err);
	else
		result = o.common.explain_filter ? common_explain_filter(&o.common)
						 : summary_run(&o.common, &o.request);
	common_free(&o.common);
	return result;
}

const struct command command_summary = {
	.name = "summary",
	.summary = "counts by state and by a key, beside their limits",
	.run = summary_command,
	.options = &table,
};
