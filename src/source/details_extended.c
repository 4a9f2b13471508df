/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details that ss calls extended: who owns a socket and how it is known, and what only its family
 * has. The common part is in the record; the families' part is read out of the message.
 */
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>
#include <linux/xdp_diag.h>
#include <string.h>

#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef AF_XDP
#define AF_XDP 44
#endif

#define NUMBER(name, offset_, size_)                                                  \
	{                                                                             \
		.what = { name, DETAIL_NUMBER, UNIT_NONE, false }, .offset = offset_, \
		.size = size_                                                         \
	}
#define UNITS(name, unit_, offset_, size_)                                                      \
	{                                                                                       \
		.what = { name, DETAIL_NUMBER, unit_, false }, .offset = offset_, .size = size_ \
	}
#define FLAG(name, offset_, nr)                                                                \
	{                                                                                      \
		.what = { name, DETAIL_FLAG, UNIT_NONE, false }, .offset = offset_, .size = 4, \
		.bit = nr, .bits = 1                                                           \
	}

/* ---- of the record ---- */

#define GET(name) static void get_##name(const struct socket *sk, struct detail_value *v)

GET(uid)
{
	v->known = sk->uid_known;
	v->number = sk->uid;
}

GET(inode)
{
	v->known = true;
	v->number = sk->inode;
}

GET(cookie)
{
	v->known = true;
	v->number = sk->cookie;
}

GET(cgroup)
{
	v->known = sk->cgroup;
	v->text = sk->cgroup;
	v->len = sk->cgroup ? strlen(sk->cgroup) : 0;
}

/* As the set of the kernel's RCV_SHUTDOWN and SEND_SHUTDOWN. */
static void put_direction(struct outbuf *b, const void *source, size_t i)
{
	uint8_t set = *(const uint8_t *)source;

	outbuf_str(b, i == 0 && (set & 1) ? "recv" : "send");
}

GET(shutdown)
{
	v->known = sk->shutdown_known;
	v->number = (sk->shutdown & 1) + (sk->shutdown >> 1 & 1);
	v->source = &sk->shutdown;
	v->item = put_direction;
}

GET(v6only)
{
	v->known = sk->v6only != TRI_UNKNOWN;
	v->number = sk->v6only == TRI_YES;
}

GET(mark)
{
	v->known = sk->mark != UNKNOWN;
	v->number = (uint64_t)sk->mark;
}

struct record_row {
	struct detail what;
	void (*get)(const struct socket *sk, struct detail_value *v);
};

static const struct record_row every_socket[] = {
	{ { "uid", DETAIL_NUMBER, UNIT_NONE, true }, get_uid },
	{ { "inode", DETAIL_NUMBER, UNIT_NONE, true }, get_inode },
	{ { "cookie", DETAIL_HEX, UNIT_NONE, true }, get_cookie },
	{ { "shutdown", DETAIL_WORDS, UNIT_NONE, false }, get_shutdown },
};

/* The mark is shown to CAP_NET_ADMIN (inet_diag_msg_attrs_fill()). */
static const struct record_row every_inet[] = {
	{ { "cgroup", DETAIL_TEXT, UNIT_NONE, false }, get_cgroup },
	{ { "v6only", DETAIL_FLAG, UNIT_NONE, false }, get_v6only },
	{ { "mark", DETAIL_NUMBER, UNIT_MASK, false }, get_mark },
};

static void take_rows(const struct record_row *rows, size_t n, const struct socket *sk,
		      struct detail_sink *sink)
{
	for (size_t i = 0; i < n; i++) {
		struct detail_value value = { 0 };

		rows[i].get(sk, &value);
		sink->take(sink, &rows[i].what, &value);
	}
}

static void inet_extended(const struct socket *sk, struct detail_sink *sink)
{
	take_rows(every_inet, ARRAY_SIZE(every_inet), sk, sink);
}

/* ---- blocks and lists of the message ---- */

struct block {
	uint16_t attribute;
	const struct detail_field *fields;
	size_t count;
};

#define BLOCK(attribute, fields)                      \
	{                                             \
		attribute, fields, ARRAY_SIZE(fields) \
	}

/* A block that the kernel did not send says that the socket has none of it: its keys are there
 * all the same, unknown. */
static void take_blocks(const struct block *blocks, size_t n, const struct socket *sk,
			struct detail_sink *sink)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = 0;
		const void *data = details_attribute(sk, blocks[i].attribute, &len);

		details_block(blocks[i].fields, blocks[i].count, data, data ? len : 0, sink);
	}
}

