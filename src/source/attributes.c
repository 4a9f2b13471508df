/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/attributes.h"

#include <errno.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>

static void read_one(const struct nlattr *attr, const struct attribute_reader *readers,
		     size_t count, struct socket *sk, uint64_t *bad_attrs)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type >= count || !readers[type].put)
		return;
	if (mnl_attr_get_payload_len(attr) < readers[type].min_len)
		(*bad_attrs)++;
	else
		readers[type].put(sk, attr);
}

static void read_all(const struct nlattr *attr, const char *end,
		     const struct attribute_reader *readers, size_t count, struct socket *sk,
		     uint64_t *bad_attrs)
{
	for (; (const char *)attr < end; attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, (int)(end - (const char *)attr))) {
			(*bad_attrs)++;
			return;
		}
		read_one(attr, readers, count, sk, bad_attrs);
	}
}

void attributes_read(const struct nlmsghdr *nlh, size_t header,
		     const struct attribute_reader *readers, size_t count, struct socket *sk,
		     uint64_t *bad_attrs)
{
	read_all(mnl_nlmsg_get_payload_offset(nlh, header), (const char *)nlh + nlh->nlmsg_len,
		 readers, count, sk, bad_attrs);
}

void attributes_read_nested(const struct nlattr *nest, const struct attribute_reader *readers,
			    size_t count, struct socket *sk, uint64_t *bad_attrs)
{
	const char *payload = mnl_attr_get_payload(nest);

	read_all((const struct nlattr *)payload, payload + mnl_attr_get_payload_len(nest), readers,
		 count, sk, bad_attrs);
}

void attribute_put_memory(struct socket *sk, const struct nlattr *attr)
{
	uint32_t memory[SK_MEMINFO_WMEM_ALLOC + 1];

	memcpy(memory, mnl_attr_get_payload(attr), sizeof(memory));
	sk->recv_queue = memory[SK_MEMINFO_RMEM_ALLOC];
	sk->send_queue = memory[SK_MEMINFO_WMEM_ALLOC];
	sk->queue_unit = QUEUE_MEMORY;
}

int attribute_put_kind(struct socket *sk, const struct attribute_kind *kinds, size_t count,
		       uint32_t type)
{
	for (size_t i = 0; i < count; i++) {
		if (kinds[i].type != type)
			continue;
		sk->netid = kinds[i].netid;
		return 0;
	}
	return -EBADMSG;
}

void attribute_put_uid(struct socket *sk, const struct nlattr *attr)
{
	sk->uid = mnl_attr_get_u32(attr);
	sk->uid_known = true;
}

uint64_t attribute_cookie(const uint32_t halves[2])
{
	return (uint64_t)halves[1] << 32 | halves[0];
}
