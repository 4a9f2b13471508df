/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/words.h"

#include <ctype.h>
#include <stddef.h>
#include <strings.h>
#include <sys/socket.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const netid_names[NETID_COUNT] = {
	[NETID_TCP] = "tcp",
	[NETID_MPTCP] = "mptcp",
	[NETID_UDP] = "udp",
	[NETID_UNIX_STREAM] = "u_str",
	[NETID_UNIX_SEQPACKET] = "u_seq",
	[NETID_UNIX_DGRAM] = "u_dgr",
	[NETID_UDPLITE] = "udplite",
	[NETID_RAW] = "raw",
	[NETID_SCTP] = "sctp",
	[NETID_DCCP] = "dccp",
	[NETID_PACKET_RAW] = "p_raw",
	[NETID_PACKET_DGRAM] = "p_dgr",
	[NETID_NETLINK] = "nl",
	[NETID_VSOCK_STREAM] = "v_str",
	[NETID_VSOCK_DGRAM] = "v_dgr",
	[NETID_VSOCK_SEQPACKET] = "v_seq",
	[NETID_XDP] = "xdp",
	[NETID_TIPC_STREAM] = "ti_st",
	[NETID_TIPC_SEQPACKET] = "ti_sq",
	[NETID_TIPC_RDM] = "ti_rd",
	[NETID_TIPC_DGRAM] = "ti_dg",
};

struct state_words {
	const char *ss;    /* as ss prints it */
	const char *json;  /* as node_exporter labels it */
	const char *other; /* a further spelling that ss's filter takes */
	const char *alone; /* where ss has one word for two states: one that only this state has */
};

static const struct state_words state_words[STATE_COUNT] = {
	[STATE_ESTABLISHED] = { "ESTAB", "established", NULL, NULL },
	[STATE_SYN_SENT] = { "SYN-SENT", "syn_sent", NULL, NULL },
	[STATE_SYN_RECV] = { "SYN-RECV", "syn_recv", "synreceived", NULL },
	[STATE_FIN_WAIT1] = { "FIN-WAIT-1", "fin_wait1", NULL, NULL },
	[STATE_FIN_WAIT2] = { "FIN-WAIT-2", "fin_wait2", NULL, NULL },
	[STATE_TIME_WAIT] = { "TIME-WAIT", "time_wait", NULL, NULL },
	[STATE_CLOSE] = { "UNCONN", "close", "closed", NULL },
	[STATE_CLOSE_WAIT] = { "CLOSE-WAIT", "close_wait", NULL, NULL },
	[STATE_LAST_ACK] = { "LAST-ACK", "last_ack", NULL, NULL },
	[STATE_LISTEN] = { "LISTEN", "listen", "listening", NULL },
	[STATE_CLOSING] = { "CLOSING", "closing", NULL, NULL },
	[STATE_NEW_SYN_RECV] = { "SYN-RECV", "syn_recv", NULL, NULL },
	[STATE_BOUND_INACTIVE] = { "UNCONN", "bound_inactive", NULL, "BOUND-INACTIVE" },
	[STATE_COOKIE_WAIT] = { "COOKIE-WAIT", "cookie_wait", NULL, NULL },
	[STATE_COOKIE_ECHOED] = { "COOKIE-ECHOED", "cookie_echoed", NULL, NULL },
	[STATE_SHUTDOWN_PENDING] = { "SHUTDOWN-PENDING", "shutdown_pending", NULL, NULL },
	[STATE_SHUTDOWN_SENT] = { "SHUTDOWN-SENT", "shutdown_sent", NULL, NULL },
	[STATE_SHUTDOWN_RECEIVED] = { "SHUTDOWN-RECEIVED", "shutdown_received", NULL, NULL },
	[STATE_SHUTDOWN_ACK_SENT] = { "SHUTDOWN-ACK-SENT", "shutdown_ack_sent", NULL, NULL },
};

/* The states of TCP that others use with TCP's numbers. */
#define OPEN      (STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_ESTABLISHED))
#define CONNECTS  (OPEN | STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_LISTEN))
#define UNIX_ENDS (OPEN | STATE_BIT(STATE_LISTEN))
#define TCP_ALL   (STATE_BIT(STATE_NEW_SYN_RECV) - STATE_BIT(STATE_ESTABLISHED))
#define SCTP_OWN  (STATE_BIT(STATE_COUNT) - STATE_BIT(STATE_COOKIE_WAIT))

/* Each kind's states in the kernel: include/net/tcp_states.h; mptcp_set_state() in
 * net/mptcp/protocol.c, whose new_state[] has "should not happen" for TIME_WAIT; enum
 * sctp_sock_state and sctp_state in include/net/sctp/constants.h; enum dccp_state;
 * net/unix/af_unix.c; net/vmw_vsock/af_vsock.c; the enum at the head of net/tipc/socket.c.
 * Datagrams and raw sockets are connected or not; what has no state is CLOSE. */
