/* SPDX-License-Identifier: Apache-2.0 */
/* All 75 x 75 comparisons: mirrored, symmetric where the facts are, and with a reason for each verdict. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "codes_best.h"
#include "codes_compare.h"
#include "codes_show.h"

#define EACH_PAIR(a, b) \
	for (const struct code *a = codes_table; a < codes_table + codes_count; a++) \
		for (const struct code *b = codes_table; b < codes_table + codes_count; b++)

static void a_comparison_is_the_same_from_both_sides(void **state)
{
	(void)state;
	EACH_PAIR(a, b) {
		struct codes_comparison one = codes_compare(a, b), other = codes_compare(b, a);
		assert_ptr_equal(one.low, other.low);
		assert_ptr_equal(one.high, other.high);
		assert_true(one.low->status <= one.high->status);
		assert_int_equal(one.verdict, other.verdict);
		assert_int_equal(one.winner, other.winner);
		assert_int_equal(one.same, other.same);
		assert_int_equal(one.methods, other.methods);
		assert_int_equal(one.senders, other.senders);
	}
}

static struct str shown(unsigned a, unsigned b, unsigned language, struct buf *out)
{
	struct page p;
	page_init(&p, language);
	assert_true(page_compare(&p, a, b));
	page_show(&p, &(struct terminal){ .width = 80 }, out);
	json_compare(out, a, b, language);
	page_fini(&p);
	return buf_str(out);
}

static void a_page_reads_the_same_whichever_code_is_named_first(void **state)
{
	struct buf left = { 0 }, right = { 0 };
	(void)state;
	EACH_PAIR(a, b) {
		if (a > b)
			continue;
		for (unsigned language = 0; language < codes_language_count; language++) {
			buf_clear(&left);
			buf_clear(&right);
			assert_true(str_eq(shown(a->status, b->status, language, &left), shown(b->status, a->status, language, &right)));
			assert_true(left.n > 500);
		}
	}
	buf_fini(&left);
	buf_fini(&right);
}

static bool lists(const uint16_t *list, unsigned status)
{
	for (; *list; list++)
		if (*list == status)
			return true;
	return false;
}

static void what_is_related_is_related_both_ways(void **state)
{
	(void)state;
	EACH_PAIR(a, b)
		assert_int_equal(lists(a->related, b->status), lists(b->related, a->status));
	for (unsigned i = 0; i < codes_count; i++) {
		assert_false(lists(codes_table[i].related, codes_table[i].status));
		for (const uint16_t *other = codes_table[i].related; *other; other++)
			assert_non_null(codes_find(*other));
	}
}

static bool is_final(const struct code *code)
{
	return code->status >= 200;
}

/* What each verdict says of the facts. */
static void each_verdict_holds(void **state)
{
	(void)state;
	EACH_PAIR(a, b) {
		struct codes_comparison c = codes_compare(a, b);
		switch (c.verdict) {
		case VERDICT_SAME_CODE:       assert_ptr_equal(a, b); break;
		case VERDICT_OTHER_METHODS:   assert_int_equal(a->methods & b->methods, 0); break;
		case VERDICT_HOP:             assert_int_equal(c.low->status, 100); break;
		case VERDICT_ON_THE_WAY:      assert_true(!is_final(c.low) && is_final(c.high)); break;
		case VERDICT_BOTH_ON_THE_WAY: assert_true(!is_final(c.low) && !is_final(c.high)); break;
		case VERDICT_OTHER_STAGE:     assert_int_equal(a->stage + b->stage, STAGE_INITIAL + STAGE_DIALOG); break;
		case VERDICT_UNSEEN:          assert_int_not_equal(a->reach, b->reach); break;
		case VERDICT_OTHER_SENDERS:   assert_int_equal(a->senders & b->senders, 0); break;
		case VERDICT_COMPETE:         assert_true((a->senders & b->senders) && (a->methods & b->methods)); break;
		}
	}
	assert_int_equal(codes_compare(codes_find(430), codes_find(301)).verdict, VERDICT_UNSEEN);
	assert_int_equal(codes_compare(codes_find(486), codes_find(200)).verdict, VERDICT_COMPETE);
	assert_int_equal(codes_compare(codes_find(439), codes_find(486)).verdict, VERDICT_OTHER_METHODS);
	assert_int_equal(codes_compare(codes_find(180), codes_find(486)).verdict, VERDICT_ON_THE_WAY);
	assert_int_equal(codes_compare(codes_find(180), codes_find(183)).verdict, VERDICT_BOTH_ON_THE_WAY);
	assert_int_equal(codes_compare(codes_find(100), codes_find(486)).verdict, VERDICT_HOP);
	assert_int_equal(codes_compare(codes_find(401), codes_find(439)).verdict, VERDICT_COMPETE);
	assert_int_equal(codes_compare(codes_find(491), codes_find(486)).verdict, VERDICT_OTHER_STAGE);
	assert_int_equal(codes_compare(codes_find(491), codes_find(486)).winner, WINNER_APART);
	assert_int_equal(codes_compare(codes_find(401), codes_find(439)).winner, WINNER_REGISTER);
	assert_int_equal(codes_compare(codes_find(412), codes_find(486)).winner, WINNER_APART);
}

/* The winner is the one that codes_best returns for the two, in both orders. */
static void the_winner_is_what_a_fork_returns(void **state)
{
	(void)state;
	EACH_PAIR(a, b) {
		struct codes_comparison c = codes_compare(a, b);
		struct codes_best forth, back;
		codes_best((unsigned[]){ a->status, b->status }, 2, false, &forth);
		codes_best((unsigned[]){ b->status, a->status }, 2, false, &back);
		switch (c.winner) {
		case WINNER_LOW:
		case WINNER_HIGH:
			assert_int_equal(forth.chosen, c.winner == WINNER_LOW ? c.low->status : c.high->status);
			assert_int_equal(back.chosen, forth.chosen);
			break;
		case WINNER_FIRST:
			assert_int_equal(forth.chosen, a->status);
			assert_int_equal(back.chosen, b->status);
			break;
		case WINNER_NONE:
			assert_true(c.high->status < 300);
			break;
		case WINNER_APART:
			assert_true(!(a->methods & b->methods) || a->stage + b->stage == STAGE_INITIAL + STAGE_DIALOG);
			break;
		case WINNER_REGISTER:
			assert_int_equal(a->methods & b->methods, CODES_REGISTER);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comparison_is_the_same_from_both_sides),
		cmocka_unit_test(a_page_reads_the_same_whichever_code_is_named_first),
		cmocka_unit_test(what_is_related_is_related_both_ways),
		cmocka_unit_test(each_verdict_holds),
		cmocka_unit_test(the_winner_is_what_a_fork_returns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
