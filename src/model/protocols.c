/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/protocols.h"

#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct protocol_word {
	uint16_t number;
	const char *name;
};

static const struct protocol_word ip_words[] = {
	{ 1, "icmp" },     { 2, "igmp" },       { 4, "ipencap" },      { 6, "tcp" },
	{ 8, "egp" },      { 17, "udp" },       { 33, "dccp" },        { 41, "ipv6" },
	{ 46, "rsvp" },    { 47, "gre" },       { 50, "esp" },         { 51, "ah" },
	{ 57, "skip" },    { 58, "ipv6-icmp" }, { 88, "eigrp" },       { 89, "ospf" },
	{ 94, "ipip" },    { 97, "etherip" },   { 98, "encap" },       { 103, "pim" },
	{ 108, "ipcomp" }, { 112, "vrrp" },     { 115, "l2tp" },       { 124, "isis" },
	{ 132, "sctp" },   { 136, "udplite" },  { 137, "mpls-in-ip" },
};

static const struct protocol_word link_words[] = {
	{ ETH_P_802_3, "802.3" },     { ETH_P_AX25, "ax25" },         { ETH_P_ALL, "all" },
	{ ETH_P_802_2, "802.2" },     { ETH_P_LOOP, "loop" },         { ETH_P_IP, "ip" },
	{ ETH_P_X25, "x25" },         { ETH_P_ARP, "arp" },           { ETH_P_RARP, "rarp" },
	{ ETH_P_ATALK, "atalk" },     { ETH_P_AARP, "aarp" },         { ETH_P_8021Q, "802.1Q" },
	{ ETH_P_IPX, "ipx" },         { ETH_P_IPV6, "ipv6" },         { ETH_P_MPLS_UC, "mpls_uc" },
	{ ETH_P_MPLS_MC, "mpls_mc" }, { ETH_P_PPP_DISC, "ppp_disc" }, { ETH_P_PPP_SES, "ppp_ses" },
	{ ETH_P_PAE, "pae" },         { ETH_P_AOE, "aoe" },           { ETH_P_8021AD, "802.1ad" },
	{ ETH_P_LLDP, "lldp" },       { ETH_P_TIPC, "tipc" },
};

static const struct protocol_word netlink_words[] = {
	{ NETLINK_ROUTE, "rtnl" },
	{ NETLINK_UNUSED, "unused" },
	{ NETLINK_USERSOCK, "usersock" },
	{ NETLINK_FIREWALL, "fw" },
	{ NETLINK_SOCK_DIAG, "tcpdiag" },
	{ NETLINK_NFLOG, "nflog" },
	{ NETLINK_XFRM, "xfrm" },
	{ NETLINK_SELINUX, "selinux" },
	{ NETLINK_ISCSI, "iscsi" },
	{ NETLINK_AUDIT, "audit" },
	{ NETLINK_FIB_LOOKUP, "fiblookup" },
	{ NETLINK_CONNECTOR, "connector" },
	{ NETLINK_NETFILTER, "nft" },
	{ NETLINK_IP6_FW, "ip6fw" },
	{ NETLINK_DNRTMSG, "dec-rt" },
	{ NETLINK_KOBJECT_UEVENT, "uevent" },
	{ NETLINK_GENERIC, "genl" },
	{ NETLINK_SCSITRANSPORT, "scsi-trans" },
	{ NETLINK_ECRYPTFS, "ecryptfs" },
	{ NETLINK_RDMA, "rdma" },
	{ NETLINK_CRYPTO, "crypto" },
	{ NETLINK_SMC, "smc" },
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

static int number_of(const struct protocol_word *words, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].number;
	return -1;
}

int link_protocol_number(const char *name)
{
	return number_of(link_words, ARRAY_SIZE(link_words), name);
}

int netlink_protocol_number(const char *name)
{
	return number_of(netlink_words, ARRAY_SIZE(netlink_words), name);
}
