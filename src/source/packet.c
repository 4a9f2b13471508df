/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet sockets: raw frames, or frames without their link header. The kernel has no state for
 * them and no filter; the queues are memory (packet_diag_dump() in net/packet/diag.c).
 */
#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The device alone; the rest of struct packet_diag_info says how it is read. */
static void put_info(struct socket *sk, const struct nlattr *attr)
{
	memcpy(&sk->ifindex, mnl_attr_get_payload(attr), sizeof(sk->ifindex));
}

static void put_rx_ring(struct socket *sk, const struct nlattr *attr)
{
	(void)attr;
	sk->packet.rx_ring = true;
}

static void put_tx_ring(struct socket *sk, const struct nlattr *attr)
{
	(void)attr;
	sk->packet.tx_ring = true;
}

static const struct attribute_reader readers[] = {
	[PACKET_DIAG_INFO] = { 4, put_info },
	[PACKET_DIAG_RX_RING] = { 0, put_rx_ring },
	[PACKET_DIAG_TX_RING] = { 0, put_tx_ring },
	[PACKET_DIAG_UID] = { 4, attribute_put_uid },
	[PACKET_DIAG_MEMINFO] = { ATTRIBUTE_MEMORY_MIN, attribute_put_memory },
};

/* A ring is filled without any memory of the queue's. */
static void read_queues(struct socket *sk)
{
	if (sk->queue_unit != QUEUE_MEMORY)
		return;
	if (sk->recv_queue == 0 && !sk->packet.rx_ring)
		sk->unread_bytes = 0;
	if (sk->send_queue == 0 && !sk->packet.tx_ring)
		sk->outstanding_bytes = sk->unsent_bytes = 0;
}

/* SOCK_PACKET, which came before SOCK_RAW, shows whole frames too. */
static enum netid kind_of(uint8_t type)
{
	return type == SOCK_DGRAM ? NETID_PACKET_DGRAM : NETID_PACKET_RAW;
}

static int packet_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct packet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || msg->pdiag_family != AF_PACKET)
		return -EBADMSG;
	socket_init(sk);
	sk->netid = kind_of(msg->pdiag_type);
	sk->family = AF_PACKET;
	sk->state = STATE_CLOSE;
	sk->queue_unit = QUEUE_UNKNOWN;
	sk->packet.protocol = msg->pdiag_num;
	sk->inode = msg->pdiag_ino;
	sk->cookie = attribute_cookie(msg->pdiag_cookie);
	attributes_read(nlh, sizeof(*msg), readers, ARRAY_SIZE(readers), sk, bad_attrs);
	read_queues(sk);
	return 0;
}

static struct nlmsghdr *packet_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct packet_diag_req req = {
		.sdiag_family = AF_PACKET,
		.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG | PACKET_SHOW_MEMINFO,
	};

	if (pass > 0)
		return NULL;
	if (sel->want & WANT_EXTENDED)
		req.pdiag_show |= PACKET_SHOW_FANOUT;
	if (sel->want & WANT_FILTER)
		req.pdiag_show |= PACKET_SHOW_FILTER;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

const struct family family_packet = {
	.name = "packet",
	.netids = NETIDS_PACKET,
	.request = packet_request,
	.decode = packet_decode,
};
