/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/families.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/message.h"
#include "cmd/common.h"
#include "model/words.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define ALL_NETIDS (NETID_BIT(NETID_COUNT) - 1)
#define INET_NETIDS                                                                \
	(NETID_BIT(NETID_TCP) | NETID_BIT(NETID_MPTCP) | NETID_BIT(NETID_UDP) |    \
	 NETID_BIT(NETID_UDPLITE) | NETID_BIT(NETID_RAW) | NETID_BIT(NETID_SCTP) | \
	 NETID_BIT(NETID_DCCP))

struct query_word {
	const char *name; /* first: nearest_word() walks the table */
	uint32_t netids;
	bool group; /* of several families: none of them is named */
};

static const struct query_word queries[] = {
	{ "all", ALL_NETIDS, true },
	{ "inet", INET_NETIDS, true },
	{ "tcp", NETID_BIT(NETID_TCP), false },
	{ "mptcp", NETID_BIT(NETID_MPTCP), false },
	{ "udp", NETID_BIT(NETID_UDP), false },
	{ "udplite", NETID_BIT(NETID_UDPLITE), false },
	{ "raw", NETID_BIT(NETID_RAW), false },
	{ "sctp", NETID_BIT(NETID_SCTP), false },
	{ "dccp", NETID_BIT(NETID_DCCP), false },
	{ "unix", NETIDS_UNIX, false },
	{ "unix_stream", NETID_BIT(NETID_UNIX_STREAM), false },
	{ "u_str", NETID_BIT(NETID_UNIX_STREAM), false },
	{ "unix_dgram", NETID_BIT(NETID_UNIX_DGRAM), false },
	{ "u_dgr", NETID_BIT(NETID_UNIX_DGRAM), false },
	{ "unix_seqpacket", NETID_BIT(NETID_UNIX_SEQPACKET), false },
	{ "u_seq", NETID_BIT(NETID_UNIX_SEQPACKET), false },
	{ "packet", NETIDS_PACKET, false },
	{ "packet_raw", NETID_BIT(NETID_PACKET_RAW), false },
	{ "p_raw", NETID_BIT(NETID_PACKET_RAW), false },
	{ "packet_dgram", NETID_BIT(NETID_PACKET_DGRAM), false },
	{ "p_dgr", NETID_BIT(NETID_PACKET_DGRAM), false },
	{ "netlink", NETID_BIT(NETID_NETLINK), false },
	{ "nl", NETID_BIT(NETID_NETLINK), false },
	{ "vsock", NETIDS_VSOCK, false },
	{ "vsock_stream", NETID_BIT(NETID_VSOCK_STREAM), false },
	{ "v_str", NETID_BIT(NETID_VSOCK_STREAM), false },
	{ "vsock_dgram", NETID_BIT(NETID_VSOCK_DGRAM), false },
	{ "v_dgr", NETID_BIT(NETID_VSOCK_DGRAM), false },
	{ "vsock_seqpacket", NETID_BIT(NETID_VSOCK_SEQPACKET), false },
	{ "v_seq", NETID_BIT(NETID_VSOCK_SEQPACKET), false },
	{ "xdp", NETID_BIT(NETID_XDP), false },
	{ "tipc", NETIDS_TIPC, false },
};

static const struct {
	const char *name;
	uint32_t netids; /* 0: the kinds that are shown anyway */
	bool ipv4, ipv6;
} families[] = {
	{ "inet", 0, true, false },
	{ "inet6", 0, false, true },
	{ "unix", NETIDS_UNIX, false, false },
	{ "link", NETIDS_PACKET, false, false },
	{ "netlink", NETID_BIT(NETID_NETLINK), false, false },
	{ "vsock", NETIDS_VSOCK, false, false },
	{ "xdp", NETID_BIT(NETID_XDP), false, false },
	{ "tipc", NETIDS_TIPC, false, false },
};

const char *families_query_word(size_t i)
{
	return i < ARRAY_SIZE(queries) ? queries[i].name : NULL;
}

const char *families_family_word(size_t i)
{
	return i < ARRAY_SIZE(families) ? families[i].name : NULL;
}

/* Words that only take away leave the rest of all. */
static void take_query(struct family_choice *choice, const struct query_word *query, bool negated)
{
	if (negated && !choice->netids)
		choice->netids = ALL_NETIDS;
	if (negated) {
		choice->netids &= ~query->netids;
		choice->named &= ~query->netids;
		return;
	}
	choice->netids |= query->netids;
	if (!query->group)
		choice->named |= query->netids;
}

static int query_one(struct family_choice *choice, const char *text, size_t len)
{
	char word[32];
	bool negated = *text == '!';
	size_t i;

	text += negated;
	len -= negated;
	if (len >= sizeof(word))
		len = sizeof(word) - 1;
	memcpy(word, text, len);
	word[len] = '\0';
	if (common_pick("-A", word, queries, ARRAY_SIZE(queries), sizeof(*queries), &i) < 0)
		return -EINVAL;
	take_query(choice, &queries[i], negated);
	return 0;
}

int families_query(struct family_choice *choice, const char *list)
{
	while (true) {
		size_t len = strcspn(list, ",");

		if (query_one(choice, list, len) < 0)
			return -EINVAL;
		if (!list[len])
			break;
		list += len + 1;
	}
	if (choice->netids)
		return 0;
	message("-A: nothing is left to list; name a kind without '!'");
	return -EINVAL;
}

int families_family(struct family_choice *choice, const char *word)
{
	size_t i;

	if (common_pick("-f", word, families, ARRAY_SIZE(families), sizeof(*families), &i) < 0)
		return -EINVAL;
	choice->netids |= families[i].netids;
	choice->named |= families[i].netids;
	choice->ipv4 = choice->ipv4 || families[i].ipv4;
	choice->ipv6 = choice->ipv6 || families[i].ipv6;
	return 0;
}

uint32_t families_default(void)
{
	return NETID_BIT(NETID_TCP) | NETID_BIT(NETID_MPTCP) | NETID_BIT(NETID_SCTP);
}

/* Where a kind has one state only, ss shows that; and beside it the same state of the others. */
uint32_t families_states(uint32_t netids)
{
	if (netids & NETIDS_STATELESS)
		return STATES_CONNECTED | STATE_BIT(STATE_CLOSE);
	return STATES_CONNECTED;
}
