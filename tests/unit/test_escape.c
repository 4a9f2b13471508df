/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Escaping: UTF-8 at its borders (RFC 3629), what may not reach a terminal, JSON strings that
 * stay valid, and base64 (the vectors of RFC 4648).
 */
#include "config.h"

#include "unit/unit.h"

#include <stdbool.h>
#include <locale.h>
#include <string.h>

#include "present/escape.h"

struct bytes {
	const char *s;
	size_t n;
};

#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

static void reads_the_first_and_last_of_each_length(void **state)
{
	static const struct {
		struct bytes bytes;
		unsigned int point;
	} cases[] = {
		{ BYTES("\x00"), 0 },
		{ BYTES("\x7f"), 0x7f },
		{ BYTES("\xc2\x80"), 0x80 },
		{ BYTES("\xdf\xbf"), 0x7ff },
		{ BYTES("\xe0\xa0\x80"), 0x800 },
		{ BYTES("\xed\x9f\xbf"), 0xd7ff },
		{ BYTES("\xee\x80\x80"), 0xe000 },
		{ BYTES("\xef\xbf\xbf"), 0xffff },
		{ BYTES("\xf0\x90\x80\x80"), 0x10000 },
		{ BYTES("\xf4\x8f\xbf\xbf"), 0x10ffff },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned int point = 0xdead;

		assert_int_equal(utf8_sequence(cases[i].bytes.s, cases[i].bytes.n, &point),
				 cases[i].bytes.n);
		assert_int_equal(point, cases[i].point);
	}
}

static void refuses_what_is_no_utf8(void **state)
{
	static const struct bytes cases[] = {
		BYTES(""),
		BYTES("\x80"), /* a continuation alone */
		BYTES("\xbf"),
		BYTES("\xc0\x80"), /* overlong */
		BYTES("\xc1\xbf"),
		BYTES("\xe0\x80\x80"),
		BYTES("\xe0\x9f\xbf"),
		BYTES("\xf0\x80\x80\x80"),
		BYTES("\xf0\x8f\xbf\xbf"),
		BYTES("\xed\xa0\x80"), /* surrogates */
		BYTES("\xed\xbf\xbf"),
		BYTES("\xf4\x90\x80\x80"), /* beyond U+10FFFF */
		BYTES("\xf5\x80\x80\x80"),
		BYTES("\xf8\x88\x80\x80\x80"),
		BYTES("\xfe"),
		BYTES("\xff"),
		BYTES("\xc2"), /* cut */
		BYTES("\xe2\x82"),
		BYTES("\xf0\x9f\x98"),
		BYTES("\xc2\x41"), /* no continuation follows */
		BYTES("\xe2\x82\x41"),
		BYTES("\xe2\x41\x80"),
		BYTES("\xf0\x9f\x98\xc0"),
	};
	unsigned int point;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (utf8_sequence(cases[i].s, cases[i].n, &point))
			fail_msg("case %zu is taken for UTF-8", i);
}

/* Every code point, encoded here, is read back; every surrogate is not. */
static void reads_every_code_point(void **state)
{
	(void)state;
	for (unsigned int p = 0x800; p <= 0x10ffff; p += p < 0x10000 ? 1 : 7) {
		char s[4];
		size_t n = p < 0x10000 ? 3 : 4;
		unsigned int point = 0;
		bool surrogate = p >= 0xd800 && p <= 0xdfff;

		s[0] = (char)(n == 3 ? 0xe0 | p >> 12 : 0xf0 | p >> 18);
		for (size_t i = 1; i < n; i++)
			s[i] = (char)(0x80 | (p >> 6 * (n - 1 - i) & 0x3f));
		assert_int_equal(utf8_sequence(s, n, &point), surrogate ? 0 : n);
		assert_true(surrogate || point == p);
	}
}

/* --- writers under test ----------------------------------------------------------------------- */

static struct outbuf out;

static int open_out(void **state)
{
	(void)state;
	return outbuf_open(&out, -1);
}

static int close_out(void **state)
{
	(void)state;
	return outbuf_close(&out);
}

static void assert_out(const char *expected)
{
	outbuf_char(&out, '\0');
	assert_int_equal(out.error, 0);
	assert_string_equal(out.data, expected);
	out.len = 0;
}

/* --- for people ------------------------------------------------------------------------------- */