static void put_u32(struct outbuf *b, const void *source, size_t i)
{
	uint32_t number;

	memcpy(&number, (const char *)source + i * sizeof(number), sizeof(number));
	outbuf_u64(b, number);
}

/* ---- unix (net/unix/diag.c) ---- */

/* The kernel's own dev_t: 12 bits of major, 20 of minor. */
static const struct detail_field vfs_fields[] = {
	NUMBER("path_inode", 0, 4),
	{ .what = { "path_device_major", DETAIL_NUMBER, UNIT_NONE, false },
	  .offset = 4,
	  .size = 4,
	  .bit = 20,
	  .bits = 12 },
	{ .what = { "path_device_minor", DETAIL_NUMBER, UNIT_NONE, false },
	  .offset = 4,
	  .size = 4,
	  .bit = 0,
	  .bits = 20 },
};

static const struct detail pending = { "pending_inodes", DETAIL_NUMBERS, UNIT_NONE, false };

/* Of a listener: the sockets of connections that wait, 0 where one has gone meanwhile
 * (sk_diag_dump_icons()). */
static void unix_extended(const struct socket *sk, struct detail_sink *sink)
{
	static const struct block blocks[] = { BLOCK(UNIX_DIAG_VFS, vfs_fields) };
	struct detail_value value = { .item = put_u32 };
	size_t len = 0;

	take_blocks(blocks, ARRAY_SIZE(blocks), sk, sink);
	value.source = details_attribute(sk, UNIX_DIAG_ICONS, &len);
	value.known = value.source;
	value.number = value.source ? len / sizeof(uint32_t) : 0;
	sink->take(sink, &pending, &value);
}

/* ---- netlink (net/netlink/diag.c) ---- */

static const struct detail_field netlink_flags[] = {
	FLAG("dump_running", 0, 0), FLAG("pktinfo", 0, 1),         FLAG("broadcast_error", 0, 2),
	FLAG("no_enobufs", 0, 3),   FLAG("listen_all_nsid", 0, 4), FLAG("cap_ack", 0, 5),
	FLAG("ext_ack", 0, 6),      FLAG("strict_check", 0, 7),
};

static void netlink_extended(const struct socket *sk, struct detail_sink *sink)
{
	static const struct block blocks[] = { BLOCK(NETLINK_DIAG_FLAGS, netlink_flags) };

	take_blocks(blocks, ARRAY_SIZE(blocks), sk, sink);
}

/* ---- packet (net/packet/diag.c) ---- */

static const struct detail_field packet_info[] = {
	NUMBER("tpacket_version", 4, 4),
	UNITS("reserve_bytes", UNIT_BYTES, 8, 4),
	UNITS("copy_threshold_bytes", UNIT_BYTES, 12, 4),
	NUMBER("timestamp_source", 16, 4),
	FLAG("running", 20, 0),
	FLAG("auxdata", 20, 1),
	FLAG("origdev", 20, 2),
	FLAG("vnet_header", 20, 3),
	FLAG("tx_loss", 20, 4),
};

static const char *const fanout_types[] = {
	"hash", "lb", "cpu", "rollover", "rnd", "qm", "cbpf", "ebpf",
};

static const struct detail_field packet_fanout[] = {
	{ .what = { "fanout_id", DETAIL_NUMBER, UNIT_NONE, true }, .size = 4, .bits = 16 },
	{ .what = { "fanout_type", DETAIL_WORD, UNIT_NONE, true },
	  .size = 4,
	  .bit = 16,
	  .bits = 8,
	  .words = fanout_types,
	  .word_count = ARRAY_SIZE(fanout_types) },
};

#define RING(direction)                                                            \
	{                                                                          \
		UNITS(direction "_ring_block_bytes", UNIT_BYTES, 0, 4),            \
			NUMBER(direction "_ring_blocks", 4, 4),                    \
			UNITS(direction "_ring_frame_bytes", UNIT_BYTES, 8, 4),    \
			NUMBER(direction "_ring_frames", 12, 4),                   \
			UNITS(direction "_ring_retire_ms", UNIT_MS, 16, 4),        \
			UNITS(direction "_ring_private_bytes", UNIT_BYTES, 20, 4), \
			UNITS(direction "_ring_features", UNIT_MASK, 24, 4),       \
	}

static const struct detail_field packet_rx_ring[] = RING("rx");
static const struct detail_field packet_tx_ring[] = RING("tx");

