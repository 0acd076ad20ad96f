#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turn the reference's facts and texts (src/codes) into C, and say what is wrong with them.

    codes.py --words OUT DIR                the enum of words
    codes.py --table OUT DEPFILE DIR        facts and texts of all languages
    codes.py --assets OUT FILE...           files of the site as C
    codes.py --check DIR                    exit 1 and a line for each thing that is missing, stale or unlike English
    codes.py --stamp LANGUAGE DIR [FILE...] note in a translation of which English text it is one; only after reading both

A translation carries a hash of the English text: `gloss @3f2a1c = ...`. When the English changes, the translation is
stale: it is shown, marked, and --check names it. docs/translating.md tells a translator the rest.
"""
import csv
import hashlib
import os
import re
import sys

ROLES = ['phone', 'edge', 'home', 'registrar', 'redirect', 'operator']
KEYS = ['title', 'gloss', 'about', 'when', 'retry', 'methods', 'deprecated'] + ['fix.' + r for r in ROLES] + ['trap']
LISTS = {'when', 'trap', 'differ'}
OPTIONAL = {'methods', 'deprecated'}
METHODS = 'INVITE BYE CANCEL OPTIONS REGISTER PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE'.split()
VOCABULARY = {  # C prefix, words in the order of the enum or of the bits
    'outcome': ('OUTCOME', 'provisional success redirect challenge canceled declined failure'),
    'sender': ('SENDER', 'uas proxy edge registrar redirect b2bua gateway local'),
    'reach': ('REACH', 'hop proxies registering hop-first requester'),
    'stage': ('STAGE', 'any initial dialog'),
    'retry': ('RETRY', 'none same after-change other-target never'),
    'fork': ('FORK', 'absorb forward forward-cancel recurse collect prefer challenge next-flow next-target relay cancel-all'),
    'flows': ('FLOWS', 'none next may-next answered'),
    'dialog': ('DIALOG', 'none early early-end confirm unclear transaction usage dialog'),
    'http': ('HTTP', 'same nearest false-friend'),
    'role': ('ROLE', ' '.join(ROLES)),
    'automation': ('AUTOMATION', 'may ask never'),
    'header-status': ('HEADER', 'active deprecated reserved unregistered'),
    'class': ('CLASS', '1 2 3 4 5 6'),
}
GLOSSARIES = ['warnings', 'q850', 'headers', 'methods', 'option-tags', 'unregistered', 'ladders']


class Fault(Exception):
    pass


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def entries(path):
    """(line number, key, hash or None, text) of a file of texts, in order."""
    out = []
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip('\n')
            if line.startswith('\t') and out:
                out[-1][3] += ' ' + line.strip()
            elif line.strip() and not line.startswith('#'):
                found = re.fullmatch(r'(.+?)(?: @([0-9a-f]{6}))? = (.*\S)', line)
                if not found:
                    raise Fault(f'{path}:{number}: not "key = text"')
                out.append([number, found[1], found[2], found[3]])
            if '\t' in line[1:]:
                raise Fault(f'{path}:{number}: a tab inside a line')
    return out


class Texts:
    """The texts of one file: key -> list of (text, hash)."""

    def __init__(self, path):
        self.path, self.items = path, {}
        for number, key, stamp, text in entries(path):
            if key in self.items and key not in LISTS:
                raise Fault(f'{path}:{number}: {key} twice')
            self.items.setdefault(key, []).append((text, stamp))

    def text(self, key):
        return '\n'.join(t for t, _ in self.items[key]) if key in self.items else None

    def stale(self, key, english):
        if english is None or key not in self.items or key not in english.items:
            return False
        return [s for _, s in self.items[key]] != [digest(t) for t, _ in english.items[key]]


def files(folder):
    for base, folders, names in sorted(os.walk(folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith('.txt'):
                yield os.path.relpath(os.path.join(base, name), folder)


class Language:
    def __init__(self, root, tag):
        self.tag, self.folder = tag, os.path.join(root, 'texts', tag)
        self.files = {name: Texts(os.path.join(self.folder, name)) for name in files(self.folder)}

    def get(self, name, key):
        return self.files[name].text(key) if name in self.files else None


def languages(root):
    tags = sorted(os.listdir(os.path.join(root, 'texts')))
    tags.sort(key=lambda t: t != 'en')
    return [Language(root, tag) for tag in tags]


def facts(root):
    """status -> {key: text}, in the order of the file."""
    out, block, path = {}, None, os.path.join(root, 'facts', 'codes.txt')
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.rstrip('\n')
        if not line or line.startswith('#'):
            continue
        head = re.fullmatch(r'\[(\d{3})\]', line)
        if head:
            if out and int(head[1]) <= max(out):
                raise Fault(f'{path}:{number}: {head[1]} is out of order')
            block = out[int(head[1])] = {}
            continue
        found = re.fullmatch(r'([a-z0-9-]+) = (.*\S)', line)
        if not found or block is None or found[1] in block:
            raise Fault(f'{path}:{number}: not "key = fact", or twice')
        block[found[1]] = found[2]
    return out


ACTORS = 5


def ladders(root):
    """status -> (actors, [(kind, from, to, words or key)])"""
    out, path = {}, os.path.join(root, 'facts', 'ladders.txt')
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.strip()
        head, said = re.fullmatch(r'\[(\d{3})\]', line), re.fullmatch(r'(\S+) ([>x]) (\S+): (.+)', line)
        note, who = re.fullmatch(r'(\S+)\.\.(\S+) note (\S+)', line), re.fullmatch(r'actors = (.+)', line)
        if not line or line.startswith('#'):
            continue
        if head:
            if out and int(head[1]) <= max(out):
                raise Fault(f'{path}:{number}: {head[1]} is out of order')
            actors, steps = out[int(head[1])] = [], []
            continue
        if not out or not (said or note or who):
            raise Fault(f'{path}:{number}: not an arrow, a note or actors')
        if who:
            actors += who[1].split()
            if not 2 <= len(actors) <= ACTORS:
                raise Fault(f'{path}:{number}: 2 to {ACTORS} actors')
            continue
        first, last = (said[1], said[3]) if said else (note[1], note[2])
        if first not in actors or last not in actors or first == last or (note and actors.index(first) > actors.index(last)):
            raise Fault(f'{path}:{number}: between which actors?')
        kind = 'LADDER_NOTE' if note else 'LADDER_LOST' if said[2] == 'x' else 'LADDER_ARROW'
        steps.append((kind, actors.index(first), actors.index(last), note[3] if note else said[4]))
    return out


def ladder_keys(root):
    for status, (actors, steps) in ladders(root).items():
        yield from ('actor.' + a for a in actors)
        yield from (f'{status}.{words}' for kind, _, _, words in steps if kind == 'LADDER_NOTE')


def table(root, name):
    with open(os.path.join(root, 'facts', name + '.csv'), encoding='utf-8', newline='') as lines:
        return list(csv.DictReader(lines))


# --- C ---

def literal(text):
    if text is None:
        return 'NULL'
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n').replace('??', '?\\?') + '"'


def words_of(kind, text, status):
    known = VOCABULARY[kind][1].split()
    for word in text.split():
        if word not in known:
            raise Fault(f'{status}: {kind} {word}: one of {", ".join(known)}')
    return text.split()


def constant(kind, word):
    return VOCABULARY[kind][0] + '_' + word.upper().replace('-', '_')


def methods_of(text, status):
    if text == 'any':
        return METHODS
    if text.startswith('any-but-'):
        return [m for m in METHODS if m != text[8:]]
    for word in text.split():
        if word not in METHODS:
            raise Fault(f'{status}: no method {word}')
    return text.split()


def method_bits(methods):
    return 'CODES_ANY' if methods == METHODS else ' | '.join('CODES_' + m for m in methods)


def references(text):
    """'RFC 3261 §8.1, §9; RFC 3262' -> [(3261, '8.1'), (3261, '9'), (3262, None)]"""
    out = []
    for group in text.split('; '):
        found = re.fullmatch(r'RFC (\d+)((?: §[A-Z0-9.]+,?)*)', group)
        if not found:
            raise Fault(f'not a reference: {group}')
        sections = re.findall(r'§([A-Z0-9.]+)', found[2])
        out += [(int(found[1]), s) for s in sections] or [(int(found[1]), None)]
    return out


def reference(ref):
    return f'{{ {ref[0]}, {literal(ref[1])} }}'


def numbers(text):
    return '(const uint16_t[]){ ' + ''.join(n + ', ' for n in (text or '').split()) + '0 }'


def code(status, f):
    required = []
    for item in f.get('required', '').split():
        method, _, headers = item.rpartition(':')
        required.append((method_bits([method]) if method else 'CODES_ANY', headers))
    http = [re.fullmatch(r'(\S+) (\d{3}) (.+)', h).groups() for h in f['http'].split('; ')] if 'http' in f else []
    q850 = f.get('q850', '0').split()
    return ',\n\t\t'.join([
        f'\t{{ .status = {status}',
        f'.phrase = STR_INIT({literal(f["phrase"])})',
        f'.source = {reference(references(f["source"])[0])}',
        '.see = (const struct codes_ref[]){ ' + ''.join(reference(r) + ', ' for r in (references(f['see']) if 'see' in f else [])) + '{ 0, NULL } }',
        f'.outcome = {constant("outcome", words_of("outcome", f["outcome"], status)[0])}',
        '.senders = ' + ' | '.join(constant('sender', w) for w in words_of('sender', f['senders'], status)),
        f'.reach = {constant("reach", words_of("reach", f["reach"], status)[0])}',
        f'.methods = {method_bits(methods_of(f["methods"], status))}',
        f'.stage = {constant("stage", words_of("stage", f.get("stage", "any"), status)[0])}',
        '.required = (const struct codes_required[]){ ' + ''.join(f'{{ {m}, {literal(h)} }}, ' for m, h in required) + '{ 0, NULL } }',
        '.recommended = (const char *const[]){ ' + ''.join(literal(h) + ', ' for h in f.get('recommended', '').split()) + 'NULL }',
        f'.retry = {constant("retry", words_of("retry", f["retry"], status)[0])}',
        f'.fork = {constant("fork", words_of("fork", f["fork"], status)[0])}',
        f'.flows = {constant("flows", words_of("flows", f["flows"], status)[0])}',
        f'.dialog = {constant("dialog", words_of("dialog", f["dialog"], status)[0])}',
        f'.related = {numbers(f.get("related"))}',
        f'.q850 = {q850[0]}, .q850_default = {"true" if "default" in q850 else "false"}',
        f'.q850_from = {numbers(f.get("q850-from"))}',
        '.http = (const struct codes_http_name[]){ ' + ''.join(
            f'{{ {constant("http", words_of("http", k, status)[0])}, {n}, {literal(p)} }}, ' for k, n, p in http) + '{ 0, 0, NULL } }',
        f'.deprecated = {"true" if "deprecated" in f else "false"} }},',
    ])


def array(out, kind, name, count, rows):
    out.append(f'const struct {kind} {name}[] = {{')
    out += ['\t' + row + ',' for row in rows]
    out.append(f'}};\nconst unsigned {count} = {len(rows)};\n')


def plain_reference(text):
    return reference(references(text)[0]) if text.startswith('RFC ') else '{ 0, NULL }'


def write_tables(out, root):
    all_facts = facts(root)
    out.append('const struct code codes_table[] = {')
    out += [code(status, f) for status, f in all_facts.items()]
    out.append(f'}};\nconst unsigned codes_count = {len(all_facts)};\n')
    array(out, 'codes_warning', 'codes_warnings', 'codes_warning_count', [
        f'{{ {r["code"]}, {literal(r["text"])}, {plain_reference(r["source"])}, {numbers(r["seen_with"])}, {numbers(r["q850"])}, '
        f'{constant("automation", r["automation"])} }}' for r in table(root, 'warnings')])
    array(out, 'codes_cause', 'codes_causes', 'codes_cause_count', [
        f'{{ {r["cause"]}, {literal(r["class"].replace(" ", "-"))}, ' + ', '.join(
            numbers(r[k]) for k in ('to_sip', 'from_sip', 'to_sip_asterisk', 'to_sip_freeswitch')) + ' }'
        for r in table(root, 'q850')])
    array(out, 'codes_header', 'codes_headers', 'codes_header_count', [
        f'{{ STR_INIT({literal(r["name"])}), {repr(r["compact"]) if r["compact"] else 0}, {plain_reference(r["source"])}, '
        f'{constant("header-status", r["status"])}, {numbers(r["codes"])} }}' for r in table(root, 'headers')])
    for kind, key in (('methods', 'method'), ('option-tags', 'tag')):
        name = {'methods': 'codes_method_names', 'option-tags': 'codes_option_tags'}[kind]
        count = {'methods': 'codes_method_count', 'option-tags': 'codes_option_tag_count'}[kind]
        array(out, 'codes_name', name, count, [
            f'{{ STR_INIT({literal(r[key])}), {plain_reference(r["source"])} }}' for r in table(root, kind)])
    array(out, 'codes_stray', 'codes_strays', 'codes_stray_count', [
        f'{{ {r["code"]}, {literal(r["phrase"])}, {literal(r["where"])}, {"true" if r["scope"] == "local" else "false"}, '
        f'{numbers(r["nearest"])} }}' for r in table(root, 'unregistered')])
    out.append('const struct ladder codes_ladders[] = {')
    for status, (actors, steps) in ladders(root).items():
        out.append(f'\t{{ {status}, {len(actors)}, {len(steps)}, {{ ' + ', '.join(map(literal, actors)) + ' }, (const struct ladder_step[]){')
        out += [f'\t\t{{ {kind}, {first}, {last}, {literal(words)} }},' for kind, first, last, words in steps]
        out.append('\t} },')
    out.append(f'}};\nconst unsigned codes_ladder_count = {len(ladders(root))};\n')
    return all_facts


def text_row(language, english, name, keys):
    """{ { "text", ... }, stale bits } of a file, or nothing when the language lacks it."""
    texts = language.files.get(name)
    if texts is None:
        return None
    reference_file = english.files.get(name) if language is not english else None
    stale = sum(1 << i for i, key in enumerate(keys) if texts.stale(key, reference_file))
    return '{ { ' + ', '.join(literal(texts.text(key)) for key in keys) + f' }}, {stale:#x} }}'


def pair_keys(name):
    low, high = re.fullmatch(r'pairs/(\d{3})-(\d{3})\.txt', name).groups()
    return int(low), int(high), ['verdict', 'differ', 'use.' + low, 'use.' + high, 'trap']


def write_texts(out, root, all_facts, tongues):
    english = tongues[0]
    out.append('const struct codes_language codes_languages[] = {')
    out += [f'\t{{ {literal(t.tag)}, {literal(t.get("words.txt", "language.name") or t.tag)} }},' for t in tongues]
    out.append(f'}};\nconst unsigned codes_language_count = {len(tongues)};\n')
    out.append('const struct codes_texts codes_texts[] = {         /* language by language, in the order of codes_table */')
    for tongue in tongues:
        for status in all_facts:
            out.append(f'\t{text_row(tongue, english, f"{status}.txt", KEYS) or "{ { NULL }, 0 }"},')
    out.append('};\n')
    pairs = sorted(n for n in english.files if n.startswith('pairs/'))
    out.append('const struct codes_pair_texts codes_pair_texts[] = {   /* language by language */')
    for tongue in tongues:
        for name in pairs:
            low, high, keys = pair_keys(name)
            out.append(f'\t{{ {low}, {high}, {text_row(tongue, english, name, keys) or "{ { NULL }, 0 }"} }},')
    out.append(f'\t{{ 0, 0, {{ {{ NULL }}, 0 }} }}\n}};\nconst unsigned codes_pair_count = {len(pairs)};\n')
    out.append('const struct codes_gloss_row codes_glosses[] = {')
    for number, tongue in enumerate(tongues):
        for glossary, kind in enumerate(GLOSSARIES):
            texts = tongue.files.get(kind + '.txt')
            for key in texts.items if texts else ():
                stale = texts.stale(key, english.files.get(kind + '.txt') if number else None)
                out.append(f'\t{{ {number}, {glossary}, {"true" if stale else "false"}, {literal(key)}, {literal(texts.text(key))} }},')
    out.append('\t{ 0, 0, false, NULL, NULL }\n};\n')
    words = list(english.files['words.txt'].items)
    out.append('const char *const codes_words[] = {                     /* language by language */')
    for tongue in tongues:
        out += [f'\t{literal(tongue.get("words.txt", w))},' for w in words]
    out.append('};\n')
    for kind, (_, vocabulary) in VOCABULARY.items():
        names = ', '.join(f'WORD_{c_name(kind + "." + w)}' for w in vocabulary.split())
        out.append(f'const uint16_t codes_words_{kind.replace("-", "_")}[] = {{ {names} }};')


def c_name(key):
    return re.sub(r'[.-]', '_', key).upper()


def write_words(path, root):
    words = Texts(os.path.join(root, 'texts', 'en', 'words.txt')).items
    with open(path, 'w', encoding='utf-8') as out:
        out.write('/* Made by tools/codes.py from texts/en/words.txt. */\n#ifndef SLUICE_CODES_WORDS_H\n#define SLUICE_CODES_WORDS_H\n\n'
                  'enum codes_word {\n' + ''.join(f'\tWORD_{c_name(w)},\n' for w in words) + '\tWORD_COUNT\n};\n\n#endif\n')


def write_table(path, depfile, root):
    tongues, out = languages(root), ['/* Made by tools/codes.py from facts/ and texts/. */', '#include "codes_private.h"\n']
    write_texts(out, root, write_tables(out, root), tongues)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(out) + '\n')
    read = [os.path.join(b, n) for b, _, names in os.walk(root) for n in names if n.endswith(('.txt', '.csv'))]
    folders = [b for b, _, _ in os.walk(os.path.join(root, 'texts'))]
    with open(depfile, 'w', encoding='utf-8') as file:
        file.write(f'{os.path.basename(path)}: ' + ' '.join(sorted(read + folders)) + '\n')


TYPES = {'.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}


def write_assets(path, names):
    """What the site consists of beside its pages, in lines of C strings."""
    out = ['/* Made by tools/codes.py from site/. */', '#include "site_private.h"\n',
           '#pragma GCC diagnostic ignored "-Woverlength-strings"', 'const struct site_asset site_assets[] = {']
    for name in names:
        with open(name, encoding='utf-8') as lines:
            text = '\n\t\t'.join(literal(line) for line in lines.read().splitlines(keepends=True))
        out.append(f'\t{{ {literal(os.path.basename(name))}, {literal(TYPES[os.path.splitext(name)[1]])}, STR_INIT({text}) }},')
    out.append(f'}};\nconst unsigned site_asset_count = {len(names)};')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(out) + '\n')


# --- check ---

def check_facts(all_facts, root):
    for status in ladders(root):
        if status not in all_facts:
            yield f'ladders.txt: {status} is no registered code'
    for status, f in all_facts.items():
        for other in f.get('related', '').split():
            if str(status) not in all_facts.get(int(other), {}).get('related', '').split():
                yield f'{status}: related to {other}, which does not name it'


def check_english(english, all_facts, root):
    for status in all_facts:
        texts = english.files.get(f'{status}.txt')
        if texts is None:
            yield f'en/{status}.txt: missing'
            continue
        for key in KEYS[1:]:
            if key not in texts.items and key not in OPTIONAL:
                yield f'en/{status}.txt: {key} is missing'
        if ('deprecated' in texts.items) != ('deprecated' in all_facts[status]):
            yield f'en/{status}.txt: "deprecated" and the facts do not agree'
    keys = {'warnings': 'code', 'q850': 'cause', 'headers': 'name', 'methods': 'method', 'option-tags': 'tag'}
    for kind in GLOSSARIES:
        if kind == 'ladders':
            wanted = list(dict.fromkeys(ladder_keys(root)))
        else:
            wanted = [f'{r["code"]} {r["phrase"]}' if kind == 'unregistered' else r[keys[kind]] for r in table(root, kind)]
        have = english.files[kind + '.txt'].items if kind + '.txt' in english.files else {}
        yield from (f'en/{kind}.txt: {key} is missing' for key in wanted if key not in have)
        yield from (f'en/{kind}.txt: {key}: not in the facts' for key in have if key not in wanted)


def check_known(language, all_facts):
    """Keys that nothing reads."""
    for name, texts in language.files.items():
        known = None
        if re.fullmatch(r'\d{3}\.txt', name):
            known = KEYS if int(name[:3]) in all_facts else []
            if language.tag == 'en':
                known = known[1:]
        elif name.startswith('pairs/'):
            known = pair_keys(name)[2]
        elif name[:-4] not in GLOSSARIES + ['words']:
            yield f'{language.tag}/{name}: nothing reads this file'
        for key in texts.items:
            if known is not None and key not in known:
                yield f'{language.tag}/{name}: {key}: nothing reads this key'


def check_translation(language, english):
    for name, texts in english.files.items():
        theirs = language.files.get(name)
        if theirs is None:
            yield f'{language.tag}/{name}: missing'
            continue
        if re.fullmatch(r'\d{3}\.txt', name) and 'title' not in theirs.items:
            yield f'{language.tag}/{name}: title is missing'
        for key, items in texts.items.items():
            have = theirs.items.get(key)
            if have is None:
                yield f'{language.tag}/{name}: {key} is missing'
            elif len(have) != len(items):
                yield f'{language.tag}/{name}: {key}: {len(have)} items, English has {len(items)}'
            elif name == 'words.txt' and set(re.findall(r'\{\d\}', have[0][0])) != set(re.findall(r'\{\d\}', items[0][0])):
                yield f'{language.tag}/{name}: {key}: other placeholders than English'
            elif theirs.stale(key, texts):
                yield f'{language.tag}/{name}: {key}: stale: the English text is another than the one translated'
        yield from (f'{language.tag}/{name}: {key}: not in English' for key in theirs.items if key not in texts.items and key != 'title')


def check(root):
    all_facts, tongues = facts(root), languages(root)
    yield from check_facts(all_facts, root)
    yield from check_english(tongues[0], all_facts, root)
    for language in tongues:
        yield from check_known(language, all_facts)
    for language in tongues[1:]:
        yield from check_translation(language, tongues[0])


def stamp(tag, root, names):
    english, language = Language(root, 'en'), Language(root, tag)
    for name in names or language.files:
        texts = english.files.get(name)
        seen, lines = {}, []
        for line in open(os.path.join(language.folder, name), encoding='utf-8'):
            found = re.fullmatch(r'(.+?)(?: @[0-9a-f]{6})? = (.*\n?)', line)
            if found and not line.startswith(('#', '\t')):
                key, at = found[1], seen.setdefault(found[1], 0)
                seen[key] += 1
                if texts and key in texts.items and at < len(texts.items[key]):
                    line = f'{key} @{digest(texts.items[key][at][0])} = {found[2]}'
            lines.append(line)
        with open(os.path.join(language.folder, name), 'w', encoding='utf-8') as out:
            out.writelines(lines)


def main(arguments):
    try:
        if len(arguments) == 3 and arguments[0] == '--words':
            write_words(arguments[1], arguments[2])
        elif len(arguments) == 4 and arguments[0] == '--table':
            write_table(arguments[1], arguments[2], arguments[3])
        elif len(arguments) >= 3 and arguments[0] == '--assets':
            write_assets(arguments[1], arguments[2:])
        elif len(arguments) == 2 and arguments[0] == '--check':
            faults = list(check(arguments[1]))
            print('\n'.join(faults) or 'complete')
            return 1 if faults else 0
        elif len(arguments) >= 3 and arguments[0] == '--stamp':
            stamp(arguments[1], arguments[2], arguments[3:])
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
