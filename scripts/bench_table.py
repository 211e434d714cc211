#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_table.py FILE.json...: prints what suites of scripts/bench.sh wrote as Markdown, as docs/performance.md has it. One file:
ours beside each peer. Several files: ours, a column each, headed by the files' names."""
import json
import pathlib
import sys


def rows_by_name(path):
    rows = {}
    for entry in json.loads(path.read_text()):
        rows.setdefault(entry["name"], []).append(entry)
    return rows


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def print_beside_peers(rows):
    print("| row | Glint, median (min to max) | peers: median, ratio ours by theirs |\n|---|---|---|")
    for name, entries in rows.items():
        first = entries[0]
        ours = f"{short(first['value'])} {first['unit']} ({short(first['min'])} to {short(first['max'])})"
        peers = "; ".join(f"{e['peer']} {short(e['peer_value'])}, {e['ratio']:.2f}" for e in entries if "peer" in e)
        print(f"| `{name}` | {ours} | {peers} |")


def print_side_by_side(names, tables):
    print("| row | unit | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
    for name, entries in tables[0].items():
        cells = [short(table[name][0]["value"]) if name in table else "" for table in tables]
        print(f"| `{name}` | {entries[0]['unit']} | " + " | ".join(cells) + " |")


def main():
    paths = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if not paths:
        sys.exit(__doc__)
    tables = [rows_by_name(path) for path in paths]
    if len(tables) == 1:
        print_beside_peers(tables[0])
    else:
        print_side_by_side([path.stem for path in paths], tables)


if __name__ == "__main__":
    main()
