"""Writes what Keras computes for the models in nn/testdata/keras/cases.json.

For each case: the outputs for one batch, the loss, every gradient, and the
weights after 1 and after 10 steps of the optimizer on that batch; where a layer
keeps moving averages, these and the outputs after the 10 steps, too. A Go test in nn
compares them with what baregrad computes. Weights, inputs and labels are not
stored: both sides make them from the same integer hash. Of large tensors only
evenly spaced elements are kept, and the sums.

Beside them it writes activations.json, the values and slopes of the activation
functions at some points, and schedules.json, learning rates by step.

Run it in a virtual environment with tensorflow-cpu (Keras's backend here) and
safetensors:    python bench/peers/keras_vectors.py [NAME ...]
The names choose cases (or activations, schedules); without any, all are written.
Convolutions with the channels first have no TensorFlow kernel on the CPU; run it
again with KERAS_BACKEND=jax and jax installed, and it writes those.
"""
import json
import os
import pathlib
import sys

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


def labels(kind, n, output):
    """Labels of n examples for an output of the given shape, of which the last axis is compared."""
    rows = by_row(kind, n * int(np.prod(output[:-1])), output[-1])
    return rows.reshape([n, *output[:-1], *rows.shape[1:]])


def by_row(kind, n, outputs):
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


def gelu_tanh(x):
    return keras.activations.gelu(x, approximate=True)


def layer(kind, c):
    names = {"Units": "units", "Filters": "filters", "Kernel": "kernel_size", "Strides": "strides",
             "Dilations": "dilation_rate", "Pool": "pool_size", "DataFormat": "data_format", "Rate": "rate",
             "Function": "activation", "Activation": "activation", "Momentum": "momentum", "Epsilon": "epsilon",
             "KeepDims": "keepdims", "Size": "size"}
    arguments = {}
    for key, value in c.items():
        if kind == "BatchNormalization" and key == "DataFormat":
            arguments["axis"] = 1 if value == "channels_first" else -1
        elif key == "KernelRegularizer":
            arguments["kernel_regularizer"] = keras.regularizers.L1L2(l1=value.get("L1", 0), l2=value.get("L2", 0))
        elif key in ("NoScale", "NoCenter"):
            arguments["scale" if key == "NoScale" else "center"] = not value
        elif kind == "ZeroPadding2D" and key == "Padding":
            arguments["padding"] = tuple(map(tuple, value))
        elif key == "Padding":
            arguments["padding"] = "same" if value else "valid"
        elif key == "NoBias":
            arguments["use_bias"] = not value
        else:
            value = {"gelu_tanh": gelu_tanh}.get(value, value) if isinstance(value, str) else value
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
            "mean_absolute_percentage_error": keras.losses.MeanAbsolutePercentageError,
            "cosine_similarity": keras.losses.CosineSimilarity, "categorical_hinge": keras.losses.CategoricalHinge,
            "hinge": keras.losses.Hinge, "squared_hinge": keras.losses.SquaredHinge}[name]
    names = {"FromLogits": "from_logits", "LabelSmoothing": "label_smoothing"}
    return kind(**{names[key]: value for key, value in c.items()})


def gradients(model, f, x, y):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = f(y, model(x, training=True)) + sum(model.losses)  # these are the regularizers' penalties
        return float(value), [g.numpy() for g in tape.gradient(value, model.trainable_variables)]
    import jax

    def value(weights):
        out, kept = model.stateless_call(weights, [v.value for v in model.non_trainable_variables], x, training=True)
        return f(y, out), kept

    (v, kept), g = jax.value_and_grad(value, has_aux=True)([v.value for v in model.trainable_variables])
    for variable, now in zip(model.non_trainable_variables, kept):
        variable.assign(now)
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
    y = labels(case["labels"], case["batch"], model.output_shape[1:])
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
    moving = [v for v in model.non_trainable_variables if v.name.startswith("moving_")]
    for i, v in enumerate(moving):
        keep(f"moving/{i}", v.numpy() if BACKEND == "tensorflow" else np.asarray(v.value), result)
    if moving:
        keep("output/trained", np.asarray(model(x)), result)
    version = {"keras": keras.__version__, "backend": BACKEND}
    save_file(result, FOLDER / (case["name"] + ".safetensors"), metadata=version)
    print(case["name"], value)


