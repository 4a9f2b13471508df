/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protocols.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define OUTCOMES(...) .outcomes = { __VA_ARGS__ }
#define RISK(level)   .risk = level, .risk_max = level
#define RISKS(a, b)   .risk = a, .risk_max = b

/* Linger is ignored; what was received and not read is gone; what was sent is on its way. */
static const struct scenario datagram_scenarios[] = {
	{ "idle", OFF, OUTCOMES("silent"), RISK("none") },
	{ "unread", OFF, 100, OUTCOMES("silent"), RISK("certain"), .reason = "unread-data" },
	{ "unread, linger 0", 0, 100, OUTCOMES("silent"), RISK("certain"),
	  .reason = "unread-data" },
	{ "unread, linger 5", 5, 100, OUTCOMES("silent"), RISK("certain"),
	  .reason = "unread-data" },
	{ "linger 0", 0, OUTCOMES("silent"), RISK("none") },
	{ "linger 5", 5, OUTCOMES("silent"), RISK("none") },
};

/* The datagram sent before still arrives, whatever linger says. Over loopback it is in the far
 * end's queue before send() returns; unix charges it to the sender until it is read. */
static const struct scenario datagram_sent_scenarios[] = {
	{ "sent", OFF, 0, 100, OUTCOMES("silent"), RISK("none") },
	{ "sent, linger 0", 0, 0, 100, OUTCOMES("silent"), RISK("none") },
	{ "sent, linger 5", 5, 0, 100, OUTCOMES("silent"), RISK("none") },
	{ "sent and unread, linger 5", 5, 13, 100, OUTCOMES("silent"), RISK("certain"),
	  .reason = "unread-data" },
};

/* Linger is ignored; what was sent stays readable, then EOF; unread data resets the peer. */
static const struct scenario unix_scenarios[] = {
	{ "idle", OFF, OUTCOMES("fin"), RISK("none") },
	{ "idle, linger 0", 0, OUTCOMES("fin"), RISK("none") },
	{ "idle, linger 5", 5, OUTCOMES("fin"), RISK("none") },
	{ "sent", OFF, 0, 100, OUTCOMES("fin"), RISK("none") },
	{ "sent, linger 0", 0, 0, 100, OUTCOMES("fin"), RISK("none") },
	{ "sent, linger 5", 5, 0, 100, OUTCOMES("fin"), RISK("none") },
	{ "sent, SHUT_WR", OFF, 0, 100, false, SHUT_WRITE, OUTCOMES("fin"), RISK("none") },
	{ "1 byte unread", OFF, 1, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread", OFF, 100, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread, linger 0", 0, 100, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread, linger 5", 5, 100, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread and sent", OFF, 13, 100, OUTCOMES("reset"), RISK("certain"),
	  .reason = "unread-data" },
	{ "unread, SHUT_RD", OFF, 100, 0, false, SHUT_READ, OUTCOMES("reset"), RISK("certain"),
	  .reason = "unread-data" },
	{ "a full queue", OFF, 0, 0, true, OUTCOMES("fin"), RISK("none") },
	{ "a full queue, linger 0", 0, 0, 0, true, OUTCOMES("fin"), RISK("none") },
	{ "a full queue, linger 5", 5, 0, 0, true, OUTCOMES("fin"), RISK("none") },
	{ "two descriptors", OFF, 0, 100, false, SECOND_DESCRIPTOR, OUTCOMES("fin"), RISK("none"),
	  .reason = "shared" },
};

/* As TCP. How much is outstanding its queues do not tell, but struct mptcp_info does; how much of
 * it was never sent nobody tells, so a loss has an upper bound only. */
static const struct scenario mptcp_scenarios[] = {
	{ "clean", OFF, OUTCOMES("fin"), RISK("none") },
	{ "clean, linger 5", 5, OUTCOMES("fin"), RISK("none"), .block_seconds = 5 },
	{ "unread at the peer", OFF, 0, 100, OUTCOMES("fin"), RISK("none") },
	{ "unread", OFF, 100, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread, linger 5", 5, 100, OUTCOMES("reset"), RISK("certain"), .reason = "unread-data" },
	{ "unread, EOF unread", OFF, 100, 0, false, PEER_SHUT_WRITE, OUTCOMES("reset"),
	  RISK("certain"), .reason = "unread-data" },
	{ "EOF unread", OFF, 0, 0, false, PEER_SHUT_WRITE, OUTCOMES("fin"), RISK("none") },
	{ "zero linger", 0, OUTCOMES("reset"), RISK("possible"), .reason = "zero-linger" },
	{ "zero linger, unread at the peer", 0, 0, 100, OUTCOMES("reset"), RISK("possible"),
	  .reason = "zero-linger" },
	{ "zero linger, stalled", 0, 0, 0, true, OUTCOMES("reset"), RISKS("possible", "certain"),
	  .reason = "zero-linger" },
	{ "stalled", OFF, 0, 0, true, OUTCOMES("background"), RISK("possible") },
	{ "stalled, linger 1", 1, 0, 0, true, OUTCOMES("blocks"), RISK("possible"),
	  .block_seconds = 1 },
	{ "two descriptors", OFF, 0, 100, false, SECOND_DESCRIPTOR, OUTCOMES("fin"), RISK("none"),
	  .reason = "shared" },
};

#define UNIX_KINDS(kind, type, netid)                                                 \
	{ "unix " kind ", pair", netid, "-x", AF_UNIX, type, 0, BY_PAIR },            \
		{ "unix " kind ", path", netid, "-x", AF_UNIX, type, 0, BY_PATH },    \
	{                                                                             \
		"unix " kind ", abstract", netid, "-x", AF_UNIX, type, 0, BY_ABSTRACT \
	}

static const struct kind udp_kinds[] = {
	{ "udp inet", "udp", "-u", AF_INET, SOCK_DGRAM, 0, BY_PORT },
	{ "udp inet6", "udp", "-u", AF_INET6, SOCK_DGRAM, 0, BY_PORT },
};
static const struct kind dgram_kinds[] = { UNIX_KINDS("dgram", SOCK_DGRAM, "u_dgr") };
static const struct kind stream_kinds[] = {
	UNIX_KINDS("stream", SOCK_STREAM, "u_str"),
	UNIX_KINDS("seqpacket", SOCK_SEQPACKET, "u_seq"),
};
static const struct kind mptcp_kinds[] = {
	{ "mptcp inet", "mptcp", "-M", AF_INET, SOCK_STREAM, PROTO_MPTCP, BY_PORT },
	{ "mptcp inet6", "mptcp", "-M", AF_INET6, SOCK_STREAM, PROTO_MPTCP, BY_PORT },
};

#define GROUP(kinds, scenarios)                                  \
	{                                                        \
		kinds, COUNT(kinds), scenarios, COUNT(scenarios) \
	}

const struct group groups[GROUPS] = {
	GROUP(udp_kinds, datagram_scenarios),   GROUP(udp_kinds, datagram_sent_scenarios),
	GROUP(dgram_kinds, datagram_scenarios), GROUP(dgram_kinds, datagram_sent_scenarios),
	GROUP(stream_kinds, unix_scenarios),    GROUP(mptcp_kinds, mptcp_scenarios),
};

const struct kind *const listening_kinds[LISTENING_KINDS] = {
	&stream_kinds[1], &stream_kinds[2], &stream_kinds[4],
	&stream_kinds[5], &mptcp_kinds[0],  &mptcp_kinds[1],
};
