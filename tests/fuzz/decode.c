/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoders: one message of a family, its first byte tells which. Each decoding sees a copy that
 * ends where the message ends. What is demanded:
 *
 * - a message too short for its family's header is refused, and nothing else is for its length;
 * - an attribute that is new does not change anything, one that is longer than the message is
 *   counted and changes nothing else;
 * - a message cut short keeps what came before the cut;
 * - what is only told by attributes is unknown without them, and the fields of tcp_info are what
 *   stands at their place, or unknown where the record ends before it;
 * - the row can be judged and shown in every format;
 * - a good message behind this one still comes out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>

#include "fuzz/answers.h"
#include "fuzz/bytes.h"
#include "fuzz/fuzz.h"
#include "fuzz/shown.h"
#include "judge/close.h"
#include "source/source.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define INPUT_MAX   4096
#define NEWER_TYPE  0x1234 /* an attribute of a kernel to come */
#define GOOD_COOKIE UINT64_C(0x00c0ffee00c0ffee)

struct layout {
	const struct family *family;
	size_t header;
	bool attributes; /* behind the header; else there are none, or all are inside one */
};

static const struct layout tcp_layouts[] = {
	{ &family_tcp, sizeof(struct inet_diag_msg), true },
};

static const struct layout inet_layouts[] = {
	{ &family_udp, sizeof(struct inet_diag_msg), true },
	{ &family_udplite, sizeof(struct inet_diag_msg), true },
	{ &family_raw, sizeof(struct inet_diag_msg), true },
	{ &family_sctp, sizeof(struct inet_diag_msg), true },
	{ &family_dccp, sizeof(struct inet_diag_msg), true },
	{ &family_mptcp, sizeof(struct inet_diag_msg), true },
};

static const struct layout unix_layouts[] = {
	{ &family_unix, sizeof(struct unix_diag_msg), true },
};

static const struct layout other_layouts[] = {
	{ &family_netlink, sizeof(struct netlink_diag_msg), true },
	{ &family_packet, sizeof(struct packet_diag_msg), true },
	{ &family_vsock, sizeof(struct vsock_diag_msg), false },
	{ &family_xdp, sizeof(struct xdp_diag_msg), true },
	{ &family_tipc, 0, false },
};

/* --- messages ----------------------------------------------------------------------------------
 */

static struct nlmsghdr *make_message(const void *payload, size_t size)
{
	struct nlmsghdr *nlh = malloc(sizeof(*nlh) + size);

	MUST(nlh != NULL);
	*nlh = (struct nlmsghdr){ .nlmsg_len = (uint32_t)(sizeof(*nlh) + size),
				  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				  .nlmsg_flags = NLM_F_MULTI,
				  .nlmsg_seq = 1,
				  .nlmsg_pid = ANSWERS_PORTID };
	if (size)
		memcpy(nlh + 1, payload, size);
	return nlh;
}

/* The same with an attribute behind it whose header claims `claimed` bytes in all. */
static struct nlmsghdr *with_attribute(const struct nlmsghdr *nlh, uint16_t type, uint16_t claimed)
{
	const struct nlattr attr = { .nla_len = claimed, .nla_type = type };
	size_t size = NLMSG_ALIGN(nlh->nlmsg_len - sizeof(*nlh));
	char *payload = calloc(1, size + 8);
	struct nlmsghdr *longer;

	MUST(payload != NULL);
	memcpy(payload, nlh + 1, nlh->nlmsg_len - sizeof(*nlh));
	memcpy(payload + size, &attr, sizeof(attr));
	longer = make_message(payload, size + 8);
	free(payload);
	return longer;
}

/* Do the attributes end where the message ends, each within it? Counts them. */
static bool well_formed(const struct nlmsghdr *nlh, size_t header, size_t *count)
{
	const char *at = (const char *)nlh + NLMSG_SPACE(header);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	struct nlattr attr;

	for (*count = 0; at < end; ++*count) {
		if (end - at < (long)sizeof(attr))
			return false;
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > end - at)
			return false;
		at += NLA_ALIGN(attr.nla_len);
	}
	return true;
}

