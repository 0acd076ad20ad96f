/* SPDX-License-Identifier: Apache-2.0 */
/* sipload floor: the least a SIP forwarder can do, one thread. It is the physical limit against which
 * servers are compared, not a SIP server: no Via is added, nothing is checked, messages pass unchanged.
 *   REGISTER     -> remember the sender under the user number of To, answer 200 by swapping the first line
 *   OPTIONS      -> answered the same way
 *   other requests -> forwarded to the user number in the request URI
 *   responses    -> forwarded to the address in the topmost Via
 *   CRLFCRLF -> CRLF; STUN binding request -> success
 */
#include "core.h"

#include <getopt.h>
#include <openssl/err.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define MAXU (1u << 21)
static struct sockaddr_in *uaddr;
static struct conn **uconn;
static SSL_CTX *s_ctx;

static const char *line_end(const char *b, const char *e)
{
	const char *p = memchr(b, '\n', (size_t)(e - b));
	return p ? p + 1 : e;
}
static u32 digits(const char *p, const char *e)
{
	u32 v = 0;
	while (p < e && *p >= '0' && *p <= '9')
		v = v * 10 + (u32)(*p++ - '0');
	return v;
}
static u32 uri_user(const char *p, const char *e)
{ /* sip:uN */
	const char *q = memmem(p, (size_t)(e - p), "sip:u", 5);
	return q ? digits(q + 5, e) : MAXU;
}
/* topmost Via sent-by "a.b.c.d:port" */
static int via_addr(const char *b, const char *e, u32 *ip, u16 *port)
{
	const char *p = line_end(b, e);
	while (p < e && (*p | 32) != 'v')
		p = line_end(p, e);
	p = memmem(p, (size_t)(e - p), "SIP/2.0/", 8);
	if (!p)
		return 0;
	p += 12;
	u32 v = 0;
	for (int i = 0; i < 4; i++) {
		v = v << 8 | (digits(p, e) & 255);
		while (p < e && *p >= '0' && *p <= '9')
			p++;
		p++;
	}
	*ip = v;
	*port = (u16)digits(p, e);
	return (v >> 24) == 127;
}
static u32 to_user(const char *b, const char *e)
{
	const char *p = memmem(b, (size_t)(e - b), "\nTo: ", 5);
	return p ? uri_user(p, line_end(p + 1, e)) : MAXU;
}
static const char OK[] = "SIP/2.0 200 OK\r\n";

/* ---------------- UDP ---------------- */
static int ufd = -1;
static void udp_burst(struct conn *self)
{
	static char buf[UDPBATCH][MAXMSG];
	static struct mmsghdr in[UDPBATCH], out[UDPBATCH];
	static struct iovec iov[UDPBATCH], oiov[UDPBATCH][2];
	static struct sockaddr_in from[UDPBATCH], to[UDPBATCH];
	(void)self;
	for (int r = 0; r < 8; r++) {
		for (int i = 0; i < UDPBATCH; i++) {
			iov[i] = (struct iovec){buf[i], MAXMSG};
			in[i].msg_hdr =
			        (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &iov[i], .msg_iovlen = 1};
		}
		int n = recvmmsg(ufd, in, UDPBATCH, MSG_DONTWAIT, NULL), k = 0;
		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			char *b = buf[i], *e = b + in[i].msg_len;
			struct msghdr *h = &out[k].msg_hdr;
			if (e - b < 16) {
				if (e - b == 4) {
					oiov[k][0] = (struct iovec){b, 2};
					*h = (struct msghdr){
					        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = oiov[k], .msg_iovlen = 1};
					k++;
				}
				continue;
			}
			if (b[0] == 0 && b[1] == 1 && e - b == 20) { /* STUN */
				u8 a[12] = {0, 0x20, 0, 8, 0, 1};
				u32 x = from[i].sin_addr.s_addr ^ htonl(0x2112A442);
				u16 pt = from[i].sin_port ^ htons(0x2112);
				memcpy(a + 6, &pt, 2);
				memcpy(a + 8, &x, 4);
				b[0] = 1;
				b[3] = 12;
				memcpy(e, a, 12);
				oiov[k][0] = (struct iovec){b, 32};
				*h = (struct msghdr){
				        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = oiov[k], .msg_iovlen = 1};
				k++;
				continue;
			}
			if (!memcmp(b, "SIP/2.0", 7)) {
				u32 ip;
				u16 port;
				if (!via_addr(b, e, &ip, &port))
					continue;
				to[k] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
				oiov[k][0] = (struct iovec){b, (size_t)(e - b)};
				*h = (struct msghdr){.msg_name = &to[k], .msg_namelen = sizeof to[k], .msg_iov = oiov[k], .msg_iovlen = 1};
				k++;
				continue;
			}
			const char *l1 = line_end(b, e);
			if (!memcmp(b, "REGISTER", 8) || !memcmp(b, "OPTIONS", 7)) {
				if (*b == 'R') {
					u32 u = to_user(b, e);
					if (u < MAXU)
						uaddr[u] = from[i];
				}
				oiov[k][0] = (struct iovec){(void *)(uintptr_t)OK, sizeof OK - 1};
				oiov[k][1] = (struct iovec){(void *)(uintptr_t)l1, (size_t)(e - l1)};
				*h = (struct msghdr){
				        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = oiov[k], .msg_iovlen = 2};
				k++;
				continue;
			}
			u32 u = uri_user(b, l1);
			if (u >= MAXU || !uaddr[u].sin_port)
				continue;
			oiov[k][0] = (struct iovec){b, (size_t)(e - b)};
			*h = (struct msghdr){.msg_name = &uaddr[u], .msg_namelen = sizeof uaddr[u], .msg_iov = oiov[k], .msg_iovlen = 1};
			k++;
		}
		for (int i = 0; i < k;) {
			int s = sendmmsg(ufd, out + i, (unsigned)(k - i), 0);
			if (s < 0) {
				if (errno == EAGAIN || errno == EINTR)
					continue;
				i++; /* e.g. a refused port: drop that one */
				continue;
			}
			i += s;
		}
		if (n < UDPBATCH)
			return;
	}
}

