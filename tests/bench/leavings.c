/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/leavings.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_ADDRESS 0x7f030001u
#define TO_ONE        10000 /* destination: its ephemeral ports are some 28,000 */
#define LIMIT_FILE    "/proc/sys/net/ipv4/tcp_max_tw_buckets"

static int raise_limit(size_t time_wait)
{
	FILE *file = fopen(LIMIT_FILE, "r+e");
	unsigned long limit = 0;
	int failed;

	if (!file)
		return -errno;
	failed = fscanf(file, "%lu", &limit) != 1;
	if (!failed && limit < 2 * time_wait) {
		rewind(file);
		failed = fprintf(file, "%zu\n", 2 * time_wait) < 0;
	}
	return fclose(file) != 0 || failed ? -EIO : 0;
}

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

/* Whoever closes first keeps the TIME-WAIT. */
static int open_and_end(int listener, const struct sockaddr_in *address)
{
	int far = -1, near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;

	if (near < 0 || connect(near, (const struct sockaddr *)address, sizeof(*address)) < 0)
		err = -errno;
	if (!err)
		far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (!err && far < 0)
		err = -errno;
	if (near >= 0)
		close(near);
	if (far >= 0)
		close(far);
	return err;
}

static int leave(size_t which, size_t n)
{
	struct sockaddr_in address;
	int listener = open_listener(which, &address), err = 0;

	if (listener < 0)
		return listener;
	while (n-- && !err)
		err = open_and_end(listener, &address);
	close(listener);
	return err;
}

int leavings_make(size_t time_wait)
{
	int err = raise_limit(time_wait);

	for (size_t which = 0; time_wait && !err; which++) {
		size_t n = time_wait < TO_ONE ? time_wait : TO_ONE;

		err = leave(which, n);
		time_wait -= n;
	}
	return err;
}
