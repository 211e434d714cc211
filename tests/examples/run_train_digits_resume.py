#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks --save and --resume of train_digits as a user runs it: run_train_digits_resume.py PROGRAM DATA CASE."""
import gzip
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

from run_train_digits import expect, run, value_of

SHORT = ["--epochs=2", "--hidden=16", "--quiet", "--checksum"]


def steps_in(shares):
    """Of two epochs: each epoch has the training samples of a share, in batches of 32, rounded down."""
    return 2 * (1438 // shares // 32)


def train(program, folder, name, *arguments):
    """Checkpoint, loss curve and printed checksum of a run: what has to be the same."""
    output = run(program, [*SHORT, "--save", f"{name}.checkpoint", "--svg", f"{name}.svg", *arguments], folder).stdout
    expect(f"saved: {name}.checkpoint at step" in output, output)
    return ((folder / f"{name}.checkpoint").read_bytes(), (folder / f"{name}.svg").read_bytes(),
            value_of(output, r"^weights checksum: ([0-9a-f]{16})$"))


def exact(program, _, folder):
    """k steps, save, resume for the rest: the same bytes as without a stop, also with other numbers of workers."""
    for shares in (1, 2, 4):
        steps = steps_in(shares)
        whole = train(program, folder, "whole", f"--shares={shares}")
        for stop in (1, steps // 2 - 1, steps // 2, steps // 2 + 1, steps - 1, steps):
            train(program, folder, "first", f"--shares={shares}", f"--steps={stop}", "--glint-cpus=1")
            rest = train(program, folder, "rest", "--resume=first.checkpoint", "--glint-cpus=3")
            expect(rest == whole, f"{shares} shares, stopped at step {stop} of {steps}: other bytes")
    talk = run(program, ["--resume=first.checkpoint", "--steps=22"], folder).stdout
    expect("resumed: first.checkpoint at step 22 of 22" in talk.splitlines(), talk)
    other = train(program, folder, "other", "--seed=2")
    expect(other[0] != train(program, folder, "whole")[0], "another seed gives the same bytes")


def chained(program, _, folder):
    """Many stops, saving over the file that was read; checkpoints on the way; more epochs than were planned."""
    whole = train(program, folder, "whole")
    train(program, folder, "chain", "--steps=3")
    for stop in (4, 11, 18, 22):
        chain = train(program, folder, "chain", "--resume=chain.checkpoint", f"--steps={stop}")
    expect(chain == whole, "a chain of runs gives other bytes")
    expect(train(program, folder, "often", "--save-every=5") == whole, "saving on the way changes the bytes")
    expect(train(program, folder, "again", "--resume=whole.checkpoint") == whole, "no further step, but other bytes")
    longer = train(program, folder, "longer", "--epochs=3")
    expect(train(program, folder, "more", "--resume=whole.checkpoint", "--epochs=3") == longer, "more epochs differ")




def run_with_size_limit(program, data, folder, bytes_max, killed):
    """Exit code and errors of a run whose files may not grow beyond `bytes_max`. The limit has to hold from when the
    runtime is up, since the memory of emulated devices is a file as well; so the run gets its digits from a pipe, and
    only once the limit is set. A write beyond it kills the run, or else fails."""
    fifo = folder / "digits.fifo"
    if not fifo.exists():
        os.mkfifo(fifo)
    arguments = [program, *SHORT, "--data=digits.fifo", "--save=run.checkpoint", "--save-every=5"]
    process = subprocess.Popen(arguments, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               restore_signals=killed)  # Python ignores SIGXFSZ, and so does a child that inherits that
    try:
        with fifo.open("wb") as digits:  # returns when the run has opened it, too
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
            digits.write(gzip.decompress(pathlib.Path(data).read_bytes()))
        errors = process.communicate(timeout=100)[1]
    finally:
        process.kill()
    return process.returncode, errors


def crash(program, data, folder):
    """A run that dies while it saves, or that cannot, leaves the checkpoint before: whole, and good to go on from."""
    whole = train(program, folder, "whole")
    five = train(program, folder, "five", "--steps=5")[0]
    bytes_max = len(five) + 8  # ten steps have a longer list of losses
    for killed, code in ((True, -signal.SIGXFSZ), (False, 2)):
        returned, errors = run_with_size_limit(program, data, folder, bytes_max, killed)
        expect(returned == code, f"ended with {returned}, not {code}: {errors}")
        expect((folder / "run.checkpoint").read_bytes() == five, "the checkpoint before is gone")
        left = list(folder.glob("run.checkpoint.partial-*"))
        expect(len(left) == killed, f"left behind: {left}")
        expect(killed or "train_digits: cannot write run.checkpoint: File too large" in errors.splitlines(), errors)
        expect(train(program, folder, "rest", "--resume=run.checkpoint") == whole, "other bytes after a crash")
        for path in left:
            path.unlink()


def refusals(program, data, folder):
    """What cannot be resumed from or saved to ends with 2 and a line that says why, and trains nothing."""
    good = train(program, folder, "good", "--steps=10")[0]
    files = {"truncated": good[:-1], "empty": b"", "short": good[:20], "altered": good[:500] + bytes([good[500] ^ 1]) + good[501:],
             "newer": good[:16] + b"\2" + good[17:], "longer": good + b"\0", "foreign": pathlib.Path(data).read_bytes()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    lines = gzip.decompress(pathlib.Path(data).read_bytes()).splitlines(True)
    (folder / "other.csv").write_bytes(b"".join(lines[1:]))
    size = len(good)
    cases = [
        (["--resume=truncated"], f"cannot resume from truncated: it is truncated: {size - 1} bytes of {size}"),
        (["--resume=short"], "cannot resume from short: it is truncated: its header is not whole"),
        (["--resume=altered"], "cannot resume from altered: it was altered: its checksum does not fit"),
        (["--resume=newer"], "cannot resume from newer: its format's version is 2, and this program reads version 1"),
        (["--resume=longer"], "cannot resume from longer: bytes follow its end"),
        (["--resume=foreign"], "cannot resume from foreign: it is not a checkpoint of train_digits"),
        (["--resume=empty"], "cannot resume from empty: it is not a checkpoint of train_digits"),
        (["--resume=missing"], "cannot read missing: No such file or directory"),
        (["--resume=."], "cannot read .: it is a folder"),
        (["--resume=good.checkpoint", "--data=other.csv"],
         "cannot resume from good.checkpoint: it was saved with other digits, or another part of them for the test"),
        (["--resume=good.checkpoint", "--shares=2"], "--shares: 2 was given, but the checkpoint has 4"),
        (["--resume=good.checkpoint", "--batch=16"], "--batch: 16 was given, but the checkpoint has 32"),
        (["--resume=good.checkpoint", "--hidden=64"], "--hidden: 64 was given, but the checkpoint has 16"),
        (["--resume=good.checkpoint", "--seed=2"], "--seed: 2 was given, but the checkpoint has 1"),
        (["--resume=good.checkpoint", "--rate=0.2"], "--rate: 0.2 was given, but the checkpoint has 0.1"),
        (["--resume=good.checkpoint", "--momentum=0"], "--momentum: 0 was given, but the checkpoint has 0.9"),
        (["--resume=good.checkpoint", "--steps=9"], "--steps: the end would be step 9, but the checkpoint is at step 10"),
        (["--save=missing/x"], "cannot write missing/x: No such file or directory"),
        (["--save=."], "cannot write .: it is not a regular file"),
        (["--save=/dev/full"], "cannot write /dev/full: it is not a regular file"),
        (["--save-every=3"], "--save-every needs --save"),
    ]
    for arguments, line in cases:
        ran = run(program, arguments, folder, expected_code=2)
        expect(f"train_digits: {line}" in ran.stderr.splitlines() and ran.stdout == "", f"{arguments}:\n{ran.stdout}{ran.stderr}")
    expect((folder / "good.checkpoint").read_bytes() == good, "a refused run touched the checkpoint")


def give_up(*_):
    raise TimeoutError("no end after 200 s")


def main():
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(200)
    program, data, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        {"exact": exact, "chained": chained, "crash": crash, "refusals": refusals}[case](program, data, pathlib.Path(folder))


if __name__ == "__main__":
    main()
