/* SPDX-License-Identifier: Apache-2.0 */
/* udp.c - datagrams, in batches of a system call both ways; ICMP errors of what was sent. */
#include "transport_private.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>

/* One control message that tells or sets a local address. */
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in6_pktinfo))
#define ERRORS_A_TURN 64
#define RECEIVE_BYTES 65536             /* no datagram is larger (TP-13) */

struct udp_receive {
	struct mmsghdr headers[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_in6 from[UDP_BATCH];
	_Alignas(struct cmsghdr) char control[UDP_BATCH][CONTROL_BYTES];
	char bytes[UDP_BATCH][RECEIVE_BYTES];   /* pages that no datagram reaches are never touched */
};

/* A call changes what it used: lengths of name and control, flags. */
static void receive_prepare(struct udp_receive *r, int i)
{
	r->headers[i] = (struct mmsghdr){ .msg_hdr = {
		.msg_name = &r->from[i], .msg_namelen = sizeof r->from[i], .msg_iov = &r->iov[i], .msg_iovlen = 1,
		.msg_control = r->control[i], .msg_controllen = CONTROL_BYTES } };
}

struct udp_receive *udp_receive_new(void)
{
	struct udp_receive *r = mem_alloc(sizeof *r);
	for (int i = 0; i < UDP_BATCH; i++) {
		r->iov[i] = (struct iovec){ r->bytes[i], RECEIVE_BYTES };
		receive_prepare(r, i);
	}
	return r;
}

void udp_receive_free(struct udp_receive *r)
{
	mem_free(r);
}

/* The address that a datagram was sent to, so that the answer leaves from there (TP-04). */
static void local_of(struct msghdr *m, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			/* An ICMP error has no spec_dst, but it came to the address that the datagram left from. */
			memcpy(local->ip, info.ipi_spec_dst.s_addr ? &info.ipi_spec_dst : &info.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			memcpy(local->ip, &info.ipi6_addr, 16);
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				local->scope = info.ipi6_ifindex;
		}
	}
}

/* Keep-alives of phones that speak no STUN: nothing, line ends, zero bytes (TP-17). */
static bool is_noise(struct str text)
{
	if (text.n && text.n <= 4 && text.p[0] == '\0')
		return true;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			return false;
	return true;
}

static void answer_stun(struct udp_port *p, const struct flow_ref *from, struct str answer)
{
	struct transport_worker *w = p->w;
	if (!stun_limit_allows(w->stun_limit, &from->remote, loop_now_ms(w->loop)))
		return;
	struct wire *bytes = wire_new(answer);
	if (udp_send(p, &from->local, &from->remote, bytes) == SEND_OK)
		count_add(w, COUNT_STUN, 1);
	wire_unref(bytes);
}

/* A SIP message, or what should be one. */
static void take_message(struct udp_port *p, struct str text, const struct flow_ref *from)
{
	struct transport_worker *w = p->w;
	struct packet *refused = NULL;
	switch (udp_crowd_place(w->crowd, text, from, loop_now_ms(w->loop))) {
	case CROWD_QUEUED:
		return;
	case CROWD_PASS:
		refused = worker_receive(w, text, from, STR_NONE, HOP_DATAGRAM);
		if (!refused)
			return;
		break;
	case CROWD_DROP:
		break;
	}
	count_add(w, COUNT_DROPPED, 1);         /* who sent it will repeat it */
	packet_free(refused);
}

static void take_datagram(struct udp_port *p, struct str text, const struct flow_ref *from)
{
	char answer[STUN_ANSWER_MAX];
	size_t n;
	bool failed = !udp_heard(p->w, from);
	switch (stun_handle(text, &from->remote, answer, &n)) {
	case STUN_ANSWER:
		if (failed)
			n = stun_flow_failed(text, answer);
		answer_stun(p, from, (struct str){ answer, n });
		return;
	case STUN_SILENT:
		return;
	case STUN_NOT:
		break;
	}
	if (is_noise(text))
		return;
	take_message(p, text, from);
}

