"""Writes what Keras decides and measures while it trains: nn/testdata/keras/training.json.

A Go test in nn compares it with what baregrad does. The file holds, for random
histories and settings, which epoch EarlyStopping ends with and whose weights it
restores, the learning rates of ReduceLROnPlateau, and the epochs that ModelCheckpoint
saves, the same where values are NaN or infinite (as strings); the history and the last
weights of Fit with class and sample weights; the values of the metrics on random rows;
Fit where an output has several positions, and with regularizers; precision, recall,
top-k accuracies and AUC; the defaults of the arguments that both sides have; Fit, Evaluate
and Predict with a number of steps, which examples Fit uses then, and Fit with
validation_freq, with what the callbacks do where an epoch was not validated; and the files
that ModelCheckpoint writes every so many batches.

Run it in a virtual environment with tensorflow-cpu (Keras's backend here):
    python bench/peers/keras_training.py
"""
import inspect
import json
import math
import os
import pathlib
import random
import tempfile

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np

FILE = pathlib.Path(__file__).parents[2] / "nn" / "testdata" / "keras" / "training.json"
CASES = 60  # of each callback
EPOCHS = 12


def small_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse", metrics=["accuracy"])
    model.fit(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)  # from then on it knows its metrics
    return model


MODEL = small_model()


def values(r):
    """A history that goes up and down in steps of 1/16, so that sums are exact."""
    return [r.randrange(0, 24) / 16 for _ in range(EPOCHS)]


SPECIAL = [math.nan, math.inf, -math.inf]


def special(r):
    """A history of which one value in four, and often the first, is NaN or infinite."""
    history = [r.choice(SPECIAL) if r.random() < 0.25 else v for v in values(r)]
    history[0] = r.choice([*SPECIAL, history[0]])
    return history


def early_stopping(r, values=values, freq=1):
    settings = {
        "monitor": r.choice(["val_loss", "loss", "val_accuracy"]), "min_delta": r.choice([0, 0, 0.125]),
        "patience": r.randrange(0, 5), "restore_best_weights": r.random() < 0.7,
        "baseline": r.choice([None, None, 0.5, 0.75]), "start_from_epoch": r.choice([0, 0, 2, 4]),
        "mode": r.choice(["auto", "auto", "min", "max"]),
    }
    if freq > 1:  # only validation values are missing in some epochs
        settings["monitor"] = r.choice(["val_loss", "val_accuracy"])
    history = values(r)
    callback = keras.callbacks.EarlyStopping(**settings)
    MODEL.stop_training = False
    callback.set_model(MODEL)
    callback.on_train_begin()
    last = 0
    for last, value in enumerate(history):
        MODEL.set_weights([np.array([[last]], np.float32)])
        callback.on_epoch_end(last, {settings["monitor"]: value} if (last + 1) % freq == 0 else {})
        if MODEL.stop_training:
            break
    callback.on_train_end()
    return {"settings": settings, "history": history, "last": last, "weights_of": int(MODEL.get_weights()[0][0, 0])}


def plateau(r, values=values, freq=1):
    settings = {
        "monitor": r.choice(["val_loss", "loss", "val_accuracy"]), "factor": r.choice([0.5, 0.25]), "patience": r.randrange(1, 4),
        "min_delta": r.choice([0.0001, 0.125]), "cooldown": r.randrange(0, 4), "min_lr": r.choice([0.0, 0.1]),
        "mode": r.choice(["auto", "auto", "min", "max"]),
    }
    if freq > 1:
        settings["monitor"] = r.choice(["val_loss", "val_accuracy"])
    history = values(r)
    callback = keras.callbacks.ReduceLROnPlateau(**settings)
    MODEL.optimizer.learning_rate = 0.5
    callback.set_model(MODEL)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(history):
        callback.on_epoch_end(epoch, {settings["monitor"]: value} if (epoch + 1) % freq == 0 else {})
        rates.append(float(MODEL.optimizer.learning_rate))
    return {"settings": settings, "history": history, "rates": rates}


