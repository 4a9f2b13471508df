/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/absent.h"

#include <stddef.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct absent_option table[] = {
	{ "kill", 'K',
	  "is left out: lingerstat never disturbs what it shows; 'ss -K' ends sockets" },
	{ "bpf-maps", 0, "is left out: 'ss --bpf-maps' shows what BPF programs store in sockets" },
	{ "bpf-map-id", 0,
	  "is left out: 'ss --bpf-map-id' shows what BPF programs store in sockets" },
	{ NULL, 'v', "is left out: the version is -V here, as it is in ss too" },
};

const struct absent_option *absent_by_letter(int letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].letter && table[i].letter == letter)
			return &table[i];
	return NULL;
}

const struct absent_option *absent_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].name && strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}
