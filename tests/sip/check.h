/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with what it needs before it, slices, and messages whose bytes stand at the edge of
 * their memory, so that the sanitizer sees every byte read too many. */
#ifndef SLUICE_TESTS_SIP_CHECK_H
#define SLUICE_TESTS_SIP_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "sip.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The slice holds exactly these bytes. */
#define assert_same(slice, wanted) \
	do { \
		struct str got_ = (slice), want_ = (wanted); \
		if (!str_eq(got_, want_)) \
			fail_msg("got \"%.*s\", want \"%.*s\"", STR_FMT(got_), STR_FMT(want_)); \
	} while (0)
#define assert_str(slice, text) assert_same(slice, str_of(text))
#define assert_none(slice) assert_null((slice).p)

/* A message with its memory. */
struct sample {
	char *bytes;
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	enum sip_parse_result parsed;
};

static inline void sample_open(struct sample *s, struct str text, const struct sip_limits *limits)
{
	memset(s, 0, sizeof *s);
	s->bytes = malloc(text.n ? text.n : 1);
	if (text.n)
		memcpy(s->bytes, text.p, text.n);
	arena_init(&s->arena, NULL, 0);
	s->parsed = sip_parse(&s->m, (struct str){ s->bytes, text.n }, &s->arena, limits, &s->fault);
}

static inline void sample_close(struct sample *s)
{
	arena_fini(&s->arena);
	free(s->bytes);
}

/* Parsed and fit; the fault is in s->fault. */
static inline bool sample_fit(struct sample *s)
{
	return s->parsed == SIP_PARSED && sip_check(&s->m, &s->fault);
}

#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa1;rport\r\n"
#define FROM "From: \"A\" <sip:alice@example.com>;tag=f1\r\n"
#define TO "To: <sip:bob@example.com>\r\n"
#define CALL_ID "Call-ID: c1@192.0.2.1\r\n"
#define CSEQ(method) "CSeq: 7 " method "\r\n"
#define NEEDED(method) VIA FROM TO CALL_ID CSEQ(method)
/* A whole request with more header rows. */
#define REQUEST(method, rows) method " sip:bob@example.com SIP/2.0\r\n" NEEDED(method) rows "\r\n"

#endif
