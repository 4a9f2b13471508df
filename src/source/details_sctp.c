/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of SCTP: struct sctp_info (sctp_get_sctp_info() in net/sctp/socket.c) and the addresses
 * of both ends. The kernel fills one part of it for an association and another for an endpoint.
 * Left out: sctpi_p_srtt and sctpi_p_hbinterval, which are in the kernel's ticks, of a length that
 * nobody tells.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sctp.h>
#include <string.h>

#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define FIELD(key, how, unit_, member)                                                            \
	{                                                                                         \
		.what = { key, how, unit_, false }, .offset = offsetof(struct sctp_info, member), \
		.size = sizeof(((struct sctp_info *)0)->member)                                   \
	}
#define NUMBER(key, member)      FIELD(key, DETAIL_NUMBER, UNIT_NONE, member)
#define UNITS(key, unit, member) FIELD(key, DETAIL_NUMBER, unit, member)
#define FLAG(key, member)        FIELD(key, DETAIL_FLAG, UNIT_NONE, member)

/* enum sctp_spinfo_state */
static const char *const path_states[] = { "inactive", "potentially-failed", "active",
					   "unconfirmed" };

static const struct detail_field association_fields[] = {
	FIELD("tag", DETAIL_HEX, UNIT_NONE, sctpi_tag),
	FIELD("peer_tag", DETAIL_HEX, UNIT_NONE, sctpi_peer_tag),
	UNITS("rwnd_bytes", UNIT_BYTES, sctpi_rwnd),
	UNITS("peer_rwnd_bytes", UNIT_BYTES, sctpi_peer_rwnd),
	NUMBER("unacked_chunks", sctpi_unackdata),
	NUMBER("pending_chunks", sctpi_penddata),
	NUMBER("in_streams", sctpi_instrms),
	NUMBER("out_streams", sctpi_outstrms),
	UNITS("fragmentation_point_bytes", UNIT_BYTES, sctpi_fragmentation_point),
	NUMBER("in_queue_packets", sctpi_inqueue),
	NUMBER("out_queue_packets", sctpi_outqueue),
	NUMBER("overall_errors", sctpi_overall_error),
	NUMBER("max_burst_packets", sctpi_max_burst),
	UNITS("max_seg_bytes", UNIT_BYTES, sctpi_maxseg),
	NUMBER("in_sacks", sctpi_isacks),
	NUMBER("out_sacks", sctpi_osacks),
	NUMBER("in_packets", sctpi_ipackets),
	NUMBER("out_packets", sctpi_opackets),
	NUMBER("retransmitted_chunks", sctpi_rtxchunks),
	NUMBER("out_of_sequence_tsns", sctpi_outofseqtsns),
	NUMBER("duplicate_chunks", sctpi_idupchunks),
	NUMBER("gap_acks", sctpi_gapcnt),
	NUMBER("in_unordered_chunks", sctpi_iuodchunks),
	NUMBER("out_unordered_chunks", sctpi_ouodchunks),
	NUMBER("in_ordered_chunks", sctpi_iodchunks),
	NUMBER("out_ordered_chunks", sctpi_oodchunks),
	NUMBER("in_control_chunks", sctpi_ictrlchunks),
	NUMBER("out_control_chunks", sctpi_octrlchunks),
	{ .what = { "path_state", DETAIL_WORD, UNIT_NONE, true },
	  .offset = offsetof(struct sctp_info, sctpi_p_state),
	  .size = 4,
	  .words = path_states,
	  .word_count = ARRAY_SIZE(path_states) },
	UNITS("path_cwnd_bytes", UNIT_BYTES, sctpi_p_cwnd),
	UNITS("path_ssthresh_bytes", UNIT_BYTES, sctpi_p_ssthresh),
	UNITS("path_flight_bytes", UNIT_BYTES, sctpi_p_flight_size),
	UNITS("path_partially_acked_bytes", UNIT_BYTES, sctpi_p_partial_bytes_acked),
	UNITS("path_rto_ms", UNIT_MS, sctpi_p_rto),
	UNITS("path_sack_delay_ms", UNIT_MS, sctpi_p_sackdelay),
	NUMBER("path_max_retrans", sctpi_p_pathmaxrxt),
	NUMBER("path_errors", sctpi_p_error),
};

static const struct detail_field endpoint_fields[] = {
	NUMBER("autoclose_seconds", sctpi_s_autoclose),
	FIELD("adaptation", DETAIL_HEX, UNIT_NONE, sctpi_s_adaptation_ind),
	UNITS("partial_delivery_point_bytes", UNIT_BYTES, sctpi_s_pd_point),
	FLAG("nodelay", sctpi_s_nodelay),
	FLAG("disable_fragments", sctpi_s_disable_fragments),
	FLAG("v4mapped", sctpi_s_v4mapped),
	NUMBER("fragment_interleave", sctpi_s_frag_interleave),
};

/* ---- addresses: a list of struct sockaddr_storage ---- */

static const struct address_row {
	struct detail what;
	uint16_t attribute;
} address_rows[] = {
	{ { "local_addresses", DETAIL_WORDS, UNIT_NONE, true }, INET_DIAG_LOCALS },
	{ { "peer_addresses", DETAIL_WORDS, UNIT_NONE, true }, INET_DIAG_PEERS },
};

static void put_address(struct outbuf *b, const void *source, size_t i)
{
	struct sockaddr_storage address;
	char text[INET6_ADDRSTRLEN];
	const void *bytes;

	memcpy(&address, (const char *)source + i * sizeof(address), sizeof(address));
	if (address.ss_family == AF_INET)
		bytes = &((struct sockaddr_in *)&address)->sin_addr;
	else
		bytes = &((struct sockaddr_in6 *)&address)->sin6_addr;
	if (inet_ntop(address.ss_family, bytes, text, sizeof(text)))
		outbuf_str(b, text);
	else
		outbuf_char(b, '?');
}

static void take_addresses(const struct socket *sk, struct detail_sink *sink)
{
	for (size_t i = 0; i < ARRAY_SIZE(address_rows); i++) {
		struct detail_value value = { .item = put_address };
		size_t len = 0;

		value.source = details_attribute(sk, address_rows[i].attribute, &len);
		value.known = value.source;
		value.number = value.source ? len / sizeof(struct sockaddr_storage) : 0;
		/* An endpoint has no peer. */
		if (value.known || sk->association)
			sink->take(sink, &address_rows[i].what, &value);
	}
}

enum details_state details_sctp(const struct socket *sk, const void *data, size_t len,
				struct detail_sink *sink)
{
	if (sk->association)
		details_block(association_fields, ARRAY_SIZE(association_fields), data, len, sink);
	else
		details_block(endpoint_fields, ARRAY_SIZE(endpoint_fields), data, len, sink);
	take_addresses(sk, sink);
	return DETAILS_GIVEN;
}

const struct details_table details_sctp_tables[] = {
	DETAILS_TABLE("info", association_fields),
	DETAILS_TABLE("info", endpoint_fields),
	DETAILS_TABLE("info", address_rows),
};

const size_t details_sctp_table_count = ARRAY_SIZE(details_sctp_tables);
