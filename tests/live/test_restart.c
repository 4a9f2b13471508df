/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict of `explain` on a restart, against the kernel's: the listener is explained, really
 * closed, and its port bound again, with no option, with SO_REUSEADDR, and with SO_REUSEPORT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "tcp.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PLAIN = 0, ADDR = 1, PORT = 2 };

/* What a sentence claims: the binds that work, and those that fail; it may leave one open. */
struct claim {
	const char *words;
	unsigned int works, fails; /* sets of 1 << PLAIN, 1 << ADDR, 1 << PORT */
};

#define BIND(with) (1u << (with))

static const struct claim claims[] = {
	{ "can be bound again at once", BIND(PLAIN) | BIND(ADDR) | BIND(PORT), 0 },
	{ "works now if the new program sets SO_REUSEADDR, or SO_REUSEPORT as the same user",
	  BIND(ADDR) | BIND(PORT), 0 },
	{ "works now if the new program sets SO_REUSEADDR; without it it fails", BIND(ADDR),
	  BIND(PLAIN) | BIND(PORT) },
	{ "works now only with SO_REUSEPORT", BIND(PORT), BIND(PLAIN) | BIND(ADDR) },
	{ "fails with EADDRINUSE, whatever the new program sets", 0,
	  BIND(PLAIN) | BIND(ADDR) | BIND(PORT) },
	{ "fails with EADDRINUSE, even with SO_REUSEADDR", 0, BIND(PLAIN) | BIND(ADDR) },
};

/* ---- listeners ---- */

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_addr = in6addr_loopback;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4->sin_port = htons(port);
	return sizeof(*v4);
}

