/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/recheck.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "source/census.h"

#define AGAIN_MAX 4 /* dumps */

void recheck_free(struct recheck *recheck)
{
	cookies_free(&recheck->listed);
	cookies_free(&recheck->early);
	census_close(recheck->census);
}

void recheck_prepare(struct recheck *recheck, bool always)
{
	int64_t sockets;

	if (!always && turnover_slots("/proc") >= RECHECK_SLOTS)
		return;
	sockets = always ? -1 : turnover_sockets("/proc");
	if (sockets < 0 || sockets >= RECHECK_CENSUS)
		census_open(&recheck->census);
}

void recheck_forget(struct recheck *recheck)
{
	struct census *census = recheck->census;

	cookies_free(&recheck->listed);
	cookies_free(&recheck->early);
	*recheck = (struct recheck){ .census = census };
}

void recheck_spare(struct recheck *recheck)
{
	recheck->spared = true;
}

void recheck_begin(struct recheck *recheck)
{
	if (!recheck->spared)
		turnover_read(&recheck->before, "/proc");
}

/* Each part of the dump is looked for in those before it. */
bool recheck_listed_early(struct recheck *recheck, const struct socket *sk)
{
	struct cookies *early = &recheck->early;
	bool bound = sk->state == STATE_BOUND_INACTIVE;

	if (sk->state != STATE_LISTEN) {
		if (early->indexed != early->count && !(bound && recheck->some_bound))
			cookies_index(early);
		if (cookies_have(early, sk->cookie))
			return true;
	}
	if (bound || sk->state == STATE_LISTEN)
		cookies_note(early, sk->cookie);
	recheck->some_bound |= bound;
	return false;
}

/* How many of the listing's rows a dump is expected to have passed over between the two readings:
 * INFINITY where nobody can tell. */
static double expected_missing(const struct recheck *recheck, const struct turnover *before,
			       const struct turnover *after)
{
	double left, rows = (double)recheck->rows;
	double there = (double)(after->in_use + after->minisockets);

	if (!before->known || !after->known)
		return INFINITY;
	left = (double)turnover_left(before, after);
	/* Of those that are passed over, the selection has its share. */
	return left / (double)turnover_slots("/proc") * (rows < there ? rows / there : 1);
}

/* Of the answers, those that are news. Who asks for a connection that has just gone is told of its
 * listener. */
static int take_unlisted(void *ctx, struct socket *sk)
{
	struct recheck *recheck = ctx;

	if (cookies_have(&recheck->listed, sk->cookie))
		return 0;
	return recheck->sink(recheck->ctx, sk);
}

/* --- one by one ---------------------------------------------------------------------------- */

static void put_end(struct endpoint *end, const uint32_t address[4], uint16_t port)
{
	memcpy(&end->addr, address, sizeof(end->addr));
	end->port = port;
}

static bool is_selected(const struct selection *sel, const struct census_record *record)
{
	if (record->family == AF_INET)
		return sel->ipv4;
	return record->family == AF_INET6 && sel->ipv6;
}

/* One that nobody has asked for has no cookie yet, so it was not listed. */
static bool is_listed(const struct recheck *recheck, const struct census_record *record)
{
	return record->cookie && cookies_have(&recheck->listed, record->cookie);
}

static int ask_for_one(void *ctx, const struct census_record *record)
{
	struct recheck *recheck = ctx;
	struct socket sk;

	if (!is_selected(recheck->sel, record) || is_listed(recheck, record))
		return 0;
	socket_init(&sk);
	sk.family = record->family;
	sk.ifindex = record->ifindex;
	sk.cookie = record->cookie ? record->cookie : UINT64_MAX; /* INET_DIAG_NOCOOKIE */
	put_end(&sk.local, record->local, record->local_port);
	put_end(&sk.peer, record->peer, ntohs(record->peer_port));
	return source_ask(recheck->source, &family_tcp, recheck->sel, &sk, take_unlisted, recheck,
			  recheck->report);
}

