# SPDX-License-Identifier: Apache-2.0
"""Which files a gate looks at, and how a gate speaks. Shared by the gates beside this file."""
import argparse
import pathlib
import subprocess
import sys

CXX_SUFFIXES = (".hpp", ".cpp", ".cu", ".cuh", ".inl")
SCRIPT_SUFFIXES = (".py", ".sh", ".cmake")
# Planted violations live here, below the root of the repository; a planted tree is checked as a root of its own.
PLANTED = "tests/gates/"


def root_of_arguments(description):
    """Parses the one option that all gates have."""
    parser = argparse.ArgumentParser(description=description)
    default = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--root", type=pathlib.Path, default=default, help="the tree to check (default: the repository)")
    return parser.parse_args().root.resolve()


def listed_by_git(root):
    """Paths below root that are tracked, or new and not ignored; None where git cannot tell."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.split("\0")[:-1]


def listed_by_walk(root):
    """The same for a tree without git, as an unpacked archive is: everything but build/ and hidden folders."""
    paths = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return [path for path in paths if not path.startswith(("build/", "."))]


def files(root, suffixes):
    """Sorted relative paths of the files below root with one of these suffixes, without planted trees. A file that
    git lists and that is gone from the disk is left out."""
    listed = listed_by_git(root)
    if listed is None:
        listed = listed_by_walk(root)
    wanted = {path for path in listed if path.endswith(suffixes) and not path.startswith(PLANTED)}
    return sorted(path for path in wanted if (root / path).is_file())


def finish(name, violations, checked):
    """Prints what was found and ends the process: 1 if anything was. A gate that saw no file at all fails too."""
    for violation in violations:
        print(f"{name}: {violation}")
    if not checked:
        violations = [f"{name}: found nothing to check"]
        print(violations[0])
    if not violations:
        print(f"{name}: {checked} files, no violation")
    sys.exit(1 if violations else 0)
