/* SPDX-License-Identifier: Apache-2.0 */
/* tls_private.h - what tls_context.c prepares and tls.c uses. */
#ifndef SLUICE_TLS_PRIVATE_H
#define SLUICE_TLS_PRIVATE_H

#include "tls.h"
#include <openssl/ssl.h>

struct tls {
	struct transport *t;
	OSSL_LIB_CTX *library;
	BIO_METHOD *method;
	SSL_CTX *servers[LISTENERS_MAX];        /* NULL: that listener is not TLS */
	SSL_CTX *client;
	X509_STORE *authorities;
	struct str received;                    /* what the socket gave to `reader` and OpenSSL has not taken yet */
	struct tls_session *reader;
	struct buf records;                     /* what OpenSSL wrote; empty between calls */
	char *plain;                            /* READ_BYTES of decrypted bytes */
};

struct tls_session {
	SSL *ssl;
	struct tls *tls;
	struct str name;                        /* behind the struct; STR_NONE: accepted */
};

BIO_METHOD *tls_bio_method(void);               /* NULL: no memory */

#endif
