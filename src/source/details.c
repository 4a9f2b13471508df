/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/details.h"

#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/xdp_diag.h>
#include <sys/socket.h>

#include "source/attributes.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef AF_XDP
#define AF_XDP 44
#endif

static const char *const suffixes[UNIT_COUNT] = {
	[UNIT_NONE] = "",          [UNIT_BYTES] = "_bytes",       [UNIT_MS] = "_ms",
	[UNIT_US] = "_us",         [UNIT_SEGMENTS] = "_segments", [UNIT_RATE] = "_bytes_per_second",
	[UNIT_256THS] = "_256ths", [UNIT_1024THS] = "_1024ths",   [UNIT_MASK] = "",
};

const char *detail_unit_suffix(enum detail_unit unit)
{
	return suffixes[unit];
}

/* ---- attributes ---- */

const void *details_nested(const void *data, size_t size, uint16_t type, size_t *len)
{
	const char *end = (const char *)data + size;
	const struct nlattr *attr = data;

	while ((const char *)attr < end && attribute_ok(attr, end - (const char *)attr)) {
		if (attribute_type(attr) == type) {
			*len = attribute_length(attr);
			return attribute_payload(attr);
		}
		attr = attribute_next(attr);
	}
	return NULL;
}

#define NO_MEMORY UINT16_MAX

/* What stands before the attributes, and which of them has SK_MEMINFO_*. */
static const struct layout {
	uint8_t family;
	uint16_t header;
	uint16_t memory;
} layouts[] = {
	{ AF_INET, sizeof(struct inet_diag_msg), INET_DIAG_SKMEMINFO },
	{ AF_INET6, sizeof(struct inet_diag_msg), INET_DIAG_SKMEMINFO },
	{ AF_UNIX, sizeof(struct unix_diag_msg), UNIX_DIAG_MEMINFO },
	{ AF_NETLINK, sizeof(struct netlink_diag_msg), NETLINK_DIAG_MEMINFO },
	{ AF_PACKET, sizeof(struct packet_diag_msg), PACKET_DIAG_MEMINFO },
	{ AF_XDP, sizeof(struct xdp_diag_msg), XDP_DIAG_MEMINFO },
	{ AF_TIPC, 0, NO_MEMORY },
};

static const struct layout *layout_of(const struct socket *sk)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (layouts[i].family == sk->family)
			return &layouts[i];
	return NULL;
}

const void *details_attribute(const struct socket *sk, uint16_t type, size_t *len)
{
	const struct layout *layout = layout_of(sk);
	size_t before = layout ? NLMSG_SPACE(layout->header) : 0;

	if (!layout || !sk->message || sk->message_len <= before)
		return NULL;
	return details_nested((const char *)sk->message + before, sk->message_len - before, type,
			      len);
}

/* ---- blocks ---- */

static uint64_t read_number(const uint8_t *p, uint8_t size)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	if (size == 1)
		return *p;
	if (size == 2) {
		memcpy(&v2, p, sizeof(v2));
		return v2;
	}
	if (size == 4) {
		memcpy(&v4, p, sizeof(v4));
		return v4;
	}
	memcpy(&v8, p, sizeof(v8));
	return v8;
}

bool details_number(const struct detail_field *field, const void *data, size_t len,
		    uint64_t *number)
{
	if (!data || (size_t)field->offset + field->size > len || field->least > len)
		return false;
	*number = read_number((const uint8_t *)data + field->offset, field->size);
	if (field->bits)
		*number = *number >> field->bit & ((UINT64_C(1) << field->bits) - 1);
	if (field->zero_is_none && *number == 0)
		return false;
	return !field->none || *number != field->none;
}

/* What a reader of JSON may hold is 63 bits; a count that says more is none. */
static bool is_plausible(const struct detail *what, uint64_t number)
{
	return what->kind != DETAIL_NUMBER || number <= INT64_MAX;
}

static void take_field(const struct detail_field *f, const void *data, size_t len,
		       struct detail_sink *sink)
{
	struct detail_value value = { 0 };

	value.known =
		details_number(f, data, len, &value.number) && is_plausible(&f->what, value.number);
	if (value.known && value.number < f->word_count)
		value.text = f->words[value.number];
	sink->take(sink, &f->what, &value);
}

/* A column of one number asks for it in every row: it shall not pay for the others. */
static void take_only(const struct detail_field *fields, size_t count, const void *data, size_t len,
		      struct detail_sink *sink)
{
	for (size_t i = 0; i < count && !sink->done; i++) {
		if (strcmp(fields[i].what.key, sink->only) != 0)
			continue;
		take_field(&fields[i], data, len, sink);
		sink->done = true;
	}
}

void details_block(const struct detail_field *fields, size_t count, const void *data, size_t len,
		   struct detail_sink *sink)
{
	if (sink->only) {
		take_only(fields, count, data, len, sink);
		return;
	}
	for (size_t i = 0; i < count; i++)
		take_field(&fields[i], data, len, sink);
}

