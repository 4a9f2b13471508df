/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the source room: what a transport gives to source.c. A transport hands over kernel
 * messages whole and in order, and tells every way in which a dump can end.
 */
#ifndef LINGERSTAT_SOURCE_TRANSPORT_H
#define LINGERSTAT_SOURCE_TRANSPORT_H

#include "source/source.h"

/* Takes one message that is neither NLMSG_DONE nor NLMSG_ERROR; gives 0 or a negative errno. */
typedef int (*message_sink)(void *ctx, const struct nlmsghdr *nlh);

struct pause {
	source_pause call; /* NULL: nobody waits for it */
	void *ctx;
};

struct transport {
	/* Sends the request and delivers the answer. 0 or a negative errno; fills the report's
	 * problem, error, offset and interrupted. */
	int (*run)(void *state, struct nlmsghdr *request, message_sink sink, void *ctx,
		   const struct pause *pause, struct dump_report *report);
	void (*close)(void *state);
	/* True for the socket that the transport itself talks to the kernel with; NULL: it has
	 * none. */
	bool (*owns)(const void *state, const struct socket *sk);
	bool replay;
};

int netlink_transport_open(const struct transport **transport, void **state);
int replay_transport_open(const struct transport **transport, void **state, const char *path);

/* Whether `len` bytes, that are left of a datagram, hold the message that begins there.
 * mnl_nlmsg_ok() is a call of another library for each, and compares lengths as numbers with a
 * sign: one of 2^31 and more passes there. */
static inline bool message_fits(const struct nlmsghdr *nlh, int len)
{
	return len >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= (uint32_t)len;
}

/* Keeps the first problem and returns `error`. */
int dump_problem_set(struct dump_report *report, enum dump_problem problem, int error);

/* Looks at one message that ends or breaks a dump: NLMSG_DONE with its error code
 * (netlink_dump() in net/netlink/af_netlink.c puts it in the payload), NLMSG_ERROR,
 * NLMSG_OVERRUN. Returns 1 when the dump is over and was whole, a negative errno when it broke,
 * 0 when the message is something else. */
int dump_control_message(const struct nlmsghdr *nlh, struct dump_report *report);

#endif
