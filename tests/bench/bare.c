/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare [STATES [EXTENSIONS]]: a dump of TCP's sockets with libmnl and nothing else, the floor that
 * the bench compares with. STATES is the mask of states (all), EXTENSIONS that of attributes
 * (none), as the kernel numbers them. Nothing is decoded; how many sockets came is printed.
 *
 * The one request walks IPv4 and IPv6 together (TCPDIAG_GETSOCK), as the tool's does: two requests
 * would make the floor look higher than it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#define BUFFER 32768 /* the kernel never fills more with one message */

static int send_request(struct mnl_socket *nl, unsigned int states, unsigned int extensions)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req *request;

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	request->idiag_states = states;
	request->idiag_ext = (__u8)extensions;
	return mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -1 : 0;
}

/* Adds up the sockets of one message: 1 more may come, 0 that was all, -1 an error. */
static int count(const void *buf, ssize_t n, unsigned long *sockets)
{
	const struct nlmsghdr *nlh = buf;
	int len = (int)n;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return -1;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		++*sockets;
	}
	return 1;
}

static int dump(struct mnl_socket *nl, unsigned long *sockets)
{
	static char buf[BUFFER];
	int more = 1;

	while (more > 0) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		more = n < 0 ? -1 : count(buf, n, sockets);
	}
	return more;
}

int main(int argc, char **argv)
{
	unsigned int states = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 0) : ~0u;
	unsigned int extensions = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 0;
	struct mnl_socket *nl = mnl_socket_open(NETLINK_SOCK_DIAG);
	unsigned long sockets = 0;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    send_request(nl, states, extensions) < 0 || dump(nl, &sockets) < 0) {
		perror("bare");
		return 1;
	}
	mnl_socket_close(nl);
	printf("%lu\n", sockets);
	return 0;
}
