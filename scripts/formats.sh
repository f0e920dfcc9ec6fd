#!/usr/bin/env bash
# formats.sh DIRECTORY: write a model, event files and a log with baregrad, and
# read them with Python's safetensors and tensorboard, which are installed into a
# virtual environment in DIRECTORY. Where they can't be installed, it says so, leaves
# the comparison out, and ends with status 3.
set -euo pipefail
directory=${1:?usage: formats.sh DIRECTORY}
cd "$(dirname "$0")/.."
if ! { [ -x "$directory/bin/python" ] || python3 -m venv "$directory"; } ||
	! "$directory/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0 tensorboard==2.21.0; then
	echo 'formats.sh: LEFT OUT: numpy, safetensors and tensorboard could not be installed'
	exit 3
fi
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
go run ./bench/peers/formats "$files"
"$directory/bin/python" bench/peers/formats.py "$files"
