"""Writes the .npy and .npz files beside this script, and expected.json.

Run with NumPy (2.4.6 wrote the committed files):

    python make.py

The files go to the folder of this script. Values are small and exact in every
type, so that the reader's results are compared for equality. Names that begin
with refuse- are files that the reader must not take.
"""
import json
import os
import pathlib
import zipfile

import numpy as np

here = pathlib.Path(__file__).parent
os.chdir(here)
expected = {}


def describe(a):
    return {"descr": a.dtype.str, "shape": list(a.shape), "values": a.ravel(order="C").tolist()}


def npy(name, a, version=None):
    with open(name + ".npy", "wb") as f:
        np.lib.format.write_array(f, a, version=version, allow_pickle=True)
    if not name.startswith("refuse-"):
        expected[name + ".npy"] = describe(a)


base = np.arange(24).reshape(2, 3, 4)
for t in ["<f4", "<f8", "|u1", "<i4", "<i8"]:
    npy("type-" + t.strip("<|"), base.astype(t))
npy("negative-f4", np.array([-1.5, 0.0, -0.0, 2.0**-149, 3.4028234663852886e38], "<f4"))
npy("negative-i8", np.array([-(2**63), -1, 2**63 - 1], "<i8"))
npy("version-1", base.astype("<f4"), (1, 0))
npy("version-2", base.astype("<f4"), (2, 0))
npy("version-3", base.astype("<f4"), (3, 0))
npy("fortran-2d", np.asfortranarray(np.arange(6, dtype="<i4").reshape(2, 3)))
npy("fortran-3d", np.asfortranarray(base.astype("<f4")))
npy("fortran-4d", np.asfortranarray(np.arange(120, dtype="<i8").reshape(2, 3, 4, 5)))
npy("fortran-u1", np.asfortranarray(base.astype("|u1")))
npy("transposed", np.arange(6, dtype="<f8").reshape(2, 3).T)
npy("scalar", np.array(7.5, "<f8"))
npy("one", np.array([7], "<i4"))
npy("empty", np.zeros((0,), "<f4"))
npy("empty-3d", np.zeros((3, 0, 2), "|u1"))

npy("refuse-big-endian", base.astype(">f4"))
npy("refuse-half", base.astype("<f2"))
npy("refuse-i1", base.astype("|i1"))
npy("refuse-u8", base.astype("<u8"))
npy("refuse-bool", base.astype("|b1"))
npy("refuse-complex", base.astype("<c8"))
npy("refuse-bytes", np.array([b"abc"]))
npy("refuse-text", np.array(["abc"]))
npy("refuse-date", np.array(["2020-01-01"], "datetime64[D]"))
npy("refuse-object", np.array([{"a": 1}], object))
npy("refuse-structured", np.zeros(2, [("x", "<f4"), ("y", "<i4")]))


def npz(name, compressed, arrays):
    (np.savez_compressed if compressed else np.savez)(name + ".npz", **arrays)
    if not name.startswith("refuse-"):
        expected[name + ".npz"] = {k: describe(v) for k, v in arrays.items()}


both = {"weights": base.astype("<f4"), "bias": np.arange(3, dtype="<f8"), "labels": np.arange(5, dtype="|u1")}
npz("stored", False, both)
npz("compressed", True, both)
npz("nothing", False, {})
npz("refuse-object", False, {"good": base.astype("<f4"), "bad": np.array([None], object)})


def digits(n):
    images = (np.arange(n * 28 * 28) % 256).astype("|u1").reshape(n, 28, 28)
    return images, (np.arange(n) % 10).astype("|u1")


x_train, y_train = digits(6)
x_test, y_test = digits(4)
np.savez_compressed("digits.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
np.savez_compressed("digits-i8.npz", x_train=x_train, y_train=y_train.astype("<i8"),
                    x_test=x_test, y_test=y_test.astype("<i4"))

with zipfile.ZipFile("refuse-traversal.npz", "w") as z:
    z.write("one.npy", "../one.npy")
with zipfile.ZipFile("refuse-other-files.npz", "w") as z:
    z.writestr("notes.txt", "notes")

lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items()]
(here / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
