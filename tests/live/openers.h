/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the families beyond internet and unix, for tests of their rows. Each function fails
 * the cmocka test where the socket cannot be made.
 */
#ifndef LINGERSTAT_TESTS_OPENERS_H
#define LINGERSTAT_TESTS_OPENERS_H

#include <stdint.h>

/* An Ethernet type that is free for experiments, so that nobody else's frames come. */
#define OWN_TYPE 0x88b5
/* A port id of netlink that no process id is. */
#define OWN_PORT_ID 0x7a11ce

/* socket(). Gives the descriptor. */
int open_socket(int domain, int type, int protocol);

/* A packet socket for frames of one Ethernet type (host order), of one device or (NULL) of all.
 * Gives the descriptor. */
int open_packet(int type, uint16_t protocol, const char *device);

/* A socket of rtnetlink with this port id, which listens to the groups of the mask. Gives the
 * descriptor. */
int open_netlink(uint32_t port_id, uint32_t groups);

#endif
