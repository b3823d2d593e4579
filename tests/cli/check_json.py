# SPDX-License-Identifier: BSD-3-Clause
"""check_json.py FILE ... EXPRESSION: is it true? r is the first file, rs are all of them;
near(a, b, tolerance) compares numbers and nested lists relative to max(1, |b|)."""
import json
import math
import sys


def near(a, b, tolerance):
    if isinstance(a, list):
        return len(a) == len(b) and all(near(x, y, tolerance) for x, y in zip(a, b))
    return abs(a - b) <= tolerance * max(1.0, abs(b))


rs = [json.load(open(name)) for name in sys.argv[1:-1]]
names = {"r": rs[0], "rs": rs, "near": near, "math": math}
if not eval(sys.argv[-1], names):
    import ast  # the parts of A and B and ... one by one
    whole = ast.parse(sys.argv[-1], mode="eval").body
    parts = [ast.unparse(part) for part in getattr(whole, "values", [whole])]
    wrong = [part for part in parts if not eval(part, names)]
    sys.exit(f"not true of {sys.argv[1]}: {'; '.join(wrong)}")
