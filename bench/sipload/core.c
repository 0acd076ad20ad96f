/* SPDX-License-Identifier: Apache-2.0 */
/* sipload core: time, histogram, timers, sockets, parsing, accounting. */
#include "core.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdarg.h>

const char *const proto_name[3] = {"UDP", "TCP", "TLS"};
u64 NOW;
int g_ep = -1, g_listen_fd = -1;
SSL_CTX *g_ctx;
void (*on_msg)(struct conn *, const char *, int);
void (*on_pong)(struct conn *);
void (*on_open)(struct conn *);
void (*on_closed)(struct conn *);
void (*on_accept)(int);

void die(const char *fmt, ...)
{
	va_list ap_;
	va_start(ap_, fmt);
	fprintf(stderr, "sipload: ");
	vfprintf(stderr, fmt, ap_);
	fputc('\n', stderr);
	va_end(ap_);
	exit(2);
}

/* ---------------- histogram ---------------- */
static int hidx(u64 v)
{
	if (v < 128)
		return (int)v;
	int e = 63 - __builtin_clzll(v);
	return (e - 6) * 128 + (int)((v >> (e - 7)) & 127);
}
static u64 hval(int i)
{
	if (i < 128)
		return (u64)i;
	int e = i / 128 + 6;
	return (1ull << e) + ((u64)(i % 128) << (e - 7)) + (1ull << (e - 7)) / 2;
}
void hist_add(struct hist *h, u64 ns)
{
	h->b[hidx(ns)]++;
	h->n++;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
}
double hist_q(const struct hist *h, double q)
{
	if (!h->n)
		return 0;
	u64 want = (u64)((double)h->n * q), acc = 0;
	if (want >= h->n)
		return (double)h->max / 1e6;
	for (int i = 0; i < 58 * 128; i++) {
		acc += h->b[i];
		if (acc > want)
			return (double)(hval(i) < h->max ? hval(i) : h->max) / 1e6;
	}
	return (double)h->max / 1e6;
}
double hist_mean(const struct hist *h)
{
	return h->n ? (double)h->sum / (double)h->n / 1e6 : 0;
}

/* ---------------- timers ---------------- */
#define WSLOTS 8192
#define WTICK (4 * MSEC)
static struct tmr wheel[WSLOTS];
static u64 wlast;
void tmr_init(void)
{
	for (int i = 0; i < WSLOTS; i++)
		wheel[i].prev = wheel[i].next = &wheel[i];
	wlast = NOW / WTICK;
}
void tmr_del(struct tmr *t)
{
	if (!t->next)
		return;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->prev = t->next = NULL;
}
void tmr_set(struct tmr *t, u64 when, void (*fn)(struct tmr *))
{
	tmr_del(t);
	t->when = when;
	t->fn = fn;
	u64 k = when / WTICK;
	if (k <= wlast)
		k = wlast + 1;
	if (k - wlast >= WSLOTS)
		k = wlast + WSLOTS - 1;
	struct tmr *h = &wheel[k % WSLOTS];
	t->prev = h->prev;
	t->next = h;
	h->prev->next = t;
	h->prev = t;
}
void tmr_run(void)
{
	u64 k = NOW / WTICK;
	while (wlast < k) {
		wlast++;
		struct tmr *h = &wheel[wlast % WSLOTS], list;
		if (h->next == h)
			continue;
		list = *h;
		list.next->prev = &list;
		list.prev->next = &list;
		h->prev = h->next = h;
		while (list.next != &list) {
			struct tmr *t = list.next;
			tmr_del(t);
			if (t->when / WTICK > wlast)
				tmr_set(t, t->when, t->fn);
			else
				t->fn(t);
		}
	}
}

/* ---------------- sockets ---------------- */
static struct conn **dirty;
static int ndirty, capdirty;
static char scratch[262144];
static char txscratch[MAXMSG];
static struct sockaddr_in srv_addr;

void net_init(void)
{
	g_ep = epoll_create1(0);
	memset(&srv_addr, 0, sizeof srv_addr);
	srv_addr.sin_family = AF_INET;
	srv_addr.sin_port = htons((u16)O.port);
	if (inet_pton(AF_INET, O.host ? O.host : "127.0.0.1", &srv_addr.sin_addr) != 1)
		die("bad host");
	if ((ntohl(srv_addr.sin_addr.s_addr) >> 24) != 127)
		die("refusing: the target must be in 127.0.0.0/8");
}

