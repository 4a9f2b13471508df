/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of TCP and MPTCP: struct tcp_info, struct mptcp_info, what the congestion algorithm
 * tells of itself, and what runs on top of TCP. The kernel appends to the two structs and never
 * moves a field, so a field is known by its offset and a record that ends before it leaves it
 * unknown. The offsets are written out: the headers of the build may be older than the kernel.
 *
 * Left out: tcpi_state (the row has it), tcpi_last_ack_sent and tcpi_fackets (the kernel never
 * fills them), and the last four bytes of Linux 6.18's 280 (AccECN's failures): later kernels
 * packed other bits into the same bytes, and the length does not tell which they are.
 */
#include <string.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/tls.h>

#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define NUMBER(key, unit, at, bytes, ...)                                                 \
	{                                                                                 \
		.what = { key, DETAIL_NUMBER, unit, false }, .offset = at, .size = bytes, \
		__VA_ARGS__                                                               \
	}
#define SHOWN(key, unit, at, bytes, ...)                                                 \
	{                                                                                \
		.what = { key, DETAIL_NUMBER, unit, true }, .offset = at, .size = bytes, \
		__VA_ARGS__                                                              \
	}
#define FLAG(key, at, first)                                                             \
	{                                                                                \
		.what = { key, DETAIL_FLAG, UNIT_NONE, false }, .offset = at, .size = 1, \
		.bit = first, .bits = 1                                                  \
	}
#define WORD(key, at, list, ...)                                                         \
	{                                                                                \
		.what = { key, DETAIL_WORD, UNIT_NONE, false }, .offset = at, .size = 1, \
		.words = list, .word_count = ARRAY_SIZE(list), __VA_ARGS__               \
	}
#define WIDE(key, at)                                                                      \
	{                                                                                  \
		.what = { key, DETAIL_DECIMAL, UNIT_NONE, false }, .offset = at, .size = 8 \
	}

/* ---- struct tcp_info (tcp_get_info() in net/ipv4/tcp.c) ---- */

#define NO_RATE     UINT64_MAX /* sk_pacing_rate: no limit */
#define NO_SSTHRESH 0x7fffffff /* TCP_INFINITE_SSTHRESH: no loss so far */
#define NO_MIN_RTT  UINT32_MAX /* tcp_min_rtt(): nothing measured yet */

/* enum tcp_ca_state */
static const char *const ca_states[] = { "open", "disorder", "cwr", "recovery", "loss" };

/* enum tcp_fastopen_client_fail */
static const char *const fastopen_failures[] = {
	"unspecified",
	"cookie-unavailable",
	"data-not-acked",
	"syn-retransmitted",
};

/* C's bit fields within a byte begin at the lowest bit on a little-endian machine only. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIT_FIELD(first, count) .bit = first, .bits = count
#else
#define BIT_FIELD(first, count) .bit = 8 - (first) - (count), .bits = count
#endif

/* The byte was spare before the delivery rate came to the record's end (Linux 4.9). */
#define WITH_DELIVERY_RATE 168

