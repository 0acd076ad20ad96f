# SPDX-License-Identifier: Apache-2.0
"""The keys of a cluster: three processes with copies of one file, which is rotated under their phones; and `sluice keys`."""
import base64
import datetime
import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from server import BIN, Sluice
from sip import UdpPeer, uri_of
from test_edges import DOMAIN, connect, far, path_token, whole_call

PEERS = [{"from": "127.0.0.1", "rights": ["path"]}]


def share(of, to):
    """Copy a node's keys, as `scp -p` and a rename would."""
    shutil.copy2(os.path.join(of.state, "flow-keys"), os.path.join(to.state, "flow-keys.copy"))
    os.rename(os.path.join(to.state, "flow-keys.copy"), os.path.join(to.state, "flow-keys"))


class Cluster:
    """As test_edges.Site, but the edges have the home's keys."""

    def __init__(self, make_server):
        self.home = make_server("home", config={"peers": PEERS})
        route = [{"domain": DOMAIN, "to": ["sip:127.0.0.1:%d;transport=tcp" % self.home.port], "from": "anyone"}]
        self.edges = [make_server("edge%d" % i, domain=None, start=False, config={"routes": route, "peers": PEERS}) for i in (1, 2)]
        for e in self.edges:
            share(self.home, e)
            e.start()
            e.passwords = self.home.passwords

    def nodes(self):
        return [self.home, *self.edges]


@pytest.fixture
def cluster(make_server):
    return Cluster(make_server)


def parts(route):
    """Of a token: the key's id, the node, the hash of the registration."""
    raw = base64.urlsafe_b64decode(uri_of(route).split(":", 1)[1].split("@")[0][:24])
    return raw[1:5].hex(), raw[6:10].hex(), raw[10:18].hex()


def keys(node, *args, **kw):
    return node.command("keys", *args, "--state", node.state, **kw)


def rows(node):
    return [json.loads(line) for line in keys(node, "--json").stdout.splitlines()]


def until_logged(node, words):
    end = time.monotonic() + 10
    while words not in node.read_log():
        assert time.monotonic() < end, words
        time.sleep(0.1)


def by_route(node, route):
    """The answer to a request from the home's address straight to a node, along a Route."""
    peer = UdpPeer(node.address("udp"))
    peer.send(peer.request("MESSAGE", "sip:bob@anywhere.invalid", "sip:core@" + DOMAIN, route=[route]))
    return peer


def test_nodes_with_copies_of_one_file_have_one_hash_and_numbers_of_their_own(cluster, phones):
    """OB-42 OB-44: key and registration are the cluster's, the node is not."""
    bob, flows = connect(phones, cluster, "bob", 3)
    one, other = parts(path_token(flows[0])), parts(path_token(flows[1]))
    assert one[0] == other[0] == rows(cluster.home)[0]["id"]
    assert one[1] != other[1] and one[2] == other[2]


def test_a_rotation_under_registered_phones_loses_nothing(cluster, phones):
    """OB-44: old tokens go on, new ones have the new key's id, dialogs and bindings from before live."""
    alice, aflows = connect(phones, cluster, "alice", 2)
    bob, bflows = connect(phones, cluster, "bob", 3)
    before = path_token(bflows[0])
    _, call, leg = whole_call(alice, aflows[0], bflows[0])

    keys(cluster.home, "rotate", "--in", "6s")
    for e in cluster.edges:
        share(cluster.home, e)
    until_logged(cluster.edges[0], "again: 2 keys")
    ids = [r["id"] for r in rows(cluster.edges[1])]
    assert len(ids) == 2 and parts(before)[0] == ids[0]
    begins = datetime.datetime.fromisoformat(rows(cluster.home)[1]["from"].replace("Z", "+00:00")).timestamp()
    while time.time() < begins - 0.5:
        assert parts(path_token(bflows[0]))[0] == ids[0], "the new key writes before its time"
        time.sleep(0.3)

    end = time.monotonic() + 12
    while not all(parts(path_token(f))[0] == ids[1] for f in aflows):
        assert time.monotonic() < end, "the new key does not write"
        time.sleep(0.3)
    # Bob has not registered since: calls reach him by tokens of the old key, also within the dialog.
    peer = by_route(cluster.edges[0], before)
    bflows[0].peer.answer(bflows[0].peer.expect("MESSAGE"), 200)
    peer.expect(200)
    peer.close()
    _, second, _ = whole_call(alice, aflows[1], bflows[0])
    for c in (call, second):
        bye = c.within("BYE")
        bflows[0].peer.answer(bflows[0].peer.expect("BYE"), 200)
        assert alice.final(c.peer, bye).status == 200
    after = path_token(bflows[0])
    assert parts(after)[0] == ids[1] and parts(after)[1:] == parts(before)[1:]
    assert len(cluster.home.bindings("bob@" + DOMAIN)) == 2
    for node in cluster.nodes():
        assert " ERROR " not in node.read_log() and " WARN  flow tokens" not in node.read_log()


