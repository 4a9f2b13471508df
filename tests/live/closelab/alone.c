/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alone.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

/* In process 1: /proc is to show this namespace's processes, to nobody but it. */
static int mount_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return mount("proc", "/proc", "proc", 0, NULL) < 0 ? -errno : 0;
}

int alone_run(void (*work)(void *ctx), void *ctx)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		return wait_for(pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (mount_proc())
		_exit(1);
	work(ctx);
	_exit(0);
}

static void do_nothing(void *ctx)
{
	(void)ctx;
}

bool alone_is_possible(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(alone_run(do_nothing, NULL) != 0);
	return pid > 0 && wait_for(pid) == 0;
}