/* The last attribute of a number, as it is this one that counts; NULL when there is none. */
static const char *find_last(const struct nlmsghdr *nlh, size_t header, uint16_t type, size_t *len)
{
	const char *at = (const char *)nlh + NLMSG_SPACE(header);
	const char *end = (const char *)nlh + nlh->nlmsg_len, *found = NULL;
	struct nlattr attr;

	while (end - at >= (long)sizeof(attr)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > end - at)
			break;
		if ((attr.nla_type & NLA_TYPE_MASK) == type && attr.nla_len > NLA_HDRLEN) {
			found = at + NLA_HDRLEN;
			*len = attr.nla_len - NLA_HDRLEN;
		}
		at += NLA_ALIGN(attr.nla_len);
	}
	return found;
}

/* --- decoding ----------------------------------------------------------------------------------
 */

struct decoded {
	int err;
	uint64_t bad;
	struct socket sk;
};

static struct decoded decode(const struct family *family, const struct nlmsghdr *nlh)
{
	struct decoded d = { 0 };

	memset(&d.sk, 0xa5, sizeof(d.sk));
	d.err = family->decode(nlh, &d.sk, &d.bad);
	if (d.err)
		return d;
	d.sk.message = nlh;
	d.sk.message_len = nlh->nlmsg_len;
	judge_close(&d.sk, &d.sk.close);
	return d;
}

static void check_same_row(const struct outbuf *row, const struct socket *sk)
{
	struct outbuf other;

	show_row(&other, sk);
	CHECK(row->len == other.len && memcmp(row->data, other.data, row->len) == 0);
	outbuf_close(&other);
}

/* The message with one more attribute: this many bad ones, and the same row. */
static void check_with(const struct family *family, const struct nlmsghdr *nlh, uint16_t claimed,
		       uint64_t bad, const struct outbuf *row)
{
	struct nlmsghdr *longer = with_attribute(nlh, NEWER_TYPE, claimed);
	struct decoded d = decode(family, longer);

	CHECK(d.err == 0);
	CHECK(d.bad == bad);
	check_same_row(row, &d.sk);
	free(longer);
}

static void check_unknown(const struct socket *sk)
{
	struct socket none;

	socket_init(&none);
	CHECK(sk->mark == UNKNOWN && sk->cgroup_id == UNKNOWN && sk->v6only == TRI_UNKNOWN);
	CHECK(sk->family == AF_VSOCK || !sk->shutdown_known);
	CHECK(sk->mptcp.token == UNKNOWN && sk->mptcp.flags == UNKNOWN && !sk->subflow);
	CHECK(sk->mptcp_fallback == TRI_UNKNOWN);
	CHECK(!sk->un.name && !sk->un.peer_inode && !sk->un.n_waiting);
	CHECK(socket_is_inet(sk) || !sk->uid_known);
	CHECK(socket_is_inet(sk) || sk->unread_bytes == UNKNOWN);
	CHECK(memcmp(&sk->tcp, &none.tcp, sizeof(none.tcp)) == 0);
}

/* Nothing but the header. */
static void check_bare(const struct layout *layout, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *bare = make_message(nlh + 1, layout->header);
	struct decoded d = decode(layout->family, bare);

	CHECK(d.err == 0 && d.bad == 0);
	check_unknown(&d.sk);
	free(bare);
}

/* Cut at `at`: the same socket, by what the header says. */
static void check_cut(const struct layout *layout, const struct decoded *whole,
		      const struct nlmsghdr *nlh, size_t at)
{
	struct nlmsghdr *cut = make_message(nlh + 1, at);
	struct decoded d = decode(layout->family, cut);

	CHECK(d.err == 0);
	CHECK(d.bad <= whole->bad + 1);
	CHECK(d.sk.netid == whole->sk.netid && d.sk.cookie == whole->sk.cookie);
	CHECK(d.sk.inode == whole->sk.inode);
	check_ndjson(plain_look(), &d.sk, 1);
	free(cut);
}

static void check_shapes(const struct layout *layout, const struct decoded *d,
			 const struct nlmsghdr *nlh)
{
	size_t size = nlh->nlmsg_len - sizeof(*nlh), count;
	struct outbuf row;

	if (!layout->header)
		return;
	check_bare(layout, nlh);
	check_cut(layout, d, nlh, layout->header + (size - layout->header) / 2);
	if (!well_formed(nlh, layout->header, &count)) {
		CHECK(d->bad > 0 || !layout->attributes);
		return;
	}
	/* What is inside an attribute counts too. */
	CHECK(d->bad <= count || layout->family == &family_tcp);
	show_row(&row, &d->sk);
	check_with(layout->family, nlh, 8, d->bad, &row);
	check_with(layout->family, nlh, 12, d->bad + layout->attributes, &row);
	check_with(layout->family, nlh, 3, d->bad + layout->attributes, &row);
	outbuf_close(&row);
}

