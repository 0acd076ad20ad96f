/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - look at certificates, and make one of our own. */
#ifndef SLUICE_CLI_CERTIFICATE_H
#define SLUICE_CLI_CERTIFICATE_H

#include "str.h"
#include <openssl/evp.h>
#include <openssl/x509.h>

/* The first certificate, or the private key, of a PEM file; the path is NUL-terminated. 0, -errno of the file, or
 * ERRNO_NOT_PEM (texts.h). */
int certificate_read(struct str path, X509 **out);
int certificate_read_key(struct str path, EVP_PKEY **out);

enum certificate_validity { CERTIFICATE_VALID, CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET };
/* *days: until it ends; negative when it has. */
enum certificate_validity certificate_validity(const X509 *cert, int *days);
/* Is this host, a name or an address, among its names? Wildcards do not count (RFC 5922 §7.2). */
bool certificate_covers(const X509 *cert, struct str host);

/* A self-signed ECDSA P-256 certificate for these names and addresses, and its key (mode 0600), each written whole
 * or not at all. The first name is the common name. 0, or -errno. */
int certificate_make(const char *cert_path, const char *key_path, const struct str *names, unsigned count, unsigned days);

#endif
