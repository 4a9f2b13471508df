/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "source/attributes.h"
#include "source/request.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_info(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->info = attribute_payload(attr);
	attrs->info_len = attribute_length(attr);
}

static void put_ulp(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->ulp = attr;
}

static void put_protocol(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->protocol = *(const uint8_t *)attribute_payload(attr);
	attrs->has_protocol = true;
}

static void put_peers(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->peers = (struct inet_list){ attribute_payload(attr), attribute_length(attr) };
}

static void put_locals(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->locals = (struct inet_list){ attribute_payload(attr), attribute_length(attr) };
}

static void put_memory(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)sk;
	attrs->memory = attribute_payload(attr);
}

static void put_shutdown(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)attrs;
	sk->shutdown = *(const uint8_t *)attribute_payload(attr);
	sk->shutdown_known = true;
}

static void put_v6only(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)attrs;
	sk->v6only = *(const uint8_t *)attribute_payload(attr) ? TRI_YES : TRI_NO;
}

static void put_mark(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)attrs;
	sk->mark = mnl_attr_get_u32(attr);
}

static void put_cgroup(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr)
{
	(void)attrs;
	memcpy(&sk->cgroup_id, attribute_payload(attr), sizeof(sk->cgroup_id));
}

/* Attribute number to reader; the length is the least that its type needs. Attributes that are
 * not here are newer than this program, or not asked for: passed over. */
static const struct {
	uint16_t min_len;
	void (*put)(struct socket *sk, struct inet_attrs *attrs, const struct nlattr *attr);
} readers[] = {
	[INET_DIAG_INFO] = { 1, put_info },         [INET_DIAG_SHUTDOWN] = { 1, put_shutdown },
	[INET_DIAG_SKV6ONLY] = { 1, put_v6only },   [INET_DIAG_MARK] = { 4, put_mark },
	[INET_DIAG_PROTOCOL] = { 1, put_protocol }, [INET_DIAG_PEERS] = { 0, put_peers },
	[INET_DIAG_ULP_INFO] = { 4, put_ulp },      [INET_DIAG_CGROUP_ID] = { 8, put_cgroup },
	[INET_DIAG_LOCALS] = { 0, put_locals },     [INET_DIAG_SKMEMINFO] = { 4, put_memory },
};

static void read_attribute(const struct nlattr *attr, struct socket *sk, struct inet_attrs *attrs,
			   uint64_t *bad_attrs)
{
	uint16_t type = attribute_type(attr);

	if (type >= ARRAY_SIZE(readers) || !readers[type].put)
		return;
	if (attribute_length(attr) < readers[type].min_len) {
		(*bad_attrs)++;
		return;
	}
	readers[type].put(sk, attrs, attr);
}

static void read_attributes(const struct nlmsghdr *nlh, struct socket *sk, struct inet_attrs *attrs,
			    uint64_t *bad_attrs)
{
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr = attribute_first(nlh, sizeof(struct inet_diag_msg));

	while ((const char *)attr < end) {
		if (!attribute_ok(attr, end - (const char *)attr)) {
			(*bad_attrs)++;
			return;
		}
		read_attribute(attr, sk, attrs, bad_attrs);
		attr = attribute_next(attr);
	}
}

static void read_endpoint(struct endpoint *ep, const __be32 *addr, __be16 port, uint8_t family)
{
	memcpy(&ep->addr, addr, family == AF_INET ? sizeof(ep->addr.v4) : sizeof(ep->addr.v6));
	ep->port = ntohs(port);
}

static enum sock_state known_state(uint8_t state)
{
	return state > STATE_UNKNOWN && state <= STATE_NEW_SYN_RECV ? state : STATE_UNKNOWN;
}

/* Minisockets (inet_twsk_diag_fill(), inet_req_diag_fill()) carry no uid, inode or queues: the
 * zeros in those fields mean nothing. A FIN_WAIT2 minisocket is known by its timer. */
static bool is_minisocket(const struct inet_diag_msg *msg)
{
	return msg->idiag_state == STATE_TIME_WAIT || msg->idiag_timer == TIMER_TIME_WAIT ||
	       (msg->idiag_state == STATE_SYN_RECV && msg->idiag_inode == 0);
}

