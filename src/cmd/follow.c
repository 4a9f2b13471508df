/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "source/transport.h"

#define WHEN_DONE (-ECANCELED) /* the sink's word for "that was the last" */

static int take_event(void *ctx, struct socket *sk)
{
	struct follow *f = ctx;
	enum tri verdict;
	int err;

	enrich_socket(&f->run->enrich, sk);
	verdict = filter_match(f->run->plan->filter, sk);
	f->run->undecided += verdict == TRI_UNKNOWN;
	if (verdict != TRI_YES)
		return 0;
	err = f->sink(f->ctx, sk);
	f->shown++;
	if (err)
		return err;
	return f->shown == f->count ? WHEN_DONE : 0;
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static int open_signals(void)
{
	sigset_t set = ending_signals();
	int fd;

	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return fd;
}

static int read_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : SIGTERM;
}

/* One burst. Returns 0 to go on. */
static int read_burst(struct follow *f)
{
	struct dump_report *report = &f->run->report;
	int err = events_read(f->events, take_event, f, report);

	if (err == WHEN_DONE && report->problem == DUMP_STOPPED) {
		report->problem = DUMP_OK;
		report->error = 0;
	}
	return outbuf_flush(f->out) < 0 ? -EIO : err;
}

void follow_run(struct follow *f)
{
	struct pollfd fds[] = {
		{ .fd = events_fd(f->events), .events = POLLIN },
		{ .fd = open_signals(), .events = POLLIN },
		/* Nothing to wait for but the end of whoever reads. */
		{ .fd = f->out->fd, .events = 0 },
	};

	outbuf_flush(f->out);
	if (fds[1].fd < 0) {
		dump_problem_set(&f->run->report, DUMP_RECV_FAILED, fds[1].fd);
		return;
	}
	while (!f->signal) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			dump_problem_set(&f->run->report, DUMP_RECV_FAILED, -errno);
			break;
		}
		if (fds[0].revents && read_burst(f) < 0)
			break;
		if (fds[1].revents)
			f->signal = read_signal(fds[1].fd);
		else if (fds[2].revents & POLLERR)
			f->signal = SIGPIPE;
	}
	close(fds[1].fd);
}

void follow_raise(const struct follow *follow)
{
	sigset_t set = ending_signals();

	if (!follow->signal)
		return;
	signal(follow->signal, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(follow->signal);
}