static void conn_ep(struct conn *c, int op, u32 ev)
{
	struct epoll_event e = {.events = ev, .data.ptr = c};
	if (epoll_ctl(g_ep, op, c->fd, &e) < 0 && op != EPOLL_CTL_DEL)
		die("epoll_ctl: %s", strerror(errno));
}
void conn_want_write(struct conn *c, int on)
{
	if (c->want_w == on)
		return;
	c->want_w = (u8)on;
	conn_ep(c, EPOLL_CTL_MOD, (c->mute ? 0u : (u32)EPOLLIN) | (on ? (u32)EPOLLOUT : 0u));
}
void conn_mute(struct conn *c, int on)
{
	c->mute = (u8)on;
	conn_ep(c, EPOLL_CTL_MOD, (on ? 0u : (u32)EPOLLIN) | (c->want_w ? (u32)EPOLLOUT : 0u));
}

static void set_addr(struct conn *c)
{
	struct sockaddr_in a;
	socklen_t l = sizeof a;
	getsockname(c->fd, (struct sockaddr *)&a, &l);
	char t[16];
	inet_ntop(AF_INET, &a.sin_addr, t, sizeof t);
	c->addrlen = (u8)snprintf(c->addr, sizeof c->addr, "%s:%d", t, ntohs(a.sin_port));
}

