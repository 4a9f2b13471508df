/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folklore about data: what nobody read, what comes too late, and what an empty send queue says.
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
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "observe.h"
#include "ways.h"

static int send_few(int fd)
{
	static const char bytes[FEW_BYTES];

	return send(fd, bytes, FEW_BYTES, MSG_NOSIGNAL) == FEW_BYTES ? 0 : -errno;
}

/* ---- unread data ---- */

static int get_few(struct tcp_pair *pair)
{
	int err = send_few(pair->far);

	return err ? err : tcp_wait_readable(pair->near, FEW_BYTES);
}

static int get_few_and_fin(struct tcp_pair *pair)
{
	int err = get_few(pair);

	if (err || shutdown(pair->far, SHUT_WR) < 0)
		return err ? err : -errno;
	return 0;
}

/* What the peer sends, and what our FIN then makes of the state. */
struct unread_case {
	const char *state;
	int number;
	bool stalled;      /* our own data waits behind a zero window */
	bool own_fin;      /* shutdown(SHUT_WR) on our side, before the peer sends */
	bool peer_fin;     /* shutdown(SHUT_WR) on the peer's, after it */
	bool late_fin;     /* ours only then */
	enum peer_end end; /* EOF: our FIN had come before the RST */
};

static const struct unread_case unread_cases[] = {
	{ "established", TCP_ESTABLISHED, false, false, false, false, END_RESET },
	{ "established", TCP_ESTABLISHED, true, false, false, false, END_RESET },
	{ "close_wait", TCP_CLOSE_WAIT, false, false, true, false, END_RESET },
	{ "close_wait", TCP_CLOSE_WAIT, true, false, true, false, END_RESET },
	{ "fin_wait1", TCP_FIN_WAIT1, true, true, false, false, END_RESET },
	{ "fin_wait2", TCP_FIN_WAIT2, false, true, false, false, END_EOF },
	{ "closing", TCP_CLOSING, true, true, true, false, END_RESET },
	{ "last_ack", TCP_LAST_ACK, true, false, true, true, END_RESET },
};

static const struct linger lingers[] = { { 0, 0 }, { 1, 0 }, { 1, LONG_LINGER }, { 1, -1 } };

static int64_t reach_unread(const struct unread_case *c, const struct linger *linger, int family,
			    struct tcp_pair *pair)
{
	int64_t written = c->stalled ? STALLED_BYTES : 0;

	if (c->stalled)
		open_stalled(pair, family, linger->l_onoff, linger->l_linger);
	else
		open_pair(pair, family);
	assert_return_code(tcp_set_linger(pair->near, linger->l_onoff, linger->l_linger), 0);
	if (c->own_fin)
		assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	if (c->own_fin && !c->stalled)
		assert_return_code(tcp_wait_state(pair->near, TCP_FIN_WAIT2), 0);
	assert_return_code(c->peer_fin ? get_few_and_fin(pair) : get_few(pair), 0);
	if (c->late_fin) {
		assert_return_code(tcp_wait_state(pair->near, TCP_CLOSE_WAIT), 0);
		assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	}
	assert_return_code(tcp_wait_state(pair->near, c->number), 0);
	return written;
}

