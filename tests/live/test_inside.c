/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From inside: containers, user namespaces, another PID namespace with and without a /proc of its
 * own, and the /proc of outside. Every number is compared with what the test knows: it lives in a
 * PID namespace with a /proc of its own, which is "outside" here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <jansson.h>

#include "harness.h"
#include "insiders.h"
#include "look.h"
#include "tcp.h"
#include "tool.h"

#define LIMIT "/proc/sys/net/ipv4/tcp_max_tw_buckets"

static const char *const as_root[] = { NULL };
static const char *const without_capabilities[] = { "setpriv", "--inh-caps=-all",
						    "--bounding-set=-all", NULL };
static const char *const as_nobody[] = { "setpriv", "--reuid=65534", "--regid=65534",
					 "--clear-groups", NULL };

static struct insider container, neighbour, unmounted, rootless, guest, trapped;
static uint16_t own_port;
static uint32_t own_inode;
static int own_fd;
static char number[16];

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HERE       ((const char *const[]){ NULL })

/* Into the namespaces of an insider that the options of nsenter(1) name. */
#define INTO(insider, ...) WORDS("nsenter", "-t", outside_number(insider), __VA_ARGS__)

static const char *outside_number(const struct insider *insider)
{
	snprintf(number, sizeof(number), "%d", insider->outer);
	return number;
}

/* Leaves the test out where its insider could not be made. */
static void need(const struct insider *insider)
{
	if (!insider->error)
		return;
	print_message("# %s: %s\n", insider->step, strerror(-insider->error));
	skip();
}

/* --- a container with a /proc of its own --- */

static void a_container_sees_its_own_numbers(void **state)
{
	struct look look;

	(void)state;
	need(&container);
	look_there(&look, INTO(&container, "-p", "-m", "-n"), as_root, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	assert_int_equal(json_array_size(json_object_get(look.document, "sockets")), 1);
	check_holder(&look, container.inode, container.inner, container.fd);
	check_linger(&look, container.inode, INSIDER_LINGER);
	look_end(&look);
}

static void a_container_without_capabilities_says_so(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&container);
	look_there(&look, INTO(&container, "-p", "-m", "-n"), without_capabilities,
		   WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	row = look_row(&look, container.inode);
	check_row(row, row_is_null(row, "holders"));
	check_row(row, row_is_null(row, "linger"));
	check_said(&look, "'?'");
	look_end(&look);
}

static void the_procfs_of_outside_gives_its_numbers(void **state)
{
	struct look look;

	(void)state;
	need(&container);
	look_there(&look, INTO(&container, "-p", "-m", "-n"), as_root,
		   WORDS("-lt", "-j", "--proc", OUTER_PROC));
	assert_int_equal(look.run.status, 0);
	assert_int_equal(json_array_size(json_object_get(look.document, "sockets")), 1);
	check_holder(&look, container.inode, container.outer, container.fd);
	check_linger(&look, container.inode, INSIDER_LINGER);
	look_end(&look);
}

static void outside_can_ask_for_the_numbers_inside(void **state)
{
	char proc[64], pid[16];
	struct look look;

	(void)state;
	need(&container);
	snprintf(proc, sizeof(proc), "/proc/%d/root/proc", container.outer);
	snprintf(pid, sizeof(pid), "%d", container.inner);
	/* The number that names the namespace is one of that /proc too. */
	look_there(&look, HERE, as_root, WORDS("-lt", "-j", "-N", pid, "--proc", proc));
	assert_int_equal(look.run.status, 0);
	assert_int_equal(json_array_size(json_object_get(look.document, "sockets")), 1);
	check_holder(&look, container.inode, container.inner, container.fd);
	check_linger(&look, container.inode, INSIDER_LINGER);
	look_end(&look);
}

/* --- one that shares the network namespace --- */

static void a_holder_outside_has_no_number_inside(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&neighbour);
	look_there(&look, INTO(&neighbour, "-p", "-m"), as_root, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	check_holder(&look, neighbour.inode, neighbour.inner, neighbour.fd);
	row = look_row(&look, own_inode);
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	check_row(row, row_is_null(row, "references"));
	check_row(row, row_has_word(row, "close.reasons", "holder-unseen"));
	check_row(row, row_is_null(row, "linger"));
	check_said(&look, "held by no process of this PID namespace");
	check_said(&look, "--proc PATH");
	look_end(&look);
}

static void the_procfs_of_outside_has_both(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&neighbour);
	look_there(&look, INTO(&neighbour, "-p", "-m"), as_root,
		   WORDS("-lt", "-j", "--proc", OUTER_PROC));
	assert_int_equal(look.run.status, 0);
	check_holder(&look, neighbour.inode, neighbour.outer, neighbour.fd);
	check_holder(&look, own_inode, getpid(), own_fd);
	check_linger(&look, neighbour.inode, INSIDER_LINGER);
	/* BPF passes over what is outside of its reader's PID namespace. */
	row = look_row(&look, own_inode);
	check_row(row, row_is_null(row, "linger"));
	if (strstr(look.run.errors, "BPF"))
		check_said(&look, "linger");
	look_end(&look);
}

