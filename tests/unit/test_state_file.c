/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: rates and ages from run to run, what makes them start anew, what is refused, and
 * that runs at the same time lose nothing.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/state_file.h"

static const struct state_here boot_a = { "boot-a", 100, 1000 };

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/lingerstat-state.XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	char command[128];
	int err;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	err = chdir("/") || system(command);
	free(*state);
	return err;
}

static struct state_file *opened(const struct state_here *here)
{
	struct state_file *file = NULL;
	const char *why = "no reason";
	int err = state_file_open(&file, "state", here, &why);

	if (err)
		fail_msg("not opened: %d, %s", err, why);
	return file;
}

static void closed(struct state_file *file)
{
	assert_int_equal(state_file_commit(file), 0);
	state_file_close(file);
}

/* A first run: one counter and one socket. */
static void leave_past(const struct state_here *here)
{
	struct state_file *file = opened(here);

	state_file_rate(file, "TCPAbortOnData", 50);
	state_file_seen(file, 0x1f4);
	closed(file);
}

static struct state_here later(double seconds)
{
	struct state_here here = boot_a;

	here.now += seconds;
	return here;
}

static void put(const char *text)
{
	FILE *f = fopen("state", "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void first_run_knows_nothing(void **state)
{
	struct state_file *file = opened(&boot_a);

	(void)state;
	assert_int_equal(state_file_past(file), PAST_NONE);
	assert_non_null(state_past_text(PAST_NONE));
	assert_true(state_file_rate(file, "TCPAbortOnData", 50) < 0);
	assert_true(state_file_seen(file, 1) == 0);
	closed(file);
}

static void counters_become_rates(void **state)
{
	struct state_here here = later(10);
	struct state_file *file;

	(void)state;
	leave_past(&boot_a);
	file = opened(&here);
	assert_int_equal(state_file_past(file), PAST_KNOWN);
	assert_null(state_past_text(PAST_KNOWN));
	assert_true(state_file_rate(file, "TCPAbortOnData", 75) == 2.5);
	assert_true(state_file_rate(file, "TCPAbortOnClose", 75) < 0); /* not noted before */
	closed(file);
	here = later(20);
	file = opened(&here);
	assert_true(state_file_rate(file, "TCPAbortOnData", 75) == 0);
	assert_true(state_file_rate(file, "TCPAbortOnClose", 85) == 1);
	state_file_close(file);
}

static void a_counter_that_went_back_is_no_rate(void **state)
{
	struct state_here here = later(10);
	struct state_file *file;

	(void)state;
	leave_past(&boot_a);
	file = opened(&here);
	assert_true(state_file_rate(file, "TCPAbortOnData", 3) < 0);
	closed(file);
	here = later(20);
	file = opened(&here);
	assert_true(state_file_rate(file, "TCPAbortOnData", 13) == 1);
	state_file_close(file);
	file = opened(&here);
	assert_true(state_file_rate(file, "TCPAbortOnData", UNKNOWN) < 0);
	closed(file);
}

static void no_time_no_rate(void **state)
{
	struct state_file *file;

	(void)state;
	leave_past(&boot_a);
	file = opened(&boot_a);
	assert_true(state_file_rate(file, "TCPAbortOnData", 75) < 0);
	state_file_close(file);
}

static void ages_count_from_the_first_sight(void **state)
{
	struct state_here here = later(60);
	struct state_file *file;

	(void)state;
	leave_past(&boot_a);
	file = opened(&here);
	assert_true(state_file_seen(file, 0x1f4) == 60);
	assert_true(state_file_seen(file, 0x1f5) == 0);
	closed(file);
	here = later(90);
	file = opened(&here);
	assert_true(state_file_seen(file, 0x1f4) == 90);
	assert_true(state_file_seen(file, 0x1f5) == 30);
	closed(file);
	/* One that a run did not see is forgotten. */
	file = opened(&here);
	closed(file);
	file = opened(&here);
	assert_true(state_file_seen(file, 0x1f4) == 0);
	state_file_close(file);
}

static void another_boot_or_namespace_starts_anew(void **state)
{
	struct state_here boot_b = { "boot-b", 100, 2000 };
	struct state_here elsewhere = { "boot-a", 101, 2000 };
	struct state_here unknown_boot = { "", 100, 2000 };
	struct state_here earlier = { "boot-a", 100, 500 };
	const struct {
		const struct state_here *here;
		enum state_past past;
	} cases[] = {
		{ &boot_b, PAST_BOOT },
		{ &elsewhere, PAST_NETNS },
		{ &unknown_boot, PAST_BOOT },
		{ &earlier, PAST_DAMAGED },
	};

	(void)state;
	leave_past(&boot_a);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct state_file *file = opened(cases[i].here);

		assert_int_equal(state_file_past(file), cases[i].past);
		assert_non_null(state_past_text(cases[i].past));
		assert_true(state_file_rate(file, "TCPAbortOnData", 60) < 0);
		assert_true(state_file_seen(file, 0x1f4) == 0);
		state_file_close(file);
	}
}

/* One stays, one ends, one is made; and one whose counter is not known. */
static void counters_are_kept_by_namespace(void **state)
{
	struct state_here all = { "boot-a", STATE_EVERYWHERE, 1000 };
	struct state_file *file;

	(void)state;
	unlink("state");
	file = opened(&all);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnData", 50) < 0);
	assert_true(state_file_rate_in(file, UINT64_MAX, "TCPAbortOnData", 1000000) < 0);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnClose", 8) < 0);
	closed(file);

	all.now += 10;
	file = opened(&all);
	assert_int_equal(state_file_past(file), PAST_KNOWN);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnData", 70) == 2);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnClose", 8) == 0);
	assert_true(state_file_rate_in(file, 8, "TCPAbortOnData", 30) == 3);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnMemory", 9) < 0);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnLinger", UNKNOWN) < 0);
	closed(file);

	all.now += 10;
	file = opened(&all);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnData", 70) == 0);
	assert_true(state_file_rate_in(file, 8, "TCPAbortOnData", 40) == 1);
	assert_true(state_file_rate_in(file, 8, "TCPAbortOnClose", 40) < 0);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnData", 69) < 0);
	state_file_close(file);
}

