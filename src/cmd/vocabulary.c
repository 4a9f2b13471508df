/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/vocabulary.h"

#include <errno.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/families.h"
#include "model/words.h"
#include "present/column.h"
#include "present/summary.h"
#include "present/writer.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX     64

static const char *column_at(size_t i)
{
	size_t n;
	const struct column *columns = column_table(&n);

	return i < n ? columns[i].name : NULL;
}

static const char *column_help_at(size_t i)
{
	size_t n;

	return column_table(&n)[i].help;
}

/* -C also takes `help`. */
static const char *column_or_help_at(size_t i)
{
	size_t n;

	column_table(&n);
	return i == n ? "help" : column_at(i);
}

static const char *column_or_help_help_at(size_t i)
{
	size_t n;

	column_table(&n);
	return i == n ? "name all columns" : column_help_at(i);
}

static const char *format_at(size_t i)
{
	size_t n;
	const struct writer_format *formats = writer_formats(&n);

	return i < n ? formats[i].name : NULL;
}

static const char *risk_at(size_t i)
{
	return i < RISK_COUNT ? risk_words()[i] : NULL;
}

/* In the order of enum color_mode. */
static const char *when_at(size_t i)
{
	static const char *const words[] = { "auto", "always", "never" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

/* In the order of enum linger_mode. */
static const char *how_at(size_t i)
{
	static const char *const words[] = { "auto", "bpf", "getfd", "none" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *key_at(size_t i)
{
	size_t n;
	const struct group_by *keys = group_table(&n);

	return i < n ? keys[i].name : NULL;
}

static const char *key_help_at(size_t i)
{
	size_t n;

	return group_table(&n)[i].help;
}

/* What metrics can be told apart by besides. */
static const char *label_at(size_t i)
{
	return i == 0 ? group_by_lasting.name : NULL;
}

static const char *label_help_at(size_t i)
{
	(void)i;
	return group_by_lasting.help;
}

static const char *section_at(size_t i)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);

	return i < n ? sections[i].name : i == n ? "help" : NULL;
}

static const char *section_help_at(size_t i)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);

	return i < n ? sections[i].help : "name all sections";
}

static const struct vocabulary {
	const char *argument;
	struct word_list words;
} vocabularies[] = {
	{ "LIST", { WORDS_FIXED, true, "+", column_or_help_at, column_or_help_help_at } },
	{ "COLUMN", { WORDS_FIXED, false, "-", column_at, column_help_at } },
	{ "FORMAT", { WORDS_FIXED, false, "", format_at, NULL } },
	{ "LEVEL", { WORDS_FIXED, false, "", risk_at, NULL } },
	{ "WHEN", { WORDS_FIXED, false, "", when_at, NULL } },
	{ "KEY", { WORDS_FIXED, false, "", key_at, key_help_at } },
	{ "LABEL", { WORDS_FIXED, false, "", label_at, label_help_at } },
	{ "SECTIONS", { WORDS_FIXED, true, "", section_at, section_help_at } },
	{ "N", { WORDS_FREE, false, "", NULL, NULL } },
	{ "HOW", { WORDS_FIXED, false, "", how_at, NULL } },
	{ "KINDS", { WORDS_FIXED, true, "!", families_query_word, NULL } },
	{ "FAMILY", { WORDS_FIXED, false, "", families_family_word, NULL } },
	{ "NAME=RANGE", { WORDS_FREE, false, "", NULL, NULL } },
	{ "SECONDS", { WORDS_FREE, false, "", NULL, NULL } },
	{ "DIR", { WORDS_FILE, false, "", NULL, NULL } },
	{ "FILE", { WORDS_FILE, false, "", NULL, NULL } },
	{ "NETNS", { WORDS_NETNS, false, "", NULL, NULL } },
};

const char *vocabulary_at(size_t i, const struct word_list **words)
{
	if (i >= ARRAY_SIZE(vocabularies))
		return NULL;
	*words = &vocabularies[i].words;
	return vocabularies[i].argument;
}

const struct word_list *vocabulary_find(const char *argument)
{
	size_t len = strcspn(argument += *argument == '[', "]");

	for (size_t i = 0; i < ARRAY_SIZE(vocabularies); i++)
		if (strncmp(vocabularies[i].argument, argument, len) == 0 &&
		    !vocabularies[i].argument[len])
			return &vocabularies[i].words;
	return NULL;
}

int vocabulary_pick(const char *option, const char *argument, const char *word, size_t *index)
{
	const struct word_list *list = vocabulary_find(argument);
	const char *names[WORDS_MAX];
	size_t n = 0;

	if (!list || !list->word)
		return -EINVAL;
	for (; n < WORDS_MAX && list->word(n); n++)
		names[n] = list->word(n);
	return common_pick(option, word, names, n, sizeof(*names), index);
}
