/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabularies: which words an option's argument may be, found by the name that the argument
 * has in the option tables (`WHEN` in --color[=WHEN]). Parsing, messages and completion share
 * them, so an option that reuses a name is completed without more.
 */
#ifndef LINGERSTAT_CMD_VOCABULARY_H
#define LINGERSTAT_CMD_VOCABULARY_H

#include "base/wordlist.h"

/* The words of an argument's name, in brackets or not; NULL for a name that has no row. */
const struct word_list *vocabulary_find(const char *argument);

/* The i-th row's name and words; NULL behind the last. */
const char *vocabulary_at(size_t i, const struct word_list **words);

/* Finds a word, in any case, among an argument's. Returns 0 with its index, or -EINVAL after a
 * message that names the option, the nearest word and all of them. */
int vocabulary_pick(const char *option, const char *argument, const char *word, size_t *index);

#endif
