# SPDX-License-Identifier: BSD-3-Clause
"""hyper_cleaning.py rows NAME N_TRAIN N_VALID N_TEST GROUPS FILE ...: rows for hyper-cleaning, as
LIBSVM text: NAME.train.svm, of whose GROUPS groups of consecutive rows half have labels drawn at
random, NAME.clean.svm, the other half of these, NAME.valid.svm, NAME.test.svm; NAME.noisy says
which groups are noisy. FILE ...: images and labels (IDX) to train on and validate by, the same for
the test; or one CSV, the class last. Any may be .gz or .xz.
hyper_cleaning.py found NAME RESULT.json: how well the weights tell noisy groups from clean ones."""
import gzip
import json
import lzma
import random
import sys


def content(name):
    opener = {"gz": gzip.open, "xz": lzma.open}.get(name.rsplit(".", 1)[-1], open)
    with opener(name, "rb") as file:
        return file.read()


def images(pixels, labels):
    pixels, labels = content(pixels), content(labels)
    count, size = len(labels) - 8, (len(pixels) - 16) // (len(labels) - 8)
    words = [f":{b / 255:.4g}" for b in range(256)]
    for i in range(count):
        row = pixels[16 + i * size:16 + (i + 1) * size]
        yield labels[8 + i], [f"{j + 1}{words[b]}" for j, b in enumerate(row) if b > 0]


def table(name):
    for line in content(name).decode().split("\n")[1:]:
        if line != "":
            *row, label = line.split(",")
            most = 16.0  # of digits
            entries = [(j + 1, float(x) / most) for j, x in enumerate(row) if x != "0"]
            yield int(label), [f"{j}:{x:.4g}" for j, x in entries]


def write(name, rows):
    with open(name + ".svm", "w") as file:
        for label, row in rows:
            print(label, *row, file=file)


def make_rows(name, sizes, files):
    n_train, n_valid, n_test, groups = sizes
    draws = random.Random(1)
    rows = list(table(*files)) if len(files) == 1 else list(images(*files[:2]))
    draws.shuffle(rows)
    test = rows[n_train + n_valid:] if len(files) == 1 else list(images(*files[2:]))
    train, valid = rows[:n_train], rows[n_train:n_train + n_valid]
    noisy = [g < groups // 2 for g in range(groups)]
    draws.shuffle(noisy)
    of_row = [noisy[i * groups // n_train] for i in range(n_train)]
    classes = 1 + max(label for label, _ in rows)
    write(name + ".clean", [row for row, bad in zip(train, of_row) if not bad])
    write(name + ".train", [(draws.randrange(classes) if bad else label, row)
                            for (label, row), bad in zip(train, of_row)])
    write(name + ".valid", valid)
    write(name + ".test", test[:n_test])
    with open(name + ".noisy", "w") as file:
        print(*map(int, noisy), file=file)


def found(name, result):
    """The chance that a clean group weighs more than a noisy one, and the share of groups that are
    on the right side of the median."""
    weights = json.load(open(result))["weights"]
    noisy = list(map(int, open(name + ".noisy").read().split()))
    bad = [w for w, n in zip(weights, noisy) if n]
    good = [w for w, n in zip(weights, noisy) if not n]
    above = sum((g > b) + 0.5 * (g == b) for g in good for b in bad) / (len(good) * len(bad))
    middle = sorted(weights)[len(weights) // 2]
    right = sum((w < middle) == bool(n) for w, n in zip(weights, noisy)) / len(noisy)
    print(f"{100 * above:.1f} {100 * right:.1f}")


if sys.argv[1] == "rows":
    make_rows(sys.argv[2], list(map(int, sys.argv[3:7])), sys.argv[7:])
else:
    found(*sys.argv[2:])
