/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many sockets have left, read from a /proc made for the test: whole, without IPv6, with
 * columns in another order, cut short, and not there.
 */
#include "config.h"

#include "unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/turnover.h"

static char root[] = "/tmp/lingerstat-turnover-XXXXXX";

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
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_all(void)
{
	put("net/snmp", "Ip: Forwarding ActiveOpens\nIp: 1 9\n"
			"Tcp: RtoMin ActiveOpens PassiveOpens MaxConn\nTcp: 200 30 400 -1\n"
			"Udp: InDatagrams\nUdp: 5\n");
	put("net/netstat", "TcpExt: EmbryonicRsts TW TWRecycled TWKilled TWX TCPSynRetrans\n"
			   "TcpExt: 1 20 300 4000 9 50000\n"
			   "IpExt: InNoRoutes TW\nIpExt: 7 8\n");
	put("net/sockstat", "sockets: used 17\nTCP: inuse 60 orphan 4 tw 700 alloc 9 mem 1\n"
			    "UDP: inuse 8 mem 0\n");
	put("net/sockstat6", "TCP6: inuse 5000\nUDP6: inuse 1\n");
}

static struct turnover read_all(void)
{
	struct turnover t;

	turnover_read(&t, root);
	return t;
}

static void adds_up_what_counts(void **state)
{
	struct turnover t;

	(void)state;
	put_all();
	t = read_all();
	assert_true(t.known);
	assert_int_equal(t.opened, 430);
	assert_int_equal(t.passive, 400);
	assert_int_equal(t.time_wait, 4320);
	assert_int_equal(t.requests, 50001);
	assert_int_equal(t.in_use, 5060);
	assert_int_equal(t.minisockets, 700);
}

static void without_ipv6(void **state)
{
	struct turnover t;
	char path[256];

	(void)state;
	put_all();
	snprintf(path, sizeof(path), "%s/net/sockstat6", root);
	assert_int_equal(remove(path), 0);
	t = read_all();
	assert_true(t.known);
	assert_int_equal(t.in_use, 60);
}

static void what_is_not_whole_is_not_known(void **state)
{
	(void)state;
	assert_false(read_all().known);
	put_all();
	put("net/snmp", "Tcp: ActiveOpens PassiveOpens\nTcp: 30\n");
	assert_false(read_all().known);
	put_all();
	put("net/snmp", "Tcp: ActiveOpens PassiveOpens");
	assert_false(read_all().known);
	put_all();
	put("net/netstat", "");
	assert_false(read_all().known);
	put_all();
	put("net/sockstat", "TCP: inuse");
	assert_false(read_all().known);
	put_all();
	put("net/sockstat", "TCP:");
	assert_false(read_all().known);
}

static void a_file_that_is_too_long_is_not_known(void **state)
{
	char text[20000];

	(void)state;
	put_all();
	memset(text, ' ', sizeof(text));
	memcpy(text, "TcpExt: TW", 10);
	text[sizeof(text) - 1] = '\0';
	put("net/netstat", text);
	assert_false(read_all().known);
}

static void counts_who_has_left(void **state)
{
	struct turnover before = { .known = true, .opened = 100, .in_use = 50 }, after = before;

	(void)state;
	assert_int_equal(turnover_left(&before, &after), 0);
	after.in_use = 45; /* five were closed */
	assert_int_equal(turnover_left(&before, &after), 5);
	after.opened = 110; /* ten more came, and all that came went */
	assert_int_equal(turnover_left(&before, &after), 15);
	after.in_use = 60;
	assert_int_equal(turnover_left(&before, &after), 0);
	after.in_use = 70; /* listeners, which nothing counts */
	assert_int_equal(turnover_left(&before, &after), 0);
	after.passive = 3;
	after.time_wait = 40;
	after.requests = 500;
	assert_int_equal(turnover_left(&before, &after), 543);
}

static void slots_as_the_kernel_says(void **state)
{
	(void)state;
	put("sys/net/ipv4/tcp_ehash_entries", "512\n");
	assert_int_equal(turnover_slots(root), 512);
	put("sys/net/ipv4/tcp_ehash_entries", "-262144\n");
	assert_int_equal(turnover_slots(root), 262144);
}

/* A kernel before 6.1 does not say. */
static void slots_as_the_machine_has_at_least(void **state)
{
	int64_t slots = turnover_slots(root);

	(void)state;
	assert_in_range(slots, 512, 524288);
	assert_int_equal(slots & (slots - 1), 0);
	put("sys/net/ipv4/tcp_ehash_entries", "none\n");
	assert_int_equal(turnover_slots(root), slots);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adds_up_what_counts),
		TEST(without_ipv6),
		TEST(what_is_not_whole_is_not_known),
		TEST(a_file_that_is_too_long_is_not_known),
		TEST(counts_who_has_left),
		TEST(slots_as_the_kernel_says),
		TEST(slots_as_the_machine_has_at_least),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("turnover", tests, NULL, NULL);
}
