#!/usr/bin/env bash
# Runs tests under the race detector where goroutines share memory: the worker
# pool under the CPU kernels, on its own and below training; the loading of data,
# and its augmentation. What computes on one goroutine is left out: under the
# detector it takes minutes and can show nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
go test -race ./tensor ./autograd ./nn/... ./kernels/auto -skip KilledWhileSaving
go test -race ./cmd/demo -run 'Train|Interrupt'
go test -race ./mnist -run 'Load|Augment'
go test -race ./kernels/avx -run 'Pool|AllocatesNothing'
