/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the BPF pass says of a socket, against what this test itself knows of it by getsockopt().
 * No tool is run here: owners_bpf_read() is called as the tool calls it.
 */
#include "config.h"

#include "live/owners_seen.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct setting settings[] = { { 0, 0 }, { 1, 0 }, { 1, 5 }, { 1, 30 }, { 1, -1 } };
static const int families[] = { AF_INET, AF_INET6 };

static int connected(int family, int listener, struct setting setting)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	set_linger(fd, setting);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static void linger_equals_getsockopt(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT(families); f++) {
		for (size_t i = 0; i < COUNT(settings); i++) {
			int listener = listening(families[f], settings[i]);
			int client = connected(families[f], listener, settings[i]);
			int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			int copy = dup(client);
			struct seen seen;

			look(&seen, (uint32_t)getpid());
			check_linger(&seen, (uint32_t)getpid(), listener);
			check_linger(&seen, (uint32_t)getpid(), client);
			check_linger(&seen, (uint32_t)getpid(), accepted);
			check_linger(&seen, (uint32_t)getpid(), copy);
			forget(&seen);
			close(copy);
			close(listener); /* before the others: nothing is waiting in it */
			set_linger(client, (struct setting){ 0, 0 });
			close(client);
			set_linger(accepted, (struct setting){ 0, 0 });
			close(accepted);
		}
	}
}

static void unbounded_linger_is_beyond_any_time(void **state)
{
	const struct owner_record *record;
	struct seen seen;
	int fd = listening(AF_INET, (struct setting){ 1, -1 });

	(void)state;
	look(&seen, (uint32_t)getpid());
	record = find(&seen, (uint32_t)getpid(), fd);
	assert_non_null(record);
	/* MAX_SCHEDULE_TIMEOUT, or (unsigned int)-1 * HZ before 6.3: net/core/sock.c, SO_LINGER */
	assert_true(record->options.linger == LONG_MAX ||
		    record->options.linger == (uint64_t)UINT_MAX * seen.hz ||
		    record->options.linger == (uint32_t)(UINT_MAX * seen.hz));
	forget(&seen);
	close(fd);
}

static enum tri tri(bool yes)
{
	return yes ? TRI_YES : TRI_NO;
}

static void other_options_are_told(void **state)
{
	const int on = 1, negative = -1, user_timeout = 12345;
	const struct owner_record *record;
	const uint32_t pid = (uint32_t)getpid();
	struct seen seen;
	int plain, set, udp;

	(void)state;
	plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	set = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(plain >= 0 && set >= 0 && udp >= 0);
	assert_int_equal(setsockopt(set, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(set, IPPROTO_TCP, TCP_LINGER2, &negative, sizeof(negative)), 0);
	assert_int_equal(
		setsockopt(set, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout)),
		0);
	look(&seen, pid);

	record = find(&seen, pid, plain);
	assert_non_null(record);
	assert_int_equal(record->options.nonblock, TRI_NO);
	assert_int_equal(record->options.reuseaddr, TRI_NO);
	assert_int_equal(record->options.repair, TRI_NO);
	assert_int_equal(record->options.linger2_negative, TRI_NO);
	assert_int_equal(record->options.user_timeout_ms, 0);

	record = find(&seen, pid, set);
	assert_non_null(record);
	assert_int_equal(record->options.nonblock, TRI_YES);
	assert_int_equal(record->options.reuseaddr, TRI_YES);
	assert_int_equal(record->options.linger2_negative, TRI_YES);
	assert_int_equal(record->options.user_timeout_ms, user_timeout);

	/* What TCP alone has is unknown of others, not off. */
	record = find(&seen, pid, udp);
	assert_non_null(record);
	assert_true(record->options.known);
	assert_int_equal(record->options.repair, TRI_UNKNOWN);
	assert_int_equal(record->options.linger2_negative, TRI_UNKNOWN);
	assert_int_equal(record->options.user_timeout_ms, UNKNOWN);

	forget(&seen);
	close(plain);
	close(set);
	close(udp);
}

static void repair_is_told(void **state)
{
	const int modes[] = { 1, 0 };
	const uint32_t pid = (uint32_t)getpid();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < COUNT(modes); i++) {
		const struct owner_record *record;
		struct seen seen;

		if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &modes[i], sizeof(modes[i])) != 0) {
			close(fd);
			print_message("TCP_REPAIR is not permitted: %s\n", strerror(errno));
			skip();
		}
		look(&seen, pid);
		record = find(&seen, pid, fd);
		assert_non_null(record);
		assert_int_equal(record->options.repair, tri(modes[i]));
		forget(&seen);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linger_equals_getsockopt),
		cmocka_unit_test(unbounded_linger_is_beyond_any_time),
		cmocka_unit_test(other_options_are_told),
		cmocka_unit_test(repair_is_told),
	};
	char why[128];

	if (cannot_run(why, sizeof(why))) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
