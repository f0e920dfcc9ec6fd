"""Writes what Keras computes for the models in nn/testdata/keras/cases.json.

For each case: the outputs for one batch, the loss, every gradient, and the
weights after 1 and after 10 steps of the optimizer on that batch. A Go test in nn
compares them with what baregrad computes. Weights, inputs and labels are not
stored: both sides make them from the same integer hash. Of large tensors only
evenly spaced elements are kept, and the sums.

Run it in a virtual environment with tensorflow-cpu (Keras's backend here) and
safetensors:    python bench/peers/keras_vectors.py
Convolutions with the channels first have no TensorFlow kernel on the CPU; run it
again with KERAS_BACKEND=jax and jax installed, and it writes those.
"""
import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parents[2] / "nn" / "testdata" / "keras"
BACKEND = os.environ["KERAS_BACKEND"]
KEPT = 256  # elements kept of a tensor


def uniform(n, seed):
    """n numbers in [0, 1), multiples of 2**-24: the same in any language."""
    h = np.arange(n, dtype=np.uint64) * 2654435761 + np.uint64(seed) * 974711
    h &= 0xFFFFFFFF
    for _ in range(2):
        h ^= h >> np.uint64(16)
        h = h * 0x45D9F3B & 0xFFFFFFFF
    h ^= h >> np.uint64(16)
    return ((h >> np.uint64(8)).astype(np.float64) / 2**24).astype(np.float32)


def labels(kind, n, outputs):
    u = uniform(n * outputs, 2).reshape(n, outputs)
    index = (uniform(n, 3) * outputs).astype(np.int32)
    match kind:
        case "sparse":
            return index
        case "onehot":
            return np.eye(outputs, dtype=np.float32)[index]
        case "binary":
            return (u > 0.5).astype(np.float32)
        case "sign":
            return np.where(u > 0.5, 1, -1).astype(np.float32)
        case "real":
            return u * 4 - 2
        case "positive":
            return u * 3
        case "distribution":
            # Divided in float64, so that both sides round the same quotients.
            return (u.astype(np.float64) / u.astype(np.float64).sum(1, keepdims=True)).astype(np.float32)
    raise ValueError(kind)


def layer(kind, c):
    names = {"Units": "units", "Filters": "filters", "Kernel": "kernel_size", "Strides": "strides",
             "Dilations": "dilation_rate", "Pool": "pool_size", "DataFormat": "data_format", "Rate": "rate",
             "Function": "activation", "Activation": "activation"}
    arguments = {}
    for key, value in c.items():
        if key == "Padding":
            arguments["padding"] = "same" if value else "valid"
        elif key == "NoBias":
            arguments["use_bias"] = not value
        else:
            arguments[names[key]] = tuple(value) if isinstance(value, list) else value
    return getattr(keras.layers, kind)(**arguments)


def optimizer(name, c):
    c = dict(c)
    arguments = {}
    for key, value in c.pop("Clip", {}).items():
        arguments[{"Norm": "clipnorm", "Value": "clipvalue", "GlobalNorm": "global_clipnorm"}[key]] = value
    names = {"LearningRate": "learning_rate", "Rho": "rho", "Momentum": "momentum", "Epsilon": "epsilon",
             "Centered": "centered", "Nesterov": "nesterov", "WeightDecay": "weight_decay"}
    for key, value in c.items():
        arguments[names[key]] = value
    return {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam,
            "adamw": keras.optimizers.AdamW}[name](**arguments)


def loss(name, c):
    kind = {"categorical_crossentropy": keras.losses.CategoricalCrossentropy,
            "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
            "binary_crossentropy": keras.losses.BinaryCrossentropy,
            "mean_squared_error": keras.losses.MeanSquaredError, "mean_absolute_error": keras.losses.MeanAbsoluteError,
            "mean_squared_logarithmic_error": keras.losses.MeanSquaredLogarithmicError, "huber": keras.losses.Huber,
            "log_cosh": keras.losses.LogCosh, "poisson": keras.losses.Poisson, "kl_divergence": keras.losses.KLDivergence,
            "hinge": keras.losses.Hinge, "squared_hinge": keras.losses.SquaredHinge}[name]
    return kind(from_logits=True) if c.get("FromLogits") else kind()


def gradients(model, f, x, y):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = f(y, model(x, training=True))
        return float(value), [g.numpy() for g in tape.gradient(value, model.trainable_variables)]
    import jax

    def value(weights):
        out, _ = model.stateless_call(weights, [v.value for v in model.non_trainable_variables], x, training=True)
        return f(y, out)

    v, g = jax.value_and_grad(value)([v.value for v in model.trainable_variables])
    return float(v), [np.asarray(a) for a in g]


def keep(name, a, into):
    """Evenly spaced elements, and the sum and the sum of squares of all."""
    a = np.asarray(a, dtype=np.float32).ravel()
    step = max(1, a.size // KEPT)
    into[name] = np.ascontiguousarray(a[::step])
    wide = a.astype(np.float64)
    into[name + "/sums"] = np.array([wide.sum(), (wide * wide).sum()], dtype=np.float64)


def run(case):
    model = keras.Sequential([keras.layers.Input(tuple(case["input"]))] + [layer(*l) for l in case["layers"]])
    for i, v in enumerate(model.trainable_variables):
        shape = tuple(v.shape)
        fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 0
        limit = np.float32(np.sqrt(3 / fan)) if fan else np.float32(0.1)
        v.assign(((uniform(int(np.prod(shape)), 100 + i) * 2 - 1) * limit).reshape(shape))
    x = uniform(case["batch"] * int(np.prod(case["input"])), 1).reshape([case["batch"]] + case["input"])
    outputs = model.output_shape[-1]
    y = labels(case["labels"], case["batch"], outputs)
    f, o = loss(*case["loss"]), optimizer(*case["optimizer"])
    result = {}
    keep("output", np.asarray(model(x)), result)
    for step in range(10):
        value, g = gradients(model, f, x, y)
        if step == 0:
            result["loss"] = np.array([value], dtype=np.float32)
            for i, a in enumerate(g):
                keep(f"gradient/{i}", a, result)
        o.apply(g, model.trainable_variables)
        if step in (0, 9):
            for i, v in enumerate(model.trainable_variables):
                keep(f"after{step + 1}/{i}", v.numpy() if BACKEND == "tensorflow" else np.asarray(v.value), result)
    version = {"keras": keras.__version__, "backend": BACKEND}
    save_file(result, FOLDER / (case["name"] + ".safetensors"), metadata=version)
    print(case["name"], value)


for case in json.loads((FOLDER / "cases.json").read_text()):
    first = "channels_first" in json.dumps(case)
    if first == (BACKEND == "jax"):
        run(case)
