/* SPDX-License-Identifier: Apache-2.0 */
/* A process that registers as fast as it can is killed; what it had answered must be there afterwards. */
#include "kit.h"
#include <stddef.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AORS = 16, WRITING_MS = 400, ROUNDS = 3 };

/* What the child says after each answer: this AOR has this contact number now; 0: removed. */
struct said {
	uint32_t aor, contact;
};

static void open_in(struct kit *k, const char *folder)
{
	kit_start(k, NULL, false);
	location_free(k->loc);
	strcpy(k->folder, folder);
	k->loc = NULL;
	kit_restart(k);
}

static const char *name_of(struct kit *k, uint32_t aor)
{
	return arena_printf(&k->arena, "user%u@example.com", (unsigned)aor).p;
}

/* One AOR after the other; every fifth time a removal. Each contact replaces the one before. */
static void register_until_killed(const char *folder, int out, uint32_t from)
{
	static struct kit k;
	open_in(&k, folder);
	for (uint32_t i = from;; i++) {
		struct said say = { i % AORS, i % 5 ? i : 0 };
		struct str contact = arena_printf(&k.arena, "sip:%u@h", (unsigned)i);
		enum location_result r = kit_register(&k, (struct reg){
			.aor = name_of(&k, say.aor), .contact = contact.p, .instance = "urn:uuid:1", .reg_id = 1,
			.expires_s = say.contact ? 3600 : 0, .cseq = i });
		if (r != LOCATION_DONE || k.err || write(out, &say, sizeof say) != sizeof say)
			_exit(1);
		arena_fini(&k.arena);
	}
}

static uint32_t kill_while_it_writes(const char *folder, uint32_t from, uint32_t answered[AORS])
{
	int pipe_fd[2];
	assert_int_equal(pipe(pipe_fd), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipe_fd[0]);
		register_until_killed(folder, pipe_fd[1], from);
	}
	close(pipe_fd[1]);
	struct pollfd p = { .fd = pipe_fd[0], .events = POLLIN };
	poll(&p, 1, 5000);              /* it has begun */
	poll(NULL, 0, WRITING_MS);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);

	struct said s;
	uint32_t count = 0;
	while (read(pipe_fd[0], &s, sizeof s) == sizeof s) {
		answered[s.aor] = s.contact;
		count++;
	}
	close(pipe_fd[0]);
	return count;
}

/* RG-31 */
static void what_was_answered_is_there_after_a_kill(void **state)
{
	(void)state;
	char folder[64];
	uint32_t answered[AORS] = { 0 }, next = 1, total = 0;
	kit_make_folder(folder);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t count = kill_while_it_writes(folder, next, answered);
		assert_true(count > 0);
		next += count;
		total += count;

		static struct kit k;
		open_in(&k, folder);
		for (uint32_t aor = 0; aor < AORS; aor++) {
			/* The one that was under way may be there or not. */
			struct str want = answered[aor] ? arena_printf(&k.arena, "sip:%u@h", (unsigned)answered[aor]) : STR("");
			if (aor != next % AORS)
				assert_string_equal(kit_targets(&k, name_of(&k, aor)), want.p);
		}
		k.folder[0] = '\0';
		kit_stop(&k);
		next++;
	}
	print_message("%u registrations were answered before the kills\n", (unsigned)total);
	kit_remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_answered_is_there_after_a_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
