/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ends of sockets that have no internet address and no path: what a packet, netlink or
 * similar socket is bound to, as a cell and as a JSON object.
 */
#ifndef LINGERSTAT_PRESENT_ENDS_H
#define LINGERSTAT_PRESENT_ENDS_H

#include <stdbool.h>

#include "base/outbuf.h"
#include "model/socket.h"

/* How one family shows its ends; `peer` false is the local one. */
struct end_format {
	uint8_t family;
	/* As ss writes it; `numeric`: protocols as numbers. */
	void (*cell)(struct outbuf *b, const struct socket *sk, bool peer, bool numeric);
	/* A JSON object, or null where there is no such end. */
	void (*value)(struct outbuf *b, const struct socket *sk, bool peer);
};

/* The format of a family; NULL for internet and unix sockets, which have their own. */
const struct end_format *end_format_of(uint8_t family);

/* The key and value of a protocol's name, with the comma before it; null without a name. */
void end_protocol_name(struct outbuf *b, const char *name);

#endif
