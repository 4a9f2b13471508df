/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of families that this machine's kernel may lack: SCTP, TIPC, XDP; and of packet and
 * netlink sockets. Messages are made by hand after the kernel's headers.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sctp.h>
#include <linux/tipc_netlink.h>
#include <linux/xdp_diag.h>

#include "unit/details_look.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

/* ---- SCTP ---- */

static void put_address(struct sockaddr_storage *to, int family, const char *text)
{
	void *at = family == AF_INET ? (void *)&((struct sockaddr_in *)to)->sin_addr
				     : (void *)&((struct sockaddr_in6 *)to)->sin6_addr;

	*to = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	assert_int_equal(inet_pton(family, text, at), 1);
}

static struct socket association(const struct sctp_info *info, size_t length)
{
	struct sockaddr_storage locals[2], peers[1];
	struct nlmsghdr *nlh = start(STATE_ESTABLISHED);

	put_address(&locals[0], AF_INET, "192.0.2.1");
	put_address(&locals[1], AF_INET6, "2001:db8::1");
	put_address(&peers[0], AF_INET, "192.0.2.9");
	diag_attr(nlh, INET_DIAG_LOCALS, locals, sizeof(locals));
	diag_attr(nlh, INET_DIAG_PEERS, peers, sizeof(peers));
	diag_attr(nlh, INET_DIAG_INFO, info, length);
	return take(&family_sctp, nlh);
}

static void sctp_associations(void **state)
{
	struct sctp_info info = { .sctpi_tag = 0xabc,
				  .sctpi_rwnd = 106496,
				  .sctpi_unackdata = 3,
				  .sctpi_outstrms = 10,
				  .sctpi_opackets = 1ull << 40,
				  .sctpi_p_state = SCTP_ACTIVE,
				  .sctpi_p_rto = 1000,
				  .sctpi_p_srtt = 987654 };
	struct socket sk = association(&info, sizeof(info));
	struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

	(void)state;
	expect(&seen, "tag", 0xabc);
	expect(&seen, "rwnd_bytes", 106496);
	expect(&seen, "unacked_chunks", 3);
	expect(&seen, "out_streams", 10);
	expect(&seen, "out_packets", 1ull << 40);
	expect(&seen, "path_rto_ms", 1000);
	assert_string_equal(find(&seen, "path_state")->text, "active");
	contains(json_of(&sk, json_info), "\"local_addresses\":[\"192.0.2.1\",\"2001:db8::1\"],"
					  "\"peer_addresses\":[\"192.0.2.9\"]");
	/* The kernel's ticks are no unit. */
	lacks(json_of(&sk, json_info), "987654");
	lacks(json_of(&sk, json_info), "nodelay");
	give_back(&sk);
}

static void sctp_endpoints(void **state)
{
	struct sctp_info info = { .sctpi_s_nodelay = 1, .sctpi_s_autoclose = 30 };
	struct nlmsghdr *nlh = start(STATE_LISTEN);
	struct socket sk;
	struct seen seen;

	(void)state;
	diag_attr(nlh, INET_DIAG_INFO, &info, sizeof(info));
	sk = take(&family_sctp, nlh);
	seen = look(&sk, details_info, DETAILS_GIVEN);
	expect(&seen, "nodelay", 1);
	expect(&seen, "autoclose_seconds", 30);
	lacks(json_of(&sk, json_info), "peer");
	lacks(json_of(&sk, json_info), "path");
	give_back(&sk);
}

static void sctp_of_every_length(void **state)
{
	struct sctp_info info = { .sctpi_tag = 1, .sctpi_rwnd = 5, .sctpi_p_error = 7 };
	size_t end = offsetof(struct sctp_info, sctpi_p_error) + sizeof(info.sctpi_p_error);

	(void)state;
	for (size_t length = 1; length <= sizeof(info); length++) {
		struct socket sk = association(&info, length);
		struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

		if (length >= 12)
			expect(&seen, "rwnd_bytes", 5);
		else
			expect_unknown(&seen, "rwnd_bytes");
		if (length >= end)
			expect(&seen, "path_errors", 7);
		else
			expect_unknown(&seen, "path_errors");
		give_back(&sk);
	}
}

