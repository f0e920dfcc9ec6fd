"""Prints arrays with NumPy, for print_test.go to compare with.

Run it here with NumPy 2.3 or later: python3 print.py > print.json

Each case holds a type, a shape, the elements (of float32 their bits; none
stands for 0, 1, 2, ...) and what str() makes of the array.
"""
import json
import sys

import numpy as np

cases = []


def case(name, array, counted=False):
    kind = {"float32": "<f4", "int32": "<i4", "uint8": "|u1"}[array.dtype.name]
    raw = np.ascontiguousarray(array, dtype=kind)
    values = raw.view("<u4") if kind == "<f4" and raw.ndim else raw
    if kind == "<f4" and not raw.ndim:
        values = raw.reshape(1).view("<u4")
    cases.append({
        "name": name,
        "type": array.dtype.name,
        "shape": list(array.shape),
        "elements": [] if counted else [int(v) for v in values.ravel()],
        "text": str(array),
    })


def floats(name, values):
    case(name, np.array(values, np.float32))


def count(kind, *shape):
    size = int(np.prod(shape))
    name = f"{kind} counted {'x'.join(map(str, shape))}"
    case(name, np.arange(size).astype(kind).reshape(shape), counted=True)


# Digits and columns.
floats("whole numbers", [[1, 2, 3], [4, 5, 6]])
floats("one", [1])
floats("short fractions", [0.5, 0.25, 1.125])
floats("thirds", [1 / 3, 2 / 3, 1, 4 / 3])
floats("eight digits and no more", [0.012345678, 0.00123456789, 0.1])
floats("negative", [-1, 2.5, -300.25])
floats("negative zero", [-0.0, 0.0])
floats("zeros", np.zeros((2, 2)))
floats("ends of floats", [3.4028235e38, 1.1754944e-38, 1e-45])
floats("neighbours of one", [1, np.nextafter(np.float32(1), np.float32(2)), np.nextafter(np.float32(1), np.float32(0))])

# Exponents: where they begin and end.
for v in [999999, 999999.94, 1e6, 1000001, 1e8, 1e-4, 9.99e-5, 1.0001e-4]:
    floats(f"edge {v}", [v])
    floats(f"edge scalar {v}", v)
floats("span 1000", [0.1, 100])
floats("span above 1000", [0.1, 100.1])
floats("span with zero", [0, 1, 999])
floats("span of negatives", [-0.001, -5])
floats("exponents fill up digits", [1e10, 0.1, 1.2345678, 0.3])
floats("one digit with exponent", [1e10, 1e-10])
floats("exponents in columns", [[1e10, -1], [2.5e-20, 0]])

# Not numbers.
floats("nan", [np.nan])
floats("nan among", [1, np.nan, 3.25])
floats("infinities", [1, np.inf, -np.inf])
floats("all special", [[np.nan, np.inf], [-np.inf, np.nan]])
floats("positive infinity", [np.inf, np.nan])
floats("special with exponents", [1e20, np.nan, -np.inf, np.inf])
floats("special and long", [0.123456, -np.inf])
for v in [np.nan, np.inf, -np.inf, 0, -0.0, 1, 0.1, 123.456, 1234567, 3.4028235e38, 1e-45, 16777216]:
    floats(f"scalar {v}", v)

# Shapes.
floats("empty", np.zeros(0))
floats("empty rows", np.zeros((3, 0)))
floats("no rows", np.zeros((0, 3)))
floats("one of each", np.ones((1, 1, 1)))
count("float32", 2, 3, 4)
count("float32", 2, 1, 2, 2)
count("float32", 2, 2, 1, 2, 2)
count("int32", 2, 3)
case("int32 wide", np.array([[-2147483648, 2147483647], [0, 7]], np.int32))
case("uint8 image", np.array([[0, 128, 255], [7, 70, 200]], np.uint8))
case("int32 scalar", np.array(-5, np.int32))
case("uint8 scalar", np.array(5, np.uint8))
case("int32 empty", np.zeros((0,), np.int32))

# Long lines and large arrays.
count("float32", 30)
count("float32", 2, 40)
count("float32", 2, 2, 25)
count("uint8", 28, 28)
count("int32", 1000)
count("int32", 1001)
count("float32", 1000)
count("float32", 1001)
count("float32", 7, 200)
count("float32", 6, 200)
count("float32", 200, 6)
count("float32", 200, 7)
count("float32", 200, 1)
count("int32", 11, 10, 10)
count("int32", 2, 600)
count("float32", 1, 1500)
count("float32", 10, 5, 30)
count("float32", 8, 7, 7, 7)
count("uint8", 60, 28, 28)
count("float32", 3, 3, 3, 3, 3, 3, 3)
floats("long words", np.full(1200, 1 / 3))
floats("long words in rows", np.full((2, 3, 25), -1 / 3))

# Many numbers: bits at random, numbers of everyday size, powers of two.
rng = np.random.default_rng(1)
for i in range(60):
    bits = rng.integers(0, 2**32, 8, dtype=np.uint32)
    case(f"bits {i}", bits.view(np.float32))
    case(f"bits alone {i}", bits[:1].view(np.float32).reshape(()))
for i in range(60):
    scale = 10.0 ** rng.integers(-3, 5)
    case(f"normal {i}", (rng.standard_normal((2, 5)) * scale).astype(np.float32))
for i in range(40):
    case(f"uniform {i}", (1 + rng.random(6) * 200).astype(np.float32))
for i in range(40):
    low = rng.integers(-10, 10)
    case(f"powers {i}", (2.0 ** np.arange(low, low + 9)).astype(np.float32))

print(f"# NumPy {np.__version__}", file=sys.stderr)
print("[")
print(",\n".join(json.dumps(c) for c in cases))
print("]")
