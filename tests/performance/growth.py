# SPDX-License-Identifier: Apache-2.0
"""The checker of instructions sees what it is there for: tables and figures that do not go together, put to bench/micro/run as the
other test puts real ones. Arguments: bench/micro/run, docs/performance.md."""
import json
import os
import subprocess
import sys
import tempfile

RUN, DOCUMENT = sys.argv[1:]
sys.path.insert(0, os.path.dirname(RUN))
sys.dont_write_bytecode = True
import table  # noqa: E402  (lives beside RUN)

MESSAGES = {'OPTIONS over UDP': (10000, 7000), 'call over UDP': (123456, 99999)}
FUNCTIONS = {'parse INVITE': (4000, 3900), 'map: find': (47, 47)}


def status(folder, document, made_with='gcc 12', messages=None, functions=None):
    """What `run --check` says of these figures and this document: (status, text)."""
    path, figures = os.path.join(folder, 'table.md'), os.path.join(folder, 'figures.json')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(document)
    with open(figures, 'w', encoding='utf-8') as f:
        json.dump([made_with, messages or MESSAGES, functions or FUNCTIONS], f)
    done = subprocess.run([sys.executable, '-B', RUN, '--figures', figures, '--check', path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        document = f'before\n{table.BEGIN}\n{table.END}\nafter\n'
        document = table.replace(document, table.write('gcc 12', MESSAGES, FUNCTIONS))
        cases = [
            ('the same figures pass', 0, 'wrong', document, {}),
            ('9 % more passes', 0, ' 0 wrong', document, {'functions': {**FUNCTIONS, 'parse INVITE': (4360, 0)}}),
            ('11 % more fails', 1, 'parse INVITE', document, {'functions': {**FUNCTIONS, 'parse INVITE': (4440, 0)}}),
            ('so it does for a whole message', 1, 'call over UDP', document, {'messages': {**MESSAGES, 'call over UDP': (140000, 0)}}),
            ('a doctored table fails', 1, 'parse INVITE: 4 000', document.replace('| 4 000 |', '| 3 000 |'), {}),
            ('half passes, and is told', 0, '50 % fewer', document, {'functions': {**FUNCTIONS, 'parse INVITE': (2000, 0)}}),
            ('a new figure must be in the table', 1, 'new: not in', document, {'functions': {**FUNCTIONS, 'new': (1, 1)}}),
            ('a row that nobody measures', 1, 'not measured', document, {'functions': {'map: find': (47, 47)}}),
            ('another compiler has no table', 77, 'gcc 13', document, {'made_with': 'gcc 13'}),
            ('a document without markers', 1, 'must stand once', document.replace(table.END, ''), {}),
            ('an empty table', 1, 'table is empty', f'{table.BEGIN}\nMade with gcc 12.\n{table.END}\n', {}),
        ]
        failed = 0
        for name, wanted, words, text, figures in cases:
            got, told = status(folder, text, **figures)
            if got != wanted or words not in told:
                failed += 1
                print(f'{name}: status {got}, not {wanted} with "{words}":\n{told}')
        if table.replace(document, table.write('gcc 12', MESSAGES, FUNCTIONS)) != document:
            failed += 1
            print('a renewed table of the same figures is another')
        with open(DOCUMENT, encoding='utf-8') as f:
            if len(table.read(f.read())[1]) < 20:
                failed += 1
                print(f'{DOCUMENT}: few rows were found')
        print(f'{len(cases) + 2} cases, {failed} failed')
        return 1 if failed else 0


sys.exit(main())
