/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The predicates: one row a word, with what it needs to know and how it decides. What is not
 * known gives TRI_UNKNOWN, which `not` leaves as it is.
 */
#include "config.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "filter/values.h"
#include "model/restart.h"
#include "plan/needs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static enum tri as_tri(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

static bool compare(int64_t a, enum filter_op op, int64_t b)
{
	const bool answers[OP_COUNT] = {
		[OP_EQ] = a == b,
		[OP_NE] = a != b,
		[OP_LT] = a<b, [OP_LE] = a <= b, [OP_GT] = a> b,
		[OP_GE] = a >= b,
	};

	return answers[op];
}

static enum tri test_number(int64_t a, enum filter_op op, int64_t b)
{
	return a == UNKNOWN ? TRI_UNKNOWN : as_tri(compare(a, op, b));
}

static enum tri negate_if(enum tri answer, enum filter_op op)
{
	if (op != OP_NE || answer == TRI_UNKNOWN)
		return answer;
	return answer == TRI_YES ? TRI_NO : TRI_YES;
}

#define TEST(name)                                                              \
	static enum tri test_##name(const struct socket *sk, enum filter_op op, \
				    const struct filter_value *value)
/* A predicate over one number of the record. */
#define NUMBER(name, expression)                                     \
	TEST(name)                                                   \
	{                                                            \
		return test_number((expression), op, value->number); \
	}

NUMBER(recvq, socket_recv_queue(sk))
NUMBER(sendq, socket_send_queue(sk))
NUMBER(unread, sk->unread_bytes)
NUMBER(outstanding, sk->outstanding_bytes)
NUMBER(unsent, sk->unsent_bytes)
NUMBER(uid, sk->uid_known ? (int64_t)sk->uid : UNKNOWN)
NUMBER(inode, sk->inode)
NUMBER(dev, sk->ifindex)

/* Without a port a socket differs from every number, and has no place among them. */
static enum tri test_port(const struct socket *sk, bool peer, enum filter_op op, int64_t number)
{
	const struct vsock_address *vsock = peer ? &sk->vsock.peer : &sk->vsock.local;
	const struct endpoint *ep = peer ? &sk->peer : &sk->local;

	if (sk->family == AF_VSOCK && vsock->port != UINT32_MAX)
		return as_tri(compare(vsock->port, op, number));
	return as_tri(socket_is_inet(sk) ? compare(ep->port, op, number) : op == OP_NE);
}

TEST(sport)
{
	return test_port(sk, false, op, value->number);
}

TEST(dport)
{
	return test_port(sk, true, op, value->number);
}

TEST(mark)
{
	if (sk->mark == UNKNOWN)
		return TRI_UNKNOWN;
	return negate_if(as_tri((sk->mark & value->mask) == value->number), op);
}

/* Between two bounds: what holds for every risk there holds, what holds for some is not known. */
TEST(risk)
{
	unsigned int holds = 0, fails = 0;

	for (int risk = sk->close.risk; risk <= (int)sk->close.risk_max; risk++)
		if (compare(risk, op, value->number))
			holds++;
		else
			fails++;
	if (holds && fails)
		return TRI_UNKNOWN;
	return as_tri(holds);
}

TEST(cookie)
{
	if (!sk->cookie)
		return TRI_UNKNOWN;
	return negate_if(as_tri(sk->cookie == (uint64_t)value->number), op);
}

/* In flight: outstanding, and not unsent. */
static int64_t in_flight(const struct socket *sk)
{
	if (sk->outstanding_bytes == UNKNOWN || sk->unsent_bytes == UNKNOWN)
		return UNKNOWN;
	return sk->outstanding_bytes - sk->unsent_bytes;
}

NUMBER(unacked, in_flight(sk))

NUMBER(idle, socket_idle_ms(sk))

static enum tri in_mask(const struct socket *sk, int64_t mask)
{
	return as_tri((uint32_t)mask & STATE_BIT(sk->state));
}

TEST(state)
{
	return negate_if(in_mask(sk, value->number), op);
}

TEST(netid)
{
	return negate_if(as_tri((uint32_t)value->number & NETID_BIT(sk->netid)), op);
}

TEST(exclude)
{
	return negate_if(in_mask(sk, value->number), op == OP_EQ ? OP_NE : OP_EQ);
}

/* Is there a send queue of which sent and unsent cannot be told apart, or counted at all? */
static bool outstanding_unclear(const struct socket *sk)
{
	if (sk->family == AF_UNIX || sk->queue_unit == QUEUE_CONNECTIONS ||
	    sk->queue_unit == QUEUE_NONE)
		return false;
	return sk->outstanding_bytes == UNKNOWN ||
	       (sk->outstanding_bytes > 0 && sk->unsent_bytes == UNKNOWN);
}

