/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading ahead: order, end, errors, and a taker that stops, with a source that is made up, and
 * with a socket.
 */
#include "config.h"

#include "unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/ahead.h"

#define SIZE     256
#define MANY     1000
#define FOR_EVER UINT32_MAX
#define RING_MAX 64 /* more than any ring has */

/* The n-th datagram is of some length and full of n. Behind the last good one comes `then`: a
 * length, or an error. */
struct made_up {
	uint32_t good;
	ssize_t then;
	bool hiccups; /* each comes at the third try */
	unsigned int tries;
	atomic_uint given, calls;
	sigset_t mask;
};

static ssize_t length_of(uint32_t n)
{
	return 4 + (ssize_t)(n * 7 % (SIZE - 4));
}

static ssize_t receive(void *ctx, void *buf, size_t size)
{
	struct made_up *m = ctx;
	uint32_t n;

	if (size != SIZE)
		return -EINVAL;
	atomic_fetch_add(&m->calls, 1);
	if (m->hiccups && ++m->tries % 3)
		return m->tries % 3 == 1 ? -EINTR : -EAGAIN;
	n = atomic_fetch_add(&m->given, 1);
	if (n >= m->good)
		return m->then;
	memset(buf, (int)(n & 255), (size_t)length_of(n));
	memcpy(buf, &n, sizeof(n));
	return length_of(n);
}

static bool is_last(void *ctx, const void *datagram, size_t len)
{
	struct made_up *m = ctx;
	uint32_t n;

	memcpy(&n, datagram, sizeof(n));
	return (ssize_t)len != length_of(n) || (m->then == 1 && n == m->good - 1);
}

static struct ahead *start(struct made_up *m)
{
	const struct ahead_calls calls = { receive, is_last, m, SIZE };
	struct ahead *ahead = ahead_start(&calls);

	if (!ahead) {
		print_message("# one processor only\n");
		skip();
	}
	return ahead;
}

static void take(struct ahead *ahead, uint32_t n)
{
	const void *datagram = NULL;
	char want[SIZE];

	memset(want, (int)(n & 255), sizeof(want));
	memcpy(want, &n, sizeof(n));
	assert_int_equal(ahead_next(ahead, &datagram), length_of(n));
	assert_memory_equal(datagram, want, (size_t)length_of(n));
}

static void expect_over(struct ahead *ahead)
{
	const void *datagram;

	assert_int_equal(ahead_next(ahead, &datagram), AHEAD_OVER);
	assert_int_equal(ahead_next(ahead, &datagram), AHEAD_OVER);
	ahead_stop(ahead);
}

static void gives_all_in_order(void **state)
{
	struct made_up m = { .good = MANY, .then = 1 };
	struct ahead *ahead = start(&m);

	(void)state;
	for (uint32_t n = 0; n < MANY; n++)
		take(ahead, n);
	expect_over(ahead);
	assert_int_equal(m.calls, MANY); /* nothing is read after the last */
}

/* Each side has its turn to wait for the other. */
static void a_slow_taker_gets_the_same(void **state)
{
	struct made_up m = { .good = 200, .then = 1 };
	struct ahead *ahead = start(&m);

	(void)state;
	for (uint32_t n = 0; n < 200; n++) {
		if (n % 16 == 0)
			usleep(1000);
		take(ahead, n);
	}
	expect_over(ahead);
}

static void an_error_comes_in_its_turn(void **state)
{
	static const ssize_t ends[] = { -ENOBUFS, -EMSGSIZE, -ENOMEM, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct made_up m = { .good = 40, .then = ends[i] };
		struct ahead *ahead = start(&m);
		const void *datagram;

		for (uint32_t n = 0; n < 40; n++)
			take(ahead, n);
		assert_int_equal(ahead_next(ahead, &datagram), ends[i]);
		expect_over(ahead);
		assert_int_equal(m.calls, 41);
	}
}

static void what_is_no_error_is_tried_again(void **state)
{
	struct made_up m = { .good = 100, .then = 1, .hiccups = true };
	struct ahead *ahead = start(&m);

	(void)state;
	for (uint32_t n = 0; n < 100; n++)
		take(ahead, n);
	expect_over(ahead);
	assert_int_equal(m.calls, 300);
}

static void does_not_wait_for_a_full_ring(void **state)
{
	struct made_up m = { .good = 1, .then = -EAGAIN };
	struct ahead *ahead = start(&m);

	(void)state;
	take(ahead, 0);
	ahead_stop(ahead);
}

/* With the reader wherever it is: just begun, waiting for room, or in the middle. */
static void stops_early(void **state)
{
	(void)state;
	for (uint32_t taken = 0; taken < 100; taken++) {
		struct made_up m = { .good = FOR_EVER };
		struct ahead *ahead = start(&m);

		for (uint32_t n = 0; n < taken; n++)
			take(ahead, n);
		if (taken % 10 == 0)
			usleep(1000);
		ahead_stop(ahead);
		assert_in_range(m.calls, taken, taken + RING_MAX);
	}
	ahead_stop(NULL);
}

