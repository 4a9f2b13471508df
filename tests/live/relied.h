/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a compiled BPF program asks of the kernel's types: read out of the relocations that clang
 * left in its object file (.BTF.ext, struct bpf_core_relo in linux/bpf.h), so that no list of it
 * need be kept by hand.
 */
#ifndef LINGERSTAT_TESTS_RELIED_H
#define LINGERSTAT_TESTS_RELIED_H

#include <stddef.h>

#include "guards.h"

#define RELIED_NAME 48

/* A member, by the name of the structure that has it: of one without a name, of its typedef. An
 * empty `member` is the type itself, whose size is asked for. */
struct relied {
	char type[RELIED_NAME];
	char member[RELIED_NAME];
};

/* Writes each once to `found`, which has room for `room`. Gives how many, or -EINVAL when the
 * object is not what clang writes, -ENOSPC when there are more. */
int relied_of(const struct object *object, struct relied *found, size_t room);

#endif
