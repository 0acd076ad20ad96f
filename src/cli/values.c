/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - numbers with a unit. */
#include "schema.h"

struct unit {
	const char *name;
	int64_t factor;
};

static bool with_unit(struct str text, const struct unit *units, bool unit_needed, int64_t *out)
{
	size_t digits = 0;
	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	uint64_t number;
	if (!str_u64((struct str){ text.p, digits }, INT64_MAX, &number))
		return false;
	struct str name = str_trim((struct str){ text.p + digits, text.n - digits });
	if (!name.n) {
		*out = (int64_t)number;
		return !unit_needed || number == 0;
	}
	for (; units->name; units++)
		if (str_eq(name, str_of(units->name)))
			return !__builtin_mul_overflow((int64_t)number, units->factor, out);
	return false;
}

bool value_time_ms(struct str text, int64_t *out)
{
	static const struct unit units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
	};
	return with_unit(text, units, true, out);
}

bool value_size(struct str text, int64_t *out)
{
	static const struct unit units[] = {
		{ "B", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { NULL, 0 },
	};
	return with_unit(text, units, false, out);
}
