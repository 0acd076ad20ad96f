/* SPDX-License-Identifier: Apache-2.0 */
/* tls_name.h - who a certificate says its holder is, in SIP's terms (RFC 5922 §7.1, §7.2). */
#ifndef SLUICE_TLS_NAME_H
#define SLUICE_TLS_NAME_H

#include "buf.h"
#include <openssl/x509.h>

/* The domain names (sip: URIs without a user in subjectAltName; dNSNames only when there is no such URI; the
 * CN only when there is no subjectAltName) and IP addresses, comma-separated, appended. */
void tls_name_list(X509 *certificate, struct buf *out);
/* Is `name` (a domain or an IP address) one of them? Whole and without case; "*.example.com" counts for
 * one label, and only when wildcards are wanted. */
bool tls_name_matches(X509 *certificate, struct str name, bool wildcards);

/* May a SIP domain use it at all: no extendedKeyUsage, or one that says sipDomain, any, TLS server or TLS client.
 * SIP peers are both server and client, and public authorities issue certificates for only one. RFC 5924 §4 */
bool tls_name_usable(X509 *certificate);

#endif
