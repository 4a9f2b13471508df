/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough JSON to read one line of `lingerstat --format=ndjson`, so that the demonstration
 * needs no library. It trusts the tool to write valid JSON.
 */
#ifndef DEMO_JSON_H
#define DEMO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes an object as text and a path of keys joined by dots ("close.outcome"). Gives where the
 * value begins, or NULL when a key is not there. */
const char *json_find(const char *json, const char *path);

/* Gives true and the number when the path leads to an integer; false for null and all else. */
bool json_integer(const char *json, const char *path, int64_t *value);

/* Copies a string, without unescaping, cut to `size`. Gives false, and "", for null and all
 * else. */
bool json_string(const char *json, const char *path, char *text, size_t size);

/* Copies an array of strings as "one, two". Gives false, and "", when it is no array. */
bool json_words(const char *json, const char *path, char *text, size_t size);

/* Whether the path leads to the word true. */
bool json_true(const char *json, const char *path);

#endif
