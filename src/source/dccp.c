/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DCCP (kernels before 6.16 have it): states and minisockets are as TCP's, the queues always 0,
 * which says nothing (dccp_diag_get_info() in net/dccp/diag.c).
 */
#include "source/inet.h"

/* DCCP_PARTOPEN and DCCP_PASSIVE_CLOSEREQ (include/linux/dccp.h) follow TCP's last state, whose
 * number is not the same in all kernels: nobody can say which is which. */
static bool is_tcps_state(const struct socket *sk)
{
	return sk->state < STATE_NEW_SYN_RECV;
}

static int dccp_decode(const struct nlmsghdr *nlh, struct socket *sk, uint64_t *bad_attrs)
{
	struct inet_attrs attrs;
	int err = inet_decode(nlh, sk, &attrs, bad_attrs);

	if (err)
		return err;
	sk->netid = NETID_DCCP;
	sk->protocol = IPPROTO_DCCP;
	if (!is_tcps_state(sk))
		sk->state = sk->state == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : STATE_UNKNOWN;
	if (sk->queue_unit == QUEUE_NONE)
		sk->unread_bytes = sk->outstanding_bytes = sk->unsent_bytes = 0;
	else
		sk->queue_unit = QUEUE_UNKNOWN;
	if (sk->queue_unit == QUEUE_NONE || socket_is_orphan(sk))
		sk->linger.kind = LINGER_NONE;
	return 0;
}

/* A request socket is in state 12 for the kernel's mask and 3 in its answer. */
static struct nlmsghdr *dccp_request(char *buf, const struct selection *sel, unsigned int pass)
{
	struct selection asked = *sel;

	if (asked.states & STATE_BIT(STATE_SYN_RECV))
		asked.states |= STATE_BIT(STATE_NEW_SYN_RECV);
	return inet_request_each(buf, &asked, pass, IPPROTO_DCCP, 0);
}

const struct family family_dccp = {
	.name = "dccp",
	.netids = NETID_BIT(NETID_DCCP),
	.request = dccp_request,
	.decode = dccp_decode,
};
