/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forecast of the kinds beyond TCP, UDP and unix: a row a rule, and one for each border.
 */
#include "config.h"

#include "unit/unit.h"

#include <string.h>
#include <sys/socket.h>

#include "judge/close.h"

#define OUT(word)  OUTCOME_BIT(OUTCOME_##word)
#define WHY(word)  REASON_BIT(REASON_##word)
#define RISK(a, b) .risk = RISK_##a, .risk_max = RISK_##b
#define FOREVER    (-2) /* in `block` */

/* SO_LINGER. */
enum { OFF = -3, NOT_READ = -4, NONE_TO_APPLY = -5 };

struct given {
	enum netid netid;
	uint8_t family;
	enum sock_state state;
	enum queue_unit unit;
	uint32_t recv_queue, send_queue;
	int64_t unread, outstanding;
	int linger;
	bool no_inode, association, ring, congested;
	enum tri own, any, many; /* of SCTP: unread data, on the socket; one-to-many */
	uint32_t port_id;        /* of netlink */
};

static const struct {
	const char *name;
	struct given given;
	uint32_t outcomes;
	enum risk risk, risk_max;
	reason_set reasons;
	int64_t loss_max, block;
} rows[] = {
/* clang-format off */
#define DGRAM(kind, fam) .netid = NETID_##kind, .family = AF_##fam, .state = STATE_CLOSE, \
	.unit = QUEUE_MEMORY
	{ "raw, nothing queued", { DGRAM(RAW, INET) }, OUT(SILENT), RISK(NONE, NONE) },
	{ "raw, unread packets",
	  { DGRAM(RAW, INET), .recv_queue = 832, .unread = UNKNOWN },
	  OUT(SILENT), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "raw, something to send",
	  { DGRAM(RAW, INET6), .send_queue = 768, .outstanding = UNKNOWN },
	  OUT(SILENT), RISK(NONE, CERTAIN), WHY(MAYBE_CORKED), UNKNOWN },
	{ "UDP-Lite, linger not read: it does not matter",
	  { DGRAM(UDPLITE, INET), .linger = NOT_READ }, OUT(SILENT), RISK(NONE, NONE) },
	{ "UDP-Lite, unread datagrams, zero linger: no matter",
	  { DGRAM(UDPLITE, INET), .recv_queue = 832, .unread = UNKNOWN, .linger = 0 },
	  OUT(SILENT), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "packet, nothing queued", { DGRAM(PACKET_RAW, PACKET) }, OUT(SILENT), RISK(NONE, NONE) },
	{ "packet, unread frames",
	  { DGRAM(PACKET_DGRAM, PACKET), .recv_queue = 832, .unread = UNKNOWN },
	  OUT(SILENT), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "packet, frames with the device: they go out",
	  { DGRAM(PACKET_RAW, PACKET), .send_queue = 768, .outstanding = UNKNOWN },
	  OUT(SILENT), RISK(NONE, NONE) },
	{ "packet, a receive ring: who knows",
	  { DGRAM(PACKET_RAW, PACKET), .unread = UNKNOWN },
	  OUT(SILENT), RISK(NONE, CERTAIN) },
	{ "packet, a send ring: who knows",
	  { DGRAM(PACKET_RAW, PACKET), .outstanding = UNKNOWN, .ring = true },
	  OUT(SILENT), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "netlink, nothing queued",
	  { DGRAM(NETLINK, NETLINK), .port_id = 1 }, OUT(SILENT), RISK(NONE, NONE) },
	{ "netlink, unread messages",
	  { DGRAM(NETLINK, NETLINK), .port_id = 1, .recv_queue = 832, .unread = UNKNOWN },
	  OUT(SILENT), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "netlink, the kernel's own: nobody closes it",
	  { DGRAM(NETLINK, NETLINK), .linger = NONE_TO_APPLY }, OUT(NONE), RISK(NONE, NONE) },
	{ "XDP: what is in its rings nobody knows",
	  { DGRAM(XDP, XDP), .unread = UNKNOWN, .outstanding = UNKNOWN },
	  OUT(SILENT), RISK(NONE, CERTAIN), 0, UNKNOWN },

#define SCTP(s) .netid = NETID_SCTP, .family = AF_INET, .state = STATE_##s
#define ASSOC(s) .netid = NETID_SCTP, .family = AF_INET, .state = STATE_##s, \
	.association = true, .unit = QUEUE_MEMORY
#define READ    .own = TRI_NO, .any = TRI_NO
#define UNREAD  .recv_queue = 2464, .unread = UNKNOWN, .own = TRI_YES, .any = TRI_YES
#define DOUBT   .recv_queue = 896, .unread = UNKNOWN
#define SIBLING .own = TRI_NO, .any = TRI_YES
#define QUEUED  .send_queue = 1232, .outstanding = UNKNOWN
	{ "SCTP endpoint, idle", { SCTP(CLOSE), .unit = QUEUE_CONNECTIONS },
	  OUT(NONE), RISK(NONE, NONE), WHY(ENDPOINT) },
	{ "SCTP listener, nobody waits", { SCTP(LISTEN), .unit = QUEUE_CONNECTIONS },
	  OUT(NONE), RISK(NONE, NONE), WHY(ENDPOINT) },
	{ "SCTP listener, one waits, who knows with what",
	  { SCTP(LISTEN), .unit = QUEUE_CONNECTIONS, .recv_queue = 1 },
	  OUT(FIN) | OUT(RESET), RISK(POSSIBLE, CERTAIN), WHY(UNACCEPTED), UNKNOWN },
	{ "SCTP listener, one waits with nothing",
	  { SCTP(LISTEN), .unit = QUEUE_CONNECTIONS, .recv_queue = 1, READ },
	  OUT(FIN), RISK(POSSIBLE, POSSIBLE), WHY(UNACCEPTED), UNKNOWN },
	{ "SCTP listener, one waits with nothing, zero linger",
	  { SCTP(LISTEN), .unit = QUEUE_CONNECTIONS, .recv_queue = 1, READ, .linger = 0 },
	  OUT(RESET), RISK(POSSIBLE, POSSIBLE), WHY(UNACCEPTED), UNKNOWN },
	{ "SCTP listener, one waits with data",
	  { SCTP(LISTEN), .unit = QUEUE_CONNECTIONS, .recv_queue = 1, SIBLING },
	  OUT(RESET), RISK(CERTAIN, CERTAIN), WHY(UNACCEPTED), UNKNOWN },
	{ "SCTP association, idle", { ASSOC(ESTABLISHED), READ }, OUT(FIN), RISK(NONE, NONE) },
	{ "SCTP association, unread", { ASSOC(ESTABLISHED), UNREAD },
	  OUT(RESET), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "SCTP association, unread and queued, linger 5",
	  { ASSOC(ESTABLISHED), UNREAD, QUEUED, .linger = 5 },
	  OUT(RESET), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA), UNKNOWN },
	{ "SCTP association, data or notifications", { ASSOC(ESTABLISHED), DOUBT },
	  OUT(FIN) | OUT(RESET), RISK(NONE, CERTAIN) },
	{ "SCTP association, data or notifications, and queued",
	  { ASSOC(ESTABLISHED), DOUBT, QUEUED },
	  OUT(BACKGROUND) | OUT(RESET), RISK(POSSIBLE, CERTAIN), 0, UNKNOWN },
	{ "SCTP association, data or notifications, zero linger",
	  { ASSOC(ESTABLISHED), DOUBT, .linger = 0 },
	  OUT(RESET), RISK(POSSIBLE, CERTAIN), WHY(ZERO_LINGER) },
	{ "SCTP association, notifications",
	  { ASSOC(ESTABLISHED), .recv_queue = 896, READ }, OUT(FIN), RISK(NONE, NONE) },
	{ "SCTP association, unread data of another", { ASSOC(ESTABLISHED), SIBLING, .many = TRI_YES },
	  OUT(RESET), RISK(POSSIBLE, POSSIBLE), WHY(SIBLING_UNREAD) },
	{ "SCTP association, unread data of another, and queued, linger 5",
	  { ASSOC(ESTABLISHED), SIBLING, QUEUED, .linger = 5, .many = TRI_YES },
	  OUT(RESET), RISK(POSSIBLE, CERTAIN), WHY(SIBLING_UNREAD), UNKNOWN },
	{ "SCTP association, unread data or notifications of another",
	  { ASSOC(ESTABLISHED), .own = TRI_NO, .many = TRI_YES },
	  OUT(FIN) | OUT(RESET), RISK(NONE, POSSIBLE) },
	{ "SCTP association, zero linger", { ASSOC(ESTABLISHED), READ, .linger = 0 },
	  OUT(RESET), RISK(POSSIBLE, POSSIBLE), WHY(ZERO_LINGER) },
	{ "SCTP association, zero linger, queued", { ASSOC(ESTABLISHED), READ, QUEUED, .linger = 0 },
	  OUT(RESET), RISK(POSSIBLE, CERTAIN), WHY(ZERO_LINGER), UNKNOWN },
	{ "SCTP association, queued", { ASSOC(ESTABLISHED), READ, QUEUED },
	  OUT(BACKGROUND), RISK(POSSIBLE, POSSIBLE) },
	{ "SCTP association, queued, linger 2",
	  { ASSOC(ESTABLISHED), READ, QUEUED, .linger = 2, .many = TRI_NO },
	  OUT(BLOCKS), RISK(POSSIBLE, POSSIBLE), .block = 2 },
	{ "SCTP association, queued, linger 2, one-to-many: does not wait",
	  { ASSOC(ESTABLISHED), READ, QUEUED, .linger = 2, .many = TRI_YES },
	  OUT(BACKGROUND), RISK(POSSIBLE, POSSIBLE) },
	{ "SCTP association, queued, linger 2, of which kind is not known",
	  { ASSOC(ESTABLISHED), READ, QUEUED, .linger = 2 },
	  OUT(BACKGROUND) | OUT(BLOCKS), RISK(POSSIBLE, POSSIBLE), .block = 2 },
	{ "SCTP association, idle, linger 2: waits for the peer",
	  { ASSOC(ESTABLISHED), READ, .linger = 2, .many = TRI_NO },
	  OUT(FIN), RISK(NONE, NONE), .block = 2 },
	{ "SCTP association, idle, linger not read", { ASSOC(ESTABLISHED), READ, .linger = NOT_READ },
	  OUT(FIN) | OUT(RESET), RISK(NONE, POSSIBLE), WHY(LINGER_UNKNOWN), .block = UNKNOWN },
	{ "SCTP association, shutting down, still held", { ASSOC(SHUTDOWN_PENDING), READ, QUEUED },
	  OUT(BACKGROUND), RISK(POSSIBLE, POSSIBLE) },
	{ "SCTP association without a process",
	  { ASSOC(SHUTDOWN_PENDING), READ, QUEUED, .no_inode = true, .linger = NONE_TO_APPLY },
	  OUT(NONE), RISK(NONE, POSSIBLE), WHY(ORPHAN) },
	{ "SCTP association, connecting", { ASSOC(COOKIE_WAIT), READ }, OUT(SILENT), RISK(NONE, NONE) },
	{ "SCTP association, connecting, queued",
	  { ASSOC(COOKIE_ECHOED), READ, QUEUED, .linger = 0 },
	  OUT(SILENT), RISK(POSSIBLE, CERTAIN), 0, UNKNOWN },
	{ "SCTP association, a state to come", { ASSOC(UNKNOWN) },
	  OUTCOME_BIT(OUTCOME_COUNT) - 1, RISK(NONE, CERTAIN), .block = UNKNOWN },

