/* SPDX-License-Identifier: Apache-2.0 */
/* via.c - the values of Via. RFC 3261 §20.42, §25.1; RFC 3581 §3 */
#include "sip_private.h"

static struct str take_token(struct str *rest)
{
	struct str token = { rest->p, sip_span(*rest, SIP_C_TOKEN) };
	*rest = sip_skip_space(sip_skip(*rest, token.n));
	return token;
}

/* sent-protocol = protocol-name SLASH protocol-version SLASH transport, LWS round each SLASH */
static bool take_protocol(struct str *rest, struct str *transport)
{
	if (rest->n > 8 && memcmp(rest->p, "SIP/2.0/", 8) == 0) {
		*rest = sip_skip(*rest, 8);
	} else {
		for (int i = 0; i < 2; i++) {
			if (!take_token(rest).n || !rest->n || rest->p[0] != '/')
				return false;
			*rest = sip_skip_space(sip_skip(*rest, 1));
		}
	}
	*transport = take_token(rest);
	return transport->n && rest->p > transport->p + transport->n;
}

static struct str without_brackets(struct str s)
{
	return s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']' ? (struct str){ s.p + 1, s.n - 2 } : s;
}

static void read_param(struct sip_via *v, const struct sip_param *param)
{
	uint32_t number;
	struct str name = param->name;
	switch (name.n) {
	case 3:
		if (sip_word_is(name, STR("ttl")) && str_u32(param->value, 255, &number))
			v->ttl = (int)number;
		break;
	case 4:
		v->has_keep |= sip_word_is(name, STR("keep"));
		break;
	case 5:
		if (sip_word_is(name, STR("rport"))) {
			v->has_rport = true;
			if (str_u32(param->value, UINT16_MAX, &number))
				v->rport = (uint16_t)number;
		} else if (sip_word_is(name, STR("maddr"))) {
			v->maddr = param->value;
		} else if (sip_word_is(name, STR("alias"))) {
			v->has_alias = true;
		}
		break;
	case 6:
		if (sip_word_is(name, STR("branch")))
			v->branch = param->value;
		break;
	case 8:
		if (sip_word_is(name, STR("received")))
			v->received = without_brackets(param->value);
		break;
	default:
		break;
	}
}

static bool take_via(struct str rest, struct sip_via *v)
{
	if (!take_protocol(&rest, &v->transport))
		return false;
	const char *end = rest.p + rest.n, *p = sip_hostport_take(rest.p, end, true, &v->host, &v->host_is_v6, &v->port);
	if (!p)
		return false;
	rest = sip_skip_space(str_range(p, end));
	if (!rest.n)
		return true;
	if (rest.p[0] != ';')
		return false;
	v->params = sip_skip(rest, 1);
	struct sip_params it;
	struct sip_param param;
	sip_params_begin(&it, v->params);
	while (sip_params_next(&it, &param))
		read_param(v, &param);
	v->params_fault = it.fault;
	return true;
}

bool sip_via_read(struct str value, struct sip_via *out)
{
	out->ttl = -1;
	out->text = value;
	if (take_via(value, out))
		return true;
	*out = (struct sip_via){ .ttl = -1 };
	return false;
}

bool sip_via_parse(struct str value, struct sip_via *out)
{
	*out = (struct sip_via){ 0 };
	return sip_via_read(str_trim(value), out);
}
