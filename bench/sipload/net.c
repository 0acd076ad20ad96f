/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - UDP sockets, TCP and TLS connections, one epoll. */
#include "core.h"

#include <openssl/err.h>

const char *const proto_name[3] = {"UDP", "TCP", "TLS"};
int g_ep = -1, g_listen_fd = -1;
SSL_CTX *g_ctx;
void (*on_msg)(struct conn *, const char *, int);
void (*on_pong)(struct conn *);
void (*on_open)(struct conn *);
void (*on_closed)(struct conn *);
void (*on_accept)(int);

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
