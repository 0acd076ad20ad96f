/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - a job is one transaction, or one call from INVITE to BYE. */
#include "agent.h"

struct job **pool;
u32 npool;
static u32 *freelist, nfree;

struct job *job_new(void)
{
	if (!nfree) {
		u32 grow = npool ? npool : 1024;
		pool = realloc(pool, sizeof *pool * (npool + grow));
		freelist = realloc(freelist, sizeof *freelist * (npool + grow));
		struct job *blk = calloc(grow, sizeof *blk);
		for (u32 i = 0; i < grow; i++) {
			blk[i].idx = npool + i;
			pool[npool + i] = &blk[i];
			freelist[nfree++] = npool + grow - 1 - i;
		}
		npool += grow;
	}
	struct job *j = pool[freelist[--nfree]];
	j->gen++;
	j->st = j->auth_try = j->got_ack = j->seen180 = j->leave = 0;
	j->authlen = j->routen = j->rurin = j->totagn = 0;
	j->c = j->uasc = j->dc = NULL;
	j->tdeliv = j->t200 = j->tbye = 0;
	j->rto = 500 * MSEC;
	return j;
}
struct job *job_get(u32 idx, u32 gen)
{
	return idx < npool && pool[idx]->gen == gen && pool[idx]->kind ? pool[idx] : NULL;
}
void job_end(struct job *j, int ok, int code)
{
	tmr_del(&j->tm);
	tmr_del(&j->utm);
	if (j->r200) {
		free(j->r200);
		j->r200 = NULL;
	}
	E.finished++;
	E.active--;
	if (ok)
		E.ok++;
	if (E.measuring || !E.t_end) {
		if (ok)
			S.done++;
		else
			S.failed++;
		if (code > 0 && code < 700)
			S.codes[code]++;
	} else if (!ok && j->warm) {
		S.failed++;
		if (code > 0 && code < 700)
			S.codes[code]++;
	}
	if (ok && j->warm)
		hist_add(&S.lat, NOW - j->t0);
	j->kind = 0;
	freelist[nfree++] = j->idx;
}
void job_fail(struct job *j, int code)
{
	if (O.verbose)
		fprintf(stderr, "fail: kind %c user %u code %d state %d\n", j->kind, j->user, code, j->st);
	if (code == 1)
		S.timeouts++;
	else if (code == 2)
		S.closed++;
	else
		S.rejected++;
	job_end(j, 0, code);
}
