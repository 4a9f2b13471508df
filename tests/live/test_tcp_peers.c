/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of a TCP connection over loopback, and of any that is younger than the look for
 * owners.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "peer_rows.h"
#include "tcp.h"
#include "tool.h"

static void tcp_over_loopback(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct listing listing;
		struct tcp_pair pair;
		json_t *row;

		assert_return_code(tcp_pair_open(&pair, families[i], 0), 0);
		list_rows(&listing, "-t", NULL);
		row = row_by_inode(&listing, inode_of(pair.near));
		check_row(row, peer_holders(row) == 1);
		check_row(row, has_peer_holder(row, getpid(), pair.far));
		row = row_by_inode(&listing, inode_of(pair.far));
		check_row(row, has_peer_holder(row, getpid(), pair.near));
		row = row_by_inode(&listing, inode_of(pair.listener));
		check_row(row, row_is_null(row, "peer_holders"));
		listing_free(&listing);
		tcp_pair_close(&pair);
	}
}

/* The server speaks IPv6 and the client IPv4. */
static void tcp_of_two_versions(void **state)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listing listing;
	int accepted;
	json_t *row;

	(void)state;
	assert_return_code(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_return_code(listen(listener, 2), 0);
	to.sin_port = htons(local_port(listener));
	assert_return_code(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_return_code(accepted = tcp_accept(listener), 0);
	list_rows(&listing, "-t", NULL);
	row = row_by_inode(&listing, inode_of(client));
	check_row(row, has_peer_holder(row, getpid(), accepted));
	row = row_by_inode(&listing, inode_of(accepted));
	check_row(row, has_peer_holder(row, getpid(), client));
	listing_free(&listing);
	close(accepted);
	close(client);
	close(listener);
}

/* Nobody has accepted it; its process has closed it. Either is there, and nobody has it. */
static void tcp_ends_that_nobody_has(void **state)
{
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;
	int waiting;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_return_code(waiting = tcp_connect(AF_INET, pair.far_port, 0), 0);
	assert_return_code(tcp_fill_to_zero_window(pair.near), 0);
	drop_fd(&pair.near);
	list_rows(&listing, "-t", NULL);
	row = row_by_inode(&listing, inode_of(waiting));
	check_row(row, nobody_has_the_peer(row));
	row = row_by_inode(&listing, inode_of(pair.far));
	check_row(row, nobody_has_the_peer(row));
	listing_free(&listing);
	close(waiting);
	tcp_pair_close(&pair);
}

/* ---- younger than the owners pass ---- */

#define RUNS  20
#define YOUNG 100 /* pairs of each kind that are open at a time */

static int open_both(struct tcp_pair *tcp, int unix_pair[2])
{
	if (tcp->near > 0)
		tcp_pair_close(tcp);
	if (unix_pair[0] > 0) {
		close(unix_pair[0]);
		close(unix_pair[1]);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, unix_pair) < 0)
		return -errno;
	return tcp_pair_open(tcp, AF_INET, 0);
}

/* Opens pairs as fast as it can, and closes the oldest. */
static void __attribute__((noreturn)) churn(void)
{
	static struct tcp_pair tcp[YOUNG];
	static int pairs[YOUNG][2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0;; i = (i + 1) % YOUNG)
		if (open_both(&tcp[i], pairs[i]) < 0)
			_exit(1);
}

/* Somebody holds both ends of each of them, or did a moment ago. */
static void young_peers_are_not_unseen(void **state)
{
	const char *words[] = { "lingerstat", "-t", "-x", "-H", "-C", "peer-process", NULL };
	size_t unseen = 0, bytes = 0;
	pid_t child = fork();
	int status;

	(void)state;
	assert_return_code(child, 0);
	if (child == 0)
		churn();
	for (int i = 0; i < RUNS; i++) {
		struct tool_run run;

		assert_int_equal(tool_run(&run, words), 0);
		assert_int_equal(run.status, 0);
		unseen += strstr(run.output, "unseen") != NULL;
		bytes += strlen(run.output);
		tool_free(&run);
	}
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(bytes > RUNS);
	assert_int_equal(unseen, 0);
}

/* Nothing more is asked of the kernel than the columns need. */
static int requests(const char *columns)
{
	const char *const args[] = { "-x", "-t", "-a", "-H", "-C", columns, NULL };

	return tool_requests(args);
}

static void only_columns_that_show_it_ask_for_it(void **state)
{
	int plain;

	(void)state;
	if (!tool_traceable())
		skip();
	plain = requests("netid,state,local,process");
	assert_true(plain > 0);
	assert_int_equal(requests("netid,local,peer"), plain + 1);
	assert_int_equal(requests("netid,peer-process"), plain + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_over_loopback),
		cmocka_unit_test(tcp_of_two_versions),
		cmocka_unit_test(tcp_ends_that_nobody_has),
		cmocka_unit_test(young_peers_are_not_unseen),
		cmocka_unit_test(only_columns_that_show_it_ask_for_it),
	};

	harness_enter();
	return cmocka_run_group_tests_name("TCP peers", tests, NULL, NULL);
}
