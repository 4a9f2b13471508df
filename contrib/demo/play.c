/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "play.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MUCH = 200000,  /* more than the server's kernel takes while the server does not read */
	LITTLE = 10000, /* its kernel takes this at once */
	REQUEST = 1000,
	ANSWER = 4000,
	STILL_MS = 100,    /* time enough on loopback for a segment to have its effect */
	EFFECT_MS = 10000, /* the same where it must come, on a machine however busy */
	SETTLE_MS = 10000, /* a window that has not shut by then will not shut */
	QUIET_MS = 400,    /* longer than the first window probe takes (200 ms) */
	CLOSE_MS = 30000,
};

static const struct experiment table[] = {
	{ .name = "close-unsent",
	  .what = "The client writes more than the server takes, and closes.",
	  .lesson =
		  "close() loses nothing here: the kernel goes on delivering without the process.",
	  .writes = MUCH,
	  .reads_after_ms = 300 },
	{ .name = "close-answered",
	  .what = "The same, but the server answers before it has read everything.",
	  .lesson = "Data that meets a closed socket is answered with a reset: the rest is lost.",
	  .later = "the answer",
	  .writes = MUCH,
	  .reads_after_ms = 300,
	  .answers = true },
	{ .name = "shutdown-answered",
	  .what = "The same with the safe close: shutdown(SHUT_WR), read to EOF, close().",
	  .lesson = "Both sides got everything, and both know it. At close() nothing is left to "
		    "lose.",
	  .writes = MUCH,
	  .safe = true },
	{ .name = "zero-linger",
	  .what = "SO_LINGER {on, 0}; much is unsent; close().",
	  .lesson = "A reset at once. What was not sent is gone.",
	  .linger = { .l_onoff = 1, .l_linger = 0 },
	  .writes = MUCH,
	  .reads_after_ms = 300 },
	{ .name = "zero-linger-idle",
	  .what = "SO_LINGER {on, 0}; everything is acknowledged; close().",
	  .lesson = "Nothing is lost, but the server reads an error where it expects the end.",
	  .linger = { .l_onoff = 1, .l_linger = 0 },
	  .writes = LITTLE,
	  .reads_after_ms = 300 },
	{ .name = "linger-enough",
	  .what = "SO_LINGER {on, 5}; the server begins to read after 0.4 s.",
	  .lesson = "close() waits until data and FIN are acknowledged, and no longer.",
	  .linger = { .l_onoff = 1, .l_linger = 5 },
	  .writes = MUCH,
	  .reads_after_ms = 400 },
	{ .name = "linger-too-short",
	  .what = "SO_LINGER {on, 1}; the server begins to read after 1.6 s.",
	  .lesson = "Folklore says that data is discarded when the time is over. It all arrives.",
	  .linger = { .l_onoff = 1, .l_linger = 1 },
	  .writes = MUCH,
	  .reads_after_ms = 1600 },
	{ .name = "unread",
	  .what = "SO_LINGER {on, 5}; the client has not read what the server sent; close().",
	  .lesson = "Unread data makes close() a reset, whatever SO_LINGER says.",
	  .linger = { .l_onoff = 1, .l_linger = 5 },
	  .writes = MUCH,
	  .unread = ANSWER,
	  .reads_after_ms = 300 },
	{ .name = "child-connection",
	  .what = "The client has forked; it closes the connection, its child does not.",
	  .lesson = "Nothing happens before the last holder is gone; here the child is ended then.",
	  .writes = LITTLE,
	  .shared = true },
	{ .name = "child-listener",
	  .what = "A server that has forked closes its listener while a client waits for accept().",
	  .lesson = "The child keeps the port open. When it ends, who waited is reset.",
	  .writes = REQUEST,
	  .shared = true,
	  .listener = true },
};

const struct experiment *experiments(size_t *count)
{
	*count = ARRAY_SIZE(table);
	return table;
}

