/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes: whose numbers are shown. Without --proc they are those of the PID namespace that this
 * process is in, with --proc those of the procfs that it names. A number means another process in
 * each namespace, so what looks one up asks here where it leads.
 */
#ifndef LINGERSTAT_CMD_PROCESSES_H
#define LINGERSTAT_CMD_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "enrich/gather.h"

struct run;
struct run_plan;
struct socket;

/* What a run has met of sockets whose processes are outside of what is in sight. */
struct outside {
	uint64_t unseen; /* that nobody in sight holds */
	uint64_t linger; /* that somebody holds of whom BPF knows nothing */
};

/* Whether --proc's folder is one, and goes with the other options. Returns 0, or -EINVAL after a
 * message. */
int processes_check(const struct run_plan *plan);

/* Where a number that is shown leads, such as "/proc"; NULL: nowhere, for /proc is of another PID
 * namespace than the numbers. */
const char *processes_root(const struct run_plan *plan);

/* Where the network namespaces of processes are looked for; true when the numbers there are not
 * ours. */
bool processes_walk(const struct run_plan *plan, const char **proc);

/* True when `word` is the number of a process, and nothing says whose numbers are meant: /proc is
 * another PID namespace's, and --proc is not there. */
bool processes_are_ambiguous(const struct run_plan *plan, const char *word);

/* Looks at the /proc of the run, and tells the owners pass where to walk. */
void processes_gather(struct run *run, struct gather_request *request);

/* Counts a socket that is shown. */
void processes_note(struct run *run, const struct socket *sk);

/* Says what could not be seen from here, and from where it can. */
void processes_hint(const struct run *run);

/* Says why no number could be had at all; false: there were some, or another reason. */
bool processes_hint_unknown(const struct run *run);

#endif
