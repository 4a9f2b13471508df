/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool's side: lingerstat is run, and what it foretells of one socket is read from its JSON. */
#ifndef DEMO_FORECAST_H
#define DEMO_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#define NOT_KNOWN (-1) /* the tool said null */

/* How to run the tool. */
struct tool {
	const char *path;
	const char *linger; /* the word for --linger; after "auto" in vain, "getfd" is tried */
};

/* The keys of the same names, see lingerstat(8). "" and NOT_KNOWN where the tool said null. */
struct forecast {
	char state[16];
	char linger[32]; /* as "off", "0 s", "5 s", "unknown" */
	char source[16]; /* how linger was read */
	char outcome[16];
	char risk[16];
	char reasons[128];
	bool shared;
	int64_t references;
	int64_t loss_min, loss_max;
	int64_t unread;
	int64_t block_seconds;
};

/*
 * Asks the tool about one TCP socket: by its two ports, or a listener (far_port 0) by its own.
 * When this comes back the tool has ended, so that nothing it may have held is held any more.
 * Gives 0, -ENOENT when the tool did not list the socket, or another negative errno; every
 * failure has been told on stderr.
 */
int forecast_read(const struct tool *tool, uint16_t near_port, uint16_t far_port,
		  struct forecast *forecast);

#endif
