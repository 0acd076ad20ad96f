#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance.py - which requirement is shown by which test, and what came of it: docs/conformance.md, made from

    docs/requirements.tsv              the rules
    docs/conformance-reasons.tsv       why a rule has no test, or where sluice departs from it
    tests/                             a test names the rules it shows: in C by a comment right above the function that begins with
                                       numbers, as in "/* OB-42 TP-03 */" or "/* OB-42: why */"; in Python by a docstring that
                                       begins with them, as in "OB-81 OB-90: the order"
    tests/conformance/results/*.tsv    what runs of the tests gave: our own, Kamailio's, that of a server that says 200 to
                                       everything, that of silence, and that of ourselves broken on purpose

    conformance.py             write docs/conformance.md
    conformance.py --check     exit status 1 when it is not current, a test names a number that does not exist, or a test with
                               a number is not in our results as passed
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
AGENT = 'waits for the user agent'


def requirements(text):
    """The rows of requirements.tsv: {number: (level, source, rule)}, in order."""
    rows = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            number, level, source, rule = line.split('\t')
            assert number not in rows, number + ' stands there twice'
            rows[number] = (level, source, rule)
    return rows


def reasons(text, rows):
    """{number: why it has no test, or is departed from}. A rule of the user agent alone needs no row."""
    out = {n: AGENT for n, (_, _, rule) in rows.items() if rule.startswith('UA:')}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            numbers, reason = line.split('\t')
            for number in numbers.split():
                assert number in rows, number + ' does not exist'
                out[number] = reason
    return out


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
    """{number: ["file::test"]}, and {number: a file that mentions it} for all that are mentioned anywhere."""
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
                    tests = shown.setdefault(number, [])
                    if short + '::' + test not in tests:
                        tests.append(short + '::' + test)
    return shown, mentioned


class Run:
    """The results of one run: a version, and {test: (outcome, detail)}."""

    def __init__(self, text=''):
        first, *rows = text.splitlines() or ['']
        self.version = first[2:]
        self.of_test = {r[0]: (r[1], r[2]) for r in ((row + '\t').split('\t')[:3] for row in rows)}

    def outcome(self, test):
        return self.of_test.get(test, ('not run', ''))[0]

    def count(self, outcome, tests=None):
        return sum(self.outcome(t) == outcome for t in (self.of_test if tests is None else tests))


class Mutants:
    """What sluice broken on purpose made fail: {mutant: the rules it breaks}, {test: mutants}."""

    def __init__(self, text=''):
        self.rules, self.of_test = {}, {}
        for row in text.splitlines():
            if row.startswith('#'):
                continue
            name, outcome, rules, tests = row.split('\t')
            if outcome == 'failed':
                self.rules[name] = rules.split()
                for test in tests.split():
                    self.of_test.setdefault(test, []).append(name)

    def of_rule(self, number):
        return [name for name, rules in self.rules.items() if number in rules]

    def of_any(self, tests):
        """One that breaks more than a single rule."""
        return [names[0] for names in map(self.of_test.get, tests) if names][:1]


def read_runs(folder):
    runs = {}
    for name in ('sluice', 'kamailio', 'yes-man', 'silence', 'mutants'):
        try:
            with open(os.path.join(folder, name + '.tsv'), encoding='utf-8') as file:
                text = file.read()
        except FileNotFoundError:
            text = ''
        runs[name] = (Mutants if name == 'mutants' else Run)(text)
    return runs


def ours(tests, run):
    """What our own run says of a rule."""
    if run.count('failed', tests):
        return '**failed**'
    return 'passed' if tests and run.count('passed', tests) == len(tests) else 'not run'


def theirs(tests, run):
    """What another server's run says of it: of the tests that could be put to it."""
    passed, failed = run.count('passed', tests), run.count('failed', tests)
    if not passed + failed:
        return 'not run'
    if not failed:
        return 'passed'
    if passed + failed > 1:
        return 'failed' if not passed else '%d of %d tests failed' % (failed, passed + failed)
    cases = [re.match(r'\d+ of \d+(?=: )', run.of_test[t][1]) for t in tests if t in run.of_test]
    return 'failed (%s cases)' % cases[0].group() if cases[0] else 'failed'


def seen_to_fail(number, tests, runs):
    """How it is known that a test of this rule can fail."""
    how = []
    if runs['yes-man'].count('failed', tests):
        how.append('yes-man')
    if runs['silence'].count('failed', tests):
        how.append('silence')
    mutants = runs['mutants'].of_rule(number) or ([] if how else runs['mutants'].of_any(tests))
    return ', '.join(how + ['mutant ' + ' '.join(mutants)] * bool(mutants)) or 'not yet'


def cell(text):
    return text.replace('|', '\\|')


def head(rows, shown, why, runs):
    kamailio = runs['kamailio']
    both = [t for tests in shown.values() for t in tests]
    both = sorted(t for t in set(both) if kamailio.outcome(t) in ('passed', 'failed'))
    tests = sorted({t for tests in shown.values() for t in tests})
    outside = [t for t in tests if runs['yes-man'].outcome(t) == 'failed' or runs['silence'].outcome(t) == 'failed']
    unseen = [t for t in tests if t not in outside and t not in runs['mutants'].of_test]
    failing = [n for n in rows if ours(shown.get(n, []), runs['sluice']) == '**failed**']
    silent = [n for n in rows if n not in shown and n not in why]
    out = ['# Conformance', '',
           'What each requirement came to, by tests that were run. Made by `tools/conformance.py` from [requirements.tsv](requirements.tsv), the',
           'numbers in the tests and the results in [tests/conformance/results](../tests/conformance/results); not edited by hand.', '',
           '- **sluice** is %s: all tests, the unit tests too. Rules that fail: %s. Rules without a test and without a reason: %s.' % (
               runs['sluice'].version or 'not run', ', '.join(failing) or 'none', ', '.join(silent) or 'none'),
           '- **Kamailio** is %s with [this configuration](../tests/conformance/kamailio/kamailio.cfg.in): the same black-box tests by' % (kamailio.version.strip() or 'not run'),
           '  `./test --target`, as far as they need no configuration, command line or restart of sluice\'s own. Of the %d tests with numbers' % len(both),
           '  that could be put to it, %d passed. A test of several rules fails with the first of them, and with what sluice promises beyond' % kamailio.count('passed', both),
           '  the rule: it says that the two differ there, not that every rule in the row is broken.',
           '- **seen to fail**: the test failed against a server that says 200 to everything (*yes-man*), against one that says nothing (*silence*),',
           '  or with sluice broken on purpose (*mutant*, named in [mutants.tsv](../tests/conformance/mutants.tsv)). Of the %d tests with numbers' % len(tests),
           '  %d failed against those two servers, %d more with a mutant. Not yet seen to fail: %s.' % (
               len(outside), len(tests) - len(outside) - len(unseen), ', '.join('`%s`' % t for t in unseen) or 'none'), '',
           '| area | %s | all |' % ' | '.join(LEVELS), '| --- |%s --- |' % (' --- |' * len(LEVELS))]

    def counts(title, wanted):
        cells = []
        for level in LEVELS + ['']:
            of_level = [n for n in wanted if rows[n][0].startswith(level)]
            cells.append('%d of %d' % (sum(n in shown for n in of_level), len(of_level)) if of_level else '')
        out.append('| %s | %s |' % (title, ' | '.join(cells)))

    for area, title in AREAS:
        counts('[%s](#%s)' % (title, title.lower().replace(' ', '-')), [n for n in rows if n.startswith(area + '-')])
    counts('together', list(rows))
    return out


def shown_by(tests):
    by_file = {}
    for test in tests:
        file, _, name = test.partition('::')
        by_file.setdefault(file, []).append('`%s`' % name)
    return '; '.join('%s: %s' % (file, ', '.join(names)) for file, names in by_file.items())


def document(rows, shown, why, runs):
    """The text of conformance.md."""
    out = head(rows, shown, why, runs)
    for area, title in AREAS:
        out += ['', '## ' + title, '', '| number | level | source | rule | sluice | Kamailio | seen to fail | shown by, or why not |',
                '| --- | --- | --- | --- | --- | --- | --- | --- |']
        for number in (n for n in rows if n.startswith(area + '-')):
            tests = shown.get(number)
            if tests:
                note = '. ' + why[number] if why.get(number, AGENT) != AGENT else ''
                tail = [ours(tests, runs['sluice']), theirs(tests, runs['kamailio']), seen_to_fail(number, tests, runs), shown_by(tests) + note]
            else:
                tail = ['not shown', '', '', why.get(number, 'not yet shown')]
            out.append('| %s | %s |' % (number, ' | '.join(cell(c) for c in (*rows[number], *tail))))
    return '\n'.join(out) + '\n'


def self_test():
    assert list(tests_of_c('/* OB-42 TP-03 */\nstatic void a(void **state)\n{')) == [('a', ['OB-42', 'TP-03'])]
    assert list(tests_of_c('/* OB-42, TP-03: why,\n * MS-01 */\nstatic void a(void **state)')) == [('a', ['OB-42', 'TP-03'])]
    assert list(tests_of_c('/* as OB-42 */\nstatic void a(void **state)\n/* x */ /* MS-01 */\nint b;')) == [('a', [])]
    assert list(tests_of_python('def test_a():\n    """AU-01 AU-02: why AU-03."""\n')) == [('test_a', ['AU-01', 'AU-02'])]
    assert list(tests_of_python('def test_a():\n    """SHA-256, P1."""\n')) == [('test_a', [])]
    rows = requirements('# x\nMS-01\tMUST\tRFC 1 §2\ta | b\nMS-02\tSHOULD NOT\tRFC 1 §3\tc\nMS-03\tMUST\tRFC 1 §4\tUA: d\n')
    why = reasons('# x\nMS-02\tfor no reason\n', rows)
    runs = {name: Run() for name in ('yes-man', 'silence')}
    runs.update(sluice=Run('# v1\nsip/x.c::a\tpassed\nsip/x.c::b\tpassed\t3 cases\n'), kamailio=Run('# v2\nsip/x.c::a\tfailed\t2 of 3: x\n'),
                mutants=Mutants('# \nm1\tfailed\tMS-01 MS-02\tsip/x.c::a\nm2\tpassed\tMS-01\tsip/x.c::a\nm3\tfailed\t\tsip/x.c::b\n'))
    text = document(rows, {'MS-01': ['sip/x.c::a', 'sip/x.c::b']}, why, runs)
    assert '| MS-01 | MUST | RFC 1 §2 | a \\| b | passed | failed (2 of 3 cases) | mutant m1 | sip/x.c: `a`, `b` |' in text
    assert '| MS-02 | SHOULD NOT | RFC 1 §3 | c | not shown |  |  | for no reason |' in text
    assert '| MS-03 | MUST | RFC 1 §4 | UA: d | not shown |  |  | %s |' % AGENT in text
    assert '| together | 1 of 2 | 0 of 1 |  |  | 1 of 3 |' in text
    assert ours(['sip/x.c::a', 'sip/x.c::c'], runs['sluice']) == 'not run'
    assert runs['mutants'].of_rule('MS-02') == ['m1'] and runs['mutants'].of_any(['y', 'sip/x.c::b']) == ['m3']
    assert theirs(['sip/x.c::a'], runs['kamailio']) == 'failed (2 of 3 cases)' and theirs(['y'], runs['kamailio']) == 'not run'


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    if sys.argv[1:] not in ([], ['--check']):
        sys.exit(__doc__)
    rows = requirements(read('docs', 'requirements.tsv'))
    shown, mentioned = read_tests(os.path.join(ROOT, 'tests'))
    unknown = sorted(set(mentioned) - set(rows))
    if unknown:
        sys.exit('\n'.join('tests/%s names %s, which docs/requirements.tsv does not have' % (mentioned[n], n) for n in unknown))
    why = reasons(read('docs', 'conformance-reasons.tsv'), rows)
    runs = read_runs(os.path.join(ROOT, 'tests', 'conformance', 'results'))
    text = document(rows, shown, why, runs)
    target = os.path.join(ROOT, 'docs', 'conformance.md')
    if not sys.argv[1:]:
        with open(target, 'w', encoding='utf-8') as file:
            file.write(text)
        return
    missing = sorted({t for tests in shown.values() for t in tests if runs['sluice'].outcome(t) != 'passed'})
    if missing:
        sys.exit('not in tests/conformance/results/sluice.tsv as passed (tests/conformance/run sluice BUILD writes it):\n' + '\n'.join(missing))
    if not os.path.exists(target) or read('docs', 'conformance.md') != text:
        sys.exit('docs/conformance.md is not current: run tools/conformance.py')


main()
