/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/filterfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

/* Reads all of a stream, ended by a NUL. Returns its length, or a negative errno. */
static long read_all(FILE *file, char *text)
{
	size_t length = fread(text, 1, FILTERFILE_MAX, file);

	text[length] = '\0';
	if (ferror(file))
		return errno ? -errno : -EIO;
	return length == FILTERFILE_MAX ? -EFBIG : (long)length;
}

static long read_file(const char *path, char *text)
{
	FILE *file;
	long length;

	if (strcmp(path, "-") == 0)
		return read_all(stdin, text);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	length = read_all(file, text);
	fclose(file);
	return length;
}

/* Makes blanks of comments and of what ends a line elsewhere, so that columns stay what they are.
 */
static void blank_comments(char *text)
{
	bool comment = *text == '#';

	for (; *text; text++) {
		if (*text == '\n')
			comment = text[1] == '#';
		else if (comment || *text == '\r' || *text == '\v' || *text == '\f')
			*text = ' ';
	}
}

/* An expression that ends too early does so where its last word does. */
static void cut_end(char *text, size_t length)
{
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\n'))
		text[--length] = '\0';
}

/* Counts lines from 1 up to a place in the text, and gives where its line begins. */
static size_t line_of(const char *text, const char *place, const char **start)
{
	size_t line = 1;

	*start = text;
	for (const char *p = text; p < place; p++) {
		if (*p != '\n')
			continue;
		*start = p + 1;
		line++;
	}
	return line;
}

static void show_error(const char *path, const char *text, const struct filter_error *error)
{
	const char *place = text + error->column, *start;
	size_t line = line_of(text, place, &start);

	message("--filter '%s', line %zu, column %zu: %s  (%.*s>>%.*s)", path, line,
		(size_t)(place - start) + 1, error->text, (int)(place - start), start,
		(int)strcspn(place, "\n"), place);
}

static int parse(struct filter **filter, const char *path, char *text, size_t length)
{
	struct filter_error error = { 0 };
	const char *start;
	int err;

	if (strlen(text) != length) {
		message("--filter '%s', line %zu: a NUL byte; a filter is text", path,
			line_of(text, text + strlen(text), &start));
		return -EINVAL;
	}
	blank_comments(text);
	cut_end(text, length);
	err = filter_parse(filter, text, &error);
	if (err == -EINVAL)
		show_error(path, text, &error);
	else if (err)
		message("%s", strerror(-err));
	return err;
}

int filterfile_read(struct filter **filter, const char *path)
{
	char *text = calloc(1, FILTERFILE_MAX + 1);
	long length = text ? read_file(path, text) : -ENOMEM;
	int err = (int)length;

	*filter = NULL;
	if (length < 0)
		message("--filter: cannot read '%s': %s", path, strerror((int)-length));
	else
		err = parse(filter, path, text, (size_t)length);
	free(text);
	return err;
}
