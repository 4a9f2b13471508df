/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every TCP state reached on purpose, over IPv4 and IPv6; the tool's row is compared with what
 * the test knows through the socket's own descriptor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "ways.h"

struct state_case {
	const struct way *way;
	int family;
};

static void list_all(struct listing *listing)
{
	const char *why;

	assert_return_code(harness_list(listing, "-a", "-t", "-p", NULL), 0);
	if (listing->status != 0 || (listing->errors[0] && linger_by_bpf(listing, &why)))
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
	assert_non_null(listing->header);
	assert_true(json_is_true(json_object_get(listing->summary, "complete")));
}

static void check_end(const json_t *row, const char *end, const struct sockaddr_storage *address)
{
	char expected[INET6_ADDRSTRLEN];
	char path[32];
	const void *bytes =
		address->ss_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
			: (const void *)&((const struct sockaddr_in *)address)->sin_addr;

	inet_ntop(address->ss_family, bytes, expected, sizeof(expected));
	snprintf(path, sizeof(path), "%s.address", end);
	check_row(row, row_is_text(row, path, expected));
}

static void check_identity(const struct listing *listing, const json_t *row,
			   const struct truth *truth)
{
	const char *why;
	char cookie[17];
	struct stat status;

	snprintf(cookie, sizeof(cookie), "%" PRIx64, truth->cookie);
	assert_return_code(stat("/proc/self/ns/net", &status), 0);
	check_row(row, row_is_text(row, "netid", "tcp"));
	check_row(row, row_is_int(row, "inode", truth->inode));
	check_row(row, row_is_text(row, "cookie", cookie));
	check_row(row, row_is_int(row, "uid", geteuid()));
	check_row(row, row_is_int(row, "netns", status.st_ino));
	check_row(row, row_is_int(row, "references", 1));
	check_row(row, json_array_size(row_get(row, "holders")) == 1);
	check_row(row, row_has_holder(row, getpid(), truth->fd));
	if (linger_by_bpf(listing, &why))
		check_row(row, row_is_linger(row, &truth->linger));
	else
		check_row(row, row_is_null(row, "linger"));
	check_end(row, "local", &truth->local);
	if (truth->peer.ss_family)
		check_end(row, "peer", &truth->peer);
}

static void check_queues(const json_t *row, const struct way *way, const struct truth *truth)
{
	bool fin_unsent = way->own_fin && truth->outqnsd > 0;

	/* First that the state was set up as meant, or agreement would prove nothing. */
	assert_int_equal(truth->inq, way->unread);
	assert_int_equal(truth->outqnsd > 1, way->stalled);
	assert_int_equal(truth->outq > 1, way->stalled);
	check_row(row, row_is_int(row, "recv_queue", truth->inq + way->eof_waits));
	check_row(row, row_is_int(row, "unread_bytes", way->unread));
	check_row(row, row_is_int(row, "send_queue", truth->outq + way->own_syn));
	check_row(row, row_is_int(row, "outstanding_bytes", truth->outq - way->own_fin));
	check_row(row, row_is_int(row, "unsent_bytes", truth->outqnsd - fin_unsent));
}

static void a_held_state(void **state)
{
	const struct state_case *c = *state;
	struct listing listing;
	struct tcp_pair pair;
	struct truth truth;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, c->family, SMALL_BUFFER), 0);
	assert_return_code(c->way->reach(&pair), 0);
	assert_return_code(tcp_wait_state(pair.near, c->way->state), 0);
	assert_return_code(truth_read(pair.near, &truth), 0);
	list_all(&listing);
	row = row_by_inode(&listing, truth.inode);
	check_row(row, row_is_text(row, "state", c->way->word));
	check_row(row, rows_with_ports(&listing, c->family, pair.near_port, pair.far_port) == 1);
	check_row(row, row == row_by_ports(&listing, c->family, pair.near_port, pair.far_port));
	check_identity(&listing, row, &truth);
	check_queues(row, c->way, &truth);
	listing_free(&listing);
	tcp_pair_close(&pair);
}

/* ---- states that no descriptor holds ---- */

/* Lists until these ports are in the state `word`: no descriptor is left to ask, and the last
 * segments may be on their way still. */
static void list_until(struct listing *listing, int family, uint16_t local, uint16_t peer,
		       const char *word)
{
	int64_t end = now_ms() + WAIT_MS;

	list_all(listing);
	while (!row_is_text(row_by_ports(listing, family, local, peer), "state", word) &&
	       nap_before(end)) {
		listing_free(listing);
		list_all(listing);
	}
}

