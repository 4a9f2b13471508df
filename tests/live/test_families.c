/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet, netlink, raw and UDP-Lite sockets, made here, beside what the tool says of them: kind,
 * ends, queues, holder and forecast.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "openers.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define PATIENCE_MS 30000

/* A protocol of IP that is free for experiments (RFC 3692). */
#define OWN_PROTOCOL 253

/* ---- help ---- */

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* What the kernel itself says of a socket's buffers. */
static uint32_t memory_of(int fd, unsigned int what)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(memory);

	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len), errno);
	return memory[what];
}

/* Waits until more is queued than `before`: a frame is not there when sendto() comes back. */
static void wait_for_more(int fd, uint32_t before)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (memory_of(fd, SK_MEMINFO_RMEM_ALLOC) <= before)
		assert_true(nap_before(end));
}

/* The row of a descriptor in a listing with one option and all states. */
static json_t *row_with(struct listing *listing, const char *option, int fd)
{
	assert_return_code(harness_list(listing, option, "-a", "-p", NULL), errno);
	assert_int_equal(listing->status, 0);
	assert_int_equal(listing->bad_lines, 0);
	return row_by_inode(listing, inode_of(fd));
}

static void check_queues(const json_t *row, int fd)
{
	check_row(row, row_is_text(row, "queue_unit", "memory"));
	check_row(row, row_is_int(row, "recv_queue", memory_of(fd, SK_MEMINFO_RMEM_ALLOC)));
	check_row(row, row_is_int(row, "send_queue", memory_of(fd, SK_MEMINFO_WMEM_ALLOC)));
}

/* Something of nobody knows how many bytes waits to be read, and goes with the socket. */
static void check_unread(const json_t *row)
{
	check_row(row, json_integer_value(row_get(row, "recv_queue")) > 0);
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_text(row, "close.risk", "certain"));
	check_row(row, row_has_word(row, "close.reasons", "unread-data"));
}

static void check_nothing_queued(const json_t *row)
{
	check_row(row, row_is_int(row, "recv_queue", 0));
	check_row(row, row_is_int(row, "unread_bytes", 0));
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "none"));
}

/* ---- packet ---- */

/* One frame of a type over loopback. */
static void send_frame(int from, uint16_t type)
{
	static const char data[64] = "frame";
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(type),
				  .sll_ifindex = (int)if_nametoindex("lo"),
				  .sll_halen = 6 };

	assert_int_equal(sendto(from, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(data));
}

static void packet_ends(void **state)
{
	static const struct {
		int type;
		uint16_t protocol;
		const char *device, *netid, *name;
	} rows[] = {
		{ SOCK_RAW, ETH_P_ARP, "lo", "p_raw", "arp" },
		{ SOCK_DGRAM, ETH_P_IPV6, "lo", "p_dgr", "ipv6" },
		{ SOCK_RAW, OWN_TYPE, NULL, "p_raw", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_packet(rows[i].type, rows[i].protocol, rows[i].device);
		struct listing listing;
		json_t *row = row_with(&listing, "-0", fd);

		check_row(row, row_is_text(row, "netid", rows[i].netid));
		check_row(row, row_is_text(row, "family", "packet"));
		check_row(row, row_is_text(row, "state", "close"));
		check_row(row, row_is_int(row, "local.protocol", rows[i].protocol));
		if (rows[i].name)
			check_row(row, row_is_text(row, "local.protocol_name", rows[i].name));
		else
			check_row(row, row_is_null(row, "local.protocol_name"));
		check_row(row, row_is_null(row, "peer"));
		if (rows[i].device) {
			check_row(row, row_is_text(row, "interface", rows[i].device));
			check_row(row, row_is_int(row, "interface_index",
						  if_nametoindex(rows[i].device)));
		} else {
			check_row(row, row_is_null(row, "interface"));
		}
		check_row(row, row_is_int(row, "uid", getuid()));
		check_row(row, row_has_holder(row, getpid(), fd));
		check_row(row, json_string_length(row_get(row, "cookie")) > 0);
		check_nothing_queued(row);
		listing_free(&listing);
		close(fd);
	}
}

static void packet_frames_that_nobody_read(void **state)
{
	int fd = open_packet(SOCK_DGRAM, OWN_TYPE, "lo");
	int sender = open_socket(AF_PACKET, SOCK_DGRAM, 0);
	char data[256];
	struct listing listing;
	json_t *row;

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint32_t before = memory_of(fd, SK_MEMINFO_RMEM_ALLOC);

		send_frame(sender, OWN_TYPE);
		wait_for_more(fd, before);
	}
	row = row_with(&listing, "-0", fd);
	check_queues(row, fd);
	check_unread(row);
	listing_free(&listing);
	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	row = row_with(&listing, "-0", fd);
	check_queues(row, fd);
	check_nothing_queued(row);
	listing_free(&listing);
	close(sender);
	close(fd);
}

