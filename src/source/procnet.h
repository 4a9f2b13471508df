/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of /proc/net as transport, for a family whose part of sock_diag the kernel was built
 * without: each line becomes the message that sock_diag would have sent, as far as it tells.
 * There is no cookie, device, cgroup or shutdown in it; they stay unknown.
 */
#ifndef LINGERSTAT_SOURCE_PROCNET_H
#define LINGERSTAT_SOURCE_PROCNET_H

#include "source/transport.h"

/* The table of a family, without its `6` for IPv6, as in "/proc/net/raw": can it be read? */
bool procnet_has(const char *table);

/* Hands the lines of one table on as messages. Returns 0 or a negative errno, with the details in
 * *report; a line that does not make sense is counted there. */
int procnet_dump(const char *table, uint8_t address_family, message_sink sink, void *ctx,
		 struct dump_report *report);

#endif
