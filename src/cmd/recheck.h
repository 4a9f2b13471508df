/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recheck: rows of TCP that the dump has passed over, because sockets before them left the
 * kernel's table meanwhile (source/turnover.h says how). Nothing in the dump tells of it. So every
 * listing notes whom it has listed; when as many sockets have left that a row may be missing, it
 * asks who else is there, and lists them too.
 *
 * With BPF the census (source/census.h) says who is there, and each socket that was not listed is
 * asked for by itself: then nobody is missing who was there from the beginning of the dump to the
 * end of the census. Without it, and where the kernel filters, TCP is dumped again until it is
 * unlikely that a socket was passed over each time; where that cannot be reached, the run says so.
 * What came in meanwhile may be among the rows that are added.
 */
#ifndef LINGERSTAT_CMD_RECHECK_H
#define LINGERSTAT_CMD_RECHECK_H

#include "source/cookies.h"
#include "source/source.h"
#include "source/turnover.h"

/* Below so many rows the question is not worth reading /proc for: their chains are short, and the
 * dump is over in one message or two. */
#define RECHECK_ROWS 64

/* Below so many sockets in the namespace another dump costs less than loading a program. */
#define RECHECK_CENSUS 4096

/* With so many slots losses are rare enough that one more dump makes sure (thousands that leave
 * cost some hundredths of a row, and both dumps would have to pass over the same one). */
#define RECHECK_SLOTS 65536

/* How many rows may be missing, as an expectation, before anything is done about it. */
#define RECHECK_ALLOWED 1e-4

struct recheck {
	struct cookies listed;
	struct cookies early; /* of them, listeners and sockets that were bound and no more */
	bool some_bound;
	bool spared;
	uint64_t rows;
	struct turnover before; /* since RECHECK_ROWS rows were listed */
	struct census *census;  /* NULL: there will be none */
	struct source *source;
	const struct selection *sel;
	socket_sink sink;
	void *ctx;
	struct dump_report *report;
};

void recheck_free(struct recheck *recheck);

/* Before the dump: loads what a census takes, where there are enough sockets for one; `always`:
 * whatever there is here, as other namespaces come after this one. That needs CAP_BPF and
 * CAP_PERFMON; what follows needs neither. */
void recheck_prepare(struct recheck *recheck, bool always);

/* Forgets who was listed: another namespace comes. */
void recheck_forget(struct recheck *recheck);

/* No row of this namespace can have been passed over: it is not dumped. */
void recheck_spare(struct recheck *recheck);

/* The slower part of recheck_note(): looks at the machine's counters. */
void recheck_begin(struct recheck *recheck);

/* Whether a row's socket was listed in another state before. The kernel lists listeners first, then
 * what is bound and no more, then all that have a peer; one that changes meanwhile comes twice, too
 * far apart for the duplicate window. */
bool recheck_listed_early(struct recheck *recheck, const struct socket *sk);

/* Takes a row of the listing, of whatever kind. Returns true when it is there already. */
static inline bool recheck_note(struct recheck *recheck, const struct socket *sk)
{
	if (sk->netid != NETID_TCP)
		return false;
	if ((recheck->some_bound || sk->state == STATE_LISTEN ||
	     sk->state == STATE_BOUND_INACTIVE) &&
	    recheck_listed_early(recheck, sk))
		return true;
	cookies_note(&recheck->listed, sk->cookie);
	if (++recheck->rows == RECHECK_ROWS)
		recheck_begin(recheck);
	return false;
}

/*
 * When the dump is over: finds out whether rows may be missing, and hands on those that are; the
 * sink is to note them too. Adds to *report; its `rechecked`, `added` and `may_miss` are set.
 * Returns 0 or the sink's error.
 */
int recheck_run(struct recheck *recheck, struct source *source, const struct selection *sel,
		socket_sink sink, void *ctx, struct dump_report *report);

#endif
