/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A close() that slept and took so long has waited: without linger it takes microseconds, and where
 * it has to wait here it waits for 400 ms or more. */
#define BLOCKED_US 150000
/* A busy machine may be late by so much. A close() that waited in vain would be later: the server
 * does not read before it is back. */
#define LATE_US 4000000

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static bool outcome_is_orderly(const char *outcome)
{
	return is(outcome, "fin") || is(outcome, "background") || is(outcome, "blocks");
}

static struct point *add(struct verdict *v, const char *what)
{
	struct point *p = &v->points[v->count++];

	*p = (struct point){ .what = what };
	return p;
}

__attribute__((format(printf, 2, 3))) static void foretell(struct point *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(p->foretold, sizeof(p->foretold), format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void report(struct point *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(p->happened, sizeof(p->happened), format, arguments);
	va_end(arguments);
}

/* --- the points --------------------------------------------------------------------------- */

/* Two holders: the first close does nothing. */
static void judge_first_close(const struct forecast *f, const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, "first close()");

	if (f->shared)
		foretell(p, "nothing: %" PRId64 " descriptors", f->references);
	else
		foretell(p, "one descriptor");
	report(p, "%s", o->first_noticed ? "the peer noticed it" : "nothing");
	p->held = f->shared && f->references == 2 && !o->first_noticed;
}

/* In the tool's own words. */
static const char *outcome_seen(const struct observed *o)
{
	if (o->reset_at_close)
		return "reset";
	if (o->before.state == TCP_CLOSE)
		return "none";
	if (o->timed && o->slept && o->close_us >= BLOCKED_US)
		return "blocks";
	return o->before.outstanding > 0 ? "background" : "fin";
}

static void judge_outcome(const struct experiment *e, const struct forecast *f,
			  const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, e->shared ? "last close" : "close()");

	foretell(p, "%s", *f->outcome ? f->outcome : "unknown");
	report(p, "%s", outcome_seen(o));
	p->held = is(f->outcome, outcome_seen(o));
}

static void judge_time(const struct forecast *f, const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, "it takes");

	if (f->block_seconds > 0)
		foretell(p, "up to %" PRId64 " s", f->block_seconds);
	else
		foretell(p, "%s", f->block_seconds == 0 ? "no time" : "unknown");
	report(p, "%.3f s", (double)o->close_us / 1e6);
	p->held = f->block_seconds != NOT_KNOWN &&
		  (!o->slept || o->close_us <= f->block_seconds * 1000000 + LATE_US);
}

static void judge_bytes(const struct experiment *e, const struct forecast *f,
			const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, "bytes it loses");
	int64_t lost = o->written - o->received;
	int64_t by_close = e->later && !o->reset_at_close ? 0 : lost;

	if (f->loss_min == NOT_KNOWN || f->loss_max == NOT_KNOWN)
		foretell(p, "unknown");
	else if (f->loss_min == f->loss_max)
		foretell(p, "%" PRId64, f->loss_min);
	else
		foretell(p, "%" PRId64 " to %" PRId64, f->loss_min, f->loss_max);
	report(p, "%" PRId64, by_close);
	if (by_close != lost)
		report(p, "0; %" PRId64 " were lost to %s", lost, e->later);
	p->held = (f->loss_min == NOT_KNOWN || by_close >= f->loss_min) &&
		  (f->loss_max == NOT_KNOWN || by_close <= f->loss_max);
}

static void judge_unread(const struct forecast *f, const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, "goes unread");

	foretell(p, "%" PRId64, f->unread);
	report(p, "%" PRId64, o->unread_lost);
	p->held = f->unread == o->unread_lost;
}

static const char *end_word(enum end end)
{
	static const char *const words[] = { "no end", "EOF", "ECONNRESET" };

	return words[end];
}

void describe_receipt(const struct observed *o, char *text, size_t size)
{
	snprintf(text, size, "%" PRId64 " of %" PRId64 ", then %s", o->received, o->written,
		 end_word(o->end));
}

/* After a later event either end is within the forecast. */
static void judge_peer(const struct experiment *e, const struct forecast *f,
		       const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, e->listener ? "the client gets" : "the server gets");
	enum end end = is(f->outcome, "reset") ? END_RESET : END_EOF;

	if (e->later)
		foretell(p, "%s, unless it answers", end_word(end));
	else
		foretell(p, "%s", end_word(end));
	describe_receipt(o, p->happened, sizeof(p->happened));
	if (e->listener)
		report(p, "%s; nobody read its %" PRId64 " bytes", end_word(o->end), o->written);
	p->held = e->later ? o->end != END_NOT_SEEN : o->end == end;
}

static void judge_risk(const struct forecast *f, const struct observed *o, struct verdict *v)
{
	struct point *p = add(v, "risk of loss");
	int64_t lost = o->written - o->received + o->unread_lost;

	foretell(p, "%s", *f->risk ? f->risk : "unknown");
	report(p, lost ? "%" PRId64 " bytes lost" : "nothing lost", lost);
	p->held = is(f->risk, "none")      ? lost == 0
		  : is(f->risk, "certain") ? lost > 0
					   : is(f->risk, "possible") || is(f->risk, "likely");
}

/* What the closing end itself sent: an RST counts only as the close's own effect, a FIN may wait
 * behind the data. */
static void judge_segments(const struct experiment *e, const struct forecast *f,
			   const struct observed *o, const struct segments *s, struct verdict *v)
{
	struct point *p = add(v, "it sends");
	size_t resets = segments_count(s, o->near_port, TH_RST, o->closing, o->settled);
	size_t fins = segments_count(s, o->near_port, TH_FIN, o->closing, SIZE_MAX);
	size_t all = segments_count(s, o->near_port, 0, o->closing, SIZE_MAX);
	bool fin_due = outcome_is_orderly(f->outcome) && !e->later;
	bool reset_due = is(f->outcome, "reset");

	foretell(p, "%s", reset_due ? "RST" : fin_due ? "FIN" : e->later ? "no RST" : "nothing");
	report(p, "%s",
	       resets     ? "RST"
	       : fins     ? "FIN"
	       : !all     ? "nothing"
	       : e->later ? "no RST before the answer"
			  : "neither FIN nor RST");
	p->held = (resets > 0) == reset_due && (e->later || (fins > 0) == fin_due) &&
		  (reset_due || fin_due || e->later || all == 0);
}

void judge(const struct experiment *e, const struct forecast *f, const struct observed *o,
	   const struct segments *segments, struct verdict *v)
{
	*v = (struct verdict){ .held = true };
	if (e->shared)
		judge_first_close(f, o, v);
	judge_outcome(e, f, o, v);
	if (o->timed)
		judge_time(f, o, v);
	if (segments->fd >= 0 && !segments->incomplete)
		judge_segments(e, f, o, segments, v);
	judge_bytes(e, f, o, v);
	if (e->unread)
		judge_unread(f, o, v);
	judge_peer(e, f, o, v);
	judge_risk(f, o, v);
	for (size_t i = 0; i < v->count; i++)
		v->held = v->held && v->points[i].held;
}

void verdict_print(const struct verdict *v)
{
	printf("\n    %-16s  %-26s  %s\n", "", "lingerstat foretold", "what happened");
	for (size_t i = 0; i < v->count; i++) {
		const struct point *p = &v->points[i];

		printf("    %-16s  %-26s  %s%s\n", p->what, p->foretold, p->happened,
		       p->held ? "" : "   <- DID NOT HOLD");
	}
}