def checkpoint(r, values=values):
    settings = {
        "monitor": r.choice(["val_loss", "loss", "val_accuracy"]), "save_best_only": r.random() < 0.8,
        "mode": r.choice(["auto", "auto", "min", "max"]), "initial_value_threshold": r.choice([None, None, 0.5, 0.75]),
    }
    history = values(r)
    callback = keras.callbacks.ModelCheckpoint("{epoch:02d}.keras", **settings)
    callback.set_model(MODEL)
    callback.on_train_begin()
    saved = []
    MODEL.save = lambda path, overwrite=True: saved.append(int(pathlib.Path(path).stem))
    for epoch, value in enumerate(history):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {settings["monitor"]: value})
    return {"settings": settings, "history": history, "saved": saved}


def rows(r, n, width):
    return [[r.randrange(-32, 33) / 32 for _ in range(width)] for _ in range(n)]


def fit(r, **given):
    """Two epochs in batches of 8, 8 and 4, in the order of the examples."""
    x, y = rows(r, 20, 4), [r.randrange(3) for _ in range(20)]
    vx, vy = rows(r, 7, 4), [r.randrange(3) for _ in range(7)]
    kernel = rows(r, 4, 3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.set_weights([np.array(kernel, np.float32), np.zeros(3, np.float32)])
    options = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
    case = {"x": x, "y": y, "kernel": kernel, "given": sorted(given)}
    if given.get("class_weight"):
        case["class_weight"] = options["class_weight"] = {0: 2.0, 2: 0.25}
    if given.get("sample_weight"):
        case["sample_weight"] = [r.randrange(0, 9) / 4 for _ in y]
        options["sample_weight"] = np.array(case["sample_weight"], np.float32)
    validation = [np.array(vx, np.float32), np.array(vy)]
    if given.get("validation_weight"):
        case["validation_weight"] = [r.randrange(0, 9) / 4 for _ in vy]
        validation.append(np.array(case["validation_weight"], np.float32))
    if given.get("validation_split"):
        options["validation_split"] = 0.3
        case["validation_split"] = 0.3
    else:
        case["vx"], case["vy"] = vx, vy
        options["validation_data"] = tuple(validation)
    history = model.fit(np.array(x, np.float32), np.array(y), **options).history
    weights = [w.ravel().tolist() for w in model.get_weights()]
    case |= {"history": history, "weights": weights}
    if given.get("sample_weight"):
        scores = model.evaluate(np.array(x, np.float32), np.array(y), sample_weight=options["sample_weight"], batch_size=8, verbose=0)
        case["evaluate"] = {"loss": scores[0], "accuracy": scores[1]}
    return case


METRICS = {
    "onehot": ["accuracy", "categorical_accuracy", "categorical_crossentropy", "cosine_similarity", "kl_divergence", "categorical_hinge"],
    "sparse": ["accuracy", "sparse_categorical_accuracy", "sparse_categorical_crossentropy"],
    "binary": ["accuracy", "binary_accuracy", "binary_crossentropy", "mse", "mae", "mape", "msle", "poisson", "hinge", "squared_hinge"],
}


def metrics(kind, r):
    n, width = 11, 1 if kind == "binary" else 5
    p = np.array([[r.randrange(1, 65) / 64 for _ in range(width)] for _ in range(n)], np.float32)
    if kind != "binary":
        p /= p.sum(1, keepdims=True)
    labels = [r.randrange(2 if kind == "binary" else width) for _ in range(n)]
    y = np.array(labels)
    if kind == "onehot":
        y = np.eye(width, dtype=np.float32)[y]
    if kind == "binary":
        y = y.reshape(-1, 1).astype(np.float32)
    inputs = keras.Input((width,))
    model = keras.Sequential([inputs, keras.layers.Activation("linear")])
    loss = {"onehot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy", "binary": "binary_crossentropy"}[kind]
    found = {}
    for name in METRICS[kind]:
        model.compile(loss=loss, metrics=[name])
        scores = model.evaluate(p, y, batch_size=4, verbose=0, return_dict=True)
        key = [k for k in scores if k != "loss"]
        found[name] = {"key": key[0] if key else "", "value": scores[key[0]] if key else None}
    return {"kind": kind, "outputs": p.tolist(), "labels": labels, "loss": float(scores["loss"]), "metrics": found}


def positions(r, labels, weights=None):
    """One epoch on outputs [time, classes], labels at each time, and a validation split."""
    n, time, outputs = 10, 3, 1 if labels == "binary" else 4
    x = [rows(r, time, 2) for _ in range(n)]
    y = [[r.randrange(max(2, outputs)) for _ in range(time)] for _ in range(n)]
    kernel = rows(r, 2, outputs)
    activation, loss = {"sparse": ("softmax", "sparse_categorical_crossentropy"), "onehot": ("softmax", "categorical_crossentropy"),
                        "binary": ("sigmoid", "binary_crossentropy")}[labels]
    model = keras.Sequential([keras.Input((time, 2)), keras.layers.Dense(outputs, activation=activation)])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss, metrics=["accuracy", "mse"][:1 if labels == "sparse" else 2])
    model.set_weights([np.array(kernel, np.float32), np.zeros(outputs, np.float32)])
    case = {"labels": labels, "x": x, "y": y, "kernel": kernel}
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "validation_split": 0.3}
    if weights:  # [n, 1] is what Keras takes for an example's, [n, time] for a position's
        given = [[r.randrange(0, 9) / 4 for _ in range(1 if weights == "example" else time)] for _ in range(n)]
        case["sample_weight"] = sum(given, [])
        options["sample_weight"] = np.array(given, np.float32)
    target = np.array(y)
    if labels == "onehot":
        target = np.eye(outputs, dtype=np.float32)[target]
    if labels == "binary":
        target = target.astype(np.float32)[..., None]
    history = model.fit(np.array(x, np.float32), target, **options).history
    return case | {"history": history, "weights": [w.ravel().tolist() for w in model.get_weights()]}


