"""Matrix products and training steps by JAX. Each step is one compiled function."""
import jax
import jax.numpy as jnp
import numpy as np

import common


def product(m, n, k):
    random = np.random.default_rng(1)
    a, b = jnp.asarray(random.random((m, k), dtype=np.float32)), jnp.asarray(random.random((k, n), dtype=np.float32))
    multiply = jax.jit(jnp.matmul)
    return lambda: multiply(a, b).block_until_ready()


def dense(x, p):
    return x @ p[0] + p[1]


def conv(x, p, order):
    y = jax.lax.conv_general_dilated(x, p[0], (1, 1), "VALID", dimension_numbers=(order, "HWIO", order))
    return y + (p[1] if order == "NHWC" else p[1][:, None, None])


def pool(x, order):
    window = (1, 2, 2, 1) if order == "NHWC" else (1, 1, 2, 2)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def dropout(x, rate, key):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def network(name):
    """The parameters' shapes and the function from parameters and inputs to logits."""
    relu = jax.nn.relu
    match name:
        case "mnist-mlp":
            return [(784, 32), (32, 10)], lambda p, x, k: dense(relu(dense(x, p[0])), p[1])
        case "fashion-mlp":
            return [(784, 128), (128, 10)], lambda p, x, k: dense(relu(dense(x.reshape(len(x), -1), p[0])), p[1])
        case "mnist-wide-mlp":
            return [(784, 784), (784, 10)], lambda p, x, k: dense(relu(dense(x, p[0])), p[1])
        case "binary-mlp":
            def f(p, x, k):
                k1, k2 = jax.random.split(k)
                h = dropout(relu(dense(x, p[0])), 0.5, k1)
                return dense(dropout(relu(dense(h, p[1])), 0.5, k2), p[2])
            return [(20, 64), (64, 64), (64, 1)], f
        case "mnist-cnn":
            def f(p, x, k):
                k1, k2 = jax.random.split(k)
                h = relu(conv(relu(conv(x, p[0], "NHWC")), p[1], "NHWC"))
                h = dropout(pool(h, "NHWC"), 0.25, k1).reshape(len(x), -1)
                return dense(dropout(relu(dense(h, p[2])), 0.5, k2), p[3])
            return [(3, 3, 1, 32), (3, 3, 32, 64), (9216, 128), (128, 10)], f
        case "mnist-cnn-channels-first":
            def f(p, x, k):
                h = dropout(pool(relu(conv(x, p[0], "NCHW")), "NCHW"), 0.2, k).reshape(len(x), -1)
                return dense(relu(dense(h, p[1])), p[2])
            return [(5, 5, 1, 32), (4608, 128), (128, 10)], f


def trainer(name):
    batch, _, outputs, labels, optimizer = common.NETWORKS[name]
    x, y = common.examples(name)
    data = common.fingerprint(name, x, y)
    shapes, logits = network(name)

    def loss(params, xb, yb, key):
        out = logits(params, xb, key)
        if labels == "binary":
            value = jnp.mean(jnp.maximum(out, 0) - out * yb + jnp.log1p(jnp.exp(-jnp.abs(out))))
            return value, jnp.sum((out > 0) == (yb > 0.5))
        right = yb if labels == "sparse" else jnp.argmax(yb, 1)
        rows = jax.nn.one_hot(yb, outputs) if labels == "sparse" else yb
        return -jnp.mean(jnp.sum(rows * jax.nn.log_softmax(out), 1)), jnp.sum(jnp.argmax(out, 1) == right)

    def update(state, xb, yb):
        params, m, v, t, totals = state
        key = jax.random.fold_in(jax.random.key(1), t)
        (value, right), g = jax.value_and_grad(loss, has_aux=True)(params, xb, yb, key)
        t = t + 1
        if optimizer == "adam":
            m = jax.tree.map(lambda m, g: m + (g - m) * 0.1, m, g)
            v = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, v, g)
            rate = 0.001 * jnp.sqrt(1 - 0.999 ** t.astype(jnp.float32)) / (1 - 0.9 ** t.astype(jnp.float32))
            params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), params, m, v)
        else:
            v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, v, g)
            params = jax.tree.map(lambda p, g, v: p - 0.001 * g / jnp.sqrt(v + 1e-7), params, g, v)
        return params, m, v, t, (totals[0] + value, totals[1] + right)

    compiled = jax.jit(update, donate_argnums=0)
    now = {}
    nothing = lambda: (jnp.zeros(()), jnp.zeros((), jnp.int32))

    def fresh():
        random = np.random.default_rng(3)
        params = [(jnp.asarray(common.glorot(random, s)), jnp.zeros(s[-1])) for s in shapes]
        zeros = lambda: jax.tree.map(jnp.zeros_like, params)
        now["state"] = params, zeros(), zeros(), jnp.zeros((), jnp.int32), nothing()

    def epoch():
        now["state"] = *now["state"][:-1], nothing()
        now["steps"] = 0

    def step(index):
        now["state"] = compiled(now["state"], x[index], y[index])
        jax.block_until_ready(now["state"])
        now["steps"] += 1

    return common.Loop(data, batch, fresh, epoch, step, lambda: float(now["state"][-1][0]) / now["steps"])


common.serve("JAX " + jax.__version__, product, trainer)
