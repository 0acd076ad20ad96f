/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the sluice program: subcommands, options, exit status. */
#ifndef SLUICE_CLI_H
#define SLUICE_CLI_H

/* Exit statuses, also told by `sluice help`. */
enum cli_exit {
	CLI_OK,
	CLI_FAILED,                     /* it was tried and did not work; a configuration with errors */
	CLI_USAGE,                      /* the command line was wrong; nothing was tried */
	CLI_NO_SERVER                   /* a live question, but no server runs there */
};
int cli_main(int argc, char **argv);

#endif
