/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of control groups as systemd and the runtimes name them: each with what it must be read
 * as. The forms are those of runc's and crun's cgroup managers, the kubelet's
 * pkg/kubelet/cm/cgroup_manager_linux.go, Podman's libpod/container_internal_linux.go, CRI-O's
 * internal/config/cgmgr, LXC's src/lxc/cgroups/cgroup.h and systemd's nspawn-cgroup.c.
 */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/workload.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD   "8f5ddd81-1d3c-4d8f-9a39-1a2b3c4d5e6f"
#define POD_  "8f5ddd81_1d3c_4d8f_9a39_1a2b3c4d5e6f"
#define HASH  "00112233445566778899aabbccddeeff"

struct row {
	const char *path;
	const char *unit;
	const char *container;
	const char *pod_uid;
	const char *lasting;
};

static void assert_text(const char *path, const char *what, const char *is, const char *should)
{
	if (!is != !should || (is && strcmp(is, should) != 0))
		fail_msg("%s: %s is %s and should be %s", path, what, is ? is : "none",
			 should ? should : "none");
}

static void check_row(struct intern *texts, const struct row *row)
{
	struct workload w;

	assert_int_equal(workload_read(texts, row->path, &w), 0);
	assert_text(row->path, "unit", w.unit, row->unit);
	assert_text(row->path, "container", w.container, row->container);
	assert_text(row->path, "pod_uid", w.pod_uid, row->pod_uid);
	assert_text(row->path, "lasting", w.lasting, row->lasting);
}

static void check_rows(const struct row *rows, size_t n)
{
	struct intern texts = { 0 };

	for (size_t i = 0; i < n; i++)
		check_row(&texts, &rows[i]);
	intern_free(&texts);
}

#define CHECK(...)                                         \
	do {                                               \
		const struct row rows[] = { __VA_ARGS__ }; \
                                                           \
		check_rows(rows, COUNT(rows));             \
	} while (0)

static void units_are_systemds(void **state)
{
	(void)state;
	CHECK({ "/", NULL, NULL, NULL, NULL }, { "", NULL, NULL, NULL, NULL },
	      { "/init.scope", "init.scope", NULL, NULL, "init.scope" },
	      { "/system.slice/nginx.service", "nginx.service", NULL, NULL, "nginx.service" },
	      { "/system.slice/nginx.service/worker/a", "nginx.service", NULL, NULL,
		"nginx.service" },
	      { "/system.slice//nginx.service/", "nginx.service", NULL, NULL, "nginx.service" },
	      { "/system.slice/cups.socket", "cups.socket", NULL, NULL, "cups.socket" },
	      { "/system.slice/var-lib.mount", "var-lib.mount", NULL, NULL, "var-lib.mount" },
	      { "/system.slice/a.swap", "a.swap", NULL, NULL, "a.swap" },
	      { "/system.slice/_cpu.service", "cpu.service", NULL, NULL, "cpu.service" },
	      { "/system.slice/dev\\x2dx.service", "dev\\x2dx.service", NULL, NULL,
		"dev\\x2dx.service" },
	      { "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL,
		NULL, "getty@.service" },
	      /* Below a unit the names are not systemd's. */
	      { "/system.slice/a.service/system.slice/b.service", "a.service", NULL, NULL,
		"a.service" });
}

