/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoders of UDP-Lite, raw, SCTP and DCCP sockets: what they make of the message and the
 * attributes that all internet families share.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/sctp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/decode.h"
#include "unit/diag.h"

/* The message under construction. */
static char buf[DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

static struct nlmsghdr *message(uint8_t state, uint32_t rqueue, uint32_t wqueue)
{
	const struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = state,
		.idiag_rqueue = rqueue,
		.idiag_wqueue = wqueue,
		.idiag_uid = 1000,
		.idiag_inode = 4711,
		.id = { .idiag_sport = htons(89),
			.idiag_dport = htons(7),
			.idiag_cookie = { 0x89abcdef, 0x01234567 } },
	};

	return diag_start(buf, SOCK_DIAG_BY_FAMILY, &msg);
}

static struct inet_diag_msg *head(struct nlmsghdr *nlh)
{
	return NLMSG_DATA(nlh);
}

static const struct {
	const struct family *family;
	enum netid netid;
	uint8_t protocol;
} families[] = {
	{ &family_udplite, NETID_UDPLITE, IPPROTO_UDPLITE },
	{ &family_raw, NETID_RAW, 89 },
	{ &family_sctp, NETID_SCTP, IPPROTO_SCTP },
	{ &family_dccp, NETID_DCCP, IPPROTO_DCCP },
};

static void identity(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct socket sk = decode(families[i].family, message(STATE_CLOSE, 0, 0), 0);

		assert_int_equal(sk.netid, families[i].netid);
		assert_int_equal(sk.protocol, families[i].protocol);
		assert_int_equal(sk.state, STATE_CLOSE);
		assert_int_equal(sk.local.port, 89);
		assert_int_equal(sk.inode, 4711);
		assert_int_equal(sk.uid, 1000);
		assert_true(sk.uid_known);
		assert_false(sk.association);
	}
}

static void short_and_foreign_messages_are_refused(void **state)
{
	static const uint8_t others[] = { AF_UNSPEC, AF_UNIX, AF_NETLINK, 255 };
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct nlmsghdr *nlh = message(STATE_CLOSE, 0, 0);

		check_short(families[i].family, nlh, sizeof(struct inet_diag_msg));
		for (size_t k = 0; k < COUNT(others); k++) {
			nlh = message(STATE_CLOSE, 0, 0);
			head(nlh)->idiag_family = others[k];
			assert_true(decode_exact(families[i].family, nlh, &sk, &bad, &copy) < 0);
			free(copy);
		}
	}
}

static void datagram_queues_are_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct socket sk = decode(families[i].family, message(STATE_CLOSE, 0, 0), 0);

		assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
		assert_int_equal(sk.unread_bytes, 0);
		assert_int_equal(sk.outstanding_bytes, 0);
		sk = decode(families[i].family, message(STATE_ESTABLISHED, 832, 768), 0);
		assert_int_equal(sk.recv_queue, 832);
		assert_int_equal(sk.unread_bytes, UNKNOWN);
		assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	}
}

/* The protocol is the port; an attribute says it again, and is believed. */
static void a_raw_sockets_protocol(void **state)
{
	struct nlmsghdr *nlh = message(STATE_CLOSE, 0, 0);
	const uint8_t icmp = 1;

	(void)state;
	assert_int_equal(decode(&family_raw, nlh, 0).protocol, 89);
	diag_attr(nlh, INET_DIAG_PROTOCOL, &icmp, sizeof(icmp));
	assert_int_equal(decode(&family_raw, nlh, 0).protocol, 1);
	nlh = message(STATE_CLOSE, 0, 0);
	diag_attr(nlh, INET_DIAG_PROTOCOL, &icmp, 0);
	assert_int_equal(decode(&family_raw, nlh, 1).protocol, 89);
}

/* --- SCTP ------------------------------------------------------------------------------------ */

static struct nlmsghdr *association(uint8_t state, uint32_t rqueue, uint32_t wqueue)
{
	static const uint8_t addresses[256]; /* two of struct sockaddr_storage */
	struct nlmsghdr *nlh = message(state, rqueue, wqueue);

