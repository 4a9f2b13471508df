/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Births: the control group that a socket was made in, where sock_diag does not tell it: of unix,
 * netlink, packet, vsock, XDP and TIPC sockets. The kernel keeps it with each (sk_cgrp_data), and a
 * pass of BPF over the descriptors of all processes reads it, in every network namespace at once. A
 * socket that no descriptor leads to stays unknown. The accepted end of a unix connection was made
 * by whoever connected (unix_stream_connect() in net/unix/af_unix.c), and has that one's group.
 */
#ifndef LINGERSTAT_ENRICH_BIRTHS_H
#define LINGERSTAT_ENRICH_BIRTHS_H

#include <stdint.h>

struct births;

/* Makes the pass. Needs the capabilities for loading BPF. Returns 0; -ENOMEM; or the negative errno
 * of what BPF refused, and then *births is NULL. */
int births_read(struct births **births);
void births_free(struct births *births);

/* The id, as INET_DIAG_CGROUP_ID has it, of the socket with that inode; UNKNOWN where it was not
 * met. */
int64_t births_cgroup(const struct births *births, uint32_t inode);

#endif
