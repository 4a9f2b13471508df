/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the model: kinds of socket, states, outcomes and risks, each with every spelling
 * that the tool prints or reads, in one const table a vocabulary.
 */
#ifndef LINGERSTAT_MODEL_WORDS_H
#define LINGERSTAT_MODEL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

enum netid {
	NETID_TCP,
	NETID_MPTCP,
	NETID_UDP,
	NETID_UNIX_STREAM,
	NETID_UNIX_SEQPACKET,
	NETID_UNIX_DGRAM,
	NETID_UDPLITE,
	NETID_RAW,
	NETID_SCTP,
	NETID_DCCP,
	NETID_PACKET_RAW,
	NETID_PACKET_DGRAM,
	NETID_NETLINK,
	NETID_VSOCK_STREAM,
	NETID_VSOCK_DGRAM,
	NETID_VSOCK_SEQPACKET,
	NETID_XDP,
	NETID_TIPC_STREAM,
	NETID_TIPC_SEQPACKET,
	NETID_TIPC_RDM,
	NETID_TIPC_DGRAM,
	NETID_COUNT,
};

#define NETID_BIT(n) (1u << (n))
#define NETIDS_UNIX                                                       \
	(NETID_BIT(NETID_UNIX_STREAM) | NETID_BIT(NETID_UNIX_SEQPACKET) | \
	 NETID_BIT(NETID_UNIX_DGRAM))
#define NETIDS_PACKET (NETID_BIT(NETID_PACKET_RAW) | NETID_BIT(NETID_PACKET_DGRAM))
#define NETIDS_VSOCK                                                    \
	(NETID_BIT(NETID_VSOCK_STREAM) | NETID_BIT(NETID_VSOCK_DGRAM) | \
	 NETID_BIT(NETID_VSOCK_SEQPACKET))
#define NETIDS_TIPC                                                       \
	(NETID_BIT(NETID_TIPC_STREAM) | NETID_BIT(NETID_TIPC_SEQPACKET) | \
	 NETID_BIT(NETID_TIPC_RDM) | NETID_BIT(NETID_TIPC_DGRAM))
/* Kinds that have one state only, UNCONN. */
#define NETIDS_STATELESS (NETIDS_PACKET | NETID_BIT(NETID_NETLINK) | NETID_BIT(NETID_XDP))

/* Numbers are the kernel's (include/net/tcp_states.h), with 0 for one we do not know, as far as
 * BOUND_INACTIVE. */
enum sock_state {
	STATE_UNKNOWN = 0,
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV,   /* only in request masks: a request socket, shown as SYN_RECV */
	STATE_BOUND_INACTIVE, /* TCP: bound and idle; the kernel's answer says CLOSE (6.8+) */
	/* SCTP associations have these beside CLOSE and ESTABLISHED; the numbers are ours. */
	STATE_COOKIE_WAIT,
	STATE_COOKIE_ECHOED,
	STATE_SHUTDOWN_PENDING,
	STATE_SHUTDOWN_SENT,
	STATE_SHUTDOWN_RECEIVED,
	STATE_SHUTDOWN_ACK_SENT,
	STATE_COUNT,
};

/* Sets of states are bit masks, 1 << number, as idiag_states has them. */
#define STATE_BIT(s) (1u << (s))
#define STATES_ALL   ((1u << STATE_COUNT) - 2)
/* What ss shows without -a or -l: every state but the ones that no program waits in. */
#define STATES_IDLE                                                                      \
	(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_TIME_WAIT) | \
	 STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV) |                     \
	 STATE_BIT(STATE_BOUND_INACTIVE))
#define STATES_CONNECTED (STATES_ALL & ~STATES_IDLE)
#define STATES_LISTENING (STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE))

enum outcome {
	OUTCOME_FIN,        /* orderly, nothing outstanding */
	OUTCOME_BACKGROUND, /* returns at once, the kernel goes on delivering */
	OUTCOME_BLOCKS,     /* waits up to the linger time, then background */
	OUTCOME_RESET,
	OUTCOME_SILENT, /* no packet */
	OUTCOME_NONE,   /* nothing to close */
	OUTCOME_COUNT,
};

#define OUTCOME_BIT(o) (1u << (o))

enum risk {
	RISK_NONE,
	RISK_POSSIBLE,
	RISK_LIKELY,
	RISK_CERTAIN,
	RISK_COUNT,
};

/* `inet`, `inet6`, `unix`, `packet`, `netlink`, `vsock`, `xdp` or `tipc`; `?` for an address family
 * that no decoder gives.
 */
const char *family_name(uint8_t family);

/* `tcp`, as the NETID column and JSON write it. */
const char *netid_name(enum netid id);

/* The state as ss writes it (`CLOSE-WAIT`); `?` for one we do not know. */
const char *state_ss_name(enum sock_state state);

/* The same where no two states may share a word, as in a list of counts by state:
 * `BOUND-INACTIVE` is the one that ss calls UNCONN as it does another. */
const char *state_label(enum sock_state state);

/* The states that sockets of a kind can be shown in, as a mask of STATE_BIT(). Lists of every
 * state, zeros too, have these; a count of another state, should a kernel ever give one, is not
 * lost by it. STATE_UNKNOWN is in no mask. */
uint32_t netid_states(enum netid id);

/* The state as node_exporter and JSON write it (`close_wait`); NULL for one we do not know. */
const char *state_json_name(enum sock_state state);

/* True for every state that a socket can be shown in: not for STATE_UNKNOWN, which has no word, nor
 * for STATE_NEW_SYN_RECV, which only request masks have. */
bool state_is_shown(enum sock_state state);

/* The state a word names, in any spelling and case, separators ignored; STATE_UNKNOWN if none. */
enum sock_state state_from_word(const char *word);

/* The bits of a subflow's flags (MPTCP_SUBFLOW_FLAG_* in linux/mptcp.h) as words. */
#define MPTCP_FLAG_COUNT 9
const char *mptcp_flag_name(int bit);

const char *outcome_name(enum outcome outcome);
const char *risk_name(enum risk risk);

/* The risk a word names; RISK_COUNT if none. */
enum risk risk_from_word(const char *word);

/* The risk words in order, NULL at the end, for messages that suggest the nearest one. */
const char *const *risk_words(void);

#endif
