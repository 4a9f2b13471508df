/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/request.h"

#include <string.h>
#include <libmnl/libmnl.h>

struct nlmsghdr *request_dump(char *buf, uint16_t type, const void *req, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), req, size);
	return nlh;
}
