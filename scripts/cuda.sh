#!/usr/bin/env bash
# Runs a command that builds with the tag cuda, such as
#   scripts/cuda.sh go test -tags cuda ./kernels/cuda/...
# It needs Go and a C compiler, and nothing from NVIDIA. It first builds the shim that
# replaces libcuda (see kernels/cuda/libcuda), and puts it and our cuda.h before whatever
# the machine has.
set -euo pipefail
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
source=$root/kernels/cuda/libcuda
cc=${CC:-cc}
# The folder's name depends on what is in it: Go links again if its flags change, but does
# not look into a library.
sum=$(cat "$source/shim/shim.c" "$source/include/cuda.h" | cksum)
out=$root/build/libcuda/${sum%% *}
if [ ! -e "$out/libcuda.a" ]; then
	mkdir -p "$out"
	part=$(mktemp -d "$out/part.XXXXXX") # others may be building the same
	"$cc" -Wall -Wextra -Werror -O2 -fPIC -I"$source/include" -c "$source/shim/shim.c" -o "$part/shim.o"
	ar rcs "$part/libcuda.a" "$part/shim.o"
	mv "$part/libcuda.a" "$out"
	rm -r "$part"
fi
export CGO_ENABLED=1
# Go splits these at spaces outside quotes.
export CGO_CFLAGS="-O2 -g \"-I$source/include\" ${CGO_CFLAGS:-}"
export CGO_LDFLAGS="\"-L$out\" -ldl ${CGO_LDFLAGS:-}"
exec "$@"