/* A state's bit is the kernel's number of it; a request has one of its own. */
static uint32_t census_states(const struct selection *sel)
{
	uint32_t states = sel->states;

	return (states & STATE_BIT(STATE_SYN_RECV)) ? states | STATE_BIT(STATE_NEW_SYN_RECV)
						    : states;
}

/* --- all of them --------------------------------------------------------------------------- */

/* What a dump counted twice is no news. */
static int dump_again(struct recheck *recheck, const struct selection *sel)
{
	struct dump_report one;
	uint64_t before = recheck->rows;
	int err = cookies_index(&recheck->listed);

	if (err)
		return err;
	err = source_dump(recheck->source, &family_tcp, sel, take_unlisted, recheck, &one);
	recheck->report->messages += one.messages;
	recheck->report->sockets += recheck->rows - before;
	recheck->report->malformed += one.malformed;
	return err;
}

/* A row is missing from all dumps when it was passed over each time. */
static int dump_until_sure(struct recheck *recheck, double missing)
{
	struct turnover before, after;
	int err = 0;

	turnover_read(&after, "/proc");
	for (int i = 0; i < AGAIN_MAX && missing > RECHECK_ALLOWED && !err && after.known; i++) {
		before = after;
		err = dump_again(recheck, recheck->sel);
		turnover_read(&after, "/proc");
		missing *= expected_missing(recheck, &before, &after) / (double)recheck->rows;
	}
	recheck->report->rechecked = RECHECKED_BY_DUMP;
	if (missing > RECHECK_ALLOWED)
		recheck->report->may_miss += missing;
	return err;
}

/* --- the census ---------------------------------------------------------------------------- */

/* Of listeners that share an address and port the kernel finds one that it chooses itself
 * (inet_lookup_listener()), so these are dumped again; their table is small. */
static int note_missing_listener(void *ctx, const struct census_record *record)
{
	struct recheck *recheck = ctx;

	return is_selected(recheck->sel, record) && !is_listed(recheck, record) ? -EAGAIN : 0;
}

static int check_listeners(struct recheck *recheck, struct census *census)
{
	struct selection sel = *recheck->sel;
	int err = 0;

	sel.states &= STATE_BIT(STATE_LISTEN);
	for (int i = 0; i < AGAIN_MAX && sel.states && !err; i++) {
		err = cookies_index(&recheck->listed);
		if (!err)
			err = census_walk(census, CENSUS_LISTENERS, sel.states,
					  note_missing_listener, recheck);
		if (err != -EAGAIN)
			return err;
		err = dump_again(recheck, &sel);
	}
	return err;
}

/* Returns -ENOTSUP where there can be no census. */
static int take_census(struct recheck *recheck)
{
	struct census *census = recheck->census;
	int err = cookies_index(&recheck->listed);

	if (!err)
		err = census_walk(census, CENSUS_CONNECTIONS,
				  census_states(recheck->sel) & ~STATE_BIT(STATE_LISTEN),
				  ask_for_one, recheck);
	if (!err)
		err = check_listeners(recheck, census);
	if (err == -E2BIG)
		return -ENOTSUP;
	if (!err)
		recheck->report->rechecked = RECHECKED_BY_CENSUS;
	return err;
}

int recheck_run(struct recheck *recheck, struct source *source, const struct selection *sel,
		socket_sink sink, void *ctx, struct dump_report *report)
{
	uint64_t rows = recheck->rows;
	struct turnover after;
	double missing;
	int err = -ENOTSUP;

	if (rows < RECHECK_ROWS || recheck->spared)
		return 0;
	turnover_read(&after, "/proc");
	missing = expected_missing(recheck, &recheck->before, &after);
	if (missing <= RECHECK_ALLOWED)
		return 0;
	recheck->source = source;
	recheck->sel = sel;
	recheck->sink = sink;
	recheck->ctx = ctx;
	recheck->report = report;
	/* The census knows no filter of the kernel's, and would ask for all that it left out. */
	if (recheck->census && !sel->bytecode_len)
		err = take_census(recheck);
	if (err == -ENOTSUP)
		err = dump_until_sure(recheck, missing);
	report->added += recheck->rows - rows;
	return err;
}
