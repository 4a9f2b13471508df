/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/protocols.h"

#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <strings.h>

#include "base/nearest.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct protocol_word {
	const char *name; /* first: nearest_word() walks the table */
	uint16_t number;
};

static const struct protocol_word ip_words[] = {
	{ "icmp", 1 },     { "igmp", 2 },       { "ipencap", 4 },      { "tcp", 6 },
	{ "egp", 8 },      { "udp", 17 },       { "dccp", 33 },        { "ipv6", 41 },
	{ "rsvp", 46 },    { "gre", 47 },       { "esp", 50 },         { "ah", 51 },
	{ "skip", 57 },    { "ipv6-icmp", 58 }, { "eigrp", 88 },       { "ospf", 89 },
	{ "ipip", 94 },    { "etherip", 97 },   { "encap", 98 },       { "pim", 103 },
	{ "ipcomp", 108 }, { "vrrp", 112 },     { "l2tp", 115 },       { "isis", 124 },
	{ "sctp", 132 },   { "udplite", 136 },  { "mpls-in-ip", 137 },
};

static const struct protocol_word link_words[] = {
	{ "802.3", ETH_P_802_3 },     { "ax25", ETH_P_AX25 },         { "all", ETH_P_ALL },
	{ "802.2", ETH_P_802_2 },     { "loop", ETH_P_LOOP },         { "ip", ETH_P_IP },
	{ "x25", ETH_P_X25 },         { "arp", ETH_P_ARP },           { "rarp", ETH_P_RARP },
	{ "atalk", ETH_P_ATALK },     { "aarp", ETH_P_AARP },         { "802.1Q", ETH_P_8021Q },
	{ "ipx", ETH_P_IPX },         { "ipv6", ETH_P_IPV6 },         { "mpls_uc", ETH_P_MPLS_UC },
	{ "mpls_mc", ETH_P_MPLS_MC }, { "ppp_disc", ETH_P_PPP_DISC }, { "ppp_ses", ETH_P_PPP_SES },
	{ "pae", ETH_P_PAE },         { "aoe", ETH_P_AOE },           { "802.1ad", ETH_P_8021AD },
	{ "lldp", ETH_P_LLDP },       { "tipc", ETH_P_TIPC },
};

static const struct protocol_word netlink_words[] = {
	{ "rtnl", NETLINK_ROUTE },
	{ "unused", NETLINK_UNUSED },
	{ "usersock", NETLINK_USERSOCK },
	{ "fw", NETLINK_FIREWALL },
	{ "tcpdiag", NETLINK_SOCK_DIAG },
	{ "nflog", NETLINK_NFLOG },
	{ "xfrm", NETLINK_XFRM },
	{ "selinux", NETLINK_SELINUX },
	{ "iscsi", NETLINK_ISCSI },
	{ "audit", NETLINK_AUDIT },
	{ "fiblookup", NETLINK_FIB_LOOKUP },
	{ "connector", NETLINK_CONNECTOR },
	{ "nft", NETLINK_NETFILTER },
	{ "ip6fw", NETLINK_IP6_FW },
	{ "dec-rt", NETLINK_DNRTMSG },
	{ "uevent", NETLINK_KOBJECT_UEVENT },
	{ "genl", NETLINK_GENERIC },
	{ "scsi-trans", NETLINK_SCSITRANSPORT },
	{ "ecryptfs", NETLINK_ECRYPTFS },
	{ "rdma", NETLINK_RDMA },
	{ "crypto", NETLINK_CRYPTO },
	{ "smc", NETLINK_SMC },
};

static const char *find(const struct protocol_word *words, size_t n, unsigned int number)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].number == number)
			return words[i].name;
	return NULL;
}

const char *ip_protocol_name(unsigned int number)
{
	return find(ip_words, ARRAY_SIZE(ip_words), number);
}

const char *link_protocol_name(unsigned int number)
{
	return find(link_words, ARRAY_SIZE(link_words), number);
}

const char *netlink_protocol_name(unsigned int number)
{
	return find(netlink_words, ARRAY_SIZE(netlink_words), number);
}

static int number_of(const struct protocol_word *words, size_t n, const char *name,
		     const char **near)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(words[i].name, name) == 0)
			return words[i].number;
	*near = nearest_word(name, words, n, sizeof(*words));
	return -1;
}

int link_protocol_number(const char *name, const char **near)
{
	return number_of(link_words, ARRAY_SIZE(link_words), name, near);
}

int netlink_protocol_number(const char *name, const char **near)
{
	return number_of(netlink_words, ARRAY_SIZE(netlink_words), name, near);
}
