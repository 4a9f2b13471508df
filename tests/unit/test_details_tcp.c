/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of TCP: every block at every length it can have, with every mark the kernel has for "no
 * value".
 */
#include "config.h"

#include "unit/unit.h"

#include <string.h>

#include "unit/details_look.h"

/* ---- tcp_info ---- */

/* include/uapi/linux/tcp.h of 6.18, by hand: not the table that is tested. */
static const struct {
	const char *key;
	size_t at, size;
} info_layout[] = {
	{ "retransmits", 2, 1 },
	{ "probes", 3, 1 },
	{ "backoff", 4, 1 },
	{ "rto_us", 8, 4 },
	{ "ato_us", 12, 4 },
	{ "snd_mss_bytes", 16, 4 },
	{ "rcv_mss_bytes", 20, 4 },
	{ "unacked_segments", 24, 4 },
	{ "sacked_segments", 28, 4 },
	{ "lost_segments", 32, 4 },
	{ "retrans_segments", 36, 4 },
	{ "last_data_sent_ms", 44, 4 },
	{ "last_data_recv_ms", 52, 4 },
	{ "last_ack_recv_ms", 56, 4 },
	{ "pmtu_bytes", 60, 4 },
	{ "rcv_ssthresh_bytes", 64, 4 },
	{ "rtt_us", 68, 4 },
	{ "rttvar_us", 72, 4 },
	{ "snd_ssthresh_segments", 76, 4 },
	{ "snd_cwnd_segments", 80, 4 },
	{ "advmss_bytes", 84, 4 },
	{ "reordering_segments", 88, 4 },
	{ "rcv_rtt_us", 92, 4 },
	{ "rcv_space_bytes", 96, 4 },
	{ "total_retrans_segments", 100, 4 },
	{ "pacing_rate_bytes_per_second", 104, 8 },
	{ "max_pacing_rate_bytes_per_second", 112, 8 },
	{ "bytes_acked", 120, 8 },
	{ "bytes_received", 128, 8 },
	{ "segs_out", 136, 4 },
	{ "segs_in", 140, 4 },
	{ "notsent_bytes", 144, 4 },
	{ "min_rtt_us", 148, 4 },
	{ "data_segs_in", 152, 4 },
	{ "data_segs_out", 156, 4 },
	{ "delivery_rate_bytes_per_second", 160, 8 },
	{ "busy_time_us", 168, 8 },
	{ "rwnd_limited_us", 176, 8 },
	{ "sndbuf_limited_us", 184, 8 },
	{ "delivered_segments", 192, 4 },
	{ "delivered_ce_segments", 196, 4 },
	{ "bytes_sent", 200, 8 },
	{ "bytes_retrans", 208, 8 },
	{ "dsack_dups", 216, 4 },
	{ "reord_seen", 220, 4 },
	{ "rcv_ooopack", 224, 4 },
	{ "snd_wnd_bytes", 228, 4 },
	{ "rcv_wnd_bytes", 232, 4 },
	{ "rehash", 236, 4 },
	{ "total_rto", 240, 2 },
	{ "total_rto_recoveries", 242, 2 },
	{ "total_rto_time_ms", 244, 4 },
	{ "received_ce_segments", 248, 4 },
	{ "accecn_delivered_e1_bytes", 252, 4 },
	{ "accecn_delivered_e0_bytes", 256, 4 },
	{ "accecn_delivered_ce_bytes", 260, 4 },
	{ "accecn_received_e1_bytes", 264, 4 },
	{ "accecn_received_e0_bytes", 268, 4 },
	{ "accecn_received_ce_bytes", 272, 4 },
};

/* A number of its own for each field, as large as the field takes. */
static uint64_t layout_number(size_t i)
{
	uint64_t number = UINT64_C(0x0101010101010101) * (i + 1);

	return info_layout[i].size == 8 ? number
					: number & ((UINT64_C(1) << 8 * info_layout[i].size) - 1);
}

