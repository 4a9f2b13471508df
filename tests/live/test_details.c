/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of live sockets, beside what their descriptors say. A socket is asked before the tool
 * and after it: what is the same both times must be what the tool shows. What moved meanwhile is
 * left out, and how many values were compared is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "listed.h"
#include "tcp.h"
#include "tool.h"
#include "ways.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TRIES    200

/* ---- values that a descriptor gives ---- */

/* One value: its path in JSON, and its place in what getsockopt() fills. */
struct place {
	const char *path;
	size_t at, size;
	uint64_t none; /* this number is null */
	bool zero;     /* so is 0 */
};

static uint64_t number_at(const unsigned char *bytes, const struct place *p)
{
	uint64_t v8;
	uint32_t v4;

	if (p->size == 1)
		return bytes[p->at];
	if (p->size == 4) {
		memcpy(&v4, bytes + p->at, sizeof(v4));
		return v4;
	}
	memcpy(&v8, bytes + p->at, sizeof(v8));
	return v8;
}

static void check_place(const json_t *row, const struct place *p, uint64_t want)
{
	if ((p->none && want == p->none) || (p->zero && want == 0))
		check_row(row, row_is_null(row, p->path));
	else if (!row_is_int(row, p->path, (int64_t)want)) {
		row_print(row);
		fail_msg("%s is not %llu", p->path, (unsigned long long)want);
	}
}

/* Compares until every place was the same before and after the tool's run at least once, or the
 * tries are used up. Returns how many were compared. */
static size_t compare(int fd, int level, int name, const char *kind, const char *option,
		      const struct place *places, size_t n)
{
	bool done[64] = { false };
	size_t compared = 0;

	assert_true(n <= COUNT(done));
	for (int i = 0; i < TRIES && compared < n; i++) {
		unsigned char before[512] = { 0 }, after[512] = { 0 };
		socklen_t len = sizeof(before), len_after = sizeof(after);
		struct listing l;
		json_t *row;

		assert_return_code(getsockopt(fd, level, name, before, &len), errno);
		row = listed_row(&l, fd, kind, option);
		assert_return_code(getsockopt(fd, level, name, after, &len_after), errno);
		for (size_t k = 0; k < n; k++) {
			if (done[k] || places[k].at + places[k].size > len ||
			    memcmp(before + places[k].at, after + places[k].at, places[k].size) !=
				    0)
				continue;
			check_place(row, &places[k], number_at(before, &places[k]));
			done[k] = true;
			compared++;
		}
		listing_free(&l);
		if (i >= 3 && compared * 10 >= n * 8)
			break;
	}
	return compared;
}

/* Those that are in Linux 5.4's record (232 bytes) already, so in that of every kernel the tests
 * run on. */
static const struct place info_places[] = {
	{ "info.retransmits", 2, 1, 0, false },
	{ "info.probes", 3, 1, 0, false },
	{ "info.backoff", 4, 1, 0, false },
	{ "info.rto_us", 8, 4, 0, false },
	{ "info.ato_us", 12, 4, 0, false },
	{ "info.snd_mss_bytes", 16, 4, 0, false },
	{ "info.rcv_mss_bytes", 20, 4, 0, false },
	{ "info.unacked_segments", 24, 4, 0, false },
	{ "info.sacked_segments", 28, 4, 0, false },
	{ "info.lost_segments", 32, 4, 0, false },
	{ "info.retrans_segments", 36, 4, 0, false },
	{ "info.pmtu_bytes", 60, 4, 0, false },
	{ "info.rcv_ssthresh_bytes", 64, 4, 0, false },
	{ "info.rtt_us", 68, 4, 0, true },
	{ "info.rttvar_us", 72, 4, 0, false },
	{ "info.snd_ssthresh_segments", 76, 4, 0x7fffffff, false },
	{ "info.snd_cwnd_segments", 80, 4, 0, false },
	{ "info.advmss_bytes", 84, 4, 0, false },
	{ "info.reordering_segments", 88, 4, 0, false },
	{ "info.rcv_rtt_us", 92, 4, 0, true },
	{ "info.rcv_space_bytes", 96, 4, 0, false },
	{ "info.total_retrans_segments", 100, 4, 0, false },
	{ "info.pacing_rate_bytes_per_second", 104, 8, UINT64_MAX, false },
	{ "info.max_pacing_rate_bytes_per_second", 112, 8, UINT64_MAX, false },
	{ "info.bytes_acked", 120, 8, 0, false },
	{ "info.bytes_received", 128, 8, 0, false },
	{ "info.segs_out", 136, 4, 0, false },
	{ "info.segs_in", 140, 4, 0, false },
	{ "info.notsent_bytes", 144, 4, 0, false },
	{ "info.min_rtt_us", 148, 4, UINT32_MAX, false },
	{ "info.data_segs_in", 152, 4, 0, false },
	{ "info.data_segs_out", 156, 4, 0, false },
	{ "info.delivery_rate_bytes_per_second", 160, 8, 0, false },
	{ "info.delivered_segments", 192, 4, 0, false },
	{ "info.delivered_ce_segments", 196, 4, 0, false },
	{ "info.bytes_sent", 200, 8, 0, false },
	{ "info.bytes_retrans", 208, 8, 0, false },
	{ "info.dsack_dups", 216, 4, 0, false },
	{ "info.reord_seen", 220, 4, 0, false },
	{ "info.rcv_ooopack", 224, 4, 0, false },
	{ "info.snd_wnd_bytes", 228, 4, 0, false },
};

