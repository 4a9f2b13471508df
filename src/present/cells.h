/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The getters of the column table. A cell is text for people (`?` unknown, `-` has none), a
 * value is JSON (null unknown). Neither pads, quotes nor colours.
 */
#ifndef LINGERSTAT_PRESENT_CELLS_H
#define LINGERSTAT_PRESENT_CELLS_H

#include "present/column.h"

#define CELL(name) \
	void cell_##name(struct outbuf *b, const struct socket *sk, const struct cell_context *cx)
#define VALUE(name) void json_##name(struct outbuf *b, const struct socket *sk)
#define INK(name)   enum ink ink_##name(const struct socket *sk)

/* A number, or `?` for UNKNOWN. */
void cell_number(struct outbuf *b, int64_t v);

CELL(netid);
CELL(family);
CELL(state);
CELL(netns);
CELL(local);
CELL(peer);
CELL(interface);
CELL(ifindex);
CELL(recv_queue);
CELL(send_queue);
CELL(queue_unit);
CELL(unread);
CELL(outstanding);
CELL(unsent);
CELL(netns_name);
CELL(linger);
CELL(options);
CELL(shutdown);
CELL(uid);
CELL(inode);
CELL(cookie);
CELL(cgroup);
CELL(unit);
CELL(container);
CELL(time);
CELL(context);
CELL(socket_context);
CELL(process);
CELL(peer_process);
CELL(references);
CELL(mptcp);
CELL(sctp);
CELL(subflows);
CELL(outcome);
CELL(risk);
CELL(risk_max);
CELL(reasons);
CELL(loss_min);
CELL(loss_max);
CELL(close_unread);
CELL(block);
CELL(drain);

VALUE(netid);
VALUE(family);
VALUE(state);
VALUE(netns);
VALUE(local);
VALUE(peer);
VALUE(interface);
VALUE(ifindex);
VALUE(recv_queue);
VALUE(send_queue);
VALUE(queue_unit);
VALUE(unread);
VALUE(outstanding);
VALUE(unsent);
VALUE(netns_name);
VALUE(linger);
VALUE(options);
VALUE(shutdown);
VALUE(uid);
VALUE(inode);
VALUE(cookie);
VALUE(cgroup);
VALUE(unit);
VALUE(container);
VALUE(time);
VALUE(contexts);
VALUE(socket_context);
VALUE(holders);
VALUE(peer_holders);
VALUE(references);
VALUE(mptcp);
VALUE(sctp);
VALUE(subflows);
VALUE(outcome);
VALUE(outcomes);
VALUE(risk);
VALUE(risk_max);
VALUE(reasons);
VALUE(loss_min);
VALUE(loss_max);
VALUE(close_unread);
VALUE(block);
VALUE(drain);

INK(state);
INK(linger);
INK(risk);

#endif
