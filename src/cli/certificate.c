/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - read PEM files, compare names and dates, make a self-signed certificate. */
#include "certificate.h"
#include "addr.h"
#include "buf.h"
#include "random.h"
#include "texts.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400

/* Never ask for the passphrase of a key: a server starts unattended. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
	(void)out, (void)size, (void)writing, (void)user;
	return -1;
}

int certificate_read(struct str path, X509 **out)
{
	FILE *f = fopen(path.p, "re");
	if (!f)
		return -errno;
	*out = PEM_read_X509(f, NULL, no_passphrase, NULL);
	fclose(f);
	ERR_clear_error();
	return *out ? 0 : ERRNO_NOT_PEM;
}

int certificate_read_key(struct str path, EVP_PKEY **out)
{
	FILE *f = fopen(path.p, "re");
	if (!f)
		return -errno;
	*out = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	fclose(f);
	ERR_clear_error();
	return *out ? 0 : ERRNO_NOT_PEM;
}

enum certificate_validity certificate_validity(const X509 *cert, int *days)
{
	int seconds = 0;
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		return CERTIFICATE_NOT_YET;
	if (!ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(cert)))
		return CERTIFICATE_EXPIRED;
	*days += seconds >= DAY_S / 2 ? 1 : seconds <= -DAY_S / 2 ? -1 : 0;     /* the nearest, as people count */
	return X509_cmp_current_time(X509_get0_notAfter(cert)) > 0 ? CERTIFICATE_VALID : CERTIFICATE_EXPIRED;
}

bool certificate_covers(const X509 *cert, struct str host)
{
	struct addr a;
	if (addr_parse_ip(host, &a))
		return X509_check_ip((X509 *)cert, a.ip, a.family == AF_INET ? 4 : 16, 0) == 1;
	return X509_check_host((X509 *)cert, host.p, host.n, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

/* --- making one --- */

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static bool add_names(X509 *cert, const struct str *names, unsigned count)
{
	struct buf list = { 0 };
	for (unsigned i = 0; i < count; i++) {
		struct addr a;
		buf_printf(&list, "%s%s:%.*s", i ? "," : "", addr_parse_ip(names[i], &a) ? "IP" : "DNS", STR_FMT(names[i]));
	}
	buf_byte(&list, '\0');
	bool ok = add_extension(cert, NID_subject_alt_name, list.p);
	buf_fini(&list);
	return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct str *names, unsigned count, unsigned days)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	/* 63 bits: positive, and never the same for two certificates of one issuer (RFC 5280 §4.1.2.2). */
	uint64_t serial = random_u64() >> 1;
	/* A common name has at most 64 characters; the names that count are in the extension. */
	int cn = names[0].n <= 64 ? (int)names[0].n : 64;
	return X509_set_version(cert, X509_VERSION_3) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)names[0].p, cn, -1, 0) &&
	       X509_set_issuer_name(cert, subject) && X509_set_pubkey(cert, key) &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth,clientAuth") && add_names(cert, names, count) &&
	       X509_sign(cert, key, EVP_sha256());
}

/* Write beside it, then move it into place. */
static int write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
	struct buf aside = { 0 };
	buf_printf(&aside, "%s.new", path);
	buf_byte(&aside, '\0');
	int err = 0;
	unlink(aside.p);
	int fd = open(aside.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, cert ? 0644 : 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		err = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		bool ok = cert ? PEM_write_X509(f, cert) : PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
		if (!ok || fflush(f) || fsync(fd))
			err = -EIO;
		if (fclose(f) && !err)
			err = -errno;
		if (!err && rename(aside.p, path))
			err = -errno;
		if (err)
			unlink(aside.p);
	}
	buf_fini(&aside);
	return err;
}

int certificate_make(const char *cert_path, const char *key_path, const struct str *names, unsigned count, unsigned days)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	int err = key && cert && fill(cert, key, names, count, days) ? 0 : -EIO;
	if (!err)
		err = write_pem(key_path, NULL, key);
	if (!err)
		err = write_pem(cert_path, cert, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}
