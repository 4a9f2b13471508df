/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nearest: the word a user probably meant, for error messages.
 */
#ifndef LINGERSTAT_BASE_NEAREST_H
#define LINGERSTAT_BASE_NEAREST_H

#include <stddef.h>

/*
 * Takes what was typed and `n` candidates, `stride` bytes apart, each a `const char *` at the
 * start of its element (NULLs are passed over). Returns the candidate with the smallest edit
 * distance, letter case ignored (of equal ones the first that begins as what was typed), or NULL
 * when none is near enough to be worth suggesting (more than a third of the word's letters would
 * have to change). A candidate that begins with the typed word (three letters or more) is near.
 */
const char *nearest_word(const char *typed, const void *candidates, size_t n, size_t stride);

#endif
