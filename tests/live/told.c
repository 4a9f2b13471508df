/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "told.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM         (64u << 20)
#define ANY_STATE    0xfff

/* ---- the sockets ---- */

static int set_number(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int enrich(int fd)
{
	int err = tcp_set_linger(fd, true, LINGER) ? -errno : 0;

	err = err ? err : set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	err = err ? err : set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	err = err ? err : set_number(fd, IPPROTO_TCP, TCP_LINGER2, -1);
	return err ? err : set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT);
}

static int bind_one(int family)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static uint32_t inode_of_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

int scene_open(struct scene *scene)
{
	static const int families[TOLD_PAIRS] = { AF_INET, AF_INET6 };
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, scene->local) < 0)
		return -errno;
	scene->netns = (uint32_t)st.st_ino;
	for (size_t i = 0; i < TOLD_PAIRS; i++) {
		if (tcp_pair_open(&scene->pairs[i], families[i], 0))
			return -EIO;
		if (enrich(scene->pairs[i].near) < 0)
			return -EIO;
		scene->bound[i] = bind_one(families[i]);
		if (scene->bound[i] < 0)
			return -EIO;
	}
	return 0;
}

void scene_close(struct scene *scene)
{
	for (size_t i = 0; i < TOLD_PAIRS; i++) {
		tcp_pair_close(&scene->pairs[i]);
		close(scene->bound[i]);
		close(scene->local[i]);
	}
}

/* ---- an iterator's records ---- */

/* Runs it, and shows `each` every record. */
static int read_records(const struct object *from, const struct edit *edit,
			struct bpf_object **object, size_t size,
			void (*each)(void *ctx, const void *record), void *ctx)
{
	char *room = malloc(ROOM);
	ssize_t got = room ? guard_read(from, edit, object, room, ROOM) : -ENOMEM;

	for (size_t at = 0; got > 0 && at + size <= (size_t)got; at += size)
		each(ctx, room + at);
	free(room);
	return got < 0 ? (int)got : 0;
}

/* ---- the owners ---- */

struct wanted {
	const int *fds;
	size_t count, found;
	struct owners_record *records;
};

/* Whose bytes mean nothing: addresses of the other family. */
static void drop_other_family(struct owners_record *r)
{
	if (r->family == AF_INET6) {
		r->local4 = r->peer4 = 0;
		return;
	}
	memset(r->local6, 0, sizeof(r->local6));
	memset(r->peer6, 0, sizeof(r->peer6));
}

static void take_owner(void *ctx, const void *record)
{
	struct wanted *wanted = ctx;
	struct owners_record r;

	memcpy(&r, record, sizeof(r));
	for (size_t i = 0; i < wanted->count && r.pid == (uint32_t)getpid(); i++) {
		if (r.fd != (uint32_t)wanted->fds[i])
			continue;
		drop_other_family(&r);
		wanted->records[i] = r;
		wanted->found++;
	}
}

int owners_of(const struct edit *edit, const int *fds, size_t count, struct owners_record *records)
{
	struct wanted wanted = { fds, count, 0, records };
	int err = read_records(&object_owners, edit, NULL, sizeof(*records), take_owner, &wanted);

	if (err)
		return err;
	return wanted.found == count ? 0 : -ESRCH;
}

static int tell_owners(const struct scene *scene, const struct edit *edit, union told *told)
{
	const int fds[TOLD_PAIRS] = { scene->pairs[0].near, scene->pairs[1].near };

	return owners_of(edit, fds, TOLD_PAIRS, told->owners);
}

static void forget_of(struct owners_record *r, uint32_t lost)
{
	static const struct {
		uint32_t known, values;
		size_t from, size;
	} parts[] = {
		{ OWNERS_KNOWS_LINGER, OWNERS_LINGER_ON,
		  offsetof(struct owners_record, linger_ticks), sizeof(r->linger_ticks) },
		{ OWNERS_KNOWS_FILE_FLAGS, 0, offsetof(struct owners_record, file_flags),
		  sizeof(r->file_flags) },
		{ OWNERS_KNOWS_REUSEADDR, OWNERS_REUSEADDR, 0, 0 },
		{ OWNERS_KNOWS_REUSEPORT, OWNERS_REUSEPORT, 0, 0 },
		{ OWNERS_KNOWS_REPAIR, OWNERS_REPAIR, 0, 0 },
		{ OWNERS_KNOWS_LINGER2, OWNERS_LINGER2_NEGATIVE, 0, 0 },
		{ OWNERS_KNOWS_USER_TIMEOUT, 0, offsetof(struct owners_record, user_timeout_ms),
		  sizeof(r->user_timeout_ms) },
		{ OWNERS_KNOWS_ENDS, 0, offsetof(struct owners_record, netns),
		  sizeof(*r) - offsetof(struct owners_record, netns) },
		{ LOST_SIGN, OWNERS_LINGER2_NEGATIVE, 0, 0 },
	};

	if (lost & LOST_ENDS6 && r->family == AF_INET6)
		lost |= OWNERS_KNOWS_ENDS;
	r->known &= ~lost;
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!(lost & parts[i].known))
			continue;
		r->values &= ~parts[i].values;
		memset((char *)r + parts[i].from, 0, parts[i].size);
	}
}

static void forget_owners(union told *told, uint32_t lost)
{
	for (size_t i = 0; i < TOLD_PAIRS; i++)
		forget_of(&told->owners[i], lost);
}

