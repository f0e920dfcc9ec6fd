#!/usr/bin/env bash
# Runs tests under the race detector where goroutines share memory: the worker pool of the
# CPU kernels, alone and in training; loading and augmenting data. Tests on one goroutine
# are skipped: under the detector they take minutes and can't find anything.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."
go test -race ./tensor ./autograd ./nn/... ./kernels/auto -skip KilledWhileSaving
go test -race ./cmd/demo -run 'Train|Interrupt'
go test -race ./mnist -run 'Load|Augment'
go test -race ./kernels/avx -run 'Pool|AllocatesNothing'
