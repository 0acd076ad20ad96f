# SPDX-License-Identifier: Apache-2.0
"""Instructions in user space, counted by callgrind: of single functions (bench-micro) and of whole messages (the server).

What is counted must be the same tomorrow and on another computer:

* The build is this folder's own, as ./run makes it, with the system's compiler, whatever the build is that the test runs in.
* libc and libcrypto choose their loops by the CPU. Both are told to take what every x86-64 has, so figures differ a little from
  what this CPU would run; they are for comparing with one another.
* bench-micro draws its random numbers from a sequence that is always the same.
* Nothing of the start is counted: bench-micro warms up first, and of the server two runs of different length are subtracted.
* Messages come one at a time, so that how many are read or written at once does not depend on who is faster. A loaded server
  needs a little less for each.
"""
import json
import os
import platform
import re
import shutil
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.dirname(HERE)
ROOT = os.path.dirname(BENCH)
SIPLOAD = os.path.join(BENCH, 'sipload', 'sipload')

# The baseline of x86-64: SSE2.
PINNED = {
    'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX512VL,-AVX512BW,-AVX512F,-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-SSE4_2,-SSE4_1,'
                      '-SSSE3,-ERMS,-FSRM,-BMI2,-BMI1,-LZCNT,-MOVBE,-RTM',
    'OPENSSL_ia32cap': '0x0000000007000000:0x0',
}


def environment(scratch, **more):
    """Of what is counted: nothing of the caller's (meson sets MALLOC_PERTURB_, which makes every free a memset)."""
    return {**PINNED, 'PATH': os.environ['PATH'], 'TMPDIR': scratch, **more}


# What is done, sipload's command, protocol, how the server is set up, requests and responses that come in.
MESSAGES = [
    ('OPTIONS over UDP', 'options', 'udp', '', 1),
    ('REGISTER over UDP', 'register', 'udp', '', 1),
    ('REGISTER over TCP', 'register', 'tcp', '', 1),
    ('MESSAGE over UDP', 'message', 'udp', '', 2),
    ('MESSAGE over TCP', 'message', 'tcp', '', 2),
    ('call over UDP', 'call', 'udp', '', 6),
    ('call over TCP', 'call', 'tcp', '', 6),
    ('REGISTER with MD5 digest', 'register', 'udp', 'auth', 2),
    ('REGISTER with SHA-256 digest', 'register', 'udp', 'sha256', 2),
]
SHORT, LONG = 60, 260           # what is done in the two runs


OPTIONS = ('--buildtype=release', '-Db_lto=true', '-Ddebug=true', '-Dtests=false')     # as ./run
TRIES = 3                       # of a run in which something was sent again, as it is on a computer that is busy with more


class Lacking(Exception):
    """Something that is needed is not there: nothing can be counted."""


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise RuntimeError('%s: status %d\n%s' % (' '.join(command), done.returncode, done.stdout[-3000:]))
    return done.stdout


def need_tools():
    for tool in ('valgrind', 'callgrind_control', 'meson', 'ninja', 'make'):
        if not shutil.which(tool):
            raise Lacking('no ' + tool)
    if platform.machine() != 'x86_64':
        raise Lacking('the table is of x86_64, this is ' + platform.machine())


def build(folder):
    """The programs that are measured, in a build of their own that is kept from run to run."""
    env = {k: v for k, v in os.environ.items() if k not in ('CC', 'CFLAGS', 'CPPFLAGS', 'LDFLAGS', 'DESTDIR')}
    made = os.path.exists(os.path.join(folder, 'build.ninja'))
    run('meson', *(['configure', folder] if made else ['setup', folder, ROOT]), *OPTIONS, env=env)
    run('ninja', '-C', folder, 'bench/micro/bench-micro', 'src/cli/sluice', env=env)
    run('make', '-s', '-C', os.path.dirname(SIPLOAD), env=env)


def made_with(folder):
    """What the figures depend on besides the sources."""
    compiler = 'clang' if 'clang' in run('cc', '--version') else 'gcc'
    with open(os.path.join(folder, 'meson-info', 'intro-dependencies.json'), encoding='utf-8') as f:
        crypto = next(d['version'] for d in json.load(f) if d['name'] == 'libcrypto')
    return '%s %s, glibc %s, libcrypto %s' % (compiler, run('cc', '-dumpversion').split('.')[0].strip(), platform.libc_ver()[1],
                                             '.'.join(crypto.split('.')[:2]))