bool details_nested_number(const void *data, size_t size, uint16_t type, uint8_t bytes,
			   uint64_t *number)
{
	const struct detail_field field = { .size = bytes };
	size_t len;
	const void *payload = details_nested(data, size, type, &len);

	return payload && details_number(&field, payload, len, number);
}

void details_attributes(const struct detail_attribute *fields, size_t count, const void *data,
			size_t size, struct detail_sink *sink)
{
	for (size_t i = 0; i < count; i++) {
		const struct detail_attribute *f = &fields[i];
		struct detail_value value = { .known = true };
		size_t len;

		if (f->size == 0)
			value.number = details_nested(data, size, f->type, &len) != NULL;
		else
			value.known =
				details_nested_number(data, size, f->type, f->size, &value.number);
		if (value.known && value.number < f->word_count)
			value.text = f->words[value.number];
		sink->take(sink, &f->what, &value);
	}
}

/* ---- memory ---- */

#define MEMORY(key, i)                                                                         \
	{                                                                                      \
		.what = { key, DETAIL_NUMBER, UNIT_BYTES, true }, .offset = 4 * (i), .size = 4 \
	}

/* sk_get_meminfo() in net/core/sock.c */
static const struct detail_field memory_fields[] = {
	MEMORY("rmem_alloc_bytes", SK_MEMINFO_RMEM_ALLOC),
	MEMORY("rcvbuf_bytes", SK_MEMINFO_RCVBUF),
	MEMORY("wmem_alloc_bytes", SK_MEMINFO_WMEM_ALLOC),
	MEMORY("sndbuf_bytes", SK_MEMINFO_SNDBUF),
	MEMORY("fwd_alloc_bytes", SK_MEMINFO_FWD_ALLOC),
	MEMORY("wmem_queued_bytes", SK_MEMINFO_WMEM_QUEUED),
	MEMORY("optmem_bytes", SK_MEMINFO_OPTMEM),
	MEMORY("backlog_bytes", SK_MEMINFO_BACKLOG),
	{ .what = { "drops", DETAIL_NUMBER, UNIT_NONE, true },
	  .offset = 4 * SK_MEMINFO_DROPS,
	  .size = 4 },
};

static bool is_full(const struct socket *sk)
{
	return sk->queue_unit != QUEUE_NONE;
}

static bool has_memory(const struct socket *sk)
{
	const struct layout *layout = layout_of(sk);

	return layout && layout->memory != NO_MEMORY;
}

static const void *memory_of(const struct socket *sk, size_t *len)
{
	const struct layout *layout = layout_of(sk);

	if (!layout || layout->memory == NO_MEMORY)
		return NULL;
	return details_attribute(sk, layout->memory, len);
}

enum details_state details_memory(const struct socket *sk, struct detail_sink *sink)
{
	size_t len;
	const void *data = memory_of(sk, &len);

	if (!has_memory(sk) || !is_full(sk))
		return DETAILS_NONE;
	if (!data)
		return DETAILS_UNKNOWN;
	details_block(memory_fields, ARRAY_SIZE(memory_fields), data, len, sink);
	return DETAILS_GIVEN;
}

/* ---- switches of an internet socket ---- */

static bool is_inet(const struct socket *sk)
{
	return sk->family == AF_INET || sk->family == AF_INET6;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SWITCH_BIT(nr) (nr)
#else
#define SWITCH_BIT(nr) (7 - (nr))
#endif

/* The nr-th bit field of a byte in struct inet_diag_sockopt. */
#define SWITCH(key, byte, nr)                                                              \
	{                                                                                  \
		.what = { key, DETAIL_FLAG, UNIT_NONE, false }, .offset = byte, .size = 1, \
		.bit = SWITCH_BIT(nr), .bits = 1                                           \
	}

static const struct detail_field sockopt_fields[] = {
	SWITCH("recverr", 0, 0),
	SWITCH("is_icsk", 0, 1),
	SWITCH("freebind", 0, 2),
	SWITCH("hdrincl", 0, 3),
	SWITCH("mc_loop", 0, 4),
	SWITCH("transparent", 0, 5),
	SWITCH("mc_all", 0, 6),
	SWITCH("nodefrag", 0, 7),
	SWITCH("bind_address_no_port", 1, 0),
	SWITCH("recverr_rfc4884", 1, 1),
	SWITCH("defer_connect", 1, 2),
};

enum details_state details_sockopt(const struct socket *sk, struct detail_sink *sink)
{
	const void *data;
	size_t len;

	if (!is_inet(sk) || !is_full(sk))
		return DETAILS_NONE;
	data = details_attribute(sk, INET_DIAG_SOCKOPT, &len);
	if (!data)
		return DETAILS_UNKNOWN;
	details_block(sockopt_fields, ARRAY_SIZE(sockopt_fields), data, len, sink);
	return DETAILS_GIVEN;
}

/* ---- marks of what is sent ---- */

/* Each is an attribute of its own. CLASS_ID is the class of the net_cls cgroup, or without one
 * SO_PRIORITY (inet_diag_msg_attrs_fill()). */
static const struct tos_row {
	struct detail_field field; /* first: details_names() finds its name there */
	uint16_t attribute;
	bool only_v6;
} tos_rows[] = {
	{ { .what = { "tos", DETAIL_NUMBER, UNIT_MASK, true }, .size = 1 }, INET_DIAG_TOS, false },
	{ { .what = { "tclass", DETAIL_NUMBER, UNIT_MASK, true }, .size = 1 },
	  INET_DIAG_TCLASS,
	  true },
	{ { .what = { "class_id", DETAIL_NUMBER, UNIT_MASK, true }, .size = 4 },
	  INET_DIAG_CLASS_ID,
	  false },
};

static const void *tos_data(const struct socket *sk, const struct tos_row *row, size_t *len)
{
	return details_attribute(sk, row->attribute, len);
}

static bool has_tos(const struct socket *sk)
{
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(tos_rows); i++)
		if (tos_data(sk, &tos_rows[i], &len))
			return true;
	return false;
}

