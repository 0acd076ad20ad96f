/* SPDX-License-Identifier: Apache-2.0 */
/* shares.c - the part of a turn that goes to what wants much of it: handshakes, and peers who send more than others.
 *
 * Everybody waits as long as a turn takes. So every step of a TLS handshake, and whoever has more to be read than one read takes, stands
 * in line for the turn's end and gets a bounded part of it. Who is still in line then is watched no longer: the next
 * turn follows at once, and begins with those who stand first. */
#include "clock.h"
#include "stream.h"
#include "tls.h"

#define READS_US     200                /* of a turn, for streams as they come; the others stand in line then */
#define LINE_US      100                /* for those in line */
#define HANDSHAKE_US 300                /* for all handshakes together */

static void stand_in_line(struct stream *s, struct list *line)
{
	if (!list_empty(&s->share))
		return;
	list_add_tail(line, &s->share);
	worker_wants_flush(s->w);
}

void stream_wants_handshake(struct stream *s)
{
	stand_in_line(s, &s->w->handshakes);
}

void stream_wants_read(struct stream *s)
{
	stand_in_line(s, &s->w->readers);
}

bool stream_may_read(const struct stream *s)
{
	struct transport_worker *w = s->w;
	int64_t now_us = clock_us();
	if (!w->reads_end_us)
		w->reads_end_us = now_us + READS_US;
	return now_us < w->reads_end_us;
}

static struct stream *first_in_line(struct list *line)
{
	struct stream *s = CONTAINER(list_pop(line), struct stream, share);
	s->paused = false;
	return s;
}

/* Newcomers stand behind those who are paused already. */
static void pause_line(struct transport_worker *w, struct list *line)
{
	for (struct list *n = line->prev; n != line; n = n->prev) {
		struct stream *s = CONTAINER(n, struct stream, share);
		if (s->paused)
			break;
		s->paused = true;
		stream_rewatch(s);
	}
	if (!list_empty(line))
		worker_wants_flush(w);
}

static void read_on(struct stream *s)
{
	stream_read_some(s);
	if (list_empty(&s->share))
		stream_rewatch(s);
}

/* At least one, and the last one may go beyond. */
static void serve_line(struct transport_worker *w, struct list *line, int64_t share_us, void (*serve)(struct stream *s))
{
	if (list_empty(line))
		return;
	int64_t end_us = clock_us() + share_us;
	do
		serve(first_in_line(line));
	while (!list_empty(line) && clock_us() < end_us);
	pause_line(w, line);
}

void stream_shares_run(struct transport_worker *w)
{
	w->reads_end_us = 0;
	serve_line(w, &w->readers, LINE_US, read_on);
	serve_line(w, &w->handshakes, HANDSHAKE_US, tls_handshake_step);
}
