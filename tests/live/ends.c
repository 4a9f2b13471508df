/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ends.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "tcp.h"

bool is_datagram(const struct kind *kind)
{
	return kind->type == SOCK_DGRAM;
}

/* A new name each time: a path stays behind its socket. */
static socklen_t make_name(const struct kind *kind, struct sockaddr_storage *name)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)name;
	struct sockaddr_in *v4 = (struct sockaddr_in *)name;
	struct sockaddr_un *un = (struct sockaddr_un *)name;
	bool abstract = kind->meeting == BY_ABSTRACT;
	static unsigned int count;
	int length;

	memset(name, 0, sizeof(*name));
	name->ss_family = (sa_family_t)kind->domain;
	if (kind->domain == AF_INET6) {
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	}
	if (kind->domain == AF_INET) {
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*v4);
	}
	length = snprintf(un->sun_path + abstract, sizeof(un->sun_path) - abstract,
			  "/tmp/lingerstat-%d-%u", getpid(), count++);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static int open_socket(const struct kind *kind)
{
	int fd = socket(kind->domain, kind->type | SOCK_CLOEXEC, kind->protocol);

	return fd < 0 ? -errno : fd;
}

/* Binds to a name of the kind; the kernel fills in the port. */
static int bind_fresh(int fd, const struct kind *kind, struct sockaddr_storage *name,
		      socklen_t *length)
{
	*length = make_name(kind, name);
	if (bind(fd, (struct sockaddr *)name, *length) < 0)
		return -errno;
	*length = sizeof(*name);
	return getsockname(fd, (struct sockaddr *)name, length) < 0 ? -errno : 0;
}

static int listen_with(struct ends *ends, const struct kind *kind, int rcvbuf)
{
	int fd = open_socket(kind);
	int err;

	*ends = (struct ends){ .kind = kind, .listener = fd, .near = -1, .far = -1 };
	if (fd < 0)
		return fd;
	if (rcvbuf > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	err = bind_fresh(fd, kind, &ends->name, &ends->name_length);
	if (!err && listen(fd, 8) < 0)
		err = -errno;
	if (err)
		drop_fd(&ends->listener);
	return err ? err : fd;
}

int ends_listen(struct ends *ends, const struct kind *kind)
{
	return listen_with(ends, kind, 0);
}

int ends_connect(const struct ends *ends)
{
	int fd = open_socket(ends->kind);
	int err;

	if (fd < 0 || !connect(fd, (const struct sockaddr *)&ends->name, ends->name_length))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int ends_bind_again(const struct ends *ends)
{
	int fd = open_socket(ends->kind);
	int err;

	if (ends->kind->meeting == BY_PATH)
		unlink(((const struct sockaddr_un *)&ends->name)->sun_path);
	if (fd < 0 || !bind(fd, (const struct sockaddr *)&ends->name, ends->name_length))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int open_pair(struct ends *ends)
{
	const struct kind *kind = ends->kind;
	int fds[2];

	if (socketpair(kind->domain, kind->type | SOCK_CLOEXEC, kind->protocol, fds) < 0)
		return -errno;
	ends->near = fds[0];
	ends->far = fds[1];
	return 0;
}

static int open_datagrams(struct ends *ends)
{
	struct sockaddr_storage far_name;
	socklen_t far_length;
	int err;

	ends->near = open_socket(ends->kind);
	ends->far = open_socket(ends->kind);
	if (ends->near < 0 || ends->far < 0)
		return -EMFILE;
	err = bind_fresh(ends->near, ends->kind, &ends->name, &ends->name_length);
	if (!err)
		err = bind_fresh(ends->far, ends->kind, &far_name, &far_length);
	if (err)
		return err;
	if (connect(ends->near, (struct sockaddr *)&far_name, far_length) < 0 ||
	    connect(ends->far, (struct sockaddr *)&ends->name, ends->name_length) < 0)
		err = -errno;
	if (ends->kind->meeting == BY_PATH)
		unlink(((struct sockaddr_un *)&far_name)->sun_path);
	return err;
}

static int open_stream(struct ends *ends, const struct kind *kind, int rcvbuf)
{
	int err = listen_with(ends, kind, rcvbuf);
	int client, accepted;

	if (err < 0)
		return err;
	client = ends_connect(ends);
	if (client < 0)
		return client;
	accepted = tcp_accept(ends->listener);
	ends->near = kind->domain == AF_UNIX ? accepted : client;
	ends->far = kind->domain == AF_UNIX ? client : accepted;
	return accepted < 0 ? accepted : 0;
}

int ends_open(struct ends *ends, const struct kind *kind, int far_rcvbuf)
{
	int err;

	*ends = (struct ends){ .kind = kind, .listener = -1, .near = -1, .far = -1 };
	if (kind->meeting == BY_PAIR)
		err = open_pair(ends);
	else if (is_datagram(kind))
		err = open_datagrams(ends);
	else
		err = open_stream(ends, kind, far_rcvbuf);
	if (err)
		ends_close(ends);
	return err;
}

void ends_close(struct ends *ends)
{
	if (ends->kind->meeting == BY_PATH && ends->name_length)
		unlink(((struct sockaddr_un *)&ends->name)->sun_path);
	drop_fd(&ends->near);
	drop_fd(&ends->far);
	drop_fd(&ends->listener);
}

int ends_send(int from, int to, size_t bytes)
{
	struct pollfd ready = { .fd = to, .events = POLLIN };
	static const char chunk[4096];

	if (send(from, chunk, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		return -errno;
	return poll(&ready, 1, WAIT_MS) == 1 ? 0 : -ETIMEDOUT;
}

ssize_t ends_fill(int from)
{
	static const char chunk[4096];
	ssize_t total = 0, done;

	while ((done = send(from, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		total += done;
	return errno == EAGAIN ? total : -errno;
}

struct fate ends_watch(int far, int patience_ms)
{
	struct pollfd ready = { .fd = far, .events = POLLIN };
	struct fate fate = { 0 };
	char chunk[65536];
	ssize_t got;

	while (!fate.eof && !fate.error && poll(&ready, 1, patience_ms) == 1) {
		got = recv(far, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (got > 0)
			fate.bytes += (size_t)got;
		else if (got == 0)
			fate.eof = true;
		else if (errno == ECONNRESET && !fate.reset)
			fate.reset = true;
		else if (errno != EAGAIN)
			fate.error = errno;
	}
	return fate;
}