static const struct place memory_places[] = {
	{ "memory.rmem_alloc_bytes", 0, 4, 0, false },
	{ "memory.rcvbuf_bytes", 4, 4, 0, false },
	{ "memory.wmem_alloc_bytes", 8, 4, 0, false },
	{ "memory.sndbuf_bytes", 12, 4, 0, false },
	{ "memory.fwd_alloc_bytes", 16, 4, 0, false },
	{ "memory.wmem_queued_bytes", 20, 4, 0, false },
	{ "memory.optmem_bytes", 24, 4, 0, false },
	{ "memory.backlog_bytes", 28, 4, 0, false },
	{ "memory.drops", 32, 4, 0, false },
};

static void check_info(int fd)
{
	size_t n = compare(fd, IPPROTO_TCP, TCP_INFO, "-t", "-i", info_places, COUNT(info_places));

	/* On an idle connection hardly anything moves. */
	if (n < COUNT(info_places) - 8)
		fail_msg("only %zu values could be compared", n);
}

/* A byte each way, and then quiet. */
static void exchange(const struct tcp_pair *pair)
{
	char c = 'x';

	assert_int_equal(write(pair->near, &c, 1), 1);
	assert_return_code(tcp_wait_readable(pair->far, 1), 0);
	assert_int_equal(read(pair->far, &c, 1), 1);
	assert_int_equal(write(pair->far, "answer", 6), 6);
	assert_return_code(tcp_wait_readable(pair->near, 6), 0);
	assert_return_code(tcp_wait_drained(pair->near), 0);
}

static void info_is_what_getsockopt_says(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct tcp_pair pair;

		assert_return_code(tcp_pair_open(&pair, families[i], 0), 0);
		exchange(&pair);
		check_info(pair.near);
		check_info(pair.far);
		tcp_pair_close(&pair);
	}
}

/* A shut window, a probe timer, an unlimited rate or a limited one. */
static void info_of_a_stalled_connection(void **state)
{
	struct tcp_pair pair;
	uint32_t rate = 12345678;
	struct listing l;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, SMALL_BUFFER), 0);
	assert_return_code(
		setsockopt(pair.near, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)), errno);
	assert_true(tcp_fill_to_zero_window(pair.near) > 0);
	assert_true(compare(pair.near, IPPROTO_TCP, TCP_INFO, "-t", "-i", info_places,
			    COUNT(info_places)) > COUNT(info_places) / 2);
	row = listed_row(&l, pair.near, "-t", "-io");
	check_row(row, row_is_int(row, "info.max_pacing_rate_bytes_per_second", rate));
	check_row(row, row_is_text(row, "timer.name", "probe"));
	check_row(row, json_is_integer(row_get(row, "timer.remaining_ms")));
	listing_free(&l);
	tcp_pair_close(&pair);
}

static void algorithm_and_options(void **state)
{
	char name[16] = "";
	socklen_t len = sizeof(name);
	struct tcp_info info;
	struct tcp_pair pair;
	struct listing l;
	json_t *row;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_return_code(getsockopt(pair.near, IPPROTO_TCP, TCP_CONGESTION, name, &len), errno);
	len = sizeof(info);
	assert_return_code(getsockopt(pair.near, IPPROTO_TCP, TCP_INFO, &info, &len), errno);
	row = listed_row(&l, pair.near, "-t", "-i");
	check_row(row, row_is_text(row, "info.congestion", name));
	check_row(row, row_is_text(row, "info.ca_state", "open"));
	check_row(row, json_is_true(row_get(row, "info.timestamps")) ==
			       !!(info.tcpi_options & TCPI_OPT_TIMESTAMPS));
	check_row(row,
		  json_is_true(row_get(row, "info.sack")) == !!(info.tcpi_options & TCPI_OPT_SACK));
	check_row(row, row_is_int(row, "info.snd_wscale", info.tcpi_snd_wscale));
	check_row(row, row_is_int(row, "info.rcv_wscale", info.tcpi_rcv_wscale));
	listing_free(&l);
	tcp_pair_close(&pair);
}

