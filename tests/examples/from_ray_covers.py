#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each of Ray Core's public names has a row in a page's tables: from_ray_covers.py PAGE.md NAMES.txt

A row must have text in all of its cells; a name counts where it stands in the first. With --planted it removes the rows
of one name after the other, and expects that this is seen each time."""
import pathlib
import re
import sys


def rows_of(page):
    """The cells of all rows; the head of each table and the line below are none."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = []
    for line, below in zip(lines, [*lines[1:], ""]):
        if not line.startswith("|") or line.startswith("|---") or below.startswith("|---"):
            continue
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
    return rows


def names_of(path):
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def names(name, row):
    """`ray.get` stands in `ray.get(ref)`, not in `ray.get_actor("a")`."""
    return name in row[0] and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", row[0]) is not None


def missing(all_names, rows):
    return [name for name in all_names if not any(names(name, row) for row in rows)]


def problems_of(all_names, rows):
    problems = [f"no row for {name}" for name in missing(all_names, rows)]
    problems += [f"a cell is empty: {row}" for row in rows if len(row) < 2 or not all(row)]
    problems += [f"{name} is listed twice" for name in sorted(set(all_names)) if all_names.count(name) > 1]
    if not all_names or not rows:
        problems.append("there is nothing to check")
    return problems


def blind_spots(all_names, rows):
    """Names without whose rows the check would still be content."""
    for name in all_names:
        left = [row for row in rows if not names(name, row)]
        if f"no row for {name}" not in problems_of(all_names, left):
            yield f"a missing row for {name} is not seen"
    if not problems_of(all_names, [*rows, ["`ray.get`", ""]]):
        yield "an empty cell is not seen"


def main():
    page, list_file = (pathlib.Path(argument) for argument in sys.argv[1:3])
    all_names, rows = names_of(list_file), rows_of(page)
    problems = problems_of(all_names, rows)
    if "--planted" in sys.argv:
        problems += blind_spots(all_names, rows)
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(all_names)} names, {len(rows)} rows")


main()
