/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - TLS 1.2 and 1.3 under a stream, by OpenSSL.
 *
 * One library context, and one SSL_CTX a listener, for each worker: OpenSSL's shared ones make threads
 * wait for each other. A session has no buffers of its own: it reads from the worker's scratch and
 * writes into one buffer of the worker, which is sent at once. Tickets are made with keys common to all
 * workers, so a phone may resume on any. RFC 5922, RFC 3261 §26.3.1 */
#ifndef SLUICE_TLS_H
#define SLUICE_TLS_H

#include "transport_private.h"

struct stream;

/* For every worker: read certificates, keys and authorities, or say what is wrong with which. */
int tls_open(struct transport *t, struct transport_error *error);
void tls_close(struct transport *t);

/* NULL when OpenSSL refuses. */
struct tls_session *tls_session_accept(struct tls *tls, uint8_t listener);
/* `listener`: whose certificate is shown when the peer asks for ours; NO_LISTENER: none. */
struct tls_session *tls_session_connect(struct tls *tls, uint8_t listener, struct str name);
void tls_session_free(struct tls_session *session);             /* NULL is fine */
/* The name we asked the peer for; STR_NONE when it is the client. */
struct str tls_session_name(const struct tls_session *session);

void tls_handshake_step(struct stream *s);                      /* at the turn's end (shares.c) */

void tls_take(struct stream *s, struct str bytes);              /* what the socket gave: decrypt and pass on */
void tls_flush(struct stream *s);                               /* encrypt what waits, as far as the socket takes it */
void tls_say_goodbye(struct stream *s);                         /* close_notify, if it can be said at once */

#endif