/* --- tcp_info, by the offsets of include/uapi/linux/tcp.h ---------------------------------------
 */

static int64_t number_at(const char *info, size_t len, size_t offset, size_t size)
{
	uint64_t number = 0;
	uint32_t four;

	if (offset + size > len)
		return UNKNOWN;
	if (size == 1)
		return (uint8_t)info[offset];
	memcpy(&four, info + offset, sizeof(four));
	if (size == 4)
		return four;
	memcpy(&number, info + offset, sizeof(number));
	return number > INT64_MAX ? UNKNOWN : (int64_t)number;
}

static void check_info(const struct nlmsghdr *nlh, const struct tcp_evidence *tcp)
{
	size_t len = 0;
	const char *info = find_last(nlh, sizeof(struct inet_diag_msg), INET_DIAG_INFO, &len);
	int64_t limited = number_at(info, len, 7, 1);

	CHECK(tcp->retransmits == number_at(info, len, 2, 1));
	CHECK(tcp->probes == number_at(info, len, 3, 1));
	CHECK(tcp->backoff == number_at(info, len, 4, 1));
	CHECK(tcp->rto_us == number_at(info, len, 8, 4));
	CHECK(tcp->unacked_segments == number_at(info, len, 24, 4));
	CHECK(tcp->last_data_sent_ms == number_at(info, len, 44, 4));
	CHECK(tcp->last_data_recv_ms == number_at(info, len, 52, 4));
	CHECK(tcp->last_ack_recv_ms == number_at(info, len, 56, 4));
	CHECK(tcp->rtt_us == number_at(info, len, 68, 4));
	CHECK(tcp->pacing_rate_bytes_per_second == number_at(info, len, 104, 8));
	CHECK(tcp->notsent_bytes == number_at(info, len, 144, 4));
	CHECK(tcp->delivery_rate_bytes_per_second == number_at(info, len, 160, 8));
	CHECK(tcp->snd_wnd_bytes == number_at(info, len, 228, 4));
	CHECK(tcp->snd_mss_bytes == number_at(info, len, 16, 4));
	CHECK(tcp->snd_ssthresh_segments == number_at(info, len, 76, 4));
	CHECK(tcp->total_retrans_segments == number_at(info, len, 100, 4));
	CHECK(tcp->min_rtt_us == number_at(info, len, 148, 4));
	CHECK(tcp->busy_us == number_at(info, len, 168, 8));
	CHECK(tcp->rwnd_limited_us == number_at(info, len, 176, 8));
	CHECK(tcp->delivered_segments == number_at(info, len, 192, 4));
	CHECK(tcp->rate_app_limited == (len < 168 ? UNKNOWN : (limited & 1)));
}

/* --- the dump ----------------------------------------------------------------------------------
 */

struct seen {
	size_t count;
	bool good; /* the last was */
};

static int note(void *ctx, struct socket *sk)
{
	struct seen *seen = ctx;

	seen->count++;
	seen->good = sk->cookie == GOOD_COOKIE;
	return 0;
}

/* A socket that every decoder of the family takes. */
static struct nlmsghdr *good_message(const struct layout *layout)
{
	static const uint32_t cookie[2] = { (uint32_t)GOOD_COOKIE, (uint32_t)(GOOD_COOKIE >> 32) };
	const struct {
		struct nlattr socket, type;
		uint32_t stream;
		struct nlattr cookie;
		uint32_t halves[2];
	} tipc = { { sizeof(tipc), TIPC_NLA_SOCK },
		   { 8, TIPC_NLA_SOCK_TYPE },
		   SOCK_STREAM,
		   { 12, TIPC_NLA_SOCK_COOKIE },
		   { cookie[0], cookie[1] } };
	struct inet_diag_msg inet = { .idiag_family = AF_INET, .idiag_state = 1 };
	struct unix_diag_msg path = { AF_UNIX, SOCK_STREAM, 1, 0, 7, { cookie[0], cookie[1] } };
	struct netlink_diag_msg netlink = { .ndiag_family = AF_NETLINK, .ndiag_type = SOCK_RAW };
	struct packet_diag_msg packet = { .pdiag_family = AF_PACKET, .pdiag_type = SOCK_RAW };
	struct vsock_diag_msg vsock = { .vdiag_family = AF_VSOCK, .vdiag_type = SOCK_STREAM };
	struct xdp_diag_msg xdp = { .xdiag_family = AF_XDP };
	const struct {
		const struct family *family;
		void *payload, *cookie;
	} all[] = {
		{ &family_unix, &path, path.udiag_cookie },
		{ &family_netlink, &netlink, netlink.ndiag_cookie },
		{ &family_packet, &packet, packet.pdiag_cookie },
		{ &family_vsock, &vsock, vsock.vdiag_cookie },
		{ &family_xdp, &xdp, xdp.xdiag_cookie },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		if (all[i].family != layout->family)
			continue;
		memcpy(all[i].cookie, cookie, sizeof(cookie));
		return make_message(all[i].payload, layout->header);
	}
	if (layout->family == &family_tipc)
		return make_message(&tipc, sizeof(tipc));
	memcpy(inet.id.idiag_cookie, cookie, sizeof(cookie));
	return make_message(&inet, sizeof(inet));
}

