/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the kernel behind libmnl's socket calls, which the linker replaces
 * (--wrap=mnl_socket_...): it answers a dump with what the test has written before.
 */
#ifndef LINGERSTAT_TESTS_UNIT_FAKE_KERNEL_H
#define LINGERSTAT_TESTS_UNIT_FAKE_KERNEL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#define PORTID 4242 /* the address of the tool's socket */

/* One answer to recv: a datagram, or an error. */
struct answer {
	int error; /* errno, 0: the datagram */
	size_t length;
	char data[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
};

struct fake_kernel {
	struct answer answers[24];
	size_t count, next; /* written, and given so far */
	int open_error, bind_error, send_error;
	int opened, closed, sent;
	uint32_t seq; /* of the last request */
	int fd;       /* what stands for the socket's descriptor; 0: none does */
	pthread_t opener;
	size_t read_ahead; /* answers that another thread than the opener received */
};

extern struct fake_kernel kernel;

/* A new datagram, or a failing receive, behind those there are. */
struct answer *datagram(void);
void add_error(int error);

/* Add a message to a datagram; give its header for changes. A message without a sequence number
 * or an address gets those of the request when it is received. */
struct nlmsghdr *add_message(struct answer *a, uint16_t type, const void *data, size_t length);
struct nlmsghdr *add_socket(struct answer *a, uint32_t cookie);
void add_done(struct answer *a, int code);
void add_refusal(struct answer *a, int error);

#endif
