/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP: its queues are buffer memory, overhead included, so they say that there is something and
 * not how much (udp_diag_get_info() in net/ipv4/udp_diag.c).
 */
#include "source/inet.h"

static int udp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_UDP;
	sk->protocol = IPPROTO_UDP;
	inet_memory_queues(sk);
	return 0;
}

static struct nlmsghdr *udp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	return inet_request_each(buf, sel, pass, IPPROTO_UDP, 0);
}

const struct family family_udp = {
	.name = "udp",
	.netids = NETID_BIT(NETID_UDP),
	.request = udp_request,
	.decode = udp_decode,
};