static void check_dump(const struct layout *layout, const struct nlmsghdr *nlh,
		       const struct decoded *d)
{
	static const struct {
		struct nlmsghdr header;
		int code;
	} done = { { sizeof(done), NLMSG_DONE, NLM_F_MULTI, 1, ANSWERS_PORTID }, 0 };
	static const struct selection any = { UINT32_MAX, UINT32_MAX, true, true,
					      NULL,       0,          true, UINT32_MAX };
	struct nlmsghdr *good = good_message(layout);
	struct dump_report report;
	struct source *source;
	struct seen seen = { 0 };

	answers_reset();
	answers_add(nlh, nlh->nlmsg_len);
	answers_add(good, good->nlmsg_len);
	answers_add(&done, sizeof(done));
	/* The second IP version has nothing: its request has the next number. */
	answers_add(&(struct nlmsghdr){ sizeof(struct nlmsghdr), NLMSG_DONE, 0, 2, ANSWERS_PORTID },
		    sizeof(struct nlmsghdr));
	MUST(source_open_kernel(&source) == 0);
	CHECK(source_dump(source, layout->family, &any, note, &seen, &report) == 0);
	CHECK(report.problem == DUMP_OK && report.messages == 2);
	CHECK(report.malformed == (d->err != 0));
	CHECK(report.bad_attrs == d->bad);
	CHECK(seen.good && seen.count >= 1);
	CHECK(seen.count == report.sockets);
	source_close(source);
	free(good);
}

/* --- targets -----------------------------------------------------------------------------------
 */

static bool repeats_good(const struct decoded *d)
{
	return !d->err && d->sk.cookie == GOOD_COOKIE;
}

static unsigned int sum_of(const uint8_t *data, size_t size)
{
	unsigned int sum = 0;

	while (size)
		sum += data[--size];
	return sum;
}

static void run(const struct layout *layout, const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = make_message(data, size);
	struct decoded d = decode(layout->family, nlh);

	CHECK(d.err == 0 || d.err == -EBADMSG || d.err == -EPROTO);
	CHECK(d.err != 0 || size >= layout->header);
	if (d.err == 0) {
		check_shapes(layout, &d, nlh);
		if (layout->family == &family_tcp)
			check_info(nlh, &d.sk.tcp);
		check_ndjson(plain_look(), &d.sk, 1);
		/* The others take their time: every fourth each. */
		if (sum_of(data, size) % 4 == 0)
			check_csv(plain_look(), &d.sk, 1);
		if (sum_of(data, size) % 4 == 1)
			check_table(plain_look(), &d.sk, 1);
	}
	if (!repeats_good(&d))
		check_dump(layout, nlh, &d);
	free(nlh);
}

static void choose(const struct layout *layouts, size_t count, const uint8_t *data, size_t size)
{
	struct bytes in = { data, size < INPUT_MAX ? size : INPUT_MAX };
	uint32_t which = take_below(&in, (uint32_t)count);

	run(&layouts[which], in.at, in.left);
}

void fuzz_tcp(const uint8_t *data, size_t size)
{
	choose(tcp_layouts, COUNT(tcp_layouts), data, size);
}

void fuzz_inet(const uint8_t *data, size_t size)
{
	choose(inet_layouts, COUNT(inet_layouts), data, size);
}

void fuzz_unix(const uint8_t *data, size_t size)
{
	choose(unix_layouts, COUNT(unix_layouts), data, size);
}

void fuzz_others(const uint8_t *data, size_t size)
{
	choose(other_layouts, COUNT(other_layouts), data, size);
}
