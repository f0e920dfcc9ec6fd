"""Times PyTorch's kernels (cuBLAS, cuDNN) on the cases that gpulab times.

    python3 torch_time.py cases.json [--device cpu] > torch_time.jsonl

As time.go describes: calls on rotating memory, captured as one CUDA graph and launched
between two events; the median of many launches. If a case can't be measured, the problem
of its line says why. With --device cpu it tries each call without a graph and measures
nothing; each line says so.
"""

import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

WARM_UP = 0.05  # seconds, as in time.go


def operands(case, device, channels_last):
    """One set of a case's operands, the output first if the call writes to a given one."""
    d, kind = case["dims"], case["kind"]
    rand = lambda *shape: torch.rand(*shape, device=device) * 2 - 1
    image = lambda t: t.contiguous(memory_format=torch.channels_last) if channels_last else t
    if kind == "matmul":
        m, n, k = d
        return torch.empty(m, n, device=device), rand(m, k), rand(k, n)
    if kind.startswith("conv"):
        n, h, w, c, kh, kw, out = d
        x, f = image(rand(n, c, h, w)), image(rand(out, c, kh, kw))
        return image(rand(n, out, h - kh + 1, w - kw + 1)), x, f
    if kind.endswith("pool"):
        n, h, w, c = d
        return (image(rand(n, c, h, w)),)
    if kind.endswith("pool_dx"):
        n, h, w, c = d
        x, dy = image(rand(n, c, h, w)), image(rand(n, c, h // 2, w // 2))
        return x, dy, F.max_pool2d(x, 2, return_indices=True)[1]
    if kind == "softmax":
        return torch.empty(*d, device=device), rand(*d)
    if kind in ("add", "softmax_dx", "relu_dx"):
        return torch.empty(*d, device=device), rand(*d), rand(*d)
    return torch.empty(*d, device=device), rand(*d)


def call(kind, o):
    """Computes a case once and returns the result."""
    if kind == "matmul":
        return torch.mm(o[1], o[2], out=o[0])
    if kind == "conv":
        return F.conv2d(o[1], o[2])
    if kind in ("conv_dx", "conv_dw"):
        wanted = [kind == "conv_dx", kind == "conv_dw", False]
        return torch.ops.aten.convolution_backward(o[0], o[1], o[2], None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, wanted)
    if kind == "maxpool":
        return F.max_pool2d(o[0], 2, return_indices=True)  # ours writes the indices too
    if kind == "avgpool":
        return F.avg_pool2d(o[0], 2)
    if kind == "maxpool_dx":
        return torch.ops.aten.max_pool2d_with_indices_backward(o[1], o[0], [2, 2], [2, 2], [0, 0], [1, 1], False, o[2])
    if kind == "avgpool_dx":
        return torch.ops.aten.avg_pool2d_backward(o[1], o[0], [2, 2], [2, 2], [0, 0], False, True, None)
    if kind == "softmax":
        return torch.softmax(o[1], 1, out=o[0])
    if kind == "softmax_dx":
        return torch.ops.aten._softmax_backward_data(o[1], o[2], 1, torch.float32)
    if kind == "relu_dx":
        return torch.ops.aten.threshold_backward(o[1], o[2], 0)
    if kind == "copy":
        return o[0].copy_(o[1])
    if kind == "relu":
        return torch.clamp_min(o[1], 0, out=o[0])
    if kind == "exp":
        return torch.exp(o[1], out=o[0])
    if kind == "add":
        return torch.add(o[1], o[2], out=o[0])
    if kind == "sum":
        return torch.sum(o[1])
    raise ValueError(f"nothing is called {kind!r}")


def measure(case, channels_last):
    """Seconds per call: the median and the minimum."""
    sets = [operands(case, "cuda", channels_last) for _ in range(case["calls"])]

    def run():
        # All results are kept, so that each call writes to memory of its own. Memory freed by
        # the previous call would still be in the cache.
        return [call(case["kind"], o) for o in sets]

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            run()  # chooses algorithms
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = run()
    begin = time.perf_counter()
    for _ in range(case["samples"]):  # an idle GPU first raises its clocks
        graph.replay()
        torch.cuda.synchronize()
        if time.perf_counter() - begin > WARM_UP:
            break
    times = []
    for _ in range(case["samples"]):
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        before.record()
        graph.replay()
        after.record()
        after.synchronize()
        times.append(before.elapsed_time(after) / 1e3 / len(sets))
    del results
    return statistics.median(times), min(times)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("cases")
    options.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    o = options.parse_args()
    on_gpu = o.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        sys.exit("PyTorch finds no GPU")
    torch.backends.cudnn.benchmark = True
    with open(o.cases) as file:
        cases = json.load(file)
    for case in cases:
        if case.get("form"):
            continue  # an alternative kernel of ours for an earlier case
        torch.backends.cuda.matmul.allow_tf32 = case["tf32"]
        torch.backends.cudnn.allow_tf32 = case["tf32"]
        layouts = [True, False] if case["kind"].startswith("conv") or "pool" in case["kind"] else [False]
        best = None
        for channels_last in layouts:  # the faster of the two layouts counts
            line = dict(case, by="torch " + ("channels_last" if channels_last else "contiguous"), seconds=0, fastest=0)
            try:
                if on_gpu:
                    line["seconds"], line["fastest"] = measure(case, channels_last)
                else:
                    call(case["kind"], operands(case, "cpu", channels_last))
                    line["problem"] = "tried on the CPU, not measured"
            except Exception as e:  # out of memory, no algorithm: a problem of this case alone
                if not on_gpu:
                    raise
                line["problem"] = " ".join(f"{type(e).__name__}: {e}".split())[:300]
            if best is None or "problem" in best or ("problem" not in line and line["seconds"] < best["seconds"]):
                best = line
            if on_gpu:
                torch.cuda.empty_cache()
        print(json.dumps(best), flush=True)


main()
