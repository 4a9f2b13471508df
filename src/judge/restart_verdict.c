/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a restart: each socket on the port is asked whether it stays, whether it overlaps,
 * and whether it shares.
 */
#include <string.h>

#include "judge/restart_users.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static enum tri as_tri(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

/* One NO is enough, and an unknown leaves it open. */
static enum tri both(enum tri a, enum tri b)
{
	if (a == TRI_NO || b == TRI_NO)
		return TRI_NO;
	return a == TRI_YES && b == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

static enum tri not(enum tri a) { return a == TRI_UNKNOWN ? a : as_tri(a == TRI_NO); }

static enum tri either(enum tri a, enum tri b)
{
	return not(both(not(a), not(b)));
}

/* --- does it overlap? --- */

/* Who meets whom (inet_rcv_saddr_equal()): a dual-stack wildcard meets everything, an IPv6-only
 * one all of IPv6, an IPv4 one all of IPv4; two addresses meet when they are the same. */
static const bool meets[5][5] = {
	[V4_ANY] = { [V4_ANY] = true, [V4_ADDR] = true, [V6_ANY] = true },
	[V4_ADDR] = { [V4_ANY] = true, [V4_ADDR] = true, [V6_ANY] = true },
	[V6_ANY] = { true, true, true, true, true },
	[V6_ANY_ONLY] = { [V6_ANY] = true, [V6_ANY_ONLY] = true, [V6_ADDR] = true },
	[V6_ADDR] = { [V6_ANY] = true, [V6_ANY_ONLY] = true, [V6_ADDR] = true },
};

static bool is_address(uint8_t reach)
{
	return reach == V4_ADDR || reach == V6_ADDR;
}

static bool overlap(const struct place *a, const struct place *b)
{
	if (a->ifindex && b->ifindex && a->ifindex != b->ifindex)
		return false;
	if (!meets[a->reach][b->reach])
		return false;
	return !is_address(a->reach) || !is_address(b->reach) ||
	       memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0;
}

/* --- does it stay? --- */

static bool holds(const struct socket *sk, uint32_t pid)
{
	for (uint32_t i = 0; i < sk->holders.count; i++)
		if (sk->holders.items[i].pid == pid)
			return true;
	return false;
}

/* Whether all who hold it end with the listener's program. Of several only the whole set is
 * compared, and the first. */
static enum tri ends_with(const struct port_user *user, const struct socket *listener)
{
	if (user->key.orphan)
		return TRI_NO;
	if (!user->pid)
		return TRI_UNKNOWN;
	if (!holds(listener, user->pid))
		return TRI_NO;
	if (user->key.known != HOLDERS_COMPLETE)
		return TRI_UNKNOWN;
	if (user->several && user->key.holders != port_holders_id(&listener->holders))
		return TRI_UNKNOWN;
	return TRI_YES;
}

/* Where the program is the connection's other end too, the end that is closed first keeps its port
 * and the other does not: which is first goes by the numbers of their descriptors. */
static enum tri stays(const struct port_user *user, enum tri ends, bool calls_itself)
{
	if (ends == TRI_NO)
		return TRI_YES;
	if (user->key.fate == FATE_STAYS)
		return calls_itself && !user->key.minisocket ? TRI_UNKNOWN : TRI_YES;
	return user->key.fate == FATE_GOES && ends == TRI_YES ? TRI_NO : TRI_UNKNOWN;
}

/* --- does it share? --- */

/* What a bind of the new program meets: one of the others, or the old listener itself where
 * somebody keeps it. */
struct meeting {
	const struct socket *listener;
	uint8_t space, state;
	bool minisocket, orphan;
	uint32_t uid;
	enum tri stays, reuseaddr, reuseport;
};

/* By SO_REUSEADDR on both sides; but TCP shares no port so with one that listens. */
static enum tri shares_by_addr(const struct meeting *m)
{
	return m->space == PORTS_TCP && m->state == STATE_LISTEN ? TRI_NO : m->reuseaddr;
}

/* A minisocket is anybody's. Before Linux 6.17 an orphan was said to be root's (sock_i_uid()),
 * which it may be or not. */
static enum tri same_user(const struct meeting *m)
{
	if (m->minisocket || m->uid == m->listener->uid)
		return TRI_YES;
	return m->orphan && m->uid == 0 ? TRI_UNKNOWN : TRI_NO;
}

static enum tri shares_by_port(const struct meeting *m)
{
	return both(m->reuseport, same_user(m));
}

static enum tri shares(const struct meeting *m, unsigned int bind)
{
	enum tri share = TRI_NO;

