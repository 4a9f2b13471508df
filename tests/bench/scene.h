/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scene: how many sockets of what kind stand in the namespace where commands race.
 */
#ifndef LINGERSTAT_TESTS_SCENE_H
#define LINGERSTAT_TESTS_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/crowd.h"

struct scene {
	const char *word;   /* what it was made from */
	size_t established; /* sockets */
	size_t processes;   /* that hold them; 0: as few as can */
	size_t time_wait;
};

/* Reads a scene from a word: "idle", "20000" (established sockets), "500x200" (processes, sockets
 * of each), "2000+100000tw" (established, TIME-WAIT). Returns whether it is one. */
bool scene_parse(struct scene *scene, const char *word);

/*
 * Gives this process's next child, and what that starts, namespaces of their own: PIDs, so that
 * neither walk of /proc nor BPF meets others' processes; mounts, for a /proc of their own. Then the
 * child calls scene_enter(). Once in the life of a process: scene_play() has one for it. Returns 0,
 * or a negative errno with *why.
 */
int scene_apart(const char **why);

/* Runs the function in such a child, and gives its exit status: 1 after a message where there was
 * no child, RACE_CANNOT where there can be no such namespaces. */
int scene_play(int (*function)(void *ctx), void *ctx);

/* In the child, as the first process of its namespace: mounts /proc and makes a network namespace
 * with a table of connections of its own. Returns 0, or a negative errno with *why. */
int scene_enter(const char **why);

/* The same, and opens the sockets. Returns 0, or a negative errno after a message. They go with the
 * process. */
int scene_set(const struct scene *scene, struct crowd *crowd);

#endif
