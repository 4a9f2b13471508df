/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each BPF program tells of a few sockets of the test's own, on a kernel with an edit
 * (guards.h): the records, without what hangs on the rest of the machine. And what is left of that
 * when something of the kernel is missing.
 */
#ifndef LINGERSTAT_TESTS_TOLD_H
#define LINGERSTAT_TESTS_TOLD_H

#include <stdint.h>

#include "bpf/births_record.h"
#include "bpf/census_record.h"
#include "bpf/namespaces_record.h"
#include "bpf/owners_record.h"
#include "guards.h"
#include "tcp.h"

#define TOLD_PAIRS   2
#define TOLD_RECORDS 16
#define TOLD_TABLES  3
#define LINGER       5
#define USER_TIMEOUT 12345

/* What is lost. Of the owners program these are its OWNERS_KNOWS_ bits too. */
#define LOST_NOTHING   0u
#define LOST_ALL       UINT32_MAX /* the program is refused, or says itself that it cannot */
#define LOST_ENDS6     (1u << 16) /* owners: OWNERS_KNOWS_ENDS, of IPv6 alone */
#define LOST_SIGN      (1u << 17) /* owners: that of TCP_LINGER2 */
#define LOST_CGROUP    (1u << 18) /* births: the record */
#define LOST_ID        (1u << 19) /* namespaces: the id */
#define LOST_LISTENERS (1u << 20) /* census */
#define LOST_BOUND     (1u << 21) /* census: there are none */
#define LOST_PROTOCOL  (1u << 22) /* census: whether there is one above TCP */

union told {
	struct owners_record owners[TOLD_PAIRS];
	struct birth_record birth;
	struct {
		struct namespace_record own;
		struct task_record task; /* this process */
		uint32_t whole;
	} spaces;
	struct {
		uint32_t ends[TOLD_TABLES], counts[TOLD_TABLES];
		struct census_record records[TOLD_TABLES][TOLD_RECORDS];
	} census;
};

/* The sockets: of each IP version a connection with everything set that a pass could tell, its
 * listener, and a socket that is bound and nothing else; and a pair of unix sockets. */
struct scene {
	struct tcp_pair pairs[TOLD_PAIRS];
	int bound[TOLD_PAIRS];
	int local[2];
	uint32_t netns; /* inode */
};

/* Returns 0 or a negative errno. */
int scene_open(struct scene *scene);
void scene_close(struct scene *scene);

struct told_by {
	const char *name;
	const struct object *object;
	/* Loads and runs it. Returns 0, or a negative errno: those of guard_load(), -ENODATA when
	 * the program says that it cannot. */
	int (*tell)(const struct scene *scene, const struct edit *edit, union told *told);
	/* Takes away what is lost, by the bits above. */
	void (*forget)(union told *told, uint32_t lost);
};

extern const struct told_by told_by_owners, told_by_births, told_by_spaces, told_by_census;

/* The owners' records of these descriptors of this process. As tell(). */
int owners_of(const struct edit *edit, const int *fds, size_t count, struct owners_record *records);

#endif
