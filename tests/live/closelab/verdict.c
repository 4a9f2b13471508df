/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forecast.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SLACK_US 4000000 /* what a busy machine may add to a time that was waited */

struct complaints {
	char *text;
	size_t size;
	size_t used;
	int count;
};

static void __attribute__((format(printf, 2, 3)))
complain(struct complaints *c, const char *format, ...)
{
	va_list list;
	int length;

	c->count++;
	if (c->used >= c->size)
		return;
	va_start(list, format);
	length = vsnprintf(c->text + c->used, c->size - c->used, format, list);
	va_end(list);
	c->used += length;
	if (c->used + 1 < c->size)
		strcpy(c->text + c->used++, "\n");
}

static bool has_reason(const struct forecast *f, const char *reason)
{
	char word[40];

	snprintf(word, sizeof(word), " %s ", reason);
	return strstr(f->reasons, word) != NULL;
}

static bool ends_the_owner(const struct scenario *s)
{
	return s->action == EXIT || s->action == KILL;
}

/* The forecast speaks of close(); exit and SIGKILL never linger. */
static unsigned outcomes_for(const struct scenario *s, const struct forecast *f)
{
	unsigned set = f->outcomes;

	if (ends_the_owner(s) && set & 1u << BLOCKS)
		set = (set & ~(1u << BLOCKS)) | 1u << BACKGROUND;
	return set;
}

static void check_outcome(struct complaints *c, const struct scenario *s, const struct forecast *f,
			  const struct observed *seen)
{
	unsigned set = outcomes_for(s, f);

	if (!(set & 1u << seen->kind))
		complain(c, "outcome: it was %s, the forecast set is 0x%x",
			 lab_outcome_word(seen->kind), f->outcomes);
	if (set & (set - 1) && f->by_bpf && s->refs != FLIGHT && s->state != UNACCEPTED)
		complain(c, "outcome: linger is known, yet the forecast set is 0x%x", f->outcomes);
}

static void check_time(struct complaints *c, const struct scenario *s, const struct forecast *f,
		       const struct observed *seen)
{
	int64_t bound = f->block_seconds * 1000000;

	if (f->forever && f->outcomes & 1u << BLOCKS && f->block_seconds != NOT_SAID)
		complain(c, "block_seconds is said though it may wait for ever");
	if (!f->forever && f->by_bpf && s->refs != FLIGHT && f->block_seconds == NOT_SAID)
		complain(c, "block_seconds is null, and linger has its bound");
	if (ends_the_owner(s))
		bound = EXIT_US;
	else if (f->block_seconds == NOT_SAID || !seen->slept)
		return;
	else
		bound += SLACK_US;
	if (seen->us > bound)
		complain(c, "time: it took %lld us, block_seconds %lld", (long long)seen->us,
			 (long long)f->block_seconds);
}

/* What the close itself destroys of our own data. While the queue drains the lower bound of a
 * moment ago may be above what is left unsent now; what is unsent just before an exit or a SIGKILL
 * nobody can say. */
static void check_loss(struct complaints *c, const struct scenario *s, const struct forecast *f,
		       const struct observed *seen)
{
	int64_t least = f->loss_min;
	int64_t most = f->loss_max;

	if (s->state == LISTEN || s->event != NO_EVENT)
		return;
	if (most == NOT_SAID && f->by_bpf && s->refs != FLIGHT)
		complain(c, "loss_max_bytes is null");
	if (s->send == SLOW && (ends_the_owner(s) || seen->unsent < least))
		least = ends_the_owner(s) ? NOT_SAID : seen->unsent;
	if (least != NOT_SAID && seen->lost < least)
		complain(c, "loss: %lld bytes, at least %lld foretold", (long long)seen->lost,
			 (long long)least);
	if (most != NOT_SAID && seen->lost > most)
		complain(c, "loss: %lld bytes, at most %lld foretold", (long long)seen->lost,
			 (long long)most);
}

/* A bound that is wider than need be is no forecast: a reset destroys at least what is unsent and
 * at most what is outstanding. (On a moving queue these are numbers of a moment ago.) */
static void check_bounds(struct complaints *c, const struct scenario *s, const struct forecast *f,
			 const struct observed *seen)
{
	if (f->outcomes != 1u << RESET || s->state == LISTEN || s->state == UNACCEPTED)
		return;
	if (s->send == SLOW || s->send == GONE)
		return;
	if (f->loss_min != seen->unsent)
		complain(c, "loss_min_bytes %lld, unsent are %lld", (long long)f->loss_min,
			 (long long)seen->unsent);
	if (f->loss_max != seen->outstanding)
		complain(c, "loss_max_bytes %lld, outstanding are %lld", (long long)f->loss_max,
			 (long long)seen->outstanding);
}

static void check_risk(struct complaints *c, const struct scenario *s, const struct forecast *f,
		       const struct observed *seen)
{
	bool destroyed = seen->kind == RESET &&
			 (seen->lost || seen->unread || s->waiting || s->state == UNACCEPTED);

	if (f->risk == RISK_CERTAIN && !destroyed)
		complain(c, "risk certain, and nothing was destroyed");
	if (seen->lost > 0 && f->risk_max == RISK_NONE)
		complain(c, "risk none, and %lld bytes were lost", (long long)seen->lost);
	if (seen->lost > 0 && f->by_bpf && s->refs != FLIGHT && f->risk == RISK_NONE)
		complain(c, "risk none at the least, and %lld bytes were lost",
			 (long long)seen->lost);
	if (seen->kind == RESET && seen->unread && f->risk != RISK_CERTAIN)
		complain(c, "unread data was reset over, and the risk was %s",
			 lab_risk_word(f->risk));
}

