/* SPDX-License-Identifier: Apache-2.0 */
/* tls_context.c - certificates, authorities and policy: what all sessions of a worker share. */
#include "random.h"
#include "tls_name.h"
#include "tls_private.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#define TICKET_KEY_BYTES 80
/* TLS 1.3: 128 bits first. Nobody breaks them, and SHA-256, which processors have, makes a handshake 10 % cheaper than SHA-384. */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

static const char *last_error(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);
	if (ERR_SYSTEM_ERROR(code))
		reason = strerror(ERR_GET_REASON(code));
	ERR_clear_error();
	return reason ? reason : "OpenSSL does not say why";
}

/* Chain and validity as OpenSSL checks them, and the usage as SIP needs it (TP-38). */
static int verify(X509_STORE_CTX *store)
{
	X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(store), X509_PURPOSE_ANY);
	int ok = X509_verify_cert(store);
	if (ok == 1 && !tls_name_usable(X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		ok = 0;
	}
	return ok;
}

static int judge_server(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	return verify(store);
}

/* A client's certificate is looked at when it offers one; a bad one proves nothing, and breaks nothing:
 * the result is kept in the session, where peer names are only taken from a verified one. */
static int judge_client(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	verify(store);
	return 1;
}

/* The certificate by the name that the client asked for: the listener's own if it fits, else that of
 * another listener, else the listener's own (TP-36). */
