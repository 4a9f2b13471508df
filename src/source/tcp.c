/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP: asks for both IP versions in one walk where both are wanted, and reads queues, whose SYN
 * and FIN bytes it takes out, and struct tcp_info by its length.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>

#include "source/inet.h"
#include "source/subflow.h"

#define ARRAY_SIZE(a)        (sizeof(a) / sizeof((a)[0]))
#define STATES(a, b, c, ...) (STATE_BIT(a) | STATE_BIT(b) | STATE_BIT(c))

/* The peer's FIN has arrived and counts as one byte until EOF is read (kernel: tcp_fin()). */
#define PEER_FIN_STATES STATES(STATE_CLOSE_WAIT, STATE_CLOSING, STATE_LAST_ACK)
/* Our own FIN is in the write sequence and not acknowledged (kernel: tcp_send_fin()). */
#define OUR_FIN_STATES STATES(STATE_FIN_WAIT1, STATE_CLOSING, STATE_LAST_ACK)

/* All ones is the kernel's "unlimited", and nothing else in these fields comes near 2^63. */
static int64_t known_number(uint64_t v)
{
	return v > INT64_MAX ? UNKNOWN : (int64_t)v;
}

/* One field of tcp_info and where its value goes. The kernel appends fields and never moves them,
 * so a record that ends before a field leaves it unknown. */
#define TAKE(from, into)                                                         \
	do {                                                                     \
		if (len >= offsetof(struct tcp_info, from) + sizeof(info->from)) \
			tcp->into = known_number(info->from);                    \
	} while (0)

/* Attributes are aligned to four bytes, and struct tcp_info wants eight. */
typedef struct tcp_info packed_info __attribute__((aligned(4)));

/* A bit field: the byte before tcpi_rto, which comes with the delivery rate (4.9). */
static int64_t read_app_limited(const packed_info *info, size_t len)
{
	if (len < offsetof(struct tcp_info, tcpi_delivery_rate) + sizeof(info->tcpi_delivery_rate))
		return UNKNOWN;
	return info->tcpi_delivery_rate_app_limited;
}

/* What tells whether data moves. */
static void read_progress(struct tcp_evidence *tcp, const packed_info *info, size_t len)
{
	TAKE(tcpi_retransmits, retransmits);
	TAKE(tcpi_probes, probes);
	TAKE(tcpi_backoff, backoff);
	TAKE(tcpi_rto, rto_us);
	TAKE(tcpi_last_data_sent, last_data_sent_ms);
	TAKE(tcpi_last_data_recv, last_data_recv_ms);
	TAKE(tcpi_last_ack_recv, last_ack_recv_ms);
	TAKE(tcpi_unacked, unacked_segments);
	TAKE(tcpi_notsent_bytes, notsent_bytes);
}

/* What tells how fast. */
static void read_pace(struct tcp_evidence *tcp, const packed_info *info, size_t len)
{
	TAKE(tcpi_rtt, rtt_us);
	TAKE(tcpi_pacing_rate, pacing_rate_bytes_per_second);
	TAKE(tcpi_delivery_rate, delivery_rate_bytes_per_second);
	TAKE(tcpi_snd_wnd, snd_wnd_bytes);
	TAKE(tcpi_snd_mss, snd_mss_bytes);
	TAKE(tcpi_snd_ssthresh, snd_ssthresh_segments);
	TAKE(tcpi_total_retrans, total_retrans_segments);
	TAKE(tcpi_min_rtt, min_rtt_us);
	TAKE(tcpi_busy_time, busy_us);
	TAKE(tcpi_rwnd_limited, rwnd_limited_us);
	TAKE(tcpi_delivered, delivered_segments);
	tcp->rate_app_limited = read_app_limited(info, len);
}

static int64_t less_one_in(int64_t value, const struct socket *sk, uint32_t states)
{
	return value > 0 && (STATE_BIT(sk->state) & states) ? value - 1 : value;
}