	if (bind & BIND_REUSEADDR)
		share = shares_by_addr(m);
	if (bind & BIND_REUSEPORT)
		share = either(share, shares_by_port(m));
	return share;
}

/* --- the sum --- */

/* Of one choice of options. */
struct sum {
	bool refused, open; /* some one refuses; some one may */
	bool joined;        /* of UDP: some one shares by SO_REUSEPORT */
};

static void add_to_sum(struct sum *sum, const struct meeting *m, unsigned int bind)
{
	enum tri refuses = both(m->stays, not(shares(m, bind)));

	sum->refused |= refuses == TRI_YES;
	sum->open |= refuses == TRI_UNKNOWN;
	sum->joined |= m->space != PORTS_TCP && (bind & BIND_REUSEPORT) && m->stays == TRI_YES &&
		       shares_by_port(m) == TRI_YES;
}

/* UDP looks no further than to the first that shares by SO_REUSEPORT (udp_lib_lport_inuse()), and
 * which is first is not to be seen. */
static enum tri answer(const struct sum *sum)
{
	if (sum->refused && sum->joined)
		return TRI_UNKNOWN;
	if (sum->refused)
		return TRI_NO;
	return sum->open ? TRI_UNKNOWN : TRI_YES;
}

struct hearing {
	const struct socket *listener;
	struct restart *verdict;
	struct sum others[BIND_COUNT], all[BIND_COUNT];
	unsigned int old; /* options of the old listener, those not known taken for unset */
	bool calls_itself;
	int worst; /* rank of the blocker that is named; -1: none */
};

/* The words for who refuses, in the order in which they are to be blamed. */
static const struct {
	uint32_t states;
	enum restart_reason reason;
} classes[] = {
	{ STATE_BIT(STATE_LISTEN), RESTART_LISTENER },
	{ STATE_BIT(STATE_BOUND_INACTIVE) | STATE_BIT(STATE_CLOSE), RESTART_BOUND },
	{ STATES_ALL & ~STATE_BIT(STATE_TIME_WAIT), RESTART_CONNECTION },
	{ STATES_ALL, RESTART_TIME_WAIT },
};

static enum restart_reason class_of(const struct meeting *m)
{
	size_t i = 0;

	if (m->space != PORTS_TCP)
		return RESTART_LISTENER;
	if (m->minisocket)
		return RESTART_TIME_WAIT;
	if (m->orphan)
		return RESTART_ORPHAN;
	while (i + 1 < ARRAY_SIZE(classes) && !(classes[i].states & STATE_BIT(m->state)))
		i++;
	return classes[i].reason;
}

static enum restart_reason why_open(const struct meeting *m, enum tri ends, unsigned int bind)
{
	if (shares(m, bind) == TRI_UNKNOWN)
		return RESTART_OPTIONS_UNKNOWN;
	return ends == TRI_YES ? RESTART_ENDING : RESTART_HOLDERS_UNKNOWN;
}

/* Lower reasons are graver; who refuses comes before who may. */
static bool is_worse(const struct hearing *h, bool refuses, enum restart_reason reason)
{
	int rank = (refuses ? 1000 : 500) - (int)reason;

	return rank > h->worst;
}

static void blame(struct hearing *h, const struct meeting *m, enum tri ends, uint32_t sockets,
		  uint32_t pid, const char *comm, enum restart_reason class)
{
	enum tri refuses = both(m->stays, not(shares(m, h->old)));
	enum restart_reason reason = refuses == TRI_YES ? class : why_open(m, ends, h->old);
	struct restart *v = h->verdict;

	if (refuses == TRI_NO)
		return;
	v->blockers += sockets;
	if (!is_worse(h, refuses == TRI_YES, reason))
		return;
	h->worst = (refuses == TRI_YES ? 1000 : 500) - (int)reason;
	v->reason = reason;
	v->first.state = (enum sock_state)m->state;
	v->first.pid = pid;
	memcpy(v->first.comm, comm, sizeof(v->first.comm));
}

/* Options that nobody could read are the listener's: what it accepted has them from it, and who
 * shared the port with it had to. */
static enum tri assume(enum tri own, enum tri listeners)
{
	return own == TRI_UNKNOWN ? listeners : own;
}

static void hear_user(struct hearing *h, const struct port_user *user)
{
	const struct close_options *old = &h->listener->options;
	enum tri ends = ends_with(user, h->listener);
	struct meeting m = {
		.listener = h->listener,
		.space = user->key.space,
		.state = user->key.state,
		.minisocket = user->key.minisocket,
		.orphan = user->key.orphan,
		.uid = user->key.uid,
		.stays = stays(user, ends, h->calls_itself),
		.reuseaddr = assume((enum tri)user->key.reuseaddr, old->reuseaddr),
		.reuseport = assume((enum tri)user->key.reuseport, old->reuseport),
	};
	struct restart *v = h->verdict;

	if (m.stays == TRI_NO)
		return;
	v->total += user->sockets;
	v->states[user->key.state] += user->sockets;
	if (user->key.state == STATE_LISTEN)
		v->listeners += user->sockets;
	if (user->key.reuseaddr == TRI_UNKNOWN)
		v->assumed += user->sockets;
	for (unsigned int bind = 0; bind < BIND_COUNT; bind++) {
		add_to_sum(&h->others[bind], &m, bind);
		add_to_sum(&h->all[bind], &m, bind);
	}
	blame(h, &m, ends, user->sockets, user->pid, user->comm, class_of(&m));
}

/* The old listener, where it does not end with its program. */
static void hear_itself(struct hearing *h, const struct program *program)
{
	const struct socket *sk = h->listener;
	struct meeting m = {
		.listener = sk,
		.space = (uint8_t)port_space(sk),
		.state = (uint8_t)sk->state,
		.uid = sk->uid,
		.stays = not(program->ends),
		.reuseaddr = sk->options.reuseaddr,
		.reuseport = sk->options.reuseport,
	};

	if (m.stays == TRI_NO)
		return;
	for (unsigned int bind = 0; bind < BIND_COUNT; bind++)
		add_to_sum(&h->all[bind], &m, bind);
	blame(h, &m, program->ends, 1, program->pid, program->comm, RESTART_HELD);
}

static bool may_be(enum tri option, bool set)
{
	return option == TRI_UNKNOWN || (option == TRI_YES) == set;
}

/* The new program sets what the old one has set; where that is not known, the answers to all that
 * it may be must agree. */
static enum tri answer_as_before(const struct hearing *h)
{
	const struct close_options *old = &h->listener->options;
	enum tri works = TRI_UNKNOWN;
	bool first = true;

