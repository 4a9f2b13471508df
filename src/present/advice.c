/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/advice.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool has(const struct socket *sk, enum reason reason)
{
	return sk->close.reasons & REASON_BIT(reason);
}

static bool may(const struct socket *sk, enum outcome outcome)
{
	return sk->close.outcomes & OUTCOME_BIT(outcome);
}

static bool is_unread(const struct socket *sk)
{
	return has(sk, REASON_UNREAD_DATA) && !has(sk, REASON_UNACCEPTED) &&
	       may(sk, OUTCOME_RESET) && sk->family != AF_UNIX;
}

static bool is_unread_unix(const struct socket *sk)
{
	return has(sk, REASON_UNREAD_DATA) && may(sk, OUTCOME_RESET) && sk->family == AF_UNIX;
}

static bool is_unread_datagram(const struct socket *sk)
{
	return has(sk, REASON_UNREAD_DATA) && sk->close.outcomes == OUTCOME_BIT(OUTCOME_SILENT);
}

static bool is_zero_linger(const struct socket *sk)
{
	return (has(sk, REASON_ZERO_LINGER) || sk->state == STATE_LISTEN) &&
	       sk->linger.kind == LINGER_ON && sk->linger.seconds == 0;
}

static bool lingers_long(const struct socket *sk)
{
	return sk->linger.kind == LINGER_ON && sk->linger.seconds != 0 &&
	       (sk->close.block_seconds != 0 || sk->close.block_forever);
}

static bool is_writer(const struct socket *sk)
{
	return sk->outstanding_bytes > 0 && !has(sk, REASON_ORPHAN) &&
	       (may(sk, OUTCOME_BACKGROUND) || may(sk, OUTCOME_BLOCKS) || may(sk, OUTCOME_RESET));
}

/* What is queued outlives the close, or did. */
static bool goes_on(const struct socket *sk)
{
	return has(sk, REASON_ORPHAN) || may(sk, OUTCOME_BACKGROUND) || may(sk, OUTCOME_BLOCKS);
}

static bool is_zero_window(const struct socket *sk)
{
	return has(sk, REASON_ZERO_WINDOW) && goes_on(sk);
}

static bool is_dead_path(const struct socket *sk)
{
	return (has(sk, REASON_RETRANSMITTING) || has(sk, REASON_NO_PROGRESS)) && goes_on(sk);
}

static bool is_close_wait(const struct socket *sk)
{
	return sk->state == STATE_CLOSE_WAIT && sk->inode;
}

static bool is_time_wait(const struct socket *sk)
{
	return sk->state == STATE_TIME_WAIT;
}

static bool is_waited_on(const struct socket *sk)
{
	return sk->state == STATE_LISTEN && sk->recv_queue > 0 && sk->family != AF_UNIX;
}

static bool is_waited_on_unix(const struct socket *sk)
{
	return sk->state == STATE_LISTEN && sk->recv_queue > 0 && sk->family == AF_UNIX;
}

static bool is_unaccepted(const struct socket *sk)
{
	return has(sk, REASON_UNACCEPTED) && sk->state != STATE_LISTEN;
}

static bool is_shared(const struct socket *sk)
{
	return has(sk, REASON_SHARED);
}

static bool is_unseen(const struct socket *sk)
{
	return has(sk, REASON_HOLDER_UNSEEN);
}

static bool is_orphan(const struct socket *sk)
{
	return has(sk, REASON_ORPHAN) && sk->outstanding_bytes > 0;
}

static bool is_linger_unknown(const struct socket *sk)
{
	return has(sk, REASON_LINGER_UNKNOWN);
}

static bool is_repair(const struct socket *sk)
{
	return has(sk, REASON_REPAIR);
}

static bool is_linger2(const struct socket *sk)
{
	return has(sk, REASON_NEGATIVE_LINGER2);
}

