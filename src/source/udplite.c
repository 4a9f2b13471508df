/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP-Lite (RFC 3828): the kernel lists it as it lists UDP, by its own protocol number
 * (udplite_diag_handler in net/ipv4/udp_diag.c).
 */
#include "source/inet.h"

static int udplite_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_UDPLITE;
	sk->protocol = IPPROTO_UDPLITE;
	inet_memory_queues(sk);
	return 0;
}

static struct nlmsghdr *udplite_request(char *buf, const struct selection *sel, unsigned int pass)
{
	return inet_request_each(buf, sel, pass, IPPROTO_UDPLITE, 0);
}

const struct family family_udplite = {
	.name = "udplite",
	.netids = NETID_BIT(NETID_UDPLITE),
	.request = udplite_request,
	.decode = udplite_decode,
};
