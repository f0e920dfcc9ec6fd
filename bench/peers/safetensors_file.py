"""Writes the safetensors file that a test in nn/safetensors reads:

    python bench/peers/safetensors_file.py nn/safetensors/testdata/python.safetensors

It needs the packages numpy, ml_dtypes and safetensors. The file holds every type
that the package turns into float32, with values that rounding, signs and the ends
of each type's range make special.
"""

import sys

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

tensors = {
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(3, 2) / 8 - 0.25,
    "dense/bias": np.array([0.5, -1.5], np.float16),
    "single": np.array([1.5, -0.0, np.inf, 1e-45, 3.4028235e38], np.float32),
    "half": np.array([[1, -2, 65504], [5.9604645e-08, 6.1035156e-05, -np.inf]], np.float16),
    "brain": np.array([1, -3.140625, 2.0**-130, np.inf], ml_dtypes.bfloat16),
    "double": np.array([1 / 3, -1e30, 1e300], np.float64),
    "scalar": np.array(7, np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "labels": np.array([3, -1, 4], np.int32),
}
save_file(tensors, sys.argv[1], metadata={"format": "np", "note": 'quoted "text", ünïcode'})
