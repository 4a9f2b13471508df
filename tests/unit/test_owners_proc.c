/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The /proc walk, on a tree made for the test: directories and links that look like the kernel's,
 * since readlink() is all the walk does to a descriptor.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/owners.h"

#define MAX_RECORDS 32

struct tree {
	char root[64];
	struct owner_record records[MAX_RECORDS];
	size_t count;
	int stop_after; /* the sink fails after that many; 0: never */
	void (*on_record)(struct tree *tree);
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_path(const struct tree *tree, char *path, size_t size, const char *name)
{
	int length = snprintf(path, size, "%s/%s", tree->root, name);

	assert_true(length > 0 && (size_t)length < size);
}

static void add_dir(const struct tree *tree, const char *name)
{
	char path[256];

	make_path(tree, path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void add_file(const struct tree *tree, const char *name, const void *bytes, size_t length)
{
	char path[256];
	int fd;

	make_path(tree, path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

static void add_link(const struct tree *tree, const char *name, const char *target)
{
	char path[256];

	make_path(tree, path, sizeof(path), name);
	assert_int_equal(symlink(target, path), 0);
}

/* A process with a name and an empty descriptor directory. */
static void add_process(const struct tree *tree, const char *pid, const char *comm)
{
	char name[64];

	add_dir(tree, pid);
	snprintf(name, sizeof(name), "%s/fd", pid);
	add_dir(tree, name);
	snprintf(name, sizeof(name), "%s/comm", pid);
	add_file(tree, name, comm, strlen(comm));
}

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	strcpy(tree->root, "/tmp/lingerstat-proc-XXXXXX");
	*state = tree;
	if (!mkdtemp(tree->root))
		return -1;
	add_process(tree, "1", "init\n");
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;

	remove_tree(tree->root);
	free(tree);
	return 0;
}

static int keep(void *ctx, const struct owner_record *record)
{
	struct tree *tree = ctx;

	assert_true(tree->count < MAX_RECORDS);
	tree->records[tree->count++] = *record;
	if (tree->on_record)
		tree->on_record(tree);
	return tree->stop_after && tree->count >= (size_t)tree->stop_after ? -ENOSPC : 0;
}

/* The record of that descriptor, or NULL. */
static const struct owner_record *find(const struct tree *tree, uint32_t pid, uint32_t fd)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->records[i].pid == pid && tree->records[i].fd == fd)
			return &tree->records[i];
	}
	return NULL;
}

/* Walks the tree; gives the number of unreadable processes. */
static uint32_t walk(struct tree *tree)
{
	uint32_t unreadable = 99;

	assert_int_equal(owners_proc_read(tree->root, WALK_PROCESSES, keep, tree, &unreadable), 0);
	return unreadable;
}

static void finds_sockets_among_descriptors(void **state)
{
	struct tree *tree = *state;
	const struct owner_record *record;

	add_process(tree, "77", "app\n");
	add_link(tree, "77/fd/0", "/dev/null");
	add_link(tree, "77/fd/1", "pipe:[4242]");
	add_link(tree, "77/fd/3", "socket:[4242]");
	add_link(tree, "77/fd/1023", "socket:[4294967295]");
	add_link(tree, "77/fd/4", "anon_inode:[eventpoll]");
	add_process(tree, "4194304", "other\n");
	add_link(tree, "4194304/fd/3", "socket:[4242]");

	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 3);
	record = find(tree, 77, 3);
	assert_non_null(record);
	assert_int_equal(record->inode, 4242);
	assert_string_equal(record->comm, "app");
	record = find(tree, 77, 1023);
	assert_non_null(record);
	assert_int_equal(record->inode, 4294967295u);
	record = find(tree, 4194304, 3);
	assert_non_null(record);
	assert_string_equal(record->comm, "other");
}

static void tells_no_options(void **state)
{
	struct tree *tree = *state;

	add_link(tree, "1/fd/3", "socket:[5]");
	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 1);
	assert_false(tree->records[0].options.known);
	assert_int_equal(tree->records[0].options.nonblock, TRI_UNKNOWN);
	assert_int_equal(tree->records[0].options.reuseaddr, TRI_UNKNOWN);
	assert_int_equal(tree->records[0].options.repair, TRI_UNKNOWN);
	assert_int_equal(tree->records[0].options.linger2_negative, TRI_UNKNOWN);
	assert_int_equal(tree->records[0].options.user_timeout_ms, UNKNOWN);
}

