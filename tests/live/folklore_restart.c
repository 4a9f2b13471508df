/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folklore about the restart of a server: when bind() to the old port fails, and what `explain`
 * says of it before the old listener is closed.
 *
 * Each is tried with every combination of SO_REUSEADDR and SO_REUSEPORT on the old listener and on
 * the new one: inet_csk_bind_conflict() in net/ipv4/inet_connection_sock.c.
 */
#include "folklore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "observe.h"
#include "takeover.h"

/* Options of a socket before bind(). */
enum { REUSEADDR = 1, REUSEPORT = 2 };

/* A server at `port`, with one connection of its at most. */
struct server {
	int family;
	int listener;
	int client;
	int served; /* the accepted end, -1 once it is closed */
	uint16_t port;
};

/* A socket bound to loopback at `port`, with those of REUSEADDR and REUSEPORT that are in
 * `options`, or a negative errno. */
static int loopback_socket(int family, int options, uint16_t port)
{
	const int addr = !!(options & REUSEADDR), shared = !!(options & REUSEPORT);

	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	v6.sin6_addr = in6addr_loopback;
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -errno;
	err = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &addr, sizeof(addr));
	if (!err)
		err = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared));
	if (!err && family == AF_INET6)
		err = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	else if (!err)
		err = bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	if (!err)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void server_open(struct server *server, int family, int options)
{
	*server = (struct server){ .family = family, .client = -1, .served = -1 };
	server->listener = loopback_socket(family, options, 0);
	assert_return_code(server->listener, 0);
	assert_return_code(listen(server->listener, 4), errno);
	server->port = local_port(server->listener);
}

static void server_close(struct server *server)
{
	drop_fd(&server->listener);
	drop_fd(&server->served);
	drop_fd(&server->client);
}

static int connect_one(struct server *server)
{
	server->client = tcp_connect(server->family, server->port, 0);
	if (server->client < 0)
		return server->client;
	server->served = tcp_accept(server->listener);
	return server->served < 0 ? server->served : 0;
}

/* ---- what stands on the port ---- */

static int nothing(struct server *server)
{
	(void)server;
	return 0;
}

static int established(struct server *server)
{
	return connect_one(server);
}

static int close_wait(struct server *server)
{
	int err = connect_one(server);

	if (err)
		return err;
	drop_fd(&server->client);
	return tcp_wait_state(server->served, TCP_CLOSE_WAIT);
}

static int fin_wait1(struct server *server)
{
	int err = connect_one(server);

	if (!err)
		err = tcp_deafen(server->client);
	drop_fd(&server->served);
	return err;
}

static int fin_wait2(struct server *server)
{
	int err = connect_one(server);

	drop_fd(&server->served);
	return err ? err : tcp_wait_state(server->client, TCP_CLOSE_WAIT);
}

static int time_wait(struct server *server)
{
	int err = fin_wait2(server);

	drop_fd(&server->client);
	return err;
}

static int last_ack(struct server *server)
{
	int err = connect_one(server);

	if (!err && shutdown(server->client, SHUT_WR) < 0)
		err = -errno;
	if (!err)
		err = tcp_wait_state(server->served, TCP_CLOSE_WAIT);
	if (!err)
		err = tcp_deafen(server->client);
	drop_fd(&server->served);
	return err;
}

/* Not accepted: the listener takes it along when it goes. */
static int unaccepted(struct server *server)
{
	server->client = tcp_connect(server->family, server->port, 0);
	return server->client < 0 ? server->client : 0;
}

static int syn_recv(struct server *server)
{
	int err = tcp_hear_syn_only(server->listener);

	return err ? err : unaccepted(server);
}

struct obstacle {
	const char *ss;   /* the state as `explain` names it; NULL: the port is free */
	const char *json; /* NULL: there is nothing */
	int (*place)(struct server *server);
};

/* The row of what was placed must be there before the tool is asked about the listener. */
static void wait_for_obstacle(const struct server *server, const struct obstacle *obstacle)
{
	int64_t end = now_ms() + WAIT_MS;
	uint16_t client = server->client < 0 ? 0 : local_port(server->client);
	bool found = false;
	struct listing listing;
	json_t *row;
	size_t i;

	while (obstacle->json && !found && nap_before(end)) {
		assert_return_code(harness_list(&listing, "-a", "-t", "--linger=none", NULL), 0);
		json_array_foreach(listing.rows, i, row)
		{
			found = found || (row_is_int(row, "local.port", server->port) &&
					  (!client || row_is_int(row, "peer.port", client)) &&
					  row_is_text(row, "state", obstacle->json));
		}
		listing_free(&listing);
	}
	assert_true(found || !obstacle->json);
}

/* The tool's verdict on the listener; of what stands there `explain` tells. */
static struct restart_verdict verdict_on(uint32_t listener, const char *obstacle)
{
	json_t *row = explained(listener);
	char words[32];

	if (obstacle) {
		snprintf(words, sizeof(words), "On its port: 1 %s.", obstacle);
		check_row(row, sentence_has(row, "explain.restart", words));
	}
	json_decref(row);
	return ask_restart(listener);
}

