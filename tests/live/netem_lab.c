/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netem_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NO_METRICS "/proc/sys/net/ipv4/tcp_no_metrics_save"

/* Else the second connection starts with what the first has learned (net/ipv4/tcp_metrics.c). */
static void forget_metrics(void)
{
	int fd = open(NO_METRICS, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		printf("# %s: %s\n", NO_METRICS, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void netem_lab_make(struct lab *lab)
{
	int err = places_make(&lab->places);

	if (err)
		snprintf(lab->why, sizeof(lab->why), "a second network namespace: %s",
			 strerror(-err));
	forget_metrics();
}

static int add_netem(const struct lab *lab, bool there, int link, const char *words)
{
	const char *end = there ? "there" : "here";
	int err = run_format(&lab->places, there, "ip link set %s%d gso_max_segs 1", end, link);

	if (!err && words)
		err = run_format(&lab->places, there, "tc qdisc add dev %s%d root netem %s", end,
				 link, words);
	return err;
}

void need_network(const struct lab *lab, int link, const struct network *network)
{
	need_link(lab, link);
	need(add_netem(lab, false, link, network->here), "no netem to be had of tc");
	need(add_netem(lab, true, link, network->there), "no netem to be had of tc");
}

void network_flow_open(const struct lab *lab, int link, const struct network *network,
		       struct flow *flow)
{
	*flow = (struct flow){ .name = network->name, .pause_ms = network->pause_ms };
	assert_return_code(link_pair_open(&lab->places, link, &flow->pair, network->rcvbuf), 0);
}
