/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The close lab for what is not TCP: UDP, unix stream, seqpacket and dgram, MPTCP. Each scenario
 * asks the tool, then closes the socket, then compares: the forecast is the expected one, and
 * what the other end saw is what it said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ends.h"
#include "harness.h"
#include "protocols.h"
#include "tcp.h"
#include "tool.h"

#define PROMPT_MS     4000    /* a close that does not wait takes less, one that does 5 s */
#define PATIENCE_MS   100     /* for what must not come */
#define STREAM_END_MS WAIT_MS /* for an end that must come */
#define SMALL_RCVBUF  8192

/* ---- the forecast ---- */

static void list_kind(struct listing *listing, const struct kind *kind)
{
	assert_return_code(harness_list(listing, "-a", "-p", kind->option, NULL), 0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
	assert_true(json_is_true(json_object_get(listing->summary, "complete")));
}

static size_t words(const char *const outcomes[3])
{
	size_t n = 0;

	while (n < 3 && outcomes[n])
		n++;
	return n;
}

static void check_outcomes(const json_t *row, const struct scenario *s)
{
	size_t n = words(s->outcomes);

	check_row(row, json_array_size(row_get(row, "close.outcomes")) == n);
	for (size_t i = 0; i < n; i++)
		check_row(row, row_has_word(row, "close.outcomes", s->outcomes[i]));
	if (n == 1)
		check_row(row, row_is_text(row, "close.outcome", s->outcomes[0]));
	else
		check_row(row, row_is_null(row, "close.outcome"));
}

/* The number of unread bytes where the kernel tells it, and null where it counts memory. */
static void check_unread(const json_t *row, const struct scenario *s, const struct kind *kind)
{
	bool counted = kind->domain == AF_UNIX && !is_datagram(kind);

	if (counted)
		check_row(row, row_is_int(row, "recv_queue", (int64_t)s->unread));
	if (counted)
		check_row(row, row_is_int(row, "unread_bytes", (int64_t)s->unread));
	else if (s->unread)
		check_row(row, row_is_null(row, "unread_bytes"));
	if (counted)
		check_row(row, row_is_int(row, "close.unread_bytes", (int64_t)s->unread));
	else if (s->unread)
		check_row(row, row_is_null(row, "close.unread_bytes"));
	check_row(row, (json_integer_value(row_get(row, "recv_queue")) > 0) == (s->unread > 0));
}

/* What is outstanding: UDP and unix count memory, in which only 0 has a meaning. MPTCP tells it
 * apart from its queue, and may have delivered some of it by the time it is asked. */
static void check_outstanding(const json_t *row, const struct scenario *s, const struct kind *kind,
			      size_t sent)
{
	int64_t bytes = json_integer_value(row_get(row, "outstanding_bytes"));

	if (kind->protocol == PROTO_MPTCP) {
		check_row(row, row_is_int(row, "send_queue", 0));
		check_row(row, (bytes > 0) == s->stalled && bytes <= (int64_t)sent);
	} else if (row_is_int(row, "send_queue", 0)) {
		check_row(row, row_is_int(row, "outstanding_bytes", 0));
	} else {
		check_row(row, row_is_null(row, "outstanding_bytes"));
	}
	if (bytes > 0)
		check_row(row, row_is_null(row, "unsent_bytes"));
}

static void check_reasons(const json_t *row, const struct scenario *s)
{
	if (s->reason)
		check_row(row, row_has_word(row, "close.reasons", s->reason));
	else
		check_row(row, json_array_size(row_get(row, "close.reasons")) == 0);
}

/* Of a unix datagram socket the kernel shows the first datagram's length alone: behind an empty one
 * there may be more, so `none` is never the whole answer. */
static const char *highest_risk(const struct scenario *s, const struct kind *kind)
{
	return strcmp(kind->netid, "u_dgr") == 0 ? "certain" : s->risk_max;
}

static void check_forecast(const json_t *row, const struct scenario *s, const struct kind *kind,
			   size_t sent)
{
	check_row(row, row_is_text(row, "netid", kind->netid));
	check_outcomes(row, s);
	check_row(row, row_is_text(row, "close.risk", s->risk));
	check_row(row, row_is_text(row, "close.risk_max", highest_risk(s, kind)));
	check_row(row, row_is_int(row, "close.block_seconds", s->block_seconds));
	check_reasons(row, s);
	check_unread(row, s, kind);
	check_outstanding(row, s, kind, sent);
	check_row(row, row_is_int(row, "references", s->before == SECOND_DESCRIPTOR ? 2 : 1));
}

/* ---- what happened ---- */

static bool is_stream_end(const json_t *row)
{
	return row_has_word(row, "close.outcomes", "fin") ||
	       row_has_word(row, "close.outcomes", "background") ||
	       row_has_word(row, "close.outcomes", "blocks");
}

/* The far end of a datagram socket must see nothing but what was sent. */
static void check_silence(const struct ends *ends, size_t sent)
{
	struct fate fate = ends_watch(ends->far, PATIENCE_MS);

	assert_int_equal(fate.bytes, sent);
	assert_false(fate.eof);
	assert_false(fate.reset);
	assert_int_equal(fate.error, 0);
}

/* What near had not read is nowhere: not even for the next socket of that name. */
static void check_gone(const struct ends *ends)
{
	struct fate fate;
	int heir;

	if (ends->kind->meeting == BY_PAIR)
		return;
	heir = ends_bind_again(ends);
	assert_return_code(heir, 0);
	fate = ends_watch(heir, 50);
	assert_int_equal(fate.bytes, 0);
	close(heir);
}

static void check_loss(const json_t *row, size_t sent, size_t arrived)
{
	json_t *least = row_get(row, "close.loss_min_bytes");
	json_t *most = row_get(row, "close.loss_max_bytes");

	assert_true(arrived <= sent);
	if (json_is_integer(least))
		check_row(row, json_integer_value(least) <= (json_int_t)(sent - arrived));
	if (json_is_integer(most))
		check_row(row, json_integer_value(most) >= (json_int_t)(sent - arrived));
}

static void check_fate(const json_t *row, const struct ends *ends, size_t sent)
{
	struct fate fate = ends_watch(ends->far, STREAM_END_MS);

	assert_int_equal(fate.error, 0);
	if (fate.reset)
		check_row(row, row_has_word(row, "close.outcomes", "reset"));
	else
		check_row(row, fate.eof && is_stream_end(row));
	if (!fate.reset)
		assert_int_equal(fate.bytes, sent);
	check_loss(row, sent, fate.bytes);
}

/* close() waits as long as foretold, and no longer. */
static void timed_close(struct ends *ends, const json_t *row)
{
	int64_t start = now_ms();
	int64_t most = json_integer_value(row_get(row, "close.block_seconds")) * 1000;

	drop_fd(&ends->near);
	if (now_ms() - start > most + PROMPT_MS)
		fail_msg("close() took %lld ms", (long long)(now_ms() - start));
}

/* ---- one scenario ---- */

struct lab_case {
	const struct scenario *scenario;
	const struct kind *kind;
};

static void skip_without(const char *what, int err)
{
	print_message("# %s: %s\n", what, strerror(-err));
	skip();
}

/* A kind that this kernel does not have. */
static void need_kind(const struct kind *kind)
{
	int fd = socket(kind->domain, kind->type, kind->protocol);

	if (fd < 0)
		skip_without(kind->name, -errno);
	close(fd);
}

/* An MPTCP peer's kernel acknowledges what it took a moment after its program could read it. */
static json_t *settled_row(struct listing *listing, const struct ends *ends,
			   const struct scenario *s)
{
	int64_t end = now_ms() + WAIT_MS;
	json_t *row;

	for (;;) {
		list_kind(listing, ends->kind);
		row = row_by_inode(listing, inode_of(ends->near));
		if (ends->kind->protocol != PROTO_MPTCP || s->stalled ||
		    row_is_int(row, "outstanding_bytes", 0) || !nap_before(end))
			return row;
		listing_free(listing);
	}
}

/* MPTCP asks for linger, so it must have been read. */
static void need_linger(struct listing *listing, const struct kind *kind)
{
	const char *why;

	if (kind->protocol != PROTO_MPTCP || linger_by_bpf(listing, &why))
		return;
	print_message("# %s\n", why);
	listing_free(listing);
	skip();
}

/* Brings the ends to where the scenario wants them. Gives the bytes sent. */
static size_t prepare(const struct ends *ends, const struct scenario *s, int *second)
{
	ssize_t filled = 0;

	if (s->linger != OFF)
		assert_return_code(tcp_set_linger(ends->near, true, s->linger), 0);
	if (s->unread)
		assert_return_code(ends_send(ends->far, ends->near, s->unread), 0);
	if (s->sent)
		assert_return_code(ends_send(ends->near, ends->far, s->sent), 0);
	if (s->stalled)
		assert_true((filled = ends_fill(ends->near)) > 0);
	if (s->before == SHUT_READ)
		assert_return_code(shutdown(ends->near, SHUT_RD), 0);
	if (s->before == SHUT_WRITE)
		assert_return_code(shutdown(ends->near, SHUT_WR), 0);
	if (s->before == PEER_SHUT_WRITE)
		assert_return_code(shutdown(ends->far, SHUT_WR), 0);
	if (s->before == SECOND_DESCRIPTOR)
		assert_return_code(*second = fcntl(ends->near, F_DUPFD_CLOEXEC, 0), 0);
	return s->sent + (size_t)filled;
}

/* Closing one of two descriptors does nothing that the other end could see. */
static void close_one_of_two(struct ends *ends, int *second, size_t *sent)
{
	struct fate fate;

	if (*second < 0)
		return;
	drop_fd(second);
	fate = ends_watch(ends->far, PATIENCE_MS);
	assert_int_equal(fate.bytes, *sent);
	assert_false(fate.eof || fate.reset);
	*sent = 0;
}

static void a_close(void **state)
{
	const struct lab_case *c = *state;
	struct listing listing;
	struct ends ends;
	int second = -1;
	json_t *row;
	size_t sent;

	need_kind(c->kind);
	assert_return_code(ends_open(&ends, c->kind, SMALL_RCVBUF), 0);
	sent = prepare(&ends, c->scenario, &second);
	row = settled_row(&listing, &ends, c->scenario);
	need_linger(&listing, c->kind);
	check_forecast(row, c->scenario, c->kind, sent);
	close_one_of_two(&ends, &second, &sent);
	timed_close(&ends, row);
	if (is_datagram(c->kind)) {
		check_silence(&ends, sent);
		check_gone(&ends);
	} else {
		check_fate(row, &ends, sent);
	}
	listing_free(&listing);
	ends_close(&ends);
}

/* ---- listeners ---- */

#define CLIENTS 2

static void check_waiting(const json_t *row, int waiting)
{
	check_row(row, row_is_text(row, "state", "listen"));
	check_row(row, row_is_int(row, "recv_queue", waiting));
	check_row(row, row_is_int(row, "send_queue", 8));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "outstanding_bytes"));
	check_row(row, row_is_text(row, "close.outcome", waiting ? "reset" : "silent"));
	check_row(row, row_is_text(row, "close.risk", waiting ? "certain" : "none"));
	check_row(row, row_has_word(row, "close.reasons", "unaccepted") == (waiting > 0));
}