def regularized(r, frozen):
    """Two epochs with regularizers, sample weights and validation data; the first layer may be frozen."""
    x, y, vx, vy = rows(r, 10, 2), rows(r, 10, 1), rows(r, 5, 2), rows(r, 5, 1)
    kernels, weights = [rows(r, 2, 3), rows(r, 3, 1)], [r.randrange(0, 9) / 4 for _ in x]
    regularizers = keras.regularizers
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh", kernel_regularizer=regularizers.L2(0.05)),
                              keras.layers.Dense(1, kernel_regularizer=regularizers.L1L2(0.1, 0.02))])
    model.layers[0].trainable = not frozen
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["mse"])
    for layer, kernel in zip(model.layers, kernels):
        layer.kernel.assign(np.array(kernel, np.float32))
    data = [np.array(a, np.float32) for a in (x, y, vx, vy, weights)]
    history = model.fit(data[0], data[1], sample_weight=data[4], validation_data=(data[2], data[3]), epochs=2,
                        batch_size=4, shuffle=False, verbose=0).history
    return {"frozen": frozen, "x": x, "y": y, "vx": vx, "vy": vy, "kernels": kernels, "sample_weight": weights, "history": history,
            "weights": [np.array(v).ravel().tolist() for layer in model.layers for v in (layer.kernel, layer.bias)]}


def ratios(r):
    """Precision, recall and the top-k accuracies on random rows, over batches of 4."""
    n, width = 13, 6
    scores = [[r.randrange(0, 33) / 32 for _ in range(width)] for _ in range(n)]  # with ties
    labels = [r.randrange(width) for _ in range(n)]
    marks = [[float(r.random() < 0.4) for _ in range(width)] for _ in range(n)]
    m = keras.metrics
    found = {}
    for name, metric, y in [
        ("precision", m.Precision(), marks), ("recall", m.Recall(), marks),
        ("precision 0.75", m.Precision(thresholds=0.75), marks), ("recall 0.25", m.Recall(thresholds=0.25), marks),
        ("precision none", m.Precision(thresholds=1.0), marks), ("recall none", m.Recall(), np.zeros((n, width))),
        ("top_k_categorical_accuracy", m.TopKCategoricalAccuracy(), np.eye(width)[labels]),
        ("sparse_top_k_categorical_accuracy", m.SparseTopKCategoricalAccuracy(), labels),
        ("top_k_categorical_accuracy 2", m.TopKCategoricalAccuracy(k=2), np.eye(width)[labels]),
        ("sparse_top_k_categorical_accuracy 3", m.SparseTopKCategoricalAccuracy(k=3), labels),
        ("sparse_top_k_categorical_accuracy 1", m.SparseTopKCategoricalAccuracy(k=1), labels),
    ]:
        x, y = np.array(scores, np.float32), np.array(y)
        for i in range(0, n, 4):
            metric.update_state(y[i : i + 4], x[i : i + 4])
        found[name] = float(metric.result())
    return {"scores": scores, "labels": labels, "marks": marks, "values": found}