/* A bound socket with the options of the set `with`, or a negative errno. */
static int bound(int family, uint16_t port, unsigned int with)
{
	struct sockaddr_storage address;
	socklen_t length = loopback(family, port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int err;

	if (with & ADDR)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (with & PORT)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, length) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A pair whose listener has the options of the set `with`. */
static void open_pair(struct tcp_pair *pair, int family, unsigned int with)
{
	*pair = (struct tcp_pair){ .family = family, .near = -1, .far = -1 };
	assert_return_code(pair->listener = bound(family, 0, with), 0);
	assert_return_code(listen(pair->listener, 8), 0);
	pair->far_port = local_port(pair->listener);
}

static void join(struct tcp_pair *pair)
{
	assert_return_code(pair->near = tcp_connect(pair->family, pair->far_port, 0), 0);
	assert_return_code(pair->far = tcp_accept(pair->listener), 0);
}

/* ---- what stands on the port ---- */

static void nothing(struct tcp_pair *pair)
{
	(void)pair;
}

static void established(struct tcp_pair *pair)
{
	join(pair);
}

static void close_wait(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(shutdown(pair->near, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_CLOSE_WAIT), 0);
}

static void fin_wait1(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	assert_return_code(shutdown(pair->far, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_FIN_WAIT1), 0);
}

static void fin_wait2(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(shutdown(pair->far, SHUT_WR), 0);
	assert_return_code(tcp_wait_state(pair->far, TCP_FIN_WAIT2), 0);
}

static void orphan(struct tcp_pair *pair)
{
	fin_wait2(pair);
	drop_fd(&pair->far);
}

static void orphan_in_fin_wait1(struct tcp_pair *pair)
{
	join(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	drop_fd(&pair->far);
}

static void time_wait(struct tcp_pair *pair)
{
	orphan(pair);
	drop_fd(&pair->near);
}

static void last_ack(struct tcp_pair *pair)
{
	close_wait(pair);
	assert_return_code(tcp_deafen(pair->near), 0);
	drop_fd(&pair->far);
}

static void unaccepted(struct tcp_pair *pair)
{
	assert_return_code(pair->near = tcp_connect(pair->family, pair->far_port, 0), 0);
}

static void unaccepted_with_eof(struct tcp_pair *pair)
{
	unaccepted(pair);
	assert_return_code(shutdown(pair->near, SHUT_WR), 0);
}

static void half_open(struct tcp_pair *pair)
{
	assert_return_code(tcp_hear_syn_only(pair->listener), 0);
	pair->near = tcp_connect(pair->family, pair->far_port, SOCK_NONBLOCK);
	assert_return_code(pair->near, 0);
}

/* The option as it was at the handshake is what counts. */
static void option_set_too_late(struct tcp_pair *pair)
{
	const int on = 1;

	join(pair);
	assert_return_code(setsockopt(pair->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
			   0);
}

static void option_cleared_too_late(struct tcp_pair *pair)
{
	const int off = 0;

	join(pair);
	assert_return_code(setsockopt(pair->listener, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)),
			   0);
}

static const struct occupant {
	const char *name;
	void (*settle)(struct tcp_pair *pair);
	const char *state; /* as the sentence names it; NULL: it is in nobody's way */
} occupants[] = {
	{ "nothing", nothing, NULL },
	{ "ESTABLISHED", established, "1 ESTAB" },
	{ "CLOSE_WAIT", close_wait, "1 CLOSE-WAIT" },
	{ "FIN_WAIT1", fin_wait1, "1 FIN-WAIT-1" },
	{ "FIN_WAIT2", fin_wait2, "1 FIN-WAIT-2" },
	{ "FIN_WAIT1 orphan", orphan_in_fin_wait1, "1 FIN-WAIT-1" },
	{ "FIN_WAIT2 orphan", orphan, "1 FIN-WAIT-2" },
	{ "LAST_ACK orphan", last_ack, "1 LAST-ACK" },
	{ "TIME_WAIT", time_wait, "1 TIME-WAIT" },
	{ "not accepted", unaccepted, NULL },
	{ "not accepted, EOF unread", unaccepted_with_eof, NULL },
	{ "half open", half_open, NULL },
	{ "option set after accept()", option_set_too_late, "1 ESTAB" },
	{ "option cleared after accept()", option_cleared_too_late, "1 ESTAB" },
};

static const struct {
	const char *name;
	unsigned int with;
} settings[] = {
	{ "no option", 0 },
	{ "SO_REUSEADDR", ADDR },
	{ "SO_REUSEPORT", PORT },
	{ "both options", ADDR | PORT },
};

/* ---- the verdict and the truth ---- */

/* The binds that work now. */
static unsigned int try_binds(int family, uint16_t port)
{
	unsigned int works = 0;

	for (unsigned int with = PLAIN; with <= PORT; with++) {
		int fd = bound(family, port, with);

		if (fd >= 0)
			works |= BIND(with);
		else
			assert_int_equal(fd, -EADDRINUSE);
		if (fd >= 0)
			close(fd);
	}
	return works;
}

static const struct claim *claim_of(const char *text)
{
	for (size_t i = 0; i < COUNT(claims); i++)
		if (strstr(text, claims[i].words))
			return &claims[i];
	return NULL;
}

/* What `explain` says of the listener. The caller frees it. */
static char *verdict_on(int listener)
{
	json_t *document = tool_explain("-l", "-t", NULL);
	json_t *row;
	char *text;

	assert_non_null(document);
	row = document_row(document, inode_of(listener));
	check_row(row, json_is_string(row_get(row, "explain.restart")));
	text = strdup(json_string_value(row_get(row, "explain.restart")));
	json_decref(document);
	return text;
}

/* The same, once the last segments are through: an orphan has no descriptor to ask. */
static char *settled_verdict_on(int listener, const char *state)
{
	int64_t end = now_ms() + WAIT_MS;
	char *text = verdict_on(listener);

	while (state && !strstr(text, state) && nap_before(end)) {
		free(text);
		text = verdict_on(listener);
	}
	return text;
}

static void compare(const char *text, unsigned int works)
{
	const struct claim *claim = claim_of(text);

	if (!claim)
		fail_msg("no verdict that this test knows: %s", text);
	if ((works & claim->works) != claim->works || (works & claim->fails))
		fail_msg("said: %s; but a bind %s, with SO_REUSEADDR %s, with SO_REUSEPORT %s",
			 text, works & BIND(PLAIN) ? "works" : "fails",
			 works & BIND(ADDR) ? "works" : "fails",
			 works & BIND(PORT) ? "works" : "fails");
}

/* Without BPF nobody reads the options, and the verdicts are not known. */
static void need_options(void)
{
	struct listing listing;
	const char *why;
	bool known;

	assert_return_code(harness_list(&listing, "-l", "-t", NULL), 0);
	known = linger_by_bpf(&listing, &why);
	if (!known)
		print_message("# %s\n", why);
	listing_free(&listing);
	if (!known)
		skip();
}

struct restart_case {
	int family;
	const struct occupant *occupant;
	unsigned int with;
};

static void a_restart(void **state)
{
	const struct restart_case *c = *state;
	struct tcp_pair pair;
	char *text;

	need_options();
	open_pair(&pair, c->family, c->with);
	c->occupant->settle(&pair);
	text = settled_verdict_on(pair.listener, c->occupant->state);
	if (c->occupant->state && !strstr(text, c->occupant->state))
		fail_msg("'%s' is not in: %s", c->occupant->state, text);
	if (!c->occupant->state && strstr(text, "On its port"))
		fail_msg("nothing is in the way, but: %s", text);
	drop_fd(&pair.listener);
	compare(text, try_binds(c->family, pair.far_port));
	free(text);
	tcp_pair_close(&pair);
}

/* ---- other listeners, other holders ---- */

static void a_listener_beside_it(void **state)
{
	struct tcp_pair pair;
	char *text;
	int other;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, ADDR | PORT);
	assert_return_code(other = bound(AF_INET, pair.far_port, ADDR | PORT), 0);
	assert_return_code(listen(other, 8), 0);
	text = verdict_on(pair.listener);
	assert_non_null(strstr(text, "1 LISTEN"));
	drop_fd(&pair.listener);
	compare(text, try_binds(AF_INET, pair.far_port));
	free(text);
	close(other);
}

/* A copy of the descriptor keeps the port: the words must not promise more. */
static void a_second_descriptor(void **state)
{
	struct tcp_pair pair;
	char *text;
	int copy;

	(void)state;
	need_options();
	open_pair(&pair, AF_INET, ADDR);
	assert_return_code(copy = fcntl(pair.listener, F_DUPFD_CLOEXEC, 0), 0);
	text = verdict_on(pair.listener);
	assert_non_null(strstr(text, "Only when all 2 descriptors are closed"));
	drop_fd(&pair.listener);
	assert_int_equal(try_binds(AF_INET, pair.far_port), 0);
	close(copy);
	compare(text, try_binds(AF_INET, pair.far_port));
	free(text);
}

#define CASES  (2 * COUNT(occupants) * COUNT(settings))
#define OTHERS 2

int main(void)
{
	static struct restart_case cases[CASES];
	static struct CMUnitTest tests[CASES + OTHERS];
	static char names[CASES][80];
	size_t n = 0;

	harness_enter();
	for (; n < CASES; n++) {
		const struct occupant *o = &occupants[n / 2 / COUNT(settings)];
		size_t setting = n / 2 % COUNT(settings);
		int family = n % 2 ? AF_INET6 : AF_INET;

		cases[n] = (struct restart_case){ family, o, settings[setting].with };
		snprintf(names[n], sizeof(names[n]), "%s, listener with %s, on its port: %s",
			 family == AF_INET ? "inet" : "inet6", settings[setting].name, o->name);
		tests[n] = (struct CMUnitTest){ names[n], a_restart, NULL, NULL, &cases[n] };
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_listener_beside_it);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_second_descriptor);
	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
