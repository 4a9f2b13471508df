/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device names on live sockets: bound with SO_BINDTODEVICE, or in the scope of a link-local
 * address; and nothing asked of rtnetlink where no row needs a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define DEVICE      "veth0"
#define LINK_LOCAL  "fe80::1"
#define HOSTILE     "x\033[31m\xff"
#define HOSTILE_OUT "x\\x1b[31m\\xff"

/* ---- devices ---- */

/* Runs a command for its effect. Gives 0, -ENOENT when it is not installed, or -EIO. */
static int run(const char *const argv[])
{
	struct tool_run done;
	int err = tool_run(&done, argv);

	if (!err && done.status != 0) {
		printf("# %s: %s\n", argv[0], done.errors);
		err = -EIO;
	}
	tool_free(&done);
	return err;
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static int add_veth(void)
{
	int err = RUN("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", "veth1");

	if (!err)
		err = RUN("ip", "link", "set", "veth1", "up");
	if (!err)
		err = RUN("ip", "link", "set", DEVICE, "up");
	if (!err)
		err = RUN("ip", "-6", "addr", "add", LINK_LOCAL "/64", "dev", DEVICE, "nodad");
	return err;
}

static void remove_device(const char *name)
{
	RUN("ip", "link", "del", name);
}

/* A veth pair for the test, or a skip with the reason. */
static void need_veth(void)
{
	int err;

	/* A test that failed has left its pair. */
	if (if_nametoindex(DEVICE))
		remove_device(DEVICE);
	err = add_veth();
	if (!err)
		return;
	remove_device(DEVICE);
	print_message("# no veth pair: %s\n",
		      err == -ENOENT ? "ip is not installed" : "the kernel has none");
	skip();
}

/* A listener bound to a device. */
static int listen_on(const char *device, int family, uint16_t *port)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, 0);
	assert_return_code(
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)), 0);
	assert_return_code(
		bind(fd, (struct sockaddr *)&address,
		     family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
		0);
	assert_return_code(listen(fd, 4), 0);
	*port = local_port(fd);
	return fd;
}

/* ---- what the tool shows ---- */

/* The LOCAL or PEER cell of the row with this inode, from the table. */
static void cell(char *to, size_t size, const char *column, int fd)
{
	struct tool_run done;
	char inode[16];

	snprintf(inode, sizeof(inode), "%u ", inode_of(fd));
	assert_return_code(tool_run(&done, (const char *const[]){ "lingerstat", "-a", "-t", "-n",
								  "-H", "-C", column, NULL }),
			   0);
	assert_int_equal(done.status, 0);
	to[0] = '\0';
	for (char *line = strtok(done.output, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line + strspn(line, " "), inode, strlen(inode)) == 0)
			snprintf(to, size, "%s", line + strspn(line, " ") + strlen(inode));
	to[strcspn(to, " ")] = '\0';
	tool_free(&done);
}

static void check_cell(int fd, const char *column, const char *expected)
{
	char found[128];
	char columns[32];

	snprintf(columns, sizeof(columns), "inode,%s", column);
	cell(found, sizeof(found), columns, fd);
	assert_string_equal(found, expected);
}

static void check_interface(int fd, const char *name, unsigned int index)
{
	struct listing listing;
	json_t *row;

	assert_return_code(harness_list(&listing, "-a", "-t", NULL), 0);
	assert_int_equal(listing.bad_lines, 0);
	row = row_by_inode(&listing, inode_of(fd));
	if (name)
		check_row(row, row_is_text(row, "interface", name));
	else
		check_row(row, row_is_null(row, "interface"));
	check_row(row, row_is_int(row, "interface_index", index));
	listing_free(&listing);
}

/* ---- the tests ---- */

static void a_bound_socket_shows_its_device(void **state)
{
	int family = *(const int *)*state;
	const char *any = family == AF_INET6 ? "*" : "0.0.0.0";
	char expected[64];
	uint16_t port;
	int fd;

	need_veth();
	fd = listen_on(DEVICE, family, &port);
	check_interface(fd, DEVICE, if_nametoindex(DEVICE));
	snprintf(expected, sizeof(expected), "%s%%" DEVICE ":%u", any, port);
	check_cell(fd, "local", expected);
	close(fd);
	remove_device(DEVICE);
}

/* An accepted socket has its listener's device; an IPv4 peer has no scope to show. */
static void an_accepted_socket_shows_its_listeners_device(void **state)
{
	char expected[64];
	int listener, near, far;
	uint16_t port;

	(void)state;
	listener = listen_on("lo", AF_INET, &port);
	assert_return_code(near = tcp_connect(AF_INET, port, 0), 0);
	assert_return_code(far = tcp_accept(listener), 0);
	check_interface(far, "lo", if_nametoindex("lo"));
	snprintf(expected, sizeof(expected), "127.0.0.1%%lo:%u", port);
	check_cell(far, "local", expected);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", local_port(near));
	check_cell(far, "peer", expected);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", local_port(near));
	check_cell(near, "local", expected);
	close(near);
	close(far);
	close(listener);
}

