#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks train_digits as a user runs it: run_train_digits.py PROGRAM DATA CASE, with a CASE of this file."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SHORT = ["--epochs=2", "--hidden=16"]


def run(program, arguments, folder, expected_code=0):
    environment = {key: value for key, value in os.environ.items() if key != "GLINT_CPUS"}
    ran = subprocess.run([program, "--svg", str(folder / "curve.svg"), *arguments], cwd=folder, env=environment,
                         capture_output=True, text=True, timeout=200, check=False)
    if ran.returncode != expected_code:
        sys.exit(f"{arguments} ended with {ran.returncode}, not {expected_code}:\n{ran.stdout}{ran.stderr}")
    return ran


def expect(held, otherwise):
    if not held:
        sys.exit(otherwise)


def value_of(output, pattern):
    found = re.search(pattern, output, re.MULTILINE)
    if not found:
        sys.exit(f"no line like {pattern} in:\n{output}")
    return found.group(1)


def accuracy(program, _, folder):
    """With the defaults the test accuracy is 95 % at least, and everything that is promised is printed."""
    output = run(program, [], folder).stdout
    percent = float(value_of(output, r"^test accuracy: (\d+\.\d) %$"))
    if not 95 <= percent <= 100:
        sys.exit(f"the test accuracy is {percent} %")
    value_of(output, r"^time: (\d+\.\d\d) s$")
    work = re.search(r"^work: (\d+) tasks, (\d+) actor calls, (\d+\.\d) MB of device memory allocated", output, re.MULTILINE)
    # 60 epochs of 11 steps; each 3 additions, 2 halves of a step and 4 gradients; then one prediction, and 4 shares that are
    # made, take the weights and predict.
    if not work or (int(work.group(1)), int(work.group(2))) != (660 * 5 + 1, 660 * 4 + 12) or float(work.group(3)) <= 1:
        sys.exit(f"unexpected work in:\n{output}")
    path = value_of(output, r"^loss curve: (.+)$")
    svg = xml.etree.ElementTree.parse(folder / path).getroot()
    curve = svg.find("{http://www.w3.org/2000/svg}polyline")
    if svg.tag != "{http://www.w3.org/2000/svg}svg" or curve is None or len(curve.get("points").split()) != 660:
        sys.exit("the loss curve is not an SVG picture with a point a step")


def same_bits(program, _, folder):
    """The weights' bits depend on seed and shares, not on the number of workers or the run."""
    def checksum(*arguments):
        output = run(program, [*SHORT, "--checksum", "--quiet", *arguments], folder).stdout
        return value_of(output, r"^weights checksum: ([0-9a-f]{16})$")

    first = checksum("--glint-cpus=1")
    for cpus in ("1", "2", "3", "8"):
        if checksum(f"--glint-cpus={cpus}") != first:
            sys.exit(f"{cpus} workers give other bits")
    for other in ("--seed=2", "--shares=3"):
        if checksum("--glint-cpus=2", other) == first:
            sys.exit(f"{other} gives the same bits")


def refusals(program, data, folder):
    """Wrong files and options end with 2 and one line that says what is wrong, and train nothing."""
    truncated = folder / "truncated.csv.gz"
    truncated.write_bytes(pathlib.Path(data).read_bytes()[:20000])
    few = folder / "few.csv"
    few.write_text(("0," * 64 + "1\n") * 5)
    cases = [
        (["--data", str(truncated)], r"^train_digits: truncated\.csv\.gz:\d+: the compressed file is truncated$"),
        (["--data", "missing.csv"], r"^train_digits: cannot read missing\.csv: No such file or directory$"),
        (["--data", str(few), "--shares=8"], r"^train_digits: too few samples for the shares and a test$"),
        (["--epochs", "0"], r"^train_digits: --epochs: 0 is outside of 1 to 100000$"),
        (["--epoch"], r"^train_digits: unknown option --epoch; --help lists all$"),
    ]
    for arguments, pattern in cases:
        ran = run(program, arguments, folder, expected_code=2)
        if not re.search(pattern, ran.stderr, re.MULTILINE) or "accuracy" in ran.stdout:
            sys.exit(f"{arguments} printed:\n{ran.stdout}{ran.stderr}")


def talk(program, _, folder):
    """Without a terminal progress is lines on standard error; --quiet silences it; --help trains nothing."""
    lines = run(program, SHORT, folder).stderr.splitlines()
    if not any(re.fullmatch(r"step 22 of 22, loss \d+\.\d{4}", line) for line in lines):
        sys.exit(f"no progress in {lines}")
    if "step" in run(program, [*SHORT, "--quiet"], folder).stderr:
        sys.exit("--quiet is not quiet")
    if "--shares VALUE" not in run(program, ["--help"], folder).stdout:
        sys.exit("--help does not help")


def main():
    program, data, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        {"accuracy": accuracy, "same_bits": same_bits, "refusals": refusals, "talk": talk}[case](program, data,
                                                                                                 pathlib.Path(folder))


if __name__ == "__main__":
    main()
