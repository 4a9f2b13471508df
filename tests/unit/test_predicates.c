/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every predicate on sockets that it holds for, does not hold for, and knows nothing about; and the
 * logic of the unknown.
 */
#include "config.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "filter/filter.h"

static enum tri match(const char *text, const struct socket *sk)
{
	struct filter_error error = { 0 };
	struct filter *filter;
	enum tri answer;

	if (filter_parse(&filter, text, &error) != 0)
		fail_msg("'%s': column %zu: %s", text, error.column, error.text);
	answer = filter_match(filter, sk);
	filter_free(filter);
	return answer;
}

/* Of each text what it says, and that `not` turns yes and no around and leaves the rest. */
struct row {
	const char *text;
	enum tri answer;
};

static void assert_rows(const struct socket *sk, const struct row *rows, size_t n)
{
	static const char *const names[] = { "unknown", "no", "yes" };
	static const enum tri negated[] = { TRI_UNKNOWN, TRI_YES, TRI_NO };
	char not [256];

	for (size_t i = 0; i < n; i++) {
		enum tri answer = match(rows[i].text, sk);

		if (answer != rows[i].answer)
			fail_msg("'%s': %s instead of %s", rows[i].text, names[answer],
				 names[rows[i].answer]);
		snprintf(not, sizeof(not ), "not (%s)", rows[i].text);
		assert_int_equal(match(not, sk), negated[answer]);
	}
}

#define ASSERT_ROWS(sk, ...)                                       \
	do {                                                       \
		static const struct row rows_[] = { __VA_ARGS__ }; \
		assert_rows(sk, rows_, COUNT(rows_));              \
	} while (0)

#define YES TRI_YES
#define NO  TRI_NO
#define UNK TRI_UNKNOWN

/* A connection of which nothing but its identity is known. */
static struct socket bare(void)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_TCP;
	sk.protocol = IPPROTO_TCP;
	sk.family = AF_INET;
	sk.state = STATE_ESTABLISHED;
	inet_pton(AF_INET, "10.1.2.3", &sk.local.addr);
	inet_pton(AF_INET, "192.0.2.1", &sk.peer.addr);
	sk.local.port = 80;
	sk.peer.port = 40000;
	sk.inode = 1234;
	sk.cookie = 0x4a;
	return sk;
}

static const struct holder holders[] = { { 100, 7, "nginx", 100 }, { 101, 7, "worker (2)", 101 } };

/* A connection of which everything is known. */
static struct socket known(void)
{
	struct socket sk = bare();

	sk.recv_queue = 500;
	sk.send_queue = 70000;
	sk.unread_bytes = 499;
	sk.outstanding_bytes = 70000;
	sk.unsent_bytes = 65536;
	sk.uid = 33;
	sk.uid_known = true;
	sk.mark = 0x15;
	sk.ifindex = 7;
	sk.cgroup = "/system.slice/nginx.service";
	sk.tcp.last_data_sent_ms = 30000;
	sk.tcp.last_data_recv_ms = 90000;
	sk.tcp.backoff = 0;
	sk.linger.kind = LINGER_ON;
	sk.linger.seconds = 5;
	sk.options.repair = sk.options.linger2_negative = TRI_NO;
	sk.holders.known = HOLDERS_COMPLETE;
	sk.holders.count = 2;
	sk.holders.items = holders;
	sk.close.risk = sk.close.risk_max = RISK_POSSIBLE;
	sk.close.reasons = REASON_BIT(REASON_UNSENT) | REASON_BIT(REASON_SHARED);
	return sk;
}

static void what_is_known_is_compared(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "recvq = 500", YES }, { "recvq != 500", NO }, { "recvq < 500", NO },
		    { "recvq <= 500", YES }, { "recvq > 499", YES }, { "recvq >= 501", NO },
		    { "sendq >= 64k", YES }, { "sendq > 1m", NO }, { "unread = 499", YES },
		    { "outstanding = 70000", YES }, { "unsent = 64KiB", YES },
		    { "unacked = 4464", YES }, { "unacked > 4464", NO }, { "uid = 33", YES },
		    { "uid > 33", NO }, { "user = 33", YES }, { "inode = 1234", YES },
		    { "inode 1", NO }, { "cookie = 4a", YES }, { "cookie 0x4a", YES },
		    { "cookie != 4a", NO }, { "netid tcp", YES }, { "netid != udp", YES },
		    { "netid unix", NO }, { "netid != unix", YES }, { "comm \"worker (2)\"", YES },
		    { "comm = \"worker*\" and inode 1", NO }, { "comm \"worker\"", NO },
		    { "comm=\"work\\er (2)\"", YES }, { "dev = 7", YES }, { "dev != 7", NO },
		    { "dev 1", NO });
}

