/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/churn.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* So many destinations share the ephemeral ports that TIME-WAIT keeps for a minute. */
#define LISTENERS     8
#define FIRST_ADDRESS 0x7f020001u
#define TICKS         50 /* a second: each replaces its share */

struct pair {
	int near, far;
};

enum ending { END_ORDERLY, END_ZERO_LINGER, END_UNREAD, ENDINGS };

struct churner {
	struct pair *pairs;
	size_t n, oldest;
	int listeners[LISTENERS];
	struct sockaddr_in addresses[LISTENERS];
	uint64_t opened;
};

/* --- the process ----------------------------------------------------------------------------- */

static int open_listener(struct churner *c, size_t i)
{
	struct sockaddr_in *address = &c->addresses[i];
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(FIRST_ADDRESS + (unsigned int)i);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, len) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &len) < 0)
		return -errno;
	c->listeners[i] = fd;
	return 0;
}

static int open_pair(struct churner *c, struct pair *pair)
{
	size_t i = c->opened++ % LISTENERS;
	socklen_t len = sizeof(c->addresses[i]);

	pair->near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair->near < 0 || connect(pair->near, (struct sockaddr *)&c->addresses[i], len) < 0)
		return -errno;
	pair->far = accept4(c->listeners[i], NULL, NULL, SOCK_CLOEXEC);
	return pair->far < 0 ? -errno : 0;
}

static void prepare(const struct pair *pair, enum ending ending)
{
	const struct linger zero = { .l_onoff = 1, .l_linger = 0 };

	if (ending == END_ZERO_LINGER)
		setsockopt(pair->near, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero));
	if (ending == END_UNREAD)
		send(pair->far, "unread", 6, MSG_NOSIGNAL);
}

static int replace_oldest(struct churner *c)
{
	struct pair *pair = &c->pairs[c->oldest];
	int err;

	close(pair->near);
	close(pair->far);
	err = open_pair(c, pair);
	/* How it will end can be seen for as long as it lives. */
	if (!err)
		prepare(pair, c->opened % ENDINGS);
	c->oldest = (c->oldest + 1) % c->n;
	return err;
}

static int open_all(struct churner *c)
{
	int err = 0;

	for (size_t i = 0; i < LISTENERS && !err; i++)
		err = open_listener(c, i);
	for (size_t i = 0; i < c->n && !err; i++)
		err = open_pair(c, &c->pairs[i]);
	return err;
}

static int run(struct churner *c, size_t rate, struct churn_counts *counts)
{
	const struct timespec pause = { .tv_nsec = 1000000000 / TICKS };
	size_t due = 0;
	int err = 0;

	while (!err) {
		nanosleep(&pause, NULL);
		for (due += rate; due >= TICKS && !err; due -= TICKS) {
			err = replace_oldest(c);
			counts->replaced++;
		}
	}
	return err;
}

static void be_the_process(size_t pairs, size_t rate, struct churn_counts *counts)
{
	struct rlimit limit;
	struct churner c = { .n = pairs, .pairs = calloc(pairs, sizeof(*c.pairs)) };
	int err = c.pairs ? 0 : -ENOMEM;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!err)
		err = open_all(&c);
	if (!err) {
		counts->ready = 1;
		err = run(&c, rate, counts);
	}
	counts->err = err;
	_exit(1);
}

/* --- whoever started it ---------------------------------------------------------------------- */

static int wait_ready(const struct churn *churn)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!churn->counts->ready && !churn->counts->err) {
		if (waitpid(churn->pid, NULL, WNOHANG) == churn->pid)
			return churn->counts->err ? churn->counts->err : -ECHILD;
		nanosleep(&pause, NULL);
	}
	return churn->counts->err;
}

int churn_start(struct churn *churn, size_t sockets, size_t rate)
{
	int err;

	*churn = (struct churn){ .sockets = sockets / 2 * 2 };
	churn->counts = mmap(NULL, sizeof(*churn->counts), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (churn->counts == MAP_FAILED) {
		churn->counts = NULL;
		return -errno;
	}
	churn->pid = fork();
	if (churn->pid == 0)
		be_the_process(sockets / 2, rate, churn->counts);
	err = churn->pid < 0 ? -errno : wait_ready(churn);
	if (err)
		fprintf(stderr, "soak: %zu sockets that change: %s\n", sockets, strerror(-err));
	return err;
}

void churn_stop(struct churn *churn)
{
	if (churn->pid > 0) {
		kill(churn->pid, SIGKILL);
		waitpid(churn->pid, NULL, 0);
	}
	if (churn->counts)
		munmap(churn->counts, sizeof(*churn->counts));
	*churn = (struct churn){ 0 };
}
