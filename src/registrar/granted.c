/* SPDX-License-Identifier: Apache-2.0 */
/* granted.c - the rows of a 200 to REGISTER: RFC 3261 §10.3 step 8, RFC 3327 §5.3, RFC 5626 §6. */
#include "registrar_private.h"

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

static void write_flow_timer(struct buf *rows, uint32_t seconds)
{
	BUF_LIT(rows, "Flow-Timer: ");
	buf_u64(rows, seconds);
	BUF_LIT(rows, "\r\n");
}

static void two_digits(char *at, unsigned number)
{
	at[0] = (char)('0' + number / 10);
	at[1] = (char)('0' + number % 10);
}

/* The date of a day since 1970. A year that begins in March has its odd day at its end, and months whose lengths repeat every five;
 * 719468 days lie between such a year 0 and 1970. 400 years have 146097 days. */
static void date_of(int64_t day, unsigned *year, unsigned *month, unsigned *day_of_month)
{
	int64_t since = day + 719468, era = since / 146097;
	unsigned of_era = (unsigned)(since % 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned from_march = (5 * of_year + 2) / 153;
	*day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 2 : from_march - 10;    /* from 0 */
	*year = (unsigned)(era * 400) + year_of_era + (from_march >= 10);
}

/* rfc1123-date, RFC 3261 §25.1: in English whatever the locale. By hand: gmtime_r takes a lock of the whole process. */
static void write_date(struct buf *rows, int64_t wall_ms)
{
	static const char days[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };      /* 1970 began with a Thursday */
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char line[] = "Date: ___, __ ___ ____ __:__:__ GMT\r\n";
	int64_t seconds = wall_ms / 1000, day = seconds / 86400;
	unsigned of_day = (unsigned)(seconds % 86400), year, month, day_of_month;
	date_of(day, &year, &month, &day_of_month);
	memcpy(line + 6, days[day % 7], 3);
	two_digits(line + 11, day_of_month);
	memcpy(line + 14, months[month], 3);
	two_digits(line + 18, year / 100);
	two_digits(line + 20, year % 100);
	two_digits(line + 23, of_day / 3600);
	two_digits(line + 26, of_day / 60 % 60);
	two_digits(line + 29, of_day % 60);
	buf_add(rows, (struct str){ line, sizeof line - 1 });
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
		write_flow_timer(rows, g->r->s.flow_timer_s);
	write_date(rows, u->wall_ms);
}
