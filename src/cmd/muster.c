/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/muster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cmd/run.h"
#include "source/roll.h"

/* What the kernel's dump finds in the table of connections, and a request can ask for. */
#define CONNECTED (STATES_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND_INACTIVE)))

/* A table of one namespace's own is no larger than what the dump of that has to walk. */
static bool shares_its_table(void)
{
	return turnover_shares_table("/proc");
}

static size_t namespaces_to_come(const struct run *run)
{
	return run->spaces.all.count - run->spaces.next + 1;
}

static bool have_roll(struct run *run)
{
	if (run->roll || run->roll_failed)
		return run->roll;
	if (namespaces_to_come(run) < MUSTER_LEAST || !shares_its_table())
		return false;
	run->roll_failed = roll_take(&run->roll, run->recheck.census) < 0;
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
	if (!(sel->states & CONNECTED) || !have_roll(run))
		return false;
	if (!roll_covers(run->roll, run->recheck.census) || !is_a_small_share(run->roll, here))
		return false;
	return !(sel->states & STATE_BIT(STATE_BOUND_INACTIVE)) || !roll_has_bound(run->roll, here);
}

/* --- calling them up ------------------------------------------------------------------------- */

struct call {
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

/* Without its cookie: one that has come to TIME-WAIT since has another. */
static bool next_on_roll(void *ctx, struct socket *sk)
{
	struct call *call = ctx;
	const struct census_record *record;

	while (call->next < call->end && !is_selected(call->sel, call->next))
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

int muster_dump(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
		struct dump_report *report)
{
	const struct census_record *first = roll_of(run->roll, run->enrich.here.netns);
	struct selection some = *sel;
	struct call call = { first, first + roll_count(run->roll, run->enrich.here.netns), &some };
	int err;

	recheck_spare(&run->recheck);
	/* In no state at all: that none but these come twice has to be noted anew. */
	some.states = sel->states & STATE_BIT(STATE_LISTEN);
	err = source_dump(run->source, &family_tcp, &some, sink, ctx, report);
	if (err)
		return err;
	/* Who asks for a connection that has gone is told of its listener. */
	some.states = sel->states & CONNECTED;
	return source_ask_many(run->source, &family_tcp, &some, next_on_roll, &call, sink, ctx,
			       report);
}
