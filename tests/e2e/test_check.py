# SPDX-License-Identifier: Apache-2.0
"""`sluice check` understands meaning: each rule once, with its place, its weight and its exit status."""
import os
import subprocess

import pytest

from server import BIN, make_certificate

BASE = """server: {{ state: {state} }}
listen:
  - udp: 127.0.0.1:25060
  - tcp: 127.0.0.1:25060
{listen}{rest}"""
DOMAIN = "domains: [ { name: example.com } ]\n"


def check(folder, rest=DOMAIN, listen="", text=None, lang="en"):
    state = folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    path = folder / "t.yaml"
    path.write_text(text if text is not None else BASE.format(state=state, listen=listen, rest=rest))
    os.chmod(path, 0o600)
    p = subprocess.run([BIN, "check", "--lang", lang, str(path)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    return p.returncode, (p.stdout + p.stderr).replace(str(path), "t.yaml")


def test_a_sound_configuration_is_fine(tmp_path):
    status, said = check(tmp_path)
    assert status == 0 and "fine" in said and "warning:" not in said, said


ERRORS = {
    "timer longer than idle": (DOMAIN + "flow: { timer: 10m, idle: 5m }\n", ":6:"),
    "expiry out of order": (DOMAIN + "registrar: { expires: { min: 2h, default: 1h } }\n", ":6:"),
    "t1 over t2": (DOMAIN + "timers: { t1: 5s, t2: 1s }\n", ":6:"),
    "the same address twice": (DOMAIN, ":5:", "  - tcp: 127.0.0.1:25060\n"),
    "tls without files": (DOMAIN, ":5:", "  - tls: 127.0.0.1:25061\n"),
    "a missing certificate": (DOMAIN, ":5:", "  - { tls: 127.0.0.1:25061, certificate: nowhere.pem, key: nowhere.key }\n"),
    "a domain without a name": ("domains: [ { inbound: anyone } ]\n", ":5:"),
    "a domain twice": ("domains: [ { name: example.com }, { name: example.org, aliases: [EXAMPLE.com] } ]\n", ":5:"),
    "a peer that is nobody": (DOMAIN + "peers: [ { rights: [inbound] } ]\n", ":6:"),
    "an open relay": (DOMAIN + "peers: [ { from: 0.0.0.0/0, rights: [relay] } ]\n", ":6:"),
    "a route to nowhere": (DOMAIN + "routes: [ { prefix: \"+7\" } ]\n", ":6:"),
    "a route that matches nothing": (DOMAIN + "routes: [ { to: [\"sip:192.0.2.1\"] } ]\n", ":6:"),
    "a route in the shadow of an earlier one": (
        DOMAIN + "routes:\n  - { prefix: \"+\", to: [\"sip:192.0.2.1\"] }\n  - { prefix: \"+7\", to: [\"sip:192.0.2.2\"] }\n", ":8:"),
    "a number route for anyone": (DOMAIN + "routes: [ { prefix: \"+\", to: [\"sip:192.0.2.1\"], from: anyone } ]\n", ":6:"),
    "redirects remembered of anybody": (DOMAIN + "moves: { others: learn }\n", ":6:"),
    "an allowed target that is nothing": (DOMAIN + "moves:\n  to:\n    - { domain: a.example }\n    - { deny: yes }\n", ":9:"),
    "an allowed target that is both": (DOMAIN + "moves: { to: [ { domain: a.example, prefix: \"+7\" } ] }\n", ":6:"),
    "an allowed target that is all the world": (DOMAIN + "moves: { to: [ \"*\" ] }\n", ":6:"),
    "a domain denied": (DOMAIN + "moves: { to: [ { domain: a.example, deny: yes } ] }\n", ":6:"),
    "a user name without a password": (DOMAIN + "routes: [ { prefix: \"+\", to: [\"sip:192.0.2.1\"], username: x } ]\n", ":6:"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_a_place_and_status_1(tmp_path, name):
    rest, place, *listen = ERRORS[name]
    status, said = check(tmp_path, rest, *listen)
    assert status == 1 and "t.yaml" + place in said and said.count("error:") == 1 + (name == "a missing certificate"), said
    status, in_russian = check(tmp_path, rest, *listen, lang="ru")
    assert status == 1 and "t.yaml" + place in in_russian and in_russian != said


WARNINGS = {
    "open registration": ("domains: [ { name: example.com, registration: open } ]\n", ":5:"),
    "a wide peer": (DOMAIN + "peers: [ { from: 0.0.0.0/1, rights: [inbound] } ]\n", ":6:"),
    "a peer without rights": (DOMAIN + "peers: [ { from: 192.0.2.1 } ]\n", ":6:"),
    "an address of a domain where nobody listens": ("domains: [ { name: example.com, aliases: [192.0.2.77] } ]\n", ":5:"),
    "a route for an own domain": (DOMAIN + "routes: [ { domain: example.com, to: [\"sip:192.0.2.1\"] } ]\n", ":6:"),
    "udp without tcp": (DOMAIN, ":5:", "  - udp: 127.0.0.1:25070\n"),
    "silence shorter than a round trip": (DOMAIN + "failover: { udp: 200ms }\n", ":6:"),
    "giving up before the next connection": (DOMAIN + "failover: { stream: 5s, give_up: 3s, udp: 1s, other: 2s }\n", ":6:"),
    "silence longer than a transaction": (DOMAIN + "failover: { other: 32s, give_up: 40s }\n", ":6:"),
    "idle shorter than a call may ring": (DOMAIN + "flow: { timer: 20s, idle: 60s }\n", ":6:"),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_keep_nobody_from_starting(tmp_path, name):
    rest, place, *listen = WARNINGS[name]
    status, said = check(tmp_path, rest, *listen)
    assert status == 0 and "t.yaml" + place in said and said.count("warning:") == 1 and "error:" not in said, said


def test_nothing_to_listen_on_and_no_state_folder(tmp_path):
    assert check(tmp_path, text="server: { state: %s }\n%s" % (tmp_path, DOMAIN))[0] == 1
    status, said = check(tmp_path, text=BASE.format(state=tmp_path / "t.yaml" / "below", listen="", rest=DOMAIN))
    assert status == 1 and "t.yaml:1:" in said and "below" in said, said


def tls(tmp_path, certificate, key, more=""):
    return check(tmp_path, listen="  - { tls: 127.0.0.1:25061, certificate: %s, key: %s%s }\n" % (certificate, key, more))


def test_certificates_are_understood(tmp_path):
    """Of another key, expired, soon to expire, of another name, no PEM at all, a key that others can read."""
    one, key = make_certificate(str(tmp_path), "one")
    other, other_key = make_certificate(str(tmp_path), "other", "DNS:elsewhere.example")
    for k in (key, other_key):
        os.chmod(k, 0o600)
    status, said = tls(tmp_path, one, key)
    assert status == 0 and said.count("warning:") == 1 and "2 days" in said, said
    status, said = tls(tmp_path, one, other_key)
    assert status == 1 and "t.yaml:5:" in said and other_key in said and said.count("error:") == 1, said
    status, said = tls(tmp_path, other, other_key, ", advertise: sip.example.com")
    assert status == 0 and "sip.example.com" in said and "example.com" in said and said.count("warning:") == 3, said
    old = str(tmp_path / "old.pem")
    subprocess.run(["openssl", "x509", "-req", "-days", "-1", "-signkey", key, "-out", old, "-in", str(request(tmp_path, key))], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status, said = tls(tmp_path, old, key)
    assert status == 1 and "error:" in said and old in said, said
    status, said = tls(tmp_path, str(tmp_path / "t.yaml"), key)
    assert status == 1 and "no PEM" in said, said
    status, said = check(tmp_path, rest=DOMAIN + "tls: { ca: %s }\n" % (tmp_path / "nowhere.pem"))
    assert status == 1 and "t.yaml:6:" in said and "nowhere.pem" in said, said
    os.chmod(key, 0o644)
    status, said = tls(tmp_path, one, key)
    assert status == 0 and "key" in said and said.count("warning:") == 2, said


def request(tmp_path, key):
    path = tmp_path / "old.csr"
    subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=example.com", "-out", str(path)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path
