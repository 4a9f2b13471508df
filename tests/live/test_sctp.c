/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCTP sockets, made here, beside what the tool says of them: endpoints and associations, their
 * states, ends, queues, holders and options, and the sums over them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ends.h"
#include "sctp.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES    100

static const struct linger five = { 1, 5 };

static void set_linger(int fd, struct linger value)
{
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof(value)), errno);
}

/* ---- rows ---- */

static void check_ends(const json_t *row, int fd, const char *family, const char *address)
{
	check_row(row, row_is_text(row, "netid", "sctp"));
	check_row(row, row_is_text(row, "family", family));
	check_row(row, row_is_text(row, "local.address", address));
	check_row(row, row_is_int(row, "local.port", local_port(fd)));
	check_row(row, row_is_text(row, "peer.address", address));
	check_row(row, row_is_int(row, "peer.port", peer_port(fd)));
	check_row(row, row_is_int(row, "uid", getuid()));
	check_row(row, row_has_holder(row, getpid(), fd));
	check_row(row, json_string_length(row_get(row, "cookie")) > 0);
}

static void check_no_endpoint_verdict(const json_t *row)
{
	check_row(row, row_is_text(row, "queue_unit", "connections"));
	check_row(row, row_is_text(row, "close.outcome", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "none"));
	check_row(row, row_has_word(row, "close.reasons", "endpoint"));
}

static void endpoints_and_associations(void **state)
{
	static const struct {
		int family;
		const char *name, *address;
	} rows[] = { { AF_INET, "inet", "127.0.0.1" }, { AF_INET6, "inet6", "::1" } };

	(void)state;
	sctp_need();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listing listing;
		struct sctp_pair pair;
		const char *why;
		json_t *row;

		sctp_open_pair(&pair, rows[i].family);
		set_linger(pair.near, five);
		sctp_list(&listing, "-i");
		row = sctp_endpoint(&listing, pair.listener);
		check_row(row, row_is_text(row, "state", "listen"));
		check_row(row, row_is_int(row, "local.port", pair.port));
		check_row(row, row_is_int(row, "recv_queue", 0));
		check_row(row, row_is_int(row, "send_queue", 8));
		check_no_endpoint_verdict(row);
		assert_null(sctp_association(&listing, pair.listener, 0));
		row = sctp_endpoint(&listing, pair.near);
		check_row(row, row_is_text(row, "state", "close"));
		check_no_endpoint_verdict(row);
		check_ends(row, pair.near, rows[i].name, rows[i].address);
		row = sctp_association(&listing, pair.near, pair.port);
		check_row(row, row_is_text(row, "state", "established"));
		check_row(row, row_is_text(row, "queue_unit", "memory"));
		check_row(row, row_is_int(row, "recv_queue", 0));
		check_row(row, row_is_int(row, "unread_bytes", 0));
		check_row(row, row_is_text(row, "info.path_state", "active"));
		check_row(row, row_has_word(row, "info.peer_addresses", rows[i].address));
		check_ends(row, pair.near, rows[i].name, rows[i].address);
		if (linger_by_bpf(&listing, &why))
			check_row(row, row_is_linger(row, &five));
		else
			check_row(row, row_is_null(row, "linger"));
		row = sctp_association(&listing, pair.far, 0);
		check_ends(row, pair.far, rows[i].name, rows[i].address);
		assert_int_equal(json_array_size(listing.rows), 5);
		listing_free(&listing);
		sctp_close_pair(&pair);
	}
}

/* A connection is listed, and counted, once an end. */
static void connections_are_listed_once(void **state)
{
	struct listing listing;
	struct sctp_pair pair;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	assert_return_code(harness_list(&listing, "-S", NULL), errno);
	assert_int_equal(listing.status, 0);
	assert_int_equal(json_array_size(listing.rows), 2);
	assert_non_null(sctp_association(&listing, pair.near, 0));
	assert_non_null(sctp_association(&listing, pair.far, 0));
	listing_free(&listing);
	/* Idle ones are endpoints. */
	assert_return_code(harness_list(&listing, "-S", "state unconnected", NULL), errno);
	assert_int_equal(json_array_size(listing.rows), 2);
	assert_non_null(sctp_endpoint(&listing, pair.near));
	listing_free(&listing);
	sctp_close_pair(&pair);
}

