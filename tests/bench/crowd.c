/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPARE_FDS     32    /* of each process, for what is no end of a connection */
#define PAIRS_MAX     20000 /* to one destination: its ephemeral ports are some 28,000 */
#define FIRST_ADDRESS 0x7f010001u

/* --- one process ----------------------------------------------------------------------------- */

/* Each process has an address of its own, and so all ephemeral ports. */
static int open_listener(size_t which, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(FIRST_ADDRESS + (unsigned int)which);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, len) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &len) < 0)
		return -errno;
	return fd;
}

static int open_pair(int listener, const struct sockaddr_in *address)
{
	int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (near < 0 || connect(near, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 ? -errno : 0;
}

static int open_pairs(size_t which, size_t pairs)
{
	struct sockaddr_in address;
	int err, listener = open_listener(which, &address);

	if (listener < 0)
		return listener;
	for (size_t i = 0; i < pairs; i++) {
		err = open_pair(listener, &address);
		if (err)
			return err;
	}
	return 0;
}

static void hold_still(size_t which, size_t pairs, int ready)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = open_pairs(which, pairs);
	if (write(ready, &err, sizeof(err)) == sizeof(err) && !err)
		while (pause())
			;
	_exit(1);
}

/* --- all of them ----------------------------------------------------------------------------- */

static size_t pairs_of_a_process(void)
{
	struct rlimit limit;
	size_t pairs;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 100;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	pairs = limit.rlim_max > 2 * SPARE_FDS ? (limit.rlim_max - SPARE_FDS) / 2 : 1;
	return pairs < PAIRS_MAX ? pairs : PAIRS_MAX;
}

static int start(struct crowd *crowd, size_t pairs, int ready[2])
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(ready[0]);
		hold_still(crowd->processes, pairs, ready[1]);
	}
	crowd->pids[crowd->processes++] = pid;
	crowd->sockets += 2 * pairs;
	return 0;
}

/* Each process says once how it went. */
static int wait_ready(const struct crowd *crowd, int ready)
{
	int err = 0;

	for (size_t i = 0; i < crowd->processes && !err; i++)
		if (read(ready, &err, sizeof(err)) != sizeof(err))
			err = -EPIPE;
	return err;
}

static int start_all(struct crowd *crowd, size_t pairs, size_t processes)
{
	int ready[2], err = 0;

	crowd->pids = calloc(processes, sizeof(*crowd->pids));
	if (!crowd->pids || pipe(ready) < 0)
		return -errno;
	for (size_t left = processes; left && !err; left--) {
		size_t share = (pairs + left - 1) / left;

		err = start(crowd, share, ready);
		pairs -= share;
	}
	close(ready[1]);
	if (!err)
		err = wait_ready(crowd, ready[0]);
	close(ready[0]);
	return err;
}

int crowd_gather(struct crowd *crowd, size_t sockets, size_t processes)
{
	size_t pairs = (sockets + 1) / 2, fit = pairs_of_a_process();
	int err;

	*crowd = (struct crowd){ 0 };
	if (!processes)
		processes = (pairs + fit - 1) / fit;
	err = start_all(crowd, pairs, processes);
	if (err)
		fprintf(stderr, "bench: %zu sockets in %zu processes: %s\n", sockets, processes,
			strerror(-err));
	return err;
}

void crowd_leave(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->processes; i++)
		kill(crowd->pids[i], SIGKILL);
	for (size_t i = 0; i < crowd->processes; i++)
		waitpid(crowd->pids[i], NULL, 0);
	free(crowd->pids);
	*crowd = (struct crowd){ 0 };
}
