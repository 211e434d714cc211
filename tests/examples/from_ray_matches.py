#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the table of a page with the program it is cut from: from_ray_matches.py PAGE.md PROGRAM.cpp [--write]

A row is a `// ray: CALL` of the program, and the code up to the next empty line or `// ray:`."""
import pathlib
import re
import sys


def rows(program):
    calls = []
    code = None
    for line in program.splitlines():
        text = line.strip()
        if text.startswith("// ray: "):
            calls.append((text.removeprefix("// ray: "), code := []))
        elif not text:
            code = None
        elif code is not None:
            code.append(text)
    for call, code in calls:
        shown = " ".join(code).replace("|", "\\|")
        call, _, remark = call.partition("  (")
        cell = f"`{shown}`" if shown else ""
        yield f"| `{call}` | {cell}{' (' + remark if remark and shown else remark and remark.rstrip(')')} |"


page, program = (pathlib.Path(p) for p in sys.argv[1:3])
table = "\n".join(["| Ray | Glint |", "|---|---|", *rows(program.read_text(encoding="utf-8"))]) + "\n"
text = page.read_text(encoding="utf-8")
shown = re.search(r"\| Ray \| Glint \|\n(?:\|.*\n)+", text)
if "--write" in sys.argv:
    page.write_text(text.replace(shown.group(0), table), encoding="utf-8")
elif shown.group(0) != table:
    sys.exit(f"{page} is not what {program} says; write it anew with --write")
