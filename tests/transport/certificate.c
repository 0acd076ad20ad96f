/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - self-made certificates for tests. */
#include "rig.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	X509_add_ext(certificate, e, -1);
	X509_EXTENSION_free(e);
}

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	if (certificate)
		assert_int_equal(PEM_write_X509(f, certificate), 1);
	else
		assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

void certificate_make(const char *certificate_path, const char *key_path, const struct certificate *c)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400 * 30L);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400L * c->days);
	X509_NAME *name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"common.test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	if (c->alt_names)
		add_extension(x, NID_subject_alt_name, c->alt_names);
	if (c->usage)
		add_extension(x, NID_ext_key_usage, c->usage);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	write_pem(certificate_path, x, NULL);
	write_pem(key_path, NULL, key);
	X509_free(x);
	EVP_PKEY_free(key);
}
