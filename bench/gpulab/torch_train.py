"""Times training in PyTorch: eager, compiled, as a captured CUDA graph.

    python3 torch_train.py epochs --data DIR [--device cpu] > torch_epochs.jsonl
    python3 torch_train.py to99 --data DIR [--device cpu] > torch_to99.jsonl

epochs times an epoch of each tutorial's network on the tutorial's data. to99 times the
training of a small network to 99 % on MNIST. gpulab data writes the data to DIR.
Networks, batches, optimizers and precision (fp32, no TF32) are the same as ours, and so is
where the work is done: the data set is on the GPU, batches are gathered there by a
shuffled index, and the loss and the number of correct answers are summed there and read
once an epoch. With --device cpu it tries the training with a few examples and measures
nothing; each line says so. If a network can't be trained in one of the WAYS, the problem
of that line says why.
"""

import argparse
import inspect
import json
import math
import os
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

WAYS = ("graph", "eager", "compile")  # the least important last, because time may run out


class Device:
    """Where to train, and what the optimizers may use there."""

    def __init__(self, name):
        self.name = name
        self.gpu = name == "cuda"

    # epsilon and rho are Keras's defaults, which differ from PyTorch's. A captured step needs
    # optimizers that keep their state on the GPU; the fused one is the fastest.

    def rmsprop(self, eps=1e-7):
        # Older versions of RMSprop can be captured without this option, and do not have it.
        known = "capturable" in inspect.signature(torch.optim.RMSprop).parameters
        extra = dict(capturable=True) if self.gpu and known else {}
        return lambda parameters: torch.optim.RMSprop(parameters, lr=1e-3, alpha=0.9, eps=eps, **extra)

    def adam(self, rate=1e-3, betas=(0.9, 0.999)):
        extra = dict(capturable=True, fused=True) if self.gpu else {}
        return lambda parameters: torch.optim.Adam(parameters, lr=rate, betas=betas, eps=1e-7, **extra)

    def wait(self):
        if self.gpu:
            torch.cuda.synchronize()


def networks(device):
    """name, batch, examples, input shape, outputs, the model and its optimizer"""
    relu, flat = nn.ReLU, nn.Flatten
    return [
        ("mnist-cnn", 128, 60000, (1, 28, 28), 10,
         lambda: nn.Sequential(nn.Conv2d(1, 32, 3), relu(), nn.Conv2d(32, 64, 3), relu(), nn.MaxPool2d(2), nn.Dropout(0.25), flat(),
                               nn.Linear(9216, 128), relu(), nn.Dropout(0.5), nn.Linear(128, 10)), device.adam()),
        ("mnist-mlp", 1000, 60000, (784,), 10,
         lambda: nn.Sequential(nn.Linear(784, 32), relu(), nn.Linear(32, 10)), device.rmsprop(1e-8)),
        ("fashion-mlp", 32, 60000, (28, 28), 10,
         lambda: nn.Sequential(flat(), nn.Linear(784, 128), relu(), nn.Linear(128, 10)), device.adam()),
        ("binary-mlp", 200, 1000, (20,), 1,
         lambda: nn.Sequential(nn.Linear(20, 64), relu(), nn.Dropout(0.5), nn.Linear(64, 64), relu(), nn.Dropout(0.5), nn.Linear(64, 1)),
         device.rmsprop()),
        ("mnist-wide-mlp", 200, 60000, (784,), 10,
         lambda: nn.Sequential(nn.Linear(784, 784), relu(), nn.Linear(784, 10)), device.adam()),
        ("mnist-cnn-channels-first", 200, 60000, (1, 28, 28), 10,
         lambda: nn.Sequential(nn.Conv2d(1, 32, 5), relu(), nn.MaxPool2d(2), nn.Dropout(0.2), flat(),
                               nn.Linear(4608, 128), relu(), nn.Linear(128, 10)), device.adam()),
    ]


