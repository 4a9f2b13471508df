/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocol numbers in words: of IP, of what an Ethernet frame carries, of netlink. Each is one
 * const table of the spellings that ss prints.
 */
#ifndef LINGERSTAT_MODEL_PROTOCOLS_H
#define LINGERSTAT_MODEL_PROTOCOLS_H

#include <stdint.h>

/* The protocol behind an IP header (IANA, Protocol Numbers), such as `icmp`; NULL for one without
 * a name here. */
const char *ip_protocol_name(unsigned int number);

/* What a frame carries: ETH_P_* of linux/if_ether.h in host order, such as `arp`; `all` for
 * ETH_P_ALL; NULL for one without a name here. */
const char *link_protocol_name(unsigned int number);

/* A netlink family: NETLINK_* of linux/netlink.h, such as `rtnl`; NULL for one without a name
 * here. */
const char *netlink_protocol_name(unsigned int number);

/* The numbers of these words, in any case; -1 for a word that is none, and then *near is the
 * nearest one, or NULL. */
int link_protocol_number(const char *name, const char **near);
int netlink_protocol_number(const char *name, const char **near);

#endif
