/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/spread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "live/harness.h"

static void __attribute__((noreturn)) hold_still(size_t sockets, int ready)
{
	struct crowd crowd = { 0 };
	const char *why;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = namespace_enter(&why);
	if (!err && sockets)
		err = crowd_gather(&crowd, sockets, 0);
	if (write(ready, &err, sizeof(err)) == sizeof(err) && !err)
		for (;;)
			pause();
	_exit(1);
}

/* One after the other, as many processes that open sockets at once get in each other's way. */
static int start_one(struct spread *spread, size_t sockets)
{
	int ready[2], err = -EPIPE;
	pid_t pid;

	if (pipe(ready) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		hold_still(sockets, ready[1]);
	}
	close(ready[1]);
	if (pid > 0)
		spread->pids[spread->namespaces++] = pid;
	if (pid < 0 || read(ready[0], &err, sizeof(err)) != sizeof(err))
		err = -EPIPE;
	close(ready[0]);
	return err;
}

int spread_make(struct spread *spread, size_t namespaces, size_t sockets_each)
{
	int err = 0;

	*spread = (struct spread){ .pids = calloc(namespaces, sizeof(pid_t)) };
	if (!spread->pids)
		err = -ENOMEM;
	for (size_t i = 0; i < namespaces && !err; i++)
		err = start_one(spread, sockets_each);
	if (err)
		fprintf(stderr, "bench: %zu namespaces with %zu sockets each: %s\n", namespaces,
			sockets_each, strerror(-err));
	return err;
}

void spread_end(struct spread *spread)
{
	for (size_t i = 0; i < spread->namespaces; i++)
		kill(spread->pids[i], SIGKILL);
	for (size_t i = 0; i < spread->namespaces; i++)
		waitpid(spread->pids[i], NULL, 0);
	free(spread->pids);
	*spread = (struct spread){ 0 };
}
