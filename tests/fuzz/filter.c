/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters: any text as the words of the command line, and as a file. Of one that parses:
 *
 * - it decides about made-up sockets, the same each time;
 * - the kernel would accept its bytecode, and bytecode and filter together decide as the filter
 *   does alone;
 * - what --explain-filter prints of it, parsed again, decides the same;
 * - with less known no NO becomes a YES.
 *
 * Of one that does not, the error names a place in the text, in one line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/filterfile.h"
#include "filter/filter.h"
#include "fuzz/files.h"
#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "fuzz/shown.h"
#include "unit/bytecode_run.h"

#define TEXT_SIZE 2048
#define SOCKETS   6
#define CODE_SIZE 4096

/* --- sockets that are near to what the text asks for --------------------------------------------
 */

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* The `which`-th number in the text, counted around; 0 without any. */
static uint32_t number_in(const char *text, unsigned int which)
{
	uint32_t numbers[8] = { 0 };
	unsigned int count = 0;

	while (*text && count < 8) {
		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		numbers[count++] = (uint32_t)strtoul(text, (char **)&text, 10);
	}
	return count ? numbers[which % count] : 0;
}

static void make_near(struct made *made, const char *text, uint64_t *random)
{
	uint8_t noise[256];
	struct bytes in = { noise, sizeof(noise) };

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(next(random) >> 32);
	/* Every other one is of the internet. */
	if (next(random) >> 40 & 1)
		noise[0] = NETID_TCP;
	make_socket(made, &in);
	made->sk.recv_queue = number_in(text, (unsigned int)(next(random) >> 40));
	made->sk.uid = number_in(text, (unsigned int)(next(random) >> 40));
	if (!socket_is_inet(&made->sk))
		return;
	made->sk.local.port = (uint16_t)number_in(text, (unsigned int)(next(random) >> 40));
	made->sk.peer.port = (uint16_t)number_in(text, (unsigned int)(next(random) >> 40));
	made->sk.ifindex = number_in(text, (unsigned int)(next(random) >> 40));
}

