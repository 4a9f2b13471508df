/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF pass on a kernel without the members that its program asks for before it reads them.
 * Such a kernel is made up: this program is linked with a skeleton of lacking/owners.bpf.c, which
 * asks for names that no kernel has. Holders and inodes are as ever, everything else is unknown.
 */
#include "config.h"

#include "live/owners_seen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A socket with everything set that a pass could tell. */
static int rich_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	assert_true(fd >= 0);
	set_linger(fd, (struct setting){ 1, 5 });
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void what_is_missing_is_unknown(void **state)
{
	const struct owner_record *record;
	const struct owner_options *o;
	int fd = rich_socket();
	struct seen seen;

	(void)state;
	assert_int_equal(read_pass(&seen, (uint32_t)getpid()), 0);
	record = find(&seen, (uint32_t)getpid(), fd);
	assert_non_null(record);
	o = &record->options;
	assert_false(o->known);
	assert_int_equal(o->nonblock, TRI_UNKNOWN);
	assert_int_equal(o->reuseaddr, TRI_UNKNOWN);
	assert_int_equal(o->reuseport, TRI_UNKNOWN);
	assert_int_equal(o->repair, TRI_UNKNOWN);
	assert_int_equal(o->linger2_negative, TRI_UNKNOWN);
	assert_int_equal(o->user_timeout_ms, UNKNOWN);
	assert_null(record->ends);
	/* Without linger there is no measure of it either. */
	assert_int_equal(seen.hz, 0);
	forget(&seen);
	close(fd);
}

/* The inode comes from the file where the socket has no copy of the number. */
static void holder_and_inode_stay(void **state)
{
	const struct owner_record *record;
	int fd = rich_socket();
	struct seen seen;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(read_pass(&seen, (uint32_t)getpid()), 0);
	record = find(&seen, (uint32_t)getpid(), fd);
	assert_non_null(record);
	assert_int_equal(record->inode, (uint32_t)st.st_ino);
	assert_int_equal(record->tid, (uint32_t)getpid());
	forget(&seen);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_unknown),
		cmocka_unit_test(holder_and_inode_stay),
	};
	char why[128];

	cmocka_set_message_output(CM_OUTPUT_TAP);
#ifndef WITH_BPF
	puts("1..0 # SKIP built without BPF");
	return 0;
#endif
	if (cannot_run(why, sizeof(why))) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	return cmocka_run_group_tests_name("lacking", tests, NULL, NULL);
}
