/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with what it needs before it, and a look at slices. */
#ifndef SLUICE_TESTS_BASE_CHECK_H
#define SLUICE_TESTS_BASE_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The slice holds exactly the bytes of the terminated string. */
#define assert_str(slice, text) \
	do { \
		struct str got_ = (slice); \
		assert_int_equal(got_.n, strlen(text)); \
		assert_memory_equal(got_.p, text, got_.n); \
	} while (0)

#endif
