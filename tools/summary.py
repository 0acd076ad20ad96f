#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Count what the parts of ./test report, and end with the one line "N passed, N failed".

    summary.py [--meson testlog.json] [--junit results.xml] [--fuzz results]

A cmocka program counts with each of its tests; one that dies without saying which test failed is one
failure, and so is a part that left no results. Exit status 1 when anything failed.
"""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

PASSED = re.compile(r'^\[  PASSED  \] (\d+) test\(s\)', re.M)
FAILED = re.compile(r'^\[  FAILED  \] (\d+) test\(s\)', re.M)
SKIPPED = re.compile(r'^\[  SKIPPED \] (\d+) test\(s\)', re.M)


class Count:
    def __init__(self):
        self.passed, self.failed, self.reasons, self.failures = 0, 0, [], []

    def fail(self, name, count=1):
        self.failed += count
        self.failures.append(name)


def add_meson(count, path):
    with open(path, encoding='utf-8') as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if not rows:
        raise ValueError('no tests')
    for row in rows:
        text = (row.get('stdout') or '') + '\n' + (row.get('stderr') or '')
        passed, failed, skipped = (sum(map(int, p.findall(text))) for p in (PASSED, FAILED, SKIPPED))
        count.reasons += [f'{row["name"]}: skipped'] * (skipped or row['result'] == 'SKIP')
        if row['result'] in ('OK', 'EXPECTEDFAIL'):
            count.passed += passed or 1
        elif row['result'] != 'SKIP':
            count.passed += passed
            count.fail(f'{row["name"]} ({row["result"]})', failed or 1)


def add_junit(count, path):
    for case in ElementTree.parse(path).getroot().iter('testcase'):
        name = f'{case.get("classname", "")}::{case.get("name", "")}'
        skipped = case.find('skipped')
        if case.find('failure') is not None or case.find('error') is not None:
            count.fail(name)
        elif skipped is not None:
            count.reasons.append(f'{name}: {skipped.get("message", "")}')
        else:
            count.passed += 1


def add_fuzz(count, path):
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            result, name = line.split()
            if result == 'pass':
                count.passed += 1
            else:
                count.fail('fuzz ' + name)


def main(args):
    count = Count()
    for kind, path in zip(args[::2], args[1::2]):
        try:
            {'--meson': add_meson, '--junit': add_junit, '--fuzz': add_fuzz}[kind](count, path)
        except (OSError, ValueError, ElementTree.ParseError) as trouble:
            count.fail(f'{path}: {trouble}')
    print()
    for reason in count.reasons:
        print('skipped:', reason)
    for name in count.failures:
        print('failed:', name)
    skipped = f', {len(count.reasons)} skipped' if count.reasons else ''
    print(f'{count.passed} passed, {count.failed} failed{skipped}')
    return 1 if count.failed or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
