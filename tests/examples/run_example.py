#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an example and compares what it prints on standard output: run_example.py PROGRAM LINE..."""
import subprocess
import sys

program, *expected = sys.argv[1:]
ran = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
lines = ran.stdout.splitlines()
if ran.returncode != 0 or lines != expected:
    sys.exit(f"{program} ended with {ran.returncode}\nprinted:  {lines}\nexpected: {expected}\n{ran.stderr}")
