/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP decoder: crafted inet_diag messages, whole and short; what is in the queues; sockets
 * without a process; and the requests. Attributes are in test_tcp_attrs.c.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "unit/diag.h"

/* The message under construction. */
static char buf[4 * DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

static struct inet_diag_msg basic(uint8_t family, uint8_t state)
{
	return (struct inet_diag_msg){
		.idiag_family = family,
		.idiag_state = state,
		.idiag_inode = 4711,
		.idiag_uid = 1000,
		.id = { .idiag_cookie = { 1, 0 } },
	};
}

static struct nlmsghdr *start(const struct inet_diag_msg *msg)
{
	return diag_start(buf, SOCK_DIAG_BY_FAMILY, msg);
}

/* Decodes and demands success without bad attributes. */
static struct socket decode(const struct nlmsghdr *nlh)
{
	struct socket sk;
	uint64_t bad = 0;

	memset(&sk, 0xa5, sizeof(sk));
	assert_int_equal(family_tcp.decode(nlh, &sk, &bad), 0);
	assert_int_equal(bad, 0);
	return sk;
}

static struct socket decode_bare(const struct inet_diag_msg *msg)
{
	return decode(start(msg));
}

/* --- the fixed part --------------------------------------------------------------------------- */

static void reads_an_ipv4_message(void **state)
{
	struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = STATE_ESTABLISHED,
		.idiag_timer = TIMER_KEEPALIVE,
		.idiag_retrans = 3,
		.idiag_expires = 7200,
		.idiag_rqueue = 11,
		.idiag_wqueue = 22,
		.idiag_uid = 65534,
		.idiag_inode = 4294967295u,
		.id = { .idiag_sport = htons(8080),
			.idiag_dport = htons(53312),
			.idiag_src = { inet_addr("10.0.0.1") },
			.idiag_dst = { inet_addr("10.0.0.9") },
			.idiag_if = 3,
			.idiag_cookie = { 0x4a, 0 } },
	};
	struct socket sk = decode_bare(&msg);

	(void)state;
	assert_int_equal(sk.netid, NETID_TCP);
	assert_int_equal(sk.protocol, IPPROTO_TCP);
	assert_int_equal(sk.family, AF_INET);
	assert_int_equal(sk.state, STATE_ESTABLISHED);
	assert_int_equal(sk.local.addr.v4.s_addr, inet_addr("10.0.0.1"));
	assert_int_equal(sk.local.port, 8080);
	assert_int_equal(sk.peer.addr.v4.s_addr, inet_addr("10.0.0.9"));
	assert_int_equal(sk.peer.port, 53312);
	assert_int_equal(sk.ifindex, 3);
	assert_int_equal(sk.cookie, 0x4a);
	assert_int_equal(sk.recv_queue, 11);
	assert_int_equal(sk.send_queue, 22);
	assert_true(sk.uid_known);
	assert_int_equal(sk.uid, 65534);
	assert_int_equal(sk.inode, 4294967295u);
	assert_int_equal(sk.timer, TIMER_KEEPALIVE);
	assert_int_equal(sk.timer_ms, 7200);
	assert_int_equal(sk.timer_retransmits, 3);
}

static void reads_an_ipv6_message(void **state)
{
	struct inet_diag_msg msg = basic(AF_INET6, STATE_LISTEN);
	struct in6_addr src, dst;
	struct socket sk;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "fe80::1:2:3:4", &src), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::ffff", &dst), 1);
	memcpy(msg.id.idiag_src, &src, sizeof(src));
	memcpy(msg.id.idiag_dst, &dst, sizeof(dst));
	msg.id.idiag_sport = htons(65535);
	msg.id.idiag_if = 2;
	sk = decode_bare(&msg);
	assert_int_equal(sk.family, AF_INET6);
	assert_memory_equal(&sk.local.addr.v6, &src, sizeof(src));
	assert_memory_equal(&sk.peer.addr.v6, &dst, sizeof(dst));
	assert_int_equal(sk.local.port, 65535);
	assert_int_equal(sk.peer.port, 0);
	assert_int_equal(sk.ifindex, 2);
}

static void puts_the_cookie_together(void **state)
{
	struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);

	(void)state;
	msg.id.idiag_cookie[0] = 0x89abcdef;
	msg.id.idiag_cookie[1] = 0x01234567;
	assert_true(decode_bare(&msg).cookie == UINT64_C(0x0123456789abcdef));
	msg.id.idiag_cookie[0] = 0;
	msg.id.idiag_cookie[1] = 1;
	assert_true(decode_bare(&msg).cookie == UINT64_C(0x100000000));
	msg.id.idiag_cookie[0] = msg.id.idiag_cookie[1] = UINT32_MAX;
	assert_true(decode_bare(&msg).cookie == UINT64_MAX);
}

