/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabularies: every word there and back, and the very words that scripts depend on.
 */
#include "config.h"

#include "unit/unit.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "model/reason.h"
#include "model/words.h"

/* As ss prints them and as node_exporter labels them. */
static const struct {
	enum sock_state state;
	const char *ss, *json;
} states[] = {
	{ STATE_ESTABLISHED, "ESTAB", "established" },
	{ STATE_SYN_SENT, "SYN-SENT", "syn_sent" },
	{ STATE_SYN_RECV, "SYN-RECV", "syn_recv" },
	{ STATE_FIN_WAIT1, "FIN-WAIT-1", "fin_wait1" },
	{ STATE_FIN_WAIT2, "FIN-WAIT-2", "fin_wait2" },
	{ STATE_TIME_WAIT, "TIME-WAIT", "time_wait" },
	{ STATE_CLOSE, "UNCONN", "close" },
	{ STATE_CLOSE_WAIT, "CLOSE-WAIT", "close_wait" },
	{ STATE_LAST_ACK, "LAST-ACK", "last_ack" },
	{ STATE_LISTEN, "LISTEN", "listen" },
	{ STATE_CLOSING, "CLOSING", "closing" },
};

static void states_are_spelt_as_ss_and_node_exporter_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		assert_string_equal(state_ss_name(states[i].state), states[i].ss);
		assert_string_equal(state_json_name(states[i].state), states[i].json);
	}
}

static void states_have_the_kernels_numbers(void **state)
{
	(void)state;
	/* include/net/tcp_states.h */
	assert_int_equal(STATE_ESTABLISHED, 1);
	assert_int_equal(STATE_CLOSE_WAIT, 8);
	assert_int_equal(STATE_CLOSING, 11);
	assert_int_equal(STATE_NEW_SYN_RECV, 12);
	assert_int_equal(STATE_BOUND_INACTIVE, 13);
	/* What ss shows without an option, and what with -a and -l. */
	for (size_t i = 0; i < COUNT(states); i++)
		assert_true(STATES_ALL & STATE_BIT(states[i].state));
	assert_true(STATES_CONNECTED & STATE_BIT(STATE_SYN_SENT));
	assert_false(STATES_CONNECTED & STATE_BIT(STATE_LISTEN));
	assert_false(STATES_CONNECTED & STATE_BIT(STATE_TIME_WAIT));
	assert_false(STATES_CONNECTED & STATE_BIT(STATE_SYN_RECV));
	assert_false(STATES_CONNECTED & STATE_BIT(STATE_CLOSE));
	assert_true(STATES_LISTENING & STATE_BIT(STATE_LISTEN));
}

static void a_state_without_a_name_has_none(void **state)
{
	(void)state;
	assert_string_equal(state_ss_name(STATE_UNKNOWN), "?");
	assert_string_equal(state_ss_name((enum sock_state)99), "?");
	assert_null(state_json_name(STATE_UNKNOWN));
	assert_null(state_json_name((enum sock_state)99));
}

static void make_upper(char *to, const char *from, bool upper)
{
	while (*from)
		*to++ = (char)(upper ? toupper((unsigned char)*from++)
				     : tolower((unsigned char)*from++));
	*to = '\0';
}

static void assert_reads(const char *word, enum sock_state expected)
{
	char variant[32], *p;

	if (state_from_word(word) != expected)
		fail_msg("'%s' is read as %s", word, state_ss_name(state_from_word(word)));
	for (int upper = 0; upper < 2; upper++) {
		make_upper(variant, word, upper);
		assert_int_equal(state_from_word(variant), expected);
	}
	for (p = variant; *word; word++)
		if (*word != '-' && *word != '_')
			*p++ = *word;
	*p = '\0';
	assert_int_equal(state_from_word(variant), expected);
}

