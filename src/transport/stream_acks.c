/* SPDX-License-Identifier: Apache-2.0 */
/* stream_acks.c - does the peer's TCP acknowledge what we send?
 *
 * While bytes are outstanding, at least one more must have been acknowledged every settings.unacked_ms; a slow path
 * passes, a path that drops and a peer that reads no more do not. What waits in our own queue because the
 * window is closed needs no counting: the socket is full of bytes before it then. Asked once a period at
 * most, so that a busy connection costs one system call of it. tcpi_bytes_acked would count the SYN too; the length of the
 * kernel's queue is exact. */
#include "stream.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

void stream_expect_acks(struct stream *s)
{
	unsigned unacked_ms = s->w->t->set.unacked_ms;
	if (s->acks_due_ms || s->state != STREAM_OPEN || s->sent_bytes == s->acked_bytes || !unacked_ms)
		return;
	s->acks_due_ms = loop_now_ms(s->w->loop) + unacked_ms;
	stream_rearm(s);
}

void stream_check_acks(struct stream *s)
{
	int outstanding = 0;
	s->acks_due_ms = 0;
	if (ioctl(s->io.fd, SIOCOUTQ, &outstanding) || outstanding < 0 || (uint64_t)outstanding > s->sent_bytes)
		return;
	uint64_t acked_bytes = s->sent_bytes - (uint64_t)outstanding;
	if (acked_bytes == s->acked_bytes) {
		transport_flow_suspect(s->w, &s->ref);
		worker_tell_unacked(s->w, &s->ref);
	}
	s->acked_bytes = acked_bytes;
	stream_expect_acks(s);                  /* what is outstanding now has the whole time again */
}
