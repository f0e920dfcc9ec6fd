#!/usr/bin/env bash
# Runs a command that builds with the tag cuda, such as
#   scripts/cuda.sh go test -tags cuda ./kernels/cuda/...
# Needs Go and a C compiler, and nothing from NVIDIA: it first builds the stand-in
# for libcuda (see kernels/cuda/libcuda) and puts it, and our cuda.h, before
# whatever the machine has.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/kernels/cuda/libcuda
out=$root/build/libcuda
cc=${CC:-cc}
mkdir -p "$out"
if [ ! -e "$out/libcuda.a" ] || [ "$source/shim/shim.c" -nt "$out/libcuda.a" ] || [ "$source/include/cuda.h" -nt "$out/libcuda.a" ]; then
	"$cc" -Wall -Wextra -Werror -O2 -fPIC -I"$source/include" -c "$source/shim/shim.c" -o "$out/shim.o"
	rm -f "$out/libcuda.a"
	ar rcs "$out/libcuda.a" "$out/shim.o"
fi
export CGO_ENABLED=1
export CGO_CFLAGS="-O2 -g -I$source/include ${CGO_CFLAGS:-}"
export CGO_LDFLAGS="-L$out -ldl ${CGO_LDFLAGS:-}"
exec "$@"
