/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/measures.h"

#include <math.h>
#include <string.h>

#include "base/sum.h"
#include "judge/limits.h"
#include "model/restart.h"
#include "plan/needs.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct measured nothing_known = { -INFINITY, INFINITY };

static struct measured exactly(double value)
{
	return (struct measured){ value, value };
}

/* A number that is below 0 where nobody could learn it. */
static struct measured if_known(double value)
{
	return value < 0 ? nothing_known : exactly(value);
}

/* --- the getters ----------------------------------------------------------------------------- */

/* Sockets that the filter could not decide may all belong to it. */
static struct measured count_of(const struct facts *f, uint64_t least, uint64_t most)
{
	if (!f->dumped)
		return nothing_known;
	return (struct measured){ (double)least, (double)(most + f->undecided) };
}

/* Sums over bytes have no upper bound where a part of them is not known. */
static struct measured bytes_of(const struct facts *f, uint64_t least, uint64_t most,
				uint64_t unknown)
{
	if (!f->dumped)
		return nothing_known;
	return (struct measured){ (double)least,
				  unknown || f->undecided ? INFINITY : (double)most };
}

static uint64_t in_state(const struct facts *f, int state)
{
	uint32_t netids = f->named ? f->named : NETID_BIT(NETID_TCP);
	uint64_t n = 0;

	for (int i = 0; i < NETID_COUNT; i++)
		if (netids & NETID_BIT(i))
			n += f->counts->tally.kinds[i][state];
	return n;
}

static struct measured get_state(const struct facts *f, int state)
{
	uint64_t n = in_state(f, state);

	return count_of(f, n, n);
}

static struct measured get_total(const struct facts *f, int which)
{
	uint64_t n = 0;

	(void)which;
	for (int state = 0; state < STATE_COUNT; state++)
		n += in_state(f, state);
	return count_of(f, n, n);
}

static struct measured get_risk(const struct facts *f, int level)
{
	uint64_t least = 0, most = 0;

	for (int i = level; i < RISK_COUNT; i++) {
		least += f->counts->tally.risks[i].sockets;
		most += f->counts->tally.risks_max[i];
	}
	return count_of(f, least, most);
}

static struct measured get_loss(const struct facts *f, int which)
{
	(void)which;
	return bytes_of(f, f->sums.loss_least, f->sums.loss_most, f->sums.loss_unknown);
}

static struct measured get_unread(const struct facts *f, int which)
{
	(void)which;
	return bytes_of(f, f->sums.unread_bytes, f->sums.unread_bytes, f->sums.unread_unknown);
}

static struct measured get_orphans(const struct facts *f, int which)
{
	(void)which;
	return if_known((double)f->machine.orphans);
}

/* A limit that sockets are counted against says nothing where some are missing; ports are counted
 * for TCP alone. */
static struct measured get_percent(const struct facts *f, int limit)
{
	struct limit_use use = limit_measure((enum limit_name)limit, f->counts, &f->machine);

	if (limit_row((enum limit_name)limit)->count_parts && (!f->dumped || f->undecided))
		return nothing_known;
	if (limit == LIMIT_EPHEMERAL_PORTS && f->named && !(f->named & NETID_BIT(NETID_TCP)))
		return nothing_known;
	return if_known(limit_percent(use.used, use.max));
}

static struct measured get_blocked(const struct facts *f, int which)
{
	const struct measure_sums *sums = &f->sums;

	(void)which;
	return count_of(f, sums->restart_blocked, sums->restart_blocked + sums->restart_unknown);
}

static struct measured get_silent(const struct facts *f, int which)
{
	(void)which;
	if (!f->dumped || f->undecided)
		return nothing_known;
	return if_known(f->silent_seconds);
}

static struct measured get_rate(const struct facts *f, int counter)
{
	return if_known(f->rates[counter]);
}

/* --- the table ------------------------------------------------------------------------------- */

#define TCP_ONLY      NETID_BIT(NETID_TCP)
#define CONNECTIONS   (NETID_BIT(NETID_TCP) | NETID_BIT(NETID_MPTCP))
#define RESTARTED     (NETID_BIT(NETID_TCP) | NETID_BIT(NETID_UDP))
#define NEEDS_RISK    (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO)
#define STATES_JUDGED (STATES_ALL & ~STATE_BIT(STATE_TIME_WAIT))
/* Datagrams arrive at sockets without a peer too, which are in CLOSE. */
#define STATES_UNREAD ((STATES_CONNECTED & ~STATE_BIT(STATE_SYN_SENT)) | STATE_BIT(STATE_CLOSE))
#define SYN_RECV_BITS (STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV))