static const struct detail_field tcp_fields[] = {
	WORD("ca_state", 1, ca_states),
	SHOWN("rtt_us", UNIT_US, 68, 4, .zero_is_none = true), /* no sample yet */
	SHOWN("rttvar_us", UNIT_US, 72, 4),
	NUMBER("min_rtt_us", UNIT_US, 148, 4, .none = NO_MIN_RTT),
	NUMBER("rcv_rtt_us", UNIT_US, 92, 4, .zero_is_none = true),
	SHOWN("rto_us", UNIT_US, 8, 4),
	NUMBER("ato_us", UNIT_US, 12, 4),
	NUMBER("backoff", UNIT_NONE, 4, 1),
	NUMBER("retransmits", UNIT_NONE, 2, 1),
	NUMBER("probes", UNIT_NONE, 3, 1),
	SHOWN("snd_cwnd_segments", UNIT_SEGMENTS, 80, 4),
	NUMBER("snd_ssthresh_segments", UNIT_SEGMENTS, 76, 4, .none = NO_SSTHRESH),
	NUMBER("unacked_segments", UNIT_SEGMENTS, 24, 4),
	NUMBER("sacked_segments", UNIT_SEGMENTS, 28, 4),
	NUMBER("lost_segments", UNIT_SEGMENTS, 32, 4),
	NUMBER("retrans_segments", UNIT_SEGMENTS, 36, 4),
	NUMBER("total_retrans_segments", UNIT_SEGMENTS, 100, 4),
	NUMBER("bytes_retrans", UNIT_BYTES, 208, 8),
	NUMBER("reordering_segments", UNIT_SEGMENTS, 88, 4),
	NUMBER("reord_seen", UNIT_NONE, 220, 4),
	NUMBER("dsack_dups", UNIT_NONE, 216, 4),
	NUMBER("rcv_ooopack", UNIT_NONE, 224, 4),
	SHOWN("snd_mss_bytes", UNIT_BYTES, 16, 4),
	NUMBER("rcv_mss_bytes", UNIT_BYTES, 20, 4),
	NUMBER("advmss_bytes", UNIT_BYTES, 84, 4),
	NUMBER("pmtu_bytes", UNIT_BYTES, 60, 4),
	SHOWN("snd_wnd_bytes", UNIT_BYTES, 228, 4),
	NUMBER("rcv_wnd_bytes", UNIT_BYTES, 232, 4),
	NUMBER("rcv_ssthresh_bytes", UNIT_BYTES, 64, 4),
	NUMBER("rcv_space_bytes", UNIT_BYTES, 96, 4),
	NUMBER("bytes_sent", UNIT_BYTES, 200, 8),
	NUMBER("bytes_acked", UNIT_BYTES, 120, 8),
	NUMBER("bytes_received", UNIT_BYTES, 128, 8),
	NUMBER("notsent_bytes", UNIT_BYTES, 144, 4),
	NUMBER("segs_out", UNIT_NONE, 136, 4),
	NUMBER("segs_in", UNIT_NONE, 140, 4),
	NUMBER("data_segs_out", UNIT_NONE, 156, 4),
	NUMBER("data_segs_in", UNIT_NONE, 152, 4),
	NUMBER("delivered_segments", UNIT_SEGMENTS, 192, 4),
	NUMBER("delivered_ce_segments", UNIT_SEGMENTS, 196, 4),
	NUMBER("delivery_rate_bytes_per_second", UNIT_RATE, 160, 8),
	{ .what = { "delivery_rate_app_limited", DETAIL_FLAG, UNIT_NONE, false },
	  .offset = 7,
	  .size = 1,
	  .least = WITH_DELIVERY_RATE,
	  BIT_FIELD(0, 1) },
	NUMBER("pacing_rate_bytes_per_second", UNIT_RATE, 104, 8, .none = NO_RATE),
	NUMBER("max_pacing_rate_bytes_per_second", UNIT_RATE, 112, 8, .none = NO_RATE),
	NUMBER("busy_time_us", UNIT_US, 168, 8),
	NUMBER("rwnd_limited_us", UNIT_US, 176, 8),
	NUMBER("sndbuf_limited_us", UNIT_US, 184, 8),
	NUMBER("rehash", UNIT_NONE, 236, 4),
	NUMBER("total_rto", UNIT_NONE, 240, 2),
	NUMBER("total_rto_recoveries", UNIT_NONE, 242, 2),
	NUMBER("total_rto_time_ms", UNIT_MS, 244, 4),
	FLAG("timestamps", 5, 0),
	FLAG("sack", 5, 1),
	FLAG("window_scaling", 5, 2),
	NUMBER("snd_wscale", UNIT_NONE, 6, 1, BIT_FIELD(0, 4)),
	NUMBER("rcv_wscale", UNIT_NONE, 6, 1, BIT_FIELD(4, 4)),
	FLAG("ecn", 5, 3),
	FLAG("ecn_seen", 5, 4),
	FLAG("syn_data", 5, 5),
	FLAG("usec_timestamps", 5, 6),
	FLAG("fastopen_child", 5, 7),
	WORD("fastopen_client_fail", 7, fastopen_failures, .least = WITH_DELIVERY_RATE,
	     BIT_FIELD(1, 2)),
	NUMBER("received_ce_segments", UNIT_SEGMENTS, 248, 4),
	NUMBER("accecn_delivered_e1_bytes", UNIT_BYTES, 252, 4),
	NUMBER("accecn_delivered_e0_bytes", UNIT_BYTES, 256, 4),
	NUMBER("accecn_delivered_ce_bytes", UNIT_BYTES, 260, 4),
	NUMBER("accecn_received_e1_bytes", UNIT_BYTES, 264, 4),
	NUMBER("accecn_received_e0_bytes", UNIT_BYTES, 268, 4),
	NUMBER("accecn_received_ce_bytes", UNIT_BYTES, 272, 4),
};

/* Since the handshake at most: before it they would count from the machine's start. */
static const struct detail_field tcp_times[] = {
	NUMBER("last_data_sent_ms", UNIT_MS, 44, 4),
	NUMBER("last_data_recv_ms", UNIT_MS, 52, 4),
	NUMBER("last_ack_recv_ms", UNIT_MS, 56, 4),
};