	for (unsigned int bind = 0; bind < BIND_COUNT; bind++) {
		enum tri one = answer(&h->all[bind]);

		if (!may_be(old->reuseaddr, bind & BIND_REUSEADDR) ||
		    !may_be(old->reuseport, bind & BIND_REUSEPORT))
			continue;
		if (!first && one != works)
			return TRI_UNKNOWN;
		works = one;
		first = false;
	}
	return works;
}

static unsigned int old_options(const struct socket *sk)
{
	unsigned int bind = BIND_PLAIN;

	if (sk->options.reuseaddr == TRI_YES)
		bind |= BIND_REUSEADDR;
	if (sk->options.reuseport == TRI_YES)
		bind |= BIND_REUSEPORT;
	return bind;
}

static bool options_unknown(const struct socket *sk)
{
	return sk->options.reuseaddr == TRI_UNKNOWN || sk->options.reuseport == TRI_UNKNOWN;
}

/* Who refuses gives the word; but where the answer is another than theirs: */
static void settle_reason(struct hearing *h)
{
	struct restart *v = h->verdict;

	if (v->works == TRI_YES)
		v->reason = v->total ? RESTART_REUSE : RESTART_FREE;
	else if (v->works == TRI_UNKNOWN && v->reason != RESTART_HOLDERS_UNKNOWN &&
		 options_unknown(h->listener))
		v->reason = RESTART_OPTIONS_UNKNOWN;
	else if (v->works == TRI_UNKNOWN && v->reason < RESTART_HOLDERS_UNKNOWN)
		v->reason = RESTART_NOT_JUDGED;
}

static void pass_on(struct restart *v, const struct program *program)
{
	v->works = TRI_YES;
	v->reason = RESTART_PASSED_ON;
	v->blockers = 0;
	v->first = (struct restart_blocker){ .state = STATE_LISTEN, .pid = program->pid };
	memcpy(v->first.comm, program->comm, sizeof(v->first.comm));
}

void judge_restart(const struct port_users *users, const struct socket *listener,
		   const struct program *program, struct restart *verdict)
{
	static const struct program ends = { .ends = TRI_YES };
	const struct place here = port_place(listener);
	struct hearing h = {
		.listener = listener,
		.verdict = verdict,
		.old = old_options(listener),
		.calls_itself = port_users_calls_itself(users, listener),
		.worst = -1,
	};
	const struct port_user *user =
		port_users_first(users, port_space(listener), listener->local.port);

	*verdict = (struct restart){ .had_reuseaddr = listener->options.reuseaddr,
				     .had_reuseport = listener->options.reuseport };
	if (!program)
		program = &ends;
	for (; user; user = port_users_next(users, user)) {
		bool itself = user->key.cookie && user->key.cookie == listener->cookie;

		if (!itself && overlap(&here, &user->key.place))
			hear_user(&h, user);
	}
	hear_itself(&h, program);
	for (unsigned int bind = 0; bind < BIND_COUNT; bind++)
		verdict->binds[bind] = answer(&h.others[bind]);
	verdict->works = answer_as_before(&h);
	settle_reason(&h);
	if (program->passed_on)
		pass_on(verdict, program);
}
