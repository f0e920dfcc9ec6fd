#!/usr/bin/env bash
# install-ptxas.sh DIRECTORY: fetches NVIDIA's assembler for PTX into a Python virtual
# environment in DIRECTORY, from the wheel of NVIDIA's CUDA compiler, and links it as
# DIRECTORY/bin/ptxas. It needs python3 with venv, and no GPU. The table of registers in
# docs/PTX.md is of this version; others assign registers differently.
set -euo pipefail
directory=${1:?usage: install-ptxas.sh DIRECTORY}
[ -x "$directory/bin/python" ] || python3 -m venv "$directory"
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check nvidia-cuda-nvcc-cu12==12.9.86
program=$(find "$directory"/lib -path '*/bin/ptxas' -type f | sort | tail -1)
[ -n "$program" ] || { echo "install-ptxas.sh: the wheel holds no bin/ptxas" >&2; exit 1; }
chmod +x "$program"
ln -sf "$(CDPATH='' cd "$(dirname "$program")" && pwd)/ptxas" "$directory/bin/ptxas"
"$directory/bin/ptxas" --version
