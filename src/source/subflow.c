/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/subflow.h"

#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>

#include "source/attributes.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void put_name(struct socket *sk, const struct nlattr *attr)
{
	static const char name[] = "mptcp";

	sk->subflow = memcmp(mnl_attr_get_payload(attr), name, sizeof(name)) == 0;
}

/* A subflow that was not joined to another one has no token of the peer's: 0 stands for it. */
static void put_remote_token(struct socket *sk, const struct nlattr *attr)
{
	uint32_t token = mnl_attr_get_u32(attr);

	sk->mptcp.remote_token = token ? (int64_t)token : UNKNOWN;
}

static void put_token(struct socket *sk, const struct nlattr *attr)
{
	uint32_t token = mnl_attr_get_u32(attr);

	sk->mptcp.token = token ? (int64_t)token : UNKNOWN;
}

static void put_flags(struct socket *sk, const struct nlattr *attr)
{
	sk->mptcp.flags = mnl_attr_get_u32(attr);
}

static void put_remote_id(struct socket *sk, const struct nlattr *attr)
{
	sk->mptcp.remote_id = mnl_attr_get_u8(attr);
}

static void put_local_id(struct socket *sk, const struct nlattr *attr)
{
	sk->mptcp.local_id = mnl_attr_get_u8(attr);
}

static const struct attribute_reader name_reader[] = {
	[INET_ULP_INFO_NAME] = { sizeof("mptcp"), put_name },
};

static const struct attribute_reader readers[] = {
	[MPTCP_SUBFLOW_ATTR_TOKEN_REM] = { 4, put_remote_token },
	[MPTCP_SUBFLOW_ATTR_TOKEN_LOC] = { 4, put_token },
	[MPTCP_SUBFLOW_ATTR_FLAGS] = { 4, put_flags },
	[MPTCP_SUBFLOW_ATTR_ID_REM] = { 1, put_remote_id },
	[MPTCP_SUBFLOW_ATTR_ID_LOC] = { 1, put_local_id },
};

static const struct nlattr *find_mptcp(const struct nlattr *ulp)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, ulp)
	{
		if (mnl_attr_get_type(attr) == INET_ULP_INFO_MPTCP)
			return attr;
	}
	return NULL;
}

void subflow_read(struct socket *sk, const struct inet_attrs *attrs, uint64_t *bad_attrs)
{
	const struct nlattr *mptcp;
	uint64_t others = 0; /* a shorter name is another protocol's, and no mistake */

	if (!attrs->ulp)
		return;
	attributes_read_nested(attrs->ulp, name_reader, ARRAY_SIZE(name_reader), sk, &others);
	mptcp = sk->subflow ? find_mptcp(attrs->ulp) : NULL;
	if (mptcp)
		attributes_read_nested(mptcp, readers, ARRAY_SIZE(readers), sk, bad_attrs);
}