static void idle_is_since_data_went_either_way(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "idle = 30s", YES }, { "idle > 29999ms", YES }, { "idle >= 1m", NO },
		    { "idle < 0.5m", NO });
	sk.tcp.last_data_recv_ms = 5;
	ASSERT_ROWS(&sk, { "idle = 5ms", YES });
	sk.tcp.last_data_sent_ms = UNKNOWN;
	ASSERT_ROWS(&sk, { "idle = 5ms", UNK }, { "idle > 0", UNK });
}

static void marks_are_compared_under_a_mask(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "fwmark = 0x15", YES }, { "fwmark = 5/0xf", YES },
		    { "fwmark = 0x10/0xf0", YES }, { "fwmark != 5/0xf", NO },
		    { "fwmark 0x15/0xf", NO }, { "fwmark = 0", NO }, { "fwmark 0/0", YES });
	sk.mark = UNKNOWN;
	ASSERT_ROWS(&sk, { "fwmark = 0", UNK }, { "fwmark != 0", UNK });
}

static void any_holder_counts(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "pid = 100", YES }, { "pid 101", YES }, { "pid 102", NO },
		    { "pid != 100", NO }, { "pid != 102", YES }, { "comm nginx", YES },
		    { "comm ngin?", YES }, { "comm worker*", YES }, { "comm = Nginx", NO },
		    { "comm = ?orker*2?", YES }, { "comm != apache*", YES });
	sk.holders.known = HOLDERS_PARTIAL;
	ASSERT_ROWS(&sk, { "pid = 100", YES }, { "pid 102", UNK }, { "pid != 102", UNK },
		    { "comm nginx", YES }, { "comm apache", UNK });
	sk.holders.known = HOLDERS_UNKNOWN;
	sk.holders.count = 0;
	ASSERT_ROWS(&sk, { "pid = 100", UNK }, { "comm *", UNK });
	sk.inode = 0; /* nobody holds it, whoever could be read */
	ASSERT_ROWS(&sk, { "pid = 100", NO }, { "comm *", NO }, { "pid != 100", YES });
}

static void cgroups_are_paths(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "cgroup /system.slice/nginx.service", YES },
		    { "cgroup /system.slice", NO }, { "cgroup /system.slice/*", YES },
		    { "cgroup != /user.slice/*", YES });
	/* In the file system, as ss takes it: one of the two is where it is mounted. */
	ASSERT_ROWS(&sk,
		    { "cgroup /sys/fs/cgroup/system.slice/nginx.service or "
		      "cgroup /sys/fs/cgroup/unified/system.slice/nginx.service",
		      YES },
		    { "cgroup /sys/fs/cgroup or cgroup /sys/fs/cgroup/unified", NO },
		    { "cgroup /sys/fs/cgroups", NO });
	sk.cgroup = "/";
	ASSERT_ROWS(&sk, { "cgroup /", YES },
		    { "cgroup /sys/fs/cgroup or cgroup /sys/fs/cgroup/unified", YES });
	sk.cgroup = NULL;
	ASSERT_ROWS(&sk, { "cgroup /", UNK }, { "cgroup != /", UNK });
}