/* What no attribute tells is unknown, not 0. */
static void leaves_the_rest_unknown(void **state)
{
	struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
	struct socket sk;

	(void)state;
	msg.idiag_wqueue = 10;
	sk = decode_bare(&msg);
	assert_int_equal(sk.unsent_bytes, UNKNOWN);
	assert_int_equal(sk.tcp.notsent_bytes, UNKNOWN);
	assert_int_equal(sk.tcp.rtt_us, UNKNOWN);
	assert_int_equal(sk.cgroup_id, UNKNOWN);
	assert_int_equal(sk.mark, UNKNOWN);
	assert_int_equal(sk.v6only, TRI_UNKNOWN);
	assert_false(sk.shutdown_known);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	assert_int_equal(sk.linger.seconds, UNKNOWN);
	assert_int_equal(sk.options.repair, TRI_UNKNOWN);
	assert_int_equal(sk.options.linger2_negative, TRI_UNKNOWN);
	assert_int_equal(sk.options.user_timeout_ms, UNKNOWN);
	assert_int_equal(sk.holders.known, HOLDERS_UNKNOWN);
	assert_null(sk.interface);
	assert_null(sk.cgroup);
}

static void refuses_a_short_message(void **state)
{
	const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
	uint64_t bad = 0;

	(void)state;
	for (uint32_t len = NLMSG_HDRLEN; len < NLMSG_LENGTH(sizeof(msg)); len++) {
		/* Behind the message's end there is nothing to read. */
		char *exact = malloc(len);
		struct socket sk;

		assert_non_null(exact);
		start(&msg)->nlmsg_len = len;
		memcpy(exact, buf, len);
		assert_int_equal(family_tcp.decode((void *)exact, &sk, &bad), -EBADMSG);
		free(exact);
	}
	assert_int_equal(bad, 0);
}

static void refuses_another_family(void **state)
{
	static const uint8_t families[] = { AF_UNSPEC, AF_UNIX, AF_NETLINK, AF_PACKET, 255 };
	uint64_t bad = 0;
	struct socket sk;

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		const struct inet_diag_msg msg = basic(families[i], STATE_ESTABLISHED);

		assert_true(family_tcp.decode(start(&msg), &sk, &bad) < 0);
	}
}

static void names_no_state_it_does_not_know(void **state)
{
	static const uint8_t strange[] = { 0, 13, 14, 15, 31, 32, 63, 64, 200, 255 };

	(void)state;
	for (size_t i = 0; i < COUNT(strange); i++) {
		const struct inet_diag_msg msg = basic(AF_INET, strange[i]);

		assert_int_equal(decode_bare(&msg).state, STATE_UNKNOWN);
	}
}

static void keeps_every_state(void **state)
{
	(void)state;
	for (int s = STATE_ESTABLISHED; s <= STATE_CLOSING; s++) {
		const struct inet_diag_msg msg = basic(AF_INET, s);

		/* The one list that holds sockets in CLOSE is that of bound ports. */
		assert_int_equal(decode_bare(&msg).state,
				 s == STATE_CLOSE ? STATE_BOUND_INACTIVE : s);
	}
}

/* --- the queues ------------------------------------------------------------------------------- */

/* kernel-side numbers and the payload in them; unsent is asked with everything sent but
 * `notsent`. */
static const struct {
	enum sock_state state;
	uint32_t rqueue, wqueue, notsent;
	int64_t unread, outstanding, unsent;
} queues[] = {
	{ STATE_ESTABLISHED, 0, 0, 0, 0, 0, 0 },
	{ STATE_ESTABLISHED, 1, 1, 1, 1, 1, 1 },
	{ STATE_ESTABLISHED, 7, 1000, 400, 7, 1000, 400 },
	{ STATE_ESTABLISHED, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	  UINT32_MAX },
	{ STATE_SYN_SENT, 0, 1, 0, 0, 0, 0 },
	{ STATE_SYN_SENT, 0, 101, 100, 0, 100, 100 },
	{ STATE_FIN_WAIT1, 0, 1, 0, 0, 0, 0 },
	{ STATE_FIN_WAIT1, 0, 1, 1, 0, 0, 0 },
	{ STATE_FIN_WAIT1, 1, 2, 0, 1, 1, 0 },
	{ STATE_FIN_WAIT1, 0, 101, 51, 0, 100, 50 },
	{ STATE_FIN_WAIT2, 5, 0, 0, 5, 0, 0 },
	{ STATE_CLOSE_WAIT, 0, 0, 0, 0, 0, 0 },
	{ STATE_CLOSE_WAIT, 1, 0, 0, 0, 0, 0 },
	{ STATE_CLOSE_WAIT, 2, 1, 1, 1, 1, 1 },
	{ STATE_LAST_ACK, 1, 1, 0, 0, 0, 0 },
	{ STATE_LAST_ACK, 8, 101, 101, 7, 100, 100 },
	{ STATE_LAST_ACK, 0, 0, 0, 0, 0, 0 },
	{ STATE_CLOSING, 1, 1, 1, 0, 0, 0 },
	{ STATE_CLOSING, 3, 3, 0, 2, 2, 0 },
};

