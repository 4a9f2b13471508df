/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one run that lasts as long as the soak: `list -E`, whose output a process reads and counts.
 */
#ifndef LINGERSTAT_TESTS_FOLLOWER_H
#define LINGERSTAT_TESTS_FOLLOWER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct follower_counts {
	volatile uint64_t lines;
	volatile uint64_t strange; /* lines that begin as no line should */
};

struct follower {
	pid_t pid, reader;
	int errors; /* a file without a name: its standard error */
	struct follower_counts *counts;
};

/* What it holds now. */
struct follower_size {
	long rss_kb, peak_kb;
	size_t descriptors;
};

/* Starts it. Returns 0 or a negative errno. follower_end() is due in either case. */
int follower_start(struct follower *follower, const char *tool);

/* Returns 0, or a negative errno when it is no longer there. */
int follower_look(const struct follower *follower, struct follower_size *size);

/* Ends it with SIGINT and returns how it ended: its exit status, or 128 and the signal's number;
 * or a negative errno. `errors` gets the first of its standard error. */
int follower_end(struct follower *follower, char *errors, size_t room);

#endif
