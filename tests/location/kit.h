/* SPDX-License-Identifier: Apache-2.0 */
/* kit.h - what the tests of location share: a table with a clock that is a number, streams that die when told,
 * and REGISTERs in one line. */
#ifndef SLUICE_TEST_LOCATION_KIT_H
#define SLUICE_TEST_LOCATION_KIT_H

#include "location.h"
#include "store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KIT_STREAMS = 64 };

struct kit {
	struct location *loc;
	struct loop *loop;
	struct arena arena;
	int64_t now_ms;                 /* wall time */
	bool dead[KIT_STREAMS];         /* by serial */
	bool silent[KIT_STREAMS];       /* by serial; of UDP by port */
	char folder[64];                /* "": no store */
	/* of the last REGISTER */
	struct binding *after;
	unsigned after_count;
	int err;
};

/* settings NULL: the defaults. durable: with a store in a folder of its own. */
void kit_start(struct kit *k, const struct location_settings *settings, bool durable);
void kit_restart(struct kit *k);        /* as after the end of the process: same folder, new table */
void kit_stop(struct kit *k);

struct reg {
	const char *aor;                /* ["bob@example.com"] */
	const char *contact;            /* NULL: a fetch */
	const char *also;               /* a second plain contact */
	const char *params, *instance, *path;
	const char *call_id;            /* ["c1"] */
	uint32_t reg_id, cseq, expires_s;
	uint32_t also_expires_s;
	int q;                          /* [1000] */
	uint64_t stream;                /* came over this TCP connection */
	uint16_t udp_port;              /* came from this UDP port, answers go there */
	bool by_contact;                /* but is reached by its Contact */
	bool star;
};
/* Registers, and waits for `done` when it follows. */
enum location_result kit_register(struct kit *k, struct reg r);
struct target_set kit_find(struct kit *k, const char *aor);
/* The contacts of a target set: phones apart by '|', flows of a phone by ' '. */
const char *kit_targets(struct kit *k, const char *aor);
/* The contacts of the last answer, apart by ' '. */
const char *kit_after(struct kit *k);

/* A fresh folder under /tmp; kit_remove_folder removes it with the files in it. */
void kit_make_folder(char folder[64]);
void kit_empty_folder(const char *folder);
void kit_remove_folder(const char *folder);
unsigned kit_count_files(const char *folder, const char *suffix);       /* how many names end so */

#endif
