/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forecast.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../harness.h"

static const char *const risk_words[LAB_RISKS] = {
	[RISK_NONE] = "none",
	[RISK_POSSIBLE] = "possible",
	[RISK_LIKELY] = "likely",
	[RISK_CERTAIN] = "certain",
};

const char *lab_risk_word(enum lab_risk risk)
{
	return risk < LAB_RISKS ? risk_words[risk] : "?";
}

static enum lab_risk risk_from(const json_t *row, const char *path)
{
	enum lab_risk risk = 0;

	while (risk < LAB_RISKS && !row_is_text(row, path, risk_words[risk]))
		risk++;
	return risk;
}

static int64_t number(const json_t *row, const char *path)
{
	json_t *value = row_get(row, path);

	return json_is_integer(value) ? json_integer_value(value) : NOT_SAID;
}

static unsigned outcomes_of(const json_t *row)
{
	json_t *array = row_get(row, "close.outcomes");
	unsigned set = 0;
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) set |=
		1u << lab_outcome_from(json_string_value(item) ?: "");
	return set;
}

static void copy_reasons(const json_t *row, char *text, size_t size)
{
	json_t *array = row_get(row, "close.reasons");
	size_t used = 1;
	json_t *item;
	size_t i;

	snprintf(text, size, " ");
	json_array_foreach(array, i, item) if (used < size) used +=
		snprintf(text + used, size - used, "%s ", json_string_value(item) ?: "?");
}

static int fault(struct scene *scene, const char *what)
{
	snprintf(scene->why, sizeof(scene->why), "%s", what);
	return -1;
}

static int take(struct scene *scene, const struct listing *listing, struct forecast *f)
{
	const json_t *row = row_by_ports(listing, scene->family, scene->near_port, scene->far_port);
	const char *outcome;
	const char *why;

	if (!row)
		return fault(scene, "the tool does not list the socket");
	f->asked = true;
	f->by_bpf = linger_by_bpf(listing, &why);
	f->outcomes = outcomes_of(row);
	f->risk = risk_from(row, "close.risk");
	f->risk_max = risk_from(row, "close.risk_max");
	f->loss_min = number(row, "close.loss_min_bytes");
	f->loss_max = number(row, "close.loss_max_bytes");
	f->unread = number(row, "close.unread_bytes");
	f->block_seconds = number(row, "close.block_seconds");
	f->forever = json_is_true(row_get(row, "linger.forever"));
	f->references = number(row, "references");
	copy_reasons(row, f->reasons, sizeof(f->reasons));
	if (f->risk == LAB_RISKS || f->risk_max == LAB_RISKS || f->risk > f->risk_max)
		return fault(scene, "risk and risk_max are not two words in order");
	if (f->outcomes == 0 || f->outcomes >> LAB_OUTCOMES)
		return fault(scene, "outcomes has no word, or one unknown");
	/* One possible outcome is the outcome; of several none is. */
	outcome = json_string_value(row_get(row, "close.outcome"));
	if (f->outcomes & (f->outcomes - 1))
		return outcome ? fault(scene, "outcome is said though several are possible") : 0;
	if (!outcome || f->outcomes != 1u << lab_outcome_from(outcome))
		return fault(scene, "outcome and outcomes disagree");
	return 0;
}

static int tool_failed(struct scene *scene, const struct listing *listing)
{
	snprintf(scene->why, sizeof(scene->why), "the tool failed, status %d, %d bad lines: %.100s",
		 listing->status, listing->bad_lines, listing->errors);
	scene->why[strcspn(scene->why, "\n")] = '\0';
	return -1;
}

int forecast_ask(struct scene *scene, struct forecast *forecast)
{
	struct listing listing;
	int result;

	*forecast = (struct forecast){ .asked = false };
	if (scene_failed(scene, "tool", harness_list(&listing, "-a", "-t", "-p", NULL)))
		result = -1;
	else if (listing.status != 0 || listing.bad_lines)
		result = tool_failed(scene, &listing);
	else
		result = take(scene, &listing, forecast);
	listing_free(&listing);
	return result;
}