/* Frames in a ring are in no queue. */
static void packet_rings_hide_what_is_in_them(void **state)
{
	const struct tpacket_req ring = { .tp_block_size = (unsigned int)sysconf(_SC_PAGESIZE),
					  .tp_block_nr = 1,
					  .tp_frame_size = 2048,
					  .tp_frame_nr =
						  (unsigned int)sysconf(_SC_PAGESIZE) / 2048 };
	int fd = open_packet(SOCK_RAW, OWN_TYPE, "lo");
	int sender = open_socket(AF_PACKET, SOCK_DGRAM, 0);
	struct listing listing;
	json_t *row;

	(void)state;
	assert_return_code(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)), errno);
	send_frame(sender, OWN_TYPE);
	wait_readable(fd);
	row = row_with(&listing, "-0", fd);
	check_row(row, row_is_int(row, "recv_queue", 0));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	listing_free(&listing);
	close(sender);
	close(fd);
}

/* ---- netlink ---- */

static bool has_number(const json_t *list, int number)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (json_integer_value(one) == number) return true;
	return false;
}

static void netlink_ends(void **state)
{
	const int group = RTNLGRP_NEXTHOP; /* 32 */
	int fd = open_netlink(OWN_PORT_ID, RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK };
	struct listing listing;
	json_t *row;

	(void)state;
	assert_return_code(
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), errno);
	row = row_with(&listing, "--netlink", fd);
	check_row(row, row_is_text(row, "netid", "nl"));
	check_row(row, row_is_text(row, "family", "netlink"));
	check_row(row, row_is_text(row, "state", "close"));
	check_row(row, row_is_int(row, "local.protocol", NETLINK_ROUTE));
	check_row(row, row_is_text(row, "local.protocol_name", "rtnl"));
	check_row(row, row_is_int(row, "local.port_id", OWN_PORT_ID));
	check_row(row, json_array_size(row_get(row, "local.groups")) == 3);
	check_row(row, has_number(row_get(row, "local.groups"), RTNLGRP_LINK));
	check_row(row, has_number(row_get(row, "local.groups"), RTNLGRP_IPV4_IFADDR));
	check_row(row, has_number(row_get(row, "local.groups"), group));
	check_row(row, json_is_false(row_get(row, "local.more_groups")));
	check_row(row, row_is_null(row, "peer"));
	check_row(row, row_is_null(row, "uid"));
	check_row(row, row_has_holder(row, getpid(), fd));
	check_nothing_queued(row);
	listing_free(&listing);
	assert_return_code(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), errno);
	row = row_with(&listing, "--netlink", fd);
	check_row(row, row_is_int(row, "peer.port_id", 0));
	check_row(row, row_is_int(row, "peer.group", 0));
	listing_free(&listing);
	close(fd);
}

static void netlink_answers_that_nobody_read(void **state)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST },
		.body = { .ifi_index = (int)if_nametoindex("lo") },
	};
	int fd = open_netlink(OWN_PORT_ID, 0);
	char data[16384];
	struct listing listing;
	json_t *row;

	(void)state;
	assert_int_equal(send(fd, &request, sizeof(request), 0), sizeof(request));
	wait_readable(fd);
	row = row_with(&listing, "--netlink", fd);
	check_queues(row, fd);
	check_unread(row);
	listing_free(&listing);
	assert_true(recv(fd, data, sizeof(data), 0) > 0);
	row = row_with(&listing, "--netlink", fd);
	check_queues(row, fd);
	check_nothing_queued(row);
	listing_free(&listing);
	close(fd);
}

static void netlink_of_the_kernel(void **state)
{
	struct listing listing;
	json_t *row, *found = NULL;
	size_t i;

	(void)state;
	assert_return_code(harness_list(&listing, "--netlink", NULL), errno);
	json_array_foreach(listing.rows, i,
			   row) if (row_is_int(row, "local.port_id", 0) &&
				    row_is_int(row, "local.protocol", NETLINK_ROUTE)) found = row;
	check_row(found, row_is_text(found, "close.outcome", "none"));
	check_row(found, row_is_text(found, "close.risk_max", "none"));
	check_row(found, json_array_size(row_get(found, "close.reasons")) == 0);
	check_row(found, row_has_no_linger(found));
	listing_free(&listing);
}