static int choose_certificate(SSL *ssl, int *alert, void *arg)
{
	struct tls *tls = arg;
	(void)alert;
	struct str name = str_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	if (!name.n || tls_name_matches(SSL_CTX_get0_certificate(SSL_get_SSL_CTX(ssl)), name, true))
		return SSL_TLSEXT_ERR_OK;
	for (unsigned i = 0; i < tls->t->listener_count; i++) {
		if (tls->servers[i] && tls_name_matches(SSL_CTX_get0_certificate(tls->servers[i]), name, true)) {
			SSL_set_SSL_CTX(ssl, tls->servers[i]);
			break;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

/* All authorities are read now, into one store for all contexts of the worker: looking them up by name in a folder
 * would make the worker wait for the disk, and strangers could have it do so. */
static int load_authorities(struct tls *tls, struct transport_error *error)
{
	static const char debian[] = "/etc/ssl/certs/ca-certificates.crt";
	struct str file = tls->t->set.tls_ca;
	if (!file.n)
		file = access(debian, R_OK) ? str_of(X509_get_default_cert_file()) : str_of(debian);
	tls->authorities = X509_STORE_new();
	if (!tls->authorities)
		return transport_fail(error, -ENOMEM, "tls: %s", last_error());
	/* Without any, nobody's certificate verifies; who needs that names a file. */
	if (!tls->t->set.tls_ca.n && access(file.p, R_OK))
		return 0;
	if (X509_STORE_load_file_ex(tls->authorities, file.p, tls->library, NULL) == 1)
		return 0;
	return transport_fail(error, -EINVAL, "tls: certificate authorities %s: %s; it must be a readable PEM file",
	                      file.p, last_error());
}

/* What holds for both directions. */
static SSL_CTX *new_context(struct tls *tls, const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(tls->library, NULL, method);
	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Without NO_AUTO_CHAIN each handshake would look for our issuers again, in folders too: complete_chain has done it. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_ciphersuites(ctx, SUITES);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
	                         SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set1_cert_store(ctx, tls->authorities);
	return ctx;
}

static int fail_listener(struct transport_error *error, const struct listener *l, const char *what, struct str file)
{
	char text[ADDR_TEXT];
	return transport_fail(error, -EINVAL, "tls %s: %s %.*s: %s; it must be a readable PEM file", addr_text(&l->bound, text),
	                      what, STR_FMT(file), last_error());
}

/* A file with the certificate alone: its issuers may be among the authorities. A root is not sent: who does not have it does
 * not trust it. */
static void complete_chain(SSL_CTX *ctx)
{
	STACK_OF(X509) *chain = NULL;
	SSL_CTX_get0_chain_certs(ctx, &chain);
	if (sk_X509_num(chain) < 1)
		SSL_CTX_build_cert_chain(ctx, SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR |
		                              SSL_BUILD_CHAIN_FLAG_NO_ROOT);
	ERR_clear_error();
}

static int load_certificate(SSL_CTX *ctx, const struct listener *l, struct transport_error *error)
{
	char text[ADDR_TEXT];
	if (!l->certificate.n || !l->key.n)
		return transport_fail(error, -EINVAL, "tls %s: a certificate and its private key are needed; name both files",
		                      addr_text(&l->bound, text));
	if (SSL_CTX_use_certificate_chain_file(ctx, l->certificate.p) != 1)
		return fail_listener(error, l, "certificate", l->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, l->key.p, SSL_FILETYPE_PEM) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
			return fail_listener(error, l, "private key", l->key);
	}
	if (SSL_CTX_check_private_key(ctx) != 1) {
		ERR_clear_error();
		return transport_fail(error, -EINVAL, "tls %s: the private key %.*s does not belong to the certificate %.*s",
		                      addr_text(&l->bound, text), STR_FMT(l->key), STR_FMT(l->certificate));
	}
	complete_chain(ctx);
	return 0;
}

static int open_server(struct tls *tls, unsigned i, const unsigned char ticket_key[TICKET_KEY_BYTES],
                       struct transport_error *error)
{
	const struct listener *l = &tls->t->listeners[i];
	SSL_CTX *ctx = tls->servers[i] = new_context(tls, TLS_server_method());
	if (!ctx)
		return transport_fail(error, -ENOMEM, "tls: %s", last_error());
	int err = load_certificate(ctx, l, error);
	if (err)
		return err;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);         /* ask for a certificate, do not insist (TP-32) */
	SSL_CTX_set_cert_verify_callback(ctx, judge_client, NULL);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"sluice", 6);
	SSL_CTX_set_tlsext_ticket_keys(ctx, (void *)ticket_key, TICKET_KEY_BYTES);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_tlsext_servername_callback(ctx, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(ctx, tls);
	return 0;
}

static int open_client(struct tls *tls, struct transport_error *error)
{
	tls->client = new_context(tls, TLS_client_method());
	if (!tls->client)
		return transport_fail(error, -ENOMEM, "tls: %s", last_error());
	SSL_CTX_set_verify(tls->client, tls->t->set.tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(tls->client, judge_server, NULL);
	return 0;
}

static int open_worker(struct transport *t, struct tls *tls, const unsigned char ticket_key[TICKET_KEY_BYTES],
                       struct transport_error *error)
{
	tls->t = t;
	tls->library = OSSL_LIB_CTX_new();
	tls->method = tls_bio_method();
	if (!tls->library || !tls->method)
		return transport_fail(error, -ENOMEM, "tls: %s", last_error());
	tls->plain = mem_alloc(READ_BYTES);
	int err = load_authorities(tls, error);
	if (!err)
		err = open_client(tls, error);
	for (unsigned i = 0; !err && i < t->listener_count; i++)
		if (t->listeners[i].kind == TRANSPORT_TLS)
			err = open_server(tls, i, ticket_key, error);
	return err;
}

int tls_open(struct transport *t, struct transport_error *error)
{
	unsigned char ticket_key[TICKET_KEY_BYTES];
	int err = 0;
	random_bytes(ticket_key, sizeof ticket_key);
	t->tls = mem_zalloc(t->set.workers * sizeof(struct tls *));
	for (unsigned i = 0; !err && i < t->set.workers; i++) {
		t->tls[i] = mem_zalloc(sizeof(struct tls));
		err = open_worker(t, t->tls[i], ticket_key, error);
	}
	mem_wipe(ticket_key, sizeof ticket_key);
	return err;
}

static void close_worker(struct tls *tls)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		SSL_CTX_free(tls->servers[i]);
	SSL_CTX_free(tls->client);
	X509_STORE_free(tls->authorities);
	BIO_meth_free(tls->method);
	OSSL_LIB_CTX_free(tls->library);
	buf_fini(&tls->records);
	mem_free(tls->plain);
	mem_free(tls);
}

void tls_close(struct transport *t)
{
	for (unsigned i = 0; t->tls && i < t->set.workers; i++)
		if (t->tls[i])
			close_worker(t->tls[i]);
	mem_free(t->tls);
	t->tls = NULL;
}