static void slices_stand_in_for_units(void **state)
{
	(void)state;
	CHECK({ "/system.slice", "system.slice", NULL, NULL, "system.slice" },
	      { "/a.slice/a-b.slice", "a-b.slice", NULL, NULL, "a-b.slice" },
	      { "/a.slice/nothing", "a.slice", NULL, NULL, "a.slice" },
	      { "/a.slice/a.timer", "a.slice", NULL, NULL, "a.slice" },
	      { "/system.slice/getty@.service", "system.slice", NULL, NULL, "system.slice" },
	      { "/system.slice/@a.service", "system.slice", NULL, NULL, "system.slice" },
	      { "/system.slice/.service", "system.slice", NULL, NULL, "system.slice" },
	      { "/system.slice/a#b.service", "system.slice", NULL, NULL, "system.slice" },
	      /* No slices: an empty step, a step at the ends, an instance. */
	      { "/a--b.slice/x.service", NULL, NULL, NULL, NULL },
	      { "/-a.slice/x.service", NULL, NULL, NULL, NULL },
	      { "/a-.slice/x.service", NULL, NULL, NULL, NULL },
	      { "/a@b.slice/x.service", NULL, NULL, NULL, NULL },
	      { "/.slice/x.service", NULL, NULL, NULL, NULL });
}

#define MANAGER "/user.slice/user-1000.slice/user@1000.service"

static void users_have_units_of_their_own(void **state)
{
	(void)state;
	CHECK({ MANAGER, "user@1000.service", NULL, NULL, "user@.service" },
	      { MANAGER "/app.slice/sshd.service", "user@1000.service/sshd.service", NULL, NULL,
		"user@.service/sshd.service" },
	      { MANAGER "/app.slice/app-a.slice/a@1.service/x", "user@1000.service/a@1.service",
		NULL, NULL, "user@.service/a@.service" },
	      { MANAGER "/app.slice/app-x-1234.scope", "user@1000.service/app-x-1234.scope", NULL,
		NULL, "user@.service" },
	      { MANAGER "/init.scope", "user@1000.service/init.scope", NULL, NULL,
		"user@.service/init.scope" },
	      { MANAGER "/app.slice", "user@1000.service", NULL, NULL, "user@.service" },
	      { "/capsule.slice/capsule@c.service/app.slice/a.service",
		"capsule@c.service/a.service", NULL, NULL, "capsule@.service/a.service" },
	      { "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NULL, NULL,
		"user-1000.slice" },
	      { "/system.slice/user@me.service/a.service", "user@me.service", NULL, NULL,
		"user@.service" },
	      { "/system.slice/run-u12.service", "run-u12.service", NULL, NULL, "system.slice" },
	      { "/system.slice/run-r0123.scope", "run-r0123.scope", NULL, NULL, "system.slice" });
}

static void docker(void **state)
{
	(void)state;
	CHECK({ "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "docker:" ID, NULL,
		"container:docker" },
	      { "/docker/" ID, NULL, "docker:" ID, NULL, "container:docker" },
	      { "/docker/" ID "/init", NULL, "docker:" ID, NULL, "container:docker" },
	      /* In Docker: the inner one. */
	      { "/docker/" ID "/docker/" OTHER, NULL, "docker:" OTHER, NULL, "container:docker" },
	      { "/system.slice/docker-" ID ".scope/docker/" OTHER, "docker-" ID ".scope",
		"docker:" OTHER, NULL, "container:docker" },
	      { "/docker/" ID "/system.slice/docker-" OTHER ".scope/x", NULL, "docker:" OTHER, NULL,
		"container:docker" },
	      /* Docker's own services, and what only looks like a container. */
	      { "/system.slice/docker.service", "docker.service", NULL, NULL, "docker.service" },
	      { "/system.slice/docker-x.service", "docker-x.service", NULL, NULL,
		"docker-x.service" },
	      { "/system.slice/docker-" ID ".service", "docker-" ID ".service", NULL, NULL,
		"docker-" ID ".service" },
	      { "/system.slice/docker-abc.scope", "docker-abc.scope", NULL, NULL, "system.slice" },
	      { "/docker/buildkit", NULL, NULL, NULL, NULL }, { "/docker", NULL, NULL, NULL, NULL },
	      { "/other/" ID, NULL, NULL, NULL, NULL });
}

#define SLICES "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_ ".slice"
#define QOS    "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_ ".slice"

