/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of what is not TCP: names of any bytes, peers, MPTCP's subflows, and the cases in which a
 * queue or a cookie tells less than it seems to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ends.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define PATIENCE_MS 100
#define END_MS      WAIT_MS
#define BYTES       100

static const struct kind stream_pair = { "", "u_str", "-x", AF_UNIX, SOCK_STREAM, 0, BY_PAIR };
static const struct kind stream_path = { "", "u_str", "-x", AF_UNIX, SOCK_STREAM, 0, BY_PATH };
static const struct kind seq_pair = { "", "u_seq", "-x", AF_UNIX, SOCK_SEQPACKET, 0, BY_PAIR };
static const struct kind dgram_pair = { "", "u_dgr", "-x", AF_UNIX, SOCK_DGRAM, 0, BY_PAIR };
static const struct kind udp = { "", "udp", "-u", AF_INET, SOCK_DGRAM, 0, BY_PORT };
static const struct kind mptcp = { "", "mptcp", "-M", AF_INET, SOCK_STREAM, PROTO_MPTCP, BY_PORT };

static void list_with(struct listing *listing, const char *option, const char *more)
{
	assert_return_code(harness_list(listing, "-a", option, more, NULL), 0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
	assert_true(json_is_true(json_object_get(listing->summary, "complete")));
}

static void need_mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, PROTO_MPTCP);

	if (fd < 0) {
		print_message("# MPTCP: %s\n", strerror(errno));
		skip();
	}
	close(fd);
}

/* ---- names and peers of unix sockets ---- */

/* The accepted end has its listener's name, the end that connected has none, and each names the
 * other by inode. */
static void a_path_and_its_peers(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *near, *far;

	(void)state;
	assert_return_code(ends_open(&ends, &stream_path, 0), 0);
	list_with(&listing, "-x", "-p");
	near = row_by_inode(&listing, inode_of(ends.near));
	far = row_by_inode(&listing, inode_of(ends.far));
	check_row(near, row_is_text(near, "family", "unix"));
	check_row(near,
		  row_is_text(near, "local.path", ((struct sockaddr_un *)&ends.name)->sun_path));
	check_row(near, json_is_false(row_get(near, "local.abstract")));
	check_row(near, row_is_int(near, "peer.inode", inode_of(ends.far)));
	check_row(near, row_has_holder(near, getpid(), ends.near));
	check_row(far, row_is_int(far, "peer.inode", inode_of(ends.near)));
	check_row(far, row_is_null(far, "local.path"));
	listing_free(&listing);
	ends_close(&ends);
}

static void a_pair_has_no_names(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *near;

	(void)state;
	assert_return_code(ends_open(&ends, &stream_pair, 0), 0);
	list_with(&listing, "-x", NULL);
	near = row_by_inode(&listing, inode_of(ends.near));
	check_row(near, row_is_null(near, "local.path"));
	check_row(near, row_is_int(near, "peer.inode", inode_of(ends.far)));
	listing_free(&listing);
	/* A peer that is gone is no peer. */
	drop_fd(&ends.far);
	list_with(&listing, "-x", NULL);
	near = row_by_inode(&listing, inode_of(ends.near));
	check_row(near, row_is_null(near, "peer.inode"));
	listing_free(&listing);
	ends_close(&ends);
}

/* Any bytes: NULs, an escape sequence, what is no UTF-8. */
#define HOSTILE      "\0a\0b\033[31m\n\xff"
#define HOSTILE_CELL "@a\\x00b\\x1b[31m\\x0a\\xff"
#define HOSTILE_B64  "YQBiG1szMW0K/w=="

static int bind_hostile(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(name.sun_path, HOSTILE, sizeof(HOSTILE) - 1);
	assert_return_code(fd, 0);
	assert_return_code(
		bind(fd, (struct sockaddr *)&name,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(HOSTILE) - 1)),
		0);
	assert_return_code(listen(fd, 4), 0);
	return fd;
}

