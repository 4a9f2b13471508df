/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each of these takes the place where something begins and gives the place after it. */

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		p += *p == '\\' && p[1];
	return *p ? p + 1 : p;
}

/* An object or array ends where its brackets balance; those inside strings do not count. */
static const char *skip_brackets(const char *p)
{
	int depth = 0;

	while (*p) {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
		if (depth == 0)
			break;
	}
	return p;
}

static const char *skip_value(const char *p)
{
	if (*p == '"')
		return skip_string(p);
	if (*p == '{' || *p == '[')
		return skip_brackets(p);
	return p + strcspn(p, ",]}");
}

/* Finds one member of the object at `p`. */
static const char *member(const char *p, const char *key, size_t key_length)
{
	if (*p != '{')
		return NULL;
	for (p = skip_space(p + 1); *p == '"'; p = skip_space(p + (*p == ','))) {
		const char *name = p + 1;

		p = skip_string(p);
		if (*p != ':')
			return NULL;
		p = skip_space(p + 1);
		if (!strncmp(name, key, key_length) && name[key_length] == '"')
			return p;
		p = skip_space(skip_value(p));
	}
	return NULL;
}

const char *json_find(const char *json, const char *path)
{
	const char *p = skip_space(json);

	while (p && *path) {
		size_t length = strcspn(path, ".");

		p = member(p, path, length);
		path += length + (path[length] == '.');
	}
	return p;
}

bool json_integer(const char *json, const char *path, int64_t *value)
{
	const char *p = json_find(json, path);
	char *end;
	long long number;

	if (!p)
		return false;
	number = strtoll(p, &end, 10);
	if (end == p)
		return false;
	*value = number;
	return true;
}

bool json_string(const char *json, const char *path, char *text, size_t size)
{
	const char *p = json_find(json, path);

	text[0] = '\0';
	if (!p || *p != '"')
		return false;
	snprintf(text, size, "%.*s", (int)(skip_string(p) - p - 2), p + 1);
	return true;
}

bool json_words(const char *json, const char *path, char *text, size_t size)
{
	const char *p = json_find(json, path);
	size_t used = 0;

	text[0] = '\0';
	if (!p || *p != '[')
		return false;
	for (p = skip_space(p + 1); *p == '"'; p = skip_space(p + (*p == ','))) {
		const char *word = p + 1;

		p = skip_string(p);
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%.*s",
						 used ? ", " : "", (int)(p - word - 1), word);
	}
	return true;
}

bool json_true(const char *json, const char *path)
{
	const char *p = json_find(json, path);

	return p && !strncmp(p, "true", 4);
}
