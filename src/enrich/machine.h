/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: what the kernel counts itself, and the limits that it was given. Read from /proc,
 * each value UNKNOWN where it cannot be read: a sysctl of the whole machine does not show in
 * another network namespace, a counter may be newer than the kernel.
 *
 * Of the whole machine, whatever the namespace: orphans, tcp_mem and their limits
 * (tcp_orphan_count_sum(), proto_memory_allocated()). Of the network namespace: the rest, the
 * abort counters too.
 */
#ifndef LINGERSTAT_ENRICH_MACHINE_H
#define LINGERSTAT_ENRICH_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "count/ports.h"

/* Counters of /proc/net/netstat (TcpExt) and /proc/net/sctp/snmp, since the namespace was made. */
enum machine_counter {
	MACHINE_ABORT_ON_CLOSE,   /* TCPAbortOnClose: closed with unread data */
	MACHINE_ABORT_ON_DATA,    /* TCPAbortOnData: zero linger, or data came after the close */
	MACHINE_ABORT_ON_TIMEOUT, /* TCPAbortOnTimeout */
	MACHINE_ABORT_ON_MEMORY,  /* TCPAbortOnMemory: too many orphans, or tcp_mem */
	MACHINE_ABORT_ON_LINGER,  /* TCPAbortOnLinger: FIN_WAIT2 with TCP_LINGER2 below 0 */
	MACHINE_ABORT_FAILED,     /* TCPAbortFailed: no memory for the RST itself */
	MACHINE_ABORTS,           /* how many of them are aborts */
	MACHINE_TW_OVERFLOW = MACHINE_ABORTS, /* TCPTimeWaitOverflow: no bucket was left */
	MACHINE_LISTEN_OVERFLOWS,             /* ListenOverflows: an accept queue was full */
	MACHINE_SCTP_ABORTS, /* SctpAborteds, by either end; unknown where SCTP is not loaded */
	MACHINE_COUNTERS,
};

struct machine_counter_row {
	const char *name;   /* stable word, such as `on_close`: JSON key and metrics label */
	const char *kernel; /* TCPAbortOnClose */
	const char *help;   /* one line */
};

/* The row of a counter. */
const struct machine_counter_row *machine_counter_row(enum machine_counter counter);

struct machine {
	/* /proc/net/sockstat */
	int64_t tcp_in_use; /* IPv4; sockets with a local port, TIME_WAIT not among them */
	int64_t tcp_allocated;
	int64_t orphans;
	int64_t time_wait_buckets; /* FIN_WAIT2 minisockets among them */
	int64_t tcp_memory_bytes;
	int64_t tcp6_in_use; /* /proc/net/sockstat6 */
	/* sysctls */
	int64_t time_wait_buckets_max;                           /* net.ipv4.tcp_max_tw_buckets */
	int64_t orphans_max;                                     /* net.ipv4.tcp_max_orphans */
	int64_t tcp_memory_pressure_bytes, tcp_memory_max_bytes; /* net.ipv4.tcp_mem */
	int64_t backlog_max;                                     /* net.core.somaxconn */
	struct port_range ports;
	int64_t counters[MACHINE_COUNTERS];
};

enum machine_part {
	MACHINE_SOCKSTAT = 1 << 0,
	MACHINE_LIMITS = 1 << 1,
	MACHINE_PORTS = 1 << 2,
	MACHINE_NETSTAT = 1 << 3,
	MACHINE_ORPHANS = 1 << 4, /* of the first two `orphans` and `orphans_max`, and no more */
};

/* Sets everything to unknown. */
void machine_init(struct machine *machine);

/* Sets what is a network namespace's own to unknown, for a sight of several. */
void machine_forget_namespace(struct machine *machine);

/* Reads the parts, from `root` (/proc); the rest stays as it is. */
void machine_read(struct machine *machine, const char *root, unsigned int parts);

/* One number of a file below `root`, UNKNOWN where there is none. */
int64_t machine_number(const char *root, const char *path);

/*
 * Descriptors of a process: how many are open, and its RLIMIT_NOFILE (soft), each UNKNOWN where
 * it cannot be read or has no limit. `root` is the procfs that the number is of. UNKNOWN both where
 * there is none (NULL), and when `comm` is no longer the process's name: the
 * number may be another's by now.
 */
void machine_descriptors(const char *root, uint32_t pid, const char *comm, int64_t *used,
			 int64_t *max);

#endif
