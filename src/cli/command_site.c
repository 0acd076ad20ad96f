/* SPDX-License-Identifier: Apache-2.0 */
/* command_site.c - sluice codes export: the reference as a folder of pages. */
#include "codes_site.h"
#include "command.h"
#include <errno.h>

static int failed(struct invocation *in, struct str folder, int err)
{
	if (err == -ENOTDIR || err == -EEXIST)
		text_codes_export_file(&in->err, folder);
	else if (err == -ENOENT)
		text_codes_export_parent(&in->err, folder);
	else if (err == -ENOSPC || err == -EDQUOT)
		text_codes_export_space(&in->err, folder);
	else if (err == -EACCES || err == -EPERM || err == -EROFS)
		text_codes_export_denied(&in->err, folder, errno_text(in->err.language, err));
	else
		text_codes_export_failed(&in->err, folder, errno_text(in->err.language, err));
	return command_failed(in);
}

int command_codes_export(struct invocation *in)
{
	struct str folder = str_of(in->operands[0]);
	unsigned files = 0;
	int err = site_export(in->operands[0], &files);
	if (err)
		return failed(in, folder, err);
	text_codes_export_done(&in->out, files, folder);
	buf_byte(&in->out.out, '\n');
	return CLI_OK;
}
