/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security contexts, which are a file of each process: what stands there, up to its end, is the
 * holder's, however long it is and whatever bytes it has.
 */
#include <string.h>

#include "enrich/contexts.h"
#include "fuzz/bytes.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"

#define PID         42
#define INODE       7
#define CONTEXT_MAX 4096 /* a page: the kernel gives no more */

/* What the kernel's modules write is text, with a line feed or a NUL at its end. */
void fuzz_contexts(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	const struct holder holder = { PID, 3, "comm", PID };
	size_t length;
	const uint8_t *piece = take_piece(&in, CONTEXT_MAX + 900, &length);
	struct contexts *contexts;
	const char *found;
	struct socket sk;
	char expected[CONTEXT_MAX + 1];

	tree_remove(".");
	tree_put("self/attr/current", "x", 1);
	tree_put("42/task/42/attr/current", piece, length);
	tree_link("42/task/42/fd/3", "socket:[7]");
	contexts = contexts_new(tree_root(), false);
	MUST(contexts != NULL);
	CHECK(!contexts_absent(contexts));
	socket_init(&sk);
	sk.inode = INODE;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &holder };
	CHECK(contexts_join(contexts, &sk) == 0 && sk.contexts.count == 1);
	length = length < sizeof(expected) - 1 ? length : sizeof(expected) - 1;
	while (length && (piece[length - 1] == '\n' || !piece[length - 1]))
		length--;
	memcpy(expected, piece, length);
	expected[length] = '\0';
	found = sk.contexts.items[0].text;
	CHECK(found && strcmp(found, expected) == 0);
	contexts_free(contexts);
}