static void check_unread(const struct unread_case *c, const struct linger *linger, int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	int64_t written;
	json_t *foretold;
	int result;

	written = reach_unread(c, linger, family, &pair);
	foretold = foretell(pair.near);
	check_row(foretold, row_is_text(foretold, "state", c->state));
	check_forecast(foretold, "reset", "certain", 0);
	check_row(foretold, row_has_word(foretold, "close.reasons", "unread-data"));
	check_row(foretold, row_is_int(foretold, "close.unread_bytes", FEW_BYTES));
	before = counters_now();
	assert_true(close_timed(&pair.near, &result) < AT_ONCE_MS);
	assert_int_equal(result, 0);
	check_row(foretold, counters_moved(&before, 1, 1, 0));
	check_loss(foretold, written - read_to_end(pair.far, &end));
	check_row(foretold, end == c->end);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* RFC 2525, 2.17; in every state that can have unread data, with and without data of ours. */
static void unread_data_resets_whatever_linger_says__true(int family)
{
	for (size_t i = 0; i < sizeof(unread_cases) / sizeof(unread_cases[0]); i++)
		for (size_t k = 0; k < sizeof(lingers) / sizeof(lingers[0]); k++)
			check_unread(&unread_cases[i], &lingers[k], family);
}

/* The peer's FIN takes a place in Recv-Q and is no data. */
static void an_unread_eof_resets_too__false(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	open_pair(&pair, family);
	assert_return_code(shutdown(pair.far, SHUT_WR), errno);
	assert_return_code(tcp_wait_state(pair.near, TCP_CLOSE_WAIT), 0);
	foretold = foretell(pair.near);
	check_row(foretold, row_is_int(foretold, "recv_queue", 1));
	check_row(foretold, row_is_int(foretold, "unread_bytes", 0));
	check_forecast(foretold, "fin", "none", 0);
	before = counters_now();
	close_timed(&pair.near, &result);
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_EOF);
	assert_true(counters_moved(&before, 0, 0, 0));
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* ---- shutdown of the reading side ---- */

/* Data that comes after SHUT_RD: acknowledged, as the peer's empty queue shows. */
static void send_after_shut_rd(struct tcp_pair *pair, int family)
{
	open_pair(pair, family);
	assert_return_code(shutdown(pair->near, SHUT_RD), errno);
	assert_return_code(send_few(pair->far), 0);
	assert_return_code(tcp_wait_drained(pair->far), 0);
}

static void after_shut_rd_data_is_dropped__false_it_can_be_read(int family)
{
	struct counters before = counters_now();
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	send_after_shut_rd(&pair, family);
	foretold = foretell(pair.near);
	check_row(foretold, row_has_word(foretold, "shutdown", "recv"));
	check_row(foretold, row_is_int(foretold, "unread_bytes", FEW_BYTES));
	json_decref(foretold);
	assert_int_equal(read_now(pair.near), FEW_BYTES);
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	close_timed(&pair.near, &result);
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_EOF);
	assert_true(counters_moved(&before, 0, 0, 0));
	json_decref(foretold);
	tcp_pair_close(&pair);
}

