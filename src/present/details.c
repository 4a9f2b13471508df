/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/details.h"

#include "present/escape.h"
#include "source/details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Values on their way into a buffer. */
struct put {
	struct detail_sink sink; /* first: the sink is cast back to this */
	struct outbuf *b;
	bool any; /* something was written */
};

static void separate(struct put *p, char separator)
{
	if (p->any)
		outbuf_char(p->b, separator);
	p->any = true;
}

/* ---- for people ---- */

/* A number of thousandths, without zeros at its end. */
static void put_thousandths(struct outbuf *b, uint64_t v)
{
	unsigned int rest = (unsigned int)(v % 1000);
	int digits = 3;

	outbuf_u64(b, v / 1000);
	if (!rest)
		return;
	while (rest % 10 == 0) {
		rest /= 10;
		digits--;
	}
	outbuf_printf(b, ".%0*u", digits, rest);
}

static void put_ms(struct outbuf *b, uint64_t ms)
{
	if (ms < 10000) {
		outbuf_u64(b, ms);
		outbuf_str(b, "ms");
		return;
	}
	put_thousandths(b, ms);
	outbuf_char(b, 's');
}

/* The milliseconds' fraction goes where it would not be read anyway. */
static void put_us(struct outbuf *b, uint64_t us)
{
	if (us >= 10000000) {
		put_ms(b, us / 1000);
		return;
	}
	put_thousandths(b, us);
	outbuf_str(b, "ms");
}

static void put_bytes(struct outbuf *b, uint64_t v)
{
	outbuf_u64(b, v);
	outbuf_char(b, 'B');
}

static void put_segments(struct outbuf *b, uint64_t v)
{
	outbuf_u64(b, v);
	outbuf_str(b, "seg");
}

/* Three digits are enough of a rate. */
static void put_rate(struct outbuf *b, uint64_t v)
{
	static const char *const units[] = {
		"B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s", "EB/s"
	};
	double shown = (double)v;
	size_t i = 0;

	while (shown >= 999.5 && i + 1 < ARRAY_SIZE(units)) {
		shown /= 1000;
		i++;
	}
	outbuf_printf(b, "%.3g%s", shown, units[i]);
}

static void put_mask(struct outbuf *b, uint64_t v)
{
	outbuf_str(b, "0x");
	outbuf_hex(b, v);
}

static void put_256ths(struct outbuf *b, uint64_t v)
{
	outbuf_printf(b, "%.3g", (double)v / 256);
}

static void put_1024ths(struct outbuf *b, uint64_t v)
{
	outbuf_printf(b, "%.3g", (double)v / 1024);
}

static void (*const unit_writers[UNIT_COUNT])(struct outbuf *b, uint64_t v) = {
	[UNIT_NONE] = outbuf_u64,   [UNIT_BYTES] = put_bytes,       [UNIT_MS] = put_ms,
	[UNIT_US] = put_us,         [UNIT_SEGMENTS] = put_segments, [UNIT_RATE] = put_rate,
	[UNIT_256THS] = put_256ths, [UNIT_1024THS] = put_1024ths,   [UNIT_MASK] = put_mask,
};

/* Escaped, and without spaces: they part one value from the next. */
static void put_text(struct outbuf *b, const char *s, size_t n)
{
	while (n) {
		const char *space = memchr(s, ' ', n);
		size_t len = space ? (size_t)(space - s) : n;

		escape_text(b, s, len);
		if (!space)
			return;
		outbuf_str(b, "\\x20");
		s += len + 1;
		n -= len + 1;
	}
}

static void put_list(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	const char *between = what->kind == DETAIL_LINES ? "; " : ",";

	for (size_t i = 0; i < v->number; i++) {
		if (i)
			outbuf_str(b, between);
		v->item(b, v->source, i);
	}
}

/* The list in one word. */
static void put_lines_exact(struct outbuf *b, const struct detail_value *v)
{
	struct outbuf line;

	if (outbuf_open(&line, -1) == 0)
		for (size_t i = 0; i < v->number; i++) {
			line.len = 0;
			v->item(&line, v->source, i);
			if (i)
				outbuf_char(b, ';');
			put_text(b, line.data, line.len);
		}
	if (line.error)
		outbuf_fail(b, line.error);
	outbuf_close(&line);
}

