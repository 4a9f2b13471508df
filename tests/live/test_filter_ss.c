/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters against ss: the same expression must choose the same sockets of a zoo, but for the
 * differences that filter_rows.c lists, each with its reason; and what --explain-filter calls the
 * kernel's work must not reach this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chosen.h"
#include "filter_rows.h"
#include "harness.h"
#include "tcp.h"
#include "tool.h"
#include "zoo.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define INET     FILTER_ROWS_INET
#define TRIES    3 /* a socket may change its state between two runs */

static void assert_ran(int err, const char *program)
{
	if (err)
		fail_msg("%s cannot be run: %s", program, strerror(-err));
}

static bool agree(const char *options, const char *expression, bool last)
{
	struct chosen ours, theirs;
	bool equal;

	assert_ran(chosen_by_ss(&theirs, options, expression), "ss");
	assert_ran(chosen_by_tool(&ours, options, expression), "lingerstat");
	equal = !ours.refused && !theirs.refused && chosen_same(&ours, &theirs);
	if (!equal && last) {
		printf("# %s '%s': %zu here, %zu by ss\n", options, expression, ours.count,
		       theirs.count);
		chosen_print_difference("lingerstat", &ours, "ss", &theirs);
	}
	chosen_free(&ours);
	chosen_free(&theirs);
	return equal;
}

/* Where /etc/services is missing both refuse its names. */
static bool needs_services(const char *expression)
{
	return strstr(expression, ":ssh") || strstr(expression, ":domain");
}

static void the_same_expressions_choose_the_same(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < same_count; i++) {
		bool equal = needs_services(same_rows[i].expression) && !getservbyname("ssh", NULL);

		assert_return_code(zoo_refresh(), 0);
		for (int try = 1; !equal && try <= TRIES; try++)
			equal = agree(same_rows[i].options, same_rows[i].expression, try == TRIES);
		failed += !equal;
	}
	printf("# %zu expressions, %zu of them not the same\n", same_count, failed);
	assert_true(same_count >= 80);
	assert_int_equal(failed, 0);
}

/* The sets must tell expressions apart, or agreement would say little. */
static void the_zoo_is_wide_enough(void **state)
{
	size_t empty = 0, everything = 0, whole;
	struct chosen all;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	assert_ran(chosen_by_tool(&all, INET, ""), "lingerstat");
	whole = all.count;
	chosen_free(&all);
	for (size_t i = 0; i < same_count; i++) {
		struct chosen ours;

		assert_ran(chosen_by_tool(&ours, same_rows[i].options, same_rows[i].expression),
			   "lingerstat");
		empty += ours.count == 0;
		everything += strcmp(same_rows[i].options, INET) == 0 && ours.count == whole;
		chosen_free(&ours);
	}
	printf("# %zu internet sockets; of %zu expressions %zu choose none and %zu all of them\n",
	       whole, same_count, empty, everything);
	assert_true(whole > 100);
	assert_true(empty <= 3 && everything <= 12);
}

/* What ss would be asked to get what is chosen here. */
static void choose_as_meant(struct chosen *meant, const struct difference *d)
{
	struct chosen plus;

	assert_ran(chosen_by_ss(meant, d->same_options ? d->same_options : d->options, d->same_as),
		   "ss");
	if (!d->plus)
		return;
	assert_ran(chosen_by_ss(&plus, d->plus, ""), "ss");
	chosen_add(meant, &plus);
	chosen_free(&plus);
}

static bool related(const struct chosen *ours, const struct chosen *meant, enum relation relation)
{
	if (ours->refused || meant->refused)
		return false;
	if (relation == MORE)
		return chosen_within(meant, ours) && ours->count > meant->count;
	if (!chosen_within(ours, meant))
		return false;
	if (relation == NO_MORE)
		return true;
	return (ours->count < meant->count) == (relation == FEWER);
}

static bool as_listed(const struct difference *d, bool last)
{
	struct chosen ours, theirs, meant = { 0 };
	bool holds;

	assert_ran(chosen_by_tool(&ours, d->options, d->expression), "lingerstat");
	assert_ran(chosen_by_ss(&theirs, d->options, d->expression), "ss");
	if (d->same_as)
		choose_as_meant(&meant, d);
	else
		chosen_add(&meant, &theirs);
	holds = related(&ours, &meant, d->relation);
	if (!holds && last) {
		printf("# %s '%s': %zu here\n", d->options, d->expression, ours.count);
		chosen_print_difference("lingerstat", &ours, "ss", &meant);
	}
	/* Another ss may have mended its way. */
	if (holds && !theirs.refused && chosen_same(&ours, &theirs))
		printf("# not different with this kernel and ss: %s '%s'\n", d->options,
		       d->expression);
	chosen_free(&ours);
	chosen_free(&theirs);
	chosen_free(&meant);
	return holds;
}

