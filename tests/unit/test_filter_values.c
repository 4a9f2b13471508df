/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every reader of a filter's values, at its borders.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pwd.h>
#include <string.h>

#include "filter/values.h"

/* ---- values ---- */

struct reading {
	const char *text;
	int64_t number; /* REFUSED: not a value */
};

#define REFUSED INT64_MIN

static void assert_reads(value_reader read, const struct reading *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct filter_error error = { 0 };
		struct filter_value value = { 0 };
		int err = read(rows[i].text, &value, &error);

		if ((err != 0) != (rows[i].number == REFUSED))
			fail_msg("'%s' is %s", rows[i].text, err ? "refused" : "taken");
		if (!err && value.number != rows[i].number)
			fail_msg("'%s' is read as %lld", rows[i].text, (long long)value.number);
	}
}

static void numbers(void **state)
{
	static const struct reading rows[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "010", 10 },
		{ "08", 8 },
		{ "0x1f", 31 },
		{ "0X1F", 31 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", REFUSED },
		{ "", REFUSED },
		{ "-1", REFUSED },
		{ "+1", REFUSED },
		{ " 1", REFUSED },
		{ "1 ", REFUSED },
		{ "1.0", REFUSED },
		{ "1k", REFUSED },
		{ "0x", REFUSED },
		{ "0xg", REFUSED },
		{ "x", REFUSED },
	};

	(void)state;
	assert_reads(value_number, rows, COUNT(rows));
}

static void sizes(void **state)
{
	static const struct reading rows[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "1b", 1 },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "1kb", 1024 },
		{ "1KiB", 1024 },
		{ "64k", 65536 },
		{ "1.5k", 1536 },
		{ ".5k", 512 },
		{ "0.25M", 262144 },
		{ "1m", 1048576 },
		{ "1MiB", 1048576 },
		{ "2g", INT64_C(2147483648) },
		{ "2GB", INT64_C(2147483648) },
		{ "9223372036854775807", INT64_MAX },
		{ "8589934591g", INT64_C(9223372035781033984) },
		{ "8589934592g", REFUSED },
		{ "9223372036854775808", REFUSED },
		{ "0.5", REFUSED },
		{ "1.1k", REFUSED },
		{ "0.1234567890123456789012k", REFUSED },
		{ "", REFUSED },
		{ ".", REFUSED },
		{ "1.", REFUSED },
		{ "1.2.3k", REFUSED },
		{ "k", REFUSED },
		{ "-1", REFUSED },
		{ "+1", REFUSED },
		{ "1e3", REFUSED },
		{ "0x10", REFUSED },
		{ "inf", REFUSED },
		{ "nan", REFUSED },
		{ "1s", REFUSED },
		{ "1kk", REFUSED },
		{ "1 k", REFUSED },
	};

	(void)state;
	assert_reads(value_size, rows, COUNT(rows));
}

static void times(void **state)
{
	static const struct reading rows[] = {
		{ "0", 0 },         { "5", 5000 },          { "5s", 5000 },
		{ "5sec", 5000 },   { "5ms", 5 },           { "5MS", 5 },
		{ "1.5", 1500 },    { "0.001s", 1 },        { "2m", 120000 },
		{ "2min", 120000 }, { "2h", 7200000 },      { "1d", 86400000 },
		{ "1.5m", 90000 },  { "0.0001s", REFUSED }, { "0.5ms", REFUSED },
		{ "5k", REFUSED },  { "5w", REFUSED },      { "-5", REFUSED },
		{ "", REFUSED },    { "s", REFUSED },       { "99999999999999999d", REFUSED },
	};

	(void)state;
	assert_reads(value_time, rows, COUNT(rows));
}

static void lingers(void **state)
{
	static const struct reading rows[] = {
		{ "on", LINGER_WORD_ON },
		{ "OFF", LINGER_WORD_OFF },
		{ "unknown", LINGER_WORD_UNKNOWN },
		{ "none", LINGER_WORD_NONE },
		{ "inf", LINGER_FOREVER },
		{ "forever", LINGER_FOREVER },
		{ "0", 0 },
		{ "5", 5 },
		{ "5s", 5 },
		{ "2m", 120 },
		{ "3000ms", 3 },
		{ "1500ms", REFUSED },
		{ "0.5", REFUSED },
		{ "-1", REFUSED },
		{ "yes", REFUSED },
		{ "", REFUSED },
	};

	(void)state;
	assert_reads(value_linger, rows, COUNT(rows));
}

static void cookies(void **state)
{
	static const struct reading rows[] = {
		{ "4a", 0x4a },
		{ "4A", 0x4a },
		{ "0x4a", 0x4a },
		{ "0", 0 },
		{ "ffffffffffffffff", -1 },
		{ "10000000000000000", REFUSED },
		{ "", REFUSED },
		{ "-1", REFUSED },
		{ "+1", REFUSED },
		{ "4g", REFUSED },
		{ "g", REFUSED },
	};

	(void)state;
	assert_reads(value_cookie, rows, COUNT(rows));
}

