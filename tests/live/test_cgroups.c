/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose each socket is: control groups named as systemd and the runtimes name them, a process in
 * each that makes a socket, and the socket handed to this process, which is in none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_places.h"
#include "groups.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define DEADLINE_MS 30000

static struct places places;

static int open_listeners(void **state)
{
	(void)state;
	places_open(&places);
	return 0;
}

/* --- rows ---------------------------------------------------------------------------------- */

static void every_group_is_read(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	places_check(&places, &listing);
	listing_free(&listing);
}

/* Without CAP_DAC_READ_SEARCH the tree is walked: the same comes of it. */
static void an_unprivileged_user_sees_the_same(void **state)
{
	const struct run_as nobody = { .uid = 65534 };
	const char *const args[] = { "-l", "-t", NULL };
	struct listing listing;

	(void)state;
	assert_int_equal(harness_list_as(&listing, &nobody, args), 0);
	places_check(&places, &listing);
	listing_free(&listing);
}

static void a_filter_selects_them(void **state)
{
	static const struct {
		const char *word, *value;
		size_t place;
	} filters[] = {
		{ "unit", "web", 0 },
		{ "unit", "app.service", 1 },
		{ "container", "podman", 6 },
		{ "container", "lxc:web", 8 },
		{ "container", "my-web", 9 },
		{ "unit", "docker-x.service", 10 },
		{ "container", "?:" CONTAINER_ID, 5 },
	};
	struct listing listing;

	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++) {
		assert_int_equal(
			harness_list(&listing, "-l", "-t", filters[i].word, filters[i].value, NULL),
			0);
		assert_int_equal(json_array_size(listing.rows), 1);
		place_check(json_array_get(listing.rows, 0), filters[i].place);
		listing_free(&listing);
	}
}

/* --- who has a group ----------------------------------------------------------------------- */

