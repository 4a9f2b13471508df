/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The envelope of a dump request, which is the same for every family: a decoder fills in its own
 * request and puts it in here.
 */
#ifndef LINGERSTAT_SOURCE_REQUEST_H
#define LINGERSTAT_SOURCE_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

/* Writes into `buf` a dump request of this type (SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK) with the
 * `size` bytes of `req`. Returns the message, in `buf`, which must have room for it. */
struct nlmsghdr *request_dump(char *buf, uint16_t type, const void *req, size_t size);

#endif