static void ports(void **state)
{
	static const struct reading rows[] = {
		{ "0", 0 },
		{ "80", 80 },
		{ ":80", 80 },
		{ "*:80", 80 },
		{ "65535", 65535 },
		{ "65536", REFUSED },
		{ "-1", REFUSED },
		{ "+80", REFUSED },
		{ "80x", REFUSED },
		{ "0x50", REFUSED },
		{ "", REFUSED },
		{ ":", REFUSED },
		{ "*", REFUSED },
		{ "::80", REFUSED },
		{ "99999999999999999999", REFUSED },
		{ "no-such-service", REFUSED },
	};
	const struct servent *ssh = getservbyname("ssh", NULL);
	const struct reading named[] = { { "ssh", ssh ? ntohs((uint16_t)ssh->s_port) : REFUSED },
					 { ":ssh", ssh ? ntohs((uint16_t)ssh->s_port) : REFUSED } };

	(void)state;
	assert_reads(value_port, rows, COUNT(rows));
	assert_reads(value_port, named, COUNT(named));
}

static void users_and_devices(void **state)
{
	const struct passwd *root = getpwuid(0);
	const struct reading users[] = {
		{ "0", 0 },
		{ "4294967295", UINT32_MAX },
		{ root ? root->pw_name : "0", 0 },
		{ "no-such-user", REFUSED },
		{ "", REFUSED },
		{ "-1", REFUSED },
	};
	static const struct reading devices[] = {
		{ "lo", 1 },
		{ "1", 1 },
		{ "0", 0 },
		{ "2147483647", INT32_MAX },
		{ "2147483648", REFUSED },
		{ "no-such-dev", REFUSED },
		{ "", REFUSED },
		{ "-1", REFUSED },
	};

	(void)state;
	assert_reads(value_user, users, COUNT(users));
	assert_reads(value_device, devices, COUNT(devices));
}

static void words(void **state)
{
	static const struct reading risks[] = {
		{ "none", RISK_NONE },
		{ "LIKELY", RISK_LIKELY },
		{ "like", REFUSED },
		{ "", REFUSED },
	};
	static const struct reading reasons[] = {
		{ "unread-data", REASON_UNREAD_DATA },
		{ "Orphan", REASON_ORPHAN },
		{ "x", REFUSED },
	};
	static const struct reading netids[] = {
		{ "tcp", NETID_BIT(NETID_TCP) },
		{ "U_STR", NETID_BIT(NETID_UNIX_STREAM) },
		{ "unix", NETIDS_UNIX },
		{ "netlink", NETID_BIT(NETID_NETLINK) },
		{ "inet", REFUSED },
	};

	(void)state;
	assert_reads(value_risk, risks, COUNT(risks));
	assert_reads(value_reason, reasons, COUNT(reasons));
	assert_reads(value_netid, netids, COUNT(netids));
	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reading row = { reason_name((enum reason)i), i };

		assert_reads(value_reason, &row, 1);
	}
}

/* ---- hosts ---- */

struct host_reading {
	const char *text;
	int family; /* -1: refused */
	const char *address;
	int prefix;
	int32_t port;
};

