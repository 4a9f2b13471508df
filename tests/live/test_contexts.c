/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -Z and -z on this machine, whatever its security modules are: what the tool says of our own
 * sockets is what /proc says of us.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

static int listener;
static char own[4097]; /* our context; empty where we have none */
static bool active;

static void read_own(void)
{
	int fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, own, sizeof(own) - 1);

	active = n >= 0;
	own[n > 0 ? n : 0] = '\0';
	own[strcspn(own, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool is_context(const json_t *row, const char *path)
{
	return *own ? row_is_text(row, path, own) : row_is_null(row, path);
}

static void the_holder_has_its_context(void **state)
{
	struct listing listing;
	json_t *row, *first;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", "-C", "inode,process,context", NULL),
			 0);
	assert_int_equal(listing.status, 0);
	row = row_by_inode(&listing, inode_of(listener));
	assert_int_equal(json_array_size(row_get(row, "contexts")), 1);
	first = json_array_get(row_get(row, "contexts"), 0);
	check_row(row, row_is_int(first, "pid", getpid()));
	check_row(row, is_context(first, "context"));
	assert_true(!strstr(listing.errors, "no security context here") == active);
	listing_free(&listing);
}

static void the_socket_has_what_its_attribute_says(void **state)
{
	struct listing listing;
	char path[64], label[4097];
	json_t *row;
	ssize_t n;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", listener);
	n = getxattr(path, "security.selinux", label, sizeof(label) - 1);
	assert_int_equal(harness_list(&listing, "-l", "-t", "-C", "inode,socket-context", NULL), 0);
	row = row_by_inode(&listing, inode_of(listener));
	if (n > 0) {
		label[n] = '\0';
		check_row(row, row_is_text(row, "socket_context", label));
	} else {
		check_row(row, row_is_null(row, "socket_context") ||
				       row_is_text(row, "socket_context", own));
	}
	listing_free(&listing);
}

/* Nothing is asked, and no line written, where nobody asks for contexts. */
static void without_the_option_there_are_none(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	assert_null(row_get(row_by_inode(&listing, inode_of(listener)), "contexts"));
	assert_null(strstr(listing.errors, "context"));
	listing_free(&listing);
}

static void the_table_has_the_columns(void **state)
{
	struct tool_run run;
	char expected[5000];

	(void)state;
	assert_int_equal(
		tool_run(&run, (const char *const[]){ "lingerstat", "-ltHz", "-C", "netid", NULL }),
		0);
	assert_int_equal(run.status, 0);
	if (!active) {
		assert_string_equal(run.output, "tcp - -\n");
	} else {
		snprintf(expected, sizeof(expected), "tcp %s ", own);
		assert_int_equal(strncmp(run.output, expected, strlen(expected)), 0);
	}
	tool_free(&run);
}

static void another_users_process_is_not_known(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-l", "-t", "-Z", NULL };
	struct listing listing;
	json_t *row;

	(void)state;
	assert_int_equal(harness_list_as(&listing, &nobody, args), 0);
	assert_int_equal(listing.status, 0);
	row = row_by_inode(&listing, inode_of(listener));
	/* Holders are not known to this user, so neither is what they are called. */
	check_row(row, row_is_null(row, "contexts"));
	listing_free(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_has_its_context),
		cmocka_unit_test(the_socket_has_what_its_attribute_says),
		cmocka_unit_test(without_the_option_there_are_none),
		cmocka_unit_test(the_table_has_the_columns),
		cmocka_unit_test(another_users_process_is_not_known),
	};
	uint16_t port;

	harness_enter();
	read_own();
	listener = tcp_listen(AF_INET, 0, &port);
	if (listener < 0) {
		printf("Bail out! a listener: %s\n", strerror(-listener));
		return 99;
	}
	return cmocka_run_group_tests_name("contexts", tests, NULL, NULL);
}
