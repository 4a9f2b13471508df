/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same TCP rows as libnl's idiag: another decoder, which asks by the old request. Every socket
 * of the zoo, with its ends, state, device, user, inode, queues, timer and retransmissions.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#ifdef HAVE_LIBNL_IDIAG

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/idiag/idiagnl.h>
#include <netlink/idiag/msg.h>

#include "harness.h"
#include "tcp.h"
#include "zoo.h"

#define ROUNDS     12 /* a retransmission may fall into one */
#define ROUNDS_MS  30000
#define OTHER_USER 12345
#define TEXT       256

/* ---- a socket as two texts: what it is found by, and what is compared ---- */

struct row {
	int family, state, timer;
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];
	int64_t local_port, peer_port;
	int64_t interface, uid, inode, recv_queue, send_queue, retransmits;
};

static void write_row(const struct row *r, char key[TEXT], char text[TEXT])
{
	snprintf(key, TEXT, "%d %s:%lld %s:%lld inode %lld", r->family == AF_INET ? 4 : 6, r->local,
		 (long long)r->local_port, r->peer, (long long)r->peer_port, (long long)r->inode);
	snprintf(text, TEXT, "state %d, device %lld, uid %lld, queues %lld %lld, timer %d of %lld",
		 r->state, (long long)r->interface, (long long)r->uid, (long long)r->recv_queue,
		 (long long)r->send_queue, r->timer, (long long)r->retransmits);
}

/* Sockets as a map of key to text. */
static void add_row(json_t *rows, const struct row *r, size_t *repeated)
{
	char key[TEXT], text[TEXT];

	write_row(r, key, text);
	*repeated += json_object_get(rows, key) != NULL;
	json_object_set_new(rows, key, json_string(text));
}

/* ---- by libnl ---- */

static void read_end(struct nl_addr *address, int family, char text[INET6_ADDRSTRLEN])
{
	inet_ntop(family, nl_addr_get_binary_addr(address), text, INET6_ADDRSTRLEN);
}

/* The addresses stay the message's own; ports are as on the wire. */
static struct row of_message(struct idiagnl_msg *m)
{
	struct row r = {
		.family = idiagnl_msg_get_family(m),
		.state = idiagnl_msg_get_state(m),
		.timer = idiagnl_msg_get_timer(m),
		.local_port = ntohs(idiagnl_msg_get_sport(m)),
		.peer_port = ntohs(idiagnl_msg_get_dport(m)),
		.interface = idiagnl_msg_get_ifindex(m),
		.uid = idiagnl_msg_get_uid(m),
		.inode = idiagnl_msg_get_inode(m),
		.recv_queue = idiagnl_msg_get_rqueue(m),
		.send_queue = idiagnl_msg_get_wqueue(m),
		.retransmits = idiagnl_msg_get_retrans(m),
	};

	read_end(idiagnl_msg_get_src(m), r.family, r.local);
	read_end(idiagnl_msg_get_dst(m), r.family, r.peer);
	return r;
}

static json_t *rows_by_libnl(size_t *repeated)
{
	struct nl_sock *sock = nl_socket_alloc();
	json_t *rows = json_object();
	struct nl_cache *cache = NULL;
	struct nl_object *object;
	int err = idiagnl_connect(sock);

	if (err >= 0)
		err = idiagnl_msg_alloc_cache(sock, AF_INET, IDIAGNL_SS_ALL, &cache);
	if (err < 0)
		fail_msg("libnl: %s", nl_geterror(err));
	for (object = nl_cache_get_first(cache); object; object = nl_cache_get_next(object)) {
		struct row r = of_message((struct idiagnl_msg *)object);

		add_row(rows, &r, repeated);
	}
	nl_cache_free(cache);
	nl_socket_free(sock);
	return rows;
}

/* ---- by the tool ---- */