static json_t *listener_row(struct listing *listing, const struct ends *ends)
{
	list_kind(listing, ends->kind);
	return row_by_inode(listing, inode_of(ends->listener));
}

/* An MPTCP handshake ends with the client's third segment, after connect() has returned. */
static json_t *wait_for_waiting(struct listing *listing, const struct ends *ends, int waiting)
{
	int64_t end = now_ms() + WAIT_MS;
	json_t *row = listener_row(listing, ends);

	while (!row_is_int(row, "recv_queue", waiting) && nap_before(end)) {
		listing_free(listing);
		row = listener_row(listing, ends);
	}
	return row;
}

static void a_listener(void **state)
{
	const struct lab_case *c = *state;
	struct listing listing;
	struct ends ends;
	int clients[CLIENTS];

	need_kind(c->kind);
	assert_return_code(ends_listen(&ends, c->kind), 0);
	check_waiting(listener_row(&listing, &ends), 0);
	listing_free(&listing);
	for (int i = 0; i < CLIENTS; i++) {
		assert_return_code(clients[i] = ends_connect(&ends), 0);
		/* What was written there had succeeded. */
		assert_int_equal(send(clients[i], "hello", 5, MSG_NOSIGNAL), 5);
	}
	check_waiting(wait_for_waiting(&listing, &ends, CLIENTS), CLIENTS);
	listing_free(&listing);
	drop_fd(&ends.listener);
	for (int i = 0; i < CLIENTS; i++) {
		struct fate fate = ends_watch(clients[i], STREAM_END_MS);

		assert_true(fate.reset);
		assert_int_equal(fate.bytes, 0);
		close(clients[i]);
	}
	ends_close(&ends);
}

