/* SPDX-License-Identifier: Apache-2.0 */
/* corpus.h - the messages of RFC 4475 and RFC 5118 with what is expected of each: fault 0 means fit; the
 * reasons are those of the manifests beside the files. */
#ifndef SLUICE_TESTS_SIP_CORPUS_H
#define SLUICE_TESTS_SIP_CORPUS_H

#include "check.h"
#include <stdio.h>

enum stage { FIT, PARSER, CHECK };      /* who finds the fault */

static const struct torture {
	const char *file;
	enum stage stage;
	unsigned status;
	const char *why;
} corpus[] = {
	{ "rfc4475/wsinv", FIT, 0, NULL },
	{ "rfc4475/intmeth", FIT, 0, NULL },
	{ "rfc4475/esc01", FIT, 0, NULL },
	{ "rfc4475/escnull", FIT, 0, NULL },
	{ "rfc4475/esc02", FIT, 0, NULL },
	{ "rfc4475/lwsdisp", FIT, 0, NULL },
	{ "rfc4475/longreq", FIT, 0, NULL },
	{ "rfc4475/dblreq", FIT, 0, NULL },
	{ "rfc4475/semiuri", FIT, 0, NULL },
	{ "rfc4475/transports", FIT, 0, NULL },
	{ "rfc4475/mpart01", FIT, 0, NULL },
	{ "rfc4475/unreason", FIT, 0, NULL },
	{ "rfc4475/noreason", FIT, 0, NULL },
	{ "rfc4475/badinv01", CHECK, 400, "Empty parameter" },
	{ "rfc4475/clerr", PARSER, 400, "Content-Length longer than the message" },
	{ "rfc4475/ncl", PARSER, 400, "Malformed Content-Length" },
	{ "rfc4475/scalar02", CHECK, 400, "Malformed CSeq" },
	{ "rfc4475/scalarlg", CHECK, 400, "Malformed CSeq" },
	{ "rfc4475/quotbal", CHECK, 400, "Malformed To" },
	{ "rfc4475/ltgtruri", CHECK, 400, "Malformed Request-URI" },
	{ "rfc4475/lwsruri", CHECK, 400, "Malformed Request-URI" },
	{ "rfc4475/lwsstart", CHECK, 400, "Malformed Request-URI" },
	{ "rfc4475/trws", PARSER, 400, "White space after the start line" },
	{ "rfc4475/escruri", CHECK, 400, "Headers in the Request-URI" },
	{ "rfc4475/baddate", FIT, 0, NULL },
	{ "rfc4475/regbadct", CHECK, 400, "Malformed Contact" },
	{ "rfc4475/badaspec", CHECK, 400, "Malformed To" },
	{ "rfc4475/baddn", CHECK, 400, "Malformed From" },
	{ "rfc4475/badvers", PARSER, 505, "SIP version other than 2.0" },
	{ "rfc4475/mismatch01", CHECK, 400, "CSeq of another method" },
	{ "rfc4475/mismatch02", CHECK, 400, "CSeq of another method" },
	{ "rfc4475/bigcode", PARSER, 400, "Malformed status code" },
	{ "rfc4475/badbranch", FIT, 0, NULL },
	{ "rfc4475/insuf", CHECK, 400, "From missing" },
	{ "rfc4475/unkscm", FIT, 0, NULL },
	{ "rfc4475/novelsc", FIT, 0, NULL },
	{ "rfc4475/unksm2", FIT, 0, NULL },
	{ "rfc4475/bext01", FIT, 0, NULL },
	{ "rfc4475/invut", FIT, 0, NULL },
	{ "rfc4475/regaut01", FIT, 0, NULL },
	{ "rfc4475/multi01", CHECK, 400, "From twice" },
	{ "rfc4475/mcl01", PARSER, 400, "Content-Length twice" },
	{ "rfc4475/bcast", FIT, 0, NULL },
	{ "rfc4475/zeromf", FIT, 0, NULL },
	{ "rfc4475/cparam01", FIT, 0, NULL },
	{ "rfc4475/cparam02", FIT, 0, NULL },
	{ "rfc4475/regescrt", FIT, 0, NULL },
	{ "rfc4475/sdp01", FIT, 0, NULL },
	{ "rfc4475/inv2543", FIT, 0, NULL },
	{ "rfc5118/ipv6-good", FIT, 0, NULL },
	{ "rfc5118/ipv6-bad", CHECK, 400, "Malformed Request-URI" },
	{ "rfc5118/port-ambiguous", FIT, 0, NULL },
	{ "rfc5118/port-unambiguous", FIT, 0, NULL },
	{ "rfc5118/via-received-param-with-delim", FIT, 0, NULL },
	{ "rfc5118/via-received-param-no-delim", FIT, 0, NULL },
	{ "rfc5118/ipv6-in-sdp", FIT, 0, NULL },
	{ "rfc5118/mult-ip-in-header", FIT, 0, NULL },
	{ "rfc5118/mult-ip-in-sdp", FIT, 0, NULL },
	{ "rfc5118/ipv4-mapped-ipv6", FIT, 0, NULL },
	{ "rfc5118/ipv6-bug-abnf-3-colons", FIT, 0, NULL },
	{ "rfc5118/ipv6-correct-abnf-2-colons", FIT, 0, NULL },
};

enum { CORPUS_BYTES = 8192 };

/* A file of tests/torture, by its name in the table. */
static inline struct str corpus_read(const char *file, char out[CORPUS_BYTES])
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s.dat", TORTURE, file);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s cannot be read", path);
	size_t n = fread(out, 1, CORPUS_BYTES, f);
	fclose(f);
	return (struct str){ out, n };
}

/* A sample of the corpus by name. */
static inline void corpus_open(struct sample *s, const char *file)
{
	char bytes[CORPUS_BYTES];
	sample_open(s, corpus_read(file, bytes), NULL);
}

#endif
