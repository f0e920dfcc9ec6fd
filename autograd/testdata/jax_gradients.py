"""Computes losses and gradients of small networks with JAX, for jax_test.go.

Run it here with JAX: python3 jax_gradients.py > jax_gradients.json

The inputs are float32 numbers; JAX computes with them in float64, so that what
it says is right to the last digit of a float32.
"""
import json
import sys

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(11)


def normal(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def conv(x, w, strides=(1, 1), padding="VALID", dilation=(1, 1)):
    return lax.conv_general_dilated(x, w, strides, padding, rhs_dilation=dilation,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x, size, strides, padding):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, *size, 1), (1, *strides, 1), padding)


def avg_pool(x, size, strides, padding):
    def total(a):
        return lax.reduce_window(a, 0.0, lax.add, (1, *size, 1), (1, *strides, 1), padding)
    return total(x) / total(jnp.ones_like(x))


def cnn(x, w1, b1, w2, w3, b3, w4, b4):
    """Convolutions, max-pooling, dense layers, softmax cross-entropy of classes."""
    h = jax.nn.relu(conv(x, w1, padding="SAME") + b1)
    h = max_pool(h, (2, 2), (2, 2), "VALID")
    h = jnp.tanh(conv(h, w2, dilation=(2, 1)))
    h = h.reshape(h.shape[0], -1)
    h = jax.nn.relu(h @ w3 + b3)
    logits = h @ w4 + b4
    labels = jnp.arange(x.shape[0]) % logits.shape[1]
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def strided(x, w1, w2, b2):
    """Uneven strides and padding, average pooling, binary cross-entropy."""
    h = conv(x, w1, strides=(2, 3), padding="SAME")
    h = jax.nn.sigmoid(h)
    h = avg_pool(h, (2, 2), (2, 1), "SAME")
    h = h.reshape(h.shape[0], -1)
    logits = h @ w2 + b2
    targets = (jnp.arange(logits.size).reshape(logits.shape) % 3) / 2.0
    losses = jnp.maximum(logits, 0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    return jnp.mean(losses)


def attention(q, k, v, gain):
    """What a transformer does to one head: products, softmax, normalised rows."""
    scores = jax.nn.softmax(q @ k.T * 0.5)
    h = scores @ v + q
    centred = h - h.mean(1, keepdims=True)
    deviation = jnp.exp(0.5 * jnp.log((centred * centred).mean(1, keepdims=True) + 1e-3))
    h = centred / deviation * gain
    return jnp.mean(jnp.max(h, axis=0) - jnp.sum(h * h, axis=0) / 7)


networks = {
    "cnn": (cnn, [
        ("x", normal(3, 8, 8, 2)), ("w1", normal(3, 3, 2, 4, scale=.4)), ("b1", normal(4, scale=.3)),
        ("w2", normal(2, 3, 4, 3, scale=.3)), ("w3", normal(12, 7, scale=.5)), ("b3", normal(7, scale=.3)),
        ("w4", normal(7, 5, scale=.5)), ("b4", normal(5, scale=.3))]),
    "strided": (strided, [
        ("x", normal(2, 7, 8, 3)), ("w1", normal(3, 4, 3, 2, scale=.3)),
        ("w2", normal(12, 3)), ("b2", normal(3))]),
    "attention": (attention, [
        ("q", normal(5, 4)), ("k", normal(6, 4)), ("v", normal(6, 4)), ("gain", normal(4))]),
}


def numbers(array):
    """Float32 numbers with as many digits as tell one from the next."""
    return [float(str(v)) for v in np.asarray(array, np.float32).ravel()]


out = {}
for name, (f, inputs) in networks.items():
    arrays = [jnp.asarray(a, jnp.float64) for _, a in inputs]
    loss, grads = jax.value_and_grad(f, tuple(range(len(arrays))))(*arrays)
    out[name] = {
        "loss": numbers(loss)[0],
        "inputs": [
            {"name": n, "shape": list(a.shape), "value": numbers(a), "gradient": numbers(g)}
            for (n, a), g in zip(inputs, grads)],
    }
print(f"# JAX {jax.__version__}", file=sys.stderr)
print(json.dumps(out, separators=(",", ":")).replace('{"name"', '\n{"name"'))