struct conn *conn_open(int proto, u32 lip, int lport, int bulk)
{
	int one = 1;
	int fd = socket(AF_INET, (proto == P_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket: %s (raise ulimit -n?)", strerror(errno));
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((u16)lport)};
	a.sin_addr.s_addr = htonl(lip);
	if (!lport)
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("bind: %s", strerror(errno));
	struct conn *c = calloc(1, sizeof *c);
	c->fd = fd;
	c->proto = (u8)proto;
	if (proto == P_UDP) {
		if (bulk) {
			int sz = O.udp_rcvbuf;
			if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &sz, sizeof sz) < 0)
				setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
			c->uq = calloc(1, sizeof *c->uq);
			for (int i = 0; i < UDPBATCH; i++) {
				c->uq->iov[i].iov_base = c->uq->buf[i];
				c->uq->mm[i].msg_hdr.msg_iov = &c->uq->iov[i];
				c->uq->mm[i].msg_hdr.msg_iovlen = 1;
			}
		}
		if (connect(fd, (struct sockaddr *)&srv_addr, sizeof srv_addr) < 0)
			die("connect udp: %s", strerror(errno));
		c->state = CS_OPEN;
		set_addr(c);
		conn_ep(c, EPOLL_CTL_ADD, EPOLLIN);
		return c;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->state = CS_CONNECTING;
	if (connect(fd, (struct sockaddr *)&srv_addr, sizeof srv_addr) < 0 && errno != EINPROGRESS) {
		if (O.verbose)
			fprintf(stderr, "connect: %s\n", strerror(errno));
		close(fd);
		free(c);
		return NULL;
	}
	set_addr(c);
	c->want_w = 1;
	conn_ep(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	return c;
}

void conn_close(struct conn *c, int rst)
{
	if (c->state == CS_DEAD)
		return;
	c->state = CS_DEAD;
	if (rst) {
		struct linger l = {1, 0};
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	}
	if (c->ssl) {
		if (!rst)
			SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
		ERR_clear_error();
	}
	close(c->fd);
	free(c->rx);
	free(c->tx);
	c->rx = c->tx = NULL;
	c->rxlen = c->txlen = c->txcap = 0;
}

char *tx_begin(struct conn *c)
{
	if (c->uq) {
		if (c->uq->n == UDPBATCH)
			tx_flush_all();
		return c->uq->buf[c->uq->n];
	}
	return txscratch;
}
static void mark_dirty(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = 1;
	if (ndirty == capdirty) {
		capdirty = capdirty ? capdirty * 2 : 1024;
		dirty = realloc(dirty, sizeof *dirty * (size_t)capdirty);
	}
	dirty[ndirty++] = c;
}
void tx_end(struct conn *c, int len)
{
	if (len > MAXMSG)
		die("message too long");
	if (c->state == CS_DEAD)
		return;
	if (c->uq) {
		c->uq->iov[c->uq->n++].iov_len = (size_t)len;
		mark_dirty(c);
		return;
	}
	if (c->proto == P_UDP) {
		if (send(c->fd, txscratch, (size_t)len, 0) < 0 && O.verbose > 1)
			perror("send");
		return;
	}
	if (c->txlen + (u32)len > c->txcap) {
		u32 cap = c->txcap ? c->txcap * 2 : 2048;
		while (cap < c->txlen + (u32)len)
			cap *= 2;
		c->tx = realloc(c->tx, cap);
		c->txcap = cap;
	}
	memcpy(c->tx + c->txlen, txscratch, (size_t)len);
	c->txlen += (u32)len;
	mark_dirty(c);
}
static void conn_lost(struct conn *c)
{
	if (c->state == CS_DEAD)
		return;
	conn_close(c, 1);
	if (on_closed)
		on_closed(c);
}
static void conn_flush(struct conn *c)
{
	if (c->state == CS_DEAD)
		return;
	if (c->uq) {
		struct udpq *q = c->uq;
		int i = 0;
		while (i < q->n) {
			int k = sendmmsg(c->fd, q->mm + i, (unsigned)(q->n - i), 0);
			if (k < 0) {
				if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
					continue;
				if (errno == ECONNREFUSED) { /* pending ICMP error is now cleared; retry */
					static int refused;
					if (refused++ > 100000)
						die("server port is closed");
					continue;
				}
				die("sendmmsg: %s", strerror(errno));
			}
			i += k;
		}
		q->n = 0;
		return;
	}
	if (c->state != CS_OPEN)
		return;
	while (c->txoff < c->txlen) {
		int k;
		if (c->ssl) {
			k = SSL_write(c->ssl, c->tx + c->txoff, (int)(c->txlen - c->txoff));
			if (k <= 0) {
				int e = SSL_get_error(c->ssl, k);
				if (e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ) {
					conn_want_write(c, e == SSL_ERROR_WANT_WRITE);
					return;
				}
				ERR_clear_error();
				conn_lost(c);
				return;
			}
		} else {
			k = (int)send(c->fd, c->tx + c->txoff, c->txlen - c->txoff, MSG_NOSIGNAL);
			if (k < 0) {
				if (errno == EAGAIN) {
					conn_want_write(c, 1);
					return;
				}
				if (errno == EINTR)
					continue;
				conn_lost(c);
				return;
			}
		}
		c->txoff += (u32)k;
	}
	c->txoff = c->txlen = 0;
	if (c->txcap > 4096 || O.users > 20000) { /* many flows: keep idle ones small */
		free(c->tx);
		c->tx = NULL;
		c->txcap = 0;
	}
	conn_want_write(c, 0);
}
void tx_flush_all(void)
{
	for (int i = 0; i < ndirty; i++) {
		struct conn *c = dirty[i];
		c->dirty = 0;
		conn_flush(c);
	}
	ndirty = 0;
}

static void stream_data(struct conn *c, char *b, int n)
{
	int off = 0;
	while (off < n) {
		if (b[off] == '\r' || b[off] == '\n') {
			if (b[off] == '\r' && off + 1 >= n)
				break;
			if (c->srv) { /* server side: CRLFCRLF is a ping */
				if (n - off >= 4 && !memcmp(b + off, "\r\n\r\n", 4)) {
					off += 4;
					on_pong(c);
					continue;
				}
				if (n - off < 4 && !memcmp(b + off, "\r\n\r", (size_t)(n - off)))
					break;
				off++;
				continue;
			}
			off += b[off] == '\r' ? 2 : 1;
			if (on_pong)
				on_pong(c);
			continue;
		}
		int l = sip_frame(b + off, n - off);
		if (l == 0)
			break;
		if (l < 0) {
			fprintf(stderr, "bad framing from server\n");
			conn_lost(c);
			return;
		}
		on_msg(c, b + off, l);
		if (c->state == CS_DEAD)
			return;
		off += l;
	}
	int left = n - off;
	if (left) {
		char *nb = malloc((size_t)left);
		memcpy(nb, b + off, (size_t)left);
		free(c->rx);
		c->rx = nb;
	} else if (c->rx) {
		free(c->rx);
		c->rx = NULL;
	}
	c->rxlen = (u32)left;
}

static void udp_read(struct conn *c)
{
	static struct mmsghdr mm[UDPBATCH];
	static struct iovec iov[UDPBATCH];
	static char(*buf)[MAXMSG];
	if (!buf) {
		buf = malloc(sizeof *buf * UDPBATCH);
		for (int i = 0; i < UDPBATCH; i++) {
			iov[i] = (struct iovec){buf[i], MAXMSG};
			mm[i].msg_hdr.msg_iov = &iov[i];
			mm[i].msg_hdr.msg_iovlen = 1;
		}
	}
	for (int round = 0; round < 4; round++) {
		int k = recvmmsg(c->fd, mm, c->uq ? UDPBATCH : 1, MSG_DONTWAIT, NULL);
		if (k <= 0)
			return;
		NOW = now_ns();
		for (int i = 0; i < k; i++)
			if (!c->mute)
				on_msg(c, buf[i], (int)mm[i].msg_len);
		if (k < UDPBATCH || c->state == CS_DEAD)
			return;
	}
}

static void stream_read(struct conn *c)
{
	for (int round = 0; round < 4; round++) {
		int have = (int)c->rxlen, room = (int)sizeof scratch - have, k;
		if (room <= 0) {
			conn_lost(c);
			return;
		}
		if (have)
			memcpy(scratch, c->rx, (size_t)have);
		if (c->ssl) {
			k = SSL_read(c->ssl, scratch + have, room);
			if (k <= 0) {
				int e = SSL_get_error(c->ssl, k);
				if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
					return;
				ERR_clear_error();
				conn_lost(c);
				return;
			}
		} else {
			k = (int)recv(c->fd, scratch + have, (size_t)room, 0);
			if (k < 0 && (errno == EAGAIN || errno == EINTR))
				return;
			if (k <= 0) {
				conn_lost(c);
				return;
			}
		}
		NOW = now_ns();
		stream_data(c, scratch, have + k);
		if (c->state == CS_DEAD || c->mute)
			return;
		if (!c->ssl && k < room)
			return;
	}
}

static void handshake(struct conn *c)
{
	int r = c->srv ? SSL_accept(c->ssl) : SSL_connect(c->ssl);
	if (r == 1) {
		c->state = CS_OPEN;
		conn_want_write(c, 0);
		if (on_open)
			on_open(c);
		return;
	}
	int e = SSL_get_error(c->ssl, r);
	if (e == SSL_ERROR_WANT_READ)
		conn_want_write(c, 0);
	else if (e == SSL_ERROR_WANT_WRITE)
		conn_want_write(c, 1);
	else {
		if (O.verbose)
			ERR_print_errors_fp(stderr);
		ERR_clear_error();
		conn_lost(c);
	}
}

static void conn_event(struct conn *c, u32 ev)
{
	if (c->state == CS_DEAD)
		return;
	if (c->state == CS_CONNECTING) {
		int err = 0;
		socklen_t l = sizeof err;
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
		if (err || (ev & EPOLLHUP)) {
			if (O.verbose)
				fprintf(stderr, "connect: %s\n", strerror(err));
			conn_lost(c);
			return;
		}
		if (c->proto == P_TLS) {
			c->ssl = SSL_new(g_ctx);
			SSL_set_fd(c->ssl, c->fd);
			c->state = CS_HANDSHAKE;
			handshake(c);
			return;
		}
		c->state = CS_OPEN;
		conn_want_write(c, 0);
		if (on_open)
			on_open(c);
		return;
	}
	if (c->state == CS_HANDSHAKE) {
		handshake(c);
		if (c->state != CS_OPEN)
			return;
		ev |= EPOLLIN;
	}
	if ((ev & EPOLLOUT) && c->state == CS_OPEN)
		conn_flush(c);
	if (c->mute)
		return;
	if (ev & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		if (c->proto == P_UDP) {
			if (ev & EPOLLERR) {
				int err;
				socklen_t l = sizeof err;
				getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
			}
			udp_read(c);
		} else
			stream_read(c);
	}
}

void net_poll(u64 max_wait_ns)
{
	static struct epoll_event ev[512];
	struct timespec ts = {(time_t)(max_wait_ns / NSEC), (long)(max_wait_ns % NSEC)};
	int n = epoll_pwait2(g_ep, ev, 512, &ts, NULL);
	NOW = now_ns();
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == NULL) {
			on_accept(g_listen_fd);
			continue;
		}
		conn_event(ev[i].data.ptr, ev[i].events);
	}
}

