/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups of a test's own: a group that the test makes becomes the root of a cgroup
 * namespace and all of the hierarchy that is in sight, so that paths begin as on a host. Needs the
 * cgroup v2 hierarchy and the right to mount it.
 */
#ifndef LINGERSTAT_TESTS_GROUPS_H
#define LINGERSTAT_TESTS_GROUPS_H

#include <stdint.h>

/* Runs `inside` in a process of its own, in the root of such a hierarchy, and removes all its
 * groups afterwards. Gives the exit status for main: what `inside` gave, 99 when it did not end by
 * itself, and 0 where no such hierarchy can be had, which is printed as a skipped test with the
 * reason. */
int groups_run(int (*inside)(void));

/* Where the hierarchy is mounted. */
const char *groups_root(void);

/* Moves this process into the group with this path ("/system.slice/web.service"), which is made
 * with those above it. 0 or a negative errno. */
int groups_enter(const char *group);

/* Removes a group whose processes have ended; fails the test when it stays. */
void groups_remove(const char *group);

/* Takes every cgroup2 mount out of this process's sight. 0 or a negative errno. */
int groups_hide(void);

/* A socket that a process in `group` made, and handed over before it ended. Fails the test without
 * one. */
int groups_socket(const char *group, int family, int type);

/* The same of a TCP socket over IPv4: one that listens at *port, and one that is connected to a
 * port of the loopback. */
int groups_listener(const char *group, uint16_t *port);
int groups_client(const char *group, uint16_t port);

#endif