static void put_word(struct outbuf *b, const struct detail_value *v)
{
	if (v->text)
		outbuf_str(b, v->text);
	else
		outbuf_u64(b, v->number);
}

/* The name without its unit, which the value has. */
static void put_label(struct outbuf *b, const struct detail *what)
{
	const char *suffix = detail_unit_suffix(what->unit);
	size_t len = strlen(what->key), end = strlen(suffix);

	if (end && end < len && strcmp(what->key + len - end, suffix) == 0)
		len -= end;
	outbuf_put(b, what->key, len);
}

static void put_value(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	if (what->kind == DETAIL_WORD)
		put_word(b, v);
	else if (what->kind == DETAIL_TEXT)
		put_text(b, v->text, v->len);
	else if (what->kind == DETAIL_HEX)
		put_mask(b, v->number);
	else if (what->kind == DETAIL_WORDS || what->kind == DETAIL_NUMBERS ||
		 what->kind == DETAIL_LINES)
		put_list(b, what, v);
	else
		unit_writers[what->unit](b, v->number);
}

static bool is_idle(const struct detail *what, const struct detail_value *v)
{
	return what->kind == DETAIL_TEXT ? v->len == 0 : v->number == 0;
}

static void take_for_people(struct detail_sink *sink, const struct detail *what,
			    const struct detail_value *v)
{
	struct put *p = (struct put *)sink;

	if (!v->known || (is_idle(what, v) && !what->always))
		return;
	separate(p, ' ');
	put_label(p->b, what);
	if (what->kind == DETAIL_FLAG)
		return;
	outbuf_char(p->b, '=');
	put_value(p->b, what, v);
}

/* ---- for programs ---- */

static void take_exact(struct detail_sink *sink, const struct detail *what,
		       const struct detail_value *v)
{
	struct put *p = (struct put *)sink;

	separate(p, ' ');
	outbuf_str(p->b, what->key);
	outbuf_char(p->b, '=');
	if (!v->known)
		outbuf_char(p->b, '?');
	else if (what->kind == DETAIL_FLAG)
		outbuf_str(p->b, v->number ? "true" : "false");
	else if (what->kind == DETAIL_NUMBER)
		outbuf_u64(p->b, v->number);
	else if (what->kind == DETAIL_LINES)
		put_lines_exact(p->b, v);
	else
		put_value(p->b, what, v);
}

static void json_list(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	const char *quote = what->kind == DETAIL_NUMBERS ? "" : "\"";

	outbuf_char(b, '[');
	for (size_t i = 0; i < v->number; i++) {
		if (i)
			outbuf_char(b, ',');
		outbuf_str(b, quote);
		v->item(b, v->source, i);
		outbuf_str(b, quote);
	}
	outbuf_char(b, ']');
}

/* Bytes that are no UTF-8 stand beside in base64, as in every other text. */
static void json_text(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	if (escape_json(b, v->text, v->len))
		return;
	outbuf_printf(b, ",\"%s_base64\":\"", what->key);
	escape_base64(b, v->text, v->len);
	outbuf_char(b, '"');
}

static void json_quoted(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	outbuf_char(b, '"');
	if (what->kind == DETAIL_HEX)
		outbuf_hex(b, v->number);
	else
		put_word(b, v);
	outbuf_char(b, '"');
}

static void json_flag(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	(void)what;
	outbuf_str(b, v->number ? "true" : "false");
}

static void json_number(struct outbuf *b, const struct detail *what, const struct detail_value *v)
{
	(void)what;
	outbuf_u64(b, v->number);
}

static void (*const json_writers[])(struct outbuf *b, const struct detail *what,
				    const struct detail_value *v) = {
	[DETAIL_NUMBER] = json_number, [DETAIL_FLAG] = json_flag,      [DETAIL_WORD] = json_quoted,
	[DETAIL_TEXT] = json_text,     [DETAIL_DECIMAL] = json_quoted, [DETAIL_HEX] = json_quoted,
	[DETAIL_WORDS] = json_list,    [DETAIL_NUMBERS] = json_list,   [DETAIL_LINES] = json_list,
};

