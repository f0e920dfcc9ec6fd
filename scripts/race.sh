#!/usr/bin/env bash
# Runs tests under the race detector where goroutines share memory: the worker
# pool under the CPU kernels, on its own and below training, and downloads. The
# kernels' own comparisons with the reference are left out: they are the same
# code at many sizes, and take minutes under the detector.
set -euo pipefail
cd "$(dirname "$0")/.."
go test -race ./tensor ./autograd ./nn/... ./mnist ./kernels/auto ./cmd/...
go test -race ./kernels/avx -run 'Pool|AllocatesNothing'