#define COUNTED(bits, kinds, whom) .uom = "", .states = bits, .netids = kinds, .offender = whom
#define IN_STATE(state, whom) \
	COUNTED(STATE_BIT(state), TCP_ONLY, whom), .get = get_state, .which = state
#define AT_RISK(level)                                                             \
	COUNTED(STATES_JUDGED, CONNECTIONS, OFFENDER_HOLDER), .needs = NEEDS_RISK, \
							      .get = get_risk, .which = level
#define BYTES(bits, kinds) .uom = "B", .states = bits, .netids = kinds, .offender = OFFENDER_HOLDER
#define PERCENT(limit)     .uom = "%", .get = get_percent, .which = limit
#define OF_KERNEL(limit)                                                                  \
	PERCENT(limit), .machine_parts = MACHINE_SOCKSTAT | MACHINE_LIMITS, .warn = "80", \
			.crit = "95"
#define RATE(counter)                                                                     \
	.uom = "", .machine_parts = MACHINE_NETSTAT, .state_file = true, .get = get_rate, \
	.which = counter, .offender = OFFENDER_NAMESPACE

static const struct measure rows[] = {
	{ .name = "time_wait",
	  .help = "sockets in TIME-WAIT",
	  IN_STATE(STATE_TIME_WAIT, OFFENDER_PEER) },
	{ .name = "close_wait",
	  .help = "sockets in CLOSE-WAIT: the peer has closed, we have not",
	  IN_STATE(STATE_CLOSE_WAIT, OFFENDER_HOLDER),
	  .warn = "1000",
	  .crit = "10000" },
	{ .name = "close_wait_silent_seconds",
	  .help = "longest silence of a CLOSE-WAIT, a lower bound of its age",
	  .uom = "s",
	  .needs = NEED_TCP_INFO,
	  .states = STATE_BIT(STATE_CLOSE_WAIT),
	  .netids = TCP_ONLY,
	  .count_parts = COUNT_LEAKS,
	  .offender = OFFENDER_HOLDER,
	  .get = get_silent },
	{ .name = "fin_wait1",
	  .help = "sockets in FIN-WAIT-1",
	  IN_STATE(STATE_FIN_WAIT1, OFFENDER_PEER) },
	{ .name = "fin_wait2",
	  .help = "sockets in FIN-WAIT-2",
	  IN_STATE(STATE_FIN_WAIT2, OFFENDER_PEER) },
	{ .name = "closing", .help = "sockets in CLOSING", IN_STATE(STATE_CLOSING, OFFENDER_PEER) },
	{ .name = "last_ack",
	  .help = "sockets in LAST-ACK",
	  IN_STATE(STATE_LAST_ACK, OFFENDER_PEER) },
	{ .name = "established",
	  .help = "sockets in ESTABLISHED",
	  IN_STATE(STATE_ESTABLISHED, OFFENDER_HOLDER) },
	{ .name = "syn_sent",
	  .help = "sockets in SYN-SENT",
	  IN_STATE(STATE_SYN_SENT, OFFENDER_HOLDER) },
	{ .name = "syn_recv",
	  .help = "sockets in SYN-RECV",
	  COUNTED(SYN_RECV_BITS, TCP_ONLY, OFFENDER_PEER),
	  .get = get_state,
	  .which = STATE_SYN_RECV },
	{ .name = "listen", .help = "listening sockets", IN_STATE(STATE_LISTEN, OFFENDER_NONE) },
	{ .name = "total",
	  .help = "sockets in every state",
	  COUNTED(STATES_ALL, TCP_ONLY, OFFENDER_HOLDER),
	  .get = get_total },
	{ .name = "risk_possible",
	  .help = "sockets whose close may lose data, or worse",
	  AT_RISK(RISK_POSSIBLE) },
	{ .name = "risk_likely",
	  .help = "sockets whose close is likely to lose data, or worse",
	  AT_RISK(RISK_LIKELY) },
	{ .name = "risk_certain",
	  .help = "sockets whose close destroys data",
	  AT_RISK(RISK_CERTAIN) },
	{ .name = "loss_bytes",
	  .help = "sent bytes that closing everything now could destroy",
	  BYTES(STATES_JUDGED, CONNECTIONS),
	  .needs = NEEDS_RISK,
	  .get = get_loss },
	{ .name = "unread_bytes",
	  .help = "bytes received and not read by their process",
	  BYTES(STATES_UNREAD, TCP_ONLY),
	  .get = get_unread },
	{ .name = "orphans",
	  .help = "connections closed by their process (whole machine)",
	  .uom = "",
	  .machine_parts = MACHINE_SOCKSTAT,
	  .get = get_orphans },
	{ .name = "orphans_percent",
	  .help = "orphans, of tcp_max_orphans (whole machine)",
	  OF_KERNEL(LIMIT_ORPHANS) },
	{ .name = "time_wait_percent",
	  .help = "TIME-WAIT buckets, of tcp_max_tw_buckets",
	  OF_KERNEL(LIMIT_TW_BUCKETS),
	  .offender = OFFENDER_NAMESPACE },
	{ .name = "tcp_mem_percent",
	  .help = "TCP memory, of the maximum in tcp_mem (whole machine)",
	  OF_KERNEL(LIMIT_TCP_MEM) },
	{ .name = "ports_percent",
	  .help = "ephemeral ports taken for the fullest destination",
	  PERCENT(LIMIT_EPHEMERAL_PORTS),
	  .states = STATES_ALL,
	  .netids = TCP_ONLY,
	  .count_parts = COUNT_PORTS,
	  .machine_parts = MACHINE_PORTS,
	  .offender = OFFENDER_DESTINATION,
	  .warn = "80",
	  .crit = "95" },
	{ .name = "listen_queue_percent",
	  .help = "connections waiting at the fullest listener, of what fits",
	  PERCENT(LIMIT_LISTEN_QUEUE),
	  .states = STATE_BIT(STATE_LISTEN),
	  .netids = TCP_ONLY,
	  .count_parts = COUNT_QUEUES,
	  .offender = OFFENDER_LISTENER,
	  .warn = "99" },
	{ .name = "restart_blocked",
	  .help = "listeners whose program could not be restarted now",
	  COUNTED(STATES_LISTENING, RESTARTED, OFFENDER_BLOCKED),
	  .needs = NEED_RESTART | NEED_OWNERS | NEED_LINGER,
	  .get = get_blocked },
	{ .name = "descriptors_percent",
	  .help = "descriptors of RLIMIT_NOFILE, of a CLOSE-WAIT's process",
	  PERCENT(LIMIT_DESCRIPTORS),
	  .needs = NEED_OWNERS,
	  .states = STATE_BIT(STATE_CLOSE_WAIT),
	  .netids = TCP_ONLY,
	  .count_parts = COUNT_LEAKS,
	  .offender = OFFENDER_HOLDER },
	{ .name = "aborts_on_close_rate",
	  .help = "closes with unread data, per second",
	  RATE(MACHINE_ABORT_ON_CLOSE) },
	{ .name = "aborts_on_data_rate",
	  .help = "zero linger, or data after the close, per second",
	  RATE(MACHINE_ABORT_ON_DATA) },
	{ .name = "aborts_on_timeout_rate",
	  .help = "connections whose peer stopped answering, per second",
	  RATE(MACHINE_ABORT_ON_TIMEOUT) },
	{ .name = "aborts_on_memory_rate",
	  .help = "orphans killed for a limit, per second",
	  RATE(MACHINE_ABORT_ON_MEMORY) },
	{ .name = "aborts_on_linger_rate",
	  .help = "FIN-WAIT-2 with TCP_LINGER2 below 0, per second",
	  RATE(MACHINE_ABORT_ON_LINGER) },
	{ .name = "aborts_failed_rate",
	  .help = "resets for which memory was short, per second",
	  RATE(MACHINE_ABORT_FAILED) },
	{ .name = "time_wait_overflow_rate",
	  .help = "TIME-WAITs cut short for want of a bucket, per second",
	  RATE(MACHINE_TW_OVERFLOW) },
	{ .name = "listen_overflows_rate",
	  .help = "connections that a full listen queue refused, per second",
	  RATE(MACHINE_LISTEN_OVERFLOWS) },
};

