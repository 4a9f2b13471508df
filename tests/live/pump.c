/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK  65536
#define READS  4
#define WRITES 128
/* Well below the 600 ms that a shut window must last to be called a stall. */
#define LATE_MS 200

static void read_some(struct flow *flow)
{
	static char bytes[CHUNK];
	ssize_t got;

	if (flow->pause_ms && now_ms() < flow->next_read)
		return;
	flow->next_read = now_ms() + flow->pause_ms;
	/* A bound, so that one fast flow does not starve the others. */
	for (int i = 0; i < READS; i++) {
		got = recv(flow->pair.far, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got <= 0)
			return;
	}
}

/* Until nothing more is taken, so that bytes are outstanding while the pump sleeps. */
static void write_some(struct flow *flow)
{
	static const char bytes[CHUNK];

	for (int i = 0; i < WRITES; i++)
		if (send(flow->pair.near, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) <= 0)
			return;
}

void pump_once(struct flow *flows, int count, bool writing)
{
	for (int i = 0; i < count; i++) {
		read_some(&flows[i]);
		if (writing)
			write_some(&flows[i]);
	}
}

/* When the child was last at work, and when it last came back after too long. Of now_ms(). */
struct pulse {
	_Atomic int64_t last;
	_Atomic int64_t late;
};

static void __attribute__((noreturn))
pump_forever(struct pulse *pulse, struct flow *flows, int count)
{
	int64_t now;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (;;) {
		pump_once(flows, count, true);
		now = now_ms();
		if (now - pulse->last > LATE_MS)
			pulse->late = now;
		pulse->last = now;
		nap_before(INT64_MAX);
	}
}

int pump_start(struct pump *pump, struct flow *flows, int count)
{
	void *shared = mmap(NULL, sizeof(struct pulse), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	pump->pulse = shared;
	pump->pulse->last = now_ms();
	pump->pid = fork();
	if (pump->pid < 0)
		return -errno;
	if (pump->pid == 0)
		pump_forever(pump->pulse, flows, count);
	return 0;
}

void pump_stop(struct pump *pump)
{
	kill(pump->pid, SIGKILL);
	while (waitpid(pump->pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(pump->pulse, sizeof(*pump->pulse));
}

bool pump_was_steady(const struct pump *pump, int64_t ms)
{
	int64_t now = now_ms();

	return now - pump->pulse->last <= LATE_MS && now - pump->pulse->late > ms;
}

static struct tcp_info info_of(const struct flow *flow)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	getsockopt(flow->pair.near, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info;
}

int flow_timeouts(const struct flow *flow)
{
	return info_of(flow).tcpi_retransmits;
}

int64_t flow_acked(const struct flow *flow)
{
	return (int64_t)info_of(flow).tcpi_bytes_acked;
}

void flow_print(const struct flow *flow)
{
	struct tcp_info i = info_of(flow);

	printf("# tcp_info a moment later: unacked %u retransmits %u backoff %u probes %u "
	       "snd_wnd %u notsent %u rto %u us rtt %u us last_ack_recv %u ms last_data_sent %u "
	       "ms delivery_rate %llu%s total_retrans %u\n",
	       i.tcpi_unacked, i.tcpi_retransmits, i.tcpi_backoff, i.tcpi_probes, i.tcpi_snd_wnd,
	       i.tcpi_notsent_bytes, i.tcpi_rto, i.tcpi_rtt, i.tcpi_last_ack_recv,
	       i.tcpi_last_data_sent, (unsigned long long)i.tcpi_delivery_rate,
	       i.tcpi_delivery_rate_app_limited ? " (app limited)" : "", i.tcpi_total_retrans);
}
