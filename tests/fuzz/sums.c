/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is counted: made-up sockets and a made-up machine through the groups, every section of
 * `summary`, the measures of `check` with those they blame, and the metrics. JSON is parsed back,
 * text is searched for bytes that steer a terminal, and no number is less than nothing.
 */
#include <math.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "fuzz/shown.h"
#include "measure/measures.h"
#include "measure/offenders.h"
#include "present/json.h"
#include "present/plugin.h"
#include "present/prometheus.h"
#include "present/summary.h"

#define SOCKETS   3
#define ALL_PARTS (COUNT_PORTS | COUNT_QUEUES | COUNT_LEAKS)

struct scene {
	struct made made[SOCKETS];
	size_t sockets;
	struct machine machine;
	struct counts counts;
	struct facts facts;
	struct summary summary;
};

/* --- made of the input -------------------------------------------------------------------------
 */

static int64_t take_limit(struct bytes *in)
{
	uint8_t how = take_u8(in);

	if (how < 0x40)
		return UNKNOWN;
	return how < 0xc0 ? how & 7 : (int64_t)(take_number(in, 8) >> 1);
}

static void make_machine(struct machine *m, struct bytes *in)
{
	int64_t *const values[] = { &m->tcp_in_use,
				    &m->tcp_allocated,
				    &m->orphans,
				    &m->time_wait_buckets,
				    &m->tcp_memory_bytes,
				    &m->tcp6_in_use,
				    &m->time_wait_buckets_max,
				    &m->orphans_max,
				    &m->tcp_memory_pressure_bytes,
				    &m->tcp_memory_max_bytes,
				    &m->backlog_max };

	machine_init(m);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		*values[i] = take_limit(in);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		m->counters[i] = take_limit(in);
	m->ports.known = take_u8(in) & 1;
	m->ports.low = take_u16(in);
	m->ports.high = take_u16(in);
	if (m->ports.low > m->ports.high)
		m->ports.high = UINT16_MAX;
}

static void count_sockets(struct scene *s, struct bytes *in)
{
	size_t keys;
	const struct group_by *table = group_table(&keys);
	const struct count_request request = { .parts = ALL_PARTS,
					       .by = &table[take_u8(in) % keys],
					       .keep = 2,
					       .range = &s->machine.ports };

	MUST(counts_open(&s->counts, &request) == 0);
	facts_init(&s->facts, &s->counts);
	s->facts.machine = s->machine;
	s->facts.dumped = take_u8(in) & 1;
	s->sockets = take_below(in, SOCKETS + 1);
	for (size_t i = 0; i < s->sockets; i++) {
		make_socket(&s->made[i], in);
		MUST(counts_add(&s->counts, &s->made[i].sk) == 0);
		facts_add(&s->facts, &s->made[i].sk);
	}
	counts_finish(&s->counts);
	CHECK(s->counts.tally.sockets == s->sockets);
}

static void make_scene(struct scene *s, struct bytes *in)
{
	uint8_t how = take_u8(in);

	make_machine(&s->machine, in);
	count_sockets(s, in);
	s->summary = (struct summary){ .counts = &s->counts,
				       .machine = &s->machine,
				       .recorded = how & 1,
				       .narrowed = how & 2,
				       .judged = how & 4,
				       .numeric = how & 8,
				       .netids = (1u << NETID_COUNT) - 1,
				       .top = how >> 6,
				       .names = plain_look()->options.cells.names };
	s->summary.look.utf8 = how & 16;
	s->summary.look.width = how & 32 ? 80 : 0;
}

/* --- summary -----------------------------------------------------------------------------------
 */

static void check_groups(const struct groups *groups, size_t sockets)
{
	uint64_t in_one = 0;

	CHECK(groups_count(groups) > 0 || sockets == 0);
	for (size_t i = 0; i < groups_count(groups); i++) {
		const struct group *group;

		groups_item(groups, i, &group);
		CHECK(group->sockets > 0 && group->sockets <= sockets);
		CHECK(i == 0 || group->sockets <= in_one);
		in_one = group->sockets;
	}
}

