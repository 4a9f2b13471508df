/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file of `check`: what one run leaves for the next, so that counters become rates and
 * the age of a CLOSE_WAIT is exact from the first run that saw it (the kernel keeps no time of
 * entry). Lines of text:
 *
 *     lingerstat-state 1
 *     boot 5c6d...          /proc/sys/kernel/random/boot_id; another one starts anew
 *     netns 4026531840      counters belong to a network namespace; `all`: of each
 *     time 1234.567         of CLOCK_BOOTTIME, in seconds
 *     counter TCPAbortOnData 17         of several namespaces, with the key of each behind it
 *     seen 1f4 1200.000     a socket's cookie and when it was first seen
 *     end
 *
 * It is read and replaced under flock(2), so that runs at the same time come one after the other;
 * the lock is on the file itself, which is opened anew when it was replaced meanwhile. It must be
 * a plain file of the caller's: what a symbolic link or another user put there is refused.
 */
#ifndef LINGERSTAT_MEASURE_STATE_FILE_H
#define LINGERSTAT_MEASURE_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "model/socket.h"

#define STATE_COUNTERS_MAX 131072 /* eight of each namespace that a run can enter */
#define STATE_SEEN_MAX     65536  /* sockets remembered; of more, the age is not kept */

#define STATE_EVERYWHERE UINT64_MAX

/* What an earlier run has left. */
enum state_past {
	PAST_NONE,    /* there was no file */
	PAST_KNOWN,   /* the numbers compare with today's */
	PAST_BOOT,    /* the machine was started since */
	PAST_NETNS,   /* another network namespace's, or of several */
	PAST_DAMAGED, /* not what this program writes */
};

/* Where we are, for comparison with what the file says. */
struct state_here {
	char boot[40];  /* empty: not known */
	uint64_t netns; /* inode; STATE_EVERYWHERE: every namespace of the host */
	double now;     /* seconds of CLOCK_BOOTTIME */
};

struct state_file;

/* Fills in this machine's. */
void state_here(struct state_here *here);

/* Opens, waits for the lock and reads. Returns 0, or a negative errno with *why set to a constant
 * part of a sentence. */
int state_file_open(struct state_file **out, const char *path, const struct state_here *here,
		    const char **why);

enum state_past state_file_past(const struct state_file *file);

/* Why there is no earlier number, as part of a sentence; NULL for PAST_KNOWN. */
const char *state_past_text(enum state_past past);

/* Notes a counter for the next run, and gives its rise per second since the last; UNKNOWN (below
 * 0) where there is no earlier number, no time has passed or the counter went back. `name` must
 * stay and have no blanks. */
double state_file_rate(struct state_file *file, const char *name, int64_t value);

/*
 * The same for a counter of one namespace of many, whose `key` no other has. As a file is written
 * by runs that saw every namespace, one that it does not know was made since, and has counted from
 * 0; one that is gone is no longer asked for. So a sum over those that are there is never too high;
 * what a namespace counted that has ended since is not in it.
 */
double state_file_rate_in(struct state_file *file, uint64_t key, const char *name, int64_t value);

/* Notes that a socket is there and gives for how many seconds runs have seen it; 0 the first
 * time. */
double state_file_seen(struct state_file *file, uint64_t cookie);

/* Whether an earlier run has seen the socket. */
bool state_file_knows(const struct state_file *file, uint64_t cookie);

/* Replaces the file by what was noted. Returns 0 or a negative errno. */
int state_file_commit(struct state_file *file);

/* Releases the lock and frees. */
void state_file_close(struct state_file *file);

#endif
