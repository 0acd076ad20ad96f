#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""partial.py - the table of a reference that has one more language, hardly begun: for fallback.c.

    partial.py OUT DEPFILE SRC_CODES

Language "xx" has a title and a gloss of 430, the gloss translated from an English text that is another now, and two words."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools'))
import codes  # noqa: E402

out, depfile, source = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    root = shutil.copytree(source, os.path.join(folder, 'codes'))
    tongue = os.path.join(root, 'texts', 'xx')
    os.mkdir(tongue)
    with open(os.path.join(tongue, '430.txt'), 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: Apache-2.0\ntitle = xx of 430\ngloss @000000 = xx gloss\n')
    with open(os.path.join(tongue, 'words.txt'), 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: Apache-2.0\nlanguage.name = Xx\nheading.when = xx when\n')
    codes.write_table(out, depfile, root)
with open(depfile, 'w', encoding='utf-8') as file:              # the copy is gone; what it was copied from counts
    read = [os.path.join(b, n) for b, _, names in os.walk(source) for n in names if n.endswith(('.txt', '.csv'))]
    file.write(f'{os.path.basename(out)}: ' + ' '.join(sorted(read)) + '\n')
