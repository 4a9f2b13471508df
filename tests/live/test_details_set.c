/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -o, -e, --tos, --inet-sockopt and -b show of live sockets, beside what the test set on
 * their descriptors. The records of -i and -m are test_details.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "listed.h"
#include "tcp.h"
#include "tool.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- timers ---- */

static void timers_have_names(void **state)
{
	int on = 1, idle = 600;
	struct tcp_pair pair;
	struct listing l;
	int64_t left;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	row = listed_row(&l, pair.near, "-t", "-o");
	check_row(row, row_is_text(row, "timer.name", "off"));
	check_row(row, row_is_null(row, "timer.remaining_ms"));
	listing_free(&l);
	assert_return_code(setsockopt(pair.near, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)),
			   errno);
	assert_return_code(setsockopt(pair.near, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), errno);
	row = listed_row(&l, pair.near, "-t", "-o");
	check_row(row, row_is_text(row, "timer.name", "keepalive"));
	left = json_integer_value(row_get(row, "timer.remaining_ms"));
	check_row(row, left > 300 * 1000 && left <= 601 * 1000);
	listing_free(&l);
	assert_return_code(tcp_deafen(pair.far), 0);
	assert_int_equal(write(pair.near, "x", 1), 1);
	row = listed_row(&l, pair.near, "-t", "-o");
	check_row(row, row_is_text(row, "timer.name", "retransmit"));
	listing_free(&l);
	tcp_pair_close(&pair);
}

static void a_minisocket_has_a_timer_alone(void **state)
{
	struct tcp_pair pair;
	uint16_t near, far;
	struct listing l;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	near = pair.near_port;
	far = pair.far_port;
	drop_fd(&pair.near);
	assert_return_code(tcp_wait_state(pair.far, TCP_CLOSE_WAIT), 0);
	drop_fd(&pair.far);
	for (int64_t end = now_ms() + WAIT_MS;;) {
		assert_return_code(
			harness_list(&l, "-a", "-t", "-imoe", "--tos", "--inet-sockopt", NULL), 0);
		row = row_by_ports(&l, AF_INET, near, far);
		if (row && row_is_text(row, "state", "time_wait"))
			break;
		listing_free(&l);
		assert_true(nap_before(end));
	}
	check_row(row, row_is_text(row, "timer.name", "time-wait"));
	check_row(row, json_integer_value(row_get(row, "timer.remaining_ms")) <= 61 * 1000);
	check_row(row, row_is_null(row, "info"));
	check_row(row, row_is_null(row, "memory"));
	check_row(row, row_is_null(row, "tos"));
	check_row(row, row_is_null(row, "sockopt"));
	check_row(row, row_is_null(row, "extended.uid"));
	listing_free(&l);
	tcp_pair_close(&pair);
}

/* ---- extended ---- */

static void unix_files_and_waiting_connections(void **state)
{
	char directory[] = "/tmp/lingerstat-details-XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listing l;
	struct stat st;
	json_t *row, *pending;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(listener, 4), errno);
	assert_return_code(connect(client, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(stat(address.sun_path, &st), errno);
	row = listed_row(&l, listener, "-x", "-e");
	unlink(address.sun_path);
	rmdir(directory);
	check_row(row, row_is_int(row, "extended.path_inode", (uint32_t)st.st_ino));
	check_row(row, row_is_int(row, "extended.path_device_major", major(st.st_dev)));
	check_row(row, row_is_int(row, "extended.path_device_minor", minor(st.st_dev)));
	check_row(row, row_is_int(row, "extended.uid", getuid()));
	pending = row_get(row, "extended.pending_inodes");
	check_row(row, json_array_size(pending) == 1);
	check_row(row, json_integer_value(json_array_get(pending, 0)) == inode_of(client));
	listing_free(&l);
	close(client);
	close(listener);
}

static void extended_of_tcp(void **state)
{
	struct tcp_pair pair;
	struct truth truth;
	struct listing l;
	char cookie[24];
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET6, 0), 0);
	assert_return_code(shutdown(pair.near, SHUT_RD), errno);
	assert_return_code(truth_read(pair.near, &truth), 0);
	row = listed_row(&l, pair.near, "-t", "-e");
	snprintf(cookie, sizeof(cookie), "%llx", (unsigned long long)truth.cookie);
	check_row(row, row_is_int(row, "extended.inode", truth.inode));
	check_row(row, row_is_text(row, "extended.cookie", cookie));
	check_row(row, row_has_word(row, "extended.shutdown", "recv"));
	check_row(row, json_array_size(row_get(row, "extended.shutdown")) == 1);
	listing_free(&l);
	tcp_pair_close(&pair);
}