/* True if a new program's bind() with these options works; it may fail in one way only. */
static bool binds(const struct server *server, int options)
{
	int fd = loopback_socket(server->family, options, server->port);

	if (fd < 0)
		assert_int_equal(fd, -EADDRINUSE);
	else
		close(fd);
	return fd >= 0;
}

/* A program gets the listener, the tool is asked about its restart, it ends, and bind() is tried:
 * both must say what `expected` says. The rest is another program's. */
static void check_verdict(struct server *server, const char *obstacle, bool plain, bool reuseaddr,
			  bool reuseport)
{
	uint32_t inode = inode_of(server->listener);
	pid_t program = hand_over((int *[]){ &server->listener }, 1);
	struct restart_verdict foretold = verdict_on(inode, obstacle);

	end_program(program);
	assert_int_equal(binds(server, 0), plain);
	assert_int_equal(binds(server, REUSEADDR), reuseaddr);
	assert_int_equal(binds(server, REUSEPORT), reuseport);
	assert_int_equal(foretold.binds[BIND_PLAIN], plain);
	assert_int_equal(foretold.binds[BIND_ADDR], reuseaddr);
	assert_int_equal(foretold.binds[BIND_PORT], reuseport);
}

static void check_restart(int family, const struct obstacle *obstacle, int old_options)
{
	bool free = !obstacle->ss;
	struct server server;

	server_open(&server, family, old_options);
	assert_return_code(obstacle->place(&server), 0);
	wait_for_obstacle(&server, obstacle);
	check_verdict(&server, obstacle->ss, free, free || (old_options & REUSEADDR),
		      free || (old_options & REUSEPORT));
	server_close(&server);
}

static void check_all(int family, const struct obstacle *obstacle)
{
	need_options();
	for (int options = 0; options <= (REUSEADDR | REUSEPORT); options++)
		check_restart(family, obstacle, options);
}

#define RESTART(claim, ss, json, place)                                      \
	static void claim(int family)                                        \
	{                                                                    \
		static const struct obstacle obstacle = { ss, json, place }; \
                                                                             \
		check_all(family, &obstacle);                                \
	}

RESTART(a_port_is_free_once_its_listener_is_closed__true_with_no_connection, NULL, NULL, nothing)
RESTART(waiting_connections_keep_the_port__false_they_go_with_the_listener, NULL, "established",
	unaccepted)
RESTART(half_open_connections_keep_the_port__false_they_go_with_the_listener, NULL, "syn_recv",
	syn_recv)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_established, "ESTAB", "established",
	established)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_close_wait, "CLOSE-WAIT", "close_wait",
	close_wait)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_fin_wait1, "FIN-WAIT-1", "fin_wait1",
	fin_wait1)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_fin_wait2, "FIN-WAIT-2", "fin_wait2",
	fin_wait2)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_time_wait, "TIME-WAIT", "time_wait",
	time_wait)
RESTART(restart_needs_reuseaddr_on_old_and_new__true_with_last_ack, "LAST-ACK", "last_ack",
	last_ack)

/* The connection took the option from the listener at its handshake, and keeps it. */
static void reuseaddr_can_be_set_on_the_old_listener_later__false(int family)
{
	struct server server;
	int yes = 1;

	need_options();
	server_open(&server, family, 0);
	assert_return_code(connect_one(&server), 0);
	assert_return_code(setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)),
			   errno);
	check_verdict(&server, "ESTAB", false, false, false);
	server_close(&server);
}

static void reuseaddr_lets_two_listen_on_a_port__false_reuseport_does(int family)
{
	struct server first, second;

	need_options();
	server_open(&first, family, REUSEADDR);
	assert_false(binds(&first, REUSEADDR));
	server_close(&first);

	server_open(&first, family, REUSEPORT);
	second = (struct server){ .family = family, .client = -1, .served = -1 };
	second.listener = loopback_socket(family, REUSEPORT, first.port);
	assert_return_code(second.listener, 0);
	assert_return_code(listen(second.listener, 4), errno);
	check_verdict(&first, "LISTEN", false, false, true);
	server_close(&first);
	server_close(&second);
}

static const struct folklore tests[] = {
	FOLKLORE(a_port_is_free_once_its_listener_is_closed__true_with_no_connection),
	FOLKLORE(waiting_connections_keep_the_port__false_they_go_with_the_listener),
	FOLKLORE(half_open_connections_keep_the_port__false_they_go_with_the_listener),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_established),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_close_wait),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_fin_wait1),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_fin_wait2),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_time_wait),
	FOLKLORE(restart_needs_reuseaddr_on_old_and_new__true_with_last_ack),
	FOLKLORE(reuseaddr_can_be_set_on_the_old_listener_later__false),
	FOLKLORE(reuseaddr_lets_two_listen_on_a_port__false_reuseport_does),
};

const struct folklore_chapter folklore_restart = { tests, sizeof(tests) / sizeof(tests[0]) };
