/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Details of TIPC: what hinders a socket's messages, and the service and group that it takes part
 * in (tipc_sk_fill_sock_diag() in net/tipc/socket.c, tipc_group_fill_sock_diag()).
 */
#include <linux/tipc_netlink.h>
#include <sys/socket.h>

#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define NUMBER(key, type)                                                  \
	{                                                                  \
		{ key, DETAIL_NUMBER, UNIT_NONE, false }, type, 4, NULL, 0 \
	}
#define FLAG(key, type)                                                  \
	{                                                                \
		{ key, DETAIL_FLAG, UNIT_NONE, false }, type, 0, NULL, 0 \
	}

static const struct detail_attribute own[] = {
	FLAG("published", TIPC_NLA_SOCK_HAS_PUBL),
};

static const struct detail_attribute counters[] = {
	NUMBER("drops", TIPC_NLA_SOCK_STAT_DROP),
	FLAG("link_congested", TIPC_NLA_SOCK_STAT_LINK_CONG),
	FLAG("connection_congested", TIPC_NLA_SOCK_STAT_CONN_CONG),
};

static const struct detail_attribute connection[] = {
	NUMBER("service_type", TIPC_NLA_CON_TYPE),
	NUMBER("service_instance", TIPC_NLA_CON_INST),
};

static const struct detail_attribute group[] = {
	NUMBER("group_id", TIPC_NLA_SOCK_GROUP_ID),
	NUMBER("group_instance", TIPC_NLA_SOCK_GROUP_INSTANCE),
	NUMBER("group_broadcast_next", TIPC_NLA_SOCK_GROUP_BC_SEND_NEXT),
	FLAG("group_open", TIPC_NLA_SOCK_GROUP_OPEN),
	FLAG("group_node_scope", TIPC_NLA_SOCK_GROUP_NODE_SCOPE),
	FLAG("group_cluster_scope", TIPC_NLA_SOCK_GROUP_CLUSTER_SCOPE),
};

static const struct {
	uint16_t nest;
	const struct detail_attribute *fields;
	size_t count;
} nests[] = {
	{ TIPC_NLA_SOCK_STAT, counters, ARRAY_SIZE(counters) },
	{ TIPC_NLA_SOCK_CON, connection, ARRAY_SIZE(connection) },
	{ TIPC_NLA_SOCK_GROUP, group, ARRAY_SIZE(group) },
};

/* A connection and a group are told of only where there is one. */
enum details_state details_tipc(const struct socket *sk, struct detail_sink *sink)
{
	const void *data;
	size_t size, len;

	if (sk->family != AF_TIPC)
		return DETAILS_NONE;
	data = details_attribute(sk, TIPC_NLA_SOCK, &size);
	if (!data)
		return DETAILS_UNKNOWN;
	details_attributes(own, ARRAY_SIZE(own), data, size, sink);
	for (size_t i = 0; i < ARRAY_SIZE(nests); i++) {
		const void *nest = details_nested(data, size, nests[i].nest, &len);

		if (nest)
			details_attributes(nests[i].fields, nests[i].count, nest, len, sink);
	}
	return DETAILS_GIVEN;
}

const struct details_table details_tipc_tables[] = {
	DETAILS_TABLE("tipc-info", own),
	DETAILS_TABLE("tipc-info", counters),
	DETAILS_TABLE("tipc-info", connection),
	DETAILS_TABLE("tipc-info", group),
};

const size_t details_tipc_table_count = ARRAY_SIZE(details_tipc_tables);