/* A reason that is not given, because what would tell was not to be had. */
static bool reason_may_hold(const struct socket *sk, enum reason reason)
{
	bool closable = sk->protocol == IPPROTO_TCP && sk->linger.kind != LINGER_NONE;
	bool no_queues = sk->queue_unit == QUEUE_UNKNOWN;
	bool no_holders = sk->inode && sk->holders.known != HOLDERS_COMPLETE;
	bool no_evidence =
		sk->netid == NETID_TCP && sk->outstanding_bytes > 0 && sk->tcp.backoff == UNKNOWN;
	const bool may_hold[REASON_COUNT] = {
		[REASON_UNREAD_DATA] = sk->unread_bytes == UNKNOWN && sk->state != STATE_LISTEN &&
				       (sk->queue_unit == QUEUE_MEMORY || no_queues),
		[REASON_SIBLING_UNREAD] = sk->netid == NETID_SCTP && sk->association &&
					  sk->sctp.socket == TRI_UNKNOWN,
		[REASON_UNACCEPTED] = no_queues && sk->state == STATE_LISTEN,
		[REASON_ZERO_LINGER] = sk->linger.kind == LINGER_UNKNOWN,
		[REASON_REPAIR] = closable && sk->options.repair == TRI_UNKNOWN,
		[REASON_NEGATIVE_LINGER2] = closable && sk->options.linger2_negative == TRI_UNKNOWN,
		[REASON_UNSENT] = outstanding_unclear(sk),
		[REASON_UNACKED] = outstanding_unclear(sk),
		[REASON_ZERO_WINDOW] = no_evidence,
		[REASON_RETRANSMITTING] = no_evidence,
		[REASON_NO_PROGRESS] = no_evidence,
		[REASON_SHARED] = no_holders,
		[REASON_HOLDER_UNSEEN] = no_holders,
	};

	return may_hold[reason];
}

TEST(reason)
{
	if (sk->close.reasons & REASON_BIT(value->number))
		return negate_if(TRI_YES, op);
	return negate_if(reason_may_hold(sk, (enum reason)value->number) ? TRI_UNKNOWN : TRI_NO,
			 op);
}

/* The kinds of setting that a word asks for. */
static enum linger_kind kind_of_word(int64_t word)
{
	static const struct {
		int64_t word;
		enum linger_kind kind;
	} kinds[] = {
		{ LINGER_WORD_ON, LINGER_ON },
		{ LINGER_WORD_OFF, LINGER_OFF },
		{ LINGER_WORD_NONE, LINGER_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].word == word)
			return kinds[i].kind;
	return LINGER_UNKNOWN;
}

TEST(linger)
{
	const struct linger_setting *l = &sk->linger;
	int64_t seconds = l->forever ? LINGER_FOREVER : l->seconds;

	if (value->number == LINGER_WORD_UNKNOWN)
		return negate_if(as_tri(l->kind == LINGER_UNKNOWN), op);
	if (l->kind == LINGER_UNKNOWN)
		return TRI_UNKNOWN;
	if (value->number < 0)
		return negate_if(as_tri(l->kind == kind_of_word(value->number)), op);
	/* A time is only compared where one is in force. */
	if (l->kind != LINGER_ON)
		return as_tri(op == OP_NE);
	return test_number(seconds, op, value->number);
}

/* Of what does not listen nothing is said, so that `restart != yes` are listeners too. */
TEST(restart)
{
	enum tri works = sk->restart ? sk->restart->works : TRI_UNKNOWN;

	if (!restart_applies(sk))
		return TRI_NO;
	if (value->number == TRI_UNKNOWN)
		return negate_if(as_tri(works == TRI_UNKNOWN), op);
	if (works == TRI_UNKNOWN)
		return TRI_UNKNOWN;
	return negate_if(as_tri(works == (enum tri)value->number), op);
}

/* Any holder of the socket with this inode counts; without the whole list, none found is not
 * none. */
static enum tri any_holder(uint32_t inode, const struct holder_list *list,
			   const struct filter_value *value,
			   bool (*same)(const struct holder *h, const struct filter_value *value))
{
	for (uint32_t i = 0; i < list->count; i++)
		if (same(&list->items[i], value))
			return TRI_YES;
	if (inode == 0)
		return TRI_NO;
	return list->known == HOLDERS_COMPLETE ? TRI_NO : TRI_UNKNOWN;
}

static enum tri any_peer(const struct socket *sk, const struct filter_value *value,
			 bool (*same)(const struct holder *h, const struct filter_value *value))
{
	if (sk->other.found)
		return any_holder(sk->other.inode, &sk->other.holders, value, same);
	return socket_has_peer(sk) ? TRI_UNKNOWN : TRI_NO;
}

static bool same_pid(const struct holder *h, const struct filter_value *value)
{
	return h->pid == (uint64_t)value->number;
}

