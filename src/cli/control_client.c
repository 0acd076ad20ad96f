/* SPDX-License-Identifier: Apache-2.0 */
/* control_client.c - ask a running server. */
#include "control.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 15

/* The socket, connected and with the request sent; -errno. */
static int send_request(struct str state_dir, struct str request)
{
	struct sockaddr_un to;
	if (!control_address(state_dir, &to))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	struct buf line = { 0 };
	buf_add(&line, request);
	buf_byte(&line, '\n');
	int err = 0;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) || send(fd, line.p, line.n, MSG_NOSIGNAL) != (ssize_t)line.n)
		err = -errno;
	buf_fini(&line);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* One line of the answer; true: it was the last one. */
static bool take_row(json_t *row, enum control_result *result, void (*fn)(void *user, const json_t *row), void *user, struct say *error)
{
	const json_t *number = json_object_get(row, "errno");
	if (number) {
		say_str(error, errno_text(error->language, -(int)json_integer_value(number)));
		*result = CONTROL_FAILED;
		return true;
	}
	if (json_object_get(row, "end")) {
		*result = CONTROL_OK;
		return true;
	}
	if (fn)
		fn(user, row);
	return false;
}

enum control_result control_ask(struct str state_dir, struct str request, void (*fn)(void *user, const json_t *row), void *user,
                                struct say *error)
{
	int fd = send_request(state_dir, request);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return CONTROL_NO_SERVER;
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	if (!in) {
		say_str(error, errno_text(error->language, fd < 0 ? fd : -errno));
		return CONTROL_FAILED;
	}
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	enum control_result result = CONTROL_FAILED;
	bool over = false;
	while (!over && (n = getline(&line, &room, in)) > 0) {
		json_t *row = json_loadb(line, (size_t)n, 0, NULL);
		if (!row)
			break;
		over = take_row(row, &result, fn, user, error);
		json_decref(row);
	}
	if (!over)
		text_live_broke_off(error);
	free(line);
	fclose(in);
	return result;
}
