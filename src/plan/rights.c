/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The stand-in is what the kernel takes in its place: bpf_capable() and perfmon_capable() of
 * include/linux/capability.h. */
static const struct needed {
	enum right right;
	unsigned int capability, stand_in;
} needed[] = {
	{ RIGHT_LOAD_BPF, CAP_BPF, CAP_SYS_ADMIN },
	{ RIGHT_LOAD_BPF, CAP_PERFMON, CAP_SYS_ADMIN },
	{ RIGHT_READ_PROCESSES, CAP_SYS_PTRACE, CAP_SYS_PTRACE },
	{ RIGHT_READ_PROCESSES, CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH },
	{ RIGHT_SEE_MARK, CAP_NET_ADMIN, CAP_NET_ADMIN },
	{ RIGHT_OPEN_CGROUPS, CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH },
	{ RIGHT_ENTER_NETNS, CAP_SYS_ADMIN, CAP_SYS_ADMIN },
};

struct own {
	uint64_t effective, any; /* any: permitted and inheritable too */
};

/* By the system call: libcap-ng would read /proc/PID/status twice, for sets that are not asked
 * for. Returns 0 or a negative errno. */
static int own_capabilities(struct own *own)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	*own = (struct own){ 0 };
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (unsigned int i = 0; i < ARRAY_SIZE(data); i++) {
		own->effective |= (uint64_t)data[i].effective << 32 * i;
		own->any |= (uint64_t)(data[i].permitted | data[i].inheritable) << 32 * i;
	}
	own->any |= own->effective;
	return 0;
}

static bool is_effective(const struct own *own, unsigned int capability)
{
	return own->effective >> capability & 1;
}

/* The one that is there of the two. */
static unsigned int capability_of(const struct own *own, const struct needed *n)
{
	return is_effective(own, n->capability) ? n->capability : n->stand_in;
}

/* What libcap-ng applies is what it was told since it was cleared. */
int rights_keep(unsigned int rights)
{
	struct own own;
	int err = own_capabilities(&own);

	if (err)
		return err;
	if (!own.any)
		return 0;
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (rights & needed[i].right && is_effective(&own, capability_of(&own, &needed[i])))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     capability_of(&own, &needed[i]));
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

bool rights_have(enum right right)
{
	struct own own;

	if (own_capabilities(&own) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (needed[i].right == right &&
		    !is_effective(&own, capability_of(&own, &needed[i])))
			return false;
	return true;
}
