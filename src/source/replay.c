/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording as transport: netlink messages one after the other, as `ss -D` writes them. A
 * recording may come from anywhere, so every length is checked before it is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/transport.h"

/* No sock_diag message comes near this; a length beyond it is not a message. */
#define MESSAGE_MAX 65536

struct replay {
	int fd;
	bool may_wait; /* a pipe or the like, whose other end may take its time */
	const struct pause *pause;
	uint64_t offset; /* of the next message in the file */
	char buf[MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* A file never makes anyone wait; a pipe may, inside a message too. */
static void tell_pause(const struct replay *r)
{
	struct pollfd pipe = { .fd = r->fd, .events = POLLIN };

	if (r->may_wait && r->pause->call)
		r->pause->call(r->pause->ctx, poll(&pipe, 1, 0) == 0);
}

/* Reads exactly n bytes unless the file ends. Returns how many, or a negative errno. */
static ssize_t read_full(const struct replay *r, char *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got;

		tell_pause(r);
		got = read(r->fd, to + done, n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int broken(struct replay *r, struct dump_report *report, enum dump_problem problem)
{
	report->offset = r->offset;
	return dump_problem_set(report, problem, -EBADMSG);
}

/* Reads the rest of a message whose header is in the buffer. 0 or a negative errno. */
static int read_body(struct replay *r, struct nlmsghdr *nlh, struct dump_report *report)
{
	size_t whole = NLMSG_ALIGN(nlh->nlmsg_len);
	size_t least = nlh->nlmsg_len - sizeof(*nlh);
	ssize_t n;

	n = read_full(r, r->buf + sizeof(*nlh), whole - sizeof(*nlh));
	if (n < 0)
		return dump_problem_set(report, DUMP_RECV_FAILED, (int)n);
	/* The very last message may come without its padding. */
	if ((size_t)n < least)
		return broken(r, report, DUMP_TRUNCATED);
	return 0;
}

static bool known_type(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == TCPDIAG_GETSOCK || nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY ||
	       nlh->nlmsg_type < NLMSG_MIN_TYPE;
}

/* Reads one message. 1: there is one; 0: the file ends here; negative errno. */
static int next_message(struct replay *r, struct dump_report *report)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)r->buf;
	ssize_t n = read_full(r, r->buf, sizeof(*nlh));
	int err;

	if (n == 0)
		return 0;
	if (n < 0)
		return dump_problem_set(report, DUMP_RECV_FAILED, (int)n);
	if ((size_t)n < sizeof(*nlh))
		return broken(r, report, r->offset ? DUMP_TRUNCATED : DUMP_BAD_MESSAGE);
	if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > MESSAGE_MAX || !known_type(nlh))
		return broken(r, report, DUMP_BAD_MESSAGE);
	err = read_body(r, nlh, report);
	if (err)
		return err;
	r->offset += NLMSG_ALIGN(nlh->nlmsg_len);
	return 1;
}

/* `ss -D` puts one NLMSG_DONE after each walk, so the end mark does not end the file; but a
 * file without any, or with messages after the last one, was cut off. */
static int replay_run(void *state, struct nlmsghdr *request, message_sink sink, void *ctx,
		      const struct pause *pause, struct dump_report *report)
{
	struct replay *r = state;
	struct nlmsghdr *nlh = (struct nlmsghdr *)r->buf;
	bool ended = false;
	int more, verdict;

	(void)request;
	r->pause = pause;
	while ((more = next_message(r, report)) > 0) {
		verdict = dump_control_message(nlh, report);
		if (verdict < 0)
			return verdict;
		ended = verdict > 0;
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		verdict = sink(ctx, nlh);
		if (verdict)
			return verdict;
	}
	if (more < 0)
		return more;
	report->offset = r->offset;
	return ended ? 0 : dump_problem_set(report, DUMP_NO_END, -ENODATA);
}

static void replay_close(void *state)
{
	struct replay *r = state;

	if (r->fd != STDIN_FILENO)
		close(r->fd);
	free(r);
}

static const struct transport replay_transport = {
	.run = replay_run,
	.close = replay_close,
	.replay = true,
};

static int open_file(const char *path)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	return fd;
}

int replay_transport_open(const struct transport **transport, void **state, const char *path)
{
	struct replay *r;
	struct stat st;
	int fd = open_file(path);

	if (fd < 0)
		return fd;
	r = calloc(1, sizeof(*r));
	if (!r) {
		if (fd != STDIN_FILENO)
			close(fd);
		return -ENOMEM;
	}
	r->fd = fd;
	r->may_wait = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	*transport = &replay_transport;
	*state = r;
	return 0;
}
