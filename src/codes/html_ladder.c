/* SPDX-License-Identifier: Apache-2.0 */
/* html_ladder.c - a ladder as inline SVG. */
#include "site_private.h"

void html_ladder(struct buf *out, const struct site_view *v, unsigned status)
{
	(void)out;
	(void)v;
	(void)status;
}
