/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stage: where the experiments are played. Best in a network namespace of their own, where no
 * other traffic is and the segments can be watched; otherwise on this machine's loopback.
 */
#ifndef DEMO_STAGE_H
#define DEMO_STAGE_H

/*
 * Moves this process into a new network namespace with loopback up: as root at once, otherwise
 * through a user namespace of its own, in which it keeps its user id. Gives 0 or -errno. After a
 * failure the process may be half-way: try it in a child.
 */
int stage_enter(void);

/*
 * Gives up what a user namespace of one's own grants. An ordinary user's tool may read only
 * processes that can do no more than itself. Root keeps everything.
 */
int stage_drop_privileges(void);

#endif
