/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the source room: asks the kernel for single sockets, many at once. A request that is no
 * dump is answered while it is sent, by one message: the socket, or an error where it is gone
 * (netlink_rcv_skb() in net/netlink/af_netlink.c). So as many requests as there is room for answers
 * go out in one call, and the answers come in with another. By itself each would cost two calls,
 * which is twice as much.
 */
#ifndef LINGERSTAT_SOURCE_ASKER_H
#define LINGERSTAT_SOURCE_ASKER_H

#include <linux/netlink.h>

#include "source/transport.h"

/* Requests at once. A waiting answer takes up to 2,304 bytes of the receive buffer, which has
 * 212,992 unless the machine says otherwise (net.core.rmem_default). */
#define ASKER_BATCH 64

struct asker;

/* Opens a NETLINK_SOCK_DIAG socket in the process's network namespace. Returns 0 or a negative
 * errno. */
int asker_open(struct asker **out);
void asker_close(struct asker *asker);

/* Adds a request, which is copied; NLM_F_ACK is taken out of it. Sends what has come together when
 * it is enough, and hands on the answers. Returns 0, or a negative errno, which is a problem of
 * *report then. -ENOENT of the kernel is no error: the socket is gone. */
int asker_add(struct asker *asker, const struct nlmsghdr *request, message_sink sink, void *ctx,
	      struct dump_report *report);

/* The same with what has come together so far. */
int asker_flush(struct asker *asker, message_sink sink, void *ctx, struct dump_report *report);

#endif
