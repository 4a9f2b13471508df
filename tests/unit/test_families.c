/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoders of UDP and MPTCP, fed with messages made by hand: what a kernel says, what a
 * kernel to come may say, and what only a hostile hand would write.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/decode.h"
#include "unit/diag.h"

/* The message under construction. */
static char buf[DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

/* ---- UDP and MPTCP: struct inet_diag_msg ---- */

static struct nlmsghdr *inet_message(uint8_t family, uint8_t state, uint32_t rqueue,
				     uint32_t wqueue)
{
	struct inet_diag_msg msg = {
		.idiag_family = family,
		.idiag_state = state,
		.idiag_rqueue = rqueue,
		.idiag_wqueue = wqueue,
		.idiag_uid = 1000,
		.idiag_inode = 4711,
		.id = { .idiag_sport = 0x3500, /* 53, in network order */
			.idiag_dport = 0x0100,
			.idiag_if = 3,
			.idiag_cookie = { 0x89abcdef, 0x01234567 } },
	};

	((uint8_t *)msg.id.idiag_src)[0] = 0xfe;
	((uint8_t *)msg.id.idiag_src)[1] = 0x80;
	((uint8_t *)msg.id.idiag_src)[15] = 0x01;
	return diag_start(buf, SOCK_DIAG_BY_FAMILY, &msg);
}

static const struct family *const inet_families[] = { &family_udp, &family_mptcp };

static void inet_short_messages_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(inet_families); i++)
		check_short(inet_families[i], inet_message(AF_INET6, STATE_ESTABLISHED, 0, 0),
			    sizeof(struct inet_diag_msg));
}

static void inet_other_address_families_are_refused(void **state)
{
	static const uint8_t others[] = { AF_UNSPEC, AF_UNIX, AF_NETLINK, AF_PACKET, 255 };
	struct socket sk;
	uint64_t bad;
	void *copy;

	(void)state;
	for (size_t i = 0; i < COUNT(inet_families); i++)
		for (size_t k = 0; k < COUNT(others); k++) {
			struct nlmsghdr *nlh = inet_message(others[k], STATE_ESTABLISHED, 0, 0);

			assert_true(decode_exact(inet_families[i], nlh, &sk, &bad, &copy) < 0);
			free(copy);
		}
}

static void inet_identity_is_read(void **state)
{
	static const uint8_t address[16] = { 0xfe, 0x80, [15] = 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(inet_families); i++) {
		struct socket sk = decode(inet_families[i],
					  inet_message(AF_INET6, STATE_ESTABLISHED, 0, 0), 0);

		assert_int_equal(sk.family, AF_INET6);
		assert_int_equal(sk.state, STATE_ESTABLISHED);
		assert_memory_equal(&sk.local.addr.v6, address, sizeof(address));
		assert_int_equal(sk.local.port, 53);
		assert_int_equal(sk.peer.port, 1);
		assert_int_equal(sk.ifindex, 3);
		assert_true(sk.cookie == 0x0123456789abcdefull);
		assert_int_equal(sk.inode, 4711);
		assert_true(sk.uid_known);
		assert_int_equal(sk.uid, 1000);
		assert_false(sk.subflow);
		assert_int_equal(sk.linger.kind, LINGER_UNKNOWN);
	}
	assert_int_equal(decode(&family_udp, inet_message(AF_INET, STATE_CLOSE, 0, 0), 0).netid,
			 NETID_UDP);
	assert_int_equal(decode(&family_mptcp, inet_message(AF_INET, STATE_CLOSE, 0, 0), 0).netid,
			 NETID_MPTCP);
}

/* Memory is no number of bytes: only an empty queue tells how much is in it. */
static void udp_queues_are_memory(void **state)
{
	struct socket sk = decode(&family_udp, inet_message(AF_INET, STATE_CLOSE, 0, 0), 0);

	(void)state;
	assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
	assert_int_equal(sk.unread_bytes, 0);
	assert_int_equal(sk.outstanding_bytes, 0);
	assert_int_equal(sk.unsent_bytes, 0);
	sk = decode(&family_udp, inet_message(AF_INET, STATE_CLOSE, 4160, 768), 0);
	assert_int_equal(sk.recv_queue, 4160);
	assert_int_equal(sk.send_queue, 768);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	assert_int_equal(sk.unsent_bytes, UNKNOWN);
	sk = decode(&family_udp, inet_message(AF_INET, STATE_ESTABLISHED, UINT32_MAX, UINT32_MAX),
		    0);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
}