static void units_have_names(void **state)
{
	struct workload w = { .unit = "nginx.service" };
	struct socket sk = known();

	(void)state;
	sk.workload = &w;
	ASSERT_ROWS(&sk, { "unit nginx.service", YES }, { "unit = nginx", YES },
		    { "unit ng*", YES }, { "unit nginx.socket", NO }, { "unit ngin", NO },
		    { "unit != nginx", NO }, { "unit != sshd", YES });
	w.unit = "user@7.service/app@1.service";
	ASSERT_ROWS(&sk, { "unit app@1.service", YES }, { "unit app@1", YES },
		    { "unit app@*", YES }, { "unit user@7.service/*", YES },
		    { "unit user@7.service", NO }, { "unit user@7.service/app@1", YES });
	w.unit = "system.slice";
	ASSERT_ROWS(&sk, { "unit system.slice", YES }, { "unit system", NO });
	w.unit = NULL; /* it has none */
	ASSERT_ROWS(&sk, { "unit *", NO }, { "unit != *", YES });
	sk.workload = NULL;
	ASSERT_ROWS(&sk, { "unit *", UNK }, { "unit != *", UNK });
}

#define CONTAINER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void containers_have_ids_or_names(void **state)
{
	struct workload w = { .container = "docker:" CONTAINER_ID,
			      .runtime = "docker",
			      .id = CONTAINER_ID };
	struct socket sk = known();

	(void)state;
	sk.workload = &w;
	ASSERT_ROWS(&sk, { "container " CONTAINER_ID, YES }, { "container 0123456789ab", YES },
		    { "container docker:0123456789ab", YES }, { "container docker:*", YES },
		    { "container = docker", YES }, { "container 0123*", YES },
		    { "container podman", NO }, { "container 0123456789a", NO },
		    { "container != *", NO });
	w = (struct workload){ .container = "?:" CONTAINER_ID, .id = CONTAINER_ID };
	ASSERT_ROWS(&sk, { "container 0123456789ab", YES }, { "container docker", NO });
	w = (struct workload){ .container = "lxc:web", .runtime = "lxc", .name = "web" };
	ASSERT_ROWS(&sk, { "container web", YES }, { "container lxc:web", YES },
		    { "container lxc", YES }, { "container we", NO });
	w = (struct workload){ .unit = "a.service" };
	ASSERT_ROWS(&sk, { "container *", NO }, { "container != *", YES });
	sk.workload = NULL;
	ASSERT_ROWS(&sk, { "container *", UNK });
}

static void linger_is_known_or_not(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "linger on", YES }, { "linger off", NO }, { "linger unknown", NO },
		    { "linger none", NO }, { "linger != off", YES }, { "linger = 5", YES },
		    { "linger 5s", YES }, { "linger != 5", NO }, { "linger < 6", YES },
		    { "linger >= 6", NO }, { "linger inf", NO }, { "linger < inf", YES });
	sk.linger.forever = true;
	sk.linger.seconds = UNKNOWN;
	ASSERT_ROWS(&sk, { "linger on", YES }, { "linger inf", YES }, { "linger forever", YES },
		    { "linger = 5", NO }, { "linger > 5", YES }, { "linger < inf", NO });
	sk.linger = (struct linger_setting){ .kind = LINGER_OFF, .seconds = 5 };
	ASSERT_ROWS(&sk, { "linger off", YES }, { "linger on", NO }, { "linger = 5", NO },
		    { "linger != 5", YES }, { "linger < 6", NO }, { "linger none", NO });
	sk.linger.kind = LINGER_NONE;
	ASSERT_ROWS(&sk, { "linger none", YES }, { "linger off", NO }, { "linger on", NO },
		    { "linger unknown", NO }, { "linger = 0", NO });
	sk.linger.kind = LINGER_UNKNOWN;
	ASSERT_ROWS(&sk, { "linger unknown", YES }, { "linger != unknown", NO },
		    { "linger on", UNK }, { "linger off", UNK }, { "linger none", UNK },
		    { "linger != off", UNK }, { "linger = 0", UNK }, { "linger > 0", UNK });
}

static void nothing_known_is_nothing_claimed(void **state)
{
	struct socket sk = bare();

	(void)state;
	ASSERT_ROWS(&sk, { "unread > 0", UNK }, { "unread = 0", UNK }, { "unread != 0", UNK },
		    { "outstanding < 1", UNK }, { "unsent = 0", UNK }, { "unacked = 0", UNK },
		    { "idle > 0", UNK }, { "uid = 0", UNK }, { "user 0", UNK },
		    { "uid != 0", UNK });
	sk.outstanding_bytes = 5;
	ASSERT_ROWS(&sk, { "unacked = 5", UNK }, { "outstanding 5", YES });
}

