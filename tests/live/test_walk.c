/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that changes while /proc is walked: the tool is held between two steps of its walk,
 * by tests/faults/inject.c, while a process ends and its number goes to another, or while its
 * descriptors move. Nobody may be named who never held the socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "injected.h"

#define HELD_AS  40 /* the victim's descriptor of the listener */
#define MOVED_TO 41

enum trick { PID_GOES_TO_ANOTHER, DESCRIPTOR_MOVES };

/* What the referee of a run knows; it is the victim's parent. */
struct scene {
	enum trick trick;
	int listener;
	int meeting;  /* the tool's calls knock here, and wait for an answer */
	pid_t victim; /* whose descriptors the tool is held before */
	bool done;
};

/* --- the victim and who comes after it -------------------------------------------------------- */

static void move_listener(int number)
{
	(void)number;
	if (dup2(HELD_AS, MOVED_TO) == MOVED_TO)
		close(HELD_AS);
}

static pid_t start(const char *name, int listener)
{
	int told[2];
	char byte;
	pid_t pid;

	if (pipe(told) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		signal(SIGUSR1, move_listener);
		if (listener >= 0)
			dup2(listener, HELD_AS);
		close(told[0]);
		close_range(HELD_AS + 1, ~0U, 0);
		for (int fd = 3; fd < HELD_AS; fd++)
			if (fd != told[1])
				close(fd);
		close(told[1]);
		for (;;)
			pause();
	}
	close(told[1]);
	/* 0: the child has closed what it does not keep. */
	if (pid > 0 && read(told[0], &byte, 1) != 0)
		pid = -1;
	close(told[0]);
	return pid;
}

/* The next process of this PID namespace gets this number. */
static bool reserve(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && dprintf(fd, "%d", pid - 1) > 0;

	close(fd);
	return done;
}

static bool give_number_away(struct scene *scene)
{
	kill(scene->victim, SIGKILL);
	return waitpid(scene->victim, NULL, 0) == scene->victim && reserve(scene->victim) &&
	       start("impostor", -1) == scene->victim;
}

static bool move_descriptor(struct scene *scene)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", scene->victim, HELD_AS);
	kill(scene->victim, SIGUSR1);
	for (int i = 0; i < 10000 && access(path, F_OK) == 0; i++)
		usleep(1000);
	return access(path, F_OK) < 0;
}

/* --- the referee ------------------------------------------------------------------------------ */

static bool has_comm(const char *pid, const char *name)
{
	char path[300], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, name) == 0;
}

/* Has the process the victim's descriptor folder open? */
static bool looks_at_victim(const char *pid, pid_t victim)
{
	char folder[300], wanted[64], link[64];
	struct dirent *entry;
	bool found = false;
	ssize_t length;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	snprintf(wanted, sizeof(wanted), "/proc/%d/fd", victim);
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir)) != NULL) {
		length = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[length < 0 ? 0 : length] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool tool_is_there(pid_t victim)
{
	const char *name = strrchr(getenv("LINGERSTAT"), '/');
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc)) != NULL)
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			has_comm(entry->d_name, name ? name + 1 : "lingerstat") &&
			looks_at_victim(entry->d_name, victim);
	if (proc)
		closedir(proc);
	return found;
}

/* Serves the meetings of one run. Exits with 0 when the trick was played. */
static void __attribute__((noreturn)) referee(struct scene *scene, int ready)
{
	bool good = true;
	char byte;

	scene->victim = start("victim", scene->listener);
	close(scene->listener);
	if (write(ready, &scene->victim, sizeof(scene->victim)) != sizeof(scene->victim))
		_exit(2);
	while (read(scene->meeting, &byte, 1) == 1) {
		if (!scene->done && tool_is_there(scene->victim)) {
			good = scene->trick == DESCRIPTOR_MOVES ? move_descriptor(scene)
								: give_number_away(scene);
			scene->done = true;
		}
		if (write(scene->meeting, &byte, 1) != 1)
			break;
	}
	_exit(scene->done && good ? 0 : 1);
}

/* Runs the tool without BPF, each call named by `call` a meeting. Returns the rows. */
static char *rows_of(enum trick trick, const char *call, int listener, pid_t *victim)
{
	static const char *const argv[] = { "lingerstat", "-tlnp", "--no-header",
					    "--columns=local,process", NULL };
	struct scene scene = { .trick = trick, .listener = listener };
	int meeting[2], ready[2], status = -1;
	char rules[64], fd[16], *rows;
	struct injected report;
	struct tool_run run;
	pid_t judge;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, meeting), 0);
	assert_int_equal(pipe(ready), 0);
	judge = fork();
	assert_true(judge >= 0);
	if (judge == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(meeting[0]);
		scene.meeting = meeting[1];
		referee(&scene, ready[1]);
	}
	close(meeting[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], victim, sizeof(*victim)), sizeof(*victim));
	close(ready[0]);
	snprintf(rules, sizeof(rules), "bpf:1:0:1,%s:1:0:meet", call);
	snprintf(fd, sizeof(fd), "%d", meeting[0]);
	setenv("INJECT_MEET", fd, 1);
	assert_int_equal(injected_run(&run, &report, rules, argv), 0);
	unsetenv("INJECT_MEET");
	close(meeting[0]);
	assert_int_equal(waitpid(judge, &status, 0), judge);
	print_message("# %s%s", run.output, run.errors);
	assert_int_equal(run.status, 0);
	assert_int_equal(status, 0);
	rows = strdup(run.output);
	tool_free(&run);
	return rows;
}

static int listen_alone(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void needs_the_library(void)
{
	char text[8];
	bool alone = readlink("/proc/self", text, sizeof(text)) > 0 && getppid() == 0;

	if (injected_possible() && alone && access("/proc/sys/kernel/ns_last_pid", W_OK) == 0)
		return;
	print_message("# needs a PID namespace of its own and the library of faults\n");
	skip();
}

/* --- tests ------------------------------------------------------------------------------------ */

/* The victim ends when one of its links has been read, and its number is another's by the time its
 * name is read. */
static void a_number_that_goes_to_another(void **state)
{
	int listener;
	pid_t victim;
	char *rows;

	(void)state;
	needs_the_library();
	listener = listen_alone();
	rows = rows_of(PID_GOES_TO_ANOTHER, "openat", listener, &victim);
	assert_null(strstr(rows, "impostor"));
	assert_non_null(strstr(rows, "test_walk"));
	free(rows);
	close(listener);
}

/* The folder was listed; what the victim had as one descriptor it has as another when the link is
 * read. */
static void a_descriptor_that_moves(void **state)
{
	char *rows, gone[32];
	int listener;
	pid_t victim;

	(void)state;
	needs_the_library();
	listener = listen_alone();
	rows = rows_of(DESCRIPTOR_MOVES, "readlinkat", listener, &victim);
	snprintf(gone, sizeof(gone), "fd %d)", HELD_AS);
	assert_null(strstr(rows, gone));
	assert_non_null(strstr(rows, "test_walk"));
	free(rows);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_that_goes_to_another),
		cmocka_unit_test(a_descriptor_that_moves),
	};

	injected_alone();
	harness_enter();
	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
