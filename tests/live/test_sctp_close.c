/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The close lab for SCTP: the tool is asked, the socket is closed, and what was foretold is
 * compared with how long close() took, what the peers read, and which counters moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ends.h"
#include "sctp.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define OFF        (-1)
#define LONG       30    /* seconds that nobody may wait */
#define AT_ONCE_MS 15000 /* waits for nothing, on a busy machine too */
#define BYTES      100
#define PAGE       4096

/* What stands in the near end's queues before it is closed. */
struct scene {
	int linger;   /* seconds, or OFF */
	bool unread;  /* far has sent, near has not read */
	bool sibling; /* second has; one-to-many */
	bool stalled; /* far does not read, and near has sent until nothing was taken */
};

struct foretold {
	const char *outcome, *risk, *risk_max;
	const char *reason; /* NULL: there is none */
	int block;          /* seconds */
};

struct scenario {
	const char *name;
	bool many;
	struct scene scene;
	struct foretold foretold;
};

/* clang-format off */
static const struct scenario scenarios[] = {
	{ "nothing queued", false, { .linger = OFF }, { "fin", "none", "none", NULL, 0 } },
	{ "nothing queued, linger 0", false, { .linger = 0 },
	  { "reset", "possible", "possible", "zero-linger", 0 } },
	{ "nothing queued, linger 30", false, { .linger = LONG }, { "fin", "none", "none", NULL, LONG } },
	{ "unread data", false, { OFF, .unread = true },
	  { "reset", "certain", "certain", "unread-data", 0 } },
	{ "unread data, linger 0", false, { 0, .unread = true },
	  { "reset", "certain", "certain", "unread-data", 0 } },
	{ "unread data, linger 30: does not wait", false, { LONG, .unread = true },
	  { "reset", "certain", "certain", "unread-data", 0 } },
	{ "unsent data", false, { OFF, .stalled = true },
	  { "background", "possible", "possible", NULL, 0 } },
	{ "unsent data, linger 0", false, { 0, .stalled = true },
	  { "reset", "possible", "certain", "zero-linger", 0 } },
	{ "unsent data, linger 2: waits, and goes on", false, { 2, .stalled = true },
	  { "blocks", "possible", "possible", NULL, 2 } },
	{ "unsent data and unread data", false, { OFF, .unread = true, .stalled = true },
	  { "reset", "certain", "certain", "unread-data", 0 } },
	{ "one-to-many, nothing queued", true, { .linger = OFF }, { "fin", "none", "none", NULL, 0 } },
	{ "one-to-many, linger 0", true, { .linger = 0 },
	  { "reset", "possible", "possible", "zero-linger", 0 } },
	{ "one-to-many, unread data", true, { OFF, .unread = true },
	  { "reset", "certain", "certain", "unread-data", 0 } },
	{ "one-to-many, unread data of another", true, { OFF, .sibling = true },
	  { "reset", "possible", "possible", "sibling-unread", 0 } },
	{ "one-to-many, unsent data, linger 30: does not wait", true, { LONG, .stalled = true },
	  { "background", "possible", "possible", NULL, 0 } },
	{ "one-to-many, unsent data, unread data of another", true,
	  { OFF, .sibling = true, .stalled = true },
	  { "reset", "possible", "certain", "sibling-unread", 0 } },
};
/* clang-format on */

/* ---- the scene ---- */

/* One message, from a one-to-one socket; waits until it can be read. */
static void deliver(int from, int to)
{
	assert_return_code(ends_send(from, to, BYTES), 0);
}

/* A one-to-many socket says to whom: the association with that port. */
static ssize_t fill(int fd, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static const char chunk[PAGE];
	ssize_t total = 0, done;

	while ((done = sendto(fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL,
			      (struct sockaddr *)&to, sizeof(to))) > 0)
		total += done;
	assert_int_equal(errno, EAGAIN);
	assert_true(total > 0);
	return total;
}

static void wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
}

/* Waits until a counter has gone up to that. */
static void wait_counter(const char *name, int64_t least)
{
	int64_t end = now_ms() + WAIT_MS;

	while (sctp_counter(name) < least)
		assert_true(nap_before(end));
}