ACTIVATIONS = ["relu", "sigmoid", "tanh", "exponential", "celu", "elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_silu",
               "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu6", "selu", "silu", "swish", "soft_shrink",
               "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh_shrink", "linear"]


def activations():
    """Values and slopes at points between the kinks, at 0, and far out. In float64,
    in which Keras's formulas lose little where they subtract."""
    import tensorflow as tf

    points = [0.0, 1e-6, -1e-6, -1e5, -2e4, -300.0, -50.0, 50.0, 300.0, 2e4, 1e5] + list(np.arange(-11.8, 12, 0.35))
    x = tf.constant(np.array(points, np.float32).astype(np.float64))
    result = {"x": [float(v) for v in x.numpy()], "functions": {}}
    for name in ACTIVATIONS:
        f = gelu_tanh if name == "gelu_tanh" else keras.activations.get(name)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        slopes = tape.gradient(y, x).numpy()
        finite = [[float(v) if np.isfinite(v) else None for v in a] for a in (y.numpy(), slopes)]
        result["functions"][name] = {"y": finite[0], "slope": finite[1]}
    (FOLDER / "activations.json").write_text(json.dumps(result) + "\n")
    print("activations")


def schedules():
    s = keras.optimizers.schedules
    steps = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 14, 15, 20, 29, 30, 31, 50, 69, 71, 100]
    made = [
        ("exponential_decay", {"Initial": 0.1, "Steps": 10, "Rate": 0.9}, s.ExponentialDecay(0.1, 10, 0.9)),
        ("exponential_decay", {"Initial": 0.1, "Steps": 10, "Rate": 0.9, "Staircase": True},
         s.ExponentialDecay(0.1, 10, 0.9, staircase=True)),
        ("inverse_time_decay", {"Initial": 0.1, "Steps": 10, "Rate": 0.5}, s.InverseTimeDecay(0.1, 10, 0.5)),
        ("inverse_time_decay", {"Initial": 0.1, "Steps": 10, "Rate": 0.5, "Staircase": True},
         s.InverseTimeDecay(0.1, 10, 0.5, staircase=True)),
        ("polynomial_decay", {"Initial": 0.1, "Steps": 30}, s.PolynomialDecay(0.1, 30)),
        ("polynomial_decay", {"Initial": 0.1, "Steps": 15, "End": 0.01, "Power": 2, "Cycle": True},
         s.PolynomialDecay(0.1, 15, end_learning_rate=0.01, power=2, cycle=True)),
        ("piecewise_constant_decay", {"Boundaries": [5, 30], "Values": [0.1, 0.05, 0.01]},
         s.PiecewiseConstantDecay([5, 30], [0.1, 0.05, 0.01])),
        ("cosine_decay", {"Initial": 0.1, "Steps": 30, "Alpha": 0.1}, s.CosineDecay(0.1, 30, alpha=0.1)),
        ("cosine_decay", {"Initial": 0.01, "Steps": 30, "WarmupTarget": 0.1, "WarmupSteps": 7},
         s.CosineDecay(0.01, 30, warmup_target=0.1, warmup_steps=7)),
        ("cosine_decay_restarts", {"Initial": 0.1, "Steps": 10}, s.CosineDecayRestarts(0.1, 10)),
        ("cosine_decay_restarts", {"Initial": 0.1, "Steps": 8, "StepsFactor": 1, "RateFactor": 0.8, "Alpha": 0.05},
         s.CosineDecayRestarts(0.1, 8, t_mul=1.0, m_mul=0.8, alpha=0.05)),
    ]
    rows = [{"name": name, "config": config, "rates": [float(schedule(n)) for n in steps]} for name, config, schedule in made]
    (FOLDER / "schedules.json").write_text(json.dumps({"steps": steps, "schedules": rows}) + "\n")
    print("schedules")


def wanted(name):
    return len(sys.argv) == 1 or name in sys.argv[1:]


if BACKEND == "tensorflow" and wanted("activations"):
    activations()
if wanted("schedules"):
    schedules()
for case in json.loads((FOLDER / "cases.json").read_text()):
    first = "channels_first" in json.dumps(case)
    if first == (BACKEND == "jax") and wanted(case["name"]):
        run(case)
