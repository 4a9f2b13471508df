/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool same(const char *kept, const char *text, size_t len)
{
	return strncmp(kept, text, len) == 0 && !kept[len];
}

const char *intern(struct intern *table, const char *text, size_t len)
{
	uint32_t hash = index_hash(text, len), at = 0, i;
	char *copy;

	while ((i = index_next(&table->index, hash, &at)) != INDEX_NONE)
		if (same(table->texts[i], text, len))
			return table->texts[i];
	if (index_room((void **)&table->texts, table->count, &table->cap, sizeof(*table->texts)))
		return NULL;
	copy = strndup(text, len);
	if (!copy || index_add(&table->index, hash, table->count)) {
		free(copy);
		return NULL;
	}
	return table->texts[table->count++] = copy;
}

void intern_free(struct intern *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		free(table->texts[i]);
	free(table->texts);
	index_free(&table->index);
	*table = (struct intern){ 0 };
}
