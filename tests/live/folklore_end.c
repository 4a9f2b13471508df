/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folklore about how a connection ends: TIME_WAIT, what zero linger sends, and which references
 * keep a socket from closing.
 */
#include "folklore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "observe.h"
#include "ways.h"

static void check_time_wait_row(const struct tcp_pair *pair)
{
	json_t *row = foretell_ports(pair->family, pair->near_port, pair->far_port);

	check_row(row, row_is_text(row, "state", "time_wait"));
	check_forecast(row, "none", "none", 0);
	check_row(row, row_has_no_linger(row));
	json_decref(row);
}

/* ---- TIME_WAIT ---- */

/* The end that closes first gets it. */
static void close_leaves_time_wait__true(int family)
{
	struct tcp_pair pair;
	json_t *foretold;
	int result;

	open_pair(&pair, family);
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	close_timed(&pair.near, &result);
	drop_fd(&pair.far);
	assert_true(wait_listed(&pair, "time_wait"));
	check_time_wait_row(&pair);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

static void zero_linger_avoids_time_wait__true(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	open_pair(&pair, family);
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	foretold = foretell(pair.near);
	check_forecast(foretold, "reset", "possible", 0);
	check_row(foretold, row_has_word(foretold, "close.reasons", "zero-linger"));
	before = counters_now();
	close_timed(&pair.near, &result);
	assert_int_equal(result, 0);
	assert_true(counters_moved(&before, 1, 0, 1));
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_RESET);
	drop_fd(&pair.far);
	assert_true(wait_listed(&pair, NULL));
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* Both FINs are through while the descriptor is still open: TIME_WAIT is there already, and the
 * descriptor has nothing to do with it any more. */
static void zero_linger_avoids_time_wait__false_once_it_exists(int family)
{
	struct counters before;
	struct tcp_pair pair;
	int result;

	open_pair(&pair, family);
	assert_return_code(shutdown(pair.near, SHUT_WR), errno);
	drop_fd(&pair.far);
	assert_true(wait_listed(&pair, "time_wait"));
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	check_time_wait_row(&pair);
	before = counters_now();
	close_timed(&pair.near, &result);
	assert_int_equal(result, 0);
	assert_int_equal(counters_now().resets_sent - before.resets_sent, 0);
	check_time_wait_row(&pair);
	tcp_pair_close(&pair);
}

/* ---- zero linger that says nothing ---- */

/* One close with zero linger of a socket whose FIN is sent. Gives the RSTs that were seen. */
static int close_silently(int family, int (*reach)(struct tcp_pair *pair), const char *state)
{
	struct counters before, after;
	struct tcp_pair pair;
	json_t *foretold;
	int result;

	fresh_namespace();
	open_pair(&pair, family);
	assert_return_code(reach(&pair), 0);
	assert_true(wait_listed(&pair, state));
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	foretold = foretell(pair.near);
	check_forecast(foretold, "silent", "none", 0);
	check_row(foretold, row_has_word(foretold, "close.reasons", "zero-linger"));
	before = counters_now();
	close_timed(&pair.near, &result);
	after = counters_now();
	assert_int_equal(result, 0);
	assert_true(wait_listed(&pair, NULL));
	json_decref(foretold);
	tcp_pair_close(&pair);
	return after.resets_sent - before.resets_sent;
}

/* The deaf peer sends its own FIN again and again; when it does so between the close and the look
 * at the counter, the RST counted is the answer to that. Three times in a row is no chance. */
static void check_silent(int family, int (*reach)(struct tcp_pair *pair), const char *state)
{
	int resets = 1;

	for (int i = 0; i < 3 && resets; i++)
		resets = close_silently(family, reach, state);
	assert_int_equal(resets, 0);
}

static void zero_linger_always_resets__false_silent_in_last_ack(int family)
{
	check_silent(family, way_last_fin_into_void, "last_ack");
}

static void zero_linger_always_resets__false_silent_in_closing(int family)
{
	check_silent(family, way_fins_cross, "closing");
}

/* tcp_disconnect() resets in these states too while something is unsent, our FIN included. */
static void zero_linger_in_last_ack_is_always_silent__false_with_unsent_data_it_resets(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	open_stalled(&pair, family, true, 0);
	assert_return_code(shutdown(pair.far, SHUT_WR), errno);
	assert_return_code(tcp_wait_state(pair.near, TCP_CLOSE_WAIT), 0);
	assert_return_code(shutdown(pair.near, SHUT_WR), errno);
	assert_int_equal(tcp_state(pair.near), TCP_LAST_ACK);
	foretold = foretell(pair.near);
	check_forecast(foretold, "reset", "certain", 0);
	before = counters_now();
	close_timed(&pair.near, &result);
	assert_true(counters_moved(&before, 1, 0, 1));
	check_loss(foretold, STALLED_BYTES - read_to_end(pair.far, &end));
	assert_int_equal(end, END_RESET);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* ---- references ---- */

static void an_epoll_registration_keeps_it_open__false(int family)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int result;

	assert_return_code(epoll, errno);
	open_pair(&pair, family);
	assert_return_code(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event), errno);
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	check_row(foretold, row_is_int(foretold, "references", 1));
	check_row(foretold, !row_has_word(foretold, "close.reasons", "shared"));
	close_timed(&pair.near, &result);
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_EOF);
	json_decref(foretold);
	close(epoll);
	tcp_pair_close(&pair);
}