/* One experiment under way. */
struct stage_play {
	const struct experiment *e;
	const struct tool *tool;
	struct segments *segments;
	struct forecast *forecast;
	struct observed *seen;
	struct actor client, server;
	struct actor *closer, *peer; /* which of them closes */
	int64_t closed_ms;           /* when the close was ordered */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* --- before the close -------------------------------------------------------------------- */

static int connect_them(struct stage_play *p)
{
	struct answer server, client;
	int err = actor_do(&p->server, DO_LISTEN, 0, &server);

	if (!err && p->e->listener && p->e->shared)
		err = actor_do(&p->server, DO_SHARE, 0, NULL);
	if (!err)
		err = actor_do(&p->client, DO_CONNECT, server.n, &client);
	if (!err && !p->e->listener)
		err = actor_do(&p->server, DO_ACCEPT, 0, NULL);
	if (err)
		return err;
	p->seen->near_port = (uint16_t)(p->e->listener ? server.n : client.n);
	p->seen->far_port = (uint16_t)(p->e->listener ? client.n : server.n);
	return 0;
}

static int fill_queues(struct stage_play *p)
{
	const struct experiment *e = p->e;
	int err = 0;

	if (e->linger.l_onoff)
		err = actor_do(&p->client, DO_LINGER, e->linger.l_linger, NULL);
	if (!err)
		err = actor_do(&p->client, DO_WRITE, e->writes, NULL);
	if (!err && e->unread)
		err = actor_do(&p->server, DO_WRITE, e->unread, NULL);
	if (!err && e->shared && !e->listener)
		err = actor_do(&p->client, DO_SHARE, 0, NULL);
	p->seen->written = e->writes;
	return err;
}

static bool same_queues(const struct queues *a, const struct queues *b)
{
	return a->unread == b->unread && a->outstanding == b->outstanding && a->unsent == b->unsent;
}

/* Waits until the client's queues stand still, so that what is foretold is still true when it is
 * tried: everything is delivered, or the window is shut, or nothing moved for a while. */
static int settle(struct stage_play *p)
{
	struct answer now, before = { 0 };
	int quiet_ms = 0;

	for (int waited = 0; waited < SETTLE_MS && quiet_ms < QUIET_MS; waited += 10) {
		int err = actor_do(&p->client, DO_LOOK, 0, &now);

		if (err)
			return err;
		if (now.queues.unread == p->e->unread &&
		    (now.queues.outstanding == 0 || now.queues.stalled))
			return 0;
		quiet_ms = same_queues(&now.queues, &before.queues) ? quiet_ms + 10 : 0;
		before = now;
		nap(10);
	}
	return 0;
}

/* The safe close, up to the close() itself. */
static int say_goodbye(struct stage_play *p)
{
	struct answer read;
	int err;

	segments_mark(p->segments, "client: shutdown(SHUT_WR)");
	err = actor_do(&p->client, DO_SHUT_WRITE, 0, NULL);
	if (err)
		return err;
	segments_mark(p->segments, "server: reads to EOF, answers, closes");
	err = actor_do(&p->server, DO_READ, 0, &read);
	p->seen->received = read.n;
	p->seen->end = read.end;
	if (!err)
		err = actor_do(&p->server, DO_WRITE, ANSWER, NULL);
	if (!err)
		err = actor_do(&p->server, DO_CLOSE, 0, NULL);
	if (!err)
		err = actor_do(&p->client, DO_READ, 0, &read);
	if (err)
		return err;
	p->seen->unread_lost = ANSWER - read.n;
	return 0;
}

static int foretell(struct stage_play *p)
{
	struct answer look;
	int err = forecast_read(p->tool, p->seen->near_port, p->e->listener ? 0 : p->seen->far_port,
				p->forecast);

	if (!err)
		err = actor_do(p->closer, DO_LOOK, 0, &look);
	if (!err)
		p->seen->before = look.queues;
	return err;
}

/* --- the close and after ----------------------------------------------------------------- */

/* Looks whether the peer's connection is gone, when the close has had time to act: long, where a
 * reset is foretold. */
static int look_at_peer(struct stage_play *p, bool *gone)
{
	int64_t patience = strcmp(p->forecast->outcome, "reset") ? STILL_MS : EFFECT_MS;
	int64_t end = now_ms() + patience;
	struct answer look;
	int err;

	do {
		nap(10);
		err = actor_do(p->peer, DO_LOOK, 0, &look);
		*gone = !err && look.queues.state == TCP_CLOSE;
	} while (!err && !*gone && now_ms() < end);
	return err;
}

/* Takes the closer's word that close() came back, if that comes within `ms`. */
static int hear_of_close(struct stage_play *p, int64_t ms)
{
	struct answer closed;
	int err = actor_hear(p->closer, &closed, ms > 0 ? (int)ms : 0);

	if (err)
		return err;
	p->seen->timed = true;
	p->seen->close_us = closed.n;
	p->seen->slept = closed.slept;
	return 0;
}

/* The first close of two. The peer must not notice; then the child is ended. */
static int close_shared(struct stage_play *p)
{
	struct answer look;
	int err;

	segments_mark(p->segments, p->e->listener ? "server: close(); its child holds on"
						  : "client: close(); its child holds on");
	err = actor_do(p->closer, DO_CLOSE, 0, NULL);
	nap(STILL_MS);
	if (!err)
		err = actor_do(p->peer, DO_LOOK, 0, &look);
	if (err)
		return err;
	p->seen->first_noticed = look.queues.state != TCP_ESTABLISHED;
	p->seen->closing = segments_mark(p->segments, "the child ends");
	err = actor_do(p->closer, DO_UNSHARE, 0, NULL);
	return err ? err : look_at_peer(p, &p->seen->reset_at_close);
}

/* How long to wait for close() before the server reads. Where it is to come back sooner it must, or
 * the experiment would show nothing; a longer one may block until the server reads. */
static int64_t close_patience(const struct stage_play *p)
{
	int64_t seconds = p->forecast->block_seconds;
	bool ends_by_itself =
		seconds == 0 || (seconds > 0 && seconds * 1000 < p->e->reads_after_ms);

	return ends_by_itself ? CLOSE_MS : p->e->reads_after_ms;
}

static int close_alone(struct stage_play *p)
{
	int err;

	p->seen->closing = segments_mark(p->segments, "client: close()");
	p->closed_ms = now_ms();
	err = actor_tell(p->closer, DO_CLOSE, 0);
	if (!err)
		err = hear_of_close(p, close_patience(p));
	return err && err != -EAGAIN ? err : look_at_peer(p, &p->seen->reset_at_close);
}

static int read_to_the_end(struct stage_play *p)
{
	struct answer read;
	int64_t rest;
	int err = 0;

	if (p->e->safe)
		return 0; /* the server has read, and is gone */
	rest = p->closed_ms + p->e->reads_after_ms - now_ms();
	if (!p->e->shared && rest > 0)
		nap((int)rest);
	if (p->e->answers) {
		segments_mark(p->segments, "server: answers");
		err = actor_do(p->peer, DO_WRITE, ANSWER, NULL);
	}
	if (err)
		return err;
	segments_mark(p->segments, p->e->listener ? "client: reads" : "server: reads");
	err = actor_do(p->peer, DO_READ, 0, &read);
	if (err)
		return err;
	p->seen->received = p->e->listener ? 0 : read.n;
	p->seen->end = read.end;
	return 0;
}

static int wait_for_close(struct stage_play *p)
{
	int err = p->seen->timed ? 0 : hear_of_close(p, CLOSE_MS);

	if (err)
		fprintf(stderr, "lingerstat-demo: close() did not come back: %s\n", strerror(-err));
	return err;
}

static int act(struct stage_play *p)
{
	int err = connect_them(p);

	if (!err)
		err = fill_queues(p);
	if (!err)
		err = p->e->safe ? say_goodbye(p) : settle(p);
	if (!err)
		err = foretell(p);
	if (!err)
		err = p->e->shared ? close_shared(p) : close_alone(p);
	p->seen->settled = segments_mark(p->segments, NULL);
	if (!err)
		err = read_to_the_end(p);
	if (!err && !p->e->shared)
		err = wait_for_close(p);
	if (!err)
		p->seen->unread_lost += p->seen->before.unread;
	return err;
}

int play(const struct experiment *experiment, const struct tool *tool, struct segments *segments,
	 struct forecast *forecast, struct observed *observed)
{
	struct stage_play p = { .e = experiment,
				.tool = tool,
				.segments = segments,
				.forecast = forecast,
				.seen = observed };
	int err;

	*forecast = (struct forecast){ 0 };
	*observed = (struct observed){ 0 };
	p.closer = experiment->listener ? &p.server : &p.client;
	p.peer = experiment->listener ? &p.client : &p.server;
	segments_begin(segments);
	err = actor_start(&p.server, "demo-server");
	if (!err)
		err = actor_start(&p.client, "demo-client");
	if (err)
		fprintf(stderr, "lingerstat-demo: cannot start a process: %s\n", strerror(-err));
	else
		err = act(&p);
	if (!err)
		nap(STILL_MS);
	segments_end(segments);
	actor_end(&p.client);
	actor_end(&p.server);
	return err;
}
