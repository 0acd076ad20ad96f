/* SPDX-License-Identifier: Apache-2.0 */
/* torture.c - what becomes of the messages of RFC 4475 and RFC 5118 here: handed up, answered, or dropped. */
#include "world.h"

/* "up": the user hears of it; a number: answered with that; "": neither. */
static const struct {
	const char *file, *outcome;
} messages[] = {
	/* RFC 4475 §3.1.1: valid */
	{ "rfc4475/wsinv", "up" }, { "rfc4475/intmeth", "up" }, { "rfc4475/esc01", "up" }, { "rfc4475/escnull", "up" },
	{ "rfc4475/esc02", "up" }, { "rfc4475/lwsdisp", "up" }, { "rfc4475/longreq", "up" }, { "rfc4475/dblreq", "up" },
	{ "rfc4475/semiuri", "up" }, { "rfc4475/transports", "up" }, { "rfc4475/mpart01", "up" },
	{ "rfc4475/unreason", "" }, { "rfc4475/noreason", "" },
	/* §3.1.2: invalid */
	{ "rfc4475/badinv01", "400" }, { "rfc4475/clerr", "400" }, { "rfc4475/ncl", "400" }, { "rfc4475/scalar02", "400" },
	{ "rfc4475/scalarlg", "" }, { "rfc4475/quotbal", "400" }, { "rfc4475/ltgtruri", "400" }, { "rfc4475/lwsruri", "400" },
	{ "rfc4475/lwsstart", "400" }, { "rfc4475/trws", "400" }, { "rfc4475/escruri", "400" }, { "rfc4475/baddate", "up" },
	{ "rfc4475/regbadct", "400" }, { "rfc4475/badaspec", "400" }, { "rfc4475/baddn", "400" }, { "rfc4475/badvers", "505" },
	{ "rfc4475/mismatch01", "400" }, { "rfc4475/mismatch02", "400" }, { "rfc4475/bigcode", "" },
	/* §3.2, §3.3: for the layers above, but for what is missing or doubled */
	{ "rfc4475/badbranch", "up" }, { "rfc4475/insuf", "400" }, { "rfc4475/unkscm", "up" }, { "rfc4475/novelsc", "up" },
	{ "rfc4475/unksm2", "up" }, { "rfc4475/bext01", "up" }, { "rfc4475/invut", "up" }, { "rfc4475/regaut01", "up" },
	{ "rfc4475/multi01", "400" }, { "rfc4475/mcl01", "400" }, { "rfc4475/bcast", "" }, { "rfc4475/zeromf", "up" },
	{ "rfc4475/cparam01", "up" }, { "rfc4475/cparam02", "up" }, { "rfc4475/regescrt", "up" }, { "rfc4475/sdp01", "up" },
	/* §3.4 */
	{ "rfc4475/inv2543", "up" },
	{ "rfc5118/ipv6-good", "up" }, { "rfc5118/ipv6-bad", "400" }, { "rfc5118/port-ambiguous", "up" },
	{ "rfc5118/port-unambiguous", "up" }, { "rfc5118/via-received-param-with-delim", "up" },
	{ "rfc5118/via-received-param-no-delim", "up" }, { "rfc5118/ipv6-in-sdp", "up" }, { "rfc5118/mult-ip-in-header", "up" },
	{ "rfc5118/mult-ip-in-sdp", "up" }, { "rfc5118/ipv4-mapped-ipv6", "up" },
	{ "rfc5118/ipv6-bug-abnf-3-colons", "up" }, { "rfc5118/ipv6-correct-abnf-2-colons", "up" },
};

static size_t load(const char *file, char *bytes, size_t room)
{
	char path[500];
	snprintf(path, sizeof path, "%s/%s.dat", TORTURE_DIR, file);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot read %s", path);
	size_t n = fread(bytes, 1, room, f);
	fclose(f);
	return n;
}

static void send_file(struct world *w, const char *file)
{
	char bytes[16384];
	arrives_text(w, udp_from(5060), bytes, load(file, bytes, sizeof bytes));
}

static void outcome_of(struct world *w, char out[10])
{
	struct fake_sent *s = fake_take(&w->fake);
	snprintf(out, 10, "%s", strncmp(w->told, "request", 7) == 0 ? "up" : "");
	if (s) {
		assert_true(str_starts(s->text, STR("SIP/2.0 ")));
		assert_int_equal(*out, '\0');
		snprintf(out, 4, "%.3s", s->text.p + 8);
		fake_drop(s);
	}
}

/* MS-12 MS-13 MS-15 MS-19 MS-22 */
static void every_message_is_handed_up_answered_or_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct world *w = world_new(NULL);
		char outcome[10];
		send_file(w, messages[i].file);
		outcome_of(w, outcome);
		if (strcmp(outcome, messages[i].outcome) != 0)
			print_error("%s: %s\n", messages[i].file, outcome);
		assert_string_equal(outcome, messages[i].outcome);
		assert_left_nothing(w);
		world_free(w);
	}
}

/* MS-29 */
static void no_truncation_of_any_of_them_breaks_anything(void **state)
{
	char bytes[16384];
	struct world *w = world_new(NULL);
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		size_t all = load(messages[i].file, bytes, sizeof bytes);
		for (size_t n = 0; n < all; n += 1 + n / 300) {
			arrives_text(w, udp_from(5060), bytes, n);
			w->told[0] = '\0';
		}
		forget_sent(w);
	}
	world_free(w);
}

/* TX-22 TX-23 */
static void those_without_a_branch_are_matched_with_their_copies(void **state)
{
	static const char *const files[] = { "rfc4475/badbranch", "rfc4475/inv2543", "rfc4475/longreq" };
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct world *w = world_new(NULL);
		send_file(w, files[i]);
		struct txn_server *st = accept_it(w);
		w->told[0] = '\0';
		txn_answer(w->x, st, 404, STR_NONE, STR_NONE);
		assert_left(w, "SIP/2.0 404", "", 0);
		send_file(w, files[i]);
		assert_left(w, "SIP/2.0 404", "", 0);
		assert_told(w, "");
		world_free(w);
	}
}

/* TP-14 */
static void what_follows_the_body_of_dblreq_is_no_second_request(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	send_file(w, "rfc4475/dblreq");
	assert_told(w, "request REGISTER");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_handed_up_answered_or_dropped),
		cmocka_unit_test(no_truncation_of_any_of_them_breaks_anything),
		cmocka_unit_test(those_without_a_branch_are_matched_with_their_copies),
		cmocka_unit_test(what_follows_the_body_of_dblreq_is_no_second_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
