/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - the answer to a challenge, MD5 or SHA-256. RFC 7616, RFC 8760 */
#include "agent.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

static void hexs(char *out, const u8 *d, int n)
{
	for (int i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[d[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[d[i] & 15];
	}
	out[2 * n] = 0;
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void digest(int sha, char *out, const char *in, int n)
{
	u8 d[32];
	if (sha) {
		SHA256((const u8 *)in, (size_t)n, d);
		hexs(out, d, 32);
	} else {
		MD5((const u8 *)in, (size_t)n, d);
		hexs(out, d, 16);
	}
}
#pragma GCC diagnostic pop
static struct hv dparam(struct hv h, const char *name)
{
	size_t nl = strlen(name);
	const char *p = h.p, *e = h.p + h.n;
	while ((p = memmem(p, (size_t)(e - p), name, nl))) {
		if ((p == h.p || p[-1] == ' ' || p[-1] == ',') && p + nl < e && p[nl] == '=') {
			p += nl + 1;
			const char *q;
			if (p < e && *p == '"') {
				p++;
				q = memchr(p, '"', (size_t)(e - p));
			} else {
				q = memchr(p, ',', (size_t)(e - p));
			}
			if (!q)
				q = e;
			return (struct hv){p, (int)(q - p)};
		}
		p += nl;
	}
	return (struct hv){NULL, 0};
}
int make_auth(struct job *j, const struct msg *m)
{
	struct hv realm = dparam(m->auth, "realm"), nonce = dparam(m->auth, "nonce"), qop = dparam(m->auth, "qop"),
	          alg = dparam(m->auth, "algorithm"), opq = dparam(m->auth, "opaque");
	if (!nonce.p || !realm.p)
		return 0;
	int sha = alg.n >= 7 && !strncasecmp(alg.p, "SHA-256", 7);
	char ha1[65], ha2[65], resp[65], t[1024];
	int n = snprintf(t, sizeof t, "u%u:%.*s:%s", j->user, realm.n, realm.p, O.password);
	digest(sha, ha1, t, n);
	n = snprintf(t, sizeof t, "REGISTER:sip:%s", O.domain);
	digest(sha, ha2, t, n);
	if (qop.p)
		n = snprintf(t, sizeof t, "%s:%.*s:00000001:%08x:auth:%s", ha1, nonce.n, nonce.p, j->idx, ha2);
	else
		n = snprintf(t, sizeof t, "%s:%.*s:%s", ha1, nonce.n, nonce.p, ha2);
	digest(sha, resp, t, n);
	char *p = j->auth, *e = p + sizeof j->auth;
	p += snprintf(p, (size_t)(e - p),
	        "Digest username=\"u%u\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"sip:%s\", response=\"%s\", algorithm=%s", j->user, realm.n,
	        realm.p, nonce.n, nonce.p, O.domain, resp, sha ? "SHA-256" : "MD5");
	if (qop.p && p < e)
		p += snprintf(p, (size_t)(e - p), ", qop=auth, nc=00000001, cnonce=\"%08x\"", j->idx);
	if (opq.p && p < e)
		p += snprintf(p, (size_t)(e - p), ", opaque=\"%.*s\"", opq.n, opq.p);
	if (p >= e)
		return 0;
	j->authlen = (int)(p - j->auth);
	return 1;
}
