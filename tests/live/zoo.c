/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "zoo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tcp.h"
#include "ways.h"

/* ---- internet sockets with fixed names ---- */

static socklen_t make_address(struct sockaddr_storage *to, const char *address, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

struct bound {
	int type;
	const char *address;
	uint16_t port;
	const char *device;
	int mark;
};

static const struct bound bounds[] = {
	{ SOCK_STREAM, "0.0.0.0", 8080, NULL, 0 },
	{ SOCK_STREAM, "::", 9090, NULL, 0 },
	{ SOCK_STREAM, "::1", 443, NULL, 0 },
	{ SOCK_STREAM, "127.0.0.1", 22, NULL, 0 },
	{ SOCK_STREAM, "127.1.2.3", 8081, NULL, 0 },
	{ SOCK_STREAM, "0.0.0.0", 7070, "lo", 0 },
	{ SOCK_STREAM, "0.0.0.0", 7071, NULL, 0x15 },
	{ SOCK_DGRAM, "127.0.0.1", 53, NULL, 0 },
	{ SOCK_DGRAM, "127.0.0.9", 53, "lo", 0 },
	{ SOCK_DGRAM, "::1", 53, NULL, 0 },
	{ SOCK_DGRAM, "10.1.2.3", 5353, NULL, 0 },
	{ SOCK_DGRAM, "10.200.0.1", 5353, NULL, 0 },
	{ SOCK_DGRAM, "2001:db8::5", 5353, NULL, 0 },
	{ SOCK_DGRAM, "2001:db8:0:1::5", 5353, NULL, 0 },
	{ SOCK_DGRAM, "127.0.0.1", 1, NULL, 0 },
	{ SOCK_DGRAM, "127.0.0.1", 65535, NULL, 0 },
	{ SOCK_DGRAM, "127.0.0.1", 7072, NULL, 0x25 },
};

static int bind_one(const struct bound *b)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, b->address, b->port);
	int family = address.ss_family, yes = 1;
	int fd = socket(family, b->type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* Not every address is this machine's. */
	setsockopt(fd, family == AF_INET ? SOL_IP : SOL_IPV6,
		   family == AF_INET ? IP_FREEBIND : IPV6_FREEBIND, &yes, sizeof(yes));
	if (b->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, b->device,
				    (socklen_t)strlen(b->device)) < 0)
		return -errno;
	if (b->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &b->mark, sizeof(b->mark)) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, length) < 0)
		return -errno;
	return b->type == SOCK_STREAM && listen(fd, 9) < 0 ? -errno : fd;
}

static const struct {
	int type;
	const char *from; /* NULL: wherever the kernel says */
	const char *to;
	uint16_t port;
} clients[] = {
	{ SOCK_STREAM, "127.0.0.3", "127.0.0.1", 8080 },
	{ SOCK_STREAM, "127.0.0.2", "127.0.0.2", 8080 },
	{ SOCK_STREAM, NULL, "::ffff:127.0.0.1", 8080 },
	{ SOCK_STREAM, NULL, "::1", 9090 },
	{ SOCK_STREAM, NULL, "127.0.0.1", 9090 },
	{ SOCK_DGRAM, NULL, "127.0.0.1", 53 },
	{ SOCK_DGRAM, NULL, "::1", 53 },
};

/* The accepted ends stay in their listeners' queues. */
static int connect_one(int type, const char *from, const char *to, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, to, port);
	int fd = socket(address.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (from) {
		struct sockaddr_storage own;
		socklen_t own_length = make_address(&own, from, 0);

		if (bind(fd, (struct sockaddr *)&own, own_length) < 0)
			return -errno;
	}
	return connect(fd, (struct sockaddr *)&address, length) < 0 ? -errno : fd;
}

static int open_named(const char **why)
{
	static char text[64];
	int fd = 0;

	*why = text;
	for (size_t i = 0; fd >= 0 && i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		snprintf(text, sizeof(text), "%s port %d", bounds[i].address, bounds[i].port);
		fd = bind_one(&bounds[i]);
	}
	for (size_t i = 0; fd >= 0 && i < sizeof(clients) / sizeof(clients[0]); i++) {
		snprintf(text, sizeof(text), "to %s port %d", clients[i].to, clients[i].port);
		fd = connect_one(clients[i].type, clients[i].from, clients[i].to, clients[i].port);
	}
	return fd < 0 ? fd : 0;
}

/* ---- every TCP state ---- */

static int open_way(const struct way *way, int family)
{
	struct tcp_pair pair;
	int err = tcp_pair_open(&pair, family, SMALL_BUFFER);

	if (!err)
		err = way->reach(&pair);
	return err ? err : tcp_wait_state(pair.near, way->state);
}

static int open_time_wait(int family)
{
	struct tcp_pair pair;
	int err = tcp_pair_open(&pair, family, 0);

	if (err)
		return err;
	drop_fd(&pair.near);
	drop_fd(&pair.far);
	return 0;
}

static int open_syn_recv(int family)
{
	uint16_t port;
	int fd = tcp_listen(family, 0, &port);
	int err = fd < 0 ? fd : tcp_hear_syn_only(fd);

	if (err)
		return err;
	fd = tcp_connect(family, port, 0);
	return fd < 0 ? fd : 0;
}