/* Of a listener the kernel fills only these, and two of them mean something else. */
static const struct detail_field listener_fields[] = {
	SHOWN("accept_queue_connections", UNIT_NONE, 24, 4),
	SHOWN("backlog_connections", UNIT_NONE, 28, 4),
	NUMBER("snd_cwnd_segments", UNIT_SEGMENTS, 80, 4),
	NUMBER("reordering_segments", UNIT_SEGMENTS, 88, 4),
	NUMBER("pacing_rate_bytes_per_second", UNIT_RATE, 104, 8, .none = NO_RATE),
	NUMBER("max_pacing_rate_bytes_per_second", UNIT_RATE, 112, 8, .none = NO_RATE),
};

/* ---- the congestion algorithm ---- */

static const struct detail congestion = { "congestion", DETAIL_TEXT, UNIT_NONE, true };

/* tcp_vegas_get_info(), which Illinois and others share; 0x7fffffff: nothing measured. */
static const struct detail_field vegas_fields[] = {
	NUMBER("vegas_rtt_count", UNIT_NONE, 4, 4),
	NUMBER("vegas_rtt_us", UNIT_US, 8, 4),
	NUMBER("vegas_min_rtt_us", UNIT_US, 12, 4, .none = 0x7fffffff),
};

static const struct detail_field dctcp_fields[] = {
	NUMBER("dctcp_ce_state", UNIT_NONE, 2, 2),
	SHOWN("dctcp_alpha_1024ths", UNIT_1024THS, 4, 4),
	NUMBER("dctcp_ab_ecn_bytes", UNIT_BYTES, 8, 4),
	NUMBER("dctcp_ab_tot_bytes", UNIT_BYTES, 12, 4),
};

static const struct detail bbr_bandwidth = { "bbr_bandwidth_bytes_per_second", DETAIL_NUMBER,
					     UNIT_RATE, false };

static const struct detail_field bbr_fields[] = {
	NUMBER("bbr_min_rtt_us", UNIT_US, 8, 4, .none = UINT32_MAX),
	NUMBER("bbr_pacing_gain_256ths", UNIT_256THS, 12, 4),
	NUMBER("bbr_cwnd_gain_256ths", UNIT_256THS, 16, 4),
};

static void take_congestion(const struct socket *sk, struct detail_sink *sink)
{
	struct detail_value value = { 0 };

	value.text = details_attribute(sk, INET_DIAG_CONG, &value.len);
	value.known = value.text;
	if (value.known)
		value.len = strnlen(value.text, value.len);
	sink->take(sink, &congestion, &value);
}

/* Two halves of 32 bits, the lower first on every machine. */
static void take_bbr_bandwidth(const void *data, size_t len, struct detail_sink *sink)
{
	struct detail_value value = { 0 };
	uint32_t halves[2];

	value.known = len >= sizeof(halves);
	if (value.known) {
		memcpy(halves, data, sizeof(halves));
		value.number = (uint64_t)halves[1] << 32 | halves[0];
		value.known = value.number <= INT64_MAX;
	}
	sink->take(sink, &bbr_bandwidth, &value);
}

/* Each of them comes only from a socket that runs the algorithm. */
static void take_algorithm(const struct socket *sk, struct detail_sink *sink)
{
	const void *data;
	size_t len;

	data = details_attribute(sk, INET_DIAG_VEGASINFO, &len);
	if (data)
		details_block(vegas_fields, ARRAY_SIZE(vegas_fields), data, len, sink);
	data = details_attribute(sk, INET_DIAG_DCTCPINFO, &len);
	if (data)
		details_block(dctcp_fields, ARRAY_SIZE(dctcp_fields), data, len, sink);
	data = details_attribute(sk, INET_DIAG_BBRINFO, &len);
	if (data) {
		take_bbr_bandwidth(data, len, sink);
		details_block(bbr_fields, ARRAY_SIZE(bbr_fields), data, len, sink);
	}
}

/* ---- what runs on top of TCP (INET_DIAG_ULP_INFO) ---- */

static const struct detail ulp_name = { "ulp", DETAIL_TEXT, UNIT_NONE, true };

#define TLS_FIRST_CIPHER TLS_CIPHER_AES_GCM_128

static const char *const tls_ciphers[] = {
	"aes-gcm-128", "aes-gcm-256", "aes-ccm-128",  "chacha20-poly1305",
	"sm4-gcm",     "sm4-ccm",     "aria-gcm-128", "aria-gcm-256",
};

