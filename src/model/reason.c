/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/reason.h"

struct reason_words {
	const char *name;
	const char *help;
};

/* Ordered as they are printed: what destroys bytes first, then what is outstanding, then the
 * evidence of a stall, then what qualifies the verdict. */
static const struct reason_words reason_words[REASON_COUNT] = {
	[REASON_UNREAD_DATA] = { "unread-data", "received data was not read: it is lost, and a "
						"connection is reset" },
	[REASON_SIBLING_UNREAD] = { "sibling-unread",
				    "data of another SCTP association of the socket "
				    "was not read: all are aborted" },
	[REASON_ZERO_LINGER] = { "zero-linger", "SO_LINGER is on with 0 seconds: close() throws "
						"unsent data away" },
	[REASON_UNACCEPTED] = { "unaccepted", "no process has accepted the connection: it is reset "
					      "when its listener closes" },
	[REASON_REPAIR] = { "repair", "TCP_REPAIR is on: close() is silent, queues are dropped" },
	[REASON_NEGATIVE_LINGER2] = { "negative-linger2",
				      "TCP_LINGER2 is below 0: close() in FIN_WAIT2 resets" },
	[REASON_UNSENT] = { "unsent", "written data has not been sent yet" },
	[REASON_UNACKED] = { "unacked", "sent data has not been acknowledged yet" },
	[REASON_ZERO_WINDOW] = { "zero-window", "the peer does not read: its window is shut and "
						"probes go unanswered or unopened" },
	[REASON_RETRANSMITTING] = { "retransmitting",
				    "the retransmission timer doubles again and again" },
	[REASON_NO_PROGRESS] = { "no-progress",
				 "nothing is sent, or acknowledged, for a long time" },
	[REASON_ORPHAN_LIMIT] = { "orphan-limit",
				  "the machine has nearly all the orphans it allows" },
	[REASON_ORPHAN] = { "orphan", "already closed by its process: the kernel alone delivers" },
	[REASON_MAYBE_CORKED] = { "maybe-corked", "UDP or raw has something to send: on its way, "
						  "or corked and then lost" },
	[REASON_SUBFLOW] = { "subflow",
			     "part of an MPTCP connection, which is judged in its own row" },
	[REASON_ENDPOINT] = { "endpoint",
			      "an SCTP endpoint: its associations are judged in their own rows" },
	[REASON_SHARED] = { "shared",
			    "more than one descriptor: only the last close() acts on the wire" },
	[REASON_HOLDER_UNSEEN] = { "holder-unseen", "no process in sight holds it: in flight, "
						    "io_uring, the kernel, or elsewhere" },
	[REASON_LINGER_UNKNOWN] = { "linger-unknown",
				    "SO_LINGER could not be read, and it decides what happens" },
};

const char *reason_name(enum reason reason)
{
	return reason_words[reason].name;
}

const char *reason_help(enum reason reason)
{
	return reason_words[reason].help;
}
