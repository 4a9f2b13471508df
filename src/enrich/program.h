/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program behind a listener, where several processes hold it: do they all end with it, or does
 * one keep the listener open? The program is the holder that all other holders descend from. They
 * end with it where the kernel or the service manager sees to that: in a PID namespace of which it
 * is the first process (zap_pid_ns_processes() in kernel/pid_namespace.c), or in the control group
 * of a unit of which it is the main process, a child of systemd's (KillMode=control-group,
 * systemd.kill(5)). Anywhere else a child that inherited the descriptor stays.
 */
#ifndef LINGERSTAT_ENRICH_PROGRAM_H
#define LINGERSTAT_ENRICH_PROGRAM_H

#include "model/restart.h"

/* Takes a socket with its holders joined, and where /proc is mounted. Reads nothing of a socket
 * that one process holds. What cannot be read leaves `ends` unknown. */
void program_of(const char *proc, const struct socket *sk, struct program *program);

#endif
