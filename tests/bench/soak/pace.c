/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/soak/pace.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/race.h"

static int connect_two(int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || fds[0] < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
	    connect(fds[0], (struct sockaddr *)&address, len) < 0)
		return -errno;
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[1] < 0)
		return -errno;
	close(listener);
	setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

static int take(int fd)
{
	char bytes[PACE_BYTES];

	return recv(fd, bytes, sizeof(bytes), MSG_WAITALL) == sizeof(bytes);
}

static int give(int fd)
{
	static const char bytes[PACE_BYTES];

	return send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == sizeof(bytes);
}

static void ask(int fd, volatile uint64_t *rounds)
{
	while (give(fd) && take(fd))
		++*rounds;
}

static void answer(int fd)
{
	while (take(fd) && give(fd))
		;
}

static int start(struct pace *pace, int fds[2], int which)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		pace->pids[which] = pid;
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(fds[!which]);
	if (which)
		answer(fds[1]);
	else
		ask(fds[0], pace->rounds);
	_exit(0);
}

int pace_start(struct pace *pace)
{
	int fds[2] = { -1, -1 }, err;

	*pace = (struct pace){ .rounds = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0) };
	if (pace->rounds == MAP_FAILED) {
		pace->rounds = NULL;
		return -errno;
	}
	err = connect_two(fds);
	if (!err)
		err = start(pace, fds, 0);
	if (!err)
		err = start(pace, fds, 1);
	for (size_t i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

void pace_stop(struct pace *pace)
{
	for (size_t i = 0; i < 2; i++) {
		if (pace->pids[i] <= 0)
			continue;
		kill(pace->pids[i], SIGKILL);
		waitpid(pace->pids[i], NULL, 0);
	}
	if (pace->rounds)
		munmap((void *)pace->rounds, sizeof(uint64_t));
	*pace = (struct pace){ 0 };
}

double pace_cpu(const struct pace *pace)
{
	double cpu = 0;

	for (size_t i = 0; i < 2; i++) {
		struct timespec t;
		clockid_t clock;

		if (clock_getcpuclockid(pace->pids[i], &clock) == 0 &&
		    clock_gettime(clock, &t) == 0)
			cpu += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	}
	return cpu;
}

struct pace_verdict pace_compare(double *with, double *without, size_t n)
{
	struct pace_verdict v = { .with = race_median(with, n),
				  .without = race_median(without, n) };

	if (v.without > 0) {
		v.difference = (v.with - v.without) / v.without;
		v.noise = (without[n - 1] - without[0]) / v.without;
		v.half = (without[n - 1 - n / 4] - without[n / 4]) / v.without;
	}
	return v;
}
