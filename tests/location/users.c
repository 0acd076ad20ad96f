/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "users.h"
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct fixture {
	char folder[64], path[100];
	struct users *users;
	struct arena arena;
};

static struct users *opened(const char *path)
{
	struct users *u;
	char why[300] = "";
	if (users_open(path, &u, why, sizeof why))
		fail_msg("%s", why);
	return u;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	kit_make_folder(f->folder);
	snprintf(f->path, sizeof f->path, "%s/users.db", f->folder);
	arena_init(&f->arena, NULL, 0);
	f->users = opened(f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	users_close(f->users);
	arena_fini(&f->arena);
	kit_remove_folder(f->folder);
	free(f);
	return 0;
}

static struct user user(const char *name, const char *domain)
{
	return (struct user){ .name = str_of(name), .domain = str_of(domain), .ha1_md5 = STR("m"), .ha1_sha256 = STR("s") };
}

static bool knows(struct fixture *f, struct users *u, const char *name, const char *domain)
{
	struct user found;
	return users_find(u, str_of(name), str_of(domain), &f->arena, &found);
}

static void user_is_found_by_name_in_its_case_and_domain_in_any(void **state)
{
	struct fixture *f = *state;
	struct user bob = user("Bob", "Example.COM"), found;
	assert_int_equal(users_add(f->users, &bob), 0);
	assert_true(users_find(f->users, STR("Bob"), STR("EXAMPLE.com"), &f->arena, &found));
	assert_true(str_eq(found.domain, STR("example.com")) && str_eq(found.ha1_md5, STR("m")) && str_eq(found.ha1_sha256, STR("s")));
	assert_false(knows(f, f->users, "bob", "example.com"));
	assert_false(knows(f, f->users, "Bob", "example.org"));
	assert_int_equal(users_count(f->users), 1);
}

/* RG-11 */
static void name_with_nul_is_not_cut(void **state)
{
	struct fixture *f = *state;
	struct user u = user("x", "example.com"), found;
	u.name = STR("nul\0l");
	assert_int_equal(users_add(f->users, &u), 0);
	users_close(f->users);
	f->users = opened(f->path);
	assert_true(users_find(f->users, STR("nul\0l"), STR("example.com"), &f->arena, &found));
	assert_true(str_eq(found.name, u.name));
	assert_false(knows(f, f->users, "nul", "example.com"));
}

static void aliases_find_their_user_and_may_not_meet_another_name(void **state)
{
	struct fixture *f = *state;
	struct str aliases[] = { STR("100"), STR("+4912"), STR("robert") }, taken[] = { STR("100") }, name[] = { STR("bob") };
	struct user bob = user("bob", "example.com"), ann = user("ann", "example.com"), found;
	bob.aliases = aliases;
	bob.alias_count = 3;
	assert_int_equal(users_add(f->users, &bob), 0);
	assert_true(users_find(f->users, STR("+4912"), STR("example.com"), &f->arena, &found));
	assert_true(str_eq(found.name, STR("bob")));
	assert_int_equal(found.alias_count, 3);

	ann.aliases = taken;
	ann.alias_count = 1;
	assert_int_equal(users_add(f->users, &ann), -EEXIST);
	assert_false(knows(f, f->users, "ann", "example.com"));
	ann.aliases = name;
	assert_int_equal(users_add(f->users, &ann), -EEXIST);
	struct user number = user("100", "example.com");
	assert_int_equal(users_add(f->users, &number), -EEXIST);
	ann.domain = STR("example.org");
	assert_int_equal(users_add(f->users, &ann), 0);
}

static void set_replaces_hashes_and_aliases(void **state)
{
	struct fixture *f = *state;
	struct str before[] = { STR("1"), STR("2") }, after[] = { STR("2"), STR("3") };
	struct user bob = user("bob", "example.com"), found;
	assert_int_equal(users_set(f->users, &bob), -ENOENT);
	bob.aliases = before;
	bob.alias_count = 2;
	assert_int_equal(users_add(f->users, &bob), 0);
	bob.aliases = after;
	bob.ha1_md5 = STR("n");
	assert_int_equal(users_set(f->users, &bob), 0);
	assert_false(knows(f, f->users, "1", "example.com"));
	assert_true(users_find(f->users, STR("3"), STR("example.com"), &f->arena, &found));
	assert_true(str_eq(found.ha1_md5, STR("n")));
}

static void removed_user_is_gone_with_the_aliases(void **state)
{
	struct fixture *f = *state;
	struct str aliases[] = { STR("1") };
	struct user bob = user("bob", "example.com");
	bob.aliases = aliases;
	bob.alias_count = 1;
	assert_int_equal(users_add(f->users, &bob), 0);
	assert_int_equal(users_add(f->users, &bob), -EEXIST);
	assert_int_equal(users_remove(f->users, STR("bob"), STR("EXAMPLE.com")), 0);
	assert_int_equal(users_remove(f->users, STR("bob"), STR("example.com")), -ENOENT);
	assert_false(knows(f, f->users, "1", "example.com"));
	assert_int_equal(users_add(f->users, &bob), 0);
}

static void many_are_added_together_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct user list[] = { user("a", "d"), user("b", "d"), user("a", "d"), user("c", "d") };
	unsigned bad = 99;
	assert_int_equal(users_add_many(f->users, list, 4, &bad), -EEXIST);
	assert_int_equal(bad, 2);
	assert_int_equal(users_count(f->users), 0);
	assert_int_equal(users_add_many(f->users, list, 2, &bad), 0);
	assert_int_equal(users_count(f->users), 2);
}

