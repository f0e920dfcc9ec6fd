#!/usr/bin/env bash
# Builds the GPU lab: DIR/run.sh and DIR/lab.tar.xz, which run.sh unpacks. Two of the
# programs embed the same MNIST files; a compressor with a large enough window stores them
# once.
#
#   bench/gpulab/pack.sh DIR
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/../.."
out=$1
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
build=(scripts/cuda.sh go)
flags=(-tags cuda -trimpath -ldflags '-s -w') # no symbol tables: only debuggers need them
"${build[@]}" test -c "${flags[@]}" -o "$bin/gpulab.test" ./bench/gpulab
"${build[@]}" test -c "${flags[@]}" -o "$bin/nvidia.test" ./kernels/cuda/nvidia
"${build[@]}" build "${flags[@]}" -o "$bin/demo" ./cmd/demo
ln -s gpulab.test "$bin/gpulab" # one program: under this name it is the lab, otherwise its tests
cp bench/gpulab/torch_*.py "$bin"

rm -rf "$out"
mkdir -p "$out"
cp bench/gpulab/run.sh "$out"
if command -v xz >/dev/null; then
	tar -c -C "$bin" . | xz -T1 --lzma2=preset=3,dict=64MiB >"$out/lab.tar.xz"
else
	tar -c -C "$bin" . | python3 -c '
import lzma, shutil, sys
filters = [{"id": lzma.FILTER_LZMA2, "preset": 3, "dict_size": 64 << 20}]
with lzma.open(sys.argv[1], "wb", filters=filters) as to:
    shutil.copyfileobj(sys.stdin.buffer, to)
' "$out/lab.tar.xz"
fi
du -h "$out"/*