/* Payload in the queues. idiag_rqueue is rcv_nxt - copied_seq and idiag_wqueue is
 * write_seq - snd_una (tcp_diag_get_info() in net/ipv4/tcp_diag.c): sequence space, in which
 * SYN and FIN take one number each. */
static void read_queues(struct socket *sk)
{
	if (sk->queue_unit != QUEUE_BYTES) {
		sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = 0;
		return;
	}
	/* A simultaneous open counts our SYN, a TCP Fast Open child does not: no telling. */
	if (sk->state == STATE_SYN_RECV && sk->send_queue > 0)
		return;
	sk->unread_bytes = less_one_in(sk->recv_queue, sk, PEER_FIN_STATES);
	sk->outstanding_bytes =
		less_one_in(sk->send_queue, sk, OUR_FIN_STATES | STATE_BIT(STATE_SYN_SENT));
	/* An unsent FIN is the last thing in the queue: any unsent byte means it is there. */
	sk->unsent_bytes = less_one_in(sk->tcp.notsent_bytes, sk, OUR_FIN_STATES);
	if (sk->outstanding_bytes == 0)
		sk->unsent_bytes = 0;
}

static bool has_no_linger(const struct socket *sk)
{
	return sk->queue_unit == QUEUE_NONE || socket_is_orphan(sk);
}

/* A request socket is shown as what it is about to be. TCP_CLOSE itself is in none of the tables
 * that the kernel walks, but the one of bound ports, where no other state is taken
 * (inet_diag_dump_icsk(), TCPF_BOUND_INACTIVE). */
static enum sock_state shown_state(enum sock_state state)
{
	if (state == STATE_NEW_SYN_RECV)
		return STATE_SYN_RECV;
	return state == STATE_CLOSE ? STATE_BOUND_INACTIVE : state;
}

static int tcp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_TCP;
	sk->protocol = IPPROTO_TCP;
	sk->state = shown_state(sk->state);
	if (attrs.info) {
		read_progress(&sk->tcp, attrs.info, attrs.info_len);
		read_pace(&sk->tcp, attrs.info, attrs.info_len);
	}
	if (sk->state == STATE_LISTEN)
		sk->queue_unit = QUEUE_CONNECTIONS;
	else
		read_queues(sk);
	subflow_read(sk, &attrs, bad_attrs);
	if (has_no_linger(sk) || sk->subflow)
		sk->linger.kind = LINGER_NONE;
	return 0;
}

/* A request socket is in state 12 for the kernel's mask and 3 in its answer. */
static uint32_t kernel_states(uint32_t states)
{
	return (states & STATE_BIT(STATE_SYN_RECV)) ? states | STATE_BIT(STATE_NEW_SYN_RECV)
						    : states;
}

static uint8_t wanted_ext(const struct selection *sel)
{
	return inet_request_ext(sel, sel->want_tcp_info ? 1u << (INET_DIAG_INFO - 1) : 0);
}

static struct nlmsghdr *tcp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	uint8_t ext = wanted_ext(sel);
	uint32_t states = kernel_states(sel->states);
	struct nlmsghdr *nlh;

	if (pass > 0 || (!sel->ipv4 && !sel->ipv6))
		return NULL;
	if (sel->ipv4 && sel->ipv6)
		nlh = inet_request_both(buf, states, ext);
	else
		nlh = inet_request(buf, sel->ipv4 ? AF_INET : AF_INET6, IPPROTO_TCP, states, ext);
	inet_request_filter(nlh, sel);
	return nlh;
}

static struct nlmsghdr *tcp_ask(char *buf, const struct selection *sel, const struct socket *sk)
{
	return inet_request_one(buf, sk, IPPROTO_TCP, wanted_ext(sel));
}

static struct nlmsghdr *tcp_exact(char *buf, const struct socket *sk)
{
	return inet_request_exact(buf, sk, IPPROTO_TCP);
}

const struct family family_tcp = {
	.name = "tcp",
	.netids = NETID_BIT(NETID_TCP),
	.request = tcp_request,
	.exact = tcp_exact,
	.ask = tcp_ask,
	.decode = tcp_decode,
};