static void order(void *user, const struct user *u)
{
	char *text = user;
	size_t n = strlen(text);
	snprintf(text + n, 100 - n, "%.*s@%.*s ", STR_FMT(u->name), STR_FMT(u->domain));
}

static void listing_is_by_domain_then_name(void **state)
{
	struct fixture *f = *state;
	struct user list[] = { user("b", "y"), user("c", "x"), user("a", "y"), user("B", "y") };
	char text[100] = "";
	unsigned bad;
	assert_int_equal(users_add_many(f->users, list, 4, &bad), 0);
	users_each(f->users, order, text);
	assert_string_equal(text, "c@x B@y a@y b@y ");
}

static void reload_sees_what_another_process_changed(void **state)
{
	struct fixture *f = *state;
	struct users *other = opened(f->path);
	struct user bob = user("bob", "example.com"), ann = user("ann", "example.com");
	assert_int_equal(users_add(other, &bob), 0);
	assert_false(knows(f, f->users, "bob", "example.com"));
	assert_int_equal(users_reload(f->users), 0);
	assert_true(knows(f, f->users, "bob", "example.com"));
	assert_int_equal(users_add(f->users, &ann), 0);
	assert_int_equal(users_reload(other), 0);
	assert_true(knows(f, other, "ann", "example.com"));
	users_close(other);
}

static void file_is_private(void **state)
{
	struct fixture *f = *state;
	static const char *const parts[] = { "", "-wal", "-shm" };
	for (unsigned i = 0; i < 3; i++) {
		char path[120];
		struct stat st;
		snprintf(path, sizeof path, "%s%s", f->path, parts[i]);
		if (stat(path, &st) == 0)
			assert_int_equal(st.st_mode & 0777, 0600);
		else
			assert_true(i > 0);
	}
}

static void file_that_cannot_be_used_is_named(void **state)
{
	struct fixture *f = *state;
	struct users *u;
	char why[300] = "", text[100];
	assert_true(users_open("/nonexistent/users.db", &u, why, sizeof why) < 0);
	assert_non_null(strstr(why, "cannot use the file of users /nonexistent/users.db (No such file or directory)"));
	snprintf(text, sizeof text, "%s/text.db", f->folder);
	FILE *file = fopen(text, "w");
	for (unsigned i = 0; i < 100; i++)
		fputs("not a database\n", file);
	fclose(file);
	assert_int_equal(users_open(text, &u, why, sizeof why), -EBADMSG);
	assert_non_null(strstr(why, "is damaged or not a file of users"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(user_is_found_by_name_in_its_case_and_domain_in_any),
		T(name_with_nul_is_not_cut),
		T(aliases_find_their_user_and_may_not_meet_another_name),
		T(set_replaces_hashes_and_aliases),
		T(removed_user_is_gone_with_the_aliases),
		T(many_are_added_together_or_not_at_all),
		T(listing_is_by_domain_then_name),
		T(reload_sees_what_another_process_changed),
		T(file_is_private),
		T(file_that_cannot_be_used_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
