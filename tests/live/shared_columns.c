/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "shared_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define MAKE(name) \
	static bool make_##name(const json_t *row, const struct shared_column *c, char *text)

static bool is_unix(const json_t *row)
{
	return row_is_text(row, "family", "unix");
}

static int64_t number_at(const json_t *row, const char *path)
{
	return json_integer_value(row_get(row, path)); /* null: 0 */
}

/* ---- texts ---- */

MAKE(text)
{
	const char *value = json_string_value(row_get(row, c->path));

	snprintf(text, SHARED_TEXT, "%s", value ? value : "");
	return value;
}

MAKE(number)
{
	snprintf(text, SHARED_TEXT, "%" PRId64, number_at(row, c->path));
	return json_is_integer(row_get(row, c->path));
}

/* What ss leaves out when it is 0. */
MAKE(count)
{
	return make_number(row, c, text) && strcmp(text, "0") != 0;
}

MAKE(flag)
{
	snprintf(text, SHARED_TEXT, "%s", c->name);
	return json_is_true(row_get(row, c->path));
}

MAKE(hex)
{
	snprintf(text, SHARED_TEXT, "0x%" PRIx64, (uint64_t)number_at(row, c->path));
	return number_at(row, c->path);
}

/* ss has microseconds as milliseconds, six digits of them. */
MAKE(ms)
{
	snprintf(text, SHARED_TEXT, "%g", (double)number_at(row, c->path) / 1000);
	return number_at(row, c->path);
}

MAKE(ms_pair)
{
	snprintf(text, SHARED_TEXT, "%g/%g", (double)number_at(row, c->path) / 1000,
		 (double)number_at(row, c->second) / 1000);
	return number_at(row, c->path);
}

MAKE(whole_ms)
{
	snprintf(text, SHARED_TEXT, "%" PRId64 "ms", number_at(row, c->path) / 1000);
	return number_at(row, c->path);
}

/* The initial timeout of 3 s is not shown. */
MAKE(rto)
{
	return make_ms(row, c, text) && number_at(row, c->path) != 3000000;
}

/* ss has bits. */
MAKE(rate)
{
	snprintf(text, SHARED_TEXT, "%" PRIu64 "bps", (uint64_t)number_at(row, c->path) * 8);
	return number_at(row, c->path);
}

/* One congestion window in one round trip. */
MAKE(send)
{
	double window = (double)number_at(row, "info.snd_cwnd_segments") *
			(double)number_at(row, "info.snd_mss_bytes");
	double rtt = (double)number_at(row, "info.rtt_us");

	(void)c;
	if (rtt > 0)
		snprintf(text, SHARED_TEXT, "%.0fbps", window * 8000000 / rtt);
	return rtt > 0 && window > 0;
}

MAKE(bbr)
{
	int n;

	(void)c;
	if (!row_get(row, "info.bbr_bandwidth_bytes_per_second"))
		return false;
	n = snprintf(text, SHARED_TEXT, "(bw:%" PRIu64 "bps,mrtt:%g",
		     (uint64_t)number_at(row, "info.bbr_bandwidth_bytes_per_second") * 8,
		     (double)number_at(row, "info.bbr_min_rtt_us") / 1000);
	if (number_at(row, "info.bbr_pacing_gain_256ths"))
		n += snprintf(text + n, SHARED_TEXT - n, ",pacing_gain:%g",
			      (double)number_at(row, "info.bbr_pacing_gain_256ths") / 256);
	if (number_at(row, "info.bbr_cwnd_gain_256ths"))
		n += snprintf(text + n, SHARED_TEXT - n, ",cwnd_gain:%g",
			      (double)number_at(row, "info.bbr_cwnd_gain_256ths") / 256);
	snprintf(text + n, SHARED_TEXT - n, ")");
	return true;
}

MAKE(wscale)
{
	snprintf(text, SHARED_TEXT, "%" PRId64 ",%" PRId64, number_at(row, c->path),
		 number_at(row, c->second));
	return json_is_true(row_get(row, "info.window_scaling"));
}

MAKE(retrans)
{
	snprintf(text, SHARED_TEXT, "%" PRId64 "/%" PRId64, number_at(row, c->path),
		 number_at(row, c->second));
	return number_at(row, c->path) || number_at(row, c->second);
}

/* Three is the usual, which is not shown. */
MAKE(reordering)
{
	return make_number(row, c, text) && strcmp(text, "3") != 0;
}

/* Part of the time that was busy; the percentage is of the same numbers. */
MAKE(limited)
{
	int64_t busy = number_at(row, "info.busy_time_us"), limited = number_at(row, c->path);

	snprintf(text, SHARED_TEXT, "%" PRId64 "ms", limited / 1000);
	return busy && limited;
}

