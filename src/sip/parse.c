/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - take a message apart in one pass. RFC 3261 §7, §18.3 */
#include "row.h"

const struct sip_limits sip_limits_default = { 65535, 65535, 256 };

struct parse {
	struct sip_msg *m;
	struct arena *arena;
	const struct sip_limits *limits;
	struct sip_fault *fault;
	bool bad;
	int room;                       /* of m->headers */
	int16_t last[SIP_HEADER_COUNT]; /* the last row of each id that has a first */
	struct str rest;
};

/* The first fault is the one that is told. */
static void fail(struct parse *x, unsigned status, const char *why)
{
	if (x->bad)
		return;
	x->bad = true;
	*x->fault = (struct sip_fault){ status, why };
}

/* SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT, in any case. */
static bool is_version(struct str s)
{
	struct str major;
	if (str_eq(s, STR("SIP/2.0")))
		return true;
	if (s.n < 7 || !str_istarts(s, STR("SIP/")))
		return false;
	s = sip_skip(s, 4);
	uint64_t number;
	return str_cut(&s, '.', &major) && str_u64(major, UINT64_MAX, &number) && str_u64(s, UINT64_MAX, &number);
}

static void check_version(struct parse *x, struct str version)
{
	if (version.n != 7 || memcmp(version.p + 4, "2.0", 3) != 0)
		fail(x, 505, "SIP version other than 2.0");
}

/* Request-Line = Method SP Request-URI SP SIP-Version */
static bool read_request_line(struct parse *x, struct str line)
{
	struct sip_msg *m = x->m;
	const char *last = str_find_last(line, ' ');
	if (!last || !str_cut(&line, ' ', &m->method_name) || last < line.p)
		return false;
	struct str version = str_range(last + 1, line.p + line.n);
	if (!sip_all(m->method_name, SIP_C_TOKEN) || !is_version(version))
		return false;
	m->is_request = true;
	m->method = sip_method_of(m->method_name);
	m->ruri_text = str_range(line.p, last);
	m->ruri_ok = sip_uri_read(m->ruri_text, &m->ruri);
	check_version(x, version);
	return true;
}

/* Status-Line = SIP-Version SP Status-Code SP Reason-Phrase; the last SP may be missing. */
static bool read_status_line(struct parse *x, struct str line)
{
	struct str version, code = STR_NONE;
	if (!str_cut(&line, ' ', &version) || !is_version(version))
		return false;
	check_version(x, version);
	x->m->phrase = STR("");
	if (str_cut(&line, ' ', &code))
		x->m->phrase = line;
	else
		code = line;
	uint32_t status = 0;
	if (code.n != 3 || !str_u32(code, 699, &status) || status < 100)
		fail(x, 400, "Malformed status code");
	x->m->status = status;
	return true;
}

static bool read_start_line(struct parse *x)
{
	struct str line = x->rest;
	const char *lf = str_find(x->rest, '\n');
	if (lf) {
		line = str_range(x->rest.p, lf);
		x->rest = str_range(lf + 1, x->rest.p + x->rest.n);
	} else {
		x->rest = sip_skip(x->rest, x->rest.n);
	}
	bool clean = lf && line.n && line.p[line.n - 1] == '\r';
	if (clean)
		line.n--;
	clean = clean && !str_find(line, '\r');
	if (line.n && line.n <= x->limits->max_head_bytes && str_istarts(line, STR("SIP/"))) {
		if (!read_status_line(x, line))
			return false;
	} else {
		size_t n = line.n;
		while (n && (line.p[n - 1] == ' ' || line.p[n - 1] == '\t'))
			n--;
		bool spaces = n < line.n;
		line.n = n;
		if (!n || !read_request_line(x, line))
			return false;
		if (spaces)
			fail(x, 400, "White space after the start line");
	}
	if (!clean)
		fail(x, 400, "Malformed line end");
	return true;
}

static void read_cseq(struct sip_msg *m, struct str value)
{
	const char *at = value.p, *end = at + value.n;
	uint32_t number;
	if (!sip_take_digits(&at, end, UINT32_MAX, &number) || at == end || !sip_is(*at, SIP_C_SPACE))
		return;
	struct str method = sip_skip_space(str_range(at, end));
	if (!sip_all(method, SIP_C_TOKEN))
		return;
	m->cseq = number;
	m->cseq_method_name = method;
	m->cseq_method = sip_method_of(method);
}

/* The first of several. Only what a request says there is looked at by all who handle it. */
static const struct sip_addr *read_first(struct parse *x, struct str rest)
{
	struct str first;
	if (!x->m->is_request || !sip_list_next(&rest, &first))
		return NULL;
	struct sip_addr *addr = ARENA_NEW(x->arena, struct sip_addr);
	return sip_addr_read(first, addr) ? addr : NULL;
}

