/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enrich/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Duplicates a child holds at most at a time: well under any descriptor limit. Its exit drops
 * them all. */
#define BATCH 256
/* Descriptors that are open already, or needed for a moment. */
#define SPARE 16

/* What a child says of one target through its pipe. */
struct reply {
	uint32_t index;
	int32_t error; /* 0, or a negative errno and no options */
	struct owner_options options;
};

static enum tri option_on(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) < 0)
		return TRI_UNKNOWN;
	return value ? TRI_YES : TRI_NO;
}

static void read_tcp_options(int fd, struct owner_options *o)
{
	int value = 0;
	socklen_t len = sizeof(value);

	o->repair = option_on(fd, IPPROTO_TCP, TCP_REPAIR);
	if (getsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &value, &len) == 0)
		o->linger2_negative = value < 0 ? TRI_YES : TRI_NO;
	len = sizeof(value);
	if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len) == 0)
		o->user_timeout_ms = value;
}

/* Unbounded linger comes back as a number below 0: (int)(MAX_SCHEDULE_TIMEOUT / HZ). */
static uint64_t seconds_of(int l_linger)
{
	return l_linger < 0 ? UINT64_MAX : (uint64_t)l_linger;
}

static enum tri is_one_to_many(int fd)
{
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return TRI_UNKNOWN;
	return type == SOCK_SEQPACKET ? TRI_YES : TRI_NO;
}

static int read_options(int fd, struct owner_options *o)
{
	struct linger linger;
	socklen_t len = sizeof(linger);
	int flags = fcntl(fd, F_GETFL);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) < 0)
		return -errno;
	*o = (struct owner_options){
		.known = true,
		.linger_on = linger.l_onoff != 0,
		.linger = seconds_of(linger.l_linger),
		.nonblock = flags < 0              ? TRI_UNKNOWN
			    : (flags & O_NONBLOCK) ? TRI_YES
						   : TRI_NO,
		.reuseaddr = option_on(fd, SOL_SOCKET, SO_REUSEADDR),
		.reuseport = option_on(fd, SOL_SOCKET, SO_REUSEPORT),
		.one_to_many = is_one_to_many(fd),
		.user_timeout_ms = UNKNOWN,
	};
	read_tcp_options(fd, o);
	return 0;
}

/* The number may have been reused since the owners pass: only the same socket counts. */
static int check_inode(int fd, uint32_t inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return (uint32_t)st.st_ino == inode && S_ISSOCK(st.st_mode) ? 0 : -ESTALE;
}

/* Never closes the duplicate: see owners.h. */
static int read_target(const struct getfd_target *t, struct owner_options *options)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)t->pid, 0);
	int fd, err;

	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)t->fd, 0);
	err = fd < 0 ? -errno : 0;
	close(pidfd);
	if (err)
		return err;
	err = check_inode(fd, t->inode);
	return err ? err : read_options(fd, options);
}

static void run_child(const struct getfd_target *targets, size_t from, size_t to, int out)
{
	/* Should the tool be killed, its child must not keep the duplicates alive. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = from; i < to; i++) {
		struct reply reply = { .index = (uint32_t)i };

		reply.error = read_target(&targets[i], &reply.options);
		if (write(out, &reply, sizeof(reply)) != (ssize_t)sizeof(reply))
			break;
	}
	_exit(0);
}

static bool was_denied(int error)
{
	return error == -EPERM || error == -EACCES;
}

/* The process ended, or closed or reused the descriptor: nothing failed. */
static bool is_gone(int error)
{
	return error == -ESRCH || error == -EBADF || error == -ESTALE;
}

static void count(struct getfd_counts *counts, int error)
{
	if (error == 0 || is_gone(error))
		return;
	if (was_denied(error)) {
		counts->denied++;
		return;
	}
	counts->failed++;
	counts->error = error;
}

/* A child holds a batch of duplicates at a time: no more than its limit allows. */
static size_t batch_size(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= BATCH + SPARE)
		return BATCH;
	return limit.rlim_cur > SPARE ? limit.rlim_cur - SPARE : 1;
}

static int take_replies(int in, const struct getfd_target *targets, getfd_answer answer, void *ctx,
			struct getfd_counts *counts)
{
	struct reply reply;
	ssize_t n;
	int err = 0;

	/* Replies are shorter than PIPE_BUF, so they never come in parts. */
	while ((n = read(in, &reply, sizeof(reply))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(reply))
			return -EIO;
		if (reply.error == 0)
			answer(ctx, &targets[reply.index], &reply.options);
		count(counts, reply.error);
		if (reply.error == -ENOSYS)
			err = -ENOSYS;
	}
	return err;
}

static int run_batch(const struct getfd_target *targets, size_t from, size_t to,
		     getfd_answer answer, void *ctx, struct getfd_counts *counts)
{
	int ends[2], err, status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		err = -errno;
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (pid == 0) {
		close(ends[0]);
		run_child(targets, from, to, ends[1]);
	}
	close(ends[1]);
	err = take_replies(ends[0], targets, answer, ctx, counts);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return err;
}

int owners_getfd_read(const struct getfd_target *targets, size_t count, getfd_answer answer,
		      void *ctx, struct getfd_counts *counts)
{
	size_t batch = batch_size();

	*counts = (struct getfd_counts){ 0 };
	for (size_t from = 0; from < count; from += batch) {
		size_t to = from + batch < count ? from + batch : count;
		int err = run_batch(targets, from, to, answer, ctx, counts);

		if (err)
			return err;
	}
	return 0;
}
