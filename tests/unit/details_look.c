/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"

#include "unit/details_look.h"

#include <stdlib.h>
#include <string.h>

#include "unit/decode.h"

/* ---- a socket and its message ---- */

static char buf[4 * DIAG_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));

struct nlmsghdr *start(uint8_t state)
{
	struct inet_diag_msg msg = { .idiag_family = AF_INET,
				     .idiag_state = state,
				     .idiag_inode = 4711 };

	return diag_start(buf, SOCK_DIAG_BY_FAMILY, &msg);
}

struct socket take(const struct family *family, const struct nlmsghdr *nlh)
{
	struct socket sk;
	uint64_t bad = 0;
	void *copy;

	assert_int_equal(decode_exact(family, nlh, &sk, &bad, &copy), 0);
	sk.message = copy;
	sk.message_len = nlh->nlmsg_len;
	return sk;
}

void give_back(struct socket *sk)
{
	free((void *)sk->message);
}

/* ---- a sink that remembers ---- */

static void remember(struct detail_sink *sink, const struct detail *what,
		     const struct detail_value *value)
{
	struct seen *seen = (struct seen *)sink;

	assert_true(seen->count < VALUES_MAX);
	seen->what[seen->count] = what;
	seen->value[seen->count++] = *value;
}

struct seen look(const struct socket *sk, details_reader read, enum details_state want)
{
	struct seen seen = { .sink = { .take = remember } };

	assert_int_equal(read(sk, &seen.sink), want);
	return seen;
}

const struct detail_value *find(const struct seen *seen, const char *key)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->what[i]->key, key) == 0)
			return &seen->value[i];
	fail_msg("there is no '%s'", key);
	return NULL;
}

void expect(const struct seen *seen, const char *key, uint64_t number)
{
	const struct detail_value *v = find(seen, key);

	if (!v->known || v->number != number)
		fail_msg("%s is %s%llu, not %llu", key, v->known ? "" : "unknown ",
			 (unsigned long long)v->number, (unsigned long long)number);
}

void expect_unknown(const struct seen *seen, const char *key)
{
	if (find(seen, key)->known)
		fail_msg("%s is known", key);
}

static struct outbuf text;

/* Frees the one before. */
static void renew(void)
{
	outbuf_close(&text);
	assert_int_equal(outbuf_open(&text, -1), 0);
}

const char *text_of(const struct socket *sk,
		    void (*cell)(struct outbuf *b, const struct socket *sk,
				 const struct cell_context *cx),
		    bool exact)
{
	struct cell_context cx = { .exact = exact };

	renew();
	cell(&text, sk, &cx);
	outbuf_char(&text, '\0');
	return text.data;
}

const char *json_of(const struct socket *sk,
		    void (*value)(struct outbuf *b, const struct socket *sk))
{
	renew();
	value(&text, sk);
	outbuf_char(&text, '\0');
	return text.data;
}

void contains(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("'%s' is not in '%s'", part, all);
}

void lacks(const char *all, const char *part)
{
	if (strstr(all, part))
		fail_msg("'%s' is in '%s'", part, all);
}

struct nlmsghdr *start_with(const void *head, size_t length)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

	memset(buf, 0, sizeof(buf));
	nlh->nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	memcpy(NLMSG_DATA(nlh), head, length);
	return nlh;
}

struct socket with_info(uint8_t state, const uint8_t *info, size_t length)
{
	struct nlmsghdr *nlh = start(state);

	diag_attr(nlh, INET_DIAG_INFO, info, length);
	return take(&family_tcp, nlh);
}

void put_number(uint8_t *at, size_t size, uint64_t number)
{
	uint16_t v2 = (uint16_t)number;
	uint32_t v4 = (uint32_t)number;

	if (size == 1)
		*at = (uint8_t)number;
	else if (size == 2)
		memcpy(at, &v2, size);
	else if (size == 4)
		memcpy(at, &v4, size);
	else
		memcpy(at, &number, size);
}
