/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	enum right right;
	unsigned int capability;
} needed[] = {
	{ RIGHT_LOAD_BPF, CAP_BPF },
	{ RIGHT_LOAD_BPF, CAP_PERFMON },
	{ RIGHT_READ_PROCESSES, CAP_SYS_PTRACE },
	{ RIGHT_READ_PROCESSES, CAP_DAC_READ_SEARCH },
	{ RIGHT_SEE_MARK, CAP_NET_ADMIN },
	{ RIGHT_OPEN_CGROUPS, CAP_DAC_READ_SEARCH },
	{ RIGHT_ENTER_NETNS, CAP_SYS_ADMIN },
};

/* libcap-ng asks the kernel when it is first used, which takes two reads of /proc/PID/status, and
 * goes by what it has applied from then on. */
int rights_keep(unsigned int rights)
{
	bool keep[ARRAY_SIZE(needed)];
	capng_results_t own = capng_have_capabilities(CAPNG_SELECT_CAPS);

	if (own == CAPNG_FAIL)
		return -EIO;
	if (own == CAPNG_NONE)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		keep[i] = (rights & needed[i].right) &&
			  capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability);
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (keep[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     needed[i].capability);
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

bool rights_have(enum right right)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (needed[i].right == right &&
		    !capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
			return false;
	return true;
}
