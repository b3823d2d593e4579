#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""sparse_text.py ROWS COLUMNS PER_ROW > FILE.svm: rows like those of a collection of texts, as
LIBSVM text with labels -1 and +1. Which columns a row has follows Zipf's law (a word's rank is
log-uniform), its entries are positive and its length is 1; each label is drawn from a logistic
model in which every tenth column has a weight. The same numbers in every run."""
import math
import random
import sys

rows, columns, per_row = (int(text) for text in sys.argv[1:4])
draw = random.Random(1)
last = math.log(columns)


def weight(column):
    mixed = random.Random(7919 * column + 1)
    return 6.0 * mixed.gauss(0.0, 1.0) if mixed.random() < 0.1 else 0.0


weights = {}
for _ in range(rows):
    chosen = set()
    while len(chosen) < per_row:
        chosen.add(min(columns, int(math.exp(last * draw.random()))))
    counts = {column: 1.0 + draw.expovariate(1.0) for column in sorted(chosen)}
    length = math.sqrt(sum(count * count for count in counts.values()))
    for column in counts:
        if column not in weights:
            weights[column] = weight(column)
    score = sum(weights[column] * count for column, count in counts.items()) / length
    label = 1 if draw.random() < 1.0 / (1.0 + math.exp(-score)) else -1
    entries = " ".join(f"{column}:{count / length:.6g}" for column, count in counts.items())
    print(f"{label:+d} {entries}")