static void check_summary_json(const struct scene *s)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);
	struct run_result result = plain_look()->result;
	struct outbuf b;

	MUST(outbuf_open(&b, -1) == 0);
	result.tally = &s->counts.tally;
	result.judged = s->summary.judged;
	outbuf_char(&b, '{');
	json_summary(&b, &result);
	summary_groups_json(&b, &s->summary);
	for (size_t i = 0; i < n; i++)
		sections[i].json(&b, &s->summary);
	outbuf_char(&b, '}');
	json_decref(read_json(b.data, b.len));
	outbuf_close(&b);
}

/* Lines: a line feed is the tool's, everything between is checked. */
static void check_lines(const struct outbuf *b, bool utf8)
{
	const char *at = b->data, *end = b->data + b->len, *next;

	CHECK(b->error == 0);
	for (; at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		CHECK(next != NULL);
		check_printable(at, (size_t)(next - at), utf8);
	}
}

static void check_summary_text(const struct scene *s)
{
	size_t n;
	const struct summary_section *sections = summary_sections(&n);
	struct outbuf b;

	MUST(outbuf_open(&b, -1) == 0);
	b.ascii = !s->summary.look.utf8;
	summary_groups_text(&b, &s->summary);
	for (size_t i = 0; i < n; i++)
		sections[i].text(&b, &s->summary);
	check_lines(&b, s->summary.look.utf8);
	outbuf_close(&b);
}

/* --- check and metrics -------------------------------------------------------------------------
 */

static void check_blame(const struct scene *s, const struct measure *measure)
{
	struct offenders *offenders = offenders_new(measure, &s->machine.ports, false);

	MUST(offenders != NULL);
	for (size_t i = 0; i < s->sockets; i++)
		MUST(offenders_add(offenders, &s->made[i].sk) == 0);
	offenders_finish(offenders);
	for (size_t i = 0; i < offenders_count(offenders); i++) {
		const struct offender_entry *entry;
		const char *label = offenders_item(offenders, i, &entry);

		CHECK(*label && entry->weight > 0);
		check_printable(label, strlen(label), true);
	}
	offenders_free(offenders);
}

static void check_measures(const struct scene *s)
{
	static struct thresholds none;
	struct plugin_report report = { .thresholds = &none };
	size_t n;
	const struct measure *measures = measure_table(&n);
	struct outbuf b;

	for (size_t i = 0; i < n; i++) {
		struct measured value = measure_get(&measures[i], &s->facts);

		CHECK(!isnan(value.least) && !isnan(value.most) && value.least <= value.most);
		CHECK(value.least >= 0 || isinf(value.least));
		report.values[i] = value;
		report.measured[i] = true;
		check_blame(s, &measures[i]);
	}
	MUST(outbuf_open(&b, -1) == 0);
	plugin_line(&b, &report);
	plugin_details(&b, &report);
	check_lines(&b, false);
	outbuf_close(&b);
}

/* A line is a comment, or a name, labels and a finite number. */
static void check_metrics(const struct scene *s)
{
	const struct prometheus_facts facts = { .counts = &s->counts,
						.machine = &s->machine,
						.netids = s->summary.netids,
						.complete = true,
						.time = 1.5e9,
						.run_seconds = 0.1 };
	char *line, *rest, *end;
	struct outbuf b;

	MUST(outbuf_open(&b, -1) == 0);
	prometheus_write(&b, &facts);
	check_lines(&b, false);
	outbuf_char(&b, '\0');
	for (line = strtok_r(b.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *number = strrchr(line, ' ');

		if (*line == '#')
			continue;
		CHECK(strncmp(line, "lingerstat_", 11) == 0 && number != NULL);
		CHECK(isfinite(strtod(number + 1, &end)) && *end == '\0');
	}
	outbuf_close(&b);
}

void fuzz_sums(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct scene *s = calloc(1, sizeof(*s));

	MUST(s != NULL);
	make_scene(s, &in);
	check_groups(s->counts.groups, s->sockets);
	check_summary_json(s);
	check_summary_text(s);
	check_measures(s);
	check_metrics(s);
	counts_close(&s->counts);
	free(s);
}
