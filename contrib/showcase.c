/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lingerstat-showcase: a handful of loopback TCP sockets worth looking at.
 *
 * It opens one connection a scene (the table below) and a few that are already in TIME_WAIT,
 * prints the line `ready`, and holds them until its standard input ends or it gets SIGTERM,
 * SIGINT or SIGHUP. Each scene's near end lives in a process of its own, named after the scene;
 * the far ends all live in `show-peer`. Ports are ephemeral. No privilege is needed.
 *
 * It leaves nothing behind but TIME_WAIT, which the kernel removes by itself after 60 seconds
 * (TCP_TIMEWAIT_LEN, include/net/tcp.h): both ends of every connection are ended by the safe
 * sequence, so none is reset and none becomes an orphan.
 *
 * Exit status: 0 done, 1 a scene could not be set up or ended (one line on stderr), 2 usage.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	TIME_WAITS = 3,
	UNREAD_BYTES = 4200,
	SMALL_BUFFER_BYTES = 4096, /* the kernel doubles it and keeps to its own minimum */
	SETTLE_MS = 200,           /* a full queue that takes nothing for this long is stalled */
	DEADLINE_MS = 30000,       /* loopback needs a millisecond: past this something is wrong */
};

/* The two ends of one connection. The near end is the one the scene is about. */
struct pair {
	int near;
	int far;
};

/* One line to stderr: what failed, and why. Gives -errno, for the caller to hand on. */
static int complain(const char *what)
{
	int err = errno;

	fprintf(stderr, "lingerstat-showcase: %s: %s\n", what, strerror(err));
	return -err;
}

/*
 * Opens a connection over loopback. `small` keeps both buffers as small as the kernel allows, so
 * that few bytes fill them; the receive buffer must be set on the listener, before the handshake
 * fixes the window scale. Gives 0, or -errno after a message.
 */
static int open_pair(struct pair *pair, bool small)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int bytes = SMALL_BUFFER_BYTES;
	int one_retry = 1; /* so that a machine whose loopback is down is told so in 3 seconds */
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	pair->near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || pair->near < 0)
		return complain("socket");
	if (small && (setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ||
		      setsockopt(pair->near, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes))))
		return complain("small buffers");
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&addr, &len))
		return complain("listen on 127.0.0.1");
	if (setsockopt(pair->near, IPPROTO_TCP, TCP_SYNCNT, &one_retry, sizeof(one_retry)) ||
	    connect(pair->near, (struct sockaddr *)&addr, sizeof(addr)))
		return complain("connect to 127.0.0.1");
	pair->far = accept(listener, NULL, NULL);
	if (pair->far < 0)
		return complain("accept");
	close(listener);
	return 0;
}

/* Waits until `request` (an ioctl such as SIOCINQ) says `wanted` bytes. 0, or -errno. */
static int wait_for_bytes(int fd, unsigned long request, int wanted)
{
	for (int waited = 0; waited < DEADLINE_MS; waited++) {
		int bytes;

		if (ioctl(fd, request, &bytes))
			return complain("queue length");
		if (bytes == wanted)
			return 0;
		poll(NULL, 0, 1);
	}
	errno = ETIMEDOUT;
	return complain("queue length");
}

/* Waits until the connection is in `wanted`, a state of netinet/tcp.h. 0, or -errno. */
static int wait_for_state(int fd, int wanted)
{
	for (int waited = 0; waited < DEADLINE_MS; waited++) {
		struct tcp_info info;
		socklen_t len = sizeof(info);

		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
			return complain("TCP_INFO");
		if (info.tcpi_state == wanted)
			return 0;
		poll(NULL, 0, 1);
	}
	errno = ETIMEDOUT;
	return complain("connection state");
}

/* One message there and all of it read: nothing is left in any queue. */
static int set_up_healthy(const struct pair *pair)
{
	char message[16] = "hello";

	if (send(pair->near, message, sizeof(message), MSG_NOSIGNAL) != sizeof(message) ||
	    recv(pair->far, message, sizeof(message), MSG_WAITALL) != sizeof(message))
		return complain("send a message");
	return wait_for_bytes(pair->near, SIOCOUTQ, 0);
}

/*
 * The program set linger {on, 0} and wrote more than the peer takes: the peer never reads, its
 * window closes, and the rest waits unsent.
 */