/* ---- all of them ---- */

#define CASES_MAX 256

/* The tests, their names and what each is about. */
struct plan {
	struct CMUnitTest tests[CASES_MAX];
	struct lab_case cases[CASES_MAX];
	char names[CASES_MAX][80];
	size_t count;
};

static void plan_add(struct plan *plan, const struct kind *kind, const struct scenario *scenario)
{
	size_t i = plan->count++;

	if (i >= CASES_MAX)
		abort(); /* the array is too small */
	snprintf(plan->names[i], sizeof(plan->names[i]), "%s: %s", kind->name,
		 scenario ? scenario->name : "listener with waiting connections");
	plan->cases[i] = (struct lab_case){ scenario, kind };
	plan->tests[i] = (struct CMUnitTest){ plan->names[i], scenario ? a_close : a_listener, NULL,
					      NULL, &plan->cases[i] };
}

static void plan_group(struct plan *plan, const struct group *group)
{
	for (size_t k = 0; k < group->n_kinds; k++)
		for (size_t i = 0; i < group->n_scenarios; i++)
			plan_add(plan, &group->kinds[k], &group->scenarios[i]);
}

int main(void)
{
	static struct plan plan;

	harness_enter();
	for (size_t i = 0; i < GROUPS; i++)
		plan_group(&plan, &groups[i]);
	for (size_t i = 0; i < LISTENING_KINDS; i++)
		plan_add(&plan, listening_kinds[i], NULL);
	return _cmocka_run_group_tests("protocols", plan.tests, plan.count, NULL, NULL);
}