static void takes_syn_and_fin_out_of_the_queues(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(queues); i++) {
		struct inet_diag_msg msg = basic(AF_INET, (uint8_t)queues[i].state);
		uint8_t info[TCP_INFO_SIZE] = { 0 };
		struct nlmsghdr *nlh;
		struct socket sk;

		msg.idiag_rqueue = queues[i].rqueue;
		msg.idiag_wqueue = queues[i].wqueue;
		info_set(info, AT_NOTSENT, 4, queues[i].notsent);
		nlh = start(&msg);
		diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
		sk = decode(nlh);
		assert_int_equal(sk.queue_unit, QUEUE_BYTES);
		if (sk.unread_bytes != queues[i].unread ||
		    sk.outstanding_bytes != queues[i].outstanding ||
		    sk.unsent_bytes != queues[i].unsent)
			fail_msg("%s %u %u: unread %lld outstanding %lld unsent %lld",
				 state_ss_name(queues[i].state), queues[i].rqueue, queues[i].wqueue,
				 (long long)sk.unread_bytes, (long long)sk.outstanding_bytes,
				 (long long)sk.unsent_bytes);
		/* What ss prints stays as it was. */
		assert_int_equal(sk.recv_queue, queues[i].rqueue);
		assert_int_equal(sk.send_queue, queues[i].wqueue);
	}
}

static void a_listener_counts_connections(void **state)
{
	struct inet_diag_msg msg = basic(AF_INET, STATE_LISTEN);
	struct socket sk;

	(void)state;
	msg.idiag_rqueue = 3;
	msg.idiag_wqueue = 128;
	sk = decode_bare(&msg);
	assert_int_equal(sk.queue_unit, QUEUE_CONNECTIONS);
	assert_int_equal(sk.recv_queue, 3);
	assert_int_equal(sk.send_queue, 128);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	assert_int_equal(sk.unsent_bytes, UNKNOWN);
}

/* --- minisockets, orphans --------------------------------------------------------------------- */

static struct socket minisocket(uint8_t state, uint8_t timer)
{
	struct inet_diag_msg msg = {
		.idiag_family = AF_INET,
		.idiag_state = state,
		.idiag_timer = timer,
		.id = { .idiag_cookie = { 9, 0 } },
	};

	return decode_bare(&msg);
}

static void assert_minisocket(const struct socket *sk)
{
	assert_int_equal(sk->queue_unit, QUEUE_NONE);
	assert_false(sk->uid_known);
	assert_int_equal(sk->inode, 0);
	assert_int_equal(sk->linger.kind, LINGER_NONE);
}

static void knows_minisockets(void **state)
{
	struct socket sk = minisocket(STATE_TIME_WAIT, TIMER_TIME_WAIT);

	(void)state;
	assert_minisocket(&sk);
	assert_int_equal(sk.state, STATE_TIME_WAIT);
	sk = minisocket(STATE_FIN_WAIT2, TIMER_TIME_WAIT);
	assert_minisocket(&sk);
	assert_int_equal(sk.state, STATE_FIN_WAIT2);
	assert_true(socket_is_orphan(&sk));
	sk = minisocket(STATE_SYN_RECV, TIMER_RETRANSMIT);
	assert_minisocket(&sk);
	assert_false(socket_is_orphan(&sk));
	assert_false(socket_is_unaccepted(&sk));
	/* A request socket under the number that the kernel uses inside. */
	sk = minisocket(STATE_NEW_SYN_RECV, TIMER_RETRANSMIT);
	assert_int_equal(sk.state, STATE_SYN_RECV);
}

static void a_full_socket_is_no_minisocket(void **state)
{
	struct inet_diag_msg msg = basic(AF_INET, STATE_SYN_RECV);
	struct socket sk = decode_bare(&msg);

	(void)state;
	assert_int_equal(sk.queue_unit, QUEUE_BYTES);
	assert_true(sk.uid_known);
	assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	msg = basic(AF_INET, STATE_FIN_WAIT2);
	msg.idiag_timer = TIMER_KEEPALIVE;
	sk = decode_bare(&msg);
	assert_int_equal(sk.queue_unit, QUEUE_BYTES);
	assert_true(sk.uid_known);
}

