#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""results.py - what a run of the tests gave, as a small file to keep: one row a test function.

    results.py OUT VERSION [--junit results.xml] [--meson testlog.json]

A row is the test, passed, failed or skipped, and why. A function with many cases has failed when one of them has, and
was skipped when all of them were. tools/conformance.py reads these files.
"""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
SAID = re.compile(r'^\[ *(OK|FAILED|SKIPPED) *\] (\w+)$', re.M)
WORDS = {'OK': 'passed', 'FAILED': 'failed', 'SKIPPED': 'skipped'}


def shorten(text):
    """The first line of a reason, without what differs from run to run."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    line = re.sub(r'0x[0-9a-f]+|\b[0-9a-f]{12}\b|(?<=:)\d{5}\b|\d+\.\d{4,}', '…', lines[0]) if lines else ''
    return line.replace('\t', ' ').replace('AssertionError: ', '')[:100]


def of_junit(path):
    """(test, outcome, reason) for every case of a pytest run."""
    for case in ElementTree.parse(path).getroot().iter('testcase'):
        test = '/'.join(case.get('classname').split('.')[1:]) + '.py::' + case.get('name').split('[')[0]
        bad = [n for n in (case.find('failure'), case.find('error')) if n is not None]
        skipped = case.find('skipped')
        if bad:
            yield test, 'failed', shorten(bad[0].get('message', ''))
        elif skipped is not None:
            yield test, 'skipped', shorten(skipped.get('message', ''))
        else:
            yield test, 'passed', ''


def file_of(room, name, function):
    """The C file of a program's test function, as docs/conformance.md names it."""
    guess = os.path.join(TESTS, room, name + '.c')
    for path in [guess] + sorted(glob.glob(os.path.join(TESTS, room, '*.c'))):
        if os.path.exists(path) and re.search(r'^static void %s\(void \*\*' % function, open(path, encoding='utf-8').read(), re.M):
            return os.path.relpath(path, TESTS)
    return room + '/' + name + '.c'


def of_meson(path):
    """The same for the cmocka programs of a meson run."""
    with open(path, encoding='utf-8') as lines:
        for row in map(json.loads, filter(str.strip, lines)):
            room, _, name = row['name'].split(' / ')[-1].partition(' ')
            for word, function in sorted(set(SAID.findall((row.get('stdout') or '') + '\n' + (row.get('stderr') or '')))):
                yield '%s::%s' % (file_of(room, name, function), function), WORDS[word], ''


def join(cases):
    """{test: (outcome, detail)} of all cases."""
    of_test = {}
    for test, outcome, reason in cases:
        of_test.setdefault(test, []).append((outcome, reason))
    out = {}
    for test, seen in of_test.items():
        failed = [reason for outcome, reason in seen if outcome == 'failed']
        skipped = [reason for outcome, reason in seen if outcome == 'skipped']
        if failed:
            count = '' if len(seen) == 1 else '%d of %d: ' % (len(failed), len(seen))
            out[test] = ('failed', count + sorted(failed)[0])
        elif len(skipped) == len(seen):
            out[test] = ('skipped', skipped[0])
        else:
            out[test] = ('passed', '' if len(seen) == 1 else '%d cases' % (len(seen) - len(skipped)))
    return out


def write(path, version, cases, kept=()):
    """The cases of a run, and rows of an earlier one."""
    rows = sorted('\t'.join((test, *result)).rstrip() for test, result in {**dict(kept), **join(cases)}.items())
    with open(path, 'w', encoding='utf-8') as file:
        file.write('# %s\n%s\n' % (version, '\n'.join(rows)))


def read(path):
    """(version, {test: (outcome, detail)})."""
    with open(path, encoding='utf-8') as file:
        first, *rows = file.read().splitlines()
    return first[2:], {test: (outcome, detail) for test, outcome, detail in ((r + '\t').split('\t')[:3] for r in rows)}


def main(args):
    if len(args) < 4 or len(args) % 2:
        sys.exit(__doc__)
    cases = []
    for kind, path in zip(args[2::2], args[3::2]):
        cases += {'--junit': of_junit, '--meson': of_meson}[kind](path)
    write(args[0], args[1], cases)


if __name__ == '__main__':
    main(sys.argv[1:])
