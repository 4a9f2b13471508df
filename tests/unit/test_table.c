/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table's layout where details stand beneath the rows: on a terminal, in a pipe, in one line,
 * alone, and on both sides of the rows that are held back to find the widths.
 */
#include "config.h"

#include "unit/unit.h"

#include <stdio.h>
#include <locale.h>
#include <string.h>

#include "present/address.h"
#include "present/writer.h"

#define ROWS 600 /* more than twice what the table holds back */

static struct outbuf out;

/* A socket whose timer has something to say, or not. */
static struct socket make(unsigned int i, bool timer)
{
	struct socket sk;

	socket_init(&sk);
	sk.family = AF_INET;
	sk.netid = NETID_TCP;
	sk.state = STATE_ESTABLISHED;
	sk.inode = i;
	sk.timer = timer ? TIMER_KEEPALIVE : TIMER_OFF;
	sk.timer_ms = 1500;
	return sk;
}

/* A table of so many rows, every other with a timer. */
static const char *table(const char *columns, unsigned int width, bool oneline, unsigned int rows)
{
	struct column_list list = { 0 };
	struct writer_options options = {
		.columns = &list, .header = true, .oneline = oneline, .width = width
	};
	struct run_result result = { 0 };
	struct writer *w;
	char bad[16];

	outbuf_close(&out);
	assert_int_equal(outbuf_open(&out, -1), 0);
	assert_int_equal(column_list_parse(&list, columns, bad, sizeof(bad)), 0);
	w = table_open(&out, &options);
	assert_non_null(w);
	for (unsigned int i = 0; i < rows; i++) {
		struct socket sk = make(i + 1, i % 2);

		w->row(w, &sk);
	}
	w->end(w, &result);
	w->free(w);
	outbuf_char(&out, '\0');
	return out.data;
}

static void in_a_pipe_a_line_begins_with_a_tab(void **state)
{
	(void)state;
	assert_string_equal(table("inode,timer", 0, false, 2),
			    "INODE\n"
			    "    1\n"
			    "\ttimer: -\n"
			    "    2\n"
			    "\ttimer: name=keepalive remaining=1500ms\n");
	assert_string_equal(table("timer,inode,memory", 0, false, 1), "INODE\n"
								      "    1\n"
								      "\ttimer: - memory: ?\n");
}

/* Nothing is said of what there is none of; what is not known is. */
static void on_a_terminal_a_paragraph_is_wrapped(void **state)
{
	(void)state;
	assert_string_equal(table("inode,timer", 32, false, 2), "INODE\n"
								"    1\n"
								"    2\n"
								" timer      name=keepalive\n"
								"            remaining=1500ms\n");
	assert_string_equal(table("inode,memory", 80, false, 1), "INODE\n"
								 "    1\n"
								 " memory     ?\n");
}

static void in_one_line_there_is_one(void **state)
{
	static const unsigned int widths[] = { 0, 80 };

	(void)state;
	for (size_t i = 0; i < COUNT(widths); i++)
		assert_string_equal(table("inode,timer,memory", widths[i], true, 2),
				    "INODE\n"
				    "    1 timer: - memory: ?\n"
				    "    2 timer: name=keepalive remaining=1500ms memory: ?\n");
	assert_string_equal(table("inode", 0, true, 1), "INODE\n    1\n");
}

static void details_alone(void **state)
{
	(void)state;
	assert_string_equal(table("timer", 0, false, 2),
			    "timer: -\n"
			    "timer: name=keepalive remaining=1500ms\n");
	assert_string_equal(table("timer", 0, true, 1), "timer: -\n");
	assert_string_equal(table("timer", 80, false, 2),
			    " timer      name=keepalive remaining=1500ms\n");
}

/* The rows held back and those that flow, all with their own. */
static void every_row_has_its_own(void **state)
{
	const char *at = table("inode,timer", 0, false, ROWS);

	(void)state;
	assert_memory_equal(at, "INODE\n", 6);
	at += 6;
	for (unsigned int i = 1; i <= ROWS; i++) {
		char want[80];
		int n = snprintf(want, sizeof(want), "%5u\n\ttimer: %s\n", i,
				 i % 2 ? "-" : "name=keepalive remaining=1500ms");

		assert_memory_equal(at, want, (size_t)n);
		at += n;
	}
	assert_int_equal(*at, '\0');
}

/* A terminal that is narrower than the margin is no reason to loop or to lose words. */
static void a_narrow_terminal_loses_nothing(void **state)
{
	(void)state;
	for (unsigned int width = 1; width < 40; width++) {
		const char *text = table("inode,timer", width, false, 2);

		assert_non_null(strstr(text, "name=keepalive"));
		assert_non_null(strstr(text, "remaining=1500ms"));
	}
}

