/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the attributes behind a sock_diag message of a family that is not internet: a table
 * from attribute number to reader, and the readers that several families share.
 */
#ifndef LINGERSTAT_SOURCE_ATTRIBUTES_H
#define LINGERSTAT_SOURCE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#include "model/socket.h"

/* The first attribute behind `header` bytes of payload, and whether one is whole within the `left`
 * bytes that are left. As libmnl's functions of like names; a dump asks for them so often that
 * calls of another library would show. */
static inline const struct nlattr *attribute_first(const struct nlmsghdr *nlh, size_t header)
{
	return (const struct nlattr *)((const char *)nlh + NLMSG_HDRLEN + NLMSG_ALIGN(header));
}

static inline bool attribute_ok(const struct nlattr *attr, ptrdiff_t left)
{
	return left >= (ptrdiff_t)sizeof(*attr) && attr->nla_len >= sizeof(*attr) &&
	       attr->nla_len <= left;
}

static inline const struct nlattr *attribute_next(const struct nlattr *attr)
{
	return (const struct nlattr *)((const char *)attr + NLA_ALIGN(attr->nla_len));
}

static inline uint16_t attribute_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static inline const void *attribute_payload(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static inline uint16_t attribute_length(const struct nlattr *attr)
{
	return (uint16_t)(attr->nla_len - NLA_HDRLEN);
}

/* What reads one attribute; its number is its place in the table. */
struct attribute_reader {
	uint16_t min_len; /* the least that its type needs, in bytes */
	void (*put)(struct socket *sk, const struct nlattr *attr);
};

/* Reads every attribute behind `header` bytes of payload. Numbers that have no reader are newer
 * than this program, or not asked for: they are passed over. One that is too short for its type
 * is ignored and counted in *bad_attrs; one that is longer than the message ends the reading. */
void attributes_read(const struct nlmsghdr *nlh, size_t header,
		     const struct attribute_reader *readers, size_t count, struct socket *sk,
		     uint64_t *bad_attrs);

/* The same for the attributes inside another one. */
void attributes_read_nested(const struct nlattr *nest, const struct attribute_reader *readers,
			    size_t count, struct socket *sk, uint64_t *bad_attrs);

/* The socket's memory (sock_diag_put_meminfo() in net/core/sock_diag.c): what its two queues take,
 * overhead included. */
#define ATTRIBUTE_MEMORY_MIN 12 /* bytes, up to SK_MEMINFO_WMEM_ALLOC */
void attribute_put_memory(struct socket *sk, const struct nlattr *attr);

/* What a family calls its sockets of one type (SOCK_STREAM...). */
struct attribute_kind {
	uint32_t type;
	enum netid netid;
};

/* Sets sk->netid by a type. Returns 0, or -EBADMSG for a type that the table does not have. */
int attribute_put_kind(struct socket *sk, const struct attribute_kind *kinds, size_t count,
		       uint32_t type);

/* A user id in 32 bits. */
void attribute_put_uid(struct socket *sk, const struct nlattr *attr);

/* The two halves of a cookie as the kernel sends them (sock_diag_save_cookie()). */
uint64_t attribute_cookie(const uint32_t halves[2]);

#endif