/* The kernel's send queue is 0 whatever is in it, so 0 tells nothing. */
static void mptcp_queues_are_unknown(void **state)
{
	static const uint32_t memory[] = { 0, 833, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(memory); i++) {
		struct socket sk = decode(
			&family_mptcp, inet_message(AF_INET, STATE_ESTABLISHED, memory[i], 0), 0);

		assert_int_equal(sk.queue_unit, QUEUE_MEMORY);
		assert_int_equal(sk.recv_queue, memory[i]);
		assert_int_equal(sk.outstanding_bytes, UNKNOWN);
		assert_int_equal(sk.unsent_bytes, UNKNOWN);
		assert_true(sk.unread_bytes == UNKNOWN || sk.recv_queue == 0);
	}
}

static void an_mptcp_listener_counts_connections(void **state)
{
	struct socket sk = decode(&family_mptcp, inet_message(AF_INET, STATE_LISTEN, 2, 16), 0);

	(void)state;
	assert_int_equal(sk.queue_unit, QUEUE_CONNECTIONS);
	assert_int_equal(sk.unread_bytes, UNKNOWN);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
}

static void an_mptcp_orphan_has_no_linger(void **state)
{
	struct nlmsghdr *nlh = inet_message(AF_INET, STATE_FIN_WAIT1, 0, 0);
	struct inet_diag_msg *msg = NLMSG_DATA(nlh);

	(void)state;
	assert_int_equal(decode(&family_mptcp, nlh, 0).linger.kind, LINGER_UNKNOWN);
	msg->idiag_inode = 0;
	assert_int_equal(decode(&family_mptcp, nlh, 0).linger.kind, LINGER_NONE);
	msg->idiag_state = STATE_ESTABLISHED;
	assert_int_equal(decode(&family_mptcp, nlh, 0).linger.kind, LINGER_UNKNOWN);
}

/* ---- struct mptcp_info ---- */

/* include/uapi/linux/mptcp.h of 6.18, written out as in diag.h. */
enum {
	AT_FLAGS = 8,      /* u32 */
	AT_WRITE_SEQ = 16, /* u64 */
	AT_SND_UNA = 24,   /* u64 */
	MPTCP_INFO_SIZE = 88,
	FALLBACK = 1, /* MPTCP_INFO_FLAG_FALLBACK */
};

static struct socket with_info(uint8_t state, uint32_t flags, uint64_t write_seq, uint64_t snd_una,
			       size_t length)
{
	struct nlmsghdr *nlh = inet_message(AF_INET, state, 0, 0);
	uint8_t info[MPTCP_INFO_SIZE] = { 0 };

	info_set(info, AT_FLAGS, 4, flags);
	info_set(info, AT_WRITE_SEQ, 8, write_seq);
	info_set(info, AT_SND_UNA, 8, snd_una);
	diag_attr(nlh, INET_DIAG_INFO, info, length);
	return decode(&family_mptcp, nlh, 0);
}

static const struct {
	const char *name;
	uint8_t state;
	uint64_t write_seq, snd_una;
	int64_t outstanding;
} sequences[] = {
	{ "all acknowledged", STATE_ESTABLISHED, 1000, 1000, 0 },
	{ "some outstanding", STATE_ESTABLISHED, 1500, 1000, 500 },
	{ "the sequence wraps", STATE_ESTABLISHED, 99, UINT64_MAX - 100, 200 },
	/* Our DATA_FIN takes one place until it is acknowledged. */
	{ "only our FIN", STATE_FIN_WAIT1, 1001, 1000, 0 },
	{ "data and our FIN", STATE_LAST_ACK, 1011, 1000, 10 },
	{ "closing", STATE_CLOSING, 1011, 1000, 10 },
	{ "our FIN is acknowledged", STATE_FIN_WAIT2, 1001, 1001, 0 },
	{ "the peer's FIN is none of ours", STATE_CLOSE_WAIT, 1010, 1000, 10 },
	/* Nonsense is not a number of bytes. */
	{ "acknowledged more than written", STATE_ESTABLISHED, 1000, 1001, UNKNOWN },
};

static void mptcp_sequences_tell_what_is_outstanding(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		struct socket sk = with_info(sequences[i].state, 0, sequences[i].write_seq,
					     sequences[i].snd_una, MPTCP_INFO_SIZE);

		if (sk.outstanding_bytes != sequences[i].outstanding)
			fail_msg("%s: %lld bytes", sequences[i].name,
				 (long long)sk.outstanding_bytes);
		/* How many of them were never sent it does not tell. */
		assert_int_equal(sk.unsent_bytes, sk.outstanding_bytes == 0 ? 0 : UNKNOWN);
		assert_int_equal(sk.mptcp_fallback, TRI_NO);
	}
}

