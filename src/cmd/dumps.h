/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dumps of a run: family by family, in one network namespace or in each, counted in the kernel
 * where nothing but counts are asked for, and looked at again where rows may have been passed over.
 */
#ifndef LINGERSTAT_CMD_DUMPS_H
#define LINGERSTAT_CMD_DUMPS_H

#include "cmd/run.h"

/* Dumps; each socket reaches the sink enriched and, where the plan needs it, judged. What went
 * wrong is in run->report. */
void run_dump(struct run *run, socket_sink sink, void *ctx);

/* As source_on_pause(), for all sources of the run. */
void run_on_pause(struct run *run, source_pause pause, void *ctx);

/* The plan's selection, and what its needs ask of the dump beside it. */
void run_selection(const struct run *run, struct selection *sel);

/* Dumps every selected family that this kernel has, one after the other; what went wrong is in
 * *all. A recording is read once, as TCP. */
void run_families(struct run *run, const struct selection *sel, socket_sink sink, void *ctx,
		  struct dump_report *all);

#endif
