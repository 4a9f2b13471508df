/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output buffer: numbers in their extremes, growth, writes that come in parts, and errors
 * that stick.
 */
#include "config.h"

#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/outbuf.h"

static struct outbuf b;

static void assert_holds(const char *expected)
{
	outbuf_char(&b, '\0');
	assert_int_equal(b.error, 0);
	assert_string_equal(b.data, expected);
	b.len = 0;
}

static int open_memory(void **state)
{
	(void)state;
	return outbuf_open(&b, -1);
}

static int close_memory(void **state)
{
	(void)state;
	return outbuf_close(&b);
}

static void writes_numbers(void **state)
{
	static const int64_t numbers[] = { 0,   1,         -1,        9,         10,           99,
					   100, INT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1 };
	char expected[32];

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		outbuf_i64(&b, numbers[i]);
		snprintf(expected, sizeof(expected), "%" PRId64, numbers[i]);
		assert_holds(expected);
		outbuf_u64(&b, (uint64_t)numbers[i]);
		snprintf(expected, sizeof(expected), "%" PRIu64, (uint64_t)numbers[i]);
		assert_holds(expected);
		outbuf_hex(&b, (uint64_t)numbers[i]);
		snprintf(expected, sizeof(expected), "%" PRIx64, (uint64_t)numbers[i]);
		assert_holds(expected);
	}
}

static void writes_text(void **state)
{
	(void)state;
	outbuf_str(&b, "ab");
	outbuf_put(&b, "cdXX", 2);
	outbuf_char(&b, 'e');
	outbuf_fill(&b, '.', 3);
	outbuf_fill(&b, '!', 0);
	outbuf_put(&b, "", 0);
	outbuf_printf(&b, "%s=%d", "x", 5);
	outbuf_printf(&b, "%s", "");
	assert_holds("abcde...x=5");
}

static void memory_grows(void **state)
{
	const size_t n = 3000000;

	(void)state;
	for (size_t i = 0; i < n; i++)
		outbuf_char(&b, (char)('a' + i % 26));
	assert_int_equal(b.error, 0);
	assert_int_equal(b.len, n);
	for (size_t i = 0; i < n; i += 997)
		assert_int_equal(b.data[i], 'a' + i % 26);
	/* Flushing a buffer in memory keeps what is in it. */
	assert_int_equal(outbuf_flush(&b), 0);
	assert_int_equal(b.len, n);
}

static void memory_takes_one_large_piece(void **state)
{
	const size_t n = 1000000;
	char *p;

	(void)state;
	outbuf_str(&b, "before");
	p = outbuf_reserve(&b, n);
	assert_non_null(p);
	memset(p, 'x', n);
	b.len += n;
	outbuf_printf(&b, "%*s|", 70000, "y");
	assert_int_equal(b.len, 6 + n + 70001);
	assert_memory_equal(b.data, "beforexx", 8);
	assert_int_equal(b.data[b.len - 1], '|');
}

/* --- descriptors ------------------------------------------------------------------------------ */

static int temporary_file(void)
{
	char path[] = "/tmp/test_outbuf.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void every_byte_reaches_the_file(void **state)
{
	const size_t sizes[] = {
		1, 10, OUTBUF_SIZE - 1, OUTBUF_SIZE, OUTBUF_SIZE + 1, 3 * OUTBUF_SIZE, 7
	};
	char *piece = malloc(3 * OUTBUF_SIZE), *back = malloc(3 * OUTBUF_SIZE);
	int fd = temporary_file();

	(void)state;
	assert_true(piece && back);
	assert_int_equal(outbuf_open(&b, fd), 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(piece, 'A' + (int)i, sizes[i]);
		outbuf_put(&b, piece, sizes[i]);
	}
	assert_int_equal(outbuf_close(&b), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(piece, 'A' + (int)i, sizes[i]);
		assert_int_equal(read(fd, back, sizes[i]), (ssize_t)sizes[i]);
		assert_memory_equal(back, piece, sizes[i]);
	}
	assert_int_equal(read(fd, back, 1), 0);
	close(fd);
	free(piece);
	free(back);
}

static void nothing_is_written_before_it_must(void **state)
{
	int fd = temporary_file();

	(void)state;
	assert_int_equal(outbuf_open(&b, fd), 0);
	outbuf_fill(&b, 'x', OUTBUF_SIZE);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	outbuf_char(&b, 'y');
	assert_true(lseek(fd, 0, SEEK_END) > 0);
	assert_int_equal(outbuf_flush(&b), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), OUTBUF_SIZE + 1);
	assert_int_equal(outbuf_close(&b), 0);
	close(fd);
}