static void an_unread_message_is_memory(void **state)
{
	struct listing listing;
	struct sctp_pair pair;
	json_t *row;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	assert_return_code(ends_send(pair.far, pair.near, BYTES), 0);
	sctp_list(&listing, NULL);
	row = sctp_association(&listing, pair.near, 0);
	check_row(row, json_integer_value(row_get(row, "recv_queue")) > BYTES);
	check_row(row, row_is_text(row, "queue_unit", "memory"));
	check_row(row, row_is_null(row, "unread_bytes"));
	check_row(row, row_is_null(row, "close.unread_bytes"));
	listing_free(&listing);
	sctp_close_pair(&pair);
}

/* The kernel gives zeros for an IPv4 address of an IPv6 socket. */
static void ipv4_in_an_ipv6_socket(void **state)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct listing listing;
	int listener, near, far;
	json_t *row;

	(void)state;
	sctp_need();
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
	assert_return_code(listener, errno);
	assert_return_code(bind(listener, (struct sockaddr *)&any, sizeof(any)), errno);
	assert_return_code(listen(listener, 4), errno);
	near = sctp_connect(AF_INET, local_port(listener), 0);
	assert_return_code(far = tcp_accept(listener), errno);
	sctp_list(&listing, NULL);
	row = sctp_association(&listing, far, 0);
	check_row(row, row_is_text(row, "family", "inet6"));
	check_row(row, row_is_text(row, "peer.address", "::ffff:127.0.0.1"));
	check_row(row, row_is_int(row, "peer.port", local_port(near)));
	listing_free(&listing);
	close(far);
	close(near);
	close(listener);
}

/* ---- states ---- */

/* A state, and how a pair gets there: which socket has it then. */
static int cookie_wait(struct sctp_pair *pair)
{
	assert_return_code(tcp_deafen(pair->listener), errno);
	drop_fd(&pair->near);
	return pair->near = sctp_connect(AF_INET, pair->port, SOCK_NONBLOCK);
}

static int cookie_echoed(struct sctp_pair *pair)
{
	sctp_drop_chunk(pair->listener, CHUNK_COOKIE_ECHO);
	drop_fd(&pair->near);
	return pair->near = sctp_connect(AF_INET, pair->port, SOCK_NONBLOCK);
}

static int shutdown_pending(struct sctp_pair *pair)
{
	assert_true(ends_fill(pair->near) > 0);
	assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	return pair->near;
}

static int shutdown_sent(struct sctp_pair *pair)
{
	assert_return_code(tcp_deafen(pair->far), errno);
	assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	return pair->near;
}

static int shutdown_received(struct sctp_pair *pair)
{
	assert_true(ends_fill(pair->far) > 0);
	assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	return pair->far;
}

static int shutdown_ack_sent(struct sctp_pair *pair)
{
	assert_return_code(tcp_deafen(pair->near), errno);
	assert_return_code(shutdown(pair->near, SHUT_WR), errno);
	return pair->far;
}

static const struct {
	int (*reach)(struct sctp_pair *pair);
	const char *json, *cell, *typed;
} states[] = {
	{ cookie_wait, "cookie_wait", "COOKIE-WAIT", "state cookie-wait" },
	{ cookie_echoed, "cookie_echoed", "COOKIE-ECHOED", "state COOKIE_ECHOED" },
	{ shutdown_pending, "shutdown_pending", "SHUTDOWN-PENDING", "state shutdownpending" },
	{ shutdown_sent, "shutdown_sent", "SHUTDOWN-SENT", "state shutdown-sent" },
	{ shutdown_received, "shutdown_received", "SHUTDOWN-RECEIVED", "state shutdown_received" },
	{ shutdown_ack_sent, "shutdown_ack_sent", "SHUTDOWN-ACK-SENT", "state Shutdown-Ack-Sent" },
};

