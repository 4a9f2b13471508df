/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/muster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "cmd/run.h"
#include "enrich/owners.h"
#include "plan/needs.h"
#include "source/roll.h"
#include "source/transport.h"

#define ROLLS 2 /* that a run takes at most */

/* What the kernel's dump finds in the table of connections, and a request can ask for. */
#define CONNECTED (STATES_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND_INACTIVE)))

/* Whether the roll knows all that is wanted. */
static bool roll_says_all(const struct run_plan *plan)
{
	if (plan->filter)
		return false;
	return plan->bare_rows || (plan->take_alike && !plan->needs);
}

/* What a quiet connection's row may need: nothing that only an answer of the kernel's has. Of
 * tcp_info the judge wants nothing then. */
#define QUIET_NEEDS                                                               \
	(NEED_TCP_INFO | NEED_OWNERS | NEED_LINGER | NEED_FORECAST | NEED_LINKS | \
	 NEED_PEER_NAMES | NEED_NETNS | NEED_NETNS_NAME | NEED_NAMING | NEED_DESCRIPTORS)

bool muster_may_tell(const struct run_plan *plan)
{
	return !plan->filter && !plan->events && !(plan->needs & ~QUIET_NEEDS);
}

/* One that no process holds is asked for: it may be younger than the owners pass, or over. */
static bool has_holder(const struct run *run, const struct census_record *record)
{
	struct getfd_target first;

	return !(run->plan->needs & (NEED_OWNERS | NEED_LINGER)) ||
	       owners_first(run->enrich.owners, record->inode, &first);
}

/* Whether the roll knows all that is wanted of this one. */
static bool roll_says_enough(const struct run *run, const struct census_record *record)
{
	if (roll_says_all(run->plan))
		return true;
	if (!run->plan->quiet_rows)
		return false;
	if (record->state == STATE_TIME_WAIT)
		return record->substate == STATE_TIME_WAIT;
	if (record->state != STATE_ESTABLISHED || record->recv_queue || record->send_queue)
		return false;
	return record->plain && record->inode && has_holder(run, record);
}

static enum census_depth depth_for(const struct run_plan *plan)
{
	if (plan->bare_rows)
		return CENSUS_QUEUES;
	return plan->quiet_rows && !roll_says_all(plan) ? CENSUS_INODES : CENSUS_ENDS;
}

static size_t namespaces_to_come(const struct run *run)
{
	return run->spaces.all.count - run->spaces.next + 1;
}

/* The first table is the one that the run begins in; if that is one namespace's own, the others
 * have another. */
static bool has_roll(struct run *run)
{
	struct census *census = run->recheck.census;

	if (run->roll && roll_covers(run->roll, census))
		return true;
	if (run->rolls_taken == ROLLS || namespaces_to_come(run) < MUSTER_LEAST)
		return false;
	if (run->rolls_taken && !turnover_shares_table("/proc"))
		return false;
	run->rolls_taken++;
	roll_free(run->roll);
	roll_take(&run->roll, census, depth_for(run->plan));
	return run->roll;
}

static bool is_a_small_share(const struct roll *roll, uint64_t inode)
{
	return roll_count(roll, inode) * MUSTER_SHARE <=
	       roll_total(roll) + roll_slots(roll) / MUSTER_SLOTS;
}

bool muster_serves(struct run *run, const struct selection *sel)
{
	uint64_t here = run->enrich.here.netns;

	if (!run->plan->all_netns || !run->recheck.census || sel->bytecode_len)
		return false;
	if (!(sel->netids & NETID_BIT(NETID_TCP)) || !(sel->states & CONNECTED))
		return false;
	if (!has_roll(run))
		return false;
	if (!roll_says_all(run->plan) && !is_a_small_share(run->roll, here))
		return false;
	return !(sel->states & STATE_BIT(STATE_BOUND_INACTIVE)) || !roll_has_bound(run->roll, here);
}

/* --- calling them up ------------------------------------------------------------------------- */

struct call {
	const struct run *run;
	const struct census_record *next, *end;
	const struct selection *sel;
};

/* As sock_diag would call it. */
static enum sock_state state_of(const struct census_record *record)
{
	if (record->state == STATE_TIME_WAIT)
		return record->substate;
	return record->state == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : record->state;
}

static bool is_selected(const struct selection *sel, const struct census_record *record)
{
	if (!(record->family == AF_INET6 ? sel->ipv6 : sel->ipv4))
		return false;
	return selection_has_state(sel, state_of(record));
}

static void put_end(struct endpoint *end, const uint32_t address[4], uint16_t port)
{
	memcpy(&end->addr, address, sizeof(end->addr));
	end->port = port;
}

static bool is_to_be_asked(const struct call *call, const struct census_record *record)
{
	return is_selected(call->sel, record) && !roll_says_enough(call->run, record);
}