/* Lists of addresses that end within one, and families that nobody knows. */
static void sctp_addresses_of_every_length(void **state)
{
	struct sctp_info info = { 0 };
	struct sockaddr_storage peers[2];

	(void)state;
	put_address(&peers[0], AF_INET6, "::1");
	peers[1] = (struct sockaddr_storage){ .ss_family = 99 };
	for (size_t length = 0; length <= sizeof(peers); length++) {
		struct nlmsghdr *nlh = start(STATE_ESTABLISHED);
		struct socket sk;
		struct seen seen;

		diag_attr(nlh, INET_DIAG_INFO, &info, sizeof(info));
		diag_attr(nlh, INET_DIAG_PEERS, peers, length);
		sk = take(&family_sctp, nlh);
		if (sk.association) {
			seen = look(&sk, details_info, DETAILS_GIVEN);
			expect(&seen, "peer_addresses", length / sizeof(peers[0]));
		}
		if (length == sizeof(peers))
			contains(json_of(&sk, json_info), "\"peer_addresses\":[\"::1\",\"?\"]");
		give_back(&sk);
	}
}

/* ---- TIPC ---- */

static void put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t number)
{
	diag_attr(nlh, type, &number, sizeof(number));
}

/* Ends a nest that began where the message was `from` bytes long. */
static void end_nest(struct nlmsghdr *nlh, uint32_t from, uint16_t type)
{
	struct nlattr *attr = (struct nlattr *)((char *)nlh + from);

	attr->nla_len = (uint16_t)(nlh->nlmsg_len - from);
	attr->nla_type = type;
}

static uint32_t begin_nest(struct nlmsghdr *nlh)
{
	uint32_t from = nlh->nlmsg_len;

	diag_attr(nlh, 0, "", 0);
	return from;
}

static struct nlmsghdr *tipc_message(void)
{
	struct nlmsghdr *nlh = start_with("", 0);
	uint32_t outer = begin_nest(nlh), inner;

	put_u32(nlh, TIPC_NLA_SOCK_TYPE, SOCK_RDM);
	put_u32(nlh, TIPC_NLA_SOCK_REF, 7);
	diag_attr(nlh, TIPC_NLA_SOCK_HAS_PUBL, "", 0);
	inner = begin_nest(nlh);
	put_u32(nlh, TIPC_NLA_SOCK_STAT_RCVQ, 1);
	put_u32(nlh, TIPC_NLA_SOCK_STAT_SENDQ, 0);
	diag_attr(nlh, TIPC_NLA_SOCK_STAT_CONN_CONG, "", 0);
	put_u32(nlh, TIPC_NLA_SOCK_STAT_DROP, 12);
	end_nest(nlh, inner, TIPC_NLA_SOCK_STAT);
	inner = begin_nest(nlh);
	put_u32(nlh, TIPC_NLA_SOCK_GROUP_ID, 4711);
	end_nest(nlh, inner, TIPC_NLA_SOCK_GROUP);
	end_nest(nlh, outer, TIPC_NLA_SOCK);
	return nlh;
}

static void tipc_is_told(void **state)
{
	struct socket sk = take(&family_tipc, tipc_message());
	struct seen seen = look(&sk, details_tipc, DETAILS_GIVEN);

	(void)state;
	expect(&seen, "published", 1);
	expect(&seen, "drops", 12);
	expect(&seen, "link_congested", 0);
	expect(&seen, "connection_congested", 1);
	expect(&seen, "group_id", 4711);
	expect_unknown(&seen, "group_instance");
	/* It has no connection. */
	lacks(json_of(&sk, json_tipc), "service");
	look(&sk, details_memory, DETAILS_NONE);
	give_back(&sk);
	sk = take(&family_tcp, start(STATE_ESTABLISHED));
	look(&sk, details_tipc, DETAILS_NONE);
	give_back(&sk);
}

/* What was cut may lose values, and nothing else. */
static void tipc_that_is_cut(void **state)
{
	struct nlmsghdr *nlh = tipc_message();
	uint32_t whole = nlh->nlmsg_len;

	(void)state;
	for (uint32_t length = NLMSG_HDRLEN; length <= whole; length++) {
		struct socket sk = take(&family_tipc, nlh);

		sk.message_len = length;
		json_of(&sk, json_tipc);
		text_of(&sk, cell_extended, true);
		give_back(&sk);
	}
}

/* ---- packet, netlink and XDP ---- */