static void differences_are_those_listed(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < difference_count; i++) {
		bool holds = false;

		assert_return_code(zoo_refresh(), 0);
		for (int try = 1; !holds && try <= TRIES; try++)
			holds = as_listed(&difference_rows[i], try == TRIES);
		failed += !holds;
		assert_true(*difference_rows[i].why);
	}
	assert_int_equal(failed, 0);
}

/* A name is all its addresses; ss takes those of IPv4. */
static void names_mean_both_versions(void **state)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct chosen ours, theirs;
	bool v4 = false, v6 = false;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	if (getaddrinfo("localhost", NULL, &hints, &found) != 0) {
		print_message("# nobody here knows localhost\n");
		skip();
	}
	for (struct addrinfo *one = found; one; one = one->ai_next) {
		v4 = v4 || one->ai_family == AF_INET;
		v6 = v6 || one->ai_family == AF_INET6;
	}
	freeaddrinfo(found);
	assert_ran(chosen_by_tool(&ours, INET, "dst localhost"), "lingerstat");
	assert_ran(chosen_by_ss(&theirs, INET,
				!v6   ? "dst 127.0.0.1"
				: !v4 ? "dst [::1]"
				      : "dst 127.0.0.1 or dst [::1]"),
		   "ss");
	assert_true(ours.count > 0 && chosen_same(&ours, &theirs));
	chosen_free(&ours);
	chosen_free(&theirs);
}

/* ---- who decides ---- */

/* Socket messages that reach the program, counted by strace. Nothing is
 * shown that needs owners, as then a look goes before whether there is anything to ask for. */
static int messages_received(const char *expression)
{
	const char *words[] = { "strace",
				"-v",
				"-s1",
				"-e",
				"trace=recvmsg,recvfrom",
				getenv("LINGERSTAT"),
				"-H",
				"-t",
				"-a",
				"-Cnetid,state",
				expression,
				NULL };
	struct tool_run run;
	int count = 0;

	assert_return_code(tool_run_traced(&run, words), 0);
	if (run.status != 0)
		fail_msg("'%s': status %d", expression, run.status);
	for (const char *at = run.errors; (at = strstr(at, "idiag_state=")); at++)
		count++;
	tool_free(&run);
	return count;
}

static size_t chosen_count(const char *expression)
{
	struct chosen c;
	size_t count;

	assert_ran(chosen_by_tool(&c, "-t -a", expression), "lingerstat");
	if (c.refused)
		fail_msg("'%s': %s", expression, c.errors);
	count = c.count;
	chosen_free(&c);
	return count;
}

/* As many messages as the kernel's part alone chooses: not one that it was to decide. */
static const struct {
	const char *expression;
	const char *kernel, *here; /* as --explain-filter has them */
	const char *arrives;       /* what reaches the program */
} shares[] = {
	{ "sport = 8080", "sport = 8080", "nothing", "sport = 8080" },
	{ "not (dst 127.0.0.1 or sport > 9090) sport != 8080",
	  "(not ((dst = 127.0.0.1 or sport > 9090)) and sport != 8080)", "nothing",
	  "not (dst 127.0.0.1 or sport > 9090) sport != 8080" },
	{ "state closing", "nothing", "nothing", "state closing" },
	{ "state time-wait state closing or state last-ack", "nothing", "nothing",
	  "state time-wait or state closing or state last-ack" },
	{ "!autobound dev lo", "(not (autobound) and dev = lo)", "nothing", "dev lo !autobound" },
	{ "exclude bucket autobound", "autobound", "nothing", "state big autobound" },
	{ "recvq > 0", "nothing", "recvq > 0", "" },
	{ "sport = 8080 and recvq > 0", "sport = 8080", "recvq > 0", "sport = 8080" },
	{ "recvq > 0 state established and dport = 8080 and sendq = 0", "dport = 8080",
	  "recvq > 0 and sendq = 0", "state established dport = 8080" },
	{ "state close-wait and unread > 0", "nothing", "unread > 0", "state close-wait" },
	{ "sport = 8080 or recvq > 0", "nothing", "(sport = 8080 or recvq > 0)", "" },
	{ "state listening sport = 8080 or state time-wait recvq = 0", "nothing",
	  "((state = listening and sport = 8080) or (state = time-wait and recvq = 0))",
	  "state listening state time-wait" },
	{ "exclude listening and fwmark = 0x15", "nothing", "fwmark = 0x15", "exclude listening" },
};

