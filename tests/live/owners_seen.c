/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "live/owners_seen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

int keep(void *ctx, const struct owner_record *record)
{
	struct seen *seen = ctx;

	if (seen->only && record->pid != seen->only)
		return 0;
	if (seen->count == seen->room) {
		seen->room = seen->room ? seen->room * 2 : 256;
		seen->records = realloc(seen->records, seen->room * sizeof(*seen->records));
		if (!seen->records)
			abort();
	}
	seen->records[seen->count++] = *record;
	return 0;
}

int read_pass(struct seen *seen, uint32_t only)
{
	const char *stage = NULL;
	int err;

	*seen = (struct seen){ .only = only };
	err = owners_bpf_read(keep, seen, NULL, NULL, &seen->hz, &stage);
	if (err)
		print_message("the pass failed at \"%s\": %s\n", stage, strerror(-err));
	return err;
}

void look(struct seen *seen, uint32_t only)
{
	assert_int_equal(read_pass(seen, only), 0);
	assert_true(seen->hz >= 100 && seen->hz <= 1000);
}

void forget(struct seen *seen)
{
	free(seen->records);
	*seen = (struct seen){ 0 };
}

const struct owner_record *find(const struct seen *seen, uint32_t pid, int fd)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->records[i].pid == pid && seen->records[i].fd == (uint32_t)fd)
			return &seen->records[i];
	}
	return NULL;
}

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

void set_linger(int fd, struct setting setting)
{
	const struct linger linger = { .l_onoff = setting.on, .l_linger = setting.seconds };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
}

int listening(int family, struct setting setting)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	set_linger(fd, setting);
	assert_int_equal(listen(fd, 8), 0); /* binds to a port of the kernel's choice */
	return fd;
}

void check_linger(const struct seen *seen, uint32_t pid, int fd)
{
	const struct owner_record *record = find(seen, pid, fd);
	struct linger linger;
	socklen_t length = sizeof(linger);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length), 0);
	assert_non_null(record);
	assert_int_equal(record->inode, inode_of(fd));
	assert_true(record->options.known);
	assert_true(record->options.linger_ticks);
	assert_int_equal(record->options.linger_on, !!linger.l_onoff);
	if (!linger.l_onoff)
		return;
	/* getsockopt() makes an int of the same quotient: what is unbounded comes out as any
	 * number, the same one here and there. */
	assert_int_equal((int)(record->options.linger / seen->hz), linger.l_linger);
}

const char *cannot_run(char *text, size_t size)
{
	const char *stage;
	struct seen seen = { 0 };
	int err = owners_bpf_read(keep, &seen, NULL, NULL, &seen.hz, &stage);

	forget(&seen);
	if (err != -EPERM && err != -ENOSYS)
		return NULL; /* other errors are for the tests to fail on */
	snprintf(text, size, "BPF: %s: %s", stage, strerror(-err));
	return text;
}
