/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter of a command line: its words and its file become one filter, which goes into the
 * plan; and what is wrong with them is shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "base/nearest.h"
#include "cmd/common.h"
#include "cmd/filterfile.h"
#include "enrich/netns.h"
#include "model/words.h"
#include "plan/needs.h"

/* Joins the words of the filter; the same line is shown again when something is wrong in it. */
static char *join_words(int argc, char **argv, int first)
{
	size_t size = 1;
	char *text, *end;

	for (int i = first; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = end = calloc(1, size);
	for (int i = first; text && i < argc; i++) {
		if (i > first)
			*end++ = ' ';
		end = stpcpy(end, argv[i]);
	}
	return text;
}

/* A single wrong word may be a mistyped command. */
static const char *nearest_command(const char *word)
{
	unsigned int n;
	const struct command *const *commands = command_table(&n);
	const char *near = NULL;

	for (unsigned int i = 0; i < n && !near; i++)
		near = nearest_word(word, &commands[i]->name, 1, sizeof(char *));
	return near && strcmp(near, word) != 0 ? near : NULL;
}

/* So much of a long expression is shown on either side of a mistake. */
#define EXCERPT 60

static bool inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void show_mistake(const char *text, const struct filter_error *error)
{
	const char *at = text + error->column;
	const char *from = error->column > EXCERPT ? at - EXCERPT : text;
	size_t behind = strlen(at);

	while (from > text && from < at && inside_character(*from))
		from++;
	if (behind > EXCERPT)
		for (behind = EXCERPT; behind && inside_character(at[behind]);)
			behind--;
	message("filter, column %zu: %s  (%s%.*s>>%.*s%s)", error->column + 1, error->text,
		from > text ? "..." : "", (int)(at - from), from, (int)behind, at,
		at[behind] ? "..." : "");
}

/* A value that stands apart from its option (--risk certain), the name of an option without its
 * hyphens, or a state without its predicate. */
static void suggest(const struct common_options *o, const char *word, struct filter_error *error)
{
	const char *option = options_taking(o->table, word);
	size_t used = strlen(error->text), room = sizeof(error->text) - used;

	if (option)
		snprintf(error->text + used, room, "; did you mean '--%s=%s'?", option, word);
	else if (options_find(o->table, word))
		snprintf(error->text + used, room, "; did you mean '--%s'?", word);
	else if (state_from_word(word) != STATE_UNKNOWN)
		snprintf(error->text + used, room, "; did you mean 'state %s'?", word);
}

static void bad_filter(const struct common_options *o, const char *text, struct filter_error *error,
		       bool first_word)
{
	const char *near = first_word && error->column == 0 ? nearest_command(text) : NULL;
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text + error->column, " \t\n!&|()=<>"),
		 text + error->column);
	if (near && !strchr(text, ' ')) {
		message("'%s' is neither a command nor a filter; did you mean '%s'?", text, near);
	} else if (error->stray && command_find(word)) {
		message("'%s' is a command, which stands in front of all options: 'lingerstat %s'",
			word, word);
	} else {
		if (error->stray && !strstr(error->text, "did you mean"))
			suggest(o, word, error);
		show_mistake(text, error);
	}
}

/* The states of the filter replace those of the options, as in ss. */
static void apply_filter(struct common_options *o)
{
	struct selection *sel = &o->plan.selection;

	filter_states(o->filter, &sel->states);
	o->plan.named_bound = sel->states == STATE_BIT(STATE_BOUND_INACTIVE);
	o->plan.filter = o->filter;
	o->plan.needs |= filter_needs(o->filter);
	/* The kernel filters dumps alone. */
	if (o->plan.read || o->plan.events)
		return;
	sel->bytecode_len = filter_bytecode(o->filter, o->bytecode, sizeof(o->bytecode));
	sel->bytecode = sel->bytecode_len ? o->bytecode : NULL;
}

/* Before the filter is read, whose devices are those of the namespace. That it failed is told
 * here, once, and ends the run when it is opened. */
static void enter_namespace(struct common_options *o)
{
	int err = *o->net ? netns_enter(o->net) : 0;

	o->plan.netns_error = err;
	if ((err == -EPERM || err == -EACCES) && geteuid() != 0)
		message("--net: this user cannot enter '%s'; root can: sudo %s", o->net,
			o->plan.command_line);
	else if (err == -EINVAL)
		message("--net: '%s' is no network namespace", o->net);
	else if (err)
		message("--net: cannot enter '%s': %s", o->net, strerror(-err));
}

/* The words of the command line as a filter: NULL when there are none. */
static int parse_words(struct common_options *o, int argc, char **argv, int first)
{
	struct filter_error error = { 0 };
	char *text = join_words(argc, argv, first);
	int err = text ? filter_parse(&o->filter, text, &error) : -ENOMEM;

	if (err == -EINVAL)
		bad_filter(o, text, &error, first == 1);
	else if (err)
		message("%s", strerror(-err));
	free(text);
	return err;
}

static int add_filter_file(struct common_options *o)
{
	struct filter *filter;
	int err;

	if (!o->filter_file)
		return 0;
	if (o->plan.read && strcmp(o->plan.read, "-") == 0 && strcmp(o->filter_file, "-") == 0) {
		message("--filter and --read: only one of them can be standard input");
		return -EINVAL;
	}
	err = filterfile_read(&filter, o->filter_file);
	if (err)
		return err;
	err = filter_both(&o->filter, filter);
	if (err)
		message("%s", strerror(-err));
	return err;
}

int common_filter(struct common_options *o, int argc, char **argv, int first)
{
	const char *word;
	int err;

	enter_namespace(o);
	if (o->plan.netns_error)
		return 0;
	err = parse_words(o, argc, argv, first);
	if (!err)
		err = add_filter_file(o);
	if (err)
		return err;
	apply_filter(o);
	if (o->plan.all_netns && o->plan.needs & NEED_ONE_NETNS) {
		message("--all-netns: 'dev' names a device of one namespace; name that with --net");
		return -EINVAL;
	}
	word = filter_undecidable(o->filter);
	if (!word)
		return 0;
	message("filter: '%s' is for the kernel alone to decide, so it cannot stand under 'or' or "
		"'not' with words that the kernel does not know, nor be asked of a recording",
		word);
	return -EINVAL;
}

enum result common_explain_filter(const struct common_options *o)
{
	struct outbuf out;
	int err;

	if (o->plan.netns_error)
		return RESULT_FAILED;
	err = outbuf_open(&out, STDOUT_FILENO);
	if (!err)
		filter_explain(o->filter, &out);
	err = outbuf_close(&out);
	if (err)
		message("cannot write to standard output: %s", strerror(-err));
	return err ? RESULT_FAILED : RESULT_DONE;
}
