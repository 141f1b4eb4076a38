#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what a gettext catalogue says of the page (data/web) as JSON: {English: translation}.

    po-to-json.py INPUT.po OUTPUT.json

Left out: what is not translated yet or only guessed (fuzzy); there the page stays English.
"""

import json
import re
import sys

QUOTED = re.compile(r'"(.*)"$')


def entries(lines):
    """Each message of the file: {'msgid', 'msgstr', 'references', 'flags'}."""
    entry, key = None, None
    for line in [*lines, '']:
        line = line.strip()
        if not line:
            if entry:
                yield entry
            entry, key = None, None
            continue
        entry = entry or {'msgid': '', 'msgstr': '', 'references': '', 'flags': ''}
        if line.startswith('#:'):
            entry['references'] += line[2:]
        elif line.startswith('#,'):
            entry['flags'] += line[2:]
        elif not line.startswith('#'):
            keyword, _, rest = line.partition(' ')
            if keyword in ('msgid', 'msgstr'):
                key, line = keyword, rest
            # A quoted line is one of JSON too: the escapes that gettext writes are among JSON's.
            entry[key] += json.loads(QUOTED.match(line.strip()).group(0))


def main(source, destination):
    with open(source, encoding='utf-8') as file:
        catalogue = {entry['msgid']: entry['msgstr'] for entry in entries(file)
                     if entry['msgid'] and entry['msgstr'] and 'fuzzy' not in entry['flags']
                     and 'data/web/' in entry['references']}
    with open(destination, 'w', encoding='utf-8') as file:
        json.dump(catalogue, file, ensure_ascii=False, separators=(',', ':'))


if __name__ == '__main__':
    main(*sys.argv[1:])
