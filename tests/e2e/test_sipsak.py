# SPDX-License-Identifier: Apache-2.0
"""sipsak, the tool of administrators. It looks names up, so the domain is called by its address here."""
import shutil
import subprocess
import threading

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("sipsak"), reason="sipsak is not installed")


@pytest.fixture
def numbered(make_server):
    """A server whose domain is also called 127.0.0.1; its digest is what sipsak knows."""
    return make_server(config={"domains": [{"name": "example.com", "aliases": ["127.0.0.1"]}], "auth": {"algorithms": ["MD5"]}})


def ask(server, uri, *arguments):
    return subprocess.run(["sipsak", "-vv", "-s", uri, "-p", "127.0.0.1:%d" % server.port, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=15)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_options_to_the_server(numbered, transport):
    """200, without credentials."""
    said = ask(numbered, "sip:127.0.0.1", "-E", transport)
    assert said.returncode == 0 and "SIP/2.0 200" in said.stdout, said.stdout


def test_options_to_a_user(make_server, phones):
    """Where strangers may call, the request reaches the phone and its answer comes back."""
    server = make_server(config={"domains": [{"name": "example.com", "aliases": ["127.0.0.9"], "inbound": "anyone"}]})
    flow = phones(server, "bob").open("tcp")
    answering = threading.Thread(target=lambda: flow.peer.answer(flow.peer.expect("OPTIONS", 5), 200, headers=[("User-Agent", "bob")]))
    answering.start()
    said = ask(server, "sip:bob@127.0.0.9")
    answering.join()
    assert said.returncode == 0 and "User-Agent: bob" in said.stdout, said.stdout


def test_registers_with_digest(numbered):
    """A binding, and with a wrong password none."""
    register = ("-U", "-C", "sip:bob@127.0.0.1:5999", "-x", "600", "-u", "bob", "-a")
    said = ask(numbered, "sip:bob@127.0.0.1", *register, "not-" + numbered.passwords["bob"])
    assert said.returncode != 0 and not numbered.bindings("sip:bob@example.com"), said.stdout
    said = ask(numbered, "sip:bob@127.0.0.1", *register, numbered.passwords["bob"])
    assert said.returncode == 0 and len(numbered.bindings("sip:bob@example.com")) == 1, said.stdout


def test_a_stranger_reaches_no_user(numbered, phones):
    """Refused (its From is an address of the domain, so the proxy asks who it is), and the phone hears nothing."""
    flow = phones(numbered, "bob").open("tcp")
    said = ask(numbered, "sip:bob@127.0.0.1")
    assert said.returncode != 0 and "SIP/2.0 407" in said.stdout, said.stdout
    flow.peer.silent()