/* From TLS_CONF_BASE, 1, on. */
static const char *const tls_confs[] = { NULL, "none", "sw", "hw", "hw-record" };

static const struct detail tls_version = { "tls_version", DETAIL_WORD, UNIT_NONE, true };
static const struct detail tls_cipher = { "tls_cipher", DETAIL_WORD, UNIT_NONE, true };

#define NAMED(key, type, size, list)                                                      \
	{                                                                                 \
		{ key, DETAIL_WORD, UNIT_NONE, true }, type, size, list, ARRAY_SIZE(list) \
	}
#define PLAIN(key, kind, type, size)                                 \
	{                                                            \
		{ key, kind, UNIT_NONE, false }, type, size, NULL, 0 \
	}

static const struct detail_attribute tls_fields[] = {
	NAMED("tls_txconf", TLS_INFO_TXCONF, 2, tls_confs),
	NAMED("tls_rxconf", TLS_INFO_RXCONF, 2, tls_confs),
	PLAIN("tls_zerocopy_sendfile", DETAIL_FLAG, TLS_INFO_ZC_RO_TX, 0),
	PLAIN("tls_expect_no_pad", DETAIL_FLAG, TLS_INFO_RX_NO_PAD, 0),
};

/* mptcp_subflow_get_info() in net/mptcp/diag.c */
static const struct detail_attribute subflow_fields[] = {
	PLAIN("mptcp_token_local", DETAIL_HEX, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, 4),
	PLAIN("mptcp_token_remote", DETAIL_HEX, MPTCP_SUBFLOW_ATTR_TOKEN_REM, 4),
	PLAIN("mptcp_id_local", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_ID_LOC, 1),
	PLAIN("mptcp_id_remote", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_ID_REM, 1),
	PLAIN("mptcp_relative_write_seq", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ, 4),
	PLAIN("mptcp_map_seq", DETAIL_DECIMAL, MPTCP_SUBFLOW_ATTR_MAP_SEQ, 8),
	PLAIN("mptcp_map_subflow_seq", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_MAP_SFSEQ, 4),
	PLAIN("mptcp_map_data_length", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_MAP_DATALEN, 2),
	PLAIN("mptcp_ssn_offset", DETAIL_NUMBER, MPTCP_SUBFLOW_ATTR_SSN_OFFSET, 4),
	PLAIN("mptcp_subflow_flags", DETAIL_HEX, MPTCP_SUBFLOW_ATTR_FLAGS, 4),
};

static void take_tls(const void *data, size_t size, struct detail_sink *sink)
{
	struct detail_value version = { 0 }, cipher = { 0 };

	version.known = details_nested_number(data, size, TLS_INFO_VERSION, 2, &version.number);
	if (version.number == TLS_1_2_VERSION || version.number == TLS_1_3_VERSION)
		version.text = version.number == TLS_1_2_VERSION ? "1.2" : "1.3";
	sink->take(sink, &tls_version, &version);
	cipher.known = details_nested_number(data, size, TLS_INFO_CIPHER, 2, &cipher.number);
	if (cipher.number - TLS_FIRST_CIPHER < ARRAY_SIZE(tls_ciphers))
		cipher.text = tls_ciphers[cipher.number - TLS_FIRST_CIPHER];
	sink->take(sink, &tls_cipher, &cipher);
	details_attributes(tls_fields, ARRAY_SIZE(tls_fields), data, size, sink);
}

static void take_ulp(const struct socket *sk, struct detail_sink *sink)
{
	struct detail_value name = { .known = true };
	size_t size, len;
	const void *ulp = details_attribute(sk, INET_DIAG_ULP_INFO, &size);
	const void *data;

	if (!ulp)
		return;
	name.text = details_nested(ulp, size, INET_ULP_INFO_NAME, &name.len);
	if (name.text)
		name.len = strnlen(name.text, name.len);
	name.known = name.text;
	sink->take(sink, &ulp_name, &name);
	data = details_nested(ulp, size, INET_ULP_INFO_TLS, &len);
	if (data)
		take_tls(data, len, sink);
	data = details_nested(ulp, size, INET_ULP_INFO_MPTCP, &len);
	if (data)
		details_attributes(subflow_fields, ARRAY_SIZE(subflow_fields), data, len, sink);
}

/* ---- struct mptcp_info (mptcp_diag_fill_info() in net/mptcp/sockopt.c) ---- */