static json_t *lone_row(struct listing *listing, int family, uint16_t local, uint16_t peer,
			const char *word)
{
	json_t *row;

	list_until(listing, family, local, peer, word);
	assert_int_equal(rows_with_ports(listing, family, local, peer), 1);
	row = row_by_ports(listing, family, local, peer);
	check_row(row, row_is_int(row, "inode", 0));
	check_row(row, json_array_size(row_get(row, "holders")) == 0);
	return row;
}

static void check_nothing_to_close(const json_t *row, const char *word)
{
	check_row(row, row_is_text(row, "state", word));
	check_row(row, row_has_no_linger(row));
	check_row(row, row_is_text(row, "close.outcome", "none"));
}

static void a_time_wait(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	drop_fd(&pair.near);
	drop_fd(&pair.far);
	row = lone_row(&listing, family, pair.near_port, pair.far_port, "time_wait");
	check_nothing_to_close(row, "time_wait");
	check_row(row, row_is_int(row, "recv_queue", 0) && row_is_int(row, "send_queue", 0));
	check_row(row, row_is_text(row, "close.risk", "none"));
	check_row(row, row_is_text(row, "close.risk_max", "none"));
	check_row(row, row_is_null(row, "uid"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

static int fin_acknowledged(struct tcp_pair *pair)
{
	int err = way_send_fin(pair);

	return err ? err : tcp_wait_state(pair->near, TCP_FIN_WAIT2);
}

static int fins_crossed(struct tcp_pair *pair)
{
	int err = way_fins_cross(pair);

	return err ? err : tcp_wait_state(pair->near, TCP_CLOSING);
}

/* The near end closes after `reach` and is an orphan then; `full` keeps FIN_WAIT2 from becoming
 * a minisocket (tcp_fin_time() above TCP_TIMEWAIT_LEN, net/ipv4/tcp.c). */
static void check_orphan(int family, int (*reach)(struct tcp_pair *), const char *word, bool full)
{
	struct listing listing;
	struct tcp_pair pair;
	int seconds = 100;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, family, SMALL_BUFFER), 0);
	if (full)
		setsockopt(pair.near, IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof(seconds));
	assert_return_code(reach(&pair), 0);
	drop_fd(&pair.near);
	row = lone_row(&listing, family, pair.near_port, pair.far_port, word);
	check_nothing_to_close(row, word);
	if (!full)
		check_row(row, row_has_word(row, "close.reasons", "orphan"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

static void orphans(void **state)
{
	int family = *(const int *)*state;

	check_orphan(family, way_fin_into_void, "fin_wait1", false);
	check_orphan(family, way_stall, "fin_wait1", false);
	check_orphan(family, fin_acknowledged, "fin_wait2", false);
	check_orphan(family, fin_acknowledged, "fin_wait2", true);
	check_orphan(family, fins_crossed, "closing", false);
	check_orphan(family, way_last_fin_into_void, "last_ack", false);
}

static void an_orphan_with_data_is_at_risk(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	struct tcp_pair pair;
	ssize_t written;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, family, SMALL_BUFFER), 0);
	written = tcp_fill_to_zero_window(pair.near);
	assert_true(written > 0);
	drop_fd(&pair.near);
	row = lone_row(&listing, family, pair.near_port, pair.far_port, "fin_wait1");
	check_row(row, json_integer_value(row_get(row, "outstanding_bytes")) > 0);
	check_row(row, json_integer_value(row_get(row, "outstanding_bytes")) < written);
	check_row(row, !row_is_text(row, "close.risk", "none"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

static void a_syn_recv(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	struct tcp_pair pair;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	tcp_pair_close(&pair);
	pair.listener = tcp_listen(family, 0, &pair.far_port);
	assert_return_code(pair.listener, 0);
	assert_return_code(tcp_hear_syn_only(pair.listener), 0);
	pair.near = tcp_connect(family, pair.far_port, 0);
	assert_return_code(pair.near, 0);
	pair.near_port = local_port(pair.near);
	row = lone_row(&listing, family, pair.far_port, pair.near_port, "syn_recv");
	check_row(row, row_is_text(row, "state", "syn_recv"));
	check_row(row, row_has_no_linger(row));
	check_row(row, row_is_text(row, "close.risk", "none"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

/* ---- listeners, and sockets that are not connected ---- */

static void a_listener(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	struct truth truth;
	int clients[3];
	uint16_t port;
	int fd = tcp_listen(family, 0, &port);
	json_t *row;

	assert_return_code(fd, 0);
	assert_return_code(truth_read(fd, &truth), 0);
	for (int waiting = 0; waiting <= 3; waiting += 3) {
		for (int i = 0; i < waiting; i++)
			assert_return_code(clients[i] = tcp_connect(family, port, 0), 0);
		assert_return_code(tcp_wait_waiting(fd, (unsigned int)waiting), 0);
		list_all(&listing);
		row = row_by_inode(&listing, truth.inode);
		check_row(row, row_is_text(row, "state", "listen"));
		check_identity(&listing, row, &truth);
		check_row(row, row_is_int(row, "local.port", port));
		check_row(row, row_is_int(row, "recv_queue", waiting));
		check_row(row, row_is_int(row, "send_queue", 16));
		check_row(row, row_is_null(row, "unread_bytes"));
		check_row(row, row_is_null(row, "outstanding_bytes"));
		check_row(row, row_is_null(row, "unsent_bytes"));
		check_row(row, row_is_text(row, "close.outcome", waiting ? "reset" : "silent"));
		check_row(row, row_is_text(row, "close.risk", waiting ? "certain" : "none"));
		check_row(row, row_has_word(row, "close.reasons", "unaccepted") == !!waiting);
		listing_free(&listing);
	}
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	close(fd);
}

/* sock_diag has no row for a socket that is bound and nothing else, unless the request's state
 * mask has TCP_BOUND_INACTIVE (6.8 and later); a connection that was reset is not listed either.
 * Where there is a row it must be this socket's, bound and inactive. */
static void a_closed_socket(void **state)
{
	int family = *(const int *)*state;
	struct listing listing;
	struct tcp_pair pair;
	struct truth truth;
	char byte;
	json_t *row;

	assert_return_code(tcp_pair_open(&pair, family, 0), 0);
	assert_return_code(tcp_set_linger(pair.far, true, 0), 0);
	drop_fd(&pair.far);
	assert_return_code(tcp_wait_state(pair.near, TCP_CLOSE), 0);
	assert_int_equal(read(pair.near, &byte, 1), -1);
	assert_return_code(truth_read(pair.near, &truth), 0);
	list_all(&listing);
	assert_int_equal(rows_with_ports(&listing, family, pair.near_port, pair.far_port), 0);
	assert_int_equal(rows_with_ports(&listing, family, pair.far_port, 0), 1);
	row = row_by_inode(&listing, truth.inode);
	if (row)
		check_row(row, row_is_text(row, "state", "bound_inactive"));
	listing_free(&listing);
	tcp_pair_close(&pair);
}

/* An IPv6 socket whose connection is IPv4: its addresses are mapped, its family is its own. */
static void a_mapped_address(void **state)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	struct listing listing;
	struct truth truth;
	uint16_t port;
	int listener = tcp_listen(AF_INET, 0, &port);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	json_t *row;

	(void)state;
	assert_return_code(listener, 0);
	assert_return_code(fd, 0);
	address.sin6_port = htons(port);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr), 1);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(truth_read(fd, &truth), 0);
	list_all(&listing);
	row = row_by_inode(&listing, truth.inode);
	check_row(row, row_is_text(row, "family", "inet6"));
	check_row(row, row_is_text(row, "peer.address", "::ffff:127.0.0.1"));
	check_identity(&listing, row, &truth);
	listing_free(&listing);
	close(fd);
	close(listener);
}

static const int families[] = { AF_INET, AF_INET6 };

static const struct {
	const char *name;
	CMUnitTestFunction run;
} others[] = {
	{ "time_wait", a_time_wait },
	{ "orphans", orphans },
	{ "orphan with data", an_orphan_with_data_is_at_risk },
	{ "syn_recv", a_syn_recv },
	{ "listener", a_listener },
	{ "closed", a_closed_socket },
};

#define OTHERS (sizeof(others) / sizeof(others[0]))

int main(void)
{
	static struct state_case cases[2 * WAYS];
	static struct CMUnitTest tests[2 * WAYS + 2 * OTHERS + 1];
	static char names[2 * WAYS + 2 * OTHERS][64];
	size_t n = 0;

	harness_enter();
	for (size_t f = 0; f < 2; f++) {
		const char *family = families[f] == AF_INET ? "inet" : "inet6";

		for (size_t i = 0; i < WAYS; i++, n++) {
			cases[f * WAYS + i] = (struct state_case){ &ways[i], families[f] };
			snprintf(names[n], sizeof(names[n]), "%s: %s", family, ways[i].name);
			tests[n] = (struct CMUnitTest){ names[n], a_held_state, NULL, NULL,
							&cases[f * WAYS + i] };
		}
		for (size_t i = 0; i < OTHERS; i++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s", family, others[i].name);
			tests[n] = (struct CMUnitTest){ names[n], others[i].run, NULL, NULL,
							(void *)&families[f] };
		}
	}
	tests[n] = (struct CMUnitTest){ "inet6: IPv4-mapped addresses", a_mapped_address, NULL,
					NULL, NULL };
	return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
