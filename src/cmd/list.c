/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `list`: sockets, one a row. Reads the options, makes the plan, and hands the run to
 * cmd/listing.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/list.h"
#include "cmd/listing.h"
#include "cmd/summary.h"
#include "cmd/vocabulary.h"
#include "plan/needs.h"
#include "source/events.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int opt_processes(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->all_holders = true;
	return 0;
}

/* Options that add a column, as -C + would; as often as one likes. */
static int add_option_column(void *options, const char *name)
{
	struct list_options *o = options;
	const struct column *column = column_find(name);

	for (size_t i = 0; i < o->added_count; i++)
		if (o->added[i] == column)
			return 0;
	if (!column || o->added_count == OPTION_COLUMNS)
		return -EINVAL;
	o->added[o->added_count++] = column;
	return 0;
}

#define ADDS_COLUMN(function, name)                           \
	static int function(void *options, const char *value) \
	{                                                     \
		(void)value;                                  \
		return add_option_column(options, name);      \
	}

ADDS_COLUMN(opt_info, "info")
ADDS_COLUMN(opt_memory, "memory")
ADDS_COLUMN(opt_timer, "timer")
ADDS_COLUMN(opt_extended, "extended")
ADDS_COLUMN(opt_tos, "tos")
ADDS_COLUMN(opt_sockopt, "sockopt")
ADDS_COLUMN(opt_bpf, "bpf-filter")
ADDS_COLUMN(opt_tipc, "tipc-info")
ADDS_COLUMN(opt_cgroup, "cgroup")
ADDS_COLUMN(opt_context, "context")

static int opt_contexts(void *options, const char *value)
{
	int err = opt_context(options, value);

	return err ? err : add_option_column(options, "socket-context");
}

static int opt_oneline(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->oneline = true;
	return 0;
}

static int opt_no_queues(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->no_queues = true;
	return 0;
}

static int opt_threads(void *options, const char *value)
{
	struct list_options *o = options;

	(void)value;
	o->all_holders = o->threads = o->common.plan.threads = true;
	return 0;
}

static int opt_no_header(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->no_header = true;
	return 0;
}

static int set_format(struct list_options *o, const char *option, const char *word)
{
	size_t n, i = 0;
	const struct writer_format *formats = writer_formats(&n);
	int err = vocabulary_pick(option, "FORMAT", word, &i);

	if (!err)
		o->format = &formats[i];
	return err;
}

static int opt_format(void *options, const char *value)
{
	return set_format(options, "--format", value);
}

static int opt_json(void *options, const char *value)
{
	(void)value;
	return set_format(options, "--json", "json");
}

static int opt_columns(void *options, const char *value)
{
	((struct list_options *)options)->columns = value;
	return 0;
}

static int opt_sort(void *options, const char *value)
{
	struct list_options *o = options;
	size_t n;
	const struct column *columns = column_table(&n);
	const char *near;

	o->descending = *value == '-';
	value += o->descending;
	o->sort = column_find(value);
	if (o->sort)
		return 0;
	near = nearest_word(value, columns, n, sizeof(*columns));
	if (near)
		message("--sort: unknown column '%s'; did you mean '%s'?", value, near);
	else
		message("--sort: unknown column '%s'; see '--columns help'", value);
	return -EINVAL;
}

static int opt_record(void *options, const char *value)
{
	((struct list_options *)options)->record = value;
	return 0;
}

static int opt_summary(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->summary = true;
	return 0;
}

static int opt_events(void *options, const char *value)
{
	(void)value;
	((struct list_options *)options)->common.plan.events = true;
	return 0;
}

static int opt_count(void *options, const char *value)
{
	struct list_options *o = options;
	char *end;

	errno = 0;
	o->count = strtoull(value, &end, 10);
	if (*value >= '0' && *value <= '9' && !*end && !errno && o->count)
		return 0;
	message("--count: '%s' is no number of events; a whole number above 0 is", value);
	return -EINVAL;
}

