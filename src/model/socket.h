/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: one plain record for a socket, whatever its family. The source room fills it from
 * the kernel's answer, the enrich room adds holders, linger and names, the judge adds the
 * forecast, and every other room only reads it. A value nobody could learn is UNKNOWN (or the
 * enum's own word for it), never 0.
 */
#ifndef LINGERSTAT_MODEL_SOCKET_H
#define LINGERSTAT_MODEL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>

#include "model/reason.h"
#include "model/words.h"
#include "model/workload.h"

#define UNKNOWN (-1) /* in every int64_t of the model: the value is not known */

/* Three-valued answer for options that only some kernels or backends show. */
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

/* An end of an internet connection. The address is in network order, the port in host order. */
struct endpoint {
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} addr;
	uint16_t port;
};

/* What the kernel counts in a socket's two queue numbers. */
enum queue_unit {
	QUEUE_BYTES,       /* payload, with SYN and FIN still counted as one byte each */
	QUEUE_CONNECTIONS, /* a listener: waiting connections, and the backlog's limit */
	QUEUE_NONE,        /* a minisocket: it has no queues, the kernel prints 0 */
	QUEUE_MEMORY,      /* buffer memory, overhead included */
	QUEUE_MESSAGES,    /* messages, of any length */
	QUEUE_UNKNOWN,     /* the kernel did not say: the two numbers mean nothing */
};

/*
 * SO_LINGER and its neighbours, as read from the descriptor (not from sock_diag, which has none
 * of them). `kind` says how much of it is known.
 */
enum linger_kind {
	LINGER_UNKNOWN, /* nobody could read it */
	LINGER_NONE,    /* the socket has none to apply: TIME_WAIT, SYN_RECV, orphans */
	LINGER_OFF,
	LINGER_ON,
};

enum linger_source {
	LINGER_FROM_NOWHERE,
	LINGER_FROM_BPF,
	LINGER_FROM_GETFD,
};

struct linger_setting {
	enum linger_kind kind;
	enum linger_source source;
	bool forever;    /* l_linger below 0: close() waits without bound */
	int64_t seconds; /* what getsockopt would say, also when off; UNKNOWN when forever */
};

/* Options that change what close() does, read in the same pass as linger. */
struct close_options {
	enum tri repair;           /* TCP_REPAIR */
	enum tri linger2_negative; /* TCP_LINGER2 below 0 */
	enum tri nonblock;         /* O_NONBLOCK of the first descriptor */
	enum tri reuseaddr;        /* SO_REUSEADDR */
	enum tri reuseport;        /* SO_REUSEPORT */
	enum tri one_to_many;      /* SOCK_SEQPACKET; of SCTP: one socket, many associations */
	int64_t user_timeout_ms;   /* TCP_USER_TIMEOUT; UNKNOWN, or 0 for the default */
};

/* The tcp_info fields that the judge and the columns use; each UNKNOWN where the kernel's record
 * is too short to hold it (include/uapi/linux/tcp.h, struct tcp_info grows at its end). */
struct tcp_evidence {
	int64_t notsent_bytes; /* write_seq - snd_nxt; counts a FIN not yet sent */
	int64_t unacked_segments;
	int64_t retransmits; /* consecutive timeouts without progress */
	int64_t backoff;     /* doublings of the retransmit or probe timer */
	int64_t probes;      /* zero-window or keepalive probes not answered */
	int64_t snd_wnd_bytes;
	int64_t rto_us;
	int64_t rtt_us;
	int64_t last_data_sent_ms;
	int64_t last_ack_recv_ms;
	int64_t last_data_recv_ms;
	int64_t delivery_rate_bytes_per_second;
	int64_t rate_app_limited; /* 1: the sender, not the path, limited the delivery rate */
	int64_t pacing_rate_bytes_per_second; /* UNKNOWN where the kernel says "unlimited" */
	int64_t snd_mss_bytes;
	int64_t snd_ssthresh_segments; /* INT32_MAX: slow start, nothing was lost yet */
	int64_t total_retrans_segments;
	int64_t min_rtt_us;      /* UINT32_MAX: none was measured */
	int64_t busy_us;         /* how long data was outstanding, all told */
	int64_t rwnd_limited_us; /* the part of it in which the peer's window was shut */
	int64_t delivered_segments;
};

enum sock_timer {
	TIMER_OFF = 0,
	TIMER_RETRANSMIT = 1,
	TIMER_KEEPALIVE = 2,
	TIMER_TIME_WAIT = 3,
	TIMER_PROBE = 4,
};

/* One descriptor that holds a socket. `comm` is the process name as the kernel keeps it: any
 * bytes, at most 15 and a NUL. `tid` is the process's own number, or that of a thread which has
 * left its process's descriptor table (unshare(2), CLONE_FILES). */
struct holder {
	uint32_t pid;
	uint32_t fd;
	const char *comm;
	uint32_t tid;
};

/* What a security module calls a process: NULL when that is not known, "" when no module gives it
 * a context. The text lives as long as the run. */
