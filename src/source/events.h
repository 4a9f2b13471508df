/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: sockets as the kernel destroys them. It tells every listener of a multicast group of
 * each TCP and UDP socket of the network namespace (sock_diag_broadcast_destroy() in
 * net/core/sock_diag.c), with the queues and the tcp_info of the last moment. State, inode and
 * user are gone by then. TIME_WAIT's end, request sockets and sockets of other protocols are not
 * told of.
 */
#ifndef LINGERSTAT_SOURCE_EVENTS_H
#define LINGERSTAT_SOURCE_EVENTS_H

#include "source/source.h"

/* The kinds of socket that there are events of. */
#define EVENT_NETIDS (NETID_BIT(NETID_TCP) | NETID_BIT(NETID_UDP))

struct events;

/* Subscribes to the kinds and IP versions of a selection. From here on no event is missed as long
 * as the socket's buffer holds them. Returns 0 or a negative errno. */
int events_open(struct events **events, const struct selection *sel);
void events_close(struct events *events);

/* For poll(2). */
int events_fd(const struct events *events);

/*
 * Hands on what has come, or the first few hundred, without waiting. A destroyed socket is in
 * STATE_CLOSE, without inode, user and linger, and its forecast holds what its end has cost: the
 * bounds of the bytes that were written and never acknowledged. Both counts still have a FIN in
 * them, where one was queued, so the lower bound is one less. Where the peer's port is 0 the socket
 * was disconnected before (zero linger, TCP_REPAIR; tcp_disconnect()), or never was connected, and
 * its queues are unknown. Counts in *report; a loss of events is its problem DUMP_OVERRUN. Returns
 * 0, or a negative errno of the sink's or of receiving.
 */
int events_read(struct events *events, socket_sink sink, void *ctx, struct dump_report *report);

#endif
