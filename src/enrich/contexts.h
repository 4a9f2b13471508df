/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security contexts: what SELinux, AppArmor or Smack call the processes that hold a socket
 * (/proc/PID/attr/current, security_getprocattr() in the kernel), and what SELinux or Smack call
 * the socket itself (the extended attribute security.selinux or security.SMACK64 of its inode).
 * They are read when a row is shown, which is later than the owners pass: a process counts only
 * where its descriptor is this socket still, so that a number which another process has got since
 * gives no wrong answer. The directory of a process in /proc stays that process's.
 */
#ifndef LINGERSTAT_ENRICH_CONTEXTS_H
#define LINGERSTAT_ENRICH_CONTEXTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/socket.h"

struct contexts;

/* `root` is the procfs that the numbers of holders are of, NULL: none is in sight; `sockets`: read
 * those of the sockets too. Returns NULL when memory is short. */
struct contexts *contexts_new(const char *root, bool sockets);
void contexts_free(struct contexts *contexts);

/* True when no security module of this kernel gives processes a context: none is looked for. */
bool contexts_absent(const struct contexts *contexts);

/* How many processes and sockets could not be read, or were not surely the right ones. */
uint64_t contexts_unknown(const struct contexts *contexts);

/* Gives a socket with holders its contexts. The list is valid until the next call, the texts until
 * contexts_free(). Returns 0 or -ENOMEM. */
int contexts_join(struct contexts *contexts, struct socket *sk);

#endif
