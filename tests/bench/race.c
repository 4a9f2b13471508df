/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/race.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

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

static int spawn_silent(const char *const *argv, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int run_once(struct racer *racer, size_t round)
{
	struct rusage usage;
	double start = now();
	int status;
	pid_t pid;
	int err = spawn_silent(racer->argv, &pid);

	if (!err && wait4(pid, &status, 0, &usage) < 0)
		err = -errno;
	if (err) {
		fprintf(stderr, "bench: %s: %s\n", racer->argv[0], strerror(-err));
		return err;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "bench: %s: ended with status 0x%x\n", racer->name,
			(unsigned int)status);
		return -EIO;
	}
	racer->wall[round] = now() - start;
	racer->user[round] = seconds(usage.ru_utime);
	racer->system[round] = seconds(usage.ru_stime);
	racer->cpu[round] = racer->user[round] + racer->system[round];
	if (usage.ru_maxrss > racer->peak_kb)
		racer->peak_kb = usage.ru_maxrss;
	return 0;
}

int race_run(struct racer *racers, size_t n, size_t rounds)
{
	int err = rounds && rounds <= RACE_ROUNDS_MAX ? 0 : -ERANGE;

	for (size_t round = 0; round < rounds && !err; round++)
		for (size_t i = 0; i < n && !err; i++)
			err = run_once(&racers[i], round);
	return err;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double race_median(double *values, size_t rounds)
{
	qsort(values, rounds, sizeof(*values), by_value);
	return (values[rounds / 2] + values[(rounds - 1) / 2]) / 2;
}

void race_print(struct racer *racers, size_t n, size_t rounds, size_t base)
{
	double wall_floor = race_median(racers[base].wall, rounds);
	double cpu_floor = race_median(racers[base].cpu, rounds);

	printf("%-40s %9s %8s %8s %8s %8s %11s %10s\n", "medians", "wall ms", "cpu ms", "user ms",
	       "sys ms", "peak KB", "wall ratio", "cpu ratio");
	for (size_t i = 0; i < n; i++) {
		double wall = race_median(racers[i].wall, rounds);
		double cpu = race_median(racers[i].cpu, rounds);

		printf("%-40s %9.3f %8.3f %8.3f %8.3f %8ld %11.2f %10.2f\n", racers[i].name,
		       wall * 1e3, cpu * 1e3, race_median(racers[i].user, rounds) * 1e3,
		       race_median(racers[i].system, rounds) * 1e3, racers[i].peak_kb,
		       wall / wall_floor, cpu / cpu_floor);
	}
}
