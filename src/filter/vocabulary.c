/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter's words, for completion: the predicates, and what may stand behind each.
 */
#include "filter/tree.h"
#include "filter/values.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *risk_at(size_t i)
{
	return i < RISK_COUNT ? risk_name((enum risk)i) : NULL;
}

static const char *reason_at(size_t i)
{
	return i < REASON_COUNT ? reason_name((enum reason)i) : NULL;
}

static const char *reason_help_at(size_t i)
{
	return reason_help((enum reason)i);
}

/* By what reads the value, so that a new predicate with known values needs no row. */
static const struct {
	value_reader read;
	struct word_list words;
} lists[] = {
	{ value_states, { WORDS_FIXED, false, "", value_state_word, NULL } },
	{ value_risk, { WORDS_FIXED, false, "", risk_at, NULL } },
	{ value_reason, { WORDS_FIXED, false, "", reason_at, reason_help_at } },
	{ value_netid, { WORDS_FIXED, false, "", value_netid_word, NULL } },
	{ value_linger, { WORDS_FIXED, false, "", value_linger_word, NULL } },
	{ value_restart, { WORDS_FIXED, false, "", value_restart_word, NULL } },
	{ value_device, { WORDS_DEVICE, false, "", NULL, NULL } },
	{ value_user, { WORDS_USER, false, "", NULL, NULL } },
	{ value_cgroup, { WORDS_FILE, false, "", NULL, NULL } },
};

const char *filter_predicate_word(size_t i, struct word_list *values)
{
	const struct predicate *p = predicate_at(i);

	*values = (struct word_list){ .source = WORDS_FREE, .prefix = "" };
	if (p && p->flag)
		values->source = WORDS_NONE;
	for (size_t k = 0; p && k < ARRAY_SIZE(lists); k++)
		if (lists[k].read == p->read)
			*values = lists[k].words;
	return p ? p->word : NULL;
}

const char *filter_joining_word(size_t i)
{
	static const char *const words[] = { "and", "or", "not" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}