/* ---------------- SIP ---------------- */
int sip_frame(const char *b, int n)
{
	const char *e = memmem(b, (size_t)n, "\r\n\r\n", 4);
	if (!e)
		return n > 65536 ? -1 : 0;
	int hl = (int)(e - b) + 4, cl = 0;
	/* Content-Length is nearly always last: search backwards by lines */
	const char *p = e;
	while (p > b) {
		const char *q = memrchr(b, '\n', (size_t)(p - b));
		const char *s = q ? q + 1 : b;
		if ((*s | 32) == 'c' && p - s > 15 && !strncasecmp(s, "content-length", 14)) {
			const char *v = memchr(s, ':', (size_t)(p - s));
			if (v)
				cl = atoi(v + 1);
			break;
		}
		if ((*s | 32) == 'l' && (s[1] == ':' || s[1] == ' ')) {
			const char *v = memchr(s, ':', (size_t)(p - s));
			if (v)
				cl = atoi(v + 1);
			break;
		}
		if (!q)
			break;
		p = q;
	}
	if (cl < 0 || cl > 65536)
		return -1;
	return hl + cl <= n ? hl + cl : 0;
}

static int hname(const char *p, int n, const char *name, int nl)
{
	return n > nl && (p[nl] == ':' || p[nl] == ' ') && !strncasecmp(p, name, (size_t)nl);
}
static struct hv hval_of(const char *p, const char *e)
{
	const char *c = memchr(p, ':', (size_t)(e - p));
	struct hv v = {e, 0};
	if (!c)
		return v;
	c++;
	while (c < e && (*c == ' ' || *c == '\t'))
		c++;
	v.p = c;
	v.n = (int)(e - c);
	return v;
}
int sip_parse(const char *b, int n, struct msg *m)
{
	const char *end = b + n;
	const char *q = memchr(b, '\n', (size_t)n);
	memset(m, 0, sizeof *m);
	if (!q || n < 16)
		return -1;
	const char *le = q > b && q[-1] == '\r' ? q - 1 : q;
	if (!memcmp(b, "SIP/2.0 ", 8)) {
		m->status = atoi(b + 8);
	} else {
		const char *s1 = memchr(b, ' ', (size_t)(le - b));
		if (!s1)
			return -1;
		const char *s2 = memchr(s1 + 1, ' ', (size_t)(le - s1 - 1));
		if (!s2)
			return -1;
		m->method = (struct hv){b, (int)(s1 - b)};
		m->ruri = (struct hv){s1 + 1, (int)(s2 - s1 - 1)};
	}
	for (const char *p = q + 1; p < end; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		if (!q)
			break;
		le = q > p && q[-1] == '\r' ? q - 1 : q;
		int l = (int)(le - p);
		if (l == 0)
			break;
		switch (*p | 32) {
		case 'v':
			if (hname(p, l, "via", 3) || hname(p, l, "v", 1))
				if (m->nvia < 12)
					m->via[m->nvia++] = (struct hv){p, l};
			break;
		case 'r':
			if (hname(p, l, "record-route", 12) && m->nrr < 8) {
				m->rr[m->nrr] = (struct hv){p, l};
				m->rrv[m->nrr++] = hval_of(p, le);
			}
			break;
		case 'f':
			if (hname(p, l, "from", 4) || hname(p, l, "f", 1))
				m->from = hval_of(p, le);
			break;
		case 't':
			if (hname(p, l, "to", 2) || hname(p, l, "t", 1))
				m->to = hval_of(p, le);
			break;
		case 'c':
			if (hname(p, l, "call-id", 7))
				m->callid = hval_of(p, le);
			else if (hname(p, l, "cseq", 4))
				m->cseq = hval_of(p, le);
			else if (hname(p, l, "contact", 7) && !m->contact.n)
				m->contact = hval_of(p, le);
			break;
		case 'i':
			if (hname(p, l, "i", 1))
				m->callid = hval_of(p, le);
			break;
		case 'm':
			if (hname(p, l, "m", 1))
				m->contact = hval_of(p, le);
			break;
		case 'w':
			if (hname(p, l, "www-authenticate", 16) && !m->auth.n)
				m->auth = hval_of(p, le);
			break;
		case 'p':
			if (hname(p, l, "proxy-authenticate", 18) && !m->auth.n)
				m->auth = hval_of(p, le);
			break;
		}
	}
	return m->nvia && m->callid.n && m->cseq.n && m->to.n && m->from.n ? 0 : -1;
}