/* Counts and plugins name processes too. */
static void all_commands_have_the_numbers_of_the_procfs(void **state)
{
	char expected[64];
	struct look look;

	(void)state;
	need(&container);
	snprintf(expected, sizeof(expected), "/%d (fd %d)", container.outer, container.fd);
	look_there(&look, INTO(&container, "-p", "-m", "-n"), as_root,
		   WORDS("check", "-w", "total=0", "--proc", OUTER_PROC));
	assert_int_equal(look.run.status, 1);
	if (!strstr(look.run.output, expected))
		fail_msg("no '%s' in: %s", expected, look.run.output);
	look_end(&look);
	look_there(&look, INTO(&container, "-p", "-m", "-n"), as_root,
		   WORDS("explain", "-l", "--proc", OUTER_PROC));
	snprintf(expected, sizeof(expected), "/%d(fd %d)", container.outer, container.fd);
	if (!strstr(look.run.output, expected))
		fail_msg("no '%s' in: %s", expected, look.run.output);
	look_end(&look);
}

static void what_the_other_procfs_does_not_show_is_unseen(void **state)
{
	struct look look;
	char proc[64];
	json_t *row;

	(void)state;
	need(&neighbour);
	snprintf(proc, sizeof(proc), "/proc/%d/root/proc", neighbour.outer);
	look_there(&look, HERE, as_root, WORDS("-lt", "-j", "--proc", proc));
	assert_int_equal(look.run.status, 0);
	check_holder(&look, neighbour.inode, neighbour.inner, neighbour.fd);
	row = look_row(&look, own_inode);
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	check_said(&look, "held by no process that '/proc/");
	look_end(&look);
}

/* --- a PID namespace without a /proc of its own --- */

