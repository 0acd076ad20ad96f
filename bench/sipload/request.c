/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - the requests a phone or a caller sends. */
#include "agent.h"

static char *b_via(char *p, struct conn *c, char kind, struct job *j)
{
	p = AL(p, "Via: SIP/2.0/");
	p = ap(p, proto_name[c->proto], 3);
	*p++ = ' ';
	p = ap(p, c->addr, c->addrlen);
	p = AL(p, ";branch=z9hG4bKsl");
	*p++ = kind;
	p = ah8(p, j->idx);
	p = ah8(p, j->gen);
	return AL(p, ";rport\r\nMax-Forwards: 70\r\n");
}
static char *b_user(char *p, u32 u)
{
	*p++ = 'u';
	p = au(p, u);
	*p++ = '@';
	return as(p, O.domain);
}
char *b_contact(char *p, struct conn *c, u32 u)
{
	static const char *const tr[3] = {"", ";transport=tcp", ";transport=tls"};
	p = AL(p, "Contact: <sip:u");
	p = au(p, u);
	*p++ = '@';
	if (O.dead_contact) /* as behind NAT: only the flow works. TCP port 9 of loopback: nobody */
		p = AL(p, "127.127.127.127:9");
	else
		p = ap(p, c->addr, c->addrlen);
	p = as(p, tr[c->proto]);
	if (O.ob)
		p = AL(p, ";ob");
	return AL(p, ">");
}
void tx_register(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "REGISTER sip:");
	p = as(p, O.domain);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, j->kind, j);
	p = AL(p, "From: <sip:");
	p = b_user(p, j->user);
	p = AL(p, ">;tag=sl");
	p = ah8(p, j->idx);
	p = AL(p, "\r\nTo: <sip:");
	p = b_user(p, j->user);
	p = AL(p, ">\r\nCall-ID: r");
	p = ah8(p, j->user);
	*p++ = '-';
	p = au(p, j->flow);
	*p++ = '-';
	p = ah8(p, runid);
	p = AL(p, "@sipload\r\nCSeq: ");
	p = au(p, cseq_of[j->user * (u32)O.flows + j->flow]);
	p = AL(p, " REGISTER\r\n");
	p = b_contact(p, c, j->user);
	if (O.outbound) {
		p = AL(p, ";reg-id=");
		p = au(p, j->flow + 1u);
		p = AL(p, ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-0000");
		p = ah8(p, j->user);
		p = AL(p, ">\"");
	}
	p = AL(p, "\r\nExpires: ");
	p = au(p, j->leave ? 0 : (u64)O.expires);
	if (O.outbound)
		p = AL(p, "\r\nSupported: path, outbound");
	if (j->authlen) {
		p = AL(p, "\r\nAuthorization: ");
		p = ap(p, j->auth, (size_t)j->authlen);
	}
	p = AL(p, "\r\nAllow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS\r\nUser-Agent: sipload/1\r\n"
	          "Content-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}

/* From/To/Call-ID/CSeq of a request from caller cN to user uN */
static char *b_dialog(char *p, struct job *j, u32 cseq, const char *method)
{
	p = AL(p, "From: <sip:c");
	p = au(p, j->idx);
	*p++ = '@';
	p = as(p, O.domain);
	p = AL(p, ">;tag=f");
	p = ah8(p, j->gen);
	p = AL(p, "\r\nTo: <sip:");
	p = b_user(p, j->user);
	*p++ = '>';
	if (j->totagn) {
		p = AL(p, ";tag=");
		p = ap(p, j->totag, (size_t)j->totagn);
	}
	p = AL(p, "\r\nCall-ID: c");
	p = ah8(p, j->idx);
	p = ah8(p, j->gen);
	*p++ = '-';
	p = ah8(p, runid);
	p = AL(p, "@sipload\r\nCSeq: ");
	p = au(p, cseq);
	*p++ = ' ';
	p = as(p, method);
	return AL(p, "\r\n");
}
void tx_invite(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "INVITE sip:");
	p = b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, 'I', j);
	p = b_dialog(p, j, 1, "INVITE");
	p = b_contact(p, c, j->idx);
	p = AL(p, "\r\nAllow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS\r\nSupported: path, outbound\r\n"
	          "User-Agent: sipload/1\r\nContent-Type: application/sdp\r\nContent-Length: ");
	p = au(p, SDPLEN);
	p = AL(p, "\r\n\r\n");
	p = ap(p, SDP, SDPLEN);
	tx_end(c, (int)(p - b));
}
void tx_ack_fail(struct job *j, const struct msg *m)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "ACK sip:");
	p = b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, 'I', j);
	p = AL(p, "From: ");
	p = ahv(p, m->from);
	p = AL(p, "\r\nTo: ");
	p = ahv(p, m->to);
	p = AL(p, "\r\nCall-ID: ");
	p = ahv(p, m->callid);
	p = AL(p, "\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}
void tx_indialog(struct job *j, char kind, const char *method, u32 cseq)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = as(p, method);
	*p++ = ' ';
	p = ap(p, j->ruri, (size_t)j->rurin);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, kind, j);
	p = ap(p, j->route, (size_t)j->routen);
	p = b_dialog(p, j, cseq, method);
	p = AL(p, "User-Agent: sipload/1\r\nContent-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}
static const char BODY[] = "The quick brown fox jumps over the lazy dog; sipload message body of 100 "
                           "bytes or so, plain ASCII..\r\n";
void tx_message(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = j->kind == K_OPT ? AL(p, "OPTIONS sip:") : AL(p, "MESSAGE sip:");
	p = j->kind == K_OPT ? as(p, O.domain) : b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, (char)j->kind, j);
	p = b_dialog(p, j, 1, j->kind == K_OPT ? "OPTIONS" : "MESSAGE");
	p = AL(p, "User-Agent: sipload/1\r\n");
	if (j->kind == K_OPT)
		p = AL(p, "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
	else {
		p = AL(p, "Content-Type: text/plain\r\nContent-Length: ");
		p = au(p, sizeof BODY - 1);
		p = AL(p, "\r\n\r\n");
		p = ap(p, BODY, sizeof BODY - 1);
	}
	tx_end(c, (int)(p - b));
}
void tx_ping(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	if (c->proto == P_UDP) { /* STUN binding request */
		u32 w[5] = {htonl(0x00010000), htonl(0x2112A442), htonl(j->idx), htonl(j->gen), htonl(runid)};
		p = ap(p, (char *)w, 20);
	} else
		p = AL(p, "\r\n\r\n");
	tx_end(c, (int)(p - b));
}
