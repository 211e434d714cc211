#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns test reports into the lines that end a run: one per preset and gate, then `N passed, N failed, N skipped`.

    ci_summary.py --junit dev=build/dev/junit.xml      one preset
    ci_summary.py --stages stages.tsv                  a whole run, as .ci/run records it

A line of stages.tsv is: kind, name, exit code, seconds, detail; separated by tabs. Kinds are `preset` (detail: its
JUnit report), `gate` (no detail) and `absent` (detail: why this stage could not be run; counts as one skip).
Exits with 1 if anything failed. A stage that failed without a failing test counts as one failure, so that a build
that broke, or a runner that died, can never read as success.
"""
import argparse
import dataclasses
import pathlib
import re
import sys
import xml.etree.ElementTree as xml_tree

# ctest's own marks of a deliberate skip; it also reports a missing program as skipped, which is a failure.
DELIBERATE_SKIP = re.compile(r"SKIP_REGULAR_EXPRESSION_MATCHED|SKIP_RETURN_CODE=")
# ctest lets a skip win over the exit code, so a case that skipped and then failed is told by its output.
FAILED_AFTER_SKIP = re.compile(r"^\[  FAILED  \]|\b(?:Address|Leak|Thread|UndefinedBehavior)Sanitizer\b|: runtime error: ",
                               re.MULTILINE)
GTEST_SKIP = re.compile(r"^\S+:\d+: Skipped\n(.*?)^\[  SKIPPED \]", re.MULTILINE | re.DOTALL)
STAGE_OF_EXIT = {10: "setup failed", 11: "configure failed", 12: "build failed", 13: "tests failed"}


@dataclasses.dataclass
class tally:
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)  # names
    skips: dict = dataclasses.field(default_factory=dict)  # reason -> names

    def skip(self, name, reason):
        self.skips.setdefault(reason, []).append(name)

    @property
    def skipped(self):
        return sum(len(names) for names in self.skips.values())

    def line(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {self.skipped} skipped"


def skip_reason(output):
    """The text given to GTEST_SKIP, else the last line that the test printed."""
    found = GTEST_SKIP.search(output)
    text = found.group(1) if found else (output.strip().splitlines() or [""])[-1]
    return " ".join(text.split()) or "no reason given"


def count_case(case, counts):
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    skipped = case.find("skipped")
    if status == "run":
        counts.passed += 1
    elif status == "disabled":
        counts.skip(name, "disabled in the source")
    elif skipped is not None and DELIBERATE_SKIP.match(skipped.get("message", "")) and not FAILED_AFTER_SKIP.search(output):
        counts.skip(name, skip_reason(output))
    else:
        counts.failures.append(name)


def read_report(path):
    """Counts the cases of a JUnit report; a report that is missing or broken has none."""
    counts = tally()
    try:
        root = xml_tree.parse(path).getroot()
    except (OSError, xml_tree.ParseError):
        return counts
    for case in root.iter("testcase"):
        count_case(case, counts)
    return counts


def preset_tally(name, exit_code, report):
    counts = read_report(report)
    if exit_code != 0 and not counts.failures:
        counts.failures.append(f"{name}: {STAGE_OF_EXIT.get(exit_code, f'exit code {exit_code}')}")
    if exit_code == 0 and counts.passed == 0:
        counts.failures.append(f"{name}: no test was run")
    return counts


def gate_tally(name, exit_code):
    return tally(passed=1) if exit_code == 0 else tally(failures=[f"gate {name}"])


def print_details(counts):
    for failure in counts.failures:
        print(f"  failed: {failure}")
    for reason, names in counts.skips.items():
        print(f"  skipped: {reason}: {', '.join(names)}")


def report_stage(kind, name, exit_code, seconds, detail):
    time = f" ({seconds} s)" if seconds else ""
    if kind == "preset":
        counts = preset_tally(name, exit_code, detail)
        print(f"{name}: {counts.line()}{time}")
    elif kind == "gate":
        counts = gate_tally(name, exit_code)
        print(f"gate {name}: {'FAILED' if counts.failures else 'passed'}{time}")
        return counts  # its line says all; the details would repeat it
    elif kind == "absent":
        counts = tally()
        counts.skip(name, detail)
        print(f"{name}: not run: {detail}")
        return counts
    else:
        raise SystemExit(f"ci_summary.py: unknown kind of stage: {kind}")
    print_details(counts)
    return counts


def read_stages(path):
    for line in pathlib.Path(path).read_text().splitlines():
        kind, name, exit_code, seconds, detail = line.split("\t")
        yield kind, name, int(exit_code), seconds, detail


def parse_arguments():
    parser = argparse.ArgumentParser(description="Summarizes test reports.")
    parser.add_argument("--junit", metavar="NAME=PATH", action="append", default=[])
    parser.add_argument("--stages", metavar="TSV")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    stages = [("preset", *pair, "") for pair in (item.split("=", 1) for item in arguments.junit)]
    stages = [(kind, name, 0, seconds, path) for kind, name, path, seconds in stages]
    if arguments.stages:
        stages += read_stages(arguments.stages)
    if not stages:
        raise SystemExit("ci_summary.py: nothing to summarize")
    total = [report_stage(*stage) for stage in stages]
    passed, failed, skipped = (sum(counts) for counts in
                               zip(*((t.passed, len(t.failures), t.skipped) for t in total)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
