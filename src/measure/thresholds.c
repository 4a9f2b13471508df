/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/thresholds.h"

static const struct {
	const char *name;
	int weight;
} verdicts[] = {
	[VERDICT_OK] = { "OK", 0 },
	[VERDICT_WARNING] = { "WARNING", 2 },
	[VERDICT_CRITICAL] = { "CRITICAL", 3 },
	[VERDICT_UNKNOWN] = { "UNKNOWN", 1 },
};

/* The table's own ranges parse: tests/unit/test_measures.c sees to it. */
static void set_default(struct threshold *threshold, const char *text)
{
	const char *why;

	threshold->set = text && range_parse(&threshold->range, text, &why) == 0;
}

void thresholds_default(struct thresholds *t)
{
	size_t n;
	const struct measure *measures = measure_table(&n);

	for (size_t i = 0; i < n; i++) {
		set_default(&t->warn[i], measures[i].warn);
		set_default(&t->crit[i], measures[i].crit);
	}
	t->chosen = false;
}

bool thresholds_has(const struct thresholds *t, size_t measure)
{
	return t->warn[measure].set || t->crit[measure].set;
}

static enum tri alerts(const struct threshold *t, struct measured value)
{
	return t->set ? range_alerts_between(&t->range, value.least, value.most) : TRI_NO;
}

enum verdict thresholds_judge(const struct thresholds *t, size_t measure, struct measured value)
{
	enum tri crit = alerts(&t->crit[measure], value);
	enum tri warn = alerts(&t->warn[measure], value);

	if (crit == TRI_YES)
		return VERDICT_CRITICAL;
	if (warn == TRI_YES)
		return VERDICT_WARNING;
	return crit == TRI_UNKNOWN || warn == TRI_UNKNOWN ? VERDICT_UNKNOWN : VERDICT_OK;
}

enum verdict verdict_worse(enum verdict a, enum verdict b)
{
	return verdicts[a].weight >= verdicts[b].weight ? a : b;
}

const char *verdict_name(enum verdict verdict)
{
	return verdicts[verdict].name;
}
