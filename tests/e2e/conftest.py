# SPDX-License-Identifier: Apache-2.0
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import server as server_module  # noqa: E402
import sip  # noqa: E402
from foreign import OWN, Target  # noqa: E402
from phone import Phone  # noqa: E402
from server import Sluice  # noqa: E402

OUR_PROGRAM = {"test_churn", "test_check", "test_cli", "test_keys", "test_site"}   # about our command line, not about a server


def pytest_addoption(parser):
    group = parser.getgroup("target", "the black-box tests, put to another server: see tests/e2e/foreign.py")
    group.addoption("--target", metavar="HOST:PORT", help="where it treats everybody as a stranger; TLS is on the port after it")
    group.addoption("--target-core", metavar="HOST:PORT", help="where 127.0.0.1 is a trusted neighbour")
    group.addoption("--target-open", metavar="HOST:PORT", help="where, besides, anybody may register any name")
    group.addoption("--patience", metavar="SECONDS", type=float, help="wait no longer than this for anything, as against a server "
                                                                      "that says nothing")


def pytest_configure(config):
    if config.getoption("--target"):
        server_module.TARGET = Target(*(config.getoption("--target" + door) for door in ("", "-core", "-open")))
    sip.PATIENCE = config.getoption("--patience") or sip.PATIENCE


def reason_to_skip(item):
    if server_module.TARGET:
        return OWN if item.module.__name__ in OUR_PROGRAM else None
    return None if server_module.BIN else "SLUICE_BIN is not set: run ./test"


def pytest_collection_modifyitems(items):
    for item in items:
        reason = reason_to_skip(item)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def make_server(tmp_path):
    """make_server(name, config, ...) starts a server; all are stopped, and their logs looked at, at the end."""
    made = []

    def make(name="sluice", start=True, **kw):
        if server_module.TARGET:
            return server_module.TARGET.stand_for(start=start, **kw)
        s = Sluice(tmp_path, name, **kw)
        made.append(s)
        return s.start() if start else s
    yield make
    problems = []
    for s in made:
        try:
            s.stop()
        except AssertionError as e:
            problems.append(str(e))
    assert not problems, "\n".join(problems)


@pytest.fixture
def server(make_server):
    """One server for example.com with the users alice, bob and carol."""
    return make_server()


@pytest.fixture
def phones():
    """phones(server, user, ...) makes a phone whose sockets are closed at the end."""
    made = []

    def make(*args, **kw):
        made.append(Phone(*args, **kw))
        return made[-1]
    yield make
    for p in made:
        p.close()
