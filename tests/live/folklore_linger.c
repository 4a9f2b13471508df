/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folklore about the linger time: whether it loses data, whom it makes wait, and where an
 * accepted socket has it from.
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
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "observe.h"

/* A close() that waits one second, and its data afterwards. `near` is as the test set it up. */
static void close_after_a_second(struct tcp_pair *pair)
{
	struct counters before = counters_now();
	json_t *foretold = foretell(pair->near);
	json_t *orphan;
	int64_t ms;
	int result;

	check_forecast(foretold, "blocks", "possible|likely", 1);
	check_row(foretold, row_is_int(foretold, "close.loss_min_bytes", 0));
	check_row(foretold, row_is_int(foretold, "close.loss_max_bytes", 0));
	ms = close_timed(&pair->near, &result);
	assert_int_equal(result, 0);
	assert_in_range(ms, 900, 1000 + AT_ONCE_MS);

	orphan = foretell_ports(pair->family, pair->near_port, pair->far_port);
	check_row(orphan, row_is_text(orphan, "state", "fin_wait1"));
	check_forecast(orphan, "none", "possible|likely", 0);
	check_row(orphan, row_has_word(orphan, "close.reasons", "orphan"));
	check_row(orphan, number_at(orphan, "outstanding_bytes") > STALLED_BYTES / 2);
	check_all_arrives(pair->far, &before);
	json_decref(foretold);
	json_decref(orphan);
	tcp_pair_close(pair);
}

static void linger_timeout_discards_data__false_delivery_continues(int family)
{
	struct tcp_pair pair;

	open_stalled(&pair, family, true, 1);
	close_after_a_second(&pair);
}

static void nonblock_and_linger_close_gives_ewouldblock__false_it_waits_and_gives_0(int family)
{
	struct tcp_pair pair;

	open_stalled(&pair, family, true, 1);
	assert_return_code(fcntl(pair.near, F_SETFL, O_NONBLOCK), errno);
	close_after_a_second(&pair);
}

