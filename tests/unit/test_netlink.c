/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as transport, with the kernel replaced: every way in which a dump can end, each told
 * apart, and none of them an empty success.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/source.h"
#include "unit/diag.h"
#include "unit/fake_kernel.h"

/* --- dumping ---------------------------------------------------------------------------------- */

static struct {
	struct source *source;
	struct dump_report report;
	uint64_t cookies[32];
	size_t count;
	size_t stop_at;
	int stop_error;
} dump;

static int keep(void *ctx, struct socket *sk)
{
	assert_ptr_equal(ctx, &dump);
	assert_true(dump.count < COUNT(dump.cookies));
	dump.cookies[dump.count++] = sk->cookie;
	return dump.stop_error && dump.count == dump.stop_at ? dump.stop_error : 0;
}

static int run_dump(void)
{
	const struct selection sel = {
		.netids = NETID_BIT(NETID_TCP),
		.states = STATES_ALL,
		.ipv4 = true,
		.ipv6 = true,
		.want_tcp_info = true,
	};

	dump.count = 0;
	return source_dump(dump.source, &family_tcp, &sel, keep, &dump, &dump.report);
}

/* The dump must break so, with this many sockets before. */
static void assert_breaks(enum dump_problem problem, int error, size_t sockets)
{
	assert_int_equal(run_dump(), error);
	assert_true(error < 0);
	assert_int_equal(dump.report.problem, problem);
	assert_int_equal(dump.report.error, error);
	assert_int_equal(dump.report.sockets, sockets);
	assert_int_equal(dump.count, sockets);
	assert_true(dump_incomplete(&dump.report));
	assert_int_equal(kernel.next, kernel.count);
}

static void assert_whole(size_t sockets)
{
	assert_int_equal(run_dump(), 0);
	assert_int_equal(dump.report.problem, DUMP_OK);
	assert_int_equal(dump.report.error, 0);
	assert_int_equal(dump.report.sockets, sockets);
	assert_int_equal(dump.count, sockets);
	assert_int_equal(kernel.next, kernel.count);
}

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&dump, 0, sizeof(dump));
	return source_open_kernel(&dump.source);
}

static int tear_down(void **state)
{
	(void)state;
	source_close(dump.source);
	return kernel.opened == 1 && kernel.closed == 1 ? 0 : -1;
}

/* --- read ahead ------------------------------------------------------------------------------- */

#define LARGE  20000 /* bytes of a datagram that makes the transport think of a reader */
#define BEFORE 12    /* such datagrams: enough for one */

static bool has_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

/* The same tests with a long dump before, so that a thread reads when it comes to what they are
 * about. */
static int set_up_ahead(void **state)
{
	static const char nothing[LARGE];
	int err = set_up(state);

	kernel.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < BEFORE; i++)
		add_message(datagram(), NLMSG_NOOP, nothing, sizeof(nothing));
	return kernel.fd < 0 ? -1 : err;
}

static int tear_down_ahead(void **state)
{
	close(kernel.fd);
	if (has_processors() && !kernel.read_ahead)
		return -1;
	return tear_down(state);
}

/* --- whole dumps ------------------------------------------------------------------------------ */

static void an_empty_dump_is_whole(void **state)
{
	(void)state;
	add_done(datagram(), 0);
	assert_whole(0);
	assert_false(dump_incomplete(&dump.report));
	assert_false(source_is_replay(dump.source));
}

static void several_datagrams_are_one_dump(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_socket(a, 2);
	add_socket(datagram(), 3);
	a = datagram();
	add_socket(a, 4);
	add_done(a, 0);
	assert_whole(4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(dump.cookies[i], i + 1);
	assert_int_equal(dump.report.messages, 4);
	assert_false(dump_incomplete(&dump.report));
}

static void a_done_without_a_code_is_an_end(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_message(a, NLMSG_DONE, NULL, 0);
	assert_whole(1);
}

static void repeats_are_dropped_and_counted(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_socket(a, 2);
	add_socket(a, 1);
	a = datagram();
	add_socket(a, 2);
	add_socket(a, 3);
	add_done(a, 0);
	assert_whole(3);
	assert_int_equal(dump.report.duplicates, 2);
	assert_int_equal(dump.report.messages, 5);
	assert_false(dump_incomplete(&dump.report));
}

/* The window is of one dump: what the last one saw is no repeat. */
static void a_second_dump_starts_anew(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct answer *a = datagram();

		add_socket(a, 1);
		add_done(a, 0);
		assert_whole(1);
		assert_int_equal(dump.report.duplicates, 0);
	}
	assert_int_equal(kernel.sent, 2);
}

