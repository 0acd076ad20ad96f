#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance.py - which test shows which requirement: docs/conformance.md, made from docs/requirements.tsv and the tests.

A test names what it shows: in C by a comment right above the function that begins with numbers, as in
"/* OB-42 TP-03 */" or "/* OB-42: why */"; in Python by a docstring that begins with them, as in "OB-81 OB-90: the order".

    conformance.py             write docs/conformance.md
    conformance.py --check     exit status 1 when it is not current or a test names a number that does not exist
    conformance.py --self-test
"""
import ast
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AREAS = [('MS', 'Messages'), ('TP', 'Transport'), ('TX', 'Transactions'), ('RG', 'Registrar'), ('AU', 'Authentication'),
         ('PX', 'Proxy'), ('OB', 'SIP Outbound'), ('RD', 'Redirects')]
LEVELS = ['MUST', 'SHOULD', 'MAY', 'ADVICE']
NUMBER = re.compile(r'\b(?:%s)-\d+\b' % '|'.join(area for area, _ in AREAS))
LEADING = re.compile(r'(?:%s[\s,]*)+' % NUMBER.pattern)
C_TEST = re.compile(r'/\*((?:(?!\*/).)*)\*/\s*static\s+void\s+(\w+)\s*\(\s*void\s*\*\*', re.S)


def requirements(text):
    """The rows of requirements.tsv: {number: (level, source, rule)}, in order."""
    rows = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            number, level, source, rule = line.split('\t')
            assert number not in rows, number + ' stands there twice'
            rows[number] = (level, source, rule)
    return rows


def leading_numbers(text):
    """The numbers a comment begins with."""
    found = LEADING.match(text.lstrip(' \t\n*'))
    return NUMBER.findall(found.group()) if found else []


def tests_of_c(text):
    """(test, numbers) for every C test function with a comment directly above it."""
    for found in C_TEST.finditer(text):
        yield found.group(2), leading_numbers(found.group(1))


def tests_of_python(text):
    """(test, numbers) for every Python test with a docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
            yield node.name, leading_numbers(ast.get_docstring(node) or '')


def read_tests(folder):
    """{number: {file: [tests]}}, and {number: a file that mentions it} for all that are mentioned anywhere."""
    shown, mentioned = {}, {}
    for where, folders, names in sorted(os.walk(folder)):
        folders.sort()
        for name in sorted(names):
            if not name.endswith(('.c', '.h', '.py')):
                continue
            path = os.path.join(where, name)
            short = os.path.relpath(path, folder)
            with open(path, encoding='utf-8') as file:
                text = file.read()
            for number in NUMBER.findall(text):
                mentioned.setdefault(number, short)
            for test, numbers in (tests_of_python if name.endswith('.py') else tests_of_c)(text):
                for number in numbers:
                    tests = shown.setdefault(number, {}).setdefault(short, [])
                    if test not in tests:
                        tests.append(test)
    return shown, mentioned


def cell(text):
    return text.replace('|', '\\|')


def document(rows, shown):
    """The text of conformance.md."""
    out = ['# Conformance', '',
           'Which test shows which requirement. Made by `tools/conformance.py` from [requirements.tsv](requirements.tsv) and the',
           'numbers in the tests; not edited by hand. "Not yet shown" means that no test would fail if the rule were broken:',
           'sluice may follow it, or the feature is not there yet. UA is the command-line user agent.', '',
           '| area | %s | all |' % ' | '.join(LEVELS), '| --- |%s --- |' % (' --- |' * len(LEVELS))]

    def counts(title, wanted):
        cells = []
        for level in LEVELS + ['']:
            of_level = [n for n in wanted if rows[n][0].startswith(level)]
            cells.append('%d of %d' % (sum(n in shown for n in of_level), len(of_level)) if of_level else '')
        out.append('| %s | %s |' % (title, ' | '.join(cells)))

    of_area = {area: [n for n in rows if n.startswith(area + '-')] for area, _ in AREAS}
    for area, title in AREAS:
        counts('[%s](#%s)' % (title, title.lower().replace(' ', '-')), of_area[area])
    counts('together', list(rows))
    for area, title in AREAS:
        out += ['', '## ' + title, '', '| number | level | source | rule | shown by |', '| --- | --- | --- | --- | --- |']
        for number in of_area[area]:
            files = shown.get(number)
            by = '; '.join('%s: %s' % (file, ', '.join('`%s`' % t for t in tests)) for file, tests in files.items()) \
                if files else 'not yet shown'
            out.append('| %s | %s |' % (number, ' | '.join(cell(c) for c in (*rows[number], by))))
    return '\n'.join(out) + '\n'


def self_test():
    assert list(tests_of_c('/* OB-42 TP-03 */\nstatic void a(void **state)\n{')) == [('a', ['OB-42', 'TP-03'])]
    assert list(tests_of_c('/* OB-42, TP-03: why,\n * MS-01 */\nstatic void a(void **state)')) == [('a', ['OB-42', 'TP-03'])]
    assert list(tests_of_c('/* as OB-42 */\nstatic void a(void **state)\n/* x */ /* MS-01 */\nint b;')) == [('a', [])]
    assert list(tests_of_python('def test_a():\n    """AU-01 AU-02: why AU-03."""\n')) == [('test_a', ['AU-01', 'AU-02'])]
    assert list(tests_of_python('def test_a():\n    """SHA-256, P1."""\n')) == [('test_a', [])]
    rows = requirements('# x\nMS-01\tMUST\tRFC 1 §2\ta | b\nMS-02\tSHOULD NOT\tRFC 1 §3\tc\n')
    text = document(rows, {'MS-01': {'sip/x.c': ['a', 'b']}})
    assert '| MS-01 | MUST | RFC 1 §2 | a \\| b | sip/x.c: `a`, `b` |' in text
    assert '| MS-02 | SHOULD NOT | RFC 1 §3 | c | not yet shown |' in text
    assert '| together | 1 of 1 | 0 of 1 |  |  | 1 of 2 |' in text


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    if sys.argv[1:] not in ([], ['--check']):
        sys.exit(__doc__)
    target = os.path.join(ROOT, 'docs', 'conformance.md')
    with open(os.path.join(ROOT, 'docs', 'requirements.tsv'), encoding='utf-8') as file:
        rows = requirements(file.read())
    shown, mentioned = read_tests(os.path.join(ROOT, 'tests'))
    unknown = sorted(set(mentioned) - set(rows))
    if unknown:
        sys.exit('\n'.join('tests/%s names %s, which docs/requirements.tsv does not have' % (mentioned[n], n) for n in unknown))
    text = document(rows, shown)
    if sys.argv[1:]:
        try:
            with open(target, encoding='utf-8') as file:
                current = file.read() == text
        except FileNotFoundError:
            current = False
        if not current:
            sys.exit('docs/conformance.md is not current: run tools/conformance.py')
        return
    with open(target, 'w', encoding='utf-8') as file:
        file.write(text)


main()
