/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel counts itself, read from a /proc made for the test: whole, cut short, wrong, and
 * not there.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/machine.h"

#define ALL (MACHINE_SOCKSTAT | MACHINE_LIMITS | MACHINE_PORTS | MACHINE_NETSTAT)

static char root[] = "/tmp/lingerstat-machine-XXXXXX";

static int make_root(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root, making its directories. */
static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct machine read_all(void)
{
	struct machine m;

	machine_init(&m);
	machine_read(&m, root, ALL);
	return m;
}

static void sockstat_with_its_units(void **state)
{
	struct machine m;

	(void)state;
	put("net/sockstat", "sockets: used 286\n"
			    "TCP: inuse 5 orphan 2 tw 31 alloc 9 mem 4\n"
			    "UDP: inuse 3 mem 77\n");
	put("net/sockstat6", "TCP6: inuse 6\nUDP6: inuse 8\n");
	m = read_all();
	assert_int_equal(m.tcp_in_use, 5);
	assert_int_equal(m.orphans, 2);
	assert_int_equal(m.time_wait_buckets, 31);
	assert_int_equal(m.tcp_allocated, 9);
	assert_int_equal(m.tcp_memory_bytes, 4 * sysconf(_SC_PAGESIZE));
	assert_int_equal(m.tcp6_in_use, 6);
	assert_int_equal(m.orphans_max, UNKNOWN);
}

static void sysctls(void **state)
{
	struct machine m;

	(void)state;
	put("sys/net/ipv4/tcp_max_tw_buckets", "262144\n");
	put("sys/net/ipv4/tcp_max_orphans", "4096\n");
	put("sys/net/ipv4/tcp_mem", "10\t20\t30\n");
	put("sys/net/core/somaxconn", "4097\n");
	m = read_all();
	assert_int_equal(m.time_wait_buckets_max, 262144);
	assert_int_equal(m.orphans_max, 4096);
	assert_int_equal(m.tcp_memory_pressure_bytes, 20 * sysconf(_SC_PAGESIZE));
	assert_int_equal(m.tcp_memory_max_bytes, 30 * sysconf(_SC_PAGESIZE));
	assert_int_equal(m.backlog_max, 4097);
	assert_int_equal(m.orphans, UNKNOWN);
}

static void orphans_and_no_more(void **state)
{
	struct machine m;

	(void)state;
	put("net/sockstat", "TCP: inuse 5 orphan 2 tw 31 alloc 9 mem 4\n");
	put("sys/net/ipv4/tcp_max_orphans", "4096\n");
	put("sys/net/core/somaxconn", "4097\n");
	machine_init(&m);
	machine_read(&m, root, MACHINE_ORPHANS);
	assert_int_equal(m.orphans, 2);
	assert_int_equal(m.orphans_max, 4096);
	assert_int_equal(m.tcp_in_use, UNKNOWN);
	assert_int_equal(m.backlog_max, UNKNOWN);
}

static void nothing_there_is_unknown(void **state)
{
	struct machine m = read_all();

	(void)state;
	assert_int_equal(m.tcp_in_use, UNKNOWN);
	assert_int_equal(m.tcp_allocated, UNKNOWN);
	assert_int_equal(m.orphans, UNKNOWN);
	assert_int_equal(m.orphans_max, UNKNOWN);
	assert_int_equal(m.time_wait_buckets, UNKNOWN);
	assert_int_equal(m.time_wait_buckets_max, UNKNOWN);
	assert_int_equal(m.tcp_memory_bytes, UNKNOWN);
	assert_int_equal(m.tcp_memory_pressure_bytes, UNKNOWN);
	assert_int_equal(m.tcp_memory_max_bytes, UNKNOWN);
	assert_int_equal(m.tcp6_in_use, UNKNOWN);
	assert_int_equal(m.backlog_max, UNKNOWN);
	assert_false(m.ports.known);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		assert_int_equal(m.counters[i], UNKNOWN);
}

static void what_makes_no_sense_is_unknown(void **state)
{
	struct machine m;

	(void)state;
	put("net/sockstat", "TCP: inuse -5 orphan x tw 31\nTCP");
	put("sys/net/ipv4/tcp_max_tw_buckets", "");
	put("sys/net/ipv4/tcp_max_orphans", "99999999999999999999\n");
	put("sys/net/ipv4/tcp_mem", "10 20\n");
	put("sys/net/core/somaxconn", "-1\n");
	m = read_all();
	assert_int_equal(m.tcp_in_use, UNKNOWN);
	assert_int_equal(m.orphans, UNKNOWN);
	assert_int_equal(m.time_wait_buckets, UNKNOWN); /* behind what could not be read */
	assert_int_equal(m.time_wait_buckets_max, UNKNOWN);
	assert_int_equal(m.orphans_max, UNKNOWN);
	assert_int_equal(m.tcp_memory_max_bytes, UNKNOWN);
	assert_int_equal(m.backlog_max, UNKNOWN);
}

static void only_the_parts_that_are_asked_for(void **state)
{
	struct machine m;

	(void)state;
	put("net/sockstat", "TCP: inuse 5 orphan 2 tw 31 alloc 9 mem 4\n");
	put("sys/net/ipv4/tcp_max_orphans", "4096\n");
	machine_init(&m);
	machine_read(&m, root, MACHINE_LIMITS);
	assert_int_equal(m.orphans, UNKNOWN);
	assert_int_equal(m.orphans_max, 4096);
	machine_read(&m, root, MACHINE_SOCKSTAT);
	assert_int_equal(m.orphans, 2);
	assert_int_equal(m.orphans_max, 4096);
}

static void port_range_and_reserved_ports(void **state)
{
	struct machine m;

	(void)state;
	put("sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
	put("sys/net/ipv4/ip_local_reserved_ports", "8080,40000-40002,65535\n");
	m = read_all();
	assert_true(m.ports.known);
	assert_int_equal(m.ports.low, 32768);
	assert_int_equal(m.ports.high, 60999);
	assert_true(port_set_has(&m.ports.reserved, 8080));
	assert_false(port_set_has(&m.ports.reserved, 8081));
	assert_false(port_set_has(&m.ports.reserved, 39999));
	assert_true(port_set_has(&m.ports.reserved, 40000));
	assert_true(port_set_has(&m.ports.reserved, 40002));
	assert_false(port_set_has(&m.ports.reserved, 40003));
	assert_true(port_set_has(&m.ports.reserved, 65535));
}

static void no_reserved_ports_is_an_empty_line(void **state)
{
	struct machine m;

	(void)state;
	put("sys/net/ipv4/ip_local_port_range", "1024 65535\n");
	put("sys/net/ipv4/ip_local_reserved_ports", "\n");
	m = read_all();
	assert_true(m.ports.known);
	for (unsigned int port = 0; port < PORT_COUNT; port++)
		assert_false(port_set_has(&m.ports.reserved, (uint16_t)port));
}

static void a_bad_range_is_not_known(void **state)
{
	static const char *const ranges[] = { "60999 32768\n", "1024 65536\n", "1024\n", "\n",
					      "a b\n" };

	(void)state;
	put("sys/net/ipv4/ip_local_reserved_ports", "\n");
	for (size_t i = 0; i < COUNT(ranges); i++) {
		put("sys/net/ipv4/ip_local_port_range", ranges[i]);
		assert_false(read_all().ports.known);
	}
}

static void reserved_ports_beyond_all_ports_do_no_harm(void **state)
{
	struct machine m;

	(void)state;
	put("sys/net/ipv4/ip_local_port_range", "1024 65535\n");
	put("sys/net/ipv4/ip_local_reserved_ports", "65534-99999999999,7\n");
	m = read_all();
	assert_true(port_set_has(&m.ports.reserved, 65535));
}

static void counters_by_their_names(void **state)
{
	struct machine m;

	(void)state;
	put("net/netstat",
	    "TcpExt: SyncookiesSent TCPAbortOnData TCPAbortOnClose TCPTimeWaitOverflow New\n"
	    "TcpExt: 1 22 33 44 55\n"
	    "IpExt: TCPAbortFailed\n"
	    "IpExt: 77\n");
	m = read_all();
	assert_int_equal(m.counters[MACHINE_ABORT_ON_DATA], 22);
	assert_int_equal(m.counters[MACHINE_ABORT_ON_CLOSE], 33);
	assert_int_equal(m.counters[MACHINE_TW_OVERFLOW], 44);
	assert_int_equal(m.counters[MACHINE_ABORT_ON_LINGER], UNKNOWN);
	assert_int_equal(m.counters[MACHINE_ABORT_FAILED], UNKNOWN);
}

static void a_netstat_cut_short(void **state)
{
	struct machine m;

	(void)state;
	put("net/netstat", "TcpExt: TCPAbortOnData TCPAbortOnClose\nTcpExt: 22\n");
	m = read_all();
	assert_int_equal(m.counters[MACHINE_ABORT_ON_DATA], 22);
	assert_int_equal(m.counters[MACHINE_ABORT_ON_CLOSE], UNKNOWN);
	put("net/netstat", "TcpExt: TCPAbortOnData TCPAbortOnClose\n");
	m = read_all();
	assert_int_equal(m.counters[MACHINE_ABORT_ON_DATA], UNKNOWN);
}

static void a_counter_of_sctp(void **state)
{
	struct machine m;

	(void)state;
	m = read_all();
	assert_int_equal(m.counters[MACHINE_SCTP_ABORTS], UNKNOWN);
	put("net/sctp/snmp", "SctpCurrEstab                   \t2\n"
			     "SctpAborteds                    \t7\n"
			     "SctpShutdowns                   \t\n"
			     "SctpNew\n");
	m = read_all();
	assert_int_equal(m.counters[MACHINE_SCTP_ABORTS], 7);
	put("net/sctp/snmp", "SctpAborteds \tmany\n");
	m = read_all();
	assert_int_equal(m.counters[MACHINE_SCTP_ABORTS], UNKNOWN);
}

static void every_counter_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < MACHINE_COUNTERS; i++) {
		const struct machine_counter_row *row =
			machine_counter_row((enum machine_counter)i);

		assert_non_null(row->name);
		assert_non_null(row->kernel);
		assert_non_null(row->help);
	}
}

