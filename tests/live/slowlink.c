/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slowlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static int open_own_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int go_to(int namespace)
{
	return setns(namespace, CLONE_NEWNET) < 0 ? -errno : 0;
}

int places_make(struct places *places)
{
	const char *why;
	int err;

	places->here = open_own_namespace();
	if (places->here < 0)
		return places->here;
	err = namespace_enter(&why);
	if (err)
		return err;
	places->there = open_own_namespace();
	err = go_to(places->here);
	return places->there < 0 ? places->there : err;
}

/* Starts argv[0] and waits for it. */
static int run_words(char *const argv[])
{
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char path[64];
	int status, err;
	pid_t pid;

	snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]);
	if (access(path, X_OK) < 0)
		snprintf(path, sizeof(path), "%s", argv[0]);
	err = posix_spawnp(&pid, path, NULL, NULL, argv, environment);
	if (err)
		return -err;
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == 127 ? -ENOENT : WEXITSTATUS(status) ? -EIO : 0;
}

int run_command(const struct places *places, bool there, const char *line)
{
	char *argv[COMMAND_WORDS + 1] = { NULL };
	char copy[512];
	char *rest;
	int count = 0;
	int err, back;

	if (snprintf(copy, sizeof(copy), "%s", line) >= (int)sizeof(copy))
		return -E2BIG;
	argv[0] = strtok_r(copy, " ", &rest);
	while (argv[count]) {
		if (++count == COMMAND_WORDS)
			return -E2BIG;
		argv[count] = strtok_r(NULL, " ", &rest);
	}
	err = go_to(there ? places->there : places->here);
	if (!err)
		err = run_words(argv);
	back = go_to(places->here);
	if (err)
		fprintf(stderr, "# %s: %s\n", line, strerror(-err));
	return err ? err : back;
}

int run_format(const struct places *places, bool there, const char *format, ...)
{
	char line[512];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	return length >= (int)sizeof(line) ? -E2BIG : run_command(places, there, line);
}

static bool is_running(const char *device)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	err = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &request);
	close(fd);
	return !err && (request.ifr_flags & IFF_RUNNING);
}

/* A device that is up carries nothing until the kernel has noticed its carrier, which may take a
 * second (net/core/link_watch.c); a handshake before that would teach a long RTO. */
static int wait_running(const struct places *places, bool there, int n)
{
	int64_t end = now_ms() + WAIT_MS;
	char device[IFNAMSIZ];
	int err = go_to(there ? places->there : places->here);
	int back;

	snprintf(device, sizeof(device), "%s%d", there ? "there" : "here", n);
	while (!err && !is_running(device))
		if (!nap_before(end))
			err = -ETIMEDOUT;
	back = go_to(places->here);
	return err ? err : back;
}

int link_make(const struct places *places, int n)
{
	int err = run_format(places, false,
			     "ip link add here%d type veth peer name there%d netns /proc/%d/fd/%d",
			     n, n, (int)getpid(), places->there);

	if (!err)
		err = run_format(places, false, "ip address add 10.99.%d.1/24 dev here%d", n, n);
	if (!err)
		err = run_format(places, true, "ip address add 10.99.%d.2/24 dev there%d", n, n);
	if (!err)
		err = run_format(places, false, "ip link set here%d up", n);
	if (!err)
		err = run_format(places, true, "ip link set there%d up", n);
	return err;
}

int link_slow(const struct places *places, int n, const char *rate, const char *limit)
{
	return run_format(places, false,
			  "tc qdisc replace dev here%d root tbf rate %s burst 4kb limit %s", n,
			  rate, limit);
}

static struct sockaddr_in far_address(int n, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(10u << 24 | 99u << 16 | (uint32_t)n << 8 | 2u);
	return address;
}

static int listen_on(int n, int rcvbuf)
{
	struct sockaddr_in address = far_address(n, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if ((rcvbuf <= 0 || !setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf))) &&
	    !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 4))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int connect_over(int n, uint16_t port)
{
	struct sockaddr_in address = far_address(n, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int link_pair_open(const struct places *places, int n, struct tcp_pair *pair, int far_rcvbuf)
{
	int err, back;

	*pair = (struct tcp_pair){ .family = AF_INET, .listener = -1, .near = -1, .far = -1 };
	err = wait_running(places, false, n);
	if (!err)
		err = wait_running(places, true, n);
	if (!err)
		err = go_to(places->there);
	if (!err)
		err = pair->listener = listen_on(n, far_rcvbuf);
	back = go_to(places->here);
	if (err < 0 || back)
		return err < 0 ? err : back;
	pair->far_port = local_port(pair->listener);
	err = pair->near = connect_over(n, pair->far_port);
	if (err >= 0)
		err = pair->far = tcp_accept(pair->listener);
	if (err < 0) {
		tcp_pair_close(pair);
		return err;
	}
	pair->near_port = local_port(pair->near);
	return 0;
}
