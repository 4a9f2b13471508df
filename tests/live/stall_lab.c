/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stall_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "family,local,peer,risk,risk-max,reasons,outstanding,drain,info"

void look(struct listing *listing)
{
	assert_return_code(harness_list(listing, "-a", "-t", "--linger=none", "-C", COLUMNS, NULL),
			   0);
	if (listing->status != 0)
		fail_msg("status %d, stderr: %s", listing->status, listing->errors);
	assert_int_equal(listing->bad_lines, 0);
}

json_t *near_row(const struct listing *listing, const struct tcp_pair *pair)
{
	json_t *row = row_by_ports(listing, pair->family, pair->near_port, pair->far_port);

	assert_non_null(row);
	return row;
}

/* What src/judge/stall.c looks at. */
void evidence_print(const struct flow *flow, const json_t *row)
{
	static const char *const keys[] = {
		"snd_wnd_bytes",
		"unacked_segments",
		"backoff",
		"probes",
		"retransmits",
		"rto_us",
		"last_data_sent_ms",
		"last_ack_recv_ms",
		"rtt_us",
		"total_retrans_segments",
		"delivered_segments",
	};
	const json_t *info = json_object_get(row, "info");
	char *reasons = json_dumps(row_get(row, "close.reasons"), JSON_COMPACT | JSON_ENCODE_ANY);

	printf("# %s: %s", flow->name ? flow->name : "flow", reasons ? reasons : "?");
	free(reasons);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(info, keys[i]);

		if (json_is_integer(value))
			printf(", %s %" JSON_INTEGER_FORMAT, keys[i], json_integer_value(value));
		else
			printf(", %s ?", keys[i]);
	}
	printf("\n");
}

void need(int err, const char *what)
{
	if (!err)
		return;
	print_message("# %s: %s\n", what, strerror(-err));
	skip();
}

void need_link(const struct lab *lab, int link)
{
	if (lab->why[0]) {
		print_message("# %s\n", lab->why);
		skip();
	}
	need(link_make(&lab->places, link), "no veth pair to be made with ip");
}

void need_slow_link(const struct lab *lab, int link, const struct speed *speed)
{
	need_link(lab, link);
	need(link_slow(&lab->places, link, speed->rate, speed->limit), "no tbf to be had of tc");
}
