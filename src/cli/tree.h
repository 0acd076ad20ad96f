/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - a YAML text as a tree of nodes that know their line and column.
 *
 * libfyaml reads it; every scalar stays text, so that `no`, `on` and `5060:5061` are what was
 * written until the schema gives them a type (schema.h). Refused: duplicate keys, aliases, keys that are no
 * plain text, control characters, more than one document. */
#ifndef SLUICE_CLI_TREE_H
#define SLUICE_CLI_TREE_H

#include "arena.h"
#include "problems.h"

enum node_kind { NODE_TEXT, NODE_MAP, NODE_LIST, NODE_NOTHING };

struct node {
	enum node_kind kind;
	struct str text;                /* NODE_TEXT */
	unsigned line, column;          /* of the value, from 1 */
	struct str key;                 /* in a map: its key, and where that stands */
	unsigned key_line, key_column;
	struct node *first, *next;      /* children; the next sibling */
	unsigned count;                 /* of children */
};

struct tree {
	struct str file;                /* as shown to people */
	struct node *root;              /* NODE_MAP; NULL when it could not be read */
};

/* Nodes are copies in the arena. False: there is no tree at all, and *problems says why; what is wrong in parts is
 * told there and left out. An empty text is an empty map. */
bool tree_read(struct tree *out, struct str text, struct str file, struct arena *arena, struct problems *problems);

/* Children by key or by position; NULL when there is none, or when `n` is NULL or of another kind. */
const struct node *node_get(const struct node *n, struct str key);
const struct node *node_at(const struct node *n, unsigned index);

/* Where a node's value stands, or its key; of NULL: the file. */
struct place tree_place(const struct tree *t, const struct node *n);
struct place tree_key_place(const struct tree *t, const struct node *n);

#endif
