/* SPDX-License-Identifier: Apache-2.0 */
/* command_check.c - sluice check FILE */
#include "command.h"
#include "config.h"

int command_check(struct invocation *in)
{
	struct problems problems;
	struct config config;
	problems_init(&problems, in->err.language);
	config_read_file(&config, in->operands[0], &problems);
	config_check(&config, &problems);
	int status = problems.errors ? CLI_FAILED : CLI_OK;
	if (status == CLI_OK) {
		text_check_fine(&in->out, str_of(in->operands[0]), problems.warnings);
		buf_byte(&in->out.out, '\n');
	} else {
		text_check_bad(&in->out, str_of(in->operands[0]), problems.errors, problems.warnings);
		buf_byte(&in->out.out, '\n');
	}
	problems_show(&problems, stderr);
	config_free(&config);
	problems_fini(&problems);
	return status;
}
