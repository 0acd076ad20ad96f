#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_texts.py - the facts are the registry's, the sections exist, the Russian is Russian.

    check_texts.py SRC_CODES            exit 1 and a line for each fault
    check_texts.py --self-test SRC_CODES    every kind of fault is found when it is planted
"""
import csv
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools'))
import codes  # noqa: E402

GLOSS = 100
# Words that stand in Latin letters in a Russian text: names of headers, methods, parameters, products, protocols.
# English shows in its small words.
SMALL = re.compile(r"\b(the|this|that|these|with|from|which|when|where|does|not|are|was|were|have|has|been|should|must|will|would|because|"
                   r"there|their|them|they|its|into|only|after|before|until)\b")


def registry():
    with open(os.path.join(HERE, 'registry.csv'), encoding='utf-8', newline='') as lines:
        return {int(r['code']): r['phrase'] for r in csv.DictReader(line for line in lines if not line.startswith('#'))}


def known_sections():
    """rfc -> its sections, None when the text of the RFC was not at hand."""
    out = {}
    for line in open(os.path.join(HERE, 'sections.txt'), encoding='utf-8'):
        if not line.startswith('#'):
            rfc, *rest = line.split()
            out[int(rfc)] = None if rest == ['-'] else set(rest)
    return out


SECTION = r'§[A-Z0-9](?:[A-Z0-9.]*[A-Z0-9])?'
CITATION = re.compile(rf'RFC (\d+)((?:,? (?:and |or |и |или )?{SECTION})*)')


def check_registry(facts):
    want = registry()
    for code in sorted(set(want) | set(facts)):
        have = facts.get(code, {}).get('phrase')
        if have != want.get(code):
            yield f'{code}: phrase {have!r}, the registry has {want.get(code)!r}'


def check_sections(where, text, known):
    """'RFC 5626 §4.2, §5.1': each section is one of the RFC's, and no section stands alone."""
    for found in CITATION.finditer(text):
        rfc = int(found[1])
        if rfc not in known:
            yield f'{where}: RFC {rfc} is not in tests/codes/sections.txt; run tools/rfc_sections.py'
            continue
        for section in re.findall(SECTION, found[2]):
            if known[rfc] is not None and section[1:] not in known[rfc]:
                yield f'{where}: RFC {rfc} has no {section}'
    for alone in re.findall(SECTION, CITATION.sub('', text)):
        yield f'{where}: {alone} of which RFC?'


def check_russian(where, text):
    bare = re.sub(r'«[^»]*»|"[^"]*"|“[^”]*”', '', text)
    found = SMALL.search(bare)
    if found:
        yield f'{where}: English: {found[0]}'
    words = re.findall(r'[A-Za-zА-Яа-яЁё]{2,}', bare)
    if len(words) > 3 and not re.search('[А-Яа-яЁё]', bare):
        yield f'{where}: no Russian letter'


def all_texts(root):
    for language in codes.languages(root):
        for name, texts in language.files.items():
            for key, items in texts.items.items():
                for text, _ in items:
                    yield language.tag, name, key, text


def check(root):
    facts, known = codes.facts(root), known_sections()
    yield from check_registry(facts)
    for status, block in facts.items():
        for key in ('source', 'see'):
            yield from check_sections(f'facts {status} {key}', block.get(key, ''), known)
    for tag, name, key, text in all_texts(root):
        where = f'{tag}/{name} {key}'
        yield from check_sections(where, text, known)
        if key == 'gloss' and (len(text) > GLOSS or not text.endswith('.')):
            yield f'{where}: {len(text)} characters, at most {GLOSS}, with a full stop'
        if tag == 'ru':
            yield from check_russian(where, text)
    yield from codes.check(root)


def self_test(root):
    facts = codes.facts(root)
    facts[430]['phrase'] = 'Flow failed'
    planted = [
        list(check_registry(facts)), list(check_registry({})),
        list(check_sections('x', 'RFC 5626 §99.9', known_sections())), list(check_sections('x', 'see §3', known_sections())),
        list(check_sections('x', 'RFC 3261 §21.4.9, §99.1', known_sections())),
        list(check_russian('x', 'Телефон sends the request.')), list(check_russian('x', 'A whole English sentence stays')),
    ]
    good = list(check_sections('x', 'RFC 3261 §21.4.9 and §16.7; RFC 5626 §11.5', known_sections())) + list(
        check_russian('x', 'Заголовок Contact из REGISTER, «the quick» — цитата.'))
    ok = all(planted) and not good
    print('every planted fault was found' if ok else f'not found, or found where there is none: {[len(p) for p in planted]} {good}')
    return 0 if ok else 1


def main(arguments):
    if arguments[0] == '--self-test':
        return self_test(arguments[1])
    faults = list(check(arguments[0]))
    print('\n'.join(faults) or 'no fault')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