int inet_decode(const struct nlmsghdr *nlh, struct socket *sk, struct inet_attrs *attrs,
		uint64_t *bad_attrs)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(nlh);

	*attrs = (struct inet_attrs){ 0 };
	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return -EBADMSG;
	if (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6)
		return -EBADMSG;
	socket_init(sk);
	sk->family = msg->idiag_family;
	sk->state = known_state(msg->idiag_state);
	read_endpoint(&sk->local, msg->id.idiag_src, msg->id.idiag_sport, sk->family);
	read_endpoint(&sk->peer, msg->id.idiag_dst, msg->id.idiag_dport, sk->family);
	sk->ifindex = msg->id.idiag_if;
	sk->cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0];
	sk->recv_queue = msg->idiag_rqueue;
	sk->send_queue = msg->idiag_wqueue;
	sk->queue_unit = is_minisocket(msg) ? QUEUE_NONE : QUEUE_BYTES;
	sk->uid = msg->idiag_uid;
	sk->uid_known = !is_minisocket(msg);
	sk->inode = msg->idiag_inode;
	sk->timer = msg->idiag_timer;
	sk->timer_ms = msg->idiag_expires;
	sk->timer_retransmits = msg->idiag_retrans;
	read_attributes(nlh, sk, attrs, bad_attrs);
	return 0;
}

void inet_memory_queues(struct socket *sk)
{
	sk->queue_unit = QUEUE_MEMORY;
	if (sk->recv_queue == 0)
		sk->unread_bytes = 0;
	if (sk->send_queue == 0)
		sk->outstanding_bytes = sk->unsent_bytes = 0;
}

struct nlmsghdr *inet_request(char *buf, uint8_t address_family, uint8_t protocol, uint32_t states,
			      uint8_t ext)
{
	const struct inet_diag_req_v2 req = {
		.sdiag_family = address_family,
		.sdiag_protocol = protocol,
		.idiag_ext = ext,
		.idiag_states = states,
	};

	return request_dump(buf, SOCK_DIAG_BY_FAMILY, &req, sizeof(req));
}

struct nlmsghdr *inet_request_both(char *buf, uint32_t states, uint8_t ext)
{
	const struct inet_diag_req req = {
		.idiag_family = AF_INET,
		.idiag_ext = ext,
		.idiag_states = states,
	};

	return request_dump(buf, TCPDIAG_GETSOCK, &req, sizeof(req));
}

void inet_request_filter(struct nlmsghdr *nlh, const struct selection *sel)
{
	if (sel->bytecode_len)
		mnl_attr_put(nlh, INET_DIAG_REQ_BYTECODE, sel->bytecode_len, sel->bytecode);
}

#define EXT(attribute) (1u << ((attribute)-1))

/* The algorithm's own numbers come for VEGASINFO, whichever algorithm it is (tcp_diag.c,
 * inet_sk_diag_fill()). */
static const struct {
	enum wanted want;
	uint8_t ext;
} extensions[] = {
	{ WANT_CONGESTION, EXT(INET_DIAG_CONG) | EXT(INET_DIAG_VEGASINFO) },
	{ WANT_MEMORY, EXT(INET_DIAG_SKMEMINFO) },
	{ WANT_TOS, EXT(INET_DIAG_TOS) | EXT(INET_DIAG_TCLASS) },
};

uint8_t inet_request_ext(const struct selection *sel, uint8_t ext)
{
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (sel->want & extensions[i].want)
			ext |= extensions[i].ext;
	return ext;
}

struct nlmsghdr *inet_request_each(char *buf, const struct selection *sel, unsigned int pass,
				   uint8_t protocol, uint8_t ext)
{
	struct nlmsghdr *nlh;
	uint8_t families[2];
	unsigned int n = 0;

	if (sel->ipv4)
		families[n++] = AF_INET;
	if (sel->ipv6)
		families[n++] = AF_INET6;
	if (pass >= n)
		return NULL;
	nlh = inet_request(buf, families[pass], protocol, sel->states, inet_request_ext(sel, ext));
	inet_request_filter(nlh, sel);
	return nlh;
}

struct nlmsghdr *inet_request_exact(char *buf, const struct socket *sk, uint8_t protocol)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(sk->message);
	struct nlmsghdr *nlh = inet_request(buf, sk->family, protocol, UINT32_MAX, 0);
	struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(nlh);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	req->id = msg->id;
	return nlh;
}

static void put_address(__be32 *into, const struct endpoint *end, uint8_t family)
{
	memcpy(into, &end->addr, family == AF_INET ? sizeof(end->addr.v4) : sizeof(end->addr.v6));
}

struct nlmsghdr *inet_request_one(char *buf, const struct socket *sk, uint8_t protocol, uint8_t ext)
{
	struct nlmsghdr *nlh = inet_request(buf, sk->family, protocol, UINT32_MAX, ext);
	struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(nlh);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	put_address(req->id.idiag_src, &sk->local, sk->family);
	put_address(req->id.idiag_dst, &sk->peer, sk->family);
	req->id.idiag_sport = htons(sk->local.port);
	req->id.idiag_dport = htons(sk->peer.port);
	req->id.idiag_if = sk->ifindex;
	req->id.idiag_cookie[0] = (uint32_t)sk->cookie;
	req->id.idiag_cookie[1] = (uint32_t)(sk->cookie >> 32);
	return nlh;
}
