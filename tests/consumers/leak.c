/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leak N: a process named `leaky-app` that leaves N connections over loopback in CLOSE_WAIT. Says
 * `ready`, and holds them until its standard input ends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int state_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ? -1 : info.tcpi_state;
}

/* Connects, closes the far end, and waits until the near one knows. */
static int leak_one(int listener, const struct sockaddr_in *address)
{
	int near = socket(AF_INET, SOCK_STREAM, 0);
	int far;

	if (near < 0 || connect(near, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -1;
	far = accept(listener, NULL, NULL);
	if (far < 0 || close(far) < 0)
		return -1;
	for (int i = 0; i < 30000 && state_of(near) != TCP_CLOSE_WAIT; i++)
		poll(NULL, 0, 1);
	return state_of(near) == TCP_CLOSE_WAIT ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	prctl(PR_SET_NAME, "leaky-app");
	if (argc != 2 || listener < 0 || listen(listener, 16) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) < 0)
		return fail("listen");
	/* A listener that was not bound stands on every address. */
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int n = atoi(argv[1]); n > 0; n--)
		if (leak_one(listener, &address) < 0)
			return fail("leak");
	close(listener);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