/* ---- marks and switches ---- */

static void marks_are_what_was_set(void **state)
{
	int tos = 0x10, priority = 5, class = 0x20;
	struct tcp_pair pair;
	struct listing l;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_return_code(setsockopt(pair.near, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), errno);
	assert_return_code(
		setsockopt(pair.near, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)), errno);
	row = listed_row(&l, pair.near, "-t", "--tos");
	check_row(row, row_is_int(row, "tos.tos", tos));
	check_row(row, row_is_int(row, "tos.class_id", priority));
	check_row(row, !row_get(row, "tos.tclass"));
	listing_free(&l);
	tcp_pair_close(&pair);

	assert_return_code(tcp_pair_open(&pair, AF_INET6, 0), 0);
	assert_return_code(setsockopt(pair.near, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class)),
			   errno);
	row = listed_row(&l, pair.near, "-t", "--tos");
	check_row(row, row_is_int(row, "tos.tclass", class));
	listing_free(&l);
	tcp_pair_close(&pair);
}

static void switches_are_what_was_set(void **state)
{
	static const struct {
		int option;
		const char *path;
	} switches[] = {
		{ IP_RECVERR, "sockopt.recverr" },
		{ IP_FREEBIND, "sockopt.freebind" },
		{ IP_BIND_ADDRESS_NO_PORT, "sockopt.bind_address_no_port" },
		{ IP_MULTICAST_LOOP, "sockopt.mc_loop" },
		{ IP_MULTICAST_ALL, "sockopt.mc_all" },
	};

	(void)state;
	for (size_t set = 0; set < COUNT(switches); set++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		struct sockaddr_in any = { .sin_family = AF_INET };
		struct listing l;
		json_t *row;

		/* First: a socket that asks for no port is not listed. */
		assert_return_code(bind(fd, (struct sockaddr *)&any, sizeof(any)), errno);
		for (size_t i = 0; i < COUNT(switches); i++) {
			int on = i == set;

			assert_return_code(
				setsockopt(fd, IPPROTO_IP, switches[i].option, &on, sizeof(on)),
				errno);
		}
		row = listed_row(&l, fd, "-u", "--inet-sockopt");
		for (size_t i = 0; i < COUNT(switches); i++)
			check_row(row, json_is_true(row_get(row, switches[i].path)) == (i == set));
		check_row(row, json_is_false(row_get(row, "sockopt.is_icsk")));
		listing_free(&l);
		close(fd);
	}
}

/* ---- packet sockets ---- */

static void a_packet_filter_is_written_out(void **state)
{
	static struct sock_filter program[] = {
		{ 0x28, 0, 0, 12 }, { 0x15, 0, 1, 0x806 }, { 0x6, 0, 0, 0xffff }, { 0x6, 0, 0, 0 }
	};
	static const char *const words[] = { "ldh [12]", "jeq #0x806 +0 +1", "ret #0xffff",
					     "ret #0x0" };
	const struct sock_fprog prog = { COUNT(program), program };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	int bare = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	struct listing l;
	json_t *row, *lines;

	(void)state;
	assert_return_code(fd, errno);
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)),
			   errno);
	row = listed_row(&l, fd, "-0", "-bme");
	check_row(row, row_is_int(row, "bpf_filter.instructions", COUNT(program)));
	lines = row_get(row, "bpf_filter.program");
	check_row(row, json_array_size(lines) == COUNT(words));
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(json_string_value(json_array_get(lines, i)), words[i]);
	check_row(row, json_is_true(row_get(row, "extended.running")));
	row = row_by_inode(&l, inode_of(bare));
	assert_non_null(row);
	check_row(row, row_is_null(row, "bpf_filter"));
	listing_free(&l);
	close(fd);
	close(bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_have_names),
		cmocka_unit_test(a_minisocket_has_a_timer_alone),
		cmocka_unit_test(unix_files_and_waiting_connections),
		cmocka_unit_test(extended_of_tcp),
		cmocka_unit_test(marks_are_what_was_set),
		cmocka_unit_test(switches_are_what_was_set),
		cmocka_unit_test(a_packet_filter_is_written_out),
	};

	harness_enter();
	return cmocka_run_group_tests_name("details that were set", tests, NULL, NULL);
}
