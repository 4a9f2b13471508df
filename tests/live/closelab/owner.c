/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEND_BUFFER  200000
#define ORDER_MS     (WAIT_MS + 10000)
#define CORKED_BYTES 100

/* What the owner holds. */
struct held {
	const struct scenario *s;
	int line;
	int fd;
	int copy;       /* DUP */
	pid_t child;    /* FORK */
	int carrier[2]; /* FLIGHT */
};

struct message {
	enum order order;
	int64_t arg;
};

static int family_of(const struct scenario *s)
{
	return s->family == V6 ? AF_INET6 : AF_INET;
}

static int64_t connect_to(struct held *held, uint16_t port, int flags)
{
	int size = SEND_BUFFER;

	held->fd = tcp_connect(family_of(held->s), port, flags);
	if (held->fd < 0)
		return held->fd;
	return setsockopt(held->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ? -errno : 0;
}

static int64_t listen_on(struct held *held)
{
	uint16_t port;

	held->fd = tcp_listen(family_of(held->s), 0, &port);
	return held->fd < 0 ? held->fd : port;
}

static int set_tcp(int fd, int option, int value)
{
	return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int64_t dress(struct held *held)
{
	const struct scenario *s = held->s;
	int err = tcp_set_linger(held->fd, lab_linger_on(s->linger), lab_linger_seconds(s->linger));

	if (!err && s->send == CORKED)
		err = set_tcp(held->fd, TCP_CORK, 1);
	if (!err && s->option == LINGER2)
		err = set_tcp(held->fd, TCP_LINGER2, -1);
	if (err)
		return err;
	if (s->nonblock && fcntl(held->fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static int64_t write_bytes(struct held *held, int64_t bytes)
{
	static const char chunk[4096];
	const int64_t most = sizeof(chunk);
	int64_t total = 0;
	int64_t left;
	ssize_t done;

	while ((left = bytes - total) > 0) {
		done = send(held->fd, chunk, left < most ? left : most,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done < 0 && errno != EAGAIN)
			return -errno;
		if (done < 0)
			break;
		total += done;
	}
	return total;
}

static int64_t read_eof(struct held *held)
{
	char byte;
	ssize_t got = read(held->fd, &byte, 1);

	if (got < 0)
		return -errno;
	return got == 0 ? 0 : -EPROTO;
}

/* ---- references ---- */

static int64_t share_by_fork(struct held *held)
{
	held->child = fork();
	if (held->child < 0)
		return -errno;
	if (held->child > 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(held->line);
	for (;;)
		pause();
}

static int64_t share_in_flight(struct held *held)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec byte = { "x", 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, held->carrier) < 0)
		return -errno;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &held->fd, sizeof(held->fd));
	return sendmsg(held->carrier[0], &message, 0) == 1 ? 0 : -errno;
}

static int64_t share(struct held *held)
{
	if (held->s->refs == FORK)
		return share_by_fork(held);
	if (held->s->refs == FLIGHT)
		return share_in_flight(held);
	held->copy = fcntl(held->fd, F_DUPFD_CLOEXEC, 0);
	return held->copy < 0 ? -errno : 0;
}

static int64_t unshare_one(struct held *held)
{
	if (held->s->refs == FORK) {
		kill(held->child, SIGKILL);
		return waitpid(held->child, NULL, 0) == held->child ? 0 : -errno;
	}
	if (held->s->refs == FLIGHT)
		drop_fd(&held->fd);
	drop_fd(&held->copy);
	return 0;
}

/* ---- the last close ---- */

static int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* How often this thread has let go of its CPU because it waited for something; that it was taken
 * away is counted elsewhere (ru_nivcsw). */
static long sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) < 0 ? 0 : usage.ru_nvcsw;
}

/* The last reference may be in flight: then closing its carrier is what closes it. */
static int64_t close_last(struct held *held, struct reply *reply)
{
	long slept;
	int64_t start;
	int err = 0;

	if (held->fd >= 0)
		truth_read(held->fd, &reply->truth);
	slept = sleeps();
	start = clock_us();
	if (held->fd >= 0)
		err = close(held->fd) < 0 ? -errno : 0;
	held->fd = -1;
	drop_fd(&held->carrier[0]);
	drop_fd(&held->carrier[1]);
	reply->us = clock_us() - start;
	reply->slept = sleeps() > slept;
	return err;
}

static int64_t obey(struct held *held, const struct message *m, struct reply *reply)
{
	switch (m->order) {
	case ORDER_CONNECT:
		return connect_to(held, m->arg, 0);
	case ORDER_CONNECT_ON:
		return connect_to(held, m->arg, SOCK_NONBLOCK);
	case ORDER_LISTEN:
		return listen_on(held);
	case ORDER_DRESS:
		return dress(held);
	case ORDER_REPAIR:
		return set_tcp(held->fd, TCP_REPAIR, 1);
	case ORDER_WRITE:
		return write_bytes(held, m->arg);
	case ORDER_FILL:
		return tcp_fill_to_zero_window(held->fd);
	case ORDER_WAIT_UNREAD:
		return tcp_wait_readable(held->fd, m->arg);
	case ORDER_WAIT_QUEUE:
		return tcp_wait_waiting(held->fd, m->arg);
	case ORDER_WAIT_STATE:
		return tcp_wait_state(held->fd, m->arg);
	case ORDER_READ_EOF:
		return read_eof(held);
	case ORDER_SHUT:
		return shutdown(held->fd, m->arg) < 0 ? -errno : 0;
	case ORDER_SHARE:
		return share(held);
	case ORDER_UNSHARE:
		return unshare_one(held);
	case ORDER_TRUTH:
		return truth_read(held->fd, &reply->truth);
	case ORDER_CLOSE:
		return close_last(held, reply);
	case ORDER_EXIT:
		_exit(0);
	}
	return -EINVAL;
}

static void __attribute__((noreturn)) serve(const struct scenario *s, int line)
{
	struct held held = { .s = s, .line = line, .fd = -1, .copy = -1, .carrier = { -1, -1 } };
	struct message message;
	struct reply reply;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (recv(line, &message, sizeof(message), 0) == sizeof(message)) {
		reply = (struct reply){ 0 };
		reply.result = obey(&held, &message, &reply);
		if (send(line, &reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply))
			break;
	}
	_exit(0);
}

int owner_start(struct owner *owner, const struct scenario *s)
{
	int line[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return -errno;
	owner->pid = fork();
	if (owner->pid < 0)
		return -errno;
	if (owner->pid == 0) {
		close(line[0]);
		serve(s, line[1]);
	}
	close(line[1]);
	owner->line = line[0];
	return 0;
}

int owner_tell(const struct owner *owner, enum order order, int64_t arg)
{
	struct message message = { .order = order, .arg = arg };

	if (send(owner->line, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		return -errno;
	return 0;
}

int owner_hear(const struct owner *owner, struct reply *reply, int ms)
{
	struct pollfd ready = { .fd = owner->line, .events = POLLIN };

	if (poll(&ready, 1, ms) <= 0)
		return -ETIMEDOUT;
	return recv(owner->line, reply, sizeof(*reply), 0) == sizeof(*reply) ? 0 : -EPIPE;
}

int64_t owner_do(const struct owner *owner, enum order order, int64_t arg, struct reply *reply)
{
	struct reply unused;
	int err;

	if (!reply)
		reply = &unused;
	err = owner_tell(owner, order, arg);
	if (!err)
		err = owner_hear(owner, reply, ORDER_MS);
	return err ? err : reply->result;
}

int owner_wait(struct owner *owner, int ms)
{
	int64_t end = now_ms() + ms;

	while (waitpid(owner->pid, NULL, WNOHANG) == 0)
		if (!nap_before(end))
			return -ETIMEDOUT;
	owner->pid = -1;
	return 0;
}
