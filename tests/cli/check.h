/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with what it needs before it; a configuration from a text, and what is said of it. */
#ifndef SLUICE_TESTS_CLI_CHECK_H
#define SLUICE_TESTS_CLI_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "config.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The slice holds exactly the bytes of the terminated string. */
#define assert_str(slice, text) \
	do { \
		struct str got_ = (slice); \
		if (!str_eq(got_, str_of(text))) \
			fail_msg("\"%.*s\", not \"%s\"", STR_FMT(got_), text); \
	} while (0)

/* A configuration that was read from a text; close it in every case. */
struct reading {
	struct config config;
	struct problems problems;
};

static inline void reading_open(struct reading *r, const char *text, const char *folder)
{
	problems_init(&r->problems, LANGUAGE_EN);
	config_read_text(&r->config, str_of(text), STR("t.yaml"), str_of(folder), &r->problems);
}

static inline void reading_close(struct reading *r)
{
	config_free(&r->config);
	problems_fini(&r->problems);
}

#endif