/* What one namespace has counted says nothing about all, nor the other way round. */
static void one_namespace_and_all_do_not_compare(void **state)
{
	struct state_here all = { "boot-a", STATE_EVERYWHERE, 1010 };
	struct state_here one = later(20);
	struct state_file *file;

	(void)state;
	leave_past(&boot_a);
	file = opened(&all);
	assert_int_equal(state_file_past(file), PAST_NETNS);
	assert_true(state_file_rate_in(file, 7, "TCPAbortOnData", 50) < 0);
	closed(file);
	file = opened(&one);
	assert_int_equal(state_file_past(file), PAST_NETNS);
	state_file_close(file);
}

static void a_damaged_file_is_written_anew(void **state)
{
	static const char *const texts[] = {
		"lingerstat-state x",
		"lingerstat-state 2\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 900\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 900\nend",
		"lingerstat-state 1\nboot boot-a\nnetns 100\nwhat is this\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 900\ncounter a -4\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 900\nseen\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime x\nend\n",
		/* What scanf() takes for a number, and no clock shows. */
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime nan\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime -1\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 9\nseen 4a -inf\nend\n",
		"lingerstat-state 1\nboot boot-a\nnetns 100\ntime 9\nseen 4a 1e308\nend\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct state_file *file;

		put(texts[i]);
		file = opened(&boot_a);
		if (state_file_past(file) != PAST_DAMAGED)
			fail_msg("taken as whole: %s", texts[i]);
		closed(file);
		file = opened(&boot_a);
		assert_int_equal(state_file_past(file), PAST_KNOWN);
		state_file_close(file);
		unlink("state");
	}
}

static void assert_refused(const char *word)
{
	struct state_file *file = NULL;
	const char *why = "";

	assert_true(state_file_open(&file, "state", &boot_a, &why) < 0);
	assert_null(file);
	if (!strstr(why, word))
		fail_msg("no '%s' in: %s", word, why);
}

static void refuses_what_others_may_have_put_there(void **state)
{
	struct state_file *file = NULL;
	const char *why = "";

	(void)state;
	put("");
	assert_int_equal(rename("state", "target"), 0);
	assert_int_equal(symlink("target", "state"), 0);
	assert_refused("symbolic link");
	unlink("state");
	assert_int_equal(link("target", "state"), 0);
	assert_refused("hard link");
	unlink("state");
	assert_int_equal(mkfifo("state", 0600), 0);
	assert_refused("plain file");
	unlink("state");
	assert_int_equal(mkdir("state", 0700), 0);
	assert_refused("opened");
	assert_true(state_file_open(&file, "none/state", &boot_a, &why) == -ENOENT);
	assert_non_null(strstr(why, "folder"));
	rmdir("state");
	put("root:x:0:0:root:/root:/bin/sh\n");
	assert_refused("no state file");
	unlink("state");
	if (geteuid() == 0) {
		put("");
		assert_int_equal(chown("state", 65534, 65534), 0);
		assert_refused("another user");
	}
}

static void is_readable_by_its_user_alone(void **state)
{
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	leave_past(&boot_a);
	umask(old);
	assert_int_equal(stat("state", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

#define RUNNERS 4
#define ROUNDS  50

/* Each run adds one to what the last has left, as a count of sockets seen. */
static void add_one_each_round(int runner)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct state_here here = boot_a;
		struct state_file *file = opened(&here);

		for (uint64_t cookie = 0; cookie < RUNNERS * ROUNDS; cookie++) {
			bool mine = cookie == (uint64_t)runner * ROUNDS + i;

			if (mine || state_file_knows(file, cookie))
				state_file_seen(file, cookie);
		}
		closed(file);
	}
}

static void runs_at_the_same_time_lose_nothing(void **state)
{
	struct state_file *file;
	pid_t pids[RUNNERS];

	(void)state;
	for (int i = 0; i < RUNNERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			add_one_each_round(i);
			_exit(0);
		}
	}
	for (int i = 0; i < RUNNERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	file = opened(&boot_a);
	for (uint64_t cookie = 0; cookie < RUNNERS * ROUNDS; cookie++)
		assert_true(state_file_knows(file, cookie));
	state_file_close(file);
}

static void knows_where_it_is(void **state)
{
	struct state_here here;

	(void)state;
	state_here(&here);
	assert_true(strlen(here.boot) == 36);
	assert_true(here.netns != 0);
	assert_true(here.now > 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(first_run_knows_nothing),
		IN_FOLDER(counters_become_rates),
		IN_FOLDER(a_counter_that_went_back_is_no_rate),
		IN_FOLDER(no_time_no_rate),
		IN_FOLDER(ages_count_from_the_first_sight),
		IN_FOLDER(another_boot_or_namespace_starts_anew),
		IN_FOLDER(counters_are_kept_by_namespace),
		IN_FOLDER(one_namespace_and_all_do_not_compare),
		IN_FOLDER(a_damaged_file_is_written_anew),
		IN_FOLDER(refuses_what_others_may_have_put_there),
		IN_FOLDER(is_readable_by_its_user_alone),
		IN_FOLDER(runs_at_the_same_time_lose_nothing),
		cmocka_unit_test(knows_where_it_is),
	};

	return cmocka_run_group_tests_name("state file", tests, NULL, NULL);
}
