/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/scene.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/leavings.h"
#include "bench/race.h"
#include "live/harness.h"

#define ENTRIES_FILE       "/proc/sys/net/ipv4/tcp_ehash_entries"
#define CHILD_ENTRIES_FILE "/proc/sys/net/ipv4/tcp_child_ehash_entries"

/* Digits at *text, and *text behind them; 0 where there are none. */
static size_t digits(const char **text)
{
	char *end = (char *)*text;
	unsigned long n = 0;

	if (**text >= '0' && **text <= '9')
		n = strtoul(*text, &end, 10);
	*text = end;
	return n;
}

bool scene_parse(struct scene *scene, const char *word)
{
	const char *at = word;

	*scene = (struct scene){ .word = word };
	if (strcmp(word, "idle") == 0)
		return true;
	scene->established = digits(&at);
	if (*at == 'x') {
		at++;
		scene->processes = scene->established;
		scene->established *= digits(&at);
	}
	if (!scene->established)
		return false;
	if (*at != '+')
		return !*at;
	at++;
	scene->time_wait = digits(&at);
	return scene->time_wait && strcmp(at, "tw") == 0;
}

int scene_apart(const char **why)
{
	*why = "PID and mount namespaces of its own";
	return unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ? -errno : 0;
}

/* A number in a file, or 0. */
static long number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	long n = 0;

	if (file && fscanf(file, "%ld", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

/*
 * A namespace shares the machine's table of connections, so that a dump walks past everyone's,
 * unless the namespace in which it was made says how large a table its children get (Linux 6.1).
 * As large as the machine's then, which the kernel shows as a negative number where it is shared.
 */
static void give_children_a_table(void)
{
	long entries = labs(number_in(ENTRIES_FILE));
	FILE *file = entries ? fopen(CHILD_ENTRIES_FILE, "we") : NULL;
	bool done = file && fprintf(file, "%ld\n", entries) > 0;

	if (file && fclose(file) != 0)
		done = false;
	if (!done)
		printf("others' sockets are in the same table here, and are walked past\n");
}

static int in_child(int (*function)(void *ctx), void *ctx)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int exit_status = function(ctx);

		fflush(stdout);
		_exit(exit_status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("bench");
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A function and what it is called with. */
struct act {
	int (*function)(void *ctx);
	void *ctx;
};

/* What the inner child starts ends with it: it is the first process of its PID namespace. */
static int apart(void *ctx)
{
	const struct act *act = ctx;
	const char *why = NULL;
	int err = scene_apart(&why);

	if (!err)
		return in_child(act->function, act->ctx);
	fprintf(stderr, "bench: skipped: %s: %s\n", why, strerror(-err));
	return RACE_CANNOT;
}

int scene_play(int (*function)(void *ctx), void *ctx)
{
	struct act act = { function, ctx };

	return in_child(apart, &act);
}

int scene_enter(const char **why)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*why = "a /proc of its own";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	err = namespace_enter(why);
	if (err)
		return err;
	give_children_a_table();
	return namespace_enter(why);
}

int scene_set(const struct scene *scene, struct crowd *crowd)
{
	const char *why = NULL;
	int err = scene_enter(&why);

	*crowd = (struct crowd){ 0 };
	if (err) {
		fprintf(stderr, "bench: %s: %s\n", why, strerror(-err));
		return err;
	}
	if (scene->established)
		err = crowd_gather(crowd, scene->established, scene->processes);
	if (!err && scene->time_wait) {
		err = leavings_make(scene->time_wait);
		if (err)
			fprintf(stderr, "bench: %zu connections that end: %s\n", scene->time_wait,
				strerror(-err));
	}
	return err;
}
