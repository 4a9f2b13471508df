/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads with a descriptor table of their own: by BPF, and by a walk of /proc with -T. And
 * threads whose process's first thread has ended: what they share counts once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

/* What a child tells. */
struct scene {
	pid_t pid;
	pid_t tid;       /* of the thread with its own table */
	int shared, own; /* descriptors of the two listeners */
	uint16_t shared_port, own_port;
};

static int tell;

static struct scene scene;

static void told(void)
{
	if (write(tell, &scene, sizeof(scene)) != sizeof(scene))
		_exit(1);
}

static void *__attribute__((noreturn)) wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void *__attribute__((noreturn)) leave_table(void *arg)
{
	scene.tid = (pid_t)syscall(SYS_gettid);
	if (unshare(CLONE_FILES) < 0)
		_exit(1);
	scene.own = tcp_listen(AF_INET, 0, &scene.own_port);
	told();
	wait_for_ever(arg);
}

/* A process that listens, with a thread that listens by a table of its own, and one that shares. */
static void two_tables(void)
{
	pthread_t thread;

	scene.shared = tcp_listen(AF_INET, 0, &scene.shared_port);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	pthread_create(&thread, NULL, leave_table, NULL);
	wait_for_ever(NULL);
}

static bool is_zombie(pid_t pid)
{
	char path[64], text[256] = "", *rest;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	f = fopen(path, "re");
	if (f) {
		rest = fgets(text, sizeof(text), f);
		fclose(f);
	}
	rest = strrchr(text, ')');
	return rest && rest[2] == 'Z';
}

static void *__attribute__((noreturn)) tell_when_alone(void *arg)
{
	while (!is_zombie(scene.pid))
		usleep(1000);
	scene.tid = (pid_t)syscall(SYS_gettid);
	told();
	wait_for_ever(arg);
}

/* A process whose first thread ends and leaves its listener to three others. */
static void without_first(void)
{
	pthread_t thread;

	scene.shared = tcp_listen(AF_INET, 0, &scene.shared_port);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	pthread_create(&thread, NULL, tell_when_alone, NULL);
	pthread_exit(NULL);
}

static void play(void (*what)(void))
{
	int ends[2];
	pid_t child;

	assert_return_code(pipe(ends), 0);
	child = fork();
	assert_return_code(child, 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tell = ends[1];
		scene.pid = getpid();
		what();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &scene, sizeof(scene)), sizeof(scene));
	close(ends[0]);
}

static void stop(void)
{
	kill(scene.pid, SIGKILL);
	waitpid(scene.pid, NULL, 0);
}

/* Whether the row names this thread and descriptor among its holders. */
static bool has_thread(const json_t *row, pid_t tid, int fd)
{
	const json_t *holder;
	size_t i;

	json_array_foreach(row_get(row, "holders"), i,
			   holder) if (row_is_int(holder, "pid", scene.pid) &&
				       row_is_int(holder, "tid", tid) &&
				       row_is_int(holder, "fd", fd)) return true;
	return false;
}

/* Another user who may look at every process, and has no BPF. */
static const struct run_as by_proc = {
	.uid = 65534,
	.ambient = 1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH,
};
static const struct run_as by_bpf = { .uid = 0 };

static void list_threads(struct listing *listing, const struct run_as *as, const char *source)
{
	const char *const args[] = { "-l", "-t", "-T", NULL };

	assert_int_equal(harness_list_as(listing, as, args), 0);
	assert_int_equal(listing->status, 0);
	if (row_is_text(listing->header, "owners_source", source))
		return;
	listing_free(listing);
	stop();
	print_message("# owners do not come from %s here\n", source);
	skip();
}

static void check_two_tables(const struct run_as *as, const char *source)
{
	struct listing listing;
	json_t *row;

	play(two_tables);
	list_threads(&listing, as, source);
	row = row_by_ports(&listing, AF_INET, scene.own_port, 0);
	check_row(row, has_thread(row, scene.tid, scene.own));
	check_row(row, row_is_int(row, "references", 1));
	/* The table was copied when the thread left: it has the first listener too. */
	row = row_by_ports(&listing, AF_INET, scene.shared_port, 0);
	check_row(row, has_thread(row, scene.pid, scene.shared));
	check_row(row, has_thread(row, scene.tid, scene.shared));
	check_row(row, row_is_int(row, "references", 2));
	listing_free(&listing);
	stop();
}

static void a_table_of_its_own_by_bpf(void **state)
{
	(void)state;
	check_two_tables(&by_bpf, "bpf");
}

static void a_table_of_its_own_by_proc(void **state)
{
	(void)state;
	check_two_tables(&by_proc, "proc");
}

static void check_without_first(const struct run_as *as, const char *source)
{
	struct listing listing;
	json_t *row;

	play(without_first);
	list_threads(&listing, as, source);
	row = row_by_ports(&listing, AF_INET, scene.shared_port, 0);
	check_row(row, row_is_int(row, "references", 1));
	check_row(row, row_is_int(json_array_get(row_get(row, "holders"), 0), "pid", scene.pid));
	check_row(row, row_is_int(json_array_get(row_get(row, "holders"), 0), "fd", scene.shared));
	check_row(row, !row_has_word(row, "close.reasons", "shared"));
	listing_free(&listing);
	stop();
}

static void a_first_thread_that_ended_by_bpf(void **state)
{
	(void)state;
	check_without_first(&by_bpf, "bpf");
}

static void a_first_thread_that_ended_by_proc(void **state)
{
	(void)state;
	check_without_first(&by_proc, "proc");
}

/* The cell of the listener with this port. */
static void check_cell(const char *option, uint16_t port, const char *expected)
{
	char filter[32];
	struct tool_run run;

	snprintf(filter, sizeof(filter), "sport = %u", port);
	assert_int_equal(tool_run(&run, (const char *const[]){ "lingerstat", "-ltH", option, "-C",
							       "process", filter, NULL }),
			 0);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output, expected);
	tool_free(&run);
}

static void the_table_names_threads_with_t(void **state)
{
	char expected[128];

	(void)state;
	play(two_tables);
	snprintf(expected, sizeof(expected), "test_threads/%d:%d(fd %d)\n", scene.pid, scene.tid,
		 scene.own);
	check_cell("-T", scene.own_port, expected);
	snprintf(expected, sizeof(expected), "test_threads/%d(fd %d) test_threads/%d:%d(fd %d)\n",
		 scene.pid, scene.shared, scene.pid, scene.tid, scene.shared);
	check_cell("--threads", scene.shared_port, expected);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_its_own_by_bpf),
		cmocka_unit_test(a_table_of_its_own_by_proc),
		cmocka_unit_test(a_first_thread_that_ended_by_bpf),
		cmocka_unit_test(a_first_thread_that_ended_by_proc),
		cmocka_unit_test(the_table_names_threads_with_t),
	};

	harness_enter();
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