_Static_assert(ARRAY_SIZE(rows) <= MEASURES_MAX, "MEASURES_MAX is too small");

const struct measure *measure_table(size_t *count)
{
	*count = ARRAY_SIZE(rows);
	return rows;
}

struct measured measure_get(const struct measure *measure, const struct facts *facts)
{
	return measure->get(facts, measure->which);
}

struct measured measure_get_in(const struct measure *m, const struct machine_space *space)
{
	if (m->get == get_rate)
		return if_known(space->rates[m->which]);
	return if_known(limit_percent(space->time_wait_buckets, space->time_wait_buckets_max));
}

bool measured_known(struct measured value)
{
	return value.least >= value.most;
}

void facts_init(struct facts *facts, struct counts *counts)
{
	*facts = (struct facts){ .counts = counts, .silent_seconds = UNKNOWN };
	machine_init(&facts->machine);
	for (size_t i = 0; i < ARRAY_SIZE(facts->rates); i++)
		facts->rates[i] = UNKNOWN;
}

/* --- sums ------------------------------------------------------------------------------------ */

static void add_loss(struct measure_sums *sums, const struct close_forecast *f)
{
	bool hangs = f->reasons & REASON_BIT(REASON_LINGER_UNKNOWN);

	if (f->loss_max_bytes == UNKNOWN) {
		sums->loss_unknown++;
		return;
	}
	sum_add(&sums->loss_most, f->loss_max_bytes, 1);
	if (!hangs)
		sum_add(&sums->loss_least, f->loss_max_bytes, 1);
	else
		sum_add(&sums->loss_least, f->loss_min_bytes, 1);
}