static char *output_of(const char *const argv[])
{
	struct tool_run run;
	char *text;

	assert_return_code(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	text = strdup(run.output);
	tool_free(&run);
	return text;
}

#define OUTPUT_OF(...) output_of((const char *const[]){ "lingerstat", __VA_ARGS__, NULL })

/* Jansson must be told that a string may hold a NUL. */
static void an_abstract_name_is_any_bytes(void **state)
{
	static const char path[] = "a\0b\033[31m\n\xef\xbf\xbd";
	json_t *document, *row, *found;
	int fd = bind_hostile();
	char *text;

	(void)state;
	text = OUTPUT_OF("list", "-x", "-a", "-j");
	document = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(document);
	row = document_row(document, inode_of(fd));
	found = row_get(row, "local.path");
	check_row(row, json_is_true(row_get(row, "local.abstract")));
	check_row(row, json_string_length(found) == sizeof(path) - 1);
	check_row(row, memcmp(json_string_value(found), path, sizeof(path) - 1) == 0);
	check_row(row, row_is_text(row, "local.path_base64", HOSTILE_B64));
	json_decref(document);
	free(text);
	text = OUTPUT_OF("list", "-x", "-a", "-H", "-C", "local");
	assert_non_null(strstr(text, HOSTILE_CELL));
	assert_null(strchr(text, '\033'));
	/* One row, one line. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
	close(fd);
}

/* ---- what a queue does not tell ---- */

/* A corked datagram is in nobody's queue but the sender's, and goes with it. */
static void a_corked_datagram_may_be_lost(void **state)
{
	struct listing listing;
	const int on = 1;
	struct fate fate;
	struct ends ends;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&ends, &udp, 0), 0);
	assert_return_code(setsockopt(ends.near, IPPROTO_UDP, UDP_CORK, &on, sizeof(on)), 0);
	assert_int_equal(send(ends.near, "0123456789", 10, 0), 10);
	list_with(&listing, "-u", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, json_integer_value(row_get(row, "send_queue")) > 0);
	check_row(row, row_is_null(row, "outstanding_bytes"));
	check_row(row, row_is_text(row, "close.outcome", "silent"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "certain"));
	check_row(row, row_is_null(row, "close.loss_max_bytes"));
	drop_fd(&ends.near);
	fate = ends_watch(ends.far, PATIENCE_MS);
	assert_int_equal(fate.bytes, 0);
	listing_free(&listing);
	ends_close(&ends);
}

/* The kernel tells the length of the first datagram, and an empty one hides those behind it. */
static void an_empty_datagram_hides_the_next(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;

	(void)state;
	assert_return_code(ends_open(&ends, &dgram_pair, 0), 0);
	assert_int_equal(send(ends.far, "", 0, 0), 0);
	assert_return_code(ends_send(ends.far, ends.near, BYTES), 0);
	list_with(&listing, "-x", NULL);
	row = row_by_inode(&listing, inode_of(ends.near));
	check_row(row, row_is_int(row, "recv_queue", 0));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "close.unread_bytes"));
	listing_free(&listing);
	ends_close(&ends);
}

/* Bytes of several messages add up for SOCK_SEQPACKET, and for SOCK_DGRAM they do not. */
static void several_messages(void **state)
{
	static const struct kind *const kinds[] = { &seq_pair, &dgram_pair };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct listing listing;
		struct ends ends;
		json_t *row;

		assert_return_code(ends_open(&ends, kinds[i], 0), 0);
		for (int k = 0; k < 3; k++)
			assert_return_code(ends_send(ends.far, ends.near, BYTES), 0);
		list_with(&listing, "-x", NULL);
		row = row_by_inode(&listing, inode_of(ends.near));
		if (i == 0)
			check_row(row, row_is_int(row, "unread_bytes", 3 * BYTES));
		else
			check_row(row, row_is_int(row, "recv_queue", BYTES) &&
					       row_is_null(row, "unread_bytes"));
		listing_free(&listing);
		ends_close(&ends);
	}
}

/* ---- MPTCP ---- */

static json_t *row_of_kind(const struct listing *listing, uint32_t inode, const char *netid)
{
	json_t *row;
	size_t i;

	json_array_foreach(listing->rows, i, row) if (row_is_int(row, "inode", inode) &&
						      row_is_text(row, "netid", netid)) return row;
	return NULL;
}

/* A connection is judged once: its subflow, the TCP socket with the same inode, says so and adds
 * nothing to any sum. */
