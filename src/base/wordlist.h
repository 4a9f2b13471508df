/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word list: what may stand in one place of the command line, as its table has it. Messages
 * suggest from it, and the shells' completion is made of it.
 */
#ifndef LINGERSTAT_BASE_WORDLIST_H
#define LINGERSTAT_BASE_WORDLIST_H

#include <stdbool.h>
#include <stddef.h>

/* Who knows the words. */
enum word_source {
	WORDS_NONE,   /* there is no word to give */
	WORDS_FREE,   /* nobody: a number, a name of the user's own */
	WORDS_FIXED,  /* the list itself */
	WORDS_FILE,   /* the file system */
	WORDS_NETNS,  /* the names of network namespaces */
	WORDS_DEVICE, /* the network devices */
	WORDS_USER,   /* the users of the machine */
};

struct word_list {
	enum word_source source;
	bool many;          /* several, with commas between them */
	const char *prefix; /* a character that may stand before the first, or "" */
	/* For WORDS_FIXED: the i-th word, NULL behind the last; and what it means, or NULL. */
	const char *(*word)(size_t i);
	const char *(*help)(size_t i);
};

#endif
