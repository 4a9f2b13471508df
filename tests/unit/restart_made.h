/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners and the sockets on their port, made as the tests of restart want them.
 */
#ifndef LINGERSTAT_TESTS_RESTART_MADE_H
#define LINGERSTAT_TESTS_RESTART_MADE_H

#include <stdint.h>

#include "judge/restart.h"

#define PORT 8080

/* A descriptor of the listener's program, and one of another program's. */
extern const struct holder own, another;

/* Held by this one and nobody else. */
struct holder_list held_by(const struct holder *holder);

/* A TCP socket over the address's IP version, held by another program, with nothing queued and
 * SO_LINGER off. Each is another one: a listener is told from the others on its port by its
 * cookie. */
struct socket at(const char *address, uint16_t port, enum sock_state state);

/* A listener on PORT, held by its own program. */
struct socket listener_at(const char *address, enum tri v6only, enum tri reuseaddr);

/* The users of the listener's port, none yet; to be freed. */
struct port_users *watching(const struct socket *listener);

#endif