def test_a_token_under_an_unknown_key_is_430_never_403(make_server, phones):
    """OB-44 OB-82: of another cluster, and of a key that was taken out."""
    home = make_server("home", config={"peers": PEERS})
    other = make_server("other", config={"peers": PEERS})
    route = [{"domain": DOMAIN, "to": ["sip:127.0.0.1:%d;transport=tcp" % home.port], "from": "anyone"}]
    edge = make_server("edge", domain=None, config={"routes": route, "peers": PEERS})
    edge.passwords = home.passwords
    flow = phones(home, "bob").open("tcp", server=edge, register=False, **far(n=4))
    flow.register()
    token = path_token(flow)
    peer = by_route(other, token.replace(":%d" % edge.port, ":%d" % other.port))
    peer.expect(430)
    peer.close()
    keys(edge, "rotate", "--now")
    path = os.path.join(edge.state, "flow-keys")
    with open(path) as f:
        lines = f.readlines()
    with open(path + ".copy", "w") as f:
        f.writelines(line for line in lines if not line.startswith("key " + parts(token)[0]))
    os.chmod(path + ".copy", 0o600)
    os.rename(path + ".copy", path)
    until_logged(edge, "was taken out")
    peer = by_route(edge, token)
    peer.expect(430)
    peer.close()


def break_file(path, how):
    with open(path) as f:
        text = f.read()
    if how == "shared":
        os.chmod(path, 0o644)
        return text
    text = "" if how == "empty" else text[:-20]
    with open(path, "w") as f:
        f.write(text)
    return text


@pytest.mark.parametrize("how,english,russian", (
    ("shared", "run chmod 600", "выполните chmod 600"),
    ("empty", "it is empty or was cut. Copy the file from another node", "файл пуст или обрезан. Скопируйте файл с другого узла"),
    ("cut", "32 hexadecimal digits. Copy the file from another node", "32 шестнадцатеричные цифры. Скопируйте файл с другого узла")))
def test_without_keys_that_can_be_trusted_nothing_starts(make_server, how, english, russian):
    """OB-44: no key, no start; the file stays as it is, and both languages say what to do."""
    server = make_server("sluice")
    server.stop()
    path = os.path.join(server.state, "flow-keys")
    text = break_file(path, how)
    for command in (("serve", "--config"), ("check",)):
        for lang, said in (("en", english), ("ru", russian)):
            p = server.command(*command, server.config_path, "--lang", lang, check=False)
            assert p.returncode == 1 and said in p.stderr and path in p.stderr, p.stderr
    with open(path) as f:
        assert f.read() == text
    with pytest.raises(OSError):
        socket.create_connection(server.address("tcp"), 1)


def test_a_broken_file_under_a_running_server_is_one_line_and_the_keys_stay(cluster, phones):
    """OB-44: nothing is lost by it, and the next good file is taken over."""
    edge = cluster.edges[0]
    bob, flows = connect(phones, cluster, "bob", 3)
    before = path_token(flows[0])
    path = os.path.join(edge.state, "flow-keys")
    with open(path, "w") as f:
        f.write("key")
    until_logged(edge, "The keys from before stay in use")
    peer = by_route(edge, before)
    flows[0].peer.answer(flows[0].peer.expect("MESSAGE"), 200)
    peer.expect(200)
    assert parts(path_token(flows[0])) == parts(before)
    time.sleep(2.5)
    assert edge.read_log().count("The keys from before stay in use") == 1
    keys(cluster.home, "rotate", "--now")
    share(cluster.home, edge)
    end = time.monotonic() + 10
    while parts(path_token(flows[0]))[0] == parts(before)[0]:
        assert time.monotonic() < end
        time.sleep(0.2)
    peer.close()


# --- the command ---

@pytest.fixture
def folder(tmp_path):
    """A state folder with keys, and no server."""
    s = Sluice(tmp_path)
    s.start()
    s.stop()
    return s


def age(node, hours):
    """As if the only key had been made so long ago."""
    path = os.path.join(node.state, "flow-keys")
    with open(path) as f:
        text = f.read()
    row = rows(node)[0]
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    with open(path, "w") as f:
        f.write(text.replace(row["made"], then.strftime("%Y-%m-%dT%H:%M:%SZ")))


