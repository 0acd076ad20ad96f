/* SPDX-License-Identifier: Apache-2.0 */
/* packet.c - one message that arrived, with room for what is made from it, in one allocation. */
#include "mem.h"
#include "transport.h"

#define ALIGN _Alignof(max_align_t)

/* What is taken from the arena: a row of slices a header line by the parser, then where the message goes and over what, by those who
 * decide that. Twice the text and 2 KiB hold it all for ordinary messages; a larger one lets the arena ask the heap. */
static size_t room_for(size_t text)
{
	return 2048 + 2 * (text < 4096 ? text : 4096);
}

struct packet *packet_new(struct str text)
{
	size_t text_room = (text.n + ALIGN) & ~(ALIGN - 1);     /* at least one byte more: a NUL */
	size_t room = room_for(text.n);
	struct packet *p = mem_alloc(sizeof *p + text_room + room);
	memset(p, 0, offsetof(struct packet, msg));     /* sip_parse clears the rest */
	char *bytes = (char *)(p + 1);
	if (text.n)
		memcpy(bytes, text.p, text.n);
	bytes[text.n] = '\0';
	p->text = (struct str){ bytes, text.n };
	arena_init(&p->arena, bytes + text_room, room);
	return p;
}

void packet_free(struct packet *p)
{
	if (!p)
		return;
	arena_fini(&p->arena);
	mem_free(p);
}

bool packet_comes_from(const struct packet *p, const struct sip_uri *uri)
{
	struct addr host;
	return p->from.kind == TRANSPORT_UDP && uri->scheme == SIP_SCHEME_SIP && !uri->maddr.p &&
	       (!uri->transport.p || str_ieq(uri->transport, STR("udp"))) && sip_uri_host_addr(uri, &host) &&
	       addr_same_ip(&host, &p->from.remote) && (uri->port ? uri->port : 5060) == p->from.remote.port;
}
