/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/plugin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void plugin_text(struct outbuf *b, const char *text)
{
	for (const char *bar; (bar = strchr(text, '|')); text = bar + 1) {
		outbuf_put(b, text, (size_t)(bar - text));
		outbuf_char(b, '!');
	}
	outbuf_str(b, text);
}

void plugin_number(struct outbuf *b, double value)
{
	char text[64];
	size_t n = (size_t)snprintf(text, sizeof(text), "%.3f", value);

	while (n && text[n - 1] == '0')
		n--;
	if (n && text[n - 1] == '.')
		n--;
	outbuf_put(b, text, n);
}

static void put_value(struct outbuf *b, const struct measure *m, struct measured value)
{
	if (measured_known(value)) {
		plugin_number(b, value.least);
		outbuf_str(b, m->uom);
	} else if (isinf(value.least)) {
		outbuf_str(b, "unknown");
	} else if (isinf(value.most)) {
		outbuf_str(b, "at least ");
		plugin_number(b, value.least);
	} else {
		outbuf_str(b, "between ");
		plugin_number(b, value.least);
		outbuf_str(b, " and ");
		plugin_number(b, value.most);
	}
}

static void put_breach(struct outbuf *b, const struct threshold *t, const char *name)
{
	outbuf_printf(b, " (%s %s %s)", name, t->range.inside ? "is" : "beyond", t->range.text);
}

static void put_measure(struct outbuf *b, const struct plugin_report *r, size_t i)
{
	size_t n;
	const struct measure *m = &measure_table(&n)[i];

	outbuf_printf(b, "%s ", m->name);
	put_value(b, m, r->values[i]);
	if (r->verdicts[i] == VERDICT_CRITICAL)
		put_breach(b, &r->thresholds->crit[i], "critical");
	else if (r->verdicts[i] == VERDICT_WARNING)
		put_breach(b, &r->thresholds->warn[i], "warning");
}

/* Those with thresholds whose verdict is this one. Returns how many. */
static unsigned int put_verdict(struct outbuf *b, const struct plugin_report *r,
				enum verdict verdict, unsigned int before)
{
	size_t n;

	measure_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (!thresholds_has(r->thresholds, i) || r->verdicts[i] != verdict)
			continue;
		outbuf_str(b, before++ ? ", " : "");
		put_measure(b, r, i);
	}
	return before;
}

static void put_range(struct outbuf *b, const struct threshold *t)
{
	outbuf_char(b, ';');
	if (t->set)
		outbuf_str(b, t->range.text);
}

/* label=value[UOM];warn;crit;min;max */
static void put_perfdata(struct outbuf *b, const struct plugin_report *r, size_t i)
{
	size_t n;
	const struct measure *m = &measure_table(&n)[i];

	outbuf_printf(b, " %s=", m->name);
	plugin_number(b, r->values[i].least);
	outbuf_str(b, m->uom);
	put_range(b, &r->thresholds->warn[i]);
	put_range(b, &r->thresholds->crit[i]);
	outbuf_str(b, strcmp(m->uom, "%") == 0 ? ";0;100" : ";0");
}

void plugin_line(struct outbuf *b, const struct plugin_report *r)
{
	/* What nobody asked for may stay unknown, so that comes last among the defaults. */
	enum verdict third = r->thresholds->chosen ? VERDICT_UNKNOWN : VERDICT_OK;
	const enum verdict worst_first[] = { VERDICT_CRITICAL, VERDICT_WARNING, third,
					     third == VERDICT_OK ? VERDICT_UNKNOWN : VERDICT_OK };
	unsigned int said = 0;
	bool any = false;
	size_t n;

	measure_table(&n);
	outbuf_printf(b, PLUGIN_NAME " %s: ", verdict_name(r->verdict));
	for (size_t i = 0; i < sizeof(worst_first) / sizeof(worst_first[0]); i++)
		said = put_verdict(b, r, worst_first[i], said);
	for (size_t i = 0; i < n; i++) {
		if (!r->measured[i] || !measured_known(r->values[i]))
			continue;
		outbuf_str(b, any ? "" : " |");
		put_perfdata(b, r, i);
		any = true;
	}
	outbuf_char(b, '\n');
}

void plugin_details(struct outbuf *b, const struct plugin_report *r)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (!r->measured[i])
			continue;
		put_measure(b, r, i);
		outbuf_printf(b, ": %s", measures[i].help);
		if (r->thresholds->warn[i].set)
			outbuf_printf(b, "; -w %s", r->thresholds->warn[i].range.text);
		if (r->thresholds->crit[i].set)
			outbuf_printf(b, "; -c %s", r->thresholds->crit[i].range.text);
		outbuf_char(b, '\n');
	}
}

void plugin_unknown(struct outbuf *b, const char *why)
{
	outbuf_str(b, PLUGIN_NAME " UNKNOWN: ");
	plugin_text(b, why);
	outbuf_char(b, '\n');
}