/* The connections that wait, and the limit. */
static void a_listener_tells_of_its_queue(void **state)
{
	struct tcp_pair pair;
	struct listing l;
	json_t *row;
	int waiting;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	waiting = tcp_connect(AF_INET, pair.far_port, 0);
	assert_return_code(waiting, 0);
	assert_return_code(tcp_wait_waiting(pair.listener, 1), 0);
	row = listed_row(&l, pair.listener, "-t", "-i");
	check_row(row, row_is_int(row, "info.accept_queue_connections", 1));
	check_row(row, json_integer_value(row_get(row, "info.backlog_connections")) ==
			       json_integer_value(row_get(row, "send_queue")));
	listing_free(&l);
	close(waiting);
	tcp_pair_close(&pair);
}

/* ---- memory ---- */

static void check_memory(int fd, const char *kind)
{
	size_t n = compare(fd, SOL_SOCKET, SO_MEMINFO, kind, "-m", memory_places,
			   COUNT(memory_places));

	assert_int_equal(n, COUNT(memory_places));
}

static void memory_of_tcp(void **state)
{
	struct tcp_pair pair;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET6, SMALL_BUFFER), 0);
	exchange(&pair);
	check_memory(pair.near, "-t");
	check_memory(pair.listener, "-t");
	tcp_pair_close(&pair);
}

/* Datagrams that are not read, and those for which there is no room. */
static void memory_of_udp(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int small = 1;
	char bytes[500] = { 0 };
	struct listing l;
	json_t *row;

	(void)state;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_return_code(bind(receiver, (struct sockaddr *)&to, sizeof(to)), errno);
	assert_return_code(getsockname(receiver, (struct sockaddr *)&to, &len), errno);
	for (int i = 0; i < 100; i++)
		sendto(sender, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to));
	check_memory(receiver, "-u");
	row = listed_row(&l, receiver, "-u", "-m");
	check_row(row, json_integer_value(row_get(row, "memory.drops")) > 0);
	check_row(row, json_integer_value(row_get(row, "memory.rmem_alloc_bytes")) > 0);
	listing_free(&l);
	row = listed_row(&l, receiver, "-u", "-Cdrops,inode");
	check_row(row, json_integer_value(row_get(row, "drops")) > 0);
	listing_free(&l);
	close(receiver);
	close(sender);
}

static void memory_of_unix(void **state)
{
	int ends[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_int_equal(write(ends[0], "seven b", 7), 7);
	check_memory(ends[0], "-x");
	check_memory(ends[1], "-x");
	close(ends[0]);
	close(ends[1]);
}

static void memory_of_packet(void **state)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	(void)state;
	assert_return_code(fd, errno);
	check_memory(fd, "-0");
	close(fd);
}

/* ---- ss ---- */

/* A number behind a word in ss's line, such as `cwnd:` or `bytes_acked:`; -1: it is not there. */
static int64_t ss_number(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at += len)
		if (at == line || strchr(" (,", at[-1]))
			return strtoll(at + len, NULL, 10);
	return -1;
}

static char *run_ss(uint16_t port)
{
	struct tool_run run;
	char filter[16];
	char *text;
	int err;

	snprintf(filter, sizeof(filter), ":%u", port);
	err = tool_run(&run,
		       (const char *const[]){ "ss", "-tinmoeOH", "sport", "=", filter, NULL });
	if (err == -ENOENT) {
		tool_free(&run);
		return NULL;
	}
	assert_return_code(err, 0);
	assert_int_equal(run.status, 0);
	text = strdup(run.output);
	tool_free(&run);
	return text;
}

static const struct {
	const char *word; /* ss's */
	const char *path;
	int64_t scale; /* ours for one of ss's */
} shared[] = {
	{ "mss:", "info.snd_mss_bytes", 1 },
	{ "rcvmss:", "info.rcv_mss_bytes", 1 },
	{ "advmss:", "info.advmss_bytes", 1 },
	{ "pmtu:", "info.pmtu_bytes", 1 },
	{ "cwnd:", "info.snd_cwnd_segments", 1 },
	{ "rto:", "info.rto_us", 1000 },
	{ "bytes_sent:", "info.bytes_sent", 1 },
	{ "bytes_acked:", "info.bytes_acked", 1 },
	{ "bytes_received:", "info.bytes_received", 1 },
	{ "segs_out:", "info.segs_out", 1 },
	{ "segs_in:", "info.segs_in", 1 },
	{ "data_segs_out:", "info.data_segs_out", 1 },
	{ "data_segs_in:", "info.data_segs_in", 1 },
	{ "rcv_space:", "info.rcv_space_bytes", 1 },
	{ "rcv_ssthresh:", "info.rcv_ssthresh_bytes", 1 },
	{ "wscale:", "info.snd_wscale", 1 },
	{ "delivered:", "info.delivered_segments", 1 },
	{ "snd_wnd:", "info.snd_wnd_bytes", 1 },
	{ "rb", "memory.rcvbuf_bytes", 1 },
	{ "tb", "memory.sndbuf_bytes", 1 },
	{ "bl", "memory.backlog_bytes", 1 },
	{ "d", "memory.drops", 1 },
	{ "ino:", "extended.inode", 1 },
};

