/* SPDX-License-Identifier: Apache-2.0 */
/* default.c - make the state folder of a server without a configuration file. */
#include "default.h"
#include "certificate.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERTIFICATE_DAYS 825            /* the longest that common clients accept */
#define RENEW_DAYS 30
#define DEFAULT_NAMES_MAX 32

struct str default_domain(struct str state, struct arena *arena, struct str **names, unsigned *count)
{
	struct str path = arena_printf(arena, "%.*s/default-domain", STR_FMT(state)), first = STR_NONE;
	char line[300];
	FILE *f = fopen(path.p, "re");
	*names = arena_array(arena, DEFAULT_NAMES_MAX, sizeof **names);
	*count = 0;
	while (f && fgets(line, sizeof line, f) && *count < DEFAULT_NAMES_MAX) {
		struct str name = arena_str(arena, str_trim(str_of(line)));
		if (!first.n)
			first = name;
		else
			(*names)[(*count)++] = name;
	}
	if (f)
		fclose(f);
	return first.n ? first : STR_NONE;
}

static bool same_names(const struct default_setup *d, const struct str *names, unsigned count)
{
	bool same = count == d->name_count;
	for (unsigned i = 0; same && i < count; i++)
		same = str_eq(names[i], d->names[i]);
	return same;
}

static int keep_domain(struct default_setup *d, struct arena *arena, struct str *what)
{
	struct str *names;
	unsigned count;
	d->domain = default_domain(d->state, arena, &names, &count);
	if (d->domain.n && same_names(d, names, count))
		return 0;
	if (!d->domain.n)
		d->domain = d->machine.name;
	*what = arena_printf(arena, "%.*s/default-domain", STR_FMT(d->state));
	struct str beside = arena_printf(arena, "%.*s.new", STR_FMT(*what));
	FILE *f = fopen(beside.p, "we");
	if (!f)
		return -errno;
	fprintf(f, "%.*s\n", STR_FMT(d->domain));
	for (unsigned i = 0; i < d->name_count; i++)
		fprintf(f, "%.*s\n", STR_FMT(d->names[i]));
	return fclose(f) || rename(beside.p, what->p) ? -errno : 0;
}

static void add_name(struct str *names, unsigned *count, struct str name)
{
	for (unsigned i = 0; i < *count; i++)
		if (str_eq(names[i], name))
			return;
	names[(*count)++] = name;
}

/* Every name under which a phone may know us; the domain's own is the first. The count. */
static unsigned all_names(const struct default_setup *d, struct arena *arena, struct str **out)
{
	unsigned n = 0;
	struct str *names = *out = arena_array(arena, d->machine.count + d->name_count + 3, sizeof *names);
	add_name(names, &n, d->domain);
	for (unsigned i = 0; i < d->name_count; i++)
		add_name(names, &n, d->names[i]);
	add_name(names, &n, d->machine.name);
	add_name(names, &n, STR("localhost"));
	for (unsigned i = 0; i < d->machine.count; i++) {
		struct buf text = { 0 };
		addr_write_ip(&text, &d->machine.addresses[i]);
		add_name(names, &n, arena_str(arena, buf_str(&text)));
		buf_fini(&text);
	}
	return n;
}

static bool good_certificate(struct str cert_path, struct str key_path, const struct str *names, unsigned count)
{
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	int days = 0;
	bool good = certificate_read(cert_path, &cert) == 0 && certificate_read_key(key_path, &key) == 0 &&
	            X509_check_private_key(cert, key) == 1 && certificate_validity(cert, &days) == CERTIFICATE_VALID && days > RENEW_DAYS;
	for (unsigned i = 0; good && i < count; i++)
		good = certificate_covers(cert, names[i]);
	X509_free(cert);
	EVP_PKEY_free(key);
	return good;
}

static int keep_certificate(const struct default_setup *d, struct arena *arena, struct str *what)
{
	struct str cert = arena_printf(arena, "%.*s/certificate.pem", STR_FMT(d->state));
	struct str key = arena_printf(arena, "%.*s/certificate.key", STR_FMT(d->state));
	struct str *names;
	unsigned count = all_names(d, arena, &names);
	*what = cert;
	if (good_certificate(cert, key, names, count))
		return 0;
	return certificate_make(cert.p, key.p, names, count, CERTIFICATE_DAYS);
}

int default_prepare(struct default_setup *d, struct arena *arena, struct str *what)
{
	machine_look(&d->machine, arena);
	int err = keep_domain(d, arena, what);
	return err ? err : keep_certificate(d, arena, what);
}

/* YAML's single quotes: only the quote itself needs care. */
static void quoted(struct buf *out, struct str s)
{
	buf_byte(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_byte(out, '\'');
		buf_byte(out, s.p[i]);
	}
	buf_byte(out, '\'');
}

static bool has_family(const struct machine *m, int family)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->addresses[i].family == family)
			return true;
	return false;
}

static void listeners(const struct default_setup *d, struct buf *out, const char *host)
{
	buf_printf(out, "  - udp: '%s:%u'\n  - tcp: '%s:%u'\n  - tls: '%s:%u'\n    certificate: ", host, d->port, host, d->port, host, d->port + 1);
	struct buf path = { 0 };
	buf_printf(&path, "%.*s/certificate.pem", STR_FMT(d->state));
	quoted(out, buf_str(&path));
	buf_clear(&path);
	buf_printf(&path, "%.*s/certificate.key", STR_FMT(d->state));
	BUF_LIT(out, "\n    key: ");
	quoted(out, buf_str(&path));
	buf_byte(out, '\n');
	buf_fini(&path);
}

void default_write(const struct default_setup *d, struct buf *out)
{
	struct arena arena;
	arena_init(&arena, NULL, 0);
	struct str *names;
	unsigned count = all_names(d, &arena, &names);

	/* The terminal is for the person who started it. */
	BUF_LIT(out, "log:\n  level: warn\nserver:\n  state: ");
	quoted(out, d->state);
	BUF_LIT(out, "\nlisten:\n");
	listeners(d, out, "0.0.0.0");
	if (has_family(&d->machine, AF_INET6))
		listeners(d, out, "[::]");
	buf_printf(out, "console:\n  listen: '127.0.0.1:%u'\n", d->port + 2);
	BUF_LIT(out, "domains:\n  - name: ");
	quoted(out, d->domain);
	BUF_LIT(out, "\n    aliases:\n");
	for (unsigned i = 1; i < count; i++) {
		BUF_LIT(out, "      - ");
		quoted(out, names[i]);
		buf_byte(out, '\n');
	}
	/* Whoever tries it out comes with any phone. Old ones, Debian 12's baresip (libre 1.1) among them, give up on a
	 * challenge that also has a row with SHA-256, where RFC 8760 §2.4 wants them to pass over what they do not know. */
	BUF_LIT(out, "auth:\n  algorithms: [md5]\n");
	arena_fini(&arena);
}
