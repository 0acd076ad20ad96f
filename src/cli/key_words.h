/* SPDX-License-Identifier: Apache-2.0 */
/* key_words.h - what is wrong with the files of keys and of the node's number, in the language of the person. */
#ifndef SLUICE_CLI_KEY_WORDS_H
#define SLUICE_CLI_KEY_WORDS_H

#include "key_file.h"
#include "texts.h"

/* Read DIR/flow-keys. 0, or -errno, and then it was told; -ENOENT: there is none, and nothing was said. */
int keys_read_or_say(struct say *s, struct str dir, struct key_file *out);
/* The same for DIR/node. */
int node_read_or_say(struct say *s, struct str dir, uint32_t *out);

#endif
