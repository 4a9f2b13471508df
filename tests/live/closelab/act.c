/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define INTERRUPT_MS 200   /* a close that waits gets its signal after this */
#define RELEASE_MS   1500  /* a close that waits is let go on after this */
#define NO_LINGER_MS 8000  /* the same where waiting as long as the linger time would be wrong */
#define ACTION_MS    60000 /* and must have returned after this */
#define BLOCKED_US   150000
#define STILL_MS     40  /* time enough for a segment that should not come */
#define END_SOON_MS  200 /* how long the peer waits for an end that may not come */
#define END_LATE_MS  40000
#define RETURNED_FIN (1 << TCP_FIN_WAIT1 | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK)

const char *peer_end_word(enum peer_end end)
{
	static const char *const words[] = { "nothing", "EOF", "ECONNRESET" };

	return words[end];
}

static int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool owner_holds(const struct scenario *s)
{
	return s->state != ORPHAN && s->state != TIME_WAIT;
}

static bool ends_the_owner(const struct scenario *s)
{
	return s->action == EXIT || s->action == KILL;
}

/* exit and SIGKILL let all of a process's references go at once; a second process's stays. */
static bool lets_one_go(const struct scenario *s)
{
	return s->refs == FORK || (s->refs != ONE && !ends_the_owner(s));
}

bool act_has_first(const struct scenario *s)
{
	return lets_one_go(s) || s->action >= WR_CLOSE;
}

static int let_one_go(struct scene *scene)
{
	const struct scenario *s = scene->s;
	int state = listed_state(scene->family, scene->near_port, scene->far_port);
	int fins, resets;

	sniffer_look(&scene->sniffer);
	fins = scene->sniffer.fins;
	resets = scene->sniffer.resets;
	if (scene_failed(scene, "first close", owner_do(&scene->owner, ORDER_UNSHARE, 0, NULL)))
		return -1;
	for (int64_t end = now_ms() + STILL_MS; nap_before(end);)
		;
	sniffer_look(&scene->sniffer);
	if (s->action >= WR_CLOSE)
		fins = scene->sniffer.fins; /* the shutdown's */
	else if (listed_state(scene->family, scene->near_port, scene->far_port) != state)
		resets = -1;
	if (scene->sniffer.fins == fins && scene->sniffer.resets == resets)
		return 0;
	snprintf(scene->why, sizeof(scene->why), "the close of one reference of two was noticed");
	return -1;
}

int act_first(struct scene *scene, struct truth *truth)
{
	static const int how[LAB_ACTIONS] = {
		[WR_CLOSE] = SHUT_WR, [RD_CLOSE] = SHUT_RD, [RDWR_CLOSE] = SHUT_RDWR
	};
	const struct scenario *s = scene->s;
	struct reply reply = { 0 };

	if (s->action >= WR_CLOSE &&
	    scene_failed(scene, "shutdown",
			 owner_do(&scene->owner, ORDER_SHUT, how[s->action], NULL)))
		return -1;
	if (owner_holds(s)) {
		if (scene_failed(scene, "look", owner_do(&scene->owner, ORDER_TRUTH, 0, &reply)))
			return -1;
		*truth = reply.truth;
	}
	return lets_one_go(s) ? let_one_go(scene) : 0;
}

/* ---- the peer's view ---- */