class Training:
    """A network with its data and one training step, which works on fixed memory.

    x and y are the data set, on the device. If x is bytes, the step scales them to 0 to 1.
    An incomplete last batch is skipped.
    """

    def __init__(self, device, model, optimizer, x, y, batch, channels_last=False, smoothing=0.0):
        self.smoothing = smoothing
        self.device, self.batch, self.x, self.y = device, batch, x, y
        self.examples = len(x) // batch * batch
        self.model = model.to(device.name)
        self.channels_last = channels_last
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.index = torch.empty(batch, dtype=torch.long, device=device.name)
        self.loss_sum, self.right = torch.zeros((), device=device.name), torch.zeros((), device=device.name)
        self.optimizer = optimizer(self.model.parameters())
        self.forward = self.loss
        self.run = self.step

    def images(self, x):
        if x.dtype == torch.uint8:
            x = x.float() / 255
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last else x

    def loss(self, x, y):
        out = self.model(x)
        if out.shape[1] == 1:
            return F.binary_cross_entropy_with_logits(out[:, 0], y.float()), (out[:, 0] > 0) == (y == 1)
        return F.cross_entropy(out, y, label_smoothing=self.smoothing), out.argmax(1) == y

    def step(self):
        loss, right = self.forward(self.images(self.x[self.index]), self.y[self.index])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach() * self.batch
        self.right += right.sum()

    def prepare(self, way):
        """Prepares to run the step in one of the WAYS."""
        if way == "compile":
            # Start over for each network. Otherwise dynamo takes the next network for another
            # shape of this one and compiles for any shape; after eight it stops compiling.
            torch.compiler.reset()
            self.forward = torch.compile(self.loss, dynamic=False)
        if way == "graph":
            self.run = self.capture()

    def capture(self):
        """The step as a CUDA graph."""
        if not self.device.gpu:
            raise RuntimeError("CUDA graphs need a GPU")
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        self.index.copy_(torch.arange(self.batch, device="cuda"))
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph.replay

    def epoch(self, before=lambda: None):
        """Trains for an epoch and returns its seconds. before is called before each step."""
        self.device.wait()
        begin = time.perf_counter()
        self.loss_sum.zero_()
        self.right.zero_()
        order = torch.randperm(self.examples, device=self.device.name)
        for at in range(0, self.examples, self.batch):
            self.index.copy_(order[at:at + self.batch])
            before()
            self.run()
        float(self.loss_sum), float(self.right)  # waits
        return time.perf_counter() - begin

    def accuracy(self, x, y):
        self.model.eval()
        with torch.no_grad():
            right = sum((self.model(self.images(x[i:i + 500])).argmax(1) == y[i:i + 500]).sum() for i in range(0, len(x), 500))
        self.model.train()
        return float(right) / len(x)


class Tried(Exception):
    """Raised after a run on the CPU, which is only tried, not measured."""


def problem(e, device, way):
    """An exception as one line. On the CPU an eager step must work, so its exceptions are raised."""
    if isinstance(e, Tried):
        return "tried on the CPU, not measured"
    if way == "eager" and not device.gpu:
        raise e
    return " ".join(f"{type(e).__name__}: {e}".split())[:300]


def examples_of(folder, name, shape, outputs, count):
    """The first examples of a tutorial, and the entry of index.json that describes them."""
    with open(os.path.join(folder, "index.json")) as file:
        about = json.load(file)[name]

    def read(file, kind):
        with open(os.path.join(folder, file), "rb") as f:
            return torch.frombuffer(bytearray(f.read()), dtype=kind)

    kind = torch.float32 if outputs == 1 else torch.uint8
    x, y = read(about["inputs"], kind).view(-1, *shape), read(about["labels"], kind)
    return x[:count], y[:count].long(), about