MAKE(state)
{
	static const char *const words[][2] = {
		{ "established", "ESTAB" },    { "syn_sent", "SYN-SENT" },
		{ "syn_recv", "SYN-RECV" },    { "fin_wait1", "FIN-WAIT-1" },
		{ "fin_wait2", "FIN-WAIT-2" }, { "time_wait", "TIME-WAIT" },
		{ "close", "UNCONN" },         { "close_wait", "CLOSE-WAIT" },
		{ "last_ack", "LAST-ACK" },    { "listen", "LISTEN" },
		{ "closing", "CLOSING" },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!row_is_text(row, c->path, words[i][0]))
			continue;
		snprintf(text, SHARED_TEXT, "%s", words[i][1]);
		return true;
	}
	return false;
}

/* Bytes from base64, as many as there is room for; gives their number. */
static size_t from_base64(const char *text, char *bytes, size_t room)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t word = 0;
	unsigned int bits = 0;
	size_t n = 0;

	for (; *text && *text != '=' && n < room; text++) {
		const char *digit = strchr(digits, *text);

		if (!digit)
			break;
		word = word << 6 | (uint32_t)(digit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		bytes[n++] = (char)(word >> bits);
	}
	return n;
}

/* The bytes of a unix name, NULs as `@`; the exact ones are in base64 where they are no UTF-8. */
static void write_name(const json_t *end, char *text)
{
	const json_t *path = json_object_get(end, "path");
	const char *exact = json_string_value(json_object_get(end, "path_base64"));
	const char *bytes = json_string_value(path);
	size_t length = json_string_length(path), n = 0;
	char decoded[SHARED_TEXT];

	if (exact) {
		length = from_base64(exact, decoded, sizeof(decoded));
		bytes = decoded;
	}
	if (!bytes) {
		strcpy(text, "*");
		return;
	}
	if (json_is_true(json_object_get(end, "abstract")))
		text[n++] = '@';
	for (size_t i = 0; i < length && n < SHARED_TEXT - 1; i++)
		text[n++] = bytes[i] ? bytes[i] : '@';
	text[n] = '\0';
}

static void write_address(const json_t *row, const char *end, char *text)
{
	const json_t *object = json_object_get(row, end);
	const char *address = json_string_value(json_object_get(object, "address"));
	const char *interface = json_string_value(json_object_get(row, "interface"));
	int64_t port = json_integer_value(json_object_get(object, "port"));
	bool v6 = address && strchr(address, ':');
	/* Both versions are heard there. */
	bool any =
		v6 && strcmp(address, "::") == 0 && json_is_false(row_get(row, "extended.v6only"));
	int n = snprintf(text, SHARED_TEXT,
			 any  ? "*"
			 : v6 ? "[%s]"
			      : "%s",
			 address ? address : "?");

	if (interface && strcmp(end, "local") == 0)
		n += snprintf(text + n, SHARED_TEXT - n, "%%%s", interface);
	if (port)
		snprintf(text + n, SHARED_TEXT - n, ":%" PRId64, port);
	else
		snprintf(text + n, SHARED_TEXT - n, ":*");
}

MAKE(end)
{
	if (is_unix(row))
		write_name(json_object_get(row, c->path), text);
	else
		write_address(row, c->path, text);
	return true;
}

MAKE(peer_inode)
{
	snprintf(text, SHARED_TEXT, "%" PRId64, number_at(row, c->path));
	return is_unix(row);
}

/* For internet sockets: a unix socket's key is its inode. */
MAKE(inode)
{
	return !is_unix(row) && make_number(row, c, text);
}

MAKE(cookie)
{
	return !is_unix(row) && make_text(row, c, text);
}

MAKE(shutdown)
{
	snprintf(text, SHARED_TEXT, "%c-%c", row_has_word(row, c->path, "recv") ? '-' : '<',
		 row_has_word(row, c->path, "send") ? '-' : '>');
	return json_is_array(row_get(row, c->path));
}

MAKE(skmem)
{
	static const struct {
		const char *letters, *path;
	} parts[] = {
		{ "(r", "memory.rmem_alloc_bytes" },
		{ ",rb", "memory.rcvbuf_bytes" },
		{ ",t", "memory.wmem_alloc_bytes" },
		{ ",tb", "memory.sndbuf_bytes" },
		{ ",f", "memory.fwd_alloc_bytes" },
		{ ",w", "memory.wmem_queued_bytes" },
		{ ",o", "memory.optmem_bytes" },
		{ ",bl", "memory.backlog_bytes" },
		{ ",d", "memory.drops" },
	};
	int n = 0;

	(void)c;
	for (size_t i = 0; i < COUNT(parts); i++)
		n += snprintf(text + n, SHARED_TEXT - n, "%s%" PRId64, parts[i].letters,
			      number_at(row, parts[i].path));
	snprintf(text + n, SHARED_TEXT - n, ")");
	return json_is_object(row_get(row, "memory"));
}