static void packet_extended(const struct socket *sk, struct detail_sink *sink)
{
	static const struct block blocks[] = {
		BLOCK(PACKET_DIAG_INFO, packet_info),
		BLOCK(PACKET_DIAG_FANOUT, packet_fanout),
		BLOCK(PACKET_DIAG_RX_RING, packet_rx_ring),
		BLOCK(PACKET_DIAG_TX_RING, packet_tx_ring),
	};

	take_blocks(blocks, ARRAY_SIZE(blocks), sk, sink);
}

/* ---- XDP (net/xdp/xsk_diag.c) ---- */

static const struct detail_field xdp_rx_ring[] = { NUMBER("rx_ring_entries", 0, 4) };
static const struct detail_field xdp_tx_ring[] = { NUMBER("tx_ring_entries", 0, 4) };
static const struct detail_field xdp_fill_ring[] = { NUMBER("fill_ring_entries", 0, 4) };
static const struct detail_field xdp_done_ring[] = { NUMBER("completion_ring_entries", 0, 4) };

static const struct detail_field xdp_umem[] = {
	UNITS("umem_bytes", UNIT_BYTES, 0, 8),
	NUMBER("umem_id", 8, 4),
	NUMBER("umem_pages", 12, 4),
	UNITS("umem_chunk_bytes", UNIT_BYTES, 16, 4),
	UNITS("umem_headroom_bytes", UNIT_BYTES, 20, 4),
	NUMBER("umem_interface_index", 24, 4),
	NUMBER("umem_queue", 28, 4),
	FLAG("umem_zerocopy", 32, 0),
	NUMBER("umem_references", 36, 4),
};

static const struct detail_field xdp_stats[] = {
	NUMBER("rx_dropped", 0, 8),  NUMBER("rx_invalid", 8, 8),
	NUMBER("rx_full", 16, 8),    NUMBER("fill_ring_empty", 24, 8),
	NUMBER("tx_invalid", 32, 8), NUMBER("tx_ring_empty", 40, 8),
};

static void xdp_extended(const struct socket *sk, struct detail_sink *sink)
{
	static const struct block blocks[] = {
		BLOCK(XDP_DIAG_RX_RING, xdp_rx_ring),
		BLOCK(XDP_DIAG_TX_RING, xdp_tx_ring),
		BLOCK(XDP_DIAG_UMEM, xdp_umem),
		BLOCK(XDP_DIAG_UMEM_FILL_RING, xdp_fill_ring),
		BLOCK(XDP_DIAG_UMEM_COMPLETION_RING, xdp_done_ring),
		BLOCK(XDP_DIAG_STATS, xdp_stats),
	};

	take_blocks(blocks, ARRAY_SIZE(blocks), sk, sink);
}

/* ---- the group ---- */

static const struct {
	uint8_t family;
	void (*take)(const struct socket *sk, struct detail_sink *sink);
} families[] = {
	{ AF_INET, inet_extended },     { AF_INET6, inet_extended },
	{ AF_UNIX, unix_extended },     { AF_NETLINK, netlink_extended },
	{ AF_PACKET, packet_extended }, { AF_XDP, xdp_extended },
};

enum details_state details_extended(const struct socket *sk, struct detail_sink *sink)
{
	take_rows(every_socket, ARRAY_SIZE(every_socket), sk, sink);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].family == sk->family)
			families[i].take(sk, sink);
	return DETAILS_GIVEN;
}

const struct details_table details_extended_tables[] = {
	DETAILS_TABLE("extended", every_socket),   DETAILS_TABLE("extended", every_inet),
	DETAILS_TABLE("extended", vfs_fields),     { "extended", &pending, 1, sizeof(pending) },
	DETAILS_TABLE("extended", netlink_flags),  DETAILS_TABLE("extended", packet_info),
	DETAILS_TABLE("extended", packet_fanout),  DETAILS_TABLE("extended", packet_rx_ring),
	DETAILS_TABLE("extended", packet_tx_ring), DETAILS_TABLE("extended", xdp_rx_ring),
	DETAILS_TABLE("extended", xdp_tx_ring),    DETAILS_TABLE("extended", xdp_fill_ring),
	DETAILS_TABLE("extended", xdp_done_ring),  DETAILS_TABLE("extended", xdp_umem),
	DETAILS_TABLE("extended", xdp_stats),
};

const size_t details_extended_table_count = ARRAY_SIZE(details_extended_tables);
