#!/usr/bin/env bash
# Runs every fuzz target for a while: scripts/fuzz.sh [TIME], by default 10s each. Go keeps
# a failing input in the package's testdata/fuzz; from then on go test fails on it.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."
time=${1:-10s}

targets=$(grep -rE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' --exclude-dir='.?*' --exclude-dir=bin --exclude-dir=build . | sort |
	sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*)\(.*|\1 \2|')
if [ -z "$targets" ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
while read -r package target; do
	echo "fuzz: $target in $package"
	go test "./$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
done <<<"$targets"