/* ---------------- accounting ---------------- */
static int slurp(const char *path, char *buf, int cap)
{
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	int n = (int)read(fd, buf, (size_t)cap - 1);
	close(fd);
	if (n < 0)
		return -1;
	buf[n] = 0;
	return n;
}
static double task_cpu(int pid)
{
	char path[64], buf[512];
	double s = 0;
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	struct dirent *e;
	while ((e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		char p2[400];
		snprintf(p2, sizeof p2, "/proc/%d/task/%s/schedstat", pid, e->d_name);
		if (slurp(p2, buf, sizeof buf) > 0)
			s += (double)strtoull(buf, NULL, 10) / 1e9;
	}
	closedir(d);
	return s;
}
static double smaps_field(const char *b, const char *k)
{
	const char *p = strstr(b, k);
	return p ? strtod(p + strlen(k), NULL) / 1024.0 : 0;
}
void acct_take(struct acct *a, int mem)
{
	static int pid[8192], ppid[8192];
	static u8 in[8192];
	char path[64], buf[4096];
	memset(a, 0, sizeof *a);
	if (O.npids) {
		int n = 0;
		DIR *d = opendir("/proc");
		struct dirent *e;
		while (d && (e = readdir(d)) && n < 8192) {
			if (!isdigit((unsigned char)e->d_name[0]))
				continue;
			snprintf(path, sizeof path, "/proc/%.16s/stat", e->d_name);
			if (slurp(path, buf, sizeof buf) <= 0)
				continue;
			char *r = strrchr(buf, ')');
			if (!r)
				continue;
			pid[n] = atoi(buf);
			ppid[n] = atoi(r + 4);
			in[n] = 0;
			for (int i = 0; i < O.npids; i++)
				if (pid[n] == O.pids[i])
					in[n] = 1;
			n++;
		}
		if (d)
			closedir(d);
		for (int again = 1; again;) {
			again = 0;
			for (int i = 0; i < n; i++)
				if (!in[i])
					for (int k = 0; k < n; k++)
						if (in[k] && pid[k] == ppid[i]) {
							in[i] = 1;
							again = 1;
							break;
						}
		}
		for (int i = 0; i < n; i++) {
			if (!in[i])
				continue;
			a->nproc++;
			a->cpu_s += task_cpu(pid[i]);
			if (mem) {
				snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid[i]);
				if (slurp(path, buf, sizeof buf) > 0) {
					a->pss_mb += smaps_field(buf, "\nPss:");
					a->rss_mb += smaps_field(buf, "\nRss:");
				}
			}
		}
	}
	if (slurp("/proc/stat", buf, sizeof buf) > 0)
		for (int c = 0; c < 2; c++) {
			char k[8];
			snprintf(k, sizeof k, "\ncpu%d ", c);
			char *p = strstr(buf, k);
			if (p) {
				double us, ni, sy, id, io, ir, so;
				if (sscanf(p + 6, "%lf %lf %lf %lf %lf %lf %lf", &us, &ni, &sy, &id, &io, &ir, &so) == 7)
					a->cpu_busy[c] = (us + ni + sy + ir + so) / (double)sysconf(_SC_CLK_TCK);
			}
		}
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	a->self_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	if (slurp("/proc/net/snmp", buf, sizeof buf) > 0) {
		char *p = strstr(buf, "\nUdp: ");
		p = p ? strstr(p + 1, "\nUdp: ") : NULL;
		unsigned long long v[5];
		if (p && sscanf(p + 6, "%llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3, v + 4) == 5)
			a->udp_rcverr = v[4];
	}
	if (mem) {
		if (slurp("/proc/net/sockstat", buf, sizeof buf) > 0) {
			char *p = strstr(buf, "TCP: ");
			p = p ? strstr(p, " mem ") : NULL;
			if (p)
				a->sock_mb = atof(p + 5) * 4096 / 1048576;
		}
		if (slurp("/proc/meminfo", buf, sizeof buf) > 0)
			a->slab_mb = smaps_field(buf, "\nSlab:");
	}
}
