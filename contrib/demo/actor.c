/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	RECEIVE_BUFFER =
		32768,        /* small, so that a reader who does not read shuts the window soon */
	SEND_BUFFER = 212992, /* large, so that write() takes everything; the default wmem_max */
	WRITE_MS = 10000,
	READ_MS = 20000, /* without a byte for so long, the end will not come */
	SOON_MS = 30000,
};

/* What an actor's process keeps. The child it may have shares both sockets. */
struct role {
	int listener;
	int connection;
	pid_t child;
	int64_t received;
};

static const struct sockaddr_in loopback = { .sin_family = AF_INET,
					     .sin_addr.s_addr = __constant_htonl(INADDR_LOOPBACK) };

static int own_port(int fd, struct answer *answer)
{
	struct sockaddr_in address = { 0 };
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	answer->n = ntohs(address.sin_port);
	return 0;
}

/* The receive buffer is set before the handshake, which fixes the window scale. */
static int do_listen(struct role *role, int64_t n, struct answer *answer)
{
	int bytes = RECEIVE_BUFFER;

	(void)n;
	role->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (role->listener < 0 ||
	    setsockopt(role->listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0 ||
	    bind(role->listener, (const struct sockaddr *)&loopback, sizeof(loopback)) < 0 ||
	    listen(role->listener, 4) < 0)
		return -errno;
	return own_port(role->listener, answer);
}

static int do_connect(struct role *role, int64_t n, struct answer *answer)
{
	struct sockaddr_in address = loopback;
	int bytes = SEND_BUFFER;

	address.sin_port = htons((uint16_t)n);
	role->connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (role->connection < 0 ||
	    setsockopt(role->connection, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0 ||
	    connect(role->connection, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return own_port(role->connection, answer);
}

static int do_accept(struct role *role, int64_t n, struct answer *answer)
{
	(void)n, (void)answer;
	role->connection = accept4(role->listener, NULL, NULL, SOCK_CLOEXEC);
	if (role->connection < 0)
		return -errno;
	close(role->listener);
	role->listener = -1;
	return 0;
}

static int do_linger(struct role *role, int64_t n, struct answer *answer)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = (int)n };

	(void)answer;
	if (setsockopt(role->connection, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		return -errno;
	return 0;
}

static int do_write(struct role *role, int64_t n, struct answer *answer)
{
	static const char page[16384];

	(void)answer;
	while (n > 0) {
		size_t want = n < (int64_t)sizeof(page) ? (size_t)n : sizeof(page);
		struct pollfd room = { .fd = role->connection, .events = POLLOUT };
		ssize_t put = send(role->connection, page, want, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (put >= 0) {
			n -= put;
			continue;
		}
		if (errno != EAGAIN)
			return -errno;
		if (poll(&room, 1, WRITE_MS) == 0)
			return -ENOBUFS;
	}
	return 0;
}

static int do_shut_write(struct role *role, int64_t n, struct answer *answer)
{
	(void)n, (void)answer;
	return shutdown(role->connection, SHUT_WR) < 0 ? -errno : 0;
}

static int do_read(struct role *role, int64_t n, struct answer *answer)
{
	static char page[16384];
	struct pollfd more = { .fd = role->connection, .events = POLLIN };

	(void)n;
	for (answer->end = END_NOT_SEEN; answer->end == END_NOT_SEEN;) {
		ssize_t got;

		if (poll(&more, 1, READ_MS) == 0)
			break;
		got = recv(role->connection, page, sizeof(page), MSG_DONTWAIT);
		if (got > 0)
			role->received += got;
		else if (got == 0)
			answer->end = END_EOF;
		else if (errno == ECONNRESET)
			answer->end = END_RESET;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	answer->n = role->received;
	return 0;
}

static int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* How often this process has let go of its CPU because it waited for something. */
static long sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : usage.ru_nvcsw;
}

static int do_close(struct role *role, int64_t n, struct answer *answer)
{
	int *fd = role->connection >= 0 ? &role->connection : &role->listener;
	long slept = sleeps();
	int64_t began = clock_us();
	int err = close(*fd) < 0 ? -errno : 0;

	(void)n;
	answer->n = clock_us() - began;
	answer->slept = sleeps() > slept;
	*fd = -1;
	return err;
}

static int do_look(struct role *role, int64_t n, struct answer *answer)
{
	int fd = role->connection >= 0 ? role->connection : role->listener;
	struct queues *q = &answer->queues;
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	(void)n;
	*q = (struct queues){ 0 };
	if (fd < 0)
		return 0;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return -errno;
	q->state = info.tcpi_state;
	if (role->connection < 0)
		return 0;
	if (ioctl(fd, SIOCINQ, &q->unread) < 0 || ioctl(fd, SIOCOUTQ, &q->outstanding) < 0 ||
	    ioctl(fd, SIOCOUTQNSD, &q->unsent) < 0)
		return -errno;
	/* tcpi_snd_wnd: Linux 5.4. */
	q->stalled =
		length >= offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(info.tcpi_snd_wnd) &&
		info.tcpi_snd_wnd == 0 && q->unsent == q->outstanding;
	return 0;
}

/* Lets the tool read this process: Yama allows it only to ancestors otherwise. Where there is no
 * Yama this fails, and nothing is lost. */
static void permit_reading(void)
{
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

static int do_share(struct role *role, int64_t n, struct answer *answer)
{
	(void)n, (void)answer;
	role->child = fork();
	if (role->child < 0)
		return -errno;
	if (role->child > 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "demo-child");
	permit_reading();
	for (;;)
		pause();
}

static int do_unshare(struct role *role, int64_t n, struct answer *answer)
{
	(void)n, (void)answer;
	if (role->child <= 0)
		return -ECHILD;
	kill(role->child, SIGKILL);
	while (waitpid(role->child, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	role->child = 0;
	return 0;
}

static const struct {
	const char *name; /* for messages */
	int (*carry_out)(struct role *role, int64_t n, struct answer *answer);
} orders[] = {
	[DO_LISTEN] = { "listen", do_listen },
	[DO_CONNECT] = { "connect", do_connect },
	[DO_ACCEPT] = { "accept", do_accept },
	[DO_LINGER] = { "set SO_LINGER", do_linger },
	[DO_WRITE] = { "write", do_write },
	[DO_SHUT_WRITE] = { "shut down", do_shut_write },
	[DO_READ] = { "read", do_read },
	[DO_CLOSE] = { "close", do_close },
	[DO_LOOK] = { "look at its queues", do_look },
	[DO_SHARE] = { "fork", do_share },
	[DO_UNSHARE] = { "end its child", do_unshare },
};

/* --- the wire between director and actor ------------------------------------------------- */

struct message {
	enum order order;
	int64_t n;
};

/* Ends when the director lets go of the other end. */
static void play_role(int wire)
{
	struct role role = { .listener = -1, .connection = -1 };
	struct message message;

	while (recv(wire, &message, sizeof(message), 0) == sizeof(message)) {
		struct answer answer = { 0 };

		answer.error = -orders[message.order].carry_out(&role, message.n, &answer);
		if (send(wire, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			break;
	}
}

int actor_start(struct actor *actor, const char *name)
{
	int ends[2];

	*actor = (struct actor){ .name = name, .wire = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	fflush(stdout);
	actor->pid = fork();
	if (actor->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		permit_reading();
		close(ends[0]);
		play_role(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	actor->wire = ends[0];
	return actor->pid < 0 ? -errno : 0;
}

int actor_tell(struct actor *actor, enum order order, int64_t n)
{
	const struct message message = { .order = order, .n = n };

	return send(actor->wire, &message, sizeof(message), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int actor_hear(struct actor *actor, struct answer *answer, int ms)
{
	struct pollfd wire = { .fd = actor->wire, .events = POLLIN };

	if (poll(&wire, 1, ms) == 0)
		return -EAGAIN;
	if (recv(actor->wire, answer, sizeof(*answer), 0) != sizeof(*answer))
		return -EPIPE;
	return -answer->error;
}

int actor_do(struct actor *actor, enum order order, int64_t n, struct answer *answer)
{
	struct answer unwanted;
	int err = actor_tell(actor, order, n);

	if (!err)
		err = actor_hear(actor, answer ? answer : &unwanted, SOON_MS);
	if (err)
		fprintf(stderr, "lingerstat-demo: %s could not %s: %s\n", actor->name,
			orders[order].name, strerror(-err));
	return err;
}

void actor_end(struct actor *actor)
{
	if (actor->pid > 0) {
		kill(actor->pid, SIGKILL);
		while (waitpid(actor->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (actor->wire >= 0)
		close(actor->wire);
	*actor = (struct actor){ .wire = -1 };
}