/* Reads what is there. Gives true when the end was seen, which is then in seen->end. */
static bool peer_reads(struct scene *scene, struct observed *seen)
{
	static char bytes[65536];
	ssize_t got;

	if (scene->far < 0)
		return true;
	while ((got = recv(scene->far, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		seen->peer_read += got;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	seen->end = got == 0 ? PEER_EOF : PEER_RESET;
	return true;
}

static void peer_reads_to_the_end(struct scene *scene, struct observed *seen, int idle_ms)
{
	int64_t end = now_ms() + idle_ms;
	int64_t before = seen->peer_read;

	while (!peer_reads(scene, seen) && nap_before(end)) {
		if (seen->peer_read > before)
			end = now_ms() + idle_ms;
		before = seen->peer_read;
	}
}

/* ---- the last step ---- */

static int start(struct scene *scene)
{
	static const enum order orders[LAB_ACTIONS] = {
		[CLOSE] = ORDER_CLOSE,    [EXIT] = ORDER_EXIT,      [INTERRUPT] = ORDER_CLOSE,
		[WR_CLOSE] = ORDER_CLOSE, [RD_CLOSE] = ORDER_CLOSE, [RDWR_CLOSE] = ORDER_CLOSE
	};

	if (scene->s->action == KILL)
		return kill(scene->owner.pid, SIGKILL) < 0 ? -errno : 0;
	return owner_tell(&scene->owner, orders[scene->s->action], 0);
}

/* When the peer lets go on what waits for it. A linger time of one second ends by itself, and exit
 * and SIGKILL never wait: were they to wait for the peer, they would have to wait long. */
static int64_t release_time(const struct scenario *s)
{
	bool ends_by_itself = s->linger == L1 || ends_the_owner(s);

	return now_ms() + (ends_by_itself ? NO_LINGER_MS : RELEASE_MS);
}

/* True when the owner is in its close(): its FIN is out, or behind the data. */
static bool is_closing(const struct scene *scene)
{
	int state = listed_state(scene->family, scene->near_port, scene->far_port);

	return state > 0 && (1 << state & RETURNED_FIN);
}

/* Gives true when the action is over; its time and, for a close, the truth before it are noted. */
static bool is_over(struct scene *scene, int64_t began, struct truth *truth, struct observed *seen)
{
	struct reply reply;

	if (ends_the_owner(scene->s) || scene->s->action == INTERRUPT) {
		if (owner_wait(&scene->owner, 0))
			return false;
		seen->us = clock_us() - began;
		return true;
	}
	if (owner_hear(&scene->owner, &reply, 1))
		return false;
	seen->us = reply.us;
	seen->slept = reply.slept;
	if (reply.truth.inode)
		*truth = reply.truth;
	return true;
}

static int carry_out(struct scene *scene, struct truth *truth, struct observed *seen)
{
	int64_t end = now_ms() + ACTION_MS;
	int64_t release = release_time(scene->s);
	int64_t signal_due = now_ms() + INTERRUPT_MS;
	int64_t began = clock_us();

	if (scene_failed(scene, "action", start(scene)))
		return -1;
	while (!is_over(scene, began, truth, seen)) {
		if (scene->s->action == INTERRUPT && now_ms() >= signal_due && is_closing(scene))
			kill(scene->owner.pid, SIGKILL);
		if (now_ms() >= release)
			scene_release(scene);
		if (now_ms() >= release || scene->s->send == SLOW)
			peer_reads(scene, seen);
		if (!nap_before(end)) {
			scene_failed(scene, "action", -ETIMEDOUT);
			return -1;
		}
	}
	return 0;
}

static int own_fin(const struct truth *truth)
{
	return truth->state > 0 && (1 << truth->state & RETURNED_FIN);
}

static void note_queues(const struct truth *truth, struct observed *seen)
{
	int fin = own_fin(truth);

	seen->unread = truth->inq > 0 ? truth->inq : 0;
	seen->outstanding = truth->outq > fin ? truth->outq - fin : 0;
	seen->unsent = truth->outqnsd > fin ? truth->outqnsd - fin : 0;
}

/* True if the action waited. exit and SIGKILL are timed from outside, where a busy machine shows
 * too: what would be long is the wait of 5 s, or for the peer's release. Of a close() that was
 * interrupted nobody tells whether it slept, but it was found in close() when its signal came. */
static bool waited(const struct scenario *s, const struct observed *seen, int state)
{
	/* A slow link drains in less; but who has waited for it leaves nothing unacknowledged. */
	if (ends_the_owner(s) && s->send == SLOW && lab_linger_seconds(s->linger) != 0)
		return !(1 << state & RETURNED_FIN);
	if (ends_the_owner(s))
		return seen->us >= EXIT_US;
	return seen->us >= BLOCKED_US && (seen->slept || s->action == INTERRUPT);
}

/* What happened, from the witnesses alone. `state` is the kernel's list's at the action's
 * return, 0 when the socket was gone. */
static enum lab_outcome classify(const struct scene *scene, const struct observed *seen, int state)
{
	const struct scenario *s = scene->s;
	bool may_wait = lab_linger_seconds(s->linger) != 0 && !ends_the_owner(s);

	if (seen->resets)
		return RESET;
	if (!owner_holds(s))
		return state == scene_state_number(s->state) ? NONE : LAB_OUTCOMES;
	if (s->state == LISTEN || s->state == SYN_SENT)
		return SILENT;
	if (!state && (seen->deaf || !scene->sniffer.fins))
		return SILENT;
	if (seen->outstanding == 0)
		return FIN;
	if (waited(s, seen, state))
		return BLOCKS;
	/* Too short to tell by the clock: a close that waits returns with nothing outstanding. */
	return may_wait && !(1 << state & RETURNED_FIN) ? BLOCKS : BACKGROUND;
}

static int make_event(struct scene *scene, struct observed *seen)
{
	if (scene->s->event == PEER_SENDS && send(scene->far, "x", 1, MSG_NOSIGNAL) != 1) {
		scene_failed(scene, "the peer's send", -errno);
		return -1;
	}
	if (scene->s->event != PEER_LEAVES)
		return 0;
	drop_fd(&scene->far);
	seen->peer_read = 0;
	return 0;
}

/* A corked segment leaves after 200 ms, a slow link drains: on a busy machine nothing may be left
 * of them at the close. A peer that hears nothing sends its FIN again and again: when there is no
 * socket any more, the kernel answers that with a RST, which is none of the close's. */
static bool is_spoilt(const struct scene *scene, const struct observed *seen, int answered)
{
	const struct scenario *s = scene->s;

	if ((s->send == CORKED || s->send == SLOW) && seen->outstanding == 0)
		return true;
	return s->wants == SILENT && scene->sniffer.answered != answered;
}

/* A peer that is deaf, or whose connection ended in silence, learns nothing. */
static bool end_is_due(const struct observed *seen)
{
	return seen->kind != SILENT && seen->kind != LAB_OUTCOMES &&
	       !(seen->kind == RESET && seen->deaf);
}

int act_last(struct scene *scene, const struct truth *known, struct observed *seen)
{
	struct aborts before, after;
	struct truth truth = *known;
	bool slow = scene->s->send == SLOW;
	bool held;
	int state, resets, answered;

	*seen = (struct observed){ .end = PEER_OPEN };
	seen->deaf = scene->deaf;
	sniffer_look(&scene->sniffer);
	resets = scene->sniffer.resets;
	answered = scene->sniffer.answered;
	if (scene_failed(scene, "netstat", aborts_read(&before)))
		return -1;
	if (carry_out(scene, &truth, seen))
		return -1;
	held = listed_as_held(scene->family, scene->near_port, scene->far_port);
	state = listed_state(scene->family, scene->near_port, scene->far_port);
	if (scene_failed(scene, "netstat", aborts_read(&after)))
		return -1;
	seen->counter = aborts_moved(&before, &after);
	note_queues(&truth, seen);
	/* On the slow link a RST stands in the queue behind the data. */
	if (slow)
		peer_reads_to_the_end(scene, seen, END_LATE_MS);
	sniffer_look(&scene->sniffer);
	seen->resets = scene->sniffer.resets - resets;
	/* Whoever looks through all descriptors of the machine has a reference for an instant. */
	seen->spoilt = held || is_spoilt(scene, seen, answered);
	seen->kind = classify(scene, seen, state);
	if (make_event(scene, seen))
		return -1;
	scene_release(scene);
	if (seen->end == PEER_OPEN)
		peer_reads_to_the_end(scene, seen, end_is_due(seen) ? END_LATE_MS : END_SOON_MS);
	seen->lost = scene->written - seen->peer_read;
	return 0;
}
