#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that pages name what there is: rooms_named.py ROOT

core/README.md and docs/architecture.md name each public header of core; README.md and examples/README.md name
each example."""
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
headers = sorted((root / "core/include/glint/core").glob("*.hpp"))
programs = sorted((root / "examples").glob("*.cpp")) + sorted(path.parent for path in root.glob("examples/*/main.cpp"))
missing = []
for page, names in {
    "core/README.md": [f"`{path.name}`" for path in headers],
    "docs/architecture.md": [f"`{path.stem}`" for path in headers],
    "README.md": [f"`{path.stem}`" for path in programs],
    "examples/README.md": [f"`{path.name}{'/' if path.is_dir() else ''}`" for path in programs],
}.items():
    text = (root / page).read_text(encoding="utf-8")
    if not names:
        missing.append(f"{page}: nothing to look for")
    missing += [f"{page} does not name {name}" for name in names if name not in text]
if missing:
    sys.exit("\n".join(missing))