enum details_state details_tos(const struct socket *sk, struct detail_sink *sink)
{
	if (!is_inet(sk) || !is_full(sk))
		return DETAILS_NONE;
	if (!has_tos(sk))
		return DETAILS_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(tos_rows); i++) {
		size_t len = 0;
		const void *data = tos_data(sk, &tos_rows[i], &len);

		if (sk->family == AF_INET6 || !tos_rows[i].only_v6)
			details_block(&tos_rows[i].field, 1, data, data ? len : 0, sink);
	}
	return DETAILS_GIVEN;
}

/* ---- timer ---- */

static const struct detail timer_details[] = {
	{ "name", DETAIL_WORD, UNIT_NONE, false },
	{ "remaining_ms", DETAIL_NUMBER, UNIT_MS, true },
	{ "retransmits", DETAIL_NUMBER, UNIT_NONE, false },
};

static const char *const timer_names[] = {
	[TIMER_OFF] = "off",
	[TIMER_RETRANSMIT] = "retransmit",
	[TIMER_KEEPALIVE] = "keepalive",
	[TIMER_TIME_WAIT] = "time-wait",
	[TIMER_PROBE] = "probe",
};

static void take_number(struct detail_sink *sink, const struct detail *what, bool known,
			uint64_t number)
{
	struct detail_value value = { .known = known, .number = number };

	sink->take(sink, what, &value);
}

/* inet_sk_diag_fill() in net/ipv4/inet_diag.c; `retransmits` are those of the running timer. */
enum details_state details_timer(const struct socket *sk, struct detail_sink *sink)
{
	struct detail_value name = { .known = true, .number = sk->timer };

	if (!is_inet(sk))
		return DETAILS_NONE;
	if (sk->timer < ARRAY_SIZE(timer_names))
		name.text = timer_names[sk->timer];
	sink->take(sink, &timer_details[0], &name);
	take_number(sink, &timer_details[1], sk->timer != TIMER_OFF, sk->timer_ms);
	take_number(sink, &timer_details[2], sk->timer != TIMER_OFF, sk->timer_retransmits);
	return DETAILS_GIVEN;
}

/* ---- one of many ---- */

struct search {
	struct detail_sink sink; /* first: it is cast back to this */
	enum details_state found;
	int64_t number;
};

static void take_if_sought(struct detail_sink *sink, const struct detail *what,
			   const struct detail_value *value)
{
	struct search *search = (struct search *)sink;

	if (strcmp(what->key, sink->only) != 0)
		return;
	search->found =
		value->known && value->number <= INT64_MAX ? DETAILS_GIVEN : DETAILS_UNKNOWN;
	search->number = (int64_t)value->number;
}

enum details_state details_one(const struct socket *sk, details_reader read, const char *key,
			       int64_t *number)
{
	struct search search = { { .take = take_if_sought, .only = key }, DETAILS_NONE, UNKNOWN };
	enum details_state state = read(sk, &search.sink);

	*number = search.number;
	return state == DETAILS_GIVEN ? search.found : state;
}

/* ---- all names ---- */

static const struct details_table own_tables[] = {
	DETAILS_TABLE("memory", memory_fields),
	DETAILS_TABLE("timer", timer_details),
	DETAILS_TABLE("sockopt", sockopt_fields),
	DETAILS_TABLE("tos", tos_rows),
};

static void table_names(const struct details_table *table,
			void (*take)(void *ctx, const char *group, const struct detail *what),
			void *ctx)
{
	for (size_t i = 0; i < table->count; i++)
		take(ctx, table->group,
		     (const struct detail *)((const char *)table->rows + i * table->size));
}

void details_names(void (*take)(void *ctx, const char *group, const struct detail *what), void *ctx)
{
	const struct {
		const struct details_table *tables;
		size_t count;
	} all[] = {
		{ details_tcp_tables, details_tcp_table_count },
		{ own_tables, ARRAY_SIZE(own_tables) },
		{ details_extended_tables, details_extended_table_count },
		{ details_filter_tables, details_filter_table_count },
		{ details_sctp_tables, details_sctp_table_count },
		{ details_tipc_tables, details_tipc_table_count },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (size_t k = 0; k < all[i].count; k++)
			table_names(&all[i].tables[k], take, ctx);
}