/* Gives what near has sent. Whoever has connected has heard that the other end is ready. */
static ssize_t set_scene(struct sctp_pair *pair, const struct scenario *s)
{
	const struct scene *scene = &s->scene;

	if (s->many)
		sctp_open_many(pair);
	else
		sctp_open_pair(pair, AF_INET);
	if (scene->linger != OFF)
		assert_return_code(tcp_set_linger(pair->near, true, scene->linger), errno);
	if (scene->unread)
		deliver(pair->far, pair->near);
	if (scene->sibling)
		deliver(pair->second, pair->near);
	if (!scene->stalled)
		return 0;
	return fill(pair->near, s->many ? local_port(pair->far) : pair->port);
}

/* ---- what was foretold ---- */

static void check_foretold(const struct foretold *f, int fd, uint16_t peer)
{
	static const char *const words[] = { "unread-data", "sibling-unread", "zero-linger" };
	struct listing listing;
	json_t *row;

	/* Where BPF is not to be had, by a copy of the descriptor. */
	sctp_list(&listing, NULL);
	row = sctp_association(&listing, fd, peer);
	if (!row || row_is_null(row, "linger")) {
		listing_free(&listing);
		sctp_list(&listing, "--linger=getfd");
		row = sctp_association(&listing, fd, peer);
	}
	check_row(row, row_is_text(row, "close.outcome", f->outcome));
	check_row(row, row_is_text(row, "close.risk", f->risk));
	check_row(row, row_is_text(row, "close.risk_max", f->risk_max));
	check_row(row, row_is_int(row, "close.block_seconds", f->block));
	for (size_t i = 0; i < COUNT(words); i++) {
		bool wanted = f->reason && strcmp(f->reason, words[i]) == 0;

		if (row_has_word(row, "close.reasons", words[i]) != wanted)
			fail_msg("reason %s", words[i]);
	}
	listing_free(&listing);
}

/* ---- what happened ---- */

static int64_t close_timed(int *fd)
{
	int64_t start = now_ms();

	assert_return_code(close(*fd), errno);
	*fd = -1;
	return now_ms() - start;
}

/* How an association ended for a peer, who reads all that there is. After an ABORT nothing comes
 * any more, an end neither. */
static struct fate end_of(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct fate fate = { 0 };
	char chunk[65536];
	ssize_t got;

	while (!fate.eof && !fate.reset && !fate.error && poll(&ready, 1, WAIT_MS) == 1) {
		got = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (got > 0)
			fate.bytes += (size_t)got;
		else if (got == 0)
			fate.eof = true;
		else if (errno == ECONNRESET)
			fate.reset = true;
		else if (errno != EAGAIN)
			fate.error = errno;
	}
	return fate;
}

static void check_end(const struct scenario *s, const char *whose, int fd, bool reset,
		      ssize_t bytes)
{
	struct fate fate = end_of(fd);

	if (fate.reset != reset || (!reset && !fate.eof) || (!reset && fate.bytes != (size_t)bytes))
		fail_msg("%s: %s read %zu of %zd bytes, reset %d, EOF %d, error %d", s->name, whose,
			 fate.bytes, bytes, fate.reset, fate.eof, fate.error);
}

static void check_time(const struct scenario *s, int64_t ms)
{
	bool waits = strcmp(s->foretold.outcome, "blocks") == 0;

	/* By jiffies, and rounded to the end of one. */
	if (waits ? ms < 1000 * s->foretold.block - 50 : ms > AT_ONCE_MS)
		fail_msg("%s: close() took %lld ms", s->name, (long long)ms);
}

static void run(const struct scenario *s)
{
	bool reset = strcmp(s->foretold.outcome, "reset") == 0;
	struct sctp_pair pair;
	int64_t aborts, ms;
	ssize_t sent;

	print_message("# %s\n", s->name);
	sent = set_scene(&pair, s);
	check_foretold(&s->foretold, pair.near, local_port(pair.far));
	aborts = sctp_counter("SctpAborteds");
	ms = close_timed(&pair.near);
	check_time(s, ms);
	check_end(s, "far", pair.far, reset, sent);
	if (s->many)
		check_end(s, "second", pair.second, reset, 0);
	if ((sctp_counter("SctpAborteds") > aborts) != reset)
		fail_msg("%s: SctpAborteds", s->name);
	sctp_close_pair(&pair);
}

static void every_scenario(void **state)
{
	(void)state;
	sctp_need();
	for (size_t i = 0; i < COUNT(scenarios); i++)
		run(&scenarios[i]);
}

/* ---- one at a time ---- */