static void tcp_info_of_every_length(void **state)
{
	uint8_t info[TCP_INFO_SIZE + 16] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(info_layout); i++)
		put_number(info + info_layout[i].at, info_layout[i].size, layout_number(i));
	for (size_t length = 1; length <= sizeof(info); length++) {
		struct socket sk = with_info(STATE_ESTABLISHED, info, length);
		struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

		for (size_t i = 0; i < COUNT(info_layout); i++)
			if (info_layout[i].at + info_layout[i].size <= length)
				expect(&seen, info_layout[i].key, layout_number(i));
			else
				expect_unknown(&seen, info_layout[i].key);
		give_back(&sk);
	}
}

/* The kernel's marks for "there is none" are none, and the number beside it is one. */
static void sentinels_are_no_numbers(void **state)
{
	static const struct {
		const char *key;
		size_t at, size;
		uint64_t none;
	} marks[] = {
		{ "pacing_rate_bytes_per_second", 104, 8, UINT64_MAX },
		{ "max_pacing_rate_bytes_per_second", 112, 8, UINT64_MAX },
		{ "snd_ssthresh_segments", 76, 4, 0x7fffffff },
		{ "min_rtt_us", 148, 4, UINT32_MAX },
		/* Beyond what a reader of JSON holds. */
		{ "pacing_rate_bytes_per_second", 104, 8, UINT64_C(1) << 63 },
		{ "bytes_acked", 120, 8, UINT64_C(1) << 63 },
		{ "rtt_us", 68, 4, 0 }, /* no sample yet */
		{ "rcv_rtt_us", 92, 4, 0 },
	};
	uint8_t info[TCP_INFO_SIZE] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(marks); i++)
		for (int near = 0; near < 2; near++) {
			uint64_t number = marks[i].size == 8 ? INT64_MAX
					  : marks[i].none    ? marks[i].none - 1
							     : 1;
			struct socket sk;
			struct seen seen;

			put_number(info + marks[i].at, marks[i].size,
				   near ? number : marks[i].none);
			sk = with_info(STATE_ESTABLISHED, info, sizeof(info));
			seen = look(&sk, details_info, DETAILS_GIVEN);
			if (near)
				expect(&seen, marks[i].key, number);
			else
				expect_unknown(&seen, marks[i].key);
			give_back(&sk);
		}
}

static void bits_of_tcp_info(void **state)
{
	static const char *const options[] = { "timestamps",      "sack",
					       "window_scaling",  "ecn",
					       "ecn_seen",        "syn_data",
					       "usec_timestamps", "fastopen_child" };
	uint8_t info[TCP_INFO_SIZE] = { 0 };

	(void)state;
	for (size_t bit = 0; bit < COUNT(options); bit++) {
		struct socket sk;
		struct seen seen;

		info[5] = (uint8_t)(1u << bit);
		sk = with_info(STATE_ESTABLISHED, info, sizeof(info));
		seen = look(&sk, details_info, DETAILS_GIVEN);
		for (size_t i = 0; i < COUNT(options); i++)
			expect(&seen, options[i], i == bit);
		give_back(&sk);
	}
}

/* As the C compiler lays them out, which is what the kernel's compiler does. */
static void bit_fields_of_tcp_info(void **state)
{
	union {
		struct {
			uint8_t head[6];
			uint8_t snd : 4, rcv : 4;
			uint8_t limited : 1, failed : 2;
		} field;
		uint8_t bytes[TCP_INFO_SIZE];
	} info = { .field = { .snd = 7, .rcv = 10, .limited = 1, .failed = 2 } };
	struct socket sk = with_info(STATE_ESTABLISHED, info.bytes, sizeof(info.bytes));
	struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

	(void)state;
	expect(&seen, "snd_wscale", 7);
	expect(&seen, "rcv_wscale", 10);
	expect(&seen, "delivery_rate_app_limited", 1);
	expect(&seen, "fastopen_client_fail", 2);
	assert_string_equal(find(&seen, "fastopen_client_fail")->text, "data-not-acked");
	give_back(&sk);
	/* The byte meant nothing before the delivery rate was there. */
	sk = with_info(STATE_ESTABLISHED, info.bytes, 167);
	seen = look(&sk, details_info, DETAILS_GIVEN);
	expect_unknown(&seen, "delivery_rate_app_limited");
	expect_unknown(&seen, "fastopen_client_fail");
	give_back(&sk);
}