/* The first row of a header that everything needs. */
static void read_value(struct parse *x, const struct sip_header *h)
{
	struct sip_msg *m = x->m;
	struct str rest = h->value, first;
	uint32_t number;
	switch (h->id) {
	case SIP_H_VIA:
		if (sip_list_next(&rest, &first))
			sip_via_read(first, &m->via);
		break;
	case SIP_H_FROM:
		sip_addr_read(h->value, &m->from);
		break;
	case SIP_H_TO:
		sip_addr_read(h->value, &m->to);
		break;
	case SIP_H_CONTACT:
		m->contact = read_first(x, rest);
		break;
	case SIP_H_ROUTE:
		m->route = read_first(x, rest);
		break;
	case SIP_H_CALL_ID:
		m->call_id = h->value;
		break;
	case SIP_H_CSEQ:
		read_cseq(m, h->value);
		break;
	case SIP_H_MAX_FORWARDS:
		if (str_u32(h->value, 255, &number))
			m->max_forwards = (int)number;
		break;
	default:
		break;
	}
}

/* Where the next row goes. */
static struct sip_header *row_slot(struct parse *x)
{
	struct sip_msg *m = x->m;
	if (m->header_count == x->room) {
		int room = x->room ? 2 * x->room : 24;
		struct sip_header *more = arena_alloc(x->arena, (size_t)room * sizeof *more);
		if (m->header_count)
			memcpy(more, m->headers, (size_t)m->header_count * sizeof *more);
		m->headers = more;
		x->room = room;
	}
	return &m->headers[m->header_count];
}

/* The row in the slot is one of the message. */
static void add_row(struct parse *x, struct sip_header *h)
{
	struct sip_msg *m = x->m;
	int index = m->header_count++;
	h->next = -1;
	if (h->id == SIP_H_OTHER)
		return;
	if (m->first[h->id] < 0) {
		m->first[h->id] = (int16_t)index;
		read_value(x, h);
	} else {
		m->headers[x->last[h->id]].next = index;
	}
	x->last[h->id] = (int16_t)index;
}

/* False: not all of them were looked at. */
static bool read_rows(struct parse *x)
{
	const char *at = x->rest.p, *end = at + x->rest.n, *behind;
	bool clean = true, all = true;
	struct sip_header *h;
	while (h = row_slot(x), (behind = sip_row_take(at, end, h, &clean))) {
		at = behind;
		if ((size_t)(at - x->m->text.p) > x->limits->max_head_bytes) {
			fail(x, 513, "Headers too large");
			all = false;
			break;
		}
		if ((unsigned)x->m->header_count == x->limits->max_headers) {
			fail(x, 513, "Too many headers");
			all = false;
			break;
		}
		if (h->name.n)
			add_row(x, h);
		else
			fail(x, 400, "Malformed header line");
	}
	x->rest = str_range(at, end);
	if (!clean)
		fail(x, 400, "Malformed line end");
	return all;
}

/* What Content-Length says, or what is there. RFC 3261 §18.3 */
static void read_body(struct parse *x)
{
	struct sip_msg *m = x->m;
	m->headers_end = x->rest.p;
	struct str there = x->rest;
	if (there.n && there.p[0] == '\n') {    /* the framer of a stream would look for another empty line */
		fail(x, 400, "Malformed line end");
		there = sip_skip(there, 1);
	} else if (there.n) {
		there = sip_skip(there, 2);
	}
	uint64_t length = there.n;
	const struct sip_header *h = sip_first(m, SIP_H_CONTENT_LENGTH);
	if (h && h->next >= 0)
		fail(x, 400, "Content-Length twice");
	else if (h && !str_u64(h->value, INT32_MAX, &length))
		fail(x, 400, "Malformed Content-Length");
	if (length > x->limits->max_body_bytes)
		fail(x, 413, "Body too large");
	if (length > there.n) {
		fail(x, 400, "Content-Length longer than the message");
		length = there.n;
	}
	m->body = (struct str){ there.p, (size_t)length };
	m->text.n = (size_t)(there.p - m->text.p) + (size_t)length;
}

enum sip_parse_result sip_parse(struct sip_msg *m, struct str text, struct arena *arena,
                                const struct sip_limits *limits, struct sip_fault *fault)
{
	memset(m, 0, sizeof *m);
	memset(m->first, -1, sizeof m->first);
	m->max_forwards = -1;
	while (text.n && (text.p[0] == '\r' || text.p[0] == '\n'))
		text = sip_skip(text, 1);
	struct parse x;
	x.m = m;
	x.arena = arena;
	x.limits = limits ? limits : &sip_limits_default;
	x.fault = fault;
	x.bad = false;
	x.room = 0;
	x.rest = text;
	m->text = text;
	if (!text.n || !read_start_line(&x))
		return SIP_NOT_SIP;
	if (read_rows(&x))
		read_body(&x);
	else
		m->headers_end = x.rest.p;
	return x.bad ? SIP_BAD : SIP_PARSED;
}
