#!/bin/sh
# Makes the test data of clang_test.go: kernels_O0.ptx and kernels_O3.ptx by
# clang's NVPTX back end (written with Debian's clang 14), and inputs.bin,
# outputs.bin and kernels.txt by the same functions compiled natively with gcc.
set -eu
cd "$(dirname "$0")"
same="-fwrapv -ffp-contract=off -fno-math-errno -fno-strict-aliasing"
for level in 0 3; do
	clang -x cuda --cuda-device-only --cuda-gpu-arch=sm_70 -Xclang -target-feature -Xclang +ptx63 -nocudainc -nocudalib \
		$same -O$level -S kernels.cu -o kernels_O$level.ptx
done
host=$(mktemp)
gcc -std=gnu11 -Wall -O1 $same host.c -o "$host" -lm
"$host"
rm "$host"
