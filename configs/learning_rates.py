# SPDX-License-Identifier: BSD-3-Clause
"""learning_rates.py PARAMETERS SEED [IMAGES]: a small convolutional network on Fashion-MNIST, a
learning rate for each epoch: as many epochs as there are rates in the JSON file PARAMETERS. Trains
on IMAGES images, prints the cross-entropy on as many others, and the error on the test images. The
folder of the four files of the data is in the environment, FASHION_MNIST, or that of Debian's
dataset-fashion-mnist. Wants PyTorch (Debian: python3-torch)."""
import gzip
import json
import os
import sys

import torch
from torch.nn import functional

rates = json.load(open(sys.argv[1]))["rate"]
seed = int(sys.argv[2])
images = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
folder = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


def load(name, header, count):
    with gzip.open(os.path.join(folder, name)) as file:
        return torch.frombuffer(bytearray(file.read(header + count)[header:]), dtype=torch.uint8)


def data(part, count):
    x = load(part + "-images-idx3-ubyte.gz", 16, 784 * count).reshape(-1, 1, 28, 28)
    return x.float() / 255, load(part + "-labels-idx1-ubyte.gz", 8, count).long()


torch.set_num_threads(1)
x, y = data("train", 2 * images)
train, held_out = slice(0, images), slice(images, 2 * images)
torch.manual_seed(seed)  # the same within a step: differences without the noise of training
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 8, 5, stride=2, padding=2), torch.nn.ReLU(),
    torch.nn.Conv2d(8, 16, 3, stride=2, padding=1), torch.nn.ReLU(),
    torch.nn.Flatten(), torch.nn.Linear(16 * 7 * 7, 10))
optimiser = torch.optim.SGD(network.parameters(), lr=0, momentum=0.9)
for rate in rates:
    optimiser.param_groups[0]["lr"] = rate
    for batch in torch.randperm(images).split(100):
        optimiser.zero_grad()
        functional.cross_entropy(network(x[train][batch]), y[train][batch]).backward()
        optimiser.step()

with torch.no_grad():
    loss = functional.cross_entropy(network(x[held_out]), y[held_out]).item()
    x, y = data("t10k", 10000)
    error = (network(x).argmax(1) != y).float().mean().item()
print(json.dumps({"value": loss, "test_error": error}))