def test_keys_are_listed_and_rotated(folder):
    first = rows(folder)
    assert len(first) == 1 and first[0]["writes"] and first[0]["needed_until"] is None
    table = keys(folder).stdout.splitlines()
    assert table[0].split() == ["KEY", "MADE", "WRITES", "NEEDED"] and first[0]["id"] in table[1] and table[2].startswith("This node is")
    said = keys(folder, "rotate").stdout
    assert "writes in 5 min" in said and "scp -p %s/flow-keys NODE:%s/" % (folder.state, folder.state) in said
    both = rows(folder)
    assert [r["writes"] for r in both] == [True, False] and both[0]["id"] == first[0]["id"]
    assert os.stat(os.path.join(folder.state, "flow-keys")).st_mode & 0o777 == 0o600
    for lang, words in (("en", "waits to write already"), ("ru", "уже ждёт своего времени")):
        p = keys(folder, "rotate", "--lang", lang, check=False)
        assert p.returncode == 1 and words in p.stderr and not p.stdout
    assert rows(folder) == both
    with open(os.path.join(folder.state, "flow-keys")) as f:
        assert f.read().splitlines()[-1].startswith("registration ")


def test_a_key_goes_when_what_it_wrote_has_run_out(folder):
    """A key is needed for registrar.expires.max and a day after the next one began to write."""
    age(folder, 100)
    assert "taken out" not in keys(folder, "rotate", "--now").stdout
    age(folder, 100)
    old, new = rows(folder)
    assert new["writes"] and not old["writes"]
    until = datetime.datetime.fromisoformat(old["needed_until"].replace("Z", "+00:00"))
    began = datetime.datetime.fromisoformat(new["from"].replace("Z", "+00:00"))
    assert until - began == datetime.timedelta(hours=26)
    path = os.path.join(folder.state, "flow-keys")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace(new["made"], (began - datetime.timedelta(hours=27)).strftime("%Y-%m-%dT%H:%M:%SZ")))
    table = keys(folder, "--lang", "ru").stdout.splitlines()
    assert "нет" in table[1].split() and "сейчас" in table[2]
    assert "1 key that had run out was taken out" in keys(folder, "rotate", "--now").stdout
    assert old["id"] not in [r["id"] for r in rows(folder)] and len(rows(folder)) == 2


def test_a_longer_registration_keeps_a_key_longer(folder):
    folder.config["registrar"] = {"expires": {"max": "10d", "default": "1h"}}
    folder.start()
    folder.command("keys", "rotate", "--now", "--config", folder.config_path)

    def needed(*where):
        old, new = [json.loads(line) for line in folder.command("keys", "--json", *where).stdout.splitlines()]
        return datetime.datetime.fromisoformat(old["needed_until"][:-1]) - datetime.datetime.fromisoformat(new["from"][:-1])
    assert needed("--config", folder.config_path) == needed("--state", folder.state) == datetime.timedelta(days=11)
    folder.stop()
    assert needed("--config", folder.config_path) == datetime.timedelta(days=11)


def test_what_cannot_be_done_with_keys_is_said(folder, tmp_path):
    for args, code, words in ((("rotate", "--in", "soon"), 2, "'soon' is no time"), (("rotate", "--in", "31d"), 2, "at most 30d"),
                              (("rotate", "--now", "--in", "5m"), 2, "contradict"), (("node", "0"), 2, "'0' is no number"),
                              (("node", "x"), 2, "'x' is no number"), (("rotat",), 2, "did you mean 'rotate'")):
        p = keys(folder, *args, check=False)
        assert p.returncode == code and words in p.stderr and not p.stdout, (args, p.stderr)
    for lang, words in (("en", "no keys in"), ("ru", "ещё нет ключей")):
        p = subprocess.run([BIN, "keys", "rotate", "--state", str(tmp_path), "--lang", lang], text=True, capture_output=True, timeout=20)
        assert p.returncode == 1 and words in p.stderr


def test_a_node_gets_the_number_that_it_is_given(folder):
    assert "number 7 when it starts" in keys(folder, "node", "7").stdout
    assert "This node is number 7." in keys(folder, "node", "7").stdout
    assert "Номер этого узла: 7." in keys(folder, "--lang", "ru").stdout
    with open(os.path.join(folder.state, "node"), "w") as f:
        f.write("seven")
    for lang, words in (("en", "is not of the form 'node NUMBER'"), ("ru", "не имеет вида 'node НОМЕР'")):
        p = folder.command("check", folder.config_path, "--lang", lang, check=False)
        assert p.returncode == 1 and words in p.stderr, p.stderr
    keys(folder, "node", "4294967295")
    folder.start()
    folder.stop()
