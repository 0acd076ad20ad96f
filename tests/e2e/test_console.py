# SPDX-License-Identifier: Apache-2.0
"""The reference over HTTP: `sluice codes serve`, and the server's console."""
import http.client
import json
import os
import signal
import socket
import subprocess
import time

import pytest

from server import BIN


@pytest.fixture(scope="module")
def port():
    p = subprocess.Popen([BIN, "codes", "serve", "--listen", "0"], stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})
    line = p.stdout.readline()
    assert line.startswith("The reference is at http://127.0.0.1:"), line
    yield int(line.split("/ ")[0].rsplit(":", 1)[1])
    p.send_signal(signal.SIGTERM)
    assert p.wait(10) == 0


def ask(port, target, method="GET", connection=None, **headers):
    c = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = c.getresponse()
    answer.body = answer.read().decode()
    if not connection:
        c.close()
    return answer


@pytest.mark.parametrize("target, words", (
    ("/en/", "430"), ("/en/codes/430", "Flow Failed"), ("/ru/codes/430", 'lang="ru"'), ("/en/compare/301/430", "Moved Permanently"),
    ("/codes/430", "Flow Failed"), ("/compare/301/430", "430"), ("/best?codes=404,486,503", "404"), ("/en/codes/431", "400"),
))
def test_pages(port, target, words):
    answer = ask(port, target)
    assert answer.status == 200 and words in answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_json_beside_each_page(port):
    answer = ask(port, "/en/codes/430.json")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.body)["fork"] == "next-flow"
    assert json.loads(ask(port, "/en/compare/301/430.json").body)["high"] == 430
    assert json.loads(ask(port, "/best.json?codes=503").body)["sent"] == 500


def test_what_has_not_changed_is_not_sent_again(port):
    first = ask(port, "/en/codes/430")
    again = ask(port, "/en/codes/430", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert ask(port, "/en/codes/431").headers["ETag"] != first.headers["ETag"]


def test_the_language_is_the_browsers(port):
    assert 'lang="ru"' in ask(port, "/codes/430", Accept_Language="de, ru;q=0.8, en;q=0.5").body
    assert 'lang="en"' in ask(port, "/codes/430", Accept_Language="de").body


def test_head_and_nothing_else(port):
    head, page = ask(port, "/en/codes/430", "HEAD"), ask(port, "/en/codes/430")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, "", str(len(page.body.encode())))
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = ask(port, "/en/codes/430", method)
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("target, status", (
    ("/nothing", 404), ("/en/codes/7", 404), ("/en/codes/430/x", 404), ("/xx/codes/430", 404), ("/../../etc/passwd", 404),
    ("/en/compare/301", 404), ("/best?codes=abc", 400), ("/best?codes=" + ",".join(["404"] * 100), 400),
    ("/en/search?q=%ff%00%3cscript%3e", 200), ("/" + "a" * 3000, 414),
))
def test_bad_addresses(port, target, status):
    answer = ask(port, target)
    assert answer.status == status
    assert "<script>" not in answer.body.lower().replace('<script src="', "")


def test_a_connection_carries_many_requests(port):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for code in (301, 302, 430, 486):
        assert ask(port, f"/en/codes/{code}", connection=c).status == 200
        assert c.sock is not None, "it was closed"
    c.close()


def test_garbage_and_silence_hold_nobody_up(port):
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for s in silent[:10]:
        s.sendall(b"\x00\xff\r\n\r\nGET " + os.urandom(100))
    began = time.monotonic()
    assert ask(port, "/en/codes/430").status == 200
    assert time.monotonic() - began < 2
    for s in silent:
        s.close()


def until(true, wait_s=5):
    end = time.monotonic() + wait_s
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_server_has_a_console_when_it_is_told_to(make_server):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = make_server(config={"console": {"listen": "127.0.0.1:%d" % port}})
    assert until(lambda: "http://127.0.0.1:%d/" % port in server.read_log())
    assert "Flow Failed" in ask(port, "/en/codes/430").body
    other = make_server("other", config={"console": {"listen": "127.0.0.1:%d" % port}})          # taken: calls matter more
    assert until(lambda: "no HTTP on 127.0.0.1:%d" % port in other.read_log())
    assert ask(port, "/en/codes/430").status == 200
    server.stop()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 2)


def test_a_taken_port_is_told(port):
    p = subprocess.run([BIN, "codes", "serve", "--listen", str(port)], text=True, stderr=subprocess.PIPE, timeout=10, env={**os.environ, "LC_ALL": "C"})
    assert p.returncode == 1
    assert f"127.0.0.1:{port}" in p.stderr and "--listen" in p.stderr
    p = subprocess.run([BIN, "codes", "serve", "--listen", "foo"], text=True, stderr=subprocess.PIPE, timeout=10, env={**os.environ, "LC_ALL": "C"})
    assert p.returncode == 2 and "'foo'" in p.stderr