static uint64_t seed_of(const char *text)
{
	uint64_t seed = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		seed = (seed ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return seed | 1;
}

/* --- the kernel's part --------------------------------------------------------------------------
 */

static bool kernel_keeps(const struct filter *filter)
{
	return filter_undecidable(filter) == NULL;
}

/* `split` was given to the bytecode, `whole` was not. */
static void check_split(const struct filter *whole, const struct filter *split, const void *code,
			size_t len, const struct socket *sk)
{
	struct socket passed = *sk;
	bool selects = filter_match(whole, sk) == TRI_YES;

	if (!socket_is_inet(sk) || !kernel_keeps(split))
		return;
	/* Who bound a port nobody but the kernel knows: then only one answer can be compared. */
	if (len && !bytecode_run(code, len, sk, false)) {
		CHECK(!selects);
		return;
	}
	passed.kernel_filtered = len > 0;
	CHECK((filter_match(split, &passed) == TRI_YES) == selects);
}

/* --- printed and parsed again -------------------------------------------------------------------
 */

/* What stands behind a label of filter_explain(), up to the end of its line. */
static char *line_behind(const char *text, const char *label)
{
	const char *at = strstr(text, label), *end = at ? strchr(at, '\n') : NULL;

	CHECK(at != NULL && end != NULL);
	at += strlen(label);
	return strndup(at, (size_t)(end - at));
}

/* Printing escapes what a terminal must not see, and a backslash: that is for people. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text != '\n' && (!isprint((unsigned char)*text) || strchr("\\\"", *text)))
			return false;
	return true;
}

static struct filter *reparse(const char *text)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;
	int err = 0;

	if (strcmp(text, "nothing") != 0)
		err = filter_parse(&filter, text, &error);
	if (err)
		fprintf(stderr, "printed as '%s': %s\n", text, error.text);
	CHECK(err == 0);
	return filter;
}

static void check_printed(const struct filter *whole, const struct filter *split,
			  const struct made *made)
{
	struct filter *again, *rest;
	struct outbuf b;
	char *kernel, *here;
	uint32_t states = UINT32_MAX;

	MUST(outbuf_open(&b, -1) == 0);
	filter_explain(split, &b);
	outbuf_char(&b, '\0');
	kernel = line_behind(b.data, "kernel decides:    ");
	here = line_behind(b.data, "decided here:      ");
	MUST(kernel != NULL && here != NULL);
	again = reparse(kernel);
	rest = reparse(here);
	CHECK(filter_both(&again, rest) == 0);
	filter_states(whole, &states);
	for (size_t i = 0; i < SOCKETS; i++) {
		const struct socket *sk = &made[i].sk;
		enum tri printed = filter_match(again, sk);

		if (!(states & STATE_BIT(sk->state)))
			printed = TRI_NO;
		if (sk->state != STATE_UNKNOWN)
			CHECK(printed == filter_match(whole, sk));
	}
	filter_free(again);
	free(kernel);
	free(here);
	outbuf_close(&b);
}

/* --- words --------------------------------------------------------------------------------------
 */

static void check_filter(const char *text, struct filter *whole)
{
	uint64_t random = seed_of(text);
	struct filter_error error = { 0 };
	struct made *made = calloc(SOCKETS, sizeof(*made));
	uint8_t code[CODE_SIZE] __attribute__((aligned(4)));
	struct filter *split;
	size_t len;

	MUST(made != NULL && filter_parse(&split, text, &error) == 0);
	len = filter_bytecode(split, code, sizeof(code));
	CHECK(len <= sizeof(code) && bytecode_audit(code, len) == 0);
	for (size_t i = 0; i < SOCKETS; i++) {
		struct socket *sk = &made[i].sk;
		enum tri answer, less;

		make_near(&made[i], text, &random);
		answer = filter_match(whole, sk);
		less = filter_match_without(whole, sk, filter_needs(whole));
		CHECK(filter_match(whole, sk) == answer);
		CHECK(less == TRI_UNKNOWN || less == answer);
		check_split(whole, split, code, len, sk);
	}
	if (whole && is_plain(text))
		check_printed(whole, split, made);
	filter_free(split);
	free(made);
}

static void copy_text(char text[TEXT_SIZE], const uint8_t *data, size_t size)
{
	size = size < TEXT_SIZE ? size : TEXT_SIZE - 1;
	memcpy(text, data, size);
	text[size] = '\0';
}

void fuzz_filter(const uint8_t *data, size_t size)
{
	struct filter_error error = { 0 };
	struct filter *filter = NULL;
	char text[TEXT_SIZE];
	int err;

	copy_text(text, data, size);
	err = filter_parse(&filter, text, &error);
	CHECK(err == 0 || err == -EINVAL);
	CHECK(err == 0 || (filter == NULL && error.text[0] && error.column <= strlen(text)));
	if (err)
		return;
	check_filter(text, filter);
	filter_free(filter);
}

/* --- a file -------------------------------------------------------------------------------------
 */

/* Comments and ends of lines are blanks to the parser. */
static void plain_words(char *text)
{
	bool comment = false, start = true;

	for (; *text; text++) {
		comment = *text != '\n' && (comment || (start && *text == '#'));
		start = *text == '\n';
		if (comment || strchr("\r\v\f", *text))
			*text = ' ';
	}
}

/* Nothing on standard error when it parses, one line of text when it does not. */
static void check_said(int err, const char *said, size_t length)
{
	CHECK((err == 0) == (length == 0));
	if (!length)
		return;
	CHECK(strncmp(said, "lingerstat: ", 12) == 0 && said[length - 1] == '\n');
	for (size_t i = 0; i + 1 < length; i++)
		CHECK((uint8_t)said[i] >= 0x20 && said[i] != 0x7f);
}

void fuzz_filterfile(const uint8_t *data, size_t size)
{
	struct filter *filter = NULL, *words = NULL;
	struct filter_error error = { 0 };
	FILE *terminal = stderr;
	char *said = NULL, text[TEXT_SIZE];
	size_t length = 0;
	int err;

	size = size < TEXT_SIZE ? size : TEXT_SIZE - 1;
	stderr = open_memstream(&said, &length);
	MUST(stderr != NULL);
	err = filterfile_read(&filter, file_of(0, data, size));
	fclose(stderr);
	stderr = terminal;
	check_said(err, said, length);
	free(said);
	copy_text(text, data, size);
	plain_words(text);
	if (strlen(text) != size)
		CHECK(err == -EINVAL);
	else
		CHECK(filter_parse(&words, text, &error) == err);
	CHECK(err == 0 || filter == NULL);
	if (filter)
		check_filter(text, filter);
	filter_free(filter);
	filter_free(words);
}
