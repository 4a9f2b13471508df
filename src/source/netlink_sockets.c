/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink sockets, as a family to list (netlink.c is the transport). The kernel filters nothing;
 * the queues are memory (__netlink_diag_dump() in net/netlink/diag.c). A socket that was never
 * bound is in no table of the kernel's and is not listed.
 */
#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/netlink_diag.h>
#include <linux/sock_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* sk_state is NETLINK_UNCONNECTED or NETLINK_CONNECTED (net/netlink/af_netlink.c). */
#define CONNECTED 1

static bool any_set(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return n;
}

/* A bit map of unsigned longs; generic netlink may have more groups than there is room for. */
static void put_groups(struct socket *sk, const struct nlattr *attr)
{
	struct netlink_ends *nl = &sk->netlink;
	const uint8_t *map = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	size_t room = sizeof(nl->groups);

	memcpy(nl->groups, map, len < room ? len : room);
	nl->more_groups = len > room && any_set(map + room, len - room);
}

static const struct attribute_reader readers[] = {
	[NETLINK_DIAG_MEMINFO] = { ATTRIBUTE_MEMORY_MIN, attribute_put_memory },
	[NETLINK_DIAG_GROUPS] = { 0, put_groups },
};

static void read_queues(struct socket *sk)
{
	if (sk->queue_unit != QUEUE_MEMORY)
		return;
	if (sk->recv_queue == 0)
		sk->unread_bytes = 0;
	if (sk->send_queue == 0)
		sk->outstanding_bytes = sk->unsent_bytes = 0;
}

static void read_ends(struct socket *sk, const struct netlink_diag_msg *msg)
{
	sk->netlink = (struct netlink_ends){
		.port_id = msg->ndiag_portid,
		.peer_port_id = msg->ndiag_dst_portid,
		.peer_group = msg->ndiag_dst_group,
		.connected = msg->ndiag_state == CONNECTED,
	};
}

static int netlink_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct netlink_diag_msg *msg = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || msg->ndiag_family != AF_NETLINK)
		return -EBADMSG;
	socket_init(sk);
	sk->netid = NETID_NETLINK;
	sk->family = AF_NETLINK;
	sk->protocol = msg->ndiag_protocol;
	sk->state = STATE_CLOSE;
	sk->queue_unit = QUEUE_UNKNOWN;
	sk->inode = msg->ndiag_ino;
	sk->cookie = attribute_cookie(msg->ndiag_cookie);
	read_ends(sk, msg);
	attributes_read(nlh, sizeof(*msg), readers, ARRAY_SIZE(readers), sk, bad_attrs);
	read_queues(sk);
	/* The kernel's own: nobody has set anything, and nobody closes it. */
	if (sk->netlink.port_id == 0)
		sk->linger.kind = LINGER_NONE;
	return 0;
}

static struct nlmsghdr *netlink_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct netlink_diag_req req = {
		.sdiag_family = AF_NETLINK,
		.sdiag_protocol = NDIAG_PROTO_ALL,
		.ndiag_show = NDIAG_SHOW_GROUPS | NDIAG_SHOW_MEMINFO,
	};

	if (pass > 0)
		return NULL;
	if (sel->want & WANT_EXTENDED)
		req.ndiag_show |= NDIAG_SHOW_FLAGS;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

const struct family family_netlink = {
	.name = "netlink",
	.netids = NETID_BIT(NETID_NETLINK),
	.request = netlink_request,
	.decode = netlink_decode,
};
