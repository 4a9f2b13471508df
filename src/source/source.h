/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source: where sockets come from. A transport (netlink.c, or replay.c for a recorded dump)
 * delivers kernel messages and knows no family; a decoder (one file a family) builds the request
 * and turns one message into one struct socket. Sockets stream: nothing is kept but a window of
 * cookies that recognises repeats.
 */
#ifndef LINGERSTAT_SOURCE_SOURCE_H
#define LINGERSTAT_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#include "model/socket.h"

/* What is asked of the kernel. */
struct selection {
	uint32_t netids; /* mask of NETID_BIT() */
	uint32_t states; /* mask of STATE_BIT() */
	bool ipv4;
	bool ipv6;
	const void *bytecode; /* INET_DIAG_REQ_BYTECODE, NULL: none */
	size_t bytecode_len;
	bool want_tcp_info; /* INET_DIAG_INFO: the judge's evidence, notsent_bytes */
	unsigned int want;  /* mask of enum wanted: for source/details.h */
};

/* What a decoder's request asks for only when something will show it. */
enum wanted {
	WANT_CONGESTION = 1 << 0, /* INET_DIAG_CONG, and VEGASINFO for every algorithm's own */
	WANT_MEMORY = 1 << 1,     /* SK_MEMINFO_* */
	WANT_EXTENDED = 1 << 2,   /* what only a family has */
	WANT_TOS = 1 << 3,
	WANT_FILTER = 1 << 4,  /* of packet sockets */
	WANT_WAITING = 1 << 2, /* of unix listeners: the clients that wait */
};

/* Why a dump is not to be trusted as whole; the first that happened is kept. */
enum dump_problem {
	DUMP_OK,
	DUMP_REFUSED,     /* NLMSG_ERROR: the request itself was turned down */
	DUMP_DONE_ERROR,  /* the dump ended with an error inside NLMSG_DONE */
	DUMP_SEND_FAILED, /* the request could not be sent */
	DUMP_RECV_FAILED, /* reading failed, error says why */
	DUMP_OVERRUN,     /* ENOBUFS: the kernel had to throw messages away */
	DUMP_TRUNCATED,   /* a message was longer than the buffer, or a recording ends inside one */
	DUMP_NO_END,      /* the stream ended before its NLMSG_DONE */
	DUMP_BAD_MESSAGE, /* bytes that are no netlink message */
	DUMP_STOPPED,     /* our own side stopped it (a sink returned an error) */
};

/* How rows that the dump may have passed over were looked for (cmd/recheck.h). */
enum rechecked { RECHECKED_NOT, RECHECKED_BY_CENSUS, RECHECKED_BY_DUMP };

struct dump_report {
	enum dump_problem problem;
	int error;            /* negative errno belonging to the problem, or 0 */
	uint64_t offset;      /* where a recording stopped making sense */
	uint64_t messages;    /* socket messages received */
	uint64_t sockets;     /* handed on */
	uint64_t duplicates;  /* received again and dropped */
	uint64_t malformed;   /* messages too short to hold a socket: dropped */
	uint64_t bad_attrs;   /* attributes shorter than their type: ignored */
	uint64_t interrupted; /* messages with NLM_F_DUMP_INTR */
	uint64_t namespaces;  /* network namespaces that could not be dumped at all */
	enum rechecked rechecked;
	uint64_t added;  /* rows that came of it */
	double may_miss; /* rows that may be missing all the same, as an expectation; INFINITY: not
			    known */
};

/* Takes a decoded socket; gives 0 to go on or a negative errno to stop the dump. */
typedef int (*socket_sink)(void *ctx, struct socket *sk);

/* One kind of socket: how to ask for it and how to read the answer. */
struct family {
	const char *name;
	uint32_t netids; /* the kinds that its messages may be */
	/* Writes a request into `buf` (at least FAMILY_REQUEST_MAX bytes) for pass number `pass`
	 * (0, 1, ...); returns it, or NULL when there is no such pass. */
	struct nlmsghdr *(*request)(char *buf, const struct selection *sel, unsigned int pass);
	/* Writes a request for one socket alone, by its ends or inode and its cookie; NULL: this
	 * family has none. */
	struct nlmsghdr *(*exact)(char *buf, const struct socket *sk);
	/* The same for a socket of which no more than its ends, device and cookie are known, with
	 * all that the selection wants of it; NULL: this family has none. */
	struct nlmsghdr *(*ask)(char *buf, const struct selection *sel, const struct socket *sk);
	bool no_bytecode; /* the kernel does not apply the selection's bytecode to it */
	/* A table of /proc/net that has the family where sock_diag does not; NULL: there is none.
	 */
	const char *proc_table;
	/* Reads one message. Returns 0, or -EBADMSG when it is too short to hold a socket, or
	 * -EPROTO when it belongs to another family. Adds to *bad_attrs. */
	int (*decode)(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs);
};

