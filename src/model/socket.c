/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/socket.h"

#include <stdio.h>
#include <string.h>

#define ORPHAN_STATES                                                                         \
	(STATE_BIT(STATE_FIN_WAIT1) | STATE_BIT(STATE_FIN_WAIT2) | STATE_BIT(STATE_CLOSING) | \
	 STATE_BIT(STATE_LAST_ACK))
#define UNCONNECTED_STATES                                                              \
	(STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_LISTEN) | \
	 STATE_BIT(STATE_BOUND_INACTIVE))
#define UNACCEPTED_STATES (STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT))

bool socket_is_orphan(const struct socket *sk)
{
	return sk->inode == 0 && (STATE_BIT(sk->state) & ORPHAN_STATES);
}

bool socket_is_unaccepted(const struct socket *sk)
{
	return sk->inode == 0 && (STATE_BIT(sk->state) & UNACCEPTED_STATES);
}

bool socket_is_inet(const struct socket *sk)
{
	return sk->family == AF_INET || sk->family == AF_INET6;
}

bool socket_has_peer(const struct socket *sk)
{
	if (sk->family == AF_UNIX)
		return sk->un.peer_inode || sk->un.peer_hidden;
	if (socket_is_inet(sk))
		return sk->peer.port != 0;
	return sk->state != STATE_LISTEN && sk->state != STATE_CLOSE;
}

bool socket_is_kernels(const struct socket *sk)
{
	return sk->family == AF_NETLINK && sk->netlink.port_id == 0;
}

int64_t socket_recv_queue(const struct socket *sk)
{
	return sk->queue_unit == QUEUE_UNKNOWN ? UNKNOWN : (int64_t)sk->recv_queue;
}

int64_t socket_send_queue(const struct socket *sk)
{
	return sk->queue_unit == QUEUE_UNKNOWN ? UNKNOWN : (int64_t)sk->send_queue;
}

int64_t socket_idle_ms(const struct socket *sk)
{
	int64_t sent = sk->tcp.last_data_sent_ms, received = sk->tcp.last_data_recv_ms;

	if (sent == UNKNOWN || received == UNKNOWN || (STATE_BIT(sk->state) & UNCONNECTED_STATES))
		return UNKNOWN;
	return sent < received ? sent : received;
}

struct socket socket_subflow(const struct socket *sk, uint32_t i)
{
	struct socket row = sk->subflows.items[i];

	if (row.inode == sk->inode)
		row.holders = sk->holders;
	if (row.other.found && sk->other.found && row.other.inode == sk->other.inode)
		row.other = sk->other;
	else
		row.other = (struct other_end){ 0 };
	return row;
}

#define NO_EVIDENCE                                                                            \
	{                                                                                      \
		.notsent_bytes = UNKNOWN, .unacked_segments = UNKNOWN, .retransmits = UNKNOWN, \
		.backoff = UNKNOWN, .probes = UNKNOWN, .snd_wnd_bytes = UNKNOWN,               \
		.rto_us = UNKNOWN, .rtt_us = UNKNOWN, .last_data_sent_ms = UNKNOWN,            \
		.last_ack_recv_ms = UNKNOWN, .last_data_recv_ms = UNKNOWN,                     \
		.delivery_rate_bytes_per_second = UNKNOWN, .rate_app_limited = UNKNOWN,        \
		.pacing_rate_bytes_per_second = UNKNOWN, .snd_mss_bytes = UNKNOWN,             \
		.snd_ssthresh_segments = UNKNOWN, .total_retrans_segments = UNKNOWN,           \
		.min_rtt_us = UNKNOWN, .busy_us = UNKNOWN, .rwnd_limited_us = UNKNOWN,         \
		.delivered_segments = UNKNOWN,                                                 \
	}

/* Made once: to copy it whole is the quickest way to a new record. */
static const struct socket blank = {
	.unread_bytes = UNKNOWN,
	.outstanding_bytes = UNKNOWN,
	.unsent_bytes = UNKNOWN,
	.cgroup_id = UNKNOWN,
	.mark = UNKNOWN,
	.destroyed_ms = UNKNOWN,
	.tcp = NO_EVIDENCE,
	.mptcp = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
	.linger = { .seconds = UNKNOWN },
	.options = { .user_timeout_ms = UNKNOWN },
};

const char *sctp_record_name(const struct socket *sk)
{
	if (sk->netid != NETID_SCTP)
		return NULL;
	return sk->association ? "association" : "endpoint";
}

void socket_init(struct socket *sk)
{
	memcpy(sk, &blank, sizeof(*sk));
}

void netns_label(uint64_t netns, const char *name, const char *resident,
		 char label[NETNS_LABEL_SIZE])
{
	if (name || resident)
		snprintf(label, NETNS_LABEL_SIZE, "%s", name ? name : resident);
	else if (netns)
		snprintf(label, NETNS_LABEL_SIZE, "%llu", (unsigned long long)netns);
	else
		snprintf(label, NETNS_LABEL_SIZE, "?");
}
