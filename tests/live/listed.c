/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tool.h"

json_t *listed_row(struct listing *listing, int fd, const char *kind, const char *option)
{
	json_t *row;

	assert_return_code(harness_list(listing, "-a", kind, option, NULL), 0);
	if (listing->status != 0)
		fail_msg("status %d: %s", listing->status, listing->errors);
	row = row_by_inode(listing, inode_of(fd));
	if (!row)
		fail_msg("the socket is not listed");
	return row;
}