#define DCCP(s) .netid = NETID_DCCP, .family = AF_INET, .state = STATE_##s, \
	.unit = QUEUE_UNKNOWN, .unread = UNKNOWN, .outstanding = UNKNOWN
	{ "DCCP, connected", { DCCP(ESTABLISHED) },
	  OUT(FIN) | OUT(RESET), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "DCCP, linger 3", { DCCP(ESTABLISHED), .linger = 3 },
	  OUT(FIN) | OUT(RESET) | OUT(BLOCKS), RISK(NONE, CERTAIN), 0, UNKNOWN, 3 },
	{ "DCCP, zero linger", { DCCP(ESTABLISHED), .linger = 0 },
	  OUT(RESET), RISK(POSSIBLE, CERTAIN), WHY(ZERO_LINGER), UNKNOWN },
	{ "DCCP, listening", { DCCP(LISTEN) },
	  OUT(SILENT) | OUT(RESET), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "DCCP, connecting", { DCCP(SYN_SENT) }, OUT(SILENT), RISK(NONE, NONE) },
	{ "DCCP, over",
	  { .netid = NETID_DCCP, .family = AF_INET, .state = STATE_TIME_WAIT, .unit = QUEUE_NONE,
	    .no_inode = true, .linger = NONE_TO_APPLY },
	  OUT(NONE), RISK(NONE, NONE) },

