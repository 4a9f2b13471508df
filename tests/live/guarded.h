/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each member of the kernel's that each BPF program asks for, and what the program does not tell
 * where the kernel lacks it or has another thing of that name. test_guards.c makes such kernels up,
 * and demands that nothing a program asks for is left out here.
 */
#ifndef LINGERSTAT_TESTS_GUARDED_H
#define LINGERSTAT_TESTS_GUARDED_H

#include <stddef.h>
#include <stdint.h>

#include "told.h"

#define UNASKED (1u << 31) /* in place of what is lost: such a change is not for it */

struct guarded {
	const char *type;
	const char *member; /* "": the type itself, whose size is asked for */
	uint32_t missing;   /* lost where there is none, or it is of another kind: LOST_... */
	uint32_t other;     /* lost where the number has another size or is a bit field */
	/* Where this is neither "" nor in the kernel, the program does without the member. */
	const char *with_type, *with_member;
	/* Where this is in the kernel, it does so too. */
	const char *but_type, *but_member;
};

struct guarded_program {
	const struct told_by *by;
	const struct guarded *members;
	size_t count;
};

#define GUARDED_PROGRAMS 4

extern const struct guarded_program guarded_programs[GUARDED_PROGRAMS];

#endif
