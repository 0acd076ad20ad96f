/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - from libfyaml's document to our nodes. */
#include "tree.h"
#include <libfyaml.h>

#define DEPTH_MAX 16

struct reading {
	struct tree *tree;
	struct arena *arena;
	struct problems *problems;
};

static struct node *read_node(const struct reading *r, struct fy_node *from, unsigned depth);

/* Only scalars know their place; a map or list stands where the first thing in it does. */
static void set_place(struct node *n, struct fy_node *from)
{
	struct fy_token *token = fy_node_get_scalar_token(from);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	if (mark) {
		n->line = (unsigned)mark->line + 1;
		n->column = (unsigned)mark->column + 1;
	}
}

static void take_place(struct node *n, unsigned line, unsigned column)
{
	if (!n->line) {
		n->line = line;
		n->column = column;
	}
}

static void append(struct node *parent, struct node ***last, struct node *child)
{
	**last = child;
	*last = &child->next;
	parent->count++;
}

static bool plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

static void read_text(const struct reading *r, struct node *n, struct fy_node *from)
{
	size_t size = 0;
	const char *text = fy_node_get_scalar(from, &size);
	n->kind = size || fy_node_get_style(from) != FYNS_PLAIN ? NODE_TEXT : NODE_NOTHING;
	n->text = arena_str(r->arena, (struct str){ text ? text : "", size });
	if (!plain(n->text)) {
		text_yaml_control(problems_error(r->problems, tree_place(r->tree, n)));
		n->kind = NODE_NOTHING;
	}
}

static void read_map(const struct reading *r, struct node *n, struct fy_node *from, unsigned depth)
{
	n->kind = NODE_MAP;
	struct node **last = &n->first;
	struct fy_node_pair *pair;
	for (void *at = NULL; (pair = fy_node_mapping_iterate(from, &at));) {
		struct node *key = read_node(r, fy_node_pair_key(pair), depth);
		if (!key || key->kind != NODE_TEXT) {
			text_yaml_key(problems_error(r->problems, tree_place(r->tree, key ? key : n)));
			continue;
		}
		const struct node *earlier = node_get(n, key->text);
		if (earlier) {
			text_yaml_duplicate(problems_error(r->problems, tree_place(r->tree, key)), key->text, earlier->key_line);
			continue;
		}
		struct node *value = read_node(r, fy_node_pair_value(pair), depth);
		if (!value)
			continue;
		value->key = key->text;
		value->key_line = key->line;
		value->key_column = key->column;
		take_place(value, key->line, key->column);
		take_place(n, key->line, key->column);
		append(n, &last, value);
	}
}

static void read_list(const struct reading *r, struct node *n, struct fy_node *from, unsigned depth)
{
	n->kind = NODE_LIST;
	struct node **last = &n->first;
	struct fy_node *item;
	for (void *at = NULL; (item = fy_node_sequence_iterate(from, &at));) {
		struct node *child = read_node(r, item, depth);
		if (!child)
			continue;
		take_place(n, child->line, child->column);
		append(n, &last, child);
	}
}

/* NULL: refused, and said why. */
static struct node *read_node(const struct reading *r, struct fy_node *from, unsigned depth)
{
	struct node *n = ARENA_NEW(r->arena, struct node);
	n->kind = NODE_NOTHING;
	if (!from)
		return n;
	set_place(n, from);
	if (fy_node_is_alias(from) || depth > DEPTH_MAX) {
		struct say *s = problems_error(r->problems, tree_place(r->tree, n));
		if (depth > DEPTH_MAX)
			text_yaml_deep(s);
		else
			text_yaml_alias(s);
		return NULL;
	}
	switch (fy_node_get_type(from)) {
	case FYNT_SCALAR:   read_text(r, n, from); break;
	case FYNT_MAPPING:  read_map(r, n, from, depth + 1); break;
	case FYNT_SEQUENCE: read_list(r, n, from, depth + 1); break;
	}
	return n;
}