static void risk_lies_between_its_bounds(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "risk possible", YES }, { "risk >= possible", YES },
		    { "risk > possible", NO }, { "risk != possible", NO },
		    { "risk < likely", YES });
	sk.close.risk = RISK_NONE;
	sk.close.risk_max = RISK_LIKELY;
	ASSERT_ROWS(&sk, { "risk none", UNK }, { "risk likely", UNK }, { "risk certain", NO },
		    { "risk != none", UNK }, { "risk != certain", YES }, { "risk >= none", YES },
		    { "risk >= possible", UNK }, { "risk > likely", NO }, { "risk <= likely", YES },
		    { "risk < certain", YES });
}

static void a_reason_not_given_may_be_unknown(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "reason unsent", YES }, { "reason != unsent", NO },
		    { "reason shared", YES }, { "reason zero-linger", NO }, { "reason repair", NO },
		    { "reason negative-linger2", NO }, { "reason unacked", NO },
		    { "reason zero-window", NO }, { "reason holder-unseen", NO },
		    { "reason unread-data", NO }, { "reason orphan", NO });
	sk.linger.kind = LINGER_UNKNOWN;
	sk.options.repair = sk.options.linger2_negative = TRI_UNKNOWN;
	sk.holders.known = HOLDERS_PARTIAL;
	sk.tcp.backoff = UNKNOWN;
	sk.unsent_bytes = UNKNOWN;
	ASSERT_ROWS(&sk, { "reason unsent", YES }, { "reason shared", YES },
		    { "reason zero-linger", UNK }, { "reason != zero-linger", UNK },
		    { "reason repair", UNK }, { "reason negative-linger2", UNK },
		    { "reason unacked", UNK }, { "reason zero-window", UNK },
		    { "reason retransmitting", UNK }, { "reason no-progress", UNK },
		    { "reason holder-unseen", UNK }, { "reason orphan", NO },
		    { "reason subflow", NO }, { "reason linger-unknown", NO },
		    { "reason unread-data", NO });
	sk.outstanding_bytes = 0;
	sk.inode = 0;
	sk.linger.kind = LINGER_NONE;
	sk.close.reasons = 0;
	ASSERT_ROWS(&sk, { "reason unsent", NO }, { "reason unacked", NO },
		    { "reason zero-window", NO }, { "reason shared", NO },
		    { "reason zero-linger", NO }, { "reason repair", NO });
}

/* Of DCCP, vsock and SCTP the kernel does not tell the queues, or not all of them. */
static void a_reason_of_queues_that_are_not_told(void **state)
{
	struct socket sk = known();

	(void)state;
	sk.close.reasons = 0;
	sk.netid = NETID_DCCP;
	sk.queue_unit = QUEUE_UNKNOWN;
	sk.unread_bytes = sk.outstanding_bytes = sk.unsent_bytes = UNKNOWN;
	ASSERT_ROWS(&sk, { "reason unread-data", UNK }, { "reason != unread-data", UNK },
		    { "reason unaccepted", NO }, { "reason sibling-unread", NO });
	sk.state = STATE_LISTEN;
	ASSERT_ROWS(&sk, { "reason unread-data", NO }, { "reason unaccepted", UNK },
		    { "reason != unaccepted", UNK });
	sk = known();
	sk.close.reasons = 0;
	sk.netid = NETID_SCTP;
	sk.association = true;
	sk.queue_unit = QUEUE_MEMORY;
	ASSERT_ROWS(&sk, { "reason sibling-unread", UNK }, { "reason unaccepted", NO });
	sk.sctp.socket = TRI_NO;
	ASSERT_ROWS(&sk, { "reason sibling-unread", NO }, { "reason unread-data", NO });
}

