/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vsock: sockets between a virtual machine and its host. The kernel tells states and ends, and
 * nothing of queues or users (sk_diag_fill() in net/vmw_vsock/diag.c).
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct attribute_kind kinds[] = {
	{ SOCK_STREAM, NETID_VSOCK_STREAM },
	{ SOCK_SEQPACKET, NETID_VSOCK_SEQPACKET },
	{ SOCK_DGRAM, NETID_VSOCK_DGRAM },
};

/* vdiag_shutdown is what this side has shut down, in the bits of RCV_ and SEND_SHUTDOWN. */
static int vsock_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct vsock_diag_msg *msg = mnl_nlmsg_get_payload(nlh);

	(void)bad_attrs;
	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || msg->vdiag_family != AF_VSOCK)
		return -EBADMSG;
	socket_init(sk);
	if (attribute_put_kind(sk, kinds, ARRAY_SIZE(kinds), msg->vdiag_type) < 0)
		return -EBADMSG;
	sk->family = AF_VSOCK;
	sk->state = msg->vdiag_state <= STATE_CLOSING ? msg->vdiag_state : STATE_UNKNOWN;
	sk->queue_unit = QUEUE_UNKNOWN;
	sk->shutdown = msg->vdiag_shutdown;
	sk->shutdown_known = true;
	sk->inode = msg->vdiag_ino;
	sk->cookie = attribute_cookie(msg->vdiag_cookie);
	sk->vsock = (struct vsock_ends){
		.local = { msg->vdiag_src_cid, msg->vdiag_src_port },
		.peer = { msg->vdiag_dst_cid, msg->vdiag_dst_port },
	};
	return 0;
}

static struct nlmsghdr *vsock_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct vsock_diag_req req = {
		.sdiag_family = AF_VSOCK,
		.vdiag_states = sel->states,
	};

	if (pass > 0)
		return NULL;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

const struct family family_vsock = {
	.name = "vsock",
	.netids = NETIDS_VSOCK,
	.request = vsock_request,
	.decode = vsock_decode,
};
