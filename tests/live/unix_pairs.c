/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unix_pairs.h"

bool several_processors(void)
{
	cpu_set_t set;
	bool several = sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;

	if (!several)
		print_message("# there is one processor: nothing is read ahead\n");
	return several;
}

void unix_pairs_close(int *fds)
{
	for (size_t i = 0; fds[i] > 0; i++)
		close(fds[i]);
	free(fds);
}

/* A few descriptors are others'. */
static void raise_limit(size_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = 2 * n + 256 < limit.rlim_max ? 2 * n + 256 : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int *unix_pairs_open(size_t n)
{
	int *fds = calloc(2 * n + 1, sizeof(*fds));

	assert_non_null(fds);
	raise_limit(n);
	for (size_t i = 0; i < n; i++)
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds + 2 * i) < 0) {
			fds[2 * i] = 0;
			print_message("# %zu descriptors: %s\n", 2 * i, strerror(errno));
			unix_pairs_close(fds);
			return NULL;
		}
	return fds;
}
