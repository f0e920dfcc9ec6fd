"""Runs a script that measures in PyTorch on a GPU, on a machine without one.

    python3 fake_cuda.py SCRIPT ARGUMENTS...

All that the lab's scripts ask of torch.cuda is there, and computes on the CPU: memory
of the device "cuda" is the CPU's, streams do their work at once, events are the CPU's
clock. A CUDA graph is a list of the operations that PyTorch's dispatcher saw while it
was captured, each with the memory that it wrote to; a replay does them again there. So
every line of the scripts runs, a captured step trains, and what is not in a graph is
missed. The times say nothing of a GPU.

FAKE_CUDA_FAILS names what fails, with the error that PyTorch gives: compile (there is
no C compiler), capture, conv (no algorithm), memory (none left).
"""

import contextlib
import os
import runpy
import sys
import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

fails = os.environ.get("FAKE_CUDA_FAILS", "").split(",")


def on_cpu(value):
    return "cpu" if isinstance(value, (str, torch.device)) and str(value).startswith("cuda") else value


def moved(function):
    """function, with "cuda" replaced by "cpu" in its arguments."""
    def call(*arguments, **named):
        return function(*map(on_cpu, arguments), **{k: on_cpu(v) for k, v in named.items()})
    return call


for name in ("empty", "rand", "zeros", "arange", "randperm", "tensor"):
    setattr(torch, name, moved(getattr(torch, name)))
torch.Tensor.to = moved(torch.Tensor.to)
torch.nn.Module.to = moved(torch.nn.Module.to)


def without_capturable(optimizer):
    """An optimizer that takes capturable, which PyTorch refuses on the CPU, and no unknown options."""
    class Optimizer(optimizer):
        def __init__(self, parameters, *, lr, capturable, **named):
            assert capturable, "a captured step needs an optimizer that keeps its state on the GPU"
            super().__init__(parameters, lr=lr, **named)
    # The scripts inspect the signature.
    Optimizer.__signature__ = __import__("inspect").signature(optimizer)
    return Optimizer


torch.optim.Adam = without_capturable(torch.optim.Adam)
torch.optim.RMSprop = without_capturable(torch.optim.RMSprop)


class Recorder(TorchDispatchMode):
    """Records the operations that are executed, and their results."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        if operation in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_pinned.default):
            raise torch.AcceleratorError("CUDA error: operation not permitted when stream is capturing")
        result = operation(*arguments, **(named or {}))
        self.steps.append((operation, arguments, named or {}, result))
        return result


class CUDAGraph:
    def replay(self):
        assert self.steps, "a graph of nothing"
        with torch.no_grad():
            for operation, arguments, named, result in self.steps:
                for old, new in zip(tree_leaves(result), tree_leaves(operation(*arguments, **named))):
                    # A view or an operand, in the same memory as before, is up to date.
                    if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                        old.copy_(new)


@contextlib.contextmanager
def graph(into):
    if "capture" in fails:
        raise torch.AcceleratorError("CUDA error: operation failed due to a previous error during capture")
    with Recorder() as recorder:
        yield
    into.steps = recorder.steps


class Stream:
    def wait_stream(self, other):
        assert isinstance(other, Stream)


class Event:
    def __init__(self, enable_timing):
        assert enable_timing, "without it an event has no time"

    def record(self):
        self.at = time.perf_counter()

    def synchronize(self):
        assert self.at

    def elapsed_time(self, later):
        return 1e3 * (later.at - self.at)


now = Stream()
for name, value in dict(
    # Only the script sees a GPU; PyTorch's own code takes its CPU paths.
    is_available=lambda: sys._getframe(1).f_globals["__name__"] == "__main__",
    is_current_stream_capturing=lambda: False, synchronize=lambda: None, empty_cache=lambda: None, current_stream=lambda: now,
    stream=lambda s: contextlib.nullcontext(), Stream=Stream, Event=Event, CUDAGraph=CUDAGraph, graph=graph,
    get_device_name=lambda *_: "no GPU, but the CPU in its place",
).items():
    setattr(torch.cuda, name, value)


def fail_in(what, module, name, error, text):
    def fail(*arguments, **named):
        raise error(text)
    if what in fails:
        setattr(module, name, fail)


fail_in("compile", torch, "compile", RuntimeError, "backend='inductor' raised:\nInductorError: Failed to find C compiler. Please specify via CC environment variable.")
fail_in("conv", torch.nn.functional, "conv2d", RuntimeError, "GET was unable to find an engine to execute this computation")
fail_in("memory", torch, "mm", torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate 256.00 MiB.")

sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
