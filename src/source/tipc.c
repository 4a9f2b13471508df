/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TIPC: messages between the nodes of a cluster. Its answers have no header of their own, only an
 * attribute with all in it; the queues count messages, and the states are numbers of TCP's
 * (tipc_sk_fill_sock_diag() in net/tipc/socket.c).
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/tipc_sockets_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct attribute_kind kinds[] = {
	{ SOCK_STREAM, NETID_TIPC_STREAM },
	{ SOCK_SEQPACKET, NETID_TIPC_SEQPACKET },
	{ SOCK_RDM, NETID_TIPC_RDM },
	{ SOCK_DGRAM, NETID_TIPC_DGRAM },
};

static void put_type(struct socket *sk, const struct nlattr *attr)
{
	attribute_put_kind(sk, kinds, ARRAY_SIZE(kinds), mnl_attr_get_u32(attr));
}

static void put_state(struct socket *sk, const struct nlattr *attr)
{
	uint32_t state = mnl_attr_get_u32(attr);

	sk->state = state <= STATE_CLOSING ? state : STATE_UNKNOWN;
}

static void put_node(struct socket *sk, const struct nlattr *attr)
{
	sk->tipc.local.node = mnl_attr_get_u32(attr);
}

static void put_port(struct socket *sk, const struct nlattr *attr)
{
	sk->tipc.local.port = mnl_attr_get_u32(attr);
}

static void put_inode(struct socket *sk, const struct nlattr *attr)
{
	sk->inode = mnl_attr_get_u32(attr);
}

static void put_cookie(struct socket *sk, const struct nlattr *attr)
{
	sk->cookie = mnl_attr_get_u64(attr);
}

static void put_peer_node(struct socket *sk, const struct nlattr *attr)
{
	sk->tipc.peer.node = mnl_attr_get_u32(attr);
}

static void put_peer_port(struct socket *sk, const struct nlattr *attr)
{
	sk->tipc.peer.port = mnl_attr_get_u32(attr);
	sk->tipc.connected = true;
}

static const struct attribute_reader connection_readers[] = {
	[TIPC_NLA_CON_NODE] = { 4, put_peer_node },
	[TIPC_NLA_CON_SOCK] = { 4, put_peer_port },
};

static void put_received(struct socket *sk, const struct nlattr *attr)
{
	sk->recv_queue = mnl_attr_get_u32(attr);
	sk->queue_unit = QUEUE_MESSAGES;
}

static void put_unsent(struct socket *sk, const struct nlattr *attr)
{
	sk->send_queue = mnl_attr_get_u32(attr);
}

static void put_congested(struct socket *sk, const struct nlattr *attr)
{
	(void)attr;
	sk->tipc.congested = true;
}

/* Here the first attribute has the number 0. */
static const struct attribute_reader queue_readers[] = {
	[TIPC_NLA_SOCK_STAT_RCVQ] = { 4, put_received },
	[TIPC_NLA_SOCK_STAT_SENDQ] = { 4, put_unsent },
	[TIPC_NLA_SOCK_STAT_LINK_CONG] = { 0, put_congested },
	[TIPC_NLA_SOCK_STAT_CONN_CONG] = { 0, put_congested },
};

static const struct attribute_reader socket_readers[] = {
	[TIPC_NLA_SOCK_ADDR] = { 4, put_node },
	[TIPC_NLA_SOCK_REF] = { 4, put_port },
	[TIPC_NLA_SOCK_TYPE] = { 4, put_type },
	[TIPC_NLA_SOCK_TIPC_STATE] = { 4, put_state },
	[TIPC_NLA_SOCK_INO] = { 4, put_inode },
	[TIPC_NLA_SOCK_UID] = { 4, attribute_put_uid },
	[TIPC_NLA_SOCK_COOKIE] = { 8, put_cookie },
	/* Read in a second step: */
	[TIPC_NLA_SOCK_CON] = { 0, NULL },
	[TIPC_NLA_SOCK_STAT] = { 0, NULL },
};

/* The attribute of a number within another; NULL when it is not there. */
static const struct nlattr *find_nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

static void read_nest(const struct nlattr *nest, uint16_t type,
		      const struct attribute_reader *readers, size_t count, struct socket *sk,
		      uint64_t *bad_attrs)
{
	const struct nlattr *attr = find_nested(nest, type);

	if (attr)
		attributes_read_nested(attr, readers, count, sk, bad_attrs);
}

static const struct nlattr *socket_attribute(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = mnl_nlmsg_get_payload(nlh);

	if (!mnl_attr_ok(attr, (int)(nlh->nlmsg_len - MNL_NLMSG_HDRLEN)))
		return NULL;
	return mnl_attr_get_type(attr) == TIPC_NLA_SOCK ? attr : NULL;
}

/* A listener's queue holds the requests to connect. */
static void read_queues(struct socket *sk)
{
	if (sk->queue_unit != QUEUE_MESSAGES)
		return;
	if (sk->recv_queue == 0 || sk->state == STATE_LISTEN)
		sk->unread_bytes = 0;
	if (sk->send_queue == 0)
		sk->outstanding_bytes = sk->unsent_bytes = 0;
}

static int tipc_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct nlattr *nest = socket_attribute(nlh);

	if (!nest)
		return -EBADMSG;
	socket_init(sk);
	sk->netid = NETID_COUNT;
	sk->family = AF_TIPC;
	sk->queue_unit = QUEUE_UNKNOWN;
	attributes_read_nested(nest, socket_readers, ARRAY_SIZE(socket_readers), sk, bad_attrs);
	read_nest(nest, TIPC_NLA_SOCK_CON, connection_readers, ARRAY_SIZE(connection_readers), sk,
		  bad_attrs);
	read_nest(nest, TIPC_NLA_SOCK_STAT, queue_readers, ARRAY_SIZE(queue_readers), sk,
		  bad_attrs);
	read_queues(sk);
	return sk->netid == NETID_COUNT ? -EBADMSG : 0;
}

/* Every state: where the kernel filters it sends an empty message in the socket's place. */
static struct nlmsghdr *tipc_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct tipc_sock_diag_req req = {
		.sdiag_family = AF_TIPC,
		.tidiag_states = UINT32_MAX,
	};

	(void)sel;
	if (pass > 0)
		return NULL;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

const struct family family_tipc = {
	.name = "tipc",
	.netids = NETIDS_TIPC,
	.request = tipc_request,
	.decode = tipc_decode,
};
