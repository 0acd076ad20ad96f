/* SPDX-License-Identifier: Apache-2.0 */
/* stream_write.c - the bounded queue of a connection, written in one go at the end of the turn. */
#include "stream.h"
#include "tls.h"
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#define IOV_A_WRITE   64
#define WIRE_COST     64                /* what a queued wire costs beside its bytes: pongs count too */
#define ROOM_FIRST    4
#define NEIGHBOUR_TIMES 16

enum flow_end stream_end_of(int err)
{
	return err == ETIMEDOUT ? FLOW_END_SILENT : FLOW_END_RESET;
}

static void grow(struct stream *s)
{
	uint32_t room = s->room ? 2 * s->room : ROOM_FIRST;
	struct wire **queue = mem_alloc(room * sizeof *queue);
	for (uint32_t i = 0; i < s->waiting; i++)
		queue[i] = s->queue[(s->first + i) & (s->room - 1)];
	mem_free(s->queue);
	s->queue = queue;
	s->room = room;
	s->first = 0;
}

static void drop_first(struct stream *s)
{
	struct wire *bytes = s->queue[s->first];
	s->first = (s->first + 1) & (s->room - 1);
	s->waiting--;
	s->queued -= bytes->n + WIRE_COST;
	s->offset = 0;
	wire_unref(bytes);
}

void stream_drop_queue(struct stream *s)
{
	while (s->waiting)
		drop_first(s);
	mem_free(s->queue);
	s->queue = NULL;
	s->room = s->first = 0;
}

bool stream_next_bytes(const struct stream *s, struct str *bytes)
{
	if (!s->waiting)
		return false;
	const struct wire *next = s->queue[s->first];
	*bytes = (struct str){ next->data + s->offset, next->n - s->offset };
	return true;
}

void stream_bytes_done(struct stream *s, size_t n)
{
	while (s->waiting && n >= s->queue[s->first]->n - s->offset) {
		n -= s->queue[s->first]->n - s->offset;
		drop_first(s);
	}
	s->offset += n;
}

void stream_wants_flush(struct stream *s)
{
	if (list_empty(&s->dirty))
		list_add_tail(&s->w->dirty, &s->dirty);
	worker_wants_flush(s->w);
}

/* A connection to a neighbour carries everybody's messages. */
size_t stream_queue_max(const struct stream *s)
{
	return (s->outgoing ? NEIGHBOUR_TIMES : 1) * s->w->t->set.queue_bytes;
}

static bool has_room(const struct stream *s, const struct wire *bytes)
{
	return s->queued + bytes->n + WIRE_COST <= stream_queue_max(s);
}

enum send_result stream_send(struct stream *s, struct wire *bytes)
{
	if (s->state == STREAM_CLOSED || s->state == STREAM_LINGER)
		return SEND_GONE;
	if (!has_room(s, bytes)) {
		stream_flush(s);                /* perhaps much was said in this one turn */
		if (s->state == STREAM_CLOSED)
			return SEND_GONE;
		if (!has_room(s, bytes)) {
			stream_log_end(s, "the peer does not read and its queue is full");
			stream_close(s, FLOW_END_OVERFLOW);
			return SEND_GONE;
		}
	}
	if (s->waiting == s->room)
		grow(s);
	s->queue[(s->first + s->waiting++) & (s->room - 1)] = wire_ref(bytes);
	s->queued += bytes->n + WIRE_COST;
	if (bytes != s->w->pong) {
		s->messages_out++;
		s->message_ms = loop_now_ms(s->w->loop);
		count_add(s->w, COUNT_MESSAGES_OUT, 1);
	}
	stream_wants_flush(s);
	return SEND_OK;
}

/* One writev of what waits; false: the socket is full, or the connection has ended. */
static bool write_some(struct stream *s)
{
	struct iovec iov[IOV_A_WRITE];
	uint32_t n = 0;
	for (; n < s->waiting && n < IOV_A_WRITE; n++) {
		struct wire *w = s->queue[(s->first + n) & (s->room - 1)];
		iov[n] = (struct iovec){ w->data, w->n };
	}
	iov[0].iov_base = (char *)iov[0].iov_base + s->offset;
	iov[0].iov_len -= s->offset;
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t written = sendmsg(s->io.fd, &m, MSG_NOSIGNAL);
	if (written < 0) {
		if (errno != EAGAIN && errno != EINTR)
			stream_close(s, stream_end_of(errno));
		return false;
	}
	s->sent_bytes += (uint64_t)written;
	stream_bytes_done(s, (size_t)written);
	return true;
}

/* The last answer is out: say so, and let the peer read it before its own FIN. Closing at once would
 * send a reset that overtakes it. */
static void finish_linger(struct stream *s)
{
	if (s->half_closed)
		return;
	if (s->tls)
		tls_say_goodbye(s);
	s->half_closed = true;
	shutdown(s->io.fd, SHUT_WR);
}

void stream_flush(struct stream *s)
{
	if (s->state == STREAM_CONNECTING || s->state == STREAM_CLOSED)
		return;
	if (s->tls)
		tls_flush(s);
	else
		while (s->waiting && write_some(s))
			;
	if (s->state == STREAM_CLOSED)
		return;
	s->writing = s->cipher.n || (s->waiting && s->state != STREAM_HANDSHAKE);
	if (!s->waiting && !s->writing) {
		mem_free(s->queue);
		s->queue = NULL;
		s->room = s->first = 0;
		if (s->state == STREAM_LINGER)
			finish_linger(s);
	}
	stream_expect_acks(s);
	stream_rewatch(s);
}
