/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw sockets: packets of one protocol behind the IP header, whose number stands where others
 * have a port. The queues are memory (raw_diag_get_info() in net/ipv4/raw_diag.c), and the kernel
 * pays no heed to the states that are asked for.
 */
#include "source/inet.h"

static int raw_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_RAW;
	/* inet_num is the protocol that socket() was given (inet_create() in net/ipv4/af_inet.c);
	 * kernels from 4.10 on say it in an attribute too. */
	sk->protocol = attrs.has_protocol ? attrs.protocol : (uint8_t)sk->local.port;
	inet_memory_queues(sk);
	return 0;
}

static struct nlmsghdr *raw_request(char *buf, const struct selection *sel, unsigned int pass)
{
	return inet_request_each(buf, sel, pass, IPPROTO_RAW, 0);
}

const struct family family_raw = {
	.name = "raw",
	.netids = NETID_BIT(NETID_RAW),
	.request = raw_request,
	.proc_table = "/proc/net/raw",
	.decode = raw_decode,
};
