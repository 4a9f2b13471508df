/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check`, a monitoring plugin, in four files: its options (check_options.c), the measuring
 * (check_run.c), who is behind what alerts (check_blame.c), and the command that prints the result
 * (check.c).
 */
#ifndef LINGERSTAT_CMD_CHECK_H
#define LINGERSTAT_CMD_CHECK_H

#include "cmd/common.h"
#include "cmd/deadline.h"
#include "enrich/machines.h"
#include "measure/offenders.h"
#include "measure/state_file.h"
#include "measure/thresholds.h"
#include "present/plugin.h"

struct check_options {
	struct common_options common; /* first: parsing casts to it */
	struct thresholds thresholds;
	unsigned int timeout_seconds;
	bool verbose, quiet, list_measures;
	const char *state_path;
};

extern const struct option_table check_table;

/* Sets what holds when no option says otherwise. */
void check_options_init(struct check_options *options);

/* Parses the options and the filter, and makes the plan of the run. Returns 0, or -EINVAL after a
 * message. */
int check_options_parse(struct check_options *options, int argc, char **argv);

/* What the thresholds need, and with a state file what is watched through it. */
struct measure_plan check_plan(const struct check_options *options);

/* What a check has found. */
struct check {
	const struct check_options *options;
	struct measure_plan plan;
	struct deadline deadline;
	struct counts counts;
	struct facts facts;
	struct machines machines; /* one, or with --all-netns each that was read */
	struct state_file *state;
	struct plugin_report report;
	struct offenders *offenders[MEASURES_MAX]; /* NULL: nobody to name */
	double longest_age;                        /* of a CLOSE_WAIT, in seconds */
};

/* Says which stage begins, for the deadline. `check` is a struct check. */
void check_stage(void *check, const char *what, const char *which);

/* Whether a measure of these kinds counts a socket: kinds that one measure asks for are not
 * another's; those named are every measure's. */
bool check_counts(const struct check *check, uint32_t netids, const struct socket *sk);

/* Seconds since the first run that saw a CLOSE_WAIT; 0 without a state file. */
double check_age(const struct check *check, const struct socket *sk);

/* Measures and judges. Returns 0, or a negative errno after a message when nothing could be
 * measured. check_close() is due in both cases. */
int check_measure(struct check *check, const struct check_options *options);

/* Looks for those behind the measures that alert: a dump more, with owners. */
void check_blame(struct check *check);

/* Prints those that were found, a line each. */
void check_put_blame(struct outbuf *b, const struct check *check);

void check_close(struct check *check);

#endif
