"""Runs baregrad and other libraries alternately on the same work and writes one report: see
README.md. Run setup.sh first. This script needs only Python itself."""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = os.environ.get("BAREGRAD_PEERS_PYTHON", str(ROOT / ".venv/bin/python"))
TORCH = os.environ.get("BAREGRAD_PEERS_TORCH", "/usr/bin/python3")
BUILT = ROOT / "build/peers"

# name: command; what it can do; how it trains from a fresh start
WORKERS = {
    "ours": ([str(BUILT / "ours")], {"matmul", "train"}, [str(BUILT / "ours"), "start", "mnist-cnn"]),
    "OpenBLAS": ([str(BUILT / "openblas")], {"matmul"}, None),
    "NumPy": ([PYTHON, str(HERE / "numpy_worker.py")], {"matmul"}, None),
    "PyTorch": ([TORCH, str(HERE / "torch_worker.py")], {"matmul", "train"}, [TORCH, str(HERE / "start.py"), "torch"]),
    "PyTorch compiled": ([TORCH, str(HERE / "torch_worker.py"), "compiled"], {"train"}, None),  # needs 2.0 or later
    "JAX": ([PYTHON, str(HERE / "jax_worker.py")], {"matmul", "train"}, [PYTHON, str(HERE / "start.py"), "jax"]),
    "Keras": ([PYTHON, str(HERE / "keras_worker.py")], {"train"}, [PYTHON, str(HERE / "start.py"), "keras"]),
}