struct process_context {
	uint32_t pid;
	uint32_t tid;
	const char *text;
};

struct context_list {
	bool absent;    /* no security module gives processes a context: nobody has one */
	uint32_t count; /* one a process, or thread with its own descriptors, among the holders */
	const struct process_context *items; /* valid as long as the row */
};

/* How much the owners pass could say about this socket. */
enum holders_known {
	HOLDERS_UNKNOWN, /* not looked for, or not every process could be read and none was found */
	HOLDERS_PARTIAL, /* some found, but not every process could be read */
	HOLDERS_COMPLETE,
};

struct holder_list {
	enum holders_known known;
	uint32_t count;
	const struct holder *items; /* valid until the next socket is enriched */
};

/* What close() would do, as the judge sees it; filled by judge_close(). */
struct close_forecast {
	uint32_t outcomes;      /* set of 1u << enum outcome: one bit when it is certain */
	enum risk risk;         /* the lower bound */
	enum risk risk_max;     /* the upper bound; equal to risk when nothing is unknown */
	reason_set reasons;     /* set of reasons, see model/reason.h */
	int64_t loss_min_bytes; /* of our own sent data, destroyed by the close itself */
	int64_t loss_max_bytes;
	int64_t unread_bytes;  /* received data that the close would destroy or reset over */
	int64_t block_seconds; /* the longest that close() waits; UNKNOWN when forever is set too */
	bool block_forever;    /* waits without bound */
	int64_t drain_ms;      /* estimate until the send queue is delivered; UNKNOWN when stuck */
	int64_t at_stake_bytes; /* bytes that are lost, or that nobody will confirm */
};

/* A unix socket's own name, and its peer. The name points into the kernel's message. */
struct unix_end {
	const char *name; /* NULL: unnamed. Any bytes, no NUL at the end */
	uint16_t name_len;
	bool abstract;           /* the leading NUL is not part of the name */
	bool peer_hidden;        /* it has a peer without an inode: not accepted yet, or gone */
	uint16_t n_waiting;      /* of a listener, where it was asked for: ... */
	uint32_t peer_inode;     /* 0: none */
	const uint32_t *waiting; /* ... inodes of the clients that wait to be accepted, 0: gone */
};

/* The socket at the other end of a connection, where that is on this host. Filled by the enrich
 * room. */
struct other_end {
	bool found;           /* there is such a socket */
	bool name_known;      /* of unix sockets: `name` is what it is called */
	struct unix_end name; /* of unix sockets: its own name */
	uint32_t inode;       /* 0: no process has it */
	struct holder_list holders;
};

/* A packet socket's end: the device is `ifindex`. */
struct packet_end {
	uint16_t protocol; /* ETH_P_*, in host order */
	bool rx_ring;      /* receives into, sends from, memory that it shares with the kernel: */
	bool tx_ring;      /* what is there the two queues do not count */
};

struct vsock_address {
	uint32_t cid; /* of the machine; UINT32_MAX: any */
	uint32_t port;
};

struct vsock_ends {
	struct vsock_address local, peer;
};

/* An XDP socket's end: the device is `ifindex`. */
struct xdp_end {
	int64_t queue; /* of the device; UNKNOWN */
};

struct tipc_address {
	uint32_t node;
	uint32_t port;
};

struct tipc_ends {
	struct tipc_address local, peer;
	bool connected; /* `peer` is filled */
	bool congested; /* a link or the connection: close() waits for it */
};

#define NETLINK_GROUP_WORDS 8

/* A netlink socket's two ends. */
struct netlink_ends {
	uint32_t port_id;      /* 0: the kernel's own socket */
	uint32_t peer_port_id; /* of connect(): where it sends to */
	uint32_t peer_group;
	uint32_t groups[NETLINK_GROUP_WORDS]; /* it listens to; group 1 is bit 0 */
	bool connected;
	bool more_groups; /* beyond those in `groups` */
};

/* What ties an MPTCP connection and its subflows together; UNKNOWN where it was not said. */
struct mptcp_ids {
	int64_t token;        /* of the connection, here */
	int64_t remote_token; /* of the connection at the peer; of a subflow that joined */
	int64_t local_id;     /* of a subflow's two addresses */
	int64_t remote_id;
	int64_t flags; /* MPTCP_SUBFLOW_FLAG_* */
};

/* The TCP sockets of an MPTCP connection, where they were looked for. */
struct subflow_list {
	bool known;
	uint32_t count;
	const struct socket *items; /* without holders: use socket_subflow() */
};

/* Who has data that nobody read, where SCTP counts memory: an unread notification is memory too,
 * and no data. Unknown where it may be either. */
struct sctp_unread {
	enum tri own;    /* this association; of an endpoint: never */
	enum tri socket; /* any association of the same socket, this one included */
};

struct restart;

