/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unix sockets: stream, seqpacket and datagram. The receive queue is bytes for the first two and
 * the first datagram only for the last; the send queue is memory (sk_diag_show_rqlen() in
 * net/unix/diag.c).
 */
#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "source/attributes.h"
#include "source/request.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_name(struct socket *sk, const struct nlattr *attr)
{
	const char *name = mnl_attr_get_payload(attr);
	uint16_t len = mnl_attr_get_payload_len(attr);

	if (!len)
		return;
	sk->un.abstract = name[0] == '\0';
	sk->un.name = sk->un.abstract ? name + 1 : name;
	/* A path may come with the NUL that bind() was given; an abstract name is all its bytes. */
	sk->un.name_len = sk->un.abstract ? len - 1 : (uint16_t)strnlen(name, len);
}

/* A peer that no process has a descriptor of comes as inode 0 (sk_diag_dump_peer() in
 * net/unix/diag.c); a socket without a peer comes without the attribute. */
static void put_peer(struct socket *sk, const struct nlattr *attr)
{
	sk->un.peer_inode = mnl_attr_get_u32(attr);
	sk->un.peer_hidden = !sk->un.peer_inode;
}

/* What waits at a listener: the inodes of the ends that connected (sk_diag_dump_icons()). */
static void put_waiting(struct socket *sk, const struct nlattr *attr)
{
	sk->un.waiting = mnl_attr_get_payload(attr);
	sk->un.n_waiting = mnl_attr_get_payload_len(attr) / sizeof(*sk->un.waiting);
}

static void put_queues(struct socket *sk, const struct nlattr *attr)
{
	const struct unix_diag_rqlen *queues = mnl_attr_get_payload(attr);

	sk->recv_queue = queues->udiag_rqueue;
	sk->send_queue = queues->udiag_wqueue;
	sk->queue_unit = QUEUE_MEMORY;
}

static void put_shutdown(struct socket *sk, const struct nlattr *attr)
{
	sk->shutdown = mnl_attr_get_u8(attr);
	sk->shutdown_known = true;
}

static const struct attribute_reader readers[] = {
	[UNIX_DIAG_NAME] = { 0, put_name },
	[UNIX_DIAG_PEER] = { 4, put_peer },
	[UNIX_DIAG_ICONS] = { 4, put_waiting },
	[UNIX_DIAG_RQLEN] = { sizeof(struct unix_diag_rqlen), put_queues },
	[UNIX_DIAG_SHUTDOWN] = { 1, put_shutdown },
	[UNIX_DIAG_UID] = { 4, attribute_put_uid },
};

static const struct attribute_kind kinds[] = {
	{ SOCK_STREAM, NETID_UNIX_STREAM },
	{ SOCK_SEQPACKET, NETID_UNIX_SEQPACKET },
	{ SOCK_DGRAM, NETID_UNIX_DGRAM },
};

/* What the receive queue says about bytes; the send queue only says whether there is anything. */
static void read_queues(struct socket *sk)
{
	bool told = sk->queue_unit == QUEUE_MEMORY;

	sk->queue_unit = sk->state == STATE_LISTEN ? QUEUE_CONNECTIONS : QUEUE_MEMORY;
	if (sk->state == STATE_LISTEN || !told)
		return;
	if (sk->netid != NETID_UNIX_DGRAM)
		sk->unread_bytes = sk->recv_queue;
	if (sk->send_queue == 0)
		sk->outstanding_bytes = sk->unsent_bytes = 0;
}

static int unix_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	const struct unix_diag_msg *msg = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || msg->udiag_family != AF_UNIX)
		return -EBADMSG;
	socket_init(sk);
	if (attribute_put_kind(sk, kinds, ARRAY_SIZE(kinds), msg->udiag_type) < 0)
		return -EBADMSG;
	sk->family = AF_UNIX;
	sk->state = msg->udiag_state > STATE_UNKNOWN && msg->udiag_state <= STATE_CLOSING
			    ? msg->udiag_state
			    : STATE_UNKNOWN;
	sk->inode = msg->udiag_ino;
	sk->cookie = attribute_cookie(msg->udiag_cookie);
	attributes_read(nlh, sizeof(*msg), readers, ARRAY_SIZE(readers), sk, bad_attrs);
	read_queues(sk);
	return 0;
}

static struct nlmsghdr *unix_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct unix_diag_req req = {
		.sdiag_family = AF_UNIX,
		.udiag_states = sel->states,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID,
	};

	if (pass > 0)
		return NULL;
	if (sel->want & WANT_MEMORY)
		req.udiag_show |= UDIAG_SHOW_MEMINFO;
	if (sel->want & WANT_EXTENDED)
		req.udiag_show |= UDIAG_SHOW_VFS | UDIAG_SHOW_ICONS;
	if (sel->want & WANT_WAITING)
		req.udiag_show |= UDIAG_SHOW_ICONS;
	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

static struct nlmsghdr *unix_exact(char *buf, const struct socket *sk)
{
	struct selection any = { .states = UINT32_MAX };
	struct nlmsghdr *nlh = unix_request(buf, &any, 0);
	struct unix_diag_req *req = mnl_nlmsg_get_payload(nlh);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	req->udiag_ino = sk->inode;
	req->udiag_cookie[0] = (uint32_t)sk->cookie;
	req->udiag_cookie[1] = (uint32_t)(sk->cookie >> 32);
	return nlh;
}

const struct family family_unix = {
	.name = "unix",
	.netids = NETIDS_UNIX,
	.request = unix_request,
	.exact = unix_exact,
	.decode = unix_decode,
};
