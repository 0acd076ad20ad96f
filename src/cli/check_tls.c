/* SPDX-License-Identifier: Apache-2.0 */
/* check_tls.c - certificates: there, readable, valid now, of their key, for the right names. */
#include "certificate.h"
#include "check_private.h"
#include <errno.h>
#include <sys/stat.h>

#define SOON_DAYS 14

static void check_advertised(const struct checking *k, unsigned i, const X509 *cert)
{
	const struct listener_settings *l = &k->config->listen[i];
	if (l->advertise_host.n && !certificate_covers(cert, l->advertise_host))
		text_check_certificate_name(check_warning(k, "listen", i, "advertise"), l->certificate, l->advertise_host);
}

static void check_dates(const struct checking *k, unsigned i, const X509 *cert)
{
	struct str path = k->config->listen[i].certificate;
	int days = 0;
	switch (certificate_validity(cert, &days)) {
	case CERTIFICATE_VALID:
		if (days < SOON_DAYS)
			text_check_certificate_soon(check_warning(k, "listen", i, "certificate"), path, days);
		return;
	case CERTIFICATE_EXPIRED:
		text_check_certificate_expired(check_error(k, "listen", i, "certificate"), path, -days);
		return;
	case CERTIFICATE_NOT_YET:
		text_check_certificate_early(check_error(k, "listen", i, "certificate"), path);
		return;
	}
}

static void check_key(const struct checking *k, unsigned i, const X509 *cert)
{
	const struct listener_settings *l = &k->config->listen[i];
	struct stat st;
	EVP_PKEY *key = NULL;
	int err = certificate_read_key(l->key, &key);
	if (err)
		text_check_key_unreadable(check_error(k, "listen", i, "key"), l->key, errno_text(k->problems->said.language, err));
	else if (cert && X509_check_private_key((X509 *)cert, key) != 1)
		text_check_key_mismatch(check_error(k, "listen", i, "key"), l->key, l->certificate);
	if (!err && stat(l->key.p, &st) == 0 && (st.st_mode & S_IROTH))
		text_check_secret_open(check_warning(k, "listen", i, "key"), l->key);
	EVP_PKEY_free(key);
}

void check_listener_tls(const struct checking *k, unsigned i)
{
	const struct listener_settings *l = &k->config->listen[i];
	if (!l->certificate.n || !l->key.n) {
		text_check_tls_files(check_error(k, "listen", i, NULL));
		return;
	}
	X509 *cert = NULL;
	int err = certificate_read(l->certificate, &cert);
	if (err) {
		text_check_certificate_unreadable(check_error(k, "listen", i, "certificate"), l->certificate, errno_text(k->problems->said.language, err));
	} else {
		check_dates(k, i, cert);
		check_advertised(k, i, cert);
	}
	check_key(k, i, cert);
	X509_free(cert);
}

void check_authorities(const struct checking *k)
{
	struct str path = k->config->server.transport.tls_ca;
	X509 *cert = NULL;
	int err = path.n ? certificate_read(path, &cert) : 0;
	if (err)
		text_check_certificate_unreadable(check_error(k, "tls", 0, "ca"), path, errno_text(k->problems->said.language, err));
	X509_free(cert);
}

/* A phone that connects to its domain by TLS looks for the domain's name in the certificate (RFC 5922 §7.2). */
void check_domains_covered(const struct checking *k)
{
	const struct transport_settings *t = &k->config->server.transport;
	for (unsigned d = 0; d < k->config->policy.domain_count; d++) {
		struct str name = k->config->policy.domains[d].name;
		bool covered = false, tls = false;
		for (unsigned i = 0; i < t->listener_count && !covered; i++) {
			const struct listener_settings *l = &k->config->listen[i];
			X509 *cert = NULL;
			if (l->kind != TRANSPORT_TLS || !l->certificate.n || certificate_read(l->certificate, &cert))
				continue;                       /* told already */
			tls = true;
			covered = certificate_covers(cert, name);
			X509_free(cert);
		}
		if (tls && !covered && name.n)
			text_check_domain_uncovered(check_warning(k, "domains", d, "name"), name);
	}
}