/* A slow reader at the other end of a pipe: writes come in parts. */
static void survives_short_writes(void **state)
{
	const size_t n = 1000003;
	int ends[2], status;
	pid_t reader;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		char chunk[1000];
		size_t total = 0;
		ssize_t got;

		close(ends[1]);
		while ((got = read(ends[0], chunk, sizeof(chunk))) > 0)
			total += (size_t)got;
		_exit(total == n ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(outbuf_open(&b, ends[1]), 0);
	for (size_t i = 0; i < n; i++)
		outbuf_char(&b, 'x');
	assert_int_equal(outbuf_close(&b), 0);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
}

/* --- errors ----------------------------------------------------------------------------------- */

static void a_full_disk_is_told_at_the_end(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0) {
		print_message("there is no /dev/full\n");
		skip();
	}
	assert_int_equal(outbuf_open(&b, fd), 0);
	outbuf_str(&b, "lost");
	assert_int_equal(outbuf_close(&b), -ENOSPC);
	close(fd);
}

static void an_error_sticks(void **state)
{
	int fd = temporary_file();

	(void)state;
	assert_int_equal(outbuf_open(&b, fd), 0);
	outbuf_str(&b, "first");
	assert_int_equal(outbuf_fail(&b, -ENOSPC), -ENOSPC);
	assert_int_equal(outbuf_fail(&b, -EIO), -ENOSPC);
	outbuf_str(&b, "second");
	outbuf_fill(&b, 'x', 3 * OUTBUF_SIZE);
	outbuf_printf(&b, "%d", 3);
	assert_null(outbuf_reserve(&b, 1));
	assert_int_equal(outbuf_flush(&b), -ENOSPC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	assert_int_equal(outbuf_close(&b), -ENOSPC);
	close(fd);
}

/* The first error is the one that is told, not what followed from it. */
static void the_first_error_is_kept(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0) {
		print_message("there is no /dev/full\n");
		skip();
	}
	assert_int_equal(outbuf_open(&b, fd), 0);
	outbuf_fill(&b, 'x', 2 * OUTBUF_SIZE);
	outbuf_fill(&b, 'x', 2 * OUTBUF_SIZE);
	close(fd); /* what comes now would be EBADF */
	outbuf_fill(&b, 'x', 2 * OUTBUF_SIZE);
	assert_int_equal(outbuf_close(&b), -ENOSPC);
}

static void a_closed_descriptor_is_an_error(void **state)
{
	int fd = temporary_file();

	(void)state;
	close(fd);
	assert_int_equal(outbuf_open(&b, fd), 0);
	outbuf_str(&b, "lost");
	assert_int_equal(outbuf_close(&b), -EBADF);
}

static void a_reader_that_has_gone_is_an_error(void **state)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(outbuf_open(&b, ends[1]), 0);
	outbuf_str(&b, "lost");
	assert_int_equal(outbuf_close(&b), -EPIPE);
	close(ends[1]);
	signal(SIGPIPE, before);
}

#define MEMORY_TEST(function) cmocka_unit_test_setup_teardown(function, open_memory, close_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY_TEST(writes_numbers),
		MEMORY_TEST(writes_text),
		MEMORY_TEST(memory_grows),
		MEMORY_TEST(memory_takes_one_large_piece),
		cmocka_unit_test(every_byte_reaches_the_file),
		cmocka_unit_test(nothing_is_written_before_it_must),
		cmocka_unit_test(survives_short_writes),
		cmocka_unit_test(a_full_disk_is_told_at_the_end),
		cmocka_unit_test(an_error_sticks),
		cmocka_unit_test(the_first_error_is_kept),
		cmocka_unit_test(a_closed_descriptor_is_an_error),
		cmocka_unit_test(a_reader_that_has_gone_is_an_error),
	};

	return cmocka_run_group_tests_name("outbuf", tests, NULL, NULL);
}
