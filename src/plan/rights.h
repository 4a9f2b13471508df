/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights: the capabilities that the rest of the run still needs. Listing needs none; the BPF
 * pass needs CAP_BPF and CAP_PERFMON, for either of which CAP_SYS_ADMIN does too, until its program
 * is loaded; reading other users' /proc/PID/fd and duplicating their descriptors need
 * CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. Opening a control group by its id needs
 * CAP_DAC_READ_SEARCH, until the dump ends; entering a network namespace needs CAP_SYS_ADMIN, until
 * the last was listed.
 */
#ifndef LINGERSTAT_PLAN_RIGHTS_H
#define LINGERSTAT_PLAN_RIGHTS_H

#include <stdbool.h>

enum right {
	RIGHTS_NOTHING = 0,
	RIGHT_LOAD_BPF = 1 << 0,
	RIGHT_READ_PROCESSES = 1 << 1,
	RIGHT_SEE_MARK = 1 << 2,
	RIGHT_OPEN_CGROUPS = 1 << 3,
	RIGHT_ENTER_NETNS = 1 << 4,
};

/* Drops every capability that none of the named rights needs, from the effective, permitted and
 * inheritable sets, for good. Returns 0 or a negative errno. */
int rights_keep(unsigned int rights);

/* True when the process still has what a right needs. */
bool rights_have(enum right right);

#endif
