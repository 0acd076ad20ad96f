/* SPDX-License-Identifier: Apache-2.0 */
/* command_codes.c - sluice explain, compare, best: the reference on a terminal. */
#include "codes.h"
#include "codes_show.h"
#include "command.h"
#include "suggest.h"
#include "table.h"
#include <stdlib.h>
#include <unistd.h>

#define WIDEST 120              /* longer lines are hard to read */

unsigned reference_language(const struct invocation *in)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *asked = in->option[OPTION_LANG];
	for (size_t i = 0; !asked && i < sizeof names / sizeof *names; i++) {
		asked = getenv(names[i]);
		if (asked && !*asked)
			asked = NULL;
	}
	unsigned language = asked ? codes_language_find(str_of(asked)) : CODES_ENGLISH;
	return language < codes_language_count ? language : CODES_ENGLISH;
}

static struct terminal terminal_of_stdout(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM"), *columns = getenv("COLUMNS");
	uint32_t width = terminal_width(stdout);
	if (!width && !(columns && str_u32(str_of(columns), 1000, &width)))
		width = 80;
	return (struct terminal){
		.width = width > WIDEST ? WIDEST : width,
		.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && !(term && strcmp(term, "dumb") == 0),
	};
}

/* The page was composed: show it, or as JSON when that was asked and it has no form of its own. */
static void show(struct invocation *in, struct page *p)
{
	struct terminal terminal = terminal_of_stdout();
	if (in->option[OPTION_JSON])
		json_page(&in->out.out, p);
	else
		page_show(p, &terminal, &in->out.out);
}

static bool status_of(struct str word, unsigned *status)
{
	uint32_t number;
	if (!str_u32(word, 699, &number) || number < 100)
		return false;
	*status = number;
	return true;
}

/* --- explain --- */

static struct str operands_joined(struct invocation *in, struct buf *b)
{
	for (unsigned i = 0; i < in->operand_count; i++) {
		if (i)
			buf_byte(b, ' ');
		buf_add(b, str_of(in->operands[i]));
	}
	return buf_str(b);
}

/* The roles of "phone,operator" as bits; 0: one of them is none, told to in->err. */
static unsigned roles_of(struct invocation *in, struct str list)
{
	static const struct str names[ROLE_COUNT] = { STR_INIT("phone"), STR_INIT("edge"), STR_INIT("home"), STR_INIT("registrar"), STR_INIT("redirect"),
		STR_INIT("operator") };
	unsigned bits = 0;
	while (list.n) {
		struct str one;
		unsigned role = 0;
		if (!str_cut(&list, ',', &one)) {
			one = list;
			list = STR("");
		}
		while (role < ROLE_COUNT && !str_eq(one, names[role]))
			role++;
		if (role == ROLE_COUNT) {
			text_codes_role_unknown(&in->err, one);
			return 0;
		}
		bits |= 1u << role;
	}
	if (!bits)
		text_codes_role_unknown(&in->err, list);
	return bits;
}

static int unknown(struct invocation *in, struct str what)
{
	text_codes_unknown(&in->err, what);
	return command_failed(in);
}

static int explain_status(struct invocation *in, struct page *p, unsigned status)
{
	struct explain_options how = { .brief = in->option[OPTION_SHORT] != NULL };
	if (in->option[OPTION_ROLE]) {
		how.roles = roles_of(in, str_of(in->option[OPTION_ROLE]));
		if (!how.roles)
			return command_usage(in);
	}
	if (in->option[OPTION_JSON]) {
		json_explain(&in->out.out, status, p->language);
	} else {
		page_explain(p, status, &how);
		show(in, p);
	}
	return codes_find(status) ? CLI_OK : CLI_FAILED;
}

/* A code that is called so in any language; 0: none. */
static unsigned named(struct str name)
{
	const struct code *code = codes_find_phrase(name);
	for (unsigned i = 0; !code && i < codes_count; i++)
		for (unsigned language = 0; language < codes_language_count; language++)
			if (str_ieq(codes_text(codes_table[i].status, KEY_TITLE, language).text, name))
				code = &codes_table[i];
	return code ? code->status : 0;
}

static int explain_search(struct invocation *in, struct page *p, struct str question)
{
	bool found = page_search(p, question) > 0;
	show(in, p);
	return found ? CLI_OK : CLI_FAILED;
}

static bool page_of_number(struct page *p, struct str word, bool (*compose)(struct page *p, unsigned number))
{
	uint32_t number;
	return str_u32(word, 999, &number) && compose(p, number);
}

static int explain(struct invocation *in, struct page *p, struct str what)
{
	unsigned status;
	bool known;
	if (in->option[OPTION_SEARCH])
		return explain_search(in, p, what);
	if (in->option[OPTION_WARNING])
		known = page_of_number(p, what, page_warning);
	else if (in->option[OPTION_Q850])
		known = page_of_number(p, what, page_cause);
	else if (in->option[OPTION_HEADER])
		known = page_header(p, what);
	else if (status_of(what, &status) || (status = named(what)))
		return explain_status(in, p, status);
	else if (what.n && (what.p[0] < '0' || what.p[0] > '9'))
		return explain_search(in, p, what);
	else
		return str_u32(what, 999, &status) && page_explain(p, status, &(struct explain_options){ 0 }) ? (show(in, p), CLI_FAILED) : unknown(in, what);
	if (!known)
		return unknown(in, what);
	show(in, p);
	return CLI_OK;
}

int command_explain(struct invocation *in)
{
	struct buf words = { 0 };
	struct page p;
	page_init(&p, reference_language(in));
	int status = explain(in, &p, operands_joined(in, &words));
	page_fini(&p);
	buf_fini(&words);
	return status;
}

/* --- compare, best --- */

/* A code by number or name, from one operand. False: told to in->err. */
static bool code_operand(struct invocation *in, unsigned at, unsigned *status)
{
	struct str word = str_of(in->operands[at]);
	if (status_of(word, status) || (*status = named(word)))
		return true;
	text_codes_unknown(&in->err, word);
	return false;
}

int command_compare(struct invocation *in)
{
	unsigned a, b;
	if (!code_operand(in, 0, &a) || !code_operand(in, 1, &b))
		return command_failed(in);
	struct page p;
	page_init(&p, reference_language(in));
	if (in->option[OPTION_JSON]) {
		json_compare(&in->out.out, a, b, p.language);
	} else {
		page_compare(&p, a, b);
		show(in, &p);
	}
	page_fini(&p);
	return codes_find(a) && codes_find(b) ? CLI_OK : CLI_FAILED;
}

int command_best(struct invocation *in)
{
	unsigned statuses[OPERANDS_MAX], n = in->operand_count;
	bool outbound = in->option[OPTION_OUTBOUND] != NULL;
	for (unsigned i = 0; i < n; i++)
		if (!code_operand(in, i, &statuses[i]))
			return command_failed(in);
	struct page p;
	page_init(&p, reference_language(in));
	if (in->option[OPTION_JSON]) {
		json_best(&in->out.out, statuses, n, outbound, p.language);
	} else {
		page_best(&p, statuses, n, outbound);
		show(in, &p);
	}
	page_fini(&p);
	return CLI_OK;
}
