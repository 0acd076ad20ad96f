/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - sessions: handshake, decrypting, encrypting. */
#include "stream.h"
#include "tls_name.h"
#include "tls_private.h"
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#define SHIP_BYTES    32768             /* records collected before a system call */
#define LOG_MS        60000

/* --- OpenSSL's view of the socket: the worker's buffers --- */

static int bio_read(BIO *bio, char *out, size_t n, size_t *taken)
{
	struct tls_session *session = BIO_get_data(bio);
	struct tls *tls = session->tls;
	BIO_clear_retry_flags(bio);
	if (tls->reader != session || !tls->received.n) {
		BIO_set_retry_read(bio);
		return 0;
	}
	*taken = n < tls->received.n ? n : tls->received.n;
	memcpy(out, tls->received.p, *taken);
	tls->received.p += *taken;
	tls->received.n -= *taken;
	return 1;
}

static int bio_write(BIO *bio, const char *bytes, size_t n, size_t *taken)
{
	struct tls_session *session = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	buf_add(&session->tls->records, (struct str){ bytes, n });
	*taken = n;
	return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sluice stream");
	if (m) {
		BIO_meth_set_read_ex(m, bio_read);
		BIO_meth_set_write_ex(m, bio_write);
		BIO_meth_set_ctrl(m, bio_control);
	}
	return m;
}

/* --- sessions --- */

static struct tls_session *session_new(struct tls *tls, SSL_CTX *ctx, struct str name)
{
	struct tls_session *session = mem_zalloc(sizeof *session + name.n + 1);
	session->tls = tls;
	session->ssl = SSL_new(ctx);
	BIO *bio = BIO_new(tls->method);
	if (!session->ssl || !bio) {
		ERR_clear_error();
		BIO_free(bio);
		tls_session_free(session);
		return NULL;
	}
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	SSL_set_bio(session->ssl, bio, bio);
	if (name.p) {
		char *copy = (char *)(session + 1);
		memcpy(copy, name.p, name.n);
		session->name = (struct str){ copy, name.n };
	}
	return session;
}

struct tls_session *tls_session_accept(struct tls *tls, uint8_t listener)
{
	struct tls_session *session = session_new(tls, tls->servers[listener], STR_NONE);
	if (session)
		SSL_set_accept_state(session->ssl);
	return session;
}

/* Peers know each other by their certificates, whichever of them connects (TP-32). */
static void show_certificate(SSL *ssl, SSL_CTX *server)
{
	STACK_OF(X509) *chain = NULL;
	SSL_CTX_get0_chain_certs(server, &chain);
	SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(server), SSL_CTX_get0_privatekey(server), chain, 1);
	ERR_clear_error();
}

struct tls_session *tls_session_connect(struct tls *tls, uint8_t listener, struct str name)
{
	struct addr ip;
	struct tls_session *session = session_new(tls, tls->client, name.p ? name : STR(""));
	if (!session)
		return NULL;
	SSL_set_connect_state(session->ssl);
	if (listener != NO_LISTENER)
		show_certificate(session->ssl, tls->servers[listener]);
	if (name.n && !addr_parse_ip(name, &ip))        /* server_name holds no addresses. RFC 6066 §3 */
		SSL_set_tlsext_host_name(session->ssl, session->name.p);
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	if (session->tls->reader == session)
		session->tls->reader = NULL;
	SSL_free(session->ssl);
	mem_free(session);
}

struct str tls_session_name(const struct tls_session *session)
{
	return session->name;
}

/* --- records to the socket --- */

