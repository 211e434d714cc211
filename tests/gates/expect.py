#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""expect.py pass|fail [--message REGEX] -- COMMAND...: runs a command; succeeds if it ended as expected and its output
contains REGEX. ctest alone cannot hold both: PASS_REGULAR_EXPRESSION ignores the exit code."""
import argparse
import os
import re
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verdict", choices=("pass", "fail"))
    parser.add_argument("--message", default="", help="searched in the output; '.' matches newlines")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    # The C locale, so that messages read the same everywhere.
    answer = subprocess.run(options.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", check=False, env={**os.environ, "LC_ALL": "C"})
    print(answer.stdout, end="")
    ended = "pass" if answer.returncode == 0 else "fail"
    if ended != options.verdict:
        sys.exit(f"expect: expected to {options.verdict}, but the exit code is {answer.returncode}")
    if not re.search(options.message, answer.stdout, re.DOTALL):
        sys.exit(f"expect: the output does not contain '{options.message}'")


if __name__ == "__main__":
    main()
