/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints: the lines on standard error that say what is missing and how to get it. Each is said
 * once a run.
 */
#ifndef LINGERSTAT_CMD_HINTS_H
#define LINGERSTAT_CMD_HINTS_H

#include "cmd/run.h"
#include "enrich/contexts.h"

/* Before descriptors of other processes are duplicated. */
void hint_getfd(void);

/* A dump that was not whole. `file` is the recording, NULL for this kernel. */
void hint_dump(const struct dump_report *report, const char *file);

/* Families asked for by name that this kernel does not have. */
void hint_missing(const struct run *run);

/* Contexts that no security module gives, or that could not be read: why, and how to get them. */
void hint_contexts(const struct contexts *contexts, const char *command_line);

/* Control groups that were asked for by name and have no path here: why. */
void hint_cgroups(const struct run *run);

/* Devices of rows that show as numbers: why. */
void hint_links(const struct run *run);

/* Bound, inactive sockets were asked for of a kernel that cannot list them. */
void hint_bound(void);

/* A dump that finds the other ends of connections, or subflows, was not whole. */
void hint_prepass(const struct dump_report *report);

/* Sockets that came after the look that found none, and with it skipped the owners. */
void hint_too_young(void);

/* Sockets that the filter could be neither true nor false of. */
void hint_undecided(uint64_t sockets);

/* What of owners and linger was asked for and could not be read: why, and the command that
 * would give it. Says nothing when nothing is missing. */
void hint_unknown(const struct run *run, uint64_t unknown_holders);

#endif