static bool same_comm(const struct holder *h, const struct filter_value *value)
{
	return fnmatch(value->text, h->comm, 0) == 0;
}

TEST(pid)
{
	return negate_if(any_holder(sk->inode, &sk->holders, value, same_pid), op);
}

TEST(peerpid)
{
	return negate_if(any_peer(sk, value, same_pid), op);
}

TEST(comm)
{
	return negate_if(any_holder(sk->inode, &sk->holders, value, same_comm), op);
}

TEST(peercomm)
{
	return negate_if(any_peer(sk, value, same_comm), op);
}

TEST(cgroup)
{
	if (!sk->cgroup)
		return TRI_UNKNOWN;
	return negate_if(as_tri(fnmatch(value->text, sk->cgroup, 0) == 0), op);
}

/* The whole name, or of a user's unit the part behind its manager's. */
static bool fits_either(const char *pattern, const char *unit)
{
	const char *last = strrchr(unit, '/');

	return fnmatch(pattern, unit, 0) == 0 || (last && fnmatch(pattern, last + 1, 0) == 0);
}

/* Of a service also without what it ends in, as systemctl(1) takes it. */
static bool fits_unit(const char *pattern, const char *unit)
{
	static const char service[] = ".service";
	size_t len = strlen(unit), behind = sizeof(service) - 1;
	char stem[512];

	if (fits_either(pattern, unit))
		return true;
	if (len <= behind || len >= sizeof(stem) || strcmp(unit + len - behind, service) != 0)
		return false;
	memcpy(stem, unit, len - behind);
	stem[len - behind] = '\0';
	return fits_either(pattern, stem);
}

TEST(unit)
{
	const struct workload *w = sk->workload;

	if (!w)
		return TRI_UNKNOWN;
	return negate_if(as_tri(w->unit && fits_unit(value->text, w->unit)), op);
}

/* RUNTIME:ID or RUNTIME:NAME, either part of it, and ids as short as the runtimes show them. */
static bool fits_container(const char *pattern, const struct workload *w)
{
	char text[32], *id = text;
	const char *content;

	if (!w->container)
		return false;
	content = w->id ? w->id : w->name;
	if (fnmatch(pattern, w->container, 0) == 0 || fnmatch(pattern, content, 0) == 0 ||
	    (w->runtime && fnmatch(pattern, w->runtime, 0) == 0))
		return true;
	if (!w->id)
		return false;
	id += snprintf(text, sizeof(text), "%s:", w->runtime ? w->runtime : "?");
	snprintf(id, sizeof(text) - (size_t)(id - text), "%.*s", CONTAINER_SHORT, w->id);
	return fnmatch(pattern, text, 0) == 0 || fnmatch(pattern, id, 0) == 0;
}

TEST(container)
{
	if (!sk->workload)
		return TRI_UNKNOWN;
	return negate_if(as_tri(fits_container(value->text, sk->workload)), op);
}

/* A name that the kernel chose: `@` and five hexadecimal digits (unix_autobind() in
 * net/unix/af_unix.c). As in ss, to have no name is no choice of the program's either. */
static bool is_autobound_name(const struct unix_end *un)
{
	static const char digits[] = "0123456789abcdef";

	if (!un->name)
		return true;
	if (!un->abstract || un->name_len != 5)
		return false;
	for (int i = 0; i < 5; i++)
		if (!un->name[i] || !strchr(digits, un->name[i]))
			return false;
	return true;
}

/* Which ports the kernel chose only the kernel knows. */
TEST(autobound)
{
	(void)op;
	if (sk->family == AF_UNIX)
		return as_tri(is_autobound_name(&sk->un));
	if (!socket_is_inet(sk))
		return sk->family == AF_NETLINK ? TRI_UNKNOWN : TRI_NO;
	if (sk->local.port < value->number || sk->local.port > value->last)
		return TRI_NO;
	return TRI_UNKNOWN;
}

TEST(src)
{
	return negate_if(filter_any_end(sk, false, value), op);
}

TEST(dst)
{
	return negate_if(filter_any_end(sk, true, value), op);
}

#define JUDGE  (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO)
#define CGROUP (NEED_CGROUP | NEED_CGROUP_NAMED)

#define HOST        "an address, a prefix, a host name or :PORT"
#define PORT        "a port number or service name"
#define SIZE        "a size such as 4096 or 64k"
#define STATE       "a state such as established, or a group such as connected"
#define NUMBER_WORD "a number"

const struct predicate predicate_src = { "src", HOST, 0, true, false, value_host, test_src };
const struct predicate predicate_dst = { "dst", HOST, 0, true, false, value_host, test_dst };
const struct predicate predicate_sport = { "sport", PORT, 0, false, false, value_port, test_sport };
const struct predicate predicate_dport = { "dport", PORT, 0, false, false, value_port, test_dport };
const struct predicate predicate_dev = {
	"dev", "a device name or index", NEED_ONE_NETNS, true, false, value_device, test_dev
};
const struct predicate predicate_autobound = { "autobound",     "nothing",     0, true, true,
					       value_autobound, test_autobound };