/* ---------------- TCP / TLS: reuses the generator's connection code ---------------- */
#define HSZ (1u << 21)
static struct {
	u64 key;
	struct conn *c;
} * ht;
static u32 hslot(u64 k)
{
	return (u32)((k * 0x9E3779B97F4A7C15ull) >> 43);
}
static void ht_put(u64 k, struct conn *c)
{
	u32 i = hslot(k);
	while (ht[i].key && ht[i].key != k)
		i = (i + 1) & (HSZ - 1);
	ht[i].key = k;
	ht[i].c = c;
}
static struct conn *ht_get(u64 k)
{
	u32 i = hslot(k);
	while (ht[i].key) {
		if (ht[i].key == k)
			return ht[i].c;
		i = (i + 1) & (HSZ - 1);
	}
	return NULL;
}
static void f_send(struct conn *c, const char *a, size_t al, const char *b, size_t bl)
{
	char *t = tx_begin(c);
	if (al + bl > MAXMSG)
		return;
	memcpy(t, a, al);
	memcpy(t + al, b, bl);
	tx_end(c, (int)(al + bl));
}
static void f_msg(struct conn *c, const char *b, int n)
{
	const char *e = b + n;
	if (!memcmp(b, "SIP/2.0", 7)) {
		u32 ip;
		u16 port;
		if (!via_addr(b, e, &ip, &port))
			return;
		struct conn *d = ht_get((u64)ip << 16 | port);
		if (d && d->state == CS_OPEN)
			f_send(d, b, (size_t)n, "", 0);
		return;
	}
	const char *l1 = line_end(b, e);
	if (!memcmp(b, "REGISTER", 8) || !memcmp(b, "OPTIONS", 7)) {
		if (*b == 'R') {
			u32 u = to_user(b, e);
			if (u < MAXU)
				uconn[u] = c;
		}
		f_send(c, OK, sizeof OK - 1, l1, (size_t)(e - l1));
		return;
	}
	u32 u = uri_user(b, l1);
	if (u < MAXU && uconn[u] && uconn[u]->state == CS_OPEN)
		f_send(uconn[u], b, (size_t)n, "", 0);
}
static void f_ping(struct conn *c)
{
	f_send(c, "\r\n", 2, "", 0);
}
static int tls_listen = -1, tcp_listen = -1;
static void do_accept(int lfd, int tls)
{
	for (int k = 0; k < 64; k++) {
		struct sockaddr_in a;
		socklen_t l = sizeof a;
		int one = 1, fd = accept4(lfd, (struct sockaddr *)&a, &l, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		struct conn *c = calloc(1, sizeof *c);
		c->fd = fd;
		c->srv = 1;
		c->proto = tls ? P_TLS : P_TCP;
		c->state = tls ? CS_HANDSHAKE : CS_OPEN;
		if (tls) {
			c->ssl = SSL_new(s_ctx);
			SSL_set_fd(c->ssl, fd);
		}
		ht_put((u64)ntohl(a.sin_addr.s_addr) << 16 | ntohs(a.sin_port), c);
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
		epoll_ctl(g_ep, EPOLL_CTL_ADD, fd, &ev);
	}
}
static void f_closed(struct conn *c)
{
	(void)c;
} /* the small struct stays: users may still point at it */
static void f_accept(int fd)
{
	(void)fd;
	do_accept(tcp_listen, 0);
	if (tls_listen >= 0)
		do_accept(tls_listen, 1);
	if (ufd >= 0)
		udp_burst(NULL);
}
static int reuse;
static int lsock(int type, const char *host, int port)
{
	int one = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((u16)port)};
	inet_pton(AF_INET, host, &a.sin_addr);
	if ((ntohl(a.sin_addr.s_addr) >> 24) != 127)
		die("floor listens on 127.0.0.0/8 only");
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (type == SOCK_STREAM && reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || (type == SOCK_STREAM && listen(fd, 4096) < 0))
		die("bind %s:%d: %s", host, port, strerror(errno));
	return fd;
}
static volatile sig_atomic_t stop;
static void on_term(int s)
{
	(void)s;
	stop = 1;
}
int cmd_floor(int argc, char **argv)
{
	static const struct option fo[] = {{"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"tls-port", 1, 0, 't'}, {"cert", 1, 0, 'c'},
	        {"key", 1, 0, 'k'}, {"pin", 1, 0, 'n'}, {"max-seconds", 1, 0, 'm'}, {"workers", 1, 0, 'w'}, {0, 0, 0, 0}};
	const char *host = "127.0.0.1", *cert = NULL, *key = NULL;
	int port = 5060, tport = 0, o, maxs = 3600, workers = 1, me = 0;
	optind = 1;
	while ((o = getopt_long(argc, argv, "", fo, NULL)) != -1)
		switch (o) {
		case 'h':
			host = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 't':
			tport = atoi(optarg);
			break;
		case 'c':
			cert = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'w':
			workers = atoi(optarg);
			break;
		case 'm':
			maxs = atoi(optarg);
			break;
		case 'n': {
			cpu_set_t s;
			CPU_ZERO(&s);
			CPU_SET((unsigned)atoi(optarg), &s);
			sched_setaffinity(0, sizeof s, &s);
			break;
		}
		default:
			die("floor: bad option");
		}
	signal(SIGTERM, on_term);
	signal(SIGINT, on_term);
	struct rlimit rl = {1048576, 1048576};
	setrlimit(RLIMIT_NOFILE, &rl);
	reuse = workers > 1;
	pid_t parent = getpid();
	for (int i = 1; i < workers; i++) { /* only to hold more connections than ulimit -n allows one process */
		pid_t k = fork();
		if (k == 0) {
			me = i;
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (getppid() != parent)
				return 0;
			break;
		}
	}
	uaddr = calloc(MAXU, sizeof *uaddr);
	uconn = calloc(MAXU, sizeof *uconn);
	ht = calloc(HSZ, sizeof *ht);
	NOW = now_ns();
	O.host = host;
	O.port = port;
	O.users = 100000; /* free idle buffers */
	net_init();
	if (me == 0) {
		int sz = 8 << 20;
		ufd = lsock(SOCK_DGRAM, host, port);
		setsockopt(ufd, SOL_SOCKET, SO_RCVBUFFORCE, &sz, sizeof sz);
	}
	tcp_listen = lsock(SOCK_STREAM, host, port);
	int ls[3] = {tcp_listen, -1, -1}, nls = 1;
	if (ufd >= 0)
		ls[nls++] = ufd;
	if (tport && cert && key) {
		s_ctx = SSL_CTX_new(TLS_server_method());
		SSL_CTX_set_mode(s_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(s_ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_num_tickets(s_ctx, 0);
		if (SSL_CTX_use_certificate_chain_file(s_ctx, cert) != 1 || SSL_CTX_use_PrivateKey_file(s_ctx, key, SSL_FILETYPE_PEM) != 1)
			die("floor: cannot load certificate");
		tls_listen = lsock(SOCK_STREAM, host, tport);
		ls[nls++] = tls_listen;
	}
	for (int i = 0; i < nls; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
		epoll_ctl(g_ep, EPOLL_CTL_ADD, ls[i], &ev);
	}
	on_msg = f_msg;
	on_pong = f_ping;
	on_closed = f_closed;
	on_accept = f_accept;
	u64 end = now_ns() + (u64)maxs * NSEC;
	while (!stop && now_ns() < end) {
		net_poll(500 * MSEC);
		tx_flush_all();
	}
	return 0;
}
