/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/restart.h"

#include <string.h>

#include "model/restart.h"
#include "present/escape.h"
#include "present/members.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What listens and has no verdict. */
static const struct restart not_judged = { .reason = RESTART_NOT_JUDGED };

static const struct restart *verdict_on(const struct socket *sk)
{
	return sk->restart ? sk->restart : &not_judged;
}

CELL(restart)
{
	const struct restart *r = verdict_on(sk);

	(void)cx;
	if (!restart_applies(sk)) {
		outbuf_char(b, '-');
		return;
	}
	outbuf_str(b, r->works == TRI_UNKNOWN ? "?" : restart_answer_name(r->works));
	if (r->works == TRI_YES)
		return;
	outbuf_char(b, ':');
	outbuf_str(b, restart_reason_name(r->reason));
}

ORDER(restart)
{
	if (restart_applies(sk) && verdict_on(sk)->works != TRI_UNKNOWN)
		cell_restart(b, sk, cx);
}

/* --- JSON --- */

static void member_tri(struct outbuf *b, const char *key, enum tri value)
{
	static const char *const words[] = {
		[TRI_UNKNOWN] = "null",
		[TRI_NO] = "false",
		[TRI_YES] = "true",
	};

	member_key(b, key);
	outbuf_str(b, words[value]);
}

static void put_blocker(struct outbuf *b, const struct restart *r)
{
	const struct restart_blocker *f = &r->first;

	member_key(b, "blocker");
	if (f->state == STATE_UNKNOWN) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	member_text(b, "state", state_json_name(f->state));
	member_number(b, "pid", f->pid ? (int64_t)f->pid : UNKNOWN);
	member_text(b, "comm", f->pid ? f->comm : NULL);
	outbuf_char(b, '}');
}

VALUE(restart)
{
	static const char *const binds[BIND_COUNT] = { "plain", "reuseaddr", "reuseport", "both" };
	const struct restart *r = verdict_on(sk);

	if (!restart_applies(sk)) {
		outbuf_str(b, "null");
		return;
	}
	outbuf_char(b, '{');
	member_tri(b, "works", r->works);
	member_text(b, "reason", restart_reason_name(r->reason));
	member_tri(b, "had_reuseaddr", r->had_reuseaddr);
	member_tri(b, "had_reuseport", r->had_reuseport);
	member_number(b, "blockers", sk->restart ? (int64_t)r->blockers : UNKNOWN);
	put_blocker(b, r);
	member_key(b, "bind");
	outbuf_char(b, '{');
	for (int i = 0; i < BIND_COUNT; i++)
		member_tri(b, binds[i], r->binds[i]);
	outbuf_str(b, "}}");
}

/* --- sentences --- */

static void put_process(struct outbuf *b, const struct restart_blocker *f)
{
	escape_text(b, f->comm, strlen(f->comm));
	outbuf_printf(b, "/%u", f->pid);
}

void restart_blame(struct outbuf *b, const struct restart *r)
{
	outbuf_str(b, restart_reason_name(r->reason));
	if (!r->first.pid)
		return;
	outbuf_str(b, ", ");
	put_process(b, &r->first);
}

static void put_users(struct outbuf *b, const struct socket *sk, const struct restart *r)
{
	bool first = true;

	outbuf_str(b, " On its port: ");
	for (int i = STATE_ESTABLISHED; i < STATE_COUNT; i++) {
		if (!r->states[i])
			continue;
		outbuf_printf(b, "%s%u %s", first ? "" : ", ", r->states[i],
			      state_ss_name((enum sock_state)i));
		first = false;
	}
	outbuf_char(b, '.');
	if (r->assumed && sk->options.reuseaddr != TRI_UNKNOWN)
		outbuf_printf(b,
			      " (%u of them cannot be asked and %s taken to be set as this "
			      "listener is.)",
			      r->assumed, r->assumed == 1 ? "is" : "are");
}

static const char *const bind_words[BIND_COUNT] = {
	"neither option",
	"SO_REUSEADDR",
	"SO_REUSEPORT of the same user",
	"both options",
};

