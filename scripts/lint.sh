#!/usr/bin/env bash
# Checks the form of the source: gofmt, and go vet for each build configuration (with
# assembly, without, for a processor that has none, and with 32 bits).
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."

unformatted=$(find . \( -name '.?*' -o -path ./bin -o -path ./build \) -prune -o -name '*.go' -print0 | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	echo "gofmt would change:" >&2
	echo "$unformatted" >&2
	exit 1
fi
go vet ./...
go vet -tags purego ./...
GOOS=linux GOARCH=arm64 go vet ./...
GOOS=linux GOARCH=386 go vet ./...

# Imports point down (docs/ARCHITECTURE.md), and the engine depends on the standard library,
# golang.org/x/sys/cpu and, for GPUs, gorgonia.org/cu.
allowed() { # PACKAGE IMPORT: may it?
	case "$1:$2" in
	baregrad/internal/*) return 1 ;;
	*:baregrad/internal/*) return 0 ;; # leaves: they import nothing of ours
	esac
	case "$1" in
	baregrad/kernels | baregrad/mnist) return 1 ;;
	baregrad/kernels/*) [[ $2 =~ ^(baregrad/kernels(/.*)?|golang.org/x/sys/cpu|gorgonia.org/cu)$ ]] ;;
	baregrad/tensor) [[ $2 == baregrad/kernels ]] ;;
	baregrad/autograd) [[ $2 =~ ^baregrad/(kernels|tensor)$ ]] ;;
	baregrad/nn | baregrad/nn/*) [[ $2 =~ ^baregrad/(kernels|tensor|autograd|nn(/.*)?)$ ]] ;;
	*) ;; # programs may use what they like
	esac
}
status=0
for tags in '' cuda; do
	while read -r package import; do
		case "$import" in
		*.*/* | baregrad/*) allowed "$package" "$import" || { echo "$package may not import $import" >&2; status=1; } ;;
		esac
	done < <(go list -e -tags "$tags" -f '{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./... | grep .)
done
exit $status