struct socket {
	enum netid netid;
	uint8_t family;   /* AF_INET, AF_INET6, ... */
	uint8_t protocol; /* IPPROTO_*; of netlink, NETLINK_* */
	enum sock_state state;
	struct endpoint local;
	struct endpoint peer;
	struct unix_end un; /* of AF_UNIX, instead of local and peer */
	union {             /* likewise, of the family that the name says */
		struct packet_end packet;
		struct netlink_ends netlink;
		struct vsock_ends vsock;
		struct xdp_end xdp;
		struct tipc_ends tipc;
	};
	struct other_end other;
	bool kernel_filtered;    /* the kernel has applied its part of the filter */
	enum tri mptcp_fallback; /* of MPTCP: the peer did not take part, it is plain TCP */
	bool orphans_full;       /* the machine is close to net.ipv4.tcp_max_orphans */
	bool may_migrate; /* net.ipv4.tcp_migrate_req lets waiting connections change listeners */
	bool subflow;     /* a TCP socket that belongs to an MPTCP connection */
	bool association; /* of SCTP: a connection, and not the endpoint it belongs to */
	struct sctp_unread sctp; /* of SCTP */
	struct mptcp_ids mptcp;
	struct subflow_list subflows;
	uint32_t ifindex; /* bound device, or the scope of a link-local address; 0: none */

	enum queue_unit queue_unit;
	uint32_t recv_queue;       /* the kernel's number, as ss prints it */
	uint32_t send_queue;       /* likewise */
	int64_t unread_bytes;      /* payload only */
	int64_t outstanding_bytes; /* payload sent and not acknowledged, plus unsent */
	int64_t unsent_bytes;      /* payload never sent */

	uint32_t uid;
	bool uid_known;             /* minisockets carry none */
	uint32_t inode;             /* 0: TIME_WAIT, orphan, or not yet accepted */
	uint64_t cookie;            /* 0: not known */
	uint64_t netns;             /* inode of the namespace; 0 when it is not known */
	const char *netns_name;     /* as `ip netns` knows it, or NULL */
	const char *netns_resident; /* the container or service that lives there, or NULL */
	int64_t cgroup_id;
	int64_t destroyed_ms; /* of an event: when we heard of it, since the epoch; else UNKNOWN */
	int64_t mark;         /* the kernel shows it to CAP_NET_ADMIN only */
	uint8_t shutdown;     /* bit 0: RCV, bit 1: SEND (kernel's RCV_SHUTDOWN, SEND_SHUTDOWN) */
	bool shutdown_known;
	enum tri v6only; /* IPV6_V6ONLY, shown for listeners and bound sockets */
	enum sock_timer timer;
	uint32_t timer_ms;
	uint8_t timer_retransmits;

	struct tcp_evidence tcp;
	struct linger_setting linger;
	struct close_options options;
	struct holder_list holders;
	const void *message; /* the kernel's answer, valid as long as the row */
	uint32_t message_len;
	const char *interface; /* name of ifindex, NULL when there is none or it has no name */
	struct context_list contexts;
	const char *socket_context;      /* of the socket itself, as in struct process_context */
	const char *cgroup;              /* path of cgroup_id, NULL when not known */
	const struct workload *workload; /* what the path says, NULL when it is not known */
	struct close_forecast close;
	/* Of a listener, where it was asked for (model/restart.h); valid as long as the run. */
	const struct restart *restart;
};

/* True for a connection whose process has closed it: inode 0 in FIN_WAIT1, FIN_WAIT2, CLOSING
 * or LAST_ACK (kernel: sock_orphan() then inet_csk_destroy_sock() after the last ACK). */
bool socket_is_orphan(const struct socket *sk);

/* True for a connection that no process has accepted yet: inode 0 in ESTABLISHED or CLOSE_WAIT. */
bool socket_is_unaccepted(const struct socket *sk);

/* False for a socket that has no other end: it listens, or is not connected. */
bool socket_has_peer(const struct socket *sk);

/* The i-th subflow of a connection as a row of its own: whoever holds the connection holds it. */
struct socket socket_subflow(const struct socket *sk, uint32_t i);

/* `endpoint` or `association`, of SCTP; NULL for all others. */
const char *sctp_record_name(const struct socket *sk);

/* True for a socket with an IPv4 or IPv6 address: `local` and `peer` are filled. */
bool socket_is_inet(const struct socket *sk);

/* True for a socket of the kernel itself, which no process can hold or close. */
bool socket_is_kernels(const struct socket *sk);

/* What to call a network namespace, for people and not escaped: its name, or who lives there, or
 * its inode; `?` where none is known. */
#define NETNS_LABEL_SIZE 128
void netns_label(uint64_t netns, const char *name, const char *resident,
		 char label[NETNS_LABEL_SIZE]);

/* The kernel's two numbers; UNKNOWN where it did not say. */
int64_t socket_recv_queue(const struct socket *sk);
int64_t socket_send_queue(const struct socket *sk);

/* Milliseconds since payload last went either way, or UNKNOWN; UNKNOWN also where no handshake has
 * ended, because the kernel would count from the machine's start (or say 0, of a listener). */
int64_t socket_idle_ms(const struct socket *sk);

/* Sets every field to "unknown"; a decoder then fills in what the kernel said. */
void socket_init(struct socket *sk);

#endif
