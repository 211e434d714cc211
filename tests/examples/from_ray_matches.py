#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a page's tables with the program they are cut from: from_ray_matches.py PAGE.md FILE.cpp... [--write]

Files lie beside this script. The table of FILE.cpp follows the line `<!-- FILE.cpp -->` of the page. A row is a
`// ray: CALL  (remark)` and the code up to the next empty line or `// ray`; or a `// ray error: NAMES  (remark)` and
the code and body of the `expect_error` behind it. What a reader would not write must not get into a row."""
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).parent
HEADS = {"ray": ["| Ray | Glint |", "|---|---|"], "ray error": ["| Ray | Code | Met by |", "|---|---|---|"]}
MARK = re.compile(r"// (ray|ray error): (.*?)(?:  \((.*)\))?$")
EXPECTED = re.compile(r'expect_error\(glint::errc::(\w+), "[^"]*", \[&\] \{ (.*) \}\);')


def marked(source):
    """The marks of a file, each with the lines of code behind it."""
    found, code = [], None
    for line in source.splitlines():
        text = line.strip()
        if mark := MARK.match(text):
            found.append((*mark.groups(), code := []))
        elif not text or line.startswith("}"):
            code = None
        elif code is not None:
            code.append(text)
    return found


def row(kind, call, remark, code, place):
    code = " ".join(code)
    note = f" ({remark})" if remark else ""
    if kind == "ray":
        if re.search(r"\bexpect", code) or code.count("{") != code.count("}"):
            sys.exit(f"{place}: `{call}` shows what belongs to the test: {code}")
        twin = f"`{code}`{note}" if code else remark
        return f"| `{call}` | {twin} |".replace("||", "\\|\\|")
    errors = EXPECTED.fullmatch(code)
    if not errors:
        sys.exit(f"{place}: no expect_error behind {call}: {code}")
    names = ", ".join(f"`{name}`" for name in call.split(", "))
    return f"| {names}{note} | `{errors.group(1)}` | `{errors.group(2)}` |"


def table_of(path):
    rows = marked(path.read_text(encoding="utf-8"))
    if not rows:
        sys.exit(f"{path} has no row")
    return "\n".join(HEADS[rows[0][0]] + [row(*r, path.name) for r in rows]) + "\n"


def main():
    page = pathlib.Path(sys.argv[1])
    text = written = page.read_text(encoding="utf-8")
    for name in [argument for argument in sys.argv[2:] if argument != "--write"]:
        place = re.compile(rf"(<!-- {re.escape(name)} -->\n\n)((?:\|.*\n)*)")
        if len(place.findall(text)) != 1:
            sys.exit(f"{page} has not one place for the table of {name}")
        table = table_of(FOLDER / name)
        written = place.sub(lambda found, table=table: found.group(1) + table, written)
    if "--write" in sys.argv:
        page.write_text(written, encoding="utf-8")
    elif written != text:
        sys.exit(f"{page} is not what its program says; write it anew with --write")


main()