/* ---- raw and UDP-Lite ---- */

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void raw_ends_and_queue(void **state)
{
	int fd = open_socket(AF_INET, SOCK_RAW, OWN_PROTOCOL);
	int icmp6 = open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	struct sockaddr_in name = loopback(0);
	struct listing listing;
	char data[256];
	json_t *row;

	(void)state;
	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	row = row_with(&listing, "-w", fd);
	check_row(row, row_is_text(row, "netid", "raw"));
	check_row(row, row_is_text(row, "family", "inet"));
	check_row(row, row_is_text(row, "state", "close"));
	check_row(row, row_is_text(row, "local.address", "127.0.0.1"));
	check_row(row, row_is_int(row, "local.protocol", OWN_PROTOCOL));
	check_row(row, row_is_null(row, "local.protocol_name"));
	check_row(row, row_is_text(row, "peer.address", "0.0.0.0"));
	check_row(row, row_is_int(row, "uid", getuid()));
	check_row(row, row_has_holder(row, getpid(), fd));
	check_nothing_queued(row);
	row = row_by_inode(&listing, inode_of(icmp6));
	check_row(row, row_is_text(row, "family", "inet6"));
	check_row(row, row_is_text(row, "local.address", "::"));
	check_row(row, row_is_int(row, "local.protocol", IPPROTO_ICMPV6));
	check_row(row, row_is_text(row, "local.protocol_name", "ipv6-icmp"));
	listing_free(&listing);
	assert_int_equal(sendto(fd, "packet", 6, 0, (struct sockaddr *)&name, sizeof(name)), 6);
	wait_readable(fd);
	row = row_with(&listing, "-w", fd);
	check_row(row, row_is_int(row, "recv_queue", memory_of(fd, SK_MEMINFO_RMEM_ALLOC)));
	check_unread(row);
	listing_free(&listing);
	assert_true(recv(fd, data, sizeof(data), 0) > 0);
	assert_return_code(connect(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	row = row_with(&listing, "-w", fd);
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, row_is_text(row, "peer.address", "127.0.0.1"));
	check_row(row, row_is_int(row, "recv_queue", 0));
	listing_free(&listing);
	close(icmp6);
	close(fd);
}

/* Kernel or /proc, the filter selects the same. */
static void raw_under_a_filter(void **state)
{
	int fd = open_socket(AF_INET, SOCK_RAW, OWN_PROTOCOL);
	int other = open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct listing listing;

	(void)state;
	assert_return_code(harness_list(&listing, "-w", "-a", "sport = 253 and src 0.0.0.0", NULL),
			   errno);
	assert_int_equal(listing.status, 0);
	assert_non_null(row_by_inode(&listing, inode_of(fd)));
	assert_null(row_by_inode(&listing, inode_of(other)));
	listing_free(&listing);
	assert_return_code(harness_list(&listing, "-w", "-a", "-6", NULL), errno);
	assert_null(row_by_inode(&listing, inode_of(fd)));
	listing_free(&listing);
	close(other);
	close(fd);
}

static void udplite_ends_and_queue(void **state)
{
	const struct linger five = { 1, 5 };
	struct sockaddr_in name = loopback(0), far;
	socklen_t len = sizeof(name);
	struct listing listing;
	int fd, sender;
	json_t *row;

	(void)state;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDPLITE);
	if (fd < 0) {
		print_message("# this kernel has no UDP-Lite: %s\n", strerror(errno));
		skip();
	}
	sender = open_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&name, &len), errno);
	assert_return_code(connect(sender, (struct sockaddr *)&name, sizeof(name)), errno);
	assert_return_code(setsockopt(sender, SOL_SOCKET, SO_LINGER, &five, sizeof(five)), errno);
	len = sizeof(far);
	assert_return_code(getsockname(sender, (struct sockaddr *)&far, &len), errno);
	assert_int_equal(send(sender, "datagram", 8, 0), 8);
	wait_readable(fd);
	row = row_with(&listing, "--udplite", fd);
	check_row(row, row_is_text(row, "netid", "udplite"));
	check_row(row, row_is_text(row, "state", "close"));
	check_row(row, row_is_text(row, "local.address", "127.0.0.1"));
	check_row(row, row_is_int(row, "local.port", ntohs(name.sin_port)));
	check_row(row, row_has_holder(row, getpid(), fd));
	check_queues(row, fd);
	check_unread(row);
	row = row_by_inode(&listing, inode_of(sender));
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, row_is_int(row, "local.port", ntohs(far.sin_port)));
	check_row(row, row_is_int(row, "peer.port", ntohs(name.sin_port)));
	/* A linger time is nothing to it. */
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_int(row, "close.block_seconds", 0));
	listing_free(&listing);
	/* UDP is another protocol. */
	assert_return_code(harness_list(&listing, "-u", "-a", NULL), errno);
	assert_null(row_by_inode(&listing, inode_of(fd)));
	listing_free(&listing);
	close(sender);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_ends),
		cmocka_unit_test(packet_frames_that_nobody_read),
		cmocka_unit_test(packet_rings_hide_what_is_in_them),
		cmocka_unit_test(netlink_ends),
		cmocka_unit_test(netlink_answers_that_nobody_read),
		cmocka_unit_test(netlink_of_the_kernel),
		cmocka_unit_test(raw_ends_and_queue),
		cmocka_unit_test(raw_under_a_filter),
		cmocka_unit_test(udplite_ends_and_queue),
	};

	harness_enter();
	return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
