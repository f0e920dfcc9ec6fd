#!/usr/bin/env bash
# formats.sh DIRECTORY: writes a model, event files and a log with baregrad, and reads them
# with Python's safetensors and tensorboard, which it installs into a virtual environment in
# DIRECTORY. If they can't be installed, it says so and ends with status 3.
set -euo pipefail
directory=${1:?usage: formats.sh DIRECTORY}
CDPATH='' cd "$(dirname "$0")/.."
if ! { [ -x "$directory/bin/python" ] || python3 -m venv "$directory"; } ||
	! "$directory/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0 tensorboard==2.21.0; then
	echo 'formats.sh: LEFT OUT: numpy, safetensors and tensorboard could not be installed'
	exit 3
fi
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
go run ./bench/peers/formats "$files"
"$directory/bin/python" bench/peers/formats.py "$files"