const struct predicate predicate_state = {
	"state", STATE, 0, true, false, value_states, test_state
};
const struct predicate predicate_exclude = { "exclude", STATE,        0,           true,
					     false,     value_states, test_exclude };

static const struct predicate own[] = {
	{ "risk", "none, possible, likely or certain", JUDGE, false, false, value_risk, test_risk },
	{ "reason", "a reason word", JUDGE | NEED_OWNERS, true, false, value_reason, test_reason },
	{ "linger", "on, off, unknown, none, inf or whole seconds", NEED_LINGER, false, false,
	  value_linger, test_linger },
	{ "restart", "yes, no or unknown", NEED_RESTART | NEED_OWNERS | NEED_LINGER, true, false,
	  value_restart, test_restart },
	{ "recvq", SIZE, 0, false, false, value_size, test_recvq },
	{ "sendq", SIZE, 0, false, false, value_size, test_sendq },
	{ "unread", SIZE, 0, false, false, value_size, test_unread },
	{ "outstanding", SIZE, 0, false, false, value_size, test_outstanding },
	{ "unsent", SIZE, NEED_TCP_INFO, false, false, value_size, test_unsent },
	{ "unacked", SIZE, NEED_TCP_INFO, false, false, value_size, test_unacked },
	{ "idle", "a time such as 30s or 5m", NEED_TCP_INFO, false, false, value_time, test_idle },
	{ "pid", NUMBER_WORD, NEED_OWNERS, true, false, value_number, test_pid },
	{ "comm", "a process name, * and ? allowed", NEED_OWNERS, true, false, NULL, test_comm },
	{ "peerpid", NUMBER_WORD, NEED_OWNERS | NEED_PEER_HOLDERS, true, false, value_number,
	  test_peerpid },
	{ "peercomm", "a process name, * and ? allowed", NEED_OWNERS | NEED_PEER_HOLDERS, true,
	  false, NULL, test_peercomm },
	{ "uid", "a user name or id", 0, false, false, value_user, test_uid },
	{ "user", "a user name or id", 0, true, false, value_user, test_uid },
	{ "inode", NUMBER_WORD, 0, false, false, value_number, test_inode },
	{ "cookie", "a cookie, in hexadecimal", 0, true, false, value_cookie, test_cookie },
	{ "netid", "a kind such as tcp or u_str, or a family such as unix", 0, true, false,
	  value_netid, test_netid },
	{ "fwmark", "a mark, or a mark and a mask such as 0x1/0xff", NEED_MARK, true, false,
	  value_mark, test_mark },
	{ "cgroup", "a path, * and ? allowed", CGROUP, true, false, value_cgroup, test_cgroup },
	{ "unit", "a unit, with or without .service, * and ? allowed", CGROUP, true, false, NULL,
	  test_unit },
	{ "container", "a runtime, id, name or RUNTIME:ID, * and ? allowed", CGROUP, true, false,
	  NULL, test_container },
};

static const struct predicate *const shared[] = {
	&predicate_src, &predicate_dst,       &predicate_sport, &predicate_dport,
	&predicate_dev, &predicate_autobound, &predicate_state, &predicate_exclude,
};

const struct predicate *predicate_at(size_t i)
{
	if (i < ARRAY_SIZE(shared))
		return shared[i];
	i -= ARRAY_SIZE(shared);
	return i < ARRAY_SIZE(own) ? &own[i] : NULL;
}

/* Columns are written `recv-q`: a hyphen in a predicate's name does not count. */
static bool same_name(const char *name, const char *word)
{
	for (; *word; word++) {
		if (*word == '-')
			continue;
		if (tolower((unsigned char)*word) != *name)
			return false;
		name++;
	}
	return !*name;
}

const struct predicate *predicate_find(const char *word)
{
	const struct predicate *p;

	for (size_t i = 0; (p = predicate_at(i)); i++)
		if (same_name(p->word, word))
			return p;
	/* ss's short form. */
	return strcasecmp(word, "excl") == 0 ? &predicate_exclude : NULL;
}

const char *predicate_nearest(const char *word)
{
	const char *names[ARRAY_SIZE(shared) + ARRAY_SIZE(own) + 8];
	size_t n = 0;

	for (const struct predicate *p; (p = predicate_at(n)); n++)
		names[n] = p->word;
	/* What else may stand there. */
	for (size_t i = 0; n < ARRAY_SIZE(names) && filter_joining_word(i); i++)
		names[n++] = filter_joining_word(i);
	return nearest_word(word, names, n, sizeof(*names));
}
