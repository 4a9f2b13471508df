/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "openers.h"

int open_socket(int domain, int type, int protocol)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	assert_return_code(fd, errno);
	return fd;
}

int open_packet(int type, uint16_t protocol, const char *device)
{
	int fd = open_socket(AF_PACKET, type, 0);
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(protocol),
				    .sll_ifindex = device ? (int)if_nametoindex(device) : 0 };

	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	return fd;
}

int open_netlink(uint32_t port_id, uint32_t groups)
{
	int fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl name = { .nl_family = AF_NETLINK,
				    .nl_pid = port_id,
				    .nl_groups = groups };

	assert_return_code(bind(fd, (struct sockaddr *)&name, sizeof(name)), errno);
	return fd;
}
