#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the examples of a page with those that are compiled and run: doc_matches.py PAGE.md TEST.cpp

The blocks of C++ in the page are, in order, what stands in the test between `// doc-begin` and `// doc-end`."""
import difflib
import pathlib
import re
import sys
import textwrap

page, test = (pathlib.Path(p).read_text(encoding="utf-8") for p in sys.argv[1:])
shown = re.findall(r"```cpp\n(.*?)```", page, re.DOTALL)
compiled = [textwrap.dedent(block) for block in re.findall(r"// doc-begin\n(.*?)[ ]*// doc-end", test, re.DOTALL)]
if not compiled or shown != compiled:
    lines = ["\n".join(blocks).splitlines(True) for blocks in (shown, compiled)]
    sys.exit("".join(difflib.unified_diff(*lines, *sys.argv[1:])) or "no examples")
