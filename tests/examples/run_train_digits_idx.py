#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that train_digits reads MNIST's IDX format as a user has it: run_train_digits_idx.py PROGRAM DATA CASE."""
import gzip
import pathlib
import struct
import sys
import tempfile

from run_train_digits import expect, run, value_of

SHORT = ["--epochs=2", "--hidden=16", "--quiet"]


def read_lines(data):
    """Pixels (as bytes) and label of each digit of the example."""
    rows = [[int(field) for field in line.split(b",")] for line in gzip.decompress(pathlib.Path(data).read_bytes()).split()]
    return [(bytes(row[:64]), row[64]) for row in rows]


def write_idx(folder, name, digits, side=8, compress=False):
    """The options that name the two files of `digits`."""
    pixels, labels = zip(*digits)
    write, end = (gzip.compress, ".gz") if compress else (bytes, "")
    (folder / f"{name}-images{end}").write_bytes(
        write(struct.pack(">IIII", 0x803, len(digits), side, side) + b"".join(pixels)))
    (folder / f"{name}-labels{end}").write_bytes(write(struct.pack(">II", 0x801, len(digits)) + bytes(labels)))
    return [f"--images={name}-images{end}", f"--labels={name}-labels{end}"]


def same_as_lines(program, data, folder):
    """The example's digits as IDX files, plain or compressed, give the bytes that its lines of text give where the same
    value is a full pixel, and a checkpoint of one goes on with the other. The default of 255 gives others."""
    def train(name, *arguments):
        run(program, [*SHORT, f"--save={name}", *arguments], folder)
        return (folder / name).read_bytes()

    digits = read_lines(data)
    lines = train("lines")
    for compress in (False, True):
        files = write_idx(folder, "digits", digits, compress=compress)
        expect(train("idx", "--pixel-max=16", *files) == lines, f"IDX files (compressed: {compress}) give other bytes")
    expect(train("dark", *files) != lines, "pixels of 0 to 16 were not taken as parts of 255")
    wider = write_idx(folder, "wider", [(bytes(15 * p for p in pixels), label) for pixels, label in digits])
    expect(train("wide", "--pixel-max=240", *wider) == lines, "15 times the pixels of 15 times the full one give other bytes")
    train("half", "--steps=9")
    expect(train("rest", "--resume=half", "--pixel-max=16", *files) == lines, "lines, then IDX files: other bytes")


def learns(program, _, folder):
    """Images of MNIST's size are learned, with a fifth or files of their own for the test."""
    def image(label, number):  # a bright row of blocks whose place is the label, and a speck
        pixels = bytearray(28 * 28)
        for row in range(2 * label + 3, 2 * label + 6):
            for column in range(4, 24):
                pixels[row * 28 + column] = 255 - (number + column) % 40
        pixels[number * 31 % (28 * 28)] = 90
        return bytes(pixels)

    digits = [(image(i % 10, i), i % 10) for i in range(400)]
    files = write_idx(folder, "train", digits, 28, compress=True)
    output = run(program, ["--epochs=20", "--shares=2", "--batch=10", "--quiet", *files], folder).stdout
    expect("digits: 320 for training in 2 shares, 80 for the test" in output, output)
    expect(float(value_of(output, r"^test accuracy: (\d+\.\d) %$")) >= 95, output)
    test = [option.replace("--", "--test-") for option in write_idx(folder, "t10k", digits[:50], 28)]
    output = run(program, ["--epochs=20", "--shares=2", "--batch=10", "--quiet", *files, *test], folder).stdout
    expect("digits: 400 for training in 2 shares, 50 for the test" in output, output)
    expect(float(value_of(output, r"^test accuracy: (\d+\.\d) %$")) >= 95, output)


def refusals(program, data, folder):
    """Wrong files end with 2 and a line that names file and offset, and train nothing."""
    digits = read_lines(data)[:50]
    images, labels = write_idx(folder, "good", digits)
    pixels = (folder / "good-images").read_bytes()
    numbers = (folder / "good-labels").read_bytes()
    write_idx(folder, "few", digits[:49])
    write_idx(folder, "other", [(bytes(81), 1)] * 20, 9)
    files = {"swapped": struct.pack("<I", 0x803) + pixels[4:], "cut": pixels[:1000], "cut.gz": gzip.compress(pixels)[:300],
             "long": pixels + b"\0", "flat": pixels[:8] + bytes(4) + pixels[12:], "label": numbers[:20] + b"\x0b" + numbers[21:]}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    cases = [
        (["--images=missing", labels], r"cannot read missing: No such file or directory"),
        (["--images=swapped", labels],
         r"swapped: offset 0: the magic number is 0x03080000 where 0x00000803 (images of bytes) belongs"),
        (["--images=good-labels", labels],
         r"good-labels: offset 0: the magic number is 0x00000801 where 0x00000803 (images of bytes) belongs"),
        ([images, "--labels=good-images"],
         r"good-images: offset 0: the magic number is 0x00000803 where 0x00000801 (labels of bytes) belongs"),
        (["--images=cut", labels], r"cut: offset 1000: the file ends where 3216 bytes belong"),
        (["--images=cut.gz", labels], r": the compressed file is truncated"),
        (["--images=long", labels], r"long: offset 3216: 1 bytes follow the last element"),
        (["--images=flat", labels], r"flat: offset 8: 0 rows, outside of 1 to 256"),
        ([images, "--labels=few-labels"], r"few-labels: offset 4: 49 labels for 50 images"),
        ([images, "--labels=label"], r"label: offset 20: the label is 11, outside of 0 to 9"),
        ([images, labels, "--pixel-max=3"], ", outside of 0 to 3"),
        ([images, labels, "--test-images=other-images", "--test-labels=other-labels"],
         r"other-images: offset 8: images of 81 pixels where good-images has 64"),
        ([images], "--images needs --labels"),
        ([images, labels, f"--data={data}"], "--data and --images exclude each other"),
    ]
    for arguments, line in cases:
        ran = run(program, arguments, folder, expected_code=2)
        expect(line in ran.stderr and ran.stderr.startswith("train_digits: ") and ran.stdout == "",
               f"{arguments}:\n{ran.stdout}{ran.stderr}")


def main():
    program, data, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        {"same_as_lines": same_as_lines, "learns": learns, "refusals": refusals}[case](program, data, pathlib.Path(folder))


if __name__ == "__main__":
    main()
