# SPDX-License-Identifier: Apache-2.0
"""The program itself: what a person types, reads and gets back."""
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import time
import types

import pytest

from server import BIN, free_port, yaml
from sip import TcpPeer

COMMANDS = ("serve", "check", "user add", "user passwd", "user remove", "user list", "move add", "move list", "move show",
            "move remove", "move pin", "move forget", "move why", "bindings", "flows", "keys", "keys rotate",
            "keys node", "explain", "compare", "best", "codes serve", "codes export", "help")


def run(*args, env=None, stdin="", **kw):
    return subprocess.run([BIN, *args], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20,
                          env={**os.environ, "LC_ALL": "C", **(env or {})}, **kw)



class Home:
    """A person's home, and `sluice serve` in it without a configuration."""

    def __init__(self, folder):
        self.folder, self.port, self.running = str(folder), free_port(), []
        self.env = {"HOME": self.folder, "XDG_STATE_HOME": ""}
        self.state = os.path.join(self.folder, ".local/state/sluice")

    def run(self, *args, **kw):
        return run(*args, env=self.env, **kw)

    def serve(self, *args):
        """Start it, and read what it says until it is ready."""
        p = subprocess.Popen([BIN, "serve", "--port", str(self.port), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, env=dict(os.environ, LC_ALL="C", **self.env))
        self.running.append(p)
        said = ""
        while "Stop:" not in said:
            line = p.stdout.readline()
            assert line, said
            said += line
        return p, said

    def stop(self, p, how=signal.SIGTERM):
        self.running.remove(p)
        p.send_signal(how)
        said = p.communicate(timeout=15)[0]
        return p.returncode, said


@pytest.fixture
def at_home(tmp_path):
    home = Home(tmp_path)
    yield home
    for p in list(home.running):
        assert home.stop(p)[0] == 0


# --- help and exit statuses ---

@pytest.mark.parametrize("language,usage", (("en", "Usage: sluice"), ("ru", "Запуск: sluice")))
def test_help_is_there_in_both_languages(language, usage):
    top = run("--help", "--lang", language)
    assert top.returncode == 0 and usage in top.stdout and not top.stderr
    for command in COMMANDS:
        assert command in top.stdout
        one = run(*command.split(), "--help", "--lang", language)
        assert one.returncode == 0 and usage + " " + command in one.stdout and "sluice " + command.split()[0] in one.stdout
        assert run("help", *command.split(), "--lang", language).stdout == one.stdout
        assert all(len(line) <= 110 for line in one.stdout.splitlines())
        if language == "ru":
            assert re.search("[а-я]", one.stdout)
    assert run("help", env={"LC_ALL": "ru_RU.UTF-8"}).stdout == run("help", "--lang", "ru").stdout


def test_a_wrong_command_line_is_2_and_says_what_is_right():
    for args, said in ((("srve",), "did you mean 'serve'"), (("serve", "--prot", "1"), "did you mean '--port'"),
                       (("serve", "--port"), "--port needs a value"), (("check",), "something is missing: FILE"),
                       (("flows", "x"), "'x' is one word too many"), (("flows", "--json=1"), "--json takes no value"),
                       (("user", "add"), "NAME@DOMAIN or --batch")):
        p = run(*args)
        assert p.returncode == 2 and said in p.stderr and not p.stdout, (args, p.returncode, p.stderr)
    for port in ("0", "70800", "65535", "x"):
        p = run("serve", "--port", port)
        assert p.returncode == 2 and "'%s' is no port" % port in p.stderr and not p.stdout
    for args, said in ((("--domain", "a b"), "'a b' is no name of a host"), (("--domain", "x.org", "-c", "f"), "section 'domains'"),
                       (("--port", "5060", "-c", "f"), "section 'listen'"), (("--domain", "x.org") * 17, "more than 16 names")):
        p = run("serve", *args)
        assert p.returncode == 2 and said in p.stderr and not p.stdout, p.stderr
    p = run()
    assert p.returncode == 2 and "Usage: sluice" in p.stdout + p.stderr
    assert run("--version").stdout.startswith("sluice ")


def test_without_a_server_live_questions_are_3_and_say_so(tmp_path):
    for command in ("bindings", "flows"):
        for lang, said in (("en", "no server is running"), ("ru", "не запущен")):
            p = run(command, "--state", str(tmp_path), "--lang", lang)
            assert p.returncode == 3 and not p.stdout, p.stderr
            assert str(tmp_path) in p.stderr and (said in p.stderr or lang == "ru" and re.search("[а-я]", p.stderr))


# --- users ---

def test_a_running_server_knows_users_at_once(server, phones):
    """Added, changed, removed: the next request sees it."""
    state = ("--state", server.state)
    server.command("user", "add", "dave@example.com", "--password-file", "-", *state, stdin="first-one\n")
    phones(server, "dave", "first-one").open("tcp")
    server.command("user", "passwd", "dave@example.com", "--password-file", "-", *state, stdin="second-one\n")
    phones(server, "dave", "second-one").open("tcp")
    old = phones(server, "dave", "first-one")
    flow = old.open("tcp", register=False)
    flow.register(expect=401)
    made = server.command("user", "add", "erin@example.com", "--generate", *state).stdout
    phones(server, "erin", re.search("password: (\\S+)", made)[1]).open("tcp")
    server.command("user", "remove", "dave@example.com", *state)
    names = [json.loads(line)["name"] for line in server.command("user", "list", "--json", *state).stdout.splitlines()]
    assert sorted(names) == ["alice", "bob", "carol", "erin"]
    table = server.command("user", "list", *state).stdout.splitlines()
    assert table[0].split() == ["NAME", "DOMAIN", "ALIASES"] and len(table) == 5


def test_what_cannot_be_done_with_a_user_is_said(server):
    state = ("--state", server.state)
    for args, said in ((("add", "alice@example.com", "--generate"), "exists already"), (("remove", "zoe@example.com"), "there is no user zoe"),
                       (("passwd", "zoe@example.com", "--generate"), "there is no user zoe"), (("add", "@", "--generate"), "NAME@DOMAIN")):
        p = run("user", *args, *state)
        assert p.returncode == 1 and said in p.stderr and not p.stdout, (args, p.stderr)
    p = run("user", "add", "zoe@example.com", *state)
    assert p.returncode == 1 and "no terminal" in p.stderr
    p = run("user", "add", "zoe@example.org", "--generate", "--config", server.config_path)
    assert p.returncode == 1 and "example.org is no domain" in p.stderr
    for lang, said in (("en", "the running server has no domain example.org (it has: example.com)"), ("ru", "(есть: example.com)")):
        p = run("user", "add", "zoe@example.org", "--generate", "--lang", lang, *state)
        assert p.returncode == 1 and said in p.stderr and not p.stdout, p.stderr
    server.stop()
    assert run("user", "add", "zoe@example.org", "--generate", *state).returncode == 0       # nobody to ask: taken at its word
    server.start()
    assert run("user", "remove", "zoe@example.org", *state).returncode == 0


def test_a_batch_is_added_whole_or_not_at_all(server, phones):
    state = ("--state", server.state)
    p = server.command("user", "add", "--batch", "-", *state, stdin="u1@example.com pw-number-1\nu2@example.com pw-number-2\n")
    assert "added 2 users" in p.stdout
    phones(server, "u2", "pw-number-2").open("tcp")
    for bad in ("u3@example.com pw-number-3\nu4\n", "u3@example.com pw-number-3\nu1@example.com again-and-again\n"):
        p = server.command("user", "add", "--batch", "-", *state, stdin=bad, check=False)
        assert p.returncode == 1 and "line 2" in p.stderr and "no user was added" in p.stderr
    assert "u3" not in server.command("user", "list", *state).stdout


# --- who is there ---

def test_bindings_and_flows_are_shown_to_people_and_to_programs(server, phones):
    state = ("--state", server.state)
    assert "Nobody is registered" in server.command("bindings", *state).stdout
    assert "No open connections" in server.command("flows", *state).stdout
    phones(server, "alice").open("tcp")
    phones(server, "bob").open("tls")
    table = server.command("bindings", *state).stdout.splitlines()
    assert table[0].split() == ["USER", "CONNECTION", "EXPIRES", "STATE", "CONTACT", "PHONE"] and len(table) == 3
    assert any("alice@example.com" in row and "TCP 127.0.0.1:" in row and "live" in row for row in table)
    rows = server.bindings()
    assert sorted(r["aor"] for r in rows) == ["alice@example.com", "bob@example.com"]
    assert all(0 < r["expires_in_s"] <= 3600 and r["state"] == "live" for r in rows)
    assert [r["aor"] for r in server.bindings("bob@example.com")] == ["bob@example.com"]
    flows = [json.loads(line) for line in server.command("flows", "--json", *state).stdout.splitlines()]
    assert sorted(f["transport"] for f in flows) == ["TCP", "TLS"] and all(f["registered"] for f in flows)
    table = server.command("flows", *state, "--lang", "ru").stdout.splitlines()
    assert len(table) == 3 and re.search("[А-Я]", table[0])


def test_a_connection_that_is_silent_or_lost_is_shown(make_server, phones):
    server = make_server("quiet", config={"failover": {"stream": "300ms"}})
    state = ("--state", server.state)
    bob = phones(server, "bob").open("tcp", bind=("127.0.0.2", 0))
    alice = phones(server, "alice")
    alice.open("udp", bind=("127.0.0.3", 0))

    def states(command, lang="en"):
        rows = [json.loads(line) for line in server.command(command, "--json", *state).stdout.splitlines()]
        shown = [line for line in server.command(command, *state, "--lang", lang).stdout.splitlines() if "TCP" in line]
        return [r["suspect"] for r in rows if r["transport"] == "TCP"], shown[0]
    assert states("bindings")[0] == states("flows")[0] == [False] and " live " in states("flows")[1] and " live " in states("bindings")[1]
    call = alice.invite("sip:bob@example.com", early=True)
    bob.peer.expect("INVITE")
    end = time.monotonic() + 5
    while states("flows")[0] != [True]:
        assert time.monotonic() < end, "never silent"
        time.sleep(0.1)
    for lang, word in (("en", " silent "), ("ru", " молчит ")):
        assert all(states(command, lang)[0] == [True] and word in states(command, lang)[1] for command in ("bindings", "flows"))
    bob.peer.send_bytes(b"\r\n\r\n")
    while states("flows")[0] != [False]:
        assert time.monotonic() < end, "silent for ever"
        time.sleep(0.1)
    call.cancel()
    server.stop()
    server.start()
    for lang, word in (("en", " lost "), ("ru", " потеряна ")):
        assert word in states("bindings", lang)[1]
    assert "No open connections" in server.command("flows", *state).stdout


def test_what_a_phone_writes_does_not_drive_the_terminal(server, phones):
    phone = phones(server, "alice")
    phone.open("tcp", register=False).register(headers=[("User-Agent", "evil\u202e \u009b31m")])
    for line in server.command("bindings", "--state", server.state).stdout.splitlines():
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", line)


# --- serve ---

def test_the_first_start_makes_users_and_the_second_does_not(at_home):
    p, said = at_home.serve()
    passwords = re.findall(r"user (\w+) +password (\S+)", said)
    assert [name for name, _ in passwords] == ["alice", "bob"] and all(len(word) == 14 for _, word in passwords)
    assert "UDP 0.0.0.0:%d" % at_home.port in said and "TLS 0.0.0.0:%d" % (at_home.port + 1) in said
    assert os.stat(at_home.state).st_mode & 0o777 == 0o700
    assert "carol" in at_home.run("user", "add", "carol", "--generate").stdout
    assert len(at_home.run("user", "list").stdout.splitlines()) == 4
    TcpPeer(("127.0.0.1", at_home.port)).close()
    code, _ = at_home.stop(p)
    assert code == 0
    p, said = at_home.serve()
    assert not re.search(r"user \w+ +password \S+\n", said) and "is ready" in said
    # Nothing but hashes was kept.
    for folder, _, names in os.walk(at_home.state):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    text = f.read()
                assert not any(word.encode() in text for _, word in passwords), name


def test_a_further_name_of_the_domain_is_good_for_phones_and_users(at_home, phones):
    """--domain: users are added under it, phones register to it, and the certificate covers it."""
    p, said = at_home.serve("--domain", "sip.example.org", "--domain", "Phones.Example.ORG")
    made = at_home.run("user", "add", "carol@phones.example.org", "--generate").stdout
    with open(os.path.join(at_home.state, "default-domain")) as f:
        ours = f.read().split()
    assert ours[1:] == ["sip.example.org", "phones.example.org"] and "added carol@%s\n" % ours[0] in made
    for name in ("sip.example.org", "phones.example.org", "localhost"):
        where = types.SimpleNamespace(passwords={}, address=lambda kind: ("127.0.0.1", at_home.port))
        phones(where, "carol", re.search("password: (\\S+)", made)[1], domain=name).open("tcp")
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", at_home.state + "/certificate.pem"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "DNS:sip.example.org" in text and "DNS:phones.example.org" in text
    for lang, said in (("en", "users here are NAME@" + ours[0]), ("ru", "ИМЯ@" + ours[0])):
        other = at_home.run("user", "add", "carol@example.org", "--generate", "--lang", lang)
        assert other.returncode == 1 and said in other.stderr and "serve --domain example.org" in other.stderr
    at_home.stop(p)
    p, said = at_home.serve()
    assert at_home.run("user", "add", "dave@sip.example.org", "--generate").returncode == 1
    assert len(at_home.run("user", "list").stdout.splitlines()) == 4


@pytest.mark.parametrize("how", (signal.SIGINT, signal.SIGTERM))
def test_a_signal_ends_it_quickly_with_status_0(at_home, how):
    p, _ = at_home.serve()
    idle = TcpPeer(("127.0.0.1", at_home.port))
    began = time.monotonic()
    code, said = at_home.stop(p, how)
    assert code == 0 and time.monotonic() - began < 3 and "Stopping" in said
    assert not os.path.exists(os.path.join(at_home.state, "control"))
    idle.close()


def test_sighup_reads_the_users_again_and_goes_on(at_home):
    p, _ = at_home.serve()
    p.send_signal(signal.SIGHUP)
    assert at_home.run("bindings").returncode == 0
    assert p.poll() is None


def test_a_taken_port_is_told_with_who_has_it(at_home, tmp_path):
    with socket.socket() as s:
        s.bind(("0.0.0.0", at_home.port))
        s.listen()
        p = at_home.run("serve", "--port", str(at_home.port))
        assert p.returncode == 1 and "TCP 0.0.0.0:%d is taken by" % at_home.port in p.stderr
        assert "process %d" % os.getpid() in p.stderr and "--port" in p.stderr and not p.stdout
    running, _ = at_home.serve()
    other = str(tmp_path / "other")
    p = at_home.run("serve", "--port", str(at_home.port), "--state", other)
    assert p.returncode == 1 and "another sluice (process %d)" % running.pid in p.stderr
    # The same folder: that is said before any port.
    p = at_home.run("serve", "--port", str(free_port()))
    assert p.returncode == 1 and "another sluice (process %d) already runs on the state folder" % running.pid in p.stderr


def test_why_it_does_not_start_is_said_in_both_languages(tmp_path):
    state = tmp_path / "state"

    def start(address, lang):
        path = tmp_path / "c.yaml"
        path.write_text(yaml({"server": {"state": str(state)}, "listen": [{"udp": address}, {"tcp": address}], "domains": ["example.com"],
                              "log": {"level": "error"}}))
        p = run("serve", "--config", str(path), "--lang", lang)
        assert p.returncode == 1 and not p.stdout
        return p.stderr
    for lang, said in (("en", "this machine has no such address"), ("ru", "у этой машины нет такого адреса")):
        assert said in start("192.0.2.77:5060", lang)
    (state / "users.db").write_bytes(b"no file of users" * 100)
    for lang, said in (("en", "is damaged or no file of users"), ("ru", "повреждён или это не файл пользователей")):
        assert said in start("127.0.0.1:%d" % free_port(), lang)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    nobody = pwd.getpwnam("nobody")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    # Below a temporary folder of ours, nobody could not even start the program.
    away = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    if away and not os.access(BIN, os.X_OK):
        pytest.skip("the program cannot be run by another user")
    try:
        p = run("serve", "--port", str(free_port()), "--state", str(closed / "state"), cwd="/", **away)
    except PermissionError:
        pytest.skip("the program cannot be run by another user")
    assert p.returncode == 1 and "the state folder %s" % (closed / "state") in p.stderr and "permission denied" in p.stderr, p.stderr
    assert not p.stdout


def test_with_a_wrong_configuration_nothing_starts(tmp_path):
    port, path = free_port(), tmp_path / "wrong.yaml"
    state = tmp_path / "state"
    path.write_text(yaml({"server": {"state": str(state), "wrokers": 1}, "listen": [{"tcp": "127.0.0.1:%d" % port}],
                          "domains": ["example.com"], "timers": {"t1": "soon"}}))
    for command in (("serve", "--config"), ("check",)):
        p = run(*command, str(path))
        assert p.returncode == 1
        assert "%s:3:" % path in p.stderr and "did you mean 'workers'" in p.stderr and "'t1' is 'soon'" in p.stderr
    assert not state.exists()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)
    p = run("serve", "--config", str(tmp_path / "none.yaml"))
    assert p.returncode == 1 and "cannot be read" in p.stderr


def test_check_tells_warnings_and_still_is_fine(tmp_path):
    path = tmp_path / "fine.yaml"
    path.write_text(yaml({"server": {"state": str(tmp_path / "state")}, "listen": [{"udp": "127.0.0.1:5060"}], "domains": ["example.com"]}))
    p = run("check", str(path))
    assert p.returncode == 0 and "fine (1 warning)" in p.stdout and "no TCP" in p.stderr
    p = run("check", str(path), "--lang", "ru")
    assert p.returncode == 0 and "1 предупреждение" in p.stdout
