/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guards.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"

/* The object file, word for word. */
#define OBJECT(name)                                                              \
	__asm__(".pushsection .rodata\n.balign 8\n" #name "_start:\n"             \
		".incbin \"tests/live/guards/" #name ".bpf.o\"\n" #name "_end:\n" \
		".popsection\n");                                                 \
	extern const char name##_start[] __attribute__((visibility("hidden")));   \
	extern const char name##_end[] __attribute__((visibility("hidden")));     \
	const struct object object_##name = { name##_start, name##_end }

OBJECT(births);
OBJECT(census);
OBJECT(namespaces);
OBJECT(owners);

static struct btf_type *type_at(struct btf *types, uint32_t id)
{
	/* The copy that was parsed is ours, and not yet in use. */
	return (struct btf_type *)(uintptr_t)btf__type_by_id(types, id);
}

static const char *name_at(const struct btf *types, uint32_t offset)
{
	const char *name = btf__name_by_offset(types, offset);

	return name ? name : "";
}

/* The member of that name, in the structure or in those without a name inside it. `depth` is a
 * bound for types that are not sane. */
static struct btf_member *find_in(struct btf *types, struct btf_type *type, const char *name,
				  int depth)
{
	struct btf_member *found = NULL;
	struct btf_member *m = btf_members(type);

	for (int i = 0; i < btf_vlen(type) && !found; i++, m++) {
		struct btf_type *inner = type_at(types, m->type);

		if (!strcmp(name_at(types, m->name_off), name))
			found = m;
		else if (!m->name_off && inner && btf_is_composite(inner) && depth > 0)
			found = find_in(types, inner, name, depth - 1);
	}
	return found;
}

/* The id of a type of that kind, name and, of a number, sign; 0: there is none. */
static uint32_t find_type(const struct btf *types, const char *name)
{
	int32_t id = btf__find_by_name(types, name);

	return id < 0 ? 0 : (uint32_t)id;
}

static int retype(struct btf_member *m, uint32_t id)
{
	if (!id)
		return -ESRCH;
	m->type = id;
	return 0;
}

static bool is_structure(struct btf *types, uint32_t id)
{
	const struct btf_type *type = type_at(types, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = type_at(types, type->type);
	return type && btf_is_composite(type);
}

static int change_member(struct btf *types, struct btf_type *type, struct btf_member *m,
			 const struct edit *edit)
{
	struct btf_member *other;
	uint32_t name = m->name_off;

	switch (edit->change) {
	case UNCHANGED:
		return 0;
	case MISSING:
		m->name_off = type->name_off; /* some name that nobody asks for */
		return 0;
	case NO_NUMBER:
		m->offset &= 0xffffff; /* no bit field */
		return retype(m,
			      find_type(types, is_structure(types, m->type) ? "short unsigned int"
									    : "list_head"));
	case SHORT:
		return retype(m, find_type(types, "short unsigned int"));
	case SIGNED_SHORT:
		return retype(m, find_type(types, "short int"));
	case BITS:
		if (!btf_kflag(type))
			return -ENOENT;
		m->offset |= 16U << 24;
		return 0;
	case SWAPPED:
		other = find_in(types, type, edit->other, 4);
		if (!other)
			return -ENOENT;
		m->name_off = other->name_off;
		other->name_off = name;
		return 0;
	}
	return -EINVAL;
}

/* Of every structure with that name: there may be some. */
static int change_types(struct btf *types, const struct edit *edit)
{
	uint32_t count = btf__type_cnt(types);
	int err = -ENOENT;

	for (uint32_t id = 1; id < count; id++) {
		struct btf_type *type = type_at(types, id);
		struct btf_member *m;

		if (!btf_is_struct(type) || strcmp(name_at(types, type->name_off), edit->type) != 0)
			continue;
		m = find_in(types, type, edit->member, 4);
		if (m)
			err = change_member(types, type, m, edit);
		if (m && err)
			return err;
	}
	return err;
}

static int write_all(const void *bytes, uint32_t size)
{
	int fd = memfd_create("types", MFD_CLOEXEC);
	uint32_t done = 0;

	while (fd >= 0 && done < size) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n <= 0) {
			close(fd);
			return -EIO;
		}
		done += (uint32_t)n;
	}
	return fd < 0 ? -errno : fd;
}

int types_edited(const struct edit *edit)
{
	struct btf *types = btf__parse(KERNEL_TYPES, NULL);
	const void *raw;
	uint32_t size;
	int err = 0;

	if (!types)
		return -errno;
	if (edit)
		err = change_types(types, edit);
	raw = err ? NULL : btf__raw_data(types, &size);
	if (!err)
		err = raw ? write_all(raw, size) : -ENOMEM;
	btf__free(types);
	return err;
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list list)
{
	(void)level;
	(void)format;
	(void)list;
	return 0;
}

int guard_load(const struct object *from, const struct edit *edit, struct bpf_object **object)
{
	char path[64];
	struct bpf_object_open_opts options = { .sz = sizeof(options), .btf_custom_path = path };
	int types = types_edited(edit);
	int err;

	*object = NULL;
	if (types < 0)
		return types;
	libbpf_set_print(say_nothing);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	*object = bpf_object__open_mem(from->start, (size_t)(from->end - from->start), &options);
	err = *object ? bpf_object__load(*object) : -errno;
	close(types);
	if (err) {
		bpf_object__close(*object);
		*object = NULL;
	}
	return err;
}

static ssize_t read_iterator(struct bpf_link *link, char *records, size_t size)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && have < size) {
		n = read(fd, records + have, size - have);
		if (n < 0 && errno == EAGAIN)
			n = 1;
		else if (n > 0)
			have += (size_t)n;
	}
	close(fd);
	return n < 0 ? -EIO : (ssize_t)have;
}

ssize_t guard_read(const struct object *from, const struct edit *edit, struct bpf_object **object,
		   void *records, size_t size)
{
	struct bpf_object *loaded;
	struct bpf_link *link;
	ssize_t got = guard_load(from, edit, &loaded);

	if (got < 0)
		return got;
	link = bpf_program__attach_iter(bpf_object__next_program(loaded, NULL), NULL);
	got = link ? read_iterator(link, records, size) : -errno;
	bpf_link__destroy(link);
	if (object && got >= 0)
		*object = loaded;
	else
		bpf_object__close(loaded);
	return got;
}
