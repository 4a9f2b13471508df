/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"

#define MAX_WORDS 24

static size_t add_words(const char **words, size_t n, const char *const *more)
{
	for (; *more && n < MAX_WORDS; more++)
		words[n++] = *more;
	return n;
}

void look_there(struct look *look, const char *const *way, const char *const *who,
		const char *const *args)
{
	const char *words[MAX_WORDS + 1];
	size_t n = add_words(words, 0, way);

	n = add_words(words, n, who);
	n = add_words(words, n, (const char *const[]){ "lingerstat", NULL });
	n = add_words(words, n, args);
	words[n] = NULL;
	assert_int_equal(tool_run(&look->run, words), 0);
	look->document = json_loads(look->run.output, 0, NULL);
}

void look_end(struct look *look)
{
	json_decref(look->document);
	tool_free(&look->run);
}

json_t *look_row(const struct look *look, uint32_t inode)
{
	json_t *row = look->document ? document_row(look->document, inode) : NULL;

	if (!row)
		fail_msg("no row of inode %u; stderr: %s", inode, look->run.errors);
	return row;
}

void check_said(const struct look *look, const char *text)
{
	if (!strstr(look->run.errors, text))
		fail_msg("no '%s' in: %s", text, look->run.errors);
}

void check_holder(const struct look *look, uint32_t inode, pid_t pid, int fd)
{
	json_t *row = look_row(look, inode);

	check_row(row, json_array_size(row_get(row, "holders")) == 1);
	check_row(row, row_has_holder(row, pid, fd));
}

void check_linger(const struct look *look, uint32_t inode, int seconds)
{
	const struct linger set = { 1, seconds };
	json_t *row = look_row(look, inode);

	if (row_is_text(json_object_get(look->document, "header"), "linger_source", "bpf"))
		check_row(row, row_is_linger(row, &set));
	else
		check_row(row, row_is_null(row, "linger"));
}