static void a_signal_does_not_end_the_dump(void **state)
{
	struct answer *a;

	(void)state;
	add_error(EINTR);
	add_socket(datagram(), 1);
	add_error(EINTR);
	a = datagram();
	add_socket(a, 2);
	add_done(a, 0);
	assert_whole(2);
}

static void foreign_messages_are_passed_over(void **state)
{
	const int failed = -EIO;
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1)->nlmsg_seq = kernel.seq + 77;
	add_socket(a, 2)->nlmsg_pid = PORTID + 1;
	/* The end of an earlier dump, and somebody else's error, end nothing here. */
	add_message(a, NLMSG_DONE, &failed, sizeof(failed))->nlmsg_seq = kernel.seq + 77;
	add_message(a, NLMSG_OVERRUN, NULL, 0)->nlmsg_pid = PORTID + 1;
	add_socket(a, 3);
	add_done(a, 0);
	assert_whole(1);
	assert_int_equal(dump.cookies[0], 3);
	assert_int_equal(dump.report.messages, 1);
}

static void noop_and_acknowledgement_are_passed_over(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_message(a, NLMSG_NOOP, NULL, 0);
	add_refusal(a, 0);
	add_socket(a, 1);
	add_done(a, 0);
	assert_whole(1);
	assert_false(dump_incomplete(&dump.report));
}

/* --- dumps that break ------------------------------------------------------------------------- */

static void an_error_inside_done(void **state)
{
	(void)state;
	add_done(datagram(), -ENOENT);
	assert_breaks(DUMP_DONE_ERROR, -ENOENT, 0);
}

static void an_error_inside_done_after_sockets(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_done(a, -ENOMEM);
	assert_breaks(DUMP_DONE_ERROR, -ENOMEM, 1);
}

static void a_refusal(void **state)
{
	(void)state;
	add_refusal(datagram(), -EOPNOTSUPP);
	assert_breaks(DUMP_REFUSED, -EOPNOTSUPP, 0);
}

static void a_refusal_that_is_cut(void **state)
{
	const int error = -EPERM;

	(void)state;
	add_message(datagram(), NLMSG_ERROR, &error, sizeof(error));
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 0);
}

static void an_overrun_message(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_message(a, NLMSG_OVERRUN, NULL, 0);
	assert_breaks(DUMP_OVERRUN, -ENOBUFS, 1);
}

static void an_overrun_of_the_receive_buffer(void **state)
{
	(void)state;
	add_socket(datagram(), 1);
	add_error(ENOBUFS);
	assert_breaks(DUMP_OVERRUN, -ENOBUFS, 1);
}

/* libmnl tells MSG_TRUNC by ENOSPC. */
static void a_truncated_datagram(void **state)
{
	(void)state;
	add_socket(datagram(), 1);
	add_error(ENOSPC);
	assert_breaks(DUMP_TRUNCATED, -EMSGSIZE, 1);
}

static void a_failing_receive(void **state)
{
	(void)state;
	add_socket(datagram(), 1);
	add_error(EIO);
	assert_breaks(DUMP_RECV_FAILED, -EIO, 1);
}

static void an_end_without_done(void **state)
{
	(void)state;
	add_socket(datagram(), 1);
	datagram()->length = 0;
	assert_breaks(DUMP_NO_END, -EPROTO, 1);
}

static void a_failing_send(void **state)
{
	(void)state;
	kernel.send_error = ECONNREFUSED;
	assert_breaks(DUMP_SEND_FAILED, -ECONNREFUSED, 0);
}

static void garbage_behind_a_message(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	memset(a->data + a->length, 0xff, 7);
	a->length += 7;
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 1);
}

