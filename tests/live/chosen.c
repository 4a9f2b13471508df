/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "chosen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "tool.h"

#define MAX_WORDS 64

static void add_key(struct chosen *c, char *key)
{
	char **larger = realloc(c->keys, (c->count + 1) * sizeof(*larger));

	if (!larger || !key)
		abort();
	c->keys = larger;
	c->keys[c->count++] = key;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Splits at spaces; the words point into `text`. */
static size_t split(char *text, const char *words[], size_t n)
{
	for (char *rest = text, *word; n < MAX_WORDS - 1 && (word = strsep(&rest, " "));)
		if (*word)
			words[n++] = word;
	words[n] = NULL;
	return n;
}

static char *key_of_row(const json_t *row)
{
	const char *cookie = json_string_value(row_get(row, "cookie"));
	const char *netid = json_string_value(row_get(row, "netid"));
	char *key = NULL;
	int n;

	if (netid && strncmp(netid, "u_", 2) == 0)
		n = asprintf(&key, "ino:%lld",
			     (long long)json_integer_value(row_get(row, "inode")));
	else
		n = asprintf(&key, "sk:%s", cookie ? cookie : "?");
	return n < 0 ? NULL : key;
}

int chosen_by_tool(struct chosen *c, const char *options, const char *expression)
{
	/* Only what the keys need, so that nothing else decides how the sockets are read. */
	char *copy = strdup(options);
	const char *words[MAX_WORDS] = { "-C", "netid,inode,cookie" };
	size_t n = split(copy, words, 2);
	struct listing listing;
	json_t *row;
	size_t i;
	int err;

	*c = (struct chosen){ 0 };
	words[n++] = expression;
	words[n] = NULL;
	err = harness_list_as(&listing, NULL, words);
	c->refused = listing.status != 0 || listing.bad_lines;
	c->errors = strdup(listing.errors);
	json_array_foreach(listing.rows, i, row) add_key(c, key_of_row(row));
	if (c->count)
		qsort(c->keys, c->count, sizeof(*c->keys), by_text);
	listing_free(&listing);
	free(copy);
	return err;
}

/* What -e puts behind the addresses of a unix socket: the directions that are open. */
static char *last_arrow(char *line)
{
	static const char *const arrows[] = { " <->", " -->", " <--", " ---" };
	char *last = NULL, *at;

	for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++)
		for (at = line; (at = strstr(at, arrows[i])); at++)
			if (!last || at > last)
				last = at;
	return last;
}

/* The cookie stands among what -e adds. A unix socket has none there: its inode is the third word
 * before the arrow, with the peer's address, always `*`, and the peer's inode between. */
static char *key_of_line(char *line)
{
	const char *words[MAX_WORDS];
	const char *cookie = strstr(line, " sk:");
	char *key = NULL, *arrow;
	size_t n;

	if (cookie)
		return strndup(cookie + 1, strcspn(cookie + 1, " "));
	arrow = last_arrow(line);
	if (!arrow)
		return NULL;
	*arrow = '\0';
	n = split(line, words, 0);
	if (n < 5 || asprintf(&key, "ino:%s", words[n - 3]) < 0)
		return NULL;
	return key;
}

int chosen_by_ss(struct chosen *c, const char *options, const char *expression)
{
	char *copy = NULL;
	const char *words[MAX_WORDS] = { "ss", "-H", "-n", "-e" };
	struct tool_run run;
	char *line, *rest;
	int err;

	*c = (struct chosen){ 0 };
	if (asprintf(&copy, "%s %s", options, expression) < 0)
		return -ENOMEM;
	split(copy, words, 4);
	err = tool_run(&run, words);
	c->refused = run.status != 0 || (run.errors && *run.errors);
	c->errors = strdup(run.errors ? run.errors : "");
	for (rest = run.output; rest && !c->refused && (line = strsep(&rest, "\n"));) {
		char *key;

		if (!*line)
			continue;
		key = key_of_line(line);
		if (key)
			add_key(c, key);
		else
			c->refused = true; /* not a line that this test understands */
	}
	if (c->count)
		qsort(c->keys, c->count, sizeof(*c->keys), by_text);
	tool_free(&run);
	free(copy);
	return err;
}

void chosen_add(struct chosen *c, const struct chosen *more)
{
	for (size_t i = 0; i < more->count; i++)
		add_key(c, strdup(more->keys[i]));
	if (c->count)
		qsort(c->keys, c->count, sizeof(*c->keys), by_text);
}

static bool has(const struct chosen *c, const char *key)
{
	return c->count && bsearch(&key, c->keys, c->count, sizeof(*c->keys), by_text);
}

bool chosen_within(const struct chosen *inner, const struct chosen *outer)
{
	for (size_t i = 0; i < inner->count; i++)
		if (!has(outer, inner->keys[i]))
			return false;
	return true;
}

bool chosen_same(const struct chosen *a, const struct chosen *b)
{
	return a->count == b->count && chosen_within(a, b) && chosen_within(b, a);
}

static void print_missing(const char *name, const struct chosen *a, const struct chosen *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!has(b, a->keys[i]))
			printf("# only %s: %s\n", name, a->keys[i]);
}

void chosen_print_difference(const char *a_name, const struct chosen *a, const char *b_name,
			     const struct chosen *b)
{
	if (a->errors && *a->errors)
		printf("# %s says: %.200s\n", a_name, a->errors);
	if (b->errors && *b->errors)
		printf("# %s says: %.200s\n", b_name, b->errors);
	print_missing(a_name, a, b);
	print_missing(b_name, b, a);
}

void chosen_free(struct chosen *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->keys[i]);
	free(c->keys);
	free(c->errors);
	*c = (struct chosen){ 0 };
}
