/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A deadline that passes names the stage and ends the process; one that is stopped does nothing.
 */
#include "config.h"

#include "unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/deadline.h"

/* Runs `child` in a process of its own. Returns its exit status, and what it wrote in `said`. */
static int run(void (*child)(void), char *said, size_t size)
{
	int ends[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		child();
		_exit(99);
	}
	close(ends[1]);
	while ((n = read(ends[0], said + used, size - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void stuck(void)
{
	struct deadline d;

	deadline_start(&d, 1, "LATE: ", 3);
	deadline_stage(&d, "dump of", "tcp");
	poll(NULL, 0, 60000);
}

static void stuck_in_one_word(void)
{
	struct deadline d;

	deadline_start(&d, 1, "LATE: ", 7);
	deadline_stage(&d, "dump of", "tcp");
	deadline_stage(&d, "owners pass", NULL);
	poll(NULL, 0, 60000);
}

static void stuck_at_the_start(void)
{
	struct deadline d;

	deadline_start(&d, 1, "LATE: ", 3);
	poll(NULL, 0, 60000);
}

static void in_time(void)
{
	struct deadline d;

	deadline_start(&d, 1, "LATE: ", 3);
	deadline_stop(&d);
	poll(NULL, 0, 1500);
	_exit(0);
}

static void stray_alarm(void)
{
	struct deadline d;

	deadline_start(&d, 60, "LATE: ", 7);
	raise(SIGALRM);
	poll(NULL, 0, 60000);
}

static void names_the_stage(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(run(stuck, said, sizeof(said)), 3);
	assert_string_equal(said, "LATE: dump of tcp\n");
	assert_int_equal(run(stuck_in_one_word, said, sizeof(said)), 7);
	assert_string_equal(said, "LATE: owners pass\n");
	assert_int_equal(run(stuck_at_the_start, said, sizeof(said)), 3);
	assert_string_equal(said, "LATE: start\n");
}

static void says_nothing_when_stopped(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(run(in_time, said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

static void survives_an_alarm_without_pointer(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(run(stray_alarm, said, sizeof(said)), 3);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_stage),
		cmocka_unit_test(says_nothing_when_stopped),
		cmocka_unit_test(survives_an_alarm_without_pointer),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
