/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A deadline: when it passes, one line goes to standard output that names the stage the run was
 * in, and the process ends with a status of the caller's. A monitoring system kills a plugin that
 * takes too long and then knows nothing; this tells it where the time went.
 */
#ifndef LINGERSTAT_CMD_DEADLINE_H
#define LINGERSTAT_CMD_DEADLINE_H

#include <time.h>

/* Stays where it is while the deadline runs: the signal's handler holds a pointer to it. */
struct deadline {
	timer_t timer;
	int status;                 /* of exit */
	char begin[96];             /* the line up to the stage */
	const char *volatile what;  /* the stage, such as "dump of" */
	const char *volatile which; /* and of what; NULL: nothing more to say */
};

/* Starts it: after `seconds` (1 or more) the line is `begin`, the stage and a line feed. Takes
 * SIGALRM. Returns 0 or a negative errno. */
int deadline_start(struct deadline *d, unsigned int seconds, const char *begin, int status);

/* From here on the run is in this stage. The words must stay. */
void deadline_stage(struct deadline *d, const char *what, const char *which);

/* The deadline passes no more. */
void deadline_stop(struct deadline *d);

#endif
