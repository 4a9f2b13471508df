/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of counted keys that finds the largest of any number of them. It holds at most
 * TOP_KEYS_MAX keys: when it is full the lighter half is thrown out, and the largest weight among
 * them is remembered. A key that comes back after that starts anew, so no weight is ever too high
 * and none is too low by more than what top_error() says (lossy counting; Manku and Motwani,
 * 2002). Below the bound all is exact and the error is 0.
 */
#ifndef LINGERSTAT_COUNT_TOP_H
#define LINGERSTAT_COUNT_TOP_H

#include <stddef.h>
#include <stdint.h>

#define TOP_KEYS_MAX 65536

struct top;

/* Takes the sizes of a key (compared byte by byte: its padding must be zeroed) and of a value.
 * A value begins with its weight, a uint64_t that the caller raises. Returns NULL when memory is
 * short. */
struct top *top_new(size_t key_size, size_t value_size);
void top_free(struct top *top);

/* The value of a key, zeroed when the key is new; valid until the next call. NULL when memory is
 * short. */
void *top_at(struct top *top, const void *key);

/* Sorts by weight, the largest first; equal weights by `compare` of their keys (NULL: by bytes).
 * After it only top_item() and top_count() may be called. */
void top_sort(struct top *top, int (*compare)(const void *key_a, const void *key_b));

size_t top_count(const struct top *top);

/* The i-th key, below top_count(); its value in *value. */
const void *top_item(const struct top *top, size_t i, const void **value);

/* How much too low a weight may be at most, and how much weight was thrown out in all. */
uint64_t top_error(const struct top *top);
uint64_t top_lost(const struct top *top);

#endif
