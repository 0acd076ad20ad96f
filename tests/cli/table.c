/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "table.h"

/* Rows of two columns, the second of which may shrink. */
static void print(const char *const cells[], unsigned count, unsigned width, struct buf *out)
{
	struct table t;
	table_init(&t, 2);
	t.shrink[1] = true;
	for (unsigned i = 0; i < count; i++)
		table_cell(&t, str_of(cells[i]));
	table_print(&t, width, out);
	table_fini(&t);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const cells[] = { "USER", "CONTACT", "alice", "sip:a", "bo", "" };
	struct buf out = { 0 };
	(void)state;
	print(cells, COUNT(cells), 0, &out);
	assert_str(buf_str(&out), "USER   CONTACT\nalice  sip:a\nbo     \n");
	buf_fini(&out);
}

static void letters_count_and_not_bytes(void **state)
{
	static const char *const cells[] = { "имя", "x", "ab", "y" };
	struct buf out = { 0 };
	(void)state;
	print(cells, COUNT(cells), 0, &out);
	assert_str(buf_str(&out), "имя  x\nab   y\n");
	buf_fini(&out);
}

static void what_is_too_wide_ends_with_an_ellipsis(void **state)
{
	static const char *const cells[] = { "USER", "CONTACT", "alice", "sip:alice@192.0.2.1:5060" };
	struct buf out = { 0 };
	(void)state;
	print(cells, COUNT(cells), 20, &out);
	assert_str(buf_str(&out), "USER   CONTACT\nalice  sip:alice@19…\n");
	buf_fini(&out);
}

static void a_column_stays_readable_on_the_narrowest_terminal(void **state)
{
	static const char *const cells[] = { "USER", "CONTACT", "alice", "sip:alice@192.0.2.1:5060" };
	struct buf out = { 0 };
	(void)state;
	print(cells, COUNT(cells), 3, &out);
	assert_str(buf_str(&out), "USER   CONTACT\nalice  sip:ali…\n");
	buf_fini(&out);
}

/* Escape sequences, C1 controls, right-to-left overrides, broken UTF-8. */
static void what_a_phone_sent_does_not_drive_the_terminal(void **state)
{
	static const char *const cells[] = { "a\x1b[2J\n", "\xc2\x9b" "31m", "\xe2\x80\xae" "evil", "\xff\x80" };
	struct buf out = { 0 };
	(void)state;
	print(cells, COUNT(cells), 0, &out);
	assert_str(buf_str(&out), "a?[2J?  ?31m\n?evil   ??\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(letters_count_and_not_bytes),
		cmocka_unit_test(what_is_too_wide_ends_with_an_ellipsis),
		cmocka_unit_test(a_column_stays_readable_on_the_narrowest_terminal),
		cmocka_unit_test(what_a_phone_sent_does_not_drive_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
