#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turn the text catalogue (src/cli/texts/*.txt) into C.

A file holds `key = text`; a text of several lines is `key =` with its lines indented by two
spaces. Placeholders: {name} a string, {name:d} a number, {name|one|many} the form of a word that
goes with the number `name` (English: one, many; Russian: one, few, many).

    texts.py --header OUT en.txt ru.txt     the enum of keys and one typed function per key
    texts.py --table OUT en.txt ru.txt      the texts
    texts.py --check en.txt ru.txt          exit 1 when a language lacks a key or differs in placeholders

English is the reference. A key that another language lacks falls back to English at run time; a
text that a translator cannot have meant (unknown placeholder, wrong count of forms) fails the build.
"""
import re
import sys

FORMS = {'en': 2, 'ru': 3}
PLACE = re.compile(r'\{([a-z_0-9]+)(?:(:d)|((?:\|[^{}|]*)+))?\}')


class Fault(Exception):
    pass


def read(path):
    texts, key = {}, None
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip('\n')
            if line.startswith('  ') and key:
                texts[key].append(line[2:])
            elif not line.strip():
                if key:
                    texts[key].append('')
            elif line.startswith('#'):
                key = None
            else:
                found = re.fullmatch(r'([a-z][a-z0-9_.-]*) =(?: (.*))?', line)
                if not found:
                    raise Fault(f'{path}:{number}: not "key = text"')
                key = found[1]
                if key in texts:
                    raise Fault(f'{path}:{number}: {key} twice')
                texts[key] = [found[2]] if found[2] else []
    return {key: '\n'.join(lines).rstrip('\n') for key, lines in texts.items()}


def places(text):
    """The placeholders of a text, in order: name -> is it a number."""
    out = {}
    for name, number, forms in PLACE.findall(text):
        is_number = bool(number or forms)
        if out.setdefault(name, is_number) != is_number:
            raise Fault(f'placeholder {name} is both a string and a number')
    if '{' in PLACE.sub('', text):
        raise Fault('a { that begins no placeholder')
    return out


def language(path):
    return path.rsplit('/', 1)[-1].split('.')[0]


def compare(reference, texts, lang):
    """What is wrong with a language against the reference: faults, missing keys."""
    faults = []
    for key, text in texts.items():
        if key not in reference:
            faults.append(f'{lang}: {key}: no such key in English')
            continue
        try:
            if places(text) != places(reference[key]):
                faults.append(f'{lang}: {key}: placeholders {places(text)}, English has {places(reference[key])}')
            for _, _, forms in PLACE.findall(text):
                if forms and forms.count('|') != FORMS[lang]:
                    faults.append(f'{lang}: {key}: {FORMS[lang]} forms are needed in {forms}')
        except Fault as fault:
            faults.append(f'{lang}: {key}: {fault}')
    return faults, [key for key in reference if key not in texts]


def c_name(key):
    return re.sub(r'[^a-z0-9]', '_', key)


def c_string(text):
    out = text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')
    return '"' + out + '"'


def coded(text, order):
    """Placeholders become \\001 TYPE INDEX [forms \\002...] so that the writer needs no names."""
    def one(found):
        name, _, forms = found.groups()
        index = chr(ord('A') + order.index(name))
        if forms:
            return '\1p' + index + forms[1:].replace('|', '\2') + '\3'
        return '\1v' + index
    return PLACE.sub(one, text)


def header(reference):
    yield '/* Made by tools/texts.py from the text catalogue. */'
    yield 'enum text_id {'
    for key in reference:
        yield f'\tTEXT_{c_name(key).upper()},'
    yield '\tTEXT_COUNT'
    yield '};'
    for key, text in reference.items():
        args = places(text)
        params = ''.join(f', {"int64_t" if number else "struct str"} {name}_' for name, number in args.items())
        yield f'static inline void text_{c_name(key)}(struct say *s{params})'
        yield '{'
        if args:
            values = ', '.join(f'{{ .number = {n}_, .is_number = true }}' if number else f'{{ .text = {n}_ }}'
                               for n, number in args.items())
            yield f'\tsay_text(s, TEXT_{c_name(key).upper()}, (const struct text_value[]){{ {values} }});'
        else:
            yield f'\tsay_text(s, TEXT_{c_name(key).upper()}, NULL);'
        yield '}'


def table(languages):
    reference = languages['en']
    yield '/* Made by tools/texts.py from the text catalogue. */'
    yield '#include "texts.h"'
    for lang, texts in languages.items():
        yield f'const char *const texts_{lang}[TEXT_COUNT] = {{'
        for key, text in texts.items():
            order = list(places(reference[key]))
            yield f'\t[TEXT_{c_name(key).upper()}] = {escape(coded(text, order))},'
        yield '};'


def escape(text):
    out = c_string(text)
    for code in '\1\2\3':
        out = out.replace(code, f'\\{ord(code):03o}')
    return out


def main(args):
    mode, args = args[0], args[1:]
    out = args.pop(0) if mode in ('--header', '--table') else None
    languages = {language(path): read(path) for path in args}
    faults, missing = [], []
    for lang, texts in languages.items():
        more, gone = compare(languages['en'], texts, lang)
        faults += more
        missing += [f'{lang}: {key}: not translated' for key in gone]
    if mode == '--check':
        faults += missing
    if faults:
        raise Fault('\n'.join(faults))
    if out:
        lines = header(languages['en']) if mode == '--header' else table(languages)
        with open(out, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except Fault as fault:
        sys.exit(str(fault))