#define VSOCK(kind, s) .netid = NETID_VSOCK_##kind, .family = AF_VSOCK, .state = STATE_##s, \
	.unit = QUEUE_UNKNOWN, .unread = UNKNOWN, .outstanding = UNKNOWN
	{ "vsock, connected", { VSOCK(STREAM, ESTABLISHED) },
	  OUT(FIN) | OUT(BACKGROUND), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "vsock, zero linger is as none", { VSOCK(SEQPACKET, ESTABLISHED), .linger = 0 },
	  OUT(FIN) | OUT(BACKGROUND), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "vsock, linger 4", { VSOCK(STREAM, CLOSING), .linger = 4 },
	  OUT(FIN) | OUT(BACKGROUND) | OUT(BLOCKS), RISK(NONE, CERTAIN), 0, UNKNOWN, 4 },
	{ "vsock, listening", { VSOCK(STREAM, LISTEN) },
	  OUT(SILENT) | OUT(RESET), RISK(NONE, CERTAIN), 0, UNKNOWN },
	{ "vsock, datagrams", { VSOCK(DGRAM, CLOSE) }, OUT(SILENT), RISK(NONE, CERTAIN) },

#define TIPC(kind, s) .netid = NETID_TIPC_##kind, .family = AF_TIPC, .state = STATE_##s, \
	.unit = QUEUE_MESSAGES
	{ "TIPC, connected", { TIPC(STREAM, ESTABLISHED) }, OUT(FIN), RISK(NONE, NONE) },
	{ "TIPC, unread messages go back", { TIPC(RDM, CLOSE), .recv_queue = 1, .unread = UNKNOWN },
	  OUT(RESET), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "TIPC, a connection's unread messages",
	  { TIPC(STREAM, ESTABLISHED), .recv_queue = 1, .unread = UNKNOWN },
	  OUT(RESET) | OUT(FIN), RISK(CERTAIN, CERTAIN), WHY(UNREAD_DATA) },
	{ "TIPC, a congested link",
	  { TIPC(STREAM, ESTABLISHED), .send_queue = 1, .outstanding = UNKNOWN, .congested = true },
	  OUT(FIN) | OUT(BACKGROUND), RISK(POSSIBLE, CERTAIN), 0, UNKNOWN, 8 },
	{ "TIPC, one waits to be accepted", { TIPC(STREAM, LISTEN), .recv_queue = 1 },
	  OUT(RESET), RISK(CERTAIN, CERTAIN), WHY(UNACCEPTED), UNKNOWN },
	/* clang-format on */
};