/* A notification is memory, and no data. */
static void an_unread_notification_aborts_nothing(void **state)
{
	static const struct sctp_event_subscribe events = { .sctp_association_event = 1 };
	static const struct foretold quiet = { "fin", "none", "none", NULL, 0 };
	static const struct scenario named = { .name = "notification" };
	struct sctp_pair pair = { .near = -1, .second = -1 };
	struct listing listing;
	int64_t aborts;
	json_t *row;

	(void)state;
	sctp_need();
	pair.listener = sctp_listen(AF_INET, SOCK_STREAM, &pair.port);
	sctp_subscribe(pair.listener, &events);
	pair.far = sctp_connect(AF_INET, pair.port, 0);
	assert_return_code(pair.near = tcp_accept(pair.listener), errno);
	wait_readable(pair.near);
	sctp_list(&listing, NULL);
	row = sctp_association(&listing, pair.near, 0);
	check_row(row, json_integer_value(row_get(row, "recv_queue")) > 0);
	check_row(row, row_is_int(row, "unread_bytes", 0));
	listing_free(&listing);
	check_foretold(&quiet, pair.near, 0);
	aborts = sctp_counter("SctpAborteds");
	close_timed(&pair.near);
	check_end(&named, "far", pair.far, false, 0);
	assert_int_equal(sctp_counter("SctpAborteds"), aborts);
	sctp_close_pair(&pair);
}

/* Once data has come the kernel does not tell which of the two it is: both ends are foretold. The
 * notification comes with the subscription, as nothing is left to send. */
static void a_notification_where_data_has_come(void **state)
{
	static const struct sctp_event_subscribe events = { .sctp_sender_dry_event = 1 };
	static const struct scenario named = { .name = "notification after data" };
	struct sctp_pair pair;
	struct listing listing;
	char data[BYTES];
	json_t *row;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	deliver(pair.far, pair.near);
	assert_int_equal(recv(pair.near, data, sizeof(data), 0), BYTES);
	sctp_subscribe(pair.near, &events);
	wait_readable(pair.near);
	sctp_list(&listing, NULL);
	row = sctp_association(&listing, pair.near, 0);
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "close.outcome"));
	check_row(row, row_has_word(row, "close.outcomes", "fin"));
	check_row(row, row_has_word(row, "close.outcomes", "reset"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	check_row(row, !row_has_word(row, "close.reasons", "unread-data"));
	listing_free(&listing);
	close_timed(&pair.near);
	check_end(&named, "far", pair.far, false, 0);
	sctp_close_pair(&pair);
}

/* A listener's connections that nobody has accepted end as it does: for unread data of one, all
 * are aborted. */
static void what_a_listener_has_waiting(void **state)
{
	static const struct scenario named = { .name = "unaccepted" };

	(void)state;
	sctp_need();
	for (int unread = 0; unread < 2; unread++) {
		const char *outcome = unread ? "reset" : "fin";
		struct sctp_pair pair = { .listener = -1 };
		struct listing listing;
		json_t *row;

		pair.near = sctp_listen(AF_INET, SOCK_STREAM, &pair.port);
		pair.far = sctp_connect(AF_INET, pair.port, 0);
		pair.second = sctp_connect(AF_INET, pair.port, 0);
		if (unread) {
			int64_t chunks = sctp_counter("SctpInOrderChunks");

			assert_int_equal(send(pair.far, "data", 4, 0), 4);
			wait_counter("SctpInOrderChunks", chunks + 1);
		}
		sctp_list(&listing, "--linger=auto");
		row = sctp_endpoint(&listing, pair.near);
		check_row(row, row_is_int(row, "recv_queue", 2));
		check_row(row, row_has_word(row, "close.reasons", "unaccepted"));
		if (!row_is_null(row, "linger")) {
			check_row(row, row_is_text(row, "close.outcome", outcome));
			row = sctp_association(&listing, pair.near, local_port(pair.second));
			check_row(row, row_is_text(row, "close.outcome", outcome));
			check_row(row, row_has_word(row, "close.reasons", "sibling-unread") ==
					       (unread == 1));
		}
		listing_free(&listing);
		close_timed(&pair.near);
		check_end(&named, "far", pair.far, unread, 0);
		check_end(&named, "second", pair.second, unread, 0);
		sctp_close_pair(&pair);
	}
}

/* Without a process it has no inode, and its endpoint has its ports as well. */
static json_t *association_of(const struct listing *listing, uint16_t port, uint16_t peer)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row)
	{
		if (row_is_text(row, "sctp", "association") &&
		    row_is_int(row, "local.port", port) && row_is_int(row, "peer.port", peer))
			return row;
	}
	return NULL;
}

/* Closed with data on its way: the association is without a process and goes on, and is listed
 * until all is delivered. */
