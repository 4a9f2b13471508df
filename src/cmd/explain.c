/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `explain`: what close() would do to each socket, why, and what to do about it; or what one
 * reason word means.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/listing.h"
#include "present/explain.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct explain_options {
	struct common_options common;
	bool json;
};

static int opt_json(void *options, const char *value)
{
	(void)value;
	((struct explain_options *)options)->json = true;
	return 0;
}

static const struct option_row rows[] = {
	{ "json", 'j', NULL, "the same as data", opt_json },
};

static const struct option_group own = { rows, ARRAY_SIZE(rows) };
static const struct option_table table = { "lingerstat explain", { &own, &common_group } };

static enum result print_help(void)
{
	fputs("lingerstat explain says what close() would do to each socket now, why, how sure\n"
	      "that is, and what to change in the program.\n"
	      "\n"
	      "Examples:\n"
	      "  sudo lingerstat explain --risk       what is likely to lose data\n"
	      "  sudo lingerstat explain -l           listeners: who waits, can it restart\n"
	      "  lingerstat explain zero-linger       what that reason word means\n"
	      "\n"
	      "Usage: lingerstat explain [OPTION]... [FILTER]\n"
	      "       lingerstat explain REASON\n"
	      "\n",
	      stdout);
	options_help(&table);
	fputs("\nReasons:\n", stdout);
	for (int i = 0; i < REASON_COUNT; i++)
		printf("  %s%s", reason_name((enum reason)i),
		       i % 4 == 3 || i + 1 == REASON_COUNT ? "\n" : "");
	return RESULT_DONE;
}

/* REASON_COUNT when the word is none. */
static enum reason find_reason(const char *word)
{
	int i = 0;

	while (i < REASON_COUNT && strcmp(word, reason_name((enum reason)i)) != 0)
		i++;
	return (enum reason)i;
}

/* A reason word is not a selection: options that select sockets would be ignored. */
static bool selects_sockets(const struct common_options *o)
{
	return o->netids || o->all || o->listening || o->bound_inactive || o->ipv4 || o->ipv6 ||
	       o->numeric || o->resolve || o->least_risk != RISK_NONE || o->plan.read ||
	       o->explain_filter || o->filter_file || *o->net || o->plan.linger != LINGER_MODE_AUTO;
}

static enum result explain_word(const struct explain_options *o, const char *word)
{
	enum reason reason = find_reason(word);
	const char *names[REASON_COUNT];
	struct outbuf out;
	const char *near;

	if (reason == REASON_COUNT) {
		for (int i = 0; i < REASON_COUNT; i++)
			names[i] = reason_name((enum reason)i);
		near = nearest_word(word, names, REASON_COUNT, sizeof(*names));
		if (near)
			message("explain: unknown reason '%s'; did you mean '%s'?", word, near);
		else
			message("explain: '%s' is no reason; 'lingerstat explain --help' lists "
				"them",
				word);
		return RESULT_USAGE;
	}
	if (selects_sockets(&o->common)) {
		message("explain: the reason word '%s' goes with -j only; it selects no sockets",
			word);
		return RESULT_USAGE;
	}
	if (outbuf_open(&out, STDOUT_FILENO) < 0)
		return RESULT_FAILED;
	if (o->json)
		explain_reason_json(&out, reason);
	else
		explain_reason(&out, reason);
	return close_output(&out, NULL) ? RESULT_FAILED : RESULT_DONE;
}

/* Everything the sentences are made of; the JSON document is whole. */
static int choose_columns(const struct explain_options *o, struct column_list *list)
{
	char bad[32];

	if (!o->json)
		return column_list_parse(list, "local,peer,risk,reasons,process", bad, sizeof(bad));
	column_list_all(list);
	return 0;
}

static enum result explain_sockets(const struct explain_options *o)
{
	static const struct writer_format text = { "text", explain_open };
	static const struct writer_format json = { "json", json_open };
	struct listing listing = {
		.plan = o->common.plan,
		.format = o->json ? &json : &text,
		.least_risk = o->common.least_risk,
		.color = o->common.color,
		.numeric = o->common.numeric,
		.resolve = o->common.resolve,
		.explain = true,
	};

	if (choose_columns(o, &listing.columns))
		return RESULT_FAILED;
	return listing_run(&listing);
}

/* One word alone is a reason, unless it can only be a filter (`recvq>0`, `autobound`). */
static bool is_filter(const char *word)
{
	struct filter_error error;
	struct filter *filter;
	bool parses;

	if (find_reason(word) != REASON_COUNT)
		return false;
	parses = filter_parse(&filter, word, &error) == 0 && filter;
	if (parses)
		filter_free(filter);
	return parses || strpbrk(word, " ()!=<>");
}

static const char *reason_at(size_t i)
{
	return i < REASON_COUNT ? reason_name((enum reason)i) : NULL;
}

static const char *reason_help_at(size_t i)
{
	return reason_help((enum reason)i);
}

static const struct word_list reasons = { WORDS_FIXED, false, "", reason_at, reason_help_at };

static enum result explain_run(int argc, char **argv)
{
	struct explain_options o = { 0 };
	enum result result;
	int rest, err;

	err = common_parse(&table, &o.common, "explain", argc, argv, &rest);
	if (err)
		return common_refusal(err);
	if (o.common.help)
		return print_help();
	if (o.common.version)
		return common_version();
	if (rest + 1 == argc && !is_filter(argv[rest]))
		return explain_word(&o, argv[rest]);
	err = common_filter(&o.common, argc, argv, rest);
	if (err)
		result = common_refusal(err);
	else
		result = o.common.explain_filter ? common_explain_filter(&o.common)
						 : explain_sockets(&o);
	common_free(&o.common);
	return result;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "what close() would do to each, why, and what to do about it",
	.run = explain_run,
	.options = &table,
	.words = &reasons,
};