static void assert_explained(const char *command, size_t i)
{
	const char *words[] = { "lingerstat",         command, "--explain-filter", "-t", "-a",
				shares[i].expression, NULL };
	char expected[512];
	struct tool_run run;

	assert_int_equal(tool_run(&run, words), 0);
	assert_int_equal(run.status, 0);
	snprintf(expected, sizeof(expected), "\nkernel decides:    %s\ndecided here:      %s\n",
		 shares[i].kernel, shares[i].here);
	if (!strstr(run.output, expected))
		fail_msg("%s '%s' says:\n%s", command, shares[i].expression, run.output);
	tool_free(&run);
}

static void the_kernel_decides_what_is_said_to_be_its(void **state)
{
	size_t whole = chosen_count("");

	(void)state;
	if (!tool_traceable())
		skip();
	for (size_t i = 0; i < COUNT(shares); i++) {
		size_t arrives = 0;
		int messages = -1;

		assert_return_code(zoo_refresh(), 0);
		for (int try = 0; try < TRIES && (messages < 0 || (size_t)messages != arrives);
		     try++) {
			messages = messages_received(shares[i].expression);
			arrives = chosen_count(shares[i].arrives);
		}
		assert_explained("list", i);
		assert_explained("explain", i);
		printf("# '%s': %d messages for %zu rows, of %zu sockets\n", shares[i].expression,
		       messages, chosen_count(shares[i].expression), whole);
		if (messages < 0 || (size_t)messages != arrives)
			fail_msg("'%s': %d messages instead of %zu", shares[i].expression, messages,
				 arrives);
	}
}

/* ---- explain FILTER ---- */

static void explain_takes_a_filter(void **state)
{
	json_t *document = tool_explain("-t", "-a", "-n", "state listening and sport = 8080", NULL);
	json_t *row = json_array_get(json_object_get(document, "sockets"), 0);
	char *text = tool_explain_text("-t", "-a", "-n", "state listening and sport = 8080", NULL);

	(void)state;
	assert_non_null(document);
	assert_int_equal(json_array_size(json_object_get(document, "sockets")), 1);
	check_row(row, row_is_int(row, "local.port", 8080));
	check_row(row, row_is_text(row, "state", "listen"));
	check_row(row, json_is_object(row_get(row, "explain")));
	assert_non_null(text);
	assert_non_null(strstr(text, "8080"));
	assert_null(strstr(text, "9090"));
	free(text);
	json_decref(document);
}

static void explain_says_where_a_filter_is_wrong(void **state)
{
	const char *words[] = { "lingerstat", "explain", "sport = 8080 andd dport = 1", NULL };
	struct tool_run run;

	(void)state;
	assert_int_equal(tool_run(&run, words), 0);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.output, "");
	assert_non_null(strstr(run.errors, "column 14"));
	assert_non_null(strstr(run.errors, "'andd'"));
	assert_null(strchr(strchr(run.errors, '\n') + 1, '\n'));
	tool_free(&run);
}

/* ---- what ss cannot ask ---- */

/* Two ways to ask for the same, which is something. */
static void assert_same(const char *options, const char *expression, const char *other)
{
	struct chosen a, b;

	assert_ran(chosen_by_tool(&a, options, expression), "lingerstat");
	assert_ran(chosen_by_tool(&b, options, other), "lingerstat");
	if (a.refused || !a.count || !chosen_same(&a, &b)) {
		chosen_print_difference(expression, &a, other, &b);
		fail_msg("'%s' and '%s' choose %zu and %zu", expression, other, a.count, b.count);
	}
	chosen_free(&a);
	chosen_free(&b);
}

static void holders_queues_and_kinds(void **state)
{
	char pid[64], user[64];

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	snprintf(pid, sizeof(pid), "pid = %d", (int)getpid());
	snprintf(user, sizeof(user), "user = %u", geteuid());
	assert_same("-t -a", pid, "inode > 0");
	assert_same("-t -a", "comm = *filter_ss", "not inode = 0");
	assert_same("-t -a", "comm != *filter_ss", "inode = 0");
	assert_same("-t -a", user, "uid >= 0");
	assert_same("-t -a", "unread >= 100", "recvq >= 100 exclude listening");
	assert_same("-t -a", "unsent > 4k or not unsent > 4k", "unsent >= 0");
	assert_same("-t -u -a", "netid udp", "not netid tcp");
	assert_same("-t -u -x -a", "netid u_dgr or netid u_seq",
		    "not (netid tcp or netid udp or netid u_str)");
	assert_same("-t -a", "reason orphan",
		    "inode = 0 and (state fin-wait-1 or state fin-wait-2)");
	assert_same("-t -a", "idle >= 0ms", "not idle < 0ms");
	/* Unknown is one of the words, so nothing falls through. */
	assert_same("-t -a", "linger on or linger off or linger none or linger unknown", "");
}

