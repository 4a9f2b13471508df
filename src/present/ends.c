/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/ends.h"

#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "model/protocols.h"
#include "present/escape.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void end_protocol_name(struct outbuf *b, const char *name)
{
	if (name)
		outbuf_printf(b, ",\"protocol_name\":\"%s\"", name);
	else
		outbuf_str(b, ",\"protocol_name\":null");
}

/* `*` for none, the index where the device has no name (any more). */
static void put_device(struct outbuf *b, const struct socket *sk)
{
	if (!sk->ifindex)
		outbuf_char(b, '*');
	else if (sk->interface)
		escape_text(b, sk->interface, strlen(sk->interface));
	else
		outbuf_u64(b, sk->ifindex);
}

/* --- packet: what the frames carry, and the device ---------------------------------------- */

static void packet_cell(struct outbuf *b, const struct socket *sk, bool peer, bool numeric)
{
	unsigned int protocol = sk->packet.protocol;
	const char *name = numeric ? NULL : link_protocol_name(protocol);

	if (peer) {
		outbuf_char(b, '*');
		return;
	}
	if (protocol == ETH_P_ALL)
		outbuf_char(b, '*');
	else if (name)
		outbuf_str(b, name);
	else
		outbuf_printf(b, "[%u]", protocol);
	outbuf_char(b, ':');
	put_device(b, sk);
}

static void packet_value(struct outbuf *b, const struct socket *sk, bool peer)
{
	if (peer) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_printf(b, "{\"protocol\":%u", sk->packet.protocol);
	end_protocol_name(b, link_protocol_name(sk->packet.protocol));
	outbuf_char(b, '}');
}

/* --- netlink: the family of messages, and the port id --------------------------------------- */

static void netlink_peer_cell(struct outbuf *b, const struct netlink_ends *nl)
{
	if (nl->connected)
		outbuf_printf(b, "%u:%u", nl->peer_group, nl->peer_port_id);
	else
		outbuf_char(b, '*');
}

static void netlink_cell(struct outbuf *b, const struct socket *sk, bool peer, bool numeric)
{
	const char *name = numeric ? NULL : netlink_protocol_name(sk->protocol);

	if (peer) {
		netlink_peer_cell(b, &sk->netlink);
		return;
	}
	if (name)
		outbuf_str(b, name);
	else
		outbuf_u64(b, sk->protocol);
	outbuf_char(b, ':');
	if (!sk->netlink.port_id && !numeric)
		outbuf_str(b, "kernel");
	else
		outbuf_u64(b, sk->netlink.port_id);
}

static void put_groups(struct outbuf *b, const struct netlink_ends *nl)
{
	bool first = true;

	for (unsigned int i = 0; i < 32 * NETLINK_GROUP_WORDS; i++) {
		if (!(nl->groups[i / 32] >> i % 32 & 1))
			continue;
		outbuf_printf(b, "%s%u", first ? "" : ",", i + 1);
		first = false;
	}
}

static void netlink_value(struct outbuf *b, const struct socket *sk, bool peer)
{
	const struct netlink_ends *nl = &sk->netlink;

	if (peer && !nl->connected) {
		outbuf_str(b, "null");
		return;
	}
	if (peer) {
		outbuf_printf(b, "{\"port_id\":%u,\"group\":%u}", nl->peer_port_id, nl->peer_group);
		return;
	}
	outbuf_printf(b, "{\"protocol\":%u", sk->protocol);
	end_protocol_name(b, netlink_protocol_name(sk->protocol));
	outbuf_printf(b, ",\"port_id\":%u,\"groups\":[", nl->port_id);
	put_groups(b, nl);
	outbuf_str(b, nl->more_groups ? "],\"more_groups\":true}" : "],\"more_groups\":false}");
}

/* --- vsock: the machine's context id, and the port ------------------------------------------- */

static void put_unless_any(struct outbuf *b, uint32_t number)
{
	if (number == UINT32_MAX)
		outbuf_char(b, '*');
	else
		outbuf_u64(b, number);
}

static void vsock_cell(struct outbuf *b, const struct socket *sk, bool peer, bool numeric)
{
	const struct vsock_address *end = peer ? &sk->vsock.peer : &sk->vsock.local;

	(void)numeric;
	put_unless_any(b, end->cid);
	outbuf_char(b, ':');
	put_unless_any(b, end->port);
}

static void vsock_value(struct outbuf *b, const struct socket *sk, bool peer)
{
	const struct vsock_address *end = peer ? &sk->vsock.peer : &sk->vsock.local;

	outbuf_printf(b, "{\"cid\":%u,\"port\":%u}", end->cid, end->port);
}

/* --- XDP: the device and its queue ------------------------------------------------------------ */

static void xdp_cell(struct outbuf *b, const struct socket *sk, bool peer, bool numeric)
{
	(void)numeric;
	if (peer) {
		outbuf_char(b, '*');
		return;
	}
	put_device(b, sk);
	outbuf_char(b, ':');
	if (sk->xdp.queue == UNKNOWN)
		outbuf_char(b, sk->ifindex ? '?' : '*');
	else
		outbuf_i64(b, sk->xdp.queue);
}

static void xdp_value(struct outbuf *b, const struct socket *sk, bool peer)
{
	if (peer)
		outbuf_str(b, "null");
	else if (sk->xdp.queue == UNKNOWN)
		outbuf_str(b, "{\"queue\":null}");
	else
		outbuf_printf(b, "{\"queue\":%lld}", (long long)sk->xdp.queue);
}

/* --- TIPC: the node's address, and the port --------------------------------------------------- */

static void tipc_cell(struct outbuf *b, const struct socket *sk, bool peer, bool numeric)
{
	const struct tipc_address *end = peer ? &sk->tipc.peer : &sk->tipc.local;

	(void)numeric;
	if (peer && !sk->tipc.connected)
		outbuf_char(b, '-');
	else
		outbuf_printf(b, "%u:%u", end->node, end->port);
}

static void tipc_value(struct outbuf *b, const struct socket *sk, bool peer)
{
	const struct tipc_address *end = peer ? &sk->tipc.peer : &sk->tipc.local;

	if (peer && !sk->tipc.connected)
		outbuf_str(b, "null");
	else
		outbuf_printf(b, "{\"node\":%u,\"port\":%u}", end->node, end->port);
}

static const struct end_format formats[] = {
	{ AF_PACKET, packet_cell, packet_value }, { AF_NETLINK, netlink_cell, netlink_value },
	{ AF_VSOCK, vsock_cell, vsock_value },    { AF_XDP, xdp_cell, xdp_value },
	{ AF_TIPC, tipc_cell, tipc_value },
};

const struct end_format *end_format_of(uint8_t family)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].family == family)
			return &formats[i];
	return NULL;
}
