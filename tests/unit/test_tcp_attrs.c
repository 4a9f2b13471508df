/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP decoder's attributes: tcp_info of every length, and attributes that are short, long,
 * cut, or never heard of.
 */
#include "config.h"

#include "unit/unit.h"

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

/* --- tcp_info --------------------------------------------------------------------------------- */

static const struct {
	size_t at, size;
	size_t field; /* in struct tcp_evidence */
} fields[] = {
	{ AT_RETRANSMITS, 1, offsetof(struct tcp_evidence, retransmits) },
	{ AT_PROBES, 1, offsetof(struct tcp_evidence, probes) },
	{ AT_BACKOFF, 1, offsetof(struct tcp_evidence, backoff) },
	{ AT_RTO, 4, offsetof(struct tcp_evidence, rto_us) },
	{ AT_UNACKED, 4, offsetof(struct tcp_evidence, unacked_segments) },
	{ AT_LAST_DATA_SENT, 4, offsetof(struct tcp_evidence, last_data_sent_ms) },
	{ AT_LAST_DATA_RECV, 4, offsetof(struct tcp_evidence, last_data_recv_ms) },
	{ AT_LAST_ACK_RECV, 4, offsetof(struct tcp_evidence, last_ack_recv_ms) },
	{ AT_RTT, 4, offsetof(struct tcp_evidence, rtt_us) },
	{ AT_PACING_RATE, 8, offsetof(struct tcp_evidence, pacing_rate_bytes_per_second) },
	{ AT_NOTSENT, 4, offsetof(struct tcp_evidence, notsent_bytes) },
	{ AT_DELIVERY_RATE, 8, offsetof(struct tcp_evidence, delivery_rate_bytes_per_second) },
	{ AT_SND_WND, 4, offsetof(struct tcp_evidence, snd_wnd_bytes) },
	{ AT_SND_MSS, 4, offsetof(struct tcp_evidence, snd_mss_bytes) },
	{ AT_SND_SSTHRESH, 4, offsetof(struct tcp_evidence, snd_ssthresh_segments) },
	{ AT_TOTAL_RETRANS, 4, offsetof(struct tcp_evidence, total_retrans_segments) },
	{ AT_MIN_RTT, 4, offsetof(struct tcp_evidence, min_rtt_us) },
	{ AT_BUSY_TIME, 8, offsetof(struct tcp_evidence, busy_us) },
	{ AT_RWND_LIMITED, 8, offsetof(struct tcp_evidence, rwnd_limited_us) },
	{ AT_DELIVERED, 4, offsetof(struct tcp_evidence, delivered_segments) },
};

static int64_t field_value(const struct socket *sk, size_t i)
{
	return *(const int64_t *)((const char *)&sk->tcp + fields[i].field);
}

static struct socket decode_info(const uint8_t *info, size_t length)
{
	const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
	struct nlmsghdr *nlh = start(&msg);

	diag_attr(nlh, INET_DIAG_INFO, info, length);
	return decode(nlh);
}

static void reads_exactly_the_fields_that_are_whole(void **state)
{
	uint8_t info[TCP_INFO_SIZE + 64] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		info_set(info, fields[i].at, fields[i].size, i + 1);
	for (size_t length = 1; length <= sizeof(info); length++) {
		struct socket sk = decode_info(info, length);

		for (size_t i = 0; i < COUNT(fields); i++) {
			bool whole = fields[i].at + fields[i].size <= length;
			int64_t want = whole ? (int64_t)i + 1 : UNKNOWN;

			if (field_value(&sk, i) != want)
				fail_msg("%zu bytes: the field at %zu is %lld, not %lld", length,
					 fields[i].at, (long long)field_value(&sk, i),
					 (long long)want);
		}
	}
}

static void an_empty_tcp_info_says_nothing(void **state)
{
	const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
	struct nlmsghdr *nlh = start(&msg);
	uint64_t bad = 0;
	struct socket sk;

	(void)state;
	diag_attr(nlh, INET_DIAG_INFO, "", 0);
	assert_int_equal(family_tcp.decode(nlh, &sk, &bad), 0);
	for (size_t i = 0; i < COUNT(fields); i++)
		assert_int_equal(field_value(&sk, i), UNKNOWN);
}

static void takes_numbers_as_unsigned(void **state)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct socket sk;

	(void)state;
	info_set(info, AT_RETRANSMITS, 1, 255);
	info_set(info, AT_LAST_ACK_RECV, 4, UINT32_MAX);
	info_set(info, AT_NOTSENT, 4, 0x80000000u);
	info_set(info, AT_DELIVERY_RATE, 8, INT64_MAX);
	sk = decode_info(info, sizeof(info));
	assert_int_equal(sk.tcp.retransmits, 255);
	assert_int_equal(sk.tcp.last_ack_recv_ms, UINT32_MAX);
	assert_int_equal(sk.tcp.notsent_bytes, 0x80000000u);
	assert_true(sk.tcp.delivery_rate_bytes_per_second == INT64_MAX);
}

