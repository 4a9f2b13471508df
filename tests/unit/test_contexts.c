/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security contexts out of a made-up /proc: what is read, what is none, and what is not known.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "enrich/contexts.h"

static char root[64];

/* A path below the root; the directories on the way are made. */
static const char *below(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *below(const char *format, ...)
{
	static char path[256];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", root);
	va_list args;

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	for (char *p = path + n; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	return path;
}

static void put_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static void put_context(uint32_t pid, uint32_t tid, const char *text, size_t length)
{
	put_file(below("%u/task/%u/attr/current", pid, tid), text, length);
}

static void put_fd(uint32_t pid, uint32_t tid, uint32_t fd, uint32_t inode)
{
	char link[64];

	snprintf(link, sizeof(link), "socket:[%u]", inode);
	assert_return_code(symlink(link, below("%u/task/%u/fd/%u", pid, tid, fd)), errno);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(root, "/tmp/lingerstat-contexts-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put_file(below("self/attr/current"), "unconfined\n", 11);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct socket held(uint32_t inode, const struct holder *items, uint32_t count)
{
	struct socket sk;

	socket_init(&sk);
	sk.inode = inode;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, count, items };
	return sk;
}

static struct contexts *join(struct socket *sk, bool sockets)
{
	struct contexts *c = contexts_new(root, sockets);

	assert_non_null(c);
	assert_int_equal(contexts_join(c, sk), 0);
	return c;
}

static void the_words_of_each_module(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *expected;
	} rows[] = {
		/* SELinux counts the NUL, AppArmor ends the line, Smack does neither. */
		{ "system_u:system_r:sshd_t:s0-s0:c0.c1023", 40,
		  "system_u:system_r:sshd_t:s0-s0:c0.c1023" },
		{ "/usr/sbin/nginx (enforce)\n", 26, "/usr/sbin/nginx (enforce)" },
		{ "_", 1, "_" },
		{ "", 0, "" },
		{ "\n", 1, "" },
	};
	static const struct holder holder = { 70, 3, "app", 70 };

	(void)state;
	put_fd(70, 70, 3, 4711);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk = held(4711, &holder, 1);
		struct contexts *c;

		put_context(70, 70, rows[i].text, rows[i].length);
		c = join(&sk, false);
		assert_false(contexts_absent(c));
		assert_int_equal(contexts_unknown(c), 0);
		assert_int_equal(sk.contexts.count, 1);
		assert_int_equal(sk.contexts.items[0].pid, 70);
		assert_string_equal(sk.contexts.items[0].text, rows[i].expected);
		contexts_free(c);
	}
}

/* A process that has got the number since, or has closed the socket, says nothing about it. */
static void what_is_not_surely_the_holder_is_not_known(void **state)
{
	static const struct holder holders[] = {
		{ 70, 3, "app", 70 }, /* another socket by now */
		{ 71, 3, "app", 71 }, /* no such descriptor */
		{ 72, 3, "app", 72 }, /* gone */
		{ 73, 3, "app", 73 }, /* its context may not be read */
		{ 74, 3, "app", 74 }, /* the one that is sure */
	};
	struct socket sk = held(4711, holders, COUNT(holders));
	struct contexts *c;

	(void)state;
	for (uint32_t pid = 70; pid < 75; pid++)
		if (pid != 72 && pid != 73)
			put_context(pid, pid, "label\n", 6);
	put_fd(70, 70, 3, 47110);
	mkdir(below("71/task/71/fd"), 0755);
	put_fd(73, 73, 3, 4711);
	put_fd(74, 74, 3, 4711);
	c = join(&sk, false);
	assert_int_equal(sk.contexts.count, COUNT(holders));
	for (size_t i = 0; i < 4; i++)
		assert_null(sk.contexts.items[i].text);
	assert_string_equal(sk.contexts.items[4].text, "label");
	assert_int_equal(contexts_unknown(c), 4);
	contexts_free(c);
}

static void one_for_each_table(void **state)
{
	static const struct holder holders[] = {
		{ 70, 3, "app", 70 },
		{ 70, 5, "app", 70 },
		{ 70, 3, "app", 75 },
		{ 80, 3, "app", 0 }, /* as a backend that knows no threads has it */
	};
	struct socket sk = held(4711, holders, COUNT(holders));
	struct contexts *c;

	(void)state;
	put_fd(70, 70, 3, 4711);
	put_fd(70, 70, 5, 4711);
	put_fd(70, 75, 3, 4711);
	put_fd(80, 80, 3, 4711);
	put_context(70, 70, "first", 5);
	put_context(70, 75, "thread", 6);
	put_context(80, 80, "first", 5);
	c = join(&sk, false);
	assert_int_equal(sk.contexts.count, 3);
	assert_string_equal(sk.contexts.items[0].text, "first");
	assert_int_equal(sk.contexts.items[1].tid, 75);
	assert_string_equal(sk.contexts.items[1].text, "thread");
	assert_ptr_equal(sk.contexts.items[2].text, sk.contexts.items[0].text);
	contexts_free(c);
}

static void without_a_module_nothing_is_looked_for(void **state)
{
	static const struct holder holder = { 70, 3, "app", 70 };
	struct socket sk = held(4711, &holder, 1);
	struct contexts *c;

	(void)state;
	put_fd(70, 70, 3, 4711);
	put_context(70, 70, "label", 5);
	assert_return_code(unlink(below("self/attr/current")), errno);
	c = join(&sk, true);
	assert_true(contexts_absent(c));
	assert_int_equal(contexts_unknown(c), 0);
	assert_string_equal(sk.contexts.items[0].text, "");
	assert_string_equal(sk.socket_context, "");
	contexts_free(c);
}

static void a_socket_without_holders_has_none(void **state)
{
	struct socket sk = held(4711, NULL, 0);
	struct contexts *c = join(&sk, true);

	(void)state;
	assert_int_equal(sk.contexts.count, 0);
	assert_null(sk.socket_context);
	contexts_free(c);
}

/* The link of a made-up descriptor leads to a file beside it, whose attributes are ours. */
static void the_socket_itself(void **state)
{
	static const struct holder holder = { 70, 3, "app", 70 };
	static const char label[] = "system_u:object_r:http_t:s0";
	struct socket sk = held(4711, &holder, 1);
	struct contexts *c;
	char path[256];

	(void)state;
	put_fd(70, 70, 3, 4711);
	put_context(70, 70, "label", 5);
	snprintf(path, sizeof(path), "%s", below("70/task/70/fd/socket:[4711]"));
	put_file(path, "", 0);
	c = join(&sk, true);
	assert_string_equal(sk.socket_context, "");
	contexts_free(c);
	if (setxattr(path, "security.selinux", label, sizeof(label), 0) < 0) {
		print_message("# no attribute can be set here: %s\n", strerror(errno));
		skip();
	}
	c = join(&sk, false);
	assert_null(sk.socket_context);
	contexts_free(c);
	c = join(&sk, true);
	assert_string_equal(sk.socket_context, label);
	contexts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_words_of_each_module, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_surely_the_holder_is_not_known, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_for_each_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_module_nothing_is_looked_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_socket_without_holders_has_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_socket_itself, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("contexts", tests, NULL, NULL);
}
