/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK  65536
#define READS  4
#define WRITES 128

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

pid_t pump_start(struct flow *flows, int count)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (;;) {
		pump_once(flows, count, true);
		nap_before(INT64_MAX);
	}
}

void pump_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static struct tcp_info info_of(const struct flow *flow)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	getsockopt(flow->pair.near, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info;
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
