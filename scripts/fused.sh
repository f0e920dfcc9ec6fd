#!/usr/bin/env bash
# Lists the fused multiply-adds that Go makes of x*y + z on arm64, in the packages whose
# results must have the same bits on every processor, and fails if there is one that
#
#   - is no math.FMA,
#   - and has no comment on its line with the word exact.
#
# Such an instruction leaves out the rounding of x*y, which an amd64 does. An explicit
# conversion, float64(x*y) + z, keeps it, and costs nothing. Exact is a product that needs no
# rounding: of two float32 in float64, or with a power of 2 (where nothing is subnormal).
# The instruction's line is that of the sum; the product may stand elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

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