/* A table with one packet socket, so that its end has a long last part, and one holder. */
static const char *narrow_of(const char *comm, const char *columns, unsigned int width)
{
	struct holder holder = { .pid = 12920, .fd = 3, .comm = comm, .tid = 12920 };
	struct column_list list = { 0 };
	struct writer_options options = { .columns = &list, .width = width };
	struct run_result result = { 0 };
	struct writer *w;
	struct socket sk;
	char bad[16];

	options.utf8 = strcmp(comm, "python3") != 0;
	socket_init(&sk);
	sk.family = AF_PACKET;
	sk.netid = NETID_PACKET_RAW;
	sk.state = STATE_CLOSE;
	sk.inode = 12345;
	sk.ifindex = 7;
	sk.interface = "veth-abc";
	sk.packet.protocol = 65000;
	sk.holders = (struct holder_list){ HOLDERS_COMPLETE, 1, &holder };
	options.cells.all_holders = true;
	options.cells.names = names_new(false, false);
	assert_non_null(options.cells.names);
	outbuf_close(&out);
	assert_int_equal(outbuf_open(&out, -1), 0);
	assert_int_equal(column_list_parse(&list, columns, bad, sizeof(bad)), 0);
	w = table_open(&out, &options);
	assert_non_null(w);
	w->row(w, &sk);
	w->end(w, &result);
	w->free(w);
	names_free(options.cells.names);
	outbuf_char(&out, '\0');
	return out.data;
}

static const char *narrow(const char *columns, unsigned int width)
{
	return narrow_of("python3", columns, width);
}

/* Half of the last part would read as another port, device or service. */
static void the_last_part_of_an_end_is_kept_whole(void **state)
{
	(void)state;
	assert_string_equal(narrow("local,inode", 0), "[65000]:veth-abc 12345\n");
	assert_string_equal(narrow("local,inode", 22), "[65000]:veth-abc 12345\n");
	assert_string_equal(narrow("local,inode", 21), "[6500>:veth-abc 12345\n");
	assert_string_equal(narrow("local,inode", 18), "[6>:veth-abc 12345\n");
}

static void the_mark_stands_where_something_is_missing(void **state)
{
	(void)state;
	assert_string_equal(narrow("process,inode", 0), "python3/12920(fd 3) 12345\n");
	assert_string_equal(narrow("process,inode", 22), "python3/12920>   12345\n");
	assert_string_equal(narrow("process,inode", 18), "pytho>/12920 12345\n");
}

#define WIDE  "\xe6\xbc\xa2" /* takes two columns */
#define ABOVE "e\xcc\x81"    /* two characters in one column */
#define MARK  "\xe2\x80\xa6"

static void a_cut_cell_is_as_wide_as_its_column(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_string_equal(narrow_of(WIDE WIDE WIDE WIDE WIDE, "process,inode", 0),
			    WIDE WIDE WIDE WIDE WIDE "/12920(fd 3) 12345\n");
	/* 12 columns: four, the mark, six, and one in which nothing fits. */
	assert_string_equal(narrow_of(WIDE WIDE WIDE WIDE WIDE, "process,inode", 18),
			    WIDE WIDE MARK "/12920  12345\n");
	assert_string_equal(narrow_of(WIDE WIDE WIDE WIDE WIDE, "process,inode", 19),
			    WIDE WIDE WIDE MARK "/12920 12345\n");
	assert_string_equal(
		narrow_of(ABOVE ABOVE ABOVE ABOVE ABOVE ABOVE ABOVE, "process,inode", 18),
		ABOVE ABOVE ABOVE ABOVE ABOVE MARK "/12920 12345\n");
	setlocale(LC_CTYPE, "C");
}

static void nothing_is_cut_where_that_is_not_enough(void **state)
{
	(void)state;
	assert_string_equal(narrow("local,inode", 17), "[65000]:veth-abc 12345\n");
	assert_string_equal(narrow("local,process", 20), "[65000]:veth-abc python3/12920(fd 3)\n");
	/* But what is wider than the terminal by itself. */
	assert_string_equal(narrow("local,process", 18), "[65000]:veth-abc python3/12920>\n");
}

static void a_name_says_more_than_its_inode(void **state)
{
	struct column_list list = { 0 };
	struct writer_options options = { .columns = &list, .width = 18 };
	struct run_result result = { 0 };
	struct writer *w;
	struct socket sk;
	char bad[16];

	(void)state;
	socket_init(&sk);
	sk.family = AF_UNIX;
	sk.netid = NETID_UNIX_STREAM;
	sk.state = STATE_LISTEN;
	sk.inode = 12345;
	sk.un.name = "/run/dbus/system_bus_socket";
	sk.un.name_len = strlen(sk.un.name);
	options.cells.names = names_new(false, false);
	outbuf_close(&out);
	assert_int_equal(outbuf_open(&out, -1), 0);
	assert_int_equal(column_list_parse(&list, "local,inode", bad, sizeof(bad)), 0);
	w = table_open(&out, &options);
	w->row(w, &sk);
	w->end(w, &result);
	w->free(w);
	names_free(options.cells.names);
	outbuf_char(&out, '\0');
	assert_string_equal(out.data, "/run/dbus/s> 12345\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_pipe_a_line_begins_with_a_tab),
		cmocka_unit_test(on_a_terminal_a_paragraph_is_wrapped),
		cmocka_unit_test(in_one_line_there_is_one),
		cmocka_unit_test(details_alone),
		cmocka_unit_test(every_row_has_its_own),
		cmocka_unit_test(a_narrow_terminal_loses_nothing),
		cmocka_unit_test(the_last_part_of_an_end_is_kept_whole),
		cmocka_unit_test(the_mark_stands_where_something_is_missing),
		cmocka_unit_test(a_cut_cell_is_as_wide_as_its_column),
		cmocka_unit_test(nothing_is_cut_where_that_is_not_enough),
		cmocka_unit_test(a_name_says_more_than_its_inode),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