static void linger_as_it_was_set(void **state)
{
	struct tcp_pair pair;
	struct listing listing;
	struct chosen zero, seven, unknown;
	char left_out[64];
	const char *why;
	bool known;

	(void)state;
	assert_return_code(zoo_refresh(), 0);
	assert_return_code(tcp_pair_open(&pair, AF_INET, 0), 0);
	assert_return_code(tcp_set_linger(pair.near, true, 0), 0);
	assert_return_code(tcp_set_linger(pair.far, true, 7), 0);
	assert_return_code(harness_list(&listing, "-t", NULL), 0);
	known = linger_by_bpf(&listing, &why);
	listing_free(&listing);
	assert_ran(chosen_by_tool(&zero, "-t -a", "linger = 0"), "lingerstat");
	assert_ran(chosen_by_tool(&seven, "-t -a", "linger > 6s linger < 8 linger on"),
		   "lingerstat");
	assert_int_equal(zero.count, known);
	assert_int_equal(seven.count, known);
	assert_true(!known || !chosen_same(&zero, &seven));
	/* What nobody knows is left out, and that is said: without BPF, and of the zoo's
	 * connections that nobody accepted. */
	assert_ran(chosen_by_tool(&unknown, "-t -a", "linger unknown"), "lingerstat");
	snprintf(left_out, sizeof(left_out), "%zu sockets are left out", unknown.count);
	assert_non_null(strstr(zero.errors, left_out));
	assert_null(strstr(unknown.errors, "left out"));
	chosen_free(&unknown);
	chosen_free(&zero);
	chosen_free(&seven);
	tcp_pair_close(&pair);
}

/* ---- bound and idle ---- */

/* Kernels from 6.8 list a TCP socket that is bound and nothing else under a state of its own
 * (TCP_BOUND_INACTIVE), which ss asks for only in later versions. */
static void a_bound_socket_is_closed(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4444) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct chosen by_state, by_port, both;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_ran(chosen_by_tool(&by_port, "-t -a", "sport = 4444"), "lingerstat");
	if (by_port.count == 0) {
		chosen_free(&by_port);
		close(fd);
		printf("# this kernel does not list bound and idle sockets\n");
		skip();
	}
	assert_ran(chosen_by_tool(&by_state, "-t -a", "state closed"), "lingerstat");
	assert_ran(chosen_by_tool(&both, "-t", "state unconnected sport = 4444"), "lingerstat");
	assert_int_equal(by_port.count, 1);
	assert_true(chosen_same(&by_port, &by_state) && chosen_same(&by_port, &both));
	chosen_free(&by_port);
	chosen_free(&by_state);
	chosen_free(&both);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_expressions_choose_the_same),
		cmocka_unit_test(the_zoo_is_wide_enough),
		cmocka_unit_test(differences_are_those_listed),
		cmocka_unit_test(names_mean_both_versions),
		cmocka_unit_test(the_kernel_decides_what_is_said_to_be_its),
		cmocka_unit_test(explain_takes_a_filter),
		cmocka_unit_test(explain_says_where_a_filter_is_wrong),
		cmocka_unit_test(holders_queues_and_kinds),
		/* Last: these add sockets. */
		cmocka_unit_test(linger_as_it_was_set),
		cmocka_unit_test(a_bound_socket_is_closed),
	};
	char directory[] = "/tmp/lingerstat-zoo-XXXXXX";
	const char *why = "a directory";
	int failed, err;

	harness_enter();
	if (system("command -v ss >/dev/null") != 0) {
		puts("1..0 # SKIP ss is not installed");
		return 0;
	}
	err = mkdtemp(directory) ? zoo_open(directory, &why) : -1;
	if (err) {
		printf("Bail out! the zoo lacks %s: %s\n", why, strerror(-err));
		return 99;
	}
	failed = cmocka_run_group_tests_name("filters against ss", tests, NULL, NULL);
	zoo_close(directory);
	return failed;
}