static const uint32_t netid_state_sets[NETID_COUNT] = {
	[NETID_TCP] = TCP_ALL | STATE_BIT(STATE_BOUND_INACTIVE),
	[NETID_MPTCP] = TCP_ALL & ~STATE_BIT(STATE_TIME_WAIT),
	[NETID_UDP] = OPEN,
	[NETID_UNIX_STREAM] = UNIX_ENDS,
	[NETID_UNIX_SEQPACKET] = UNIX_ENDS,
	[NETID_UNIX_DGRAM] = OPEN,
	[NETID_UDPLITE] = OPEN,
	[NETID_RAW] = OPEN,
	[NETID_SCTP] = UNIX_ENDS | STATE_BIT(STATE_CLOSE_WAIT) | SCTP_OWN,
	[NETID_DCCP] = TCP_ALL,
	[NETID_PACKET_RAW] = STATE_BIT(STATE_CLOSE),
	[NETID_PACKET_DGRAM] = STATE_BIT(STATE_CLOSE),
	[NETID_NETLINK] = STATE_BIT(STATE_CLOSE),
	[NETID_VSOCK_STREAM] = CONNECTS | STATE_BIT(STATE_CLOSING),
	[NETID_VSOCK_DGRAM] = OPEN,
	[NETID_VSOCK_SEQPACKET] = CONNECTS | STATE_BIT(STATE_CLOSING),
	[NETID_XDP] = STATE_BIT(STATE_CLOSE),
	[NETID_TIPC_STREAM] = CONNECTS | STATE_BIT(STATE_CLOSE_WAIT),
	[NETID_TIPC_SEQPACKET] = CONNECTS | STATE_BIT(STATE_CLOSE_WAIT),
	[NETID_TIPC_RDM] = OPEN,
	[NETID_TIPC_DGRAM] = OPEN,
};

static const char *const outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_FIN] = "fin",     [OUTCOME_BACKGROUND] = "background", [OUTCOME_BLOCKS] = "blocks",
	[OUTCOME_RESET] = "reset", [OUTCOME_SILENT] = "silent",         [OUTCOME_NONE] = "none",
};

static const char *const risk_names[RISK_COUNT + 1] = {
	[RISK_NONE] = "none",       [RISK_POSSIBLE] = "possible", [RISK_LIKELY] = "likely",
	[RISK_CERTAIN] = "certain", [RISK_COUNT] = NULL,
};

const char *family_name(uint8_t family)
{
	static const struct {
		uint8_t family;
		const char *name;
	} names[] = {
		{ AF_INET, "inet" },     { AF_INET6, "inet6" },     { AF_UNIX, "unix" },
		{ AF_PACKET, "packet" }, { AF_NETLINK, "netlink" }, { AF_VSOCK, "vsock" },
		{ AF_XDP, "xdp" },       { AF_TIPC, "tipc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].family == family)
			return names[i].name;
	return "?";
}

const char *netid_name(enum netid id)
{
	return netid_names[id];
}

const char *state_ss_name(enum sock_state state)
{
	if (state >= STATE_COUNT || !state_words[state].ss)
		return "?";
	return state_words[state].ss;
}

const char *state_label(enum sock_state state)
{
	if (state < STATE_COUNT && state_words[state].alone)
		return state_words[state].alone;
	return state_ss_name(state);
}

uint32_t netid_states(enum netid id)
{
	return netid_state_sets[id];
}

const char *state_json_name(enum sock_state state)
{
	return state < STATE_COUNT ? state_words[state].json : NULL;
}

bool state_is_shown(enum sock_state state)
{
	return state != STATE_UNKNOWN && state != STATE_NEW_SYN_RECV && state < STATE_COUNT;
}

/* Equal but for case and the separators `-` and `_`. */
static bool same_word(const char *a, const char *b)
{
	while (*a || *b) {
		while (*a == '-' || *a == '_')
			a++;
		while (*b == '-' || *b == '_')
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a) {
			a++;
			b++;
		}
	}
	return true;
}

enum sock_state state_from_word(const char *word)
{
	for (size_t i = 1; i < ARRAY_SIZE(state_words); i++) {
		const struct state_words *w = &state_words[i];

		if (same_word(word, w->ss) || same_word(word, w->json) ||
		    (w->other && same_word(word, w->other)))
			return (enum sock_state)i;
	}
	return STATE_UNKNOWN;
}

const char *mptcp_flag_name(int bit)
{
	static const char *const names[MPTCP_FLAG_COUNT] = {
		"capable-remote", "capable-local",     "join-remote", "join-local", "backup-remote",
		"backup-local",   "fully-established", "connected",   "map-valid",
	};

	return names[bit];
}

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

const char *risk_name(enum risk risk)
{
	return risk_names[risk];
}

enum risk risk_from_word(const char *word)
{
	for (int i = 0; i < RISK_COUNT; i++)
		if (strcasecmp(word, risk_names[i]) == 0)
			return (enum risk)i;
	return RISK_COUNT;
}

const char *const *risk_words(void)
{
	return risk_names;
}