static void a_length_beyond_the_datagram(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_socket(a, 2)->nlmsg_len += 4;
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 1);
}

static void a_length_below_the_header(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1)->nlmsg_len = NLMSG_HDRLEN - 1;
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 0);
}

/* As a number with a sign it would be less than any other. */
static void a_length_of_two_gigabytes(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_socket(a, 2)->nlmsg_len |= UINT32_C(0x80000000);
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 1);
}

static void a_datagram_shorter_than_a_header(void **state)
{
	struct answer *a = datagram();

	(void)state;
	a->length = NLMSG_HDRLEN - 1;
	assert_breaks(DUMP_BAD_MESSAGE, -EBADMSG, 0);
}

static void a_sink_that_stops(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_socket(a, 2);
	add_socket(a, 3);
	add_done(a, 0);
	dump.stop_at = 2;
	dump.stop_error = -ENOSPC;
	assert_breaks(DUMP_STOPPED, -ENOSPC, 2);
}

/* Not broken, and yet not to be called whole. */
static void an_interrupted_dump_is_incomplete(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1)->nlmsg_flags |= NLM_F_DUMP_INTR;
	add_socket(a, 2);
	add_done(a, 0);
	run_dump();
	assert_int_equal(dump.count, 2);
	assert_int_equal(dump.report.interrupted, 1);
	assert_true(dump_incomplete(&dump.report));
}

static void an_interruption_told_by_done_is_incomplete(void **state)
{
	const int code = 0;
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_message(a, NLMSG_DONE, &code, sizeof(code))->nlmsg_flags |= NLM_F_DUMP_INTR;
	run_dump();
	assert_true(dump.report.interrupted > 0);
	assert_true(dump_incomplete(&dump.report));
}

static void a_malformed_socket_makes_it_incomplete(void **state)
{
	struct answer *a = datagram();

	(void)state;
	add_socket(a, 1);
	add_message(a, SOCK_DIAG_BY_FAMILY, "short", 5);
	add_socket(a, 2);
	add_done(a, 0);
	run_dump();
	assert_int_equal(dump.count, 2);
	assert_int_equal(dump.report.malformed, 1);
	assert_int_equal(dump.report.messages, 3);
	assert_true(dump_incomplete(&dump.report));
}

static void every_problem_has_its_own_words(void **state)
{
	(void)state;
	for (int i = DUMP_OK; i <= DUMP_STOPPED; i++) {
		const char *text = dump_problem_text((enum dump_problem)i);

		assert_non_null(text);
		assert_true(*text);
		for (int j = DUMP_OK; j < i; j++)
			assert_string_not_equal(text, dump_problem_text((enum dump_problem)j));
	}
}

/* --- opening ---------------------------------------------------------------------------------- */

static void opening_fails(void **state)
{
	struct source *source = NULL;

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.open_error = EPROTONOSUPPORT;
	assert_int_equal(source_open_kernel(&source), -EPROTONOSUPPORT);
	assert_null(source);
	source_close(source);
}

static void binding_fails(void **state)
{
	struct source *source = NULL;

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.bind_error = EADDRINUSE;
	assert_int_equal(source_open_kernel(&source), -EADDRINUSE);
	assert_null(source);
	assert_int_equal(kernel.closed, 1);
}

#define DUMP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#define LONG_DUMP_TEST(function)                                                  \
	{                                                                         \
#function "_ahead", function, set_up_ahead, tear_down_ahead, NULL \
	}

/* --- between datagrams ------------------------------------------------------------------------ */

static struct {
	size_t sockets[8]; /* that had been handed on at each pause */
	size_t count;
	bool dry;
} pauses;

static void note_pause(void *ctx, bool dry)
{
	assert_ptr_equal(ctx, &pauses);
	assert_true(pauses.count < COUNT(pauses.sockets));
	pauses.sockets[pauses.count++] = dump.count;
	pauses.dry |= dry;
}