static void take_json(struct detail_sink *sink, const struct detail *what,
		      const struct detail_value *v)
{
	struct put *p = (struct put *)sink;

	outbuf_char(p->b, p->any ? ',' : '{');
	p->any = true;
	outbuf_char(p->b, '"');
	outbuf_str(p->b, what->key);
	outbuf_str(p->b, "\":");
	if (v->known)
		json_writers[what->kind](p->b, what, v);
	else
		outbuf_str(p->b, "null");
}

/* ---- the columns ---- */

static void put_cell(struct outbuf *b, const struct socket *sk, details_reader read, bool exact)
{
	struct put p = { { .take = exact ? take_exact : take_for_people }, b, false };
	enum details_state state = read(sk, &p.sink);

	if (!p.any)
		outbuf_char(b, state == DETAILS_UNKNOWN ? '?' : '-');
}

static void put_json(struct outbuf *b, const struct socket *sk, details_reader read)
{
	struct put p = { { .take = take_json }, b, false };

	read(sk, &p.sink);
	outbuf_str(b, p.any ? "}" : "null");
}

#define DETAILS(name)                                       \
	CELL(name)                                          \
	{                                                   \
		put_cell(b, sk, details_##name, cx->exact); \
	}                                                   \
	VALUE(name)                                         \
	{                                                   \
		put_json(b, sk, details_##name);            \
	}

DETAILS(info)
DETAILS(memory)
DETAILS(timer)
DETAILS(extended)
DETAILS(sockopt)
DETAILS(tos)
DETAILS(bpf)
DETAILS(tipc)

/* ---- single numbers ---- */

static void put_one(struct outbuf *b, enum details_state state, int64_t number)
{
	if (state == DETAILS_GIVEN)
		outbuf_i64(b, number);
	else
		outbuf_char(b, state == DETAILS_UNKNOWN ? '?' : '-');
}

static void json_one(struct outbuf *b, enum details_state state, int64_t number)
{
	if (state == DETAILS_GIVEN)
		outbuf_i64(b, number);
	else
		outbuf_str(b, "null");
}

#define ONE(name, get)                                       \
	CELL(name)                                           \
	{                                                    \
		int64_t number = UNKNOWN;                    \
		enum details_state state = get(sk, &number); \
                                                             \
		(void)cx;                                    \
		put_one(b, state, number);                   \
	}                                                    \
	VALUE(name)                                          \
	{                                                    \
		int64_t number = UNKNOWN;                    \
		enum details_state state = get(sk, &number); \
                                                             \
		json_one(b, state, number);                  \
	}

#define ONE_OF(name, read, key)                                                        \
	static enum details_state get_##name(const struct socket *sk, int64_t *number) \
	{                                                                              \
		return details_one(sk, read, key, number);                             \
	}                                                                              \
	ONE(name, get_##name)

ONE_OF(rtt, details_info, "rtt_us")
ONE_OF(total_retrans, details_info, "total_retrans_segments")
ONE_OF(cwnd, details_info, "snd_cwnd_segments")
ONE_OF(delivery_rate, details_info, "delivery_rate_bytes_per_second")
ONE_OF(drops, details_memory, "drops")

static enum details_state get_idle(const struct socket *sk, int64_t *number)
{
	bool has_none = sk->state == STATE_LISTEN || sk->queue_unit == QUEUE_NONE;

	*number = socket_idle_ms(sk);
	if (*number != UNKNOWN)
		return DETAILS_GIVEN;
	return has_none || sk->netid != NETID_TCP ? DETAILS_NONE : DETAILS_UNKNOWN;
}

static enum details_state get_timer_ms(const struct socket *sk, int64_t *number)
{
	if (sk->timer == TIMER_OFF)
		return DETAILS_NONE;
	return details_one(sk, details_timer, "remaining_ms", number);
}

static enum details_state get_mark(const struct socket *sk, int64_t *number)
{
	*number = sk->mark;
	if (*number != UNKNOWN)
		return DETAILS_GIVEN;
	return sk->queue_unit == QUEUE_NONE ? DETAILS_NONE : DETAILS_UNKNOWN;
}

ONE(idle, get_idle)
ONE(timer_ms, get_timer_ms)
ONE(mark, get_mark)