static void takes_only_the_exact_link_text(void **state)
{
	static const char *const targets[] = {
		"socket:[]",           "socket:[12",           "socket:[12]x",     "socket:[1 2]",
		"socket:[-1]",         "socket:[+1]",          "socket:[0x1f]",    "socket:12",
		"socket:[12] (gone)",  "xsocket:[12]",         "/tmp/socket:[12]", "Socket:[12]",
		"socket:[4294967296]", "socket:[99999999999]", "socket:",          "net:[12]",
	};
	struct tree *tree = *state;
	char name[32];

	for (unsigned int i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		snprintf(name, sizeof(name), "1/fd/%u", i);
		add_link(tree, name, targets[i]);
	}
	add_link(tree, "1/fd/100", "socket:[12]");
	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 1);
	assert_int_equal(tree->records[0].fd, 100);
}

static void takes_only_numbers_for_processes_and_descriptors(void **state)
{
	static const char *const names[] = { "self",        "77x",        "-5", "0",
					     "99999999999", "4294967296", "sys" };
	struct tree *tree = *state;
	char name[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		add_process(tree, names[i], "not me\n");
		snprintf(name, sizeof(name), "%s/fd/3", names[i]);
		add_link(tree, name, "socket:[7]");
	}
	add_link(tree, "1/fd/3a", "socket:[8]");
	add_link(tree, "1/fd/-3", "socket:[8]");
	add_link(tree, "1/fd/4294967296", "socket:[8]");
	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 0);
}

static void keeps_the_bytes_of_a_name(void **state)
{
	struct tree *tree = *state;

	add_process(tree, "10", "a b\t\x1b[31m\xff\n\n");
	add_link(tree, "10/fd/3", "socket:[1]");
	add_process(tree, "11", "fifteen-letters\n");
	add_link(tree, "11/fd/3", "socket:[2]");
	add_process(tree, "12", "more than fifteen letters\n");
	add_link(tree, "12/fd/3", "socket:[3]");
	add_process(tree, "13", "");
	add_link(tree, "13/fd/3", "socket:[4]");

	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 4);
	assert_string_equal(find(tree, 10, 3)->comm, "a b\t\x1b[31m\xff\n");
	assert_string_equal(find(tree, 11, 3)->comm, "fifteen-letters");
	assert_string_equal(find(tree, 12, 3)->comm, "more than fifte");
	assert_string_equal(find(tree, 13, 3)->comm, "");
}

static void passes_over_a_process_without_descriptors(void **state)
{
	struct tree *tree = *state;

	add_dir(tree, "20"); /* gone between the listing and the look */
	add_process(tree, "21", "app\n");
	add_link(tree, "21/fd/3", "socket:[1]");
	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 1);
}

/* Removes the whole process under the walk's feet. */
static void exit_process(struct tree *tree)
{
	char path[256];

	make_path(tree, path, sizeof(path), "30");
	remove_tree(path);
}

static void survives_a_process_that_exits_during_the_walk(void **state)
{
	struct tree *tree = *state;
	char name[32];

	add_process(tree, "30", "app\n");
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "30/fd/%u", i);
		add_link(tree, name, "socket:[1]");
	}
	tree->on_record = exit_process;
	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 1);
}

static void finds_descriptors_when_the_first_thread_has_ended(void **state)
{
	struct tree *tree = *state;

	add_process(tree, "40", "app\n");
	add_dir(tree, "40/task");
	add_dir(tree, "40/task/40");
	add_dir(tree, "40/task/40/fd");
	add_dir(tree, "40/task/41"); /* has ended as well */
	add_dir(tree, "40/task/42");
	add_dir(tree, "40/task/42/fd");
	add_link(tree, "40/task/42/fd/5", "socket:[9]");
	add_dir(tree, "40/task/43");
	add_dir(tree, "40/task/43/fd");
	add_link(tree, "40/task/43/fd/5", "socket:[9]"); /* the same table, seen once */

	assert_int_equal(walk(tree), 0);
	assert_int_equal(tree->count, 1);
	assert_int_equal(tree->records[0].pid, 40);
	assert_int_equal(tree->records[0].fd, 5);
	assert_string_equal(tree->records[0].comm, "app");
}

