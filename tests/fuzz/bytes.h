/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An input taken apart: numbers and pieces from its front. Behind its end everything is 0 and
 * empty, so that every input means something.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_BYTES_H
#define LINGERSTAT_TESTS_FUZZ_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline const uint8_t *take(struct bytes *in, size_t n)
{
	const uint8_t *piece = in->at;

	in->at += n;
	in->left -= n;
	return piece;
}

/* A number of `n` bytes (at most 8) in the host's order. */
static inline uint64_t take_number(struct bytes *in, size_t n)
{
	uint64_t number = 0;

	if (n > in->left)
		n = in->left;
	memcpy(&number, take(in, n), n);
	return number;
}

static inline uint8_t take_u8(struct bytes *in)
{
	return (uint8_t)take_number(in, 1);
}

static inline uint16_t take_u16(struct bytes *in)
{
	return (uint16_t)take_number(in, 2);
}

static inline uint32_t take_u32(struct bytes *in)
{
	return (uint32_t)take_number(in, 4);
}

/* A number below `end`. */
static inline uint32_t take_below(struct bytes *in, uint32_t end)
{
	return take_u8(in) % end;
}

/* At most `most` bytes behind a byte (or two) that says how many. */
static inline const uint8_t *take_piece(struct bytes *in, size_t most, size_t *length)
{
	*length = most > UINT8_MAX ? take_u16(in) : take_u8(in);
	if (*length > most)
		*length = most;
	if (*length > in->left)
		*length = in->left;
	return take(in, *length);
}

#endif
