/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoders of UDP-Lite, raw, SCTP and DCCP sockets: what they make of the message and the
 * attributes that all internet families share.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
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
		cmocka_unit_test(sctp_associations_have_states_of_their_own),
		cmocka_unit_test(an_sctp_association_without_a_process),
		cmocka_unit_test(sctp_timers),
		cmocka_unit_test(sctp_requests),
		cmocka_unit_test(dccp_queues_say_nothing),
		cmocka_unit_test(dccp_states),
	};

	return cmocka_run_group_tests_name("inet families", tests, NULL, NULL);
}