static char *output_of(const char *const argv[])
{
	struct tool_run run;
	char *text;

	assert_return_code(tool_run(&run, argv), errno);
	if (run.status != 0)
		fail_msg("%s: status %d, %s", argv[1], run.status, run.errors);
	text = strdup(run.output);
	tool_free(&run);
	return text;
}

#define OUTPUT_OF(...) output_of((const char *const[]){ "lingerstat", __VA_ARGS__, NULL })

static void check_summed(const char *state)
{
	char *text = OUTPUT_OF("summary", "--sctp", "-j"), path[64], line[96];
	json_t *document = json_loads(text, 0, NULL);

	snprintf(path, sizeof(path), "summary.states.%s", state);
	if (json_integer_value(row_get(document, path)) != 1)
		fail_msg("%s: %s", path, text);
	json_decref(document);
	free(text);
	text = OUTPUT_OF("metrics", "--sctp");
	snprintf(line, sizeof(line), "lingerstat_sockets{protocol=\"sctp\",state=\"%s\"} 1\n",
		 state);
	if (!strstr(text, line))
		fail_msg("no %s in %s", line, text);
	free(text);
}

static void states_by_their_own_names(void **state)
{
	(void)state;
	sctp_need();
	for (size_t i = 0; i < COUNT(states); i++) {
		struct listing listing;
		struct sctp_pair pair;
		char *text;
		int fd;

		sctp_open_pair(&pair, AF_INET);
		fd = states[i].reach(&pair);
		sctp_wait_state(&listing, fd, states[i].json);
		listing_free(&listing);
		assert_return_code(harness_list(&listing, "-S", states[i].typed, NULL), errno);
		assert_int_equal(listing.status, 0);
		assert_int_equal(json_array_size(listing.rows), 1);
		assert_non_null(sctp_association(&listing, fd, 0));
		listing_free(&listing);
		text = OUTPUT_OF("-S", "-H", "-C", "state,sctp", states[i].typed);
		assert_ptr_equal(strstr(text, states[i].cell), text);
		assert_non_null(strstr(text, " association"));
		free(text);
		check_summed(states[i].json);
		sctp_close_pair(&pair);
	}
}

/* ---- sums and sentences ---- */

static void check_knows_the_kind(void **state)
{
	static const char *const argv[] = { "lingerstat",    "check", "--sctp",        "-w",
					    "established=1", "-c",    "established=9", NULL };
	struct sctp_pair pair;
	struct tool_run run;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	assert_return_code(tool_run(&run, argv), errno);
	if (run.status != 1 || !strstr(run.output, "established=2;"))
		fail_msg("status %d: %s%s", run.status, run.output, run.errors);
	tool_free(&run);
	sctp_close_pair(&pair);
}

static void explained_in_its_own_words(void **state)
{
	struct sctp_pair pair;
	char *text;

	(void)state;
	sctp_need();
	sctp_open_pair(&pair, AF_INET);
	assert_return_code(ends_send(pair.far, pair.near, BYTES), 0);
	text = OUTPUT_OF("explain", "-S", "-n");
	if (!strstr(text, "aborts the association (ABORT)") ||
	    !strstr(text, "ends in order (SHUTDOWN)") || strstr(text, "RST"))
		fail_msg("%s", text);
	free(text);
	sctp_close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_and_associations),
		cmocka_unit_test(connections_are_listed_once),
		cmocka_unit_test(an_unread_message_is_memory),
		cmocka_unit_test(ipv4_in_an_ipv6_socket),
		cmocka_unit_test(states_by_their_own_names),
		cmocka_unit_test(check_knows_the_kind),
		cmocka_unit_test(explained_in_its_own_words),
	};

	harness_enter();
	return cmocka_run_group_tests_name("sctp", tests, NULL, NULL);
}
