#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the program in the README with the one that is compiled and run: readme_matches.py README.md PROGRAM.cpp"""
import difflib
import pathlib
import sys

readme, program = (pathlib.Path(p).read_text(encoding="utf-8") for p in sys.argv[1:])
shown = readme.split("```cpp\n", 1)[1].split("```", 1)[0]
compiled = program.split("// readme-begin\n", 1)[1].split("// readme-end", 1)[0]
if shown != compiled:
    sys.exit("".join(difflib.unified_diff(shown.splitlines(True), compiled.splitlines(True), "README.md", "program")))
