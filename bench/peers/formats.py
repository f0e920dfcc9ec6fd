"""Reads files that baregrad wrote with the packages that the formats come from:

    go run ./bench/peers/formats FOLDER && python bench/peers/formats.py FOLDER

safetensors (with numpy) reads the model, tensorboard the event files, and the csv
module the log. Every number is compared with values.json, which the program wrote
beside them. The exit status is 1 if anything differs.
"""

import csv
import json
import pathlib
import sys

import numpy as np
from safetensors import safe_open
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = pathlib.Path(sys.argv[1])
values = json.loads((folder / "values.json").read_text())
history = values["history"]
failures = []


def check(what, ok):
    print(("ok    " if ok else "FAIL  ") + what)
    if not ok:
        failures.append(what)


with safe_open(folder / "model.safetensors", framework="np") as f:
    names = set(f.keys())
    for name, numbers in values["tensors"].items():
        array = f.get_tensor(name)
        want = np.array(numbers, np.float32).reshape(values["shapes"][name])
        check(f"safetensors: {name} {array.shape} {array.dtype}", array.dtype == np.float32 and np.array_equal(array, want))
    state = sorted(name for name in names if name.startswith("optimizer/"))
    check(f"safetensors: the optimizer's state, {len(state)} tensors", len(state) == 2 * len(values["tensors"]))
    check("safetensors: nothing else", len(names) == 3 * len(values["tensors"]))
    metadata = f.metadata()
    check("safetensors: metadata", metadata["note"] == '"quoted" ünïcode' and json.loads(metadata["classes"]) == ["a", "b", "c", "d"])
    kinds = [layer["kind"] for layer in json.loads(metadata["baregrad"])["layers"]]
    check(f"safetensors: the model is {kinds}", kinds == ["Conv2D", "Flatten", "Dense"])

for part, prefix in (("train", ""), ("validation", "val_")):
    events = EventAccumulator(str(folder / "logs" / part))
    events.Reload()
    tags = events.Tags()["scalars"]
    check(f"tensorboard: {part} has {tags}", sorted(tags) == ["epoch_accuracy", "epoch_loss"])
    for tag in tags:
        got = events.Scalars(tag)
        want = history[prefix + tag.removeprefix("epoch_")]
        same = [e.step for e in got] == list(range(len(want))) and np.array_equal(
            np.array([e.value for e in got], np.float32), np.array(want, np.float32)
        )
        check(f"tensorboard: {part} {tag} {[round(e.value, 4) for e in got]}", same)

with open(folder / "history.csv", newline="") as f:
    rows = list(csv.DictReader(f))
check(f"csv: {len(rows)} epochs of {sorted(history)}", len(rows) == 3 and all(
    float(row[name]) == history[name][i] for i, row in enumerate(rows) for name in history))

sys.exit(1 if failures else 0)