def cost(path, program):
    """(all instructions of a profile, those of them in `program`)."""
    inside, called, names, total, ours = False, False, {}, 0, 0
    with open(path, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if line.startswith(('ob=', 'cob=')):
                kind, _, rest = line.strip().partition('=')
                number, _, name = rest.partition(' ')
                if name:                        # said once, with the first mention
                    names[number] = name
                if kind == 'ob':
                    inside = names.get(number) == program
            elif line.startswith(('totals:', 'summary:')):
                total = max(total, int(line.split()[1]))
            elif line.startswith('calls='):
                called = True                   # the next line is what the callee cost, told there
            elif line[:1].isdigit() or line[:1] in '+-*':
                if not called and inside:
                    ours += int(line.split()[-1])
                called = False
    return total, ours


def profiles(out):
    """The dumps of one run, in their order."""
    folder, stem = os.path.split(out)
    found = [(int(m.group(1)), name) for name in os.listdir(folder) if (m := re.fullmatch(re.escape(stem) + r'\.(\d+)', name))]
    return [os.path.join(folder, name) for _, name in sorted(found)]


def count_functions(folder, scratch, rounds):
    """{name: (all, ours)} of one step of each benchmark. rounds: MICRO_ROUNDS."""
    program = os.path.join(folder, 'bench', 'micro', 'bench-micro')
    out = os.path.join(scratch, 'functions')
    names = run('valgrind', '-q', '--tool=callgrind', '--callgrind-out-file=' + out, '--toggle-collect=micro_measured',
                '--dump-after=micro_measured', '--log-file=' + out + '.log', program, '--count',
                env=environment(scratch)).splitlines()
    dumps = profiles(out)
    if len(dumps) != len(names):
        raise RuntimeError('%d profiles of %d benchmarks' % (len(dumps), len(names)))
    return {name: tuple(round(n / rounds) for n in cost(dump, program)) for name, dump in zip(names, dumps)}


def free_port():
    """One that is free with the next one, for UDP and TCP."""
    for port in range(29000 + os.getpid() % 1000 * 2, 32000, 2):
        taken = False
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for number in (port, port + 1):
                with socket.socket(socket.AF_INET, kind) as s:
                    try:
                        s.bind(('127.0.0.1', number))
                    except OSError:
                        taken = True
        if not taken:
            return port
    raise Lacking('no free port')


class Server:
    """The server as the bench sets it up (peers/sluice), under callgrind, which counts only while it is told to."""

    def __init__(self, folder, scratch, variant):
        self.program = os.path.join(folder, 'src', 'cli', 'sluice')
        self.scratch = os.path.join(scratch, 'server-' + (variant or 'open'))
        self.out = os.path.join(self.scratch, 'profile')
        self.port = free_port()
        os.mkdir(self.scratch)
        under = os.path.join(self.scratch, 'sluice')
        with open(under, 'w', encoding='utf-8') as f:
            f.write('#!/bin/sh\n[ "$1" = serve ] || exec %s "$@"\nexec valgrind -q --tool=callgrind --callgrind-out-file=%s '
                    '--instr-atstart=no %s "$@"\n' % (self.program, self.out, self.program))
        os.chmod(under, 0o755)
        self.environment = environment(
            self.scratch, BENCH_RUN=self.scratch, BENCH_PORT=str(self.port), BENCH_CPUS='', BENCH_VARIANT=variant,
            SLUICE_BIN=under, SLUICE_WORKERS='1', SLUICE_WAIT_S='60')

    def __enter__(self):
        with open(os.path.join(self.scratch, 'start.log'), 'w+', encoding='utf-8') as log:
            if subprocess.run([os.path.join(BENCH, 'peers', 'sluice', 'start')], env=self.environment, stdout=log,
                              stderr=subprocess.STDOUT, check=False).returncode:
                log.seek(0)
                raise RuntimeError('the server did not start:\n' + log.read())
        with open(os.path.join(self.scratch, 'pid'), encoding='utf-8') as f:
            self.pid = f.read().strip()
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(BENCH, 'peers', 'sluice', 'stop')], env=self.environment, check=False)

    def control(self, *options):
        run('callgrind_control', *options, self.pid, env=self.environment)

    def load(self, command, protocol, times):
        """How many messages were sent again."""
        out = os.path.join(self.scratch, 'load.json')
        run(SIPLOAD, command, '--host', '127.0.0.1', '--port', str(self.port), '--proto', protocol, '--domain', 'bench.test',
            '--password', 'secret', '--users', '20', '--socks', '2', '--conns', '10', '--window', '1', '--warmup', '0',
            '--timeout', '30', '--count', str(times), '--json', out)
        with open(out, encoding='utf-8') as f:
            told = json.loads(f.read().splitlines()[-1])
        if told.get('failed'):
            with open(os.path.join(self.scratch, 'log'), encoding='utf-8') as f:
                raise RuntimeError('%s over %s: %s\n%s' % (command, protocol, told, f.read()[-3000:]))
        return told.get('retrans', 0)

    def count(self, command, protocol, times):
        for _ in range(TRIES):
            self.control('-i', 'on')
            again = self.load(command, protocol, times)
            self.control('-i', 'off')
            self.control('-d')
            if not again:
                return cost(profiles(self.out)[-1], self.program)
        raise RuntimeError('%s: %d messages were sent again' % (command, again))

    def each(self, command, protocol):
        """(all, ours) of one."""
        self.load(command, protocol, SHORT)     # what is bought once: tables, queues, connections
        short, long = self.count(command, protocol, SHORT), self.count(command, protocol, LONG)
        return tuple(round((b - a) / (LONG - SHORT)) for a, b in zip(short, long))


def count_messages(folder, scratch, wanted=None):
    """{name: (all, ours)} of whole messages, transactions and calls."""
    figures = {}
    for variant in dict.fromkeys(m[3] for m in MESSAGES):
        rows = [m for m in MESSAGES if m[3] == variant and (not wanted or m[0] in wanted)]
        if not rows:
            continue
        with Server(folder, scratch, variant) as server:
            for name, command, protocol, _, _ in rows:
                figures[name] = server.each(command, protocol)
    return figures
