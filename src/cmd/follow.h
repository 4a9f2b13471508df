/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following events (-E): each destroyed socket goes through links, filter and sink as it comes,
 * and is written at once. A signal that would end the process ends the stream instead, so that
 * the output is whole; the caller then ends by that signal.
 */
#ifndef LINGERSTAT_CMD_FOLLOW_H
#define LINGERSTAT_CMD_FOLLOW_H

#include "base/outbuf.h"
#include "cmd/run.h"
#include "source/events.h"

struct follow {
	struct events *events;
	struct run *run;
	struct outbuf *out; /* flushed behind each burst of events */
	uint64_t count;     /* ends behind so many that the filter passes; 0: never */
	socket_sink sink;
	void *ctx;
	uint64_t shown;
	int signal; /* what ended it, 0: the count or an error */
};

/* Runs until the count, a signal, or the reader of standard output is gone. What went wrong is in
 * run->report. */
void follow_run(struct follow *follow);

/* Ends the process as the signal would have. */
void follow_raise(const struct follow *follow);

#endif
