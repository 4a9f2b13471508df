/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs on kernels that do not exist: this kernel's type information is changed, one
 * member at a time, and libbpf fits the shipped programs to that before they are loaded here. So
 * what a program does about a member that is missing or retyped is seen with the program that
 * people run. (The tool's own loader asks the kernel to do the fitting, by the same rules:
 * kernel/bpf/btf.c and libbpf share relo_core.c.)
 */
#ifndef LINGERSTAT_TESTS_GUARDS_H
#define LINGERSTAT_TESTS_GUARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What is done to a member; MISSING also to a type, whose name is then another. */
enum change {
	UNCHANGED,
	MISSING,      /* no member has its name */
	NO_NUMBER,    /* it is a structure now, or an int where it was one */
	SHORT,        /* an unsigned number of half the size at the same place */
	SIGNED_SHORT, /* a signed one */
	BITS,         /* a bit field of half its bits there */
	SMALLER,      /* of a structure or an array: a smaller one */
	SWAPPED,      /* it stands where `other` stood, and that where it was */
};

struct edit {
	const char *type;
	const char *member; /* "": the type itself */
	enum change change;
	const char *other; /* of the same type */
};

/* Writes this kernel's types with the edit (NULL: none) to a file in memory. Gives its descriptor;
 * -ENOENT when there is no such member in this kernel, -EOPNOTSUPP when the change is not for its
 * kind, or another negative errno. */
int types_edited(const struct edit *edit);

/* A compiled BPF program. */
struct object {
	const char *start, *end;
};

extern const struct object object_births, object_census, object_namespaces, object_owners;

struct bpf_object;

/* Loads a program as a kernel with that edit would, *object to be closed with
 * bpf_object__close(). Returns 0 or a negative errno; what libbpf says is kept from the screen. */
int guard_load(const struct object *from, const struct edit *edit, struct bpf_object **object);

/* Loads an iterator and reads all that it writes, at most `size` bytes. Gives how many, or a
 * negative errno. *object as in guard_load(), NULL: it is not wanted. */
ssize_t guard_read(const struct object *from, const struct edit *edit, struct bpf_object **object,
		   void *records, size_t size);

#endif
