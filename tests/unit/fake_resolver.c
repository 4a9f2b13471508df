/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/fake_resolver.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *addresses[10];
} names[] = {
	{ "10.1", { "10.0.0.1" } },
	{ "fe80::1%lo", { "fe80::1" } },
	{ "one.example", { "192.0.2.1" } },
	{ "two.example", { "192.0.2.2", "2001:db8::2" } },
	{ "many.example",
	  { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6",
	    "192.0.2.7", "192.0.2.8", "192.0.2.9" } },
};

/* Each answer is one allocation, its address behind it. */
struct answer {
	struct addrinfo info;
	struct sockaddr_storage address;
};

static struct addrinfo *answer(const char *text)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->address;

	if (!a)
		abort();
	a->info.ai_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	a->info.ai_addr = (struct sockaddr *)&a->address;
	inet_pton(a->info.ai_family, text,
		  a->info.ai_family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
	a->address.ss_family = (sa_family_t)a->info.ai_family;
	return &a->info;
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **found)
{
	struct addrinfo **next = found;

	(void)service;
	*found = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(node, names[i].name) != 0)
			continue;
		for (const char *const *text = names[i].addresses; *text; text++) {
			int family = strchr(*text, ':') ? AF_INET6 : AF_INET;

			if (hints->ai_family != AF_UNSPEC && hints->ai_family != family)
				continue;
			*next = answer(*text);
			next = &(*next)->ai_next;
		}
	}
	return *found ? 0 : EAI_NONAME;
}

void __wrap_freeaddrinfo(struct addrinfo *found)
{
	while (found) {
		struct addrinfo *next = found->ai_next;

		free(found);
		found = next;
	}
}
