/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relied.h"

#include <bpf/btf.h>
#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The head of .BTF.ext (Documentation/bpf/btf.rst); what follows begins `head` bytes in. */
struct extension {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t head;
	uint32_t functions, functions_size, lines, lines_size;
	uint32_t relocations, relocations_size;
};

/* Ahead of the relocations of one section of the program. */
struct group {
	uint32_t section;
	uint32_t count;
};

struct list {
	struct btf *types;
	struct relied *items;
	size_t count, room;
};

struct part {
	const char *start;
	size_t size;
};

static struct part section_named(const struct object *object, const char *name)
{
	const char *file = object->start;
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Shdr *sections = (const void *)(file + head->e_shoff);
	const char *names = file + sections[head->e_shstrndx].sh_offset;

	for (size_t i = 0; i < head->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return (struct part){ file + sections[i].sh_offset, sections[i].sh_size };
	return (struct part){ NULL, 0 };
}

static const char *name_of(const struct btf *types, uint32_t offset)
{
	const char *name = btf__name_by_offset(types, offset);

	return name ? name : "";
}

static int note(struct list *list, const char *type, const char *member)
{
	struct relied r = { "", "" };

	snprintf(r.type, sizeof(r.type), "%s", type);
	snprintf(r.member, sizeof(r.member), "%s", member);
	for (size_t i = 0; i < list->count; i++)
		if (!memcmp(&list->items[i], &r, sizeof(r)))
			return 0;
	if (list->count == list->room)
		return -ENOSPC;
	list->items[list->count++] = r;
	return 0;
}

/* Through what changes nothing about the layout; *name is the last that was met on the way. */
static uint32_t plain_type(const struct btf *types, uint32_t id, const char **name)
{
	const struct btf_type *type = btf__type_by_id(types, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		if (type->name_off)
			*name = name_of(types, type->name_off);
		id = type->type;
		type = btf__type_by_id(types, id);
	}
	if (type && type->name_off)
		*name = name_of(types, type->name_off);
	return id;
}

/* Follows "0:1:2", the first of which is an index as of an array: the second member of the type,
 * and the third of that one's. */
static int note_path(struct list *list, uint32_t id, const char *path)
{
	const struct btf_type *type;
	const struct btf_member *member;
	const char *name = "";
	unsigned long index;
	char *end;

	strtoul(path, &end, 10);
	while (*end == ':') {
		index = strtoul(end + 1, &end, 10);
		id = plain_type(list->types, id, &name);
		type = btf__type_by_id(list->types, id);
		if (type && btf_is_array(type)) {
			id = btf_array(type)->type;
			continue;
		}
		if (!type || !btf_is_composite(type) || index >= btf_vlen(type))
			return -EINVAL;
		member = btf_members(type) + index;
		if (note(list, name, name_of(list->types, member->name_off)) < 0)
			return -ENOSPC;
		id = member->type;
	}
	return 0;
}

static int note_relocation(struct list *list, const struct bpf_core_relo *r)
{
	const char *path = name_of(list->types, r->access_str_off);
	const char *name = "";

	if (strchr(path, ':'))
		return note_path(list, r->type_id, path);
	plain_type(list->types, r->type_id, &name);
	return note(list, name, "");
}

static int note_all(struct list *list, struct part part)
{
	const struct extension *head = (const void *)part.start;
	const size_t size = sizeof(struct bpf_core_relo);
	const char *at, *end;
	int err = 0;

	if (part.size < sizeof(*head) ||
	    part.size < head->head + head->relocations + head->relocations_size)
		return -EINVAL;
	at = part.start + head->head + head->relocations;
	end = at + head->relocations_size;
	at += sizeof(uint32_t); /* the size of a relocation */
	while (!err && at + sizeof(struct group) < end) {
		uint32_t count = ((const struct group *)(const void *)at)->count;

		at += sizeof(struct group);
		for (; !err && count > 0; count--, at += size)
			err = at + size > end ? -EINVAL : note_relocation(list, (const void *)at);
	}
	return err;
}

int relied_of(const struct object *object, struct relied *found, size_t room)
{
	struct part types = section_named(object, ".BTF");
	struct part extension = section_named(object, ".BTF.ext");
	struct list list = { .items = found, .room = room };
	int err;

	if (!types.start || !extension.start)
		return -EINVAL;
	list.types = btf__new(types.start, (uint32_t)types.size);
	if (!list.types)
		return -EINVAL;
	err = note_all(&list, extension);
	btf__free(list.types);
	return err ? err : (int)list.count;
}
