/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void list_rows(struct listing *listing, const char *option, const char *more)
{
	assert_return_code(harness_list(listing, "-a", option, more, NULL), 0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
}

bool has_peer_holder(const json_t *row, pid_t pid, int fd)
{
	const json_t *holder;
	size_t i;

	json_array_foreach(row_get(row, "peer_holders"), i, holder)
	{
		if (row_is_int(holder, "pid", pid) && row_is_int(holder, "fd", fd))
			return true;
	}
	return false;
}

size_t peer_holders(const json_t *row)
{
	return json_array_size(row_get(row, "peer_holders"));
}

bool nobody_has_the_peer(const json_t *row)
{
	return json_is_array(row_get(row, "peer_holders")) && peer_holders(row) == 0;
}