/* How many of ss's values are the same in a row; those that ss leaves out are not counted. */
static size_t same_as_ss(const json_t *row, const json_t *later, const char *ss)
{
	size_t compared = 0;

	for (size_t i = 0; i < COUNT(shared); i++) {
		int64_t theirs = ss_number(ss, shared[i].word);
		json_t *ours = row_get(row, shared[i].path);

		if (theirs < 0 || !json_equal(ours, row_get(later, shared[i].path)))
			continue;
		if (json_integer_value(ours) != theirs * shared[i].scale) {
			row_print(row);
			fail_msg("%s: %lld by ss: %s", shared[i].path, (long long)theirs, ss);
		}
		compared++;
	}
	return compared;
}

/* An idle connection; ss runs between two runs of the tool. */
static void the_same_as_ss(void **state)
{
	struct listing before, after;
	json_t *row, *later;
	struct tcp_pair pair;
	size_t compared;
	char *ss;

	(void)state;
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	exchange(&pair);
	row = listed_row(&before, pair.near, "-t", "-ime");
	ss = run_ss(pair.near_port);
	if (!ss) {
		print_message("# ss is not installed\n");
		listing_free(&before);
		tcp_pair_close(&pair);
		skip();
	}
	later = listed_row(&after, pair.near, "-t", "-ime");
	compared = same_as_ss(row, later, ss);
	free(ss);
	listing_free(&before);
	listing_free(&after);
	tcp_pair_close(&pair);
	/* Some are newer than an old ss. */
	assert_true(compared >= 15);
}

/* ---- MPTCP ---- */

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static void mptcp_and_its_subflow(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	const char *token, *subflow_token;
	struct listing l, tcp;
	json_t *row, *subflow;

	(void)state;
	if (listener < 0 || client < 0) {
		print_message("# no MPTCP: %s\n", strerror(errno));
		skip();
	}
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(listener, (struct sockaddr *)&to, sizeof(to)), errno);
	assert_return_code(listen(listener, 4), errno);
	assert_return_code(getsockname(listener, (struct sockaddr *)&to, &len), errno);
	assert_return_code(connect(client, (struct sockaddr *)&to, sizeof(to)), errno);
	row = listed_row(&l, client, "-M", "-i");
	check_row(row, json_is_false(row_get(row, "info.fallback")));
	token = json_string_value(row_get(row, "info.token"));
	assert_non_null(token);
	check_row(row, json_is_string(row_get(row, "info.write_seq")));
	assert_return_code(harness_list(&tcp, "-a", "-t", "-i", NULL), 0);
	subflow = row_by_ports(&tcp, AF_INET, local_port(client), ntohs(to.sin_port));
	assert_non_null(subflow);
	check_row(subflow, row_is_text(subflow, "info.ulp", "mptcp"));
	subflow_token = json_string_value(row_get(subflow, "info.mptcp_token_local"));
	check_row(subflow, subflow_token && strcmp(subflow_token, token) == 0);
	listing_free(&l);
	listing_free(&tcp);
	/* Some the kernel shows to CAP_NET_ADMIN alone, which must last as long as the dump. */
	assert_return_code(harness_list(&tcp, "-a", "-t", "-C", "family,local,peer,info", NULL), 0);
	subflow = row_by_ports(&tcp, AF_INET, local_port(client), ntohs(to.sin_port));
	assert_non_null(subflow);
	check_row(subflow, json_is_integer(row_get(subflow, "info.mptcp_ssn_offset")));
	listing_free(&tcp);
	close(client);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info_is_what_getsockopt_says),
		cmocka_unit_test(info_of_a_stalled_connection),
		cmocka_unit_test(algorithm_and_options),
		cmocka_unit_test(a_listener_tells_of_its_queue),
		cmocka_unit_test(memory_of_tcp),
		cmocka_unit_test(memory_of_udp),
		cmocka_unit_test(memory_of_unix),
		cmocka_unit_test(memory_of_packet),
		cmocka_unit_test(the_same_as_ss),
		cmocka_unit_test(mptcp_and_its_subflow),
	};

	harness_enter();
	return cmocka_run_group_tests_name("details", tests, NULL, NULL);
}
