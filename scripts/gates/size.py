#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: no file has more than 800 lines, no C++ or Python function more than 70.

What must exceed a cap is listed in scripts/gates/size_exceptions.txt of the tree that is checked, one per line:
`path lines` for a file, `path:function lines` for a function. An exception may only shrink: it fails when the file or
function has become shorter than its entry or is gone.
"""
import ast
import json
import shutil
import subprocess
import sys

import tree

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
EXCEPTIONS = "scripts/gates/size_exceptions.txt"


def line_count(path):
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def file_sizes(root, paths):
    return {path: line_count(root / path) for path in paths}


def python_function_sizes(root, paths):
    sizes = {}
    for path in paths:
        for node in ast.walk(ast.parse((root / path).read_text(), filename=path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                sizes[f"{path}:{node.name}"] = node.end_lineno - node.lineno + 1
    return sizes


def find_ctags():
    program = shutil.which("ctags-universal") or shutil.which("ctags")
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout if program else ""
    if "Universal Ctags" not in text or "+json" not in text:
        sys.exit("size: universal-ctags was not found; scripts/setup.sh installs it")
    return program


def cxx_function_sizes(root, paths):
    """Lengths by the start and end that ctags finds; of functions with one name in one file the longest counts."""
    if not paths:
        return {}
    command = [find_ctags(), "--options=NONE", "--output-format=json", "--languages=C++", "--langmap=C++:+.cu.cuh.inl",
               "--kinds-C++=f", "--fields=+ne", "-L", "-", "-f", "-"]
    answer = subprocess.run(command, cwd=root, input="\n".join(paths), capture_output=True, text=True, check=True)
    sizes = {}
    for line in answer.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            key = f"{tag['path']}:{tag['name']}"
            sizes[key] = max(sizes.get(key, 0), tag["end"] - tag["line"] + 1)
    return sizes


def read_exceptions(root):
    path = root / EXCEPTIONS
    lines = path.read_text().splitlines() if path.exists() else []
    entries = (line.split("#")[0].split() for line in lines)
    return {entry[0]: int(entry[1]) for entry in entries if entry}


def violations_of(sizes, cap, exceptions):
    for name, size in sorted(sizes.items()):
        allowed = exceptions.get(name, cap)
        if size > allowed:
            yield f"{name}: {size} lines, allowed are {allowed}"


def stale_exceptions(sizes, exceptions):
    for name, allowed in exceptions.items():
        size = sizes.get(name)
        if size is None:
            yield f"{EXCEPTIONS}: {name} is gone; remove its exception"
        elif size < allowed:
            yield f"{EXCEPTIONS}: {name} has shrunk to {size} lines; lower its exception of {allowed}"


def main():
    root = tree.root_of_arguments(__doc__)
    cxx = tree.files(root, tree.CXX_SUFFIXES)
    scripts = tree.files(root, tree.SCRIPT_SUFFIXES)
    whole = file_sizes(root, cxx + scripts)
    functions = cxx_function_sizes(root, cxx)
    functions |= python_function_sizes(root, [path for path in scripts if path.endswith(".py")])
    exceptions = read_exceptions(root)
    violations = [*violations_of(whole, FILE_LINES_MAX, exceptions),
                  *violations_of(functions, FUNCTION_LINES_MAX, exceptions),
                  *stale_exceptions(whole | functions, exceptions)]
    tree.finish("size", violations, len(whole))


if __name__ == "__main__":
    main()
