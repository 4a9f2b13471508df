/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "present/escape.h"

const struct column_list *all_columns(void)
{
	static struct column_list list;
	const struct column *table = column_table(&list.count);

	for (size_t i = 0; i < list.count; i++)
		list.items[i] = &table[i];
	return &list;
}

const struct look *plain_look(void)
{
	static const struct owners_status owners;
	static const struct dump_report dump;
	static const struct tally tally;
	static struct look look;

	if (look.options.columns)
		return &look;
	look = (struct look){
		.options = { .columns = all_columns(), .header = true, .utf8 = true },
		.info = { .owners = &owners, .source = "replay" },
		.result = { .tally = &tally, .dump = &dump, .complete = true, .judged = true },
	};
	look.options.cells.names = names_new(false, false);
	MUST(look.options.cells.names != NULL);
	return &look;
}

static const struct writer_format *format_of(const char *name)
{
	const struct writer_format *formats;
	size_t count;

	formats = writer_formats(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

void show(struct outbuf *b, const char *format, const struct look *look, const struct socket *sks,
	  size_t count)
{
	struct writer *w;

	MUST(outbuf_open(b, -1) == 0);
	w = format_of(format)->open(b, &look->options);
	MUST(w != NULL);
	if (w->begin)
		w->begin(w, &look->info);
	for (size_t i = 0; i < count; i++)
		w->row(w, &sks[i]);
	if (w->end)
		w->end(w, &look->result);
	w->free(w);
	CHECK(b->error == 0);
}

void show_row(struct outbuf *b, const struct socket *sk)
{
	struct writer *w;

	MUST(outbuf_open(b, -1) == 0);
	w = format_of("ndjson")->open(b, &plain_look()->options);
	MUST(w != NULL);
	w->row(w, sk);
	w->free(w);
}

/* --- JSON: parsed back, and the values that are cheap to compare -------------------------------
 */

json_t *read_json(const char *text, size_t n)
{
	json_error_t error;
	json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!json)
		fprintf(stderr, "%s, byte %d of: %.*s\n", error.text, error.position, (int)n, text);
	CHECK(json != NULL);
	return json;
}

static void check_number(const json_t *row, const char *key, int64_t value)
{
	const json_t *found = json_object_get(row, key);

	if (value == UNKNOWN)
		CHECK(json_is_null(found));
	else
		CHECK(json_is_integer(found) && json_integer_value(found) == value);
}

static size_t decode_base64(const char *text, char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0, held = 0;
	size_t n = 0;

	for (; *text && *text != '='; text++) {
		const char *digit = strchr(digits, *text);

		CHECK(digit != NULL);
		bits = bits << 6 | (unsigned int)(digit - digits);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		to[n++] = (char)(bits >> held);
	}
	return n;
}

/* Bytes come back: as they are, or from the base64 beside. */
static void check_bytes(const json_t *object, const char *key, const char *bytes, size_t n)
{
	const json_t *text = json_object_get(object, key), *base64;
	char name[64], *decoded;

	snprintf(name, sizeof(name), "%s_base64", key);
	base64 = json_object_get(object, name);
	CHECK(json_is_string(text));
	if (!base64) {
		CHECK(json_string_length(text) == n);
		CHECK(memcmp(json_string_value(text), bytes, n) == 0);
		return;
	}
	decoded = malloc(json_string_length(base64) + 1);
	MUST(decoded != NULL);
	CHECK(decode_base64(json_string_value(base64), decoded) == n);
	CHECK(memcmp(decoded, bytes, n) == 0);
	free(decoded);
}

static void check_holders(const json_t *row, const struct socket *sk)
{
	const json_t *list = json_object_get(row, "holders");

	if (sk->holders.known == HOLDERS_UNKNOWN && sk->inode != 0) {
		CHECK(json_is_null(list));
		return;
	}
	CHECK(json_array_size(list) == sk->holders.count);
	for (uint32_t i = 0; i < sk->holders.count; i++) {
		const struct holder *h = &sk->holders.items[i];
		const json_t *holder = json_array_get(list, i);

		check_number(holder, "pid", h->pid);
		check_number(holder, "fd", h->fd);
		if (*h->comm)
			check_bytes(holder, "comm", h->comm, strlen(h->comm));
		else
			CHECK(json_is_null(json_object_get(holder, "comm")));
	}
}

static void check_row(const json_t *row, const struct socket *sk)
{
	const json_t *local = json_object_get(row, "local"), *cookie;
	char text[32];

	check_number(row, "recv_queue", socket_recv_queue(sk));
	check_number(row, "send_queue", socket_send_queue(sk));
	check_number(row, "unread_bytes", sk->unread_bytes);
	check_number(row, "outstanding_bytes", sk->outstanding_bytes);
	check_number(row, "inode", sk->inode);
	check_number(row, "uid", sk->uid_known ? (int64_t)sk->uid : UNKNOWN);
	check_number(json_object_get(row, "close"), "loss_max_bytes", sk->close.loss_max_bytes);
	cookie = json_object_get(row, "cookie");
	snprintf(text, sizeof(text), "%" PRIx64, sk->cookie);
	CHECK(sk->cookie ? strcmp(json_string_value(cookie), text) == 0 : json_is_null(cookie));
	check_holders(row, sk);
	if (socket_is_inet(sk) && sk->netid != NETID_RAW)
		check_number(local, "port", sk->local.port);
	if (sk->family == AF_UNIX && sk->un.name)
		check_bytes(local, "path", sk->un.name, sk->un.name_len);
	if (sk->family == AF_UNIX && !sk->un.name)
		CHECK(json_is_null(json_object_get(local, "path")));
}

static void check_summary(const json_t *summary, const struct look *look)
{
	const json_t *complete = json_object_get(summary, "complete");

	CHECK(json_is_boolean(complete) && json_boolean_value(complete) == look->result.complete);
	check_number(summary, "malformed_attributes", (int64_t)look->result.dump->bad_attrs);
}

void check_json(const struct look *look, const struct socket *sks, size_t count)
{
	struct outbuf b;
	json_t *json, *rows;

	show(&b, "json", look, sks, count);
	json = read_json(b.data, b.len);
	rows = json_object_get(json, "sockets");
	CHECK(json_object_get(json, "header") != NULL);
	CHECK(json_is_array(rows) && json_array_size(rows) == count);
	for (size_t i = 0; i < count; i++)
		check_row(json_array_get(rows, i), &sks[i]);
	check_summary(json_object_get(json, "summary"), look);
	json_decref(json);
	outbuf_close(&b);
}

/* A header, a line a socket, a summary. */
void check_ndjson(const struct look *look, const struct socket *sks, size_t count)
{
	struct outbuf b;
	const char *at, *end;

	show(&b, "ndjson", look, sks, count);
	at = b.data;
	for (size_t line = 0; line < count + 2; line++) {
		json_t *json;

		end = memchr(at, '\n', b.len - (size_t)(at - b.data));
		CHECK(end != NULL);
		json = read_json(at, (size_t)(end - at));
		if (line > 0 && line <= count)
			check_row(json, &sks[line - 1]);
		if (line > count)
			check_summary(json, look);
		json_decref(json);
		at = end + 1;
	}
	CHECK(at == b.data + b.len);
	outbuf_close(&b);
}

/* --- text --------------------------------------------------------------------------------------
 */

static bool steers(unsigned int point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c ||
	       (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void check_printable(const char *text, size_t n, bool utf8)
{
	for (size_t i = 0; i < n;) {
		unsigned int point = 0;
		size_t length = utf8_sequence(text + i, n - i, &point);

		CHECK(length > 0);
		CHECK(utf8 || point < 0x7f);
		CHECK(!steers(point));
		i += length;
	}
}

/* Reads one field of RFC 4180 and gives what follows it: a comma or a carriage return. */
static const char *read_field(const char *at, const char *end, struct outbuf *field)
{
	bool quoted = at < end && *at == '"';

	field->len = 0;
	if (!quoted) {
		while (at < end && *at != ',' && *at != '\r') {
			CHECK(*at != '"' && *at != '\n');
			outbuf_char(field, *at++);
		}
		return at;
	}
	for (at++; at < end; at++) {
		if (*at == '"' && (at + 1 == end || at[1] != '"'))
			return at + 1;
		at += *at == '"';
		outbuf_char(field, *at);
	}
	return end;
}

static void check_field(const struct look *look, const struct column *column,
			const struct socket *sk, const struct outbuf *field)
{
	struct cell_context cells = look->options.cells;
	struct outbuf cell;

	MUST(outbuf_open(&cell, -1) == 0);
	cells.exact = true;
	if (sk)
		column->cell(&cell, sk, &cells);
	else
		outbuf_str(&cell, column->name);
	CHECK(cell.len == field->len && memcmp(cell.data, field->data, cell.len) == 0);
	check_printable(field->data, field->len, true);
	outbuf_close(&cell);
}

static const char *check_record(const struct look *look, const struct socket *sk, const char *at,
				const char *end)
{
	const struct column_list *columns = look->options.columns;
	struct outbuf field;

	MUST(outbuf_open(&field, -1) == 0);
	for (size_t i = 0; i < columns->count; i++) {
		at = read_field(at, end, &field);
		check_field(look, columns->items[i], sk, &field);
		CHECK(at < end && *at == (i + 1 < columns->count ? ',' : '\r'));
		at++;
	}
	CHECK(at < end && *at == '\n');
	outbuf_close(&field);
	return at + 1;
}

void check_csv(const struct look *look, const struct socket *sks, size_t count)
{
	const char *at, *end;
	struct outbuf b;

	show(&b, "csv", look, sks, count);
	at = b.data;
	end = at + b.len;
	if (look->options.header)
		at = check_record(look, NULL, at, end);
	for (size_t i = 0; i < count; i++) {
		at = check_record(look, &sks[i], at, end);
		for (uint32_t k = 0; k < sks[i].subflows.count; k++) {
			const struct socket row = socket_subflow(&sks[i], k);

			at = check_record(look, &row, at, end);
		}
	}
	CHECK(at == end);
	outbuf_close(&b);
}

static size_t rows_of(const struct socket *sks, size_t count)
{
	size_t rows = count;

	for (size_t i = 0; i < count; i++)
		rows += sks[i].subflows.count;
	return rows;
}

/* Without a terminal's width a row is a line, and its details are one behind a tab. */
void check_table(const struct look *look, const struct socket *sks, size_t count)
{
	size_t rows = rows_of(sks, count), lines = 0;
	const char *at, *end, *next;
	struct outbuf b;

	show(&b, "table", look, sks, count);
	end = b.data + b.len;
	for (at = b.data; at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		CHECK(next != NULL);
		lines++;
		at += *at == '\t';
		check_printable(at, (size_t)(next - at), look->options.utf8);
	}
	if (look->options.width == 0)
		CHECK(lines == look->options.header + look->options.tally +
				       (look->options.oneline ? rows : 2 * rows));
	outbuf_close(&b);
}
