"""What the workers share: the loop that answers requests, the networks' sizes, and the
examples that they train on. Needs NumPy."""
import json
import math
import os
import pathlib
import sys
import time

import numpy as np

# batch, shape of an example, outputs, kind of labels, optimizer
NETWORKS = {
    "mnist-mlp": (1000, (784,), 10, "onehot", "rmsprop"),
    "mnist-cnn": (128, (28, 28, 1), 10, "onehot", "adam"),
    "fashion-mlp": (32, (28, 28), 10, "sparse", "adam"),
    "binary-mlp": (200, (20,), 1, "binary", "rmsprop"),
    "mnist-wide-mlp": (200, (784,), 10, "onehot", "adam"),
    "mnist-cnn-channels-first": (200, (1, 28, 28), 10, "onehot", "adam"),
}


def threads():
    return int(os.environ["PEER_THREADS"])


def training(name):
    """A network's entry of index.json in the folder PEER_DATA: its batch, the steps of a
    training and of an epoch, and the files of its examples. "ours data" writes them, so
    that all libraries train on the same data."""
    folder = pathlib.Path(os.environ["PEER_DATA"])
    about = json.loads((folder / "index.json").read_text())[name]
    if about["batch"] != NETWORKS[name][0]:
        raise ValueError(f"{name}: the batch is {NETWORKS[name][0]} here and {about['batch']} in index.json")
    return folder, about


def examples(name):
    """The tutorial's inputs, float32 from 0 to 1, and its labels: as many as fill the whole
    batches of an epoch."""
    folder, about = training(name)
    batch, shape, outputs, labels, _ = NETWORKS[name]
    n = about["epoch_steps"] * batch
    if labels == "binary":
        x = np.fromfile(folder / about["inputs"], np.float32)
        return x.reshape(-1, *shape)[:n], np.fromfile(folder / about["labels"], np.float32).reshape(-1, 1)[:n]
    x = np.fromfile(folder / about["inputs"], np.uint8).reshape(-1, *shape)[:n].astype(np.float32)
    x /= 255
    y = np.fromfile(folder / about["labels"], np.uint8)[:n]
    return x, y.astype(np.int32) if labels == "sparse" else np.eye(outputs, dtype=np.float32)[y]


def fingerprint(name, x, y):
    """What must be the same for all libraries: the number of examples, how many inputs are
    not zero, and the sum of the labels."""
    y = np.asarray(y)
    if NETWORKS[name][3] == "onehot":
        y = y.argmax(1)
    return {"examples": len(x), "nonzero": int(np.count_nonzero(np.asarray(x))), "labels": int(y.sum())}


def glorot(random, shape):
    """Initial weights from Keras's distribution, for a dense kernel [in, out] or a filter
    [height, width, in, out]."""
    field = math.prod(shape[:-2])
    limit = math.sqrt(6 / (field * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape).astype(np.float32)


def repeat(seconds, step):
    """Calls step for that long, at least once, and returns the times before the first call
    and after each, in seconds."""
    marks = [time.perf_counter()]
    while len(marks) == 1 or marks[-1] - marks[0] < seconds:
        step()
        marks.append(time.perf_counter())
    return marks


def spans(marks):
    """The seconds between consecutive times."""
    return [b - a for a, b in zip(marks, marks[1:])]


class Loop:
    """Trains by a loop over shuffled batches. fresh() draws new initial weights, epoch()
    resets the sum of the losses, step(index) takes a step with the examples of that index,
    and loss() is the mean loss since epoch()."""

    def __init__(self, data, batch, fresh, epoch, step, loss):
        self.data, self.batch, self.loss = data, batch, loss
        self.begin, self.epoch, self.step = fresh, epoch, step
        self.random = np.random.default_rng(2)

    def fresh(self):
        self.at = self.data["examples"]
        self.begin()

    def one(self):
        if self.at + self.batch > self.data["examples"]:
            self.at, self.order = 0, self.random.permutation(self.data["examples"])
            self.epoch()
        self.step(self.order[self.at:self.at + self.batch])
        self.at += self.batch

    def take(self, count):
        """Takes count steps and returns the times before the first and after each."""
        marks = [time.perf_counter()]
        for _ in range(count):
            self.one()
            marks.append(time.perf_counter())
        return marks


class Trainings:
    """One training after another, each from new initial weights and with the number of steps
    in index.json, because a step's time depends on how long the network has been trained."""

    def __init__(self, name, trainer):
        self.trainer, self.length, self.left = trainer, training(name)[1]["steps"], 0

    def steps(self, count):
        """Takes count steps and returns the seconds of each and the processor's seconds of
        all. The first step of a training is not counted: some libraries compile in it, and
        all allocate."""
        times, busy = [], 0
        while count > 0:
            if self.left == 0:
                self.trainer.fresh()
                self.trainer.take(1)
                self.left, count = self.length - 1, count - 1
                continue
            n = min(count, self.left)
            begin = time.process_time()
            times += spans(self.trainer.take(n))
            busy += time.process_time() - begin
            self.left, count = self.left - n, count - n
        return times, busy


def serve(version, product=None, trainer=None):
    """Answers requests. product(m, n, k) returns a function that computes a product.
    trainer(name) returns an object like Loop, with data, fresh, take and loss."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to standard error

    def answer(times, busy, **values):
        times = sorted(times)
        values.update(median=times[len(times) // 2], fastest=times[0], total=sum(times), processor=busy / len(times), count=len(times))
        out.write(json.dumps(values) + "\n")
        out.flush()

    out.write(json.dumps({"version": version}) + "\n")
    out.flush()
    ready = {}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "matmul":
            key = tuple(map(int, words[1:4]))
            if key not in ready:
                ready.clear()  # frees the previous one
                ready[key] = product(*key)
                ready[key]()  # the first run compiles and allocates, and is not counted
            begin = time.process_time()
            times = spans(repeat(float(words[4]), ready[key]))
            answer(times, time.process_time() - begin)
        elif words[0] == "train":
            key = words[1]
            if key not in ready:
                for t in ready.values():
                    end(t)
                ready.clear()
                ready[key] = Trainings(key, trainer(key))
            t = ready[key]
            answer(*t.steps(int(words[2])), loss=t.trainer.loss(), data=t.trainer.data)
    for t in ready.values():
        end(t)


def end(t):
    if hasattr(t, "trainer") and hasattr(t.trainer, "close"):
        t.trainer.close()
