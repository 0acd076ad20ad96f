# SPDX-License-Identifier: Apache-2.0
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import server as server_module  # noqa: E402
from phone import Phone  # noqa: E402
from server import Sluice  # noqa: E402


def pytest_collection_modifyitems(items):
    if not server_module.BIN:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="SLUICE_BIN is not set: run ./test"))


@pytest.fixture
def make_server(tmp_path):
    """make_server(name, config, ...) starts a server; all are stopped, and their logs looked at, at the end."""
    made = []

    def make(name="sluice", start=True, **kw):
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