def stepped(seed, sample_weight=False, **given):
    """Epochs of some of the steps that the data have, in the order of the examples."""
    r = random.Random(seed)
    x, y, vx, vy = rows(r, 20, 2), rows(r, 20, 1), rows(r, 11, 2), rows(r, 11, 1)
    kernel = rows(r, 2, 1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"])
    model.set_weights([np.array(kernel, np.float32), np.zeros(1, np.float32)])
    case = {"given": given, "x": x, "y": y, "vx": vx, "vy": vy, "kernel": kernel}
    x, y, vx, vy = [np.array(a, np.float32) for a in (x, y, vx, vy)]
    options = dict(given)
    if sample_weight:
        case["sample_weight"], case["validation_weight"] = [[r.randrange(0, 9) / 4 for _ in a] for a in (x, vx)]
        options["sample_weight"] = np.array(case["sample_weight"], np.float32)
    if "validation_split" not in given:
        options["validation_data"] = (vx, vy, np.array(case["validation_weight"], np.float32)) if sample_weight else (vx, vy)
    fitted = model.fit(x, y, shuffle=False, verbose=0, **options)
    measured = []
    for size, steps in [(3, 2), (None, 3), (4, 5), (32, 1)]:
        scores = model.evaluate(x, y, batch_size=size, steps=steps, verbose=0)
        outputs = model.predict(x, batch_size=size, steps=steps, verbose=0)
        measured.append({"batch_size": size or 0, "steps": steps, "loss": scores[0], "mean_absolute_error": scores[1], "outputs": outputs.ravel().tolist()})
    return case | {"history": fitted.history, "epochs": fitted.epoch, "steps": fitted.params["steps"], "measured": measured,
                   "weights": [w.ravel().tolist() for w in model.get_weights()]}


def used(n, batch, steps, epochs):
    """How often each example was used by the end of each epoch, sorted, and the batch numbers of each epoch.

    Example i is row i of the identity matrix with the label 1. Each use halves 1 - w[i].
    """
    model = keras.Sequential([keras.Input((n,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizer=keras.optimizers.SGD(batch / 4), loss="mse")
    uses, numbers = [], []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            numbers.append([])

        def on_train_batch_end(self, batch, logs=None):
            numbers[-1].append(batch)

        def on_epoch_end(self, epoch, logs=None):
            uses.append(sorted(round(-math.log2(1 - w)) for w in model.get_weights()[0].ravel()))

    model.fit(np.eye(n), np.ones((n, 1)), batch_size=batch, steps_per_epoch=steps, epochs=epochs, verbose=0, callbacks=[Count()])
    return {"n": n, "batch_size": batch, "steps": steps, "uses": uses, "numbers": numbers}


def files(path, every, steps, epochs):
    """The files that ModelCheckpoint writes every so many batches."""
    with tempfile.TemporaryDirectory() as folder:
        callback = keras.callbacks.ModelCheckpoint(os.path.join(folder, path + ".weights.h5"), save_weights_only=True, save_freq=every)
        MODEL.fit(np.zeros((steps, 1)), np.zeros((steps, 1)), batch_size=1, epochs=epochs, verbose=0, callbacks=[callback])
        names = sorted(name.removesuffix(".weights.h5") for name in os.listdir(folder))
    return {"path": path, "every": every, "steps": steps, "epochs": epochs, "names": names}


def named(case):
    """The case with the names of what JSON has no numbers for."""
    return case | {"history": [v if math.isfinite(v) else str(v) for v in case["history"]]}


def areas(r):
    """AUC on random rows, over batches of 4. Some outputs are equal, or at a threshold."""
    n, width = 13, 6
    scores = [[r.choice([r.randrange(0, 33) / 32, r.randrange(0, 200) / 199, r.random()]) for _ in range(width)] for _ in range(n)]
    logits = [[r.uniform(-8, 8) for _ in range(width)] for _ in range(n)]
    marks = [[float(r.random() < 0.2 + 0.6 * s) for s in row] for row in scores]
    found = {}
    for of, x, y, given in [("", scores, marks, {}), ("of none", scores, np.zeros((n, width)), {}), ("of all", scores, np.ones((n, width)), {}),
                            ("of logits", logits, marks, {"from_logits": True}), ("of numbers beyond 0 to 1", logits, marks, {})]:
        for curve in ["ROC", "PR"]:
            for number in [2, 3, 7, 200, 1000] if of == "" else [200]:
                metric = keras.metrics.AUC(num_thresholds=number, curve=curve, **given)
                for i in range(0, n, 4):
                    metric.update_state(np.array(y[i : i + 4]), np.array(x[i : i + 4], np.float32))
                found[f"{curve} {number} {of}".strip()] = float(metric.result())
    return {"scores": scores, "logits": logits, "marks": marks, "values": found}


DEFAULTS = [
    keras.callbacks.EarlyStopping, keras.callbacks.ModelCheckpoint, keras.callbacks.ReduceLROnPlateau, keras.optimizers.SGD,
    keras.optimizers.RMSprop, keras.optimizers.Adam, keras.optimizers.AdamW, keras.layers.MaxPooling2D, keras.layers.Conv2D,
    keras.initializers.VarianceScaling, keras.initializers.RandomNormal, keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal, keras.initializers.Orthogonal, keras.initializers.Identity, keras.initializers.Constant,
    keras.optimizers.schedules.CosineDecay, keras.optimizers.schedules.CosineDecayRestarts,
    keras.optimizers.schedules.PolynomialDecay, keras.losses.CategoricalCrossentropy, keras.losses.BinaryCrossentropy,
    keras.metrics.AUC,
]


def defaults():
    """The arguments of each class that have a number, a truth value, a name or nothing as their default."""
    found = {}
    for c in DEFAULTS:
        found[c.__name__] = {
            name: p.default if not isinstance(p.default, tuple) else list(p.default)
            for name, p in inspect.signature(c.__init__).parameters.items()
            if p.default is not inspect.Parameter.empty and isinstance(p.default, (int, float, str, tuple, type(None)))
        }
    fit_arguments = inspect.signature(keras.Model.fit).parameters
    found["fit"] = {name: p.default for name, p in fit_arguments.items() if p.default is not inspect.Parameter.empty}
    return found


r = random.Random(1)
training = {
    "keras": keras.__version__,
    "early_stopping": [early_stopping(r) for _ in range(CASES)],
    "plateau": [plateau(r) for _ in range(CASES)],
    "checkpoint": [checkpoint(r) for _ in range(CASES)],
    "fit": [
        fit(r), fit(r, class_weight=True), fit(r, sample_weight=True), fit(r, validation_weight=True),
        fit(r, sample_weight=True, validation_weight=True), fit(r, sample_weight=True, validation_split=True),
        fit(r, class_weight=True, validation_split=True),
    ],
    "metrics": [metrics(kind, r) for kind in METRICS],
    "defaults": defaults(),
    "positions": [
        positions(random.Random(i), labels, weights)
        for i, labels in enumerate(["sparse", "onehot", "binary"]) for weights in [None, "example", "position"]
    ],
    "regularized": [regularized(random.Random(4), False), regularized(random.Random(5), True)],
    "ratios": ratios(random.Random(6)),
    "areas": areas(random.Random(10)),
    "special": {f.__name__: [named(f(random.Random(7 + i), special)) for i in range(CASES)] for f in (early_stopping, plateau, checkpoint)},
    "gaps": {f.__name__: [f(random.Random(70 + i), freq=i % 3 + 2) | {"freq": i % 3 + 2} for i in range(CASES)] for f in (early_stopping, plateau)},
    "stepped": [
        stepped(11, batch_size=3, steps_per_epoch=2, epochs=6),
        stepped(12, steps_per_epoch=3, epochs=2, validation_steps=2),
        stepped(13, sample_weight=True, batch_size=4, steps_per_epoch=2, epochs=4, validation_steps=2),
        stepped(14, batch_size=2, validation_split=0.35, steps_per_epoch=1, epochs=8, initial_epoch=1, validation_freq=3),
        stepped(15, sample_weight=True, batch_size=8, validation_batch_size=3, validation_steps=2, epochs=2),
        stepped(16, validation_split=0.5, validation_steps=3, steps_per_epoch=2, validation_freq=2, epochs=5),
    ],
    "files": [files("{epoch:02d}-{batch:03d}", 2, 3, 4), files("{batch}", 3, 5, 3), files("{epoch}", 4, 5, 3)],
    "used": [used(12, 2, 4, 7), used(12, 3, 2, 5), used(10, 2, 1, 11)],
}
lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in training.items())
FILE.write_text("{" + lines + "}\n")
print(FILE, FILE.stat().st_size, "bytes")