/* What is held back can be written before each wait, so before the dump has ended. */
static void a_pause_comes_before_each_datagram(void **state)
{
	struct answer *a = datagram();

	(void)state;
	memset(&pauses, 0, sizeof(pauses));
	source_on_pause(dump.source, note_pause, &pauses);
	add_socket(a, 1);
	add_socket(a, 2);
	add_socket(datagram(), 3);
	add_done(datagram(), 0);
	assert_whole(3);
	assert_int_equal(pauses.count, 3);
	assert_int_equal(pauses.sockets[0], 0);
	assert_int_equal(pauses.sockets[1], 2);
	assert_int_equal(pauses.sockets[2], 3);
	/* The kernel fills the next answer while it is asked for it. */
	assert_false(pauses.dry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMP_TEST(an_empty_dump_is_whole),
		DUMP_TEST(several_datagrams_are_one_dump),
		DUMP_TEST(a_done_without_a_code_is_an_end),
		DUMP_TEST(repeats_are_dropped_and_counted),
		DUMP_TEST(a_second_dump_starts_anew),
		DUMP_TEST(a_signal_does_not_end_the_dump),
		DUMP_TEST(foreign_messages_are_passed_over),
		DUMP_TEST(noop_and_acknowledgement_are_passed_over),
		DUMP_TEST(an_error_inside_done),
		DUMP_TEST(an_error_inside_done_after_sockets),
		DUMP_TEST(a_refusal),
		DUMP_TEST(a_refusal_that_is_cut),
		DUMP_TEST(an_overrun_message),
		DUMP_TEST(an_overrun_of_the_receive_buffer),
		DUMP_TEST(a_truncated_datagram),
		DUMP_TEST(a_failing_receive),
		DUMP_TEST(an_end_without_done),
		DUMP_TEST(a_failing_send),
		DUMP_TEST(garbage_behind_a_message),
		DUMP_TEST(a_length_beyond_the_datagram),
		DUMP_TEST(a_length_below_the_header),
		DUMP_TEST(a_length_of_two_gigabytes),
		DUMP_TEST(a_datagram_shorter_than_a_header),
		DUMP_TEST(a_sink_that_stops),
		DUMP_TEST(an_interrupted_dump_is_incomplete),
		DUMP_TEST(an_interruption_told_by_done_is_incomplete),
		DUMP_TEST(a_malformed_socket_makes_it_incomplete),
		DUMP_TEST(a_pause_comes_before_each_datagram),
		LONG_DUMP_TEST(an_empty_dump_is_whole),
		LONG_DUMP_TEST(several_datagrams_are_one_dump),
		LONG_DUMP_TEST(a_done_without_a_code_is_an_end),
		LONG_DUMP_TEST(repeats_are_dropped_and_counted),
		LONG_DUMP_TEST(a_second_dump_starts_anew),
		LONG_DUMP_TEST(a_signal_does_not_end_the_dump),
		LONG_DUMP_TEST(foreign_messages_are_passed_over),
		LONG_DUMP_TEST(noop_and_acknowledgement_are_passed_over),
		LONG_DUMP_TEST(an_error_inside_done),
		LONG_DUMP_TEST(an_error_inside_done_after_sockets),
		LONG_DUMP_TEST(a_refusal),
		LONG_DUMP_TEST(a_refusal_that_is_cut),
		LONG_DUMP_TEST(an_overrun_message),
		LONG_DUMP_TEST(an_overrun_of_the_receive_buffer),
		LONG_DUMP_TEST(a_truncated_datagram),
		LONG_DUMP_TEST(a_failing_receive),
		LONG_DUMP_TEST(an_end_without_done),
		LONG_DUMP_TEST(garbage_behind_a_message),
		LONG_DUMP_TEST(a_length_beyond_the_datagram),
		LONG_DUMP_TEST(a_length_below_the_header),
		LONG_DUMP_TEST(a_length_of_two_gigabytes),
		LONG_DUMP_TEST(a_datagram_shorter_than_a_header),
		LONG_DUMP_TEST(a_sink_that_stops),
		LONG_DUMP_TEST(an_interrupted_dump_is_incomplete),
		LONG_DUMP_TEST(an_interruption_told_by_done_is_incomplete),
		LONG_DUMP_TEST(a_malformed_socket_makes_it_incomplete),
		cmocka_unit_test(every_problem_has_its_own_words),
		cmocka_unit_test(opening_fails),
		cmocka_unit_test(binding_fails),
	};

	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
