/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * speed [SCENE]...: the tool beside ss, netstat and the least that is possible, in each of the
 * scenes (scene.h has their words), and then what is aimed at, line by line. Nothing is asserted.
 *
 * Each scene has namespaces of its own and lasts so many seconds at most besides its making, at
 * least three rounds. SS_P_MOST in the environment is the number of sockets up to which `ss -p`
 * takes part (100000).
 *
 * Exit status: 0, 1 when something failed to run, 2 usage, 77 where no namespaces are to be had.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/field.h"
#include "bench/leavings.h"

#define ROUNDS         51
#define SCENES_MAX     16
#define SS_P_MOST      100000
#define SECONDS_LITTLE 6
#define SECONDS_MUCH   25 /* from 20,000 sockets on */

static const char *const default_scenes[] = { "idle",          "1000",    "20000", "100000",
					      "2000+100000tw", "500x200", "500000" };

struct play {
	struct programs programs;
	size_t ss_p_most;
	struct outcomes *outcomes; /* of the scene that is played */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_for(const struct scene *scene)
{
	return scene->established + scene->time_wait < 20000 ? SECONDS_LITTLE : SECONDS_MUCH;
}

static void describe(const struct scene *scene, const struct crowd *crowd, double made_in)
{
	printf("\n=== %s: %zu established sockets in %zu processes", scene->word, crowd->sockets,
	       crowd->processes);
	if (scene->time_wait)
		printf(", %zu TIME-WAIT", scene->time_wait);
	printf(", made in %.1f s\n", made_in);
	fflush(stdout);
}

/* In the first process of the scene's namespaces. */
static int race(void *ctx)
{
	struct play *play = ctx;
	static struct racer racers[RACERS];
	struct outcomes *outcomes = play->outcomes;
	const struct scene *scene = &outcomes->scene;
	double start = now();
	struct crowd crowd;
	int err = scene_set(scene, &crowd);

	if (!err) {
		describe(scene, &crowd, now() - start);
		field_line_up(racers, &play->programs, scene, play->ss_p_most);
		err = race_run(racers, RACERS, ROUNDS, seconds_for(scene));
	}
	if (!err) {
		race_print(racers, RACERS, BARE);
		outcomes->same_counts = race_same_output(&racers[STATES], &racers[STATES_NO_BPF]);
		if (scene->time_wait && now() - start > LEAVINGS_SECONDS)
			printf("over %d s: some of the TIME-WAIT had gone\n", LEAVINGS_SECONDS);
		field_note(outcomes, racers);
	}
	crowd_leave(&crowd);
	return err == -EPERM ? RACE_CANNOT : err != 0;
}

static int play_all(struct play *play, struct outcomes *outcomes, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n && failed != RACE_CANNOT; i++) {
		int status;

		play->outcomes = &outcomes[i];
		status = scene_play(race, play);
		failed = status ? status : failed;
	}
	return failed;
}

static size_t ss_p_most(void)
{
	const char *text = getenv("SS_P_MOST");

	return text && *text ? strtoul(text, NULL, 10) : SS_P_MOST;
}

static bool read_scenes(struct outcomes *outcomes, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!scene_parse(&outcomes[i].scene, words[i])) {
			fprintf(stderr,
				"bench: '%s' is no scene: idle, 20000 (sockets), 500x200 "
				"(processes x sockets), 2000+100000tw (TIME-WAIT)\n",
				words[i]);
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	struct play play = { .programs = { .tool = getenv("LINGERSTAT"),
					   .bare = getenv("BENCH_BARE"),
					   .pass = getenv("BENCH_PASS") },
			     .ss_p_most = ss_p_most() };
	size_t n = argc > 1 ? (size_t)argc - 1 : sizeof(default_scenes) / sizeof(char *);
	const char *const *words = argc > 1 ? (const char *const *)argv + 1 : default_scenes;
	struct outcomes *outcomes = mmap(NULL, SCENES_MAX * sizeof(*outcomes),
					 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start = now();
	int failed;

	if (outcomes == MAP_FAILED || n > SCENES_MAX || !play.programs.tool ||
	    !play.programs.bare || !play.programs.pass) {
		fprintf(stderr,
			"usage: speed [SCENE]..., %d at most; LINGERSTAT, BENCH_BARE and "
			"BENCH_PASS name the programs: `make bench` sets them\n",
			SCENES_MAX);
		return 2;
	}
	if (!read_scenes(outcomes, words, n))
		return 2;
	failed = play_all(&play, outcomes, n);
	if (failed == RACE_CANNOT)
		return failed;
	field_print_growth(outcomes, n);
	field_print_targets(outcomes, n);
	printf("\n%.0f s in all\n", now() - start);
	return failed;
}