/* What libfyaml found wrong, in our words where we have some: by a part of its own, as it has no numbers for them. */
static void say_syntax(struct say *s, const char *why)
{
	static const struct {
		const char *part;
		unsigned text;
	} known[] = {
		{ " tab ", TEXT_YAML_TAB }, { "closing quote", TEXT_YAML_QUOTE }, { "nested block mapping", TEXT_YAML_COLON },
		{ "indentation", TEXT_YAML_INDENT }, { "multiline plain key", TEXT_YAML_INDENT }, { "after mapping", TEXT_YAML_INDENT },
		{ "cannot start with", TEXT_YAML_START },
	};
	if (strstr(why, "closing b") || strstr(why, "expected node content") || strstr(why, "mismatched flow")) {
		text_yaml_bracket(s, STR("{"), STR("}"));
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strstr(why, known[i].part)) {
			say_text(s, known[i].text, NULL);
			return;
		}
	text_yaml_syntax(s, str_of(why));
}

/* What libfyaml found wrong with the syntax. */
static void report_syntax(const struct reading *r, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	unsigned told = 0;
	for (void *at = NULL; (e = fy_diag_errors_iterate(diag, &at)) && told < 3; told++) {
		struct place at_place = { r->tree->file, (unsigned)e->line, (unsigned)e->column };
		say_syntax(problems_error(r->problems, at_place), e->msg);
	}
	if (!told)
		text_yaml_unreadable(problems_error(r->problems, (struct place){ r->tree->file, 0, 0 }));
}

/* libfyaml takes a text without any node for an error. */
static bool only_comments(struct str text)
{
	struct str line;
	while (str_cut(&text, '\n', &line))
		if (str_trim(line).n && str_trim(line).p[0] != '#')
			return false;
	line = str_trim(text);
	return !line.n || line.p[0] == '#';
}

/* Its own words go to the collected errors; what it would print besides is dropped. */
static void silence(struct fy_diag *diag, void *user, const char *text, size_t n)
{
	(void)diag, (void)user, (void)text, (void)n;
}

bool tree_read(struct tree *out, struct str text, struct str file, struct arena *arena, struct problems *problems)
{
	*out = (struct tree){ .file = file };
	struct reading r = { out, arena, problems };

	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = silence;
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_DEFAULT_PARSE | FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_COLLECT_DIAG,
		.diag = diag,
	};
	struct fy_document *doc = fy_document_build_from_string(&cfg, text.p, text.n);
	if (doc) {
		struct fy_node *root = fy_document_root(doc);
		out->root = read_node(&r, root, 0);
		if (out->root && out->root->kind == NODE_NOTHING)
			out->root->kind = NODE_MAP;
		fy_document_destroy(doc);
	} else if (!only_comments(text)) {
		report_syntax(&r, diag);
	} else {
		out->root = ARENA_NEW(arena, struct node);
		out->root->kind = NODE_MAP;
	}
	fy_diag_destroy(diag);
	return out->root;
}

const struct node *node_get(const struct node *n, struct str key)
{
	if (!n || n->kind != NODE_MAP)
		return NULL;
	for (const struct node *child = n->first; child; child = child->next)
		if (str_eq(child->key, key))
			return child;
	return NULL;
}

const struct node *node_at(const struct node *n, unsigned index)
{
	if (!n || n->kind != NODE_LIST)
		return NULL;
	const struct node *child = n->first;
	while (child && index--)
		child = child->next;
	return child;
}

struct place tree_place(const struct tree *t, const struct node *n)
{
	return n ? (struct place){ t->file, n->line, n->column } : (struct place){ t->file, 0, 0 };
}

struct place tree_key_place(const struct tree *t, const struct node *n)
{
	return n && n->key_line ? (struct place){ t->file, n->key_line, n->key_column } : tree_place(t, n);
}