static void hosts(void **state)
{
	static const struct host_reading rows[] = {
		{ "10.0.0.1", AF_INET, "10.0.0.1", 32, -1 },
		{ "10.0.0.1:80", AF_INET, "10.0.0.1", 32, 80 },
		{ "10.0.0.1:*", AF_INET, "10.0.0.1", 32, -1 },
		{ "10.0.0.1:", AF_INET, "10.0.0.1", 32, -1 },
		{ "10.0.0.0/8", AF_INET, "10.0.0.0", 8, -1 },
		{ "10.0.0.0/8:443", AF_INET, "10.0.0.0", 8, 443 },
		{ "10/8", AF_INET, "10.0.0.0", 8, -1 },
		{ "10.1/16:1", AF_INET, "10.1.0.0", 16, 1 },
		{ "0.0.0.0/0", AF_INET, "0.0.0.0", 0, -1 },
		{ "inet:10.0.0.1", AF_INET, "10.0.0.1", 32, -1 },
		{ "inet:*", AF_INET, "0.0.0.0", 0, -1 },
		{ "inet:*:80", AF_INET, "0.0.0.0", 0, 80 },
		{ "inet6:*", AF_INET6, "::", 0, -1 },
		{ "inet6:", AF_INET6, "::", 0, -1 },
		{ "::1", AF_INET6, "::1", 128, -1 },
		{ "::", AF_INET6, "::", 128, -1 },
		{ "[::1]", AF_INET6, "::1", 128, -1 },
		{ "[::1]:80", AF_INET6, "::1", 128, 80 },
		{ "[2001:db8::]/32", AF_INET6, "2001:db8::", 32, -1 },
		{ "[2001:db8::]/32:80", AF_INET6, "2001:db8::", 32, 80 },
		{ "2001:db8::/32", AF_INET6, "2001:db8::", 32, -1 },
		{ "[2001:db8::/32]:80", AF_INET6, "2001:db8::", 32, 80 },
		{ "[::/0]", AF_INET6, "::", 0, -1 },
		{ "[::/0]/0", -1, NULL, 0, 0 },
		{ "inet6:[::1]:80", AF_INET6, "::1", 128, 80 },
		{ "::ffff:10.0.0.1", AF_INET6, "::ffff:10.0.0.1", 128, -1 },
		{ "[::ffff:0:0]/96", AF_INET6, "::ffff:0:0", 96, -1 },
		{ "*", AF_UNSPEC, NULL, 0, -1 },
		{ "*:80", AF_UNSPEC, NULL, 0, 80 },
		{ ":80", AF_UNSPEC, NULL, 0, 80 },
		{ "any", AF_UNSPEC, NULL, 0, -1 },
		{ "all:80", AF_UNSPEC, NULL, 0, 80 },
		{ "default", AF_UNSPEC, NULL, 0, -1 },
		{ "one.example:80", AF_INET, "192.0.2.1", 32, 80 },
		{ "one.example/24", AF_INET, "192.0.2.1", 24, -1 },
		{ "10.1", -1, NULL, 0, 0 },
		{ "256.0.0.1", -1, NULL, 0, 0 },
		{ "10.0.0.0.1/8", -1, NULL, 0, 0 },
		{ "10.0.0.1/", -1, NULL, 0, 0 },
		{ "10.0.0.1/33", -1, NULL, 0, 0 },
		{ "10.0.0.1/-1", -1, NULL, 0, 0 },
		{ "10.0.0.1/+8", -1, NULL, 0, 0 },
		{ "10.0.0.1/8/8", -1, NULL, 0, 0 },
		{ "10.0.0.1:80/8", -1, NULL, 0, 0 },
		{ "10.0.0.1:65536", -1, NULL, 0, 0 },
		{ "*/8", -1, NULL, 0, 0 },
		{ "[::1", -1, NULL, 0, 0 },
		{ "[::1]80", -1, NULL, 0, 0 },
		{ "[]", AF_UNSPEC, NULL, 0, -1 },
		{ "::1/129", -1, NULL, 0, 0 },
		{ ":::1", -1, NULL, 0, 0 },
		{ "1:2:3", -1, NULL, 0, 0 },
		{ "fe80::1%lo", -1, NULL, 0, 0 },
		{ "inet:::1", -1, NULL, 0, 0 },
		{ "inet6:10.0.0.1", -1, NULL, 0, 0 },
		{ "inet6:one.example", -1, NULL, 0, 0 },
		{ "many.example", -1, NULL, 0, 0 },
		{ "no.example", -1, NULL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter_error error = { 0 };
		struct filter_value value = { 0 };
		const struct host_pattern *host = value.host;
		uint8_t address[16] = { 0 };
		int err = value_host(rows[i].text, &value, &error);

		if ((err != 0) != (rows[i].family < 0))
			fail_msg("'%s': %s", rows[i].text, err ? error.text : "taken");
		if (err && !error.text[0])
			fail_msg("'%s': refused without a word", rows[i].text);
		if (err)
			continue;
		if (rows[i].address)
			inet_pton(rows[i].family, rows[i].address, address);
		if (value.hosts != 1 || host->family != rows[i].family ||
		    host->prefix != rows[i].prefix || host->port != rows[i].port ||
		    memcmp(&host->addr, address, sizeof(address)) != 0)
			fail_msg("'%s': family %d, prefix %d, port %d", rows[i].text, host->family,
				 host->prefix, (int)host->port);
	}
}

static void long_hosts_are_refused(void **state)
{
	struct filter_error error = { 0 };
	struct filter_value value = { 0 };
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_not_equal(value_host(text, &value, &error), 0);
	assert_non_null(strstr(error.text, "too long"));
	text[0] = '/'; /* of a path any length is a pattern */
	assert_int_equal(value_host(text, &value, &error), 0);
}

static void marks(void **state)
{
	static const struct {
		const char *text;
		int64_t number, mask;
	} rows[] = {
		{ "1", 1, UINT32_MAX },
		{ "0x10/0xff", 16, 255 },
		{ "1/0", 1, 0 },
		{ "4294967295", UINT32_MAX, UINT32_MAX },
		{ "4294967296", REFUSED, 0 },
		{ "1/4294967296", REFUSED, 0 },
		{ "1/", REFUSED, 0 },
		{ "/1", REFUSED, 0 },
		{ "1/2/3", REFUSED, 0 },
		{ "-1", REFUSED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter_error error = { 0 };
		struct filter_value value = { 0 };
		int err = value_mark(rows[i].text, &value, &error);

		assert_int_equal(err != 0, rows[i].number == REFUSED);
		if (err)
			continue;
		assert_int_equal(value.number, rows[i].number);
		assert_int_equal(value.mask, rows[i].mask);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(sizes),
		cmocka_unit_test(times),   cmocka_unit_test(lingers),
		cmocka_unit_test(cookies), cmocka_unit_test(ports),
		cmocka_unit_test(words),   cmocka_unit_test(users_and_devices),
		cmocka_unit_test(hosts),   cmocka_unit_test(long_hosts_are_refused),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests_name("filter values", tests, NULL, NULL);
}
