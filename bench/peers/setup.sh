#!/usr/bin/env bash
# setup.sh: what bench/peers/run.py needs. OpenBLAS and PyTorch come from Debian,
# by apt-get where this runs as root; elsewhere it says what to install. NumPy, JAX,
# TensorFlow and Keras go into a Python environment, .venv, in the versions of
# bench/results, unless BAREGRAD_PEERS_PYTHON names a Python that has them. The workers in C and Go are built into build/peers.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/../.."

packages=(gcc libc6-dev libopenblas-dev python3-torch)
missing=()
for package in "${packages[@]}"; do
	dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "setup.sh: installing ${missing[*]}"
		apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
			echo "setup.sh: apt-get failed; peers without their package are left out" >&2
	else
		echo "setup.sh: these are missing: apt-get install ${missing[*]} (as root); peers without theirs are left out" >&2
	fi
fi

if [ -z "${BAREGRAD_PEERS_PYTHON:-}" ] && ! .venv/bin/python -c 'import numpy, jax, tensorflow' 2>/dev/null; then
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6 jax==0.10.2 tensorflow-cpu==2.21.0 keras==3.15.1 ||
		echo "setup.sh: pip failed; peers without their package are left out" >&2
fi

mkdir -p build/peers
go build -o build/peers/ours ./bench/peers/ours
cc -O2 -o build/peers/openblas bench/peers/openblas.c -lopenblas ||
	echo "setup.sh: OpenBLAS's program was not built; it is left out" >&2