def measure_epochs(device, folder, network, way, channels_last):
    """A line of results: the median of three epochs after the first."""
    name, batch, examples, shape, outputs, model, optimizer = network
    line = dict(name=name, by="torch " + way, batch=batch, examples=examples // batch * batch, seconds=0, first=0, epochs=0)
    try:
        if not device.gpu:
            batch, examples = 4, 8
        x, y, about = examples_of(folder, name, shape, outputs, examples)
        line.update(data=about["data"], stand_in=about["stand_in"])
        x, y = x.to(device.name), y.to(device.name)
        t = Training(device, model(), optimizer, x, y, batch, channels_last)
        if device.gpu:
            line["examples"] = t.examples
        t.prepare(way)
        first = t.epoch()
        if not device.gpu:
            raise Tried
        epochs = [t.epoch() for _ in range(3)]
        line.update(seconds=statistics.median(epochs), first=first, epochs=4)
    except Exception as e:  # whatever prevents this network from running this way
        line["problem"] = problem(e, device, way)
    return line


def one_cycle(peak, steps, rise):
    """PyTorch's OneCycleLR as a function of the step: pct_start is rise, the rest its defaults."""
    def cosine(a, b, x):
        return b + (a - b) * (1 + math.cos(math.pi * x)) / 2

    start, top, last = peak / 25, rise * steps - 1, steps - 1

    def at(step):
        if step < top:
            return cosine(start, peak, step / top)
        return cosine(peak, start / 1e4, (step - top) / max(1, last - top))

    return at


# The training to 99 %: the recipe of to99.go. Labels are smoothed by PyTorch's loss.
BATCH, PEAK, RISE, BETAS, SMOOTHING, BORDER, SEEDS = 250, 0.02, 0.2, (0.7, 0.9), 0.15, 2, 12


def ninety_nine():
    """The network that is trained to 99 %, with initial weights from the same distribution as
    ours. Pooling comes before the ReLU: the result is the same with less work. (Ours does both
    at once.)"""
    model = nn.Sequential(nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(16, 64, 3), nn.MaxPool2d(2), nn.ReLU(),
                          nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10))
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def begin_anew(t, seed):
    """Overwrites the weights with new initial ones and zeros the optimizer's state, in place, so
    that a captured or compiled step stays valid."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for p, first in zip(t.model.parameters(), ninety_nine().parameters()):
            p.copy_(first)
        for state in t.optimizer.state.values():
            for value in state.values():
                value.zero_()


def measure_to99(device, data, way):
    """Trains from each of the seeds, with one cycle of the learning rate. The time is the median
    of the trainings alone: compiling, capturing and a first step come before."""
    line = dict(name="to 99 %", by="torch " + way, batch=BATCH, examples=len(data[0]), seconds=0, first=0, epochs=0)
    x, y, test_x, test_y = data
    try:
        rate = torch.tensor(PEAK, device="cuda") if device.gpu else PEAK
        t = Training(device, ninety_nine(), device.adam(rate, BETAS), x, y, BATCH, channels_last=True, smoothing=SMOOTHING)
        t.prepare(way)
        t.index.copy_(torch.arange(t.batch, device=device.name))
        t.run()  # compiles, and chooses algorithms
        schedule = one_cycle(PEAK, t.examples // t.batch, RISE)
        seconds, trials = [], []
        for seed in range(1, SEEDS + 1):
            begin_anew(t, seed)
            step = 0

            def before():
                nonlocal step
                if device.gpu:
                    rate.fill_(schedule(step))
                else:
                    t.optimizer.param_groups[0]["lr"] = schedule(step)
                step += 1

            seconds.append(t.epoch(before))
            trials.append(t.accuracy(test_x, test_y))
            if not device.gpu:
                raise Tried
        line.update(seconds=statistics.median(seconds), first=statistics.median(seconds), epochs=1,
                    accuracy=statistics.mean(trials), trials=trials)
        below = sum(a < 0.99 for a in trials)
        if 12 * below > SEEDS:
            line["problem"] = f"{below} of {SEEDS} seeds did not reach 99 %"
    except Exception as e:
        line["problem"] = problem(e, device, way)
    return line


def mnist(folder, device):
    """MNIST's training and test images without their borders, and their labels, as written by gpulab data."""
    def read(name):
        with open(os.path.join(folder, name), "rb") as file:
            return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)

    data = []
    for part in ("mnist", "test"):
        images, labels = read(part + ".inputs").view(-1, 1, 28, 28), read(part + ".labels").long()
        images = images[:, :, BORDER:-BORDER, BORDER:-BORDER].contiguous()
        if not device.gpu:
            images, labels = images[:512], labels[:512]
        data += [images.to(device.name), labels.to(device.name)]
    return data


def main():
    options = argparse.ArgumentParser()
    options.add_argument("what", choices=["epochs", "to99"])
    options.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    options.add_argument("--data", required=True, help="the folder that gpulab data has filled")
    options.add_argument("--budget", type=float, default=120, help="seconds after which no other training is begun")
    o = options.parse_args()
    device = Device(o.device)
    if device.gpu and not torch.cuda.is_available():
        sys.exit("PyTorch finds no GPU")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    begin = time.time()
    data = mnist(o.data, device) if o.what == "to99" else None

    late = lambda: time.time() - begin > o.budget

    def left_out(name, way, batch, examples):
        return dict(name=name, by="torch " + way, batch=batch, examples=examples // batch * batch, seconds=0, first=0, epochs=0, problem="left out: the time was up")

    for way in WAYS:
        if o.what == "to99":
            line = left_out("to 99 %", way, BATCH, len(data[0])) if late() else measure_to99(device, data, way)
            print(json.dumps(line), flush=True)
            continue
        for network in networks(device):
            best = None
            for channels_last in ([True, False] if len(network[3]) == 3 else [False]):  # the faster layout counts
                if best is not None and late():
                    continue  # time is short, and one layout is better than none
                line = left_out(network[0], way, network[1], network[2]) if late() else measure_epochs(device, o.data, network, way, channels_last)
                if best is None or "problem" in best or ("problem" not in line and line["seconds"] < best["seconds"]):
                    best = line
            print(json.dumps(best), flush=True)


main()
