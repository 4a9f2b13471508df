/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/diag.h"

#include <string.h>

struct nlmsghdr *diag_control(void *buf, uint16_t type, const void *payload, size_t length)
{
	struct nlmsghdr *nlh = buf;

	memset(buf, 0, NLMSG_SPACE(length));
	nlh->nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_MULTI;
	if (length)
		memcpy(NLMSG_DATA(nlh), payload, length);
	return nlh;
}

struct nlmsghdr *diag_start(void *buf, uint16_t type, const struct inet_diag_msg *msg)
{
	return diag_control(buf, type, msg, sizeof(*msg));
}

void diag_attr_raw(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t length,
		   size_t claimed)
{
	struct nlattr attr = {
		.nla_len = (uint16_t)(NLA_HDRLEN + claimed),
		.nla_type = type,
	};
	char *to = (char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len);

	memset(to, 0, NLA_HDRLEN + NLA_ALIGN(length));
	memcpy(to, &attr, sizeof(attr));
	if (length)
		memcpy(to + NLA_HDRLEN, data, length);
	nlh->nlmsg_len = NLMSG_ALIGN(nlh->nlmsg_len) + (uint32_t)(NLA_HDRLEN + NLA_ALIGN(length));
}

void diag_attr(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t length)
{
	diag_attr_raw(nlh, type, data, length, length);
}

void info_set(uint8_t *info, size_t offset, size_t size, uint64_t value)
{
	uint8_t v1 = (uint8_t)value;
	uint32_t v4 = (uint32_t)value;

	if (size == sizeof(v1))
		memcpy(info + offset, &v1, sizeof(v1));
	else if (size == sizeof(v4))
		memcpy(info + offset, &v4, sizeof(v4));
	else
		memcpy(info + offset, &value, sizeof(value));
}