static const struct detail_field mptcp_fields[] = {
	SHOWN("subflows", UNIT_NONE, 0, 1),
	NUMBER("subflows_max", UNIT_NONE, 3, 1),
	NUMBER("subflows_total", UNIT_NONE, 80, 1),
	NUMBER("add_addr_signal", UNIT_NONE, 1, 1),
	NUMBER("add_addr_signal_max", UNIT_NONE, 4, 1),
	NUMBER("add_addr_accepted", UNIT_NONE, 2, 1),
	NUMBER("add_addr_accepted_max", UNIT_NONE, 5, 1),
	NUMBER("local_addr_used", UNIT_NONE, 40, 1),
	NUMBER("local_addr_max", UNIT_NONE, 41, 1),
	{ .what = { "fallback", DETAIL_FLAG, UNIT_NONE, false },
	  .offset = 8,
	  .size = 4,
	  .bits = 1 },
	{ .what = { "csum_enabled", DETAIL_FLAG, UNIT_NONE, false }, .offset = 42, .size = 1 },
	{ .what = { "token", DETAIL_HEX, UNIT_NONE, true }, .offset = 12, .size = 4 },
	WIDE("write_seq", 16),
	WIDE("snd_una", 24),
	WIDE("rcv_nxt", 32),
	NUMBER("retransmits", UNIT_NONE, 44, 4),
	NUMBER("bytes_retrans", UNIT_BYTES, 48, 8),
	NUMBER("bytes_sent", UNIT_BYTES, 56, 8),
	NUMBER("bytes_received", UNIT_BYTES, 64, 8),
	NUMBER("bytes_acked", UNIT_BYTES, 72, 8),
	NUMBER("last_data_sent_ms", UNIT_MS, 84, 4),
	NUMBER("last_data_recv_ms", UNIT_MS, 88, 4),
	NUMBER("last_ack_recv_ms", UNIT_MS, 92, 4),
};

/* ---- the group ---- */

/* lsndtime and its like are set when the handshake ends (tcp_finish_connect()). */
static bool has_times(const struct socket *sk)
{
	return sk->state != STATE_SYN_SENT && sk->state != STATE_BOUND_INACTIVE;
}

static enum details_state tcp_info(const struct socket *sk, const void *data, size_t len,
				   struct detail_sink *sink)
{
	take_congestion(sk, sink);
	if (sk->state == STATE_LISTEN) {
		details_block(listener_fields, ARRAY_SIZE(listener_fields), data, len, sink);
	} else {
		details_block(tcp_fields, ARRAY_SIZE(tcp_fields), data, len, sink);
		details_block(tcp_times, ARRAY_SIZE(tcp_times), data, has_times(sk) ? len : 0,
			      sink);
	}
	if (sink->done)
		return DETAILS_GIVEN;
	take_algorithm(sk, sink);
	take_ulp(sk, sink);
	return DETAILS_GIVEN;
}

static bool has_info(const struct socket *sk)
{
	return sk->netid == NETID_TCP || sk->netid == NETID_MPTCP || sk->netid == NETID_SCTP;
}

enum details_state details_info(const struct socket *sk, struct detail_sink *sink)
{
	size_t len;
	const void *data;

	if (!has_info(sk) || sk->queue_unit == QUEUE_NONE)
		return DETAILS_NONE;
	data = details_attribute(sk, INET_DIAG_INFO, &len);
	if (!data)
		return DETAILS_UNKNOWN;
	if (sk->netid == NETID_TCP)
		return tcp_info(sk, data, len, sink);
	if (sk->netid == NETID_SCTP)
		return details_sctp(sk, data, len, sink);
	details_block(mptcp_fields, ARRAY_SIZE(mptcp_fields), data, len, sink);
	return DETAILS_GIVEN;
}

const struct details_table details_tcp_tables[] = {
	{ "info", &congestion, 1, sizeof(congestion) },
	DETAILS_TABLE("info", tcp_fields),
	DETAILS_TABLE("info", tcp_times),
	DETAILS_TABLE("info", listener_fields),
	DETAILS_TABLE("info", vegas_fields),
	DETAILS_TABLE("info", dctcp_fields),
	{ "info", &bbr_bandwidth, 1, sizeof(bbr_bandwidth) },
	DETAILS_TABLE("info", bbr_fields),
	{ "info", &ulp_name, 1, sizeof(ulp_name) },
	{ "info", &tls_version, 1, sizeof(tls_version) },
	{ "info", &tls_cipher, 1, sizeof(tls_cipher) },
	DETAILS_TABLE("info", tls_fields),
	DETAILS_TABLE("info", subflow_fields),
	DETAILS_TABLE("info", mptcp_fields),
};

const size_t details_tcp_table_count = ARRAY_SIZE(details_tcp_tables);
