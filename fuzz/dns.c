/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS answer from anybody. The first byte chooses the type that was asked for; the question is always for
 * "a.example", so that a seed can answer it. */
#include "../src/transport/resolver_private.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct str name)
{
	if (name.n && !dns_name_ok(name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };
	if (size < 1)
		return 0;
	struct dns_answer *a = dns_answer_read(data + 1, size - 1, types[data[0] % 4], STR("a.example"));
	const struct dns_record *order[RECORDS_MAX];
	uint64_t chance = data[0];
	if (a->count > RECORDS_MAX || (a->outcome != DNS_ANSWERED && (a->count || a->alias.n)))
		abort();
	check_name(a->alias);
	for (unsigned i = 0; i < a->count; i++) {
		check_name(a->records[i].target);
		order[i] = &a->records[i];
	}
	dns_order_srv(order, a->count, &chance);
	dns_order_naptr(order, a->count, data[0] & 4);
	dns_answer_unref(a);
	return 0;
}
