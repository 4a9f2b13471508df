/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Crafted kernel answers: netlink messages that look like sock_diag's, byte by byte. Offsets of
 * struct tcp_info are written out here and not taken from the system's headers, which may be
 * older than the kernel and are what the decoder itself uses.
 */
#ifndef LINGERSTAT_TESTS_UNIT_DIAG_H
#define LINGERSTAT_TESTS_UNIT_DIAG_H

#include <stddef.h>
#include <stdint.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#define DIAG_BUFFER 1024 /* enough for one socket with every attribute */

/* include/uapi/linux/tcp.h of 6.18 */
#define TCP_INFO_SIZE 280
enum tcp_info_offset {
	AT_RETRANSMITS = 2, /* u8 */
	AT_PROBES = 3,      /* u8 */
	AT_BACKOFF = 4,     /* u8 */
	AT_RATE_BITS = 7,   /* tcpi_delivery_rate_app_limited is its first bit */
	AT_RTO = 8,         /* u32, as all the others but rates and times */
	AT_SND_MSS = 16,
	AT_UNACKED = 24,
	AT_LAST_DATA_SENT = 44,
	AT_LAST_DATA_RECV = 52,
	AT_LAST_ACK_RECV = 56,
	AT_RTT = 68,
	AT_SND_SSTHRESH = 76,
	AT_TOTAL_RETRANS = 100,
	AT_PACING_RATE = 104, /* u64 */
	AT_NOTSENT = 144,
	AT_MIN_RTT = 148,
	AT_DELIVERY_RATE = 160, /* u64 */
	AT_BUSY_TIME = 168,     /* u64, as the next */
	AT_RWND_LIMITED = 176,
	AT_DELIVERED = 192,
	AT_SND_WND = 228,
};

/* Starts a message at `buf` (aligned, DIAG_BUFFER bytes). Returns its header. */
struct nlmsghdr *diag_start(void *buf, uint16_t type, const struct inet_diag_msg *msg);

/* Adds an attribute whose header claims `claimed` bytes of payload and which brings `length`. */
void diag_attr_raw(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t length,
		   size_t claimed);

/* Adds an attribute. */
void diag_attr(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t length);

/* Writes a number of `size` bytes (1, 4 or 8) into a tcp_info. */
void info_set(uint8_t *info, size_t offset, size_t size, uint64_t value);

/* A plain message of a type, with a payload: NLMSG_DONE, NLMSG_ERROR, ... Returns its header. */
struct nlmsghdr *diag_control(void *buf, uint16_t type, const void *payload, size_t length);

#endif
