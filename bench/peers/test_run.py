"""Tests of run.py that need no library but Python itself:

    python3 bench/peers/test_run.py
"""
import json
import subprocess
import sys
import unittest

import run


class Fake:
    """A worker whose answers are given."""

    def __init__(self, name, *answers):
        self.name, self.answers, self.asked = name, list(answers), []

    def ask(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(median, loss=0.5, count=10, total=None, nonzero=7):
    return {"median": median, "fastest": median / 2, "processor": median, "count": count,
            "total": median * count if total is None else total,
            "loss": loss, "data": {"examples": 3, "nonzero": nonzero, "labels": 1}}


class Turns(unittest.TestCase):
    def test_whole_trainings(self):
        for name in run.NETWORKS:
            for steps in (50, 60, 300, 468, 1875):
                for rounds in (1, 5, 7):
                    counts = run.turns(name, steps, rounds)
                    self.assertEqual(sum(counts) % steps, 0, f"{name}: {counts} are no whole trainings of {steps} steps")
                    self.assertGreaterEqual(len(counts), rounds)
                    self.assertGreaterEqual(min(counts), 4)
        self.assertEqual(run.turns("mnist-cnn", 468, 5), [39] * 12)
        self.assertEqual(run.turns("binary-mlp", 50, 2), [200] * 2)


class Compare(unittest.TestCase):
    def test_ratios(self):
        ours, peer = Fake("ours", answer(1), answer(2), answer(4)), Fake("JAX", answer(3), answer(2, total=50), answer(16))
        found = run.compare([ours, peer], ["train x 5", "train x 6", "train x 7"], {})
        self.assertEqual(ours.asked, ["train x 5", "train x 6", "train x 7"])
        self.assertEqual(peer.asked, ours.asked)
        self.assertEqual(found["ours"]["median"], 2)
        self.assertEqual(found["JAX"]["ratio"], 3)  # the middle one of 3, 1 and 4
        self.assertEqual(found["JAX"]["mean"], (30 + 50 + 160) / 30)
        self.assertEqual(found["JAX"]["ratio_mean"], (30 + 50 + 160) / (10 + 20 + 40))
        self.assertEqual(found["JAX"]["ratio_fastest"], 2)
        self.assertEqual(found["JAX"]["losses"], [0.5] * 3)

    def test_lost(self):
        lost = {}
        found = run.compare([Fake("ours", answer(1), answer(1)), Fake("Keras", answer(1), RuntimeError("gone"))], ["a", "b"], lost)
        self.assertEqual(list(found), ["ours"])
        self.assertEqual(lost, {"Keras": "b: gone"})


class Workers(unittest.TestCase):
    """A worker is a process that is asked by lines of text."""

    def worker(self, *answers):
        code = "import sys; print('{}', flush=True)\nfor a in sys.argv[1:]: sys.stdin.readline(); print(a, flush=True)"
        run.WORKERS["test"] = ([sys.executable, "-c", code, *answers], set(), None)
        w = run.Worker("test", 1, subprocess.DEVNULL)
        self.addCleanup(w.process.stdout.close)
        self.addCleanup(w.close)
        return w

    def tearDown(self):
        run.WORKERS.pop("test", None)

    def test_answers(self):
        whole = {"median": 1, "fastest": 1, "total": 2, "processor": 1, "count": 2}
        self.assertEqual(self.worker(json.dumps(whole)).ask("x"), whole)
        for name in whole:
            with self.assertRaisesRegex(RuntimeError, f"lacks {name}"):
                self.worker(json.dumps({k: v for k, v in whole.items() if k != name})).ask("x")
        with self.assertRaisesRegex(RuntimeError, "ended with status 0"):
            self.worker().ask("x")


class Doubts(unittest.TestCase):
    def found(self, **answers):
        return run.compare([Fake(n, a) for n, a in answers.items()], ["a"], {})

    def test_none(self):
        self.assertEqual(run.doubts("mnist-cnn", self.found(ours=answer(1, 0.30), JAX=answer(1, 0.33), Keras=answer(1, 0.28))), [])
        self.assertEqual(run.doubts("binary-mlp", self.found(ours=answer(1, 0.70), JAX=answer(1, 0.72))), [])

    def test_loss(self):
        for loss in (0.2, 0.5, 2.5, float("nan")):
            list = run.doubts("mnist-cnn", self.found(ours=answer(1, 0.30), JAX=answer(1, 0.33), Keras=answer(1, loss)))
            self.assertTrue(any("with Keras" in d for d in list), f"{loss}: {list}")
        self.assertEqual(len(run.doubts("mnist-cnn", self.found(ours=answer(1, 2.31), JAX=answer(1, 2.31)))), 2)

    def test_data(self):
        list = run.doubts("mnist-cnn", self.found(ours=answer(1), JAX=answer(1, nonzero=8)))
        self.assertEqual(len(list), 1)
        self.assertIn("not all trained on the same", list[0])


class Markdown(unittest.TestCase):
    def report(self, stand_in, cut=0, doubts=()):
        found = run.compare([Fake("ours", answer(1)), Fake("JAX", answer(3))], ["a"], {})
        return {"date": "d", "commit": "c", "rounds": 5, "seconds": 0.2, "versions": {}, "missing": {"Keras": "gone"}, "start": {},
                "networks": {"fashion-mlp": {"data": "MNIST in place of it", "stand_in": stand_in, "cut": cut}}, "doubts": list(doubts),
                "machine": {"cpu": "x", "cores": 2, "cache_l1": 1, "cache_l2": 1, "cache_l3": 1, "instruction_sets": [], "go": "", "os": "", "arch": ""},
                "load": ["0 0 0", "0 0 0"],
                "threads": {1: {"matmul": [], "train": [{"network": "fashion-mlp", "batch": 32, "examples": 60000, "steps": 10, "workers": found}]}}}

    def test_tells(self):
        text = run.markdown(self.report(False))
        self.assertNotIn("OTHER DATA", text)
        self.assertIn("| fashion-mlp, batch 32 | 1000 ms, 1875 s | 3000 ms, 5625 s (3.00) |", text)
        self.assertIn("| fashion-mlp | 0.500 | 0.500 |", text)
        self.assertIn("Not measured: Keras (gone)", text)
        text = run.markdown(self.report(True, 50, ["what is strange"]))
        for want in ("batch 32 (OTHER DATA) |", "fashion-mlp trained on MNIST in place of it", "only the first 50 steps", "Doubtful: what is strange"):
            self.assertIn(want, text)


if __name__ == "__main__":
    unittest.main()
