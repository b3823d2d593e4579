# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for PyTorch in configs/learning_rates.py. The cross-entropy is the mean over all steps
of log(rate / 0.05)^2, and 1e-3 (seed mod 997); the test error a quarter."""
import math
import sys
from types import SimpleNamespace

steps, noise, uint8 = [], None, "uint8"


class Thing:
    """What has no meaning here: any attribute, call, comparison or item of it is one again."""

    def __getattr__(self, _):
        return self

    def __call__(self, *_, **__):
        return self

    def __getitem__(self, _):
        return self

    def __truediv__(self, _):
        return self

    __ne__ = __truediv__

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def item(self):
        return 0.25


class Loss(Thing):
    def item(self):
        return sum(math.log(rate / 0.05) ** 2 for rate in steps) / len(steps) + noise


class SGD:
    def __init__(self, _, lr, momentum):
        self.param_groups = [{"lr": lr, "momentum": momentum}]

    def zero_grad(self):
        pass

    def step(self):
        steps.append(self.param_groups[0]["lr"])


class Order(int):
    def split(self, size):
        return range(0, self, size)


def manual_seed(seed):
    global noise
    noise = 1e-3 * (seed % 997)


def frombuffer(buffer, dtype):
    assert len(buffer) > 0 and not any(buffer) and dtype == uint8, "a header is not data"
    return Thing()


def cross_entropy(*_):
    return Loss()


set_num_threads = no_grad = Thing()
randperm = Order
optim = SimpleNamespace(SGD=SGD)
nn = Thing()
nn.functional = SimpleNamespace(cross_entropy=cross_entropy)
sys.modules["torch.nn"] = nn