static bool send_all(struct stream *s, struct str *bytes)
{
	while (bytes->n) {
		ssize_t n = send(s->io.fd, bytes->p, bytes->n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		s->sent_bytes += (uint64_t)n;
		bytes->p += n;
		bytes->n -= (size_t)n;
	}
	return true;
}

/* Earlier records that the socket did not take. False: it has ended. */
static bool ship_rest(struct stream *s)
{
	struct str rest = { s->cipher.p + s->cipher_offset, s->cipher.n - s->cipher_offset };
	if (!s->cipher.n)
		return true;
	if (!send_all(s, &rest)) {
		stream_close(s, stream_end_of(errno));
		return false;
	}
	s->cipher_offset = s->cipher.n - rest.n;
	if (!rest.n) {
		buf_fini(&s->cipher);
		s->cipher_offset = 0;
	}
	return true;
}

/* What OpenSSL has written just now. The worker's buffer is empty afterwards. False: the connection has
 * ended. */
static bool ship(struct stream *s)
{
	struct buf *records = &s->w->tls->records;
	struct str bytes = buf_str(records);
	buf_clear(records);
	if (!bytes.n)
		return true;
	if (!s->cipher.n && !send_all(s, &bytes)) {
		stream_close(s, s->state == STREAM_HANDSHAKE && s->outgoing ? FLOW_END_REFUSED : stream_end_of(errno));
		return false;
	}
	if (!bytes.n)
		return true;
	buf_add(&s->cipher, bytes);
	if (s->cipher.n - s->cipher_offset > stream_queue_max(s) + SHIP_BYTES) {
		stream_log_end(s, "the peer does not read and its queue is full");
		stream_close(s, FLOW_END_OVERFLOW);
		return false;
	}
	s->writing = true;
	stream_rewatch(s);
	return true;
}

static void give(struct stream *s, struct str bytes)
{
	s->w->tls->received = bytes;
	s->w->tls->reader = s->tls;
}

/* --- handshake --- */

static const char *failure_text(const struct tls_session *session)
{
	long verified = SSL_get_verify_result(session->ssl);
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return reason ? reason : "the peer broke off";
}

static void handshake_failed(struct stream *s, const char *why)
{
	struct transport_worker *w = s->w;
	uint64_t left_out;
	count_add(w, COUNT_HANDSHAKES_FAILED, 1);
	/* That we cannot reach a next hop is news; what strangers do at our port is not. */
	if (s->outgoing && log_allowed(&w->t->tls_log, LOG_MS, &left_out)) {
		char text[FLOW_TEXT];
		log_write(LOG_WARN, "%s: TLS with \"%.*s\": %s; no connection (and %llu more since this was last said)",
		          flow_text(&s->ref, text), STR_FMT(s->tls->name), why, (unsigned long long)left_out);
	} else {
		stream_log_end(s, why);
	}
	ERR_clear_error();
	stream_drop_queue(s);                   /* what waits is not for whom we have met. RFC 5922 §7.3 */
	if (ship(s))                            /* the alert */
		stream_linger(s, FLOW_END_REFUSED);
}

/* The names that the peer's certificate proves; false: we are the client and it is the wrong one. */
static bool learn_names(struct stream *s)
{
	const struct transport_settings *set = &s->w->t->set;
	X509 *certificate = SSL_get0_peer_certificate(s->tls->ssl);
	if (!certificate || SSL_get_verify_result(s->tls->ssl) != X509_V_OK)
		return !s->outgoing || !set->tls_verify;
	struct buf names = { 0 };
	tls_name_list(certificate, &names);
	if (names.n)
		s->peer_names = buf_str(&names);        /* freed with the stream */
	return !s->outgoing || !set->tls_verify || tls_name_matches(certificate, s->tls->name, set->wildcard_certificates);
}

void tls_handshake_step(struct stream *s)
{
	ssize_t n = recv(s->io.fd, s->w->scratch, READ_BYTES, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		handshake_failed(s, n ? strerror(errno) : "the peer closed the connection");
		return;
	}
	if (n > 0)
		stream_heard(s);
	give(s, (struct str){ s->w->scratch, n > 0 ? (size_t)n : 0 });
	int done = SSL_do_handshake(s->tls->ssl);
	if (done != 1) {
		if (SSL_get_error(s->tls->ssl, done) != SSL_ERROR_WANT_READ)
			handshake_failed(s, failure_text(s->tls));
		else if (ship(s))
			stream_rewatch(s);
		return;
	}
	if (!learn_names(s)) {
		handshake_failed(s, "its certificate is for another name");
		return;
	}
	count_add(s->w, COUNT_HANDSHAKES, 1);
	if (!ship(s))
		return;
	stream_enter(s, STREAM_OPEN);
	stream_wants_flush(s);
	tls_take(s, s->w->tls->received);       /* what came along with the last flight */
}

/* --- data --- */

void tls_take(struct stream *s, struct str bytes)
{
	struct tls *tls = s->w->tls;
	give(s, bytes);
	while (s->state == STREAM_OPEN) {
		size_t n = 0;
		int ok = SSL_read_ex(s->tls->ssl, tls->plain, READ_BYTES, &n);
		int why = SSL_ERROR_NONE;
		if (!ok) {
			why = SSL_get_error(s->tls->ssl, ok);
			ERR_clear_error();
		}
		/* An alert or a key update. It must leave the worker's buffer before anything else is done. */
		if (!ship(s))
			return;
		if (ok) {
			stream_take(s, (struct str){ tls->plain, n });
			/* Asking OpenSSL only to hear that there is no more costs as much as decrypting. */
			if (s->state != STREAM_OPEN || (!tls->received.n && !SSL_has_pending(s->tls->ssl)))
				return;
			continue;
		}
		if (why == SSL_ERROR_WANT_READ)
			return;
		stream_close(s, why == SSL_ERROR_ZERO_RETURN ? FLOW_END_CLOSED : FLOW_END_RESET);
	}
}

void tls_flush(struct stream *s)
{
	struct str bytes;
	if (!ship_rest(s) || s->state == STREAM_HANDSHAKE || !SSL_is_init_finished(s->tls->ssl))
		return;
	while (!s->cipher.n && stream_next_bytes(s, &bytes)) {
		size_t n = 0;
		if (bytes.n && !SSL_write_ex(s->tls->ssl, bytes.p, bytes.n, &n)) {
			ERR_clear_error();
			buf_clear(&s->w->tls->records);
			stream_close(s, FLOW_END_RESET);
			return;
		}
		stream_bytes_done(s, n);
		if (s->w->tls->records.n >= SHIP_BYTES && !ship(s))
			return;
	}
	ship(s);
}

void tls_say_goodbye(struct stream *s)
{
	if (!SSL_is_init_finished(s->tls->ssl) || s->cipher.n || s->half_closed)
		return;
	SSL_shutdown(s->tls->ssl);
	ERR_clear_error();
	struct str bytes = buf_str(&s->w->tls->records);
	buf_clear(&s->w->tls->records);
	(void)send_all(s, &bytes);
}
