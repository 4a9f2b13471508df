/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ways.h"

#include <netinet/tcp.h>
#include <unistd.h>

static int stay(struct tcp_pair *pair)
{
	(void)pair;
	return 0;
}

int way_stall(struct tcp_pair *pair)
{
	ssize_t written = tcp_fill_to_zero_window(pair->near);

	return written < 0 ? (int)written : 0;
}

static int get_bytes(struct tcp_pair *pair)
{
	static const char bytes[FEW_BYTES];

	if (send(pair->far, bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -1;
	return tcp_wait_readable(pair->near, FEW_BYTES);
}

static int get_fin(struct tcp_pair *pair)
{
	shutdown(pair->far, SHUT_WR);
	return tcp_wait_state(pair->near, TCP_CLOSE_WAIT);
}

static int get_bytes_and_fin(struct tcp_pair *pair)
{
	int err = get_bytes(pair);

	return err ? err : get_fin(pair);
}

static int read_fin(struct tcp_pair *pair)
{
	char byte;
	int err = get_fin(pair);

	if (err)
		return err;
	return read(pair->near, &byte, 1) == 0 ? 0 : -1;
}

int way_send_fin(struct tcp_pair *pair)
{
	return shutdown(pair->near, SHUT_WR);
}

int way_fin_into_void(struct tcp_pair *pair)
{
	int err = tcp_deafen(pair->far);

	return err ? err : way_send_fin(pair);
}

static int fin_behind_data(struct tcp_pair *pair)
{
	int err = way_stall(pair);

	return err ? err : way_send_fin(pair);
}

int way_fins_cross(struct tcp_pair *pair)
{
	int err = way_fin_into_void(pair);

	if (err)
		return err;
	return shutdown(pair->far, SHUT_WR); /* does not acknowledge a FIN it never saw */
}

int way_last_fin_into_void(struct tcp_pair *pair)
{
	int err = get_fin(pair);

	return err ? err : way_fin_into_void(pair);
}

static int last_fin_behind_data(struct tcp_pair *pair)
{
	int err = way_stall(pair);

	if (!err)
		err = get_bytes_and_fin(pair);
	return err ? err : way_send_fin(pair);
}

static int syn_into_void(struct tcp_pair *pair)
{
	int err = tcp_deafen(pair->listener);

	if (err)
		return err;
	drop_fd(&pair->near);
	drop_fd(&pair->far);
	err = pair->near = tcp_connect(pair->family, pair->far_port, SOCK_NONBLOCK);
	if (err < 0)
		return err;
	pair->near_port = local_port(pair->near);
	return 0;
}

const struct way ways[WAYS] = {
	{ "established, idle", "established", TCP_ESTABLISHED, stay, .unread = 0 },
	{ "established, unsent data", "established", TCP_ESTABLISHED, way_stall, .stalled = true },
	{ "established, unread data", "established", TCP_ESTABLISHED, get_bytes,
	  .unread = FEW_BYTES },
	{ "close_wait, EOF unread", "close_wait", TCP_CLOSE_WAIT, get_fin, .eof_waits = true },
	{ "close_wait, EOF read", "close_wait", TCP_CLOSE_WAIT, read_fin, .unread = 0 },
	{ "close_wait, unread data and EOF", "close_wait", TCP_CLOSE_WAIT, get_bytes_and_fin,
	  .unread = FEW_BYTES, .eof_waits = true },
	{ "fin_wait1, FIN in flight", "fin_wait1", TCP_FIN_WAIT1, way_fin_into_void,
	  .own_fin = true },
	{ "fin_wait1, FIN behind data", "fin_wait1", TCP_FIN_WAIT1, fin_behind_data,
	  .own_fin = true, .stalled = true },
	{ "fin_wait2", "fin_wait2", TCP_FIN_WAIT2, way_send_fin, .unread = 0 },
	{ "closing", "closing", TCP_CLOSING, way_fins_cross, .own_fin = true, .eof_waits = true },
	{ "last_ack, FIN in flight", "last_ack", TCP_LAST_ACK, way_last_fin_into_void,
	  .own_fin = true, .eof_waits = true },
	{ "last_ack, FIN behind data", "last_ack", TCP_LAST_ACK, last_fin_behind_data,
	  .unread = FEW_BYTES, .own_fin = true, .eof_waits = true, .stalled = true },
	{ "syn_sent", "syn_sent", TCP_SYN_SENT, syn_into_void, .own_syn = true },
};