PRODUCTS = [(256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (1000, 32, 784), (128, 128, 784),
            (200, 784, 784), (128, 128, 9216), (73728, 64, 288), (86528, 32, 9)]
# By network: the number of rounds that a training is cut into, and the number of trainings in
# a round. All rounds together are one or more whole trainings, each from new weights.
NETWORKS = {"mnist-mlp": (1, 2), "mnist-cnn": (12, 1), "fashion-mlp": (3, 1), "binary-mlp": (1, 4),
            "mnist-wide-mlp": (6, 1), "mnist-cnn-channels-first": (6, 1)}
DATA = BUILT / "data"
MEASURED = {"median", "fastest", "total", "processor", "count"}  # in every answer
ALIKE = 0.25  # how far a mean loss may be from the median: chance alone moves it by a tenth


def turns(name, steps, rounds):
    """The steps of each turn: whole trainings of that many steps, and at least that many rounds."""
    parts, trainings = NETWORKS[name]
    cuts = [steps * i // parts for i in range(parts + 1)]
    return [trainings * (b - a) for a, b in zip(cuts, cuts[1:])] * math.ceil(rounds / parts)


def environment(threads):
    n = str(threads)
    return dict(os.environ, GOMAXPROCS=n, OPENBLAS_NUM_THREADS=n, OMP_NUM_THREADS=n, MKL_NUM_THREADS=n, PEER_THREADS=n, PEER_DATA=str(DATA),
                TF_CPP_MIN_LOG_LEVEL="3", PYTHONDONTWRITEBYTECODE="1")


def pinned(threads):
    cores = sorted(os.sched_getaffinity(0))[:threads]
    return lambda: os.sched_setaffinity(0, cores)


class Worker:
    def __init__(self, name, threads, log):
        command, self.can, _ = WORKERS[name]
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=environment(threads), preexec_fn=pinned(threads))
        self.hello = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        lacking = MEASURED - answer.keys()
        if lacking:
            raise RuntimeError(f"its answer lacks {', '.join(sorted(lacking))}")
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:  # a library that does not end its threads
            self.process.kill()
            self.process.wait()


def compare(workers, requests, lost):
    """Sends each request to each worker, starting with another worker each time. Returns by
    name the medians over the rounds of the median and of the fastest time, the mean, and
    their ratios; for training also the loss that each reached."""
    seen = {w.name: [] for w in workers}
    for i, request in enumerate(requests):
        turn = i % len(workers)
        for w in workers[turn:] + workers[:turn]:
            if w.name in lost:
                continue
            try:
                seen[w.name].append(w.ask(request))
            except (RuntimeError, BrokenPipeError) as e:
                lost[w.name] = f"{request}: {e}"
            time.sleep(0.02)  # until its threads sleep
    result = {}
    for name, answers in seen.items():
        if name in lost or len(answers) != len(requests):
            continue
        entry = {"median": statistics.median(a["median"] for a in answers), "fastest": min(a["fastest"] for a in answers),
                 "mean": sum(a["total"] for a in answers) / sum(a["count"] for a in answers),
                 "processor": statistics.median(a["processor"] for a in answers), "count": sum(a["count"] for a in answers)}
        if "loss" in answers[-1]:
            entry["losses"] = [a["loss"] for a in answers]
            entry["data"] = answers[-1]["data"]
        result[name] = entry
    ours = result.get("ours")
    for name, entry in result.items():
        if name == "ours" or ours is None:
            continue
        for key, ratio in (("median", "ratio"), ("processor", "ratio_processor")):
            entry[ratio] = statistics.median(a[key] / o[key] for a, o in zip(seen[name], seen["ours"]))
        for key in ("fastest", "mean"):
            entry["ratio_" + key] = entry[key] / ours[key]
    return result


def doubts(network, found):
    """Reasons to doubt a comparison: workers that trained on different examples, or whose
    loss differs from the others' or is no better than guessing."""
    list = []
    if len({json.dumps(e["data"], sort_keys=True) for e in found.values()}) > 1:
        list.append(f"{network}: not all trained on the same: " + "; ".join(f"{n} on {e['data']}" for n, e in found.items()))
    losses = {n: e["losses"][-1] for n, e in found.items()}
    middle = statistics.median(losses.values()) if losses else 0
    guess = math.log(2) * 1.1 if network == "binary-mlp" else math.log(10)  # binary-mlp's labels are random
    for n, loss in losses.items():
        if not abs(loss - middle) <= ALIKE * middle or not loss < guess:
            list.append(f"{network}: the mean loss is {loss:.3f} with {n}, {middle:.3f} in the middle of all")
    return list


def start(name, threads, log):
    """Seconds from the process's start to the end of the first training step, and its peak
    memory over ten steps, in bytes."""
    begin = time.perf_counter()
    p = subprocess.Popen(WORKERS[name][2], stdout=subprocess.PIPE, stderr=log, text=True,
                         env=environment(threads), preexec_fn=pinned(threads))
    lines, first = [], None
    for line in p.stdout:
        if line.strip() == "first":
            first = time.perf_counter() - begin
        lines.append(line.strip())
    _, status, usage = os.wait4(p.pid, 0)
    if status != 0 or "last" not in lines:
        raise RuntimeError(f"it ended with status {status}")
    return first, usage.ru_maxrss * 1024


def starts(names, rounds, log, missing):
    threads = len(os.sched_getaffinity(0))
    seen = {n: [] for n in names if WORKERS[n][2]}
    for _ in range(rounds):
        for name in list(seen):
            try:
                seen[name].append(start(name, threads, log))
            except (RuntimeError, OSError) as e:
                missing[name] = f"from a fresh start: {e}"
                del seen[name]
    return {n: {"first_batch_seconds": statistics.median(s for s, _ in v), "peak_memory": max(m for _, m in v)}
            for n, v in seen.items()}


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def figure(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}" if v >= 1 else f"{v:.3g}"


def table(first, names, rows):
    lines = ["| " + " | ".join([first] + names) + " |", "|---|" + "--:|" * len(names)]
    return lines + ["| " + " | ".join(r) + " |" for r in rows]


def markdown(r):
    m = r["machine"]
    mib = lambda n: f"{n / 2**20:g} MiB"
    lines = [
        f"# baregrad and its peers on {m['cpu']}, {m['cores']} cores", "",
        f"{r['date']}, commit {r['commit']}. Caches: {m['cache_l1'] >> 10} KiB, {mib(m['cache_l2'])} (both of one core), {mib(m['cache_l3'])}. "
        f"Instruction sets used by ours: {', '.join(m['instruction_sets'])}. {m['go']}, {m['os']}/{m['arch']}. "
        f"Load average at the beginning {r['load'][0]}, at the end {r['load'][1]}.", "",
        "Written by `make peers`. Matrix products have random operands without zeros. Each figure is the median of " + str(r["rounds"])
        + " rounds, in which all libraries take turns of " + str(r["seconds"]) + " s. Each ratio (in brackets) is the median of the ratios within a "
        "round; above 1, ours is faster. Training is on the tutorials' data, the same for all, shuffled in each epoch. An epoch from fresh "
        "weights is cut into rounds, in which all take turns with the same number of steps (README.md says more). For one thread there is also the "
        "processor time per run, as the mean of a round: the time that a run would take if nothing else ran, and the figure to look at when the load is high. "
        "The fastest run of all is the next best.", "",
        "Versions: " + "; ".join(f"{n}: {v}" for n, v in r["versions"].items()) + ".", ""]
    # At the end the load includes our own measurements: up to one per core.
    begin, end = (float(load.split()[0]) for load in r["load"])
    if begin > m["cores"] / 2 and end > m["cores"]:
        lines += ["**Other programs used the cores throughout.** So elapsed times are far too long, and on several threads "
                  "the ratios say little: if the threads of a library spin while they wait for each other (PyTorch's OpenMP, OpenBLAS), "
                  "they wait for one that is not running.", ""]
    for name, t in r["networks"].items():
        if t["stand_in"]:
            lines += [f"**Other data: {name} trained on {t['data']}. Its figures are not the tutorial's.**", ""]
        if t["cut"]:
            lines += [f"**{name}: only the first {t['cut']} steps of the epoch were measured.**", ""]
    for doubt in r["doubts"]:
        lines += [f"**Doubtful: {doubt}.**", ""]
    for name, why in r["missing"].items():
        lines += [f"Not measured: {name} ({why}).", ""]
    for t, part in r["threads"].items():
        n = int(t)
        lines += [f"## {n} {'thread' if n == 1 else 'threads'}", ""]
        views = [("median", "median", "ratio"), ("fastest", "fastest", "ratio_fastest")]
        if n == 1:
            views.insert(0, ("processor time", "processor", "ratio_processor"))
        for title, key, ratio in views:
            names = [w for w in WORKERS if any(w in e["workers"] for e in part["matmul"])]
            rows = []
            for e in part["matmul"]:
                flop = 2 * e["m"] * e["n"] * e["k"]
                row = [f"{e['m']}×{e['n']}×{e['k']}"]
                for name in names:
                    w = e["workers"].get(name)
                    row.append("–" if w is None else figure(flop / w[key] / 1e9) + (f" ({w[ratio]:.2f})" if ratio in w else ""))
                rows.append(row)
            row = ["geometric mean of the ratios", ""]
            for name in names[1:]:
                row.append(f"{geomean([e['workers'][name][ratio] for e in part['matmul'] if name in e['workers']]):.2f}")
            if len(rows) > 0:
                lines += table(f"M×N×K, GFLOP/s ({title})", names, rows + [row]) + [""]
        names = [w for w in WORKERS if any(w in e["workers"] for e in part["train"])]
        for title, key, ratio in [("mean of all steps", "mean", "ratio_mean")] + views:
            rows = []
            for e in part["train"]:
                row = [f"{e['network']}, batch {e['batch']}" + (" (OTHER DATA)" if r["networks"][e["network"]]["stand_in"] else "")]
                for name in names:
                    w = e["workers"].get(name)
                    if w is None:
                        row.append("–")
                        continue
                    epoch = w[key] * math.ceil(e["examples"] / e["batch"])
                    row.append(f"{figure(w[key] * 1e3)} ms, {figure(epoch)} s" + (f" ({w[ratio]:.2f})" if ratio in w else ""))
                rows.append(row)
            if len(rows) > 0:
                lines += table(f"training step ({title}), and from it an epoch", names, rows) + [""]
        rows = [[e["network"]] + [f"{e['workers'][n]['losses'][-1]:.3f}" if n in e["workers"] else "–" for n in names] for e in part["train"]]
        if len(rows) > 0:
            lines += table("mean loss of the epoch, which shows that all did the same work", names, rows) + [""]
    if not r["start"]:
        return "\n".join(lines)
    lines += ["## Startup: mnist-cnn, all cores", ""]
    lines += table("", ["process start to the end of the first step", "peak memory"], [
        [n, f"{s['first_batch_seconds']:.2f} s", f"{s['peak_memory'] / 1e6:.0f} MB"] for n, s in r["start"].items()])
    return "\n".join(lines) + "\n"


def write(r, load, folder, slug):
    """Writes what was measured so far, and returns it as text."""
    r["load"] = load + [" ".join(f"{v:.1f}" for v in os.getloadavg())]
    out, text = pathlib.Path(folder), markdown(r)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"peers-{slug}.json").write_text(json.dumps(r, indent=1) + "\n")
    (out / f"peers-{slug}.md").write_text(text)
    return text


