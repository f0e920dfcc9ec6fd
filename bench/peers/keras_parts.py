"""Writes what single parts of Keras give: nn/testdata/keras/parts.json.

A Go test in nn compares it with what baregrad gives. The file holds which way the metrics
should go, for callbacks that monitor them; F-scores, R² and the root mean squared error on
random rows, over batches; the mean, variance and output of an adapted Normalization; the
focal losses of random rows, with their gradients; the history and weights of Fit with
constraints; and the history of Fit and the scores of Evaluate with weighted_metrics.

Run it in a virtual environment with tensorflow-cpu (Keras's backend here):
    python bench/peers/keras_parts.py
"""
import json
import os
import pathlib
import random

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

FILE = pathlib.Path(__file__).parents[2] / "nn" / "testdata" / "keras" / "parts.json"


def rows(r, n, width, low=-1.0, high=1.0):
    return [[r.randrange(33) / 32 * (high - low) + low for _ in range(width)] for _ in range(n)]


def directions():
    """What EarlyStopping takes for better when it monitors a metric called m: min or max."""
    m = keras.metrics
    found = {}
    for metric in [m.BinaryAccuracy, m.CategoricalAccuracy, m.SparseCategoricalAccuracy, m.TopKCategoricalAccuracy,
                   m.SparseTopKCategoricalAccuracy, m.AUC, m.Precision, m.Recall, m.CosineSimilarity, m.F1Score, m.FBetaScore,
                   m.R2Score, m.RootMeanSquaredError, m.MeanSquaredError, m.MeanAbsoluteError, m.Hinge, m.BinaryCrossentropy,
                   m.Poisson]:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss="mse", metrics=[metric(name="m")])
        model.fit(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)  # from then on it knows its metrics
        callback = keras.callbacks.EarlyStopping(monitor="val_m")
        callback.set_model(model)
        callback._set_monitor_op()
        found[metric.__name__] = {keras.ops.less: "min", keras.ops.greater: "max"}[callback.monitor_op]
    return found


def over_batches(metric, y, x):
    for i in range(0, len(x), 4):
        metric.update_state(np.array(y[i : i + 4], np.float32), np.array(x[i : i + 4], np.float32))
    return float(metric.result())


def scores(r):
    """Metrics that are computed from sums, on random rows, over batches of 4."""
    n, width, m = 13, 5, keras.metrics
    outputs, single = rows(r, n, width, 0.0), rows(r, n, 1, 0.0)
    outputs[3] = [0.0] * width  # a row in which no output is the largest
    outputs[4][1] = outputs[4][2] = 1.0  # and one in which two are
    labels = [r.randrange(width - 1) for _ in range(n)]  # the last class never occurs
    marks, targets = [[float(r.random() < 0.4) for _ in range(width)] for _ in range(n)], rows(r, n, width)
    targets[0] = [t + 3 for t in targets[0]]
    bits = [[float(r.random() < 0.4)] for _ in range(n)]
    onehot = np.eye(width)[labels]
    found = {}
    for average in ["micro", "macro", "weighted"]:
        for beta in [1.0, 0.5, 2.0]:
            found[f"classes {average} {beta}"] = over_batches(m.FBetaScore(average=average, beta=beta), onehot, outputs)
            found[f"marks {average} {beta}"] = over_batches(m.FBetaScore(average=average, beta=beta, threshold=0.25), marks, outputs)
        found[f"bits {average} 1.0"] = over_batches(m.F1Score(average=average, threshold=0.5), bits, single)
    found["rmse"] = over_batches(m.RootMeanSquaredError(), targets, outputs)
    found["r2"] = over_batches(m.R2Score(), targets, outputs)
    found["r2 single"] = over_batches(m.R2Score(), bits, single)
    return {"outputs": outputs, "single": single, "labels": labels, "marks": marks, "bits": bits, "targets": targets, "values": found}


def normalization(r):
    """Means, variances and outputs of an adapted layer; the second column has one value only."""
    cases = []
    for shape in [(11, 3), (5, 2, 4, 3)]:
        x = np.array(rows(r, int(np.prod(shape[:-1])), 3, -8.0, 8.0), np.float32)
        x[:, 1], x[:, 2] = 2, x[:, 2] / 4 + 1000
        x = x.reshape(shape)
        layer = keras.layers.Normalization()
        layer.adapt(x)
        cases.append({"shape": shape, "x": x.ravel().tolist(), "mean": np.array(layer.mean).ravel().tolist(),
                      "variance": np.array(layer.variance).ravel().tolist(), "y": np.array(layer(x)).ravel().tolist()})
    return cases


