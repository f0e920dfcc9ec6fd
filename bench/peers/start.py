"""Trains mnist-cnn for ten steps with the worker named on the command line, and
says when the first step was done: run.py measures start-up and memory with it."""
import sys

import common

made = {}
common.serve = lambda version, product, trainer: made.update(trainer=trainer)
name = sys.argv[1]
__import__(name + "_worker")

out = sys.stdout
run = made["trainer"]("mnist-cnn")
run()
print("first", flush=True)
if hasattr(run, "timed"):
    run.timed(0)
    run.timed(0)
else:
    for _ in range(9):
        run()
print("last", flush=True)
