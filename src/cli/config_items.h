/* SPDX-License-Identifier: Apache-2.0 */
/* config_items.h - the tables of the configuration. */
#ifndef SLUICE_CLI_CONFIG_ITEMS_H
#define SLUICE_CLI_CONFIG_ITEMS_H

#include "schema.h"

extern const struct setting config_listen_item[], config_domain_item[], config_peer_item[], config_route_item[], config_move_item[];
extern const struct setting config_sections[];  /* all of the file (config.c) */

#endif
