/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writers: made-up sockets with hostile names through JSON, ndjson, CSV, the table and the
 * sentences of `explain`. Everything is parsed back; see shown.h.
 */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "fuzz/shown.h"

#define SOCKETS   3
#define TEXTS     4
#define TEXT_SIZE 64

/* What a run is and how it looks, with the texts that it points to. */
struct scene {
	struct look look;
	struct explain_context explain;
	struct owners_status owners;
	struct dump_report dump;
	struct tally tally;
	char texts[TEXTS][TEXT_SIZE + 1];
};

static const char *take_name(struct bytes *in, char to[TEXT_SIZE + 1])
{
	size_t length;
	const uint8_t *piece = take_piece(in, TEXT_SIZE, &length);

	memcpy(to, piece, length);
	to[length] = '\0';
	return length ? to : NULL;
}

static void make_options(struct scene *s, struct bytes *in)
{
	struct writer_options *o = &s->look.options;
	uint8_t how = take_u8(in);

	o->header = how & 1;
	o->oneline = how & 2;
	o->utf8 = how & 4;
	o->tally = how & 8;
	o->cells.all_holders = how & 16;
	o->cells.threads = how & 32;
	o->live = how & 64;
	o->explain = how & 128 ? &s->explain : NULL;
	o->width = take_u8(in);
	s->explain.names = o->cells.names;
}

static void make_run(struct scene *s, struct bytes *in)
{
	struct run_info *i = &s->look.info;
	struct run_result *r = &s->look.result;

	i->host = take_name(in, s->texts[0]);
	i->kernel = take_name(in, s->texts[1]);
	i->netns_name = take_name(in, s->texts[2]);
	i->time.tv_sec = take_u32(in);
	i->netns = take_u32(in);
	i->missing_netids = take_u32(in) & ((1u << NETID_COUNT) - 1);
	s->owners = (struct owners_status){ .holders = (enum owners_source)take_below(in, 3),
					    .linger = (enum linger_source)take_below(in, 3),
					    .unreadable = take_u16(in) };
	s->dump.bad_attrs = take_u16(in);
	r->problem = take_name(in, s->texts[3]);
	r->complete = !r->problem;
	r->judged = take_u8(in) & 1;
	r->undecided = take_u16(in);
}

static void make_scene(struct scene *s, struct bytes *in)
{
	*s = (struct scene){ .look = *plain_look() };
	s->look.info.owners = &s->owners;
	s->look.result.dump = &s->dump;
	s->look.result.tally = &s->tally;
	make_options(s, in);
	make_run(s, in);
}

/* A paragraph: lines of text, wrapped by the tool alone. */
static void check_explained(const struct scene *s, const struct socket *sk)
{
	struct outbuf b;

	MUST(outbuf_open(&b, -1) == 0);
	b.ascii = !s->look.options.utf8;
	explain_text(&b, sk, &s->explain);
	CHECK(b.error == 0);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\n')
			b.data[i] = ' ';
	check_printable(b.data, b.len, s->look.options.utf8);
	outbuf_close(&b);
}

void fuzz_output(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const struct look *look, const struct socket *sks,
				      size_t count) = { check_json, check_ndjson, check_csv,
							check_table };
	struct bytes in = { data, size };
	uint32_t which = take_below(&in, 4);
	struct made *made = calloc(SOCKETS, sizeof(*made));
	struct socket sks[SOCKETS];
	struct scene scene;
	size_t count;

	MUST(made != NULL);
	make_scene(&scene, &in);
	count = take_below(&in, SOCKETS + 1);
	for (size_t i = 0; i < count; i++) {
		make_socket(&made[i], &in);
		sks[i] = made[i].sk;
		tally_add(&scene.tally, &sks[i], true);
		check_explained(&scene, &sks[i]);
	}
	checks[which](&scene.look, sks, count);
	free(made);
}