	diag_attr(nlh, INET_DIAG_LOCALS, addresses, 128);
	diag_attr(nlh, INET_DIAG_PEERS, addresses, 256);
	return nlh;
}

static void sctp_endpoints(void **state)
{
	struct socket sk = decode(&family_sctp, message(STATE_LISTEN, 2, 128), 0);

	(void)state;
	assert_int_equal(sk.state, STATE_LISTEN);
	assert_int_equal(sk.queue_unit, QUEUE_CONNECTIONS);
	assert_int_equal(sk.recv_queue, 2);
	assert_int_equal(sk.send_queue, 128);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	sk = decode(&family_sctp, message(STATE_CLOSE, 0, 0), 0);
	assert_int_equal(sk.state, STATE_CLOSE);
	/* The state of its association, which is another row. */
	sk = decode(&family_sctp, message(STATE_ESTABLISHED, 0, 0), 0);
	assert_int_equal(sk.state, STATE_CLOSE);
}

static enum tri endpoint_with(uint32_t memory)
{
	struct nlmsghdr *nlh = message(STATE_LISTEN, 1, 8);

	diag_attr(nlh, INET_DIAG_SKMEMINFO, &memory, sizeof(memory));
	return decode(&family_sctp, nlh, 0).sctp.socket;
}

static struct sctp_unread association_with(uint32_t own, uint32_t memory, int chunks)
{
	const struct sctp_info info = { .sctpi_iodchunks = chunks > 0 ? (uint64_t)chunks : 0 };
	struct nlmsghdr *nlh = association(3, own, 0);

	diag_attr(nlh, INET_DIAG_SKMEMINFO, &memory, sizeof(memory));
	if (chunks >= 0)
		diag_attr(nlh, INET_DIAG_INFO, &info, sizeof(info));
	return decode(&family_sctp, nlh, 0).sctp;
}