/* Neither FIN nor RST, nor the linger time, while a duplicate is there. */
static void check_first_close_of_two(int family, bool zero)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result, copy;

	open_pair(&pair, family);
	assert_return_code(tcp_set_linger(pair.near, true, zero ? 0 : LONG_LINGER), 0);
	assert_return_code(copy = fcntl(pair.near, F_DUPFD_CLOEXEC, 0), errno);
	foretold = foretell(pair.near);
	check_row(foretold, row_is_int(foretold, "references", 2));
	check_row(foretold, row_has_word(foretold, "close.reasons", "shared"));
	check_forecast(foretold, zero ? "reset" : "fin", zero ? "possible" : "none",
		       zero ? 0 : LONG_LINGER);
	before = counters_now();
	assert_true(close_timed(&pair.near, &result) < AT_ONCE_MS);
	stand_still();
	assert_int_equal(tcp_state(copy), TCP_ESTABLISHED);
	assert_int_equal(tcp_state(pair.far), TCP_ESTABLISHED);
	assert_true(counters_moved(&before, 0, 0, 0));

	close_timed(&copy, &result);
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, zero ? END_RESET : END_EOF);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

static void every_close_sends_a_fin__false_only_the_last(int family)
{
	check_first_close_of_two(family, false);
}

static void every_close_with_zero_linger_resets__false_only_the_last(int family)
{
	check_first_close_of_two(family, true);
}

static void shutdown_waits_for_the_last_reference__false_it_acts_at_once(int family)
{
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int copy;

	open_pair(&pair, family);
	assert_return_code(copy = fcntl(pair.near, F_DUPFD_CLOEXEC, 0), errno);
	assert_return_code(shutdown(pair.near, SHUT_WR), errno);
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_EOF);
	assert_true(wait_listed(&pair, "fin_wait2"));
	foretold = foretell(copy);
	check_row(foretold, row_is_text(foretold, "state", "fin_wait2"));
	check_row(foretold, row_is_int(foretold, "references", 2));
	check_row(foretold, row_has_word(foretold, "shutdown", "send"));
	json_decref(foretold);
	close(copy);
	tcp_pair_close(&pair);
}

/* ---- a reader in another thread ---- */

struct reader {
	int fd;
	_Atomic pid_t tid;
	ssize_t got;
};

static void *read_one(void *arg)
{
	struct reader *reader = arg;
	char byte;

	reader->tid = (pid_t)syscall(SYS_gettid);
	reader->got = recv(reader->fd, &byte, 1, 0);
	return NULL;
}

/* The system call that a thread of ours waits in, -1 when it waits in none that can be seen. */
static long waits_in(pid_t tid)
{
	char path[64];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1; /* "running" */
	fclose(file);
	return number;
}

/* A system call under way holds the socket, and no list of descriptors shows it. */
static void close_ends_it_while_a_thread_reads__false_when_the_read_is_over(int family)
{
	int64_t end = now_ms() + WAIT_MS;
	struct reader reader = { 0 };
	struct counters before;
	struct tcp_pair pair;
	enum peer_end seen;
	json_t *foretold;
	pthread_t thread;
	int result;

	open_pair(&pair, family);
	reader.fd = pair.near;
	assert_int_equal(pthread_create(&thread, NULL, read_one, &reader), 0);
	while ((!reader.tid || waits_in(reader.tid) != SYS_recvfrom) && nap_before(end))
		;
	if (waits_in(reader.tid) != SYS_recvfrom) {
		shutdown(pair.near, SHUT_RD);
		pthread_join(thread, NULL);
		tcp_pair_close(&pair);
		print_message("# /proc does not tell what a thread waits for\n");
		skip();
	}
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	check_row(foretold, row_is_int(foretold, "references", 1));
	json_decref(foretold);
	before = counters_now();
	assert_true(close_timed(&pair.near, &result) < AT_ONCE_MS);
	stand_still();
	assert_int_equal(tcp_state(pair.far), TCP_ESTABLISHED);
	assert_int_equal(send(pair.far, "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader.got, 1);
	assert_int_equal(read_to_end(pair.far, &seen), 0);
	assert_int_equal(seen, END_EOF);
	assert_true(counters_moved(&before, 0, 0, 0));
	tcp_pair_close(&pair);
}

static const struct folklore tests[] = {
	FOLKLORE(close_leaves_time_wait__true),
	FOLKLORE(zero_linger_avoids_time_wait__true),
	FOLKLORE(zero_linger_avoids_time_wait__false_once_it_exists),
	FOLKLORE(zero_linger_always_resets__false_silent_in_last_ack),
	FOLKLORE(zero_linger_always_resets__false_silent_in_closing),
	FOLKLORE(zero_linger_in_last_ack_is_always_silent__false_with_unsent_data_it_resets),
	FOLKLORE(an_epoll_registration_keeps_it_open__false),
	FOLKLORE(every_close_sends_a_fin__false_only_the_last),
	FOLKLORE(every_close_with_zero_linger_resets__false_only_the_last),
	FOLKLORE(shutdown_waits_for_the_last_reference__false_it_acts_at_once),
	FOLKLORE(close_ends_it_while_a_thread_reads__false_when_the_read_is_over),
};

const struct folklore_chapter folklore_end = { tests, sizeof(tests) / sizeof(tests[0]) };