/* An accepted socket is its listener's copy (sk_clone()), whoever accepts it. */
static void a_connection_has_its_listeners_group(void **state)
{
	int client = groups_client(CLIENT, places.ports[0]), server;
	struct listing listing;
	uint16_t port = local_port(client);
	json_t *row;

	(void)state;
	/* Not accepted yet, it has no owner, and a group. */
	assert_int_equal(tcp_wait_waiting(places.listeners[0], 1), 0);
	assert_int_equal(harness_list(&listing, "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, places.ports[0], port);
	check_row(row, row_is_int(row, "inode", 0));
	check_text(row, "unit", "web.service");
	row = row_by_ports(&listing, AF_INET, port, places.ports[0]);
	check_text(row, "unit", "client.service");
	listing_free(&listing);
	server = tcp_accept(places.listeners[0]);
	assert_return_code(server, errno);
	assert_int_equal(harness_list(&listing, "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, places.ports[0], port);
	check_row(row, row_has_holder(row, getpid(), server));
	check_text(row, "unit", "web.service");
	listing_free(&listing);
	close(server);
	close(client);
}

static void an_orphan_keeps_its_group(void **state)
{
	int client = groups_client(CLIENT, places.ports[0]),
	    server = tcp_accept(places.listeners[0]);
	struct listing listing;
	uint16_t port = local_port(client);
	json_t *row;

	(void)state;
	assert_return_code(server, errno);
	assert_true(tcp_fill_to_zero_window(client) > 0);
	close(client);
	assert_int_equal(harness_list(&listing, "-a", "-t", NULL), 0);
	row = row_by_ports(&listing, AF_INET, port, places.ports[0]);
	check_text(row, "state", "fin_wait1");
	check_row(row, row_is_int(row, "inode", 0));
	check_text(row, "unit", "client.service");
	check_text(row, "cgroup", CLIENT);
	listing_free(&listing);
	close(server);
}

static void a_time_wait_has_none(void **state)
{
	int client = groups_client(CLIENT, places.ports[0]),
	    server = tcp_accept(places.listeners[0]);
	int64_t end = now_ms() + DEADLINE_MS;
	uint16_t port = local_port(client);
	struct listing listing;
	json_t *row;

	(void)state;
	assert_return_code(server, errno);
	close(client);
	assert_int_equal(tcp_wait_state(server, 8 /* CLOSE_WAIT */), 0);
	close(server);
	for (;;) {
		assert_int_equal(harness_list(&listing, "-a", "-t", NULL), 0);
		row = row_by_ports(&listing, AF_INET, port, places.ports[0]);
		if (row && row_is_text(row, "state", "time_wait"))
			break;
		listing_free(&listing);
		if (!nap_before(end))
			fail_msg("no TIME_WAIT came");
	}
	check_unknown(row);
	listing_free(&listing);
}

static void a_removed_group_is_unknown(void **state)
{
	uint16_t port;
	int fd = groups_listener("/system.slice/gone.service", &port);
	struct listing listing;

	(void)state;
	groups_remove("/system.slice/gone.service");
	assert_int_equal(harness_list(&listing, "-l", "-t", NULL), 0);
	assert_int_equal(listing.status, 0);
	check_unknown(row_by_ports(&listing, AF_INET, port, 0));
	places_check(&places, &listing);
	listing_free(&listing);
	close(fd);
}

/* --- counts -------------------------------------------------------------------------------- */

static json_int_t sockets_of(const json_t *document, const char *key)
{
	const json_t *groups = row_get(document, "summary.groups.largest");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);

		if (key ? row_is_text(group, "key", key) : row_is_null(group, "key"))
			return json_integer_value(json_object_get(group, "sockets"));
	}
	return -1;
}

static json_t *summary_by(const char *key)
{
	const char *const argv[] = { "lingerstat", "summary", "-j",    "-t",        "--by", key,
				     "--top",      "100",     "state", "listening", NULL };
	struct tool_run run;
	json_t *document;

	assert_int_equal(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	document = json_loads(run.output, 0, NULL);
	tool_free(&run);
	assert_non_null(document);
	return document;
}

static void a_summary_counts_them(void **state)
{
	json_t *units = summary_by("unit"), *containers = summary_by("container");

	(void)state;
	assert_int_equal(sockets_of(units, "web.service"), 1);
	assert_int_equal(sockets_of(units, "user@1000.service/app.service"), 1);
	assert_int_equal(sockets_of(units, NULL), 3);
	assert_int_equal(sockets_of(containers, "docker:" CONTAINER_ID), 2);
	assert_int_equal(sockets_of(containers, "lxc:web"), 1);
	assert_int_equal(sockets_of(containers, NULL), 3);
	json_decref(units);
	json_decref(containers);
}

static void check_metrics(const char *top, const char *const lines[], size_t n)
{
	const char *const argv[] = { "lingerstat", "metrics", "--by", "unit", "--top", top, NULL };
	struct tool_run run;

	assert_int_equal(tool_run(&run, argv), 0);
	assert_int_equal(run.status, 0);
	for (size_t i = 0; i < n; i++)
		if (!strstr(run.output, lines[i]))
			fail_msg("no '%s' in: %s", lines[i], run.output);
	assert_null(strstr(run.output, CONTAINER_ID));
	tool_free(&run);
}

#define LISTEN(unit, n) "lingerstat_unit_sockets{unit=\"" unit "\",state=\"listen\"} " n "\n"

/* Nothing that does not last is a label, and no more than were asked for. */
static void metrics_have_a_bounded_label(void **state)
{
	static const char *const all[] = { LISTEN("web.service", "1"),
					   LISTEN("user@.service/app.service", "1"),
					   LISTEN("container:docker", "2"),
					   LISTEN("container:lxc", "1"),
					   LISTEN("container", "1"),
					   LISTEN("other", "0"),
					   LISTEN("none", "0"),
					   LISTEN("unknown", "0") };
	static const char *const one[] = { LISTEN("container:docker", "2"), LISTEN("other", "9"),
					   "lingerstat_unit_close_risk_sockets{unit=\"other\"} " };

	(void)state;
	check_metrics("20", all, COUNT(all));
	check_metrics("1", one, COUNT(one));
}
static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_group_is_read),
		cmocka_unit_test(an_unprivileged_user_sees_the_same),
		cmocka_unit_test(a_filter_selects_them),
		cmocka_unit_test(a_summary_counts_them),
		cmocka_unit_test(metrics_have_a_bounded_label),
		cmocka_unit_test(a_connection_has_its_listeners_group),
		cmocka_unit_test(an_orphan_keeps_its_group),
		cmocka_unit_test(a_time_wait_has_none),
		cmocka_unit_test(a_removed_group_is_unknown),
	};

	harness_enter();
	return cmocka_run_group_tests_name("cgroups", tests, open_listeners, NULL);
}

int main(void)
{
	return groups_run(run_all);
}
