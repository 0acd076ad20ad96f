/* SPDX-License-Identifier: Apache-2.0 */
/* granted.c - the rows of a 200 to REGISTER: RFC 3261 §10.3 step 8, RFC 3327 §5.3, RFC 5626 §6. */
#include "registrar_private.h"
#include <time.h>

/* As registered, with what is left of its time (RG-25); what is there has at least a second. */
static void write_binding(struct buf *rows, const struct binding *b, int64_t wall_ms)
{
	int64_t left_s = (b->expires_wall_ms - wall_ms) / 1000;
	BUF_LIT(rows, "Contact: <");
	buf_add(rows, b->contact);
	BUF_LIT(rows, ">");
	buf_add(rows, b->contact_params);
	BUF_LIT(rows, ";expires=");
	buf_u64(rows, left_s > 0 ? (uint64_t)left_s : 1);
	BUF_LIT(rows, "\r\n");
}

/* rfc1123-date, RFC 3261 §25.1: in English whatever the locale. */
static void write_date(struct buf *rows, int64_t wall_ms)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm t;
	gmtime_r(&seconds, &t);
	buf_printf(rows, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
	           t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void granted_write(const struct registration *g)
{
	const struct location_update *u = &g->update;
	struct buf *rows = &g->r->rows;
	buf_clear(rows);
	for (unsigned i = 0; i < u->after_count; i++)
		write_binding(rows, &u->after[i], u->wall_ms);
	if (u->path.n) {                        /* of this request, not of the other bindings (OB-77) */
		BUF_LIT(rows, "Path: ");
		buf_add(rows, u->path);
		BUF_LIT(rows, "\r\n");
	}
	BUF_LIT(rows, "Supported: path, outbound\r\n");
	if (g->require_outbound)
		BUF_LIT(rows, "Require: outbound\r\n");
	/* Only from the last hop before the phone, which judges the flow by it (OB-60). */
	if (g->require_outbound && g->direct && g->granted_s && g->r->s.flow_timer_s)
		buf_printf(rows, "Flow-Timer: %u\r\n", (unsigned)g->r->s.flow_timer_s);
	write_date(rows, u->wall_ms);
}