static struct linger_setting linger_of(int linger)
{
	if (linger == NOT_READ)
		return (struct linger_setting){ .kind = LINGER_UNKNOWN, .seconds = UNKNOWN };
	if (linger == NONE_TO_APPLY)
		return (struct linger_setting){ .kind = LINGER_NONE, .seconds = UNKNOWN };
	if (linger == OFF)
		return (struct linger_setting){ .kind = LINGER_OFF };
	return (struct linger_setting){ .kind = LINGER_ON, .seconds = linger };
}

/* A row that says nothing of linger has it off. */
static bool says_linger(const struct given *g, const char *name)
{
	return g->linger != 0 || strstr(name, "zero linger");
}

static struct socket make(const struct given *g, const char *name)
{
	struct socket sk;

	socket_init(&sk);
	sk.netid = g->netid;
	sk.family = g->family;
	sk.state = g->state;
	sk.queue_unit = g->unit;
	sk.recv_queue = g->recv_queue;
	sk.send_queue = g->send_queue;
	sk.unread_bytes = g->unread;
	sk.outstanding_bytes = g->outstanding;
	sk.unsent_bytes = g->outstanding;
	sk.inode = g->no_inode ? 0 : 4711;
	sk.association = g->association;
	sk.sctp = (struct sctp_unread){ g->own, g->any };
	sk.options.one_to_many = g->many;
	sk.linger = linger_of(says_linger(g, name) ? g->linger : OFF);
	if (g->family == AF_PACKET)
		sk.packet.tx_ring = g->ring;
	if (g->family == AF_NETLINK)
		sk.netlink.port_id = g->port_id;
	if (g->family == AF_TIPC)
		sk.tipc.congested = g->congested;
	return sk;
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk = make(&rows[i].given, rows[i].name);
		struct close_forecast f;