static void a_foreign_proc_gives_no_numbers(void **state)
{
	struct look look;

	(void)state;
	need(&unmounted);
	look_there(&look, INTO(&unmounted, "-p", "-n"), as_root, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	if (row_is_text(json_object_get(look.document, "header"), "owners_source", "bpf"))
		check_holder(&look, unmounted.inode, unmounted.inner, unmounted.fd);
	else
		check_said(&look, "/proc is of another PID namespace");
	look_end(&look);
}

static void without_bpf_it_is_said_how_to_get_them(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&unmounted);
	look_there(&look, INTO(&unmounted, "-p", "-n"), without_capabilities, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	row = look_row(&look, unmounted.inode);
	check_row(row, row_is_null(row, "holders"));
	check_said(&look, "/proc is of another PID namespace");
	check_said(&look, "--proc /proc");
	look_end(&look);
}

static void asked_for_a_foreign_proc_gives_its_numbers(void **state)
{
	struct look look;

	(void)state;
	need(&unmounted);
	look_there(&look, INTO(&unmounted, "-p", "-n"), as_root,
		   WORDS("-lt", "-j", "--proc", "/proc"));
	assert_int_equal(look.run.status, 0);
	check_holder(&look, unmounted.inode, unmounted.outer, unmounted.fd);
	check_linger(&look, unmounted.inode, INSIDER_LINGER);
	look_end(&look);
}

/* There may be a process of that number here and another one there. */
static void a_number_for_net_is_not_guessed(void **state)
{
	struct look look;

	(void)state;
	need(&unmounted);
	look_there(&look, INTO(&unmounted, "-p", "-n"), as_root, WORDS("-lt", "-N", "1"));
	assert_int_equal(look.run.status, 2);
	check_said(&look, "--net: /proc is of another PID namespace, where '1' is another process");
	look_end(&look);
}

/* --- without privilege --- */

static void a_user_namespace_has_its_numbers(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&rootless);
	look_there(&look, INTO(&rootless, "-U", "-p", "-m", "-n"), as_root, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	assert_int_equal(json_array_size(json_object_get(look.document, "sockets")), 1);
	check_holder(&look, rootless.inode, rootless.inner, rootless.fd);
	row = look_row(&look, rootless.inode);
	check_row(row, row_is_null(row, "linger"));
	check_said(&look, "linger");
	check_said(&look, "user namespace");
	look_end(&look);
}

/* The kernel has one number for all users that a user namespace does not know. */
static void a_user_from_outside_is_not_known(void **state)
{
	struct look look;
	json_t *row;

	(void)state;
	need(&guest);
	look_there(&look, INTO(&guest, "-U", "-p", "-m"), as_root, WORDS("-lt", "-j"));
	assert_int_equal(look.run.status, 0);
	row = look_row(&look, guest.inode);
	check_row(row, row_is_int(row, "uid", 0));
	check_row(row, row_has_holder(row, guest.inner, guest.fd));
	row = look_row(&look, own_inode);
	check_row(row, row_is_null(row, "uid"));
	check_row(row, !row_has_holder(row, getpid(), own_fd));
	look_end(&look);
}

static void outside_sees_into_a_user_namespace(void **state)
{
	struct look look;
	char pid[16];

	(void)state;
	need(&rootless);
	snprintf(pid, sizeof(pid), "%d", rootless.outer);
	look_there(&look, HERE, as_root, WORDS("-lt", "-j", "-N", pid));
	assert_int_equal(look.run.status, 0);
	check_holder(&look, rootless.inode, rootless.outer, rootless.fd);
	check_linger(&look, rootless.inode, INSIDER_LINGER);
	look_end(&look);
}

/* --- what is mounted of another namespace --- */

static json_t *limit(const struct look *look, const char *path)
{
	return row_get(json_object_get(look->document, "summary"), path);
}

static void limits_of_another_namespace_are_not_ours(void **state)
{
	struct tool_run cat;
	struct look look;

	(void)state;
	need(&trapped);
	/* The trap is there: whoever reads the file reads the other's limit. */
	assert_int_equal(tool_run(&cat, INTO(&trapped, "-m", "-n", "cat", LIMIT)), 0);
	if (atoi(cat.output) != STRANGE_LIMIT)
		fail_msg("no trap: %s%s", cat.output, cat.errors);
	tool_free(&cat);
	look_there(&look, INTO(&trapped, "-m", "-n"), as_root, WORDS("summary", "-j"));
	assert_int_equal(look.run.status, 0);
	assert_true(json_is_null(limit(&look, "limits.tw_buckets.max")));
	assert_true(json_is_integer(limit(&look, "limits.tw_buckets.used")));
	look_end(&look);
	/* Without what is mounted over it the limit is known. */
	look_there(&look, INTO(&trapped, "-n"), as_root, WORDS("summary", "-j"));
	assert_true(json_is_integer(limit(&look, "limits.tw_buckets.max")));
	assert_int_not_equal(json_integer_value(limit(&look, "limits.tw_buckets.max")),
			     STRANGE_LIMIT);
	look_end(&look);
}

/* A process keeps its number, and so what is mounted there, when it becomes the tool. */
static void counters_of_another_namespace_are_not_ours(void **state)
{
	static const char mount_net[] = "mount --bind /proc/1/net /proc/$$/net && exec \"$@\"";
	struct look look;

	(void)state;
	need(&trapped);
	look_there(&look, INTO(&trapped, "-n"), WORDS("unshare", "-m", "sh", "-c", mount_net, "sh"),
		   WORDS("summary", "-j"));
	assert_non_null(look.document);
	assert_true(json_is_null(limit(&look, "limits.tw_buckets.used")));
	assert_true(json_is_null(limit(&look, "aborts.on_close")));
	assert_true(json_is_integer(limit(&look, "limits.tw_buckets.max")));
	assert_int_equal(json_integer_value(limit(&look, "states.listen")), 1);
	look_end(&look);
}

/* --- what is no procfs to look into --- */

static void check_refused(const char *path, const char *const *who, const char *text)
{
	static const char *const commands[] = { "list", "summary", "explain", "metrics", "check" };
	struct look look;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		bool plugin = strcmp(commands[i], "check") == 0;

		look_there(&look, HERE, who, WORDS(commands[i], "--proc", path));
		assert_int_equal(look.run.status, plugin ? 3 : 2);
		if (!strstr(plugin ? look.run.output : look.run.errors, text))
			fail_msg("no '%s' in: %s%s", text, look.run.output, look.run.errors);
		if (!plugin)
			assert_string_equal(strchr(look.run.errors, '\n'), "\n");
		look_end(&look);
	}
}

