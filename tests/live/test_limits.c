/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of `summary` against what the kernel says and does at each: ports until connect() fails,
 * a listen queue until a connection is turned away, buckets until there are none, closes that
 * reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "summing.h"
#include "tcp.h"

/* Sets a sysctl of the namespace; skips the test where that is not permitted. */
static void set_sysctl(const char *name, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f) != 0) {
		print_message("# %s cannot be set: %s\n", path, strerror(errno));
		skip();
	}
}

static int64_t counter_now(const char *name)
{
	char names[8192], values[8192], *a, *b, *name_at, *value_at;
	FILE *f = fopen("/proc/net/netstat", "r");
	int64_t found = -1;

	assert_non_null(f);
	while (found < 0 && fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		a = strtok_r(names, " \n", &name_at);
		b = strtok_r(values, " \n", &value_at);
		for (; a && b;
		     a = strtok_r(NULL, " \n", &name_at), b = strtok_r(NULL, " \n", &value_at))
			if (strcmp(a, name) == 0)
				found = strtoll(b, NULL, 10);
	}
	fclose(f);
	assert_true(found >= 0);
	return found;
}

/* --- ports --------------------------------------------------------------------------------- */

#define SERVER_PORT 8000

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_addr = in6addr_loopback;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4->sin_port = htons(port);
	return sizeof(*v4);
}

/* A listener at a port of the test's choice, outside of the range or in it. */
static int listen_at(int family, uint16_t port, int backlog)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, port, &address);
	int fd = keep(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));

	assert_return_code(bind(fd, (struct sockaddr *)&address, length), errno);
	assert_return_code(listen(fd, backlog), errno);
	return fd;
}

static void set_range(const char *range, const char *reserved)
{
	set_sysctl("ipv4/ip_local_port_range", range);
	set_sysctl("ipv4/ip_local_reserved_ports", reserved);
	set_sysctl("ipv4/tcp_tw_reuse", "0");
}

/* Connects and accepts; gives false when the kernel has no port left. */
static bool connect_once(int family, int listener, struct tcp_pair *pair)
{
	*pair = (struct tcp_pair){ .family = family, .listener = -1, .near = -1, .far = -1 };
	pair->near = tcp_connect(family, SERVER_PORT, 0);
	if (pair->near == -EADDRNOTAVAIL)
		return false;
	assert_return_code(pair->near, -pair->near);
	pair->far = tcp_accept(listener);
	assert_return_code(pair->far, -pair->far);
	return true;
}

static const char *loopback_text(int family)
{
	return family == AF_INET6 ? "::1" : "127.0.0.1";
}

static void check_ports(int family)
{
	int listener;
	json_t *s, *d;

	set_range("40000 40019", "40018,40019,50000");
	listener = listen_at(family, SERVER_PORT, 16);
	for (int i = 0; i < 8; i++)
		assert_true(connect_once(family, listener, &stage.pairs[stage.pairs_count++]));
	for (int i = 0; i < 3; i++)
		end_in_time_wait(&stage.pairs[i]);
	s = wait_time_wait(3);
	check_number(s, "ephemeral_ports.low", 40000);
	check_number(s, "ephemeral_ports.high", 40019);
	check_number(s, "ephemeral_ports.available", 18);
	check_number(s, "ephemeral_ports.destination_count", 1);
	d = item_at(s, "ephemeral_ports.destinations", 0);
	check_row(d, row_is_text(d, "peer_address", loopback_text(family)));
	check_row(d, row_is_text(d, "local_address", loopback_text(family)));
	check_number(d, "peer_port", SERVER_PORT);
	check_number(d, "used", 8);
	check_number(d, "time_wait", 3);
	check_percent(d, "percent", 100.0 * 8 / 18);
	check_number(s, "limits.ephemeral_ports.used", 8);
	check_number(s, "limits.ephemeral_ports.max", 18);
	check_row(s, row_is_text(s, "limits.ephemeral_ports.level", "fine"));
	json_decref(s);
}

static void ports_by_destination_ipv4(void **state)
{
	(void)state;
	check_ports(AF_INET);
}

static void ports_by_destination_ipv6(void **state)
{
	(void)state;
	check_ports(AF_INET6);
}

/* The kernel decides what "full" is: connections are made until connect() says EADDRNOTAVAIL.
 * Then, and one before it, the tool's numbers must say the same, with a listener within the range
 * and reserved ports in it. */
static void full_is_where_connect_fails(void **state)
{
	int listener, made = 0;
	struct tcp_pair *pair;
	json_t *s;

	(void)state;
	set_range("40000 40015", "40003,40004");
	listener = listen_at(AF_INET, SERVER_PORT, 16);
	listen_at(AF_INET, 40010, 1);
	while (connect_once(AF_INET, listener, pair = &stage.pairs[stage.pairs_count])) {
		stage.pairs_count++;
		made++;
		assert_true(made < PAIRS_MAX - 1);
	}
	s = summary_now();
	check_number(s, "limits.ephemeral_ports.used", made);
	check_number(s, "limits.ephemeral_ports.max", made);
	check_number(s, "ephemeral_ports.available", 13);
	check_row(s, row_is_text(s, "limits.ephemeral_ports.level", "full"));
	check_percent(s, "limits.ephemeral_ports.percent", 100);
	json_decref(s);
	/* Another destination has all of them still. */
	listener = listen_at(AF_INET, SERVER_PORT + 1, 16);
	assert_return_code(keep(tcp_connect(AF_INET, SERVER_PORT + 1, 0)), 0);
	s = summary_now();
	check_number(s, "ephemeral_ports.destination_count", 2);
	check_number(item_at(s, "ephemeral_ports.destinations", 1), "used", 1);
	json_decref(s);
}