static void congestion_states_have_words(void **state)
{
	static const char *const words[] = { "open", "disorder", "cwr", "recovery", "loss", NULL };
	uint8_t info[TCP_INFO_SIZE] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct socket sk;
		struct seen seen;

		info[1] = i;
		sk = with_info(STATE_ESTABLISHED, info, sizeof(info));
		seen = look(&sk, details_info, DETAILS_GIVEN);
		expect(&seen, "ca_state", i);
		if (words[i])
			assert_string_equal(find(&seen, "ca_state")->text, words[i]);
		else
			contains(text_of(&sk, cell_info, false), "ca_state=5");
		give_back(&sk);
	}
}

/* Of a listener two fields mean something else, and the others nothing. */
static void a_listener_has_its_own_fields(void **state)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct socket sk;
	struct seen seen;

	(void)state;
	put_number(info + 24, 4, 3);
	put_number(info + 28, 4, 128);
	sk = with_info(STATE_LISTEN, info, sizeof(info));
	seen = look(&sk, details_info, DETAILS_GIVEN);
	expect(&seen, "accept_queue_connections", 3);
	expect(&seen, "backlog_connections", 128);
	lacks(text_of(&sk, cell_info, true), "rtt_us");
	lacks(text_of(&sk, cell_info, true), "unacked");
	give_back(&sk);
}

/* Before the handshake has ended the kernel's "how long ago" is since the machine's start. */
static void times_are_unknown_before_the_handshake(void **state)
{
	static const uint8_t states[] = { STATE_SYN_SENT, STATE_CLOSE };
	uint8_t info[TCP_INFO_SIZE];

	(void)state;
	memset(info, 0x11, sizeof(info));
	for (size_t i = 0; i < COUNT(states); i++) {
		struct socket sk = with_info(states[i], info, sizeof(info));
		struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

		expect_unknown(&seen, "last_data_sent_ms");
		expect_unknown(&seen, "last_data_recv_ms");
		expect_unknown(&seen, "last_ack_recv_ms");
		expect(&seen, "rtt_us", 0x11111111);
		give_back(&sk);
	}
}

static void what_has_no_info_says_so(void **state)
{
	struct socket sk = take(&family_tcp, start(STATE_ESTABLISHED));

	(void)state;
	look(&sk, details_info, DETAILS_UNKNOWN);
	assert_string_equal(text_of(&sk, cell_info, false), "?");
	assert_string_equal(json_of(&sk, json_info), "null");
	give_back(&sk);
	sk = take(&family_tcp, start(STATE_TIME_WAIT));
	look(&sk, details_info, DETAILS_NONE);
	assert_string_equal(text_of(&sk, cell_info, false), "-");
	assert_string_equal(json_of(&sk, json_info), "null");
	give_back(&sk);
	sk = take(&family_udp, start(STATE_CLOSE));
	look(&sk, details_info, DETAILS_NONE);
	give_back(&sk);
}

/* A row whose message was not kept knows nothing; it does not guess. */
static void without_a_message_nothing_is_known(void **state)
{
	struct socket sk;

	(void)state;
	socket_init(&sk);
	sk.family = AF_INET;
	sk.state = STATE_ESTABLISHED;
	look(&sk, details_info, DETAILS_UNKNOWN);
	look(&sk, details_memory, DETAILS_UNKNOWN);
}

/* ---- congestion algorithms ---- */

static struct socket with_congestion(const void *name, size_t length)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct nlmsghdr *nlh = start(STATE_ESTABLISHED);

	diag_attr(nlh, INET_DIAG_CONG, name, length);
	diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
	return take(&family_tcp, nlh);
}

