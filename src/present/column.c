/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/column.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "plan/needs.h"
#include "present/cells.h"
#include "present/details.h"
#include "present/orders.h"
#include "present/restart.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define JUDGE    (NEED_FORECAST | NEED_LINGER | NEED_TCP_INFO)
#define REASONS  (JUDGE | NEED_OWNERS)
#define INFO     (NEED_NAMING | NEED_TCP_INFO | NEED_CONGESTION)
#define MEMORY   (NEED_NAMING | NEED_MEMORY)
#define NUMBERS  (NEED_NAMING | NEED_TCP_INFO)
#define CONTEXT  (NEED_NAMING | NEED_OWNERS | NEED_CONTEXT)
#define RESTART  (NEED_NAMING | NEED_RESTART | NEED_OWNERS | NEED_LINGER)
#define EXTENDED (NEED_NAMING | NEED_EXTENDED | NEED_CGROUP | NEED_MARK)

static const struct column columns[] = {
	{ "netid", "NETID", "netid", "kind of socket", 0, false, 0, cell_netid, json_netid, NULL,
	  NULL },
	{ "family", "FAMILY", "family", "inet or inet6", 0, false, 0, cell_family, json_family,
	  NULL, NULL },
	{ "state", "STATE", "state", "state of the connection", 0, false, 0, cell_state, json_state,
	  ink_state, NULL },
	{ "netns", "NETNS", "netns", "network namespace: name, resident, or inode",
	  NEED_NETNS | NEED_NETNS_NAME, true, 0, cell_netns, json_netns, NULL, NULL },
	{ "local", "LOCAL", "local", "local address and port, or name", NEED_LINKS, false, ':',
	  cell_local, json_local, NULL, order_local },
	{ "peer", "PEER", "peer", "peer's address and port, or name", NEED_LINKS | NEED_PEER_NAMES,
	  false, ':', cell_peer, json_peer, NULL, order_peer },
	{ "interface", "INTERFACE", "interface", "device the socket is bound to", NEED_LINKS, false,
	  0, cell_interface, json_interface, NULL, NULL },
	{ "ifindex", "IFINDEX", "interface_index", "index of that device", 0, true, 0, cell_ifindex,
	  json_ifindex, NULL, NULL },
	{ "recv-q", "RECV-Q", "recv_queue", "receive queue, the peer's FIN included", 0, true, 0,
	  cell_recv_queue, json_recv_queue, NULL, NULL },
	{ "send-q", "SEND-Q", "send_queue", "send queue, SYN or FIN included", 0, true, 0,
	  cell_send_queue, json_send_queue, NULL, NULL },
	{ "queue-unit", "QUNIT", "queue_unit", "what the two queues count", 0, false, 0,
	  cell_queue_unit, json_queue_unit, NULL, NULL },
	{ "unread", "UNREAD", "unread_bytes", "bytes received and not read", 0, true, 0,
	  cell_unread, json_unread, NULL, NULL },
	{ "outstanding", "OUTSTAND", "outstanding_bytes", "bytes written and not acknowledged", 0,
	  true, 0, cell_outstanding, json_outstanding, NULL, NULL },
	{ "unsent", "UNSENT", "unsent_bytes", "bytes written and not sent", NEED_TCP_INFO, true, 0,
	  cell_unsent, json_unsent, NULL, NULL },
	{ "netns-name", "NETNS-NAME", "netns_name", "name of the network namespace",
	  NEED_NETNS | NEED_NETNS_NAME, false, 0, cell_netns_name, json_netns_name, NULL, NULL },
	{ "linger", "LINGER", "linger", "SO_LINGER: off, seconds, inf; ? unknown", NEED_LINGER,
	  true, 0, cell_linger, json_linger, ink_linger, order_linger },
	{ "options", "OPTIONS", "options", "options that change what close() does", NEED_LINGER,
	  false, '$', cell_options, json_options, NULL, NULL },
	{ "shutdown", "SHUTDOWN", "shutdown", "directions that are shut down", 0, false, 0,
	  cell_shutdown, json_shutdown, NULL, NULL },
	{ "uid", "UID", "uid", "user id of the socket", 0, true, 0, cell_uid, json_uid, NULL,
	  NULL },
	{ "inode", "INODE", "inode", "inode of the socket, 0: no process has it", 0, true, 0,
	  cell_inode, json_inode, NULL, NULL },
	{ "cookie", "COOKIE", "cookie", "kernel's unique number for the socket", 0, true, 0,
	  cell_cookie, json_cookie, NULL, order_cookie },
	{ "cgroup", "CGROUP", "cgroup", "control group it was created in", NEED_CGROUP, false, '$',
	  cell_cgroup, json_cgroup, NULL, NULL },
	{ "unit", "UNIT", "unit", "systemd unit, or slice, it was created in", NEED_CGROUP, false,
	  '$', cell_unit, json_unit, NULL, NULL },
	{ "container", "CONTAINER", "container", "container it was created in, by its cgroup",
	  NEED_CGROUP, false, '$', cell_container, json_container, NULL, NULL },
	{ "process", "PROCESS", "holders", "who holds it: first process, with -p all", NEED_OWNERS,
	  false, '/', cell_process, json_holders, NULL, NULL },
	{ "peer-process", "PEER-PROCESS", "peer_holders", "who holds the other end, on this host",
	  NEED_OWNERS | NEED_PEER_HOLDERS, false, '/', cell_peer_process, json_peer_holders, NULL,
	  NULL },
	{ "references", "REFS", "references", "descriptors seen that refer to it", NEED_OWNERS,
	  true, 0, cell_references, json_references, NULL, NULL },
	{ "mptcp", "MPTCP", "mptcp", "MPTCP's token; of a subflow ids and flags", 0, PLACE_LEFT,
	  '$', cell_mptcp, json_mptcp, NULL, NULL },
	{ "subflows", "SUBFLOWS", "subflows", "TCP sockets of an MPTCP connection", NEED_SUBFLOWS,
	  PLACE_RIGHT, 0, cell_subflows, json_subflows, NULL, NULL },
	{ "sctp", "SCTP", "sctp", "of SCTP: endpoint, or association", 0, false, 0, cell_sctp,
	  json_sctp, NULL, NULL },
	{ "outcome", "OUTCOME", "close.outcome", "what close() would do", JUDGE, false, 0,
	  cell_outcome, json_outcome, NULL, NULL },
	{ "outcomes", "OUTCOMES", "close.outcomes", "all that close() might do", JUDGE, false, 0,
	  cell_outcome, json_outcomes, NULL, NULL },
	{ "risk", "RISK", "close.risk", "risk of losing data at close; ? open", JUDGE, false, 0,
	  cell_risk, json_risk, ink_risk, order_risk },
	{ "risk-max", "RISK-MAX", "close.risk_max", "upper bound of the risk", JUDGE, false, 0,
	  cell_risk_max, json_risk_max, NULL, order_risk_max },
	{ "reasons", "REASONS", "close.reasons", "why, in stable words", REASONS, false, '$',
	  cell_reasons, json_reasons, NULL, NULL },
	{ "loss-min", "LOSS-MIN", "close.loss_min_bytes", "bytes the close destroys at least",
	  JUDGE, true, 0, cell_loss_min, json_loss_min, NULL, NULL },
	{ "loss-max", "LOSS-MAX", "close.loss_max_bytes", "bytes the close destroys at most", JUDGE,
	  true, 0, cell_loss_max, json_loss_max, NULL, NULL },
	{ "unread-loss", "UNREAD-LOSS", "close.unread_bytes", "unread bytes, gone with the close",
	  JUDGE, true, 0, cell_close_unread, json_close_unread, NULL, NULL },
	{ "block", "BLOCK", "close.block_seconds", "seconds that close() may wait", JUDGE, true, 0,
	  cell_block, json_block, NULL, NULL },
	{ "drain", "DRAIN-MS", "close.drain_ms", "estimated milliseconds to deliver all", JUDGE,
	  true, 0, cell_drain, json_drain, NULL, NULL },
	{ "time", "TIME", "time", "when it was destroyed (-E)", NEED_NAMING, false, 0, cell_time,
	  json_time, NULL, NULL },
	{ "context", "CONTEXT", "contexts", "security context of the holder (-Z)", CONTEXT, false,
	  '$', cell_context, json_contexts, NULL, NULL },
	{ "socket-context", "SOCKET-CONTEXT", "socket_context", "that of the socket (-z)",
	  CONTEXT | NEED_SOCKET_CONTEXT, false, '$', cell_socket_context, json_socket_context, NULL,
	  NULL },
	{ "info", "INFO", "info", "tcp_info and congestion, beneath (-i)", INFO, PLACE_BENEATH, 0,
	  cell_info, json_info, NULL, NULL },
	{ "memory", "MEMORY", "memory", "buffer memory and drops, beneath (-m)", MEMORY,
	  PLACE_BENEATH, 0, cell_memory, json_memory, NULL, NULL },
	{ "rtt", "RTT-US", "rtt_us", "smoothed round trip, microseconds", NUMBERS, true, 0,
	  cell_rtt, json_rtt, NULL, NULL },
	{ "retrans", "RETRANS", "retransmitted_segments", "segments sent again, in all", NUMBERS,
	  true, 0, cell_total_retrans, json_total_retrans, NULL, NULL },
	{ "cwnd", "CWND", "congestion_window_segments", "congestion window", NUMBERS, true, 0,
	  cell_cwnd, json_cwnd, NULL, NULL },
	{ "delivery-rate", "RATE", "delivery_rate_bytes_per_second", "bytes per second, lately",
	  NUMBERS, true, 0, cell_delivery_rate, json_delivery_rate, NULL, NULL },
	{ "idle", "IDLE-MS", "idle_ms", "milliseconds since data went either way", NUMBERS, true, 0,
	  cell_idle, json_idle, NULL, NULL },
	{ "timer-ms", "TIMER-MS", "timer_ms", "milliseconds until the timer goes off", NEED_NAMING,
	  true, 0, cell_timer_ms, json_timer_ms, NULL, NULL },
	{ "mark", "MARK", "mark", "SO_MARK, shown to CAP_NET_ADMIN", NEED_NAMING | NEED_MARK, true,
	  0, cell_mark, json_mark, NULL, NULL },
	{ "drops", "DROPS", "drops", "packets dropped", MEMORY, true, 0, cell_drops, json_drops,
	  NULL, NULL },
	{ "restart", "RESTART", "restart", "whether its program could be restarted now", RESTART,
	  false, '$', cell_restart, json_restart, NULL, order_restart },
	{ "timer", "TIMER", "timer", "the running timer, beneath (-o)", NEED_NAMING, PLACE_BENEATH,
	  0, cell_timer, json_timer, NULL, NULL },
	{ "extended", "EXTENDED", "extended", "uid, inode, what its family has (-e)", EXTENDED,
	  PLACE_BENEATH, 0, cell_extended, json_extended, NULL, NULL },
	{ "tos", "TOS", "tos", "TOS, traffic class, class id, beneath", NEED_NAMING | NEED_TOS,
	  PLACE_BENEATH, 0, cell_tos, json_tos, NULL, NULL },
	{ "sockopt", "SOCKOPT", "sockopt", "options of inet sockets, beneath", NEED_NAMING,
	  PLACE_BENEATH, 0, cell_sockopt, json_sockopt, NULL, NULL },
	{ "tipc-info", "TIPC-INFO", "tipc_info", "congestion, service, group of TIPC", NEED_NAMING,
	  PLACE_BENEATH, 0, cell_tipc, json_tipc, NULL, NULL },
	{ "bpf-filter", "BPF-FILTER", "bpf_filter", "filter of a packet socket (-b)",
	  NEED_NAMING | NEED_FILTER, PLACE_BENEATH, 0, cell_bpf, json_bpf, NULL, NULL },
};

