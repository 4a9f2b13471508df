/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grid of a summary when memory is short: what could not be drawn must not look as if there
 * were nothing.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "present/grid.h"

static int allocations_left = -1; /* -1: no end */
static bool failed;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_short(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else
		failed |= allocations_left == 0;
	return failed;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return is_short() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_short() ? NULL : __real_realloc(old, size);
}

static void draw(struct outbuf *out)
{
	static const struct grid_column columns[] = { { "STATE", false }, { "SOCKETS", true } };
	const struct grid_look look = { .width = 80 };
	struct grid *g = grid_new(&look, out, columns, COUNT(columns));

	if (!g)
		return;
	for (int64_t i = 0; i < 100; i++) {
		grid_text(g, "ESTAB");
		grid_number(g, i);
		grid_bar(g, 0.5, INK_PLAIN);
	}
	grid_print(g, out);
}

/* Whichever allocation fails, the error sticks in what the grid is drawn into. */
static void a_grid_that_cannot_be_drawn_is_an_error(void **state)
{
	struct outbuf out;
	int n = 0;

	(void)state;
	for (;; n++) {
		assert_int_equal(outbuf_open(&out, -1), 0);
		failed = false;
		allocations_left = n;
		draw(&out);
		allocations_left = -1;
		if (!failed)
			break;
		failed = false;
		assert_int_equal(out.error, -ENOMEM);
		outbuf_close(&out);
	}
	assert_int_equal(out.error, 0);
	assert_true(out.len > 100 * sizeof("ESTAB"));
	outbuf_close(&out);
	/* The grid itself, its cells and its bars, each of which grew, and the widths. */
	assert_true(n > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grid_that_cannot_be_drawn_is_an_error),
	};

	return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