static void states_and_their_groups(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "state established", YES }, { "state != established", NO },
		    { "state listening", NO }, { "exclude listening", YES },
		    { "exclude established", NO }, { "exclude != established", YES },
		    { "exclude != listening", NO }, { "state connected", YES },
		    { "state bucket", NO }, { "state closing state established", YES },
		    { "state closing and state established", NO });
	sk.state = STATE_CLOSE;
	ASSERT_ROWS(&sk, { "state closed", YES }, { "state connected", NO }, { "state all", YES },
		    { "exclude close", NO }, { "state big", YES });
	sk.state = STATE_BOUND_INACTIVE;
	ASSERT_ROWS(&sk, { "state closed", YES }, { "state bound-inactive", YES },
		    { "exclude bound_inactive", NO }, { "state connected", NO });
	sk.state = STATE_CLOSE;
	ASSERT_ROWS(&sk, { "state bound-inactive", NO });
	sk.state = STATE_SYN_RECV;
	ASSERT_ROWS(&sk, { "state syn-recv", YES }, { "state bucket", YES }, { "state big", NO },
		    { "state synchronized", YES });
	sk.state = STATE_SYN_SENT;
	ASSERT_ROWS(&sk, { "state synchronized", NO }, { "state connected", YES });
}

/* ---- addresses ---- */

static void addresses_and_prefixes(void **state)
{
	struct socket sk = known();

	(void)state;
	ASSERT_ROWS(&sk, { "src 10.1.2.3", YES }, { "src 10.1.2.4", NO },
		    { "src 10.1.2.2/31", YES }, { "src 10.1.2.4/31", NO },
		    { "src 10.0.0.0/9", YES }, { "src 10.128.0.0/9", NO }, { "src 0.0.0.0/0", YES },
		    { "src inet:*", YES }, { "src inet6:*", NO }, { "src [::]/0", NO },
		    { "src [::ffff:10.1.2.3]", NO }, { "src *", YES }, { "src :80", YES },
		    { "src *:81", NO }, { "src 10.1.2.3:80", YES }, { "src 10.1.2.3:81", NO },
		    { "src != 10.1.2.3", NO }, { "src != 10.1.2.3:81", YES },
		    { "dst 192.0.2.0/24:40000", YES }, { "dst 10.1.2.3", NO }, { "sport 80", YES },
		    { "sport != 80", NO }, { "sport < 81", YES }, { "dport > 65534", NO },
		    { "dport >= 40000", YES }, { "src unix:*", NO }, { "src /", NO },
		    { "src two.example", NO }, { "dst two.example or dst one.example", YES });
}

static void ipv4_in_ipv6_is_ipv4(void **state)
{
	struct socket sk = known();

	(void)state;
	sk.family = AF_INET6;
	inet_pton(AF_INET6, "::ffff:10.1.2.3", &sk.local.addr);
	inet_pton(AF_INET6, "2001:db8::5", &sk.peer.addr);
	ASSERT_ROWS(&sk, { "src 10.1.2.3", YES }, { "src 10.0.0.0/8", YES },
		    { "src 11.0.0.0/8", NO }, { "src [::ffff:10.1.2.3]", YES },
		    { "src [::ffff:0:0]/96", YES }, { "src 0.0.0.0/0", YES },
		    { "dst 0.0.0.0/0", NO }, { "dst [2001:db8::]/32", YES },
		    { "dst [2001:db8::5]/127:40000", YES }, { "dst [2001:db8::6]/127", NO },
		    { "src inet6:*", YES }, { "dst inet:*", NO }, { "src inet:10.1.2.3", NO },
		    { "src inet:*", NO }, { "src inet6:[::ffff:10.1.2.3]", YES });
}

static struct socket unix_socket(const char *name, uint16_t len, bool abstract)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = NETID_UNIX_STREAM;
	sk.family = AF_UNIX;
	sk.state = STATE_LISTEN;
	sk.inode = 5;
	sk.un.name = name;
	sk.un.name_len = len;
	sk.un.abstract = abstract;
	return sk;
}

