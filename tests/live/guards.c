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

/* The member of that name, in the structure or in those without a name inside it; *in is then the
 * one that has it. `depth` is a bound for types that are not sane. */
static struct btf_member *find_in(struct btf *types, struct btf_type *type, const char *name,
				  int depth, struct btf_type **in)
{
	struct btf_member *found = NULL;
	struct btf_member *m = btf_members(type);

	for (int i = 0; i < btf_vlen(type) && !found; i++, m++) {
		struct btf_type *inner = type_at(types, m->type);

		*in = type;
		if (!strcmp(name_at(types, m->name_off), name))
			return m;
		if (!m->name_off && inner && btf_is_composite(inner) && depth > 0)
			found = find_in(types, inner, name, depth - 1, in);
	}
	return found;
}

/* The id of the type of that name; 0: there is none. */
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

/* What a type is behind its other names. */
static struct btf_type *plain_type(struct btf *types, uint32_t id)
{
	struct btf_type *type = type_at(types, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = type_at(types, type->type);
	return type;
}

static bool is_structure(struct btf *types, uint32_t id)
{
	const struct btf_type *type = plain_type(types, id);

	return type && btf_is_composite(type);
}

/* An array of the same elements with fewer of them; 0: the kernel has none. */
static uint32_t find_shorter(struct btf *types, const struct btf_array *array)
{
	uint32_t count = btf__type_cnt(types);

	for (uint32_t id = 1; id < count; id++) {
		const struct btf_type *type = type_at(types, id);

		if (btf_is_array(type) && btf_array(type)->type == array->type &&
		    btf_array(type)->nelems < array->nelems)
			return id;
	}
	return 0;
}

static int make_smaller(struct btf *types, struct btf_member *m)
{
	const struct btf_type *type = plain_type(types, m->type);

	if (type && btf_is_array(type))
		return retype(m, find_shorter(types, btf_array(type)));
	return type && btf_is_composite(type) ? retype(m, find_type(types, "hlist_head"))
					      : -EOPNOTSUPP;
}

/* Its bytes, of a number; 0: it is none. */
static uint32_t size_of_number(struct btf *types, uint32_t id)
{
	const struct btf_type *type = plain_type(types, id);

	return type && btf_is_int(type) ? type->size : 0;
}

static int make_short(struct btf *types, struct btf_member *m, bool is_signed)
{
	static const struct {
		uint32_t size;
		const char *names[2];
	} halves[] = {
		{ 8, { "unsigned int", "int" } },
		{ 4, { "short unsigned int", "short int" } },
		{ 2, { "unsigned char", "signed char" } },
	};
	uint32_t size = size_of_number(types, m->type);

	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
		if (halves[i].size == size)
			return retype(m, find_type(types, halves[i].names[is_signed]));
	return -EOPNOTSUPP;
}

static bool is_bit_field(const struct btf_type *type, const struct btf_member *m)
{
	return btf_kflag(type) && m->offset >> 24;
}

static int make_bits(struct btf *types, struct btf_type *type, struct btf_member *m)
{
	uint32_t size = size_of_number(types, m->type);

	if (!size || is_bit_field(type, m))
		return -EOPNOTSUPP;
	type->info |= 1U << 31; /* its members' offsets have the bits of bit fields with them */
	m->offset |= size * 4 << 24;
	return 0;
}

static int swap_with(struct btf *types, struct btf_type *type, struct btf_member *m,
		     const char *name)
{
	struct btf_type *in;
	struct btf_member *other = find_in(types, type, name, 4, &in);
	uint32_t old = m->name_off;

	if (!other)
		return -ENOENT;
	m->name_off = other->name_off;
	other->name_off = old;
	return 0;
}

static int change_member(struct btf *types, struct btf_type *type, struct btf_member *m,
			 const struct edit *edit)
{
	switch (edit->change) {
	case UNCHANGED:
		return 0;
	case MISSING:
		m->name_off = 1; /* some name that nobody asks for */
		return 0;
	case NO_NUMBER:
		if (is_bit_field(type, m))
			m->offset &= 0xffffff;
		return retype(m,
			      find_type(types, is_structure(types, m->type) ? "short unsigned int"
									    : "list_head"));
	case SHORT:
	case SIGNED_SHORT:
		return make_short(types, m, edit->change == SIGNED_SHORT);
	case BITS:
		return make_bits(types, type, m);
	case SMALLER:
		return make_smaller(types, m);
	case SWAPPED:
		return swap_with(types, type, m, edit->other);
	}
	return -EINVAL;
}

/* The structure that goes by that name, be it a typedef's. */
static struct btf_type *structure_named(struct btf *types, uint32_t id, const char *name)
{
	struct btf_type *type = type_at(types, id);

	if (strcmp(name_at(types, type->name_off), name) != 0)
		return NULL;
	if (btf_is_typedef(type))
		type = plain_type(types, id);
	return type && btf_is_struct(type) ? type : NULL;
}

/* Of every structure with that name: there may be some. */
static int change_types(struct btf *types, const struct edit *edit)
{
	uint32_t count = btf__type_cnt(types);
	int err = -ENOENT;

	for (uint32_t id = 1; id < count; id++) {
		struct btf_type *type = structure_named(types, id, edit->type);
		struct btf_type *in;
		struct btf_member *m;

		if (!type)
			continue;
		if (!*edit->member) {
			type_at(types, id)->name_off = 1;
			err = 0;
			continue;
		}
		m = find_in(types, type, edit->member, 4, &in);
		if (m)
			err = change_member(types, in, m, edit);
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

/* This kernel's types. They are read once. */
static const void *kernel_types(uint32_t *size)
{
	static struct btf *types;

	if (!types)
		types = btf__parse(KERNEL_TYPES, NULL);
	return types ? btf__raw_data(types, size) : NULL;
}

int types_edited(const struct edit *edit)
{
	uint32_t size = 0;
	const void *raw = kernel_types(&size);
	struct btf *types;
	int err;

	if (!raw)
		return -errno;
	if (!edit)
		return write_all(raw, size);
	types = btf__new(raw, size);
	if (!types)
		return -errno;
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