/* Notifications take whole buffers, data does not. */
static void sctp_memory_that_has_data(void **state)
{
	static const struct {
		uint32_t own, memory;
		int chunks; /* -1: not told */
		enum tri own_data, socket_data;
	} rows[] = {
		{ 0, 0, -1, TRI_NO, TRI_NO },
		{ 332, 332, -1, TRI_YES, TRI_YES },
		{ 256, 256, -1, TRI_YES, TRI_YES },
		{ 2464, 2464, 2, TRI_YES, TRI_YES },
		{ 896, 896, -1, TRI_UNKNOWN, TRI_UNKNOWN },
		{ 896, 896, 3, TRI_UNKNOWN, TRI_UNKNOWN },
		{ 896, 896, 0, TRI_NO, TRI_NO },
		{ 896, 896 + 332, 0, TRI_NO, TRI_YES },
		{ 0, 332, 0, TRI_NO, TRI_YES },
		{ 0, 1792, 0, TRI_NO, TRI_UNKNOWN },
		{ 896, 0, 3, TRI_UNKNOWN, TRI_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sctp_unread unread =
			association_with(rows[i].own, rows[i].memory, rows[i].chunks);

		if (unread.own != rows[i].own_data || unread.socket != rows[i].socket_data)
			fail_msg("row %zu: %d %d", i, unread.own, unread.socket);
	}
	assert_int_equal(endpoint_with(0), TRI_NO);
	assert_int_equal(endpoint_with(332), TRI_YES);
	assert_int_equal(endpoint_with(896), TRI_UNKNOWN);
	/* Without the numbers nobody knows, but of what the queue itself says. */
	assert_int_equal(decode(&family_sctp, association(3, 0, 0), 0).sctp.socket, TRI_UNKNOWN);
	assert_int_equal(decode(&family_sctp, association(3, 332, 0), 0).sctp.socket, TRI_YES);
}

/* Zeros for an IPv4 address of an IPv6 socket: the lists have it. */
static void sctp_mends_mapped_addresses(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 127, 0, 0, 2 };
	struct sockaddr_storage list[2] = { { 0 } };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&list[0];
	struct nlmsghdr *nlh = message(3, 0, 0);
	struct socket sk;

	(void)state;
	v4->sin_family = AF_INET;
	v4->sin_addr.s_addr = htonl(0x7f000002);
	head(nlh)->idiag_family = AF_INET6;
	memset(&head(nlh)->id.idiag_src, 0, sizeof(head(nlh)->id.idiag_src));
	memset(&head(nlh)->id.idiag_dst, 0, sizeof(head(nlh)->id.idiag_dst));
	diag_attr(nlh, INET_DIAG_LOCALS, list, sizeof(list));
	diag_attr(nlh, INET_DIAG_PEERS, list, sizeof(list));
	sk = decode(&family_sctp, nlh, 0);
	assert_memory_equal(&sk.local.addr, mapped, sizeof(mapped));
	assert_memory_equal(&sk.peer.addr, mapped, sizeof(mapped));
	/* Of an IPv6 peer the own address is of IPv6 too, wherever it stands. */
	nlh = message(3, 0, 0);
	head(nlh)->idiag_family = AF_INET6;
	memset(&head(nlh)->id.idiag_src, 0, sizeof(head(nlh)->id.idiag_src));
	memcpy(&head(nlh)->id.idiag_dst, &in6addr_loopback, sizeof(in6addr_loopback));
	((struct sockaddr_in6 *)&list[1])->sin6_family = AF_INET6;
	((struct sockaddr_in6 *)&list[1])->sin6_addr = in6addr_loopback;
	diag_attr(nlh, INET_DIAG_LOCALS, list, sizeof(list));
	diag_attr(nlh, INET_DIAG_PEERS, &list[1], sizeof(list[1]));
	sk = decode(&family_sctp, nlh, 0);
	assert_memory_equal(&sk.local.addr, &in6addr_loopback, sizeof(in6addr_loopback));
	assert_memory_equal(&sk.peer.addr, &in6addr_loopback, sizeof(in6addr_loopback));
	/* Too short for an address. */
	nlh = message(3, 0, 0);
	head(nlh)->idiag_family = AF_INET6;
	memset(&head(nlh)->id.idiag_dst, 0, sizeof(head(nlh)->id.idiag_dst));
	diag_attr(nlh, INET_DIAG_PEERS, list, sizeof(list[0]) - 1);
	sk = decode(&family_sctp, nlh, 0);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&sk.peer.addr.v6));
}

/* The same number means another state with the peer's addresses and without. */
static void sctp_associations_have_states_of_their_own(void **state)
{
	static const enum sock_state states[] = {
		STATE_CLOSE,
		STATE_COOKIE_WAIT,
		STATE_COOKIE_ECHOED,
		STATE_ESTABLISHED,
		STATE_SHUTDOWN_PENDING,
		STATE_SHUTDOWN_SENT,
		STATE_SHUTDOWN_RECEIVED,
		STATE_SHUTDOWN_ACK_SENT,
	};

	(void)state;
	for (unsigned int number = 0; number < 256; number++) {
		struct socket sk = decode(&family_sctp, association((uint8_t)number, 2464, 0), 0);

		assert_int_equal(sk.state, number < COUNT(states) ? states[number] : STATE_UNKNOWN);
		assert_true(sk.association);
		assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
		assert_int_equal(sk.recv_queue, 2464);
		assert_int_equal(sk.unread_bytes, UNKNOWN);
		assert_int_equal(sk.outstanding_bytes, 0);
		/* 6 would be a TIME_WAIT without a user. */
		assert_true(sk.uid_known);
		assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	}
}

static void an_sctp_association_without_a_process(void **state)
{
	struct nlmsghdr *nlh = association(4, 0, 1000);
	struct socket sk;

	(void)state;
	head(nlh)->idiag_inode = 0;
	sk = decode(&family_sctp, nlh, 0);
	assert_int_equal(sk.linger.kind, LINGER_NONE);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
}

