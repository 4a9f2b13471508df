/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in words: numbers, service names and host names, and the cell that ss prints
 * (`[fe80::1]%eth0:22`, `*` for any port).
 */
#ifndef LINGERSTAT_PRESENT_ADDRESS_H
#define LINGERSTAT_PRESENT_ADDRESS_H

#include <stdbool.h>

#include "base/outbuf.h"
#include "model/socket.h"

struct names;

/* Takes whether ports become service names and addresses host names. Returns NULL when memory is
 * short. */
struct names *names_new(bool services, bool hosts);
void names_free(struct names *names);

/* The bare number: `127.0.0.1`, `fe80::1`. */
void address_number(struct outbuf *b, uint8_t family, const struct endpoint *ep);

/* The cell: address, scope and port. `peer` false is the local end, which shows the device the
 * socket is bound to, as ss does; a link-local peer shows it too. */
void address_cell(struct outbuf *b, const struct socket *sk, bool peer, struct names *names);

#endif
