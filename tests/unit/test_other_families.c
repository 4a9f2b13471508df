/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoders of packet, netlink, vsock, XDP and TIPC sockets, fed with messages made by hand:
 * what a kernel says, a shorter or longer answer than this program knows, and attributes that are
 * short, cut or never heard of.
 */
#include "config.h"

#include "unit/unit.h"

#include <linux/if_ether.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/decode.h"
#include "unit/diag.h"

/* The message under construction. */
static char buf[DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

#define COOKIE_HALVES                  \
	{                              \
		0x89abcdef, 0x01234567 \
	}
#define COOKIE 0x0123456789abcdefull

static struct nlmsghdr *packet_message(uint8_t type)
{
	const struct packet_diag_msg msg = {
		.pdiag_family = AF_PACKET,
		.pdiag_type = type,
		.pdiag_num = ETH_P_ARP,
		.pdiag_ino = 815,
		.pdiag_cookie = COOKIE_HALVES,
	};

	return diag_control(buf, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

static struct nlmsghdr *netlink_message(uint32_t port_id)
{
	const struct netlink_diag_msg msg = {
		.ndiag_family = AF_NETLINK,
		.ndiag_type = SOCK_RAW,
		.ndiag_protocol = NETLINK_KOBJECT_UEVENT,
		.ndiag_portid = port_id,
		.ndiag_ino = 815,
		.ndiag_cookie = COOKIE_HALVES,
	};

	return diag_control(buf, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

static struct nlmsghdr *vsock_message(uint8_t type, uint8_t state)
{
	const struct vsock_diag_msg msg = {
		.vdiag_family = AF_VSOCK,
		.vdiag_type = type,
		.vdiag_state = state,
		.vdiag_shutdown = 2,
		.vdiag_src_cid = 2,
		.vdiag_src_port = 70000,
		.vdiag_dst_cid = 3,
		.vdiag_dst_port = UINT32_MAX,
		.vdiag_ino = 815,
		.vdiag_cookie = COOKIE_HALVES,
	};

	return diag_control(buf, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

static struct nlmsghdr *xdp_message(void)
{
	const struct xdp_diag_msg msg = {
		.xdiag_family = AF_XDP,
		.xdiag_type = SOCK_RAW,
		.xdiag_ino = 815,
		.xdiag_cookie = COOKIE_HALVES,
	};

	return diag_control(buf, SOCK_DIAG_BY_FAMILY, &msg, sizeof(msg));
}

/* Of struct packet_diag_info only the first number counts here. */
static void put_u32s(struct nlmsghdr *nlh, uint16_t type, uint32_t first, size_t count)
{
	uint32_t numbers[16] = { first };

	diag_attr(nlh, type, numbers, count * sizeof(*numbers));
}

static void put_memory(struct nlmsghdr *nlh, uint16_t type, uint32_t received, uint32_t sent)
{
	const uint32_t memory[9] = { received, 212992, sent };

	diag_attr(nlh, type, memory, sizeof(memory));
}

static void short_messages_are_refused(void **state)
{
	(void)state;
	check_short(&family_packet, packet_message(SOCK_RAW), sizeof(struct packet_diag_msg));
	check_short(&family_netlink, netlink_message(1), sizeof(struct netlink_diag_msg));
	check_short(&family_vsock, vsock_message(SOCK_STREAM, STATE_LISTEN),
		    sizeof(struct vsock_diag_msg));
	check_short(&family_xdp, xdp_message(), sizeof(struct xdp_diag_msg));
}

static void check_foreign(const struct family *family, struct nlmsghdr *nlh)
{
	static const uint8_t others[] = { AF_UNSPEC, AF_INET, AF_UNIX, AF_INET6, 255 };
	struct socket sk;
	uint64_t bad;
	void *copy;

	for (size_t i = 0; i < COUNT(others); i++) {
		/* The address family is the first byte of each. */
		*(uint8_t *)NLMSG_DATA(nlh) = others[i];
		assert_true(decode_exact(family, nlh, &sk, &bad, &copy) < 0);
		free(copy);
	}
}

static void other_families_are_refused(void **state)
{
	(void)state;
	check_foreign(&family_packet, packet_message(SOCK_RAW));
	check_foreign(&family_netlink, netlink_message(1));
	check_foreign(&family_vsock, vsock_message(SOCK_STREAM, STATE_LISTEN));
	check_foreign(&family_xdp, xdp_message());
}

static void check_identity(const struct socket *sk, enum netid netid, uint8_t family)
{
	assert_int_equal(sk->netid, netid);
	assert_int_equal(sk->family, family);
	assert_int_equal(sk->inode, 815);
	assert_true(sk->cookie == COOKIE);
	assert_int_equal(sk->linger.kind, LINGER_UNKNOWN);
	assert_false(sk->subflow);
}

static void packet_kinds(void **state)
{
	struct socket sk = decode(&family_packet, packet_message(SOCK_RAW), 0);

	(void)state;
	check_identity(&sk, NETID_PACKET_RAW, AF_PACKET);
	assert_int_equal(sk.state, STATE_CLOSE);
	assert_int_equal(sk.packet.protocol, ETH_P_ARP);
	assert_false(sk.uid_known);
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
	assert_int_equal(socket_recv_queue(&sk), UNKNOWN);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	sk = decode(&family_packet, packet_message(SOCK_DGRAM), 0);
	assert_int_equal(sk.netid, NETID_PACKET_DGRAM);
	sk = decode(&family_packet, packet_message(SOCK_PACKET), 0);
	assert_int_equal(sk.netid, NETID_PACKET_RAW);
}

static void packet_attributes(void **state)
{
	struct nlmsghdr *nlh = packet_message(SOCK_RAW);
	struct socket sk;

	(void)state;
	put_u32s(nlh, NEWER_ATTRIBUTE, 1, 8);
	put_u32s(nlh, PACKET_DIAG_INFO, 7, 6);
	put_u32s(nlh, PACKET_DIAG_UID, 1000, 1);
	put_memory(nlh, PACKET_DIAG_MEMINFO, 832, 0);
	sk = decode(&family_packet, nlh, 0);
	assert_int_equal(sk.ifindex, 7);
	assert_true(sk.uid_known);
	assert_int_equal(sk.uid, 1000);
	assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
	assert_int_equal(socket_recv_queue(&sk), 832);
	assert_int_equal(socket_send_queue(&sk), 0);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, 0);
	/* An empty queue holds nothing, unless there is a ring beside it. */
	nlh = packet_message(SOCK_RAW);
	put_memory(nlh, PACKET_DIAG_MEMINFO, 0, 0);
	sk = decode(&family_packet, nlh, 0);
	assert_int_equal(sk.unread_bytes, 0);
	put_u32s(nlh, PACKET_DIAG_RX_RING, 4096, 7);
	put_u32s(nlh, PACKET_DIAG_TX_RING, 4096, 7);
	sk = decode(&family_packet, nlh, 0);
	assert_true(sk.packet.rx_ring && sk.packet.tx_ring);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
}

static void packet_bad_attributes_are_counted(void **state)
{
	static const uint8_t bytes[16];
	struct nlmsghdr *nlh = packet_message(SOCK_RAW);
	struct socket sk;

	(void)state;
	diag_attr(nlh, PACKET_DIAG_INFO, bytes, 3);
	diag_attr(nlh, PACKET_DIAG_UID, bytes, 3);
	diag_attr(nlh, PACKET_DIAG_MEMINFO, bytes, 11);
	sk = decode(&family_packet, nlh, 3);
	assert_int_equal(sk.ifindex, 0);
	assert_false(sk.uid_known);
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
	nlh = packet_message(SOCK_RAW);
	diag_attr_raw(nlh, PACKET_DIAG_UID, bytes, 4, 400);
	sk = decode(&family_packet, nlh, 1);
	assert_false(sk.uid_known);
}

static void netlink_ends_are_read(void **state)
{
	struct nlmsghdr *nlh = netlink_message(4711);
	struct netlink_diag_msg *msg = NLMSG_DATA(nlh);
	struct socket sk = decode(&family_netlink, nlh, 0);

	(void)state;
	check_identity(&sk, NETID_NETLINK, AF_NETLINK);
	assert_int_equal(sk.state, STATE_CLOSE);
	assert_int_equal(sk.protocol, NETLINK_KOBJECT_UEVENT);
	assert_int_equal(sk.netlink.port_id, 4711);
	assert_false(sk.netlink.connected);
	assert_false(sk.uid_known);
	assert_false(socket_is_kernels(&sk));
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
	msg->ndiag_state = 1;
	msg->ndiag_dst_portid = 17;
	msg->ndiag_dst_group = 3;
	sk = decode(&family_netlink, nlh, 0);
	assert_true(sk.netlink.connected);
	assert_int_equal(sk.netlink.peer_port_id, 17);
	assert_int_equal(sk.netlink.peer_group, 3);
	assert_int_equal(sk.state, STATE_CLOSE);
}

static void netlink_of_the_kernel(void **state)
{
	struct socket sk = decode(&family_netlink, netlink_message(0), 0);

	(void)state;
	assert_true(socket_is_kernels(&sk));
	assert_int_equal(sk.linger.kind, LINGER_NONE);
}

/* Any length: a kernel has as many groups as it has. */
static void netlink_groups_of_every_length(void **state)
{
	uint8_t map[80];

	(void)state;
	memset(map, 0, sizeof(map));
	map[0] = 1;     /* group 1 */
	map[4] = 0x80;  /* group 40 */
	map[31] = 0x80; /* group 256 */
	map[32] = 1;    /* group 257, which there is no room for */
	for (size_t len = 0; len <= sizeof(map); len++) {
		struct nlmsghdr *nlh = netlink_message(4711);
		struct socket sk;

		diag_attr(nlh, NETLINK_DIAG_GROUPS, map, len);
		sk = decode(&family_netlink, nlh, 0);
		assert_int_equal(sk.netlink.groups[0], len > 0 ? 1 : 0);
		assert_int_equal(sk.netlink.groups[1], len > 4 ? 0x80 : 0);
		assert_int_equal(sk.netlink.groups[7], len > 31 ? 0x80000000 : 0);
		assert_int_equal(sk.netlink.more_groups, len > 32);
	}
}

static void netlink_queues(void **state)
{
	static const uint8_t bytes[12];
	struct nlmsghdr *nlh = netlink_message(4711);
	struct socket sk;

	(void)state;
	put_memory(nlh, NETLINK_DIAG_MEMINFO, 0, 768);
	sk = decode(&family_netlink, nlh, 0);
	assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
	assert_int_equal(sk.unread_bytes, 0);
	assert_int_equal(sk.send_queue, 768);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	nlh = netlink_message(4711);
	diag_attr(nlh, NETLINK_DIAG_MEMINFO, bytes, 11);
	sk = decode(&family_netlink, nlh, 1);
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
}

static void vsock_rows(void **state)
{
	static const struct {
		uint8_t type;
		enum netid netid;
	} kinds[] = {
		{ SOCK_STREAM, NETID_VSOCK_STREAM },
		{ SOCK_DGRAM, NETID_VSOCK_DGRAM },
		{ SOCK_SEQPACKET, NETID_VSOCK_SEQPACKET },
	};
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		sk = decode(&family_vsock, vsock_message(kinds[i].type, STATE_ESTABLISHED), 0);
		check_identity(&sk, kinds[i].netid, AF_VSOCK);
		assert_int_equal(sk.state, STATE_ESTABLISHED);
		assert_int_equal(sk.vsock.local.cid, 2);
		assert_int_equal(sk.vsock.local.port, 70000);
		assert_int_equal(sk.vsock.peer.cid, 3);
		assert_true(sk.vsock.peer.port == UINT32_MAX);
		assert_true(sk.shutdown_known);
		assert_int_equal(sk.shutdown, 2);
		assert_false(sk.uid_known);
		assert_int_equal(socket_recv_queue(&sk), UNKNOWN);
		assert_int_equal(socket_send_queue(&sk), UNKNOWN);
	}
	assert_true(decode_exact(&family_vsock, vsock_message(SOCK_RAW, 1), &sk, &bad, &copy) < 0);
	free(copy);
	sk = decode(&family_vsock, vsock_message(SOCK_STREAM, 200), 0);
	assert_int_equal(sk.state, STATE_UNKNOWN);
}

static void xdp_rows(void **state)
{
	const struct xdp_diag_info info = { .ifindex = 7, .queue_id = 3 }, unbound = { 0 };
	struct nlmsghdr *nlh = xdp_message();
	struct socket sk = decode(&family_xdp, nlh, 0);

	(void)state;
	check_identity(&sk, NETID_XDP, AF_XDP);
	assert_int_equal(sk.state, STATE_CLOSE);
	assert_int_equal(sk.xdp.queue, UNKNOWN);
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
	diag_attr(nlh, XDP_DIAG_INFO, &info, sizeof(info));
	put_u32s(nlh, XDP_DIAG_UID, 1000, 1);
	put_memory(nlh, XDP_DIAG_MEMINFO, 0, 0);
	sk = decode(&family_xdp, nlh, 0);
	assert_int_equal(sk.ifindex, 7);
	assert_int_equal(sk.xdp.queue, 3);
	assert_int_equal(sk.uid, 1000);
	/* The rings are not in these numbers: 0 says nothing. */
	assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	/* Not bound: queue 0 of no device is none. */
	nlh = xdp_message();
	diag_attr(nlh, XDP_DIAG_INFO, &unbound, sizeof(unbound));
	sk = decode(&family_xdp, nlh, 0);
	assert_int_equal(sk.xdp.queue, UNKNOWN);
	nlh = xdp_message();
	diag_attr(nlh, XDP_DIAG_INFO, &info, sizeof(info) - 1);
	sk = decode(&family_xdp, nlh, 1);
	assert_int_equal(sk.ifindex, 0);
	assert_int_equal(sk.xdp.queue, UNKNOWN);
}

/* --- TIPC: one attribute with all in it ------------------------------------------------------ */

/* Attributes, one after the other, to go into another. */
struct nest {
	char bytes[512] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct nlmsghdr *nest_start(struct nest *nest)
{
	return diag_control(nest->bytes, 0, NULL, 0);
}

static void nest_into(struct nlmsghdr *nlh, uint16_t type, const struct nlmsghdr *inner)
{
	diag_attr(nlh, type, NLMSG_DATA(inner), inner->nlmsg_len - NLMSG_HDRLEN);
}

static void put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t number)
{
	diag_attr(nlh, type, &number, sizeof(number));
}

static struct nlmsghdr *tipc_message(uint32_t type, uint32_t state, uint32_t received,
				     uint32_t queued, bool congested)
{
	struct nest inner_nest, part_nest;
	struct nlmsghdr *inner = nest_start(&inner_nest), *part;
	const uint64_t cookie = COOKIE;
	struct nlmsghdr *nlh;

	put_u32(inner, TIPC_NLA_SOCK_REF, 3000000000u);
	put_u32(inner, TIPC_NLA_SOCK_ADDR, 0x1001001);
	part = nest_start(&part_nest);
	put_u32(part, TIPC_NLA_CON_NODE, 0x1001002);
	put_u32(part, TIPC_NLA_CON_SOCK, 77);
	nest_into(inner, TIPC_NLA_SOCK_CON, part);
	put_u32(inner, TIPC_NLA_SOCK_TYPE, type);
	put_u32(inner, TIPC_NLA_SOCK_TIPC_STATE, state);
	put_u32(inner, TIPC_NLA_SOCK_INO, 815);
	put_u32(inner, TIPC_NLA_SOCK_UID, 1000);
	diag_attr(inner, TIPC_NLA_SOCK_COOKIE, &cookie, sizeof(cookie));
	part = nest_start(&part_nest);
	put_u32(part, TIPC_NLA_SOCK_STAT_RCVQ, received);
	put_u32(part, TIPC_NLA_SOCK_STAT_SENDQ, queued);
	if (congested)
		diag_attr(part, TIPC_NLA_SOCK_STAT_LINK_CONG, NULL, 0);
	nest_into(inner, TIPC_NLA_SOCK_STAT, part);
	nlh = diag_control(buf, SOCK_DIAG_BY_FAMILY, NULL, 0);
	nest_into(nlh, TIPC_NLA_SOCK, inner);
	return nlh;
}

static void tipc_rows(void **state)
{
	static const struct {
		uint32_t type;
		enum netid netid;
	} kinds[] = {
		{ SOCK_STREAM, NETID_TIPC_STREAM },
		{ SOCK_SEQPACKET, NETID_TIPC_SEQPACKET },
		{ SOCK_RDM, NETID_TIPC_RDM },
		{ SOCK_DGRAM, NETID_TIPC_DGRAM },
	};
	struct socket sk;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		sk = decode(&family_tipc,
			    tipc_message(kinds[i].type, STATE_ESTABLISHED, 2, 0, false), 0);
		check_identity(&sk, kinds[i].netid, AF_TIPC);
		assert_int_equal(sk.state, STATE_ESTABLISHED);
		assert_int_equal(sk.tipc.local.node, 0x1001001);
		assert_true(sk.tipc.local.port == 3000000000u);
		assert_true(sk.tipc.connected);
		assert_int_equal(sk.tipc.peer.node, 0x1001002);
		assert_int_equal(sk.tipc.peer.port, 77);
		assert_int_equal(sk.uid, 1000);
		assert_int_equal(sk.queue_unit, QUEUE_MESSAGES);
		assert_int_equal(sk.recv_queue, 2);
		assert_int_equal(sk.unread_bytes, UNKNOWN);
		assert_int_equal(sk.outstanding_bytes, 0);
		assert_false(sk.tipc.congested);
	}
	sk = decode(&family_tipc, tipc_message(SOCK_STREAM, STATE_LISTEN, 0, 1, true), 0);
	assert_int_equal(sk.unread_bytes, 0);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	assert_true(sk.tipc.congested);
	sk = decode(&family_tipc, tipc_message(SOCK_STREAM, 99, 0, 0, false), 0);
	assert_int_equal(sk.state, STATE_UNKNOWN);
}

/* Cut anywhere, and with lengths that say so or lie: it never reads beyond its end (a sanitizer
 * tells), and what has no type is no socket. */
static void tipc_of_every_length(void **state)
{
	struct nlmsghdr *nlh = tipc_message(SOCK_STREAM, STATE_ESTABLISHED, 2, 1, true);
	struct nlattr *nest = NLMSG_DATA(nlh);
	const uint32_t whole = nlh->nlmsg_len;
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	for (uint32_t len = NLMSG_HDRLEN; len < whole; len++) {
		nlh->nlmsg_len = len;
		assert_true(decode_exact(&family_tipc, nlh, &sk, &bad, &copy) < 0);
		free(copy);
	}
	for (uint32_t len = NLMSG_HDRLEN + NLA_HDRLEN; len < whole; len++) {
		int err;

		nlh->nlmsg_len = len;
		nest->nla_len = (uint16_t)(len - NLMSG_HDRLEN);
		err = decode_exact(&family_tipc, nlh, &sk, &bad, &copy);
		assert_true(err < 0 || sk.netid == NETID_TIPC_STREAM);
		free(copy);
	}
}

static void tipc_another_attribute_is_refused(void **state)
{
	struct nlmsghdr *nlh = tipc_message(SOCK_STREAM, STATE_ESTABLISHED, 0, 0, false);
	struct nlattr *nest = NLMSG_DATA(nlh);
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	nest->nla_type = TIPC_NLA_PUBL;
	assert_true(decode_exact(&family_tipc, nlh, &sk, &bad, &copy) < 0);
	free(copy);
	nlh = tipc_message(SOCK_PACKET, STATE_ESTABLISHED, 0, 0, false);
	assert_true(decode_exact(&family_tipc, nlh, &sk, &bad, &copy) < 0);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_messages_are_refused),
		cmocka_unit_test(other_families_are_refused),
		cmocka_unit_test(packet_kinds),
		cmocka_unit_test(packet_attributes),
		cmocka_unit_test(packet_bad_attributes_are_counted),
		cmocka_unit_test(netlink_ends_are_read),
		cmocka_unit_test(netlink_of_the_kernel),
		cmocka_unit_test(netlink_groups_of_every_length),
		cmocka_unit_test(netlink_queues),
		cmocka_unit_test(vsock_rows),
		cmocka_unit_test(xdp_rows),
		cmocka_unit_test(tipc_rows),
		cmocka_unit_test(tipc_of_every_length),
		cmocka_unit_test(tipc_another_attribute_is_refused),
	};

	return cmocka_run_group_tests_name("other families", tests, NULL, NULL);
}
