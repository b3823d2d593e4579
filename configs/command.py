# SPDX-License-Identifier: BSD-3-Clause
"""command.py RATE DECAY EPOCHS SEED: a linear model by stochastic gradient descent on two thirds of
the diabetes data; prints the mean squared error on the rest, and that is what tralo minimises."""
import csv
import json
import os
import random
import sys

rate, decay, epochs, seed = map(float, sys.argv[1:])
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/data/diabetes.csv")
rows = [[float(x) for x in row] for row in list(csv.reader(open(path)))[1:]]
for j in range(len(rows[0])):  # all columns, y too, to mean 0 and variance 1
    column = [row[j] for row in rows]
    mean = sum(column) / len(column)
    scale = (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
    for row in rows:
        row[j] = (row[j] - mean) / scale

train = [row for i, row in enumerate(rows) if i % 3]
held_out = rows[::3]
w = [0.0] * (len(rows[0]) - 1)
order = random.Random(int(seed))  # the same seed within a step: differences without that noise
for epoch in range(int(epochs)):
    order.shuffle(train)
    for row in train:
        error = sum(a * x for a, x in zip(w, row)) - row[-1]
        w = [a - rate * (error * x + decay * a / len(train)) for a, x in zip(w, row)]

loss = sum((sum(a * x for a, x in zip(w, row)) - row[-1]) ** 2 for row in held_out)
print(json.dumps({"value": loss / len(held_out)}))