/* With linger off nothing waits, and all arrives just as well. */
static void without_linger_close_loses_what_is_queued__false_delivery_continues(int family)
{
	struct counters before;
	struct tcp_pair pair;
	json_t *foretold;
	int64_t ms;
	int result;

	open_stalled(&pair, family, false, 0);
	before = counters_now();
	foretold = foretell(pair.near);
	check_forecast(foretold, "background", "possible|likely", 0);
	check_row(foretold, row_is_int(foretold, "close.loss_max_bytes", 0));
	ms = close_timed(&pair.near, &result);
	assert_int_equal(result, 0);
	assert_true(ms < AT_ONCE_MS);
	check_all_arrives(pair.far, &before);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

#define ALARM_MS 300

static void ignore_signal(int number)
{
	(void)number;
}

static void linger_waits_its_full_time__false_a_signal_ends_it(int family)
{
	/* Again and again: the first may come before close() has begun. */
	const struct itimerval soon = { .it_value = { .tv_usec = ALARM_MS * 1000 },
					.it_interval = { .tv_usec = ALARM_MS * 1000 } };
	const struct itimerval never = { .it_value = { 0 } };
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct sigaction former;
	struct counters before;
	struct tcp_pair pair;
	json_t *foretold;
	int64_t armed;
	int result;

	open_stalled(&pair, family, true, LONG_LINGER);
	before = counters_now();
	foretold = foretell(pair.near);
	check_forecast(foretold, "blocks", "possible|likely", LONG_LINGER);
	armed = now_ms();
	assert_return_code(sigaction(SIGALRM, &action, &former), errno);
	assert_return_code(setitimer(ITIMER_REAL, &soon, NULL), errno);
	close_timed(&pair.near, &result);
	armed = now_ms() - armed;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &former, NULL);
	assert_int_equal(result, 0);
	assert_in_range(armed, ALARM_MS - 1, ALARM_MS + AT_ONCE_MS);
	check_all_arrives(pair.far, &before);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* ---- exit and SIGKILL ---- */

/* A child that alone holds the near end, and does nothing until the pipe's other end is closed;
 * then it exits. */
struct owner {
	pid_t pid;
	int pipe;
	uint32_t inode;
};

static void give_to_child(struct tcp_pair *pair, struct owner *owner)
{
	int ends[2];
	char byte;

	owner->inode = inode_of(pair->near);
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	owner->pid = fork();
	assert_return_code(owner->pid, errno);
	if (owner->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		close(ends[1]);
		drop_fd(&pair->far);
		drop_fd(&pair->listener);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(ends[0]);
	owner->pipe = ends[1];
	drop_fd(&pair->near);
}

static int64_t end_child(struct owner *owner, bool killed)
{
	int64_t start = now_ms();
	int status;

	if (killed)
		assert_return_code(kill(owner->pid, SIGKILL), errno);
	else
		drop_fd(&owner->pipe);
	assert_int_equal(waitpid(owner->pid, &status, 0), owner->pid);
	drop_fd(&owner->pipe);
	return now_ms() - start;
}

static void check_end_never_lingers(int family, bool killed)
{
	struct counters before;
	struct tcp_pair pair;
	struct owner owner;
	json_t *row;

	open_stalled(&pair, family, true, LONG_LINGER);
	before = counters_now();
	give_to_child(&pair, &owner);
	row = explained(owner.inode);
	check_forecast(row, "blocks", "possible|likely", LONG_LINGER);
	check_row(row, row_is_int(row, "references", 1));
	assert_true(sentence_has(row, "explain.close", "waits 30 s at most"));
	assert_true(sentence_has(row, killed ? "explain.kill" : "explain.exit", "returns at once"));
	assert_true(end_child(&owner, killed) < AT_ONCE_MS);
	check_all_arrives(pair.far, &before);
	json_decref(row);
	tcp_pair_close(&pair);
}

static void exit_lingers_like_close__false_it_never_waits(int family)
{
	check_end_never_lingers(family, false);
}

static void kill_lingers_like_close__false_it_never_waits(int family)
{
	check_end_never_lingers(family, true);
}

static void check_end_resets(int family, bool killed)
{
	struct counters before;
	struct tcp_pair pair;
	struct owner owner;
	enum peer_end end;
	json_t *row;

	open_stalled(&pair, family, true, 0);
	before = counters_now();
	give_to_child(&pair, &owner);
	row = explained(owner.inode);
	check_forecast(row, "reset", "certain", 0);
	assert_true(sentence_has(row, killed ? "explain.kill" : "explain.exit", "resets"));
	assert_true(end_child(&owner, killed) < AT_ONCE_MS);
	assert_true(counters_moved(&before, 1, 0, 1));
	check_loss(row, STALLED_BYTES - read_to_end(pair.far, &end));
	assert_int_equal(end, END_RESET);
	json_decref(row);
	tcp_pair_close(&pair);
}

static void exit_does_not_apply_zero_linger__false_it_resets(int family)
{
	check_end_resets(family, false);
}

static void kill_does_not_apply_zero_linger__false_it_resets(int family)
{
	check_end_resets(family, true);
}

/* ---- inheritance ---- */

static void check_has_linger(int fd, bool on, int seconds)
{
	struct linger value = { on, seconds };
	json_t *row = foretell(fd);
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	assert_int_equal(truth.linger.l_onoff, on);
	assert_int_equal(truth.linger.l_linger, seconds);
	check_row(row, row_is_linger(row, &value));
	json_decref(row);
}

static void open_listener(struct tcp_pair *pair, int family, int seconds)
{
	*pair = (struct tcp_pair){ .family = family, .near = -1, .far = -1 };
	pair->listener = tcp_listen(family, 0, &pair->far_port);
	assert_return_code(pair->listener, 0);
	assert_return_code(tcp_set_linger(pair->listener, true, seconds), 0);
}

static void accepted_socket_inherits_linger__true(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *row;
	int result;

	open_listener(&pair, family, 0);
	assert_return_code(pair.near = tcp_connect(family, pair.far_port, 0), 0);
	assert_return_code(pair.far = tcp_accept(pair.listener), 0);
	check_has_linger(pair.far, true, 0);
	row = foretell(pair.far);
	check_forecast(row, "reset", "possible", 0);
	check_row(row, row_has_word(row, "close.reasons", "zero-linger"));
	before = counters_now();
	close_timed(&pair.far, &result);
	assert_true(counters_moved(&before, 1, 0, 1));
	assert_int_equal(read_to_end(pair.near, &end), 0);
	assert_int_equal(end, END_RESET);
	json_decref(row);
	tcp_pair_close(&pair);
}

/* inet_csk_clone_lock() copies the listener's sock when the handshake is complete. */
static void linger_is_inherited_at_accept__false_at_the_handshake(int family)
{
	struct tcp_pair pair;
	json_t *row;

	open_listener(&pair, family, 5);
	assert_return_code(pair.near = tcp_connect(family, pair.far_port, 0), 0);
	pair.near_port = local_port(pair.near);
	for (int64_t end = now_ms() + WAIT_MS;;) {
		row = foretell_ports(family, pair.far_port, pair.near_port);
		if (row_is_text(row, "state", "established") || !nap_before(end))
			break;
		json_decref(row);
	}
	/* Nobody has a descriptor to read it from. */
	check_row(row, row_is_null(row, "linger"));
	check_row(row, row_has_word(row, "close.reasons", "unaccepted"));
	json_decref(row);
	assert_return_code(tcp_set_linger(pair.listener, true, 7), 0);
	assert_return_code(pair.far = tcp_accept(pair.listener), 0);
	check_has_linger(pair.far, true, 5);
	check_has_linger(pair.listener, true, 7);
	tcp_pair_close(&pair);
}

/* Not when the SYN comes: what the listener has at the handshake's end counts. */
static void linger_is_inherited_at_the_syn__false_at_the_end_of_the_handshake(int family)
{
	struct tcp_pair pair;
	json_t *row;

	open_listener(&pair, family, 5);
	assert_return_code(tcp_hear_syn_only(pair.listener), 0);
	assert_return_code(pair.near = tcp_connect(family, pair.far_port, 0), 0);
	pair.near_port = local_port(pair.near);
	row = foretell_ports(family, pair.far_port, pair.near_port);
	check_row(row, row_is_text(row, "state", "syn_recv"));
	check_row(row, row_has_no_linger(row));
	json_decref(row);
	assert_return_code(tcp_set_linger(pair.listener, true, 7), 0);
	assert_return_code(tcp_hear(pair.listener), 0);
	assert_int_equal(send(pair.near, "x", 1, 0), 1);
	assert_return_code(pair.far = tcp_accept(pair.listener), 0);
	check_has_linger(pair.far, true, 7);
	tcp_pair_close(&pair);
}

static const struct folklore tests[] = {
	FOLKLORE(linger_timeout_discards_data__false_delivery_continues),
	FOLKLORE(nonblock_and_linger_close_gives_ewouldblock__false_it_waits_and_gives_0),
	FOLKLORE(without_linger_close_loses_what_is_queued__false_delivery_continues),
	FOLKLORE(linger_waits_its_full_time__false_a_signal_ends_it),
	FOLKLORE(exit_lingers_like_close__false_it_never_waits),
	FOLKLORE(kill_lingers_like_close__false_it_never_waits),
	FOLKLORE(exit_does_not_apply_zero_linger__false_it_resets),
	FOLKLORE(kill_does_not_apply_zero_linger__false_it_resets),
	FOLKLORE(accepted_socket_inherits_linger__true),
	FOLKLORE(linger_is_inherited_at_accept__false_at_the_handshake),
	FOLKLORE(linger_is_inherited_at_the_syn__false_at_the_end_of_the_handshake),
};

const struct folklore_chapter folklore_linger = { tests, sizeof(tests) / sizeof(tests[0]) };
