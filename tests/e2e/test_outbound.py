# SPDX-License-Identifier: Apache-2.0
"""REGISTER through edges and with several flows: RFC 3327, RFC 5626 §6. Requirements RG-32..RG-35, RG-44, OB-08, OB-60..OB-78."""
import re
import uuid

import pytest

from phone import header_param
from registering import CONFIG, arrives, caller, client, home, remaining  # noqa: F401 (fixtures)
from sip import token

INSTANCE = '+sip.instance="<urn:uuid:%s>"'


# --- Path: RFC 3327 ---

def test_path_is_kept_in_order_and_returned(client):
    """RG-32 OB-62: two rows, one of them a list."""
    c = client(n=1)
    answer = c.register("<sip:x@192.0.2.1>", path=["<sip:tok1@e1.example.net;lr>", "<sip:e2.example.net:5070;lr>, <sip:e3.example.net;lr>"],
                        supported="path", vias=1)
    assert answer.values("path") == ["<sip:tok1@e1.example.net;lr>", "<sip:e2.example.net:5070;lr>", "<sip:e3.example.net;lr>"]
    assert not c.register(call_id=token()).all("path")


def test_path_without_supported(make_server, client):
    """RG-33: 420 with Unsupported: path, or taken by policy."""
    c = client(n=1)
    answer = c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], vias=1, expect=420)
    assert answer.get("unsupported") == "path"
    assert c.contacts() == []
    s = make_server(config=dict(CONFIG, registrar={"path_without_supported": True}))
    c = client(n=1, server=s, user="bob")
    assert c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], vias=1).get("path") == "<sip:e;lr>"


def test_path_of_a_stranger_is_refused(client):
    """A Path decides where calls go: from peers with the right only."""
    c = client(n=2)
    c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], supported="path", vias=1, expect=403)
    assert c.contacts() == []


def test_path_becomes_route(home, client, caller):
    """RG-34 OB-72 OB-86: topmost first, before any other Route; the Contact is the Request-URI."""
    edge = client(n=1)
    own = "<sip:tok@127.0.0.1:%d;lr>" % edge.peer.local[1]
    edge.register("<sip:x@unreachable.invalid;a=b>", path=[own, "<sip:e2.invalid;lr>"], supported="path", vias=1)
    seen = arrives(caller, edge.aor, edge.peer)
    assert seen.values("route") == [own, "<sip:e2.invalid;lr>"]
    assert seen.ruri == "sip:x@unreachable.invalid;a=b"


def test_a_refresh_replaces_the_path(home, client, caller):
    """RG-35: by another, and by none."""
    edge = client(n=1)
    port = edge.peer.local[1]
    contact = "<sip:x@127.0.0.1:%d>" % port
    edge.register(contact, path=["<sip:one@127.0.0.1:%d;lr>" % port], supported="path", vias=1)
    edge.register(contact, path=["<sip:two@127.0.0.1:%d;lr>" % port], supported="path", vias=1)
    assert arrives(caller, edge.aor, edge.peer).values("route") == ["<sip:two@127.0.0.1:%d;lr>" % port]
    edge.register(contact)
    assert not arrives(caller, edge.aor, edge.peer).all("route")


def test_a_secure_contact_wants_a_secure_path(client):
    """RG-44: a sip Path under a sips Contact."""
    c = client("tls", n=1)
    kw = dict(ruri="sips:example.com", supported="path", vias=1)
    c.register("<sips:x@192.0.2.1>", path=["<sip:e.example.net;lr>"], expect=400, **kw)
    c.register("<sips:x@192.0.2.1>", path=["<sips:e.example.net;lr>"], **kw)


# --- keep-alives are agreed upon: RFC 6223 ---

def test_keep_is_granted_for_a_registration_with_the_time_of_flow_timer(client):
    """OB-93 OB-95: the same value in 401 and 200, and that of Flow-Timer; who did not ask gets none."""
    c = client("tcp")
    for ask in (";keep", ""):
        r = c.build(outbound(), supported="path, outbound")
        r.headers[0] = ("Via", c.peer.via(extra=";rport" + ask))
        c.peer.send(r)
        answer = c.peer.expect(200)
        wanted = answer.get("flow-timer") if ask else None
        assert header_param(answer.get("via"), "keep") == wanted and int(answer.get("flow-timer")) > 0
    c.peer.send(c.peer.request("REGISTER", "sip:example.com", c.aor).set("Via", c.peer.via(extra=";keep;rport")))
    assert header_param(c.peer.expect(401).get("via"), "keep") == answer.get("flow-timer")