static void put_process(const char *comm)
{
	put("42/comm", comm);
	put("42/limits",
	    "Limit                     Soft Limit           Hard Limit           Units     \n"
	    "Max core file size        0                    unlimited            bytes     \n"
	    "Max open files            1024                 1048576              files     \n");
	put("42/fd/0", "");
	put("42/fd/17", "");
	put("42/fd/3", "");
}

static void descriptors_of_a_process(void **state)
{
	int64_t used, max;

	(void)state;
	put_process("web\n");
	machine_descriptors(root, 42, "web", &used, &max);
	assert_int_equal(used, 3);
	assert_int_equal(max, 1024);
}

static void a_number_that_is_another_process_by_now(void **state)
{
	int64_t used, max;

	(void)state;
	put_process("other\n");
	machine_descriptors(root, 42, "web", &used, &max);
	assert_int_equal(used, UNKNOWN);
	assert_int_equal(max, UNKNOWN);
	machine_descriptors(root, 43, "web", &used, &max);
	assert_int_equal(used, UNKNOWN);
	assert_int_equal(max, UNKNOWN);
}

static void a_name_with_a_line_feed(void **state)
{
	int64_t used, max;

	(void)state;
	put_process("a\nb\n");
	machine_descriptors(root, 42, "a\nb", &used, &max);
	assert_int_equal(used, 3);
	machine_descriptors(root, 42, "a", &used, &max);
	assert_int_equal(used, UNKNOWN);
}

static void no_limit_is_unknown(void **state)
{
	int64_t used, max;

	(void)state;
	put_process("web\n");
	put("42/limits",
	    "Max open files            unlimited            unlimited            files\n");
	machine_descriptors(root, 42, "web", &used, &max);
	assert_int_equal(used, 3);
	assert_int_equal(max, UNKNOWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sockstat_with_its_units),
		TEST(sysctls),
		TEST(orphans_and_no_more),
		TEST(nothing_there_is_unknown),
		TEST(what_makes_no_sense_is_unknown),
		TEST(only_the_parts_that_are_asked_for),
		TEST(port_range_and_reserved_ports),
		TEST(no_reserved_ports_is_an_empty_line),
		TEST(a_bad_range_is_not_known),
		TEST(reserved_ports_beyond_all_ports_do_no_harm),
		TEST(counters_by_their_names),
		TEST(a_netstat_cut_short),
		TEST(a_counter_of_sctp),
		TEST(every_counter_has_words),
		TEST(descriptors_of_a_process),
		TEST(a_number_that_is_another_process_by_now),
		TEST(a_name_with_a_line_feed),
		TEST(no_limit_is_unknown),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