MAKE(v6only)
{
	bool yes = json_is_true(row_get(row, c->path));

	snprintf(text, SHARED_TEXT, "%d", yes);
	return yes || json_is_false(row_get(row, c->path));
}

static int by_descriptor(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int64_t d = json_integer_value(json_object_get(x, "pid")) -
		    json_integer_value(json_object_get(y, "pid"));

	if (!d)
		d = json_integer_value(json_object_get(x, "fd")) -
		    json_integer_value(json_object_get(y, "fd"));
	return d < 0 ? -1 : d > 0;
}

MAKE(tos)
{
	snprintf(text, SHARED_TEXT, "%#" PRIx64, (uint64_t)number_at(row, c->path));
	return json_is_integer(row_get(row, c->path));
}

/* Every holder with its descriptors, in the order of their numbers. ss has
 * another order, which shared_agrees() leaves out of account. */
MAKE(users)
{
	const json_t *holders = row_get(row, c->path);
	const json_t *sorted[16];
	size_t count = json_array_size(holders);
	int n = 1;

	if (!count || count > COUNT(sorted))
		return false;
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_array_get(holders, i);
	qsort(sorted, count, sizeof(sorted[0]), by_descriptor);
	strcpy(text, "(");
	for (size_t i = 0; i < count; i++)
		n += snprintf(text + n, SHARED_TEXT - n,
			      "%s(\"%s\",pid=%" PRId64 ",fd=%" PRId64 ")", i ? "," : "",
			      json_string_value(json_object_get(sorted[i], "comm")),
			      (int64_t)json_integer_value(json_object_get(sorted[i], "pid")),
			      (int64_t)json_integer_value(json_object_get(sorted[i], "fd")));
	snprintf(text + n, SHARED_TEXT - n, ")");
	return true;
}

/* NAME,MILLISECONDS,RETRANSMITS: taken apart by compare_timers(). */
MAKE(timer)
{
	static const char *const words[][2] = {
		{ "retransmit", "on" },
		{ "keepalive", "keepalive" },
		{ "time-wait", "timewait" },
		{ "probe", "persist" },
	};

	(void)c;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (!row_is_text(row, "timer.name", words[i][0]))
			continue;
		snprintf(text, SHARED_TEXT, "(%s,%" PRId64 ",%" PRId64 ")", words[i][1],
			 number_at(row, "timer.remaining_ms"), number_at(row, "timer.retransmits"));
		return true;
	}
	return false;
}

MAKE(pending)
{
	const json_t *inodes = row_get(row, c->path);
	size_t count = json_array_size(inodes);
	int n = 0;

	*text = '\0';
	for (size_t i = 0; i < count && n < SHARED_TEXT - 24; i++)
		n += snprintf(text + n, SHARED_TEXT - n, "%s%" PRId64, i ? " " : "",
			      (int64_t)json_integer_value(json_array_get(inodes, i)));
	return count;
}

/* ss takes the kernel's number of a device for the C library's, which is laid out in another way.
 * See known_differences: this is how it should be. */
MAKE(device)
{
	snprintf(text, SHARED_TEXT, "%" PRId64 "/%" PRId64, number_at(row, c->path),
		 number_at(row, c->second));
	return json_is_integer(row_get(row, c->path));
}

#define INFO(name, kind, path)                                     \
	{                                                          \
		name, make_##kind, "info." path, NULL, SAME, false \
	}
#define INFO_RARE(name, kind, path)                               \
	{                                                         \
		name, make_##kind, "info." path, NULL, SAME, true \
	}
#define INFO_GROWS(name, kind, path)                                \
	{                                                           \
		name, make_##kind, "info." path, NULL, GROWS, false \
	}

