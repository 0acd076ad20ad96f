# SPDX-License-Identifier: Apache-2.0
"""The reference on a terminal: sluice explain, compare, best.

golden/ holds what the important pages look like. When a change of texts or layout is meant, write them anew with
SLUICE_WRITE_GOLDEN=1 and look at the difference before it is committed."""
import json
import os
import pty
import re
import subprocess
import time
import unicodedata

import pytest

from server import BIN

FOLDER = os.path.join(os.path.dirname(__file__), "golden")
PAGES = {"explain-430": ("explain", "430"), "explain-301": ("explain", "301"), "compare-301-430": ("compare", "301", "430"),
         "best-404-486-503-603": ("best", "404", "486", "503", "603"), "best-430-408-480-outbound": ("best", "430", "408", "480", "--outbound")}


def run(*args, **env):
    return subprocess.run([BIN, *args], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20,
                          env={**os.environ, "LC_ALL": "C", **env})


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.mark.parametrize("width", (80, 120))
@pytest.mark.parametrize("language", ("en", "ru"))
@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_the_golden_one(page, language, width):
    got = run(*PAGES[page], "--lang", language, COLUMNS=str(width))
    path = os.path.join(FOLDER, f"{page}.{language}.{width}.txt")
    assert got.returncode == 0 and got.stderr == ""
    if os.environ.get("SLUICE_WRITE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as out:
            out.write(got.stdout)
    assert got.stdout == open(path, encoding="utf-8").read()
    assert max(map(columns, got.stdout.splitlines())) <= width


def test_430_says_what_the_page_that_began_it_all_has_to_say():
    for language, words in (("en", ("reg-id", "RFC 5626", "edge", "400")), ("ru", ("reg-id", "RFC 5626", "прокси", "400"))):
        text = run("compare", "301", "430", "--lang", language).stdout
        for word in (*words, "RFC 3261 §21.3.2", "RFC 5626 §11.5", "Contact", "https://www.rfc-editor.org/"):
            assert word in text, (language, word)


@pytest.mark.parametrize("args, status, words", (
    (("explain", "Flow Failed"), 0, "430 Flow Failed"),
    (("explain", "flow", "failed"), 0, "430 Flow Failed"),
    (("explain", "-s", "занято"), 0, "486"),
    (("explain", "-s", "xyzzy"), 1, "No code"),
    (("explain", "431"), 1, "431 is not registered"),
    (("explain", "478"), 1, "Kamailio"),
    (("explain", "904"), 1, "Sofia-SIP"),
    (("explain", "304", "--warning"), 0, "Media type not available"),
    (("explain", "--q850", "21"), 0, "Call rejected"),
    (("explain", "--header", "x"), 0, "Session-Expires"),
    (("explain", "--header", "contact"), 0, "Header Contact"),
    (("explain", "430", "--short"), 0, "RFC 5626 §11.5"),
    (("explain", "430", "--role", "phone,operator"), 0, "operator:"),
    (("compare", "301", "Flow Failed"), 0, "301"),
    (("compare", "430", "431"), 1, "431 is not registered"),
    (("best", "180"), 0, "goes on waiting"),
    (("explain", "--lang", "ru", "486"), 0, "486 Busy Here ("),
))
def test_it_finds(args, status, words):
    got = run(*args)
    assert (got.returncode, got.stderr) == (status, "")
    assert words in got.stdout


@pytest.mark.parametrize("args, status, words", (
    (("explain", "999"), 1, "nothing is known of '999'"),
    (("explain", "99"), 1, "nothing is known"),
    (("explain", "77", "--warning"), 1, "nothing is known"),
    (("explain", "x" * 5000, "--header"), 1, "nothing is known"),
    (("compare", "301", "999"), 1, "nothing is known"),
    (("best", "200", "foo"), 1, "nothing is known"),
    (("explain",), 2, "CODE|PHRASE"),
    (("compare", "301"), 2, "CODE CODE"),
    (("best",), 2, "CODE..."),
    (("explain", "430", "--role", "cook"), 2, "no role 'cook'"),
    (("explain", "430", "--outbound"), 2, "--outbound"),
))
def test_it_says_what_is_wrong(args, status, words):
    got = run(*args)
    assert (got.returncode, got.stdout) == (status, "")
    assert words in got.stderr


def test_the_order_of_two_codes_does_not_matter():
    assert run("compare", "301", "430").stdout == run("compare", "430", "301").stdout


def test_the_language_is_the_readers():
    russian = run("explain", "430", "--lang", "ru").stdout
    assert re.search("[а-я]", russian)
    assert run("explain", "430", LC_ALL="", LC_MESSAGES="ru_RU.UTF-8").stdout == russian
    assert run("explain", "430", LC_ALL="de_DE.UTF-8").stdout == run("explain", "430").stdout


def test_programs_get_json():
    facts = json.loads(run("explain", "430", "--json").stdout)
    assert facts["fork"] == "next-flow" and facts["source"] == "RFC 5626 §11.5" and facts["fix"]["phone"]
    assert json.loads(run("explain", "431", "--json").stdout)["treated_as"] == 400
    assert json.loads(run("compare", "430", "301", "--json").stdout)["low"] == 301
    best = json.loads(run("best", "503", "--json").stdout)
    assert (best["chosen"], best["sent"]) == (503, 500)
    assert json.loads(run("explain", "--q850", "21", "--json").stdout)["blocks"]


def on_a_terminal(*args, **env):
    """What a terminal of 80 columns is sent."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(BIN, [BIN, *args], {**os.environ, "LC_ALL": "C", "TERM": "xterm", **env})
    said = b""
    try:
        while True:
            more = os.read(fd, 65536)
            if not more:
                break
            said += more
    except OSError:                                     # the other end is closed
        pass
    os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return said.decode()


def test_colours_only_where_they_may_be():
    environment = {"NO_COLOR": ""}
    assert "\x1b[1m" in on_a_terminal("explain", "430", **environment)
    assert "\x1b" not in on_a_terminal("explain", "430", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("explain", "430", TERM="dumb", **environment)
    assert "\x1b" not in run("explain", "430", **environment).stdout


def test_it_answers_at_once():
    """5 ms for a release; with sanitizers, on a busy machine, the fastest of twenty within ten times that."""
    def once():
        began = time.perf_counter()
        run("explain", "430")
        return time.perf_counter() - began
    assert min(once() for _ in range(20)) < 0.05