/* True: there may be more. */
static bool read_batch(struct udp_port *p)
{
	struct transport_worker *w = p->w;
	struct udp_receive *r = w->udp_receive;
	const struct listener *l = &w->t->listeners[p->listener];
	int n = recvmmsg(p->io.fd, r->headers, UDP_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct flow_ref from = { .kind = TRANSPORT_UDP, .listener = p->listener, .local = l->bound };
		bool known = addr_from_sockaddr((struct sockaddr *)&r->from[i], &from.remote) && from.remote.port;
		if (l->wildcard)
			local_of(&r->headers[i].msg_hdr, &from.local);
		if (known)
			take_datagram(p, (struct str){ r->bytes[i], r->headers[i].msg_len }, &from);
		receive_prepare(r, i);
	}
	return n == UDP_BATCH;
}

static void read_datagrams(struct udp_port *p)
{
	struct transport_worker *w = p->w;
	int64_t now_ms = loop_now_ms(w->loop);
	if (read_batch(p))
		udp_crowd_look(w->crowd, p->io.fd, now_ms);
	for (int i = 1; i < CROWD_BATCHES && udp_crowd_is(w->crowd, now_ms) && read_batch(p); i++)
		;
}

/* --- errors --- */

/* Does this ICMP message say that the destination cannot be reached? Others (too big, TTL exceeded)
 * are no verdict. RFC 3261 §18.4 */
static bool says_unreachable(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		return e->ee_type == ICMP_DEST_UNREACH && e->ee_code != ICMP_FRAG_NEEDED;
	if (e->ee_origin == SO_EE_ORIGIN_ICMP6)
		return e->ee_type == ICMP6_DST_UNREACH;
	return false;
}

/* That host is there, and it is sure. A router that knows no way may know one in a second. RFC 1122 §3.2.2.1 */
static bool says_nobody_listens(const struct sock_extended_err *e)
{
	return e->ee_origin == SO_EE_ORIGIN_ICMP ? e->ee_code == ICMP_PORT_UNREACH : e->ee_code == ICMP6_DST_UNREACH_NOPORT;
}

static bool find_error(struct msghdr *m, struct sock_extended_err *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
			memcpy(out, CMSG_DATA(c), sizeof *out);
			return true;
		}
	}
	return false;
}

static void read_errors(struct udp_port *p)
{
	struct transport_worker *w = p->w;
	const struct listener *l = &w->t->listeners[p->listener];
	for (int i = 0; i < ERRORS_A_TURN; i++) {
		char quote[1500];
		_Alignas(struct cmsghdr) char control[512];
		struct sockaddr_in6 to;
		struct iovec iov = { quote, sizeof quote };
		struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1,
		                    .msg_control = control, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(p->io.fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
		if (n < 0)
			return;
		struct flow_ref flow = { .kind = TRANSPORT_UDP, .listener = p->listener, .local = l->bound };
		struct sock_extended_err e;
		if (!addr_from_sockaddr((struct sockaddr *)&to, &flow.remote) || !find_error(&m, &e) || !says_unreachable(&e))
			continue;
		if (l->wildcard)
			local_of(&m, &flow.local);
		worker_tell_unreachable(w, &flow, (struct str){ quote, (size_t)n }, says_nobody_listens(&e));
	}
}

static void udp_ready(struct loop_fd *io, uint32_t events)
{
	struct udp_port *p = CONTAINER(io, struct udp_port, io);
	if (events & EPOLLERR) {
		int told;
		socklen_t n = sizeof told;
		read_errors(p);
		/* The same error is also kept by itself, and would be reported for ever. */
		(void)getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &told, &n);
	}
	if (events & EPOLLOUT) {
		loop_rewatch(p->w->loop, io, EPOLLIN);
		udp_flush(p);
	}
	if (events & EPOLLIN)
		read_datagrams(p);
}

/* --- sending --- */

