/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the folklore tests see: the tool's forecast for a descriptor, how long its close() took,
 * what its peer read, and which of the namespace's TCP counters moved.
 *
 * Functions that wait give up after WAIT_MS (tcp.h).
 */
#ifndef LINGERSTAT_TESTS_OBSERVE_H
#define LINGERSTAT_TESTS_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "tcp.h"

/* A close() that waits for nothing takes less, on a busy machine too; whoever is forbidden to
 * wait has a linger time of LONG_LINGER, or data that nobody reads before the close is over. */
#define AT_ONCE_MS  10000
#define LONG_LINGER 30 /* seconds */

/* Of the test's network namespace; see Documentation/networking/snmp_counter.rst. Resets sent
 * counts every RST, the others say why a socket sent its own. */
struct counters {
	int64_t resets_sent;  /* Tcp: OutRsts */
	int64_t abort_close;  /* TcpExt: TCPAbortOnClose, unread data at close */
	int64_t abort_data;   /* TcpExt: TCPAbortOnData, zero linger or data after close */
	int64_t abort_linger; /* TcpExt: TCPAbortOnLinger, TCP_LINGER2 below 0 */
};

/* How a connection ended for a reader. */
enum peer_end {
	END_OPEN,  /* neither data nor an end was to be had */
	END_EOF,   /* read() gave 0 */
	END_RESET, /* read() failed with ECONNRESET or EPIPE */
	END_OTHER, /* read() failed otherwise */
};

/* Counters of this moment; fails the test when /proc/net does not have them. */
struct counters counters_now(void);

/* True if since `before` so many RSTs were sent, and the sockets' own aborts moved by so much. */
bool counters_moved(const struct counters *before, int resets, int closes, int datas);

/*
 * The tool's row for `fd`, taken this moment, everything asked for; json_decref() it. Fails the
 * test when the tool fails or has no such row. Linger is read by BPF, or where that is not to be
 * had from a copy of the descriptor, so it is known either way.
 */
json_t *foretell(int fd);

/* The row of a connection that no descriptor of ours names: by its ports, or NULL. json_decref()
 * it. */
json_t *foretell_ports(int family, uint16_t local, uint16_t peer);

/* Waits until the tool shows the near end's ports in this state (NULL: not at all); gives false if
 * it never does. */
bool wait_listed(const struct tcp_pair *pair, const char *state);

/* The same for `explain -j`: the row with its sentences, by the socket's inode. */
json_t *explained(uint32_t inode);
uint32_t inode_of(int fd);

/*
 * Fails the test unless the forecast says so: the one outcome, a risk that is one of `risks`
 * (such as "possible|likely", where it is a matter of milliseconds) without an upper bound above
 * it, and the seconds that close() may wait (-1: without bound).
 */
void check_forecast(const json_t *row, const char *outcome, const char *risks, int64_t block);

/* Fails the test unless `lost` is within the forecast's bounds of loss. */
void check_loss(const json_t *row, int64_t lost);

/* The number at `path`; fails the test when there is none. */
int64_t number_at(const json_t *row, const char *path);

/* True if the sentence at `path` of an explained row has these words. */
bool sentence_has(const json_t *row, const char *path, const char *words);

/* Closes *fd and sets it to -1. Gives milliseconds; *result is what close() gave, or -errno. */
int64_t close_timed(int *fd, int *result);

/* Writes exactly `bytes`, whatever it has to wait; gives 0 or a negative errno. A send buffer too
 * small for them is made larger. */
int write_all(int fd, size_t bytes);

/* Reads until the end or until nothing has come for WAIT_MS. Gives the payload read. */
int64_t read_to_end(int fd, enum peer_end *end);

/* Reads what is there and nothing more. */
int64_t read_now(int fd);

/* Waits until the namespace has sent `resets` more RSTs than in `before`, and gives false if it
 * never does. Without a need to wait, look at counters_moved(). */
bool wait_resets(const struct counters *before, int resets);

/* Lets 60 ms pass: time enough for a segment that should not come to come all the same. */
void stand_still(void);

#endif