static void unix_names_are_patterns(void **state)
{
	struct socket path = unix_socket("/run/App.sock", 13, false);
	struct socket abstract = unix_socket("a\0b=c", 5, true);
	struct socket nameless = unix_socket(NULL, 0, false);
	char longest[109];
	struct socket full;

	(void)state;
	ASSERT_ROWS(&path, { "src /run/App.sock", YES }, { "src unix:/run/App.sock", YES },
		    { "src /run/app.SOCK", YES }, { "src /run/*", YES }, { "src /run", NO },
		    { "src unix:*", YES }, { "src unix:*app*", YES }, { "src != /run/*", NO },
		    { "src @*", NO }, { "src *", YES }, { "src 10.0.0.1", NO },
		    { "src != 10.0.0.1", YES }, { "src :80", NO }, { "sport = 80", NO },
		    { "sport != 80", YES }, { "sport < 80", NO }, { "dport >= 0", NO },
		    { "autobound", NO }, { "netid u_str", YES }, { "netid unix", YES },
		    { "dev lo", NO });
	ASSERT_ROWS(&abstract, { "src @a@b?c", YES }, { "src unix:@a*", YES }, { "src @a", NO },
		    { "src @a@b", NO }, { "src unix:a*", NO }, { "autobound", NO });
	ASSERT_ROWS(&nameless, { "src unix:*", YES }, { "src unix:?*", NO }, { "src /*", NO },
		    { "autobound", YES });
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	full = unix_socket(longest, 108, false);
	ASSERT_ROWS(&full, { "src /x*", YES }, { "src /y*", NO });
	full = unix_socket("", 0, true);
	ASSERT_ROWS(&full, { "src unix:@", YES }, { "src unix:*", YES }, { "autobound", NO });
}

static void autobound_unix_names_have_five_digits(void **state)
{
	static const struct {
		const char *name;
		uint16_t len;
		bool abstract, autobound;
	} rows[] = {
		{ "0042f", 5, true, true },     { "0042g", 5, true, false },
		{ "0042F", 5, true, false },    { "0042", 4, true, false },
		{ "00042f", 6, true, false },   { "0042f", 5, false, false },
		{ "00\0002f", 5, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk = unix_socket(rows[i].name, rows[i].len, rows[i].abstract);

		assert_int_equal(match("autobound", &sk), rows[i].autobound ? YES : NO);
	}
}

/* ---- the logic of the unknown ---- */

static void unknown_is_neither_true_nor_false(void **state)
{
	/* On this socket: yes, no, unknown. */
	static const char *const words[] = { "sport = 80", "sport = 81", "idle > 1s" };
	static const enum tri values[] = { YES, NO, UNK };
	/* Kleene's tables: and is the lesser, or the greater, with no < unknown < yes. */
	static const int rank[] = { [NO] = 0, [UNK] = 1, [YES] = 2 };
	static const char *const joints[] = { " and ", " ", " or " };
	struct socket sk = bare();
	char text[128];

	(void)state;
	for (size_t a = 0; a < 3; a++) {
		assert_int_equal(match(words[a], &sk), values[a]);
		for (size_t b = 0; b < 3; b++) {
			enum tri lesser = rank[values[a]] < rank[values[b]] ? values[a] : values[b];
			enum tri greater =
				rank[values[a]] < rank[values[b]] ? values[b] : values[a];

			for (size_t j = 0; j < COUNT(joints); j++) {
				struct row row = { text, j == 2 ? greater : lesser };

				snprintf(text, sizeof(text), "%s%s%s", words[a], joints[j],
					 words[b]);
				assert_rows(&sk, &row, 1);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_compared),
		cmocka_unit_test(idle_is_since_data_went_either_way),
		cmocka_unit_test(marks_are_compared_under_a_mask),
		cmocka_unit_test(any_holder_counts),
		cmocka_unit_test(cgroups_are_paths),
		cmocka_unit_test(units_have_names),
		cmocka_unit_test(containers_have_ids_or_names),
		cmocka_unit_test(linger_is_known_or_not),
		cmocka_unit_test(nothing_known_is_nothing_claimed),
		cmocka_unit_test(risk_lies_between_its_bounds),
		cmocka_unit_test(a_reason_not_given_may_be_unknown),
		cmocka_unit_test(a_reason_of_queues_that_are_not_told),
		cmocka_unit_test(states_and_their_groups),
		cmocka_unit_test(addresses_and_prefixes),
		cmocka_unit_test(ipv4_in_ipv6_is_ipv4),
		cmocka_unit_test(unix_names_are_patterns),
		cmocka_unit_test(autobound_unix_names_have_five_digits),
		cmocka_unit_test(unknown_is_neither_true_nor_false),
	};

	return cmocka_run_group_tests_name("predicates", tests, NULL, NULL);
}