const struct told_by told_by_owners = { "owners", &object_owners, tell_owners, forget_owners };

/* ---- where sockets were made ---- */

struct birth_wanted {
	uint32_t inode;
	struct birth_record *record;
};

static void take_birth(void *ctx, const void *record)
{
	const struct birth_wanted *wanted = ctx;
	struct birth_record r;

	memcpy(&r, record, sizeof(r));
	if (r.inode == wanted->inode)
		*wanted->record = r;
}

static int tell_birth(const struct scene *scene, const struct edit *edit, union told *told)
{
	struct birth_wanted wanted = { inode_of_file(scene->local[0]), &told->birth };

	return read_records(&object_births, edit, NULL, sizeof(told->birth), take_birth, &wanted);
}

static void forget_birth(union told *told, uint32_t lost)
{
	if (lost & LOST_CGROUP)
		memset(&told->birth, 0, sizeof(told->birth));
}

const struct told_by told_by_births = { "births", &object_births, tell_birth, forget_birth };

/* ---- namespaces ---- */

/* Maps the one value of a program's only map of that name. NULL: it cannot be. */
static void *map_of(struct bpf_object *object, const char *name, size_t size)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void take_task(void *ctx, const void *record)
{
	struct task_record r;

	memcpy(&r, record, sizeof(r));
	if (r.pid == (uint32_t)getpid() && r.tid == r.pid)
		memcpy(ctx, &r, sizeof(r));
}

static int tell_spaces(const struct scene *scene, const struct edit *edit, union told *told)
{
	struct namespace_list *list;
	struct bpf_object *object;
	int err = read_records(&object_namespaces, edit, &object, sizeof(struct task_record),
			       take_task, &told->spaces.task);

	if (err)
		return err;
	list = map_of(object, "namespaces", sizeof(*list));
	for (uint32_t i = 0; list && i < list->count; i++)
		if (list->items[i].inode == scene->netns)
			told->spaces.own = list->items[i];
	told->spaces.whole = list && list->whole;
	if (list)
		munmap(list, sizeof(*list));
	bpf_object__close(object);
	return list ? 0 : -EIO;
}

static void forget_spaces(union told *told, uint32_t lost)
{
	if (lost & LOST_ID)
		told->spaces.own.id = 0;
}

const struct told_by told_by_spaces = { "namespaces", &object_namespaces, tell_spaces,
					forget_spaces };

/* ---- the census ---- */

/* A chain that was left half way is not taken. */
static void take_sockets(const struct scene *scene, const struct census_area *area, size_t table,
			 union told *told)
{
	uint32_t *count = &told->census.counts[table];

	for (uint32_t i = 0; i < area->count; i++)
		if (area->records[i].netns == scene->netns && *count < TOLD_RECORDS)
			told->census.records[table][(*count)++] = area->records[i];
}

static int take_table(const struct scene *scene, const struct bpf_object *object,
		      struct census_area *area, size_t table, union told *told)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int program = bpf_program__fd(bpf_object__next_program(object, NULL));
	int err;

	area->table = (uint32_t)table;
	area->states = ANY_STATE;
	area->slot = 0;
	area->every = 1;
	area->depth = CENSUS_INODES;
	do {
		err = bpf_prog_test_run_opts(program, &run);
		take_sockets(scene, area, table, told);
	} while (!err && (area->end == CENSUS_GOING || area->end == CENSUS_FULL));
	told->census.ends[table] = area->end;
	/* What a walk that was lost has told, nobody takes. */
	if (area->end != CENSUS_WHOLE) {
		told->census.counts[table] = 0;
		memset(told->census.records[table], 0, sizeof(told->census.records[table]));
	}
	return err;
}

static int tell_census(const struct scene *scene, const struct edit *edit, union told *told)
{
	struct bpf_object *object;
	struct census_area *area;
	int err = guard_load(&object_census, edit, &object);
	uint32_t lost = 0, sockets = 0;

	if (err)
		return err;
	area = map_of(object, "area", sizeof(*area));
	for (size_t i = 0; area && i < TOLD_TABLES && !err; i++) {
		err = take_table(scene, object, area, i, told);
		lost += told->census.ends[i] == CENSUS_LOST;
		sockets += told->census.counts[i];
	}
	if (area)
		munmap(area, sizeof(*area));
	bpf_object__close(object);
	if (!area || err)
		return -EIO;
	/* A table that the kernel does not have is whole, and empty. */
	return lost && !sockets ? -ENODATA : 0;
}

static void forget_table(union told *told, size_t table, uint32_t end)
{
	told->census.ends[table] = end;
	told->census.counts[table] = 0;
	memset(told->census.records[table], 0, sizeof(told->census.records[table]));
}

static void forget_census(union told *told, uint32_t lost)
{
	if (lost & LOST_LISTENERS)
		forget_table(told, CENSUS_LISTENERS, CENSUS_LOST);
	if (lost & LOST_BOUND)
		forget_table(told, CENSUS_BOUND, CENSUS_WHOLE);
	for (size_t i = 0; i < TOLD_TABLES && lost & LOST_PROTOCOL; i++)
		for (size_t k = 0; k < TOLD_RECORDS; k++)
			told->census.records[i][k].plain = 0;
}

const struct told_by told_by_census = { "census", &object_census, tell_census, forget_census };
