/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets that are bound and nothing else: -B shows them and no other, -a has them too, and
 * without either they do not show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

static int bound(int family)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, 0);
	assert_return_code(
		bind(fd, (struct sockaddr *)&any,
		     family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
		0);
	return fd;
}

/* Leaves no TIME-WAIT behind. */
static void end_pair(struct tcp_pair *pair)
{
	assert_return_code(tcp_set_linger(pair->near, true, 0), 0);
	assert_return_code(tcp_set_linger(pair->far, true, 0), 0);
	tcp_pair_close(pair);
}

static void list(struct listing *listing, const char *a, const char *b, const char *c)
{
	assert_int_equal(harness_list(listing, a, b, c, NULL), 0);
	assert_int_equal(listing->status, 0);
	assert_int_equal(listing->bad_lines, 0);
}

/* A kernel before 6.8 has no such list; what it says then is the last test's. */
static void need_list(void)
{
	struct listing listing;
	int fd = bound(AF_INET);
	bool shown;

	assert_int_equal(harness_list(&listing, "-B", NULL), 0);
	shown = row_by_inode(&listing, inode_of(fd));
	listing_free(&listing);
	close(fd);
	if (shown)
		return;
	print_message("# this kernel does not list bound, inactive sockets\n");
	skip();
}

static void they_show_alone(void **state)
{
	int v4 = bound(AF_INET), v6 = bound(AF_INET6);
	struct tcp_pair pair;
	struct listing listing;
	json_t *row;

	(void)state;
	need_list();
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	list(&listing, "-B", NULL, NULL);
	assert_int_equal(json_array_size(listing.rows), 2);
	row = row_by_inode(&listing, inode_of(v4));
	check_row(row, row_is_text(row, "state", "bound_inactive"));
	check_row(row, row_is_text(row, "netid", "tcp"));
	check_row(row, row_is_text(row, "family", "inet"));
	check_row(row, row_is_int(row, "local.port", local_port(v4)));
	check_row(row, row_is_int(row, "peer.port", 0));
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "none"));
	check_row(row, row_has_holder(row, getpid(), v4));
	row = row_by_inode(&listing, inode_of(v6));
	check_row(row, row_is_text(row, "family", "inet6"));
	assert_true(row_is_int(listing.summary, "states.bound_inactive", 2));
	listing_free(&listing);
	end_pair(&pair);
	close(v4);
	close(v6);
}

/* How many rows the arguments give, and whether the socket is one of them. */
static size_t rows(int fd, bool *has, const char *a, const char *b, const char *c)
{
	struct listing listing;
	size_t n;

	list(&listing, a, b, c);
	n = json_array_size(listing.rows);
	*has = row_by_inode(&listing, inode_of(fd));
	listing_free(&listing);
	return n;
}

static void the_last_of_the_options_decides(void **state)
{
	int fd = bound(AF_INET);
	struct tcp_pair pair;
	bool has;

	(void)state;
	need_list();
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_int_equal(rows(fd, &has, "-t", NULL, NULL), 2);
	assert_false(has);
	assert_int_equal(rows(fd, &has, "-t", "-a", NULL), 4);
	assert_true(has);
	assert_int_equal(rows(fd, &has, "-t", "-l", NULL), 1);
	assert_false(has);
	assert_int_equal(rows(fd, &has, "-tal", NULL, NULL), 1);
	assert_false(has);
	assert_int_equal(rows(fd, &has, "-taB", NULL, NULL), 1);
	assert_true(has);
	assert_int_equal(rows(fd, &has, "-tBa", NULL, NULL), 4);
	assert_int_equal(rows(fd, &has, "-B6", NULL, NULL), 0);
	end_pair(&pair);
	close(fd);
}

static void filters_name_the_state(void **state)
{
	int fd = bound(AF_INET);
	bool has;

	(void)state;
	need_list();
	assert_int_equal(rows(fd, &has, "-t", "state bound-inactive", NULL), 1);
	assert_true(has);
	assert_int_equal(rows(fd, &has, "-t", "state bound_inactive and sport > 0", NULL), 1);
	assert_int_equal(rows(fd, &has, "-t", "state closed", NULL), 1);
	assert_int_equal(rows(fd, &has, "-t", "state connected", NULL), 0);
	assert_int_equal(rows(fd, &has, "-t", "exclude bound-inactive", NULL), 0);
	assert_int_equal(rows(fd, &has, "-t", "state all", NULL), 1);
	assert_true(has);
	close(fd);
}

/* The table has ss's word for the state. */
static void the_table_says_unconn(void **state)
{
	int fd = bound(AF_INET);
	struct tool_run run;
	char line[128];

	(void)state;
	need_list();
	assert_int_equal(tool_run(&run, (const char *const[]){ "lingerstat", "-BHn", "-C",
							       "netid,state,local", NULL }),
			 0);
	snprintf(line, sizeof(line), "tcp UNCONN 0.0.0.0:%u\n", local_port(fd));
	assert_string_equal(run.output, line);
	tool_free(&run);
	close(fd);
}

/* Nothing to show: the kernel that can list them says so by an empty list and 0, the one that
 * cannot by one line and 3. */
static void none_is_not_unable(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-B", NULL), 0);
	assert_int_equal(json_array_size(listing.rows), 0);
	if (listing.status == 0) {
		assert_null(strstr(listing.errors, "6.8"));
	} else {
		assert_int_equal(listing.status, 3);
		assert_non_null(strstr(listing.errors, "does not list bound, inactive TCP"));
	}
	listing_free(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_show_alone),
		cmocka_unit_test(the_last_of_the_options_decides),
		cmocka_unit_test(filters_name_the_state),
		cmocka_unit_test(the_table_says_unconn),
		cmocka_unit_test(none_is_not_unable),
	};

	harness_enter();
	return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
