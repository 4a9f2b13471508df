/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that ends: sockets that the test has made are handed to a process which does nothing
 * but hold them, the tool is asked about its restart, and then it is killed.
 */
#ifndef LINGERSTAT_TESTS_TAKEOVER_H
#define LINGERSTAT_TESTS_TAKEOVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

/* What a bind of the new program sets, as bits. */
enum { BIND_PLAIN = 0, BIND_ADDR = 1, BIND_PORT = 2, BIND_BOTH = 3, BINDS = 4 };

/* Forks a process that holds these descriptors and none else beside the first three; here they are
 * closed and set to -1. One that is -1 is passed over. Gives its pid. */
pid_t hand_over(int **fds, size_t n);

/* Kills such a process and waits until it has gone. */
void end_program(pid_t pid);

/* The tool's verdict: -1 not known, 0 no, 1 yes. */
struct restart_verdict {
	int works;
	int binds[BINDS];
	char reason[32];
	int blockers;
	pid_t blocker; /* 0: none is named */
};

/* The same, of a row that has the column. */
struct restart_verdict restart_of_row(const json_t *row);

/* What the tool says now of the listener, or UDP socket, with this inode; fails the test where it
 * says nothing. */
struct restart_verdict ask_restart(uint32_t inode);

/* Sets SO_REUSEADDR and SO_REUSEPORT as the bits say. */
void set_reuse(int fd, unsigned int bind);

/* Skips the test where the options are not read by BPF: everything is unknown then. */
void need_options(void);

#endif
