/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - requests of HTTP to pages of the reference, by libmicrohttpd. */
#include "console.h"
#include "codes_site.h"
#include "mem.h"
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define CONNECTIONS_OF_ONE 32           /* one browser opens six; a proxy in front of us is one address */
#define IDLE_S 15
#define CONNECTION_BYTES 16384          /* request line and headers have to fit */
#define TARGET_MAX 2048
#define BACKLOG 64

struct console {
	struct MHD_Daemon *daemon;
	struct addr address;
};

/* A request: its target as it was sent, since what libmicrohttpd hands out is decoded and cut. */
struct asked {
	bool seen;              /* the second call of `answer`: only then the connection may stay open */
	bool too_long;
	char target[TARGET_MAX];
};

static void *note_target(void *user, const char *target, struct MHD_Connection *connection)
{
	struct asked *a = mem_zalloc(sizeof *a);
	size_t n = strlen(target);
	(void)user, (void)connection;
	a->too_long = n >= sizeof a->target;
	if (!a->too_long)
		memcpy(a->target, target, n);
	return a;
}

static void forget_target(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	(void)user, (void)connection, (void)code;
	mem_free(*state);
	*state = NULL;
}

static struct str header(struct MHD_Connection *connection, const char *name)
{
	return str_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static void add_text(struct MHD_Response *r, const char *name, struct str value)
{
	char text[TARGET_MAX + 64];
	if (value.n && value.n < sizeof text) {
		memcpy(text, value.p, value.n);
		text[value.n] = '\0';
		MHD_add_response_header(r, name, text);
	}
}

static enum MHD_Result send_short(struct MHD_Connection *connection, unsigned status, const char *allow)
{
	static char none[] = "";
	struct MHD_Response *r = MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
	if (allow)
		MHD_add_response_header(r, "Allow", allow);
	enum MHD_Result result = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct site_answer *a)
{
	struct str body = buf_str(&a->body);
	struct MHD_Response *r = MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	add_text(r, "Content-Type", str_of(a->type));
	add_text(r, "ETag", str_of(a->etag));
	add_text(r, "Location", buf_str(&a->location));
	if (a->status == 200)
		add_text(r, "Content-Language", str_of(codes_languages[a->language].tag));
	if (a->negotiated)
		MHD_add_response_header(r, "Vary", "Accept-Language");
	MHD_add_response_header(r, "Cache-Control", "no-cache");                /* ask again; 304 is cheap */
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(r, "Content-Security-Policy", SITE_POLICY "; frame-ancestors 'none'");
	enum MHD_Result result = MHD_queue_response(connection, a->status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *upload, size_t *upload_size, void **state)
{
	struct asked *asked = *state;
	(void)user, (void)url, (void)version, (void)upload;
	if (!asked->seen) {
		asked->seen = true;
		return MHD_YES;
	}
	if (*upload_size) {                     /* a body nobody asked for */
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_short(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD");
	if (asked->too_long)
		return send_short(connection, MHD_HTTP_URI_TOO_LONG, NULL);
	struct str query = str_of(asked->target), path;
	if (!str_cut(&query, '?', &path)) {
		path = query;
		query = STR("");
	}
	struct site_answer a;
	site_answer(path, query, header(connection, "Accept-Language"), header(connection, "If-None-Match"), &a);
	enum MHD_Result result = send_answer(connection, &a);
	site_answer_fini(&a);
	return result;
}

/* A listening socket of our own: its errors are errno, which libmicrohttpd does not tell. */
static int listen_on(struct addr *at)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(at, &sa);
	int one = 1, fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	n = bind(fd, (struct sockaddr *)&sa, n) || listen(fd, BACKLOG) ? 0 : sizeof sa;
	if (!n || getsockname(fd, (struct sockaddr *)&sa, &n)) {
		int err = -errno;
		close(fd);
		return err;
	}
	addr_from_sockaddr((struct sockaddr *)&sa, at);
	return fd;
}

int console_start(const struct addr *listen, struct console **out)
{
	struct console *c = mem_zalloc(sizeof *c);
	c->address = *listen;
	int fd = listen_on(&c->address);
	if (fd < 0) {
		mem_free(c);
		return fd;
	}
	c->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, c,
	                             MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	                             MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE,
	                             MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
	                             MHD_OPTION_URI_LOG_CALLBACK, note_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, forget_target, NULL,
	                             MHD_OPTION_END);
	if (!c->daemon) {
		close(fd);
		mem_free(c);
		return -EAGAIN;                 /* no thread, no descriptor: it does not say */
	}
	*out = c;
	return 0;
}

struct addr console_address(const struct console *c)
{
	return c->address;
}

void console_stop(struct console *c)
{
	if (!c)
		return;
	MHD_stop_daemon(c->daemon);             /* closes the socket too */
	mem_free(c);
}
