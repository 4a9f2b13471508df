/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

#define QUIET_MS 60 /* a queue that has not moved for so long is taken to stand still */
/* The same where the kernel does not tell the window (before 5.4): longer than the first probe,
 * which fills what room there still is in a window that is smaller than a segment. */
#define QUIET_UNTOLD_MS 500

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static long nap_ms(void)
{
	const char *told = getenv("LINGERSTAT_NAP_MS");
	long ms = told ? atol(told) : 0;

	return ms >= 1 && ms <= 100 ? ms : 1;
}

bool nap_before(int64_t end)
{
	const struct timespec nap = { .tv_nsec = nap_ms() * 1000000 };

	if (now_ms() >= end)
		return false;
	nanosleep(&nap, NULL);
	return true;
}

/* The loopback address of a family; gives its length. */
static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = family;
	if (family == AF_INET6) {
		v6->sin6_addr = in6addr_loopback;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4->sin_port = htons(port);
	return sizeof(*v4);
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	return 0;
}

uint16_t local_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return 0;
	return port_of(&address);
}

uint16_t peer_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);

	if (getpeername(fd, (struct sockaddr *)&address, &length) < 0)
		return 0;
	return port_of(&address);
}

void drop_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int tcp_listen(int family, int rcvbuf, uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, 0, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (rcvbuf > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)) < 0)
		goto fail;
	if (bind(fd, (struct sockaddr *)&address, length) < 0)
		goto fail;
	if (listen(fd, 16) < 0)
		goto fail;
	*port = local_port(fd);
	return fd;
fail:
	err = -errno;
	close(fd);
	return err;
}

int tcp_connect(int family, uint16_t port, int flags)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int tcp_accept(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd;

	if (poll(&ready, 1, WAIT_MS) <= 0)
		return -ETIMEDOUT;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int tcp_pair_open(struct tcp_pair *pair, int family, int far_rcvbuf)
{
	int err;

	*pair = (struct tcp_pair){ .family = family, .listener = -1, .near = -1, .far = -1 };
	pair->listener = tcp_listen(family, far_rcvbuf, &pair->far_port);
	if (pair->listener < 0)
		return pair->listener;
	err = pair->near = tcp_connect(family, pair->far_port, 0);
	if (err < 0)
		goto fail;
	err = pair->far = tcp_accept(pair->listener);
	if (err < 0)
		goto fail;
	pair->near_port = local_port(pair->near);
	return 0;
fail:
	tcp_pair_close(pair);
	return err;
}

void tcp_pair_close(struct tcp_pair *pair)
{
	drop_fd(&pair->near);
	drop_fd(&pair->far);
	drop_fd(&pair->listener);
}

static int attach(int fd, struct sock_filter *code, unsigned short count)
{
	struct sock_fprog program = { .len = count, .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

int tcp_deafen(int fd)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

	return attach(fd, nothing, 1);
}

int tcp_hear(int fd)
{
	int unused = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) < 0)
		return -errno;
	return 0;
}

int tcp_hear_syn_only(int fd)
{
	/* A TCP socket's filter sees the segment from its TCP header on; the flags are byte 13. */
	struct sock_filter syn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, syn, 4);
}

