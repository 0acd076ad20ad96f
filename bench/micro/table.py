# SPDX-License-Identifier: Apache-2.0
"""The figures as a table in a document, read back and compared."""
import re

import counting

BEGIN, END = '<!-- instructions: begin -->', '<!-- instructions: end -->'
TOO_MUCH = 1.10         # the growth that must be told


def grouped(number):
    return f'{number:,}'.replace(',', ' ')


def write(made_with, messages, functions):
    """The table. messages, functions: {name: (all, ours)}."""
    lines = [f'Made with {made_with}.', '', '| whole messages | messages in | instructions | of these sluice\'s own | for each message in |',
             '| --- | ---: | ---: | ---: | ---: |']
    for name, _, _, _, count in counting.MESSAGES:
        if name in messages:
            total, ours = messages[name]
            lines.append(f'| {name} | {count} | {grouped(total)} | {grouped(ours)} | {grouped(round(total / count))} |')
    lines += ['', '| single functions | instructions | of these sluice\'s own |', '| --- | ---: | ---: |']
    for name, (total, ours) in functions.items():
        lines.append(f'| {name} | {grouped(total)} | {grouped(ours)} |')
    return '\n'.join(lines) + '\n'


def section(document):
    """What stands between the markers."""
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise ValueError(f'the table must stand once between {BEGIN} and {END}')
    return document.split(BEGIN)[1].split(END)[0]


def replace(document, table):
    section(document)
    return document.split(BEGIN)[0] + BEGIN + '\n' + table + END + document.split(END)[1]


def read(document):
    """(made with, {name: instructions})."""
    text = section(document)
    made_with = re.search(r'^Made with (.*)\.$', text, re.M)
    if not made_with:
        raise ValueError('the table does not say what it was made with')
    rows, column = {}, None
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        if 'instructions' in cells:
            column = cells.index('instructions')
        elif column and re.fullmatch(r'[\d ]+', cells[column] if len(cells) > column else ''):
            rows[cells[0]] = int(cells[column].replace(' ', ''))
    if not rows:
        raise ValueError('the table is empty')
    return made_with.group(1), rows


def compare(table, figures):
    """(what is wrong, what else is to be said). table: {name: instructions}, figures: {name: (all, ours)}."""
    wrong, remarks = [], []
    for name, (now, _) in figures.items():
        if name not in table:
            wrong.append(f'{name}: not in the table')
        elif now > table[name] * TOO_MUCH:
            wrong.append(f'{name}: {grouped(now)} instructions, {100 * (now / table[name] - 1):.0f} % more than the table\'s {grouped(table[name])}')
        elif now * TOO_MUCH < table[name]:
            remarks.append(f'{name}: {grouped(now)} instructions, {100 * (1 - now / table[name]):.0f} % fewer than the table\'s {grouped(table[name])}')
    wrong += [f'{name}: in the table, but not measured any more' for name in table if name not in figures]
    return wrong, remarks