/* Its timer's numbers are not TCP's: 4 is retransmission, and the kernel tells no other. */
static void sctp_timers(void **state)
{
	struct nlmsghdr *nlh = association(3, 0, 0);

	(void)state;
	head(nlh)->idiag_timer = 4;
	head(nlh)->idiag_expires = 250;
	assert_int_equal(decode(&family_sctp, nlh, 0).timer, TIMER_RETRANSMIT);
	assert_int_equal(decode(&family_sctp, nlh, 0).timer_ms, 250);
	head(nlh)->idiag_timer = 3;
	assert_int_equal(decode(&family_sctp, nlh, 0).timer, TIMER_OFF);
	assert_true(decode(&family_sctp, nlh, 0).uid_known);
}

/* Idle endpoints come with the listening ones; bytecode the kernel does not apply. */
static void sctp_requests(void **state)
{
	static const uint8_t code[4];
	char request[FAMILY_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct selection sel = { .states = STATE_BIT(STATE_CLOSE),
				 .ipv4 = true,
				 .bytecode = code,
				 .bytecode_len = sizeof(code) };
	struct nlmsghdr *nlh = family_sctp.request(request, &sel, 0);
	struct inet_diag_req_v2 *req = NLMSG_DATA(nlh);

	(void)state;
	assert_int_equal(req->idiag_states, STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_LISTEN) |
						    STATE_BIT(STATE_ESTABLISHED));
	sel.states = STATE_BIT(STATE_LISTEN);
	nlh = family_sctp.request(request, &sel, 0);
	req = NLMSG_DATA(nlh);
	assert_int_equal(req->idiag_states, STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_LISTEN));
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(sizeof(*req)));
	assert_int_equal(req->sdiag_protocol, IPPROTO_SCTP);
	sel.states = STATE_BIT(STATE_SHUTDOWN_PENDING);
	nlh = family_sctp.request(request, &sel, 0);
	req = NLMSG_DATA(nlh);
	assert_int_equal(req->idiag_states, STATE_BIT(STATE_SHUTDOWN_PENDING));
	assert_null(family_sctp.request(request, &sel, 1));
	assert_true(family_sctp.no_bytecode);
}

/* --- DCCP ------------------------------------------------------------------------------------ */

static void dccp_queues_say_nothing(void **state)
{
	struct socket sk = decode(&family_dccp, message(STATE_ESTABLISHED, 0, 0), 0);

	(void)state;
	assert_int_equal(sk.queue_unit, QUEUE_UNKNOWN);
	assert_int_equal(socket_recv_queue(&sk), UNKNOWN);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	sk = decode(&family_dccp, message(STATE_TIME_WAIT, 0, 0), 0);
	assert_int_equal(sk.queue_unit, QUEUE_NONE);
	assert_int_equal(sk.linger.kind, LINGER_NONE);
	assert_int_equal(sk.unread_bytes, 0);
}

/* What its states beyond TCP's are called depends on the kernel's version. */
static void dccp_states(void **state)
{
	(void)state;
	for (unsigned int number = 0; number < 256; number++) {
		struct socket sk = decode(&family_dccp, message((uint8_t)number, 0, 0), 0);
		enum sock_state expected = number < 12    ? (enum sock_state)number
					   : number == 12 ? STATE_SYN_RECV
							  : STATE_UNKNOWN;

		assert_int_equal(sk.state, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(short_and_foreign_messages_are_refused),
		cmocka_unit_test(datagram_queues_are_memory),
		cmocka_unit_test(a_raw_sockets_protocol),
		cmocka_unit_test(sctp_endpoints),
		cmocka_unit_test(sctp_memory_that_has_data),
		cmocka_unit_test(sctp_mends_mapped_addresses),
		cmocka_unit_test(sctp_associations_have_states_of_their_own),
		cmocka_unit_test(an_sctp_association_without_a_process),
		cmocka_unit_test(sctp_timers),
		cmocka_unit_test(sctp_requests),
		cmocka_unit_test(dccp_queues_say_nothing),
		cmocka_unit_test(dccp_states),
	};

	return cmocka_run_group_tests_name("inet families", tests, NULL, NULL);
}
