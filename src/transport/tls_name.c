/* SPDX-License-Identifier: Apache-2.0 */
/* tls_name.c - see tls_name.h */
#include "tls_name.h"
#include "addr.h"
#include "sip_uri.h"
#include <openssl/x509v3.h>

/* Each name in turn, until the visitor has seen enough. */
struct visit {
	bool (*see)(struct visit *v, struct str name);  /* false: enough */
	bool enough;
	unsigned count;                                 /* names of the kind that is walked */
	struct buf *list;
	struct str wanted;
	bool wildcards;
};

static void show(struct visit *v, struct str name)
{
	/* A NUL, a comma or a control character is in no name; it would only deceive who compares text. */
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == ',' || name.p[i] == 0x7f)
			return;
	v->count++;
	if (name.n && !v->enough)
		v->enough = !v->see(v, name);
}

static struct str text_of(const ASN1_STRING *s)
{
	return (struct str){ (const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

static void walk_uris(struct visit *v, const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		struct sip_uri uri;
		if (n->type != GEN_URI || !sip_uri_parse(text_of(n->d.uniformResourceIdentifier), &uri))
			continue;
		/* sips: is no identity, and a URI with a user is that user's, not the domain's. RFC 5922 §7.1 */
		if (uri.scheme == SIP_SCHEME_SIP && !uri.user.p)
			show(v, uri.host);
	}
}

static void walk_dns(struct visit *v, const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		if (n->type == GEN_DNS)
			show(v, text_of(n->d.dNSName));
	}
}

static void walk_addresses(struct visit *v, const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		if (n->type != GEN_IPADD)
			continue;
		struct str bytes = text_of(n->d.iPAddress);
		if (bytes.n != 4 && bytes.n != 16)
			continue;
		struct addr a = { .family = bytes.n == 4 ? AF_INET : AF_INET6 };
		struct buf text = { 0 };
		memcpy(a.ip, bytes.p, bytes.n);
		addr_write_ip(&text, &a);
		show(v, buf_str(&text));
		buf_fini(&text);
	}
}

static void walk_common_name(struct visit *v, X509 *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at >= 0)
		show(v, text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

static void walk(struct visit *v, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	if (!names) {
		/* Absent, not merely unreadable. */
		if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0)
			walk_common_name(v, certificate);
		return;
	}
	walk_uris(v, names);
	if (!v->count)
		walk_dns(v, names);
	walk_addresses(v, names);
	GENERAL_NAMES_free(names);
}

static bool add_to_list(struct visit *v, struct str name)
{
	if (v->list->n)
		buf_byte(v->list, ',');
	buf_add(v->list, name);
	return true;
}

void tls_name_list(X509 *certificate, struct buf *out)
{
	struct buf list = { 0 };
	struct visit v = { .see = add_to_list, .list = &list };
	walk(&v, certificate);
	buf_add(out, buf_str(&list));
	buf_fini(&list);
}

static bool is_address(struct str name)
{
	struct addr a;
	return addr_parse_ip(name, &a);
}

static bool covers(struct str pattern, struct str name)
{
	struct str label;
	return str_starts(pattern, STR("*.")) && !is_address(name) && str_cut(&name, '.', &label) && label.n &&
	       sip_host_equal((struct str){ pattern.p + 2, pattern.n - 2 }, name);
}

static bool differs(struct visit *v, struct str name)
{
	return !sip_host_equal(name, v->wanted) && !(v->wildcards && covers(name, v->wanted));
}

bool tls_name_matches(X509 *certificate, struct str name, bool wildcards)
{
	struct visit v = { .see = differs, .wanted = name, .wildcards = wildcards };
	if (name.n)
		walk(&v, certificate);
	return v.enough;
}

bool tls_name_usable(X509 *certificate)
{
	static const char *const usages[] = { "1.3.6.1.5.5.7.3.20", "2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2" };
	EXTENDED_KEY_USAGE *found = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool usable = !found && X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0;
	for (int i = 0; !usable && i < sk_ASN1_OBJECT_num(found); i++) {
		char text[64];
		OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(found, i), 1);
		for (size_t n = 0; n < sizeof usages / sizeof *usages; n++)
			usable |= !strcmp(text, usages[n]);
	}
	sk_ASN1_OBJECT_pop_free(found, ASN1_OBJECT_free);
	return usable;
}
