/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"

#include "unit/fake_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS 256 /* more than a test has */

static struct {
	bool refuses, broken;
	enum bpf_cmd command;
	int error;
	int data[2]; /* a pipe; -1: none */
} fake = { .data = { -1, -1 } };

long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

void fake_bpf_begin(void)
{
	for (int i = 0; i < 2; i++) {
		if (fake.data[i] >= 0)
			close(fake.data[i]);
		fake.data[i] = -1;
	}
	fake.refuses = fake.broken = false;
}

void fake_bpf_give(const void *bytes, size_t n)
{
	/* Packets: a read gives one of them. */
	if (fake.data[0] < 0)
		assert_return_code(pipe2(fake.data, O_CLOEXEC | O_DIRECT | O_NONBLOCK), errno);
	for (size_t at = 0, part; at < n; at += part) {
		part = n - at < FAKE_BPF_READ ? n - at : FAKE_BPF_READ;
		assert_int_equal(write(fake.data[1], (const char *)bytes + at, part), part);
	}
}

void fake_bpf_refuse(enum bpf_cmd command, int error)
{
	fake.refuses = true;
	fake.command = command;
	fake.error = error;
}

void fake_bpf_break(void)
{
	fake.broken = true;
}

unsigned int fake_bpf_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int open_null(int flags)
{
	return open("/dev/null", flags | O_CLOEXEC);
}

/* The end of what was given is the end of the iterator. */
static int open_data(void)
{
	int fd = fake.data[0];

	if (fake.broken)
		return open_null(O_WRONLY);
	if (fd < 0)
		return open_null(O_RDONLY);
	close(fake.data[1]);
	fake.data[0] = fake.data[1] = -1;
	return fd;
}

static long answer(enum bpf_cmd command, union bpf_attr *attr)
{
	if (fake.refuses && command == fake.command) {
		errno = fake.error;
		return -1;
	}
	switch (command) {
	case BPF_MAP_UPDATE_ELEM:
		return 0;
	case BPF_PROG_TEST_RUN: /* the loader of a light skeleton, which gives what went wrong */
		attr->test.retval = 0;
		return 0;
	case BPF_ITER_CREATE:
		return open_data();
	default:
		return open_null(O_RDONLY);
	}
}

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf)
		return answer((enum bpf_cmd)a[0], (union bpf_attr *)a[1]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
