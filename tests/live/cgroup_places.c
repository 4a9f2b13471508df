/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "cgroup_places.h"
#include "groups.h"
#include "tool.h"

#define POD       "8f5ddd81-1d3c-4d8f-9a39-1a2b3c4d5e6f"
#define POD_SLICE "kubepods-burstable-pod8f5ddd81_1d3c_4d8f_9a39_1a2b3c4d5e6f.slice"
#define PODS      "/kubepods.slice/kubepods-burstable.slice/" POD_SLICE

static const struct {
	const char *path, *unit, *runtime, *id, *name, *pod_uid;
} wanted[PLACES] = {
	{ WEB, "web.service", NULL, NULL, NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app.service",
	  "user@1000.service/app.service", NULL, NULL, NULL, NULL },
	{ "/system.slice/docker-" CONTAINER_ID ".scope", "docker-" CONTAINER_ID ".scope", "docker",
	  CONTAINER_ID, NULL, NULL },
	{ "/docker/" CONTAINER_ID, NULL, "docker", CONTAINER_ID, NULL, NULL },
	{ PODS "/cri-containerd-" CONTAINER_ID ".scope", "cri-containerd-" CONTAINER_ID ".scope",
	  "containerd", CONTAINER_ID, NULL, POD },
	{ "/kubepods/burstable/pod" POD "/" CONTAINER_ID, NULL, NULL, CONTAINER_ID, NULL, POD },
	{ "/machine.slice/libpod-" CONTAINER_ID ".scope/container", "libpod-" CONTAINER_ID ".scope",
	  "podman", CONTAINER_ID, NULL, NULL },
	{ PODS "/crio-" CONTAINER_ID ".scope", "crio-" CONTAINER_ID ".scope", "crio", CONTAINER_ID,
	  NULL, POD },
	{ "/lxc.payload.web/system.slice/web.service", NULL, "lxc", NULL, "web", NULL },
	{ "/machine.slice/machine-my\\x2dweb.scope/payload", "machine-my\\x2dweb.scope", "nspawn",
	  NULL, "my-web", NULL },
	{ "/system.slice/docker-x.service", "docker-x.service", NULL, NULL, NULL, NULL },
};

void places_open(struct places *places)
{
	for (size_t i = 0; i < PLACES; i++)
		places->listeners[i] = groups_listener(wanted[i].path, &places->ports[i]);
}

const char *place_path(size_t i)
{
	return wanted[i].path;
}

void check_text(const json_t *row, const char *path, const char *text)
{
	check_row(row, text ? row_is_text(row, path, text) : row_is_null(row, path));
}

void place_check(const json_t *row, size_t i)
{
	check_text(row, "cgroup", wanted[i].path);
	check_text(row, "unit", wanted[i].unit);
	if (!wanted[i].id && !wanted[i].name) {
		check_row(row, row_is_null(row, "container"));
		return;
	}
	check_text(row, "container.runtime", wanted[i].runtime);
	check_text(row, "container.id", wanted[i].id);
	check_text(row, "container.name", wanted[i].name);
	check_text(row, "container.pod_uid", wanted[i].pod_uid);
}

void places_check(const struct places *places, const struct listing *listing)
{
	assert_int_equal(listing->status, 0);
	for (size_t i = 0; i < PLACES; i++) {
		json_t *row = row_by_ports(listing, AF_INET, places->ports[i], 0);

		assert_non_null(row);
		place_check(row, i);
	}
}

void check_unknown(const json_t *row)
{
	assert_non_null(row);
	check_row(row, row_is_null(row, "cgroup"));
	check_row(row, row_is_null(row, "unit"));
	check_row(row, row_is_null(row, "container"));
}