static const struct {
	bool (*applies)(const struct socket *sk);
	const char *text;
} advice[] = {
	{ is_unread,
	  "Read until EOF before close(): with unread data in the queue the kernel resets "
	  "the connection, whatever SO_LINGER says, and what this side wrote goes with "
	  "it. If the rest is not wanted, shutdown(SHUT_WR) first, then read and throw "
	  "away under a timeout, then close()." },
	{ is_unread_unix, "Read until EOF before close(): with unread data in the queue the peer's "
			  "next read fails with "
			  "ECONNRESET. What this side sent stays readable there." },
	{ is_unread_datagram,
	  "Datagrams that were received and not read are dropped with the socket, and no sender "
	  "learns of it. Read until EAGAIN before close() if they matter." },
	{ is_zero_linger,
	  "If SO_LINGER {on, 0} is not meant, take it out (an accepted socket has it "
	  "from its listener, as it was at the handshake). If it is meant, as a quick "
	  "end without TIME_WAIT, know the price: queued data is thrown away, the peer "
	  "sees an error, and without TIME_WAIT old segments can reach a new "
	  "connection on the same ports." },
	{ is_writer,
	  "A write() that returned is a copy in this kernel, no more. To know that the peer "
	  "has read everything: send, shutdown(SHUT_WR), read until EOF under a timeout, "
	  "then close(). SIOCOUTQ 0 only says that the peer's kernel has it; that its "
	  "program has it, only an acknowledgement in your own protocol can say." },
	{ lingers_long, "close() can block for the linger time, on a non-blocking socket too, and "
			"returns 0 whether or not the data arrived: do not take its return for "
			"delivery. exit() and a signal do not wait at all." },
	{ is_zero_window,
	  "The peer's program does not read. Closing now leaves the data to the kernel, "
	  "which keeps probing for some minutes by default and then drops it. "
	  "Look at the peer: its Recv-Q is full." },
	{ is_dead_path,
	  "Nothing is acknowledged: peer or path is dead. The kernel goes on for a while "
	  "after close() (tcp_orphan_retries) and then drops the data without telling "
	  "anyone. TCP_USER_TIMEOUT bounds the wait while the program still has the "
	  "socket." },
	{ is_close_wait,
	  "The peer has finished; only the program that holds this descriptor can end "
	  "the socket, by closing it. No timeout and no sysctl ever will. If it stays, "
	  "that program forgets to close after it has read EOF." },
	{ is_time_wait,
	  "Harmless: it keeps one pair of ports for 60 seconds, so that late segments "
	  "cannot reach a new connection. It matters only when the local ports towards "
	  "one destination run out; reuse connections then, do not reach for zero "
	  "linger." },
	{ is_waited_on_unix, "Accept the waiting connections before you close the listener." },
	{ is_waited_on,
	  "Accept the waiting connections before you close the listener, or have another "
	  "SO_REUSEPORT listener take them over (net.ipv4.tcp_migrate_req=1)." },
	{ is_unaccepted,
	  "It waits for accept(). If its listener closes, or its process exits, the peer "
	  "gets a reset although connect() and write() had succeeded there." },
	{ is_shared,
	  "Several descriptors refer to it: every close() but the last does nothing on the "
	  "wire. A child that inherited one keeps the connection open: close it there, or "
	  "open sockets with SOCK_CLOEXEC. shutdown() acts at once, whoever else holds "
	  "it." },
	{ is_unseen,
	  "No process in sight holds it, so nobody here can close it: look for a descriptor "
	  "in flight over a unix socket, an io_uring, the kernel itself (NFS, iSCSI), or a "
	  "process in another PID namespace." },
	{ is_orphan,
	  "Its process is gone or has closed it; what is left is delivered by the kernel "
	  "alone, and nobody will learn if that fails." },
	{ is_linger_unknown, "SO_LINGER decides here and could not be read: run this as root." },
	{ is_repair,
	  "TCP_REPAIR is for checkpoint and restore: closing is meant to be silent, as the "
	  "connection lives on elsewhere." },
	{ is_linger2,
	  "TCP_LINGER2 below 0 turns close() in FIN_WAIT2 into a reset: set it to 0 or more "
	  "if the peer may still have something to say." },
};

const char *advice_for(const struct socket *sk, size_t i)
{
	for (size_t k = 0; k < ARRAY_SIZE(advice); k++) {
		if (!advice[k].applies(sk))
			continue;
		if (i-- == 0)
			return advice[k].text;
	}
	return NULL;
}