/* --- listen queues ------------------------------------------------------------------------- */

static void a_full_listen_queue(void **state)
{
	int listener = listen_at(AF_INET, SERVER_PORT, 3);
	int64_t before, after, end = now_ms() + WAIT_MS;
	json_t *s, *l;

	(void)state;
	listen_at(AF_INET, SERVER_PORT + 1, 3);
	for (int i = 0; i < 4; i++)
		keep(tcp_connect(AF_INET, SERVER_PORT, 0));
	assert_return_code(tcp_wait_waiting(listener, 4), 0);
	/* One more is turned away: what fits is the backlog and one. */
	keep(tcp_connect(AF_INET, SERVER_PORT, SOCK_NONBLOCK));
	while (!counter_now("ListenOverflows"))
		assert_true(nap_before(end));
	before = counter_now("ListenOverflows");
	s = summary_now();
	after = counter_now("ListenOverflows");
	check_number(s, "listen_queues.listeners", 2);
	check_number(s, "listen_queues.waiting_listeners", 1);
	l = item_at(s, "listen_queues.fullest", 0);
	check_number(l, "waiting", 4);
	check_number(l, "fits", 4);
	check_number(l, "pid", getpid());
	check_number(l, "local.port", SERVER_PORT);
	check_percent(l, "percent", 100);
	check_number(s, "limits.listen_queue.used", 4);
	check_number(s, "limits.listen_queue.max", 4);
	check_row(s, row_is_text(s, "limits.listen_queue.level", "full"));
	/* The client goes on trying, so the counter moves. */
	check_row(s, number_at(s, "limits.listen_queue.hits") >= before);
	check_row(s, number_at(s, "limits.listen_queue.hits") <= after);
	json_decref(s);
}

/* --- limits and aborts --------------------------------------------------------------------- */

static void buckets_beside_their_limit(void **state)
{
	json_t *s;

	(void)state;
	set_sysctl("ipv4/tcp_max_tw_buckets", "5");
	for (int i = 0; i < 4; i++)
		end_in_time_wait(open_pair(AF_INET));
	s = wait_time_wait(4);
	check_number(s, "limits.tw_buckets.used", 4);
	check_number(s, "limits.tw_buckets.max", 5);
	check_percent(s, "limits.tw_buckets.percent", 80);
	check_row(s, row_is_text(s, "limits.tw_buckets.level", "near"));
	check_row(s, row_is_text(s, "limits.tw_buckets.scope", "namespace"));
	check_number(s, "limits.tw_buckets.hits", 0);
	json_decref(s);
	/* Where no bucket is left the kernel counts, and makes no TIME_WAIT. */
	for (int i = 0; i < 2; i++)
		end_in_time_wait(open_pair(AF_INET));
	s = WAIT_FOR({ "kinds.tcp.time_wait", 5 }, { "kinds.tcp.last_ack", 0 },
		     { "limits.tw_buckets.hits", 1 });
	check_number(s, "limits.tw_buckets.hits", counter_now("TCPTimeWaitOverflow"));
	check_row(s, row_is_text(s, "limits.tw_buckets.level", "full"));
	json_decref(s);
}

/* The kernel hides limits of the machine in every namespace but the first. */
static void hidden_limits_are_null(void **state)
{
	json_t *s = summary_now();

	(void)state;
	if (access("/proc/sys/net/ipv4/tcp_max_orphans", F_OK) != 0) {
		check_row(s, row_is_null(s, "limits.orphans.max"));
		check_row(s, row_is_null(s, "limits.tcp_mem.max"));
		check_row(s, row_is_text(s, "limits.tcp_mem.level", "unknown"));
	} else {
		check_row(s, number_at(s, "limits.orphans.max") > 0);
	}
	check_row(s, number_at(s, "limits.tcp_mem.used") >= 0);
	json_decref(s);
}

static void closes_move_the_abort_counters(void **state)
{
	struct tcp_pair *pair;
	json_t *s = summary_now();

	(void)state;
	check_number(s, "aborts.on_close", 0);
	check_number(s, "aborts.on_data", 0);
	json_decref(s);
	/* Unread data. */
	pair = open_pair(AF_INET);
	assert_int_equal(write(pair->far, "unread", 6), 6);
	assert_return_code(tcp_wait_readable(pair->near, 6), 0);
	drop_fd(&pair->near);
	/* Zero linger, twice. */
	for (int i = 0; i < 2; i++) {
		pair = open_pair(AF_INET6);
		assert_return_code(tcp_set_linger(pair->near, true, 0), 0);
		drop_fd(&pair->near);
	}
	s = summary_now();
	check_number(s, "aborts.on_close", 1);
	check_number(s, "aborts.on_data", 2);
	check_number(s, "aborts.on_linger", 0);
	check_number(s, "aborts.on_memory", counter_now("TCPAbortOnMemory"));
	check_number(s, "aborts.on_timeout", counter_now("TCPAbortOnTimeout"));
	check_number(s, "aborts.failed", counter_now("TCPAbortFailed"));
	json_decref(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_by_destination_ipv4),      TEST(ports_by_destination_ipv6),
		TEST(full_is_where_connect_fails),    TEST(a_full_listen_queue),
		TEST(buckets_beside_their_limit),     TEST(hidden_limits_are_null),
		TEST(closes_move_the_abort_counters),
	};

	harness_enter();
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