static void check_reasons(struct complaints *c, const struct scenario *s, const struct forecast *f,
			  const struct observed *seen)
{
	if (seen->counter == ON_CLOSE && !has_reason(f, "unread-data"))
		complain(c, "TCPAbortOnClose moved, no reason unread-data:%s", f->reasons);
	if (seen->counter == ON_DATA && seen->kind == RESET && f->by_bpf && s->refs != FLIGHT &&
	    !has_reason(f, "zero-linger"))
		complain(c, "TCPAbortOnData moved, no reason zero-linger:%s", f->reasons);
	if (seen->counter == ON_LINGER && f->by_bpf && !has_reason(f, "negative-linger2"))
		complain(c, "TCPAbortOnLinger moved, no reason negative-linger2:%s", f->reasons);
	if ((s->state == UNACCEPTED || s->waiting) && !has_reason(f, "unaccepted"))
		complain(c, "no reason unaccepted:%s", f->reasons);
	if (s->state == ORPHAN && !has_reason(f, "orphan"))
		complain(c, "no reason orphan:%s", f->reasons);
}

static void check_forecast(struct complaints *c, const struct scenario *s, const struct forecast *f,
			   const struct observed *seen)
{
	if (!f->asked)
		return;
	check_outcome(c, s, f, seen);
	check_time(c, s, f, seen);
	check_loss(c, s, f, seen);
	check_bounds(c, s, f, seen);
	check_risk(c, s, f, seen);
	check_reasons(c, s, f, seen);
	if (s->state != LISTEN && s->state != UNACCEPTED && f->unread != seen->unread)
		complain(c, "unread_bytes %lld, SIOCINQ %lld", (long long)f->unread,
			 (long long)seen->unread);
}

static void check_references(struct complaints *c, const struct scenario *s,
			     const struct forecast *first, const struct forecast *second)
{
	static const int seen[LAB_REFS] = { [ONE] = 1, [DUP] = 2, [FORK] = 2, [FLIGHT] = 1 };
	bool held = s->state != ORPHAN && s->state != TIME_WAIT && s->state != UNACCEPTED;

	if (!first->asked || !held)
		return;
	if (first->references != seen[s->refs])
		complain(c, "references %lld, there are %d", (long long)first->references,
			 seen[s->refs]);
	if (has_reason(first, "shared") != (seen[s->refs] > 1))
		complain(c, "reason shared against %d references:%s", seen[s->refs],
			 first->reasons);
	if (s->refs == FLIGHT && second->asked && second->by_bpf &&
	    !has_reason(second, "holder-unseen"))
		complain(c, "in flight only, no reason holder-unseen:%s", second->reasons);
}

/* ---- what holds whatever the tool says ---- */

static int counter_due(const struct scenario *s, const struct observed *seen)
{
	if (s->state == LISTEN || s->state == UNACCEPTED || s->state == TIME_WAIT ||
	    s->state == ORPHAN || s->option == REPAIR)
		return ABORTS;
	if (seen->unread)
		return ON_CLOSE;
	if (s->linger == L0)
		return ON_DATA;
	return s->state == FW2 && s->option == LINGER2 ? ON_LINGER : ABORTS;
}

/* A peer that was deaf learns nothing of our going until it sends again, be it a FIN of its own
 * for the second time; one that had our FIN first sees its EOF. */
static bool end_fits(const struct scenario *s, const struct observed *seen)
{
	bool fin_came_first = (s->state >= FW1 && s->state <= LAST_ACK) || s->action >= WR_CLOSE;

	if (s->event == PEER_LEAVES || (s->event == PEER_SENDS && seen->end == PEER_RESET))
		return true;
	switch (seen->kind) {
	case RESET:
		if (seen->deaf)
			return seen->end != PEER_EOF;
		return seen->end == PEER_RESET || (seen->end == PEER_EOF && fin_came_first);
	case SILENT:
		return seen->end == PEER_OPEN || (seen->end == PEER_RESET && seen->deaf);
	default:
		return seen->end == PEER_EOF;
	}
}

static void check_kernel(struct complaints *c, const struct scenario *s,
			 const struct observed *seen)
{
	int due = counter_due(s, seen);

	if (seen->kind != s->wants)
		complain(c, "the kernel did %s, the table has %s", lab_outcome_word(seen->kind),
			 lab_outcome_word(s->wants));
	if (seen->counter != due)
		complain(c, "counter: %s moved, %s was due", abort_name(seen->counter),
			 abort_name(due));
	if (!end_fits(s, seen))
		complain(c, "the peer saw %s", peer_end_word(seen->end));
	if (seen->kind != RESET && s->event == NO_EVENT && seen->lost != 0)
		complain(c, "%lld bytes never came", (long long)seen->lost);
	if (s->event != NO_EVENT && s->send == ZEROWIN && seen->lost <= 0)
		complain(c, "the event destroyed nothing");
	if (s->state == LISTEN && seen->resets != s->waiting)
		complain(c, "%d resets for %d waiting connections", seen->resets, s->waiting);
	if (s->action == INTERRUPT && (seen->us < 200000 || seen->us > 200000 + SLACK_US))
		complain(c, "the signal came after 200 ms, the wait ended after %lld us",
			 (long long)seen->us);
	if (seen->kind == BLOCKS && s->linger == L1 && s->send == ZEROWIN && seen->us < 900000)
		complain(c, "the close waited %lld us only", (long long)seen->us);
}

int verdict(const struct scenario *s, const struct forecast *first, const struct forecast *second,
	    const struct observed *seen, char *text, size_t size)
{
	struct complaints c = { .text = text, .size = size };

	text[0] = '\0';
	check_kernel(&c, s, seen);
	check_forecast(&c, s, first, seen);
	check_forecast(&c, s, second, seen);
	check_references(&c, s, first, second);
	return c.count;
}