static void a_subflow_is_not_counted(void **state)
{
	struct listing both, one;
	struct ends ends;
	json_t *row;

	(void)state;
	need_mptcp();
	assert_return_code(ends_open(&ends, &mptcp, 0), 0);
	assert_return_code(ends_send(ends.far, ends.near, BYTES), 0);
	list_with(&both, "-t", "-M");
	list_with(&one, "-M", NULL);
	/* It stands in the connection's row, and is no row besides. */
	assert_null(row_of_kind(&both, inode_of(ends.near), "tcp"));
	row = row_of_kind(&both, inode_of(ends.near), "mptcp");
	check_row(row, json_array_size(row_get(row, "subflows")) == 1);
	row = json_array_get(row_get(row, "subflows"), 0);
	check_row(row, row_is_text(row, "netid", "tcp") &&
			       row_is_int(row, "inode", inode_of(ends.near)));
	check_row(row, row_has_word(row, "close.reasons", "subflow"));
	check_row(row, json_array_size(row_get(row, "close.reasons")) == 1);
	check_row(row, row_is_text(row, "close.outcome", "none"));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "none"));
	check_row(row, row_is_int(row, "close.loss_max_bytes", 0));
	check_row(row, row_is_int(row, "close.unread_bytes", 0));
	check_row(row, row_has_no_linger(row));
	row = row_of_kind(&both, inode_of(ends.near), "mptcp");
	check_row(row, row_is_text(row, "close.risk", "certain"));
	check_row(row, !row_has_word(row, "close.reasons", "subflow"));
	for (size_t i = 0; i < 3; i++) {
		static const char *const sums[] = { "risks.certain", "at_stake_bytes",
						    "reasons.unread-data" };

		assert_true(
			json_equal(row_get(both.summary, sums[i]), row_get(one.summary, sums[i])));
	}
	assert_true(row_is_int(both.summary, "risks.certain", 1));
	listing_free(&both);
	listing_free(&one);
	ends_close(&ends);
}

/* A peer without MPTCP: the connection falls back to TCP, and close() with unread data sends a
 * FIN, no reset. The bytes are gone all the same. */
static void a_fallback_does_not_reset(void **state)
{
	struct listing listing;
	struct tcp_pair pair = { .family = AF_INET, .listener = -1, .near = -1, .far = -1 };
	struct ends ends = { .kind = &mptcp };
	struct fate fate;
	json_t *row;

	(void)state;
	need_mptcp();
	assert_return_code(pair.listener = tcp_listen(AF_INET, 0, &pair.far_port), 0);
	ends.name_length = sizeof(ends.name);
	assert_return_code(
		getsockname(pair.listener, (struct sockaddr *)&ends.name, &ends.name_length), 0);
	assert_return_code(pair.near = ends_connect(&ends), 0);
	assert_return_code(pair.far = tcp_accept(pair.listener), 0);
	assert_return_code(ends_send(pair.far, pair.near, BYTES), 0);
	list_with(&listing, "-M", NULL);
	row = row_of_kind(&listing, inode_of(pair.near), "mptcp");
	check_row(row, row_is_text(row, "close.outcome", "fin"));
	check_row(row, row_is_text(row, "close.risk", "certain"));
	check_row(row, row_is_null(row, "outstanding_bytes"));
	drop_fd(&pair.near);
	fate = ends_watch(pair.far, END_MS);
	assert_true(fate.eof && !fate.reset);
	listing_free(&listing);
	tcp_pair_close(&pair);
}

/* The process is gone, and the kernel still has data that may never be taken. */
static void an_orphan_with_data_is_at_risk(void **state)
{
	struct listing listing;
	struct ends ends;
	uint16_t port;
	json_t *row;

	(void)state;
	need_mptcp();
	assert_return_code(ends_open(&ends, &mptcp, 8192), 0);
	assert_true(ends_fill(ends.near) > 0);
	port = local_port(ends.near);
	drop_fd(&ends.near);
	list_with(&listing, "-M", NULL);
	row = row_by_ports(&listing, AF_INET, port, local_port(ends.far));
	check_row(row, row_is_text(row, "netid", "mptcp") && row_is_int(row, "inode", 0));
	check_row(row, row_has_word(row, "close.reasons", "orphan"));
	check_row(row, row_is_text(row, "close.outcome", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "possible"));
	listing_free(&listing);
	ends_close(&ends);
}

