/* SPDX-License-Identifier: Apache-2.0 */
/* password.c - get a password without showing it; keep only what digest needs of it. */
#include "password.h"
#include "mem.h"
#include "random.h"
#include "sip_digest.h"
#include <errno.h>
#include <termios.h>
#include <unistd.h>

bool password_usable(struct str password)
{
	for (size_t i = 0; i < password.n; i++)
		if ((unsigned char)password.p[i] < 0x20 || password.p[i] == 0x7f)
			return false;
	return password.n > 0 && password.n <= PASSWORD_MAX;
}

void password_generate(char out[PASSWORD_MAX + 1])
{
	random_token(out, PASSWORD_GENERATED);
	out[PASSWORD_GENERATED] = '\0';
}

/* One line without its end; false: none, or one that is too long. */
static bool read_line(FILE *f, char out[PASSWORD_MAX + 1])
{
	char line[PASSWORD_MAX + 3];
	bool got = fgets(line, sizeof line, f);
	size_t n = got ? strcspn(line, "\r\n") : 0;
	got = got && n <= PASSWORD_MAX;
	if (got) {
		memcpy(out, line, n);
		out[n] = '\0';
	}
	mem_wipe(line, sizeof line);
	return got;
}

static bool ask(struct invocation *in, FILE *tty, char out[PASSWORD_MAX + 1])
{
	say_flush(&in->err, stderr);
	struct termios before, quiet;
	bool known = tcgetattr(fileno(tty), &before) == 0;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (known)
		tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
	bool got = read_line(tty, out);
	if (known)
		tcsetattr(fileno(tty), TCSAFLUSH, &before);
	fputc('\n', stderr);
	return got;
}

static bool ask_twice(struct invocation *in, struct str who, char out[PASSWORD_MAX + 1])
{
	FILE *tty = isatty(STDIN_FILENO) ? fopen("/dev/tty", "re") : NULL;
	char again[PASSWORD_MAX + 1] = "";
	if (!tty) {
		text_password_how(&in->err);
		return false;
	}
	text_password_ask(&in->err, who);
	bool ok = ask(in, tty, out);
	if (ok) {
		text_password_again(&in->err);
		ok = ask(in, tty, again);
	}
	fclose(tty);
	if (ok && strcmp(out, again) != 0) {
		text_password_differ(&in->err);
		ok = false;
	} else if (!ok) {
		text_password_bad(&in->err, PASSWORD_MAX);
	}
	mem_wipe(again, sizeof again);
	return ok;
}

static bool from_file(struct invocation *in, const char *path, char out[PASSWORD_MAX + 1])
{
	bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "re");
	if (!f) {
		text_config_file(&in->err, str_of(path), errno_text(in->err.language, -errno));
		return false;
	}
	bool ok = read_line(f, out);
	if (!ok)
		text_password_bad(&in->err, PASSWORD_MAX);
	if (!standard)
		fclose(f);
	return ok;
}

bool password_get(struct invocation *in, struct str who, char out[PASSWORD_MAX + 1])
{
	bool ok = true;
	if (in->option[OPTION_GENERATE])
		password_generate(out);
	else if (in->option[OPTION_PASSWORD_FILE])
		ok = from_file(in, in->option[OPTION_PASSWORD_FILE], out);
	else
		ok = ask_twice(in, who, out);
	if (ok && !password_usable(str_of(out))) {
		text_password_bad(&in->err, PASSWORD_MAX);
		ok = false;
	}
	return ok;
}

int password_user(struct str name, struct str domain, struct str password, struct arena *arena, struct user *out)
{
	struct sip_digest *digest;
	int err = sip_digest_new(&digest);
	if (err)
		return err;
	char hex[SIP_DIGEST_HEX_MAX];
	size_t n = sip_digest_ha1(digest, SIP_DIGEST_MD5, name, domain, password, hex);
	*out = (struct user){ .name = arena_str(arena, name), .domain = arena_str(arena, domain) };
	out->ha1_md5 = arena_str(arena, (struct str){ hex, n });
	n = sip_digest_ha1(digest, SIP_DIGEST_SHA256, name, domain, password, hex);
	out->ha1_sha256 = arena_str(arena, (struct str){ hex, n });
	sip_digest_free(digest);
	return n ? 0 : -ENOTSUP;
}