static void put_binds(struct outbuf *b, const struct restart *r, enum tri answer,
		      const char *before)
{
	bool first = true;

	for (int i = 0; i < BIND_COUNT; i++) {
		if (r->binds[i] != answer)
			continue;
		outbuf_str(b, first ? before : ", or ");
		outbuf_str(b, bind_words[i]);
		first = false;
	}
	if (!first)
		outbuf_char(b, '.');
}

static bool all_fail(const struct restart *r)
{
	for (int i = 0; i < BIND_COUNT; i++)
		if (r->binds[i] != TRI_NO)
			return false;
	return true;
}

static const char *const phrases[RESTART_REASON_COUNT] = {
	[RESTART_HELD] = "this very socket is held, and kept open when its program ends",
	[RESTART_LISTENER] = "another socket has the port there",
	[RESTART_BOUND] = "a socket is bound there",
	[RESTART_CONNECTION] = "connections hold the port",
	[RESTART_ORPHAN] = "closed connections that are not over hold the port",
	[RESTART_TIME_WAIT] = "connections in TIME-WAIT hold the port, for a minute at most",
	[RESTART_HOLDERS_UNKNOWN] = "not all who hold sockets there could be read",
	[RESTART_OPTIONS_UNKNOWN] = "SO_REUSEADDR and SO_REUSEPORT could not all be read",
	[RESTART_ENDING] = "connections of the program may go with it or stay a while",
	[RESTART_NOT_JUDGED] = "of sockets there some share the port and some do not",
};

static const char *const endings[] = {
	[TRI_UNKNOWN] = "Whether a restart works now is not known",
	[TRI_NO] = "A restart fails now (EADDRINUSE)",
	[TRI_YES] = "A restart works now",
};

/* The new program is taken to set what the old one has set. */
static void put_old_options(struct outbuf *b, const struct restart *r)
{
	static const char *const words[BIND_COUNT] = {
		"neither SO_REUSEADDR nor SO_REUSEPORT set",
		"SO_REUSEADDR set",
		"SO_REUSEPORT set",
		"SO_REUSEADDR and SO_REUSEPORT set",
	};
	unsigned int bind = BIND_PLAIN;

	if (r->had_reuseaddr == TRI_UNKNOWN || r->had_reuseport == TRI_UNKNOWN)
		return;
	bind |= r->had_reuseaddr == TRI_YES ? BIND_REUSEADDR : 0;
	bind |= r->had_reuseport == TRI_YES ? BIND_REUSEPORT : 0;
	outbuf_str(b, ", with ");
	outbuf_str(b, words[bind]);
	outbuf_str(b, " as it has now");
}

static void put_answer(struct outbuf *b, const struct restart *r)
{
	outbuf_str(b, endings[r->works]);
	put_old_options(b, r);
	if (r->works == TRI_YES) {
		outbuf_char(b, '.');
		return;
	}
	outbuf_str(b, ": ");
	outbuf_str(b, phrases[r->reason]);
	if (r->first.pid) {
		outbuf_str(b, " (");
		put_process(b, &r->first);
		outbuf_char(b, ')');
	}
	outbuf_char(b, '.');
}

void restart_sentences(struct outbuf *b, const struct socket *sk)
{
	const struct restart *r = sk->restart;

	if (!r)
		return;
	if (r->reason == RESTART_PASSED_ON) {
		put_process(b, &r->first);
		outbuf_str(b, " holds it too and passes it on to the next program: a restart "
			      "needs no new bind.");
		return;
	}
	if (r->reason == RESTART_FREE) {
		outbuf_str(b, "Once its program has ended, its port can be bound again at once.");
		return;
	}
	put_answer(b, r);
	if (!r->total)
		return;
	put_users(b, sk, r);
	if (all_fail(r)) {
		outbuf_str(b, " A new bind fails, whatever the new program sets.");
		return;
	}
	put_binds(b, r, TRI_YES, " A new bind works now with ");
	put_binds(b, r, TRI_NO, " It fails with ");
	put_binds(b, r, TRI_UNKNOWN, " Not known is that with ");
}
