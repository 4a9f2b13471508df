/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/made.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>

#include "judge/close.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	uint8_t family;
	size_t header; /* what stands before the attributes */
} families[NETID_COUNT] = {
	[NETID_UNIX_STREAM] = { AF_UNIX, sizeof(struct unix_diag_msg) },
	[NETID_UNIX_SEQPACKET] = { AF_UNIX, sizeof(struct unix_diag_msg) },
	[NETID_UNIX_DGRAM] = { AF_UNIX, sizeof(struct unix_diag_msg) },
	[NETID_PACKET_RAW] = { AF_PACKET, sizeof(struct packet_diag_msg) },
	[NETID_PACKET_DGRAM] = { AF_PACKET, sizeof(struct packet_diag_msg) },
	[NETID_NETLINK] = { AF_NETLINK, sizeof(struct netlink_diag_msg) },
	[NETID_VSOCK_STREAM] = { AF_VSOCK, sizeof(struct vsock_diag_msg) },
	[NETID_VSOCK_DGRAM] = { AF_VSOCK, sizeof(struct vsock_diag_msg) },
	[NETID_VSOCK_SEQPACKET] = { AF_VSOCK, sizeof(struct vsock_diag_msg) },
	[NETID_XDP] = { AF_XDP, sizeof(struct xdp_diag_msg) },
	[NETID_TIPC_STREAM] = { AF_TIPC, 0 },
	[NETID_TIPC_SEQPACKET] = { AF_TIPC, 0 },
	[NETID_TIPC_RDM] = { AF_TIPC, 0 },
	[NETID_TIPC_DGRAM] = { AF_TIPC, 0 },
};

/* Unknown, a small number, one of 32 bits, or any that is not below 0. */
static int64_t take_known(struct bytes *in)
{
	uint8_t how = take_u8(in);

	if (how < 0x40)
		return UNKNOWN;
	if (how < 0x80)
		return how & 3;
	return how < 0xc0 ? (int64_t)take_u32(in) : (int64_t)(take_number(in, 8) >> 1);
}

/* The same, of what the kernel counts in 32 bits. */
static int64_t take_queue(struct bytes *in)
{
	int64_t number = take_known(in);

	return number == UNKNOWN ? UNKNOWN : number & UINT32_MAX;
}

static enum tri take_tri(struct bytes *in)
{
	return (enum tri)take_below(in, 3);
}

/* A text of at most `most` bytes, or NULL; `to` has one more. */
static const char *take_text(struct bytes *in, char *to, size_t most)
{
	size_t length;
	const uint8_t *piece;

	if (take_u8(in) & 1)
		return NULL;
	piece = take_piece(in, most, &length);
	memcpy(to, piece, length);
	to[length] = '\0';
	return to;
}

static void make_end(struct unix_end *end, struct bytes *in, char path[MADE_TEXT])
{
	size_t length;
	const uint8_t *piece = take_piece(in, MADE_TEXT, &length);
	uint8_t how = take_u8(in);

	*end = (struct unix_end){ .peer_hidden = how & 2 };
	memcpy(path, piece, length);
	if (how & 1)
		return;
	end->name = path;
	end->name_len = (uint16_t)length;
	end->abstract = how & 4;
	if (!end->abstract)
		end->name_len = (uint16_t)strnlen(path, length);
	end->peer_inode = how & 8 ? take_u32(in) : 0;
}

static void make_holders(struct holder_list *list, struct bytes *in, struct holder *holders,
			 char comms[MADE_HOLDERS][16])
{
	*list = (struct holder_list){ (enum holders_known)take_below(in, 3),
				      take_below(in, MADE_HOLDERS + 1), holders };
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t pid = take_u16(in);

		holders[i] = (struct holder){ pid, take_u8(in), comms[i], pid + take_below(in, 2) };
		comms[i][0] = '\0';
		take_text(in, comms[i], 15);
	}
	/* None were found, or they are not known: no list is partial without any. */
	if (!list->count && list->known == HOLDERS_PARTIAL)
		list->known = HOLDERS_UNKNOWN;
	if (list->count && list->known == HOLDERS_UNKNOWN)
		list->known = HOLDERS_PARTIAL;
}

static void make_contexts(struct made *made, struct bytes *in)
{
	struct socket *sk = &made->sk;

	sk->contexts.count = sk->holders.count;
	sk->contexts.items = made->contexts;
	sk->contexts.absent = take_u8(in) & 1;
	sk->socket_context = take_text(in, made->names[3], MADE_TEXT);
	for (uint32_t i = 0; i < sk->holders.count; i++)
		made->contexts[i] = (struct process_context){
			sk->holders.items[i].pid, sk->holders.items[i].tid,
			i ? sk->socket_context : take_text(in, made->names[4], MADE_TEXT)
		};
}