/* Without its cookie: one that has come to TIME-WAIT since has another. */
static bool next_on_roll(void *ctx, struct socket *sk)
{
	struct call *call = ctx;
	const struct census_record *record;

	while (call->next < call->end && !is_to_be_asked(call, call->next))
		call->next++;
	if (call->next == call->end)
		return false;
	record = call->next++;
	sk->family = record->family;
	sk->ifindex = record->ifindex;
	sk->cookie = UINT64_MAX; /* INET_DIAG_NOCOOKIE */
	put_end(&sk->local, record->local, record->local_port);
	put_end(&sk->peer, record->peer, ntohs(record->peer_port));
	return true;
}

/* --- without asking -------------------------------------------------------------------------- */

static bool is_minisocket(const struct census_record *record)
{
	return record->state == STATE_TIME_WAIT || record->state == STATE_NEW_SYN_RECV;
}

/* A minisocket has no linger, and nothing in its queues; others come here with theirs empty, or
 * their payload is not asked for. */
static void fill_payload(struct socket *sk, const struct census_record *record)
{
	if (is_minisocket(record))
		sk->linger.kind = LINGER_NONE;
	else if (record->state != STATE_ESTABLISHED || record->recv_queue || record->send_queue)
		return;
	sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = 0;
}

/* What the decoder (source/tcp.c) makes of a message, as far as the roll has it. Where it was not
 * asked for inodes, whether a process has it is all that is known of one. */
static void fill(struct socket *sk, const struct census_record *record)
{
	socket_init(sk);
	sk->netid = NETID_TCP;
	sk->protocol = IPPROTO_TCP;
	sk->family = record->family;
	sk->state = state_of(record);
	sk->ifindex = record->ifindex;
	sk->cookie = record->cookie;
	put_end(&sk->local, record->local, record->local_port);
	put_end(&sk->peer, record->peer, ntohs(record->peer_port));
	sk->queue_unit = is_minisocket(record) ? QUEUE_NONE : QUEUE_BYTES;
	sk->recv_queue = record->recv_queue;
	sk->send_queue = record->send_queue;
	sk->inode = !is_minisocket(record) && !record->orphan;
	if (record->inode)
		sk->inode = record->inode;
	fill_payload(sk, record);
}

static int count_one(struct run *run, struct socket *sk)
{
	sk->netns = run->enrich.here.netns;
	sk->netns_name = run->enrich.here.netns_name;
	return run->plan->take_alike(run->ctx, sk, 1);
}

static bool has_rows(const struct run_plan *plan)
{
	return plan->bare_rows || plan->quiet_rows;
}

/* Those of which the roll says enough. */
static int tell(struct run *run, const struct call *call, socket_sink sink, void *ctx,
		struct dump_report *report)
{
	int err = 0;

	for (const struct census_record *record = call->next; record < call->end && !err;
	     record++) {
		struct socket sk;

		if (!is_selected(call->sel, record) || !roll_says_enough(run, record))
			continue;
		fill(&sk, record);
		report->messages++;
		report->sockets++;
		err = has_rows(run->plan) ? sink(ctx, &sk) : count_one(run, &sk);
	}
	return err ? dump_problem_set(report, DUMP_STOPPED, err) : 0;
}

/* Of a listener the roll says all that is counted, but neither its queues nor whether it takes IPv4
 * besides. Their dump walks a table too, so where there is none it is not made. */
static int list_listeners(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
			  struct dump_report *report)
{
	const struct census_record *first;
	size_t n = roll_listeners(run->roll, run->enrich.here.netns, &first);
	const struct call call = { run, first, first + n, sel };
	struct selection some = *sel;

	*report = (struct dump_report){ 0 };
	if (roll_says_all(run->plan) && !run->plan->bare_rows)
		return tell(run, &call, sink, ctx, report);
	/* In no state at all: then none but the connections can come twice. */
	some.states = n ? sel->states & STATE_BIT(STATE_LISTEN) : 0;
	return source_dump(run->source, &family_tcp, &some, sink, ctx, report);
}

int muster_dump(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
		struct dump_report *report)
{
	const struct census_record *first = roll_of(run->roll, run->enrich.here.netns);
	struct selection some = *sel;
	size_t n = roll_count(run->roll, run->enrich.here.netns);
	struct call call = { run, first, first + n, &some };
	int err;

	some.states = sel->states & STATE_BIT(STATE_LISTEN);
	err = list_listeners(run, &some, sink, ctx, report);
	if (err)
		return err;
	/* Who asks for a connection that has gone is told of its listener. */
	some.states = sel->states & CONNECTED;
	err = tell(run, &call, sink, ctx, report);
	if (err || roll_says_all(run->plan))
		return err;
	return source_ask_many(run->source, &family_tcp, &some, next_on_roll, &call, sink, ctx,
			       report);
}
