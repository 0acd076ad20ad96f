# SPDX-License-Identifier: Apache-2.0
"""`sluice move`: what the operator writes down about who has moved, with and without a running server."""
import json
import os
import re
import subprocess

import pytest

from server import BIN, serving

OLD, NEW = "sip:alice@example.com", "sip:bob@new.example"


def run(state, *args, lang="en"):
    p = subprocess.run([BIN, "move", *args, "--state", str(state), "--lang", lang], text=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    return p.returncode, p.stdout, p.stderr


def rows(state, *args):
    status, out, err = run(state, *(args or ("list",)), "--json")
    assert status == 0 and not err, err
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(params=["no server", "a server"])
def state(request, tmp_path):
    if request.param == "no server":
        folder = tmp_path / "state"
        folder.mkdir(mode=0o700)
        yield folder
        return
    with serving(tmp_path) as server:
        yield server.state


def test_a_move_is_written_down_shown_and_removed(state):
    status, out, err = run(state, "list")
    assert status == 0 and "Nobody has moved" in out and not err
    status, out, err = run(state, "add", "alice@example.com", "bob@new.example", "--expires", "30d")
    assert status == 0 and OLD in out and NEW in out and "301" in out and not err, err
    row, = rows(state)
    assert row["uri"] == OLD and row["key"] == "alice@example.com" and row["targets"] == [{"uri": NEW, "q_thousandths": 1000}]
    assert (row["way"], row["permanent"], row["origin"], row["state"], row["hits"], row["used"]) == ("tell", True, "operator", "active", 0, None)
    assert row["said_by"] and row["path"] is None and row["said"] < row["expires"]
    assert rows(state, "show", "sips:alice@EXAMPLE.com;transport=tcp") == [row]
    for what in ("list", "show", "why"):
        status, out, err = run(state, what, *([] if what == "list" else [OLD]))
        assert status == 0 and OLD in out and NEW in out and not err
    status, out, err = run(state, "remove", OLD)
    assert status == 0 and "removed" in out and not err
    assert rows(state) == []
    status, out, err = run(state, "remove", OLD)
    assert status == 1 and "nobody has moved from " + OLD in err and "sluice move list" in err and not out


def test_ways_to_move(state):
    assert run(state, "add", OLD, NEW, "carol@new.example", "--proxy")[0] == 0
    assert run(state, "add", "dave@example.com", NEW, "--temporary")[0] == 0
    assert run(state, "add", "erin@example.com", "--gone")[0] == 0
    alice, dave, erin = rows(state)
    assert alice["way"] == "proxy" and [t["q_thousandths"] for t in alice["targets"]] == [1000, 950]
    assert dave["way"] == "tell" and not dave["permanent"] and dave["expires"] is None
    assert erin["way"] == "gone" and erin["targets"] == []
    table = run(state, "list")[1]
    assert "taken there" in table and "told 302" in table and "gone, 410" in table


def test_each_mistake_has_a_sentence_that_says_what_to_do(state):
    assert run(state, "add", OLD, "bob@example.com")[0] == 0
    for args, said in (((OLD, NEW), "sluice move remove " + OLD), (("bob@example.com", OLD), "leads back"),
                       (("carol@example.com", "sip:carol@EXAMPLE.com;x=y"), "the address sip:carol@example.com itself"),
                       (("x@example.com", "sip:a@@b"), "is no address"), (("x@example.com", "x"), "NAME@DOMAIN"),
                       (("x@example.com", "mailto:x@example.net"), "mailto address"), (("x@example.com", "sip:example.net"), "whole domain"),
                       (("sips:x@example.com", NEW), "RFC 5630"), (("x@example.com", NEW, NEW), "there twice")):
        status, out, err = run(state, "add", *args)
        assert status == 1 and said in err and not out, (args, status, err)
        status, out, russian = run(state, "add", *args, lang="ru")
        assert status == 1 and re.search("[а-я]", russian) and not out
    assert len(rows(state)) == 1
    for args, said in (((OLD,), "--gone"), ((OLD, NEW, "--gone"), "leave out"), ((OLD, NEW, "--permanent", "--temporary"), "not both"),
                       ((OLD, NEW, "--expires", "soon"), "such as 12h or 30d"), ((OLD, *["x%d@y" % i for i in range(17)]), "at most 16")):
        status, out, err = run(state, "add", *args)
        assert status == 2 and said in err and not out, (args, status, err)
    assert run(state, "forget")[0] == 2 and run(state, "forget", OLD, "--all")[0] == 2


def test_numbers_that_cost_are_noted(state):
    status, out, err = run(state, "add", OLD, "tel:+19001234567", "tel:+442071234567", "--proxy")
    assert status == 0 and "premium" in err and "international" in err and "paid by the one who moved" in err and OLD in out


def test_what_the_operator_said_is_pinned_already_and_not_forgotten(state):
    assert run(state, "add", OLD, NEW)[0] == 0
    assert run(state, "pin", OLD)[0] == 0
    status, _, err = run(state, "forget", OLD)
    assert status == 1 and "sluice move remove" in err
    status, out, _ = run(state, "forget", "--all")
    assert status == 0 and "0 learned" in out and len(rows(state)) == 1
    for command in ("pin", "forget", "show", "why"):
        status, out, err = run(state, command, "nobody@example.com")
        assert status == 1 and "nobody has moved" in err and not out


def test_every_rule_is_explained_in_both_languages(tmp_path):
    english, russian = (run(tmp_path, "why", lang=lang)[1].splitlines() for lang in ("en", "ru"))
    assert len(english) == len(russian) > 40
    names = [line.split(":")[0] for line in english]
    assert len(set(names)) == len(names) and names == [line.split(":")[0] for line in russian]
    assert all(re.search("[а-я]", line) and line.endswith(".") for line in russian)
    for name, line in zip(names, english):
        assert run(tmp_path, "why", name)[1] == line + "\n"
    status, out, err = run(tmp_path, "why", "target-premum")
    assert status == 2 and "neither a rule nor an address" in err and not out


def test_an_address_outside_the_domains_is_noted(tmp_path):
    with serving(tmp_path) as server:
        status, _, err = run(server.state, "add", "alice@elsewhere.example", NEW)
        assert status == 0 and "no domain of this server" in err


def test_a_damaged_file_is_told_and_kept(tmp_path):
    (tmp_path / "moves.db").write_text("no such thing, " * 100)
    status, out, err = run(tmp_path, "list")
    assert status == 1 and "moves.db" in err and not out
    assert "no such thing" in (tmp_path / "moves.db").read_text() and os.path.getsize(tmp_path / "moves.db") == 1500
