/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets in control groups named as systemd and the runtimes of containers name them, and what the
 * tool must say of each.
 */
#ifndef LINGERSTAT_TESTS_CGROUP_PLACES_H
#define LINGERSTAT_TESTS_CGROUP_PLACES_H

#include <stdint.h>
#include <jansson.h>

#include "harness.h"

#define PLACES       11
#define PLACE_WEB    0 /* a service of systemd's */
#define PLACE_DOCKER 2 /* a container of docker's in a scope */

#define CONTAINER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WEB          "/system.slice/web.service"
#define CLIENT       "/system.slice/client.service"

/* A listener in each of the groups. */
struct places {
	int listeners[PLACES];
	uint16_t ports[PLACES];
};

/* Makes them; fails the test when it cannot. */
void places_open(struct places *places);

/* The path of the group of place `i`. */
const char *place_path(size_t i);

/* Fails the test unless the row says of its group what is true of place `i`. */
void place_check(const json_t *row, size_t i);

/* Fails the test unless every listener is listed, with its place, and nothing was missing. */
void places_check(const struct places *places, const struct listing *listing);

/* Fails the test unless the row has this text at this path, or null for NULL. */
void check_text(const json_t *row, const char *path, const char *text);

/* Fails the test unless nothing is known of the row's group. */
void check_unknown(const json_t *row);

#endif