static void kubernetes_with_systemd(void **state)
{
	(void)state;
	CHECK({ SLICES "/cri-containerd-" ID ".scope", "cri-containerd-" ID ".scope",
		"containerd:" ID, POD, "container:containerd" },
	      { SLICES "/crio-" ID ".scope/container", "crio-" ID ".scope", "crio:" ID, POD,
		"container:crio" },
	      { QOS "/docker-" ID ".scope", "docker-" ID ".scope", "docker:" ID, POD,
		"container:docker" },
	      { "/kubepods.slice/kubepods-pod" POD_ ".slice/cri-containerd-" ID ".scope",
		"cri-containerd-" ID ".scope", "containerd:" ID, POD, "container:containerd" },
	      /* A static pod's uid is a hash. */
	      { "/kubepods.slice/kubepods-pod" HASH ".slice/crio-" ID, "kubepods-pod" HASH ".slice",
		"crio:" ID, HASH, "container:crio" },
	      { SLICES, "kubepods-burstable-pod" POD_ ".slice", NULL, POD, "container" },
	      { SLICES "/crio-conmon-" ID ".scope", "crio-conmon-" ID ".scope", NULL, POD,
		"container" },
	      { "/kubepods.slice/kubepods-podx.slice", "kubepods-podx.slice", NULL, NULL,
		"kubepods-podx.slice" },
	      { "/my-pod" POD_ ".slice", "my-pod" POD_ ".slice", NULL, NULL,
		"my-pod" POD_ ".slice" },
	      /* kind: a node that is a container. */
	      { "/system.slice/docker-" OTHER
		".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
		"kubelet-kubepods-besteffort-pod" POD_ ".slice/cri-containerd-" ID ".scope",
		"docker-" OTHER ".scope", "containerd:" ID, POD, "container:containerd" },
	      /* runc without systemd, told in systemd's words. */
	      { "/system.slice/containerd.service/kubepods-burstable-pod" POD_
		".slice:cri-containerd:" ID,
		"containerd.service", "containerd:" ID, POD, "container:containerd" },
	      { "/kubepods-besteffort-pod" POD_ ".slice:crio:" ID, NULL, "crio:" ID, POD,
		"container:crio" },
	      { "/system.slice:docker:" ID, NULL, "docker:" ID, NULL, "container:docker" });
}

static void kubernetes_without_systemd(void **state)
{
	(void)state;
	CHECK({ "/kubepods/burstable/pod" POD "/" ID, NULL, "?:" ID, POD, "container" },
	      { "/kubepods/besteffort/pod" POD "/" ID "/x", NULL, "?:" ID, POD, "container" },
	      { "/kubepods/pod" POD "/" ID, NULL, "?:" ID, POD, "container" },
	      { "/kubepods/burstable/pod" HASH "/" ID, NULL, "?:" ID, HASH, "container" },
	      { "/kubepods/burstable/pod" POD "/crio-" ID, NULL, "crio:" ID, POD,
		"container:crio" },
	      { "/kubepods/burstable/pod" POD "/crio-conmon-" ID, NULL, NULL, POD, "container" },
	      { "/kubepods/burstable/pod" POD "/" ID "/docker/" OTHER, NULL, "docker:" OTHER, POD,
		"container:docker" },
	      { "/kubepods/burstable/podx/" ID, NULL, NULL, NULL, NULL },
	      { "/elsewhere/pod" POD "/" ID, NULL, NULL, NULL, NULL },
	      { "/kubepods/burstable/pod" POD "/x/" ID, NULL, NULL, POD, "container" });
}

