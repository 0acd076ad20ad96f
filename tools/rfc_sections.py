#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""List the section numbers of RFC texts, for the test that every cited section exists.

    rfc_sections.py FOLDER > tests/codes/sections.txt       FOLDER holds rfc3261.txt and so on

One line an RFC: its number, then the numbers of its sections, appendices as "A" or "A.1". Only the RFCs that src/codes
cites are listed.
"""
import os
import re
import sys

HEADING = re.compile(r'^ {0,3}(?:Appendix )?((?:\d{1,2}|[A-Z])(?:\.\d{1,3})*)\.?(?: {1,4}|: )\S', re.M)


def cited(root):
    for base, _, names in os.walk(root):
        for name in names:
            if name.endswith(('.txt', '.csv')):
                yield from re.findall(r'RFC (\d+)', open(os.path.join(base, name), encoding='utf-8').read())


def sections(text):
    """Numbers of headings: those that stand at the beginning of a line, in the table of contents too."""
    seen = dict.fromkeys(HEADING.findall(text))
    return [s for s in seen if not (s.isalpha() and len(s) == 1 and f'Appendix {s}' not in text)]


def main(folder):
    root = os.path.join(os.path.dirname(__file__), '..', 'src', 'codes')
    print('# The sections of each RFC that src/codes cites. Made by tools/rfc_sections.py.')
    for rfc in sorted(set(cited(root)), key=int):
        path = os.path.join(folder, f'rfc{rfc}.txt')
        if os.path.exists(path):
            print(rfc, *sections(open(path, encoding='utf-8', errors='replace').read()))
        else:
            print(rfc, '-')


if __name__ == '__main__':
    main(sys.argv[1])
