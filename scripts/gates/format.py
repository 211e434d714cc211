#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: every C++ file is formatted as .clang-format says, by the one major version of clang-format that counts.

`format.py --root DIR` checks; `git ls-files '*.[ch]pp' | xargs clang-format-14 -i` mends.
"""
import re
import shutil
import subprocess
import sys

import tree

# Each major version formats a little differently, so one is fixed for everybody. scripts/setup.sh installs it.
MAJOR_VERSION = 14


def major_version_of(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\d+)\.", text)
    return int(found.group(1)) if found else None


def find_clang_format():
    for name in (f"clang-format-{MAJOR_VERSION}", "clang-format"):
        program = shutil.which(name)
        if program and major_version_of(program) == MAJOR_VERSION:
            return program
    sys.exit(f"format: clang-format {MAJOR_VERSION} was not found; scripts/setup.sh installs it")


def first_lines(report):
    """One line per file from clang-format's many: where its first difference is."""
    seen = {}
    for line in report.splitlines():
        found = re.match(r"(.+?):(\d+):\d+: error: code should be clang-formatted", line)
        if found:
            seen.setdefault(found.group(1), found.group(2))
    return [f"{path}:{line}: not formatted (mend it with clang-format-{MAJOR_VERSION} -i)" for path, line in seen.items()]


def main():
    root = tree.root_of_arguments(__doc__)
    paths = tree.files(root, tree.CXX_SUFFIXES)
    violations = []
    if paths:
        command = [find_clang_format(), "--dry-run", "--Werror", "--style=file", *paths]
        answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        violations = first_lines(answer.stderr)
        if answer.returncode != 0 and not violations:
            violations = [answer.stderr.strip() or f"clang-format ended with {answer.returncode}"]
    tree.finish("format", violations, len(paths))


if __name__ == "__main__":
    main()