static const struct option_row rows[] = {
	{ "processes", 'p', NULL, "every holder with its descriptors", opt_processes },
	{ "threads", 'T', NULL, "the same, and threads that have their own", opt_threads },
	{ "context", 'Z', NULL, "security contexts of the holders (column context)", opt_context },
	{ "contexts", 'z', NULL, "the same, and that of the socket", opt_contexts },
	{ "info", 'i', NULL, "rtt, window, rates, congestion (column info)", opt_info },
	{ "memory", 'm', NULL, "memory of the buffers, drops (column memory)", opt_memory },
	{ "options", 'o', NULL, "the timer that runs (column timer)", opt_timer },
	{ "extended", 'e', NULL, "uid, inode, and what its family has", opt_extended },
	{ "cgroup", 0, NULL, "control group (column cgroup)", opt_cgroup },
	{ "tos", 0, NULL, "TOS, traffic class, class id (column tos)", opt_tos },
	{ "inet-sockopt", 0, NULL, "options of inet sockets (column sockopt)", opt_sockopt },
	{ "tipcinfo", 0, NULL, "what hinders TIPC sockets (column tipc-info)", opt_tipc },
	{ "bpf", 'b', NULL, "filters of packet sockets (column bpf-filter)", opt_bpf },
	{ "oneline", 'O', NULL, "what these add stands behind the row", opt_oneline },
	{ "no-queues", 'Q', NULL, "without the columns recv-q and send-q", opt_no_queues },
	{ "columns", 'C', "LIST", "these columns; +LIST adds some; help names all", opt_columns },
	{ "sort", 0, "COLUMN", "sort by a column; -COLUMN: the largest first", opt_sort },
	{ "no-header", 'H', NULL, "no header line", opt_no_header },
	{ "json", 'j', NULL, "one JSON document", opt_json },
	{ "summary", 's', NULL, "counts, no rows: the command summary", opt_summary },
	{ "events", 'E', NULL, "sockets as they are destroyed, without end", opt_events },
	{ "count", 0, "N", "end after N of these", opt_count },
	{ "diag", 'D', "FILE", "list nothing, record the TCP sockets (as ss -D)", opt_record },
	{ "format", 0, "FORMAT", "table, json, ndjson or csv", opt_format },
};

static const struct option_group own = { rows, ARRAY_SIZE(rows) };
static const struct option_table table = { "lingerstat", { &own, &common_group } };

static enum result print_help(void)
{
	fputs("lingerstat lists sockets of TCP, MPTCP and SCTP, and on request UDP, unix and\n"
	      "eight other kinds, with their queues and what close() would do to their data.\n"
	      "\n"
	      "Examples:\n"
	      "  lingerstat                  connections, their linger and close risk\n"
	      "  lingerstat -ltn             listeners, with connections waiting\n"
	      "  sudo lingerstat --risk -p   what is likely to lose data, and who holds it\n"
	      "  lingerstat -a -C +reasons   every state, and why each risk is what it is\n"
	      "  lingerstat 'state close-wait and idle > 5m or linger = 0 and dport = 443'\n"
	      "  lingerstat -A all -p        what ss -p lists, and more\n"
	      "  lingerstat -E 'sport = 443' each connection as it ends, and what that cost\n"
	      "  lingerstat -j | jq '.sockets[] | select(.close.risk == \"certain\")'\n"
	      "\n"
	      "Usage: lingerstat [list] [OPTION]... [FILTER]\n"
	      "       lingerstat explain|summary|check|metrics --help\n"
	      "\n",
	      stdout);
	options_help(&table);
	fputs("\n"
	      "LINGER: off, seconds, inf; ? unknown; - none to apply.  RISK: none, possible,\n"
	      "likely, certain; a ? means that it hangs on a linger nobody could read.\n"
	      "Exit status: 0 done, 1 failed, 2 usage, 3 incomplete.  See lingerstat(8).\n",
	      stdout);
	return RESULT_DONE;
}

static enum result print_columns(void)
{
	size_t n;
	const struct column *columns = column_table(&n);

	for (size_t i = 0; i < n; i++)
		printf("%-14s %-20s %s\n", columns[i].name, columns[i].json, columns[i].help);
	return RESULT_DONE;
}

static int add_columns(struct column_list *list, const char *text)
{
	char bad[32];
	size_t n;
	const struct column *columns = column_table(&n);
	const char *near;

	if (column_list_parse(list, text, bad, sizeof(bad)) == 0)
		return 0;
	near = nearest_word(bad, columns, n, sizeof(*columns));
	if (!*bad)
		message("--columns: empty column name in '%s'; see '--columns help'", text);
	else if (near)
		message("--columns: unknown column '%s'; did you mean '%s'?", bad, near);
	else
		message("--columns: unknown column '%s'; see '--columns help'", bad);
	return -EINVAL;
}

