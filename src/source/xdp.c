/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XDP sockets: rings that a queue of a device fills. The kernel has no state for them, and what
 * lies in the rings it does not tell: the memory of the two queues is not theirs (xsk_diag_fill()
 * in net/xdp/xsk_diag.c). Of one that is not bound the kernel gives queue 0 of no device.
 */
#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_info(struct socket *sk, const struct nlattr *attr)
{
	struct xdp_diag_info info;

	memcpy(&info, mnl_attr_get_payload(attr), sizeof(info));
	sk->ifindex = info.ifindex;
	if (info.ifindex)
		sk->xdp.queue = info.queue_id;
}

static const struct attribute_reader readers[] = {
	[XDP_DIAG_INFO] = { sizeof(struct xdp_diag_info), put_info },
	[XDP_DIAG_UID] = { 4, attribute_put_uid },
	[XDP_DIAG_MEMINFO] = { ATTRIBUTE_MEMORY_MIN, attribute_put_memory },
};

static int xdp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct xdp_diag_msg *msg = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || msg->xdiag_family != AF_XDP)
		return -EBADMSG;
	socket_init(sk);
	sk->netid = NETID_XDP;
	sk->family = AF_XDP;
	sk->state = STATE_CLOSE;
	sk->queue_unit = QUEUE_UNKNOWN;
	sk->inode = msg->xdiag_ino;
	sk->cookie = attribute_cookie(msg->xdiag_cookie);
	sk->xdp.queue = UNKNOWN;
	attributes_read(nlh, sizeof(*msg), readers, ARRAY_SIZE(readers), sk, bad_attrs);
	return 0;
}

static struct nlmsghdr *xdp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct xdp_diag_req req = {
		.sdiag_family = AF_XDP,
		.xdiag_show = XDP_SHOW_INFO | XDP_SHOW_MEMINFO,
	};

	if (pass > 0)
		return NULL;
	if (sel->want & WANT_EXTENDED)
		req.xdiag_show |= XDP_SHOW_RING_CFG | XDP_SHOW_UMEM | XDP_SHOW_STATS;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

const struct family family_xdp = {
	.name = "xdp",
	.netids = NETID_BIT(NETID_XDP),
	.request = xdp_request,
	.decode = xdp_decode,
};
