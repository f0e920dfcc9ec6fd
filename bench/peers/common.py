"""What the workers have in common: the loop that answers requests, the networks'
sizes, and random data. Needs NumPy."""
import json
import os
import sys
import time

import numpy as np

# batch, examples of an epoch, shape of one, outputs, kind of labels, optimizer
NETWORKS = {
    "mnist-mlp": (1000, 60000, (784,), 10, "onehot", "rmsprop"),
    "mnist-cnn": (128, 60000, (28, 28, 1), 10, "onehot", "adam"),
    "fashion-mlp": (32, 60000, (28, 28), 10, "sparse", "adam"),
    "binary-mlp": (200, 1000, (20,), 1, "binary", "rmsprop"),
    "mnist-wide-mlp": (200, 60000, (784,), 10, "onehot", "adam"),
    "mnist-cnn-channels-first": (200, 60000, (1, 28, 28), 10, "onehot", "adam"),
}


def threads():
    return int(os.environ["PEER_THREADS"])


def examples(name):
    """Random inputs in [0, 1) and labels, as many as an epoch has in whole batches."""
    batch, n, shape, outputs, labels, _ = NETWORKS[name]
    n = n // batch * batch
    random = np.random.default_rng(1)
    if labels == "binary":
        return random.random((n, *shape), dtype=np.float32), random.integers(0, 2, (n, 1)).astype(np.float32)
    x = random.integers(0, 256, (n, *shape), dtype=np.uint8).astype(np.float32) / np.float32(255)
    y = random.integers(0, outputs, n)
    return x, y.astype(np.int32) if labels == "sparse" else np.eye(outputs, dtype=np.float32)[y]


def clocks():
    """The time, and the processor time of this process's threads, in seconds."""
    return time.perf_counter(), time.process_time()


def repeat(seconds, step):
    """Calls step for that long, at least once, and gives the clocks around each."""
    marks, begin = [clocks()], time.perf_counter()
    while len(marks) == 1 or time.perf_counter() - begin < seconds:
        step()
        marks.append(clocks())
    return marks


def loop_steps(step, batch, n):
    """Makes a function that takes one training step after the other over n
    examples, in a new random order in each epoch."""
    state = {"at": n, "order": None}
    random = np.random.default_rng(2)

    def one():
        if state["at"] + batch > n:
            state["at"], state["order"] = 0, random.permutation(n)
        index = state["order"][state["at"]:state["at"] + batch]
        state["at"] += batch
        step(index)

    return one


def serve(version, product=None, trainer=None):
    """Answers requests. product(m, n, k) gives a function that computes a product,
    trainer(name) one that takes a training step, or one with the attribute timed,
    which is called with the seconds and gives the clocks at the ends of steps."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes elsewhere

    def answer(**values):
        out.write(json.dumps(values) + "\n")
        out.flush()

    answer(version=version)
    ready = {}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "matmul":
            key = tuple(map(int, words[1:4]))
            make = lambda: product(*key)
        elif words[0] == "train":
            key = words[1]
            make = lambda: trainer(key)
        else:
            return
        if key not in ready:
            ready.clear()  # the one before is freed
            ready[key] = make()
            ready[key]()  # the first run compiles and allocates, and is not counted
        run, seconds = ready[key], float(words[-1])
        marks = run.timed(seconds) if hasattr(run, "timed") else repeat(seconds, run)
        times, busy = (sorted(b[i] - a[i] for a, b in zip(marks, marks[1:])) for i in (0, 1))
        answer(median=times[len(times) // 2], fastest=times[0], processor=busy[len(busy) // 2], count=len(times))
