"""Trains mnist-cnn for ten steps with the worker named on the command line, and
says when the first step was done: run.py measures start-up and memory with it."""
import sys

import common

made = {}
common.serve = lambda version, product, trainer: made.update(trainer=trainer)
name = sys.argv[1]
__import__(name + "_worker")

run = made["trainer"]("mnist-cnn")
run.fresh()
run.take(1)
print("first", flush=True)
run.take(9)
print("last", flush=True)
if hasattr(run, "close"):
    run.close()