def test_no_keep_alives_are_agreed_upon_for_a_dialog_or_offered(home, client, caller):
    """OB-92 OB-97: keep in an INVITE comes back without a value; nothing that leaves asks for it, neither INVITE nor ACK."""
    c = client()
    c.register("<sip:x@127.0.0.2:%d>" % c.peer.local[1])
    r = caller.request("INVITE", c.aor, "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri())
    r.headers[0] = ("Via", caller.via(extra=";keep;rport"))
    caller.send(r)
    invite = c.peer.expect("INVITE")
    c.peer.answer(invite, 486)
    for m in (invite, c.peer.expect("ACK")):
        assert ";keep" not in m.values("via")[0]
    via = caller.expect(486).get("via")
    assert ";keep" in via and header_param(via, "keep") is None


# --- outbound: RFC 5626 ---

def outbound(uri="sip:x@192.0.2.1", instance=None, reg_id=1, params=""):
    return "<%s>;%s;reg-id=%s%s" % (uri, INSTANCE % (instance or uuid.uuid4()), reg_id, params)


@pytest.mark.parametrize("reg_id", ["0", "2147483648", "-1", "x", "99999999999"])
def test_reg_id_has_limits(client, reg_id):
    """OB-08: nothing is stored."""
    c = client("tcp")
    c.register(outbound(reg_id=reg_id), supported="path, outbound", expect=400)
    assert c.contacts() == []
    c.register(outbound(reg_id=2147483647), supported="path, outbound")


def test_outbound_is_granted_and_timed_when_it_is_used(client):
    """OB-60 OB-66 OB-68: Require and Flow-Timer exactly when reg-id, instance and Supported: outbound come together."""
    inst, reg = ";" + INSTANCE % uuid.uuid4(), ";reg-id=1"
    for instance in ("", inst):
        for reg_id in ("", reg):
            for supported in ("path", "path, outbound"):
                c = client("tcp")
                answer = c.register("<sip:x@192.0.2.1>" + instance + reg_id, supported=supported)
                granted = bool(instance and reg_id and "outbound" in supported)
                assert ("outbound" in (answer.get("require") or "")) == granted, (instance, reg_id, supported)
                assert (answer.get("flow-timer") is not None) == granted
                assert len(answer.values("contact")) == 1
    c = client("tcp")
    c.register("<sip:x@192.0.2.1>;reg-id=1", supported="path, outbound")
    c.register("<sip:x@192.0.2.1>;reg-id=2", supported="path, outbound")
    assert len(c.contacts()) == 1


def test_ob_of_the_first_edge_decides(client):
    """OB-63: the last Path value is the first edge's; ob on another means nothing."""
    c = client(n=1)
    answer = c.register(outbound(), path=["<sip:e2;lr>", "<sip:e1;lr;ob>"], supported="path, outbound", vias=2)
    assert answer.get("require") == "outbound" and not answer.all("flow-timer")
    c = client(n=1)
    c.register(outbound(), path=["<sip:e2;lr;ob>", "<sip:e1;lr>"], supported="path, outbound", vias=2, expect=439)
    assert c.contacts() == []


def test_a_first_hop_without_outbound_is_439(client):
    """OB-64: one more Via and no Path; nothing is stored."""
    c = client(n=1)
    c.register(outbound(), supported="path, outbound", vias=1, expect=439)
    assert c.contacts() == []


def test_without_supported_outbound_the_old_rules_hold(client):
    """OB-65: same way in, 200 without Require, the binding is keyed by its URI."""
    c, instance = client(n=1), uuid.uuid4()
    for uri in ("sip:x@192.0.2.1", "sip:y@192.0.2.1"):
        answer = c.register(outbound(uri, instance), supported="path", vias=1)
        assert not answer.all("require") and not answer.all("flow-timer")
    assert len(c.contacts()) == 2


def test_one_reg_id_contact_in_a_request(client):
    """OB-67: two that bind are 400; a removal beside one is fine."""
    c = client("tcp")
    c.register("<sip:old@192.0.2.9>")
    c.register([outbound(), "<sip:y@192.0.2.1>"], supported="path, outbound", expect=400)
    c.register([outbound(reg_id=1), outbound(reg_id=2)], supported="path, outbound", expect=400)
    assert c.uris() == ["sip:old@192.0.2.9"]
    c.register([outbound("sip:new@192.0.2.1"), "<sip:old@192.0.2.9>;expires=0"], supported="path, outbound")
    assert c.uris() == ["sip:new@192.0.2.1"]


def test_instance_and_reg_id_are_the_key(client):
    """OB-69 OB-75: a new Contact URI and Call-ID under the same key; the UUID's case has no meaning."""
    c, instance = client("tcp"), str(uuid.uuid4())
    c.register(outbound("sip:x@192.0.2.1", instance.lower()), supported="path, outbound")
    c.register(outbound("sip:y@192.0.2.2", instance.upper()), supported="path, outbound", call_id=token())
    assert c.uris() == ["sip:y@192.0.2.2"]
    c.register("<sip:z@192.0.2.3>;+sip.instance=\"<URN:UUID:%s>\";reg-id=1" % instance, supported="path, outbound", call_id=token())
    assert c.uris() == ["sip:z@192.0.2.3"]


def test_flows_and_plain_contacts_side_by_side(client):
    """OB-70 OB-71 OB-78: every reg-id its own binding, listed in full; zero removes one of them only."""
    c, instance = client("tcp"), uuid.uuid4()
    c.register(outbound(instance=instance, reg_id=1), supported="path, outbound", call_id="one" + token())
    c.register(outbound(instance=instance, reg_id=2), supported="path, outbound", call_id="two" + token())
    answer = c.register("<sip:x@192.0.2.1>", supported="path, outbound", call_id="three" + token())
    values = answer.values("contact")
    assert len(values) == 3 and len({re.search(r";reg-id=(\d)", v).group(1) for v in values if "reg-id" in v}) == 2
    assert all(INSTANCE % instance in v and remaining(v) > 0 for v in values if "reg-id" in v)
    c.register(outbound(instance=instance, reg_id=1, params=";expires=0"), supported="path, outbound", call_id=token())
    values = c.contacts()
    assert len(values) == 2 and sum(";reg-id=2" in v for v in values) == 1


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_a_refresh_over_another_flow_moves_the_binding(home, client, caller, kind):
    """OB-73 OB-74 OB-87: same reg-id on a second connection; the first is still open and hears nothing."""
    one, two, instance = client(kind), client(kind), uuid.uuid4()
    two.user, two.aor, two.password = one.user, one.aor, one.password
    contact = outbound("sip:x@unreachable.invalid", instance)
    one.register(contact, supported="path, outbound")
    arrives(caller, one.aor, one.peer)
    two.register(contact, supported="path, outbound")
    arrives(caller, one.aor, two.peer)
    one.peer.silent(0.15)


def test_an_instance_belongs_to_its_address(home, client, caller):
    """OB-76: two users with one instance-id: neither binding touches the other, calls do not cross."""
    one, two, instance = client("tcp"), client("tcp"), uuid.uuid4()
    one.register(outbound(instance=instance), supported="path, outbound")
    two.register(outbound(instance=instance), supported="path, outbound")
    arrives(caller, one.aor, one.peer)
    arrives(caller, two.aor, two.peer)
    two.register(outbound(instance=instance), supported="path, outbound", expires=0)
    assert len(one.contacts()) == 1


def test_the_answer_has_the_path_of_this_request_only(client):
    """OB-77: Contact lists all bindings, Path the way of this one."""
    c, instance = client(n=1), uuid.uuid4()
    for i in (1, 2):
        answer = c.register(outbound(instance=instance, reg_id=i), path=["<sip:t%d@e%d.invalid;lr;ob>" % (i, i)], supported="path, outbound",
                            vias=1, call_id=token())
    assert answer.values("path") == ["<sip:t2@e2.invalid;lr;ob>"] and len(answer.values("contact")) == 2
