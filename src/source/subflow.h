/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs on top of a TCP socket, as far as it matters here: MPTCP, whose subflows tell the
 * tokens and address ids that tie them to a connection (subflow_get_info() in net/mptcp/diag.c).
 */
#ifndef LINGERSTAT_SOURCE_SUBFLOW_H
#define LINGERSTAT_SOURCE_SUBFLOW_H

#include "source/inet.h"

/* Reads INET_DIAG_ULP_INFO into sk->subflow and sk->mptcp. Without the attribute nothing is set:
 * before Linux 6.15 the kernel showed it to CAP_NET_ADMIN only. Adds to *bad_attrs. */
void subflow_read(struct socket *sk, const struct inet_attrs *attrs, uint64_t *bad_attrs);

#endif