static void make_family_end(struct socket *sk, struct bytes *in)
{
	if (sk->family == AF_PACKET) {
		sk->packet = (struct packet_end){ take_u16(in), take_u8(in) & 1, take_u8(in) & 1 };
	} else if (sk->family == AF_NETLINK) {
		sk->netlink = (struct netlink_ends){ .port_id = take_u32(in),
						     .peer_port_id = take_u32(in),
						     .peer_group = take_u8(in),
						     .groups = { take_u32(in), take_u32(in) },
						     .connected = take_u8(in) & 1,
						     .more_groups = take_u8(in) & 1 };
	} else if (sk->family == AF_VSOCK) {
		sk->vsock = (struct vsock_ends){ { take_u32(in), take_u32(in) },
						 { take_u32(in), take_u32(in) } };
	} else if (sk->family == AF_XDP) {
		sk->xdp.queue = take_u8(in) & 1 ? UNKNOWN : (int64_t)take_u32(in);
	} else if (sk->family == AF_TIPC) {
		sk->tipc = (struct tipc_ends){ { take_u32(in), take_u32(in) },
					       { take_u32(in), take_u32(in) },
					       take_u8(in) & 1,
					       take_u8(in) & 1 };
	}
}

static void take_endpoint(struct endpoint *end, struct bytes *in, uint8_t family)
{
	for (size_t i = 0; i < (family == AF_INET ? 4 : 16); i++)
		((uint8_t *)&end->addr)[i] = take_u8(in);
	end->port = take_u16(in);
}

static void make_ends(struct made *made, struct bytes *in)
{
	struct socket *sk = &made->sk;

	make_family_end(sk, in);
	if (socket_is_inet(sk)) {
		take_endpoint(&sk->local, in, sk->family);
		take_endpoint(&sk->peer, in, sk->family);
	}
	if (sk->family != AF_UNIX)
		return;
	make_end(&sk->un, in, made->paths[0]);
	make_end(&sk->other.name, in, made->paths[1]);
	sk->other.found = take_u8(in) & 1;
	sk->other.name_known = sk->other.found && (take_u8(in) & 1);
	sk->other.inode = take_u32(in);
	made->waiting[0] = take_u8(in);
	sk->un.waiting = made->waiting;
	sk->un.n_waiting = (uint16_t)take_below(in, 3);
}

static void make_numbers(struct socket *sk, struct bytes *in)
{
	int64_t *const evidence = (int64_t *)&sk->tcp;

	sk->queue_unit = (enum queue_unit)take_below(in, QUEUE_UNKNOWN + 1);
	sk->recv_queue = take_u32(in);
	sk->send_queue = take_u32(in);
	sk->unread_bytes = take_queue(in);
	/* The one that the kernel counts in 64 bits. */
	sk->outstanding_bytes = sk->netid == NETID_MPTCP ? take_known(in) : take_queue(in);
	sk->unsent_bytes = take_queue(in);
	sk->uid = take_u32(in);
	sk->uid_known = take_u8(in) & 1;
	sk->inode = take_u8(in) & 1 ? take_u32(in) : 0;
	sk->cookie = take_number(in, 8);
	sk->netns = take_u32(in);
	sk->cgroup_id = take_known(in);
	sk->mark = take_u8(in) & 1 ? (int64_t)take_u32(in) : UNKNOWN;
	sk->destroyed_ms = take_u8(in) & 1 ? (int64_t)take_number(in, 5) : UNKNOWN;
	sk->shutdown = take_u8(in);
	sk->shutdown_known = take_u8(in) & 1;
	sk->v6only = take_tri(in);
	sk->ifindex = take_u8(in) & 1 ? take_u32(in) : 0;
	sk->timer = (enum sock_timer)take_u8(in);
	sk->timer_ms = take_u32(in);
	sk->timer_retransmits = take_u8(in);
	for (size_t i = 0; i < sizeof(sk->tcp) / sizeof(*evidence); i++)
		evidence[i] = take_queue(in);
	sk->tcp.delivery_rate_bytes_per_second = take_known(in);
	sk->tcp.pacing_rate_bytes_per_second = take_known(in);
}