/* --- a socket -------------------------------------------------------------------------------- */

static ssize_t receive_from_socket(void *ctx, void *buf, size_t size)
{
	const int *fd = ctx;
	struct pollfd ready = { *fd, POLLIN, 0 };
	ssize_t len = recv(*fd, buf, size, MSG_DONTWAIT);

	if (len >= 0 || errno != EAGAIN)
		return len < 0 ? -errno : len;
	poll(&ready, 1, 20);
	return -EAGAIN;
}

static bool says_last(void *ctx, const void *datagram, size_t len)
{
	(void)ctx;
	return len == 4 && memcmp(datagram, "last", 4) == 0;
}

static struct ahead *start_on_socket(int fds[2])
{
	struct ahead_calls calls = { receive_from_socket, says_last, &fds[0], SIZE };
	struct ahead *ahead;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), errno);
	ahead = ahead_start(&calls);
	if (!ahead) {
		close(fds[0]);
		close(fds[1]);
		skip();
	}
	return ahead;
}

static void waits_for_a_socket(void **state)
{
	int fds[2];
	struct ahead *ahead = start_on_socket(fds);
	const void *datagram;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(write(fds[1], "hello", 5), 5);
		assert_int_equal(ahead_next(ahead, &datagram), 5);
		assert_memory_equal(datagram, "hello", 5);
	}
	assert_int_equal(write(fds[1], "last", 4), 4);
	assert_int_equal(write(fds[1], "more", 4), 4);
	assert_int_equal(ahead_next(ahead, &datagram), 4);
	expect_over(ahead);
	close(fds[0]);
	close(fds[1]);
}

static void stops_where_nothing_comes(void **state)
{
	int fds[2];
	struct ahead *ahead = start_on_socket(fds);

	(void)state;
	ahead_stop(ahead);
	close(fds[0]);
	close(fds[1]);
}

/* --- the thread ------------------------------------------------------------------------------ */

static ssize_t note_mask(void *ctx, void *buf, size_t size)
{
	struct made_up *m = ctx;

	(void)buf;
	(void)size;
	pthread_sigmask(SIG_SETMASK, NULL, &m->mask);
	return 0;
}

static void signals_are_not_for_the_reader(void **state)
{
	static const int blocked[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE };
	struct made_up m = { 0 };
	const struct ahead_calls calls = { note_mask, is_last, &m, SIZE };
	sigset_t before, after;
	struct ahead *ahead;
	const void *datagram;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	ahead = ahead_start(&calls);
	if (!ahead)
		skip();
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(ahead_next(ahead, &datagram), 0);
	ahead_stop(ahead);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++) {
		assert_true(sigismember(&m.mask, blocked[i]));
		assert_int_equal(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
	}
}

static unsigned int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The kernel itself does not count it any more. */
static void nothing_is_left_of_the_thread(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct made_up m = { .good = FOR_EVER };
		unsigned int before = threads();
		struct ahead *ahead = start(&m);

		take(ahead, 0);
		ahead_stop(ahead);
		assert_int_equal(threads(), before);
	}
}

static void one_processor_has_no_reader(void **state)
{
	struct made_up m = { .good = MANY, .then = 1 };
	const struct ahead_calls calls = { receive, is_last, &m, SIZE };
	cpu_set_t all, one;
	int first = 0;

	(void)state;
	assert_return_code(sched_getaffinity(0, sizeof(all), &all), errno);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_return_code(sched_setaffinity(0, sizeof(one), &one), errno);
	assert_null(ahead_start(&calls));
	assert_return_code(sched_setaffinity(0, sizeof(all), &all), errno);
	assert_int_equal(m.calls, 0);
}

static bool no_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *ctx);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *ctx);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *ctx)
{
	return no_threads ? EAGAIN : __real_pthread_create(thread, attr, run, ctx);
}

static void no_thread_is_to_be_had(void **state)
{
	struct made_up m = { .good = MANY, .then = 1 };
	const struct ahead_calls calls = { receive, is_last, &m, SIZE };

	(void)state;
	no_threads = true;
	assert_null(ahead_start(&calls));
	no_threads = false;
	assert_int_equal(m.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_all_in_order),
		cmocka_unit_test(a_slow_taker_gets_the_same),
		cmocka_unit_test(an_error_comes_in_its_turn),
		cmocka_unit_test(what_is_no_error_is_tried_again),
		cmocka_unit_test(does_not_wait_for_a_full_ring),
		cmocka_unit_test(stops_early),
		cmocka_unit_test(waits_for_a_socket),
		cmocka_unit_test(stops_where_nothing_comes),
		cmocka_unit_test(signals_are_not_for_the_reader),
		cmocka_unit_test(nothing_is_left_of_the_thread),
		cmocka_unit_test(one_processor_has_no_reader),
		cmocka_unit_test(no_thread_is_to_be_had),
	};

	return cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