static void an_unlimited_rate_is_unknown(void **state)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct socket sk;

	(void)state;
	info_set(info, AT_PACING_RATE, 8, UINT64_MAX);
	sk = decode_info(info, sizeof(info));
	assert_int_equal(sk.tcp.pacing_rate_bytes_per_second, UNKNOWN);
	info_set(info, AT_PACING_RATE, 8, 0);
	sk = decode_info(info, sizeof(info));
	assert_int_equal(sk.tcp.pacing_rate_bytes_per_second, 0);
	info_set(info, AT_PACING_RATE, 8, 125000);
	sk = decode_info(info, sizeof(info));
	assert_int_equal(sk.tcp.pacing_rate_bytes_per_second, 125000);
}

/* A bit, which means something only where the rate is there. */
static void reads_who_limited_the_rate(void **state)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };

	(void)state;
	memset(info, 0xff, AT_RATE_BITS);
	assert_int_equal(decode_info(info, sizeof(info)).tcp.rate_app_limited, 0);
	info[AT_RATE_BITS] = 0xff;
	assert_int_equal(decode_info(info, sizeof(info)).tcp.rate_app_limited, 1);
	assert_int_equal(decode_info(info, AT_DELIVERY_RATE + 8).tcp.rate_app_limited, 1);
	assert_int_equal(decode_info(info, AT_DELIVERY_RATE + 7).tcp.rate_app_limited, UNKNOWN);
	assert_int_equal(decode_info(info, 1).tcp.rate_app_limited, UNKNOWN);
}

/* --- the other attributes --------------------------------------------------------------------- */

static struct socket decode_attr(uint16_t type, const void *data, size_t length, uint64_t *bad)
{
	const struct inet_diag_msg msg = basic(AF_INET6, STATE_ESTABLISHED);
	struct nlmsghdr *nlh = start(&msg);
	struct socket sk;

	*bad = 0;
	diag_attr(nlh, type, data, length);
	assert_int_equal(family_tcp.decode(nlh, &sk, bad), 0);
	return sk;
}

static void reads_shutdown(void **state)
{
	uint64_t bad;

	(void)state;
	for (uint8_t shut = 0; shut < 4; shut++) {
		struct socket sk = decode_attr(INET_DIAG_SHUTDOWN, &shut, 1, &bad);

		assert_true(sk.shutdown_known);
		assert_int_equal(sk.shutdown, shut);
	}
}

static void reads_v6only(void **state)
{
	uint8_t off = 0, on = 1;
	uint64_t bad;

	(void)state;
	assert_int_equal(decode_attr(INET_DIAG_SKV6ONLY, &off, 1, &bad).v6only, TRI_NO);
	assert_int_equal(decode_attr(INET_DIAG_SKV6ONLY, &on, 1, &bad).v6only, TRI_YES);
}

static void reads_mark_and_cgroup(void **state)
{
	uint32_t marks[] = { 0, 42, UINT32_MAX };
	uint64_t group = UINT64_C(0x123456789), bad;

	(void)state;
	for (size_t i = 0; i < COUNT(marks); i++)
		assert_int_equal(decode_attr(INET_DIAG_MARK, &marks[i], 4, &bad).mark, marks[i]);
	assert_true(decode_attr(INET_DIAG_CGROUP_ID, &group, 8, &bad).cgroup_id == (int64_t)group);
	group = 1;
	assert_true(decode_attr(INET_DIAG_CGROUP_ID, &group, 8, &bad).cgroup_id == 1);
}

/* Too short for its type: not read, counted, and the others are. */
static void ignores_and_counts_short_attributes(void **state)
{
	static const struct {
		uint16_t type;
		size_t least;
	} types[] = {
		{ INET_DIAG_SHUTDOWN, 1 },
		{ INET_DIAG_SKV6ONLY, 1 },
		{ INET_DIAG_MARK, 4 },
		{ INET_DIAG_CGROUP_ID, 8 },
	};
	const uint8_t data[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const uint8_t shut = 2;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		for (size_t length = 0; length < types[i].least; length++) {
			const struct inet_diag_msg msg = basic(AF_INET6, STATE_ESTABLISHED);
			struct nlmsghdr *nlh = start(&msg);
			uint64_t bad = 0;
			struct socket sk;

			diag_attr(nlh, types[i].type, data, length);
			diag_attr(nlh, INET_DIAG_SHUTDOWN, &shut, 1);
			assert_int_equal(family_tcp.decode(nlh, &sk, &bad), 0);
			assert_int_equal(bad, 1);
			assert_int_equal(sk.mark, UNKNOWN);
			assert_int_equal(sk.cgroup_id, UNKNOWN);
			assert_int_equal(sk.v6only, TRI_UNKNOWN);
			assert_int_equal(sk.shutdown, 2);
		}
	}
}

