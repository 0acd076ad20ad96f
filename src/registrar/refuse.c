/* SPDX-License-Identifier: Apache-2.0 */
/* refuse.c - what is said to a REGISTER that is refused: one place, one table. Never a 6xx: RFC 3261 §10.3. */
#include "registrar_private.h"

static const struct {
	unsigned status;
	const char *phrase;             /* NULL: the registered one */
} answers[REGISTER_FAULTS] = {
	[REGISTER_EXTENSION]            = { 420, NULL },                                        /* RFC 3261 §8.2.2.3 */
	[REGISTER_TO_SCHEME]            = { 400, "Bad Request (To must be a SIP or SIPS URI)" },        /* RFC 4475 §3.3.4 */
	[REGISTER_NOT_YOURS]            = { 403, "Forbidden (To is not an address of the authenticated user)" },
	[REGISTER_NO_USER]              = { 404, "Not Found (no such user in this domain)" },
	[REGISTER_PATH_STRANGER]        = { 403, "Forbidden (Path is taken from peers with the right 'path')" },
	[REGISTER_PATH_UNSUPPORTED]     = { 420, NULL },                                        /* RFC 3327 §5.3 */
	[REGISTER_PATH_MALFORMED]       = { 400, "Bad Request (Path malformed)" },
	[REGISTER_CONTACT_COUNT]        = { 403, "Forbidden (too many Contacts in one request)" },
	[REGISTER_CONTACT_MALFORMED]    = { 400, "Bad Request (Contact malformed)" },
	[REGISTER_CONTACT_SCHEME]       = { 400, "Bad Request (Contact must be a SIP or SIPS URI)" },
	[REGISTER_STAR]                 = { 400, "Bad Request (Contact * needs Expires 0 and no other Contact)" },
	[REGISTER_Q]                    = { 400, "Bad Request (q must be 0 to 1 with three digits at most)" },
	[REGISTER_REG_ID]               = { 400, "Bad Request (reg-id must be 1 to 2147483647)" },
	[REGISTER_REG_ID_COUNT]         = { 400, "Bad Request (reg-id is for one Contact in a request)" },
	[REGISTER_TOO_BRIEF]            = { 423, NULL },
	[REGISTER_NOT_SECURE]           = { 400, "Bad Request (a SIPS Contact needs SIPS Request-URI, Contacts and Path)" },
	[REGISTER_FIRST_HOP]            = { 439, NULL },                                        /* RFC 5626 §11.6 */
	[REGISTER_OUT_OF_ORDER]         = { 400, "Bad Request (CSeq is not higher than that of the binding)" },
	[REGISTER_FULL]                 = { 403, "Forbidden (too many Contacts for this address)" },
	[REGISTER_NOT_STORED]           = { 500, "Server Internal Error (the registration could not be stored)" },
};

unsigned fault_answer(const struct registration *g, enum register_fault fault, struct str *phrase)
{
	struct buf *rows = &g->r->rows;
	buf_clear(rows);
	if (fault == REGISTER_EXTENSION)
		buf_printf(rows, "Unsupported: %.*s\r\n", STR_FMT(g->unsupported));
	if (fault == REGISTER_PATH_UNSUPPORTED)
		BUF_LIT(rows, "Unsupported: path\r\n");
	if (fault == REGISTER_TOO_BRIEF)
		buf_printf(rows, "Min-Expires: %u\r\n", (unsigned)g->r->s.expires_min_s);
	*phrase = str_of(answers[fault].phrase);
	return answers[fault].status;
}