const struct column *column_table(size_t *count)
{
	*count = ARRAY_SIZE(columns);
	return columns;
}

static size_t skip_separators(const char *name, size_t at, size_t len)
{
	while (at < len && (name[at] == '-' || name[at] == '_'))
		at++;
	return at;
}

/* `Recv-Q`, as the header has it, and `recvq`, as a filter has it, are `recv-q`. */
static bool same_name(const char *name, const char *typed, size_t len)
{
	size_t n = strlen(name), i = 0, k = 0;

	while (true) {
		i = skip_separators(name, i, n);
		k = skip_separators(typed, k, len);
		if (i == n || k == len)
			return i == n && k == len;
		if (tolower((unsigned char)name[i++]) != tolower((unsigned char)typed[k++]))
			return false;
	}
}

static const struct column *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (same_name(columns[i].name, name, len) ||
		    same_name(columns[i].header, name, len))
			return &columns[i];
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (strncmp(columns[i].json, name, len) == 0 && !columns[i].json[len])
			return &columns[i];
	return NULL;
}

const struct column *column_find(const char *name)
{
	return find(name, strlen(name));
}

static bool has(const struct column_list *list, const struct column *column)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == column)
			return true;
	return false;
}

int column_list_parse(struct column_list *list, const char *text, char *bad, size_t size)
{
	while (true) {
		size_t len = strcspn(text, ",");
		const struct column *column = len ? find(text, len) : NULL;

		if (!column) {
			size_t n = len < size - 1 ? len : size - 1;

			memcpy(bad, text, n);
			bad[n] = '\0';
			return -EINVAL;
		}
		if (!has(list, column))
			list->items[list->count++] = column;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

void column_list_remove(struct column_list *list, const struct column *column)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] != column)
			list->items[n++] = list->items[i];
	list->count = n;
}

void column_list_all(struct column_list *list)
{
	list->count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!(columns[i].needs & NEED_NAMING))
			list->items[list->count++] = &columns[i];
}

unsigned int column_list_needs(const struct column_list *list)
{
	unsigned int needs = 0;

	for (size_t i = 0; i < list->count; i++)
		needs |= list->items[i]->needs;
	return needs;
}