static void no_procfs_is_refused(void **state)
{
	(void)state;
	check_refused("/nonexistent", as_root, "--proc: cannot open '/nonexistent'");
	check_refused("/", as_root, "--proc: '/' is not where a procfs is mounted");
	check_refused("/proc/self", as_root, "--proc: '/proc/self' is not where a procfs");
	check_refused("/proc/version", as_root, "--proc: '/proc/version' is not where a procfs");
}

/* Last: before Linux 5.8 all mounts of a PID namespace have one hidepid. */
static void a_hidden_procfs_is_refused(void **state)
{
	(void)state;
	if (mount("proc", OUTER_PROC, "proc", 0, "hidepid=2") < 0) {
		print_message("# a procfs with hidepid cannot be mounted\n");
		skip();
	}
	check_refused(OUTER_PROC, as_nobody, "does not show its process 1");
}

/* A leak check takes threads by their numbers in /proc, which are others in some of this. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_sees_its_own_numbers),
		cmocka_unit_test(a_container_without_capabilities_says_so),
		cmocka_unit_test(the_procfs_of_outside_gives_its_numbers),
		cmocka_unit_test(outside_can_ask_for_the_numbers_inside),
		cmocka_unit_test(a_holder_outside_has_no_number_inside),
		cmocka_unit_test(the_procfs_of_outside_has_both),
		cmocka_unit_test(all_commands_have_the_numbers_of_the_procfs),
		cmocka_unit_test(what_the_other_procfs_does_not_show_is_unseen),
		cmocka_unit_test(a_foreign_proc_gives_no_numbers),
		cmocka_unit_test(without_bpf_it_is_said_how_to_get_them),
		cmocka_unit_test(asked_for_a_foreign_proc_gives_its_numbers),
		cmocka_unit_test(a_number_for_net_is_not_guessed),
		cmocka_unit_test(a_user_namespace_has_its_numbers),
		cmocka_unit_test(a_user_from_outside_is_not_known),
		cmocka_unit_test(outside_sees_into_a_user_namespace),
		cmocka_unit_test(limits_of_another_namespace_are_not_ours),
		cmocka_unit_test(counters_of_another_namespace_are_not_ours),
		cmocka_unit_test(no_procfs_is_refused),
		cmocka_unit_test(a_hidden_procfs_is_refused),
	};

	insiders_begin();
	harness_enter();
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	container = insider_make(APART_PIDS | APART_NET | APART_PROC);
	neighbour = insider_make(APART_PIDS | APART_PROC);
	unmounted = insider_make(APART_PIDS | APART_NET);
	rootless = insider_make(APART_PIDS | APART_NET | APART_PROC | APART_USER);
	guest = insider_make(APART_PIDS | APART_PROC | APART_USER);
	trapped = insider_make(APART_NET | APART_SYSCTLS);
	/* After the others, which would inherit it. */
	own_fd = tcp_listen(AF_INET, 0, &own_port);
	own_inode = inode_of(own_fd);
	return cmocka_run_group_tests_name("inside", tests, NULL, NULL);
}
