/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPTCP: the connection itself. Its receive queue is memory and its send queue always 0
 * (mptcp_diag_get_info() in net/mptcp/mptcp_diag.c), so neither is taken for bytes; what is
 * outstanding comes from struct mptcp_info. Its subflows are TCP sockets and come with TCP.
 */
#include <stddef.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>

#include "source/inet.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Our DATA_FIN is in write_seq and not acknowledged (mptcp_close_state() and the like). */
#define OUR_FIN_STATES \
	(STATE_BIT(STATE_FIN_WAIT1) | STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK))

static bool holds(size_t len, size_t offset, size_t size)
{
	return offset + size <= len;
}

#define HOLDS(len, field) \
	holds(len, offsetof(struct mptcp_info, field), sizeof(((struct mptcp_info *)0)->field))

/* A connection that fell back to plain TCP does not count in the MPTCP sequence. */
static void read_info(struct socket *sk, const void *data, size_t len)
{
	struct mptcp_info info = { 0 };
	int64_t bytes;

	memcpy(&info, data, len < sizeof(info) ? len : sizeof(info));
	if (!HOLDS(len, mptcpi_flags))
		return;
	if (HOLDS(len, mptcpi_token) && info.mptcpi_token)
		sk->mptcp.token = info.mptcpi_token;
	sk->mptcp_fallback = (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK) ? TRI_YES : TRI_NO;
	if (sk->mptcp_fallback == TRI_YES || !HOLDS(len, mptcpi_snd_una))
		return;
	bytes = (int64_t)(info.mptcpi_write_seq - info.mptcpi_snd_una);
	if (bytes > 0 && (STATE_BIT(sk->state) & OUR_FIN_STATES))
		bytes--;
	if (bytes < 0)
		return;
	sk->outstanding_bytes = bytes;
	if (bytes == 0)
		sk->unsent_bytes = 0;
}

static int mptcp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_MPTCP;
	sk->protocol = IPPROTO_TCP;
	sk->queue_unit = sk->state == STATE_LISTEN ? QUEUE_CONNECTIONS : QUEUE_MEMORY;
	if (attrs.info && sk->state != STATE_LISTEN)
		read_info(sk, attrs.info, attrs.info_len);
	if (socket_is_orphan(sk))
		sk->linger.kind = LINGER_NONE;
	return 0;
}

/* The number is too large for the request's byte: an attribute carries it, and the byte holds
 * one that a kernel without the attribute refuses. */
static struct nlmsghdr *mptcp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	uint8_t ext = sel->want_tcp_info ? 1u << (INET_DIAG_INFO - 1) : 0;
	struct nlmsghdr *nlh = inet_request_each(buf, sel, pass, IPPROTO_RAW, ext);

	if (nlh)
		mnl_attr_put_u32(nlh, INET_DIAG_REQ_PROTOCOL, IPPROTO_MPTCP);
	return nlh;
}

const struct family family_mptcp = {
	.name = "mptcp",
	.netids = NETID_BIT(NETID_MPTCP),
	.request = mptcp_request,
	.decode = mptcp_decode,
};