int tcp_set_linger(int fd, bool on, int seconds)
{
	struct linger value = { .l_onoff = on, .l_linger = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

/* Gives how many bytes of struct tcp_info the kernel has, or a negative errno. */
static int info_read(int fd, struct tcp_info *info)
{
	socklen_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) < 0 ? -errno : (int)length;
}

int tcp_state(int fd)
{
	struct tcp_info info;
	int length = info_read(fd, &info);

	return length < 0 ? length : info.tcpi_state;
}

int tcp_wait_state(int fd, int state)
{
	int64_t end = now_ms() + WAIT_MS;

	while (tcp_state(fd) != state)
		if (!nap_before(end))
			return -ETIMEDOUT;
	return 0;
}

/* A listener's tcpi_unacked is its sk_ack_backlog: tcp_get_info() in net/ipv4/tcp.c. */
int tcp_wait_waiting(int listener, unsigned int connections)
{
	int64_t end = now_ms() + WAIT_MS;
	struct tcp_info info;

	while (info_read(listener, &info) < 0 || info.tcpi_unacked != connections)
		if (!nap_before(end))
			return -ETIMEDOUT;
	return 0;
}

static int queue_of(int fd, unsigned long request)
{
	int bytes = 0;

	return ioctl(fd, request, &bytes) < 0 ? -1 : bytes;
}

ssize_t tcp_fill(int fd)
{
	static const char chunk[4096];
	int flags = fcntl(fd, F_GETFL);
	ssize_t total = 0;
	ssize_t done;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	while ((done = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL)) > 0)
		total += done;
	if (errno != EAGAIN)
		return -errno;
	if (fcntl(fd, F_SETFL, flags) < 0)
		return -errno;
	return total;
}

/* True where the kernel tells the peer's window. */
static bool window_is_told(int fd)
{
	struct tcp_info info;
	int length = info_read(fd, &info);

	return length >= (int)(offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(info.tcpi_snd_wnd));
}

/* True when the peer's window is shut: all that is queued waits unsent, nothing is in flight. That
 * alone is also so while the window is smaller than a segment, until a probe fills it. */
static bool window_is_shut(int fd)
{
	int queued = queue_of(fd, SIOCOUTQ);
	struct tcp_info info;

	if (queued <= 0 || queued != queue_of(fd, SIOCOUTQNSD))
		return false;
	return info_read(fd, &info) >= 0 && info.tcpi_snd_wnd == 0;
}

ssize_t tcp_fill_to_zero_window(int fd)
{
	int64_t quiet_ms = window_is_told(fd) ? QUIET_MS : QUIET_UNTOLD_MS;
	int64_t end = now_ms() + WAIT_MS;
	int64_t quiet_since = now_ms();
	ssize_t total = 0;
	ssize_t done;

	while (now_ms() - quiet_since < quiet_ms) {
		done = tcp_fill(fd);
		if (done < 0)
			return done;
		total += done;
		if (done > 0 || !window_is_shut(fd))
			quiet_since = now_ms();
		if (!nap_before(end))
			return -ETIMEDOUT;
	}
	return total;
}

int tcp_wait_readable(int fd, int bytes)
{
	int64_t end = now_ms() + WAIT_MS;

	while (queue_of(fd, SIOCINQ) < bytes)
		if (!nap_before(end))
			return -ETIMEDOUT;
	return 0;
}

int tcp_wait_drained(int fd)
{
	int64_t end = now_ms() + WAIT_MS;

	while (queue_of(fd, SIOCOUTQ) != 0)
		if (!nap_before(end))
			return -ETIMEDOUT;
	return 0;
}

int truth_read(int fd, struct truth *truth)
{
	socklen_t length = sizeof(truth->local);
	struct stat status;

	memset(truth, 0, sizeof(*truth));
	truth->fd = fd;
	truth->state = tcp_state(fd);
	if (truth->state < 0)
		return truth->state;
	if (getsockname(fd, (struct sockaddr *)&truth->local, &length) < 0)
		return -errno;
	truth->family = truth->local.ss_family;
	length = sizeof(truth->peer);
	if (getpeername(fd, (struct sockaddr *)&truth->peer, &length) < 0)
		truth->peer.ss_family = 0;
	truth->outq = queue_of(fd, SIOCOUTQ);
	truth->outqnsd = queue_of(fd, SIOCOUTQNSD);
	truth->inq = queue_of(fd, SIOCINQ);
	if (fstat(fd, &status) < 0)
		return -errno;
	truth->inode = status.st_ino;
	length = sizeof(truth->cookie);
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &truth->cookie, &length) < 0)
		return -errno;
	length = sizeof(truth->linger);
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &truth->linger, &length) < 0)
		return -errno;
	return 0;
}