static void a_link_local_address_shows_its_scope(void **state)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	socklen_t length = sizeof(address);
	int listener, near, far;
	char expected[64];

	(void)state;
	need_veth();
	assert_int_equal(inet_pton(AF_INET6, LINK_LOCAL, &address.sin6_addr), 1);
	address.sin6_scope_id = if_nametoindex(DEVICE);
	assert_return_code(listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	assert_return_code(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_return_code(listen(listener, 4), 0);
	assert_return_code(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_return_code(near = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	assert_return_code(connect(near, (struct sockaddr *)&address, length), 0);
	assert_return_code(far = tcp_accept(listener), 0);
	check_interface(near, DEVICE, address.sin6_scope_id);
	check_interface(far, DEVICE, address.sin6_scope_id);
	snprintf(expected, sizeof(expected), "[" LINK_LOCAL "]%%" DEVICE ":%u", local_port(near));
	check_cell(near, "local", expected);
	check_cell(far, "peer", expected);
	snprintf(expected, sizeof(expected), "[" LINK_LOCAL "]%%" DEVICE ":%u", local_port(far));
	check_cell(far, "local", expected);
	check_cell(near, "peer", expected);
	check_cell(listener, "local", expected);
	close(near);
	close(far);
	close(listener);
	remove_device(DEVICE);
}

static void a_device_that_vanished_shows_its_index(void **state)
{
	char expected[64];
	unsigned int index;
	uint16_t port;
	int fd;

	(void)state;
	need_veth();
	index = if_nametoindex(DEVICE);
	fd = listen_on(DEVICE, AF_INET, &port);
	remove_device(DEVICE);
	assert_int_equal(if_nametoindex(DEVICE), 0);
	check_interface(fd, NULL, index);
	snprintf(expected, sizeof(expected), "0.0.0.0%%%u:%u", index, port);
	check_cell(fd, "local", expected);
	close(fd);
}

/* A device may be named with almost any bytes. */
static void a_hostile_name_is_escaped(void **state)
{
	struct listing listing;
	char expected[64];
	uint16_t port;
	json_t *row;
	int fd;

	(void)state;
	if (RUN("ip", "link", "add", HOSTILE, "type", "veth", "peer", "name", "veth1") != 0) {
		print_message("# no device with such a name can be made\n");
		skip();
	}
	fd = listen_on(HOSTILE, AF_INET, &port);
	snprintf(expected, sizeof(expected), "0.0.0.0%%" HOSTILE_OUT ":%u", port);
	check_cell(fd, "local", expected);
	assert_return_code(harness_list(&listing, "-a", "-t", NULL), 0);
	assert_int_equal(listing.bad_lines, 0);
	row = row_by_inode(&listing, inode_of(fd));
	check_row(row, row_is_text(row, "interface", "x\033[31m\xef\xbf\xbd"));
	listing_free(&listing);
	close(fd);
	remove_device(HOSTILE);
}

/* ---- what is asked of the kernel ---- */

/* How many NETLINK_ROUTE sockets `lingerstat list ARG...` opens, or a negative errno. */
static int route_sockets(const char *const args[])
{
	const char *argv[24] = { "strace", "-f",          "-qq",        "-e",  "trace=socket",
				 "-e",     "signal=none", "lingerstat", "list" };
	struct tool_run done;
	int count = 0, n = 9, err;

	for (; *args; args++)
		argv[n++] = *args;
	err = tool_run_traced(&done, argv);
	if (!err && (done.status != 0 || !strstr(done.errors, "NETLINK_SOCK_DIAG")))
		err = -EPERM;
	for (const char *at = done.errors; !err && (at = strstr(at, "NETLINK_ROUTE")); at++)
		count++;
	tool_free(&done);
	return err ? err : count;
}

#define ROUTE_SOCKETS(...) route_sockets((const char *const[]){ __VA_ARGS__, NULL })

static void no_route_socket_unless_a_row_needs_it(void **state)
{
	struct tcp_pair pair;
	uint16_t port;
	int fd;

	(void)state;
	if (!tool_traceable())
		skip();
	assert_return_code(tcp_pair_open(&pair, AF_INET6, 0), 0);
	assert_int_equal(ROUTE_SOCKETS("-a", "-t", "-n"), 0);
	fd = listen_on("lo", AF_INET, &port);
	assert_int_equal(ROUTE_SOCKETS("-a", "-t", "-n"), 1);
	assert_int_equal(ROUTE_SOCKETS("-a", "-t", "-n", "-j", "-C", "local,interface"), 1);
	/* Whole rows also say who is at the other end: the host's own addresses are asked for. */
	assert_int_equal(ROUTE_SOCKETS("-a", "-t", "-n", "-j"), 2);
	/* The row is there and its device is not asked for. */
	assert_int_equal(ROUTE_SOCKETS("-a", "-t", "-n", "-C", "netid,state,recv-q"), 0);
	assert_int_equal(ROUTE_SOCKETS("-t", "-n"), 0);
	close(fd);
	tcp_pair_close(&pair);
}

int main(void)
{
	static int families[] = { AF_INET, AF_INET6 };
	const struct CMUnitTest tests[] = {
		/* First: the others leave TIME_WAIT sockets whose addresses have a scope. */
		cmocka_unit_test(no_route_socket_unless_a_row_needs_it),
		{ "inet: a bound socket shows its device", a_bound_socket_shows_its_device, NULL,
		  NULL, &families[0] },
		{ "inet6: a bound socket shows its device", a_bound_socket_shows_its_device, NULL,
		  NULL, &families[1] },
		cmocka_unit_test(an_accepted_socket_shows_its_listeners_device),
		cmocka_unit_test(a_link_local_address_shows_its_scope),
		cmocka_unit_test(a_device_that_vanished_shows_its_index),
		cmocka_unit_test(a_hostile_name_is_escaped),
	};

	harness_enter();
	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