const struct shared_column shared_columns[] = {
	{ "netid", make_text, "netid", NULL, SAME, false },
	{ "state", make_state, "state", NULL, SAME, false },
	{ "recv-q", make_number, "recv_queue", NULL, SAME, false },
	{ "send-q", make_number, "send_queue", NULL, SAME, false },
	{ "local", make_end, "local", NULL, SAME, false },
	{ "peer", make_end, "peer", NULL, SAME, false },
	{ "peer-inode", make_peer_inode, "peer.inode", NULL, SAME, false },
	{ "users", make_users, "holders", NULL, SAME, false },
	{ "timer", make_timer, NULL, NULL, TIMER, false },
	/* -e */
	{ "uid", make_count, "extended.uid", NULL, SAME, false },
	{ "ino", make_inode, "inode", NULL, SAME, false },
	{ "sk", make_cookie, "cookie", NULL, SAME, false },
	{ "fwmark", make_hex, "extended.mark", NULL, SAME, false },
	{ "cgroup", make_text, "cgroup", NULL, SAME, false },
	{ "v6only", make_v6only, "extended.v6only", NULL, SAME, false },
	{ "shutdown", make_shutdown, "shutdown", NULL, SAME, false },
	{ "path-inode", make_count, "extended.path_inode", NULL, SAME, false },
	{ "dev", make_device, "extended.path_device_major", "extended.path_device_minor", SAME,
	  false },
	{ "pending", make_pending, "extended.pending_inodes", NULL, SAME, false },
	/* --tos */
	{ "tos", make_tos, "tos.tos", NULL, SAME, false },
	{ "tclass", make_tos, "tos.tclass", NULL, SAME, false },
	{ "class_id", make_tos, "tos.class_id", NULL, SAME, false },
	/* -m */
	{ "skmem", make_skmem, NULL, NULL, SAME, false },
	/* -i */
	INFO("ts", flag, "timestamps"),
	INFO("sack", flag, "sack"),
	INFO_RARE("ecn", flag, "ecn"),
	INFO_RARE("ecnseen", flag, "ecn_seen"),
	INFO_RARE("fastopen", flag, "syn_data"),
	INFO("congestion", text, "congestion"),
	{ "wscale", make_wscale, "info.snd_wscale", "info.rcv_wscale", SAME, false },
	INFO("rto", rto, "rto_us"),
	INFO("backoff", count, "backoff"),
	{ "rtt", make_ms_pair, "info.rtt_us", "info.rttvar_us", SAME, false },
	INFO("ato", ms, "ato_us"),
	INFO("mss", count, "snd_mss_bytes"),
	INFO("pmtu", count, "pmtu_bytes"),
	INFO("rcvmss", count, "rcv_mss_bytes"),
	INFO("advmss", count, "advmss_bytes"),
	INFO("cwnd", count, "snd_cwnd_segments"),
	INFO_RARE("ssthresh", count, "snd_ssthresh_segments"),
	INFO("bytes_sent", count, "bytes_sent"),
	INFO("bytes_retrans", count, "bytes_retrans"),
	INFO("bytes_acked", count, "bytes_acked"),
	INFO("bytes_received", count, "bytes_received"),
	INFO("segs_out", count, "segs_out"),
	INFO("segs_in", count, "segs_in"),
	INFO("data_segs_out", count, "data_segs_out"),
	INFO("data_segs_in", count, "data_segs_in"),
	{ "bbr", make_bbr, NULL, NULL, SAME, true },
	INFO("send", send, "rtt_us"),
	INFO_GROWS("lastsnd", count, "last_data_sent_ms"),
	INFO_GROWS("lastrcv", count, "last_data_recv_ms"),
	INFO_GROWS("lastack", count, "last_ack_recv_ms"),
	INFO_RARE("pacing_rate", rate, "pacing_rate_bytes_per_second"),
	INFO("delivery_rate", rate, "delivery_rate_bytes_per_second"),
	INFO("delivered", count, "delivered_segments"),
	INFO_RARE("delivered_ce", count, "delivered_ce_segments"),
	INFO("app_limited", flag, "delivery_rate_app_limited"),
	INFO_GROWS("busy", whole_ms, "busy_time_us"),
	INFO_GROWS("rwnd_limited", limited, "rwnd_limited_us"),
	{ "sndbuf_limited", make_limited, "info.sndbuf_limited_us", NULL, GROWS, true },
	INFO("unacked", count, "unacked_segments"),
	{ "retrans", make_retrans, "info.retrans_segments", "info.total_retrans_segments", SAME,
	  false },
	INFO("lost", count, "lost_segments"),
	INFO_RARE("sacked", count, "sacked_segments"),
	INFO_RARE("dsack_dups", count, "dsack_dups"),
	INFO_RARE("reordering", reordering, "reordering_segments"),
	INFO_RARE("reord_seen", count, "reord_seen"),
	INFO_RARE("rcv_rtt", ms, "rcv_rtt_us"),
	INFO("rcv_space", count, "rcv_space_bytes"),
	INFO("rcv_ssthresh", count, "rcv_ssthresh_bytes"),
	INFO("notsent", count, "notsent_bytes"),
	INFO("minrtt", ms, "min_rtt_us"),
	INFO_RARE("rcv_ooopack", count, "rcv_ooopack"),
	INFO("snd_wnd", count, "snd_wnd_bytes"),
};

const size_t shared_count = COUNT(shared_columns);
