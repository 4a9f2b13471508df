/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links: the name of the device a socket is bound to, which is also the scope of a link-local
 * address. libnl keeps the cache; it is filled only when a row needs a name, and libnl is loaded
 * then. Where it is not to be had there are no names.
 */
#ifndef LINGERSTAT_ENRICH_LINKS_H
#define LINGERSTAT_ENRICH_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/socket.h"

struct links;

/* Returns NULL when memory is short. Asks the kernel nothing yet. */
struct links *links_new(void);
void links_free(struct links *links);

/* The name of a device, valid until links_free(), or NULL when there is no such device or the
 * kernel would not say. The first call fills the cache. */
const char *links_name(struct links *links, uint32_t ifindex);

/* True once a name was asked for and there was no library to ask the kernel with. */
bool links_lack_library(const struct links *links);

/* True for the socket that the cache was filled through. `links` may be NULL. */
bool links_own(const struct links *links, const struct socket *sk);

/* How often the cache was filled: 0 until a name was needed. */
unsigned int links_fills(const struct links *links);

#endif
