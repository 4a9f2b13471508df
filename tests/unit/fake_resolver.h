/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resolver for tests, put in place of the C library's by the linker (--wrap), so that no test
 * asks a name server. It knows three names, and two odd addresses that the C library takes:
 *
 *	one.example	192.0.2.1
 *	two.example	192.0.2.2 and 2001:db8::2
 *	many.example	192.0.2.1 to 192.0.2.9, more than a filter takes
 *	10.1		10.0.0.1
 *	fe80::1%lo	fe80::1, without the device
 */
#ifndef LINGERSTAT_TESTS_UNIT_FAKE_RESOLVER_H
#define LINGERSTAT_TESTS_UNIT_FAKE_RESOLVER_H

#include <netdb.h>

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **found);
void __wrap_freeaddrinfo(struct addrinfo *found);

#endif
