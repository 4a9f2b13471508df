/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/message.h"
#include "cmd/list.h"
#include "plan/needs.h"
#include "source/events.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An option that makes or shapes rows, NULL when there is none. */
static const char *row_option(const struct list_options *o)
{
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{ o->columns, "--columns" },     { o->sort, "--sort" },
		{ o->record, "--diag" },         { o->all_holders, "--processes" },
		{ o->no_header, "--no-header" }, { o->added_count, "one of -i, -m and -o" },
		{ o->oneline, "--oneline" },     { o->no_queues, "--no-queues" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given)
			return options[i].name;
	return NULL;
}

static int check_summary(const struct list_options *o)
{
	const char *option = row_option(o);

	if (!o->summary)
		return 0;
	if (option) {
		message("-s: counts have no rows, so it does not go with %s", option);
		return -EINVAL;
	}
	if (o->format->open == table_open || o->format->open == json_open)
		return 0;
	message("-s: counts are text or JSON; '--format=%s' is for rows", o->format->name);
	return -EINVAL;
}

/* Details may be asked for: ss users type `-i` beside `-D`, and a recording has them. */
static int check_recording(const struct list_options *o)
{
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{ o->columns, "--columns" },
		{ o->sort, "--sort" },
		{ o->all_holders, "--processes" },
		{ o->format->open != table_open, "--json and --format" },
	};

	if (!o->record)
		return 0;
	if (o->common.netids & ~NETID_BIT(NETID_TCP)) {
		message("-D: a recording holds TCP sockets only; leave other kinds out");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!options[i].given)
			continue;
		message("-D: a recording has no rows, so it does not go with %s; give that to "
			"--read",
			options[i].name);
		return -EINVAL;
	}
	return 0;
}

/* What a filter may ask of a destroyed socket. */
#define EVENT_FILTER_NEEDS (NEED_TCP_INFO | NEED_LINKS | NEED_NAMING | NEED_ONE_NETNS)

static bool has_context(const struct list_options *o)
{
	for (size_t i = 0; i < o->added_count; i++)
		if (o->added[i]->needs & NEED_CONTEXT)
			return true;
	return false;
}

/* What was asked for and does not go with events: an option's name and why, NULL: nothing. */
static const char *no_event(const struct list_options *o)
{
	const struct common_options *c = &o->common;
	uint32_t states;
	const struct {
		bool given;
		const char *why;
	} rows[] = {
		{ c->plan.read, "--read: a recording has none" },
		{ o->record, "--diag: only a dump can be recorded" },
		{ c->plan.all_netns, "--all-netns: events come from one namespace; name it with "
				     "--net" },
		{ o->sort, "--sort: they come without end" },
		{ o->summary, "--summary: they come without end" },
		{ o->format->open == json_open, "--json: a document ends; take --format=ndjson" },
		{ c->least_risk > RISK_NONE, "--risk: what is destroyed runs none" },
		{ c->listening || c->bound_inactive, "-l and -B: a destroyed socket has no state" },
		{ filter_states(c->filter, &states), "'state': a destroyed socket has none" },
		{ filter_needs(c->filter) & ~EVENT_FILTER_NEEDS,
		  "a filter for holders, linger, risk, mark or cgroup: they are gone by then" },
		{ o->all_holders || o->threads, "-p and -T: a destroyed socket has no holder" },
		{ c->plan.proc && !c->net_word, "--proc: a destroyed socket has no holder" },
		{ common_reads_linger(c), "--linger: a destroyed socket has none to read" },
		{ has_context(o), "-Z and -z: a destroyed socket has no holder" },
		{ c->netids & ~EVENT_NETIDS, "kinds other than TCP and UDP: the kernel tells of "
					     "no others" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			return rows[i].why;
	return NULL;
}

static int check_events(const struct list_options *o)
{
	const char *why;

	if (!o->common.plan.events) {
		if (o->count)
			message("--count is for --events");
		return o->count ? -EINVAL : 0;
	}
	why = no_event(o);
	if (why)
		message("--events does not go with %s", why);
	return why ? -EINVAL : 0;
}

/* CSV and ndjson have one line a socket, as -O wants it. */
static int check_table(const struct list_options *o)
{
	bool document = o->format->open == json_open;

	if (o->no_header && (document || o->format->open == ndjson_open)) {
		message("-H: JSON has no line of column names; leave it out");
		return -EINVAL;
	}
	if (o->oneline && document) {
		message("-O: --json is one document; --format=ndjson has one line a socket");
		return -EINVAL;
	}
	return 0;
}

int conflicts_check(const struct list_options *options)
{
	static int (*const checks[])(const struct list_options *) = {
		check_events,
		check_summary,
		check_recording,
		check_table,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](options))
			return -EINVAL;
	return 0;
}