static void names_of_algorithms_are_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *cell, *json;
	} names[] = {
		{ "cubic", 6, "congestion=cubic ", "\"congestion\":\"cubic\"," },
		{ "cubic", 5, "congestion=cubic ", "\"congestion\":\"cubic\"," }, /* no NUL */
		{ "a\0b", 4, "congestion=a ", "\"congestion\":\"a\"," },
		{ "a b=1", 6, "congestion=a\\x20b=1 ", "\"congestion\":\"a b=1\"," },
		{ "\033[31m", 6, "congestion=\\x1b[31m ", "\"congestion\":\"\\u001b[31m\"," },
		{ "x\"\n", 4, "congestion=x\"\\x0a ", "\"congestion\":\"x\\\"\\u000a\"," },
		{ "\xff", 2, "congestion=\\xff ",
		  "\"congestion\":\"\xef\xbf\xbd\",\"congestion_base64\":\"/w==\"," },
		{ "", 1, "congestion= ", "\"congestion\":\"\"," },
		{ "", 0, "congestion= ", "\"congestion\":\"\"," },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct socket sk = with_congestion(names[i].bytes, names[i].length);

		contains(text_of(&sk, cell_info, false), names[i].cell);
		contains(json_of(&sk, json_info), names[i].json);
		give_back(&sk);
	}
}

static struct socket with_algorithm(uint16_t type, const uint32_t *words, size_t length)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct nlmsghdr *nlh = start(STATE_ESTABLISHED);

	diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
	diag_attr(nlh, type, words, length);
	return take(&family_tcp, nlh);
}

static void algorithms_tell_of_themselves(void **state)
{
	static const uint32_t vegas[] = { 1, 5, 1500, 0x7fffffff };
	static const uint32_t bbr[] = { 0x80000000, 1, UINT32_MAX, 739, 512 };
	uint32_t dctcp[4] = { 0, 512, 1000, 2000 };
	struct socket sk = with_algorithm(INET_DIAG_VEGASINFO, vegas, sizeof(vegas));
	struct seen seen = look(&sk, details_info, DETAILS_GIVEN);

	(void)state;
	expect(&seen, "vegas_rtt_count", 5);
	expect(&seen, "vegas_rtt_us", 1500);
	expect_unknown(&seen, "vegas_min_rtt_us");
	lacks(text_of(&sk, cell_info, true), "bbr");
	give_back(&sk);

	sk = with_algorithm(INET_DIAG_BBRINFO, bbr, sizeof(bbr));
	seen = look(&sk, details_info, DETAILS_GIVEN);
	expect(&seen, "bbr_bandwidth_bytes_per_second", UINT64_C(0x180000000));
	expect_unknown(&seen, "bbr_min_rtt_us");
	expect(&seen, "bbr_pacing_gain_256ths", 739);
	contains(text_of(&sk, cell_info, false), "bbr_bandwidth=6.44GB/s bbr_pacing_gain=2.89");
	give_back(&sk);

	sk = with_algorithm(INET_DIAG_DCTCPINFO, dctcp, sizeof(dctcp));
	seen = look(&sk, details_info, DETAILS_GIVEN);
	expect(&seen, "dctcp_alpha_1024ths", 512);
	contains(text_of(&sk, cell_info, false), "dctcp_alpha=0.5 ");
	give_back(&sk);
}

static void algorithms_of_every_length(void **state)
{
	static const uint16_t types[] = { INET_DIAG_VEGASINFO, INET_DIAG_DCTCPINFO,
					  INET_DIAG_BBRINFO };
	static const uint32_t words[6] = { 1, 2, 3, 4, 5, 6 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		for (size_t length = 0; length <= sizeof(words); length++) {
			struct socket sk = with_algorithm(types[i], words, length);

			look(&sk, details_info, DETAILS_GIVEN);
			json_of(&sk, json_info);
			give_back(&sk);
		}
}

/* ---- what runs on top ---- */

/* Adds an attribute to a block under construction; returns the block's new length. */
static size_t nest(uint8_t *block, size_t used, uint16_t type, const void *data, size_t length)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };

	memcpy(block + used, &attr, sizeof(attr));
	memcpy(block + used + NLA_HDRLEN, data, length);
	memset(block + used + NLA_HDRLEN + length, 0, NLA_ALIGN(length) - length);
	return used + NLA_HDRLEN + NLA_ALIGN(length);
}