static void after_shut_rd_close_is_orderly__false_late_data_resets_it(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	send_after_shut_rd(&pair, family);
	foretold = foretell(pair.near);
	check_forecast(foretold, "reset", "certain", 0);
	check_row(foretold, row_has_word(foretold, "close.reasons", "unread-data"));
	before = counters_now();
	close_timed(&pair.near, &result);
	assert_true(counters_moved(&before, 1, 1, 0));
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_int_equal(end, END_RESET);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* With the descriptor still open: nothing was closed, and yet the connection is gone. */
static void shut_rdwr_is_shut_rd_and_shut_wr__false_late_data_resets_at_once(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;

	open_pair(&pair, family);
	assert_return_code(shutdown(pair.near, SHUT_RDWR), errno);
	assert_return_code(tcp_wait_state(pair.near, TCP_FIN_WAIT2), 0);
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	check_row(foretold, row_has_word(foretold, "shutdown", "recv"));
	check_row(foretold, row_has_word(foretold, "shutdown", "send"));
	json_decref(foretold);
	before = counters_now();
	assert_return_code(send_few(pair.far), 0);
	assert_true(wait_resets(&before, 1));
	assert_true(counters_moved(&before, 1, 0, 1));
	assert_int_equal(tcp_state(pair.near), TCP_CLOSE);
	assert_null(foretell_ports(family, pair.near_port, pair.far_port));
	read_to_end(pair.far, &end);
	assert_int_not_equal(end, END_OPEN);
	tcp_pair_close(&pair);
}

/* ---- SIOCOUTQ ---- */

static void check_outq(int fd, int outq, int64_t outstanding)
{
	json_t *row = foretell(fd);
	struct truth truth;

	assert_return_code(truth_read(fd, &truth), 0);
	assert_int_equal(truth.outq, outq);
	check_row(row, row_is_int(row, "outstanding_bytes", outstanding));
	json_decref(row);
}

static void siocoutq_0_means_the_peers_kernel_has_it__true(int family)
{
	struct tcp_pair pair;
	enum peer_end end;
	struct truth far;
	json_t *foretold;
	int result;

	open_pair(&pair, family);
	assert_return_code(send_few(pair.near), 0);
	assert_return_code(tcp_wait_drained(pair.near), 0);
	check_outq(pair.near, 0, 0);
	assert_return_code(truth_read(pair.far, &far), 0);
	assert_int_equal(far.inq, FEW_BYTES);
	foretold = foretell(pair.near);
	check_forecast(foretold, "fin", "none", 0);
	close_timed(&pair.near, &result);
	assert_int_equal(read_to_end(pair.far, &end), FEW_BYTES);
	assert_int_equal(end, END_EOF);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* The peer's program closes without having read a byte: they are lost though all was confirmed. */
static void siocoutq_0_means_the_peers_program_has_it__false(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *foretold;
	int result;

	open_pair(&pair, family);
	assert_return_code(send_few(pair.near), 0);
	assert_return_code(tcp_wait_drained(pair.near), 0);
	check_outq(pair.near, 0, 0);
	foretold = foretell(pair.far);
	check_forecast(foretold, "reset", "certain", 0);
	check_row(foretold, row_is_int(foretold, "close.unread_bytes", FEW_BYTES));
	before = counters_now();
	close_timed(&pair.far, &result);
	assert_true(counters_moved(&before, 1, 1, 0));
	assert_int_equal(read_to_end(pair.near, &end), 0);
	assert_int_equal(end, END_RESET);
	json_decref(foretold);
	tcp_pair_close(&pair);
}

/* ---- data after close ---- */

static void data_after_close_triggers_rst__true_in_fin_wait1(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	int64_t lost;
	json_t *orphan;
	int result;

	open_stalled(&pair, family, false, 0);
	orphan = foretell(pair.near);
	check_forecast(orphan, "background", "possible|likely", 0);
	json_decref(orphan);
	close_timed(&pair.near, &result);
	orphan = foretell_ports(family, pair.near_port, pair.far_port);
	check_row(orphan, row_is_text(orphan, "state", "fin_wait1"));
	check_forecast(orphan, "none", "possible|likely", 0);
	check_row(orphan, row_has_word(orphan, "close.reasons", "orphan"));
	before = counters_now();
	assert_return_code(send_few(pair.far), 0);
	assert_true(wait_resets(&before, 1));
	assert_true(counters_moved(&before, 1, 0, 1));
	/* The event takes what a close could not: everything that was never sent. */
	lost = STALLED_BYTES - read_to_end(pair.far, &end);
	check_row(orphan, lost >= number_at(orphan, "unsent_bytes"));
	check_row(orphan, lost <= number_at(orphan, "outstanding_bytes"));
	assert_int_equal(end, END_RESET);
	json_decref(orphan);
	tcp_pair_close(&pair);
}

static void data_after_close_triggers_rst__true_in_fin_wait2(int family)
{
	struct counters before;
	struct tcp_pair pair;
	enum peer_end end;
	json_t *row;
	int result;

	open_pair(&pair, family);
	row = foretell(pair.near);
	check_forecast(row, "fin", "none", 0);
	json_decref(row);
	close_timed(&pair.near, &result);
	assert_true(wait_listed(&pair, "fin_wait2"));
	row = foretell_ports(family, pair.near_port, pair.far_port);
	check_row(row, row_is_text(row, "state", "fin_wait2"));
	check_forecast(row, "none", "none", 0);
	before = counters_now();
	assert_return_code(send_few(pair.far), 0);
	assert_true(wait_resets(&before, 1));
	assert_int_equal(counters_now().resets_sent - before.resets_sent, 1);
	/* The peer had our FIN: a reader sees EOF, a writer the error. */
	assert_int_equal(read_to_end(pair.far, &end), 0);
	assert_return_code(tcp_wait_state(pair.far, TCP_CLOSE), 0);
	assert_int_equal(send(pair.far, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	json_decref(row);
	tcp_pair_close(&pair);
}

/* The late data reaches `fd`, which reads it, and nobody is reset. */
static void check_taken(struct tcp_pair *pair, int fd, const struct counters *before)
{
	assert_return_code(send_few(pair->far), 0);
	assert_return_code(tcp_wait_drained(pair->far), 0);
	assert_return_code(tcp_wait_readable(fd, FEW_BYTES), 0);
	assert_int_equal(read_now(fd), FEW_BYTES);
	assert_true(counters_moved(before, 0, 0, 0));
}

static void data_after_close_triggers_rst__false_while_another_reference_exists(int family)
{
	struct counters before = counters_now();
	struct tcp_pair pair;
	json_t *row;
	int result, copy;

	open_pair(&pair, family);
	assert_return_code(copy = fcntl(pair.near, F_DUPFD_CLOEXEC, 0), errno);
	row = foretell(pair.near);
	check_row(row, row_is_int(row, "references", 2));
	check_row(row, row_has_word(row, "close.reasons", "shared"));
	json_decref(row);
	close_timed(&pair.near, &result);
	check_taken(&pair, copy, &before);
	row = foretell(copy);
	check_row(row, row_is_text(row, "state", "established"));
	check_row(row, row_is_int(row, "references", 1));
	check_forecast(row, "fin", "none", 0);
	json_decref(row);
	close(copy);
	tcp_pair_close(&pair);
}

static void data_after_shut_wr_triggers_rst__false_it_can_be_read(int family)
{
	struct counters before = counters_now();
	struct tcp_pair pair;
	enum peer_end end;
	json_t *row;

	open_pair(&pair, family);
	assert_return_code(shutdown(pair.near, SHUT_WR), errno);
	assert_return_code(tcp_wait_state(pair.near, TCP_FIN_WAIT2), 0);
	check_taken(&pair, pair.near, &before);
	row = foretell(pair.near);
	check_row(row, row_is_text(row, "state", "fin_wait2"));
	check_forecast(row, "fin", "none", 0);
	json_decref(row);
	/* The safe close: the peer has seen our FIN, and ends when it has said all. */
	drop_fd(&pair.far);
	assert_int_equal(read_to_end(pair.near, &end), 0);
	assert_int_equal(end, END_EOF);
	tcp_pair_close(&pair);
	assert_true(counters_moved(&before, 0, 0, 0));
}

static const struct folklore tests[] = {
	FOLKLORE(unread_data_resets_whatever_linger_says__true),
	FOLKLORE(an_unread_eof_resets_too__false),
	FOLKLORE(after_shut_rd_data_is_dropped__false_it_can_be_read),
	FOLKLORE(after_shut_rd_close_is_orderly__false_late_data_resets_it),
	FOLKLORE(shut_rdwr_is_shut_rd_and_shut_wr__false_late_data_resets_at_once),
	FOLKLORE(siocoutq_0_means_the_peers_kernel_has_it__true),
	FOLKLORE(siocoutq_0_means_the_peers_program_has_it__false),
	FOLKLORE(data_after_close_triggers_rst__true_in_fin_wait1),
	FOLKLORE(data_after_close_triggers_rst__true_in_fin_wait2),
	FOLKLORE(data_after_close_triggers_rst__false_while_another_reference_exists),
	FOLKLORE(data_after_shut_wr_triggers_rst__false_it_can_be_read),
};

const struct folklore_chapter folklore_data = { tests, sizeof(tests) / sizeof(tests[0]) };
