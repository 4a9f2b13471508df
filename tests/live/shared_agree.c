/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When two texts of a shared column agree, and where the two programs are known to differ. */
#include "config.h"

#include "shared_columns.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- agreement ---- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : strcmp(a, b) == 0;
}

/* Nothing is 0. */
static double number(const char *text)
{
	return text ? strtod(text, NULL) : 0;
}

static bool between(const char *before, const char *text, const char *after)
{
	return number(before) <= number(text) && number(text) <= number(after);
}

/* The same "(...)" items in any order. */
static bool same_items(const char *text, const char *theirs)
{
	char item[SHARED_TEXT];
	size_t length;

	if (!text || !theirs)
		return text == theirs;
	if (strlen(text) != strlen(theirs))
		return false;
	for (const char *at = text + 1; (at = strchr(at, '(')); at += length) {
		length = strcspn(at, ")") + 1;
		if (length >= sizeof(item))
			return false;
		memcpy(item, at, length);
		item[length] = '\0';
		if (!strstr(theirs, item))
			return false;
	}
	return true;
}

struct timer {
	char name[16];
	int64_t least, most; /* milliseconds that the text may stand for */
	int retransmits;
};

/*
 * ss writes `940ms`, `1.940ms` for 1,940 milliseconds, `58sec` for 58,000 to 58,999 and from ten
 * minutes on whole minutes; 0 is nothing at all.
 */
static bool read_time(const char *text, struct timer *t)
{
	long value, unit_ms[2] = { 60000, 1000 };
	char *end;

	t->least = t->most = 0;
	for (; *text; text = end) {
		value = strtol(text, &end, 10);
		if (end == text)
			return false;
		if (strncmp(end, "ms", 2) == 0) {
			t->least += value;
			t->most = t->least;
			end += 2;
		} else if (strncmp(end, "min", 3) == 0) {
			t->least += value * unit_ms[0];
			t->most = t->least + (value > 9 ? unit_ms[0] - 1 : unit_ms[1] - 1);
			end += 3;
		} else if (strncmp(end, "sec", 3) == 0) {
			t->least += value * unit_ms[1];
			t->most = t->least + unit_ms[1] - 1;
			end += 3;
		} else if (*end == '.') {
			t->least += value * unit_ms[1];
			t->most = t->least;
			end++;
		} else {
			return false;
		}
	}
	return true;
}

static bool read_timer(const char *text, struct timer *t)
{
	char time[32] = "";

	*t = (struct timer){ 0 };
	if (!text)
		return true;
	if (sscanf(text, "(%15[^,],%31[^,],%d)", t->name, time, &t->retransmits) != 3 &&
	    sscanf(text, "(%15[^,],,%d)", t->name, &t->retransmits) != 2)
		return false;
	return read_time(time, t);
}

static bool same_timer(const char *text, const char *before, const char *after)
{
	struct timer ours, first, last;
	char *end;

	if (!text || !before || !after)
		return !text && !before && !after;
	if (!read_timer(before, &first) || !read_timer(after, &last) ||
	    sscanf(text, "(%15[^,],", ours.name) != 1)
		return false;
	ours.least = strtol(strchr(text, ',') + 1, &end, 10);
	ours.retransmits = atoi(end + 1);
	return strcmp(ours.name, first.name) == 0 && strcmp(ours.name, last.name) == 0 &&
	       ours.retransmits == first.retransmits && ours.retransmits == last.retransmits &&
	       last.least <= ours.least && ours.least <= first.most;
}

bool shared_agrees(const struct shared_column *column, const char *text,
		   const struct ss_line *before, const struct ss_line *after)
{
	const char *first = ss_line_text(before, column->name);
	const char *last = ss_line_text(after, column->name);

	if (column->how == TIMER)
		return same_timer(text, first, last);
	if (column->how == GROWS)
		return between(first, text, last);
	if (strcmp(column->name, "users") == 0)
		return same_items(text, first);
	return same_text(text, first) || same_text(text, last);
}

/* ---- known differences ---- */

static bool is_text(const struct ss_line *line, const char *name, const char *text)
{
	return same_text(ss_line_text(line, name), text);
}

static bool is_unix(const json_t *row)
{
	return row_is_text(row, "family", "unix");
}

static bool has_path(const json_t *row)
{
	return json_is_integer(row_get(row, "extended.path_device_major"));
}

/* The kernel's word has twenty bits of minor number; makedev() has eight, and others above. */
static bool is_taken_apart_wrongly(const json_t *row, const struct ss_line *line)
{
	uint32_t word = (uint32_t)json_integer_value(row_get(row, "extended.path_device_major"))
				<< 20 |
			(uint32_t)json_integer_value(row_get(row, "extended.path_device_minor"));
	char text[64];

	snprintf(text, sizeof(text), "%u/%u", (word >> 8) & 0xfff,
		 (word & 0xff) | ((word >> 12) & 0xfff00));
	return is_text(line, "dev", text);
}

static bool has_sent_no_data(const json_t *row)
{
	return row_is_text(row, "state", "syn_sent");
}

/* All three are the age of the machine, as they are counted from 0. */
static bool are_all_the_same_age(const json_t *row, const struct ss_line *line)
{
	const char *age = ss_line_text(line, "lastsnd");

	(void)row;
	return age && is_text(line, "lastrcv", age) && is_text(line, "lastack", age);
}

static bool has_named_peer(const json_t *row)
{
	return is_unix(row) && json_is_string(row_get(row, "peer.path"));
}

static bool is_a_star(const json_t *row, const struct ss_line *line)
{
	(void)row;
	return is_text(line, "peer", "*");
}

static bool is_another_user(const json_t *row)
{
	return is_unix(row) && json_integer_value(row_get(row, "uid")) != 0;
}

static bool is_left_out(const json_t *row, const struct ss_line *line)
{
	(void)row;
	return is_text(line, "uid", NULL);
}

static bool has_no_group_there(const json_t *row, const struct ss_line *line)
{
	(void)row;
	return is_text(line, "cgroup", NULL);
}

static bool is_listener_with_waiting(const json_t *row)
{
	return row_is_text(row, "state", "listen") &&
	       json_integer_value(row_get(row, "info.accept_queue_connections")) > 0;
}

static bool counts_connections(const json_t *row, const struct ss_line *line)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld",
		 (long long)json_integer_value(row_get(row, "info.accept_queue_connections")));
	return is_text(line, "unacked", text) && is_text(line, "recv-q", text);
}

const struct known_difference known_differences[] = {
	{ "dev", has_path, is_taken_apart_wrongly,
	  "ss reads the kernel's device number as one of the C library's" },
	{ "lastsnd", has_sent_no_data, are_all_the_same_age,
	  "nothing was sent: the kernel counts from 0 and ss prints the age of the machine" },
	{ "lastrcv", has_sent_no_data, are_all_the_same_age, "as lastsnd" },
	{ "lastack", has_sent_no_data, are_all_the_same_age, "as lastsnd" },
	{ "peer", has_named_peer, is_a_star,
	  "the name of the other end is looked up here; ss only has its inode" },
	{ "uid", is_another_user, is_left_out, "ss does not show the user of a unix socket" },
	{ "cgroup", is_unix, has_no_group_there,
	  "the kernel does not tell of unix sockets; here it is read by BPF" },
	{ "unacked", is_listener_with_waiting, counts_connections,
	  "of a listener the kernel puts connections there, which are no segments" },
};

const size_t known_count = COUNT(known_differences);