/* Without -C the table shows its default and JSON shows everything. */
static int base_columns(const struct list_options *o, struct column_list *list)
{
	const char *text = o->columns;
	size_t n;
	bool is_table = o->format == writer_formats(&n), events = o->common.plan.events;

	if (!text && !is_table) {
		column_list_all(list);
		return events ? add_columns(list, "time") : 0;
	}
	if (!text || *text == '+') {
		int err = add_columns(list, events ? COLUMNS_EVENTS : COLUMNS_DEFAULT);

		if (!err && o->common.plan.all_netns)
			err = add_columns(list, "netns");
		return err || !text ? err : add_columns(list, text + 1);
	}
	return add_columns(list, text);
}

/* What a document has that is whole was not asked for by name. */
static unsigned int named_needs(const struct list_options *o, const struct column_list *list)
{
	bool named = column_list_needs(list) & NEED_CGROUP && o->columns;

	for (size_t i = 0; i < o->added_count && !named; i++)
		named = o->added[i]->needs & NEED_CGROUP;
	return named ? NEED_CGROUP_NAMED : 0;
}

static int choose_columns(const struct list_options *o, struct column_list *list)
{
	int err = base_columns(o, list);

	for (size_t i = 0; i < o->added_count && !err; i++)
		err = add_columns(list, o->added[i]->name);
	if (err || !o->no_queues)
		return err;
	column_list_remove(list, column_find("recv-q"));
	column_list_remove(list, column_find("send-q"));
	if (list->count)
		return 0;
	message("-Q: no column is left; name others than recv-q and send-q");
	return -EINVAL;
}

static struct listing make_listing(const struct list_options *o)
{
	return (struct listing){
		.plan = o->common.plan,
		.format = o->format,
		.least_risk = o->common.least_risk,
		.color = o->common.color,
		.numeric = o->common.numeric,
		.resolve = o->common.resolve,
		.all_holders = o->all_holders,
		.threads = o->threads,
		.no_header = o->no_header,
		.oneline = o->oneline,
		.sort = o->sort,
		.descending = o->descending,
		.count = o->count,
	};
}

/* The kernel's messages instead of rows, with all that a reader of the recording may show. */
static enum result record_sockets(const struct list_options *o)
{
	static const struct writer_format recording = { "recording", record_open };
	struct listing listing = make_listing(o);

	listing.format = &recording;
	listing.output = o->record;
	listing.plan.selection.netids = NETID_BIT(NETID_TCP);
	listing.plan.needs |= NEED_TCP_INFO | NEED_CONGESTION | NEED_MEMORY | NEED_TOS | NEED_MARK;
	return listing_run(&listing);
}

/* `-s`: what the command `summary` prints. */
static enum result summarize(const struct list_options *o)
{
	struct summary_request request = { .top = SUMMARY_TOP,
					   .json = o->format->open == json_open };

	return summary_run(&o->common, &request);
}

/* `-E`: TCP where nothing else is named. */
static enum result follow_events(const struct list_options *o)
{
	struct listing listing = make_listing(o);

	listing.plan.selection.netids &= EVENT_NETIDS;
	listing.plan.selection.states = STATES_ALL;
	if (choose_columns(o, &listing.columns))
		return RESULT_USAGE;
	return listing_run(&listing);
}

static enum result list_sockets(const struct list_options *o)
{
	struct listing listing = make_listing(o);

	if (conflicts_check(o))
		return RESULT_USAGE;
	if (o->common.plan.events)
		return follow_events(o);
	if (o->summary)
		return summarize(o);
	if (o->record)
		return record_sockets(o);
	if (choose_columns(o, &listing.columns))
		return RESULT_USAGE;
	listing.plan.needs |= named_needs(o, &listing.columns);
	return listing_run(&listing);
}

static enum result list_run(int argc, char **argv)
{
	size_t n;
	struct list_options o = { .format = writer_formats(&n) };
	enum result result;
	int rest, err;

	err = common_parse(&table, &o.common, "", argc, argv, &rest);
	if (err)
		return common_refusal(err);
	if (o.common.help)
		return print_help();
	if (o.common.version)
		return common_version();
	if (o.columns && strcmp(o.columns, "help") == 0 && rest == argc)
		return print_columns();
	if (o.summary)
		summary_select(&o.common);
	err = common_filter(&o.common, argc, argv, rest);
	if (err)
		result = common_refusal(err);
	else
		result = o.common.explain_filter ? common_explain_filter(&o.common)
						 : list_sockets(&o);
	common_free(&o.common);
	return result;
}

const struct command command_list = {
	.name = "list",
	.summary = "sockets, one a row",
	.run = list_run,
	.options = &table,
};
