/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check`: a monitoring plugin. One line with the worst first and performance data, then who is
 * behind it. Whatever goes wrong is UNKNOWN, on standard output: a monitoring system reads
 * nothing else.
 */
#include "cmd/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmd/capture.h"
#include "cmd/cmd.h"
#include "plan/rights.h"

static enum result print_help(void)
{
	fputs("lingerstat check compares counts of sockets with thresholds, for a monitoring\n"
	      "system or cron: one line, performance data, exit status 0, 1, 2 or 3.\n"
	      "\n"
	      "Examples:\n"
	      "  lingerstat check                          against the default thresholds\n"
	      "  lingerstat check -w time_wait=20000 -c time_wait=50000\n"
	      "  lingerstat check -c close_wait_silent_seconds=600 'sport = :8080'\n"
	      "  lingerstat check -q                       for cron: silent when OK\n"
	      "\n"
	      "Usage: lingerstat check [OPTION]... [FILTER]\n"
	      "       check_lingerstat [OPTION]... [FILTER]\n"
	      "\n",
	      stdout);
	options_help(&check_table);
	fputs("\n"
	      "RANGE is START:END; what is beyond it alerts: 10 is 0:10, 10: has no end, ~:10\n"
	      "no start; @10:20 alerts inside.  --measures lists the names.\n"
	      "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.  See lingerstat-check(8).\n",
	      stdout);
	return RESULT_PLUGIN_OK;
}

static enum result print_measures(void)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++)
		printf("%-25s %-1s %s\n", measures[i].name, measures[i].uom, measures[i].help);
	return RESULT_PLUGIN_OK;
}

static enum result print_version(void)
{
	common_version();
	return RESULT_PLUGIN_OK;
}

/* --- the result ------------------------------------------------------------------------------ */

/* Whoever runs plugins shows their first line; this one takes no memory. */
static enum result say_no_memory(void)
{
	static const char line[] = "LINGERSTAT UNKNOWN: memory was short\n";

	if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		message("cannot write to standard output: %s", strerror(errno));
	return RESULT_PLUGIN_UNKNOWN;
}

/* One write: a reader sees all or nothing. */
static enum result print_all(struct outbuf *b, enum verdict verdict)
{
	struct outbuf out;
	int err = b->error ? b->error : outbuf_open(&out, STDOUT_FILENO);

	if (err)
		return say_no_memory();
	outbuf_put(&out, b->data, b->len);
	err = outbuf_close(&out);
	if (err)
		message("cannot write to standard output: %s", strerror(-err));
	return err ? RESULT_PLUGIN_UNKNOWN : RESULT_PLUGIN_OK + (enum result)verdict;
}

static bool says_nothing(const struct check_options *o, const struct check *c)
{
	return o->quiet && c->report.verdict == VERDICT_OK;
}

/* `said`: the messages of the run, or NULL. */
static enum result print_report(const struct check *c, const char *said)
{
	const struct check_options *o = c->options;
	struct outbuf b;
	enum result result;

	if (says_nothing(o, c))
		return RESULT_PLUGIN_OK;
	if (outbuf_open(&b, -1) < 0)
		return say_no_memory();
	plugin_line(&b, &c->report);
	check_put_blame(&b, c);
	if (o->verbose)
		plugin_details(&b, &c->report);
	if (said && (o->verbose || c->report.verdict != VERDICT_OK))
		plugin_text(&b, said);
	result = print_all(&b, c->report.verdict);
	outbuf_close(&b);
	return result;
}

/* The first message is why; the rest follow. */
static enum result print_failure(const char *said)
{
	char why[512];
	struct outbuf b;
	enum result result;
	size_t len = said ? strcspn(said, "\n") : 0;

	if (outbuf_open(&b, -1) < 0)
		return say_no_memory();
	snprintf(why, sizeof(why), "%.*s", (int)len, said ? said : "");
	plugin_unknown(&b, said ? why : "it could not be measured");
	if (said && said[len])
		plugin_text(&b, said + len + 1);
	result = print_all(&b, VERDICT_UNKNOWN);
	outbuf_close(&b);
	return result;
}

static enum result measure_and_print(const struct check_options *o, struct capture *capture)
{
	struct check check;
	int err = check_measure(&check, o);
	enum result result;
	char *said;

	if (!err && check.report.verdict != VERDICT_OK)
		check_blame(&check);
	rights_keep(RIGHTS_NOTHING);
	deadline_stop(&check.deadline);
	said = capture_end(capture);
	result = err ? print_failure(said) : print_report(&check, said);
	free(said);
	check_close(&check);
	return result;
}

static enum result check_run(int argc, char **argv)
{
	struct check_options o;
	struct capture capture;
	enum result result;
	char *said;

	check_options_init(&o);
	capture_start(&capture);
	if (check_options_parse(&o, argc, argv)) {
		said = capture_end(&capture);
		result = print_failure(said);
		free(said);
	} else if (o.common.help) {
		result = print_help();
	} else if (o.common.version) {
		result = print_version();
	} else if (o.list_measures) {
		result = print_measures();
	} else {
		result = measure_and_print(&o, &capture);
	}
	common_free(&o.common);
	free(capture_end(&capture));
	return result;
}

const struct command command_check = {
	.name = "check",
	.summary = "a monitoring plugin: thresholds, performance data, exit status",
	.run = check_run,
	.options = &check_table,
};
