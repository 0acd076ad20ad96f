/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/resolver_private.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void file_write(const char *text, long changed_s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	struct timespec times[2] = { { changed_s, 0 }, { changed_s, 0 } };
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static int file_make(void **state)
{
	(void)state;
	strcpy(path, "/tmp/sluice-hosts-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int file_remove(void **state)
{
	(void)state;
	return unlink(path);
}

/* The addresses, "192.0.2.1 192.0.2.2"; NULL: not a name of this machine's. */
static const char *find(struct hosts *h, const char *name, enum dns_type type, int64_t now_ms)
{
	static char text[1024];
	struct buf b = { 0 };
	struct dns_answer *a;
	if (!hosts_find(h, str_of(name), type, now_ms, &a))
		return NULL;
	for (unsigned i = 0; i < a->count; i++) {
		if (i)
			buf_byte(&b, ' ');
		addr_write_ip(&b, &a->records[i].addr);
	}
	snprintf(text, sizeof text, "%.*s", (int)b.n, b.p ? b.p : "");
	buf_fini(&b);
	dns_answer_unref(a);
	return text;
}

static void lines_are_read_as_hosts_5_says(void **state)
{
	(void)state;
	file_write("127.0.0.1 localhost\n# 192.0.2.9 hidden\n192.0.2.1\tPBX.example pbx # comment\n  2001:db8::1 pbx  \r\n"
	           "not-an-address name\n192.0.2.3\n192.0.2.4 bad_but_fine bad/name\n\n192.0.2.5 last", 1000);
	struct hosts *h = hosts_new(str_of(path));
	assert_string_equal(find(h, "pbx.EXAMPLE", DNS_A, 0), "192.0.2.1");
	assert_string_equal(find(h, "pbx", DNS_A, 0), "192.0.2.1");
	assert_string_equal(find(h, "pbx", DNS_AAAA, 0), "2001:db8::1");
	assert_string_equal(find(h, "pbx.example", DNS_AAAA, 0), "");   /* known, but not by IPv6 */
	assert_string_equal(find(h, "last", DNS_A, 0), "192.0.2.5");
	assert_string_equal(find(h, "bad_but_fine", DNS_A, 0), "192.0.2.4");
	assert_null(find(h, "hidden", DNS_A, 0));
	assert_null(find(h, "name", DNS_A, 0));
	assert_null(find(h, "bad/name", DNS_A, 0));
	assert_null(find(h, "comment", DNS_A, 0));
	hosts_free(h);
}

static void a_changed_file_is_read_again_in_a_few_seconds(void **state)
{
	(void)state;
	file_write("192.0.2.1 pbx\n", 1000);
	struct hosts *h = hosts_new(str_of(path));
	assert_string_equal(find(h, "pbx", DNS_A, 0), "192.0.2.1");
	file_write("192.0.2.2 pbx\n", 2000);
	assert_string_equal(find(h, "pbx", DNS_A, 4999), "192.0.2.1");
	assert_string_equal(find(h, "pbx", DNS_A, 5000), "192.0.2.2");
	hosts_free(h);
}

static void localhost_needs_no_file(void **state)
{
	(void)state;
	struct hosts *h = hosts_new(STR_NONE);
	assert_string_equal(find(h, "localhost", DNS_A, 0), "127.0.0.1");
	assert_string_equal(find(h, "LocalHost", DNS_AAAA, 0), "::1");
	assert_string_equal(find(h, "a.localhost", DNS_A, 0), "127.0.0.1");
	assert_null(find(h, "mylocalhost", DNS_A, 0));
	assert_null(find(h, "host", DNS_A, 0));
	hosts_free(h);
	h = hosts_new(STR("/nonexistent/hosts"));
	assert_string_equal(find(h, "localhost", DNS_A, 0), "127.0.0.1");
	assert_null(find(h, "pbx", DNS_A, 0));
	hosts_free(h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, file_make, file_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_read_as_hosts_5_says),
		TEST(a_changed_file_is_read_again_in_a_few_seconds),
		TEST(localhost_needs_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
