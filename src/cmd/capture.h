/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture: what would go to standard error, kept instead. A monitoring system reads standard
 * output alone, so `check` says there what went wrong.
 */
#ifndef LINGERSTAT_CMD_CAPTURE_H
#define LINGERSTAT_CMD_CAPTURE_H

struct capture {
	int memory; /* holds the messages; -1: nothing is captured */
	int saved;  /* standard error as it was */
};

/* Starts. Where it cannot, messages go to standard error as ever. */
void capture_start(struct capture *capture);

/* Gives standard error back, and what was said: lines, without the program's name in front. The
 * caller frees it; NULL when nothing was said, or memory is short. */
char *capture_end(struct capture *capture);

#endif
