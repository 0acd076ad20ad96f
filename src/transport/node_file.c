/* SPDX-License-Identifier: Apache-2.0 */
/* node_file.c - the number that tells this node from the others of its cluster. */
#include "key_file.h"
#include "state_file.h"
#include <errno.h>
#include <stdio.h>

#define NODE_FILE "node"

static bool text_read(struct str text, uint32_t *out)
{
	struct str what;
	text = str_trim(text);
	return str_cut(&text, ' ', &what) && str_eq(what, STR("node")) && str_u32(str_trim(text), UINT32_MAX, out) && *out;
}

int node_file_read(const char *dir, uint32_t *out, struct transport_error *why)
{
	struct buf text = { 0 };
	int err = state_file_read(dir, NODE_FILE, false, &text, why);
	if (!err && !text_read(buf_str(&text), out))
		err = transport_fail(why, -EINVAL, "%s/" NODE_FILE " does not read \"node NUMBER\" with a number from 1 to 4294967295; "
		                     "correct it, or remove it to get a new number", dir);
	buf_fini(&text);
	return err;
}

int node_file_write(const char *dir, uint32_t node, struct transport_error *why)
{
	char text[32];
	snprintf(text, sizeof text, "node %u\n", node);
	return state_file_make(dir, NODE_FILE, str_of(text), why);
}