def commit():
    """The commit of the source, with + if there are uncommitted changes."""
    git = lambda *a: subprocess.run(["git", "-C", str(ROOT), *a], capture_output=True, text=True).stdout.strip()
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--threads", default="", help="numbers of threads, separated by commas (1 and all cores)")
    p.add_argument("--rounds", type=int, default=5, help="minimum number of rounds; the epochs of some networks are cut into more")
    p.add_argument("--seconds", type=float, default=0.2, help="length of a worker's turn at a product")
    p.add_argument("--networks", default="", help="networks to train, separated by commas (all)")
    p.add_argument("--peers", default="", help="libraries to compare with, separated by commas (all)")
    p.add_argument("--steps", type=int, default=0, help="for a quick look: only this many steps of each epoch, from fresh weights")
    p.add_argument("--out", default=str(ROOT / "bench/results"), help="the folder for the results")
    p.add_argument("--log", default=os.devnull, help="a file for what the workers print")
    p.add_argument("--only", default="", help="matmul, train or start")
    o = p.parse_args()
    cores = len(os.sched_getaffinity(0))
    threads = [int(t) for t in o.threads.split(",")] if o.threads else sorted({1, cores})
    log = open(o.log, "w")
    load = [" ".join(f"{v:.1f}" for v in os.getloadavg())]
    chosen = o.networks.split(",") if o.networks else list(NETWORKS)
    names = ["ours"] + o.peers.split(",") if o.peers else list(WORKERS)
    for name, known in [(n, NETWORKS) for n in chosen] + [(n, WORKERS) for n in names]:
        if name not in known:
            sys.exit(f"run.py: nothing is called {name}: there are {', '.join(known)}")
    try:
        subprocess.run([str(BUILT / "ours"), "data", str(DATA)], check=True)
    except (subprocess.CalledProcessError, OSError) as e:
        sys.exit(f"run.py: the training data were not written: {e}; was setup.sh run?")
    about = json.loads((DATA / "index.json").read_text())
    r = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "commit": commit(), "rounds": o.rounds, "seconds": o.seconds,
         "versions": {}, "missing": {}, "networks": {}, "doubts": [], "threads": {}, "start": {}}
    for name in chosen:
        cut = o.steps if 0 < o.steps < about[name]["steps"] else 0
        r["networks"][name] = {"data": about[name]["data"], "stand_in": about[name]["stand_in"], "cut": cut}
        if about[name]["stand_in"]:
            print(f"OTHER DATA: {name} trains on {about[name]['data']}", file=sys.stderr)
    try:
        own = Worker("ours", cores, log)  # on all cores, to describe the machine
    except (RuntimeError, OSError) as e:
        sys.exit(f"run.py: our own worker does not run: {e}; was setup.sh run?")
    r["machine"], slug = own.hello["machine"], own.hello["slug"]
    own.close()
    for t in threads:
        workers, lost = [], {}
        for name in names:
            try:
                w = Worker(name, t, log)
            except (RuntimeError, OSError) as e:
                r["missing"][name] = str(e)
                continue
            r["versions"][name] = w.hello["version"]
            workers.append(w)
        if not workers or workers[0].name != "ours":
            sys.exit("run.py: our own worker does not run: " + r["missing"].get("ours", "") + "; was setup.sh run?")
        part = r["threads"][t] = {"matmul": [], "train": []}
        if o.only in ("", "matmul"):
            able = [w for w in workers if "matmul" in w.can]
            for m, n, k in PRODUCTS:
                print(f"{t} threads: {m}×{n}×{k}", file=sys.stderr)
                found = compare(able, [f"matmul {m} {n} {k} {o.seconds}"] * o.rounds, lost)
                part["matmul"].append({"m": m, "n": n, "k": k, "workers": found})
        if o.only in ("", "train"):
            able = [w for w in workers if "train" in w.can]
            for name in chosen:
                print(f"{t} threads: {name}", file=sys.stderr)
                steps, cut = about[name]["steps"], r["networks"][name]["cut"]
                counts = [cut] if cut else turns(name, steps, o.rounds)
                found = compare(able, [f"train {name} {n}" for n in counts], lost)
                r["doubts"] += [f"{d}, {t} threads" for d in doubts(name, found)]
                part["train"].append({"network": name, "batch": about[name]["batch"], "examples": about[name]["examples"],
                                      "steps": sum(counts), "workers": found})
                write(r, load, o.out, slug)  # an interrupted run keeps what it has measured
        for w in workers:
            w.close()
        r["missing"].update(lost)
        write(r, load, o.out, slug)
    if o.only in ("", "start"):
        print("from a fresh start", file=sys.stderr)
        r["start"] = starts([n for n in WORKERS if n in r["versions"]], o.rounds, log, r["missing"])
    print(write(r, load, o.out, slug))


if __name__ == "__main__":
    main()
