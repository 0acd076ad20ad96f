/* SPDX-License-Identifier: Apache-2.0 */
/* Journal records: whatever stands in the file, what is believed is in range and says again exactly the bytes it was
 * read from. */
#include "entry.h"
#include "mem.h"
#include "record.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void write_again(const struct binding *b, struct str record)
{
	char *out = malloc(record.n), *key = malloc(record_key_size(b));
	must(out && key && record_size(b) == record.n);
	record_write(b, out);
	record_key_write(b, key);
	must(memcmp(out, record.p, record.n) == 0);
	free(out);
	free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str record = { (const char *)data, size };
	struct binding b, seen;
	if (!record_read(record, &b))
		return 0;
	must(b.aor.n && b.contact.n && b.q <= 1000 && b.flow.kind < TRANSPORT_KINDS);
	write_again(&b, record);

	struct entry *e = entry_new(&b);
	entry_view(e, b.aor, &seen);
	must(str_eq(seen.contact, b.contact) && str_eq(seen.user_agent, b.user_agent) && str_eq(seen.path, b.path));
	mem_free(e);
	return 0;
}