static void counts_hidden_processes(void **state)
{
	struct tree *tree = *state;
	char path[256];

	make_path(tree, path, sizeof(path), "1");
	remove_tree(path);
	add_process(tree, "50", "app\n");
	add_link(tree, "50/fd/3", "socket:[1]");
	assert_int_equal(walk(tree), 1);
	assert_int_equal(tree->count, 1);
}

static void stops_when_the_sink_says_so(void **state)
{
	struct tree *tree = *state;
	uint32_t unreadable;

	add_link(tree, "1/fd/3", "socket:[1]");
	add_link(tree, "1/fd/4", "socket:[2]");
	add_link(tree, "1/fd/5", "socket:[3]");
	tree->stop_after = 2;
	assert_int_equal(owners_proc_read(tree->root, WALK_PROCESSES, keep, tree, &unreadable),
			 -ENOSPC);
	assert_int_equal(tree->count, 2);
}

static void fails_without_proc(void **state)
{
	struct tree *tree = *state;
	uint32_t unreadable;

	assert_int_equal(
		owners_proc_read("/nonexistent/proc", WALK_PROCESSES, keep, tree, &unreadable),
		-ENOENT);
	assert_int_equal(owners_proc_read("/dev/null", WALK_TABLES, keep, tree, &unreadable),
			 -ENOTDIR);
	assert_int_equal(tree->count, 0);
}

/* Only for others than root is a directory without permissions unreadable. */
static uint32_t walk_as_nobody(struct tree *tree)
{
	uint32_t unreadable;

	if (getuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	unreadable = walk(tree);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	return unreadable;
}

static void counts_what_it_may_not_read(void **state)
{
	static const char stat_line[] = "60 (odd) S name) S 1 60 60 0 -1 4194560 1 2 3 4 5 6 7 8 "
					"20 0 3 0 100 200 300\n";
	static const char zombie[] = "61 (app) Z 1 61 61 0 -1 4194564 1 2 3 4 5 6 7 8 20 0 1 0 1\n";
	static const char zombie_leader[] =
		"62 (app) Z 1 62 62 0 -1 4194564 1 2 3 4 5 6 7 8 20 0 2 0 1\n";
	static const char kernel_thread[] =
		"63 (kworker/0:0) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 30\n";
	static const struct {
		const char *pid, *stat;
	} processes[] = {
		{ "60", stat_line },
		{ "61", zombie },
		{ "62", zombie_leader },
		{ "63", kernel_thread },
	};
	struct tree *tree = *state;
	char name[32], path[256];

	assert_int_equal(chmod(tree->root, 0755), 0);
	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		add_process(tree, processes[i].pid, "app\n");
		snprintf(name, sizeof(name), "%s/stat", processes[i].pid);
		add_file(tree, name, processes[i].stat, strlen(processes[i].stat));
		snprintf(name, sizeof(name), "%s/fd/3", processes[i].pid);
		add_link(tree, name, "socket:[1]");
		snprintf(name, sizeof(name), "%s/fd", processes[i].pid);
		make_path(tree, path, sizeof(path), name);
		assert_int_equal(chmod(path, 0), 0);
	}
	/* 60 lives, 62 lives on in its second thread; 61 has ended, 63 is the kernel's. */
	assert_int_equal(walk_as_nobody(tree), 2);
	assert_int_equal(tree->count, 0);

	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		snprintf(name, sizeof(name), "%s/fd", processes[i].pid);
		make_path(tree, path, sizeof(path), name);
		assert_int_equal(chmod(path, 0755), 0);
	}
}

#define PROC_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(finds_sockets_among_descriptors),
		PROC_TEST(tells_no_options),
		PROC_TEST(takes_only_the_exact_link_text),
		PROC_TEST(takes_only_numbers_for_processes_and_descriptors),
		PROC_TEST(keeps_the_bytes_of_a_name),
		PROC_TEST(passes_over_a_process_without_descriptors),
		PROC_TEST(survives_a_process_that_exits_during_the_walk),
		PROC_TEST(finds_descriptors_when_the_first_thread_has_ended),
		PROC_TEST(counts_hidden_processes),
		PROC_TEST(stops_when_the_sink_says_so),
		PROC_TEST(fails_without_proc),
		PROC_TEST(counts_what_it_may_not_read),
	};

	return cmocka_run_group_tests_name("owners_proc", tests, NULL, NULL);
}
