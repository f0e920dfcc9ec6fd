"""Starts PyTorch once, to have its libraries in memory. The first line of its own says
whether PyTorch finds a GPU.

    python3 torch_start.py [yes]   with yes, the CPU will do
"""

import signal
import sys

signal.alarm(90)  # a driver may hang

import torch

gpu = torch.cuda.is_available()
# PyTorch may print other lines.
print("baregrad lab:", "yes" if gpu or "yes" in sys.argv else "PyTorch finds no GPU")
print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version(), flush=True)
if gpu:
    x = torch.rand(8, 8, 9, 9, device="cuda", requires_grad=True)
    torch.nn.functional.conv2d(x, torch.rand(8, 8, 3, 3, device="cuda")).sum().backward()
    torch.compile(lambda x: (x[0, 0] @ x[0, 1]).relu().sum())(x.detach()).item()