		judge_close(&sk, &f);
		if (f.outcomes != rows[i].outcomes || f.risk != rows[i].risk ||
		    f.risk_max != rows[i].risk_max || f.reasons != rows[i].reasons ||
		    f.loss_max_bytes != rows[i].loss_max || f.block_seconds != rows[i].block)
			fail_msg("%s: outcomes %#x risk %d..%d reasons %#x loss %lld block %lld",
				 rows[i].name, f.outcomes, f.risk, f.risk_max, f.reasons,
				 (long long)f.loss_max_bytes, (long long)f.block_seconds);
	}
}

/* A dying process does not wait. */
static void exit_never_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socket sk = make(&rows[i].given, rows[i].name);
		struct close_forecast f;

		judge_exit(&sk, &f);
		if (sk.linger.kind == LINGER_ON && f.block_seconds != 0 && sk.state)
			fail_msg("%s: exit waits %lld s", rows[i].name, (long long)f.block_seconds);
		if (sk.linger.kind == LINGER_ON && (f.outcomes & OUT(BLOCKS)))
			fail_msg("%s: exit blocks", rows[i].name);
	}
}

/* Every kind has rules: whatever its state, a forecast has an outcome and its bounds in order. */
static void every_kind_in_every_state(void **state)
{
	(void)state;
	for (int netid = 0; netid < NETID_COUNT; netid++)
		for (int s = STATE_UNKNOWN; s < STATE_COUNT; s++) {
			const struct given given = { .netid = (enum netid)netid,
						     .family = AF_INET,
						     .state = (enum sock_state)s,
						     .unit = QUEUE_UNKNOWN,
						     .unread = UNKNOWN,
						     .outstanding = UNKNOWN,
						     .linger = NOT_READ };
			struct socket sk = make(&given, "");
			struct close_forecast f;

			judge_close(&sk, &f);
			assert_true(f.outcomes);
			assert_true(f.risk <= f.risk_max);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(exit_never_waits),
		cmocka_unit_test(every_kind_in_every_state),
	};

	return cmocka_run_group_tests_name("close of other kinds", tests, NULL, NULL);
}