static void make_linger(struct socket *sk, struct bytes *in)
{
	struct linger_setting *l = &sk->linger;

	l->kind = (enum linger_kind)take_below(in, 4);
	l->source = (enum linger_source)take_below(in, 3);
	l->forever = l->kind == LINGER_ON && (take_u8(in) & 1);
	l->seconds = l->forever || l->kind < LINGER_OFF ? UNKNOWN : take_u8(in) % 70;
	sk->options = (struct close_options){ .repair = take_tri(in) };
	sk->options.linger2_negative = take_tri(in);
	sk->options.nonblock = take_tri(in);
	sk->options.reuseaddr = take_tri(in);
	sk->options.reuseport = take_tri(in);
	sk->options.user_timeout_ms = take_known(in);
}

static void make_sctp(struct socket *sk, struct bytes *in)
{
	if (sk->netid != NETID_SCTP)
		return;
	sk->association = take_u8(in) & 1;
	sk->sctp = (struct sctp_unread){ take_tri(in), take_tri(in) };
	sk->options.one_to_many = take_tri(in);
}

static void make_mptcp(struct made *made, struct bytes *in)
{
	struct socket *sk = &made->sk;

	sk->mptcp = (struct mptcp_ids){ take_u8(in) & 1 ? (int64_t)take_u32(in) : UNKNOWN,
					take_u8(in) & 1 ? (int64_t)take_u32(in) : UNKNOWN,
					take_u8(in), take_u8(in),
					take_u8(in) & 1 ? (int64_t)take_u32(in) : UNKNOWN };
	sk->mptcp_fallback = take_tri(in);
	sk->subflow = sk->netid == NETID_TCP && (take_u8(in) & 1);
	if (sk->netid != NETID_MPTCP)
		return;
	sk->subflows.known = take_u8(in) & 1;
	sk->subflows.count = sk->subflows.known ? take_below(in, MADE_SUBFLOWS + 1) : 0;
	sk->subflows.items = made->subflows;
	for (uint32_t i = 0; i < sk->subflows.count; i++) {
		made->subflows[i] = *sk;
		made->subflows[i].subflows = (struct subflow_list){ 0 };
		made->subflows[i].netid = NETID_TCP;
		made->subflows[i].subflow = true;
		made->subflows[i].inode = take_u8(in) & 1 ? sk->inode : take_u32(in);
		judge_close(&made->subflows[i], &made->subflows[i].close);
	}
}

/* The message that a row of details is read from: a header, and any attributes. */
static void make_message(struct made *made, struct bytes *in)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)made->message;
	size_t header = families[made->sk.netid].header, length;
	const uint8_t *piece;

	if (socket_is_inet(&made->sk))
		header = sizeof(struct inet_diag_msg);
	piece = take_piece(in, sizeof(made->message) - NLMSG_SPACE(header), &length);
	*nlh = (struct nlmsghdr){ .nlmsg_len = (uint32_t)(NLMSG_LENGTH(header) + length),
				  .nlmsg_type = SOCK_DIAG_BY_FAMILY };
	memset(nlh + 1, 0, header);
	memcpy((char *)made->message + NLMSG_LENGTH(header), piece, length);
	made->sk.message = nlh;
	made->sk.message_len = nlh->nlmsg_len;
}

/* Every state but the one that exists in request masks only. */
static enum sock_state take_state(struct bytes *in)
{
	enum sock_state state = (enum sock_state)take_below(in, STATE_COUNT);

	return state == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : state;
}

void make_socket(struct made *made, struct bytes *in)
{
	struct socket *sk = &made->sk;

	socket_init(sk);
	sk->netid = (enum netid)take_below(in, NETID_COUNT);
	sk->family = families[sk->netid].family;
	if (!sk->family)
		sk->family = take_u8(in) & 1 ? AF_INET6 : AF_INET;
	sk->protocol = take_u8(in);
	sk->state = take_state(in);
	make_numbers(sk, in);
	make_linger(sk, in);
	make_sctp(sk, in);
	make_ends(made, in);
	make_holders(&sk->holders, in, made->holders[0], made->comms[0]);
	if (sk->other.found)
		make_holders(&sk->other.holders, in, made->holders[1], made->comms[1]);
	sk->netns_name = take_text(in, made->names[0], MADE_TEXT);
	sk->interface = sk->ifindex ? take_text(in, made->names[1], 15) : NULL;
	sk->cgroup = take_text(in, made->names[2], MADE_TEXT);
	make_contexts(made, in);
	make_message(made, in);
	judge_close(sk, &sk->close);
	make_mptcp(made, in);
}