static void tells_orphans_from_unaccepted(void **state)
{
	static const struct {
		enum sock_state state;
		bool orphan, unaccepted;
	} cases[] = {
		{ STATE_ESTABLISHED, false, true }, { STATE_CLOSE_WAIT, false, true },
		{ STATE_FIN_WAIT1, true, false },   { STATE_FIN_WAIT2, true, false },
		{ STATE_CLOSING, true, false },     { STATE_LAST_ACK, true, false },
		{ STATE_SYN_SENT, false, false },   { STATE_LISTEN, false, false },
		{ STATE_CLOSE, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct inet_diag_msg msg = basic(AF_INET, (uint8_t)cases[i].state);
		struct socket sk = decode_bare(&msg);

		assert_false(socket_is_orphan(&sk) || socket_is_unaccepted(&sk));
		msg.idiag_inode = 0;
		sk = decode_bare(&msg);
		assert_int_equal(socket_is_orphan(&sk), cases[i].orphan);
		assert_int_equal(socket_is_unaccepted(&sk), cases[i].unaccepted);
		assert_int_equal(sk.linger.kind, cases[i].orphan ? LINGER_NONE : LINGER_UNKNOWN);
	}
}

/* --- the request ------------------------------------------------------------------------------ */

static void asks_for_both_ip_versions_in_one_walk(void **state)
{
	struct selection sel = {
		.netids = NETID_BIT(NETID_TCP),
		.states = STATES_ALL,
		.ipv4 = true,
		.ipv6 = true,
		.want_tcp_info = true,
	};
	struct nlmsghdr *nlh = family_tcp.request(buf, &sel, 0);
	const struct inet_diag_req *req;

	(void)state;
	assert_non_null(nlh);
	assert_true(nlh->nlmsg_len <= FAMILY_REQUEST_MAX);
	assert_int_equal(nlh->nlmsg_type, TCPDIAG_GETSOCK);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(sizeof(*req)));
	req = NLMSG_DATA(nlh);
	assert_int_equal(req->idiag_states, STATES_ALL);
	assert_int_equal(req->idiag_ext, 1 << (INET_DIAG_INFO - 1));
	assert_null(family_tcp.request(buf, &sel, 1));
}

static void asks_for_one_ip_version(void **state)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct selection sel = {
			.netids = NETID_BIT(NETID_TCP),
			.states = STATE_BIT(STATE_SYN_RECV),
			.ipv4 = i == 0,
			.ipv6 = i == 1,
		};
		struct nlmsghdr *nlh = family_tcp.request(buf, &sel, 0);
		const struct inet_diag_req_v2 *req;

		assert_non_null(nlh);
		assert_int_equal(nlh->nlmsg_type, SOCK_DIAG_BY_FAMILY);
		assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
		assert_int_equal(nlh->nlmsg_len, NLMSG_LENGTH(sizeof(*req)));
		req = NLMSG_DATA(nlh);
		assert_int_equal(req->sdiag_family, families[i]);
		assert_int_equal(req->sdiag_protocol, IPPROTO_TCP);
		assert_int_equal(req->idiag_ext, 0);
		/* The kernel files request sockets under a number of their own. */
		assert_int_equal(req->idiag_states,
				 STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV));
		assert_null(family_tcp.request(buf, &sel, 1));
	}
}

static void asks_for_nothing_when_nothing_is_wanted(void **state)
{
	struct selection sel = { .netids = NETID_BIT(NETID_TCP), .states = STATES_ALL };

	(void)state;
	assert_null(family_tcp.request(buf, &sel, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_ipv4_message),
		cmocka_unit_test(reads_an_ipv6_message),
		cmocka_unit_test(puts_the_cookie_together),
		cmocka_unit_test(leaves_the_rest_unknown),
		cmocka_unit_test(refuses_a_short_message),
		cmocka_unit_test(refuses_another_family),
		cmocka_unit_test(names_no_state_it_does_not_know),
		cmocka_unit_test(keeps_every_state),
		cmocka_unit_test(takes_syn_and_fin_out_of_the_queues),
		cmocka_unit_test(a_listener_counts_connections),
		cmocka_unit_test(knows_minisockets),
		cmocka_unit_test(a_full_socket_is_no_minisocket),
		cmocka_unit_test(tells_orphans_from_unaccepted),
		cmocka_unit_test(asks_for_both_ip_versions_in_one_walk),
		cmocka_unit_test(asks_for_one_ip_version),
		cmocka_unit_test(asks_for_nothing_when_nothing_is_wanted),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