/* Closed by its process: FIN_WAIT2 as a minisocket. */
static int open_fin_wait2(int family)
{
	struct tcp_pair pair;
	int err = tcp_pair_open(&pair, family, SMALL_BUFFER);

	if (!err)
		err = way_send_fin(&pair);
	if (!err)
		err = tcp_wait_state(pair.near, TCP_FIN_WAIT2);
	drop_fd(&pair.near);
	return err;
}

/* The same: FIN_WAIT1 with data. */
static int open_orphan(int family)
{
	struct tcp_pair pair;
	int err = tcp_pair_open(&pair, family, SMALL_BUFFER);

	if (!err)
		err = way_stall(&pair);
	drop_fd(&pair.near);
	return err;
}

/* How often a SYN and its answer are sent again: for half an hour, not for one or two minutes. */
static void let_handshakes_last(void)
{
	static const char *const names[] = { "tcp_syn_retries", "tcp_synack_retries" };
	char path[64];
	FILE *file;

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", names[i]);
		file = fopen(path, "we");
		if (!file)
			continue;
		fputs("20\n", file);
		fclose(file);
	}
}

static int open_states(const char **why)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int err = 0;

	for (size_t f = 0; !err && f < 2; f++) {
		for (size_t i = 0; !err && i < WAYS; i++) {
			*why = ways[i].name;
			err = open_way(&ways[i], families[f]);
		}
		*why = "a half-open connection or an orphan";
		if (!err)
			err = open_syn_recv(families[f]);
		if (!err)
			err = open_orphan(families[f]);
	}
	return err;
}

/* TCP_TIMEWAIT_LEN and net.ipv4.tcp_fin_timeout are a minute each. */
#define MINUTE_SOCKETS_MS 20000

int zoo_refresh(void)
{
	static int64_t opened = -MINUTE_SOCKETS_MS;
	static const int families[] = { AF_INET, AF_INET6 };
	int err = 0;

	if (now_ms() - opened < MINUTE_SOCKETS_MS)
		return 0;
	for (size_t f = 0; !err && f < 2; f++) {
		err = open_time_wait(families[f]);
		if (!err)
			err = open_fin_wait2(families[f]);
	}
	opened = now_ms();
	return err;
}

/* ---- unix sockets ---- */

static const struct {
	int type;
	const char *name; /* behind the directory and a slash, or behind a NUL */
	size_t length;
	bool abstract;
} names[] = {
#define PATH(type, text)                            \
	{                                           \
		type, text, sizeof(text) - 1, false \
	}
#define ABSTRACT(type, text)                       \
	{                                          \
		type, text, sizeof(text) - 1, true \
	}
	PATH(SOCK_STREAM, "plain"),
	PATH(SOCK_STREAM, "Mixed.Case"),
	PATH(SOCK_STREAM, "with space"),
	PATH(SOCK_SEQPACKET, "[brackets]*"),
	PATH(SOCK_DGRAM, "\xff\xfe"),
	ABSTRACT(SOCK_STREAM, "zoo/plain"),
	ABSTRACT(SOCK_STREAM, "zoo/a=b!c|d&e(f)<g>"),
	ABSTRACT(SOCK_STREAM, "zoo/\0nul\0"),
	ABSTRACT(SOCK_SEQPACKET, "zoo/SEQ"),
	ABSTRACT(SOCK_DGRAM, "zoo/\xc3\xa9"),
	ABSTRACT(SOCK_DGRAM, "12345"), /* looks as if the kernel had chosen it */
	ABSTRACT(SOCK_DGRAM, "1234g"),
	ABSTRACT(SOCK_STREAM, ""),
#undef PATH
#undef ABSTRACT
};

static int bind_unix(const char *directory, size_t i)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = names[i].length + 1;
	int fd = socket(AF_UNIX, names[i].type | SOCK_CLOEXEC, 0);
	int n;

	if (fd < 0)
		return -errno;
	if (names[i].abstract) {
		memcpy(address.sun_path + 1, names[i].name, names[i].length);
	} else {
		n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory,
			     names[i].name);
		length = (size_t)n + 1;
	}
	length += offsetof(struct sockaddr_un, sun_path);
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)length) < 0)
		return -errno;
	if (names[i].type != SOCK_DGRAM && listen(fd, 5) < 0)
		return -errno;
	/* A connection of each listener: its accepted end has the name too. */
	if (names[i].type != SOCK_DGRAM) {
		fd = socket(AF_UNIX, names[i].type | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&address, (socklen_t)length) < 0)
			return -errno;
	}
	return 0;
}

static int open_unix(const char *directory, const char **why)
{
	struct sockaddr_un autobind = { .sun_family = AF_UNIX };
	int fd, pair[2], err = 0;

	for (size_t i = 0; !err && i < sizeof(names) / sizeof(names[0]); i++) {
		*why = names[i].name;
		err = bind_unix(directory, i);
	}
	if (err)
		return err;
	*why = "an unnamed or autobound unix socket";
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&autobind, sizeof(sa_family_t)) < 0)
		return -errno;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

int zoo_open(const char *directory, const char **why)
{
	int err;

	let_handshakes_last();
	err = open_named(why);
	if (!err)
		err = open_states(why);
	if (!err)
		err = zoo_refresh();
	return err ? err : open_unix(directory, why);
}

void zoo_close(const char *directory)
{
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].abstract)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, names[i].name);
		unlink(path);
	}
	rmdir(directory);
}
