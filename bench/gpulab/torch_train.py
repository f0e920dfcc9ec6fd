"""Times an epoch of each tutorial in PyTorch: eager, compiled, as a captured graph.

    python3 torch_train.py [--smoke] > torch_train.jsonl

The same networks, batches, optimizers and precision (fp32, no TF32) as ours, and
as much help: the data set lies on the GPU, batches are gathered there by a shuffled
index, and the loss and the number of right answers are summed there and read once an
epoch. Inputs are random, as time does not depend on them. Without a GPU it stops,
but for --smoke, which tries the networks on the CPU and measures nothing.
"""

import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

# Keras's epsilon and rho, which are not PyTorch's.
RMSPROP = lambda p, eps=1e-7: torch.optim.RMSprop(p, lr=1e-3, alpha=0.9, eps=eps, capturable=torch.cuda.is_available())
ADAM = lambda p: torch.optim.Adam(p, lr=1e-3, eps=1e-7, capturable=torch.cuda.is_available())


def networks():
    """name, batch, examples, input shape, outputs, the model and its optimizer"""
    relu, flat = nn.ReLU, nn.Flatten
    return [
        ("mnist-mlp", 1000, 60000, (784,), 10,
         lambda: nn.Sequential(nn.Linear(784, 32), relu(), nn.Linear(32, 10)), lambda p: RMSPROP(p, 1e-8)),
        ("mnist-cnn", 128, 60000, (1, 28, 28), 10,
         lambda: nn.Sequential(nn.Conv2d(1, 32, 3), relu(), nn.Conv2d(32, 64, 3), relu(), nn.MaxPool2d(2), nn.Dropout(0.25), flat(),
                               nn.Linear(9216, 128), relu(), nn.Dropout(0.5), nn.Linear(128, 10)), ADAM),
        ("fashion-mlp", 32, 60000, (28, 28), 10,
         lambda: nn.Sequential(flat(), nn.Linear(784, 128), relu(), nn.Linear(128, 10)), ADAM),
        ("binary-mlp", 200, 1000, (20,), 1,
         lambda: nn.Sequential(nn.Linear(20, 64), relu(), nn.Dropout(0.5), nn.Linear(64, 64), relu(), nn.Dropout(0.5), nn.Linear(64, 1)), RMSPROP),
        ("mnist-wide-mlp", 200, 60000, (784,), 10,
         lambda: nn.Sequential(nn.Linear(784, 784), relu(), nn.Linear(784, 10)), ADAM),
        ("mnist-cnn-channels-first", 200, 60000, (1, 28, 28), 10,
         lambda: nn.Sequential(nn.Conv2d(1, 32, 5), relu(), nn.MaxPool2d(2), nn.Dropout(0.2), flat(),
                               nn.Linear(4608, 128), relu(), nn.Linear(128, 10)), ADAM),
    ]


class Training:
    """A network with its data and one training step, which works on fixed memory."""

    def __init__(self, network, device, channels_last):
        _, self.batch, examples, shape, outputs, model, optimizer = network
        self.examples = examples // self.batch * self.batch
        self.device = device
        self.model = model().to(device)
        image = len(shape) == 3
        if image and channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.channels_last = image and channels_last
        self.binary = outputs == 1
        self.pixels = outputs != 1
        n = self.examples
        self.x = torch.randint(256, (n, *shape), dtype=torch.uint8, device=device) if self.pixels else torch.rand(n, *shape, device=device)
        self.y = torch.randint(2 if self.binary else outputs, (n,), device=device)
        self.index = torch.empty(self.batch, dtype=torch.long, device=device)
        self.loss_sum, self.right = torch.zeros((), device=device), torch.zeros((), device=device)
        self.optimizer = optimizer(self.model.parameters())
        self.forward = self.loss

    def loss(self, x, y):
        out = self.model(x)
        if self.binary:
            return F.binary_cross_entropy_with_logits(out[:, 0], y.float()), (out[:, 0] > 0) == (y == 1)
        return F.cross_entropy(out, y), out.argmax(1) == y

    def step(self):
        x, y = self.x[self.index], self.y[self.index]
        if self.pixels:
            x = x.float() / 255
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        loss, right = self.forward(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach() * self.batch
        self.right += right.sum()

    def epoch(self, step):
        """Seconds of an epoch."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        self.loss_sum.zero_()
        self.right.zero_()
        order = torch.randperm(self.examples, device=self.device)
        for at in range(0, self.examples, self.batch):
            self.index.copy_(order[at:at + self.batch])
            step()
        float(self.loss_sum), float(self.right)  # waits
        return time.perf_counter() - begin


def captured(t):
    """The step as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    t.index.copy_(torch.arange(t.batch, device="cuda"))
    with torch.cuda.stream(side):
        for _ in range(3):
            t.step()
    torch.cuda.current_stream().wait_stream(side)
    t.optimizer.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        t.step()
    return graph.replay


def measure(network, how, channels_last):
    t = Training(network, "cuda", channels_last)
    step = t.step
    if how == "compile":
        t.forward = torch.compile(t.loss)
    if how == "graph":
        step = captured(t)
    first = t.epoch(step)
    epochs = [t.epoch(step) for _ in range(3)]
    return dict(batch=t.batch, examples=t.examples, seconds=statistics.median(epochs), first=first, epochs=4)


def main():
    smoke = "--smoke" in sys.argv
    if not torch.cuda.is_available() and not smoke:
        sys.exit("PyTorch finds no GPU")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    begin = time.time()
    budget = float(next((a.split("=")[1] for a in sys.argv if a.startswith("--budget=")), 120))
    for how in ("graph", "eager", "compile"):  # what may have to be left out comes last
        for network in networks():
            if not torch.cuda.is_available():
                name, _, _, *rest = network
                t = Training((name, 4, 8, *rest), "cpu", how == "graph")
                t.epoch(t.step)
                continue
            if time.time() - begin > budget:
                print(f"torch {how} of {network[0]}: left out, the time is up", file=sys.stderr)
                continue
            best = None
            for channels_last in ([True, False] if len(network[3]) == 3 else [False]):  # the faster layout counts
                line = dict(name=network[0], by="torch " + how, batch=network[1], examples=network[2])
                try:
                    line.update(measure(network, how, channels_last))
                except Exception as e:  # whatever keeps this network from this way of running
                    line.update(seconds=0, first=0, epochs=0, problem=(str(e).splitlines() or [repr(e)])[0])
                if best is None or "problem" in best or ("problem" not in line and line["seconds"] < best["seconds"]):
                    best = line
            print(json.dumps(best), flush=True)


main()