static void text_shows_controls_as_hex(void **state)
{
	static const struct {
		struct bytes in;
		const char *out;
	} cases[] = {
		{ BYTES(""), "" },
		{ BYTES("nginx: worker"), "nginx: worker" },
		{ BYTES("a\tb\nc\rd"), "a\\x09b\\x0ac\\x0dd" },
		{ BYTES("\0"), "\\x00" },
		{ BYTES("\x1b[31mred"), "\\x1b[31mred" },
		{ BYTES("\x1b]0;title\x07"), "\\x1b]0;title\\x07" },
		{ BYTES("\x7f"), "\\x7f" },
		{ BYTES("\xc2\x9b"
			"31m"),
		  "\\xc2\\x9b31m" }, /* C1: CSI as one character */
		{ BYTES("\xc2\x80\xc2\x9f\xc2\xa0"), "\\xc2\\x80\\xc2\\x9f\xc2\xa0" },
		{ BYTES("\x9b"
			"31m"),
		  "\\x9b31m" }, /* C1 as a raw byte */
		{ BYTES("back\\slash"), "back\\\\slash" },
		{ BYTES("\\x1b"), "\\\\x1b" }, /* not to be taken for an escape */
		{ BYTES("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f" },
		{ BYTES("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80" },
		{ BYTES("\xff\xfe"), "\\xff\\xfe" },
		{ BYTES("cut\xe2\x82"), "cut\\xe2\\x82" },
		{ BYTES("\xc3("), "\\xc3(" },
		{ BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		escape_text(&out, cases[i].in.s, cases[i].in.n);
		assert_out(cases[i].out);
	}
}

/* Direction (Bidi_Control of Unicode's PropList.txt), line ends, the byte order mark. */
static void text_shows_direction_and_line_controls_as_hex(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\xd8\x9c", "\\xd8\\x9c" },          /* U+061C */
		{ "\xc2\xad", "\\xc2\\xad" },          /* U+00AD, a hyphen that hides */
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" }, /* U+200B, of no width */
		{ "\xe2\x81\xa0", "\\xe2\\x81\\xa0" }, /* U+2060, likewise */
		{ "\xe2\x80\x8e", "\\xe2\\x80\\x8e" }, /* U+200E */
		{ "\xe2\x80\x8f", "\\xe2\\x80\\x8f" }, /* U+200F */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* U+2028 */
		{ "\xe2\x80\xa9", "\\xe2\\x80\\xa9" }, /* U+2029 */
		{ "\xe2\x80\xaa", "\\xe2\\x80\\xaa" }, /* U+202A */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* U+202E */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* U+2066 */
		{ "\xe2\x81\xa9", "\\xe2\\x81\\xa9" }, /* U+2069 */
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" }, /* U+FEFF */
		{ "\xe2\x80\x90", "\xe2\x80\x90" },    /* U+2010, a hyphen, is none */
		{ "\xe2\x80\xaf", "\xe2\x80\xaf" },    /* U+202F, a space, is none */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		escape_text(&out, cases[i].in, strlen(cases[i].in));
		assert_out(cases[i].out);
	}
}

/* No byte string whatever brings a control byte or invalid UTF-8 to the terminal. */
static void text_is_always_safe(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[15];
		size_t n = next_random(&random) % sizeof(in);

		for (size_t i = 0; i < n; i++)
			in[i] = (char)(next_random(&random) >> 32);
		escape_text(&out, in, n);
		for (size_t at = 0, step; at < out.len; at += step) {
			unsigned int point = 0;

			step = utf8_sequence(out.data + at, out.len - at, &point);
			assert_true(step > 0);
			assert_true(point >= 0x20 && (point < 0x7f || point > 0x9f));
		}
		out.len = 0;
	}
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_strings_are_valid(void **state)
{
	static const struct {
		struct bytes in;
		const char *out;
		bool valid;
	} cases[] = {
		{ BYTES(""), "\"\"", true },
		{ BYTES("plain"), "\"plain\"", true },
		{ BYTES("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"", true },
		{ BYTES("\n\t\x1b\x1f"), "\"\\u000a\\u0009\\u001b\\u001f\"", true },
		{ BYTES("\0"), "\"\\u0000\"", true },
		{ BYTES("\x7f\xc2\x80\xc2\x9f"), "\"\\u007f\\u0080\\u009f\"", true },
		{ BYTES("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
		  "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"", true },
		{ BYTES("a\xff"
			"b"),
		  "\"a\xef\xbf\xbd"
		  "b\"",
		  false },
		{ BYTES("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false },
		{ BYTES("cut\xe2\x82"), "\"cut\xef\xbf\xbd\xef\xbf\xbd\"", false },
		/* The replacement character itself is valid. */
		{ BYTES("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(escape_json(&out, cases[i].in.s, cases[i].in.n), cases[i].valid);
		assert_out(cases[i].out);
	}
}

/* --- base64 ----------------------------------------------------------------------------------- */

static void base64_as_in_rfc_4648(void **state)
{
	static const struct {
		struct bytes in;
		const char *out;
	} cases[] = {
		{ BYTES(""), "" },
		{ BYTES("f"), "Zg==" },
		{ BYTES("fo"), "Zm8=" },
		{ BYTES("foo"), "Zm9v" },
		{ BYTES("foob"), "Zm9vYg==" },
		{ BYTES("fooba"), "Zm9vYmE=" },
		{ BYTES("foobar"), "Zm9vYmFy" },
		{ BYTES("\xff\xff\xff"), "////" },
		{ BYTES("\xfb\xef\xbe"), "++++" },
		{ BYTES("\0\0"), "AAA=" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		escape_base64(&out, cases[i].in.s, cases[i].in.n);
		assert_out(cases[i].out);
	}
}

/* East Asian characters take two columns, combining ones none. */
static void width_is_that_of_the_locale(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		print_message("# there is no locale C.UTF-8\n");
		skip();
	}
	assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97", 6), 4);
	assert_int_equal(text_width("e\xcc\x81", 3), 1);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f", 6), 4);
	setlocale(LC_CTYPE, "C");
}

static void width_is_counted_in_code_points(void **state)
{
	(void)state;
	assert_int_equal(text_width("", 0), 0);
	assert_int_equal(text_width("abc", 3), 3);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f", 6), 4);
	assert_int_equal(text_width("\xf0\x9f\x98\x80", 4), 1);
}

#define OUT_TEST(function) cmocka_unit_test_setup_teardown(function, open_out, close_out)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_first_and_last_of_each_length),
		cmocka_unit_test(refuses_what_is_no_utf8),
		cmocka_unit_test(reads_every_code_point),
		OUT_TEST(text_shows_controls_as_hex),
		OUT_TEST(text_shows_direction_and_line_controls_as_hex),
		OUT_TEST(text_is_always_safe),
		OUT_TEST(json_strings_are_valid),
		OUT_TEST(base64_as_in_rfc_4648),
		cmocka_unit_test(width_is_counted_in_code_points),
		cmocka_unit_test(width_is_that_of_the_locale),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
