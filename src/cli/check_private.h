/* SPDX-License-Identifier: Apache-2.0 */
/* check_private.h - what the files of the check share. */
#ifndef SLUICE_CLI_CHECK_PRIVATE_H
#define SLUICE_CLI_CHECK_PRIVATE_H

#include "config.h"

struct checking {
	const struct config *config;
	struct problems *problems;
};
/* The place as in config_place. */
struct say *check_error(const struct checking *k, const char *section, unsigned index, const char *name);
struct say *check_warning(const struct checking *k, const char *section, unsigned index, const char *name);

/* check_tls.c: one TLS listener's files; whether each domain is in some certificate. */
void check_listener_tls(const struct checking *k, unsigned index);
void check_domains_covered(const struct checking *k);
void check_authorities(const struct checking *k);

#endif
