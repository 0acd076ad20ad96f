/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - just enough parsing of SIP. */
#include "core.h"

int sip_frame(const char *b, int n)
{
	const char *e = memmem(b, (size_t)n, "\r\n\r\n", 4);
	if (!e)
		return n > 65536 ? -1 : 0;
	int hl = (int)(e - b) + 4, cl = 0;
	/* Content-Length is nearly always last: search backwards by lines */
	const char *p = e;
	while (p > b) {
		const char *q = memrchr(b, '\n', (size_t)(p - b));
		const char *s = q ? q + 1 : b;
		if ((*s | 32) == 'c' && p - s > 15 && !strncasecmp(s, "content-length", 14)) {
			const char *v = memchr(s, ':', (size_t)(p - s));
			if (v)
				cl = atoi(v + 1);
			break;
		}
		if ((*s | 32) == 'l' && (s[1] == ':' || s[1] == ' ')) {
			const char *v = memchr(s, ':', (size_t)(p - s));
			if (v)
				cl = atoi(v + 1);
			break;
		}
		if (!q)
			break;
		p = q;
	}
	if (cl < 0 || cl > 65536)
		return -1;
	return hl + cl <= n ? hl + cl : 0;
}

static int hname(const char *p, int n, const char *name, int nl)
{
	return n > nl && (p[nl] == ':' || p[nl] == ' ') && !strncasecmp(p, name, (size_t)nl);
}
static struct hv hval_of(const char *p, const char *e)
{
	const char *c = memchr(p, ':', (size_t)(e - p));
	struct hv v = {e, 0};
	if (!c)
		return v;
	c++;
	while (c < e && (*c == ' ' || *c == '\t'))
		c++;
	v.p = c;
	v.n = (int)(e - c);
	return v;
}
int sip_parse(const char *b, int n, struct msg *m)
{
	const char *end = b + n;
	const char *q = memchr(b, '\n', (size_t)n);
	memset(m, 0, sizeof *m);
	if (!q || n < 16)
		return -1;
	const char *le = q > b && q[-1] == '\r' ? q - 1 : q;
	if (!memcmp(b, "SIP/2.0 ", 8)) {
		m->status = atoi(b + 8);
	} else {
		const char *s1 = memchr(b, ' ', (size_t)(le - b));
		if (!s1)
			return -1;
		const char *s2 = memchr(s1 + 1, ' ', (size_t)(le - s1 - 1));
		if (!s2)
			return -1;
		m->method = (struct hv){b, (int)(s1 - b)};
		m->ruri = (struct hv){s1 + 1, (int)(s2 - s1 - 1)};
	}
	for (const char *p = q + 1; p < end; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		if (!q)
			break;
		le = q > p && q[-1] == '\r' ? q - 1 : q;
		int l = (int)(le - p);
		if (l == 0)
			break;
		switch (*p | 32) {
		case 'v':
			if (hname(p, l, "via", 3) || hname(p, l, "v", 1))
				if (m->nvia < 12)
					m->via[m->nvia++] = (struct hv){p, l};
			break;
		case 'r':
			if (hname(p, l, "record-route", 12) && m->nrr < 8) {
				m->rr[m->nrr] = (struct hv){p, l};
				m->rrv[m->nrr++] = hval_of(p, le);
			}
			break;
		case 'f':
			if (hname(p, l, "from", 4) || hname(p, l, "f", 1))
				m->from = hval_of(p, le);
			break;
		case 't':
			if (hname(p, l, "to", 2) || hname(p, l, "t", 1))
				m->to = hval_of(p, le);
			break;
		case 'c':
			if (hname(p, l, "call-id", 7))
				m->callid = hval_of(p, le);
			else if (hname(p, l, "cseq", 4))
				m->cseq = hval_of(p, le);
			else if (hname(p, l, "contact", 7) && !m->contact.n)
				m->contact = hval_of(p, le);
			break;
		case 'i':
			if (hname(p, l, "i", 1))
				m->callid = hval_of(p, le);
			break;
		case 'm':
			if (hname(p, l, "m", 1))
				m->contact = hval_of(p, le);
			break;
		case 'w':
			if (hname(p, l, "www-authenticate", 16) && !m->auth.n)
				m->auth = hval_of(p, le);
			break;
		case 'p':
			if (hname(p, l, "proxy-authenticate", 18) && !m->auth.n)
				m->auth = hval_of(p, le);
			break;
		}
	}
	return m->nvia && m->callid.n && m->cseq.n && m->to.n && m->from.n ? 0 : -1;
}
