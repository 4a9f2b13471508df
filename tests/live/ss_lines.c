/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "ss_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MAX_WORDS 32

static bool one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static void add(struct ss_line *line, const char *name, const char *text)
{
	if (line->count < SS_WORDS)
		line->words[line->count++] = (struct ss_word){ name, text };
}

/* The next word of *rest, which is moved behind it; NULL at the end. */
static char *next_word(char **rest)
{
	char *word = NULL;

	while (*rest && (word = strsep(rest, " \t")) && !*word)
		word = NULL;
	return word;
}

/* All that is left, without the spaces behind it; nothing where nothing is. */
static void add_numbers(struct ss_line *line, const char *name, char **rest)
{
	char *text = *rest;
	size_t length = text ? strlen(text) : 0;

	*rest = NULL;
	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
	if (length)
		add(line, name, text);
}

/* Words behind the addresses: NAME:TEXT, `NAME TEXT`, or NAME. */
static void add_detail(struct ss_line *line, char *word, char **rest)
{
	static const char *const arrows[] = { "<->", "-->", "<--", "---" };
	static const char *const flags[] = { "ts",       "sack",        "ecn",  "ecnseen",
					     "fastopen", "app_limited", "bidir" };
	static const char *const pairs[] = { "send", "pacing_rate", "delivery_rate" };
	char *colon = strchr(word, ':');

	if (one_of(word, arrows, COUNT(arrows)))
		return add(line, "shutdown", word);
	if (one_of(word, pairs, COUNT(pairs)))
		return add(line, word, next_word(rest));
	if (strcmp(word, "peers:") == 0)
		return add_numbers(line, "pending", rest);
	if (!colon)
		return add(line, one_of(word, flags, COUNT(flags)) ? word : "congestion", word);
	*colon = '\0';
	add(line, word, colon + 1);
}

static void add_first(struct ss_line *line, char **rest)
{
	static const char *const names[] = { "netid", "state", "recv-q", "send-q" };

	for (size_t i = 0; i < COUNT(names); i++)
		add(line, names[i], next_word(rest));
}

static int take_inet(struct ss_line *line, char *rest)
{
	const char *cookie;
	char *word;

	add_first(line, &rest);
	add(line, "local", next_word(&rest));
	add(line, "peer", next_word(&rest));
	while ((word = next_word(&rest)))
		add_detail(line, word, &rest);
	cookie = ss_line_text(line, "sk");
	return cookie && asprintf(&line->key, "sk:%s", cookie) > 0 ? 0 : -EPROTO;
}

/* Cuts the last word off. */
static char *last_word(char *text)
{
	size_t length = strlen(text);
	char *space;

	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
	space = strrchr(text, ' ');
	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

/* Where the details of a unix socket begin. A name may have spaces, so this is no count of words;
 * no name of the zoo has these in it. */
static char *unix_details(char *text)
{
	static const char *const starts[] = { " users:((", " skmem:(", " <->",
					      " -->",      " <--",     " ---" };
	char *first = NULL;

	for (size_t i = 0; i < COUNT(starts); i++) {
		char *at = strstr(text, starts[i]);

		if (at && (!first || at < first))
			first = at;
	}
	return first;
}

/* NAME INODE * PEER-INODE, and the details. */
static int take_unix(struct ss_line *line, char *rest)
{
	char *details, *inode, *word;

	add_first(line, &rest);
	details = rest ? unix_details(rest) : NULL;
	if (!details)
		return -EPROTO;
	*details++ = '\0';
	add(line, "peer-inode", last_word(rest));
	add(line, "peer", last_word(rest));
	inode = last_word(rest);
	add(line, "local", rest + strspn(rest, " "));
	while ((word = next_word(&details)))
		add_detail(line, word, &details);
	/* The path's inode has the name that the socket's has elsewhere. */
	for (size_t i = 0; i < line->count; i++)
		if (strcmp(line->words[i].name, "ino") == 0)
			line->words[i].name = "path-inode";
	return inode && asprintf(&line->key, "ino:%s", inode) > 0 ? 0 : -EPROTO;
}

static int take_line(struct ss_lines *lines, char *text)
{
	struct ss_line *larger = realloc(lines->lines, (lines->count + 1) * sizeof(*larger));
	struct ss_line *line;
	int err;

	if (!larger)
		return -ENOMEM;
	lines->lines = larger;
	line = &larger[lines->count];
	*line = (struct ss_line){ 0 };
	err = strncmp(text, "u_", 2) == 0 ? take_unix(line, text) : take_inet(line, text);
	if (err)
		lines->strange++;
	else
		lines->count++;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct ss_line *x = a, *y = b;

	return strcmp(x->key, y->key);
}

int ss_lines_read(struct ss_lines *lines, const char *options)
{
	const char *words[MAX_WORDS] = { "ss", "-H", "-O", "-e" };
	char *copy = strdup(options), *rest = copy;
	struct tool_run run;
	size_t n = 4;
	int err;

	*lines = (struct ss_lines){ 0 };
	while (n < MAX_WORDS - 1 && (words[n] = next_word(&rest)))
		n++;
	err = tool_run(&run, words);
	if (!err && (run.status != 0 || *run.errors)) {
		printf("# ss %s: status %d, %.200s\n", options, run.status, run.errors);
		err = -EIO;
	}
	free(copy);
	lines->text = run.output;
	run.output = NULL;
	tool_free(&run);
	rest = lines->text;
	for (char *line; !err && rest && (line = strsep(&rest, "\n"));)
		if (*line)
			err = take_line(lines, line);
	if (lines->count)
		qsort(lines->lines, lines->count, sizeof(*lines->lines), by_key);
	return err;
}

void ss_lines_free(struct ss_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->lines[i].key);
	free(lines->lines);
	free(lines->text);
	*lines = (struct ss_lines){ 0 };
}

const struct ss_line *ss_line_find(const struct ss_lines *lines, const char *key)
{
	struct ss_line wanted = { .key = (char *)key };

	if (!lines->count)
		return NULL;
	return bsearch(&wanted, lines->lines, lines->count, sizeof(wanted), by_key);
}

const char *ss_line_text(const struct ss_line *line, const char *name)
{
	for (size_t i = 0; i < line->count; i++)
		if (strcmp(line->words[i].name, name) == 0)
			return line->words[i].text;
	return NULL;
}