/* The number of a word in the kernel's enumeration. */
static int position(const char *word, const char *const words[], int count)
{
	for (int i = 0; word && i < count; i++)
		if (words[i] && strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

static int state_of(const json_t *row)
{
	static const char *const words[] = {
		NULL,        "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
		"time_wait", "close",       "close_wait", "last_ack", "listen",    "closing",
	};

	return position(json_string_value(row_get(row, "state")), words, 12);
}

static int timer_of(const json_t *row)
{
	static const char *const words[] = { "off", "retransmit", "keepalive", "time-wait",
					     "probe" };

	return position(json_string_value(row_get(row, "timer.name")), words, 5);
}

/* What the kernel has no number for is null here, and 0 to libnl. */
static int64_t number_at(const json_t *row, const char *path)
{
	return json_integer_value(row_get(row, path));
}

static void copy_address(const json_t *row, const char *path, char text[INET6_ADDRSTRLEN])
{
	const char *address = json_string_value(row_get(row, path));

	snprintf(text, INET6_ADDRSTRLEN, "%s", address ? address : "?");
}

static struct row of_json(const json_t *row)
{
	struct row r = {
		.family = row_is_text(row, "family", "inet") ? AF_INET : AF_INET6,
		.state = state_of(row),
		.timer = timer_of(row),
		.local_port = number_at(row, "local.port"),
		.peer_port = number_at(row, "peer.port"),
		.interface = number_at(row, "interface_index"),
		.uid = number_at(row, "uid"),
		.inode = number_at(row, "inode"),
		.recv_queue = number_at(row, "recv_queue"),
		.send_queue = number_at(row, "send_queue"),
		.retransmits = number_at(row, "timer.retransmits"),
	};

	copy_address(row, "local.address", r.local);
	copy_address(row, "peer.address", r.peer);
	return r;
}

static json_t *rows_by_tool(size_t *repeated)
{
	json_t *rows = json_object(), *row;
	struct listing listing;
	size_t i;

	assert_return_code(harness_list(&listing, "-t", "-a", "-n", "-o", NULL), 0);
	assert_int_equal(listing.status, 0);
	assert_int_equal(listing.bad_lines, 0);
	json_array_foreach(listing.rows, i, row)
	{
		struct row r = of_json(row);

		add_row(rows, &r, repeated);
	}
	listing_free(&listing);
	return rows;
}

/* ---- side by side ---- */

static const char *text_of(const json_t *rows, const char *key)
{
	const char *text = json_string_value(json_object_get(rows, key));

	return text ? text : "not there";
}

/* What libnl says before or after is what the tool says in between. */
static bool the_same(const json_t *ours, const json_t *before, const json_t *after, const char *key,
		     bool last)
{
	const char *text = text_of(ours, key);

	if (strcmp(text, text_of(before, key)) == 0 || strcmp(text, text_of(after, key)) == 0)
		return true;
	if (last)
		printf("# %s: '%s' here, '%s' and '%s' by libnl\n", key, text, text_of(before, key),
		       text_of(after, key));
	return false;
}

static bool compare_round(size_t *count, bool last)
{
	size_t repeated = 0;
	json_t *before = rows_by_libnl(&repeated);
	json_t *ours = rows_by_tool(&repeated);
	json_t *after = rows_by_libnl(&repeated);
	bool all = true;
	const char *key;
	json_t *text;

	json_object_foreach(ours, key, text) all = the_same(ours, before, after, key, last) && all;
	json_object_foreach(before, key, text) all =
		(!json_object_get(after, key) || the_same(ours, before, after, key, last)) && all;
	*count = json_object_size(ours);
	if (last && repeated)
		printf("# %zu sockets are there twice\n", repeated);
	json_decref(before);
	json_decref(ours);
	json_decref(after);
	return all && !repeated;
}

static void every_row_is_the_same(void **state)
{
	int64_t end = now_ms() + ROUNDS_MS;
	bool all = false, last = false;
	size_t count = 0;
	int round = 0;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	while (!all && !last) {
		last = ++round >= ROUNDS && now_ms() >= end;
		all = compare_round(&count, last);
	}
	printf("# %zu TCP sockets, %d rounds\n", count, round);
	assert_true(all);
	assert_true(count > 100);
}

/* Rows that are all alike would say little. */
static void every_state_is_among_them(void **state)
{
	struct listing listing;
	unsigned int states = 0, families = 0;
	json_t *row;
	bool user = false, device = false;
	size_t i;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	assert_return_code(harness_list(&listing, "-t", "-a", NULL), 0);
	json_array_foreach(listing.rows, i, row)
	{
		struct row r = of_json(row);

		assert_true(r.state > 0);
		states |= 1u << r.state;
		families |= r.family == AF_INET ? 1 : 2;
		user = user || r.uid == OTHER_USER;
		device = device || r.interface > 0;
	}
	listing_free(&listing);
	/* All from 1 to 11 but CLOSE, which is no state of a connection that is listed. */
	assert_int_equal(states | 1u << TCP_CLOSE, 0xffe);
	assert_int_equal(families, 3);
	assert_true(user && device);
}

static int open_as(uid_t uid, int family)
{
	int fd;

	setfsuid(uid);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setfsuid(0);
	return fd < 0 ? -errno : fd;
}

static int open_of_another_user(int family)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	int fd = open_as(OTHER_USER, family);

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 3) < 0)
		return -errno;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_the_same),
		cmocka_unit_test(every_state_is_among_them),
	};
	char directory[] = "/tmp/lingerstat-zoo-XXXXXX";
	const char *why = "a directory";
	int failed, err;

	harness_enter();
	err = mkdtemp(directory) ? zoo_open(directory, &why) : -errno;
	if (!err)
		err = open_of_another_user(AF_INET);
	if (!err)
		err = open_of_another_user(AF_INET6);
	if (err) {
		printf("Bail out! the zoo lacks %s: %s\n", why, strerror(-err));
		return 99;
	}
	failed = cmocka_run_group_tests_name("rows against libnl", tests, NULL, NULL);
	zoo_close(directory);
	return failed;
}

#else

int main(void)
{
	puts("1..0 # SKIP built without libnl-idiag-3");
	return 0;
}

#endif