static void podman(void **state)
{
	(void)state;
	CHECK({ "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "podman:" ID,
		NULL, "container:podman" },
	      { MANAGER "/user.slice/libpod-" ID ".scope/container",
		"user@1000.service/libpod-" ID ".scope", "podman:" ID, NULL, "container:podman" },
	      { "/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope",
		"libpod-" ID ".scope", "podman:" ID, NULL, "container:podman" },
	      { "/libpod_parent/libpod-" ID, NULL, "podman:" ID, NULL, "container:podman" },
	      { "/system.slice/web.service/libpod-payload-" ID, "web.service", "podman:" ID, NULL,
		"container:podman" },
	      { "/system.slice/web.service/runtime", "web.service", NULL, NULL, "web.service" },
	      { "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL,
		NULL, "machine.slice" },
	      { "/libpod_parent/libpod-conmon-" ID, NULL, NULL, NULL, NULL },
	      { "/libpod_parent/conmon", NULL, NULL, NULL, NULL });
}

static void containers_with_names(void **state)
{
	(void)state;
	CHECK({ "/lxc.payload.web", NULL, "lxc:web", NULL, "container:lxc" },
	      { "/lxc.payload.web/system.slice/nginx.service", NULL, "lxc:web", NULL,
		"container:lxc" },
	      { "/lxc.payload.project_web", NULL, "lxc:project_web", NULL, "container:lxc" },
	      { "/lxc.payload.a/lxc.payload.b", NULL, "lxc:b", NULL, "container:lxc" },
	      { "/lxc.payload.a/system.slice/docker-" ID ".scope", NULL, "docker:" ID, NULL,
		"container:docker" },
	      { "/lxc/web", NULL, "lxc:web", NULL, "container:lxc" },
	      { "/lxc.payload/web/init.scope", NULL, "lxc:web", NULL, "container:lxc" },
	      { "/lxc.monitor.web", NULL, NULL, NULL, NULL },
	      { "/lxc.payload.", NULL, NULL, NULL, NULL }, { "/lxc", NULL, NULL, NULL, NULL },
	      { "/system.slice/lxc.service", "lxc.service", NULL, NULL, "lxc.service" },
	      { "/machine.slice/machine-web.scope/payload", "machine-web.scope", "nspawn:web", NULL,
		"container:nspawn" },
	      { "/machine.slice/machine-my\\x2dweb.scope/payload/init.scope",
		"machine-my\\x2dweb.scope", "nspawn:my-web", NULL, "container:nspawn" },
	      { "/machine.slice/systemd-nspawn@my-web.service/payload",
		"systemd-nspawn@my-web.service", "nspawn:my-web", NULL, "container:nspawn" },
	      { "/machine.slice/systemd-nspawn@web.service/supervisor",
		"systemd-nspawn@web.service", NULL, NULL, "systemd-nspawn@.service" },
	      /* A virtual machine of libvirt's. */
	      { "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
		"machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL, "machine.slice" });
}

/* What somebody may name a directory to be taken for another, or to break a reader. */
static void hostile_names(void **state)
{
	(void)state;
	CHECK({ "/machine.slice/machine-a\\x00b.scope/payload", "machine-a\\x00b.scope",
		"nspawn:a\\x00b", NULL, "container:nspawn" },
	      { "/machine.slice/machine-a\\x2.scope/payload", "machine-a\\x2.scope", "nspawn:a\\x2",
		NULL, "container:nspawn" },
	      { "/machine.slice/machine-\\xzz\\x1g.scope/payload", "machine-\\xzz\\x1g.scope",
		"nspawn:\\xzz\\x1g", NULL, "container:nspawn" },
	      { "/::" ID, NULL, NULL, NULL, NULL },
	      { "/:docker:" ID, NULL, "docker:" ID, NULL, "container:docker" },
	      { "/a:doc:" ID, NULL, NULL, NULL, NULL }, { "/a:docker:", NULL, NULL, NULL, NULL },
	      { "/:", NULL, NULL, NULL, NULL }, { "/...", NULL, NULL, NULL, NULL },
	      { "/docker-.scope", "docker-.scope", NULL, NULL, NULL },
	      { "/docker/" ID "0", NULL, NULL, NULL, NULL },
	      { "/docker/ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL,
		NULL, NULL, NULL },
	      { "/lxc.payload.\x1b[2J\n", NULL, "lxc:\x1b[2J\n", NULL, "container:lxc" },
	      { "/system.slice/nginx.service (deleted)", "system.slice", NULL, NULL,
		"system.slice" });
}

/* No name is longer than 255 bytes; a longer one must not be written anywhere. */
static void long_names(void **state)
{
	struct intern texts = { 0 };
	char path[8192] = "/machine.slice/machine-";
	struct workload w;

	(void)state;
	memset(path + strlen(path), 'a', 4000);
	strcat(path, ".scope/payload/user@1.service");
	assert_int_equal(workload_read(&texts, path, &w), 0);
	assert_string_equal(w.unit, "machine.slice");
	assert_null(w.container);
	intern_free(&texts);
}

static void makes_units_of(struct intern *texts, size_t len)
{
	char name[300] = "", path[1024];
	struct workload w;

	memset(name, 'x', len);
	snprintf(path, sizeof(path), MANAGER "/%s@%s.service", name, name);
	assert_int_equal(workload_read(texts, path, &w), 0);
	assert_non_null(w.unit);
	snprintf(path, sizeof(path), "/machine.slice/machine-%s.scope/payload", name);
	assert_int_equal(workload_read(texts, path, &w), 0);
}

static void names_of_every_length(void **state)
{
	struct intern texts = { 0 };

	(void)state;
	for (size_t len = 0; len < 299; len++)
		makes_units_of(&texts, len);
	intern_free(&texts);
}

/* Pieces of names in any order: nothing is read beyond the path. */
static void random_paths(void **state)
{
	static const char *const bits[] = { "/",        "docker-", ID,      ".scope",  "kubepods",
					    ".slice",   "-pod",    POD_,    "pod",     POD,
					    "machine-", "\\x",     "2d",    "payload", ":",
					    "crio",     "lxc",     "user@", "1",       ".service",
					    "@",        "_",       "-",     "libpod-" };
	uint64_t seed = 20250607;
	struct intern texts = { 0 };
	struct workload w;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char *path = calloc(1, 1024);

		for (uint64_t n = next_random(&seed) % 12; n; n--)
			strcat(path, bits[next_random(&seed) % COUNT(bits)]);
		path = realloc(path, strlen(path) + 1);
		assert_int_equal(workload_read(&texts, path, &w), 0);
		assert_true(!w.container || w.id || w.name);
		assert_true(!w.id || strlen(w.id) == 64);
		assert_true(!w.runtime || w.container);
		free(path);
	}
	intern_free(&texts);
}

static void equal_texts_have_one_address(void **state)
{
	struct intern texts = { 0 };
	const char *a = intern(&texts, "abc", 3), *first = a;
	char text[16];

	(void)state;
	assert_ptr_equal(intern(&texts, "abcd", 3), a);
	assert_ptr_not_equal(intern(&texts, "ab", 2), a);
	assert_ptr_not_equal(intern(&texts, "abcd", 4), a);
	for (int i = 0; i < 5000; i++)
		intern(&texts, text, (size_t)snprintf(text, sizeof(text), "%d", i));
	assert_string_equal(first, "abc");
	assert_ptr_equal(intern(&texts, "abc", 3), first);
	assert_int_equal(texts.count, 5003);
	intern_free(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_systemds),
		cmocka_unit_test(slices_stand_in_for_units),
		cmocka_unit_test(users_have_units_of_their_own),
		cmocka_unit_test(docker),
		cmocka_unit_test(kubernetes_with_systemd),
		cmocka_unit_test(kubernetes_without_systemd),
		cmocka_unit_test(podman),
		cmocka_unit_test(containers_with_names),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(long_names),
		cmocka_unit_test(names_of_every_length),
		cmocka_unit_test(random_paths),
		cmocka_unit_test(equal_texts_have_one_address),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