static void reads_every_spelling(void **state)
{
	static const struct {
		const char *word;
		enum sock_state state;
	} others[] = {
		{ "fin-wait-1", STATE_FIN_WAIT1 },
		{ "fin_wait_2", STATE_FIN_WAIT2 },
		{ "TimeWait", STATE_TIME_WAIT },
		{ "Close_Wait", STATE_CLOSE_WAIT },
		{ "closed", STATE_CLOSE },
		{ "listening", STATE_LISTEN },
		{ "established", STATE_ESTABLISHED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		assert_reads(states[i].ss, states[i].state);
		assert_reads(states[i].json, states[i].state);
	}
	/* UNCONN alone is the other one, that of every family but TCP. */
	assert_reads("bound-inactive", STATE_BOUND_INACTIVE);
	assert_string_equal(state_ss_name(STATE_BOUND_INACTIVE), "UNCONN");
	assert_string_equal(state_json_name(STATE_BOUND_INACTIVE), "bound_inactive");
	for (size_t i = 0; i < COUNT(others); i++)
		assert_reads(others[i].word, others[i].state);
}

/* Counts by state stand side by side: no two with the same word. */
static void no_two_states_share_a_label(void **state)
{
	(void)state;
	for (int i = 1; i < STATE_COUNT; i++)
		for (int k = 1; k < i; k++)
			if (state_is_shown(i) && state_is_shown(k))
				assert_string_not_equal(state_label(i), state_label(k));
	assert_string_equal(state_label(STATE_CLOSE), "UNCONN");
	assert_string_equal(state_label(STATE_BOUND_INACTIVE), "BOUND-INACTIVE");
	assert_string_equal(state_label(STATE_TIME_WAIT), "TIME-WAIT");
	assert_string_equal(state_label(STATE_UNKNOWN), "?");
}

#define SCTP_ONLY (STATE_BIT(STATE_COUNT) - STATE_BIT(STATE_COOKIE_WAIT))

static void each_kind_has_its_own_states(void **state)
{
	(void)state;
	for (int id = 0; id < NETID_COUNT; id++) {
		uint32_t states = netid_states(id);

		assert_true(states & STATE_BIT(STATE_CLOSE));
		assert_false(states & (STATE_BIT(STATE_UNKNOWN) | STATE_BIT(STATE_NEW_SYN_RECV)));
		assert_int_equal(states & ~STATES_ALL, 0);
		assert_int_equal(states & SCTP_ONLY, id == NETID_SCTP ? SCTP_ONLY : 0);
		assert_int_equal(!!(states & STATE_BIT(STATE_BOUND_INACTIVE)), id == NETID_TCP);
		if (NETID_BIT(id) & NETIDS_STATELESS)
			assert_int_equal(states, STATE_BIT(STATE_CLOSE));
	}
	for (int s = STATE_ESTABLISHED; s <= STATE_CLOSING; s++) {
		assert_true(netid_states(NETID_TCP) & STATE_BIT(s));
		assert_int_equal(!!(netid_states(NETID_MPTCP) & STATE_BIT(s)),
				 s != STATE_TIME_WAIT);
	}
	assert_int_equal(netid_states(NETID_UDP),
			 STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE));
	assert_true(netid_states(NETID_UNIX_STREAM) & STATE_BIT(STATE_LISTEN));
	assert_false(netid_states(NETID_UNIX_DGRAM) & STATE_BIT(STATE_LISTEN));
}

static void reads_nothing_else_as_a_state(void **state)
{
	static const char *const words[] = { "",           "-",    "_",         "?",
					     "est",        "time", "time wait", "established ",
					     "closewaits", "1",    "unknown" };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_int_equal(state_from_word(words[i]), STATE_UNKNOWN);
}

static void outcomes_and_risks_have_their_words(void **state)
{
	static const char *const outcomes[] = { "fin",   "background", "blocks",
						"reset", "silent",     "none" };
	static const char *const risks[] = { "none", "possible", "likely", "certain" };

	(void)state;
	assert_int_equal(COUNT(outcomes), OUTCOME_COUNT);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		assert_string_equal(outcome_name((enum outcome)i), outcomes[i]);
	assert_int_equal(COUNT(risks), RISK_COUNT);
	for (int i = 0; i < RISK_COUNT; i++) {
		assert_string_equal(risk_name((enum risk)i), risks[i]);
		assert_string_equal(risk_words()[i], risks[i]);
		assert_int_equal(risk_from_word(risks[i]), i);
	}
	assert_null(risk_words()[RISK_COUNT]);
	assert_int_equal(risk_from_word("LIKELY"), RISK_LIKELY);
	assert_int_equal(risk_from_word("like"), RISK_COUNT);
	assert_int_equal(risk_from_word(""), RISK_COUNT);
}

/* Stable words: scripts and alerts name them. */
static const char *const promised[] = {
	"unread-data",    "zero-linger", "unaccepted", "unsent", "unacked",        "zero-window",
	"retransmitting", "orphan",      "shared",     "repair", "linger-unknown", "holder-unseen",
};

static void reasons_have_the_promised_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(promised); i++) {
		int found = 0;

		for (int r = 0; r < REASON_COUNT; r++)
			found += strcmp(reason_name((enum reason)r), promised[i]) == 0;
		assert_int_equal(found, 1);
	}
}

static void reasons_are_words_with_a_meaning(void **state)
{
	(void)state;
	assert_true(REASON_COUNT <= 32);
	for (int r = 0; r < REASON_COUNT; r++) {
		const char *name = reason_name((enum reason)r);
		const char *help = reason_help((enum reason)r);

		assert_true(*name);
		/* Labels of metrics, keys of JSON: lower case and dashes. */
		assert_int_equal(name[strspn(name, "abcdefghijklmnopqrstuvwxyz-0123456789")], '\0');
		assert_true(strlen(help) > 10);
		assert_null(strchr(help, '\n'));
		for (int other = 0; other < r; other++)
			assert_string_not_equal(name, reason_name((enum reason)other));
	}
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < NETID_COUNT; i++)
		assert_true(*netid_name((enum netid)i));
	assert_string_equal(netid_name(NETID_TCP), "tcp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_spelt_as_ss_and_node_exporter_do),
		cmocka_unit_test(states_have_the_kernels_numbers),
		cmocka_unit_test(a_state_without_a_name_has_none),
		cmocka_unit_test(reads_every_spelling),
		cmocka_unit_test(no_two_states_share_a_label),
		cmocka_unit_test(each_kind_has_its_own_states),
		cmocka_unit_test(reads_nothing_else_as_a_state),
		cmocka_unit_test(outcomes_and_risks_have_their_words),
		cmocka_unit_test(reasons_have_the_promised_words),
		cmocka_unit_test(reasons_are_words_with_a_meaning),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
