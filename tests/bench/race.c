/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/race.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>

#define ROUNDS_LEAST 3 /* for a median that one bad run does not shift */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int spawn(const struct racer *racer, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(pid, racer->argv[0], &actions, NULL, (char *const *)racer->argv,
			   environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Root gets at exec what the bounding set leaves of all capabilities. CAP_SYS_ADMIN has CAP_BPF
 * and CAP_PERFMON in it. What the run says about that is not asked for. */
static void run_without_bpf(const struct racer *racer, int out)
{
	static const int needed[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		prctl(PR_CAPBSET_DROP, needed[i]);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(racer->argv[0], (char *const *)racer->argv);
	_exit(127);
}

static int start(const struct racer *racer, int out, pid_t *pid)
{
	if (!racer->without_bpf)
		return spawn(racer, out, pid);
	*pid = fork();
	if (*pid == 0)
		run_without_bpf(racer, out);
	return *pid < 0 ? -errno : 0;
}

static void note(struct racer *racer, double wall, const struct rusage *usage)
{
	size_t round = racer->rounds++;

	racer->wall[round] = wall;
	racer->user[round] = seconds(usage->ru_utime);
	racer->system[round] = seconds(usage->ru_stime);
	racer->cpu[round] = racer->user[round] + racer->system[round];
	if (usage->ru_maxrss > racer->peak_kb)
		racer->peak_kb = usage->ru_maxrss;
}

static int complain(const struct racer *racer, const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", racer->name, what);
	return -EIO;
}

static int run_once(struct racer *racer, int out)
{
	struct rusage usage;
	double begin = now();
	int status;
	pid_t pid;
	int err = start(racer, out, &pid);

	if (!err && wait4(pid, &status, 0, &usage) < 0)
		err = -errno;
	if (err == -ENOENT && racer->optional) {
		racer->missing = "not installed";
		return 0;
	}
	if (err)
		return complain(racer, strerror(-err));
	if (WIFEXITED(status) && WEXITSTATUS(status) == RACE_CANNOT && racer->optional) {
		racer->missing = "cannot run here";
		return 0;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return complain(racer, "did not end with exit status 0");
	note(racer, now() - begin, &usage);
	return 0;
}

static bool takes_part(const struct racer *racer)
{
	return racer->argv && !racer->missing && (!racer->most || racer->rounds < racer->most);
}

/* One that takes half of the time alone has run often enough. */
static void retire_the_slow(struct racer *racer, double limit)
{
	if (limit > 0 && racer->rounds && racer->wall[racer->rounds - 1] > limit / 2)
		racer->most = racer->rounds;
}

int race_run(struct racer *racers, size_t n, size_t rounds, double limit)
{
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int err = rounds && rounds <= RACE_ROUNDS_MAX ? 0 : -ERANGE;
	double begin = now();

	if (out < 0)
		return -errno;
	for (size_t round = 0; round < rounds && !err; round++) {
		if (limit > 0 && round >= ROUNDS_LEAST && now() - begin > limit)
			break;
		for (size_t i = 0; i < n && !err; i++) {
			if (!takes_part(&racers[i]))
				continue;
			err = run_once(&racers[i], out);
			retire_the_slow(&racers[i], limit);
		}
	}
	close(out);
	return err;
}

/* --- what came of it ------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double race_median(double *values, size_t rounds)
{
	if (!rounds)
		return 0;
	qsort(values, rounds, sizeof(*values), by_value);
	return (values[rounds / 2] + values[(rounds - 1) / 2]) / 2;
}

static void print_one(struct racer *racer, double wall_floor, double cpu_floor)
{
	size_t n = racer->rounds;
	double wall, cpu;

	if (!racer->argv)
		return;
	if (!n) {
		printf("%-42s %s\n", racer->name, racer->missing ? racer->missing : "left out");
		return;
	}
	wall = race_median(racer->wall, n);
	cpu = race_median(racer->cpu, n);
	printf("%-42s %4zu %9.3f %9.3f %9.3f %9.3f %8ld %7.2f %7.2f\n", racer->name, n, wall * 1e3,
	       cpu * 1e3, race_median(racer->user, n) * 1e3, race_median(racer->system, n) * 1e3,
	       racer->peak_kb, wall / wall_floor, cpu / cpu_floor);
}

void race_print(struct racer *racers, size_t n, size_t base)
{
	double wall = race_median(racers[base].wall, racers[base].rounds);
	double cpu = race_median(racers[base].cpu, racers[base].rounds);

	printf("%-42s %4s %9s %9s %9s %9s %8s %7s %7s\n", "medians", "runs", "wall ms", "cpu ms",
	       "user ms", "sys ms", "peak KB", "x wall", "x cpu");
	for (size_t i = 0; i < n; i++)
		print_one(&racers[i], wall, cpu);
}

/* What it prints, as a file without a name; or a negative errno. */
static int capture(const struct racer *racer)
{
	int status = 0, out = memfd_create("output", MFD_CLOEXEC);
	pid_t pid;
	int err = out < 0 ? -errno : start(racer, out, &pid);

	if (!err && waitpid(pid, &status, 0) < 0)
		err = -errno;
	if (!err && status)
		err = complain(racer, "did not end with exit status 0");
	if (!err)
		return out;
	if (out >= 0)
		close(out);
	return err;
}

static int same_bytes(int one, int other)
{
	char a[4096], b[sizeof(a)];
	off_t at = 0;
	ssize_t n;

	do {
		n = pread(one, a, sizeof(a), at);
		if (n < 0 || pread(other, b, sizeof(b), at) != n || memcmp(a, b, (size_t)n) != 0)
			return 0;
		at += n;
	} while (n > 0);
	return at > 0;
}

int race_same_output(const struct racer *one, const struct racer *other)
{
	int a = capture(one), b = a < 0 ? a : capture(other), same;

	same = b < 0 ? b : same_bytes(a, b);
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	return same;
}
