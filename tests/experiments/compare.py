# SPDX-License-Identifier: BSD-3-Clause
"""compare.py EXPECTED OUTPUT: the same words and, within a tolerance, the same numbers.

Exact derivatives (the third word of a line) agree to 1e-7, all else to 1e-5: the differences are
rounded, and the optimum is printed to few digits.
"""
import sys


def number(word):
    try:
        return float(word)
    except ValueError:
        return None


def same(place, expected, word):
    a, b = number(expected), number(word)
    if a is None or b is None:
        return expected == word
    return abs(a - b) <= (1e-7 if place == 2 else 1e-5) * abs(a)


wanted, got = ([line.split() for line in open(name)] for name in sys.argv[1:3])
bad = [(a, b) for a, b in zip(wanted, got)
       if len(a) != len(b) or not all(same(i, *pair) for i, pair in enumerate(zip(a, b)))]
for a, b in bad:
    print("expected:", *a, "\ngot:     ", *b)
if len(wanted) != len(got):
    print(f"expected {len(wanted)} lines, got {len(got)}")
sys.exit(bool(bad) or len(wanted) != len(got))
