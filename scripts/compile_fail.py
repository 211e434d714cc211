#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one compile-fail test.

    compile_fail.py --source FILE --message REGEX --compiler g++ -- -std=c++20 -I...

FILE must compile as it is. With GLINT_COMPILE_FAIL defined it must not, and the compiler's first error must match
REGEX: a user reads that line, not the pages after it. The two variants differ by one token, which the file marks with
WRONG(good, bad) of tests/compile_fail/wrong.hpp, so that nothing but that token can be the reason.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.\'])*|::|->|&&|\|\||\S')
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
ERROR = re.compile(r"\b(?:fatal )?error: ")
CLOSING = {"(": ")", "[": "]", "{": "}"}


def without_comments(text):
    return COMMENT.sub(lambda found: found.group(0) if found.group(1) is None else " ", text)


def arguments_of_wrong(text):
    """The two argument texts of the only WRONG( in the file, or an explanation of why there are none."""
    uses = list(re.finditer(r"\bWRONG\s*\(", text))
    if len(uses) != 1:
        return None, f"WRONG( must stand exactly once, and stands {len(uses)} times"
    parts, depth, start = [], [")"], uses[0].end()
    for token in TOKEN.finditer(text, start):
        word = token.group(0)
        if word in CLOSING:
            depth.append(CLOSING[word])
        elif word == depth[-1]:
            depth.pop()
        if not depth or (word == "," and len(depth) == 1):
            parts.append(text[start:token.start()])
            start = token.end()
        if not depth:
            break
    if depth or len(parts) != 2:
        return None, f"WRONG takes two arguments, and has {len(parts)}"
    return parts, None


def differ_by_one_token(good, bad):
    """Whether one token is replaced, added or taken away between the two, and nothing else."""
    first, second = TOKEN.findall(good), TOKEN.findall(bad)
    while first and second and first[0] == second[0]:
        first, second = first[1:], second[1:]
    while first and second and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    return max(len(first), len(second)) == 1


def check_source(path):
    """An explanation of what is wrong with the test itself, or None."""
    text = without_comments(path.read_text())
    if re.search(r"\bGLINT_COMPILE_FAIL\b", text):
        return "GLINT_COMPILE_FAIL must not be used by the test itself; use WRONG(good, bad)"
    arguments, problem = arguments_of_wrong(text)
    if problem:
        return problem
    if not differ_by_one_token(*arguments):
        return f"the variants of WRONG({', '.join(part.strip() for part in arguments)}) must differ by one token"
    return None


def compile_source(options, *defines):
    """The compiler's exit code and what it printed, in English."""
    command = [options.compiler, *options.flags, *defines, "-fsyntax-only", "-fdiagnostics-color=never", str(options.source)]
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                            env={**os.environ, "LC_ALL": "C"})
    return answer.returncode, answer.stderr + answer.stdout


def check_good(options):
    code, output = compile_source(options)
    return f"the good variant does not compile:\n{output}" if code != 0 else None


def check_bad(options):
    code, output = compile_source(options, "-DGLINT_COMPILE_FAIL")
    if code == 0:
        return "the bad variant compiles"
    first = next((line for line in output.splitlines() if ERROR.search(line)), None)
    if first is None:
        return f"the compiler failed without an error:\n{output}"
    if not re.search(options.message, ERROR.split(first, maxsplit=1)[1]):
        return f"the first error does not match '{options.message}':\n  {first}\nof:\n{output}"
    return None


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs one compile-fail test.")
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--message", required=True, help="regular expression for the first error's text")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("flags", nargs="*", help="compiler flags, after --")
    return parser.parse_args()


def main():
    options = parse_arguments()
    problem = check_source(options.source) or check_good(options) or check_bad(options)
    if problem:
        print(f"compile_fail: {options.source}: {problem}")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
