/* SPDX-License-Identifier: Apache-2.0 */
/* docs/sluice.example.yaml names every setting, and the values in it are those built in. */
#include "check.h"
#include "config_items.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *example;             /* its path */

static void read_example(struct buf *out)
{
	FILE *f = fopen(example, "re");
	assert_non_null(f);
	size_t n;
	do {
		n = fread(buf_reserve(out, 4096), 1, 4096, f);
		out->n += n;
	} while (n);
	fclose(f);
}

/* A setting that is commented out has no space behind its '#', or more than one: the first '#' goes. Prose
 * has one. */
static void uncomment(struct str text, struct buf *out)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		size_t i = 0;
		while (i < line.n && line.p[i] == ' ')
			i++;
		bool setting = i + 2 < line.n && line.p[i] == '#' && (line.p[i + 1] != ' ' || line.p[i + 2] == ' ');
		buf_add(out, (struct str){ line.p, i });
		i += setting;
		buf_add(out, (struct str){ line.p + i, line.n - i });
		buf_byte(out, '\n');
	}
}

#define DEPTH_MAX 4

/* Is a setting written below this node? Of a list, in any of its items. */
static bool is_named(const struct node *n, const struct setting *const path[], unsigned depth)
{
	if (!n || !depth)
		return n;
	if (n->kind != NODE_LIST)
		return is_named(node_get(n, str_of(path[0]->name)), path + 1, depth - 1);
	for (const struct node *item = n->first; item; item = item->next)
		if (is_named(item, path, depth))
			return true;
	return false;
}

/* How many settings a section has; those that are not written go to *missing. */
static unsigned look_for(const struct node *root, const struct setting *section, const struct setting *path[], unsigned depth,
                         struct buf *missing)
{
	unsigned count = 0;
	for (const struct setting *s = section; s->name; s++, count++) {
		assert_true(depth < DEPTH_MAX);
		path[depth] = s;
		if (!is_named(root, path, depth + 1))
			buf_printf(missing, " %s", s->name);
		if (s->of)
			count += look_for(root, s->of, path, depth + 1, missing);
	}
	return count;
}

static void it_names_every_setting(void **state)
{
	char folder[] = "/tmp/sluice-example-XXXXXX", secret[64];
	struct buf text = { 0 }, all = { 0 }, missing = { 0 };
	const struct setting *path[DEPTH_MAX];
	struct reading r;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(secret, sizeof secret, "%s/trunk.secret", folder);
	FILE *f = fopen(secret, "we");
	assert_non_null(f);
	fputs("secret\n", f);
	fclose(f);

	read_example(&text);
	uncomment(buf_str(&text), &all);
	buf_byte(&all, '\0');
	reading_open(&r, all.p, folder);
	if (r.problems.errors)
		fail_msg("%.*s", STR_FMT(buf_str(&r.problems.said.out)));
	assert_true(look_for(r.config.tree.root, config_sections, path, 0, &missing) > 60);
	/* The secret itself is named beside the file that keeps it. */
	assert_str(buf_str(&missing), " password");
	assert_non_null(memmem(text.p, text.n, "'password'", 10));
	reading_close(&r);
	buf_fini(&missing);
	buf_fini(&all);
	buf_fini(&text);
	unlink(secret);
	rmdir(folder);
}

static bool has_default(const struct setting *s)
{
	switch (s->type) {
	case SET_BOOL: case SET_NUMBER: case SET_TIME_MS: case SET_TIME_S: case SET_SIZE: case SET_CHOICE: return true;
	default: return false;
	}
}

static unsigned compare(const struct setting *section, const void *got, const void *built_in)
{
	unsigned compared = 0;
	for (const struct setting *s = section; s->name; s++) {
		if (s->type == SET_SECTION)
			compared += compare(s->of, got, built_in);
		if (!has_default(s))
			continue;
		compared++;
		if (memcmp((const char *)got + s->offset, (const char *)built_in + s->offset, s->size))
			fail_msg("%s is not the default", s->name);
	}
	return compared;
}

static void its_values_are_the_defaults(void **state)
{
	struct buf text = { 0 };
	struct reading r, built_in;
	(void)state;
	read_example(&text);
	buf_byte(&text, '\0');
	reading_open(&r, text.p, "");
	reading_open(&built_in, "", "");
	assert_int_equal(r.problems.errors, 0);
	assert_true(compare(config_sections, &r.config, &built_in.config) > 40);
	assert_int_equal(r.config.server.auth.md5, built_in.config.server.auth.md5);
	assert_int_equal(r.config.server.auth.sha256, built_in.config.server.auth.sha256);
	static const struct domain domain;
	compare(config_domain_item, r.config.policy.domains, &domain);
	reading_close(&built_in);
	reading_close(&r);
	buf_fini(&text);
}

static void each_value_is_written_out(void **state)
{
	struct buf text = { 0 };
	struct reading r;
	(void)state;
	read_example(&text);
	buf_byte(&text, '\0');
	reading_open(&r, text.p, "");
	for (const struct setting *section = config_sections; section->name; section++)
		for (const struct setting *s = section->type == SET_SECTION ? section->of : NULL; s && s->name; s++)
			if (has_default(s) && !node_get(node_get(r.config.tree.root, str_of(section->name)), str_of(s->name)))
				fail_msg("%s.%s", section->name, s->name);
	reading_close(&r);
	buf_fini(&text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_names_every_setting),
		cmocka_unit_test(its_values_are_the_defaults),
		cmocka_unit_test(each_value_is_written_out),
	};
	if (argc != 2)
		return 2;
	example = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
