/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interned texts: each text is kept once, so that two equal ones have the same address. They can
 * then be compared, and counted, by address.
 */
#ifndef LINGERSTAT_BASE_INTERN_H
#define LINGERSTAT_BASE_INTERN_H

#include <stddef.h>

#include "base/index.h"

/* All zero is an empty table. */
struct intern {
	char **texts;
	uint32_t count, cap;
	struct index index;
};

/* The kept copy of the first `len` bytes of `text` (none of them NUL), valid until intern_free().
 * NULL when memory is short. */
const char *intern(struct intern *table, const char *text, size_t len);

void intern_free(struct intern *table);

#endif