struct send_batch {
	struct mmsghdr headers[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage to[UDP_BATCH];
	_Alignas(struct cmsghdr) char control[UDP_BATCH][CONTROL_BYTES];
};

/* On a wildcard socket the source address is set for each datagram. */
static void set_source(struct msghdr *m, void *control, const struct addr *local)
{
	m->msg_control = control;
	memset(control, 0, CONTROL_BYTES);
	struct cmsghdr *c = control;
	if (local->family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = 0 };
		memcpy(&info.ipi_spec_dst, local->ip, 4);
		m->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof info);
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = local->scope };
		memcpy(&info.ipi6_addr, local->ip, 16);
		m->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof info);
	}
}

static void fill_batch(struct send_batch *b, const struct udp_port *p)
{
	bool wildcard = p->w->t->listeners[p->listener].wildcard;
	for (unsigned i = 0; i < p->count; i++) {
		const struct udp_out *out = &p->out[i];
		b->iov[i] = (struct iovec){ out->bytes->data, out->bytes->n };
		b->headers[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &b->to[i], .msg_iov = &b->iov[i], .msg_iovlen = 1 } };
		b->headers[i].msg_hdr.msg_namelen = addr_to_sockaddr(&out->remote, &b->to[i]);
		if (wildcard && !addr_is_any(&out->local))
			set_source(&b->headers[i].msg_hdr, b->control[i], &out->local);
	}
}

/* The kernel refuses this one datagram: its sender learns it, as it would from a router. */
static void refuse_datagram(struct udp_port *p, const struct udp_out *out)
{
	struct flow_ref flow = { .kind = TRANSPORT_UDP, .listener = p->listener, .local = out->local, .remote = out->remote };
	count_add(p->w, COUNT_DROPPED, 1);
	worker_tell_unreachable(p->w, &flow, wire_str(out->bytes), false);
}

void udp_flush(struct udp_port *p)
{
	struct send_batch b;
	fill_batch(&b, p);
	unsigned sent = 0;
	bool retried = false;
	while (sent < p->count) {
		int n = sendmmsg(p->io.fd, b.headers + sent, p->count - sent, MSG_DONTWAIT);
		if (n > 0) {
			sent += (unsigned)n;
			retried = false;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			break;
		} else if (!retried) {          /* perhaps the pending error of an earlier datagram */
			read_errors(p);
			retried = true;
		} else {
			refuse_datagram(p, &p->out[sent++]);
			retried = false;
		}
	}
	for (unsigned i = 0; i < sent; i++)
		wire_unref(p->out[i].bytes);
	p->count -= sent;
	memmove(p->out, p->out + sent, p->count * sizeof *p->out);
	list_remove(&p->dirty);
	if (p->count)
		loop_rewatch(p->w->loop, &p->io, EPOLLIN | EPOLLOUT);
}

enum send_result udp_send(struct udp_port *p, const struct addr *local, const struct addr *remote, struct wire *bytes)
{
	struct transport_worker *w = p->w;
	if (bytes->n > DATAGRAM_MAX || !remote->port || addr_is_unsendable(remote))
		return SEND_REFUSED;
	if (p->count == UDP_BATCH)
		udp_flush(p);
	if (p->count == UDP_BATCH) {            /* the socket's own buffer is full too */
		count_add(w, COUNT_DROPPED, 1);
		return SEND_REFUSED;
	}
	p->out[p->count++] = (struct udp_out){ *local, *remote, wire_ref(bytes) };
	if (list_empty(&p->dirty))
		list_add_tail(&w->udp_dirty, &p->dirty);
	worker_wants_flush(w);
	return SEND_OK;
}

/* --- life --- */

struct udp_port *udp_port_new(struct transport_worker *w, uint8_t listener)
{
	struct udp_port *p = mem_zalloc(sizeof *p);
	p->io = (struct loop_fd){ .fd = w->t->listeners[listener].fds[w->index], .events = EPOLLIN, .ready = udp_ready };
	p->w = w;
	p->listener = listener;
	list_init(&p->dirty);
	return p;
}

void udp_port_free(struct udp_port *p)
{
	if (!p)
		return;
	udp_flush(p);
	loop_unwatch(p->w->loop, &p->io);
	for (unsigned i = 0; i < p->count; i++)
		wire_unref(p->out[i].bytes);
	list_remove(&p->dirty);
	mem_free(p);
}
