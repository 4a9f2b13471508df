/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forecast in a table: what the kernel shows of a socket and what was read beside, and the
 * verdict. Rows speak the kernel's language (state, rqueue, wqueue, tcpi_notsent_bytes), so that
 * the SYN and FIN bytes that sit in the queues are part of what is tested.
 */
#ifndef LINGERSTAT_TESTS_UNIT_CLOSE_ROWS_H
#define LINGERSTAT_TESTS_UNIT_CLOSE_ROWS_H

#include <stddef.h>

#include "model/socket.h"

#define FOREVER (-2) /* in `block`: waits without bound */

/* SO_LINGER as somebody read it. DECODED leaves what the decoder said. */
enum { DECODED = -1000, OFF, NOT_READ, ENDLESS };
#define ON(seconds) (seconds)

enum holders { ONE, NONE_SEEN, NOBODY_LOOKED, TWO, TWO_OF_SOME, ONE_OF_SOME };

struct given {
	enum sock_state state;
	uint32_t rqueue, wqueue;
	uint32_t notsent; /* tcpi_notsent_bytes */
	int linger;
	bool no_inode;
	bool short_info; /* a kernel whose tcp_info ends before tcpi_notsent_bytes */
	uint8_t timer;
	enum holders holders;
	enum tri repair;
	enum tri linger2_negative; /* left out: not negative, and read where linger was */
	bool linger2_unread;
	uint8_t retransmits, backoff;
	uint32_t unacked, snd_wnd, last_ack_recv_ms;
};

struct expected {
	uint32_t outcomes;
	enum risk risk, risk_max;
	reason_set reasons;
	int64_t loss_min, loss_max, unread, block;
};

struct row {
	const char *name;
	struct given given;
	struct expected expected;
};

extern const struct row close_rows[];
extern const size_t close_rows_count;

#define OUT(word)    OUTCOME_BIT(OUTCOME_##word)
#define WHY(word)    REASON_BIT(REASON_##word)
#define EST          .state = STATE_ESTABLISHED
#define CW           .state = STATE_CLOSE_WAIT
#define FW1          .state = STATE_FIN_WAIT1
#define FW2          .state = STATE_FIN_WAIT2
#define LAST         .state = STATE_LAST_ACK
#define CLOSING      .state = STATE_CLOSING
#define RISK(level)  .risk = RISK_##level, .risk_max = RISK_##level
#define RISKS(a, b)  .risk = RISK_##a, .risk_max = RISK_##b
#define LOSS(a, b)   .loss_min = (a), .loss_max = (b)
#define SHUT_WINDOW  .backoff = 2, .snd_wnd = 0, .unacked = 0
#define LOST_PACKETS .unacked = 3, .retransmits = 5, .backoff = 5, .snd_wnd = 65535
#define ANY_OUTCOME  (OUTCOME_BIT(OUTCOME_COUNT) - 1)

#endif