static const char *const meanings[REASON_COUNT] = {
	[REASON_UNREAD_DATA] =
		"The peer sent bytes that the program has not read. close() then sends a reset at "
		"once, "
		"whatever SO_LINGER says, so that the peer does not believe they were taken "
		"(RFC 2525, 2.17; TCPAbortOnClose counts them). The unread bytes are gone, and so "
		"is "
		"everything of ours that was not sent yet. The peer's FIN takes one place in the "
		"kernel's count and is no data: Recv-Q 1 in CLOSE-WAIT is not this reason. To "
		"avoid "
		"it, read until EOF before close().",
	[REASON_ZERO_LINGER] =
		"SO_LINGER is on with a time of 0. close(), exit and SIGKILL then send a reset and "
		"throw "
		"the send queue away (TCPAbortOnData counts them). Some programs set it to be rid "
		"of "
		"TIME_WAIT. The price: unsent data is lost, the peer reads ECONNRESET, and old "
		"segments can reach a new connection on the same ports. With nothing queued this "
		"instant the risk is `possible`, with unsent bytes `certain`. In LAST-ACK and "
		"CLOSING "
		"with everything sent it is silent instead: no reset. An accepted socket has the "
		"setting its listener had at the handshake.",
	[REASON_UNACCEPTED] = "The handshake is done, the peer may have sent data and believes it "
			      "is connected, but no "
			      "program has called accept(). When the listener closes, or its "
			      "process ends, every such "
			      "connection is reset and its data is lost; no TcpExt abort counter "
			      "moves. A listener "
			      "with connections waiting carries the same word.",
	[REASON_REPAIR] = "TCP_REPAIR is on: the socket is being checkpointed or restored. close() "
			  "says nothing on "
			  "the wire and drops both queues. That is meant when the connection lives "
			  "on elsewhere.",
	[REASON_NEGATIVE_LINGER2] = "TCP_LINGER2 is below 0. A close() in FIN_WAIT2 then sends a "
				    "reset instead of waiting for "
				    "the peer's FIN (TCPAbortOnLinger). An earlier close() sends "
				    "its data and FIN in order, "
				    "and the reset follows as soon as that FIN is acknowledged "
				    "(TCPAbortOnData): what the "
				    "peer still has to say is refused.",
	[REASON_UNSENT] =
		"Bytes that the program wrote are still in this kernel and have not been sent once "
		"(tcpi_notsent_bytes). A reset loses them for sure; an orderly close() goes on "
		"sending "
		"them in the background, with nobody to hear of a failure.",
	[REASON_UNACKED] = "Bytes were sent and the peer's kernel has not acknowledged them. They "
			   "may have arrived. "
			   "A reset can overtake them or not, so they count for the most that can "
			   "be lost, not "
			   "for the least.",
	[REASON_ZERO_WINDOW] = "The peer has shut its window (tcpi_snd_wnd 0), nothing is in "
			       "flight (tcpi_unacked 0), and "
			       "after two window probes or more it said that it is still shut "
			       "(tcpi_backoff 2 above tcpi_probes), or six went by unanswered. "
			       "Its program does not "
			       "read. After close() the kernel goes on probing as an orphan, about "
			       "342 seconds with "
			       "default settings, and then drops the data.",
	[REASON_RETRANSMITTING] =
		"Four retransmissions in a row or more, each after twice the time, got no "
		"acknowledgement (tcpi_backoff 4, tcpi_unacked above 0): peer or path is dead. "
		"After "
		"close() the kernel gives up in about 107 seconds with default settings.",
	[REASON_NO_PROGRESS] = "Data does not move. Either three timeouts of a long timer went by "
			       "and nothing was acknowledged "
			       "for 5 seconds (tcpi_retransmits 3, tcpi_rto 0.5 s before it was "
			       "doubled, "
			       "tcpi_last_ack_recv 5000); or eight "
			       "retransmissions in a row came to nothing (tcpi_retransmits 8, "
			       "tcpi_unacked above 0); or the "
			       "window is open and nothing leaves this host (tcpi_snd_wnd above 0, "
			       "tcpi_unacked 0, "
			       "tcpi_backoff 2): our own link or route is gone.",
	[REASON_ORPHAN_LIMIT] = "A close() with data outstanding makes an orphan, and this machine "
				"has 90 percent or more of "
				"the orphans that net.ipv4.tcp_max_orphans allows (both are for "
				"the whole machine, not for a "
				"namespace). Beyond the limit the kernel resets new orphans at "
				"once, and their data is lost "
				"(TCPAbortOnMemory counts them).",
	[REASON_ORPHAN] =
		"The program has closed it or is gone. What is still queued is delivered by the "
		"kernel "
		"alone; if that fails nobody learns of it. Data from the peer, a timeout, memory "
		"pressure or net.ipv4.tcp_max_orphans ends it with a loss.",
	[REASON_MAYBE_CORKED] =
		"There is memory in the send queue of a UDP or raw socket. Mostly that is a "
		"datagram on "
		"its way to "
		"the device, which leaves whatever happens to the socket. But a datagram that is "
		"still being "
		"put together (UDP_CORK, MSG_MORE) looks the same, and close() throws it away.",
	[REASON_SIBLING_UNREAD] =
		"All SCTP associations of a socket share one receive queue, and another of them "
		"has data there that was not read. close() aborts them all for it, this one too, "
		"whatever SO_LINGER says. Read all of the socket's messages before close(), or "
		"give the association a socket of its own first (sctp_peeloff()).",
	[REASON_ENDPOINT] =
		"The row is an SCTP endpoint: the socket itself, with its addresses. Its "
		"associations are connections with rows of their own, and what close() does to "
		"each stands there.",
	[REASON_SUBFLOW] = "The socket is a subflow of an MPTCP connection: programs hold and "
			   "close the connection, "
			   "not its subflows. The forecast stands in the connection's own row "
			   "(netid mptcp); here "
			   "nothing is counted a second time.",
	[REASON_SHARED] =
		"More than one descriptor refers to the socket: dup(), fork(), or a descriptor "
		"passed on. "
		"close() of any but the last does nothing on the wire and applies no linger; the "
		"forecast is for the last one. shutdown() acts on the connection at once.",
	[REASON_HOLDER_UNSEEN] =
		"The socket has an inode, but no process in sight has a descriptor for it: it is "
		"in flight "
		"in a SCM_RIGHTS message, in an io_uring, held by the kernel, or by a process in "
		"another "
		"PID namespace. The forecast is the same; who will close it is not known.",
	[REASON_LINGER_UNKNOWN] =
		"What close() does hangs on SO_LINGER here, and it could not be read: sock_diag "
		"does not "
		"show it. The risk is given as a lower and an upper bound (`possible?`). Root, or "
		"CAP_BPF with CAP_PERFMON, can read it; --linger=getfd reads it of one's own "
		"processes, "
		"at the price of touching them.",
};

const char *advice_reason(enum reason reason)
{
	return meanings[reason];
}