static size_t tls_block(uint8_t *block, uint16_t version, uint16_t cipher)
{
	static const uint16_t conf[] = { 2, 4 };
	uint8_t inner[64];
	size_t n = nest(inner, 0, 1, &version, sizeof(version));
	size_t used = nest(block, 0, INET_ULP_INFO_NAME, "tls", 4);

	n = nest(inner, n, 2, &cipher, sizeof(cipher));
	n = nest(inner, n, 3, &conf[0], sizeof(conf[0]));
	n = nest(inner, n, 4, &conf[1], sizeof(conf[1]));
	n = nest(inner, n, 6, "", 0);
	return nest(block, used, INET_ULP_INFO_TLS, inner, n);
}

static struct socket with_ulp(const uint8_t *block, size_t length)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct nlmsghdr *nlh = start(STATE_ESTABLISHED);

	diag_attr(nlh, INET_DIAG_INFO, info, sizeof(info));
	diag_attr(nlh, INET_DIAG_ULP_INFO, block, length);
	return take(&family_tcp, nlh);
}

static void tls_is_named(void **state)
{
	uint8_t block[256];
	struct socket sk = with_ulp(block, tls_block(block, 0x0304, 54));

	(void)state;
	contains(text_of(&sk, cell_info, false),
		 "ulp=tls tls_version=1.3 tls_cipher=chacha20-poly1305 tls_txconf=sw "
		 "tls_rxconf=hw-record tls_expect_no_pad");
	contains(json_of(&sk, json_info), "\"tls_zerocopy_sendfile\":false");
	give_back(&sk);
	sk = with_ulp(block, tls_block(block, 0x0305, 99));
	contains(json_of(&sk, json_info), "\"tls_version\":\"773\",\"tls_cipher\":\"99\"");
	give_back(&sk);
}

static void nested_blocks_of_every_length(void **state)
{
	uint8_t block[256];
	size_t whole = tls_block(block, 0x0303, 51);

	(void)state;
	for (size_t length = 4; length <= whole; length++) {
		struct socket sk = with_ulp(block, length);

		look(&sk, details_info, DETAILS_GIVEN);
		json_of(&sk, json_info);
		give_back(&sk);
	}
}

static void subflows_are_named(void **state)
{
	uint8_t inner[128], block[256];
	uint32_t remote = 0xabcd, local = 0x1234;
	uint64_t seq = UINT64_C(0xfedcba9876543210);
	uint8_t id = 2;
	size_t n = nest(inner, 0, 1, &remote, 4), used;
	struct socket sk;

	(void)state;
	n = nest(inner, n, 2, &local, 4);
	n = nest(inner, n, 4, &seq, 8);
	n = nest(inner, n, 9, &id, 1);
	used = nest(block, 0, INET_ULP_INFO_NAME, "mptcp", 6);
	used = nest(block, used, 3, inner, n);
	sk = with_ulp(block, used);
	contains(json_of(&sk, json_info),
		 "\"mptcp_token_local\":\"1234\",\"mptcp_token_remote\":\"abcd\","
		 "\"mptcp_id_local\":null,\"mptcp_id_remote\":2,");
	contains(json_of(&sk, json_info), "\"mptcp_map_seq\":\"18364758544493064720\"");
	give_back(&sk);
}

/* ---- single numbers ---- */