#define CONNECTIONS 5

/* An accepted MPTCP socket has its listener's cookie, once that has one: they are not repeats of
 * each other. */
static void sockets_with_one_cookie_are_all_listed(void **state)
{
	struct listing listing;
	int fds[2 * CONNECTIONS];
	struct ends ends;

	(void)state;
	need_mptcp();
	assert_return_code(ends_listen(&ends, &mptcp), 0);
	/* The first listing is what gives the listener its cookie. */
	list_with(&listing, "-M", NULL);
	listing_free(&listing);
	for (int i = 0; i < CONNECTIONS; i++) {
		assert_return_code(fds[2 * i] = ends_connect(&ends), 0);
		assert_return_code(fds[2 * i + 1] = tcp_accept(ends.listener), 0);
	}
	list_with(&listing, "-M", NULL);
	assert_non_null(row_by_inode(&listing, inode_of(ends.listener)));
	for (int i = 0; i < 2 * CONNECTIONS; i++)
		assert_non_null(row_by_inode(&listing, inode_of(fds[i])));
	assert_true(row_is_int(listing.summary, "duplicates_removed", 0));
	listing_free(&listing);
	for (int i = 0; i < 2 * CONNECTIONS; i++)
		close(fds[i]);
	ends_close(&ends);
}

/* Both ends are here: a connection that nobody has accepted has its subflow too. */
static void loopback_and_not_accepted(void **state)
{
	struct listing listing;
	struct ends ends;
	json_t *row;
	int client;

	(void)state;
	need_mptcp();
	assert_return_code(ends_open(&ends, &mptcp, 0), 0);
	assert_return_code(client = ends_connect(&ends), 0);
	list_with(&listing, "-M", NULL);
	row = row_by_ports(&listing, AF_INET, local_port(ends.near), peer_port(ends.near));
	check_row(row, json_array_size(row_get(row, "subflows")) == 1);
	check_row(row, json_array_size(row_get(row, "peer_holders")) == 1);
	/* Its other end waits in the listener's queue. */
	row = row_by_ports(&listing, AF_INET, peer_port(client), local_port(client));
	check_row(row, row_is_int(row, "inode", 0));
	check_row(row, json_array_size(row_get(row, "subflows")) == 1);
	row = json_array_get(row_get(row, "subflows"), 0);
	check_row(row, row_is_int(row, "inode", 0) && row_is_text(row, "netid", "tcp"));
	listing_free(&listing);
	close(client);
	ends_close(&ends);
}

/* Where there is no connection TCP is not asked for what it cannot have. */
static void without_connections_nothing_more_is_asked(void **state)
{
	static const char *const plain[] = { "-M", "-H", "-C", "netid,inode", NULL };
	static const char *const more[] = { "-M", "-j", "-C", "netid,subflows", NULL };
	static const char *const json[] = { "-M", "-j", "-C", "netid,inode", NULL };
	int without, table, with;

	(void)state;
	need_mptcp();
	if (!tool_traceable())
		skip();
	without = tool_requests(json);
	table = tool_requests(plain);
	with = tool_requests(more);
	assert_true(without > 0);
	/* IPv4 and IPv6. */
	assert_int_equal(table, without + 2);
	assert_int_equal(with, without + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_and_its_peers),
		cmocka_unit_test(a_pair_has_no_names),
		cmocka_unit_test(an_abstract_name_is_any_bytes),
		cmocka_unit_test(a_corked_datagram_may_be_lost),
		cmocka_unit_test(an_empty_datagram_hides_the_next),
		cmocka_unit_test(several_messages),
		cmocka_unit_test(sockets_with_one_cookie_are_all_listed),
		cmocka_unit_test(without_connections_nothing_more_is_asked),
		cmocka_unit_test(loopback_and_not_accepted),
		cmocka_unit_test(a_subflow_is_not_counted),
		cmocka_unit_test(a_fallback_does_not_reset),
		cmocka_unit_test(an_orphan_with_data_is_at_risk),
	};

	harness_enter();
	return cmocka_run_group_tests_name("protocol rows", tests, NULL, NULL);
}
