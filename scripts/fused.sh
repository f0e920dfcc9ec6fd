#!/usr/bin/env bash
# Lists the fused multiply-adds that Go makes of x*y + z on arm64, in the packages whose
# results must have the same bits on every processor. It fails if one of them
#
#   - is not a math.FMA,
#   - and has no comment with the word exact on its line.
#
# A fused instruction skips the rounding of x*y, which amd64 does. An explicit conversion,
# float64(x*y) + z, keeps the rounding and costs nothing. A product is exact if it needs no
# rounding: two float32 in float64, or a power of 2 times anything (unless subnormal). The
# line of the instruction is that of the sum; the product may be on another.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."

packages=(./tensor ./kernels ./kernels/reference ./kernels/avx ./kernels/cuda/... ./autograd ./nn/... ./mnist)

listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -gcflags=-S "${packages[@]}" >"$listing" 2>&1 || { grep -v '^	0x' "$listing" | tail >&2; exit 1; }
fused=$(sed -nE "s#^.*\(($PWD/)?([^() ]+\.go):([0-9]+)\)	(FN?M(ADD|SUB)[SD])	.*#\2 \3 \4#p" "$listing" | sort -u)
grep -q 'math\.FMA(' <<<"$(while read -r file line _; do sed -n "${line}p" "$file"; done <<<"$fused")" ||
	{ echo 'the listing has no math.FMA: does this script still read what go build -gcflags=-S writes?' >&2; exit 1; }

status=0
while read -r file line instruction; do
	text=$(sed -n "${line}p" "$file")
	[[ $text == *'math.FMA('* || $text == *//*exact* ]] && continue
	echo "$file:$line: $instruction leaves out a rounding: ${text#"${text%%[![:space:]]*}"}" >&2
	status=1
done <<<"$fused"
exit $status
