/* SPDX-License-Identifier: Apache-2.0 */
/* Standard error is a pipe in these tests. The one with a reader that never reads takes the second that
 * log_stop grants such readers. */
#include "check.h"
#include "buf.h"
#include "clock.h"
#include "log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int saved_stderr, reader;

static int set_up(void **state)
{
	int ends[2];
	(void)state;
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	reader = ends[0];
	log_set_level(LOG_INFO);
	return 0;
}

static void restore_stderr(void)
{
	dup2(saved_stderr, STDERR_FILENO);
}

static int tear_down(void **state)
{
	(void)state;
	restore_stderr();
	close(saved_stderr);
	close(reader);
	return 0;
}

/* Everything until the pipe's other end is closed. */
static void *read_all(void *user)
{
	struct buf *b = user;
	for (ssize_t n; (n = read(reader, buf_reserve(b, 4096), 4096)) > 0;)
		b->n += (size_t)n;
	buf_byte(b, '\0');
	return NULL;
}

/* "2026-01-31T12:00:00.123Z WARN  text\n"; the text. */
static const char *text_of(const char *line, const char *level)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == 'd')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(line[i], shape[i]);
	assert_memory_equal(line + sizeof shape - 1, level, 6);
	return line + sizeof shape - 1 + 6;
}

static void lines_carry_time_and_level(void **state)
{
	struct buf b = { 0 };
	(void)state;
	log_write(LOG_WARN, "flow %d: %s", 17, "closing");
	log_write(LOG_ERROR, "bad");
	log_write(LOG_INFO, "fine");
	restore_stderr();
	read_all(&b);
	char *save, *line = strtok_r(b.p, "\n", &save);
	assert_string_equal(text_of(line, "WARN  "), "flow 17: closing");
	assert_string_equal(text_of(strtok_r(NULL, "\n", &save), "ERROR "), "bad");
	assert_string_equal(text_of(strtok_r(NULL, "\n", &save), "INFO  "), "fine");
	assert_null(strtok_r(NULL, "\n", &save));
	buf_fini(&b);
}

static void levels_below_the_chosen_one_are_silent(void **state)
{
	struct buf b = { 0 };
	(void)state;
	log_write(LOG_DEBUG, "no");
	assert_false(log_enabled(LOG_DEBUG));
	assert_true(log_enabled(LOG_INFO));
	log_set_level(LOG_ERROR);
	log_write(LOG_WARN, "no");
	assert_false(log_enabled(LOG_WARN));
	restore_stderr();
	read_all(&b);
	assert_string_equal(b.p, "");
	buf_fini(&b);
}

static void bytes_that_a_terminal_might_obey_are_shown(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "a\r\nb", "a\\x0d\\x0ab" },
		{ "\x1b[2J\x7f\t", "\\x1b[2J\\x7f\\x09" },
		{ "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0" },
		{ "x\xc2\x9b" "2J\xc2\xa7", "x\\xc2\\x9b2J\xc2\xa7" },
		{ "x\xc2", "x\xc2" },
		{ "x\x9bJ\xd0\x9b", "x\\x9bJ\xd0\x9b" },
	};
	struct buf b = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		log_write(LOG_INFO, "%s", t[i].in);
	restore_stderr();
	read_all(&b);
	char *save, *line = strtok_r(b.p, "\n", &save);
	for (size_t i = 0; i < COUNT(t); i++, line = strtok_r(NULL, "\n", &save))
		assert_string_equal(text_of(line, "INFO  "), t[i].out);
	buf_fini(&b);
}

/* Whatever the text, a line is at most 1000 bytes and its newline, and ends in no half escape. */
static void long_lines_are_cut(void **state)
{
	(void)state;
	for (size_t lead = 0; lead < 4; lead++) {
		char text[3000] = { 0 };
		memset(text, 'x', lead);
		memset(text + lead, lead % 2 ? '\n' : 'y', sizeof text - 1 - lead);
		log_write(LOG_INFO, "%s", text);
		char byte[1100];
		ssize_t n = read(reader, byte, sizeof byte);
		assert_in_range(n, 998, 1001);
		assert_int_equal(byte[n - 1], '\n');
		if (lead % 2)
			assert_memory_equal(byte + n - 5, "\\x0a\n", 5);
	}
}

static void queued_lines_are_written_before_the_log_stops(void **state)
{
	struct buf b = { 0 };
	(void)state;
	assert_int_equal(log_start(LOG_DEBUG), 0);
	for (int i = 0; i < 100; i++)
		log_write(LOG_DEBUG, "%d", i);
	log_stop();
	log_stop();
	log_write(LOG_INFO, "after");
	restore_stderr();
	read_all(&b);
	char *save, *line = strtok_r(b.p, "\n", &save);
	for (int i = 0; i < 100; i++, line = strtok_r(NULL, "\n", &save))
		assert_int_equal(atoi(text_of(line, "DEBUG ")), i);
	assert_string_equal(text_of(line, "INFO  "), "after");
	buf_fini(&b);
}

static void lines_that_do_not_fit_are_counted(void **state)
{
	enum { LINES = 8000 };
	struct buf b = { 0 };
	pthread_t thread;
	uint64_t written = 0, dropped = 0;
	(void)state;
	assert_int_equal(log_start(LOG_INFO), 0);
	for (int i = 0; i < LINES; i++)         /* nobody reads: 64 KiB in the pipe, 512 in the log */
		log_write(LOG_INFO, "line %d %0100d", i, 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all, &b), 0);
	log_stop();
	restore_stderr();
	pthread_join(thread, NULL);
	char *save;
	for (char *line = strtok_r(b.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long n;
		if (sscanf(line + 31, "log: %llu lines dropped", &n) == 1)
			dropped += n;
		else
			written += memcmp(text_of(line, "INFO  "), "line ", 5) == 0;
	}
	assert_true(dropped > 0);
	assert_int_equal(written + dropped, LINES);
	buf_fini(&b);
}

static void a_reader_that_never_reads_does_not_hold_up_the_end(void **state)
{
	(void)state;
	assert_int_equal(log_start(LOG_INFO), 0);
	for (int i = 0; i < 2000; i++)
		log_write(LOG_INFO, "%0100d", i);
	int64_t before_ms = clock_ms();
	log_stop();
	assert_true(clock_ms() - before_ms < 5000);
}

static void a_reader_that_is_gone_harms_nobody(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(reader);
	reader = -1;
	log_write(LOG_INFO, "at once");
	assert_int_equal(log_start(LOG_INFO), 0);
	log_write(LOG_INFO, "queued");
	log_stop();
}

static void a_limited_place_logs_once_a_period_and_tells_what_it_left_out(void **state)
{
	static struct log_limit at;
	uint64_t left_out = 99;
	(void)state;
	assert_true(log_allowed(&at, 1000000, &left_out));
	assert_int_equal(left_out, 0);
	for (int i = 0; i < 5; i++)
		assert_false(log_allowed(&at, 1000000, &left_out));
	at.next_ms = 0;                         /* the period is over */
	assert_true(log_allowed(&at, 1000000, &left_out));
	assert_int_equal(left_out, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_carry_time_and_level),
		TEST(levels_below_the_chosen_one_are_silent),
		TEST(bytes_that_a_terminal_might_obey_are_shown),
		TEST(long_lines_are_cut),
		TEST(queued_lines_are_written_before_the_log_stops),
		TEST(lines_that_do_not_fit_are_counted),
		TEST(a_reader_that_never_reads_does_not_hold_up_the_end),
		TEST(a_reader_that_is_gone_harms_nobody),
		cmocka_unit_test(a_limited_place_logs_once_a_period_and_tells_what_it_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
