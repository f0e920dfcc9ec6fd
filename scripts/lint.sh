#!/usr/bin/env bash
# Checks the form of the source: gofmt, and go vet for each way in which it is
# built (with assembly, without, and for a processor that has none).
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	echo "gofmt would change:" >&2
	echo "$unformatted" >&2
	exit 1
fi
go vet ./...
go vet -tags purego ./...
GOOS=linux GOARCH=arm64 go vet ./...