static int set_up_zero_linger(const struct pair *pair)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct pollfd room = { .fd = pair->near, .events = POLLOUT };
	static const char page[1024];
	int unsent;

	if (setsockopt(pair->near, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		return complain("SO_LINGER");
	do {
		while (send(pair->near, page, sizeof(page), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			;
		if (errno != EAGAIN)
			return complain("fill the send queue");
	} while (poll(&room, 1, SETTLE_MS) > 0);
	if (ioctl(pair->near, SIOCOUTQNSD, &unsent))
		return complain("unsent bytes");
	if (unsent > 0)
		return 0;
	errno = ENODATA;
	return complain("unsent bytes");
}

/* The peer sent, our program has not read: closing now resets, whatever linger says. */
static int set_up_unread(const struct pair *pair)
{
	static const char page[UNREAD_BYTES];

	if (send(pair->far, page, sizeof(page), MSG_NOSIGNAL) != sizeof(page))
		return complain("send unread data");
	return wait_for_bytes(pair->near, SIOCINQ, UNREAD_BYTES);
}

/*
 * The peer has finished, our program never noticed and never closes. The far end is shut down
 * and not closed: closed, it would be an orphan that the kernel forgets after tcp_fin_timeout,
 * and our own close would then be answered by a reset.
 */
static int set_up_close_wait(const struct pair *pair)
{
	int err;

	if (shutdown(pair->far, SHUT_WR))
		return complain("shutdown");
	err = wait_for_state(pair->near, TCP_CLOSE_WAIT);
	/* The FIN's acknowledgement may be delayed. */
	return err ? err : wait_for_state(pair->far, TCP_FIN_WAIT2);
}

struct scene {
	const char *process; /* at most 15 bytes: the kernel keeps no more */
	bool small_buffers;
	int (*set_up)(const struct pair *pair);
};

static const struct scene scenes[] = {
	{ "show-healthy", false, set_up_healthy },
	{ "show-zerolinger", true, set_up_zero_linger },
	{ "show-unread", false, set_up_unread },
	{ "show-closewait", false, set_up_close_wait },
};

/*
 * Ends one end of a connection by the safe sequence: shutdown(SHUT_WR), read to the peer's EOF
 * under a timeout, close. Both ends do it, so the data in either direction is read and the last
 * close finds nothing unread, unsent or unacknowledged. 0, or -errno.
 */
static int finish(int fd)
{
	const struct linger off = { .l_onoff = 0 };
	const struct timeval timeout = { .tv_sec = DEADLINE_MS / 1000 };
	char page[4096];
	ssize_t got;

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return complain("prepare to close");
	/* ENOTCONN: the other end was killed, there is nobody to say goodbye to. */
	if (shutdown(fd, SHUT_WR) && errno != ENOTCONN)
		return complain("shutdown");
	do
		got = recv(fd, page, sizeof(page), 0);
	while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0 && errno != ENOTCONN)
		return complain("wait for the other end to finish");
	close(fd);
	return 0;
}

/* Opens a connection and closes it, near end first: that end is left in TIME_WAIT. */
static int leave_time_wait(void)
{
	struct pair pair;
	char byte;
	int err = open_pair(&pair, false);

	if (err)
		return err;
	close(pair.near);
	if (recv(pair.far, &byte, 1, 0) != 0)
		return complain("read to EOF");
	close(pair.far);
	return 0;
}

/* How the peer and its children speak: each says one byte when it is ready, and all end when
 * the write end of `hold`, which only the peer keeps, is closed or dies with it. */
struct wires {
	int ready[2];
	int hold[2];
};

/*
 * A scene's own process: holds the near end until the peer lets go. It closes every other
 * descriptor it inherited, so that each socket has one holder. The signals that end the peer
 * stay blocked here: a Ctrl-C reaches the whole group, and the order of the end is the peer's.
 */
static int hold_near_end(const struct scene *scene, int near, const int *fars, size_t count,
			 const struct wires *wires)
{
	char byte = 0;

	prctl(PR_SET_NAME, scene->process);
	for (size_t i = 0; i < count; i++)
		close(fars[i]);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(wires->hold[1]);
	if (write(wires->ready[1], &byte, 1) != 1)
		return complain("tell the peer");
	close(wires->ready[1]);
	while (read(wires->hold[0], &byte, 1) < 0 && errno == EINTR)
		;
	return finish(near);
}

/* Sets up one scene and gives its near end to a new process; `fars[index]` keeps the far end. */
static int start_scene(size_t index, int *fars, const struct wires *wires)
{
	const struct scene *scene = &scenes[index];
	struct pair pair;
	pid_t pid;
	int err = open_pair(&pair, scene->small_buffers);

	if (!err)
		err = scene->set_up(&pair);
	if (err)
		return err;
	fars[index] = pair.far;
	pid = fork();
	if (pid < 0)
		return complain("fork");
	if (pid == 0)
		_exit(hold_near_end(scene, pair.near, fars, index + 1, wires) ? 1 : 0);
	close(pair.near);
	return 0;
}

/* Waits until every child holds its own end and nothing else. 0, or -errno. */
static int wait_until_ready(int fd)
{
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		if (read(fd, &byte, 1) != 1) {
			errno = ECHILD;
			return complain("start the scenes");
		}
	}
	return 0;
}

/* Returns when standard input ends or one of the blocked signals arrives. */
static void wait_for_the_end(const sigset_t *signals)
{
	struct pollfd events[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				   { .fd = signalfd(-1, signals, SFD_CLOEXEC), .events = POLLIN } };
	char page[256];

	for (;;) {
		if (poll(events, ARRAY_SIZE(events), -1) < 0 && errno != EINTR)
			return;
		if (events[1].revents)
			return;
		if (events[0].revents && read(STDIN_FILENO, page, sizeof(page)) <= 0)
			return;
	}
}

/* Lets the children go, ends the far ends beside them, and waits for all. 0, or 1. */
static int end_scenes(const int *fars, size_t count, struct wires *wires)
{
	int status, failed = 0;

	close(wires->hold[1]);
	for (size_t i = 0; i < count; i++)
		failed |= finish(fars[i]) != 0;
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

int main(int argc, char **argv)
{
	int fars[ARRAY_SIZE(scenes)];
	struct wires wires;
	sigset_t signals;
	size_t started = 0;
	int err = 0;

	if (argc > 1) {
		fprintf(stderr,
			"lingerstat-showcase: '%s': takes no argument; holds its sockets "
			"until standard input ends\n",
			argv[1]);
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_NAME, "show-peer");
	if (pipe(wires.ready) || pipe(wires.hold))
		return complain("pipe") ? 1 : 0;

	while (!err && started < ARRAY_SIZE(scenes)) {
		err = start_scene(started, fars, &wires);
		started += !err;
	}
	close(wires.ready[1]);
	if (!err)
		err = wait_until_ready(wires.ready[0]);
	for (int i = 0; !err && i < TIME_WAITS; i++)
		err = leave_time_wait();
	if (!err && (puts("ready") == EOF || fflush(stdout) == EOF))
		err = complain("standard output");
	if (!err)
		wait_for_the_end(&signals);
	return end_scenes(fars, started, &wires) || err ? 1 : 0;
}
