"""Matrix products by NumPy. The number of threads is set in the environment."""
import numpy as np

import common


def product(m, n, k):
    random = np.random.default_rng(1)
    a, b = random.random((m, k), dtype=np.float32), random.random((k, n), dtype=np.float32)
    c = np.empty((m, n), dtype=np.float32)
    return lambda: np.matmul(a, b, out=c)


common.serve("NumPy " + np.__version__, product)