static void packet_sockets_tell_how_they_read(void **state)
{
	struct packet_diag_msg msg = { .pdiag_family = AF_PACKET, .pdiag_type = SOCK_RAW };
	struct packet_diag_info info = { .pdi_version = 2,
					 .pdi_reserve = 4,
					 .pdi_flags = PDI_RUNNING | PDI_LOSS };
	struct packet_diag_ring ring = { .pdr_block_size = 4096, .pdr_frame_nr = 16 };
	uint32_t fanout = 0x20000 | 77;

	(void)state;
	for (size_t length = 4; length <= sizeof(info); length++) {
		struct nlmsghdr *nlh = start_with(&msg, sizeof(msg));
		struct socket sk;
		struct seen seen;

		diag_attr(nlh, PACKET_DIAG_INFO, &info, length);
		diag_attr(nlh, PACKET_DIAG_FANOUT, &fanout, sizeof(fanout));
		diag_attr(nlh, PACKET_DIAG_RX_RING, &ring, sizeof(ring));
		sk = take(&family_packet, nlh);
		seen = look(&sk, details_extended, DETAILS_GIVEN);
		expect(&seen, "fanout_id", 77);
		assert_string_equal(find(&seen, "fanout_type")->text, "cpu");
		expect(&seen, "rx_ring_block_bytes", 4096);
		expect(&seen, "rx_ring_frames", 16);
		expect_unknown(&seen, "tx_ring_frames");
		if (length == sizeof(info)) {
			expect(&seen, "tpacket_version", 2);
			expect(&seen, "running", 1);
			expect(&seen, "auxdata", 0);
			expect(&seen, "tx_loss", 1);
		} else {
			expect_unknown(&seen, "running");
		}
		give_back(&sk);
	}
}

static void netlink_sockets_have_flags(void **state)
{
	struct netlink_diag_msg msg = { .ndiag_family = AF_NETLINK };
	uint32_t flags = NDIAG_FLAG_CB_RUNNING | NDIAG_FLAG_CAP_ACK;
	struct nlmsghdr *nlh = start_with(&msg, sizeof(msg));
	struct socket sk;
	struct seen seen;

	(void)state;
	diag_attr(nlh, NETLINK_DIAG_FLAGS, &flags, sizeof(flags));
	sk = take(&family_netlink, nlh);
	seen = look(&sk, details_extended, DETAILS_GIVEN);
	expect(&seen, "dump_running", 1);
	expect(&seen, "cap_ack", 1);
	expect(&seen, "pktinfo", 0);
	give_back(&sk);
}

static void xdp_sockets_tell_of_their_memory(void **state)
{
	struct xdp_diag_msg msg = { .xdiag_family = AF_XDP };
	struct xdp_diag_umem umem = { .size = 1ull << 33, .flags = XDP_DU_F_ZEROCOPY, .refs = 2 };
	struct xdp_diag_ring ring = { .entries = 2048 };
	struct nlmsghdr *nlh = start_with(&msg, sizeof(msg));
	struct socket sk;
	struct seen seen;

	(void)state;
	diag_attr(nlh, XDP_DIAG_UMEM, &umem, sizeof(umem));
	diag_attr(nlh, XDP_DIAG_UMEM_FILL_RING, &ring, sizeof(ring));
	sk = take(&family_xdp, nlh);
	seen = look(&sk, details_extended, DETAILS_GIVEN);
	expect(&seen, "umem_bytes", 1ull << 33);
	expect(&seen, "umem_zerocopy", 1);
	expect(&seen, "umem_references", 2);
	expect(&seen, "fill_ring_entries", 2048);
	expect_unknown(&seen, "rx_ring_entries");
	expect_unknown(&seen, "rx_dropped");
	give_back(&sk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sctp_associations),
		cmocka_unit_test(sctp_endpoints),
		cmocka_unit_test(sctp_of_every_length),
		cmocka_unit_test(sctp_addresses_of_every_length),
		cmocka_unit_test(tipc_is_told),
		cmocka_unit_test(tipc_that_is_cut),
		cmocka_unit_test(packet_sockets_tell_how_they_read),
		cmocka_unit_test(netlink_sockets_have_flags),
		cmocka_unit_test(xdp_sockets_tell_of_their_memory),
	};

	return cmocka_run_group_tests_name("details_other", tests, NULL, NULL);
}
