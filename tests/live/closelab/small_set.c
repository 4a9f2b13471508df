/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small_set.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- the rules ---- */

static bool is_over(const struct scenario *s)
{
	return s->state == TIME_WAIT;
}

static bool is_orphan(const struct scenario *s)
{
	return s->state == ORPHAN;
}

static bool is_unaccepted(const struct scenario *s)
{
	return s->state == UNACCEPTED;
}

static bool is_listener(const struct scenario *s)
{
	return s->state == LISTEN;
}

static bool is_unconnected(const struct scenario *s)
{
	return s->state == SYN_SENT;
}

static bool is_in_repair(const struct scenario *s)
{
	return s->option == REPAIR;
}

static bool has_unread(const struct scenario *s)
{
	return lab_recv_bytes(s->recv) > 0;
}

static bool has_zero_linger(const struct scenario *s)
{
	return s->linger == L0;
}

static bool has_negative_linger2(const struct scenario *s)
{
	return s->state == FW2 && s->option == LINGER2;
}

static bool always(const struct scenario *s)
{
	(void)s;
	return true;
}

/* In the order of tcp_rules in src/judge/rules.c, less those of MPTCP and of unknown states. */
static const struct {
	const char *name;
	bool (*decides)(const struct scenario *s);
} rules[] = {
	{ "nothing to close", is_over },
	{ "already closed", is_orphan },
	{ "dies with its listener", is_unaccepted },
	{ "listener", is_listener },
	{ "unconnected", is_unconnected },
	{ "repair", is_in_repair },
	{ "unread data", has_unread },
	{ "zero linger", has_zero_linger },
	{ "negative linger2", has_negative_linger2 },
	{ "orderly", always },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

static size_t rule_of(const struct scenario *s)
{
	size_t rule = 0;

	while (!rules[rule].decides(s))
		rule++;
	return rule;
}

/* ---- the columns ---- */

/* A column whose values are numbers from 0 to below 64. */
struct column {
	const char *name;
	unsigned (*value)(const struct scenario *s);
};

#define COLUMN(field)                                        \
	static unsigned field##_of(const struct scenario *s) \
	{                                                    \
		return s->field;                             \
	}

COLUMN(state)
COLUMN(linger)
COLUMN(send)
COLUMN(recv)
COLUMN(refs)
COLUMN(action)
COLUMN(family)
COLUMN(nonblock)
COLUMN(option)
COLUMN(event)

static const struct column columns[] = {
	{ "state", state_of },        { "linger", linger_of },       { "send queue", send_of },
	{ "receive queue", recv_of }, { "references", refs_of },     { "action", action_of },
	{ "family", family_of },      { "O_NONBLOCK", nonblock_of }, { "option", option_of },
	{ "event", event_of },
};

/* ---- what is lacking ---- */

struct report {
	char *text;
	size_t size;
	int count;
};

static void __attribute__((format(printf, 2, 3)))
say(struct report *report, const char *format, ...)
{
	size_t used = strlen(report->text);
	va_list list;

	report->count++;
	va_start(list, format);
	vsnprintf(report->text + used, report->size - used, format, list);
	va_end(list);
}

static void compare_rules(struct report *report)
{
	bool small[RULES][LAB_OUTCOMES] = { { false } };
	const struct scenario *s;
	bool *has;

	for (s = scenarios; s < scenarios + scenario_count; s++)
		small[rule_of(s)][s->wants] |= s->smoke;
	for (s = scenarios; s < scenarios + scenario_count; s++) {
		has = &small[rule_of(s)][s->wants];
		if (!*has)
			say(report, "rule: %s, outcome %s\n", rules[rule_of(s)].name,
			    lab_outcome_word(s->wants));
		*has = true;
	}
}

static void compare_column(struct report *report, const struct column *column)
{
	const struct scenario *s;
	uint64_t small = 0;
	uint64_t value;
	char name[160];

	for (s = scenarios; s < scenarios + scenario_count; s++)
		small |= s->smoke ? UINT64_C(1) << column->value(s) : 0;
	for (s = scenarios; s < scenarios + scenario_count; s++) {
		value = UINT64_C(1) << column->value(s);
		scenario_name(s, name, sizeof(name));
		if (!(small & value))
			say(report, "%s: as in %s\n", column->name, name);
		small |= value;
	}
}

static bool has_word(const char *words, const char *word)
{
	char whole[48];

	snprintf(whole, sizeof(whole), " %s ", word);
	return strstr(words, whole) != NULL;
}

static void add_word(char *words, size_t size, const char *word)
{
	size_t used = strlen(words);

	if (!has_word(words, word))
		snprintf(words + used, size - used, " %s ", word);
}

static bool hangs_on_time(const char *word)
{
	return has_word(" zero-window  retransmitting  no-progress  orphan-limit ", word);
}

void small_set_note(struct reason_words *words, const struct scenario *s, const struct forecast *f)
{
	char reasons[sizeof(f->reasons)];
	char *rest;

	memcpy(reasons, f->reasons, sizeof(reasons));
	for (char *word = strtok_r(reasons, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (hangs_on_time(word))
			continue;
		add_word(words->of_all, sizeof(words->of_all), word);
		if (s->smoke)
			add_word(words->of_small, sizeof(words->of_small), word);
	}
}

int small_set_lacks(const struct reason_words *words, char *text, size_t size)
{
	struct report report = { .text = text, .size = size };
	char reasons[sizeof(words->of_all)];
	char *rest;

	text[0] = '\0';
	compare_rules(&report);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		compare_column(&report, &columns[i]);
	memcpy(reasons, words->of_all, sizeof(reasons));
	for (char *word = strtok_r(reasons, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (!has_word(words->of_small, word))
			say(&report, "reason: %s\n", word);
	return report.count;
}