/* A connection that fell back to TCP does not use the MPTCP sequence. */
static void mptcp_fallback_is_told(void **state)
{
	struct socket sk = with_info(STATE_ESTABLISHED, FALLBACK, 1000, 1000, MPTCP_INFO_SIZE);

	(void)state;
	assert_int_equal(sk.mptcp_fallback, TRI_YES);
	assert_int_equal(sk.outstanding_bytes, UNKNOWN);
	assert_int_equal(sk.unsent_bytes, UNKNOWN);
}

/* An older kernel's record ends somewhere: what is behind its end is not known. */
static void mptcp_info_of_every_length(void **state)
{
	(void)state;
	for (size_t length = 1; length <= MPTCP_INFO_SIZE; length++) {
		struct socket sk = with_info(STATE_ESTABLISHED, 0, 1500, 1000, length);

		assert_int_equal(sk.mptcp_fallback, length >= AT_FLAGS + 4 ? TRI_NO : TRI_UNKNOWN);
		assert_int_equal(sk.outstanding_bytes, length >= AT_SND_UNA + 8 ? 500 : UNKNOWN);
	}
}

static void inet_attributes(void **state)
{
	static const uint8_t junk[64] = { 0xff, 0xff, 0xff, 0xff };
	const uint8_t both = 3;
	const uint64_t cgroup = 0x1122334455667788;

	(void)state;
	for (size_t i = 0; i < COUNT(inet_families); i++) {
		struct nlmsghdr *nlh = inet_message(AF_INET, STATE_ESTABLISHED, 0, 0);
		struct socket sk;

		diag_attr(nlh, NEWER_ATTRIBUTE, junk, sizeof(junk));
		diag_attr(nlh, INET_DIAG_MEMINFO, junk, sizeof(junk));
		diag_attr(nlh, INET_DIAG_INFO, junk, sizeof(junk));
		diag_attr(nlh, INET_DIAG_SHUTDOWN, &both, sizeof(both));
		diag_attr(nlh, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
		sk = decode(inet_families[i], nlh, 0);
		assert_true(sk.shutdown_known);
		assert_int_equal(sk.shutdown, 3);
		assert_true(sk.cgroup_id == (int64_t)cgroup);
		assert_int_equal(sk.mark, UNKNOWN);
		/* What INFO holds is no tcp_info here. */
		assert_int_equal(sk.tcp.notsent_bytes, UNKNOWN);
		assert_int_equal(sk.tcp.snd_wnd_bytes, UNKNOWN);
	}
}

static void inet_bad_attributes_are_counted(void **state)
{
	static const uint8_t bytes[8];

	(void)state;
	for (size_t i = 0; i < COUNT(inet_families); i++) {
		struct nlmsghdr *nlh = inet_message(AF_INET, STATE_ESTABLISHED, 0, 0);
		struct socket sk;

		diag_attr(nlh, INET_DIAG_CGROUP_ID, bytes, 7);
		diag_attr(nlh, INET_DIAG_MARK, bytes, 3);
		diag_attr(nlh, INET_DIAG_SHUTDOWN, bytes, 0);
		sk = decode(inet_families[i], nlh, 3);
		assert_int_equal(sk.cgroup_id, UNKNOWN);
		assert_int_equal(sk.mark, UNKNOWN);
		assert_false(sk.shutdown_known);
		/* One that claims to be longer than the message ends the reading. */
		nlh = inet_message(AF_INET, STATE_ESTABLISHED, 0, 0);
		diag_attr_raw(nlh, INET_DIAG_SHUTDOWN, bytes, 4, 400);
		sk = decode(inet_families[i], nlh, 1);
		assert_false(sk.shutdown_known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inet_short_messages_are_refused),
		cmocka_unit_test(inet_other_address_families_are_refused),
		cmocka_unit_test(inet_identity_is_read),
		cmocka_unit_test(udp_queues_are_memory),
		cmocka_unit_test(mptcp_queues_are_unknown),
		cmocka_unit_test(an_mptcp_listener_counts_connections),
		cmocka_unit_test(an_mptcp_orphan_has_no_linger),
		cmocka_unit_test(mptcp_sequences_tell_what_is_outstanding),
		cmocka_unit_test(mptcp_fallback_is_told),
		cmocka_unit_test(mptcp_info_of_every_length),
		cmocka_unit_test(inet_attributes),
		cmocka_unit_test(inet_bad_attributes_are_counted),
	};

	return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