def focal(r):
    """Losses of single examples from probabilities and logits, and the gradients of their mean."""
    cases, n, width = [], 7, 4
    logits, marks = rows(r, n, width, -4.0, 4.0), [[float(r.random() < 0.4) for _ in range(width)] for _ in range(n)]
    onehot = np.eye(width)[[r.randrange(width) for _ in range(n)]].tolist()
    for loss, settings, y, activation in [
        (keras.losses.BinaryFocalCrossentropy, {}, marks, "sigmoid"),
        (keras.losses.BinaryFocalCrossentropy, {"gamma": 3.5}, marks, "sigmoid"),
        (keras.losses.BinaryFocalCrossentropy, {"apply_class_balancing": True, "alpha": 0.4, "label_smoothing": 0.1}, marks, "sigmoid"),
        (keras.losses.CategoricalFocalCrossentropy, {}, onehot, "softmax"),
        (keras.losses.CategoricalFocalCrossentropy, {"gamma": 1.0, "alpha": 0.5, "label_smoothing": 0.1}, onehot, "softmax"),
    ]:
        x = tf.Variable(np.array(logits, np.float32))
        with tf.GradientTape() as tape:
            values = loss(reduction="none", from_logits=False, **settings)(np.array(y, np.float32), keras.activations.get(activation)(x))
            mean = tf.reduce_mean(values)
        cases.append({"loss": loss.__name__, "settings": settings, "labels": y, "values": values.numpy().tolist(),
                      "gradient": tape.gradient(mean, x).numpy().ravel().tolist()})
    return {"logits": logits, "cases": cases}


def weighted(r, validation_weight):
    """Two epochs in batches of 8, 8 and 4, in the order of the examples, with class and sample weights."""
    x, y, vx, vy = rows(r, 20, 4), [[r.randrange(2)] for _ in range(20)], rows(r, 7, 4), [[r.randrange(2)] for _ in range(7)]
    kernel, weights, vweights = rows(r, 4, 1), [r.randrange(0, 9) / 4 for _ in y], [r.randrange(0, 9) / 4 for _ in vy]
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    m = keras.metrics
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="binary_crossentropy", metrics=["accuracy"],
                  weighted_metrics=["accuracy", m.Precision(name="precision"), m.Recall(thresholds=0.25, name="recall"), "mse"])
    model.set_weights([np.array(kernel, np.float32), np.zeros(1, np.float32)])
    data = [np.array(a, np.float32) for a in (x, y, vx, vy, weights, vweights)]
    validation = tuple(data[2:4]) + ((data[5],) if validation_weight else ())
    history = model.fit(data[0], data[1], sample_weight=data[4], validation_data=validation, epochs=2, batch_size=8, shuffle=False, verbose=0)
    measured = model.evaluate(data[2], data[3], sample_weight=data[5], batch_size=3, verbose=0, return_dict=True)
    return {"x": x, "y": y, "vx": vx, "vy": vy, "kernel": kernel, "sample_weight": weights, "evaluate_weight": vweights,
            "validation_weight": vweights if validation_weight else None, "history": history.history, "evaluate": measured}


def constrained(r):
    """Four epochs in batches of 4, 4 and 2, in the order of the examples, with each kind of constraint."""
    x, y, k, c = rows(r, 10, 18), rows(r, 10, 1), keras.layers, keras.constraints
    model = keras.Sequential([
        keras.Input((3, 3, 2)), k.Conv2D(3, 2, activation="tanh", kernel_constraint=c.MaxNorm(0.75, axis=[0, 1, 2])), k.Flatten(),
        k.Dense(4, activation="tanh", kernel_constraint=c.UnitNorm()), k.Dense(3, activation="tanh", kernel_constraint=c.MaxNorm(1)),
        k.Dense(1, kernel_constraint=c.NonNeg())])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
    kernels = [rows(r, w.shape[0] if len(w.shape) == 2 else 8, w.shape[-1]) for w in model.get_weights()[::2]]
    for layer, values in zip([model.layers[0], *model.layers[2:]], kernels):
        layer.kernel.assign(np.array(values, np.float32).reshape(layer.kernel.shape))
    history = model.fit(np.array(x, np.float32).reshape(-1, 3, 3, 2), np.array(y, np.float32), epochs=4, batch_size=4, shuffle=False, verbose=0)
    return {"x": x, "y": y, "kernels": kernels, "history": history.history, "weights": [w.ravel().tolist() for w in model.get_weights()]}


parts = {
    "keras": keras.__version__,
    "directions": directions(),
    "scores": scores(random.Random(1)),
    "normalization": normalization(random.Random(2)),
    "focal": focal(random.Random(3)),
    "constrained": constrained(random.Random(6)),
    "weighted": [weighted(random.Random(4), False), weighted(random.Random(5), True)],
}
lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items())
FILE.write_text("{" + lines + "}\n")
print(FILE, FILE.stat().st_size, "bytes")