static void single_numbers(void **state)
{
	uint8_t info[TCP_INFO_SIZE] = { 0 };
	struct socket sk;

	(void)state;
	put_number(info + 68, 4, 1500);
	put_number(info + 44, 4, 70);
	put_number(info + 52, 4, 50);
	sk = with_info(STATE_ESTABLISHED, info, sizeof(info));
	assert_string_equal(text_of(&sk, cell_rtt, false), "1500");
	assert_string_equal(text_of(&sk, cell_total_retrans, false), "0");
	assert_string_equal(text_of(&sk, cell_idle, false), "50");
	assert_string_equal(text_of(&sk, cell_drops, false), "?");
	assert_string_equal(text_of(&sk, cell_timer_ms, false), "-");
	assert_string_equal(text_of(&sk, cell_mark, false), "?");
	give_back(&sk);
	sk = with_info(STATE_ESTABLISHED, info, 100);
	assert_string_equal(text_of(&sk, cell_total_retrans, false), "?");
	assert_string_equal(text_of(&sk, cell_delivery_rate, false), "?");
	give_back(&sk);
	sk = with_info(STATE_LISTEN, info, sizeof(info));
	assert_string_equal(text_of(&sk, cell_rtt, false), "-");
	assert_string_equal(text_of(&sk, cell_idle, false), "-");
	give_back(&sk);
	sk = with_info(STATE_SYN_SENT, info, sizeof(info));
	assert_string_equal(text_of(&sk, cell_idle, false), "?");
	give_back(&sk);
	sk = take(&family_tcp, start(STATE_TIME_WAIT));
	assert_string_equal(text_of(&sk, cell_rtt, false), "-");
	assert_string_equal(text_of(&sk, cell_drops, false), "-");
	give_back(&sk);
}

/* ---- units ---- */

static void units_are_read_at_once(void **state)
{
	static const struct {
		size_t at, size;
		uint64_t number;
		const char *text;
	} rows[] = {
		{ 68, 4, 52, " rtt=0.052ms " },
		{ 68, 4, 1500, " rtt=1.5ms " },
		{ 68, 4, 204000, " rtt=204ms " },
		{ 68, 4, 9999999, " rtt=9999.999ms " },
		{ 68, 4, 12345678, " rtt=12.345s " },
		{ 52, 4, 9999, " last_data_recv=9999ms " },
		{ 52, 4, 61500, " last_data_recv=61.5s " },
		{ 120, 8, 1234567890123, " bytes_acked=1234567890123B " },
		{ 80, 4, 10, " snd_cwnd=10seg " },
		{ 160, 8, 999, " delivery_rate=999B/s " },
		{ 160, 8, 1000, " delivery_rate=1kB/s " },
		{ 160, 8, 12345678, " delivery_rate=12.3MB/s " },
		{ 160, 8, 999600, " delivery_rate=1MB/s " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t info[TCP_INFO_SIZE] = { 0 };
		struct socket sk;

		put_number(info + rows[i].at, rows[i].size, rows[i].number);
		/* Something before the first, and behind the last. */
		info[1] = 1;
		put_number(info + 56, 4, 1);
		sk = with_info(STATE_ESTABLISHED, info, sizeof(info));
		contains(text_of(&sk, cell_info, false), rows[i].text);
		give_back(&sk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_info_of_every_length),
		cmocka_unit_test(sentinels_are_no_numbers),
		cmocka_unit_test(bits_of_tcp_info),
		cmocka_unit_test(bit_fields_of_tcp_info),
		cmocka_unit_test(congestion_states_have_words),
		cmocka_unit_test(a_listener_has_its_own_fields),
		cmocka_unit_test(times_are_unknown_before_the_handshake),
		cmocka_unit_test(what_has_no_info_says_so),
		cmocka_unit_test(without_a_message_nothing_is_known),
		cmocka_unit_test(names_of_algorithms_are_bytes),
		cmocka_unit_test(algorithms_tell_of_themselves),
		cmocka_unit_test(algorithms_of_every_length),
		cmocka_unit_test(tls_is_named),
		cmocka_unit_test(nested_blocks_of_every_length),
		cmocka_unit_test(subflows_are_named),
		cmocka_unit_test(single_numbers),
		cmocka_unit_test(units_are_read_at_once),
	};

	return cmocka_run_group_tests_name("details_tcp", tests, NULL, NULL);
}
