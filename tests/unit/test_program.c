/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which holders of a listener end with its program, by a /proc made for the test: who descends from
 * whom, who is first of a PID namespace, and what systemd keeps.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/program.h"

static char proc[] = "/tmp/lingerstat-program-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static void put_file(uint32_t pid, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A name may hold what the kernel separates its fields with. */
static void put_process(uint32_t pid, uint32_t parent, const char *comm, const char *group,
			const char *numbers)
{
	char path[PATH_MAX], text[512];

	snprintf(path, sizeof(path), "%s/%u", proc, pid);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(text, sizeof(text), "%u (%s) 1 2) S %u 1 1 0", pid, comm, parent);
	put_file(pid, "stat", text);
	snprintf(text, sizeof(text), "%s\n", comm);
	put_file(pid, "comm", text);
	snprintf(text, sizeof(text), "Name:\t%s\nNSpid:\t%u%s\nVmPeak:\t1 kB\n", comm, pid,
		 numbers);
	put_file(pid, "status", text);
	put_file(pid, "cgroup", group);
}

#define INIT    "0::/init.scope\n"
#define WEB     "0::/system.slice/web.service\n"
#define WORKERS "0::/system.slice/web.service/workers\n"
#define OTHER   "0::/system.slice/web.service2\n"
#define SESSION "0::/user.slice/user-0.slice/session-1.scope\n"
#define HYBRID  "5:pids:/x\n1:name=systemd:/system.slice/old.service\n0::/\n"
#define MANAGER "0::/user.slice/user-7.slice/user@7.service/init.scope\n"
#define APP     "0::/user.slice/user-7.slice/user@7.service/app.slice/app.service\n"

static int make_proc(void **state)
{
	(void)state;
	if (!mkdtemp(proc))
		return -1;
	put_process(1, 0, "systemd", INIT, "");
	put_process(10, 1, "web", WEB, "");
	put_process(11, 10, "web", WORKERS, "");
	put_process(12, 11, "helper", OTHER, "");
	put_process(20, 1, "by-hand", SESSION, "");
	put_process(21, 20, "sh", SESSION, "");
	put_process(22, 21, "child", SESSION, "");
	put_process(23, 1, "stranger", SESSION, "");
	put_process(30, 20, "first", SESSION, "\t1");
	put_process(31, 30, "second", SESSION, "\t2");
	put_process(32, 30, "deep", SESSION, "\t12\t1");
	put_process(40, 1, "old", HYBRID, "");
	put_process(41, 40, "old", HYBRID, "");
	put_process(50, 1, "systemd", MANAGER, "");
	put_process(51, 50, "app", APP, "");
	put_process(52, 51, "app", APP, "");
	put_process(53, 50, "app", APP, "");
	put_process(60, 20, "systemd", SESSION, "");
	put_process(61, 60, "web", WEB, "");
	put_process(62, 61, "web", WEB, "");
	put_process(70, 71, "ring", SESSION, "");
	put_process(71, 70, "ring", SESSION, "");
	put_process(80, 1, "eleven", SESSION, "\t11");
	put_process(81, 80, "child", SESSION, "\t12");
	return 0;
}

static int remove_proc(void **state)
{
	(void)state;
	return nftw(proc, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct {
	const char *what;
	struct holder holders[4];
	enum tri ends;
	bool passed_on;
	uint32_t pid; /* of who keeps it, or passes it on */
} rows[] = {
	{ "one process", { { 20, 3, "by-hand", 20 } }, TRI_YES, false, 0 },
	{ "one, twice", { { 20, 3, "by-hand", 20 }, { 20, 4, "by-hand", 20 } }, TRI_YES, false, 0 },
	{ "a child", { { 20, 3, "by-hand", 20 }, { 22, 3, "child", 22 } }, TRI_NO, false, 22 },
	{ "a child that comes first",
	  { { 22, 3, "child", 22 }, { 20, 3, "by-hand", 20 } },
	  TRI_NO,
	  false,
	  22 },
	{ "no kin", { { 20, 3, "by-hand", 20 }, { 23, 3, "stranger", 23 } }, TRI_NO, false, 23 },
	{ "gone", { { 20, 3, "by-hand", 20 }, { 99, 3, "gone", 99 } }, TRI_UNKNOWN, false, 99 },
	{ "its own parents",
	  { { 20, 3, "by-hand", 20 }, { 70, 3, "ring", 70 } },
	  TRI_NO,
	  false,
	  70 },
	{ "a service", { { 10, 3, "web", 10 }, { 11, 3, "web", 11 } }, TRI_YES, false, 0 },
	{ "beyond the service",
	  { { 10, 3, "web", 10 }, { 11, 3, "web", 11 }, { 12, 3, "helper", 12 } },
	  TRI_NO,
	  false,
	  12 },
	{ "a service, hybrid", { { 40, 3, "old", 40 }, { 41, 3, "old", 41 } }, TRI_YES, false, 0 },
	{ "a user's service", { { 51, 3, "app", 51 }, { 52, 3, "app", 52 } }, TRI_YES, false, 0 },
	{ "not the main process",
	  { { 11, 3, "web", 11 }, { 12, 3, "helper", 12 } },
	  TRI_NO,
	  false,
	  12 },
	{ "who is only called so",
	  { { 61, 3, "web", 61 }, { 62, 3, "web", 62 } },
	  TRI_NO,
	  false,
	  62 },
	{ "first of a namespace",
	  { { 30, 3, "first", 30 }, { 31, 3, "second", 31 }, { 32, 3, "deep", 32 } },
	  TRI_YES,
	  false,
	  0 },
	{ "first, and one outside",
	  { { 30, 3, "first", 30 }, { 23, 3, "stranger", 23 } },
	  TRI_NO,
	  false,
	  23 },
	{ "a number that ends in 1",
	  { { 80, 3, "eleven", 80 }, { 81, 3, "child", 81 } },
	  TRI_NO,
	  false,
	  81 },
	{ "socket activation",
	  { { 1, 40, "systemd", 1 }, { 10, 3, "web", 10 } },
	  TRI_YES,
	  true,
	  1 },
	{ "before its program began", { { 1, 40, "systemd", 1 } }, TRI_YES, true, 1 },
	{ "a user's manager",
	  { { 50, 9, "systemd", 50 }, { 51, 3, "app", 51 } },
	  TRI_YES,
	  true,
	  50 },
};

static struct socket held_by(const struct holder *holders)
{
	struct socket sk;

	socket_init(&sk);
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 0, holders };
	while (sk.holders.count < 4 && holders[sk.holders.count].pid)
		sk.holders.count++;
	return sk;
}

static void each_has_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk = held_by(rows[i].holders);
		struct program p;

		program_of(proc, &sk, &p);
		if (p.ends != rows[i].ends || p.passed_on != rows[i].passed_on ||
		    p.pid != rows[i].pid)
			fail_msg("%s: ends %d, passed on %d, by %u", rows[i].what, (int)p.ends,
				 p.passed_on, p.pid);
	}
}

static void who_is_not_known_is_not(void **state)
{
	struct socket sk = held_by(rows[0].holders);
	struct program p;

	(void)state;
	sk.holders.known = HOLDERS_PARTIAL;
	program_of(proc, &sk, &p);
	assert_int_equal(p.ends, TRI_UNKNOWN);
	sk.holders.count = 0;
	sk.holders.known = HOLDERS_COMPLETE;
	program_of(proc, &sk, &p);
	assert_int_equal(p.ends, TRI_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_end),
		cmocka_unit_test(who_is_not_known_is_not),
	};

	return cmocka_run_group_tests_name("program", tests, make_proc, remove_proc);
}
