#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layering.py - no room includes what stands below it.

A room is a folder of src/. It may include its own files and the public headers (src/ROOM/include/) of
the rooms above it, in the order of ROOMS. The proof is what the compiler really read, as Ninja recorded
it: a header that comes in by way of another counts too.

    layering.py BUILD_DIR      check a finished build; exit status 1 and one sentence a breach
    layering.py --self-test    check that a breach is found
"""
import os
import subprocess
import sys

ROOMS = ['base', 'codes', 'sip', 'loop', 'transport', 'transaction', 'location', 'auth', 'moves', 'registrar', 'proxy',
         'server', 'console', 'cli']


def parse_deps(text, base):
    """The (source, header) pairs of `ninja -t deps`, as absolute paths. A target's line is followed by
    its files, indented, the source first."""
    source = None
    for line in text.splitlines():
        if not line.startswith(' '):
            source = None
            continue
        path = os.path.normpath(os.path.join(base, line.strip()))
        if source is None:
            source = path
        else:
            yield source, path


def place(path, roots):
    """Where a file stands below the project or the build folder, as a list of names; None elsewhere."""
    for root in roots:
        if path.startswith(root + os.sep):
            return path[len(root) + 1:].split(os.sep)
    return None


def breach(source, header):
    """The sentence that says what is wrong with this inclusion; None when it is fine."""
    room = source[1]
    name = '/'.join(source)
    wanted = '/'.join(header)
    if room not in ROOMS:
        return f'{name}: {room} is no room: give it its place in the table of tests/layering.py'
    if header[0] != 'src' or len(header) < 3:
        return f'{name} includes {wanted}: a room includes nothing of the project outside src/'
    other = header[1]
    if other == room:
        return None
    if other not in ROOMS:
        return f'{name} includes {wanted}: {other} is no room: give it its place in the table of tests/layering.py'
    if ROOMS.index(other) > ROOMS.index(room):
        return f'{name} includes {wanted}: {other} stands below {room}, which may use only rooms above it'
    if header[2] != 'include':
        return f'{name} includes {wanted}: that header is private to {other}'
    return None


def check(text, project, build):
    """The breaches, in order and each once, and the number of sources looked at."""
    roots = [build, project]        # the build folder may lie inside the project
    breaches, sources = set(), set()
    for source, header in parse_deps(text, build):
        source_place, header_place = place(source, roots), place(header, roots)
        if not source_place or source_place[0] != 'src' or len(source_place) < 3:
            continue                # tests and the like may include what they like
        sources.add(source)
        if header_place:
            breaches.add(breach(source_place, header_place))
    return sorted(breaches - {None}), len(sources)


SELF_TEST = '''src/sip/libsip.a.p/uri.c.o: #deps 5, deps mtime 1 (VALID)
    ../src/sip/uri.c
    /usr/include/string.h
    ../src/sip/include/uri.h
    ../src/base/include/str.h
    ../src/sip/uri_private.h

src/sip/libsip.a.p/bad.c.o: #deps 7, deps mtime 1 (VALID)
    ../src/sip/bad.c
    ../src/proxy/include/proxy.h
    ../src/base/word.h
    ../tests/base/check.h
    ../src/attic/include/attic.h
    src/sip/table.h
    src/proxy/generated.h

src/attic/libattic.a.p/old.c.o: #deps 2, deps mtime 1 (VALID)
    ../src/attic/old.c
    ../src/base/include/str.h

tests/sip/test-sip-uri.p/uri.c.o: #deps 2, deps mtime 1 (VALID)
    ../tests/sip/uri.c
    ../src/cli/cli_private.h
'''

SELF_TEST_BREACHES = [
    'src/attic/old.c: attic is no room: give it its place in the table of tests/layering.py',
    'src/sip/bad.c includes src/attic/include/attic.h: attic is no room: give it its place in the table of'
    ' tests/layering.py',
    'src/sip/bad.c includes src/base/word.h: that header is private to base',
    'src/sip/bad.c includes src/proxy/generated.h: proxy stands below sip, which may use only rooms above it',
    'src/sip/bad.c includes src/proxy/include/proxy.h: proxy stands below sip, which may use only rooms above it',
    'src/sip/bad.c includes tests/base/check.h: a room includes nothing of the project outside src/',
]


def self_test():
    breaches, sources = check(SELF_TEST, '/project', '/project/build')
    if breaches == SELF_TEST_BREACHES and sources == 3:
        return 0
    print('the self-test expected', SELF_TEST_BREACHES, 'in 3 sources and got', breaches, 'in', sources)
    return 1


def main(args):
    if args == ['--self-test']:
        return self_test()
    if len(args) != 1:
        print(__doc__)
        return 2
    build = os.path.realpath(args[0])
    project = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    ninja = os.environ.get('NINJA', 'ninja')
    text = subprocess.run([ninja, '-C', build, '-t', 'deps'], check=True, capture_output=True, text=True).stdout
    breaches, sources = check(text, project, build)
    for sentence in breaches:
        print(sentence)
    if not sources:
        print(f'{build}: no source of src/ has been compiled there: build first')
    print(f'{sources} sources, {len(breaches)} breaches')
    return 1 if breaches or not sources else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