/* Whether sockets in a state are wanted. */
bool selection_has_state(const struct selection *sel, enum sock_state state);

#define FAMILY_REQUEST_MAX 8192

extern const struct family family_tcp;
extern const struct family family_mptcp;
extern const struct family family_udp;
extern const struct family family_udplite;
extern const struct family family_raw;
extern const struct family family_unix;
extern const struct family family_packet;
extern const struct family family_sctp;
extern const struct family family_dccp;
extern const struct family family_netlink;
extern const struct family family_vsock;
extern const struct family family_xdp;
extern const struct family family_tipc;

/* Every family that this program knows, and how many. */
const struct family *const *source_families(size_t *count);

struct source;

/* Called between messages. `dry`: the source has nothing at hand, so the next message may be long
 * in coming. */
typedef void (*source_pause)(void *ctx, bool dry);

/* Opens a NETLINK_SOCK_DIAG socket. Returns 0 or a negative errno (-EPROTONOSUPPORT where the
 * kernel has no sock_diag). */
int source_open_kernel(struct source **source);

/* Opens a recording (a file, a pipe, or "-" for standard input): netlink messages one after the
 * other, as `ss -D` writes them. Returns 0 or a negative errno. */
int source_open_replay(struct source **source, const char *path);

/* True when the sockets come from a recording and not from this kernel. */
bool source_is_replay(const struct source *source);

/* Calls `pause` before each read of the source, of a kernel's dump some hundred sockets apart: the
 * place to write out what is held back. */
void source_on_pause(struct source *source, source_pause pause, void *ctx);

/* Streams every selected socket of a family into the sink, each once. Returns 0 when the dump
 * was whole, else a negative errno with the details in *report (never an empty success). */
int source_dump(struct source *source, const struct family *family, const struct selection *sel,
		socket_sink sink, void *ctx, struct dump_report *report);

void source_close(struct source *source);

/* True when the kernel still has this very socket. False when it is gone, or cannot be asked. */
bool source_has_socket(struct source *source, const struct socket *sk);

/* Asks for one socket by its ends, device and cookie (UINT64_MAX: whichever has the ends), and
 * hands it on where it is selected: whole, though the kernel's filter has not seen it. One that is
 * gone is no error. Adds to *report. The family must have `ask`. Returns 0, the sink's error, or
 * what else went wrong, which is a problem of *report then. */
int source_ask(struct source *source, const struct family *family, const struct selection *sel,
	       const struct socket *sk, socket_sink sink, void *ctx, struct dump_report *report);

/* Fills in the ends, device and cookie of the next socket to ask for; false: there is no other. */
typedef bool (*source_next)(void *ctx, struct socket *sk);

/* The same of many, of this kernel, for a third of the cost of one after the other. To be called
 * after a source_dump(), of which none comes again, as none comes twice that is asked for twice. */
int source_ask_many(struct source *source, const struct family *family, const struct selection *sel,
		    source_next next, void *next_ctx, socket_sink sink, void *ctx,
		    struct dump_report *report);

/* True when this kernel can dump the family. A recording can be asked for any. */
bool source_has(struct source *source, const struct family *family);

/* True when this kernel lists TCP sockets that are bound and nothing else (STATE_BOUND_INACTIVE,
 * inet_diag_dump_icsk() since 6.8). Binds one of its own for a moment to see; TRI_UNKNOWN of a
 * recording, and where that fails. */
enum tri source_lists_bound(struct source *source);

/* A sentence part for a problem, such as "the kernel refused the request". */
const char *dump_problem_text(enum dump_problem problem);

/* True when rows may be missing, as opposed to a dump that was whole. */
bool dump_incomplete(const struct dump_report *report);

#endif
