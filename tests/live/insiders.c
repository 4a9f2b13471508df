/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insiders.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define NOBODY 65534

/* --- where the test lives --- */

static void __attribute__((noreturn)) skip_all(const char *what)
{
	printf("1..0 # SKIP %s: %s\n", what, strerror(errno));
	exit(0);
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Returns in the child; the parent ends as the child does. */
static void go_on_in_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		skip_all("fork");
	if (pid > 0)
		exit(status_of(pid));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void insiders_begin(void)
{
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		skip_all("PID and mount namespaces of its own");
	go_on_in_child();
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		skip_all("a /proc of its own");
	/* An init does not get signals that it has no handler for: the tests run in its child. */
	go_on_in_child();
}

/* --- one that lives apart --- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* Whoever is not root may make a user namespace, and be root in it (user_namespaces(7)). */
static int become_root_inside(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ||
	    unshare(CLONE_NEWUSER) < 0)
		return -errno;
	if (write_file("/proc/self/setgroups", "deny") < 0 ||
	    write_file("/proc/self/gid_map", "0 65534 1") < 0)
		return -EPERM;
	return write_file("/proc/self/uid_map", "0 65534 1");
}

static int leave(unsigned int apart)
{
	int flags = CLONE_NEWNS | (apart & APART_PIDS ? CLONE_NEWPID : 0);

	return unshare(flags) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno
											   : 0;
}

static int mount_proc(void)
{
	return mount("/proc", OUTER_PROC, NULL, MS_BIND, NULL) < 0 ||
			       mount("proc", "/proc", "proc", 0, NULL) < 0
		       ? -errno
		       : 0;
}

/* The mount alone does not keep the network namespace. */
static int stay_here(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* A folder of sysctls that is mounted elsewhere stays with the namespace in which it was. */
static int take_strange_sysctls(void)
{
	const char *why;
	char text[16];
	int err = namespace_enter(&why);

	snprintf(text, sizeof(text), "%d", STRANGE_LIMIT);
	if (!err)
		err = write_file("/proc/sys/net/ipv4/tcp_max_tw_buckets", text);
	if (!err && mount("/proc/sys/net/ipv4", OUTER_PROC, NULL, MS_BIND, NULL) < 0)
		err = -errno;
	return err ? err : stay_here();
}

static int mount_strange_sysctls(void)
{
	return mount(OUTER_PROC, "/proc/sys/net/ipv4", NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int listen_here(struct insider *me)
{
	me->fd = tcp_listen(AF_INET, 0, &me->port);
	if (me->fd < 0)
		return me->fd;
	me->inode = inode_of(me->fd);
	return tcp_set_linger(me->fd, true, INSIDER_LINGER);
}

static int settle(struct insider *me, unsigned int apart)
{
	int err = 0;

	me->step = "a /proc of its own";
	if (apart & APART_PROC)
		err = mount_proc();
	if (!err && apart & APART_SYSCTLS) {
		me->step = "sysctls of another namespace";
		err = take_strange_sysctls();
	}
	if (!err && apart & APART_NET)
		err = namespace_enter(&me->step);
	if (!err && apart & APART_SYSCTLS)
		err = mount_strange_sysctls();
	if (err)
		return err;
	me->step = "a listener";
	return listen_here(me);
}

static void __attribute__((noreturn)) live(unsigned int apart, int to_parent)
{
	struct insider me = { .inner = getpid() };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	me.error = settle(&me, apart);
	if (write(to_parent, &me, sizeof(me)) != sizeof(me))
		_exit(1);
	for (;;)
		pause();
}

/* A process's first child after unshare() is the first in the PID namespace; its parent, who is
 * not in it, knows its number outside. Both write to one pipe: the child waits for its turn. */
static void __attribute__((noreturn)) go(unsigned int apart, int to_parent)
{
	struct insider none = { .step = "a user namespace" };
	int turn[2];
	pid_t pid;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	none.error = pipe2(turn, O_CLOEXEC) < 0 ? -errno : 0;
	if (!none.error && apart & APART_USER)
		none.error = become_root_inside();
	if (!none.error) {
		none.step = "PID and mount namespaces";
		none.error = leave(apart);
	}
	pid = none.error ? 0 : fork();
	if (pid == 0 && !none.error) {
		close(turn[1]);
		if (read(turn[0], &byte, 1) == 0)
			live(apart, to_parent);
		_exit(1);
	}
	if (write(to_parent, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	if (none.error && write(to_parent, &none, sizeof(none)) != sizeof(none))
		_exit(1);
	close(turn[1]);
	for (;;)
		pause();
}

struct insider insider_make(unsigned int apart)
{
	struct insider made = { .error = -EIO, .step = "a process" };
	int ends[2];
	pid_t pid, outer;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return made;
	pid = fork();
	if (pid == 0)
		go(apart, ends[1]);
	close(ends[1]);
	if (pid < 0 || read(ends[0], &outer, sizeof(outer)) != sizeof(outer) ||
	    read(ends[0], &made, sizeof(made)) != sizeof(made))
		made = (struct insider){ .error = -EIO, .step = "a process" };
	else
		made.outer = outer;
	close(ends[0]);
	return made;
}