/* A kind without rules is not known to be well. */
static void add_restart(struct measure_sums *sums, const struct socket *sk)
{
	enum tri works = sk->restart ? sk->restart->works : TRI_UNKNOWN;

	sums->restart_blocked += works == TRI_NO;
	sums->restart_unknown += works == TRI_UNKNOWN;
}

void facts_add(struct facts *f, const struct socket *sk)
{
	uint32_t netids = f->named ? f->named : TCP_ONLY;

	if (restart_applies(sk) && (f->named ? f->named : RESTARTED) & NETID_BIT(sk->netid))
		add_restart(&f->sums, sk);
	if (!f->named && f->tallied && !(f->tallied & NETID_BIT(sk->netid)))
		return;
	add_loss(&f->sums, &sk->close);
	if (!(STATES_UNREAD & STATE_BIT(sk->state)) || !(netids & NETID_BIT(sk->netid)))
		return;
	if (sk->unread_bytes == UNKNOWN)
		f->sums.unread_unknown++;
	else
		sum_add(&f->sums.unread_bytes, sk->unread_bytes, 1);
}

bool measure_blames(const struct measure *m, const struct socket *sk)
{
	if (!(m->states & STATE_BIT(sk->state)))
		return false;
	if (m->get == get_risk)
		return (int)sk->close.risk >= m->which;
	if (m->get == get_blocked)
		return sk->restart && sk->restart->works == TRI_NO;
	if (m->get == get_loss)
		return sk->close.loss_max_bytes > 0;
	if (m->get == get_unread)
		return sk->unread_bytes > 0;
	return true;
}

/* --- plans ----------------------------------------------------------------------------------- */

void measure_plan_add(struct measure_plan *plan, const struct measure *m)
{
	plan->needs |= m->needs;
	plan->states |= m->states;
	plan->netids |= m->states ? m->netids : 0;
	plan->tallied |= m->states && m->get != get_blocked ? m->netids : 0;
	plan->count_parts |= m->count_parts;
	plan->machine_parts |= m->machine_parts;
	plan->state_file |= m->state_file;
}

bool measure_plan_covers(const struct measure_plan *plan, const struct measure *m)
{
	return !(m->needs & ~plan->needs) && !(m->states & ~plan->states) &&
	       (!m->states || !(m->netids & ~plan->netids)) &&
	       !(m->count_parts & ~plan->count_parts) &&
	       !(m->machine_parts & ~plan->machine_parts) && (!m->state_file || plan->state_file);
}
