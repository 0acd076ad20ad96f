/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - who is asking? Digest with SHA-256 and MD5 (RFC 8760, 7616, 3261 §22), RFC 2617 for old clients.
 *
 * A challenge costs no state: a nonce is the time, a random serial and a MAC with a key that this process made at its
 * start. It gets an entry only after a correct answer; from then on each (nonce, nc) is accepted once, within a window
 * for reordering, and the very same request again within 64*T1 (AU-11): the same credentials, method, Call-ID, CSeq,
 * From, To, Contact and body, as when it comes over a second edge. A right answer over a nonce that is old, used up
 * or not ours (a restart) is AUTH_STALE: phones then answer the next challenge without asking a person.
 *
 * What a phone may send as user name: the user's name as in `sluice user list`. Only HA1 is kept, and it is a hash over
 * that name, so an alias or "name@domain" passes only from phones that write it in the credentials but hash the name;
 * one that hashes what it writes has, for us, the wrong password.
 *
 * One struct auth for all workers, one struct auth_thread each. */
#ifndef SLUICE_AUTH_H
#define SLUICE_AUTH_H

#include "sip.h"
#include "sip_digest.h"
#include "users.h"

struct auth;
struct auth_settings {
	struct users *users;            /* borrowed */
	bool md5, sha256;               /* offered and accepted [both]; SHA-256 first */
	int64_t nonce_ms;               /* life of a nonce [300000] */
	int64_t repeat_ms;              /* the same request may pass again within this [32000] */
	unsigned max_nonces;            /* used nonces remembered; the oldest goes, its user is asked again with stale [100000] */
	/* Wrong answers a minute from one source (an IPv4 address, an IPv6 /64) for one user name before these are refused
	 * without a look [30]; ten times as many block the source altogether. One phone with an old password does not lock
	 * out the house that it is in. 0: no limit. */
	unsigned tries_per_minute;
};
void auth_settings_init(struct auth_settings *s);
int auth_new(const struct auth_settings *s, struct auth **out);         /* -errno */
void auth_free(struct auth *a);

/* What each thread needs of its own (digest engines). */
struct auth_thread;
int auth_thread_new(struct auth *a, struct auth_thread **out);
void auth_thread_free(struct auth_thread *t);

enum auth_side { AUTH_REGISTRAR, AUTH_PROXY };          /* 401 WWW-Authenticate, 407 Proxy-Authenticate (AU-01) */
enum auth_verdict {
	AUTH_OK,                        /* *user is who */
	AUTH_NONE,                      /* no credentials for this realm: challenge */
	AUTH_STALE,                     /* right, but over an old, used-up or foreign nonce: challenge with stale=true */
	AUTH_WRONG,                     /* wrong password or unknown user: challenge again, no word on which (AU-14) */
	AUTH_MALFORMED,                 /* 400: required parameter missing or doubled, nc unreadable */
	AUTH_ELSEWHERE,                 /* uri names a domain that is not ours (AU-09): 403 */
	AUTH_BLOCKED                    /* too many wrong answers from there: 403, no computing */
};
/* Judge the credentials of a request for `realm` (a domain of ours). Only rows of that realm count (AU-10). `uri` in the
 * credentials must name the host of the Request-URI, or one that `serves` says is ours (AU-09). Never ask it about ACK or
 * CANCEL (AU-03). */
struct auth_question {
	const struct sip_msg *request;
	enum auth_side side;
	struct str realm;
	const struct addr *source;      /* who is to blame for wrong answers; NULL: nobody (an edge, with many behind it) */
	int64_t now_ms, wall_ms;
	bool (*serves)(void *user, struct str host);
	void *user;
	struct arena *arena;
};
enum auth_verdict auth_check(struct auth_thread *t, const struct auth_question *q, struct user *out);

/* The rows of a challenge to whoever asked (its nonce is good for q->source only: an answer over it proves that the
 * challenge was received there, so that nobody is blocked by what others send in his name), strongest algorithm first, each with the realm, a fresh nonce,
 * qop="auth,auth-int" and, when asked, stale=true (AU-04, AU-05). Whole rows for txn_reply_stateless. */
void auth_challenge(struct auth_thread *t, const struct auth_question *q, bool stale, struct buf *rows);
/* The status of the answer to a verdict on a side: 401 or 407, 400, 403; 0 for AUTH_OK. */
unsigned auth_status(enum auth_verdict v, enum auth_side side);

#endif