static void what_is_left_goes_on(void **state)
{
	struct sctp_pair pair;
	struct listing listing;
	struct fate fate;
	uint16_t port;
	ssize_t sent;
	json_t *row;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	sent = fill(pair.near, pair.port);
	port = local_port(pair.near);
	close_timed(&pair.near);
	sctp_list(&listing, NULL);
	row = association_of(&listing, port, pair.port);
	assert_non_null(row);
	check_row(row, row_is_text(row, "state", "shutdown_pending"));
	check_row(row, row_is_int(row, "inode", 0));
	check_row(row, row_has_no_linger(row));
	check_row(row, row_is_text(row, "close.outcome", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "possible"));
	check_row(row, row_has_word(row, "close.reasons", "orphan"));
	listing_free(&listing);
	fate = end_of(pair.far);
	assert_true(fate.eof && !fate.reset);
	assert_int_equal(fate.bytes, sent);
	sctp_close_pair(&pair);
}

/* The first association of a one-to-many socket, on a socket of its own. */
static int peel_off(int fd)
{
	struct {
		__u32 count;
		sctp_assoc_t ids[2];
	} list = { 0 };
	socklen_t len = sizeof(list);
	sctp_peeloff_arg_t peel = { 0 };

	assert_return_code(getsockopt(fd, IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, &list, &len),
			   errno);
	assert_int_equal(list.count, 2);
	peel.associd = list.ids[0];
	len = sizeof(peel);
	assert_return_code(getsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF, &peel, &len), errno);
	return peel.sd;
}

/* It no longer shares what the others have unread, and is still no socket that waits. */
static void peeled_off_it_ends_alone(void **state)
{
	static const struct foretold alone = { "fin", "none", "none", NULL, 0 };
	static const struct foretold aborted = { "reset", "certain", "certain", "unread-data", 0 };
	static const struct scenario named = { .name = "peeled off" };
	struct sctp_pair pair;
	int peeled, *own, *other;

	(void)state;
	sctp_need();
	sctp_open_many(&pair);
	assert_return_code(tcp_set_linger(pair.near, true, LONG), errno);
	peeled = peel_off(pair.near);
	own = peer_port(peeled) == local_port(pair.far) ? &pair.far : &pair.second;
	other = own == &pair.far ? &pair.second : &pair.far;
	deliver(*other, pair.near);
	check_foretold(&aborted, pair.near, local_port(*other));
	check_foretold(&alone, peeled, local_port(*own));
	assert_true(close_timed(&peeled) < AT_ONCE_MS);
	check_end(&named, "own", *own, false, 0);
	close_timed(&pair.near);
	check_end(&named, "other", *other, true, 0);
	sctp_close_pair(&pair);
}

static void check_says(const char *const argv[], const char *format, long long number)
{
	struct tool_run run;
	char wanted[64];

	snprintf(wanted, sizeof(wanted), format, number);
	assert_return_code(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	if (!strstr(run.output, wanted))
		fail_msg("%s: no %s in\n%s", argv[1], wanted, run.output);
	tool_free(&run);
}

/* One association is enough for two: each end counts it. */
static void aborts_are_counted(void **state)
{
	static const char *const json[] = { "lingerstat", "summary", "--sections=aborts", "--json",
					    NULL };
	static const char *const text[] = { "lingerstat", "summary", "--sections=aborts", NULL };
	static const char *const metrics[] = { "lingerstat", "metrics", NULL };
	struct sctp_pair pair;
	int64_t before, now;

	(void)state;
	sctp_need();
	before = sctp_counter("SctpAborteds");
	sctp_open_pair(&pair, AF_INET);
	assert_return_code(tcp_set_linger(pair.near, true, 0), errno);
	close_timed(&pair.near);
	sctp_close_pair(&pair);
	wait_counter("SctpAborteds", before + 2);
	now = sctp_counter("SctpAborteds");
	check_says(json, "\"sctp\":%lld", now);
	check_says(text, "SctpAborteds", now);
	check_says(metrics, "\nlingerstat_sctp_aborts_total %lld\n", now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scenario),
		cmocka_unit_test(an_unread_notification_aborts_nothing),
		cmocka_unit_test(a_notification_where_data_has_come),
		cmocka_unit_test(what_a_listener_has_waiting),
		cmocka_unit_test(what_is_left_goes_on),
		cmocka_unit_test(peeled_off_it_ends_alone),
		cmocka_unit_test(aborts_are_counted),
	};

	harness_enter();
	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("sctp close", tests, NULL, NULL);
}
