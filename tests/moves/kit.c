/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "sip_uri.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct moves *kit_open(struct kit *k)
{
	struct moves *m;
	char why[400] = "";
	if (moves_open(&(struct moves_settings){ .path = k->path, .max_learned = k->max_learned }, KIT_NOW, &m, why, sizeof why))
		fail_msg("%s", why);
	return m;
}

void kit_reopen(struct kit *k)
{
	moves_close(k->m);
	k->m = kit_open(k);
}

int kit_setup(void **state)
{
	struct kit *k = calloc(1, sizeof *k);
	strcpy(k->folder, "/tmp/sluice-moves-XXXXXX");
	if (!mkdtemp(k->folder))
		return -1;
	snprintf(k->path, sizeof k->path, "%s/moves.db", k->folder);
	arena_init(&k->arena, NULL, 0);
	k->m = kit_open(k);
	*state = k;
	return 0;
}

int kit_teardown(void **state)
{
	struct kit *k = *state;
	moves_close(k->m);
	arena_fini(&k->arena);
	DIR *dir = opendir(k->folder);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(k->folder);
	free(k);
	return 0;
}

struct move kit_move(struct kit *k, enum move_origin origin, const char *old, const char *fresh)
{
	struct move v = {
		.key = arena_str(&k->arena, str_of(old)), .old_uri = arena_printf(&k->arena, "sip:%s", old), .origin = origin,
		.way = *fresh ? MOVE_PROXY : MOVE_GONE, .permanent = true, .said_by = STR("carol"),
		.path = origin == MOVE_OPERATOR ? STR("") : STR("tls 192.0.2.7:5061"), .said_wall_ms = KIT_NOW,
		.expires_wall_ms = origin == MOVE_OPERATOR ? 0 : KIT_NOW + 1000,
	};
	if (*fresh) {
		v.targets = ARENA_NEW(&k->arena, struct move_target);
		v.targets[0] = (struct move_target){ arena_printf(&k->arena, "sip:%s", fresh), 1000 };
		v.target_count = 1;
	}
	return v;
}

bool kit_get(struct kit *k, struct moves *m, const char *old, struct move *out)
{
	return moves_find(m, str_of(old), KIT_NOW, &k->arena, out);
}

const char *kit_where(struct kit *k, struct moves *m, const char *old)
{
	struct move v;
	if (!kit_get(k, m, old, &v))
		return "";
	struct str to = v.target_count ? v.targets[0].uri : STR("gone");
	return arena_printf(&k->arena, "%.*s%s%s", STR_FMT(to), v.state == MOVE_ACTIVE ? "" : "?",
	                    v.origin == MOVE_OPERATOR ? "!" : "").p;
}