/* A newer kernel may make a value longer: its beginning keeps its meaning. */
static void takes_oversized_attributes(void **state)
{
	uint8_t shut[16] = { 3, 9, 9, 9 };
	uint32_t mark[4] = { 7, 9, 9, 9 };
	uint64_t bad;

	(void)state;
	assert_int_equal(decode_attr(INET_DIAG_SHUTDOWN, shut, sizeof(shut), &bad).shutdown, 3);
	assert_int_equal(bad, 0);
	assert_int_equal(decode_attr(INET_DIAG_MARK, mark, sizeof(mark), &bad).mark, 7);
	assert_int_equal(bad, 0);
}

static void passes_over_unknown_attributes(void **state)
{
	static const uint16_t types[] = { 0, 23, 24, 25, 63, 255, 4095, 0x3fff };
	const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
	const uint8_t shut = 1;
	struct nlmsghdr *nlh = start(&msg);
	struct socket sk;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		diag_attr(nlh, types[i], "unheard of", i);
	diag_attr(nlh, INET_DIAG_SHUTDOWN, &shut, 1);
	sk = decode(nlh);
	assert_int_equal(sk.shutdown, 1);
}

/* An attribute that claims more than the message holds ends the reading; what came before
 * stays. */
static void stops_at_an_attribute_that_is_cut(void **state)
{
	static const size_t claims[] = { 5, 8, 100, 1000, UINT16_MAX - NLA_HDRLEN };
	const uint8_t shut = 1;

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++) {
		const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
		struct nlmsghdr *nlh = start(&msg);
		uint64_t bad = 0;
		struct socket sk;
		char *exact;

		diag_attr(nlh, INET_DIAG_SHUTDOWN, &shut, 1);
		diag_attr_raw(nlh, INET_DIAG_MARK, "\1\2\3\4", 4, claims[i]);
		exact = malloc(nlh->nlmsg_len);
		assert_non_null(exact);
		memcpy(exact, nlh, nlh->nlmsg_len);
		assert_int_equal(family_tcp.decode((void *)exact, &sk, &bad), 0);
		free(exact);
		assert_int_equal(bad, 1);
		assert_int_equal(sk.shutdown, 1);
		assert_int_equal(sk.mark, UNKNOWN);
	}
}

static void stops_at_an_attribute_without_a_header(void **state)
{
	(void)state;
	/* nla_len below the header's own length would go round forever. */
	for (int length = 0; length < NLA_HDRLEN; length++) {
		const struct inet_diag_msg msg = basic(AF_INET, STATE_ESTABLISHED);
		struct nlmsghdr *nlh = start(&msg);
		uint64_t bad = 0;
		struct socket sk;
		struct nlattr *attr;

		diag_attr(nlh, INET_DIAG_MARK, "\1\2\3\4", 4);
		attr = (struct nlattr *)((char *)nlh + NLMSG_SPACE(sizeof(msg)));
		attr->nla_len = length;
		assert_int_equal(family_tcp.decode(nlh, &sk, &bad), 0);
		assert_int_equal(bad, 1);
		assert_int_equal(sk.mark, UNKNOWN);
	}
}

/* Every prefix of a full message: read or refused, never beyond its end. */
static void survives_every_cut(void **state)
{
	const struct inet_diag_msg msg = basic(AF_INET6, STATE_ESTABLISHED);
	const uint8_t info[TCP_INFO_SIZE] = { 0 }, one = 1;
	const uint64_t group = 1;
	struct nlmsghdr *nlh = start(&msg);
	uint32_t whole;

	(void)state;
	diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
	diag_attr(nlh, INET_DIAG_SHUTDOWN, &one, 1);
	diag_attr(nlh, INET_DIAG_SKV6ONLY, &one, 1);
	diag_attr(nlh, INET_DIAG_CGROUP_ID, &group, 8);
	whole = nlh->nlmsg_len;
	for (uint32_t length = NLMSG_HDRLEN; length <= whole; length++) {
		char *exact = malloc(length);
		struct socket sk;
		uint64_t bad = 0;
		int err;

		assert_non_null(exact);
		nlh->nlmsg_len = length;
		memcpy(exact, nlh, length);
		err = family_tcp.decode((void *)exact, &sk, &bad);
		free(exact);
		assert_int_equal(err, length < NLMSG_LENGTH(sizeof(msg)) ? -EBADMSG : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_exactly_the_fields_that_are_whole),
		cmocka_unit_test(an_empty_tcp_info_says_nothing),
		cmocka_unit_test(takes_numbers_as_unsigned),
		cmocka_unit_test(an_unlimited_rate_is_unknown),
		cmocka_unit_test(reads_who_limited_the_rate),
		cmocka_unit_test(reads_shutdown),
		cmocka_unit_test(reads_v6only),
		cmocka_unit_test(reads_mark_and_cgroup),
		cmocka_unit_test(ignores_and_counts_short_attributes),
		cmocka_unit_test(takes_oversized_attributes),
		cmocka_unit_test(passes_over_unknown_attributes),
		cmocka_unit_test(stops_at_an_attribute_that_is_cut),
		cmocka_unit_test(stops_at_an_attribute_without_a_header),
		cmocka_unit_test(survives_every_cut),
	};

	return cmocka_run_group_tests_name("tcp_attrs", tests, NULL, NULL);
}
