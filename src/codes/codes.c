/* SPDX-License-Identifier: Apache-2.0 */
/* codes.c - find a code, a header, a warning, a cause in the tables of facts. */
#include "codes.h"
#include "codes_facts.h"

const struct code *codes_find(unsigned status)
{
	size_t low = 0, high = codes_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (codes_table[middle].status == status)
			return &codes_table[middle];
		if (codes_table[middle].status < status)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct code *codes_treated_as(unsigned status)
{
	if (status < 100 || status > 699)
		return NULL;
	const struct code *code = codes_find(status);
	return code ? code : codes_find(status < 200 ? 183 : status / 100 * 100);
}

const struct code *codes_find_phrase(struct str phrase)
{
	for (unsigned i = 0; i < codes_count; i++)
		if (str_ieq(codes_table[i].phrase, phrase))
			return &codes_table[i];
	return NULL;
}

struct str codes_phrase(unsigned status)
{
	const struct code *code = codes_treated_as(status);
	return code ? code->phrase : STR_NONE;
}

unsigned codes_next(unsigned status)
{
	for (unsigned i = 0; i < codes_count; i++)
		if (codes_table[i].status > status)
			return codes_table[i].status;
	return 0;
}

static const struct str method_names[CODES_METHODS] = {         /* in the order of enum codes_method */
	STR_INIT("INVITE"), STR_INIT("BYE"), STR_INIT("CANCEL"), STR_INIT("OPTIONS"), STR_INIT("REGISTER"), STR_INIT("PRACK"),
	STR_INIT("SUBSCRIBE"), STR_INIT("NOTIFY"), STR_INIT("PUBLISH"), STR_INIT("INFO"), STR_INIT("REFER"), STR_INIT("MESSAGE"),
	STR_INIT("UPDATE"),
};

struct str codes_method_name(unsigned bit)
{
	return method_names[bit];
}

/* One of "Accept|Accept-Encoding" is there. */
static bool has_one(const char *headers, bool (*has)(void *of, struct str name), void *of)
{
	struct str rest = str_of(headers), name;
	while (str_cut(&rest, '|', &name))
		if (has(of, name))
			return true;
	return has(of, rest);
}

struct str codes_missing_header(unsigned status, struct str method, bool (*has)(void *of, struct str name), void *of)
{
	const struct code *code = codes_find(status);
	unsigned bit = 0;
	while (bit < CODES_METHODS && !str_eq(method, method_names[bit]))
		bit++;
	for (const struct codes_required *r = code ? code->required : NULL; r && r->methods; r++)
		if ((r->methods == CODES_ANY || (bit < CODES_METHODS && r->methods >> bit & 1)) && !has_one(r->headers, has, of))
			return str_of(r->headers);
	return STR_NONE;
}

const struct codes_header *codes_find_header(struct str name)
{
	for (unsigned i = 0; i < codes_header_count; i++) {
		const struct codes_header *h = &codes_headers[i];
		if (str_ieq(h->name, name) || (h->compact && name.n == 1 && (name.p[0] | 0x20) == h->compact))
			return h;
	}
	return NULL;
}

const struct codes_warning *codes_find_warning(unsigned code)
{
	for (unsigned i = 0; i < codes_warning_count; i++)
		if (codes_warnings[i].code == code)
			return &codes_warnings[i];
	return NULL;
}

const struct codes_cause *codes_find_cause(unsigned cause)
{
	for (unsigned i = 0; i < codes_cause_count; i++)
		if (codes_causes[i].cause == cause)
			return &codes_causes[i];
	return NULL;
}
