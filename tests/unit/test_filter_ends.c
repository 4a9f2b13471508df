/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters over the ends of packet, netlink and vsock sockets, and over queues that the kernel
 * does not tell.
 */
#include "config.h"

#include "unit/unit.h"

#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "filter/filter.h"

struct row {
	const char *text;
	enum tri answer;
};

#define YES TRI_YES
#define NO  TRI_NO
#define UNK TRI_UNKNOWN

static void check_rows(const struct socket *sk, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct filter_error error = { 0 };
		struct filter *filter;
		enum tri answer;

		if (filter_parse(&filter, rows[i].text, &error) != 0)
			fail_msg("'%s': column %zu: %s", rows[i].text, error.column, error.text);
		answer = filter_match(filter, sk);
		filter_free(filter);
		if (answer != rows[i].answer)
			fail_msg("'%s': %d instead of %d", rows[i].text, answer, rows[i].answer);
	}
}

#define CHECK_ROWS(sk, ...)                                        \
	do {                                                       \
		static const struct row rows_[] = { __VA_ARGS__ }; \
		check_rows(sk, rows_, COUNT(rows_));               \
	} while (0)

static struct socket of_kind(enum netid netid, uint8_t family)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = netid;
	sk.family = family;
	sk.state = STATE_CLOSE;
	sk.queue_unit = QUEUE_UNKNOWN;
	return sk;
}

static void packet_ends(void **state)
{
	struct socket sk = of_kind(NETID_PACKET_RAW, AF_PACKET);

	(void)state;
	sk.packet.protocol = ETH_P_ARP;
	sk.ifindex = if_nametoindex("lo");
	CHECK_ROWS(&sk, { "src link:arp", YES }, { "src link:arp:lo", YES },
		   { "src link:*:lo", YES }, { "src link:", YES }, { "src link:0x806", YES },
		   { "src link:2054:*", YES }, { "src link:ip", NO }, { "src link:arp:4095", NO },
		   { "src != link:arp", NO }, { "src netlink:*", NO }, { "src vsock:*", NO },
		   { "src unix:*", NO }, { "src inet:*", NO }, { "dst link:*", YES },
		   { "dst link:arp", NO }, { "sport = 1", NO }, { "sport != 1", YES },
		   { "netid p_raw", YES }, { "not src link:arp", NO }, { "dev lo", YES });
	/* A word that begins with a digit, and one in capitals. */
	sk.packet.protocol = ETH_P_8021Q;
	CHECK_ROWS(&sk, { "src link:802.1q", YES }, { "src link:802.1Q:lo", YES },
		   { "src link:ARP", NO });
}

static void netlink_ends(void **state)
{
	struct socket sk = of_kind(NETID_NETLINK, AF_NETLINK);

	(void)state;
	sk.protocol = NETLINK_GENERIC;
	sk.netlink.port_id = 4000000000u;
	CHECK_ROWS(&sk, { "src netlink:genl", YES }, { "src netlink:genl:4000000000", YES },
		   { "src netlink:16", YES }, { "src netlink:rtnl", NO },
		   { "src netlink:*:kernel", NO }, { "dst netlink:*", YES },
		   { "dst netlink:0:0", NO }, { "src 10.0.0.0/8", NO }, { "src *", YES });
	sk.netlink.connected = true;
	CHECK_ROWS(&sk, { "dst netlink:0:0", YES }, { "dst netlink:0:kernel", YES },
		   { "dst netlink:3", NO });
	sk.netlink.port_id = 0;
	CHECK_ROWS(&sk, { "src netlink:genl:kernel", YES });
}

static void vsock_ends(void **state)
{
	struct socket sk = of_kind(NETID_VSOCK_STREAM, AF_VSOCK);

	(void)state;
	sk.vsock.local = (struct vsock_address){ 2, 1024 };
	sk.vsock.peer = (struct vsock_address){ 3, UINT32_MAX };
	CHECK_ROWS(&sk, { "src vsock:2", YES }, { "src vsock:2:1024", YES },
		   { "src vsock:*:1024", YES }, { "src vsock:3", NO }, { "dst vsock:3", YES },
		   { "dst vsock:3:4294967295", YES }, { "dst vsock:3:1", NO },
		   { "sport = 1024", YES }, { "sport > 1023", YES }, { "sport = 80", NO },
		   { "dport = 80", NO }, { "dport != 80", YES });
}

static void what_is_no_end_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "src link:apr", "unknown protocol of packet sockets 'apr'; did you mean 'arp'?" },
		{ "src link:nothing", "unknown protocol of packet sockets 'nothing'" },
		{ "src link:arp:nodevice0", "unknown device 'nodevice0'" },
		{ "src link:0x", "unknown protocol of packet sockets '0x'" },
		{ "src link:1:2:3", "not of the form link:PROTOCOL:DEVICE: '1:2:3'" },
		{ "src netlink:rtnll",
		  "unknown protocol of netlink 'rtnll'; did you mean 'rtnl'?" },
		{ "src netlink:rtnl:x", "unknown port id 'x'; did you mean 'kernel'?" },
		{ "src netlink:0:-1", "unknown port id '-1'; did you mean 'kernel'?" },
		{ "src "
		  "netlink:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "not of the form netlink:PROTOCOL:PORTID: "
		  "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'" },
		{ "src vsock:host", "unknown context id 'host'" },
		{ "src vsock:2:http", "unknown vsock port 'http'" },
		{ "src vsock:4294967296", "unknown context id '4294967296'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filter_error error = { 0 };
		struct filter *filter;

		if (filter_parse(&filter, rows[i].text, &error) == 0)
			fail_msg("'%s' is taken", rows[i].text);
		assert_string_equal(error.text, rows[i].says);
	}
}

/* No number is no 0. */
static void queues_that_nobody_tells(void **state)
{
	struct socket sk = of_kind(NETID_VSOCK_STREAM, AF_VSOCK);

	(void)state;
	CHECK_ROWS(&sk, { "recvq = 0", UNK }, { "sendq > 0", UNK }, { "not recvq = 0", UNK },
		   { "unread = 0", UNK });
	sk.queue_unit = QUEUE_MEMORY;
	CHECK_ROWS(&sk, { "recvq = 0", YES }, { "sendq > 0", NO });
}

static void a_cookie_that_was_not_told(void **state)
{
	struct socket sk = of_kind(NETID_RAW, AF_INET);

	(void)state;
	CHECK_ROWS(&sk, { "cookie 0", UNK }, { "cookie != 5", UNK });
	sk.cookie = 5;
	CHECK_ROWS(&sk, { "cookie 5", YES }, { "cookie 6", NO });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_ends),
		cmocka_unit_test(netlink_ends),
		cmocka_unit_test(vsock_ends),
		cmocka_unit_test(what_is_no_end_is_refused),
		cmocka_unit_test(queues_that_nobody_tells),
		cmocka_unit_test(a_cookie_that_was_not_told),
	};

	return cmocka_run_group_tests_name("filter ends", tests, NULL, NULL);
}
